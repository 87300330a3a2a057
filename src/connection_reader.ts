/**
 * The receiving side of one connection: reads when it is asked to, or ahead, so that it is noticed when the client
 * leaves. Both are the same read of the socket: whoever reads next waits for the one that is under way.
 *
 * Answers that wait for company leave before a read at the latest.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Deadline, Stage } from "./deadline.ts";
import { TransportError } from "./errors.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import type { ResponseWriter } from "./response_writer.ts";

/** What reading needs of a `Deno.Conn`. */
export interface ByteSource {
  /** Reads some bytes; `null` once the other side has closed. */
  read(into: Uint8Array): Promise<number | null>;
}

/** The connection that {@linkcode ConnectionReader} is a part of. */
export interface ReaderOwner {
  /** Its deadline. */
  readonly deadline: Deadline;
  /** What sends its answers. */
  readonly writer: ResponseWriter;
  /** Told, while the client is watched, that it has ended its side, or is gone. */
  onLeave(isGone: boolean): void;
}

/** What the readers of one worker share. */
export interface ReaderContext {
  /** The time of the worker; read whenever bytes arrive. */
  readonly clock: Clock;
  /** Bounds: what the buffer may grow to. */
  readonly limits: { readonly headBytes: number };
}

/** Reads one connection. */
export class ConnectionReader {
  /** What was received and not yet taken. */
  readonly received: ReceiveBuffer;
  /** Whether the client has closed its sending side. */
  hasEnded: boolean = false;
  /** All bytes that were received. */
  receivedBytes: number = 0;
  readonly #source: ByteSource;
  readonly #owner: ReaderOwner;
  readonly #clock: Clock;
  /** A read that was begun for a body or to see whether the client leaves. */
  #reading: Promise<boolean> | undefined;
  #isWatching = false;

  /**
   * Makes a reader that has read nothing.
   *
   * @param source Where the bytes come from.
   * @param owner The connection.
   * @param context What it shares with others.
   */
  constructor(source: ByteSource, owner: ReaderOwner, { clock, limits }: ReaderContext) {
    this.#source = source;
    this.#owner = owner;
    this.#clock = clock;
    this.received = new ReceiveBuffer(limits.headBytes);
  }

  /**
   * Sends what waits to be sent, then reads once.
   *
   * @param stage What for.
   * @param deadlineMs When there must be something.
   * @returns Whether there is anything to go on with.
   * @throws {TransportError} Where the connection is gone.
   */
  read(stage: Stage, deadlineMs: number): Promise<boolean> {
    const { writer } = this.#owner;
    // It may end while answers are sent, and is then the read that was asked for.
    const reading = this.#reading;
    if (writer.isWaiting) return writer.flush().then(() => this.#readNow(reading ?? this.#reading, stage, deadlineMs));
    return this.#readNow(reading, stage, deadlineMs);
  }

  #readNow(reading: Promise<boolean> | undefined, stage: Stage, deadlineMs: number): Promise<boolean> {
    const { deadline } = this.#owner;
    deadline.waitUntil(stage, deadlineMs);
    const isInTime = () => stage === "linger" || !deadline.hasExpired;
    if (reading !== undefined) return reading.then((isMore) => isMore && isInTime(), failRead);
    try {
      return this.#source.read(this.received.room()).then((count) => this.#take(count) && isInTime(), failRead);
    } catch (cause) {
      failRead(cause);
    }
  }

  /** Begins to read ahead of {@linkcode read}, also where there is no room but for a little. */
  readAhead(): void {
    if (this.#reading === undefined) this.#begin();
  }

  /** From now on the client is watched: what it sends is kept, as far as there is room. */
  watch(): void {
    this.#isWatching = true;
    this.readOn();
  }

  /** It does not matter any more whether the client leaves. */
  unwatch(): void {
    this.#isWatching = false;
  }

  /** Goes on to read ahead where the client is watched, and there is room again. */
  readOn(): void {
    if (!this.#isWatching || this.#reading !== undefined || this.hasEnded || this.received.isFull) return;
    this.#begin();
  }

  /**
   * Reads for whoever has taken the connection over. What was received behind the request comes first.
   *
   * @param into Where to.
   * @returns Number of bytes; `null` once the client has closed its side.
   */
  async readInto(into: Uint8Array): Promise<number | null> {
    if (this.#reading !== undefined) await this.#reading;
    const { received } = this;
    if (received.length === 0) return this.hasEnded ? null : await this.#source.read(into);
    const count = Math.min(received.length, into.length);
    into.set(received.bytes.subarray(received.start, received.start + count));
    received.consume(count);
    return count;
  }

  /** Whoever waits for it hears of its failure; where nobody does that is not to end the worker. */
  #begin(): void {
    this.#reading = this.#readAhead();
    this.#reading.catch(() => {});
  }

  async #readAhead(): Promise<boolean> {
    let isMore: boolean | undefined;
    try {
      isMore = this.#take(await this.#source.read(this.received.room()));
      return isMore;
    } finally {
      this.#reading = undefined;
      if (isMore) this.readOn();
      else if (this.#isWatching) this.#owner.onLeave(isMore === undefined);
    }
  }

  /** Takes over what was read. Returns whether that was something. */
  #take(count: number | null): boolean {
    this.#clock.read();
    if (count === null) {
      this.hasEnded = true;
      return false;
    }
    this.received.received(count);
    this.receivedBytes += count;
    return true;
  }
}

function failRead(cause: unknown): never {
  throw new TransportError("Cannot read: the connection is gone", { cause });
}
