/**
 * Text → UTF-8. Short texts are encoded one behind the other into the same memory: to make a buffer for each costs twice
 * as much, and for a thousand characters three times.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/** How much memory is taken at once, in bytes; it is given back when none of its texts is used any more. */
const BLOCK_BYTES = 65_536;
/** A longer text gets a buffer of its own: a block must have room for the most that a text may take. */
const LONGEST_SHORT = 5_461;
/** A code unit of UTF-16 takes up to three bytes; a pair of them takes four. */
const MOST_BYTES_PER_UNIT = 3;

let block = new Uint8Array(0);
let used = 0;

/**
 * Encodes a text, as `TextEncoder` does.
 *
 * @param text The text.
 * @returns Its bytes, in memory that other texts may share.
 */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > LONGEST_SHORT) return ENCODER.encode(text);
  if (used + MOST_BYTES_PER_UNIT * text.length > block.length) {
    block = new Uint8Array(BLOCK_BYTES);
    used = 0;
  }
  const start = used;
  used += ENCODER.encodeInto(text, block.subarray(start)).written;
  return block.subarray(start, used);
}
