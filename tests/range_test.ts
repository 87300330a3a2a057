/**
 * `Range` as a table: field value and length → what is sent. Ranges are written as on the wire, `0-0` for the first
 * byte. Besides, random sets of ranges are compared with a reference that looks at each byte.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ByteRange, RangeLimits, RangeSelection } from "../src/range.ts";
import { formatContentRange, formatUnsatisfiedRange, multipartByteranges, selectRanges } from "../src/range.ts";

const LIMITS: RangeLimits = { ranges: 6, unorderedRanges: 3 };

/** Writes a selection as in the tables: `whole`, `unsatisfiable`, `0-499`, `several 0-0 999-999`. */
function describe(selection: RangeSelection): string {
  const write = ({ start, end }: ByteRange) => `${start}-${end - 1}`;
  switch (selection.kind) {
    case "single":
      return write(selection.range);
    case "several":
      return `several ${selection.ranges.map(write).join(" ")}`;
    default:
      return selection.kind;
  }
}

type Row = readonly [value: string | undefined, length: number, expected: string];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  "14.1 range unit": [
    [undefined, 1000, "whole"],
    ["", 1000, "whole"],
    ["bytes", 1000, "whole"],
    ["bytes=0-1", 1000, "0-1"],
    ["Bytes=0-1", 1000, "0-1"],
    ["BYTES=0-1", 1000, "0-1"],
    ["byte=0-1", 1000, "whole"],
    ["xbytes=0-1", 1000, "whole"],
    ["bytess=0-1", 1000, "whole"],
    ["items=0-1", 1000, "whole"],
    ["none", 1000, "whole"],
    ["seconds=1.5-3", 1000, "whole"],
    ["=0-1", 1000, "whole"],
    ["0-1", 1000, "whole"],
    ["bytes 0-1", 1000, "whole"],
    ["bytes:0-1", 1000, "whole"],
    ["bytes =0-1", 1000, "whole"],
    [" bytes=0-1", 1000, "whole"],
    ["items=0-1, bytes=0-1", 1000, "whole"],
  ],
  "14.1.1 ranges-specifier": [
    ["bytes=", 1000, "whole"],
    ["bytes=,", 1000, "whole"],
    ["bytes= , ,", 1000, "whole"],
    ["bytes=-", 1000, "whole"],
    ["bytes=--", 1000, "whole"],
    ["bytes=--5", 1000, "whole"],
    ["bytes=5", 1000, "whole"],
    ["bytes=5-2", 1000, "whole"],
    ["bytes=1-0", 1000, "whole"],
    ["bytes=2000-1000", 1000, "whole"],
    ["bytes=0-1,5-2", 1000, "whole"],
    ["bytes=5-2,0-1", 1000, "whole"],
    ["bytes=5-5", 1000, "5-5"],
    ["bytes=0-1-2", 1000, "whole"],
    ["bytes=0--1", 1000, "whole"],
    ["bytes=+0-1", 1000, "whole"],
    ["bytes=0-+1", 1000, "whole"],
    ["bytes=0x0-0x1", 1000, "whole"],
    ["bytes=1e1-1e2", 1000, "whole"],
    ["bytes=0.0-1.5", 1000, "whole"],
    ["bytes=a-b", 1000, "whole"],
    ["bytes=*", 1000, "whole"],
    ["bytes=0-*", 1000, "whole"],
    ["bytes=0-1/1000", 1000, "whole"],
    ["bytes=\u0660-\u0661", 1000, "whole"],
    [`bytes="0-1"`, 1000, "whole"],
    ["bytes=0-1;q=1", 1000, "whole"],
    ["bytes=0-1 200-201", 1000, "whole"],
    ["bytes=0-1, x", 1000, "whole"],
    ["bytes=x, 0-1", 1000, "whole"],
    ["bytes=0-1, bytes=200-201", 1000, "whole"],
  ],
  "14.1.2 byte ranges": [
    ["bytes=0-0", 1000, "0-0"],
    ["bytes=0-499", 1000, "0-499"],
    ["bytes=500-999", 1000, "500-999"],
    ["bytes=0-999", 1000, "0-999"],
    ["bytes=0-1000", 1000, "0-999"],
    ["bytes=8-9999", 1000, "8-999"],
    ["bytes=0-", 1000, "0-999"],
    ["bytes=1-", 1000, "1-999"],
    ["bytes=999-", 1000, "999-999"],
    ["bytes=999-999", 1000, "999-999"],
    ["bytes=1000-", 1000, "unsatisfiable"],
    ["bytes=1000-1000", 1000, "unsatisfiable"],
    ["bytes=2000-3000", 1000, "unsatisfiable"],
    ["bytes=-1", 1000, "999-999"],
    ["bytes=-500", 1000, "500-999"],
    ["bytes=-999", 1000, "1-999"],
    ["bytes=-1000", 1000, "0-999"],
    ["bytes=-1001", 1000, "0-999"],
    ["bytes=-0", 1000, "unsatisfiable"],
    ["bytes=-000", 1000, "unsatisfiable"],
    ["bytes=-0,1000-", 1000, "unsatisfiable"],
    ["bytes=-0,5-6", 1000, "5-6"],
    ["bytes=5-6,-0", 1000, "5-6"],
    ["bytes=1000-,5-6", 1000, "5-6"],
    ["bytes=000-0001", 1000, "0-1"],
    ["bytes=0-0", 1, "0-0"],
    ["bytes=-1", 1, "0-0"],
    ["bytes=1-", 1, "unsatisfiable"],
    // The RFC's own examples.
    ["bytes=-500", 10_000, "9500-9999"],
    ["bytes=9500-", 10_000, "9500-9999"],
    ["bytes=0-0,-1", 10_000, "several 0-0 9999-9999"],
    ["bytes= 0-999, 4500-5499, -1000", 10_000, "several 0-999 4500-5499 9000-9999"],
    ["bytes=500-600,601-999", 10_000, "500-999"],
    ["bytes=500-700,601-999", 10_000, "500-999"],
  ],
  "14.1.2 large numerals": [
    ["bytes=4294967296-4294967297", 5_000_000_000, "4294967296-4294967297"],
    ["bytes=-4294967297", 5_000_000_000, "705032703-4999999999"],
    ["bytes=9007199254740990-", 2 ** 53 - 1, "9007199254740990-9007199254740990"],
    ["bytes=0-9007199254740991", 1000, "0-999"],
    ["bytes=0-9007199254740992", 1000, "0-999"],
    ["bytes=0-18446744073709551615", 1000, "0-999"],
    ["bytes=0-18446744073709551616", 1000, "0-999"],
    ["bytes=18446744073709551616-", 1000, "unsatisfiable"],
    ["bytes=18446744073709551616-18446744073709551617", 1000, "unsatisfiable"],
    ["bytes=18446744073709551616-0", 1000, "whole"],
    ["bytes=-18446744073709551616", 1000, "0-999"],
    [`bytes=0-${"9".repeat(400)}`, 1000, "0-999"],
    [`bytes=${"9".repeat(400)}-`, 1000, "unsatisfiable"],
    [`bytes=${"9".repeat(400)}-${"9".repeat(400)}`, 1000, "unsatisfiable"],
    [`bytes=-${"9".repeat(400)}`, 1000, "0-999"],
    [`bytes=${"0".repeat(400)}1-2`, 1000, "1-2"],
  ],
  "14.2 no content": [
    ["bytes=0-", 0, "whole"],
    ["bytes=0-0", 0, "whole"],
    ["bytes=-1", 0, "whole"],
    ["bytes=-0", 0, "whole"],
    ["bytes=5-2", 0, "whole"],
    [undefined, 0, "whole"],
  ],
  "5.6.1.2 lists": [
    ["bytes=0-0,500-500", 1000, "several 0-0 500-500"],
    ["bytes=0-0, 500-500", 1000, "several 0-0 500-500"],
    ["bytes=0-0 \t,\t 500-500", 1000, "several 0-0 500-500"],
    ["bytes=,0-0", 1000, "0-0"],
    ["bytes=, , 0-0", 1000, "0-0"],
    ["bytes=0-0,", 1000, "0-0"],
    ["bytes=0-0 , ,\t,", 1000, "0-0"],
    ["bytes=0-0,,,,500-500", 1000, "several 0-0 500-500"],
    ["bytes=\t0-0", 1000, "0-0"],
    ["bytes=0 -0", 1000, "whole"],
    ["bytes=0- 0", 1000, "whole"],
    ["bytes=- 5", 1000, "whole"],
    ["bytes=0-0;500-500", 1000, "whole"],
    ["bytes=0-0\n,500-500", 1000, "whole"],
  ],
  "15.3.7.2 order": [
    ["bytes=500-509,0-9", 1000, "several 500-509 0-9"],
    ["bytes=-1,0-0", 1000, "several 999-999 0-0"],
    ["bytes=500-509,0-9,200-209", 1000, "several 500-509 0-9 200-209"],
    ["bytes=900-,2000-,0-9", 1000, "several 900-999 0-9"],
    // A merged range takes the place of the first of its ranges.
    ["bytes=500-509,0-9,520-529", 1000, "several 500-529 0-9"],
    ["bytes=520-529,0-9,500-509", 1000, "several 500-529 0-9"],
    ["bytes=0-9,520-529,500-509", 1000, "several 0-9 500-529"],
  ],
  "15.3.7.2 coalescing": [
    // A gap of 79 bytes is sent, one of 80 is not.
    ["bytes=0-9,10-19", 1000, "0-19"],
    ["bytes=0-9,11-19", 1000, "0-19"],
    ["bytes=0-9,89-99", 1000, "0-99"],
    ["bytes=0-9,90-99", 1000, "several 0-9 90-99"],
    ["bytes=89-99,0-9", 1000, "0-99"],
    ["bytes=90-99,0-9", 1000, "several 90-99 0-9"],
    ["bytes=0-9,5-19", 1000, "0-19"],
    ["bytes=5-19,0-9", 1000, "0-19"],
    ["bytes=0-9,9-19", 1000, "0-19"],
    ["bytes=0-9,0-9", 1000, "0-9"],
    ["bytes=0-99,10-19", 1000, "0-99"],
    ["bytes=10-19,0-99", 1000, "0-99"],
    ["bytes=0-9,0-99", 1000, "0-99"],
    ["bytes=0-,-1", 1000, "0-999"],
    ["bytes=0-499,500-", 1000, "0-999"],
    ["bytes=0-0,50-50,100-100,150-150", 1000, "0-150"],
    ["bytes=0-0,100-100,50-50", 1000, "0-100"],
    ["bytes=0-0,60-60,500-500,560-560", 1000, "several 0-60 500-560"],
    // The one that contains the other reaches further than the last.
    ["bytes=0-300,10-19,350-359", 1000, "0-359"],
    ["bytes=0-300,10-19,400-409", 1000, "several 0-300 400-409"],
  ],
  "17.15 limits and overlaps": [
    ["bytes=0-0,100-100,200-200,300-300,400-400,500-500", 1000, "several 0-0 100-100 200-200 300-300 400-400 500-500"],
    ["bytes=0-0,100-100,200-200,300-300,400-400,500-500,600-600", 1000, "whole"],
    ["bytes=0-0,1-1,2-2,3-3,4-4,5-5", 1000, "0-5"],
    ["bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6", 1000, "whole"],
    // Ranges that cannot be satisfied count too, empty elements do not.
    ["bytes=0-0,1000-,1000-,1000-,1000-,1000-", 1000, "0-0"],
    ["bytes=0-0,1000-,1000-,1000-,1000-,1000-,1000-", 1000, "whole"],
    ["bytes=1000-,1000-,1000-,1000-,1000-,1000-,1000-", 1000, "whole"],
    ["bytes=0-0,,,,,,,,,,,,,,,,500-500", 1000, "several 0-0 500-500"],
    // More than two overlapping ranges.
    ["bytes=0-,0-,0-", 1000, "whole"],
    ["bytes=0-9,0-9,0-9", 1000, "whole"],
    ["bytes=0-10,5-15,12-20", 1000, "whole"],
    ["bytes=0-99,10-19,50-59", 1000, "whole"],
    ["bytes=50-59,10-19,0-99", 1000, "whole"],
    ["bytes=0-10,5-15,500-510,505-515", 1000, "whole"],
    ["bytes=0-10,5-15,500-510,700-710", 1000, "several 0-15 500-510 700-710"],
    ["bytes=0-10,11-20,15-30", 1000, "0-30"],
    ["bytes=-1,-2,-3", 1000, "whole"],
    ["bytes=-1,-2", 1000, "998-999"],
    ["bytes=0-,1000-,1000-,1000-", 1000, "0-999"],
    // Many ranges out of order.
    ["bytes=400-400,0-0,200-200", 1000, "several 400-400 0-0 200-200"],
    ["bytes=600-600,400-400,200-200,0-0", 1000, "whole"],
    ["bytes=0-0,200-200,600-600,400-400", 1000, "whole"],
    ["bytes=0-0,200-200,400-400,600-600", 1000, "several 0-0 200-200 400-400 600-600"],
    ["bytes=0-0,0-0,200-200,400-400", 1000, "several 0-0 200-200 400-400"],
    ["bytes=600-600,400-400,200-200,1000-", 1000, "several 600-600 400-400 200-200"],
  ],
};

for (const [group, rows] of Object.entries(GROUPS)) {
  for (const [value, length, expected] of rows) {
    const shown = value === undefined || value.length < 100 ? value : `${value.slice(0, 20)}…`;
    Deno.test(`selectRanges ${JSON.stringify(shown)} of ${length}: ${expected} (RFC 9110 section ${group})`, () => {
      assertEquals(describe(selectRanges(value, length, LIMITS)), expected);
    });
  }
}

Deno.test("selectRanges takes time in proportion to the value, whatever is in it (RFC 9110 section 17.15)", () => {
  const unlimited = { ranges: Infinity, unorderedRanges: Infinity };
  for (const piece of [" ", ",", "\t,", "0", "-", "0-", "0-0,", "-1 ,", "0-0 "]) {
    assertEquals(selectRanges(`bytes=${piece.repeat(100_000)}!`, 1000, unlimited).kind, "whole");
  }
});

/** Numbers that look random and are the same each time: mulberry32. */
function randomNumbers(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A range-spec as numbers, and as the set of bytes that it stands for. */
interface Spec {
  readonly text: string;
  readonly isValid: boolean;
  readonly covers: (byte: number) => boolean;
}

function randomSpec(random: (below: number) => number, length: number): Spec {
  const first = random(length + 100);
  switch (random(6)) {
    case 0:
      return { text: `${first}-`, isValid: true, covers: (byte) => byte >= first };
    case 1: {
      const suffix = random(200);
      return { text: `-${suffix}`, isValid: true, covers: (byte) => byte >= length - suffix };
    }
    default: {
      const last = first + random(120) - (random(40) === 0 ? 20 : 0);
      return { text: `${first}-${Math.max(0, last)}`, isValid: last >= first, covers: (b) => b >= first && b <= last };
    }
  }
}

/** Slow and obvious: paints the bytes of each range, and closes the small gaps. */
function selectByBytes(specs: readonly Spec[], length: number, limits: RangeLimits): string {
  if (length === 0 || specs.length > limits.ranges || specs.some(({ isValid }) => !isValid)) return "whole";
  const bytes = Array.from({ length }, (_, byte) => byte);
  const sets = specs.map(({ covers }) => bytes.filter(covers)).filter((set) => set.length > 0);
  if (sets.length === 0) return "unsatisfiable";

  const starts = sets.map(([start = 0]) => start);
  const isOrdered = starts.every((start, index) => index === 0 || start >= (starts[index - 1] ?? 0));
  if (!isOrdered && sets.length > limits.unorderedRanges) return "whole";
  const overlapping = sets.filter((set, i) =>
    sets.some((other, j) => i !== j && other.some((byte) => set.includes(byte)))
  );
  if (overlapping.length > 2) return "whole";

  // Who painted a byte first; a gap below 80 bytes belongs to both sides.
  const painted = bytes.map((byte) => sets.findIndex((set) => set.includes(byte)));
  const runs: { start: number; end: number; place: number }[] = [];
  for (const byte of bytes) {
    const place = painted[byte] ?? -1;
    if (place < 0) continue;
    const run = runs.at(-1);
    if (run === undefined || byte - run.end >= 80) runs.push({ start: byte, end: byte + 1, place });
    else Object.assign(run, { end: byte + 1, place: Math.min(run.place, place) });
  }
  const written = runs.sort((a, b) => a.place - b.place).map(({ start, end }) => `${start}-${end - 1}`);
  return written.length === 1 ? `${written[0]}` : `several ${written.join(" ")}`;
}

Deno.test("selectRanges agrees with a reference that looks at each byte, for random ranges (RFC 9110 section 14)", () => {
  const random = randomNumbers(9110);
  const kinds: Record<string, number> = {};
  for (let round = 0; round < 1_000; round++) {
    const length = random(20) === 0 ? random(3) : random(1500);
    const specs = Array.from({ length: 1 + random(random(10) === 0 ? 8 : 4) }, () => randomSpec(random, length));
    const value = `bytes=${specs.map(({ text }) => text).join([",", ", ", " ,,\t"][random(3)])}`;
    const actual = describe(selectRanges(value, length, LIMITS));
    assertEquals(actual, selectByBytes(specs, length, LIMITS), `${value} of ${length}`);
    const kind = /^[a-z]*/.exec(actual)?.[0] || "single";
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  for (const kind of ["whole", "unsatisfiable", "single", "several"]) {
    assert((kinds[kind] ?? 0) > 30, `${kind} came ${kinds[kind]} times`);
  }
});

const CONTENT_RANGES: readonly [range: ByteRange, length: number, expected: string][] = [
  [{ start: 0, end: 500 }, 1234, "bytes 0-499/1234"],
  [{ start: 500, end: 1000 }, 1234, "bytes 500-999/1234"],
  [{ start: 500, end: 1234 }, 1234, "bytes 500-1233/1234"],
  [{ start: 734, end: 1234 }, 1234, "bytes 734-1233/1234"],
  [{ start: 0, end: 1 }, 1, "bytes 0-0/1"],
  [{ start: 4_294_967_296, end: 5_000_000_000 }, 5_000_000_000, "bytes 4294967296-4999999999/5000000000"],
];

for (const [range, length, expected] of CONTENT_RANGES) {
  Deno.test(`formatContentRange: ${expected} (RFC 9110 section 14.4)`, () => {
    assertEquals(formatContentRange(range, length), expected);
  });
}

Deno.test("formatUnsatisfiedRange names the length (RFC 9110 section 14.4)", () => {
  assertEquals(formatUnsatisfiedRange(1234), "bytes */1234");
  assertEquals(formatUnsatisfiedRange(5_000_000_000), "bytes */5000000000");
});

const RANGES: readonly ByteRange[] = [{ start: 2, end: 5 }, { start: 0, end: 1 }];
const CONTENT = new TextEncoder().encode("abcdefgh");

/** Puts the parts and the bytes together as the writer does. */
function assemble({ parts, trailer }: ReturnType<typeof multipartByteranges>): Uint8Array {
  const pieces = parts.flatMap(({ head, range }) => [head, CONTENT.subarray(range.start, range.end)]);
  return Uint8Array.from([...pieces, trailer].flatMap((piece) => [...piece]));
}

const MULTIPARTS: readonly [contentType: string | undefined, boundary: string, expected: string][] = [
  [
    "text/plain",
    "THIS_STRING_SEPARATES",
    "--THIS_STRING_SEPARATES\r\nContent-Type: text/plain\r\nContent-Range: bytes 2-4/8\r\n\r\ncde" +
    "\r\n--THIS_STRING_SEPARATES\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/8\r\n\r\na" +
    "\r\n--THIS_STRING_SEPARATES--\r\n",
  ],
  [
    undefined,
    "x",
    "--x\r\nContent-Range: bytes 2-4/8\r\n\r\ncde\r\n--x\r\nContent-Range: bytes 0-0/8\r\n\r\na\r\n--x--\r\n",
  ],
  [
    'text/x; name="é"',
    "0123456789".repeat(7),
    `--${"0123456789".repeat(7)}\r\nContent-Type: text/x; name="é"\r\nContent-Range: bytes 2-4/8\r\n\r\ncde` +
    `\r\n--${"0123456789".repeat(7)}\r\nContent-Type: text/x; name="é"\r\nContent-Range: bytes 0-0/8\r\n\r\na` +
    `\r\n--${"0123456789".repeat(7)}--\r\n`,
  ],
];

for (const [contentType, boundary, expected] of MULTIPARTS) {
  Deno.test(`multipartByteranges of ${contentType} with a boundary of ${boundary.length} (RFC 9110 section 14.6)`, () => {
    const multipart = multipartByteranges(RANGES, CONTENT.length, contentType, boundary);
    const bytes = assemble(multipart);
    assertEquals(new TextDecoder().decode(bytes), expected);
    assertEquals(multipart.length, bytes.length);
    assertEquals(multipart.contentType, `multipart/byteranges; boundary=${boundary}`);
    assertEquals(multipart.parts.map(({ range }) => range), RANGES);
  });
}

Deno.test("multipartByteranges counts the bytes of ranges beyond 4 GiB (RFC 9110 section 14.6)", () => {
  const length = 5_000_000_000;
  const heads = multipartByteranges([{ start: 0, end: 1 }, { start: length - 1, end: length }], length, "a/b", "x");
  const large = multipartByteranges([{ start: 0, end: 1 }, { start: 1, end: length }], length, "a/b", "x");
  assertEquals(large.length - heads.length, length - 2 - "4999999999".length + "1".length);
});

const BAD_PARTS: readonly [contentType: string | undefined, boundary: string][] = [
  ["text/plain", ""],
  ["text/plain", "x".repeat(71)],
  ["text/plain", "a b"],
  ["text/plain", `"x"`],
  ["text/plain", "x;y"],
  ["text/plain", "x\r\n"],
  ["text/plain", "é"],
  ["text/plain\r\nSet-Cookie: a=b", "x"],
  ["text/plain\n", "x"],
  ["text/plain\0", "x"],
  ["text/\u{1f600}", "x"],
];

for (const [contentType, boundary] of BAD_PARTS) {
  const name = `${JSON.stringify(contentType)} with ${JSON.stringify(boundary)}`;
  Deno.test(`multipartByteranges refuses ${name} (RFC 9110 section 14.6)`, () => {
    assertThrows(() => multipartByteranges(RANGES, CONTENT.length, contentType, boundary), TypeError, "Bad ");
  });
}
