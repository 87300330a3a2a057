/**
 * Bytes that were received on a connection and not yet consumed.
 *
 * It is small at first, since thousands of connections may idle, and as large later as what the client sends at once
 * makes it, up to the longest head that is accepted. It also remembers how far it was searched, so that a head that arrives byte by byte is not
 * searched from its beginning each time.
 *
 * @module
 */

/** What an idle connection holds: a request of a browser usually fits. */
const INITIAL_BYTES = 1024;

/** A byte queue between a socket and a parser. */
export class ReceiveBuffer {
  /** The storage; {@linkcode start} to {@linkcode end} are waiting to be consumed. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  /** Index of the first byte that is not yet consumed. */
  start = 0;
  /** Index behind the last byte received. */
  end = 0;
  /** Up to here nothing was found; a search goes on from this index. */
  scanned = 0;
  readonly #maximumBytes: number;
  readonly #patience: number;
  #wasFilled = false;
  /** The most that was waiting since it was last empty. */
  #peak = 0;
  /** How many times in a row that was less than a quarter. */
  #smallPeaks = 0;

  /**
   * Makes a small buffer.
   *
   * @param maximumBytes What it may grow to; the parsers' limits keep their demand below it.
   * @param patience How many times in a row little must have been waiting before it is small again.
   */
  constructor(maximumBytes: number, patience = 1) {
    this.#maximumBytes = Math.max(maximumBytes, INITIAL_BYTES);
    this.#patience = patience;
  }

  /** Number of bytes waiting. */
  get length(): number {
    return this.end - this.start;
  }

  /** Whether there is no room for a read before something is taken. */
  get isFull(): boolean {
    return this.length >= this.#maximumBytes;
  }

  /**
   * Makes room for the next read.
   *
   * @returns Where to read into: never empty, valid until the next call.
   * @throws {RangeError} Where it is full: a parser must refuse before it, since a read of nothing returns at once and
   * for ever.
   */
  room(): Uint8Array<ArrayBuffer> {
    const capacity = this.#selectCapacity();
    if (capacity !== this.bytes.length) this.#moveTo(new Uint8Array(capacity));
    else if (this.start > 0) this.#moveTo(this.bytes);
    if (this.end === this.bytes.length) throw new RangeError(`Nothing takes the ${this.end} bytes received`);
    return this.end === 0 ? this.bytes : this.bytes.subarray(this.end);
  }

  /**
   * Takes over what was read into {@linkcode room}.
   *
   * @param count Number of bytes read.
   */
  received(count: number): void {
    this.end += count;
    this.#peak = Math.max(this.#peak, this.length);
    this.#wasFilled = this.end === this.bytes.length;
  }

  /**
   * Drops bytes from the front.
   *
   * @param count Number of bytes, at most {@linkcode length}.
   */
  consume(count: number): void {
    this.start += count;
    this.scanned = this.start;
    if (this.length > 0 || this.#peak === 0) return;
    this.#smallPeaks = this.#peak * 4 < this.bytes.length ? this.#smallPeaks + 1 : 0;
    this.#peak = 0;
  }

  /** Full: four times as much. Empty, and little was waiting: small again. */
  #selectCapacity(): number {
    const capacity = this.bytes.length;
    if (this.#wasFilled) return Math.min(capacity * 4, this.#maximumBytes);
    return this.length === 0 && this.#smallPeaks >= this.#patience ? INITIAL_BYTES : capacity;
  }

  #moveTo(target: Uint8Array<ArrayBuffer>): void {
    if (this.length > 0) {
      if (target === this.bytes) target.copyWithin(0, this.start, this.end);
      else target.set(this.bytes.subarray(this.start, this.end));
    }
    this.bytes = target;
    this.scanned -= this.start;
    this.end -= this.start;
    this.start = 0;
  }
}
