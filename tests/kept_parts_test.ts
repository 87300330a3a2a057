/**
 * `KeptParts`, and what it means for the answers of a `Representation`: which parts of a large file are in memory, and
 * that they are the bytes of the file.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { KeptParts } from "../src/kept_parts.ts";
import type { OpenFile } from "../src/message.ts";
import { ReusableResponse } from "../src/message.ts";
import { Representation } from "../src/representation.ts";
import { readFileBody, requestHead } from "./ask.ts";

/** A row: parts in the order in which they are asked for, by their first letter; then those that are kept. */
const ASKED: readonly [asked: string, kept: string][] = [
  ["", ""],
  ["a", ""],
  ["aa", "a"],
  ["abab", "ab"],
  ["aabbcc", "abc"],
  ["aabbccdd", "bcd"],
  // What is used stays.
  ["aabbccadd", "acd"],
  ["aabbccddaa", "cda"],
];

for (const [asked, kept] of ASKED) {
  Deno.test(`KeptParts: of ${asked || "nothing"} it keeps ${kept || "nothing"}`, () => {
    let held = 0;
    const parts = new KeptParts(30, (bytes) => held += bytes);
    for (const key of asked) askPart(parts, key);
    assertEquals([...kept].filter((key) => parts.get(key) !== undefined).join(""), kept);
    assertEquals(held, kept.length * 10);
  });
}

Deno.test("KeptParts keeps nothing that is too large alone", () => {
  const parts = new KeptParts(30, () => {});
  assertEquals([parts.isWanted("a", 31), parts.isWanted("a", 31), parts.isWanted("a", 30)], [false, false, true]);
});

Deno.test("KeptParts forgets what was asked for long ago, and one that is used stays through all of it", () => {
  let held = 0;
  const parts = new KeptParts(1_000_000, (bytes) => held += bytes);
  const ask = (key: string) => askPart(parts, key);
  ask("hot");
  ask("hot");
  ask("cold");
  for (let i = 0; i < 1_000; i++) assert(!ask(`once ${i}`) && ask("hot"), `at ${i}`);
  assertEquals([ask("cold"), parts.get("cold"), held], [false, undefined, 10]);
});

/** Asks for a part of 10 bytes. Returns whether it was kept. */
function askPart(parts: KeptParts, key: string): boolean {
  const isKept = parts.get(key) !== undefined;
  if (!isKept && parts.isWanted(key, 10)) parts.keep(key, new ReusableResponse(206, [], new Uint8Array(10)));
  return isKept;
}

const LENGTH = 5_000_000;

/** A large file whose bytes tell where they are. */
class LargeFile implements OpenFile {
  readonly log: string[];
  readonly isSlow: boolean;
  readonly length: number;
  #position = 0;

  constructor(log: string[], { isSlow = false, length = LENGTH }: { isSlow?: boolean; length?: number } = {}) {
    this.log = log;
    this.isSlow = isSlow;
    this.length = length;
    log.push("open");
  }

  readSync(into: Uint8Array): number | null {
    const count = Math.min(into.length, this.length - this.#position, 30_000);
    for (let i = 0; i < count; i++) into[i] = byteAt(this.#position + i);
    this.#position += count;
    return count <= 0 ? null : count;
  }

  seekSync(offset: number): number {
    return this.#position = offset;
  }

  close(): void {
    this.log.push("close");
  }
}

function byteAt(position: number): number {
  return (position * 31 + (position >> 8) * 17) & 0xff;
}

/** Asks for ranges of a large file; returns how each was answered, and the memory that is held in the end. */
function askFor(ranges: readonly string[], { mostKeptBytes = 200_000, ...file }: {
  mostKeptBytes?: number;
  isSlow?: boolean;
  length?: number;
} = {}): { answers: string[]; held: number; log: string[] } {
  let held = 0;
  const log: string[] = [];
  const representation = new Representation({
    contentType: "text/plain",
    validators: { entityTag: '"a"', lastModifiedMs: 0 },
    content: { length: LENGTH, open: () => new LargeFile(log, file), mostKeptBytes },
    hold: (bytes) => held += bytes,
    cacheFields: [],
    contentFields: [],
  });
  const answers = ranges.map((range) => {
    const { status, fields, body } = representation.select(
      requestHead("GET / HTTP/1.1", `Range: bytes=${range}\r\n`),
      0,
    );
    const isFile = "file" in body;
    assert(isFile || body instanceof Uint8Array);
    const shown = new Map(fields).get("Content-Range");
    if (isFile && file.length !== undefined) {
      // It has fewer bytes than were promised.
      body.file.close();
    } else {
      const start = Number(range.split("-")[0]);
      const bytes = isFile ? readFileBody(body) : body;
      assertEquals(bytes.length, body.length);
      assert(bytes.every((byte, i) => byte === byteAt(start + i)), `bytes of ${range}`);
    }
    return `${status} ${shown} from ${isFile ? "file" : "memory"}`;
  });
  return { answers, held, log };
}

/** A row: how many times the same range is asked for, of what file, and how that is answered. */
const REPEATED: readonly [string, Parameters<typeof askFor>[1], answers: string[]][] = [
  ["a range", {}, ["file", "memory", "memory"]],
  ["a range where nothing is kept", { mostKeptBytes: 0 }, ["file", "file", "file"]],
  ["a range larger than what is kept", { mostKeptBytes: 65_535 }, ["file", "file", "file"]],
  ["a range of a file on a slow disk", { isSlow: true }, ["file", "file", "file"]],
  ["a range of a file that has become shorter", { length: 1_000_001 }, ["file", "file", "file"]],
];

for (const [what, options, expected] of REPEATED) {
  Deno.test(`Representation: ${what} comes from ${expected.join(", ")}`, () => {
    const { answers, held, log } = askFor(Array(3).fill("1000000-1065535"), options);
    assertEquals(answers, expected.map((source) => `206 bytes 1000000-1065535/${LENGTH} from ${source}`));
    assertEquals(held, expected.includes("memory") ? 65_536 + HEAD_ROOM_BYTES : 0);
    const opened = log.filter((call) => call === "open");
    assertStrictEquals(log.length, opened.length * 2, "what was opened is closed");
  });
}

Deno.test("Representation keeps parts of a file up to a bound, and each has its own bytes", () => {
  const ranges = ["0-65535", "100000-165535", "65536-131071", "4900000-4999999", "7-7"];
  const { answers, held } = askFor([...ranges, ...ranges, ...ranges]);
  assert(answers.some((answer) => answer.endsWith("from file")) && answers.some((answer) => answer.endsWith("memory")));
  assert(held <= 200_000 && held > 100_000, `${held} bytes`);
});
