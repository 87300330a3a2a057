/** `natural_order.ts`: the order of names, and what counts when they are searched. */

import { assertEquals } from "@std/assert";
import type { FoldedName } from "../src/natural_order.ts";
import { compareNaturally, fold, foldForOrder, mergeRuns } from "../src/natural_order.ts";
import { atOnce } from "../src/steps.ts";
import { createRandom } from "./random.ts";

/** Each row in the order that is expected. */
const ORDERS: readonly (readonly string[])[] = [
  ["file", "file.txt", "file1", "file2", "file10", "file10a", "file100", "files"],
  ["a2b3", "a2b20", "a10b1"],
  ["1", "2", "10", "99999999999999999998", "99999999999999999999", "100000000000000000000"],
  ["0", "00", "000", "01", "1"],
  ["x01", "x1", "x002", "x02", "x2"],
  ["A", "a", "B", "b", "README", "readme", "src"],
  ["ubo", "Übung", "uc"],
  ["cafe", "cafe\u0301", "café", "cafes", "caffe"],
  ["a-1", "a1", "a10", "a_1"],
  ["ж2", "ж10", "я"],
];

function withFolded(name: string): FoldedName {
  return { name, folded: foldForOrder(name) };
}

for (const expected of ORDERS) {
  Deno.test(`compareNaturally: ${expected.join(" < ")}`, () => {
    const items = expected.map(withFolded);
    for (const given of [items.toReversed(), [...items.slice(1), ...items.slice(0, 1)], items]) {
      assertEquals(given.toSorted(compareNaturally).map(({ name }) => name), expected);
    }
  });
}

/** The order in plain words: case, accents and zeros away, each number preceded by its length. */
function makeKey(name: string): string {
  return fold(name).replace(/[0-9]+/g, (digits) => {
    const number = digits.replace(/^0+(?=[0-9])/, "");
    return `${number.length}`.padStart(3, "0") + number;
  });
}

function makeName(random: (below: number) => number): string {
  const units = ["0", "1", "9", "00", "10", "a", "A", "b", "é", "e", "e\u0301", "-", "/", ":", "_", "ж", "ﬁ", "\ud800"];
  return Array.from({ length: 1 + random(6) }, () => units[random(units.length)]).join("");
}

Deno.test("compareNaturally is the order of keys, for names that were made up", () => {
  const random = createRandom(1);
  for (let count = 0; count < 20_000; count++) {
    const [a, b] = [makeName(random), makeName(random)];
    const [keyA, keyB] = [makeKey(a), makeKey(b)];
    const expected = keyA === keyB ? Number(a > b) - Number(a < b) : keyA < keyB ? -1 : 1;
    assertEquals(Math.sign(compareNaturally(withFolded(a), withFolded(b))), expected, JSON.stringify([a, b]));
  }
});

Deno.test("mergeRuns gives all in order, whatever the parts", () => {
  const random = createRandom(2);
  for (let count = 0; count < 50; count++) {
    const runs = Array.from({ length: random(7) }, () => {
      return Array.from({ length: random(9) }, () => withFolded(makeName(random))).sort(compareNaturally);
    });
    const expected = runs.flat().sort(compareNaturally).map(({ name }) => name);
    assertEquals(atOnce(mergeRuns(runs)).map(({ name }) => name), expected);
  }
});

const FOLDS: readonly [text: string, expected: string][] = [
  ["README.md", "readme.md"],
  ["Übung", "ubung"],
  ["cafe\u0301", "cafe"],
  ["ﬁn²", "fin2"],
  ["НЕРКА", "нерка"],
  ["\ud800x", "\ud800x"],
  ["", ""],
];

for (const [text, expected] of FOLDS) {
  Deno.test(`fold: ${JSON.stringify(text)} → ${JSON.stringify(expected)}`, () => assertEquals(fold(text), expected));
}
