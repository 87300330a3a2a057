/**
 * The short part of the fuzzer: the parser against the slow reader and against itself at every cut. `deno task fuzz`
 * goes on for longer, with other numbers, and against other servers.
 */

import { assertEquals } from "@std/assert";
import { findDifference } from "./compare.ts";
import { STREAMS } from "./corpus.ts";
import { makeCase } from "./mutate.ts";

const SEED = 1;
const CASES = 3_000;

Deno.test("parseRequestHead and the body decoders read the corpus as the grammar does", () => {
  for (const [number, stream] of STREAMS.entries()) {
    // Every cut, and both sets of bounds.
    for (const kind of [16 * number, 16 * number + 3]) {
      assertEquals(findDifference(stream, kind), undefined, JSON.stringify(stream));
    }
  }
});

Deno.test(`parseRequestHead and the body decoders read ${CASES} mutations as the grammar does, wherever they are cut`, () => {
  for (let number = 0; number < CASES; number++) {
    const text = makeCase(SEED, number);
    assertEquals(findDifference(text, number), undefined, `case ${number} of seed ${SEED}: ${JSON.stringify(text)}`);
  }
});

Deno.test("makeCase makes the same case of the same number", () => {
  assertEquals(makeCase(7, 1234), makeCase(7, 1234));
});
