/**
 * A client that speaks bytes, for tests over real sockets: it sends what it is told to, however wrong, and reads answers
 * with a parser of its own, so that no fault of the server's parser or encoder hides behind itself.
 *
 * Waiting is bounded: a server that does not answer fails the test instead of hanging it.
 */

import { concat, decodeLatin1 as decode, encodeLatin1 as encode } from "./octets.ts";

export { concat, decode, encode };

/** How long a client waits for the server, in milliseconds. */
const PATIENCE_MS = 20_000;

/** One answer, as the client sees it. */
export interface Answer {
  /** Status code. */
  readonly status: number;
  /** Field values by name in lower case; a field that is sent twice has both values, joined. */
  readonly fields: ReadonlyMap<string, string>;
  /** The content. */
  readonly body: Uint8Array;
}

/**
 * Takes the answers out of what a server sent, and checks what every answer has to have: `Server`, `Date`, a
 * `Connection` of `close` or `keep-alive`, `Content-Length` where there may be content; nothing after `close`.
 *
 * @param bytes All that was received.
 * @param methods The methods of the requests, where not all of them are GET: the answer to HEAD has no content.
 * @throws {Error} Where this is no sequence of whole answers.
 */
export function parseAnswers(bytes: Uint8Array, methods: readonly string[] = []): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (answers.at(-1)?.fields.get("connection") === "close") throw new Error("There are bytes after the last answer");
    const headEnd = findHeadEnd(bytes, at);
    if (headEnd === undefined) throw new Error(`Head is cut short: ${decode(bytes.subarray(at, at + 200))}`);
    const head = parseAnswerHead(decode(bytes.subarray(at, headEnd)));
    const hasContent = head.status >= 200 && head.status !== 204 && head.status !== 304;
    const length = Number(head.fields.get("content-length") ?? (hasContent ? NaN : 0));
    if (!Number.isSafeInteger(length)) throw new Error("Content-Length is missing");
    const bodyEnd = headEnd + (hasContent && methods[answers.length] !== "HEAD" ? length : 0);
    if (bodyEnd > bytes.length) throw new Error(`Body is cut short: ${bytes.length - headEnd} of ${length} bytes`);
    answers.push({ ...head, body: bytes.subarray(headEnd, bodyEnd) });
    at = bodyEnd;
  }
  return answers;
}

function findHeadEnd(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0x0d, from); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  }
  return undefined;
}

function parseAnswerHead(text: string): Omit<Answer, "body"> {
  const [statusLine = "", ...lines] = text.slice(0, -4).split("\r\n");
  const [, code] = /^HTTP\/1\.1 ([2-5]\d\d) [A-Z][A-Za-z -]*$/.exec(statusLine) ?? [];
  if (code === undefined) throw new Error(`Bad status line ${JSON.stringify(statusLine)}`);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([A-Za-z-]+): ([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === "") throw new Error(`Bad field line ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    fields.set(key, fields.has(key) ? `${fields.get(key)}, ${value}` : value);
  }
  const expected: readonly [name: string, value: RegExp][] = [
    ["server", /^sockeye$/],
    ["date", /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/],
    ["connection", /^(close|keep-alive)$/],
  ];
  for (const [name, value] of expected) {
    if (!value.test(fields.get(name) ?? "")) throw new Error(`Bad field ${name}: ${fields.get(name)}`);
  }
  return { status: Number(code), fields };
}

/** One connection of a client. */
export class RawClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #alarm: ReturnType<typeof setTimeout>;
  #storage = new Uint8Array(4096);
  #length = 0;
  #isLate = false;
  #isClosed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#alarm = setTimeout(() => {
      this.#isLate = true;
      this.close();
    }, PATIENCE_MS);
  }

  /** Connects to a server. */
  static async connect({ hostname, port }: { hostname: string; port: number }): Promise<RawClient> {
    const conn = await Deno.connect({ hostname, port });
    conn.setNoDelay(true);
    return new RawClient(conn);
  }

  /** The port of the client's side. */
  get port(): number {
    return this.#conn.localAddr.port;
  }

  /** Sends all of the bytes. */
  async send(message: string | Uint8Array): Promise<void> {
    const bytes = typeof message === "string" ? encode(message) : message;
    await this.#inTime(async () => {
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    });
  }

  /** Ends the sending side; receiving goes on. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /**
   * Reads until as much has come as is asked for.
   *
   * @param count Number of bytes.
   * @returns Those bytes, or fewer where the server has closed its side.
   */
  async read(count: number): Promise<Uint8Array> {
    await this.#receiveUntil(() => this.#length >= count);
    return this.#take(count);
  }

  /**
   * Reads the next answer.
   *
   * @param method The method of the request.
   */
  async readAnswer(method = "GET"): Promise<Answer> {
    await this.#receiveUntil(() => findHeadEnd(this.#received, 0) !== undefined);
    const headLength = findHeadEnd(this.#received, 0) ?? this.#length;
    const head = this.#take(headLength);
    const length = method === "HEAD" ? 0 : Number(/Content-Length: (\d+)/.exec(decode(head))?.[1] ?? 0);
    const [answer] = parseAnswers(concat([head, await this.read(length)]), [method]);
    if (answer === undefined) throw new Error("The connection was closed without an answer");
    return answer;
  }

  /** Reads until the server closes its side. */
  async readToEnd(): Promise<Uint8Array> {
    await this.#receiveUntil(() => false);
    return this.#take(this.#length);
  }

  /** Closes the connection; with bytes unread, that resets it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#alarm);
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #receiveUntil(isEnough: () => boolean): Promise<void> {
    await this.#inTime(async () => {
      while (!isEnough()) {
        if (this.#length === this.#storage.length) {
          const larger = new Uint8Array(2 * this.#length);
          larger.set(this.#storage);
          this.#storage = larger;
        }
        const count = await this.#conn.read(this.#storage.subarray(this.#length));
        if (count === null) break;
        this.#length += count;
      }
    });
  }

  get #received(): Uint8Array {
    return this.#storage.subarray(0, this.#length);
  }

  #take(count: number): Uint8Array {
    const taken = this.#received.slice(0, count);
    this.#storage.copyWithin(0, taken.length, this.#length);
    this.#length -= taken.length;
    return taken;
  }

  async #inTime<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#isLate ? new Error(`The server has not gone on for ${PATIENCE_MS} ms`, { cause: error }) : error;
    }
  }
}
