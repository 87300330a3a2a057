/**
 * `resource.ts` in directories made here: what tells one state and one form of a file from another, and what is kept of
 * it. Codings are in `resource_codings_test.ts`, files that change meanwhile in `resource_changes_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { Clock } from "../src/clock.ts";
import { selectMediaType } from "../src/media_type.ts";
import type { FoundFile, KnownFile } from "../src/resource.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { Resource } from "../src/resource.ts";
import { SharedContents } from "../src/shared_contents.ts";
import { OLD_FILE } from "./file_info.ts";
import { Later } from "./later.ts";
import { testWith } from "./permissions.ts";
import { atTime, ENTRY_BYTES, FRESH_MS, LONG_AGO, Site, siteTest } from "./site.ts";
import { askFor, EARLIER, LATER, textOf } from "./coded_answers.ts";

/** What opens the files of a resource, and tells it the time. */
const OPENING = {
  isInPlace: () => true,
  open: (path: string) => Deno.openSync(path),
  clock: new Clock(),
  contents: new SharedContents(),
  selectMediaType: (path: string) => selectMediaType(path),
  selectCacheControl: () => "no-cache",
};

// Validators and time.

siteTest("changes the entity tag with the file, in every coding", (site) => {
  const seen = new Set<string | undefined>();
  const states: readonly [length: number, mtime: Date][] = [
    [2_000, LONG_AGO],
    [2_001, LONG_AGO],
    [2_000, LATER],
    [2_000, EARLIER],
    [2_000, new Date(LONG_AGO.getTime() + 1_000)],
  ];
  for (const [length, mtime] of states) {
    site.write("a.css", textOf("a", length), mtime);
    site.clock.nowMs += FRESH_MS;
    for (const coding of ["identity", "br", "zstd", "gzip"]) seen.add(askFor(site, "/a.css", coding).fields.etag);
  }
  assertEquals(seen.size, 4 * states.length);
});

siteTest("keeps the entity tag while the file is the same, also in another worker", (site) => {
  using other = new Site();
  for (const each of [site, other]) each.write("a.css", textOf("a", 2_000));
  for (const coding of ["identity", "br", "zstd", "gzip"]) {
    const { etag } = askFor(site, "/a.css", coding).fields;
    assertEquals(askFor(other, "/a.css", coding).fields.etag, etag);
    site.clock.nowMs += FRESH_MS;
    assertEquals(askFor(site, "/a.css", coding).fields.etag, etag);
  }
});

const AGES: readonly [age: string, ageMs: number, isYoung: boolean][] = [
  ["just now", 0, true],
  ["1 s ago", 1_000, true],
  ["1999 ms ago", 1_999, true],
  ["2 s ago", 2_000, false],
  ["3 s ago", 3_000, false],
  ["a year ago", 31_536_000_000, false],
  ["1 s ahead", -1_000, true],
];

siteTest("marks the entity tag of a young file as weak, RFC 9110 section 8.8.1", async (site, t) => {
  const nowMs = Date.now();
  for (const [age, ageMs, isYoung] of AGES) {
    await t.step(`changed ${age}: ${isYoung ? "weak" : "strong"}`, () => {
      site.write("a.css", textOf("a", 2_000), new Date(nowMs - ageMs));
      site.clock.nowMs += FRESH_MS;
      for (const coding of ["identity", "br"]) {
        const { etag = "" } = atTime(nowMs, () => askFor(site, "/a.css", coding).fields);
        assertMatch(etag, isYoung ? /^W\/"[^"]+"$/ : /^"[^"]+"$/);
      }
    });
  }
});

siteTest("makes the entity tag of a file strong when it is not young any more, and it still matches", (site) => {
  const nowMs = Date.now();
  site.write("a.css", "a", new Date(nowMs));
  const { etag = "" } = atTime(nowMs, () => site.ask("/a.css").fields);
  assert(etag.startsWith("W/"));
  site.clock.nowMs += FRESH_MS;
  assertEquals(atTime(nowMs + 1_999, () => site.ask("/a.css").fields.etag), etag);
  site.clock.nowMs += FRESH_MS;
  assertEquals(atTime(nowMs + 2_000, () => site.ask("/a.css").fields.etag), etag.slice(2));
  assertEquals(askFor(site, "/a.css", undefined, [["If-None-Match", etag]]).status, 304);
});

siteTest("marks the entity tag of a young neighbour as weak, not that of its file", (site) => {
  const nowMs = Date.now();
  site.write("a.css", textOf("a", 2_000));
  site.write("a.css.br", "neighbour", new Date(nowMs));
  const tags = atTime(
    nowMs,
    () => ["br", "identity", "gzip"].map((coding) => askFor(site, "/a.css", coding).fields.etag),
  );
  assertEquals(tags.map((tag) => tag?.startsWith("W/")), [true, false, false]);
});

siteTest("never says that a file was changed after the answer, RFC 9110 section 8.8.2.1", async (site, t) => {
  const { second } = site.clock;
  for (const [ahead, aheadMs] of [["1 s", 1_000], ["a day", 86_400_000], ["a century", 3_155_760_000_000]] as const) {
    await t.step(`${ahead} ahead`, () => {
      site.write("a.css", textOf("a", 2_000), new Date(second * 1_000 + aheadMs));
      site.clock.nowMs += FRESH_MS;
      for (const coding of ["identity", "br"]) {
        const { fields } = atTime(second * 1_000 + 500, () => askFor(site, "/a.css", coding));
        assertEquals(fields["last-modified"], site.clock.date);
      }
    });
  }
  await t.step("also where the time of the worker is a moment behind", () => {
    site.write("b.css", "b", new Date(second * 1_000 + 1_200));
    const { fields } = atTime(second * 1_000 + 1_500, () => site.ask("/b.css"));
    assertEquals(fields["last-modified"], site.clock.date);
  });
});

// States of a file.

const INFO: Deno.FileInfo = { ...OLD_FILE, size: 2_000 };

/** Makes a resource whose file and neighbours, by suffix, are as the test says. */
type Describe = (different?: Partial<Deno.FileInfo>, neighbours?: Record<string, Partial<Deno.FileInfo>>) => Resource;

function describeTest(name: string, fn: (describe: Describe) => void): void {
  testWith(["read", "write"], `Resource.${name}`, () => {
    using site = new Site();
    const path = site.path("a.js");
    for (const suffix of [".br", ".zst", ".gz"]) site.write(`a.js${suffix}`, "there is one by this name");
    fn((different = {}, neighbours = {}) => {
      const findFile = (neighbourPath: string): FoundFile | undefined => {
        const info = neighbours[neighbourPath.slice(path.length)];
        return info && { path: neighbourPath, info: { ...INFO, ino: 3, ...info } };
      };
      const options = { entryBytes: ENTRY_BYTES, isCompressing: true, findFile, ...OPENING };
      return new Resource("/a.js", { path, info: { ...INFO, ...different } }, options);
    });
  });
}

const STATES: readonly [state: string, make: (describe: Describe) => Resource][] = [
  ["the first", (describe) => describe()],
  ["another size", (describe) => describe({ size: 2_001 })],
  ["changed later", (describe) => describe({ mtime: LATER })],
  ["changed earlier", (describe) => describe({ mtime: EARLIER })],
  ["without a time of change", (describe) => describe({ mtime: null })],
  ["another number", (describe) => describe({ ino: 9 })],
  ["another device", (describe) => describe({ dev: 9 })],
  ["other permissions", (describe) => describe({ mode: 0o100600 })],
  ["with a neighbour", (describe) => describe({}, { ".br": {} })],
  ["with another neighbour", (describe) => describe({}, { ".br": { size: 9 } })],
  ["with a neighbour changed later", (describe) => describe({}, { ".br": { mtime: LATER } })],
  ["with a neighbour that is another file", (describe) => describe({}, { ".br": { ino: 9 } })],
  ["with a neighbour under another suffix", (describe) => describe({}, { ".gz": {} })],
  ["with two neighbours", (describe) => describe({}, { ".br": {}, ".gz": {} })],
];

describeTest("fingerprint is the same for the same state", (describe) => {
  for (const [state, make] of STATES) assertEquals(make(describe).fingerprint, make(describe).fingerprint, state);
  const unused = describe({}, { ".br": { mtime: EARLIER } });
  assertEquals(unused.fingerprint, describe().fingerprint, "a neighbour that is not used");
});

for (const [state, make] of STATES) {
  describeTest(`fingerprint tells a file (${state}) from all other states`, (describe) => {
    for (const [other, makeOther] of STATES) {
      if (other !== state) assertNotEquals(make(describe).fingerprint, makeOther(describe).fingerprint, other);
    }
  });
}

const SETTLED: typeof AGES = [...AGES, ["a minute ahead", -60_000, true]];

for (const [age, ageMs, isYoung] of SETTLED) {
  describeTest(`isSettled is ${!isYoung} for a file or a neighbour changed ${age}`, (describe) => {
    const nowMs = LONG_AGO.getTime() + 86_400_000;
    const mtime = new Date(nowMs - ageMs);
    const old = { mtime: new Date(0) };
    const settled = atTime(nowMs, () => [
      describe({ mtime }).isSettled,
      describe(old, { ".br": { mtime } }).isSettled,
      describe(old, { ".zst": old, ".gz": { mtime } }).isSettled,
    ]);
    assertEquals(settled, [!isYoung, !isYoung, !isYoung]);
  });
}

testWith(["read", "write"], "Resource.heldBytes is what was read and compressed so far", () => {
  using site = new Site();
  site.write("a.js", textOf("a", 2_000));
  const path = Deno.realPathSync(site.path("a.js"));
  const options = { entryBytes: ENTRY_BYTES, isCompressing: true, findFile: () => undefined, ...OPENING };
  const resource = new Resource("/a.js", { path, info: Deno.statSync(path) }, options);
  assertEquals(resource.heldBytes, 0, "nothing is read before it is asked for");
  let held = 0;
  for (const coding of ["br", "br", "identity", "gzip", "identity"]) {
    const before = resource.heldBytes;
    const { content } = resource.select(coding);
    assert(content !== undefined);
    if (held !== resource.heldBytes) held += content.buffer.byteLength;
    assertEquals(resource.heldBytes, held);
    assert(before <= held);
  }
  assertEquals(resource.heldBytes > 2_000 && resource.heldBytes < 4_000 + 3 * HEAD_ROOM_BYTES, true);
  site.write("large.js", textOf("a", ENTRY_BYTES + 1));
  const largePath = Deno.realPathSync(site.path("large.js"));
  const large = new Resource("/large.js", { path: largePath, info: Deno.statSync(largePath) }, options);
  large.select(undefined);
  assertEquals(large.heldBytes, 0);
});

siteTest("keeps no more in memory than it may, also of files that are asked for once", (site) => {
  const names = Array.from({ length: 60 }, (_, i) => `/${i}.bin`);
  for (const name of names) site.write(name.slice(1), textOf("a", 4_000));
  const responses = names.map((name) => site.ask(name).response);
  // Of what is kept the response is the same one; looking from the youngest on drops none of these.
  let kept = 0;
  for (const [i, name] of names.toReversed().entries()) {
    if (site.ask(name).response !== responses.at(-1 - i)) break;
    kept++;
  }
  assert(kept >= 5 && kept <= 25, `${kept} files of 4 KB in 100 KiB`);
}, { bytes: 100 << 10 });

/** Two paths with one content, each with the coding that is asked for. */
const TWINS: readonly [what: string, one: [path: string, coding: string], other: [path: string, coding: string]][] = [
  ["a folder and its index file", ["/dir/", "identity"], ["/dir/index.html", "identity"]],
  ["the same, compressed", ["/dir/", "gzip"], ["/dir/index.html", "gzip"]],
  ["a link and its target", ["/link.css", "identity"], ["/a.css", "identity"]],
  ["a link of another type", ["/link.txt", "identity"], ["/a.css", "identity"]],
  ["two names of one file", ["/hard.css", "zstd"], ["/a.css", "zstd"]],
  ["a file through a folder that is a link", ["/latest/index.html", "br"], ["/dir/index.html", "br"]],
  ["a coded neighbour, and itself", ["/a.css", "br"], ["/a.css.br", "identity"]],
];

for (const [what, ...twins] of TWINS) {
  siteTest(`holds one content for both paths: ${what}`, (site) => {
    using _later = new Later();
    site.write("dir/index.html", textOf("index", 2_000));
    site.write("a.css", textOf("a", 2_000));
    site.link("link.css", "a.css");
    site.link("link.txt", "a.css");
    site.link("latest", "dir");
    Deno.linkSync(site.path("a.css"), site.path("hard.css"));
    site.write("a.css.br", textOf("b", 1_000));
    const askForBoth = () => twins.map(([path, coding]) => askFor(site, path, coding));
    const [one, other] = askForBoth();
    assert(one?.bytes !== undefined && one.status === 200);
    assertStrictEquals(one.bytes, other?.bytes);
    site.write("dir/index.html", textOf("other index", 2_001));
    site.write("a.css", textOf("other a", 2_001), EARLIER);
    site.write("a.css.br", textOf("other b", 1_001));
    site.clock.nowMs += FRESH_MS;
    const [changed, otherChanged] = askForBoth();
    assertNotEquals(changed?.bytes, one.bytes);
    assertStrictEquals(changed?.bytes, otherChanged?.bytes);
  });
}

siteTest("holds contents of their own of files with one number and one time, one after the other", (site) => {
  for (const name of ["a", "b"]) {
    site.write(`${name}.css`, textOf(name, 2_000));
    assertEquals(site.get(`/${name}.css`), textOf(name, 2_000));
    site.remove(`${name}.css`);
  }
});

siteTest("holds contents of their own of files that look the same", (site) => {
  for (const name of ["a", "b"]) site.write(`${name}.css`, textOf(name, 2_000));
  assertNotEquals(site.get("/a.css"), site.get("/b.css"));
});

siteTest("does not share the content of a young file, which may change without a sign", (site) => {
  site.write("a.css", textOf("a", 2_000), new Date());
  site.link("b.css", "a.css");
  assertNotStrictEquals(site.ask("/a.css").bytes, site.ask("/b.css").bytes);
});

// Confirming, which is quicker than looking anew.

testWith(["read", "write"], "Resource.adopt: files are confirmed in the directories of the later look", () => {
  using site = new Site();
  site.write("a.css", textOf("a", 2_000));
  site.write("a.css.br", "br");
  let directory = { look: 1 };
  const findFile = (path: string) => ({ path, info: Deno.statSync(path), directory, asOfMs: directory.look });
  const asked: unknown[] = [];
  const confirm = (_path: string, file: KnownFile) => asked.push(file.directory);
  const options = { ...OPENING, entryBytes: ENTRY_BYTES, isCompressing: true, findFile, confirm };
  const look = () => new Resource("/a.css", findFile(site.path("a.css")), options);
  const resource = look();
  directory = { look: 2 };
  const later = look();
  resource.adopt(later);
  resource.confirm();
  assertEquals(asked, [directory, directory]);
  assertEquals(resource.asOfMs, 2);
});

const CONFIRMATIONS: readonly [
  what: string,
  neighbour: string | undefined,
  times: number[],
  asOfMs: number | undefined,
][] = [
  ["the file alone", undefined, [7], 7],
  ["a file that is not what it was", undefined, [], undefined],
  ["file and neighbour, as of the earlier one", "fresh", [7, 5], 5],
  ["file and neighbour, as of the earlier one", "fresh", [5, 7], 5],
  ["a neighbour that is not what it was", "fresh", [7], undefined],
  ["a name that is no neighbour and could become one", "stale", [7, 7], undefined],
];

for (const [what, neighbour, times, asOfMs] of CONFIRMATIONS) {
  testWith(["read", "write"], `Resource.confirm: ${what}`, () => {
    using site = new Site();
    site.write("a.css", textOf("a", 2_000));
    if (neighbour !== undefined) site.write("a.css.br", "br", neighbour === "fresh" ? LONG_AGO : EARLIER);
    const findFile = (path: string) => ({ path, info: Deno.statSync(path) });
    const asked: string[] = [];
    const confirm = (sitePath: string) => times[asked.push(sitePath) - 1];
    const options = { ...OPENING, entryBytes: ENTRY_BYTES, isCompressing: true, findFile };
    const resource = new Resource("/a.css", findFile(site.path("a.css")), { ...options, confirm });
    assertEquals(resource.confirm(), asOfMs);
    assertEquals(asked, ["/a.css", "/a.css.br"].slice(0, neighbour === "fresh" && times.length > 0 ? 2 : asked.length));
    assertEquals(new Resource("/a.css", findFile(site.path("a.css")), options).confirm(), undefined);
  });
}
