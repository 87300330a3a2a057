/**
 * Buffers that are used again: allocating one costs more than filling it.
 *
 * @module
 */

/** Lends buffers of one size. */
export class BufferPool {
  readonly #sizeBytes: number;
  readonly #keep: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #lent = 0;

  /**
   * Makes an empty pool.
   *
   * @param sizeBytes Size of every buffer.
   * @param keep How many unused ones are kept.
   */
  constructor(sizeBytes: number, keep: number) {
    this.#sizeBytes = sizeBytes;
    this.#keep = keep;
  }

  /** Whether as many are lent as would be kept: a further one would be allocated, and thrown away. */
  get isSpent(): boolean {
    return this.#lent >= this.#keep;
  }

  /** Takes a buffer; what it holds is whatever was written last. */
  take(): Uint8Array<ArrayBuffer> {
    this.#lent++;
    return this.#free.pop() ?? new Uint8Array(this.#sizeBytes);
  }

  /**
   * Gives a buffer back.
   *
   * @param buffer One from {@linkcode take} that no write is using any more.
   */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent--;
    if (this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
