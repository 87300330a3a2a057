/** `clock.ts`: one time for everybody, and the value of Date (RFC 9110 section 5.6.7). */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Clock } from "../src/clock.ts";

/** Calls a function while the wall clock and the clock that never jumps show the given times. */
function at(wallMs: number, monotonicMs: number, call: () => void): void {
  const { now } = Date;
  const performanceNow = performance.now;
  try {
    Date.now = () => wallMs;
    performance.now = () => monotonicMs;
    call();
  } finally {
    Date.now = now;
    performance.now = performanceNow;
  }
}

const DATES: readonly [wallMs: number, date: string][] = [
  [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
  [784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"],
  [784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"],
  [784_111_778_000, "Sun, 06 Nov 1994 08:49:38 GMT"],
  [951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"],
  [1_798_761_599_999, "Thu, 31 Dec 2026 23:59:59 GMT"],
  [4_102_444_800_000, "Fri, 01 Jan 2100 00:00:00 GMT"],
];

for (const [wallMs, date] of DATES) {
  Deno.test(`Clock: ${wallMs} ms is ${date} (RFC 9110 section 5.6.7)`, () => {
    at(wallMs, 1.5, () => {
      const clock = new Clock();
      assertEquals([clock.second, clock.date, clock.nowMs], [Math.floor(wallMs / 1000), date, 1.5]);
      assertEquals(clock.dateBytes, new TextEncoder().encode(date));
    });
  });
}

Deno.test("Clock stands still between readings", () => {
  const clock = new Clock();
  at(0, 1, () => clock.read());
  at(5_000, 2, () => assertEquals([clock.nowMs, clock.second], [1, 0]));
});

Deno.test("Clock follows both clocks, each by itself", () => {
  const clock = new Clock();
  at(1_000, 10, () => clock.read());
  assertEquals([clock.nowMs, clock.second, clock.date], [10, 1, "Thu, 01 Jan 1970 00:00:01 GMT"]);
  at(1_999, 20, () => clock.read());
  assertEquals([clock.nowMs, clock.second, clock.date], [20, 1, "Thu, 01 Jan 1970 00:00:01 GMT"]);
  at(2_000, 30, () => clock.read());
  assertEquals([clock.nowMs, clock.second, clock.date], [30, 2, "Thu, 01 Jan 1970 00:00:02 GMT"]);
  at(0, 40, () => clock.read());
  assertEquals([clock.nowMs, clock.second, clock.date], [40, 0, "Thu, 01 Jan 1970 00:00:00 GMT"], "set back");
});

Deno.test("Clock is right when it is made", () => {
  const before = performance.now();
  const clock = new Clock();
  assert(before <= clock.nowMs && clock.nowMs <= performance.now());
  assert(Math.abs(clock.second * 1000 - Date.now()) < 60_000);
  assertMatch(clock.date, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
});
