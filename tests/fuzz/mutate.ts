/**
 * Makes cases out of the corpus. The same number makes the same case, so a case is told by its number.
 */

import { createRandom } from "../random.ts";
import { SENTINEL, STREAMS, TOKENS } from "./corpus.ts";

/** Returns a whole number from 0 to one less than its argument. */
type Random = (below: number) => number;

/** One change of a stream. */
type Mutation = (text: string, random: Random) => string;

const pick = <T>(from: readonly T[], random: Random): T => from[random(from.length)] as T;

/** Replaces `length` characters at `at`. */
const splice = (text: string, at: number, length: number, by: string) =>
  text.slice(0, at) + by + text.slice(at + length);

/** Changes the order or the number of lines. */
function changeLines(text: string, random: Random): string {
  const lines = text.split("\r\n");
  const one = random(lines.length);
  const other = random(lines.length);
  const line = lines[one] ?? "";
  if (random(2) === 0) lines.splice(other, 0, line);
  else [lines[one], lines[other]] = [lines[other] ?? "", line];
  return lines.join("\r\n");
}

const MUTATIONS: readonly Mutation[] = [
  (text, random) => splice(text, random(text.length + 1), 0, pick(TOKENS, random)),
  (text, random) => splice(text, random(text.length + 1), 0, pick(TOKENS, random)),
  (text, random) => splice(text, random(text.length + 1), 1, pick(TOKENS, random)),
  (text, random) => splice(text, random(text.length + 1), 1 + random(3), ""),
  (text, random) => splice(text, random(text.length + 1), 1, String.fromCharCode(random(256))),
  (text, random) => splice(text, random(text.length + 1), 0, String.fromCharCode(random(256))),
  (text, random) => {
    const at = random(text.length + 1);
    return splice(text, random(text.length + 1), 0, text.slice(at, at + random(40)));
  },
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => {
    const at = random(text.length + 1);
    const character = text.charAt(at);
    return splice(text, at, 1, random(2) === 0 ? character.toUpperCase().slice(0, 1) : character.toLowerCase());
  },
  (text, random) => {
    const other = pick(STREAMS, random);
    return text.slice(0, random(text.length + 1)) + other.slice(random(other.length + 1));
  },
  changeLines,
];

/**
 * Makes one case.
 *
 * @param seed Where the numbers begin.
 * @param number Which case.
 * @returns A stream; one character for each byte, none above 0xff.
 */
export function makeCase(seed: number, number: number): string {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ number);
  // The first numbers of neighbouring states are alike.
  random(2);
  let text = Array.from({ length: 1 + (random(3) === 0 ? 1 : 0) }, () => pick(STREAMS, random)).join("");
  for (let left = pick([0, 1, 1, 1, 2, 2, 3, 5, 8], random); left > 0; left--) {
    text = pick(MUTATIONS, random)(text, random);
  }
  text = text.replace(/[^\0-\xff]/g, "?");
  return random(3) === 0 ? text : text + SENTINEL;
}
