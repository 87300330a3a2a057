/**
 * `FileCache` without files: the state of a file is what the test says it is, and so is the time.
 */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Keepable } from "../src/file_cache.ts";
import { FileCache } from "../src/file_cache.ts";

const FRESH_MS = 1_000;
const KIB = 1_024;

/** What the test says of a file. */
interface State {
  readonly fingerprint?: string;
  readonly isSettled?: boolean;
  readonly bytes?: number;
  /** As of when it can be confirmed; absent: not at all. */
  readonly confirmedMs?: number;
  /** As of when a look at it is sure; absent: at once. */
  readonly asOfMs?: number;
}

/** One look at a file; what it holds may grow, as content does that is read when it is first asked for. */
class Look implements Keepable {
  readonly fingerprint: string;
  readonly isSettled: boolean;
  heldBytes: number;
  confirmedMs: number | undefined;
  readonly asOfMs: number | undefined;
  /** What it took over from. */
  readonly adopted: Look[] = [];
  /** How often it was told that it is kept, less how often that it is not. */
  timesKept = 0;

  constructor({ fingerprint = "same", isSettled = true, bytes = 10, confirmedMs, asOfMs }: State) {
    this.asOfMs = asOfMs;
    this.fingerprint = fingerprint;
    this.confirmedMs = confirmedMs;
    this.isSettled = isSettled;
    this.heldBytes = bytes;
  }

  confirm(): number | undefined {
    return this.confirmedMs;
  }

  adopt(later: Look): void {
    this.adopted.push(later);
  }

  enter(): void {
    this.timesKept++;
  }

  leave(): void {
    this.timesKept--;
  }
}

/** A cache with the files that it believes in, and how often it looked at them. */
class Bench {
  readonly files = new Map<string, State>();
  readonly looks: string[] = [];
  readonly cache: FileCache<Look>;
  #isBlind = false;

  constructor(bytes = 1 << 20) {
    this.cache = new FileCache({ bytes, entryBytes: 1 << 30, freshMs: FRESH_MS }, (path) => {
      if (this.#isBlind) return undefined;
      const name = path.slice(1);
      this.looks.push(name);
      const state = this.files.get(name);
      return state && new Look(state);
    });
  }

  /** Makes the file `name` and asks for it. */
  put(name: string, { nowMs = 0, ...state }: State & { nowMs?: number } = {}): Look {
    this.files.set(name, state);
    const look = this.cache.get(`/${name}`, nowMs);
    assert(look !== undefined);
    return look;
  }

  /** Which of the names are kept and fresh, without a look at any file. */
  kept(names: Iterable<string>, nowMs = 0): string {
    this.#isBlind = true;
    const kept = [...names].filter((name) => this.cache.get(`/${name}`, nowMs) !== undefined);
    this.#isBlind = false;
    return kept.join("");
  }
}

Deno.test("FileCache.get invents nothing and remembers no failure", () => {
  const { cache, looks, files } = new Bench();
  assertEquals(cache.get("/a", 0), undefined);
  assertEquals(cache.get("/a", 0), undefined);
  assertEquals(looks, ["a", "a"]);
  files.set("a", {});
  assertEquals(cache.get("/a", 0)?.fingerprint, "same");
});

Deno.test("FileCache.get trusts an entry for the time of freshness and does not look", () => {
  const bench = new Bench();
  const look = bench.put("a", { nowMs: 50 });
  bench.files.delete("a");
  for (const nowMs of [50, 51, 50 + FRESH_MS - 1]) assertStrictEquals(bench.cache.get("/a", nowMs), look);
  assertEquals(bench.looks, ["a"]);
  assertEquals(bench.cache.get("/a", 50 + FRESH_MS), undefined);
  assertEquals(bench.looks, ["a", "a"]);
});

Deno.test("FileCache.get trusts a look as of when it is sure, also where it shows nothing new", () => {
  const bench = new Bench();
  const look = bench.put("a", { nowMs: 50, asOfMs: -30 });
  assertStrictEquals(bench.cache.get("/a", FRESH_MS - 31), look);
  assertEquals(bench.looks.length, 1);
  bench.files.set("a", { asOfMs: FRESH_MS - 60 });
  assertStrictEquals(bench.cache.get("/a", FRESH_MS - 30), look);
  assertEquals(bench.looks.length, 2);
  assertStrictEquals(bench.cache.get("/a", 2 * FRESH_MS - 61), look);
  assertEquals(bench.looks.length, 2);
  bench.cache.get("/a", 2 * FRESH_MS - 60);
  assertEquals(bench.looks.length, 3);
});

const CONFIRMED: readonly [what: string, state: State, nowMs: number, looks: number, freshUntilMs: number][] = [
  ["now", { confirmedMs: FRESH_MS }, FRESH_MS, 1, 2 * FRESH_MS],
  ["a moment ago", { confirmedMs: FRESH_MS - 60 }, FRESH_MS, 1, 2 * FRESH_MS - 60],
  ["too long ago", { confirmedMs: 0 }, FRESH_MS, 2, 2 * FRESH_MS],
  ["not at all", {}, FRESH_MS, 2, 2 * FRESH_MS],
  ["now, and could change without a sign", { confirmedMs: FRESH_MS, isSettled: false }, FRESH_MS, 2, 2 * FRESH_MS],
];

for (const [what, state, nowMs, looks, freshUntilMs] of CONFIRMED) {
  Deno.test(`FileCache.get trusts an entry as of when it is confirmed: ${what}`, () => {
    const bench = new Bench();
    const look = bench.put("a", state);
    assertEquals(bench.cache.get("/a", nowMs) === look, state.isSettled !== false);
    assertEquals(bench.looks.length, looks);
    const again = bench.cache.get("/a", freshUntilMs - 1);
    assertEquals(bench.looks.length, looks);
    assert(again instanceof Look);
    again.confirmedMs = undefined;
    bench.cache.get("/a", freshUntilMs);
    assertEquals(bench.looks.length, looks + 1);
  });
}

Deno.test("FileCache.get lets what it keeps take over from a later look at the same state, and from no other", () => {
  const bench = new Bench();
  const look = bench.put("a", { asOfMs: 1 });
  bench.files.set("a", { asOfMs: FRESH_MS });
  bench.cache.get("/a", FRESH_MS + 1);
  assertEquals(look.adopted.map(({ asOfMs }) => asOfMs), [FRESH_MS]);
  bench.files.set("a", { fingerprint: "other" });
  const other = bench.cache.get("/a", 2 * FRESH_MS);
  assertEquals([look.adopted.length, other?.adopted.length], [1, 0]);
});

Deno.test("FileCache.get renews an entry whose file is unchanged: one look per time of freshness", () => {
  const bench = new Bench();
  const look = bench.put("a");
  for (const nowMs of [1_000, 1_001, 1_999, 2_000, 2_999, 60_000]) {
    assertStrictEquals(bench.cache.get("/a", nowMs), look);
  }
  assertEquals(bench.looks.length, 4);
});

const CHANGES: readonly [change: string, before: State, now: State | undefined][] = [
  ["is gone", {}, undefined],
  ["was changed", {}, { fingerprint: "other" }],
  ["was changed and may be changed again", {}, { fingerprint: "other", isSettled: false }],
  ["could have changed without a sign", { isSettled: false }, {}],
  ["could have changed and still can", { isSettled: false }, { isSettled: false }],
];

for (const [change, before, now] of CHANGES) {
  Deno.test(`FileCache.get drops an entry whose file ${change}`, () => {
    const bench = new Bench();
    const first = bench.put("a", before);
    assertStrictEquals(bench.cache.get("/a", FRESH_MS - 1), first);
    if (now === undefined) bench.files.delete("a");
    else bench.files.set("a", now);
    const second = bench.cache.get("/a", FRESH_MS);
    assertNotStrictEquals(second, first);
    assertEquals(second?.fingerprint, now && now.fingerprint === undefined ? "same" : now?.fingerprint);
    if (second !== undefined) assertStrictEquals(bench.cache.get("/a", 2 * FRESH_MS - 1), second);
    // Dropped for good: also where the file is as it was.
    bench.files.set("a", before);
    assertNotStrictEquals(bench.cache.get("/a", 2 * FRESH_MS), first);
  });
}

Deno.test("FileCache.get renews what has settled, and only then", () => {
  const bench = new Bench();
  const young = bench.put("a", { isSettled: false });
  bench.files.set("a", {});
  const settled = bench.cache.get("/a", FRESH_MS);
  assertNotStrictEquals(settled, young);
  for (let i = 2; i < 5; i++) assertStrictEquals(bench.cache.get("/a", i * FRESH_MS), settled);
});

Deno.test("FileCache.get passes on what looking throws, and has forgotten the entry", () => {
  let isFailing = false;
  const cache = new FileCache({ bytes: 39 * KIB, entryBytes: 0, freshMs: FRESH_MS }, () => {
    if (isFailing) throw new TypeError("gone");
    return new Look({ bytes: 30 * KIB });
  });
  const first = cache.get("/a", 0);
  isFailing = true;
  assertThrows(() => cache.get("/a", FRESH_MS), TypeError, "gone");
  assertThrows(() => cache.get("/a", FRESH_MS), TypeError, "gone");
  isFailing = false;
  const other = cache.get("/b", FRESH_MS); // there is room: the bytes of the other one are free
  assertStrictEquals(cache.get("/b", FRESH_MS), other);
  assertNotStrictEquals(cache.get("/a", FRESH_MS), first);
});

Deno.test("FileCache.delete forgets an entry and frees its bytes", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.cache.delete("/a");
  bench.cache.delete("/a");
  bench.cache.delete("/never");
  bench.put("d", { bytes: 10 * KIB });
  assertEquals(bench.kept("abcd"), "bcd");
});

Deno.test("FileCache tells what it keeps that it does, and then that it does no more", () => {
  const bench = new Bench(39 * KIB);
  const looks = [..."abcd"].map((name) => bench.put(name, { bytes: 10 * KIB }));
  const timesKept = () => looks.map(({ timesKept }) => timesKept);
  assertEquals(timesKept(), [0, 1, 1, 1]);
  looks.push(bench.put("too large", { bytes: 40 * KIB }));
  assertEquals(timesKept(), [0, 1, 1, 1, 0]);
  for (const name of ["/b", "/c"]) assert(looks.includes(bench.cache.get(name, FRESH_MS) ?? new Look({})));
  assertEquals(timesKept(), [0, 1, 1, 1, 0]);
  bench.files.delete("b");
  bench.cache.get("/b", 2 * FRESH_MS);
  bench.cache.delete("/c");
  assertEquals(timesKept(), [0, 0, 0, 1, 0]);
  const [, , , last] = looks;
  assert(last !== undefined);
  last.heldBytes = 40 * KIB;
  bench.cache.weigh("/d");
  assertEquals(timesKept(), [0, 0, 0, 0, 0]);
});

// In these each entry costs 10 KiB and its overhead, which is not more than 2.75 KiB.

Deno.test("FileCache.get keeps the sum of bodies below the bound", () => {
  const bench = new Bench(100 * KIB);
  const names = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i)).join("");
  for (const name of names) {
    bench.put(name, { bytes: 10 * KIB });
    const { length } = bench.kept(names);
    if (length > 9) throw new Error(`${length} entries of 10 KiB and more in 100 KiB`);
  }
  // Not emptier than the bound demands, and the youngest are the ones that stay.
  assertEquals(bench.kept(names).slice(-7), names.slice(-7));
});

Deno.test("FileCache.get counts small entries by more than their body", () => {
  const bench = new Bench(10 * KIB);
  for (let i = 0; i < 1_000; i++) bench.put(String(i), { bytes: 0 });
  const kept = Array.from({ length: 1_000 }, (_, i) => bench.kept([String(i)])).filter((name) => name !== "").length;
  if (kept === 0 || kept > 100) throw new Error(`${kept} empty entries in 10 KiB`);
});

Deno.test("FileCache.get drops the least recently kept entry first", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abcd") bench.put(name, { bytes: 10 * KIB });
  assertEquals(bench.kept("abcd"), "bcd");
});

Deno.test("FileCache.get drops the least recently used entry first: renewed counts as used", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.cache.get("/a", FRESH_MS);
  bench.put("d", { bytes: 10 * KIB, nowMs: FRESH_MS });
  assertEquals(bench.kept("ad", FRESH_MS), "ad");
  assertEquals(bench.kept("b"), "");
});

Deno.test("FileCache.get passes over a renewed entry once, also where others came later", () => {
  const bench = new Bench(39 * KIB);
  bench.put("a", { bytes: 10 * KIB });
  bench.cache.get("/a", FRESH_MS);
  for (const name of "bcd") bench.put(name, { bytes: 10 * KIB, nowMs: FRESH_MS });
  assertEquals(bench.kept("abcd", FRESH_MS), "acd");
});

Deno.test("FileCache.get drops the least recently used entry first: found fresh counts as used", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.cache.get("/a", 1);
  bench.put("d", { bytes: 10 * KIB, nowMs: 1 });
  assertEquals(bench.kept("abcd"), "acd");
});

Deno.test("FileCache.get does not let one crawl push out what is used", () => {
  const bench = new Bench(39 * KIB);
  const popular = bench.put("a", { bytes: 10 * KIB });
  for (let i = 0; i < 100; i++) {
    bench.put(`${i}`, { bytes: 10 * KIB });
    assertStrictEquals(bench.cache.get("/a", 0), popular);
  }
});

Deno.test("FileCache.get replaces the entry of the same path", () => {
  const bench = new Bench();
  bench.put("a");
  const second = bench.put("a", { fingerprint: "second", nowMs: FRESH_MS });
  assertEquals(second.fingerprint, "second");
  assertStrictEquals(bench.cache.get("/a", 2 * FRESH_MS - 1), second);
  assertEquals(bench.looks, ["a", "a"]);
});

Deno.test("FileCache.get frees the bytes of the entry that it replaces", () => {
  const bench = new Bench(39 * KIB);
  const last = 20 * FRESH_MS;
  bench.put("a", { bytes: 10 * KIB, nowMs: last });
  for (let i = 0; i <= 20; i++) bench.put("b", { bytes: 10 * KIB, fingerprint: `${i}`, nowMs: i * FRESH_MS });
  bench.put("c", { bytes: 10 * KIB, nowMs: last });
  assertEquals(bench.kept("abc", last), "abc");
});

Deno.test("FileCache.get makes the entry that it replaces the youngest", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB, nowMs: name === "a" ? 0 : FRESH_MS });
  bench.put("a", { bytes: 10 * KIB, fingerprint: "other", nowMs: FRESH_MS });
  bench.put("d", { bytes: 10 * KIB, nowMs: FRESH_MS });
  assertEquals(bench.kept("abcd", FRESH_MS), "acd");
});

Deno.test("FileCache.get frees the bytes of the entry that it drops", () => {
  const bench = new Bench(39 * KIB);
  const last = 20 * FRESH_MS;
  bench.put("a", { bytes: 10 * KIB, nowMs: last });
  for (let i = 0; i < 20; i++) {
    bench.put("b", { bytes: 10 * KIB, nowMs: i * FRESH_MS });
    bench.files.delete("b");
    assertEquals(bench.cache.get("/b", (i + 1) * FRESH_MS), undefined);
  }
  bench.put("c", { bytes: 10 * KIB, nowMs: last });
  bench.put("d", { bytes: 10 * KIB, nowMs: last });
  assertEquals(bench.kept("acd", last), "acd");
});

Deno.test("FileCache.get keeps the bytes of an entry that it renews counted once", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  for (let i = 1; i <= 20; i++) for (const name of "abc") bench.cache.get(`/${name}`, i * FRESH_MS);
  bench.put("d", { bytes: 10 * KIB, nowMs: 20 * FRESH_MS });
  assertEquals(bench.kept("abcd", 20 * FRESH_MS), "bcd");
});

Deno.test("FileCache.get does not keep an entry larger than the whole cache", () => {
  const bench = new Bench(39 * KIB);
  bench.put("x", { bytes: 40 * KIB });
  assertEquals(bench.kept("x"), "");
  // And its bytes are not counted.
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  assertEquals(bench.kept("abc"), "abc");
});

Deno.test("FileCache.get drops nothing for an entry larger than the whole cache", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  bench.put("x", { bytes: 40 * KIB });
  assertEquals(bench.kept("abcx"), "abc");
});

Deno.test("FileCache.get drops the former entry where the new one is larger than the whole cache", () => {
  const bench = new Bench(39 * KIB);
  bench.put("a", { bytes: 10 * KIB });
  bench.put("a", { bytes: 40 * KIB, fingerprint: "other", nowMs: FRESH_MS });
  assertEquals(bench.kept("a"), "");
  assertEquals(bench.kept("a", FRESH_MS), "");
});

Deno.test("FileCache of 0 bytes keeps nothing", () => {
  const bench = new Bench(0);
  bench.put("a", { bytes: 0 });
  assertEquals(bench.kept("a"), "");
});

// Content is read after the look, when it is known which form is wanted.

Deno.test("FileCache.weigh counts what an entry has come to hold", () => {
  const bench = new Bench(39 * KIB);
  for (const name of "abc") bench.put(name, { bytes: 10 * KIB });
  const look = bench.cache.get("/c", 0);
  assert(look !== undefined);
  look.heldBytes = 20 * KIB;
  bench.cache.weigh("/c");
  assertStrictEquals(bench.cache.get("/c", 0), look);
  assertEquals(bench.kept("abc"), "bc");
});

Deno.test("FileCache.weigh counts what an entry has come to hold once", () => {
  const bench = new Bench(39 * KIB);
  const look = bench.put("a", { bytes: 0 });
  look.heldBytes = 10 * KIB;
  for (let i = 0; i < 20; i++) {
    assertStrictEquals(bench.cache.get("/a", i * FRESH_MS / 2), look);
    bench.cache.weigh("/a");
  }
  const nowMs = 19 * FRESH_MS / 2;
  for (const name of "bc") bench.put(name, { bytes: 10 * KIB, nowMs });
  assertEquals(bench.kept("abc", nowMs), "abc");
});

Deno.test("FileCache.weigh drops an entry that has come to hold more than the whole cache", () => {
  const bench = new Bench(39 * KIB);
  bench.put("b", { bytes: 10 * KIB });
  const look = bench.put("a", { bytes: 10 * KIB });
  look.heldBytes = 40 * KIB;
  bench.files.clear();
  bench.cache.weigh("/a");
  assertEquals(bench.kept("ab"), "b");
});

Deno.test("FileCache.weigh counts what entries have come to hold that are never asked for again", () => {
  const bench = new Bench(100 * KIB);
  const names = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + i));
  const looks = names.map((name) => {
    const look = bench.put(name, { bytes: 0 });
    look.heldBytes = 10 * KIB;
    bench.cache.weigh(`/${name}`);
    return look;
  });
  for (const look of looks) look.heldBytes = 0; // so that finding out which are kept drops none
  const { length } = bench.kept(names);
  assert(length >= 1 && length <= 9, `${length} entries of 10 KiB and more in 100 KiB`);
});

Deno.test("FileCache.get keeps what is hot while a million files are asked for once", () => {
  const looks = new Map<string, number>();
  const cache = new FileCache({ bytes: 1_000 * 13 * KIB, entryBytes: 0, freshMs: FRESH_MS }, (path) => {
    looks.set(path, (looks.get(path) ?? 0) + 1);
    return new Look({ bytes: 10 * KIB });
  });
  const hot = Array.from({ length: 100 }, (_, i) => `/hot${i}`);
  for (let scanned = 0; scanned < 1_000_000; scanned++) {
    cache.get(`/${scanned}`, 0);
    if (scanned % 5 === 0) cache.get(hot[(scanned / 5) % hot.length] ?? "", 0);
    looks.delete(`/${scanned}`);
  }
  assertEquals(looks, new Map(hot.map((path) => [path, 1])));
});
