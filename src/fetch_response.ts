/**
 * A `Response` of the Fetch standard → a response of the server, or one sentence on the rule that it breaks; and back.
 *
 * A body that is there at once is sent with its length, any other one as it comes. What frames the message is the
 * server's: such fields of the handler's are left out.
 *
 * @module
 */

import { encodeText } from "./encode_text.ts";
import type { FieldLine, FileBody, OpenFile, ResponseBody, StreamBody, UpgradeBody } from "./message.ts";
import { HttpResponse } from "./message.ts";
import type { ByteRange } from "./range.ts";
import { readPiece, releaseBody } from "./response_writer.ts";
import { readStaticResponse } from "./static_response.ts";
import { takeUpgrade } from "./websocket_upgrade.ts";

const NO_CONTENT = new Uint8Array(0);
/** How much of a file is read at once, in bytes. */
const PIECE_BYTES = 65_536;

/** The server's to set: RFC 9112 sections 6 and 9, RFC 9110 sections 6.6.1 and 7.6.1. */
const OWNED: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "date", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"],
  "upgrade",
]);

/** Answers without content, RFC 9110 section 6.4.1; `Response` itself allows no other to have none. */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * The content codings that `fetch` takes off what it gets from another server, while the fields that tell of them stay:
 * of no use to a client that the response is passed on to.
 */
const DECODED = /^(?:gzip|br)$/i;

/** How long a piece is waited for that may be there at once; in turns of the microtask queue, of which it takes 5. */
const TURNS = 8;

/** A handler broke a rule: the answer is 500, and the log says which rule. */
export class ResponseRuleError extends Error {
  /** The name of the class. */
  override readonly name: string = "ResponseRuleError";
}

/**
 * Makes a response of what a handler gave.
 *
 * @param given What it gave.
 * @param method The method of the request: the answer to HEAD has no content, whatever was given.
 * @throws {ResponseRuleError} Where it cannot be sent.
 */
export async function makeHttpResponse(given: unknown, method: string): Promise<HttpResponse> {
  if (!(given instanceof Response)) {
    throw new ResponseRuleError(`A handler must return a Response, and returned ${describe(given)}`);
  }
  const made = makeStaticResponse(given);
  if (made !== undefined) return made;
  const { status } = given;
  const upgrade = takeUpgrade(given);
  if (upgrade !== undefined) {
    const { fields, shutdown } = upgrade;
    const run: UpgradeBody["run"] = (duplex, report) => upgrade.run(duplex, NO_CONTENT, { report });
    return new HttpResponse(status, fields, { run, shutdown, length: 0 });
  }
  if (status < 200) {
    throw new ResponseRuleError(
      `A handler returned ${
        status === 0 ? "Response.error()" : `a Response with status ${status}`
      }, which is no answer`,
    );
  }
  if (given.bodyUsed) throw new ResponseRuleError("A handler returned a Response whose body was read already");
  if (given.body?.locked) {
    throw new ResponseRuleError("A handler returned a Response whose body is read by something else");
  }
  const isDecoded = given.url !== "" && DECODED.test(given.headers.get("content-encoding") ?? "");
  const fields = [...given.headers].filter(([name]) => !OWNED.has(name) && !(isDecoded && name === "content-encoding"));
  const own = takeBody(given);
  if (own !== undefined) return new HttpResponse(status, fields, own);
  const length = isDecoded ? undefined : parseLength(given.headers.get("content-length"));
  return new HttpResponse(status, fields, await makeBody(given, { length, method }));
}

/**
 * Makes a response of what can be made one without waiting.
 *
 * @param given What a handler gave.
 * @returns `undefined` where it is more than a text or bytes with their type.
 */
export function makeStaticResponse(given: Response): HttpResponse | undefined {
  const parts = readStaticResponse(given);
  if (parts === undefined) return undefined;
  const fields: FieldLine[] = parts.contentType === undefined ? [] : [["content-type", parts.contentType]];
  const body = typeof parts.body === "string" ? encodeText(parts.body) : parts.body;
  return new HttpResponse(parts.status, fields, body);
}

/** Bodies of the server, under the responses that were made of them, as long as nobody has begun to read them. */
const bodies = new WeakMap<Response, ResponseBody>();

function takeBody(response: Response): ResponseBody | undefined {
  const body = bodies.get(response);
  bodies.delete(response);
  return body;
}

/**
 * Makes a `Response` of a response of the server. Given back by a handler unread, its body is sent as it was.
 *
 * @param response The response.
 */
export function makeFetchResponse({ status, fields, body }: HttpResponse): Response {
  const isEmpty = NULL_BODY.has(status) || (!(body instanceof Uint8Array) && !("file" in body) && !("stream" in body));
  const stream = isEmpty ? null : makeReadable(body, () => takeBody(made) !== undefined);
  const made: Response = new Response(stream, { status, headers: fields.map(([...line]) => line) });
  bodies.set(made, body);
  return made;
}

/** Nothing is read before somebody asks, and nothing that has been sent. */
function makeReadable(body: ResponseBody, take: () => boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = readBody(body);
  let isTaken = false;
  return new ReadableStream({
    async pull(controller) {
      isTaken ||= take();
      if (!isTaken) throw new TypeError("The body was sent already");
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      releaseBody(body);
      await pieces.return();
    },
  }, { highWaterMark: 0 });
}

async function* readBody(body: ResponseBody): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  if (body instanceof Uint8Array) yield body;
  else if ("file" in body) yield* readFile(body);
  else if ("stream" in body) {
    for (let piece; !(piece = await body.stream.next()).done;) yield piece.value.slice() as Uint8Array<ArrayBuffer>;
  }
}

async function* readFile({ file, pieces }: FileBody): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  try {
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) yield piece.slice();
      else yield* readStretch(file, piece);
    }
  } finally {
    file.close();
  }
}

async function* readStretch(
  file: OpenFile,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  file.seekSync(start, 0);
  for (let at = start; at < end;) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    const count = await readPiece(file, piece);
    at += count;
    yield piece.subarray(0, count);
  }
}

/** Its kind: a text may be long, and is not for the log. */
function describe(given: unknown): string {
  if (typeof given === "string") return "a string";
  return given === null || typeof given !== "object" ? String(given) : given.constructor?.name ?? "an object";
}

function parseLength(value: string | null): number | undefined {
  if (value === null) return undefined;
  const length = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(length)) {
    throw new ResponseRuleError(`Content-Length ${JSON.stringify(value)} is no length`);
  }
  return length;
}

async function makeBody(
  given: Response,
  { length, method }: { length: number | undefined; method: string },
): Promise<ResponseBody> {
  const { body, status } = given;
  if (NULL_BODY.has(status)) {
    cancel(body);
    return NO_CONTENT;
  }
  const isHead = method === "HEAD";
  if (isHead && (body === null || length !== undefined)) {
    cancel(body);
    return { length };
  }
  if (body === null) return checkLength(NO_CONTENT, length);
  const content = await readContent(given, body.getReader(), length);
  if (!isHead || !("stream" in content)) return content;
  content.stream.return?.().catch(() => {});
  return { length };
}

/** Nobody waits for it, and a failure is of no interest. */
function cancel(body: ReadableStream | null): void {
  body?.cancel().catch(() => {});
}

/** What is there at once is taken as it is, so that its length is known. */
async function readContent(
  given: Response,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  length: number | undefined,
): Promise<Uint8Array<ArrayBuffer> | StreamBody> {
  const first = reader.read();
  if (!await isThere(first)) return makeStream(given, reader, [first], length);
  const piece = await first;
  if (piece.done) return checkLength(NO_CONTENT, length);
  const second = reader.read();
  if (await isThere(second) && (await second).done) return checkLength(toBytes(piece.value), length);
  return makeStream(given, reader, [first, second], length);
}

function checkLength(bytes: Uint8Array<ArrayBuffer>, length: number | undefined): Uint8Array<ArrayBuffer> {
  if (length === undefined || length === bytes.length) return bytes;
  throw new ResponseRuleError(`Content-Length is ${length}, and the body has ${bytes.length} bytes`);
}

/** Whether a promise settles without waiting for anything. */
async function isThere(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => isSettled = true;
  promise.then(settle, settle);
  for (let turn = 0; turn < TURNS && !isSettled; turn++) await undefined;
  return isSettled;
}

type Read = Promise<ReadableStreamReadResult<Uint8Array>>;

function makeStream(
  given: Response,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  begun: Read[],
  length: number | undefined,
): StreamBody {
  const stream: StreamBody["stream"] = {
    async next() {
      const { done, value } = await (begun.shift() ?? reader.read());
      return done ? { done, value: undefined } : { done: false, value: toBytes(value) };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
  const isEndless = given.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  return { stream, isEndless, ...(length !== undefined && { length }) };
}

/** A stream may give anything. */
function toBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value as Uint8Array<ArrayBuffer>;
  throw new ResponseRuleError(`A stream of a body gave ${describe(value)} instead of a Uint8Array`);
}
