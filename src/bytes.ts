/**
 * Joining bytes.
 *
 * @module
 */

/**
 * Joins pieces of bytes.
 *
 * @param pieces The pieces.
 * @returns A copy of them, one behind the other.
 */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
