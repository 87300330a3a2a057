/**
 * The stream of changes that open pages read: server-sent events, HTML Standard section 9.2.
 *
 *     retry: 500
 *     data: {"now":1792000000000,"page":1791999999000,"style":1791999999500}
 *
 * Every message is complete in itself, and a reader that is slow gets the latest one only: nothing queues up, and no
 * reader holds back another. A comment in between keeps the connection from looking idle, and finds clients that have gone.
 *
 * @module
 */

import type { LastChanges } from "./site_change.ts";
import { setTimer } from "./timer.ts";
import type { SetTimer } from "./timer.ts";

/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 500;
/** The longest silence, in milliseconds. */
const PING_MS = 25_000;

const ENCODER = new TextEncoder();
const PING = ENCODER.encode(": ping\n\n");

/** How tests replace time. */
export interface ReloadFeedOptions {
  /**
   * Milliseconds since the epoch.
   *
   * @default {Date.now}
   */
  readonly readClock?: () => number;
  /**
   * Timers.
   *
   * @default {setTimer}
   */
  readonly setTimer?: SetTimer;
}

/** Tells all open pages of the changes of the site. */
export class ReloadFeed {
  readonly #readers = new Set<Reader>();
  readonly #readClock: () => number;
  readonly #setTimer: SetTimer;
  #last: LastChanges;
  #isClosed = false;

  /**
   * Makes a feed without readers.
   *
   * @param last The changes up to now.
   * @param options Clock and timers.
   */
  constructor(last: LastChanges, options: ReloadFeedOptions = {}) {
    this.#last = last;
    this.#readClock = options.readClock ?? Date.now;
    this.#setTimer = options.setTimer ?? setTimer;
  }

  /** Number of streams that are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /**
   * Tells everybody.
   *
   * @param last The changes up to now.
   */
  publish(last: LastChanges): void {
    this.#last = last;
    for (const reader of this.#readers) reader.wake();
  }

  /**
   * Opens a stream, `text/event-stream`; its first bytes are there at once. It ends by its own `return`, or with the feed.
   *
   * @returns The stream; one piece is asked for at a time.
   */
  subscribe(): AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined> {
    const reader = new Reader({
      setTimer: this.#setTimer,
      encode: () => encodeMessage(this.#last, this.#readClock()),
      onEnd: () => this.#readers.delete(reader),
    });
    if (this.#isClosed) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Ends all streams; later ones end at once. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.end();
  }
}

function encodeMessage({ pageMs, styleMs }: LastChanges, nowMs: number): Uint8Array<ArrayBuffer> {
  const data = JSON.stringify({ now: nowMs, page: pageMs, style: styleMs });
  return ENCODER.encode(`retry: ${RETRY_MS}\ndata: ${data}\n\n`);
}

interface ReaderOptions {
  readonly setTimer: SetTimer;
  readonly encode: () => Uint8Array<ArrayBuffer>;
  readonly onEnd: () => void;
}

type Piece = IteratorResult<Uint8Array<ArrayBuffer>, undefined>;

/** Written by hand: `return` of a generator would wait for the piece that is awaited. */
class Reader implements AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined> {
  readonly #options: ReaderOptions;
  #hasNews = true;
  #isEnded = false;
  /** Ends the wait of {@linkcode next}. */
  #settle: ((piece: Piece) => void) | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** There is something new. */
  wake(): void {
    this.#hasNews = true;
    if (this.#settle !== undefined) this.#settle(this.#take());
  }

  end(): void {
    this.#isEnded = true;
    this.#options.onEnd();
    this.#settle?.({ done: true, value: undefined });
  }

  next(): Promise<Piece> {
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    if (this.#hasNews) return Promise.resolve(this.#take());
    return new Promise((resolve) => {
      const stopTimer = this.#options.setTimer(() => this.#settle?.({ done: false, value: PING }), PING_MS);
      this.#settle = (piece) => {
        this.#settle = undefined;
        stopTimer();
        resolve(piece);
      };
    });
  }

  return(): Promise<Piece> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Piece {
    this.#hasNews = false;
    return { done: false, value: this.#options.encode() };
  }
}
