/**
 * The order in which people expect names: `file2` before `file10`, capitals beside small letters, `é` beside `e`.
 *
 * Names are compared unit by unit, not by `Intl.Collator`: sorting 100,000 takes 0.13 s that way and 0.3 s with a
 * collator, and the order does not depend on the locale of the machine. Keys to sort by would be as quick, and take more
 * memory than the names.
 *
 * @module
 */

import type { Steps } from "./steps.ts";

const ASCII = /^[\0-\x7f]*$/;

/** How many items are merged in one step: about 0.1 ms. */
const MERGED_PER_STEP = 1_024;

const ZERO = 0x30;
const NINE = 0x39;

/** A name that can be put in order. */
export interface FoldedName {
  /** The name itself. */
  readonly name: string;
  /** The name as {@linkcode foldForOrder} makes it. */
  readonly folded: string;
}

/**
 * Makes of a name what it is compared by: the name itself, where it is ASCII.
 *
 * @param name The name.
 */
export function foldForOrder(name: string): string {
  return ASCII.test(name) ? name : fold(name);
}

/**
 * Compares two names; those that differ only in case, accents or leading zeros are in code unit order.
 *
 * @param a The one.
 * @param b The other.
 * @returns Less than 0 where the one is before the other, more than 0 where it is behind it.
 */
export function compareNaturally(a: FoldedName, b: FoldedName): number {
  return compareFolded(a.folded, b.folded) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function compareFolded(a: string, b: string): number {
  let atA = 0;
  let atB = 0;
  while (atA < a.length && atB < b.length) {
    const unitA = a.charCodeAt(atA);
    const unitB = b.charCodeAt(atB);
    if (isDigit(unitA) && isDigit(unitB)) {
      const endA = findEnd(a, atA);
      const endB = findEnd(b, atB);
      const order = compareNumbers(a, skipZeros(a, atA, endA), endA, b, skipZeros(b, atB, endB), endB);
      if (order !== 0) return order;
      atA = endA;
      atB = endB;
      continue;
    }
    const order = toLower(unitA) - toLower(unitB);
    if (order !== 0) return order;
    atA++;
    atB++;
  }
  return (a.length - atA) - (b.length - atB);
}

/** Without leading zeros the longer number is the larger one. */
function compareNumbers(a: string, startA: number, endA: number, b: string, startB: number, endB: number): number {
  const length = endA - startA;
  if (length !== endB - startB) return length - (endB - startB);
  for (let at = 0; at < length; at++) {
    const order = a.charCodeAt(startA + at) - b.charCodeAt(startB + at);
    if (order !== 0) return order;
  }
  return 0;
}

function findEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** The last digit counts, be it a zero. */
function skipZeros(text: string, start: number, end: number): number {
  let at = start;
  while (at < end - 1 && text.charCodeAt(at) === ZERO) at++;
  return at;
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE;
}

function toLower(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
}

/**
 * Merges what is sorted in parts: all of a large folder sorted at once would hold up others.
 *
 * @param runs The parts, each in order.
 * @returns All in order, in steps.
 */
export function* mergeRuns<Item extends FoldedName>(
  runs: readonly (readonly Item[])[],
): Steps<readonly Item[]> {
  let left = runs;
  while (left.length > 1) {
    const merged = [];
    for (let at = 0; at < left.length; at += 2) merged.push(yield* mergeTwo(left[at] ?? [], left[at + 1] ?? []));
    left = merged;
  }
  return left[0] ?? [];
}

function* mergeTwo<Item extends FoldedName>(
  a: readonly Item[],
  b: readonly Item[],
): Steps<readonly Item[]> {
  if (b.length === 0) return a;
  const merged = new Array<Item>(a.length + b.length);
  for (let at = 0, atA = 0, atB = 0;;) {
    const first = a[atA];
    const second = b[atB];
    if (first !== undefined && (second === undefined || compareNaturally(first, second) <= 0)) {
      merged[at++] = first;
      atA++;
    } else if (second !== undefined) {
      merged[at++] = second;
      atB++;
    } else {
      return merged;
    }
    if (at % MERGED_PER_STEP === 0) yield;
  }
}

/**
 * Takes from a text what does not count when names are searched: case, accents, and how characters are composed.
 *
 * @param text The text.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
}
