/** `LinkedList`: whatever comes and goes, it holds what a `Set` would hold, in the same order. */

import { assertEquals } from "@std/assert";
import { LinkedList } from "../src/linked_list.ts";
import { createRandom } from "./random.ts";

/** Chances of 10 that a step adds a value; else it removes one. */
for (const chances of [2, 5, 8]) {
  Deno.test(`LinkedList holds what a set would hold: adds ${chances} times of 10`, () => {
    const random = createRandom(chances);
    const list = new LinkedList<number>();
    const set = new Set<number>();
    const removers: (() => void)[] = [];
    for (let value = 0; value < 300; value++) {
      if (random(10) < chances) {
        const remove = list.add(value);
        set.add(value);
        removers.push(() => {
          remove();
          set.delete(value);
        });
      } else if (removers.length > 0) {
        // Some are removed more than once.
        const [remove] = removers.splice(random(removers.length), random(4) === 0 ? 0 : 1);
        (remove ?? removers[0])?.();
      }
      assertEquals([list.size, [...list]], [set.size, [...set]]);
    }
  });
}

Deno.test("LinkedList: a value may be removed when it is its turn", () => {
  const list = new LinkedList<string>();
  const removers = new Map(["a", "b", "c"].map((value) => [value, list.add(value)]));
  const seen: string[] = [];
  for (const value of list) {
    seen.push(value);
    removers.get(value)?.();
  }
  assertEquals([seen, [...list]], [["a", "b", "c"], []]);
});
