/**
 * A worker of `loop.ts`. What a connection wants is looked at once, with its first request; a file that is too large to
 * be held is read for each answer.
 *
 * @module
 */

/** What it serves. */
export interface Task {
  /** The port, at 127.0.0.1. */
  readonly port: number;
  /** The folder with the files. */
  readonly root: string;
}

/** Answers one request of a connection. */
type AnswerLoop = (conn: Deno.Conn) => Promise<void>;

/** As much as Sockeye keeps of a file, and as it reads at once of a larger one. */
const MOST_HELD_BYTES = 1 << 20;
const PIECE_BYTES = 1 << 18;

/** The fields of an answer of Sockeye are about as long. */
const FIELDS = "Server: loop\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\n" +
  "Content-Type: text/javascript; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nAccept-Ranges: bytes\r\n" +
  'Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: "19b77e1a400-4185d"\r\nCache-Control: no-cache\r\n';

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(sent === 0 ? bytes : bytes.subarray(sent));
  }
}

function encodeHead(status: string, length: number): Uint8Array {
  return new TextEncoder().encode(`HTTP/1.1 ${status}\r\n${FIELDS}Content-Length: ${length}\r\n\r\n`);
}

function encodeAnswer(status: string, body: Uint8Array): Uint8Array {
  const head = encodeHead(status, body.length);
  const answer = new Uint8Array(head.length + body.length);
  answer.set(head);
  answer.set(body, head.length);
  return answer;
}

/** Reads a file for each answer, as it is sent. */
async function stream(conn: Deno.Conn, file: Deno.FsFile, length: number): Promise<void> {
  await writeAll(conn, encodeHead("200 OK", length));
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < length;) {
    file.seekSync(at, Deno.SeekMode.Start);
    const count = file.readSync(piece) ?? 0;
    await writeAll(conn, piece.subarray(0, count));
    at += count;
  }
}

const held = new Map<string, AnswerLoop>();

function selectAnswer(root: string, request: string): AnswerLoop {
  const path = root + (/^GET (\/\S*)/.exec(request)?.[1] ?? "");
  const isCoded = /^accept-encoding: .*gzip/im.test(request) && path.endsWith(".js");
  const [, first, last] = /^range: bytes=(\d+)-(\d+)/im.exec(request) ?? [];
  const key = `${path} ${isCoded} ${first} ${last}`;
  const known = held.get(key);
  if (known !== undefined) return known;
  const made = makeAnswer(
    isCoded ? `${path}.gz` : path,
    first === undefined ? undefined : [Number(first), Number(last)],
  );
  held.set(key, made);
  return made;
}

function makeAnswer(path: string, range: readonly [first: number, last: number] | undefined): AnswerLoop {
  const file = Deno.openSync(path);
  const { size } = file.statSync();
  if (range === undefined && size > MOST_HELD_BYTES) return (conn) => stream(conn, file, size);
  const [first, last] = range ?? [0, size - 1];
  const body = new Uint8Array(last - first + 1);
  file.seekSync(first, Deno.SeekMode.Start);
  for (let at = 0; at < body.length;) at += file.readSync(body.subarray(at)) ?? body.length;
  const answer = encodeAnswer(range === undefined ? "200 OK" : "206 Partial Content", body);
  return (conn) => writeAll(conn, answer);
}

async function serve(conn: Deno.TcpConn, root: string): Promise<void> {
  using _closed = conn;
  conn.setNoDelay(true);
  const buffer = new Uint8Array(1_024);
  let answer: AnswerLoop | undefined;
  let isLast = false;
  for (let count; !isLast && (count = await conn.read(buffer)) !== null;) {
    if (answer === undefined) {
      const request = new TextDecoder().decode(buffer.subarray(0, count));
      answer = selectAnswer(root, request);
      isLast = /^connection: close/im.test(request);
    }
    await answer(conn);
  }
}

async function accept({ port, root }: Task): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port, reusePort: true });
  for await (const conn of listener) serve(conn, root).catch(() => {});
}

addEventListener("message", (event) => {
  if (event instanceof MessageEvent) void accept(event.data);
});
