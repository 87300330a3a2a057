/** `LinkedList`: whatever comes and goes, it holds what a `Set` would hold, in the same order. */

import { assertEquals } from "@std/assert";
import type { Place } from "../src/linked_list.ts";
import { LinkedList } from "../src/linked_list.ts";
import { createRandom } from "./random.ts";

/** Chances of 10 that a step adds a value; what it removes is as likely as it adds none. */
for (const chances of [2, 5, 8]) {
  Deno.test(`LinkedList holds what a set would hold: adds ${chances} times of 10`, () => {
    const random = createRandom(chances);
    const list = new LinkedList<number>();
    const set = new Set<number>();
    const places: Place<number>[] = [];
    for (let value = 0; value < 300; value++) {
      if (random(10) < chances) {
        places.push(list.add(value));
        set.add(value);
      }
      const [place] = random(10) < chances ? [] : places.splice(random(Math.max(1, places.length)), 1);
      if (place !== undefined) {
        for (let times = 1 + random(2); times > 0; times--) list.remove(place);
        set.delete(place.value);
      }
      assertEquals([list.size, [...list]], [set.size, [...set]]);
    }
  });
}

Deno.test("LinkedList: a value may be removed when it is its turn", () => {
  const list = new LinkedList<string>();
  const places = new Map(["a", "b", "c"].map((value) => [value, list.add(value)]));
  const seen: string[] = [];
  for (const value of list) {
    seen.push(value);
    const place = places.get(value);
    if (place !== undefined) list.remove(place);
  }
  assertEquals([seen, [...list]], [["a", "b", "c"], []]);
});
