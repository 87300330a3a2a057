/** `Pace` as a table: what a client does, second by second, and when it is found too slow. */

import { assertEquals } from "@std/assert";
import { Pace } from "../src/pace.ts";

/** At least 500 bytes per second, within 10 s. */
const ROWS: readonly [name: string, bytesEachSecond: (second: number) => number, slowAfter: number | undefined][] = [
  ["nothing", () => 0, 11],
  ["one byte each second", () => 1, 11],
  ["half the least speed", () => 250, 20],
  ["the least speed", () => 500, undefined],
  ["much, and then nothing: there is no credit", (second) => second === 0 ? 1e9 : 0, 11],
  ["pauses of 9 s, each made up for", (second) => second % 10 === 9 ? 5_000 : 0, undefined],
  ["pauses of 9 s with a byte after each", (second) => second % 10 === 9 ? 1 : 0, 11],
  ["the least speed, and then nothing from second 50", (second) => second < 50 ? 500 : 0, 60],
];

for (const [name, bytesEachSecond, slowAfter] of ROWS) {
  Deno.test(`Pace.keeps with ${name}`, () => {
    const pace = new Pace(500, 10_000, 7);
    let bytes = 7;
    let slow: number | undefined;
    for (let second = 0; second < 200 && slow === undefined; second++) {
      bytes += bytesEachSecond(second);
      if (!pace.keeps(bytes, 1_000)) slow = second + 1;
    }
    assertEquals(slow, slowAfter);
  });
}

Deno.test("Pace.keeps counts only the time in which the client was waited for", () => {
  const pace = new Pace(500, 10_000, 0);
  for (let turn = 0; turn < 1_000; turn++) assertEquals(pace.keeps(turn, 0), true);
});

Deno.test("Pace.keeps lets every client pass where there is no least speed", () => {
  assertEquals(new Pace(0, 1, 0).keeps(0, 1e9), true);
});
