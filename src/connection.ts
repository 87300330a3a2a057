/**
 * The whole life of one connection: receive a head, answer it, drain what is left of it, and again; then close so that
 * the last answer arrives.
 *
 * RFC 9112 section 9. The state machine is `serve`; every wait in it stands under a deadline that one sweep per worker
 * checks, and the only catch that answers is here.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Limits, LogLevel, Timeouts } from "./config.ts";
import { errorResponse } from "./error_response.ts";
import { HttpError, toHttpError, TransportError } from "./errors.ts";
import { parseRequestHead, selectFraming } from "./http1.ts";
import type { FieldLine, HttpResponse, RequestHead, UpgradeBody } from "./message.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import type { Handler, RequestBody, RequestConnection } from "./request_context.ts";
import { RequestContext } from "./request_context.ts";
import { releaseBody, ResponseWriter } from "./response_writer.ts";

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
  /** Whether the handler may want the bodies of requests; where it does not they are read, and checked, before it. */
  readonly hasBodies: boolean;
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
type Stage = "request" | "head" | "handler" | "body" | "piece" | "write" | "drain" | "linger" | "upgraded";

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
export class Connection implements RequestConnection {
  /** When the present wait must be over, on the clock of the worker. */
  deadlineMs: number = Infinity;
  /** What was received and not yet taken. */
  readonly received: ReceiveBuffer;
  readonly #conn: Deno.TcpConn;
  readonly #context: ConnectionContext;
  readonly #writer: ResponseWriter;
  #stage: Stage = "request";
  /** Set with the first byte of a head; later bytes do not renew it. */
  #headDeadlineMs = Infinity;
  /** Whether the client has closed its sending side. */
  #hasEnded = false;
  #hasExpired = false;
  /** Whether the answer that is being sent goes on as long as the client stays. */
  #isEndless = false;
  #head: RequestHead | undefined;
  /** The request that is being answered, where its handler or its body made it necessary. */
  #request: RequestContext | undefined;
  #isAnswering = false;
  /** A read that was begun for a body or to see whether the client leaves; whoever reads next waits for it. */
  #reading: Promise<boolean> | undefined;
  /** Whether somebody wants to know when the client leaves. */
  #isWatched = false;
  /** Interim answers that are being sent: the answer comes behind them. */
  #informing: Promise<unknown> | undefined;
  /** What has taken the connection over. */
  #upgrade: UpgradeBody | undefined;
  /** Ends the wait for the answer of the handler. */
  #giveUp: ((reason: Error) => void) | undefined;
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
    this.received = new ReceiveBuffer(context.limits.headBytes);
    this.#writer = new ResponseWriter(conn, context.clock, {
      beforeWrite: () => {
        if (!this.#hasExpired) this.#wait("write", context.timeouts.writeStallMs);
      },
      beforePiece: () => {
        this.#wait("piece", Infinity);
        this.watch();
      },
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
    if (!this.#hasEnded && this.#upgrade === undefined) await this.#linger();
  }

  /** The deadline has passed: 408 where a request had begun (RFC 9110 section 15.5.9), and the end. */
  expire(): void {
    const { report } = this.#context;
    const isRoutine = this.#stage === "request" || this.#stage === "linger";
    report(isRoutine ? "debug" : "info", `${this.#remote} closed: time-out while waiting for ${this.#stage}`);
    switch (this.#stage) {
      case "handler":
        return this.#abandon(new HttpError(503, "The handler has not answered in time", { close: true }));
      case "body":
        if (this.#isAnswering) return this.close();
        return this.#abandon(new HttpError(408, "Time-out while the handler waits for the body"));
      case "head":
      case "drain":
        return this.#expireReading();
      default:
        return this.close();
    }
  }

  /** Answers in place of the handler, which is told. */
  #abandon(reason: HttpError): void {
    this.#request?.abort(reason);
    this.#giveUp?.(reason);
  }

  /** Nothing but this connection waits: the answer is sent beside the read, which ends when the client does. */
  #expireReading(): void {
    const { timeouts } = this.#context;
    this.#hasExpired = true;
    this.#wait("linger", timeouts.lingerMs);
    Promise.resolve(this.#answer(undefined, errorResponse(new HttpError(408, "Time-out"), undefined), false))
      .then(() => this.#conn.closeWrite())
      .catch(() => this.close());
  }

  /** The server stops: a connection that is idle, or has an answer without end, closes now, the others with theirs. */
  finish(): void {
    if (this.#upgrade !== undefined) this.#upgrade.shutdown();
    else if (this.#stage === "request" || this.#isEndless) this.close();
  }

  /** Closes the connection; whatever waits on it then fails. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
    this.#writer.abort();
    this.#giveUp?.(new TransportError("The connection is closed"));
  }

  /** The address of the client. */
  get remoteAddr(): Deno.NetAddr {
    return this.#conn.remoteAddr;
  }

  /** The address that it connected to. */
  get localAddr(): Deno.NetAddr {
    return this.#conn.localAddr;
  }

  /**
   * Reads more of the body that a handler wants.
   *
   * @returns Whether there is more.
   * @throws {TransportError} Where the connection is gone.
   */
  async readBody(): Promise<boolean> {
    const { clock, timeouts } = this.#context;
    this.#reading ??= this.#readAhead();
    const isMore = await this.#read("body", clock.nowMs + timeouts.bodyIdleMs);
    if (!this.#isAnswering) this.#wait("handler", timeouts.handlerMs);
    return isMore;
  }

  /**
   * Sends an interim answer; HTTP/1.0 has none.
   *
   * @param status 100 to 199.
   * @param fields Its field lines.
   * @throws {TypeError} Where a field breaks the rules of a head.
   * @throws {TransportError} Where the connection is gone.
   */
  async inform(status: number, fields: readonly FieldLine[]): Promise<void> {
    if (this.#isAnswering || this.#head?.minorVersion !== 1) return;
    const informing = this.#writer.inform(status, fields);
    this.#informing = Promise.allSettled([this.#informing, informing]);
    await informing;
    if (!this.#isAnswering) this.#wait("handler", this.#context.timeouts.handlerMs);
  }

  /** Reads ahead, so that it is noticed when the client leaves. What it sends instead is kept, as far as there is room. */
  watch(): void {
    this.#isWatched = true;
    if (this.#hasEnded) this.#leave(this.#isEndless);
    else this.readOn();
  }

  /** Goes on to read ahead where that was begun, and there is room again. */
  readOn(): void {
    if (!this.#isWatched || this.#reading !== undefined || this.#hasEnded || this.received.isFull) return;
    this.#reading = this.#readAhead();
    this.#reading.catch(() => {});
  }

  /**
   * The client has left, or has ended its side, which look the same: a handler is told of both. But one that has ended
   * its side still gets its answer, unless that would go on for ever, or its next piece is not there in time.
   */
  #leave(isGone: boolean): void {
    this.#request?.abort();
    if (this.#stage !== "piece") return;
    if (isGone) this.#writer.abort();
    else this.#wait("piece", this.#context.timeouts.handlerMs);
  }

  async #readAhead(): Promise<boolean> {
    let isMore: boolean | undefined;
    try {
      isMore = this.#take(await this.#conn.read(this.received.room()));
      return isMore;
    } finally {
      this.#reading = undefined;
      if (isMore) this.readOn();
      else if (this.#isWatched) this.#leave(isMore === undefined || this.#isEndless);
    }
  }

  /**
   * Tells the log how the connection ended, where it did not end as it should.
   *
   * @param error What ended it.
   */
  reportEnd(error: unknown): void {
    this.#endRequest(error instanceof Error ? error : new Error(String(error)));
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
      return parseRequestHead(this.received, this.#context.limits);
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** Reads more of a head. Returns whether the connection goes on. */
  async #receive(): Promise<boolean> {
    const { clock, timeouts, isDraining, report } = this.#context;
    if (this.received.length === 0) {
      return !isDraining && await this.#read("request", clock.nowMs + timeouts.idleMs);
    }
    if (this.#stage !== "head") this.#headDeadlineMs = clock.nowMs + timeouts.headMs;
    if (await this.#read("head", this.#headDeadlineMs)) return true;
    if (!this.#hasExpired) report("info", `${this.#remote} closed: the client ended amid a head`);
    return false;
  }

  /** Answers one request. Returns whether the connection goes on. */
  async #exchange(head: RequestHead): Promise<boolean> {
    const { clock, timeouts, hasBodies, handler } = this.#context;
    const startMs = clock.nowMs;
    this.#head = head;
    this.#isAnswering = false;
    this.#isWatched = false;
    this.#informing = undefined;
    const open = this.#makeOpen(head);
    const body = head.framing.kind === "none" ? undefined : open().body;
    let isPersistent = head.persistent;
    let response: HttpResponse;
    try {
      if (body !== undefined && !hasBodies) isPersistent = await this.#drain(head, body) && isPersistent;
      if (this.#hasExpired) return false;
      this.#wait("handler", timeouts.handlerMs);
      const answer = handler(head, open);
      response = answer instanceof Promise ? await this.#awaitAnswer(answer) : answer;
      if (this.#informing !== undefined) await this.#informing;
      if ("run" in response.body) checkUpgrade(head, response.body);
      // An application that makes 500 of all that it catches hides from the client what was wrong with the body.
      if (response.status >= 500 && body?.failure instanceof HttpError) {
        releaseBody(response.body);
        throw body.failure;
      }
    } catch (error) {
      if (error instanceof TransportError) throw error;
      const httpError = this.#reportFailure(body?.failure ?? error);
      isPersistent &&= !httpError.close;
      response = httpError.page ?? errorResponse(httpError, head.fieldLines.getList("accept"));
    }
    // A stream may be made of the body, which is then read while it is sent.
    const isBodyLast = body !== undefined && body.isTouched && "stream" in response.body;
    isPersistent &&= !this.#context.isDraining && selectFraming(response.body, head.minorVersion) !== "close";
    if (body !== undefined && hasBodies && !isBodyLast) {
      body.abandon();
      isPersistent &&= await this.#drain(head, body);
    }
    this.#isAnswering = true;
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
    if ("run" in response.body) return await this.#handOver(response.body);
    if (isBodyLast) {
      body.abandon();
      isPersistent &&= await this.#drain(head, body);
    }
    this.#endRequest();
    return isPersistent;
  }

  /** From now on the connection is somebody else's, to its end. */
  async #handOver(body: UpgradeBody): Promise<false> {
    await this.#writer.flush();
    this.#endRequest();
    this.#wait("upgraded", Infinity);
    this.#upgrade = body;
    const report = (error: unknown) => this.#context.report("error", `${this.#remote} upgraded: ${describe(error)}`);
    await body.run({
      read: (into) => this.#readUpgraded(into),
      write: (bytes) => this.#conn.write(bytes),
      closeWrite: () => this.#conn.closeWrite(),
      close: () => this.close(),
    }, report);
    return false;
  }

  /** What was received behind the request comes first. */
  async #readUpgraded(into: Uint8Array): Promise<number | null> {
    if (this.#reading !== undefined) await this.#reading;
    const { received } = this;
    if (received.length === 0) return this.#hasEnded ? null : await this.#conn.read(into);
    const count = Math.min(received.length, into.length);
    into.set(received.bytes.subarray(received.start, received.start + count));
    received.consume(count);
    return count;
  }

  #endRequest(error?: Error): void {
    this.#request?.end(error);
    this.#request = undefined;
    this.#head = undefined;
  }

  /** What was answered before must not wait for this one. The wait can be given up. */
  async #awaitAnswer(answer: Promise<HttpResponse>): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    let isAwaited = true;
    this.#giveUp = (reason) => {
      isAwaited = false;
      reject(reason);
    };
    answer.then((response) => isAwaited ? resolve(response) : releaseBody(response.body), reject);
    try {
      if (this.#writer.isWaiting) {
        promise.catch(() => {});
        await this.#writer.flush();
        this.#wait("handler", this.#context.timeouts.handlerMs);
      }
      return await promise;
    } finally {
      isAwaited = false;
      this.#giveUp = undefined;
    }
  }

  /**
   * Makes what opens the rest of a request: a handler may keep it, and must never come by it to that of the next one,
   * whose bytes it would take.
   */
  #makeOpen(head: RequestHead): () => RequestContext {
    let opened: RequestContext | undefined;
    return () => {
      if (opened !== undefined) return opened;
      opened = new RequestContext(head, this, this.#context.limits);
      if (this.#head === head) this.#request = opened;
      else opened.end();
      return opened;
    };
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
    const more = persistent && this.received.length > 0;
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
   * Reads what no handler wants of a body, within bounds. Returns whether that was all of it, so that the connection can
   * go on.
   *
   * A client that waits for 100 (Continue) may or may not send the body when it gets its answer at once, so that
   * connection ends: RFC 9110 section 10.1.1.
   *
   * @throws {HttpError} 400, 413 or 431, where no handler wants bodies: then it is not answered yet.
   */
  async #drain(head: RequestHead, body: RequestBody): Promise<boolean> {
    if (body.isDone) return body.failure === undefined;
    try {
      if (!this.#context.hasBodies) body.checkLength();
      return await this.#discard(head, body);
    } catch (error) {
      if (error instanceof HttpError && this.#context.hasBodies) return false;
      throw error;
    }
  }

  async #discard({ framing, expectsContinue }: RequestHead, body: RequestBody): Promise<boolean> {
    const { limits, timeouts, clock } = this.#context;
    const isLong = framing.kind === "fixed" && framing.contentLength > limits.drainBytes;
    if (body.failure !== undefined || isLong || (expectsContinue && !body.isTouched)) return false;
    const deadlineMs = clock.nowMs + timeouts.drainMs;
    for (let drained = body.discard(); drained <= limits.drainBytes; drained += body.discard()) {
      if (body.isDone) return true;
      if (!(await this.#read("drain", deadlineMs))) return false;
    }
    return false;
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
      this.received.consume(this.received.length);
    } while (await this.#read("linger", this.#hasExpired ? this.deadlineMs : deadlineMs));
  }

  /** Sends what waits to be sent, then reads once. Returns whether there is anything to go on with. */
  async #read(stage: Stage, deadlineMs: number): Promise<boolean> {
    if (this.#writer.isWaiting) await this.#writer.flush();
    this.#stage = stage;
    this.deadlineMs = deadlineMs;
    let isMore;
    try {
      isMore = this.#reading === undefined
        ? this.#take(await this.#conn.read(this.received.room()))
        : await this.#reading;
    } catch (cause) {
      throw new TransportError("Cannot read: the connection is gone", { cause });
    }
    return isMore && (stage === "linger" || !this.#hasExpired);
  }

  /** Takes over what was read. Returns whether that was something. */
  #take(count: number | null): boolean {
    this.#context.clock.read();
    if (count === null) this.#hasEnded = true;
    else this.received.received(count);
    return count !== null;
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

/** RFC 9110 section 7.8: not for HTTP/1.0. And bytes of a body would be taken for ones of the other protocol. */
function checkUpgrade({ minorVersion, framing }: RequestHead, body: UpgradeBody): void {
  if (minorVersion === 1 && framing.kind === "none") return;
  releaseBody(body);
  throw new HttpError(400, "A request that switches protocols is of HTTP/1.1 and has no body");
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
