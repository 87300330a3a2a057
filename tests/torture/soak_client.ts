/**
 * A well-behaved client of the soak. It asks for one thing after the other, at a bounded rate, and holds every answer
 * against what the site may say at that time: status, fields and every byte.
 */

import { concat, encode } from "../raw_client.ts";
import { type Address, type Answer, Client, CutShort } from "./client.ts";
import { pause } from "./hostile.ts";
import { type ChangingApp, type ChangingFile, equal } from "./soak_site.ts";

/** What the clients count together. */
export interface Tally {
  /** Right answers by kind of request. */
  readonly right: Map<string, number>;
  /** What was wrong, in words; the first hundred. */
  readonly wrong: string[];
  /** Connections that ended before their answer within seconds of a worker's end or of a reload. */
  cutExpected: number;
  /** The same at any other time, in words. */
  readonly cut: string[];
  /** Milliseconds that each small answer took. */
  readonly latenciesMs: number[];
}

/** What a client asks, and when an answer may be cut. */
export interface World {
  /** The server. */
  readonly address: Address;
  /** The files. */
  readonly files: readonly ChangingFile[];
  /** The application. */
  readonly app: ChangingApp;
  /** For how long an old application may go on after it was replaced, in milliseconds. */
  readonly appLagMs: number;
  /** Whole numbers below a bound. */
  readonly random: (below: number) => number;
  /** Whether a worker ended, or is being replaced, at about this time. */
  readonly mayBeCut: () => boolean;
  /** Entity tags that were seen: the number of the version of each, by file and tag. */
  readonly tags: Map<string, number>;
}

function check(isRight: boolean, message: string): asserts isRight {
  if (!isRight) throw new Error(message);
}

interface Exchange {
  readonly world: World;
  readonly client: Client;
  readonly file: ChangingFile;
  readonly startMs: number;
}

/** Checks that an answer of status 200 is one whole version, and that its entity tag means that version alone. */
function checkWhole({ world, file, startMs }: Exchange, answer: Answer): void {
  check(answer.status === 200, `${file.name}: status ${answer.status}`);
  check(answer.body.length === file.length, `${file.name}: ${answer.body.length} bytes of ${file.length}`);
  const version = file.versionOf(answer.body, 0, startMs);
  check(version !== undefined, `${file.name}: the bytes are those of no version of now`);
  checkTag(world, file, answer, version);
}

function checkTag(world: World, file: ChangingFile, answer: Answer, version: number): void {
  const tag = answer.fields.get("etag");
  check(tag !== undefined, `${file.name}: no entity tag`);
  const key = `${file.name} ${tag}`;
  const known = world.tags.get(key);
  check(known === undefined || known === version, `${file.name}: ${tag} is of version ${known} and of ${version}`);
  world.tags.delete(key);
  world.tags.set(key, version);
  const [oldest] = world.tags.keys();
  if (world.tags.size > 1_000 && oldest !== undefined) world.tags.delete(oldest);
}

/** A tag of the file, and the version that it is of. */
function someTag({ world, file }: Exchange): [tag: string, version: number] | undefined {
  const known = [...world.tags].filter(([key]) => key.startsWith(`${file.name} `)).slice(-3);
  const [key, version] = known[world.random(3)] ?? [];
  return key === undefined || version === undefined ? undefined : [key.slice(file.name.length + 1), version];
}

async function whole(exchange: Exchange): Promise<void> {
  checkWhole(exchange, await exchange.client.ask("GET", `/${exchange.file.name}`));
}

async function compressed(exchange: Exchange): Promise<void> {
  const { client, file, startMs } = exchange;
  const answer = await client.ask("GET", `/${file.name}`, "Accept-Encoding: gzip\r\n");
  if (answer.fields.get("content-encoding") !== "gzip") return checkWhole(exchange, answer);
  check(answer.status === 200, `${file.name}: status ${answer.status}`);
  const decoded = new Blob([answer.body]).stream().pipeThrough(new DecompressionStream("gzip"));
  const version = file.versionOf(await new Response(decoded).bytes(), 0, startMs);
  check(version !== undefined, `${file.name}: the compressed bytes are those of no version of now`);
}

async function head({ client, file }: Exchange): Promise<void> {
  const { status, fields } = await client.ask("HEAD", `/${file.name}`);
  check(status === 200 && fields.get("content-length") === `${file.length}`, `HEAD ${file.name}: ${status}`);
}

function checkPart({ world, file, startMs }: Exchange, answer: Answer, start: number, end: number): void {
  check(answer.status === 206, `${file.name}: status ${answer.status} for a range`);
  const told = answer.fields.get("content-range");
  check(told === `bytes ${start}-${end - 1}/${file.length}`, `${file.name}: Content-Range ${told}`);
  check(answer.body.length === end - start, `${file.name}: ${answer.body.length} bytes of a range`);
  const version = file.versionOf(answer.body, start, startMs);
  check(version !== undefined, `${file.name}: the range is of no version of now`);
  // Of text, a short part may be the same in all versions.
  if (end - start >= 64) checkTag(world, file, answer, version);
}

async function range(exchange: Exchange): Promise<void> {
  const { world: { random }, client, file } = exchange;
  const start = random(file.length);
  const end = start + 1 + random(Math.min(100_000, file.length - start));
  const answer = await client.ask("GET", `/${file.name}`, `Range: bytes=${start}-${end - 1}\r\n`);
  checkPart(exchange, answer, start, end);
}

async function ifRange(exchange: Exchange): Promise<void> {
  const { client, file } = exchange;
  const [tag, version] = someTag(exchange) ?? [];
  if (tag === undefined || tag.startsWith("W/")) return await whole(exchange);
  const answer = await client.ask("GET", `/${file.name}`, `Range: bytes=0-63\r\nIf-Range: ${tag}\r\n`);
  if (answer.status === 200) return checkWhole(exchange, answer);
  checkPart(exchange, answer, 0, 64);
  check(exchange.world.tags.get(`${file.name} ${tag}`) === version, `${file.name}: the range is of another version`);
}

async function ifNoneMatch(exchange: Exchange): Promise<void> {
  const { client, file, startMs } = exchange;
  const [tag, version] = someTag(exchange) ?? [];
  if (tag === undefined || version === undefined) return await whole(exchange);
  const answer = await client.ask("GET", `/${file.name}`, `If-None-Match: ${tag}\r\n`);
  if (answer.status !== 304) return checkWhole(exchange, answer);
  check(file.mayServe(version, startMs), `${file.name}: 304 for version ${version}, which is gone`);
}

async function missing({ client, world: { random } }: Exchange): Promise<void> {
  const { status } = await client.ask("GET", `/missing-${random(1_000)}`);
  check(status === 404, `status ${status} for nothing`);
}

async function appVersion({ client, world, startMs }: Exchange): Promise<void> {
  const { status, body } = await client.ask("GET", "/app/version");
  const text = new TextDecoder().decode(body);
  check(status === 200, `application: status ${status}`);
  check(world.app.mayAnswer(Number(text), startMs, world.appLagMs), `application: ${text}, not ${world.app.newest}`);
}

async function appBody({ client, world: { random } }: Exchange): Promise<void> {
  const sent = crypto.getRandomValues(new Uint8Array(1 + random(60_000)));
  const path = random(2) === 0 ? "/app/echo" : "/app/pipe";
  const isChunked = random(2) === 0;
  const fields = isChunked ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${sent.length}\r\n`;
  const body = isChunked ? chunked(sent, 1 + random(20_000)) : sent;
  const answer = await client.ask("POST", path, fields, body);
  check(answer.status === 200 && equal(answer.body, sent), `${path}: ${answer.status}, other bytes than were sent`);
}

function chunked(content: Uint8Array, size: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += size) {
    const piece = content.subarray(at, at + size);
    pieces.push(encode(`${piece.length.toString(16)}\r\n`), piece, encode("\r\n"));
  }
  return concat([...pieces, encode("0\r\n\r\n")]);
}

async function appStream({ client, world: { random } }: Exchange): Promise<void> {
  const chunks = random(40);
  const { status, body } = await client.ask("GET", `/app/stream?chunks=${chunks}`);
  check(status === 200 && body.length === chunks * 1_000, `stream: ${status}, ${body.length} of ${chunks}000 bytes`);
  check(body.every((byte, at) => byte === chunks - 1 - Math.floor(at / 1_000)), "stream: other bytes");
}

/** What is asked, and how often in relation. */
const KINDS: readonly [name: string, weight: number, ask: (exchange: Exchange) => Promise<void>][] = [
  ["whole file", 30, whole],
  ["compressed file", 10, compressed],
  ["HEAD", 5, head],
  ["range", 15, range],
  ["If-Range", 5, ifRange],
  ["If-None-Match", 15, ifNoneMatch],
  ["nothing there", 5, missing],
  ["application", 5, appVersion],
  ["application: body", 5, appBody],
  ["application: stream", 5, appStream],
];
const WEIGHTS = KINDS.reduce((sum, [, weight]) => sum + weight, 0);

function choose(random: World["random"]): (typeof KINDS)[number] {
  let left = random(WEIGHTS);
  for (const kind of KINDS) {
    left -= kind[1];
    if (left < 0) return kind;
  }
  throw new Error("the weights do not add up");
}

/** A file; the larger, the more seldom. */
function chooseFile({ files, random }: World): ChangingFile {
  const most = files.length - 1;
  const file = files[Math.min(most, Math.floor(files.length * (random(1_000) / 1_000) ** 3))];
  if (file === undefined) throw new Error("there is no file");
  return file;
}

/**
 * Asks until it is told to stop.
 *
 * @param world What there is to ask.
 * @param tally Where it counts.
 * @param pauseMs The longest pause between two requests.
 * @param signal Stops it.
 */
export async function useSite(world: World, tally: Tally, pauseMs: number, signal: AbortSignal): Promise<void> {
  let client: Client | undefined;
  while (!signal.aborted) {
    await pause(world.random(pauseMs + 1), signal);
    const [name, , ask] = choose(world.random);
    const file = chooseFile(world);
    const startMs = performance.now();
    try {
      if (!client?.isOpen || world.random(100) === 0) {
        client?.close();
        client = await Client.connect(world.address);
      }
      await ask({ world, client, file, startMs });
      tally.right.set(name, (tally.right.get(name) ?? 0) + 1);
      if (file.length < 100_000) tally.latenciesMs.push(performance.now() - startMs);
    } catch (error) {
      client?.close();
      const message = `${new Date().toISOString()} ${name}: ${error instanceof Error ? error.message : error}`;
      if (!(error instanceof CutShort)) tally.wrong.push(message);
      else if (world.mayBeCut()) tally.cutExpected++;
      else tally.cut.push(message);
    }
  }
  client?.close();
}
