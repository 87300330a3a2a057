/**
 * Preconditions as truth tables, in the order of RFC 9110: entity tags (8.8.3), each field (13.1.1 to 13.1.5), when
 * they are evaluated (13.2.1) and in which order (13.2.2), the last also as all combinations against the five steps as
 * the RFC lists them.
 */

import { assertEquals } from "@std/assert";
import type { PreconditionResult, Validators } from "../src/conditional.ts";
import { evaluatePreconditions, hasEntityTag, isRangeApplicable, makeEntityTag } from "../src/conditional.ts";
import { FieldLines } from "../src/message.ts";

/** Makes a field section of lines like `If-Match: "a"`. */
function fieldLines(...lines: readonly string[]): FieldLines {
  let text = "";
  const offsets: number[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    const begin = text.length + line.indexOf(value, colon + 1);
    offsets.push(text.length, text.length + colon, begin, begin + value.length);
    text += `${line}\r\n`;
  }
  return new FieldLines(text, offsets);
}

// Lists of field lines, RFC 9110 section 5.3.

const LISTS: readonly [lines: readonly string[], expected: string | undefined][] = [
  [[], undefined],
  [["Accept: x", "If-Matc: x", "If-Matchh: x", "If-Range: x"], undefined],
  [[`If-Match: "a"`], `"a"`],
  [[`IF-MATCH: "a"`], `"a"`],
  [[`if-match:"a"`], `"a"`],
  [["If-Match:"], ""],
  [[`If-Match: "a"`, `If-Match: "b"`], `"a", "b"`],
  [[`If-Match: "a", "b"`, "Host: x", `if-match: "c"`, `If-match: "d"`], `"a", "b", "c", "d"`],
  [["If-Match:", `If-Match: "b"`], `, "b"`],
  [[`If-Match: "b"`, "If-Match:"], `"b", `],
  [["Host: x", `If-Match: "a"`], `"a"`],
];

for (const [lines, expected] of LISTS) {
  Deno.test(`FieldLines.getList joins ${JSON.stringify(lines)} (RFC 9110 section 5.3)`, () => {
    assertEquals(fieldLines(...lines).getList("if-match"), expected);
  });
}

Deno.test("FieldLines.get finds the first of several lines", () => {
  const lines = fieldLines("Host: x", "A: 1", "a: 2");
  assertEquals([lines.get("a"), lines.get("host"), lines.get("b")], ["1", "x", undefined]);
});

// Entity tags, RFC 9110 section 8.8.3.

const STATE = { mtimeMs: 0x18c2f6a3b40, size: 0x4d2, isYoung: false };

const TAGS: readonly [name: string, different: Partial<Parameters<typeof makeEntityTag>[0]>, expected: string][] = [
  ["is strong", {}, `"18c2f6a3b40-4d2"`],
  ["is weak while the file is young", { isYoung: true }, `W/"18c2f6a3b40-4d2"`],
  ["tells times apart by the millisecond", { mtimeMs: STATE.mtimeMs + 1 }, `"18c2f6a3b41-4d2"`],
  ["tells sizes apart by the byte", { size: STATE.size + 1 }, `"18c2f6a3b40-4d3"`],
  ["tells codings apart", { variant: "br" }, `"18c2f6a3b40-4d2-br"`],
  ["tells codings apart while the file is young", { variant: "gzip", isYoung: true }, `W/"18c2f6a3b40-4d2-gzip"`],
  ["knows no coding", { variant: undefined }, `"18c2f6a3b40-4d2"`],
  ["knows empty files", { size: 0 }, `"18c2f6a3b40-0"`],
  ["knows large files", { size: 2 ** 53 - 1 }, `"18c2f6a3b40-1fffffffffffff"`],
  ["knows the epoch", { mtimeMs: 0 }, `"0-4d2"`],
  ["knows times before the epoch", { mtimeMs: -1 }, `"-1-4d2"`],
];

for (const [name, different, expected] of TAGS) {
  Deno.test(`makeEntityTag ${name} (RFC 9110 section 8.8.3)`, () => {
    const tag = makeEntityTag({ ...STATE, ...different });
    assertEquals(tag, expected);
    assertEquals(hasEntityTag(`"x", ${tag}`, tag, "weak"), true);
    assertEquals(hasEntityTag(`"x", ${tag}`, tag, "strong"), !tag.startsWith("W/"));
  });
}

/** The four rows of the RFC's own table, both ways, and what it does not list. */
const COMPARISONS: readonly [list: string, tag: string, strong: boolean, weak: boolean][] = [
  [`W/"1"`, `W/"1"`, false, true],
  [`W/"1"`, `W/"2"`, false, false],
  [`W/"1"`, `"1"`, false, true],
  [`"1"`, `W/"1"`, false, true],
  [`"1"`, `"1"`, true, true],
  [`"1"`, `"2"`, false, false],
  [`"1"`, `"11"`, false, false],
  [`"11"`, `"1"`, false, false],
  [`"a"`, `"A"`, false, false],
  [`""`, `""`, true, true],
  [`W/""`, `""`, false, true],
  [`"*"`, `"*"`, true, true],
  [`"W/1"`, `W/"1"`, false, false],
  [`"\\"`, `"\\"`, true, true],
  [`"\xe9\xff"`, `"\xe9\xff"`, true, true],
];

for (const [list, tag, strong, weak] of COMPARISONS) {
  Deno.test(`hasEntityTag compares ${list} with ${tag} (RFC 9110 section 8.8.3.2)`, () => {
    for (const around of [list, `${list}, "x"`, `"x", ${list}`, `"x",${list},"y"`]) {
      assertEquals(hasEntityTag(around, tag, "strong"), strong, `strong: ${around}`);
      assertEquals(hasEntityTag(around, tag, "weak"), weak, `weak: ${around}`);
    }
  });
}

/** Whether the list has "a" by strong and by weak comparison. */
const TAG_LISTS: readonly [list: string, strong: boolean, weak: boolean][] = [
  [`"a"`, true, true],
  [`"b", "a"`, true, true],
  [`"b","a"`, true, true],
  [`"b"\t,\t"a"`, true, true],
  [`"b" , W/"a"`, false, true],
  [`W/"b", "a"`, true, true],
  [`W/"a", "a"`, true, true],
  [`"a", W/"a"`, true, true],
  [`"b", "c"`, false, false],
  // Empty elements, RFC 9110 section 5.6.1.2.
  [`, "a"`, true, true],
  [`,,"a"`, true, true],
  [`\t, ,"a",, ,`, true, true],
  [`"b", , "a"`, true, true],
  [`"a",`, true, true],
  ["", false, false],
  [",", false, false],
  [" , ,", false, false],
  // What separates elements does not separate inside quotes.
  [`"b,a", "a"`, true, true],
  [`"b,"a""`, false, false],
  [`"x,a,y"`, false, false],
  [`"b,", "a"`, true, true],
  [`",a,"`, false, false],
  [`"W/", "a"`, true, true],
  // What is no list of entity tags has none.
  ["a", false, false],
  [`a, "a"`, false, false],
  [`"a", a`, false, false],
  [`"a" "b"`, false, false],
  [`"b" "a"`, false, false],
  [`"a""b"`, false, false],
  [`"a"b`, false, false],
  [`"a";q=1`, false, false],
  [`b"a"`, false, false],
  [`"a`, false, false],
  [`a"`, false, false],
  [`"a", "`, false, false],
  [`"`, false, false],
  [`'a'`, false, false],
  [`w/"a"`, false, false],
  [`W"a"`, false, false],
  [`W /"a"`, false, false],
  [`W/ "a"`, false, false],
  [`W/W/"a"`, false, false],
  [`W/a`, false, false],
  [`W/`, false, false],
  [`"a", W/`, false, false],
  [`"b c", "a"`, false, false],
  [`"b\tc", "a"`, false, false],
  [`"\x7f", "a"`, false, false],
  [`"\\"", "a"`, false, false],
  [`*, "a"`, false, false],
  [`"a", *`, false, false],
  ["*", false, false],
  ["**", false, false],
];

for (const [list, strong, weak] of TAG_LISTS) {
  Deno.test(`hasEntityTag looks for "a" in ${JSON.stringify(list)} (RFC 9110 section 13.1.1)`, () => {
    assertEquals(hasEntityTag(list, `"a"`, "strong"), strong);
    assertEquals(hasEntityTag(list, `"a"`, "weak"), weak);
    assertEquals(hasEntityTag(list, `W/"a"`, "strong"), false);
    assertEquals(hasEntityTag(list, `W/"a"`, "weak"), weak);
  });
}

Deno.test("hasEntityTag takes time in proportion to the list, whatever is in it", () => {
  for (const piece of [" ", ",", "\t,", `"`, "W/", `""`, `"",`, `"a" `, "a"]) {
    assertEquals(hasEntityTag(piece.repeat(100_000) + "!", `"z"`, "weak"), false);
  }
});

// Preconditions. The representation was modified at 08:49:37 and a quarter.

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const LAST_MODIFIED_MS = Date.UTC(1994, 10, 6, 8, 49, 37, 250);
const NOW_MS = Date.UTC(2026, 7, 15, 12);

const VALIDATORS = {
  strong: { entityTag: `"a"`, lastModifiedMs: LAST_MODIFIED_MS },
  weak: { entityTag: `W/"a"`, lastModifiedMs: LAST_MODIFIED_MS },
  none: undefined,
} satisfies Record<string, Validators | undefined>;

type Row = readonly [
  method: string,
  lines: readonly string[],
  validators: keyof typeof VALIDATORS,
  expected: PreconditionResult,
];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  "13.1.1 If-Match": [
    ["GET", [`If-Match: "a"`], "strong", "proceed"],
    ["HEAD", [`If-Match: "a"`], "strong", "proceed"],
    ["PUT", [`If-Match: "a"`], "strong", "proceed"],
    ["GET", [`If-Match: "b"`], "strong", "precondition failed"],
    ["HEAD", [`If-Match: "b"`], "strong", "precondition failed"],
    ["PUT", [`If-Match: "b"`], "strong", "precondition failed"],
    ["DELETE", [`If-Match: "b"`], "strong", "precondition failed"],
    ["GET", [`If-Match: "b", "a"`], "strong", "proceed"],
    ["GET", [`If-Match: "b", "c"`], "strong", "precondition failed"],
    ["GET", [`If-Match: "b"`, `If-Match: "a"`], "strong", "proceed"],
    ["GET", [`If-Match: "a"`, `If-Match: "b"`], "strong", "proceed"],
    ["GET", [`If-Match: "b"`, `If-Match: "c"`], "strong", "precondition failed"],
    ["GET", [`If-Match: W/"a"`], "strong", "precondition failed"],
    ["GET", [`If-Match: "a"`], "weak", "precondition failed"],
    ["GET", [`If-Match: W/"a"`], "weak", "precondition failed"],
    ["GET", [`If-Match: "b", W/"a"`], "strong", "precondition failed"],
    ["GET", ["If-Match: *"], "strong", "proceed"],
    ["GET", ["If-Match: *"], "weak", "proceed"],
    ["PUT", ["If-Match: *"], "strong", "proceed"],
    ["GET", ["If-Match: *"], "none", "precondition failed"],
    ["PUT", ["If-Match: *"], "none", "precondition failed"],
    ["GET", [`If-Match: "a"`], "none", "precondition failed"],
    ["PUT", [`If-Match: "a"`], "none", "precondition failed"],
    ["GET", [`If-Match: "*"`], "strong", "precondition failed"],
    ["GET", [`If-Match: *, "a"`], "strong", "precondition failed"],
    ["GET", ["If-Match: *", `If-Match: "a"`], "strong", "precondition failed"],
    ["GET", ["If-Match: *", "If-Match: *"], "strong", "precondition failed"],
    ["GET", ["If-Match:"], "strong", "precondition failed"],
    ["GET", ["If-Match: a"], "strong", "precondition failed"],
    ["GET", [`If-Match: "a`], "strong", "precondition failed"],
  ],
  "13.1.2 If-None-Match": [
    ["GET", [`If-None-Match: "a"`], "strong", "not modified"],
    ["HEAD", [`If-None-Match: "a"`], "strong", "not modified"],
    ["PUT", [`If-None-Match: "a"`], "strong", "precondition failed"],
    ["POST", [`If-None-Match: "a"`], "strong", "precondition failed"],
    ["DELETE", [`If-None-Match: "a"`], "strong", "precondition failed"],
    ["get", [`If-None-Match: "a"`], "strong", "precondition failed"],
    ["GET", [`If-None-Match: "b"`], "strong", "proceed"],
    ["HEAD", [`If-None-Match: "b"`], "strong", "proceed"],
    ["PUT", [`If-None-Match: "b"`], "strong", "proceed"],
    ["GET", [`If-None-Match: W/"a"`], "strong", "not modified"],
    ["HEAD", [`If-None-Match: W/"a"`], "strong", "not modified"],
    ["PUT", [`If-None-Match: W/"a"`], "strong", "precondition failed"],
    ["GET", [`If-None-Match: "a"`], "weak", "not modified"],
    ["GET", [`If-None-Match: W/"a"`], "weak", "not modified"],
    ["GET", [`If-None-Match: W/"b"`], "weak", "proceed"],
    ["GET", [`If-None-Match: "b", "a"`], "strong", "not modified"],
    ["GET", [`If-None-Match: "b", W/"a", "c"`], "strong", "not modified"],
    ["GET", [`If-None-Match: "b", "c"`], "strong", "proceed"],
    ["GET", [`If-None-Match: "b,a"`], "strong", "proceed"],
    ["GET", [`If-None-Match: "b"`, `If-None-Match: "a"`], "strong", "not modified"],
    ["GET", [`If-None-Match: "b"`, `If-None-Match: "c"`], "strong", "proceed"],
    ["GET", ["If-None-Match: *"], "strong", "not modified"],
    ["GET", ["If-None-Match: *"], "weak", "not modified"],
    ["HEAD", ["If-None-Match: *"], "strong", "not modified"],
    ["PUT", ["If-None-Match: *"], "strong", "precondition failed"],
    ["GET", ["If-None-Match: *"], "none", "proceed"],
    ["PUT", ["If-None-Match: *"], "none", "proceed"],
    ["GET", [`If-None-Match: "a"`], "none", "proceed"],
    ["GET", [`If-None-Match: *, "a"`], "strong", "proceed"],
    ["GET", [`If-None-Match: "*"`], "strong", "proceed"],
    ["GET", ["If-None-Match:"], "strong", "proceed"],
    ["GET", ["If-None-Match: a"], "strong", "proceed"],
    ["GET", [`If-None-Match: "a" garbage`], "strong", "proceed"],
    ["GET", [`If-None-Match: w/"a"`], "strong", "proceed"],
  ],
  "13.1.3 If-Modified-Since": [
    ["GET", [`If-Modified-Since: ${DATE}`], "strong", "not modified"],
    ["HEAD", [`If-Modified-Since: ${DATE}`], "strong", "not modified"],
    ["GET", [`If-Modified-Since: ${DATE}`], "weak", "not modified"],
    ["GET", [`If-Modified-Since: ${AFTER}`], "strong", "not modified"],
    ["HEAD", [`If-Modified-Since: ${AFTER}`], "strong", "not modified"],
    ["GET", [`If-Modified-Since: ${BEFORE}`], "strong", "proceed"],
    ["HEAD", [`If-Modified-Since: ${BEFORE}`], "strong", "proceed"],
    ["GET", ["If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT"], "strong", "not modified"],
    ["GET", ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], "strong", "not modified"],
    ["GET", ["If-Modified-Since: Sunday, 06-Nov-94 08:49:36 GMT"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: Sun Nov  6 08:49:37 1994"], "strong", "not modified"],
    ["GET", ["If-Modified-Since: Sun Nov  6 08:49:36 1994"], "strong", "proceed"],
    ["PUT", [`If-Modified-Since: ${DATE}`], "strong", "proceed"],
    ["POST", [`If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["DELETE", [`If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", [`If-Modified-Since: ${AFTER}`], "none", "proceed"],
    ["GET", ["If-Modified-Since:"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: tomorrow"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: 9999999999"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: Sun, 06 Nov 2094 08:49:37"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: Sun, 06 Nov 2094 08:49:37 UTC"], "strong", "proceed"],
    ["GET", ["If-Modified-Since: Wed, 31 Feb 2094 08:49:37 GMT"], "strong", "proceed"],
    ["GET", [`If-Modified-Since: ${AFTER}; length=10`], "strong", "proceed"],
    ["GET", [`If-Modified-Since: ${AFTER}, ${AFTER}`], "strong", "proceed"],
    ["GET", [`If-Modified-Since: ${AFTER}`, `If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", [`If-Modified-Since: "a"`], "strong", "proceed"],
  ],
  "13.1.4 If-Unmodified-Since": [
    ["GET", [`If-Unmodified-Since: ${DATE}`], "strong", "proceed"],
    ["HEAD", [`If-Unmodified-Since: ${DATE}`], "strong", "proceed"],
    ["PUT", [`If-Unmodified-Since: ${DATE}`], "strong", "proceed"],
    ["GET", [`If-Unmodified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`], "strong", "precondition failed"],
    ["HEAD", [`If-Unmodified-Since: ${BEFORE}`], "strong", "precondition failed"],
    ["PUT", [`If-Unmodified-Since: ${BEFORE}`], "strong", "precondition failed"],
    ["DELETE", [`If-Unmodified-Since: ${BEFORE}`], "weak", "precondition failed"],
    ["GET", ["If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], "strong", "proceed"],
    ["GET", ["If-Unmodified-Since: Sunday, 06-Nov-94 08:49:36 GMT"], "strong", "precondition failed"],
    ["GET", ["If-Unmodified-Since: Sun Nov  6 08:49:36 1994"], "strong", "precondition failed"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`], "none", "proceed"],
    ["PUT", [`If-Unmodified-Since: ${BEFORE}`], "none", "proceed"],
    ["GET", ["If-Unmodified-Since:"], "strong", "proceed"],
    ["GET", ["If-Unmodified-Since: yesterday"], "strong", "proceed"],
    ["GET", ["If-Unmodified-Since: 0"], "strong", "proceed"],
    ["GET", ["If-Unmodified-Since: Sun, 06 Nov 1990 08:49:36"], "strong", "proceed"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}, ${BEFORE}`], "strong", "proceed"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`, `If-Unmodified-Since: ${BEFORE}`], "strong", "proceed"],
  ],
  "13.2.1 when to evaluate": [
    ["GET", [], "strong", "proceed"],
    ["GET", [], "none", "proceed"],
    ["PUT", ["Host: x", "Accept: */*"], "weak", "proceed"],
    ["GET", ["Range: bytes=0-1", `If-Range: "b"`], "strong", "proceed"],
    ["GET", ["Range: bytes=0-1", `If-None-Match: "a"`], "strong", "not modified"],
    ["GET", ["Range: bytes=0-1", `If-Match: "b"`], "strong", "precondition failed"],
    ["OPTIONS", [`If-Match: "b"`], "strong", "proceed"],
    ["OPTIONS", ["If-None-Match: *"], "strong", "proceed"],
    ["OPTIONS", [`If-Unmodified-Since: ${BEFORE}`], "strong", "proceed"],
    ["TRACE", [`If-Match: "b"`], "strong", "proceed"],
    ["TRACE", [`If-None-Match: "a"`], "strong", "proceed"],
    ["CONNECT", ["If-Match: *"], "none", "proceed"],
  ],
  "13.2.2 order": [
    // Step 1 before 2: with If-Match, If-Unmodified-Since does not count.
    ["GET", [`If-Match: "a"`, `If-Unmodified-Since: ${BEFORE}`], "strong", "proceed"],
    ["GET", ["If-Match: *", `If-Unmodified-Since: ${BEFORE}`], "strong", "proceed"],
    ["GET", [`If-Match: "b"`, `If-Unmodified-Since: ${AFTER}`], "strong", "precondition failed"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`, `If-Match: "a"`], "strong", "proceed"],
    ["GET", ["If-Match: garbage", `If-Unmodified-Since: ${AFTER}`], "strong", "precondition failed"],
    // Steps 1 and 2 before 3 and 4.
    ["GET", [`If-Match: "b"`, `If-None-Match: "a"`], "strong", "precondition failed"],
    ["GET", [`If-None-Match: "a"`, `If-Match: "b"`], "strong", "precondition failed"],
    ["GET", [`If-Match: "a"`, `If-None-Match: "a"`], "strong", "not modified"],
    ["PUT", [`If-Match: "a"`, `If-None-Match: "a"`], "strong", "precondition failed"],
    ["GET", [`If-Match: "a"`, `If-None-Match: "b"`], "strong", "proceed"],
    ["GET", [`If-Match: "b"`, `If-Modified-Since: ${AFTER}`], "strong", "precondition failed"],
    ["GET", [`If-Match: "a"`, `If-Modified-Since: ${AFTER}`], "strong", "not modified"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`, `If-None-Match: "a"`], "strong", "precondition failed"],
    ["GET", [`If-Unmodified-Since: ${AFTER}`, `If-None-Match: "a"`], "strong", "not modified"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`, `If-Modified-Since: ${AFTER}`], "strong", "precondition failed"],
    ["GET", [`If-Unmodified-Since: ${DATE}`, `If-Modified-Since: ${DATE}`], "strong", "not modified"],
    ["GET", [`If-Unmodified-Since: ${AFTER}`, `If-Modified-Since: ${BEFORE}`], "strong", "proceed"],
    // Step 3 before 4: with If-None-Match, If-Modified-Since does not count.
    ["GET", [`If-None-Match: "a"`, `If-Modified-Since: ${BEFORE}`], "strong", "not modified"],
    ["GET", [`If-None-Match: "b"`, `If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["HEAD", [`If-None-Match: "b"`, `If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", [`If-Modified-Since: ${AFTER}`, `If-None-Match: "b"`], "strong", "proceed"],
    ["GET", ["If-None-Match: garbage", `If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", ["If-None-Match:", `If-Modified-Since: ${AFTER}`], "strong", "proceed"],
    ["GET", ["If-None-Match: *", `If-Modified-Since: ${BEFORE}`], "strong", "not modified"],
    // A date that is none leaves the rest as it is.
    ["GET", ["If-Unmodified-Since: x", `If-None-Match: "a"`], "strong", "not modified"],
    ["GET", ["If-Unmodified-Since: x", `If-Modified-Since: ${DATE}`], "strong", "not modified"],
    ["GET", [`If-Unmodified-Since: ${BEFORE}`, "If-Modified-Since: x"], "strong", "precondition failed"],
    ["GET", [`If-None-Match: "a"`, "If-Modified-Since: x"], "strong", "not modified"],
  ],
};

for (const [group, rows] of Object.entries(GROUPS)) {
  for (const [method, lines, validators, expected] of rows) {
    const name = `${method} ${lines.join(" | ")} with ${validators} validators: ${expected}`;
    Deno.test(`evaluatePreconditions ${name} (RFC 9110 section ${group})`, () => {
      assertEquals(evaluatePreconditions(method, fieldLines(...lines), VALIDATORS[validators], NOW_MS), expected);
    });
  }
}

/** A field that is absent, or a condition that holds or does not. */
type Condition = readonly [line: string | undefined, isTrue: boolean | undefined];

const IF_MATCH: readonly Condition[] = [[undefined, undefined], [`If-Match: "a"`, true], [`If-Match: "b"`, false]];
const IF_UNMODIFIED_SINCE: readonly Condition[] = [
  [undefined, undefined],
  [`If-Unmodified-Since: ${DATE}`, true],
  [`If-Unmodified-Since: ${BEFORE}`, false],
];
const IF_NONE_MATCH: readonly Condition[] = [
  [undefined, undefined],
  [`If-None-Match: "b"`, true],
  [`If-None-Match: "a"`, false],
];
const IF_MODIFIED_SINCE: readonly Condition[] = [
  [undefined, undefined],
  [`If-Modified-Since: ${BEFORE}`, true],
  [`If-Modified-Since: ${DATE}`, false],
];

/** The steps as RFC 9110 section 13.2.2 lists them. */
function followSteps(
  method: string,
  [ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince]: readonly (boolean | undefined)[],
): PreconditionResult {
  const isReading = ["GET", "HEAD"].includes(method);
  if (ifMatch !== undefined && !ifMatch) return "precondition failed";
  if (ifMatch === undefined && ifUnmodifiedSince === false) return "precondition failed";
  if (ifNoneMatch === false) return isReading ? "not modified" : "precondition failed";
  if (isReading && ifNoneMatch === undefined && ifModifiedSince === false) return "not modified";
  return "proceed";
}

Deno.test("evaluatePreconditions follows the steps for all combinations (RFC 9110 section 13.2.2)", () => {
  let count = 0;
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"]) {
    for (const first of IF_MATCH) {
      for (const second of IF_UNMODIFIED_SINCE) {
        for (const third of IF_NONE_MATCH) {
          for (const fourth of IF_MODIFIED_SINCE) {
            const conditions = [first, second, third, fourth];
            const lines = conditions.flatMap(([line]) => line ?? []);
            const expected = followSteps(method, conditions.map(([, isTrue]) => isTrue));
            for (const ordered of [lines, lines.toReversed()]) {
              const result = evaluatePreconditions(method, fieldLines(...ordered), VALIDATORS.strong, NOW_MS);
              assertEquals(result, expected, `${method} ${ordered.join(" | ")}`);
              count++;
            }
          }
        }
      }
    }
  }
  assertEquals(count, 6 * 81 * 2);
});

// If-Range, RFC 9110 section 13.1.5.

const IF_RANGE: readonly [
  lines: readonly string[],
  validators: "strong" | "weak",
  expected: boolean,
  nowMs?: number,
][] = [
  [[], "strong", true],
  [["Range: bytes=0-1"], "weak", true],
  [[`If-Range: "a"`], "strong", true],
  [[`If-Range: "b"`], "strong", false],
  [[`If-Range: W/"a"`], "strong", false],
  [[`If-Range: "a"`], "weak", false],
  [[`If-Range: W/"a"`], "weak", false],
  [[`If-Range: ${DATE}`], "strong", true],
  [[`If-Range: ${DATE}`], "weak", true],
  [["If-Range: Sunday, 06-Nov-94 08:49:37 GMT"], "strong", true],
  [["If-Range: Sun Nov  6 08:49:37 1994"], "strong", true],
  [[`If-Range: ${BEFORE}`], "strong", false],
  [[`If-Range: ${AFTER}`], "strong", false],
  [["If-Range: Fri, 31 Dec 9999 23:59:59 GMT"], "strong", false],
  // Within the second of the modification, and before it, the date is weak.
  [[`If-Range: ${DATE}`], "strong", true, Date.UTC(1994, 10, 6, 8, 49, 38)],
  [[`If-Range: ${DATE}`], "strong", false, Date.UTC(1994, 10, 6, 8, 49, 37, 999)],
  [[`If-Range: ${DATE}`], "strong", false, Date.UTC(1994, 10, 6, 8, 49, 37)],
  [[`If-Range: ${DATE}`], "strong", false, Date.UTC(1994, 10, 6, 8, 49, 36, 999)],
  [[`If-Range: "a"`], "strong", true, Date.UTC(1994, 10, 6, 8, 49, 37)],
  // What is neither an entity tag nor a date matches nothing.
  [["If-Range:"], "strong", false],
  [["If-Range: *"], "strong", false],
  [["If-Range: a"], "strong", false],
  [[`If-Range: "a`], "strong", false],
  [[`If-Range: w/"a"`], "weak", false],
  [[`If-Range: "a", "b"`], "strong", false],
  [[`If-Range: "b", "a"`], "strong", false],
  [[`If-Range: "a",`], "strong", false],
  [[`If-Range: "a"`, `If-Range: "a"`], "strong", false],
  [[`If-Range: ${DATE}, ${DATE}`], "strong", false],
  [[`If-Range: ${DATE}`, `If-Range: ${DATE}`], "strong", false],
  [[`If-Range: ${DATE.slice(0, -4)}`], "strong", false],
  [[`If-Range: ${DATE.toLowerCase()}`], "strong", false],
  // The other fields say nothing about the range.
  [[`If-Match: "b"`, `If-Range: "a"`], "strong", true],
  [[`If-Match: "a"`, `If-Range: "b"`], "strong", false],
];

for (const [lines, validators, expected, nowMs = NOW_MS] of IF_RANGE) {
  const name = `${lines.join(" | ") || "nothing"} with ${validators} validators in ${new Date(nowMs).toISOString()}`;
  Deno.test(`isRangeApplicable: ${name}: ${expected} (RFC 9110 section 13.1.5)`, () => {
    assertEquals(isRangeApplicable(fieldLines(...lines), VALIDATORS[validators], nowMs), expected);
  });
}

Deno.test("isRangeApplicable compares whole seconds, before the epoch too (RFC 9110 section 13.1.5)", () => {
  const validators = { entityTag: `"a"`, lastModifiedMs: -500 };
  assertEquals(isRangeApplicable(fieldLines("If-Range: Wed, 31 Dec 1969 23:59:59 GMT"), validators, NOW_MS), true);
  assertEquals(isRangeApplicable(fieldLines("If-Range: Thu, 01 Jan 1970 00:00:00 GMT"), validators, NOW_MS), false);
});
