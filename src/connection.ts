/**
 * The whole life of one connection: receive a head, answer it, drain what is left of it, and again; then close so that
 * the last answer arrives.
 *
 * RFC 9112 section 9. The state machine is `serve`; every wait in it stands under a deadline that one sweep per worker
 * checks, and the only catch that answers is here. What a handler does between head and answer is in
 * `current_request.ts`.
 *
 * @module
 */

import type { ConnectionContext, OpenConnection } from "./connection_context.ts";
import type { ReaderOwner } from "./connection_reader.ts";
import { ConnectionReader } from "./connection_reader.ts";
import type { ConnectionParts } from "./current_request.ts";
import { CurrentRequest } from "./current_request.ts";
import { Deadline } from "./deadline.ts";
import { errorResponse } from "./error_response.ts";
import { HttpError, toHttpError, TransportError } from "./errors.ts";
import { formatResponseHead, parseRequestHead, selectFraming } from "./http1.ts";
import type { HttpResponse, RequestHead, UpgradeBody } from "./message.ts";
import { Pace } from "./pace.ts";
import type { RequestBody, RequestContext } from "./request_context.ts";
import type { WaitObserver } from "./response_writer.ts";
import { releaseBody, ResponseWriter } from "./response_writer.ts";

/** A connection that was quiet for less may have a request on its way: it is not closed for a new one, nor lightly. */
const IDLE_MS = 1_000;

/** One exchange, where something of it has to be waited for. */
interface ExchangeSteps {
  readonly head: RequestHead;
  readonly body: RequestBody | undefined;
  readonly startMs: number;
  /** Asks the handler, or gives what it has answered. */
  readonly ask: () => HttpResponse | Promise<HttpResponse>;
}

/**
 * Serves a connection to its end and closes it. Never throws.
 *
 * @param conn The connection; owned by this call.
 * @param context What it shares with the others of its worker.
 */
export async function serveConnection(conn: Deno.TcpConn, context: ConnectionContext): Promise<void> {
  const { admission, connections } = context;
  const addressRow = admission.opened(conn.remoteAddr.hostname);
  const refusal = admission.checkConnection(addressRow);
  // While it is told so it takes nobody's place.
  if (refusal !== undefined) admission.closed(addressRow);
  const connection = new Connection(conn, context, addressRow);
  const place = connections.add(connection);
  try {
    if (refusal === undefined) await connection.serve();
    else await connection.turnAway(refusal);
  } catch (error) {
    connection.reportEnd(error);
  } finally {
    connections.remove(place);
    connection.close();
    if (refusal === undefined) admission.closed(addressRow);
  }
}

/**
 * Makes room for a new connection: closes the first idle one, which is the oldest. RFC 9112 section 9.5 allows it.
 *
 * @param connections The open connections.
 * @returns Whether there was one.
 */
export function closeIdle(connections: Iterable<OpenConnection>): boolean {
  for (const connection of connections) {
    if (!connection.isIdle) continue;
    connection.close();
    return true;
  }
  return false;
}

/**
 * One connection. Its parts are given this object itself and none that is made for them: where connections are seen to
 * last V8 begins to allocate what a literal makes among the old objects, and what short connections leave there waits for
 * the next full collection.
 */
export class Connection implements OpenConnection, ConnectionParts, ReaderOwner, WaitObserver {
  /** The socket. */
  readonly conn: Deno.TcpConn;
  /** Until when it waits, and what for. */
  readonly deadline: Deadline;
  /** Its receiving side. */
  readonly reader: ConnectionReader;
  /** Its sending side. */
  readonly writer: ResponseWriter;
  readonly #context: ConnectionContext;
  readonly #addressRow: number;
  readonly #request: CurrentRequest;
  /** Since when it has waited for a request; of a deadline that never passes that cannot be told. */
  #idleSinceMs = Infinity;
  /** Set with the first byte of a head; later bytes do not renew it. */
  #headDeadlineMs = Infinity;
  /** Whether the client has said that it sends nothing behind the present request, RFC 9112 section 9.6. */
  #isLast = false;
  /** Whether there will be another request behind the present one, RFC 9112 section 9.3. */
  #goesOn = true;
  /** The last head that came, which may come again; forgotten where a sweep finds that the next one is waited for. */
  #previousHead: RequestHead | undefined;
  /** Number of requests answered, or being answered. */
  #requests = 0;
  #receivingPace: Pace | undefined;
  #takingPace: Pace | undefined;
  /** What was waited for when the pace was looked at last. */
  #pacedStage: Deadline["stage"] | undefined;
  /** What has taken the connection over. */
  #upgrade: UpgradeBody | undefined;
  #isClosed = false;

  /**
   * Takes a connection over, without touching it yet.
   *
   * @param conn The connection.
   * @param context What it shares with the others of its worker.
   * @param addressRow Where its client is counted.
   */
  constructor(conn: Deno.TcpConn, context: ConnectionContext, addressRow: number) {
    const { clock } = context;
    this.conn = conn;
    this.#context = context;
    this.#addressRow = addressRow;
    this.deadline = new Deadline(clock);
    this.writer = new ResponseWriter(conn, clock, this);
    this.reader = new ConnectionReader(conn, this, context);
    this.#request = new CurrentRequest(context, this);
  }

  /** Something is about to be sent. */
  beforeWrite(): void {
    if (!this.deadline.hasExpired) this.deadline.wait("write", this.#context.timeouts.writeStallMs);
  }

  /** The next piece of an answer is about to be waited for. */
  beforePiece(): void {
    this.#request.awaitPiece();
  }

  /**
   * The client has ended its side, or is gone, while it was watched.
   *
   * @param isGone Whether it surely is gone.
   */
  onLeave(isGone: boolean): void {
    this.#request.leave(isGone);
  }

  /** When the present wait must be over, on the clock of the worker. */
  get deadlineMs(): number {
    return this.deadline.atMs;
  }

  /** Number of bytes that were received and not yet taken. */
  get waitingBytes(): number {
    return this.reader.received.length;
  }

  /** Whether it has waited for a request for a while, and nothing of one has come. */
  get isIdle(): boolean {
    if (this.#isClosed || this.deadline.stage !== "request" || this.waitingBytes > 0) return false;
    return this.#context.clock.nowMs - this.#idleSinceMs >= IDLE_MS;
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
      if (head === undefined) {
        if (!await this.#receive()) break;
        continue;
      }
      const exchange = this.#exchange(head);
      if (exchange !== undefined) await exchange;
      // Who waits for the end of this request hears of it before the next one is handled.
      if (this.#request.end()) await undefined;
      if (!this.#goesOn) break;
    }
    await this.writer.flush();
    const isOver = this.#isLast && this.reader.received.length === 0;
    if (!isOver && !this.reader.hasEnded && this.#upgrade === undefined) await this.#linger();
  }

  /**
   * Ends a connection that is not served, with an answer where not too many get one.
   *
   * @param error Why.
   */
  async turnAway(error: HttpError): Promise<void> {
    const { admission } = this.#context;
    if (!admission.mayTell()) return;
    try {
      this.#sendAtOnce();
      await this.#answer(undefined, errorResponse(error, undefined), false);
      await this.#linger();
    } finally {
      admission.toldOff();
    }
  }

  /**
   * The deadline has passed: 408 where a request had begun (RFC 9110 section 15.5.9), and the end.
   *
   * @param reason What the log says.
   */
  expire(reason = "time-out"): void {
    const { stage } = this.deadline;
    const isRoutine = stage === "request" || stage === "linger";
    this.#context.report(isRoutine ? "debug" : "info", `${this.#remote} closed: ${reason} while waiting for ${stage}`);
    switch (stage) {
      case "handler":
        return this.#request.abandon(new HttpError(503, "The handler has not answered in time", { close: true }));
      case "body":
        if (this.#request.isAnswering) return this.close();
        return this.#request.abandon(new HttpError(408, "Time-out while the handler waits for the body"));
      case "drain":
        if (this.#request.stopDraining()) return;
        return this.#expireReading();
      case "head":
        return this.#expireReading();
      default:
        return this.close();
    }
  }

  /**
   * Some time has passed. A client that is waited for, for its body or to take its answer, must be fast enough: RFC 9110
   * has no rule for it, Apache's `mod_reqtimeout` and Kestrel's minimum data rates have. For one that is idle little is
   * kept.
   *
   * @param elapsedMs How long.
   */
  tick(elapsedMs: number): void {
    const { limits, timeouts } = this.#context;
    const { stage } = this.deadline;
    // A wait that began since the last look has taken only a part of that time, and the clock is too coarse to tell which.
    const waitedMs = stage === this.#pacedStage ? elapsedMs : 0;
    this.#pacedStage = stage;
    if (stage === "request" || stage === "head") {
      this.#previousHead = undefined;
    } else if (stage === "body") {
      const { receivedBytes } = this.reader;
      this.#receivingPace ??= new Pace(limits.bodyBytesPerSecond, timeouts.bodyIdleMs, receivedBytes);
      if (!this.#receivingPace.keeps(receivedBytes, waitedMs)) this.expire("too slow");
    } else if (stage === "write") {
      const { takenBytes } = this.writer;
      this.#takingPace ??= new Pace(limits.writeBytesPerSecond, timeouts.writeStallMs, takenBytes);
      if (!this.#takingPace.keeps(takenBytes, waitedMs)) this.expire("too slow");
    }
  }

  /** Nothing but this connection waits: the answer is sent beside the read, which ends when the client does. */
  #expireReading(): void {
    this.deadline.hasExpired = true;
    this.deadline.wait("linger", this.#context.timeouts.lingerMs);
    Promise.resolve(this.#answer(undefined, errorResponse(new HttpError(408, "Time-out"), undefined), false))
      .then(() => this.conn.closeWrite())
      .catch(() => this.close());
  }

  /**
   * The worker stops: a connection that is idle, or has an answer without end, closes now, the others with theirs. Where
   * the server goes on, one that was quiet for a moment only is not idle: its client has no reason to expect an end.
   */
  finish(): void {
    if (this.#upgrade !== undefined) return this.#upgrade.shutdown();
    if (this.#request.isEndless) return this.close();
    if (this.deadline.stage !== "request") return;
    const { hasSuccessor, clock } = this.#context;
    const untilMs = this.#idleSinceMs + IDLE_MS;
    if (!hasSuccessor || untilMs <= clock.nowMs) return this.close();
    this.deadline.waitUntil("request", Math.min(this.deadline.atMs, untilMs));
  }

  /** Closes the connection; whatever waits on it then fails. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.conn.close();
    this.writer.abort();
    this.#request.giveUp(new TransportError("The connection is closed"));
  }

  /**
   * Tells the log how the connection ended, where it did not end as it should.
   *
   * @param error What ended it.
   */
  reportEnd(error: unknown): void {
    this.#request.end(error instanceof Error ? error : new Error(String(error)));
    const { report } = this.#context;
    if (error instanceof TransportError) report("debug", `${this.#remote} closed: ${error.message}`);
    else report("error", `${this.#remote} closed: ${describe(error)}`);
  }

  get #remote(): string {
    return this.conn.remoteAddr.hostname;
  }

  /** Without this the second of two small writes waits 40 ms for the client to acknowledge the first. */
  #sendAtOnce(): void {
    try {
      this.conn.setNoDelay(true);
    } catch (cause) {
      throw new TransportError("Cannot set up: the connection is gone", { cause });
    }
  }

  /** The next head, `undefined` where it is not complete, or the error that answers it. */
  #takeHead(): RequestHead | HttpError | undefined {
    try {
      const head = parseRequestHead(this.reader.received, this.#context.limits, this.#previousHead);
      if (head !== undefined) this.#previousHead = head;
      return head;
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** Reads more of a head. Returns whether the connection goes on. Most connections wait here, so it holds nothing. */
  #receive(): boolean | Promise<boolean> {
    const { clock, timeouts, isDraining, hasSuccessor } = this.#context;
    if (this.reader.received.length > 0) return this.#receiveRest();
    this.#idleSinceMs = clock.nowMs;
    if (!isDraining) return this.reader.read("request", clock.nowMs + timeouts.idleMs);
    // One that was accepted in the moment of the order to stop has something on its way.
    const mayAsk = this.#requests === 0 || hasSuccessor;
    return mayAsk && this.reader.read("request", clock.nowMs + Math.min(IDLE_MS, timeouts.idleMs));
  }

  async #receiveRest(): Promise<boolean> {
    const { clock, timeouts, report } = this.#context;
    if (this.deadline.stage !== "head") this.#headDeadlineMs = clock.nowMs + timeouts.headMs;
    if (await this.reader.read("head", this.#headDeadlineMs)) return true;
    if (!this.deadline.hasExpired) report("info", `${this.#remote} closed: the client ended amid a head`);
    return false;
  }

  /**
   * Answers one request, at once where nothing has to be waited for but the sending: what an asynchronous function keeps
   * for itself is a quarter of all that a small answer allocates.
   */
  #exchange(head: RequestHead): Promise<void> | undefined {
    const { clock, limits } = this.#context;
    const request = this.#request;
    const startMs = clock.nowMs;
    const open = request.begin(head);
    const body = head.framing.kind === "none" ? undefined : open().body;
    // Behind CONNECT there may be bytes for the tunnel already.
    this.#isLast = !head.persistent && body === undefined && head.method !== "CONNECT";
    this.#goesOn = head.persistent && ++this.#requests < limits.requestsPerConnection;
    if (body !== undefined) return this.#exchangeInSteps({ head, body, startMs, ask: () => this.#ask(head, open) });
    let response: HttpResponse;
    try {
      const answer = this.#ask(head, open);
      const isLater = answer instanceof Promise || "run" in answer.body;
      if (isLater) return this.#exchangeInSteps({ head, body, startMs, ask: () => answer });
      response = answer;
    } catch (error) {
      response = this.#fail(head, error);
    }
    if (request.informing !== undefined) {
      return this.#exchangeInSteps({ head, body, startMs, ask: () => response });
    }
    this.#checkEnd(head, response);
    return this.#respond(head, response, startMs);
  }

  #ask(head: RequestHead, open: () => RequestContext): HttpResponse | Promise<HttpResponse> {
    const { admission, timeouts, handler } = this.#context;
    if (admission.isCountingRequests) admission.checkRequest(this.#addressRow);
    this.deadline.wait("handler", timeouts.handlerMs);
    return handler(head, open);
  }

  async #exchangeInSteps({ head, body, startMs, ask }: ExchangeSteps): Promise<void> {
    const { hasBodies } = this.#context;
    const request = this.#request;
    let response: HttpResponse;
    try {
      if (body !== undefined && !hasBodies) this.#goesOn = await request.drain(head, body) && this.#goesOn;
      if (this.deadline.hasExpired) {
        this.#goesOn = false;
        return;
      }
      const answer = ask();
      response = answer instanceof Promise ? await request.awaitAnswer(answer) : answer;
      if ("run" in response.body) checkUpgrade(head, response, response.body);
      // An application that makes 500 of all that it catches hides from the client what was wrong with the body.
      if (response.status >= 500 && body?.failure instanceof HttpError) {
        releaseBody(response.body);
        throw body.failure;
      }
    } catch (error) {
      response = this.#fail(head, error, body?.failure);
    }
    if (request.informing !== undefined) await request.informing;
    this.#checkEnd(head, response);
    // A stream may be made of the body, which is then read while it is sent.
    const isBodyLast = body !== undefined && body.isTouched && "stream" in response.body;
    if (body !== undefined && hasBodies && !isBodyLast) {
      body.abandon();
      this.#goesOn &&= await request.drain(head, body);
    }
    await this.#respond(head, response, startMs);
    if ("run" in response.body) return await this.#handOver(response.body);
    if (isBodyLast) {
      body.abandon();
      this.#goesOn &&= await request.drain(head, body);
    }
  }

  /** What answers a request where its handler fails, which may be for a failure of the body. */
  #fail(head: RequestHead, error: unknown, bodyFailure?: unknown): HttpResponse {
    if (error instanceof TransportError) throw error;
    const httpError = this.#reportFailure(bodyFailure ?? error);
    this.#goesOn &&= !httpError.close;
    return httpError.page ?? errorResponse(httpError, head.fieldLines.getList("accept"));
  }

  /** The worker stops, or nothing else can end the answer. */
  #checkEnd({ minorVersion }: RequestHead, { body }: HttpResponse): void {
    this.#goesOn &&= !this.#context.isDraining && selectFraming(body, minorVersion) !== "close";
  }

  /** Sends the answer. Returns nothing where it is to leave with the next one. */
  #respond(head: RequestHead, response: HttpResponse, startMs: number): Promise<void> | undefined {
    this.#request.answer(response.body);
    try {
      return this.#answer(head, response, this.#goesOn, startMs);
    } catch (error) {
      // The response broke the rules of a head, and nothing of it was sent.
      this.#goesOn = false;
      return this.#answer(head, errorResponse(this.#reportFailure(error), undefined), false, startMs);
    }
  }

  /** From now on the connection is somebody else's, to its end. */
  async #handOver(body: UpgradeBody): Promise<void> {
    this.#goesOn = false;
    await this.writer.flush();
    this.#request.end();
    this.deadline.wait("upgraded", Infinity);
    this.#upgrade = body;
    const report = (error: unknown) => this.#context.report("error", `${this.#remote} upgraded: ${describe(error)}`);
    await body.run({
      read: (into) => this.reader.readInto(into),
      write: (bytes) => this.#writeUpgraded(bytes),
      closeWrite: () => this.conn.closeWrite(),
      close: () => this.close(),
    }, report);
  }

  /** A client must take what it is sent as it must take an answer; what it may be silent for is not decided here. */
  async #writeUpgraded(bytes: Uint8Array): Promise<number> {
    try {
      return await this.writer.pass(bytes);
    } finally {
      this.deadline.wait("upgraded", Infinity);
    }
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
    const more = persistent && this.reader.received.length > 0;
    const minorVersion = head?.minorVersion ?? 1;
    const sending = this.writer.send(response, { persistent, headOnly, more, minorVersion });
    const { logExchange, clock } = this.#context;
    if (logExchange === undefined) return sending;
    const log = () => {
      clock.read();
      const { bodyBytes } = this.writer;
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
   * Closes the sending side and reads until the client has closed too: closing while bytes wait unread resets the
   * connection, and with it the answer (RFC 9112 section 9.6).
   */
  async #linger(): Promise<void> {
    const deadlineMs = this.#context.clock.nowMs + this.#context.timeouts.lingerMs;
    const { received } = this.reader;
    await this.conn.closeWrite().catch((cause) => {
      throw new TransportError("Cannot close: the connection is gone", { cause });
    });
    do {
      received.consume(received.length);
    } while (await this.reader.read("linger", this.deadline.hasExpired ? this.deadline.atMs : deadlineMs));
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

/**
 * RFC 9110 section 7.8: not for HTTP/1.0. And bytes of a body would be taken for ones of the other protocol; and where
 * the head breaks a rule it is not sent, so there is no other protocol.
 */
function checkUpgrade({ minorVersion, framing }: RequestHead, response: HttpResponse, body: UpgradeBody): void {
  try {
    if (minorVersion === 0 || framing.kind !== "none") {
      throw new HttpError(400, "A request that switches protocols is of HTTP/1.1 and has no body");
    }
    formatResponseHead(response, { date: "", persistent: true });
  } catch (error) {
    releaseBody(body);
    throw error;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
