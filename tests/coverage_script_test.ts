/** `scripts/coverage.ts`: what it reads of a report, and how it names lines. */

import { assertEquals } from "@std/assert";
import { formatRanges, parseLcov } from "../scripts/coverage.ts";

Deno.test("parseLcov takes modules, lines and branches, and the lines that were not reached", () => {
  const report = [
    ...[
      "SF:/p/a.ts",
      "FN:1,f",
      "DA:1,5",
      "DA:2,0",
      "DA:10,0",
      "DA:20,1",
      "LH:2",
      "LF:4",
      "BRDA:1,1,0,-",
      "BRF:3",
      "BRH:2",
    ],
    ...["end_of_record", "SF:/p/b.ts", "LH:0", "LF:0", "end_of_record", ""],
  ].join("\n");
  assertEquals(parseLcov(report), [
    { path: "/p/a.ts", missed: [2, 10], lines: [2, 4], branches: [2, 3] },
    { path: "/p/b.ts", missed: [], lines: [0, 0], branches: [0, 0] },
  ]);
});

Deno.test("formatRanges joins lines that follow each other", () => {
  assertEquals(formatRanges([]), "");
  assertEquals(formatRanges([3]), "3");
  assertEquals(formatRanges([1, 2, 3, 5, 7, 8]), "1-3, 5, 7-8");
});
