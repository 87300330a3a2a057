/**
 * Parts of a content that is too large to be kept whole: a player that seeks and a reader of a large document ask for the
 * same ones again and again. What is asked for twice is kept, and of one content no more than of one that is kept whole;
 * the part that was not asked for the longest goes first.
 *
 * @module
 */

import type { ReusableResponse } from "./message.ts";

/** How many parts are remembered, kept or not: what comes again only after so many others is not asked for often. */
const MOST_PARTS = 64;

/** Answers by the parts that they have. */
export class KeptParts {
  readonly #mostBytes: number;
  readonly #hold: (bytes: number) => void;
  /** The longest unused first; without an answer where a part was asked for once. */
  readonly #parts = new Map<string, ReusableResponse | undefined>();
  #bytes = 0;

  /**
   * Keeps nothing yet.
   *
   * @param mostBytes Memory that parts may take, in bytes.
   * @param hold Told how much more memory they take; less, where it is negative.
   */
  constructor(mostBytes: number, hold: (bytes: number) => void) {
    this.#mostBytes = mostBytes;
    this.#hold = hold;
  }

  /**
   * Finds the answer with a part.
   *
   * @param key Tells the part from any other of the content.
   * @returns The answer; `undefined` where it is not kept.
   */
  get(key: string): ReusableResponse | undefined {
    const kept = this.#parts.get(key);
    if (kept !== undefined) this.#touch(key, kept);
    return kept;
  }

  /**
   * Tells whether a part that is not kept should be, and remembers that it was asked for.
   *
   * @param key Tells the part from any other of the content.
   * @param length Its length in bytes.
   */
  isWanted(key: string, length: number): boolean {
    const isAskedAgain = this.#parts.has(key);
    this.#touch(key, undefined);
    this.#trim();
    return isAskedAgain && length <= this.#mostBytes;
  }

  /**
   * Keeps the answer with a part, which is not kept yet.
   *
   * @param key Tells the part from any other of the content.
   * @param response The answer.
   */
  keep(key: string, response: ReusableResponse): void {
    this.#touch(key, response);
    this.#count(response.body.buffer.byteLength);
    this.#trim();
  }

  #touch(key: string, kept: ReusableResponse | undefined): void {
    this.#parts.delete(key);
    this.#parts.set(key, kept);
  }

  #trim(): void {
    for (const [key, kept] of this.#parts) {
      if (this.#parts.size <= MOST_PARTS && this.#bytes <= this.#mostBytes) return;
      this.#parts.delete(key);
      if (kept !== undefined) this.#count(-kept.body.buffer.byteLength);
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#hold(bytes);
  }
}
