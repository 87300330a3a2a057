/**
 * The least speed of a client: whether waiting for it has taken much longer than its bytes explain.
 *
 * A client may fall behind by the time-out of the step, all at once or little by little; bytes at the least speed or
 * above keep it level, and being ahead earns no credit for later. So a pause is judged by the time-out alone, and a byte
 * now and then does not renew it.
 *
 * @module
 */

/** The pace of one client in one direction. */
export class Pace {
  readonly #bytesPerSecond: number;
  readonly #patienceMs: number;
  /** How much longer it may fall behind. */
  #leftMs: number;
  #seenBytes: number;

  /**
   * Begins to look.
   *
   * @param bytesPerSecond The least speed; at 0 every client keeps it.
   * @param patienceMs How far the client may fall behind.
   * @param bytes What has come from it, or gone to it, so far.
   */
  constructor(bytesPerSecond: number, patienceMs: number, bytes: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#patienceMs = patienceMs;
    this.#leftMs = patienceMs;
    this.#seenBytes = bytes;
  }

  /**
   * Takes account of some time in which the client was waited for.
   *
   * @param bytes What has come, or gone, in all; what came while nobody waited counts too.
   * @param waitedMs How long was waited.
   * @returns Whether it is still fast enough.
   */
  keeps(bytes: number, waitedMs: number): boolean {
    if (this.#bytesPerSecond === 0) return true;
    const earnedMs = (bytes - this.#seenBytes) / this.#bytesPerSecond * 1000;
    this.#seenBytes = bytes;
    this.#leftMs = Math.min(this.#leftMs + earnedMs, this.#patienceMs) - waitedMs;
    return this.#leftMs >= 0;
  }
}
