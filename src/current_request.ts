/**
 * The request that a connection is answering, between its head and the end of its answer: what its handler asks of the
 * connection, the wait for the handler, and what is left of the body.
 *
 * There is one per connection, used for one request after the other, so that a request costs no more than the closure
 * which opens its context. A handler that keeps a request never comes by it to the next one.
 *
 * @module
 */

import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionReader } from "./connection_reader.ts";
import type { Deadline } from "./deadline.ts";
import { HttpError } from "./errors.ts";
import type { FieldLine, HttpResponse, RequestHead, ResponseBody } from "./message.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import type { RequestBody, RequestConnection } from "./request_context.ts";
import { RequestContext } from "./request_context.ts";
import type { ResponseWriter } from "./response_writer.ts";
import { releaseBody } from "./response_writer.ts";

/** The parts of a connection that a request needs. */
export interface ConnectionParts {
  /** The addresses of both ends. */
  readonly conn: Pick<Deno.TcpConn, "remoteAddr" | "localAddr">;
  /** Its receiving side. */
  readonly reader: ConnectionReader;
  /** Its sending side. */
  readonly writer: ResponseWriter;
  /** Its deadline. */
  readonly deadline: Deadline;
}

/** The request under way on one connection. */
export class CurrentRequest implements RequestConnection {
  readonly #context: ConnectionContext;
  readonly #parts: ConnectionParts;
  /** That of the present request. */
  #head: RequestHead | undefined;
  /** Opens it; tells it from any other request, whose head may be the same object. */
  #open: (() => RequestContext) | undefined;
  /** Made where the handler or the body makes it necessary. */
  #opened: RequestContext | undefined;
  #isAnswering = false;
  /** Whether the answer goes on as long as the client stays. */
  #isEndless = false;
  /** Interim answers that are being sent: the answer comes behind them. */
  #informing: Promise<unknown> | undefined;
  /** Until when more of the body must come, while that is waited for. */
  #bodyUntilMs: number | undefined;
  /** Ends the wait for the answer of the handler. */
  #giveUp: ((reason: Error) => void) | undefined;
  /** Ends the wait for the rest of a body that nobody reads. */
  #stopDraining: (() => void) | undefined;

  /**
   * Makes one without a request.
   *
   * @param context What the connection shares with the others of its worker.
   * @param parts The parts of the connection.
   */
  constructor(context: ConnectionContext, parts: ConnectionParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Whether its answer is being sent. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /** Whether its answer has no end but that of the connection. */
  get isEndless(): boolean {
    return this.#isEndless;
  }

  /** Interim answers that have to be sent before the answer. */
  get informing(): Promise<unknown> | undefined {
    return this.#informing;
  }

  /** The address of the client. */
  get remoteAddr(): Deno.NetAddr {
    return this.#parts.conn.remoteAddr;
  }

  /** The address that it connected to. */
  get localAddr(): Deno.NetAddr {
    return this.#parts.conn.localAddr;
  }

  /** What was received and not yet taken. */
  get received(): ReceiveBuffer {
    return this.#parts.reader.received;
  }

  /**
   * A request begins.
   *
   * @param head Its head.
   * @returns Opens the rest of it. A handler may keep this, and must never come by it to the next request, whose bytes
   * it would take.
   */
  begin(head: RequestHead): () => RequestContext {
    this.#head = head;
    this.#isAnswering = false;
    this.#isEndless = false;
    this.#informing = undefined;
    this.#bodyUntilMs = undefined;
    this.#parts.reader.unwatch();
    let opened: RequestContext | undefined;
    const open = () => {
      if (opened !== undefined) return opened;
      opened = new RequestContext(head, this, this.#context.limits);
      if (this.#open === open) this.#opened = opened;
      else opened.end();
      return opened;
    };
    this.#open = open;
    return open;
  }

  /**
   * Its answer begins.
   *
   * @param body The content of the answer.
   */
  answer(body: ResponseBody): void {
    this.#isAnswering = true;
    this.#isEndless = "stream" in body && body.isEndless;
  }

  /**
   * It is over.
   *
   * @param error Why its answer was not sent whole.
   * @returns Whether there may be somebody who waits for that.
   */
  end(error?: Error): boolean {
    const opened = this.#opened;
    opened?.end(error);
    this.#opened = undefined;
    this.#open = undefined;
    this.#head = undefined;
    return opened !== undefined;
  }

  /**
   * Waits for the handler, whose answer may never come: the wait can be given up. What was answered before must not wait
   * for this one.
   *
   * @param answer What the handler returned.
   * @throws {Error} What the handler failed with, or why the wait was given up.
   */
  async awaitAnswer(answer: Promise<HttpResponse>): Promise<HttpResponse> {
    const { writer } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    let isAwaited = true;
    this.#giveUp = (reason) => {
      isAwaited = false;
      reject(reason);
    };
    answer.then((response) => isAwaited ? resolve(response) : releaseBody(response.body), reject);
    try {
      if (writer.isWaiting) {
        promise.catch(() => {});
        await writer.flush();
        this.#goOnWaiting();
      }
      return await promise;
    } finally {
      isAwaited = false;
      this.#giveUp = undefined;
    }
  }

  /**
   * Answers in place of the handler, which is told.
   *
   * @param reason The answer.
   */
  abandon(reason: HttpError): void {
    this.#opened?.abort(reason);
    this.giveUp(reason);
  }

  /**
   * Ends the wait for the handler.
   *
   * @param reason Why.
   */
  giveUp(reason: Error): void {
    this.#giveUp?.(reason);
  }

  /**
   * Goes on to the answer without the rest of the body that nobody reads.
   *
   * @returns Whether there is an answer to go on to.
   */
  stopDraining(): boolean {
    this.#stopDraining?.();
    return this.#stopDraining !== undefined;
  }

  /**
   * Reads more of the body that a handler wants.
   *
   * @returns Whether there is more.
   * @throws {TransportError} Where the connection is gone.
   */
  async readBody(): Promise<boolean> {
    const { clock, timeouts } = this.#context;
    const { reader, deadline } = this.#parts;
    this.#bodyUntilMs = clock.nowMs + timeouts.bodyIdleMs;
    reader.readAhead();
    // A client that does not take what it is sent is not waited for longer because it sends.
    const isMore = deadline.stage === "write"
      ? await reader.read("write", deadline.atMs)
      : await reader.read("body", this.#bodyUntilMs);
    this.#bodyUntilMs = undefined;
    if (deadline.stage === "body") this.#goOnWaiting();
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
    const { writer } = this.#parts;
    const inform = () => writer.inform(status, fields);
    const informing = this.#informing === undefined ? inform() : this.#informing.then(inform);
    this.#informing = Promise.allSettled([informing]);
    await informing;
    if (!this.#isAnswering) this.#goOnWaiting();
  }

  /** The next piece of the answer is waited for, or the body that it may be made of. */
  awaitPiece(): void {
    this.#goOnWaiting();
    this.watch();
  }

  /** Reads ahead, so that it is noticed when the client leaves. What it sends instead is kept, as far as there is room. */
  watch(): void {
    const { reader } = this.#parts;
    reader.watch();
    if (reader.hasEnded) this.leave(false);
  }

  /** Goes on to read ahead where that was begun, and there is room again. */
  readOn(): void {
    this.#parts.reader.readOn();
  }

  /**
   * The client has left, or has ended its side, which look the same: a handler is told of both. But one that has ended
   * its side still gets its answer, unless that would go on for ever, or its next piece is not there in time.
   *
   * @param isGone Whether it surely has left.
   */
  leave(isGone: boolean): void {
    this.#opened?.abort();
    const { deadline, writer } = this.#parts;
    if (deadline.stage !== "piece") return;
    if (isGone || this.#isEndless) writer.abort();
    else deadline.wait("piece", this.#context.timeouts.handlerMs);
  }

  /**
   * Reads what no handler wants of a body, within bounds.
   *
   * A client that waits for 100 (Continue) may or may not send the body when it gets its answer at once, so that
   * connection ends: RFC 9110 section 10.1.1.
   *
   * @param head The head that the body belongs to.
   * @param body The body.
   * @returns Whether that was all of it, so that the connection can go on.
   * @throws {HttpError} 400, 413 or 431, where no handler wants bodies: then it is not answered yet.
   */
  async drain(head: RequestHead, body: RequestBody): Promise<boolean> {
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
      const isMore = this.#context.hasBodies
        ? await this.#readOrStop(deadlineMs)
        : await this.#parts.reader.read("drain", deadlineMs);
      if (!isMore) return false;
    }
    return false;
  }

  /** The answer is there already: it must not wait for longer than the deadline. */
  async #readOrStop(deadlineMs: number): Promise<boolean> {
    const { reader } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#stopDraining = () => resolve(false);
    reader.readAhead();
    reader.read("drain", deadlineMs).then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.#stopDraining = undefined;
    }
  }

  /** Nothing is being sent: what is waited for is the body, else the next piece of the answer, else the handler. */
  #goOnWaiting(): void {
    const { deadline } = this.#parts;
    if (this.#bodyUntilMs !== undefined) deadline.waitUntil("body", this.#bodyUntilMs);
    else if (this.#isAnswering) deadline.wait("piece", Infinity);
    else deadline.wait("handler", this.#context.timeouts.handlerMs);
  }
}
