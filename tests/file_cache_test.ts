/**
 * `FileCache` without files: the state of a file is what the test says it is, and so is the time.
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { FileIdentity } from "../src/file_cache.ts";
import { FileCache } from "../src/file_cache.ts";
import { ReusableResponse } from "../src/message.ts";

const FRESH_MS = 1_000;
const KIB = 1_024;

/** Long enough ago that a later change must show. */
const OLD = new Date(Date.now() - 3_600_000);

/** The state of an old file; a part of it can be different. */
function identity(different: Partial<FileIdentity> = {}): FileIdentity {
  return { dev: 1, ino: 2, size: 3, mtime: OLD, mode: 0o100644, ...different };
}

function responseOf(bytes: number): ReusableResponse {
  return new ReusableResponse(200, [], new Uint8Array(bytes));
}

/** A cache with the files that it believes in, and how often it looked at them. */
class Bench {
  readonly files = new Map<string, FileIdentity>();
  readonly looks: string[] = [];
  readonly cache: FileCache;

  constructor(bytes = 1 << 20) {
    this.cache = new FileCache({ bytes, entryBytes: 1 << 30, freshMs: FRESH_MS }, (path) => {
      const name = path.slice(1);
      this.looks.push(name);
      return this.files.get(name);
    });
  }

  /** Keeps a response for `/name`, made of the file `name`. */
  put(name: string, { bytes = 10, nowMs = 0, file = identity() } = {}): ReusableResponse {
    const response = responseOf(bytes);
    this.files.set(name, file);
    this.cache.set(`/${name}`, response, file, nowMs);
    return response;
  }

  /** Which of the names are kept, without renewing any. */
  kept(names: string, nowMs = 0): string {
    return [...names].filter((name) => this.cache.get(`/${name}`, nowMs) !== undefined).join("");
  }
}

Deno.test("FileCache.get knows nothing of a path that was never set", () => {
  const { cache, looks } = new Bench();
  assertEquals(cache.get("/a", 0), undefined);
  assertEquals(looks, []);
});

Deno.test("FileCache.get trusts an entry for the time of freshness and does not look", () => {
  const bench = new Bench();
  const response = bench.put("a", { nowMs: 50 });
  bench.files.delete("a");
  for (const nowMs of [50, 51, 50 + FRESH_MS - 1]) assertStrictEquals(bench.cache.get("/a", nowMs), response);
  assertEquals(bench.looks, []);
  assertEquals(bench.cache.get("/a", 50 + FRESH_MS), undefined);
  assertEquals(bench.looks, ["a"]);
});

Deno.test("FileCache.get renews an entry whose file is unchanged: one look per time of freshness", () => {
  const bench = new Bench();
  const response = bench.put("a");
  for (const nowMs of [1_000, 1_001, 1_999, 2_000, 2_999, 60_000]) {
    assertStrictEquals(bench.cache.get("/a", nowMs), response);
  }
  assertEquals(bench.looks.length, 3);
});

const CHANGES: readonly [change: string, now: FileIdentity | undefined][] = [
  ["is gone", undefined],
  ["has another size", identity({ size: 4 })],
  ["was changed later", identity({ mtime: new Date(OLD.getTime() + 1) })],
  ["was changed earlier", identity({ mtime: new Date(OLD.getTime() - 1) })],
  ["has no time of change any more", identity({ mtime: null })],
  ["has another number", identity({ ino: 9 })],
  ["is on another device", identity({ dev: 9 })],
];

for (const [change, now] of CHANGES) {
  Deno.test(`FileCache.get drops an entry whose file ${change}`, () => {
    const bench = new Bench();
    bench.put("a");
    if (now === undefined) bench.files.delete("a");
    else bench.files.set("a", now);
    assertEquals(bench.cache.get("/a", FRESH_MS), undefined);
    // Dropped for good: also where the file is as it was.
    bench.files.set("a", identity());
    assertEquals(bench.cache.get("/a", FRESH_MS), undefined);
  });
}

const AGES: readonly [age: string, ageMs: number, isRenewed: boolean][] = [
  ["just now", 0, false],
  ["1 s ago", 1_000, false],
  ["a minute ahead", -60_000, false],
  ["3 s ago", 3_000, true],
];

for (const [age, ageMs, isRenewed] of AGES) {
  Deno.test(`FileCache.get ${isRenewed ? "renews" : "does not renew"} an entry of a file changed ${age}`, () => {
    const bench = new Bench();
    const response = bench.put("a", { file: identity({ mtime: new Date(Date.now() - ageMs) }) });
    assertStrictEquals(bench.cache.get("/a", FRESH_MS - 1), response);
    assertEquals(bench.cache.get("/a", FRESH_MS), isRenewed ? response : undefined);
  });
}

// In these each entry costs 10 KiB and its overhead, which is less than 2 KiB.

Deno.test("FileCache.set keeps the sum of bodies below the bound", () => {
  const bench = new Bench(100 * KIB);
  const names = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i)).join("");
  for (const name of names) {
    bench.put(name, { bytes: 10 * KIB });
    const { length } = bench.kept(names);
    if (length > 9) throw new Error(`${length} entries of 10 KiB and more in 100 KiB`);
  }
  // Not emptier than the bound demands, and the youngest are the ones that stay.
  assertEquals(bench.kept(names).slice(-8), names.slice(-8));
});

Deno.test("FileCache.set counts small entries by more than their body", () => {
  const bench = new Bench(10 * KIB);
  for (let i = 0; i < 1_000; i++) bench.put(String(i), { bytes: 0 });
  let kept = 0;
  for (let i = 0; i < 1_000; i++) if (bench.cache.get(`/${i}`, 0) !== undefined) kept++;
  if (kept === 0 || kept > 100) throw new Error(`${kept} empty entries in 10 KiB`);
});

Deno.test("FileCache.set drops the least recently set entry first", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abcd") bench.put(name, { bytes: 10 * KIB });
  assertEquals(bench.kept("abcd"), "bcd");
});

Deno.test("FileCache.set drops the least recently used entry first: renewed counts as used", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.cache.get("/a", FRESH_MS);
  bench.put("d", { bytes: 10 * KIB, nowMs: FRESH_MS });
  assertEquals(bench.kept("ad", FRESH_MS), "ad");
  assertEquals(bench.kept("b"), "");
});

Deno.test("FileCache.set drops the least recently used entry first: found fresh counts as used", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.cache.get("/a", 1);
  bench.put("d", { bytes: 10 * KIB, nowMs: 1 });
  assertEquals(bench.kept("abcd"), "acd");
});

Deno.test("FileCache.set replaces the entry of the same path", () => {
  const bench = new Bench();
  bench.put("a");
  const second = bench.put("a", { nowMs: 500 });
  assertStrictEquals(bench.cache.get("/a", 500), second);
  assertStrictEquals(bench.cache.get("/a", 500 + FRESH_MS - 1), second);
  assertEquals(bench.looks, []);
});

Deno.test("FileCache.set frees the bytes of the entry that it replaces", () => {
  const bench = new Bench(36 * KIB);
  bench.put("a", { bytes: 10 * KIB });
  for (let i = 0; i < 20; i++) bench.put("b", { bytes: 10 * KIB });
  bench.put("c", { bytes: 10 * KIB });
  assertEquals(bench.kept("abc"), "abc");
});

Deno.test("FileCache.set makes the entry that it replaces the youngest", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.put("a", { bytes: 10 * KIB });
  bench.put("d", { bytes: 10 * KIB });
  assertEquals(bench.kept("abcd"), "acd");
});

Deno.test("FileCache.get frees the bytes of the entry that it drops", () => {
  const bench = new Bench(36 * KIB);
  bench.put("a", { bytes: 10 * KIB });
  for (let i = 0; i < 20; i++) {
    bench.put("b", { bytes: 10 * KIB, nowMs: i * FRESH_MS });
    bench.files.delete("b");
    assertEquals(bench.cache.get("/b", (i + 1) * FRESH_MS), undefined);
  }
  bench.put("c", { bytes: 10 * KIB });
  assertEquals(bench.kept("ac"), "ac");
});

Deno.test("FileCache.get keeps the bytes of an entry that it renews counted once", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  for (let i = 1; i <= 20; i++) for (const name of "abc") bench.cache.get(`/${name}`, i * FRESH_MS);
  bench.put("d", { bytes: 10 * KIB, nowMs: 20 * FRESH_MS });
  assertEquals(bench.kept("abcd", 20 * FRESH_MS), "bcd");
});

Deno.test("FileCache.set does not keep an entry larger than the whole cache", () => {
  const bench = new Bench(36 * KIB);
  bench.put("x", { bytes: 40 * KIB });
  assertEquals(bench.kept("x"), "");
  // And its bytes are not counted.
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  assertEquals(bench.kept("abc"), "abc");
});

Deno.test("FileCache.set drops nothing for an entry larger than the whole cache", () => {
  const bench = new Bench(36 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.put("x", { bytes: 40 * KIB });
  assertEquals(bench.kept("abcx"), "abc");
});

Deno.test("FileCache.set drops the former entry where the new one is larger than the whole cache", () => {
  const bench = new Bench(36 * KIB);
  bench.put("a", { bytes: 10 * KIB });
  bench.put("a", { bytes: 40 * KIB });
  assertEquals(bench.kept("a"), "");
});

Deno.test("FileCache of 0 bytes keeps nothing", () => {
  const bench = new Bench(0);
  bench.put("a", { bytes: 0 });
  assertEquals(bench.kept("a"), "");
});
