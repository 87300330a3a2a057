/**
 * One connection to the server under test: bytes out, strictly parsed answers in, every wait bounded, no sleeps.
 *
 * A write that the server cuts off is no failure yet: what it answered before counts. A reset is an end like any other,
 * unless it comes within an answer.
 */

import type { Answer, Asked } from "./response.ts";
import { decodeLatin1 } from "../octets.ts";
import { parseAnswer, ResponseError } from "./response.ts";

/** Where the server is. */
export interface Endpoint {
  /** Name or address. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
}

/** The server did not do in time what it was waited for. */
export class TimeoutError extends Error {
  /** The name of the class. */
  override readonly name: string = "TimeoutError";
}

/** One connection. */
export class Client implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #patienceMs: number;
  #received = new Uint8Array(16_384);
  #length = 0;
  #hasEnded = false;
  #isClosed = false;
  #isLate = false;

  private constructor(conn: Deno.TcpConn, patienceMs: number) {
    this.#conn = conn;
    this.#patienceMs = patienceMs;
  }

  /**
   * Connects.
   *
   * @param endpoint Where to.
   * @param patienceMs How long each wait may last.
   */
  static async connect(endpoint: Endpoint, patienceMs: number): Promise<Client> {
    const conn = await Deno.connect({ hostname: endpoint.hostname, port: endpoint.port });
    conn.setNoDelay(true);
    return new Client(conn, patienceMs);
  }

  /**
   * Sends bytes; stops without an error where the server has closed.
   *
   * @param bytes What to send.
   * @returns Whether the connection took all of it.
   */
  async send(bytes: Uint8Array): Promise<boolean> {
    return await this.#inTime("to take what was sent", async () => {
      try {
        for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
        return true;
      } catch (error) {
        if (this.#isLate) throw error;
        return false;
      }
    });
  }

  /** Ends the sending side; receiving goes on. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite().catch(() => undefined);
  }

  /**
   * Reads the next final answer.
   *
   * @param asked What was asked.
   * @returns The answer, or `undefined` where the server closed without one.
   * @throws {ResponseError} For a malformed answer.
   * @throws {TimeoutError} Where it does not come.
   */
  async readAnswer(asked: Asked): Promise<Answer | undefined> {
    for (;;) {
      if (this.#length > 0) {
        const parsed = parseAnswer(this.#received.subarray(0, this.#length), asked, this.#hasEnded);
        if (parsed !== undefined) {
          this.#received.copyWithin(0, parsed.length, this.#length);
          this.#length -= parsed.length;
          return parsed.answer;
        }
      }
      if (this.#hasEnded) return undefined;
      await this.#receive("an answer");
    }
  }

  /**
   * Reads the head of the next answer and leaves the content.
   *
   * @returns The answer with empty content; the connection is of no further use.
   */
  async readHead(): Promise<Answer | undefined> {
    return await this.readAnswer({ method: "HEAD", minor: 1 });
  }

  /**
   * Waits for the server to close.
   *
   * @throws {ResponseError} Where bytes come instead.
   * @throws {TimeoutError} Where nothing comes.
   */
  async readEnd(): Promise<void> {
    while (!this.#hasEnded && this.#length === 0) await this.#receive("the end of the connection");
    if (this.#length > 0) {
      throw new ResponseError(`bytes after the last answer: ${JSON.stringify(this.unread.slice(0, 120))}`);
    }
  }

  /**
   * Throws away what comes until the server closes.
   *
   * @param most Stops after so many bytes.
   * @returns Whether the server closed.
   */
  async discard(most: number): Promise<boolean> {
    let count = this.#length;
    for (this.#length = 0; !this.#hasEnded && count < most; this.#length = 0) {
      await this.#receive("the end of the connection");
      count += this.#length;
    }
    return this.#hasEnded;
  }

  /** What was received and is not yet part of an answer. */
  get unread(): string {
    return decodeLatin1(this.#received.subarray(0, Math.min(this.#length, 4096)));
  }

  /** Closes the connection. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #receive(what: string): Promise<void> {
    if (this.#length === this.#received.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#received);
      this.#received = larger;
    }
    await this.#inTime(what, async () => {
      try {
        const count = await this.#conn.read(this.#received.subarray(this.#length));
        if (count === null) this.#hasEnded = true;
        else this.#length += count;
      } catch (error) {
        if (this.#isLate) throw error;
        this.#hasEnded = true;
      }
    });
  }

  async #inTime<T>(what: string, action: () => Promise<T>): Promise<T> {
    const alarm = setTimeout(() => {
      this.#isLate = true;
      this.close();
    }, this.#patienceMs);
    try {
      return await action();
    } catch (error) {
      throw this.#isLate ? new TimeoutError(`waited ${this.#patienceMs} ms for ${what}`) : error;
    } finally {
      clearTimeout(alarm);
    }
  }
}
