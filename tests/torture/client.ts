/**
 * A client for long runs: one connection that is kept, answers of any length and coding of transfer, each with a bound
 * on waiting of its own. An answer that the connection's end cut is told apart from one that is wrong: the first is what
 * a worker's death looks like, the second must never happen. Its parser is not the server's.
 */

import { concat, decode, encode } from "../raw_client.ts";

/** How long one answer may take, in milliseconds. */
const PATIENCE_MS = 20_000;
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array();

/** Where a server listens. */
export interface Address {
  /** Its address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
}

/** The connection ended before the answer did. */
export class CutShort extends Error {}

/** One answer. */
export interface Answer {
  /** Status code. */
  readonly status: number;
  /** Field values by name in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** The content, as it was sent. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One connection. */
export class Client implements Disposable {
  readonly #conn: Deno.TcpConn;
  #received = EMPTY;
  #isLate = false;
  #isOpen = true;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /**
   * Connects to a server.
   *
   * @throws {Error} Where that takes too long.
   */
  static async connect({ hostname, port }: Address): Promise<Client> {
    const late = new AbortController();
    const alarm = setTimeout(() => late.abort(new Error(`no connection within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    const conn = await Deno.connect({ hostname, port, signal: late.signal }).finally(() => clearTimeout(alarm));
    conn.setNoDelay(true);
    return new Client(conn);
  }

  /** `false` once the server said that it closes, or the connection failed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends a request, and reads the answer.
   *
   * @param method The method.
   * @param target The target.
   * @param fields Field lines beside `Host`, each with its CRLF.
   * @param body What follows the head.
   * @throws {CutShort} The connection ended first.
   * @throws {Error} The answer is none, or does not come.
   */
  async ask(method: string, target: string, fields = "", body: Uint8Array = EMPTY): Promise<Answer> {
    this.#isLate = false;
    const alarm = setTimeout(() => {
      this.#isLate = true;
      this.close();
    }, PATIENCE_MS);
    try {
      await this.#send(concat([encode(`${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`), body]));
      return await this.#read(method);
    } catch (error) {
      this.close();
      if (this.#isLate) throw new Error(`no answer to ${method} ${target} within ${PATIENCE_MS} ms`);
      const isCut = error instanceof CutShort || isConnectionError(error);
      throw isCut ? new CutShort(`${method} ${target}: ${error instanceof Error ? error.message : error}`) : error;
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Closes the connection. */
  close(): void {
    this.#isOpen = false;
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // it is closed already
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  async #read(method: string): Promise<Answer> {
    const head = decode(await this.#take(await this.#find("\r\n\r\n") + 4));
    const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
    const [, code] = /^HTTP\/1\.1 ([1-5]\d\d) /.exec(statusLine) ?? [];
    if (code === undefined) throw new Error(`bad status line ${JSON.stringify(statusLine)}`);
    const fields = new Map(lines.map((line) => {
      const colon = line.indexOf(": ");
      if (colon < 1) throw new Error(`bad field line ${JSON.stringify(line)}`);
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
    }));
    const status = Number(code);
    const hasBody = method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
    const body = hasBody ? await this.#readBody(fields) : EMPTY;
    if (this.#received.length > 0) throw new Error("bytes behind the answer");
    if (fields.get("connection") === "close") this.close();
    return { status, fields, body };
  }

  async #readBody(fields: ReadonlyMap<string, string>): Promise<Uint8Array<ArrayBuffer>> {
    const length = fields.get("content-length");
    if (length !== undefined) return await this.#take(Number(length));
    if (fields.get("transfer-encoding") !== "chunked") throw new Error("an answer without a length");
    const chunks: Uint8Array[] = [];
    for (;;) {
      const line = decode(await this.#take(await this.#find("\r\n") + 2)).trimEnd();
      if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`bad chunk size ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      const chunk = await this.#take(size + 2);
      if (chunk[size] !== 13 || chunk[size + 1] !== 10) throw new Error("no CRLF behind a chunk");
      if (size === 0) return concat(chunks);
      chunks.push(chunk.subarray(0, size));
    }
  }

  /** Where a mark begins in what comes next; it is within the first 64 KiB. */
  async #find(mark: string): Promise<number> {
    for (;;) {
      const at = decode(this.#received.subarray(0, 1 << 16)).indexOf(mark);
      if (at >= 0) return at;
      if (this.#received.length > 1 << 16) throw new Error(`no ${JSON.stringify(mark)} in 64 KiB`);
      this.#received = concat([this.#received, await this.#receive(1 << 16)]);
    }
  }

  async #take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count);
    let length = Math.min(count, this.#received.length);
    taken.set(this.#received.subarray(0, length));
    this.#received = this.#received.slice(length);
    while (length < count) {
      const got = await this.#conn.read(taken.subarray(length));
      if (got === null) throw new CutShort(`the connection ended after ${length} of ${count} bytes`);
      length += got;
    }
    return taken;
  }

  async #receive(most: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(most);
    const count = await this.#conn.read(buffer);
    if (count === null) throw new CutShort("the connection ended amid a head, or before it");
    return buffer.subarray(0, count);
  }
}

/** Whether an error is one of a connection that its other side has ended. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.UnexpectedEof;
}
