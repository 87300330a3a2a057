/**
 * What a handler can ask of the connection that its request came on: the body, piece by piece; who is at the other end;
 * whether the client is still there; when the answer has been sent.
 *
 * It is made when it is first asked for, so a handler that needs nothing of it costs nothing. The body is read from the
 * socket only as its pieces are asked for: a handler that is slow slows its client.
 *
 * @module
 */

import type { BodyDecoder } from "./body_decoder.ts";
import { createBodyDecoder } from "./body_decoder.ts";
import type { Limits } from "./config.ts";
import { HttpError, TransportError } from "./errors.ts";
import type { FieldLine, HttpResponse, RequestHead } from "./message.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/**
 * Answers a request: at once where it can, so that a hit in memory awaits nothing.
 *
 * @param head The request.
 * @param open Opens what else there is of it.
 */
export type Handler = (head: RequestHead, open: () => RequestContext) => HttpResponse | Promise<HttpResponse>;

/** What a request needs of its connection. */
export interface RequestConnection {
  /** The address of the client. */
  readonly remoteAddr: Deno.NetAddr;
  /** The address that it connected to. */
  readonly localAddr: Deno.NetAddr;
  /** What was received and not yet taken. */
  readonly received: ReceiveBuffer;
  /**
   * Reads more of the body.
   *
   * @returns Whether there is more; not where the client has ended.
   */
  readBody(): Promise<boolean>;
  /**
   * Sends an interim answer, RFC 9110 section 15.2.
   *
   * @param status 100 or 103.
   * @param fields Its field lines.
   */
  inform(status: number, fields: readonly FieldLine[]): Promise<void>;
  /** Watches, from now to the end of the answer, whether the client leaves. */
  watch(): void;
  /** Goes on to watch, where that was begun: there is room for more again. */
  readOn(): void;
}

/** One request, as its handler sees it beside the head. */
export class RequestContext {
  /** The body, as long as the framing of the head says that there is one. */
  readonly body: RequestBody;
  readonly #connection: RequestConnection;
  #abortion: AbortController | undefined;
  #completion: PromiseWithResolvers<void> | undefined;
  /** How it ended; absent while it goes on. */
  #end: { readonly error: Error | undefined } | undefined;

  /**
   * Makes the context of a request whose head was just taken from the buffer.
   *
   * @param head The head.
   * @param connection The connection that it came on.
   * @param limits Bounds for the body.
   */
  constructor(head: RequestHead, connection: RequestConnection, limits: Limits) {
    this.#connection = connection;
    this.body = new RequestBody(head, connection, limits);
  }

  /** The address of the client. */
  get remoteAddr(): Deno.NetAddr {
    return this.#connection.remoteAddr;
  }

  /** The address that it connected to. */
  get localAddr(): Deno.NetAddr {
    return this.#connection.localAddr;
  }

  /** Aborted when the client leaves before it has the whole answer, or the answer is given up. */
  get signal(): AbortSignal {
    if (this.#abortion === undefined) {
      this.#abortion = new AbortController();
      if (this.#end?.error !== undefined) this.#abortion.abort(this.#end.error);
      else if (this.#end === undefined) this.#connection.watch();
    }
    return this.#abortion.signal;
  }

  /** Settled when the answer has been sent, or cannot be. */
  get completed(): Promise<void> {
    if (this.#completion === undefined) {
      this.#completion = Promise.withResolvers<void>();
      // Whoever does not ask for it must not be told of its failure.
      this.#completion.promise.catch(() => {});
      this.#settle();
    }
    return this.#completion.promise;
  }

  /**
   * Sends `103 (Early Hints)` before the answer, RFC 8297.
   *
   * @param fields Its field lines, such as `Link`.
   */
  async hint(fields: readonly FieldLine[]): Promise<void> {
    if (this.#end === undefined) await this.#connection.inform(103, fields);
  }

  /**
   * Tells the handler that nobody waits for its answer.
   *
   * @param reason Why; the client has left where nothing is said of it.
   */
  abort(reason: Error = new TransportError("The client has left")): void {
    this.#abortion?.abort(reason);
  }

  /**
   * The exchange is over.
   *
   * @param error Why the answer was not sent whole.
   */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.body.abandon();
    this.#settle();
    if (error !== undefined) this.#abortion?.abort(error);
  }

  #settle(): void {
    if (this.#end === undefined) return;
    if (this.#end.error === undefined) this.#completion?.resolve();
    else this.#completion?.reject(this.#end.error);
  }
}

/** The body of a request, read as it is asked for. */
export class RequestBody {
  /** More is refused with 413; may be set until the first piece is asked for. */
  limitBytes: number;
  /** Whether a piece was asked for. */
  isTouched: boolean = false;
  readonly #head: RequestHead;
  readonly #connection: RequestConnection;
  readonly #decoder: BodyDecoder;
  #bytes = 0;
  #failure: unknown;
  #isAbandoned = false;

  /**
   * Makes a body of which nothing has been read.
   *
   * @param head The head that it belongs to.
   * @param connection Where it comes from.
   * @param limits Bounds for it.
   */
  constructor(head: RequestHead, connection: RequestConnection, limits: Limits) {
    this.limitBytes = limits.bodyBytes;
    this.#head = head;
    this.#connection = connection;
    this.#decoder = createBodyDecoder(head.framing, limits);
  }

  /** Whether all of it was read. */
  get isDone(): boolean {
    return this.#decoder.done;
  }

  /** The trailer fields behind it, when all of it was read. */
  get trailers(): readonly FieldLine[] {
    return this.#decoder.trailers;
  }

  /** What went wrong with it, which the client should be told. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Reads the next piece. One call at a time.
   *
   * @returns Bytes that belong to the caller; `undefined` at the end.
   * @throws {HttpError} 400, 408 or 413.
   * @throws {TransportError} Where the client ends in the midst of it.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await this.#read();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { expectsContinue } = this.#head;
    this.checkLength();
    const isFirst = !this.isTouched;
    this.isTouched = true;
    // RFC 9110 section 10.1.1: not where the client has begun to send already.
    if (isFirst && expectsContinue && !this.isDone && this.#connection.received.length === 0) {
      await this.#connection.inform(100, []);
    }
    for (;;) {
      if (this.#isAbandoned) throw new TransportError("The answer was sent before the body was read");
      const piece = this.#decoder.next(this.#connection.received);
      if (piece !== undefined) {
        this.#bytes += piece.length;
        if (this.#bytes > this.limitBytes) throw this.#tooLong();
        const copy = piece.slice() as Uint8Array<ArrayBuffer>;
        this.#connection.readOn();
        return copy;
      }
      if (this.#decoder.done) return undefined;
      if (!await this.#connection.readBody()) throw new TransportError("The client ended amid a body");
    }
  }

  /**
   * Compares the length that the head tells with the limit, RFC 9110 section 15.5.14.
   *
   * @throws {HttpError} 413.
   */
  checkLength(): void {
    const { framing } = this.#head;
    if (framing.kind === "fixed" && framing.contentLength > this.limitBytes) throw this.#tooLong();
  }

  #tooLong(): HttpError {
    return new HttpError(413, `Body is longer than ${this.limitBytes} bytes`);
  }

  /** The answer is there, and what was not read by now is gone: whoever still reads must not take that for the end. */
  abandon(): void {
    this.#isAbandoned ||= !this.isDone;
  }

  /**
   * Takes what has arrived and throws it away.
   *
   * @returns How much that was, with its framing; in bytes.
   */
  discard(): number {
    const { received } = this.#connection;
    const before = received.length;
    while (this.#decoder.next(received) !== undefined);
    return before - received.length;
  }
}
