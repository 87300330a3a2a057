/**
 * The whole life of one connection: receive a head, answer it, drain what is left of it, and again; then close so that
 * the last answer arrives.
 *
 * RFC 9112 section 9. The state machine is `serve`; every wait in it stands under a deadline that one sweep per worker
 * checks, and the only catch that answers is here.
 *
 * @module
 */

import { createBodyDecoder } from "./body_decoder.ts";
import type { Clock } from "./clock.ts";
import type { Limits, LogLevel, Timeouts } from "./config.ts";
import { errorResponse } from "./error_response.ts";
import { HttpError, toHttpError, TransportError } from "./errors.ts";
import { parseRequestHead, selectFraming } from "./http1.ts";
import type { Handler, HttpResponse, RequestHead } from "./message.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { ResponseWriter } from "./response_writer.ts";

/** One answer, as the access log tells it. */
export interface Exchange {
  /** Address of the client. */
  readonly remote: string;
  /** The request, or `undefined` where none could be parsed. */
  readonly head: RequestHead | undefined;
  /** Status code of the answer. */
  readonly status: number;
  /** Number of body bytes sent. */
  readonly bodyBytes: number;
  /** From the arrival of the head's last bytes to the end of the answer, in milliseconds. */
  readonly durationMs: number;
}

/** What the connections of one worker share. */
export interface ConnectionContext {
  /** Answers the requests. */
  readonly handler: Handler;
  /** Bounds for what a client may send. */
  readonly limits: Limits;
  /** Bounds for how long it may take. */
  readonly timeouts: Timeouts;
  /** The time of the worker. */
  readonly clock: Clock;
  /** The open connections: for the sweep of deadlines, and for draining. */
  readonly connections: Set<Connection>;
  /** Whether the server is stopping: every answer is then the last of its connection. */
  isDraining: boolean;
  /** Writes a line of the access log; absent where none is wanted. */
  readonly logExchange: ((exchange: Exchange) => void) | undefined;
  /** Reports an event. */
  readonly report: (level: LogLevel, message: string) => void;
}

/** What a connection waits for; each has its time-out. */
type Stage = "request" | "head" | "handler" | "write" | "drain" | "linger";

/**
 * Serves a connection to its end and closes it. Never throws.
 *
 * @param conn The connection; owned by this call.
 * @param context What it shares with the others of its worker.
 */
export async function serveConnection(conn: Deno.TcpConn, context: ConnectionContext): Promise<void> {
  const connection = new Connection(conn, context);
  context.connections.add(connection);
  try {
    await connection.serve();
  } catch (error) {
    connection.reportEnd(error);
  } finally {
    context.connections.delete(connection);
    connection.close();
  }
}

/** One connection, as the sweep of deadlines and the shutdown of its worker see it. */
export class Connection {
  /** When the present wait must be over, on the clock of the worker. */
  deadlineMs: number = Infinity;
  readonly #conn: Deno.TcpConn;
  readonly #context: ConnectionContext;
  readonly #received: ReceiveBuffer;
  readonly #writer: ResponseWriter;
  #stage: Stage = "request";
  /** Set with the first byte of a head; later bytes do not renew it. */
  #headDeadlineMs = Infinity;
  /** Whether the client has closed its sending side. */
  #hasEnded = false;
  #hasExpired = false;
  /** Whether the answer that is being sent goes on as long as the client stays. */
  #isEndless = false;
  #isClosed = false;

  /**
   * Takes a connection over, without touching it yet.
   *
   * @param conn The connection.
   * @param context What it shares with the others of its worker.
   */
  constructor(conn: Deno.TcpConn, context: ConnectionContext) {
    this.#conn = conn;
    this.#context = context;
    this.#received = new ReceiveBuffer(context.limits.headBytes);
    this.#writer = new ResponseWriter(conn, context.clock, {
      beforeWrite: () => {
        if (!this.#hasExpired) this.#wait("write", context.timeouts.writeStallMs);
      },
      beforePiece: () => this.#wait("handler", Infinity),
    });
  }

  /**
   * Answers one request after the other until one is the last, RFC 9112 section 9.3.
   *
   * @throws {TransportError} Where the connection is gone.
   */
  async serve(): Promise<void> {
    this.#sendAtOnce();
    for (;;) {
      const head = this.#takeHead();
      if (head instanceof HttpError) {
        await this.#refuse(head);
        break;
      }
      const goesOn = head === undefined ? await this.#receive() : await this.#exchange(head);
      if (!goesOn) break;
    }
    await this.#writer.flush();
    if (!this.#hasEnded) await this.#linger();
  }

  /** The deadline has passed: 408 where a request had begun (RFC 9110 section 15.5.9), and the end. */
  expire(): void {
    const { report, timeouts } = this.#context;
    const isRoutine = this.#stage === "request" || this.#stage === "linger";
    report(isRoutine ? "debug" : "info", `${this.#remote} closed: time-out while waiting for ${this.#stage}`);
    if (this.#stage !== "head" && this.#stage !== "drain") return this.close();
    this.#hasExpired = true;
    this.#wait("linger", timeouts.lingerMs);
    Promise.resolve(this.#answer(undefined, errorResponse(new HttpError(408, "Time-out"), undefined), false))
      .then(() => this.#conn.closeWrite())
      .catch(() => this.close());
  }

  /** The server stops: a connection that is idle, or has an answer without end, closes now, the others with theirs. */
  finish(): void {
    if (this.#stage === "request" || this.#isEndless) this.close();
  }

  /** Closes the connection; whatever waits on it then fails. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
    this.#writer.abort();
  }

  /**
   * Tells the log how the connection ended, where it did not end as it should.
   *
   * @param error What ended it.
   */
  reportEnd(error: unknown): void {
    const { report } = this.#context;
    if (error instanceof TransportError) report("debug", `${this.#remote} closed: ${error.message}`);
    else report("error", `${this.#remote} closed: ${describe(error)}`);
  }

  get #remote(): string {
    return this.#conn.remoteAddr.hostname;
  }

  /** Without this the second of two small writes waits 40 ms for the client to acknowledge the first. */
  #sendAtOnce(): void {
    try {
      this.#conn.setNoDelay(true);
    } catch (cause) {
      throw new TransportError("Cannot set up: the connection is gone", { cause });
    }
  }

  #wait(stage: Stage, timeoutMs: number): void {
    this.#stage = stage;
    this.deadlineMs = this.#context.clock.nowMs + timeoutMs;
  }

  /** The next head, `undefined` where it is not complete, or the error that answers it. */
  #takeHead(): RequestHead | HttpError | undefined {
    try {
      return parseRequestHead(this.#received, this.#context.limits);
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** Reads more of a head. Returns whether the connection goes on. */
  async #receive(): Promise<boolean> {
    const { clock, timeouts, isDraining, report } = this.#context;
    if (this.#received.length === 0) {
      return !isDraining && await this.#read("request", clock.nowMs + timeouts.idleMs);
    }
    if (this.#stage !== "head") this.#headDeadlineMs = clock.nowMs + timeouts.headMs;
    if (await this.#read("head", this.#headDeadlineMs)) return true;
    if (!this.#hasExpired) report("info", `${this.#remote} closed: the client ended amid a head`);
    return false;
  }

  /** Answers one request. Returns whether the connection goes on. */
  async #exchange(head: RequestHead): Promise<boolean> {
    const startMs = this.#context.clock.nowMs;
    let isPersistent = head.persistent;
    let response: HttpResponse;
    try {
      checkBodyLength(head, this.#context.limits);
      if (head.framing.kind !== "none") isPersistent = await this.#drain(head) && isPersistent;
      if (this.#hasExpired) return false;
      this.#wait("handler", Infinity);
      const answer = this.#context.handler(head);
      response = answer instanceof Promise ? await this.#awaitAnswer(answer) : answer;
    } catch (error) {
      if (error instanceof TransportError) throw error;
      const httpError = this.#reportFailure(error);
      isPersistent &&= !httpError.close;
      response = httpError.page ?? errorResponse(httpError, head.fieldLines.getList("accept"));
    }
    isPersistent &&= !this.#context.isDraining && selectFraming(response.body, head.minorVersion) !== "close";
    this.#isEndless = "stream" in response.body && response.body.isEndless;
    let sending;
    try {
      sending = this.#answer(head, response, isPersistent, startMs);
    } catch (error) {
      // The response broke the rules of a head, and nothing of it was sent.
      isPersistent = false;
      sending = this.#answer(head, errorResponse(this.#reportFailure(error), undefined), isPersistent, startMs);
    }
    if (sending !== undefined) await sending;
    return isPersistent;
  }

  /** What was answered before must not wait for this one. */
  async #awaitAnswer(answer: Promise<HttpResponse>): Promise<HttpResponse> {
    if (this.#writer.isWaiting) {
      answer.catch(() => {});
      await this.#writer.flush();
      this.#wait("handler", Infinity);
    }
    return await answer;
  }

  /** Answers what is no request. Where its end is cannot be known, so nothing behind it is read. */
  async #refuse(error: HttpError): Promise<void> {
    this.#context.report("info", `${this.#remote} ${error.status}: ${error.message}`);
    await this.#answer(undefined, errorResponse(error, undefined), false);
  }

  /** Returns nothing where the answer is to leave with the next one. */
  #answer(
    head: RequestHead | undefined,
    response: HttpResponse,
    persistent: boolean,
    startMs: number = this.#context.clock.nowMs,
  ): Promise<void> | undefined {
    const headOnly = head?.method === "HEAD";
    const more = persistent && this.#received.length > 0;
    const minorVersion = head?.minorVersion ?? 1;
    const sending = this.#writer.send(response, { persistent, headOnly, more, minorVersion });
    const { logExchange, clock } = this.#context;
    if (logExchange === undefined) return sending;
    const log = () => {
      clock.read();
      const { bodyBytes } = this.#writer;
      const durationMs = clock.nowMs - startMs;
      logExchange({
        remote: this.#remote,
        head,
        status: response.status,
        bodyBytes,
        durationMs,
      });
    };
    if (sending === undefined) log();
    return sending?.finally(log);
  }

  /**
   * Reads the body, which no handler wants, within bounds. Returns whether that was all of it, so that the connection
   * can go on.
   *
   * A client that waits for 100 (Continue) may or may not send the body when it gets its answer at once, so that
   * connection ends: RFC 9110 section 10.1.1.
   */
  async #drain({ framing, expectsContinue }: RequestHead): Promise<boolean> {
    const { limits, timeouts, clock } = this.#context;
    const isLong = framing.kind === "fixed" && framing.contentLength > limits.drainBytes;
    const decoder = createBodyDecoder(framing, limits);
    if (isLong || (expectsContinue && !decoder.done)) return false;
    const deadlineMs = clock.nowMs + timeouts.drainMs;
    for (let drained = 0; !decoder.done && drained <= limits.drainBytes;) {
      const { length } = this.#received;
      const piece = decoder.next(this.#received);
      drained += length - this.#received.length;
      if (piece === undefined && !decoder.done && !(await this.#read("drain", deadlineMs))) return false;
    }
    return decoder.done;
  }

  /**
   * Closes the sending side and reads until the client has closed too: closing while bytes wait unread resets the
   * connection, and with it the answer (RFC 9112 section 9.6).
   */
  async #linger(): Promise<void> {
    const deadlineMs = this.#context.clock.nowMs + this.#context.timeouts.lingerMs;
    await this.#conn.closeWrite().catch((cause) => {
      throw new TransportError("Cannot close: the connection is gone", { cause });
    });
    do {
      this.#received.consume(this.#received.length);
    } while (await this.#read("linger", this.#hasExpired ? this.deadlineMs : deadlineMs));
  }

  /** Sends what waits to be sent, then reads once. Returns whether there is anything to go on with. */
  async #read(stage: Stage, deadlineMs: number): Promise<boolean> {
    if (this.#writer.isWaiting) await this.#writer.flush();
    this.#stage = stage;
    this.deadlineMs = deadlineMs;
    let count;
    try {
      count = await this.#conn.read(this.#received.room());
    } catch (cause) {
      throw new TransportError("Cannot read: the connection is gone", { cause });
    }
    this.#context.clock.read();
    if (count === null) {
      this.#hasEnded = true;
      return false;
    }
    this.#received.received(count);
    return stage === "linger" || !this.#hasExpired;
  }

  /** Only what is the server's doing is an error of the log; a client could fill it with the rest. */
  #reportFailure(error: unknown): HttpError {
    const httpError = toHttpError(error);
    const { status, message, cause } = httpError;
    const isOurs = status === 500 || status === 503;
    const detail = status === 500 ? describe(cause ?? httpError) : message;
    this.#context.report(isOurs ? "error" : "debug", `${this.#remote} ${status}: ${detail}`);
    return httpError;
  }
}

/** RFC 9110 section 15.5.14. */
function checkBodyLength({ framing }: RequestHead, limits: Limits): void {
  if (framing.kind === "fixed" && framing.contentLength > limits.bodyBytes) {
    throw new HttpError(413, `Body of ${framing.contentLength} bytes is longer than ${limits.bodyBytes} bytes`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
