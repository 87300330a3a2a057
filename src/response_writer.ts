/**
 * Sends responses on one connection, in order, and counts what it sends.
 *
 * A small answer leaves in one write. While more requests wait in the receive buffer their answers are collected and
 * leave together. A large body follows its head: one from memory in one further write, one from a file in pieces read
 * into a shared buffer, large for a client that keeps up and small for one that does not, so that a slow client holds
 * little memory. Bytes promised are bytes sent: a file that shrinks ends the connection.
 *
 * @module
 */

import { BufferPool } from "./buffer_pool.ts";
import type { Clock } from "./clock.ts";
import { TransportError } from "./errors.ts";
import { encodeResponseHead, hasContent } from "./http1.ts";
import type { FileBody, HttpResponse, Wire } from "./message.ts";
import { ReusableResponse } from "./message.ts";

/** Up to this, head and body are joined: copying is then cheaper than a second system call. */
const JOINED_BYTES = 16_384;

/** Answers to pipelined requests that leave together. */
const BATCH_BYTES = 65_536;
const batches = new BufferPool(BATCH_BYTES, 32);
/** Pieces of files: large for clients that keep up, small for those that do not. */
const largePieces = new BufferPool(262_144, 16);
const smallPieces = new BufferPool(32_768, 64);

/** What sending needs of a `Deno.Conn`. */
export interface ByteSink {
  /** Hands over some of the bytes and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How one response is sent. */
export interface SendOptions {
  /** Whether the connection goes on after it. */
  readonly persistent: boolean;
  /** Whether only the head is sent: the answer to HEAD. */
  readonly headOnly: boolean;
  /** Whether a further request is waiting already, so that the answer may wait for company. */
  readonly more: boolean;
}

/** The sending side of one connection. */
export class ResponseWriter {
  /** Body bytes of the last response: those the connection has taken, or that wait to leave with others. */
  bodyBytes: number = 0;
  readonly #sink: ByteSink;
  readonly #clock: Clock;
  readonly #beforeWrite: () => void;
  #batch: Uint8Array<ArrayBuffer> | undefined;
  #batched = 0;

  /**
   * Makes a writer that has sent nothing.
   *
   * @param sink Where the bytes go.
   * @param clock Source of `Date`.
   * @param beforeWrite Called before each system call, which may wait: the place to set a deadline.
   */
  constructor(sink: ByteSink, clock: Clock, beforeWrite: () => void) {
    this.#sink = sink;
    this.#clock = clock;
    this.#beforeWrite = beforeWrite;
  }

  /** Whether answers wait for company; {@linkcode flush} sends them. */
  get isWaiting(): boolean {
    return this.#batch !== undefined;
  }

  /**
   * Sends a response. A file body is closed in every case.
   *
   * @param response The response.
   * @param options How it is sent.
   * @returns Settled when the connection has taken it all; nothing where it leaves with a later one.
   * @throws {TransportError} Where the client is gone.
   * @throws {Error} Where a file cannot be read up to the length that was promised; the connection is then unusable.
   */
  send(response: HttpResponse, { persistent, headOnly, more }: SendOptions): Promise<void> | undefined {
    const { body } = response;
    if (!(body instanceof Uint8Array)) return this.#sendFileAndClose(response, body, { persistent, headOnly, more });
    const { bytes, headLength } = this.#encode(response, persistent);
    const isHeadOnly = !hasContent(response.status, headOnly);
    if (!isHeadOnly && bytes.length < headLength + body.length) return this.#sendLarge(bytes, body);
    this.bodyBytes = isHeadOnly ? 0 : body.length;
    return this.#sendSmall(isHeadOnly ? bytes.subarray(0, headLength) : bytes, more);
  }

  /**
   * Sends the answers that were waiting for company.
   *
   * @throws {TransportError} Where the client is gone.
   */
  async flush(): Promise<void> {
    const batch = this.#batch;
    if (batch === undefined) return;
    const length = this.#batched;
    this.#batch = undefined;
    this.#batched = 0;
    try {
      await this.#writeAll(batch.subarray(0, length));
    } finally {
      batches.give(batch);
    }
  }

  /** The wire form of a response: made anew once a second where the response is used again, else each time. */
  #encode(response: HttpResponse, persistent: boolean): Wire {
    if (!(response instanceof ReusableResponse)) return this.#encodeAnew(response, persistent);
    const { wires } = response;
    const kept = persistent ? wires.keepAlive : wires.close;
    if (kept !== undefined && kept.second === this.#clock.second) return kept;
    const wire = this.#encodeAnew(response, persistent);
    if (persistent) wires.keepAlive = wire;
    else wires.close = wire;
    return wire;
  }

  #encodeAnew(response: HttpResponse, persistent: boolean): Wire {
    const { body } = response;
    const { second, date } = this.#clock;
    const head = encodeResponseHead(response, { date, persistent });
    if (!(body instanceof Uint8Array) || head.length + body.length > JOINED_BYTES) {
      return { second, bytes: head, headLength: head.length };
    }
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    return { second, bytes, headLength: head.length };
  }

  #sendSmall(bytes: Uint8Array, more: boolean): Promise<void> | undefined {
    if (this.#batch === undefined && !more) return this.#writeAll(bytes);
    if (this.#batched + bytes.length > BATCH_BYTES) return this.flush().then(() => this.#writeAll(bytes));
    this.#batch ??= batches.take();
    this.#batch.set(bytes, this.#batched);
    this.#batched += bytes.length;
    return undefined;
  }

  async #sendLarge(head: Uint8Array, body: Uint8Array): Promise<void> {
    this.bodyBytes = 0;
    await this.flush();
    await this.#writeAll(head);
    while (this.bodyBytes < body.length) this.bodyBytes += await this.#write(body.subarray(this.bodyBytes));
  }

  async #sendFileAndClose(response: HttpResponse, body: FileBody, options: SendOptions): Promise<void> {
    try {
      this.bodyBytes = 0;
      const { bytes } = this.#encode(response, options.persistent);
      if (hasContent(response.status, options.headOnly)) await this.#sendFile(bytes, body);
      else await this.#sendSmall(bytes, options.more);
    } finally {
      body.file.close();
    }
  }

  /** The head leaves with the first piece. What the client did not take at once is read again, not held. */
  async #sendFile(head: Uint8Array, body: FileBody): Promise<void> {
    await this.flush();
    let headLeft = head;
    let pieces = largePieces;
    while (headLeft.length > 0 || this.bodyBytes < body.length) {
      const pool = pieces;
      const buffer = pool.take();
      try {
        buffer.set(headLeft);
        const end = headLeft.length + body.length - this.bodyBytes;
        const read = readPiece(body, buffer.subarray(headLeft.length, end));
        const sent = await this.#write(buffer.subarray(0, headLeft.length + read));
        const readAndSent = Math.max(0, sent - headLeft.length);
        headLeft = headLeft.subarray(sent);
        this.bodyBytes += readAndSent;
        if (readAndSent < read) body.file.seekSync(readAndSent - read, 1);
        pieces = readAndSent < read ? smallPieces : largePieces;
      } finally {
        pool.give(buffer);
      }
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let sent = await this.#write(bytes);
    while (sent < bytes.length) sent += await this.#write(bytes.subarray(sent));
  }

  async #write(bytes: Uint8Array): Promise<number> {
    this.#beforeWrite();
    try {
      return await this.#sink.write(bytes);
    } catch (cause) {
      throw new TransportError("Cannot write: the connection is gone", { cause });
    }
  }
}

function readPiece(body: FileBody, into: Uint8Array): number {
  if (into.length === 0) return 0;
  const count = body.file.readSync(into);
  if (count === null) throw new Error("File has become shorter than the length that was promised");
  return count;
}
