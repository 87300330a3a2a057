/** `natural_order.ts`: the order of names, and what counts when they are searched. */

import { assertEquals } from "@std/assert";
import { fold, sortNaturally } from "../src/natural_order.ts";

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

for (const expected of ORDERS) {
  Deno.test(`sortNaturally: ${expected.join(" < ")}`, () => {
    const items = expected.map((name) => ({ name }));
    for (const given of [items.toReversed(), [...items.slice(1), ...items.slice(0, 1)], items]) {
      assertEquals(sortNaturally(given).map(({ name }) => name), expected);
    }
  });
}

Deno.test("sortNaturally gives a new array of the same items", () => {
  const items = Object.freeze([{ name: "b", at: 1 }, { name: "a", at: 2 }]);
  assertEquals(sortNaturally(items), [{ name: "a", at: 2 }, { name: "b", at: 1 }]);
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
