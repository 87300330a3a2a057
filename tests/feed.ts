/**
 * Feeds bytes to a parser in every way in which they may arrive: whole, byte by byte, cut in two at every place, and
 * short ones also in three. Where a stream is cut is chance, so all ways must come to the same end.
 *
 * Bytes are written as ISO-8859-1 strings: one character is one byte.
 */

import { assertEquals } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";

/** Up to this length bytes are also cut in three. */
const THREE_WAY_BYTES = 60;

/** The parser under test together with what it has found. */
export interface Taker<T> {
  /** Takes what it can from the buffer; called whenever bytes have arrived. */
  take(buffer: ReceiveBuffer): void;
  /** All that was found so far, as plain data. */
  found(): T;
}

/** What comes of feeding: what was found, and then either the bytes not consumed or the refusal. */
export interface Outcome<T> {
  /** What the parser found. */
  readonly found: T;
  /** What is left in the buffer, where nothing was refused. */
  readonly rest?: string;
  /** The status of the refusal, and whether the connection closes. */
  readonly refused?: { readonly status: number; readonly close: boolean };
}

/**
 * Asserts that bytes lead to the same outcome in whatever pieces they arrive.
 *
 * @param bytes What arrives.
 * @param expected The outcome.
 * @param start Makes the parser, anew for each way.
 * @param maximumBytes What the receive buffer may grow to; by default what a connection uses.
 */
export function assertFed<T>(
  bytes: string,
  expected: Outcome<T>,
  start: () => Taker<T>,
  maximumBytes: number = DEFAULT_OPTIONS.limits.headBytes,
): void {
  const input = encodeLatin1(bytes);
  const wanted = JSON.stringify(expected);
  const check = (cuts: readonly number[]) => {
    const pieces = [...cuts, input.length].map((end, i) => input.subarray(cuts[i - 1] ?? 0, end));
    const outcome = feed(pieces, start(), maximumBytes);
    if (JSON.stringify(outcome) !== wanted) assertEquals(outcome, expected, `cut at [${cuts}]`);
  };
  check([]);
  check(Array.from(input.keys()).slice(1));
  for (let first = 1; first < input.length; first++) {
    check([first]);
    for (let second = first + 1; second < input.length && input.length <= THREE_WAY_BYTES; second++) {
      check([first, second]);
    }
  }
}

/**
 * Feeds pieces as a connection does: each is received, and then the parser takes what it can.
 *
 * @param pieces What arrives, piece by piece.
 * @param taker The parser.
 * @param maximumBytes What the receive buffer may grow to.
 * @returns What comes of it.
 */
export function feed<T>(pieces: Iterable<Uint8Array>, taker: Taker<T>, maximumBytes: number): Outcome<T> {
  const buffer = new ReceiveBuffer(maximumBytes);
  try {
    for (const piece of pieces) {
      deliver(piece, buffer, taker, maximumBytes);
      taker.take(buffer);
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { found: taker.found(), refused: { status: error.status, close: error.close } };
  }
  return { found: taker.found(), rest: decodeLatin1(buffer.bytes.subarray(buffer.start, buffer.end)) };
}

/** Puts one piece into the buffer; where that is full the parser must take or refuse something first. */
function deliver<T>(piece: Uint8Array, buffer: ReceiveBuffer, taker: Taker<T>, maximumBytes: number): void {
  let left = piece;
  while (left.length > 0) {
    if (buffer.length === maximumBytes) taker.take(buffer);
    const room = buffer.room();
    const count = Math.min(left.length, room.length);
    room.set(left.subarray(0, count));
    buffer.received(count);
    left = left.subarray(count);
  }
}
