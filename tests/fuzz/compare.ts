/** Holds the parser against the slow reader, and against itself at every cut. */

import type { Limits } from "../../src/config.ts";
import { DEFAULT_OPTIONS } from "../../src/config.ts";
import { createRandom } from "../random.ts";
import type { Reading } from "./reading.ts";
import { readByGrammar } from "./reference.ts";
import { readAsSockeye } from "./subject.ts";

/** Bounds that cases run into; every fourth case is read under them. */
const NARROW: Limits = { ...DEFAULT_OPTIONS.limits, headBytes: 90, targetBytes: 12, fieldLines: 3, chunkLineBytes: 12 };

/** Every cut of a case is tried for one in so many. */
const THOROUGH = 16;
/** Cuts of the others, besides the one behind every byte. */
const CUTS = 4;

/**
 * Compares the readings of one case.
 *
 * @param text The case.
 * @param number Its number, from which bounds and cuts follow.
 * @returns What is wrong, or nothing.
 */
export function findDifference(text: string, number: number): string | undefined {
  const limits = number % 4 === 3 ? NARROW : DEFAULT_OPTIONS.limits;
  const ours = readAsSockeye(text, limits);
  const theirs = readByGrammar(text, limits);
  if (!isSame(ours, theirs)) return `the grammar says\n  ${show(theirs)}\nthe parser\n  ${show(ours)}`;
  const wanted = JSON.stringify(ours);
  for (const cuts of selectCuts(text.length, number)) {
    const cut = readAsSockeye(text, limits, cuts);
    if (JSON.stringify(cut) !== wanted) return `whole it is\n  ${show(ours)}\ncut at ${cuts}\n  ${show(cut)}`;
  }
  return undefined;
}

function isSame(ours: Reading, theirs: Reading): boolean {
  const isSameEnd = typeof ours.end === "string" || typeof theirs.end === "string"
    ? ours.end === theirs.end
    : ours.end.every((status) => theirs.end.includes(status as never));
  return isSameEnd && JSON.stringify(ours.messages) === JSON.stringify(theirs.messages);
}

function selectCuts(length: number, number: number): (readonly number[])[] {
  if (length < 2) return [];
  const random = createRandom(number);
  const places = Array.from({ length: length - 1 }, (_, i) => i + 1);
  const some = number % THOROUGH === 0 ? places : Array.from({ length: CUTS }, () => 1 + random(length - 1));
  return [places, ...some.map((place) => [place])];
}

function show({ messages, end }: Reading): string {
  return JSON.stringify({ end, messages });
}
