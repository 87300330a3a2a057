/**
 * `resource.ts` in directories made here: which coding of a file is sent, out of a neighbour or compressed; what tells
 * one state and one form of a file from another; and that nothing is half old and half new.
 */

import { assert, assertEquals, assertNotEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { assertMatch, assertThrows } from "@std/assert";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { Clock } from "../src/clock.ts";
import { HttpError } from "../src/errors.ts";
import type { FieldLine } from "../src/message.ts";
import { selectMediaType } from "../src/media_type.ts";
import type { FoundFile } from "../src/resource.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { Resource } from "../src/resource.ts";
import type { Answer } from "./ask.ts";
import { requestHead } from "./ask.ts";
import { encodeLatin1 } from "./feed.ts";
import { testWith } from "./permissions.ts";
import { ENTRY_BYTES, FRESH_MS, LONG_AGO, Site, siteTest } from "./site.ts";
import { probe } from "./static_process.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";

/** What browsers send. */
/** What opens the files of a resource, and tells it the time. */
const OPENING = {
  isInPlace: () => true,
  open: (path: string) => Deno.openSync(path),
  clock: new Clock(),
  selectMediaType: (path: string) => selectMediaType(path),
  selectCacheControl: () => "no-cache",
};

const ALL = "gzip, deflate, br, zstd";
const LATER = new Date(LONG_AGO.getTime() + 1);
const EARLIER = new Date(LONG_AGO.getTime() - 1);

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
  identity: (bytes) => bytes,
};

/** Text that becomes smaller by compression, each letter its own. */
function textOf(letter: string, length: number): string {
  return Array.from({ length: Math.ceil(length / 10) }, (_, i) => `${letter}${i}`.padEnd(10)).join("").slice(0, length);
}

function askFor(site: Site, target: string, acceptEncoding?: string, fields: readonly FieldLine[] = []): Answer {
  const acceptLines = acceptEncoding === undefined ? [] : [["Accept-Encoding", acceptEncoding] as const];
  return site.ask(target, { fields: [...acceptLines, ...fields] });
}

function codingOf({ fields }: Answer): string {
  return fields["content-encoding"] ?? "identity";
}

/** The content without its coding. */
function decodedOf(answer: Answer): string {
  const decode = DECODERS[codingOf(answer)];
  assert(decode !== undefined && answer.bytes !== undefined, codingOf(answer));
  return new TextDecoder().decode(decode(answer.bytes));
}

// Negotiation, RFC 9110 section 12.5.3.

const WISHES: readonly [acceptEncoding: string | undefined, coding: string][] = [
  [undefined, "identity"],
  ["", "identity"],
  ["identity", "identity"],
  ["deflate", "identity"],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["GZip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
  [ALL, "br"],
  ["gzip, zstd", "zstd"],
  ["*", "br"],
  ["gzip, *", "br"],
  ["br;q=0.5, gzip;q=1", "gzip"],
  ["br;q=0.001, gzip;q=0", "br"],
  ["br;q=0", "identity"],
  ["br;q=0, *", "zstd"],
  ["*;q=0", "identity"],
  ["*;q=0, gzip", "gzip"],
  ["identity;q=0", "identity"],
  ["identity;q=0, *", "br"],
  ["identity;q=0, gzip;q=0.1", "gzip"],
  ["identity, gzip;q=0.5", "identity"],
  ["identity;q=0.5, gzip;q=0.5", "gzip"],
  ["br;q=1.5, gzip", "gzip"],
];

siteTest("sends the coding that is wanted most, and says that it depends on that", async (site, t) => {
  const text = textOf("a", 2_000);
  site.write("a.css", text);
  const tags = new Map<string, string | undefined>();
  for (const [acceptEncoding, coding] of WISHES) {
    await t.step(`Accept-Encoding: ${acceptEncoding ?? "absent"} → ${coding}`, () => {
      const answer = askFor(site, "/a.css", acceptEncoding);
      assertEquals([answer.status, codingOf(answer), answer.fields.vary], [200, coding, "Accept-Encoding"]);
      assertEquals(answer.fields["content-type"], "text/css", "the type is that of the content without its coding");
      assertEquals(decodedOf(answer), text);
      assertEquals(answer.response?.body.length, answer.bytes?.length);
      if (coding !== "identity") assert((answer.bytes?.length ?? Infinity) < 1_000, "it is smaller");
      tags.set(coding, answer.fields.etag);
    });
  }
  await t.step("each coding has an entity tag of its own, RFC 9110 section 8.8.3.3", () => {
    assertEquals([tags.size, new Set(tags.values()).size], [4, 4]);
    for (const tag of tags.values()) assertMatch(tag ?? "", /^"[^"]+"$/);
  });
  await t.step("Accept-Encoding in two lines is one list", () => {
    const answer = askFor(site, "/a.css", "gzip;q=0.5", [["Accept-Encoding", "zstd"]]);
    assertEquals(codingOf(answer), "zstd");
  });
});

siteTest("compresses a file once in each coding", (site) => {
  site.write("a.css", textOf("a", 2_000));
  for (const coding of ["br", "zstd", "gzip", "identity"]) {
    const { response } = askFor(site, "/a.css", coding);
    assertStrictEquals(askFor(site, "/a.css", coding).response, response);
    site.clock.nowMs += FRESH_MS;
    assertStrictEquals(askFor(site, "/a.css", coding).response, response);
  }
});

const SIZES: readonly [name: string, length: number, coding: string, vary: boolean][] = [
  ["empty.css", 0, "identity", false],
  ["small.css", 1_023, "identity", false],
  ["least.css", 1_024, "br", true],
  ["a.html", 2_000, "br", true],
  ["a.svg", 2_000, "br", true],
  ["a.json", 2_000, "br", true],
  ["a.wasm", 2_000, "br", true],
  ["a.txt", 2_000, "br", true],
  ["dir/index.html", 2_000, "br", true],
  ["kept.css", ENTRY_BYTES, "br", true],
  ["large.css", ENTRY_BYTES + 1, "identity", false],
  ["a.png", 2_000, "identity", false],
  ["a.woff2", 2_000, "identity", false],
  ["a.zip", 2_000, "identity", false],
  ["a.gz", 2_000, "identity", false],
  ["a.br", 2_000, "identity", false],
  ["a.css.br", 2_000, "identity", false],
  ["a.mp4", 2_000, "identity", false],
  ["a.bin", 2_000, "identity", false],
  ["noextension", 2_000, "identity", false],
];

siteTest("compresses what gains by it, from 1 KB up to what is kept in memory", async (site, t) => {
  for (const [name, length, coding, vary] of SIZES) {
    await t.step(`${name}, ${length} bytes: ${coding}`, () => {
      const text = textOf("a", length);
      site.write(name, text);
      const target = `/${name.replace("index.html", "")}`;
      for (const acceptEncoding of [ALL, undefined, "deflate"]) {
        const answer = askFor(site, target, acceptEncoding);
        assertEquals([answer.status, codingOf(answer)], [200, acceptEncoding === ALL ? coding : "identity"]);
        assertEquals(answer.fields.vary, vary ? "Accept-Encoding" : undefined);
        assert(decodedOf(answer) === text, "the content");
      }
    });
  }
});

siteTest("sends a larger file without brotli, which would take long", (site) => {
  site.write("a.css", textOf("a", 256 << 10));
  site.write("b.css", textOf("b", (256 << 10) + 1));
  assertEquals([ALL, "br"].map((codings) => codingOf(askFor(site, "/a.css", codings))), ["br", "br"]);
  assertEquals([ALL, "br"].map((codings) => codingOf(askFor(site, "/b.css", codings))), ["zstd", "identity"]);
  assertEquals(askFor(site, "/b.css", "br").fields.vary, "Accept-Encoding");
}, { entryBytes: 1 << 20 });

// Neighbours.

/** A row: what stands beside `a.js`, and whether the neighbour is sent where its coding is wanted. */
type Neighbour = readonly [name: string, make: (site: Site, suffix: string) => void, isUsed: boolean];

const NEIGHBOURS: readonly Neighbour[] = [
  ["newer", (site, suffix) => site.write(`a.js${suffix}`, "neighbour", LATER), true],
  ["much newer", (site, suffix) => site.write(`a.js${suffix}`, "neighbour", new Date("2024-01-01")), true],
  ["as new", (site, suffix) => site.write(`a.js${suffix}`, "neighbour"), true],
  ["older", (site, suffix) => site.write(`a.js${suffix}`, "neighbour", EARLIER), false],
  ["much older", (site, suffix) => site.write(`a.js${suffix}`, "neighbour", new Date(0)), false],
  ["a link to a file inside", (site, suffix) => {
    site.write("elsewhere", "neighbour");
    site.link(`a.js${suffix}`, "elsewhere");
  }, true],
  ["a link to a file outside", (site, suffix) => {
    site.write("../secret", "neighbour");
    site.link(`a.js${suffix}`, "../secret");
  }, false],
  ["a link to a sibling of the root", (site, suffix) => {
    site.write("../www-secret/a", "neighbour");
    site.link(`a.js${suffix}`, "../www-secret/a");
  }, false],
  ["a link to nothing", (site, suffix) => site.link(`a.js${suffix}`, "nothing"), false],
  ["a link in a circle", (site, suffix) => site.link(`a.js${suffix}`, `a.js${suffix}`), false],
  ["a device", (site, suffix) => site.link(`a.js${suffix}`, "/dev/zero"), false],
  ["a directory", (site, suffix) => site.write(`a.js${suffix}/x`, "neighbour"), false],
  ["hidden", (site, suffix) => site.write(`.a.js${suffix}`, "neighbour"), false],
  ["of another file", (site, suffix) => site.write(`b.js${suffix}`, "neighbour"), false],
  ["in capitals", (site, suffix) => site.write(`a.js${suffix.toUpperCase()}`, "neighbour"), false],
  ["without the extension", (site, suffix) => site.write(`a${suffix}`, "neighbour"), false],
  ["of another coding", (site) => site.write("a.js.deflate", "neighbour"), false],
];

for (const [name, make, isUsed] of NEIGHBOURS) {
  for (const [coding, suffix] of [["br", ".br"], ["zstd", ".zst"], ["gzip", ".gz"]] as const) {
    siteTest(`${isUsed ? "sends" : "does not send"} a neighbour ${suffix} that is ${name}`, (site) => {
      const text = textOf("a", 2_000);
      site.write("a.js", text);
      make(site, suffix);
      const answer = askFor(site, "/a.js", coding);
      assertEquals([answer.status, codingOf(answer), answer.fields.vary], [200, coding, "Accept-Encoding"]);
      assertEquals(answer.fields["content-type"], "text/javascript");
      if (isUsed) assertEquals(answer.text, "neighbour");
      else assertEquals(decodedOf(answer), text);
      const plain = askFor(site, "/a.js");
      assertEquals([codingOf(plain), plain.text, plain.fields.vary], ["identity", text, "Accept-Encoding"]);
    });
  }
}

siteTest("uses neighbours of files that are too small or too large to be compressed", async (site, t) => {
  for (const length of [0, 10, ENTRY_BYTES + 1]) {
    await t.step(`${length} bytes`, () => {
      const text = textOf("a", length);
      site.write("a.js", text);
      site.write("a.js.gz", "neighbour");
      site.clock.nowMs += FRESH_MS;
      const rows = [ALL, "gzip", "br", undefined].map((codings) => {
        const answer = askFor(site, "/a.js", codings);
        return [codingOf(answer), answer.text, answer.fields.vary];
      });
      const [negotiated, plain] = [["gzip", "neighbour", "Accept-Encoding"], ["identity", text, "Accept-Encoding"]];
      assertEquals(rows, [negotiated, negotiated, plain, plain]);
    });
  }
});

siteTest("sends a neighbour that is too large for memory from its descriptor", (site) => {
  site.write("a.js", textOf("a", 2_000));
  const content = textOf("n", ENTRY_BYTES + 1);
  site.write("a.js.br", content);
  const answer = askFor(site, "/a.js", "br");
  assertEquals([answer.source, answer.response?.body.length, codingOf(answer)], ["file", ENTRY_BYTES + 1, "br"]);
  assert(answer.text === content);
  const head = site.ask("/a.js", { method: "HEAD", fields: [["Accept-Encoding", "br"]] });
  assertEquals([head.source, head.fields, head.response?.body.length], ["absent", answer.fields, ENTRY_BYTES + 1]);
});

siteTest("prefers neighbours between codings that are wanted as much", async (site, t) => {
  site.write("a.js", textOf("a", 2_000));
  site.write("a.js.gz", "gzip neighbour");
  const rows: readonly (readonly [acceptEncoding: string, sent: string])[] = [
    [ALL, "gzip neighbour"],
    ["*", "gzip neighbour"],
    ["br, gzip;q=0.9", "br"],
    ["br, gzip;q=0", "br"],
    ["zstd, br", "br"],
    ["gzip;q=0.1, zstd;q=0.1", "gzip neighbour"],
  ];
  for (const [acceptEncoding, sent] of rows) {
    await t.step(`Accept-Encoding: ${acceptEncoding} → ${sent}`, () => {
      const answer = askFor(site, "/a.js", acceptEncoding);
      assertEquals(sent.endsWith("neighbour") ? answer.text : codingOf(answer), sent);
    });
  }
  await t.step("of several neighbours the smallest kind", () => {
    site.write("a.js.zst", "zstd neighbour");
    site.write("a.js.br", "br neighbour");
    site.clock.nowMs += FRESH_MS;
    const texts = [ALL, "gzip, zstd", "gzip"].map((codings) => askFor(site, "/a.js", codings).text);
    assertEquals(texts, ["br neighbour", "zstd neighbour", "gzip neighbour"]);
  });
});

siteTest("sends a neighbour that is asked for by its name as it is", (site) => {
  site.write("a.js", textOf("a", 2_000));
  site.write("a.js.gz", "neighbour");
  const answer = askFor(site, "/a.js.gz", ALL);
  assertEquals([answer.text, codingOf(answer), answer.fields.vary], ["neighbour", "identity", undefined]);
  assertEquals(answer.fields["content-type"], "application/gzip");
});

siteTest("finds the neighbours of an index file and of a file behind a link", (site) => {
  site.write("dir/index.html", textOf("a", 2_000));
  site.write("dir/index.html.br", "neighbour");
  site.link("link.html", "dir/index.html");
  for (const target of ["/dir/", "/dir/index.html", "/link.html"]) {
    assertEquals(askFor(site, target, ALL).text, "neighbour", target);
  }
});

siteTest("gives a neighbour an entity tag and a time of its own", (site) => {
  site.write("a.js", textOf("a", 2_000));
  const compressed = askFor(site, "/a.js", "br").fields;
  site.write("a.js.br", "neighbour", new Date("2024-01-01"));
  site.clock.nowMs += FRESH_MS;
  const neighbour = askFor(site, "/a.js", "br").fields;
  site.write("a.js.br", "another one", LATER);
  site.clock.nowMs += FRESH_MS;
  const larger = askFor(site, "/a.js", "br").fields;
  site.write("a.js.br", "another two", new Date(LATER.getTime() + 1));
  site.clock.nowMs += FRESH_MS;
  const later = askFor(site, "/a.js", "br").fields;
  const tags = [compressed, neighbour, larger, later, askFor(site, "/a.js").fields].map(({ etag }) => etag);
  assertEquals(new Set(tags).size, 5, `${tags}`);
  assertEquals(neighbour["last-modified"], "Mon, 01 Jan 2024 00:00:00 GMT");
});

siteTest("does without codings where they are switched off", (site) => {
  site.write("a.js", textOf("a", 2_000));
  site.write("a.js.br", "neighbour");
  for (const acceptEncoding of [ALL, "br", "*", "identity;q=0, *", undefined]) {
    const { status, fields, text } = askFor(site, "/a.js", acceptEncoding);
    assertEquals([status, fields.vary, fields["content-encoding"]], [200, undefined, undefined]);
    assertEquals(text, textOf("a", 2_000));
  }
}, { compress: false });

// Conditions and ranges belong to the representation that is chosen.

siteTest("matches conditions and ranges with the coding that is sent", async (site, t) => {
  const text = textOf("a", 2_000);
  site.write("a.css", text);
  const [br, plain] = [askFor(site, "/a.css", "br"), askFor(site, "/a.css")];
  assert(br.bytes !== undefined && br.fields.etag !== undefined && plain.fields.etag !== undefined);
  const { length } = br.bytes;
  const first = br.bytes.slice(0, 10);
  const etags = { br: br.fields.etag, plain: plain.fields.etag };
  const range: FieldLine = ["Range", "bytes=0-9"];

  const rows: readonly (readonly [codings: string, fields: readonly FieldLine[], status: number])[] = [
    ["br", [["If-None-Match", etags.br]], 304],
    ["br", [["If-None-Match", etags.plain]], 200],
    ["", [["If-None-Match", etags.plain]], 304],
    ["", [["If-None-Match", etags.br]], 200],
    ["", [["If-None-Match", `${etags.br}, ${etags.plain}`]], 304],
    ["br", [["If-Match", etags.br]], 200],
    ["br", [["If-Match", etags.plain]], 412],
    ["br", [range], 206],
    ["br", [range, ["If-Range", etags.br]], 206],
    ["br", [range, ["If-Range", etags.plain]], 200],
    ["", [range, ["If-Range", etags.br]], 200],
    ["br", [["Range", `bytes=${length}-`]], 416],
    ["", [["Range", `bytes=${length}-`]], 206],
    ["br", [["If-Modified-Since", "Sun, 02 Feb 2020 02:02:02 GMT"]], 304],
    ["", [["If-Modified-Since", "Sun, 02 Feb 2020 02:02:01 GMT"]], 200],
  ];
  for (const [codings, fields, status] of rows) {
    await t.step(
      `${codings || "identity"} with ${fields.map((line) => line.join(": ")).join(", ")} → ${status}`,
      () => {
        const answer = askFor(site, "/a.css", codings, fields);
        assertEquals([answer.status, answer.fields.vary], [status, "Accept-Encoding"]);
        if (status === 304) {
          const etag = codings === "br" ? etags.br : etags.plain;
          assertEquals(answer.fields, { etag, "cache-control": "no-cache", vary: "Accept-Encoding" });
          assertEquals(answer.text, "");
        }
        if (status === 416) assertEquals(answer.fields["content-range"], `bytes */${length}`);
      },
    );
  }
  await t.step("a range is one of the coded content", () => {
    const { fields, bytes } = askFor(site, "/a.css", "br", [range]);
    assertEquals([fields["content-range"], fields["content-encoding"]], [`bytes 0-9/${length}`, "br"]);
    assertEquals([bytes, fields.etag], [first, etags.br]);
  });
  await t.step("a range of a neighbour from its descriptor", () => {
    const content = textOf("n", ENTRY_BYTES + 1);
    site.write("large.js", text);
    site.write("large.js.gz", content);
    const { fields, text: part, source } = askFor(site, "/large.js", "gzip", [["Range", "bytes=-7"]]);
    assertEquals([part, source, fields["content-range"]], [content.slice(-7), "file", "bytes 4090-4096/4097"]);
  });
});

// Validators and time.

/** Runs with another time of day; the clock of the handler is the test's anyway. */
function atTime<T>(nowMs: number, run: () => T): T {
  const { now } = Date;
  Date.now = () => nowMs;
  try {
    return run();
  } finally {
    Date.now = now;
  }
}

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

const INFO = {
  isFile: true,
  isDirectory: false,
  isSymlink: false,
  size: 2_000,
  mtime: LONG_AGO,
  dev: 1,
  ino: 2,
  mode: 0o100644,
} as Deno.FileInfo;

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

// A file that changes while it is served: never half of one and half of the other.

const REWRITES: readonly [change: string, apply: (site: Site) => void][] = [
  ["has grown", (site) => site.write("a.bin", "b".repeat(6_000))],
  ["has shrunk", (site) => site.write("a.bin", "b".repeat(4_500))],
  ["was written again", (site) => site.write("a.bin", "b".repeat(5_000), LATER)],
  ["was replaced", (site) => {
    site.write("new.bin", "b".repeat(5_000));
    Deno.renameSync(site.path("new.bin"), site.path("a.bin"));
  }],
  ["is small now", (site) => site.write("a.bin", "b")],
];

for (const [change, apply] of REWRITES) {
  siteTest(`describes and sends a large file anew that ${change} within the time of freshness`, (site) => {
    const state = new Site();
    using _ = state;
    site.write("a.bin", "a".repeat(5_000));
    const old = site.ask("/a.bin").fields.etag ?? "";
    apply(site);
    apply(state);
    const { status, fields, text, response } = site.ask("/a.bin");
    const expected = state.ask("/a.bin");
    assertEquals([status, fields, text], [200, expected.fields, expected.text]);
    assertEquals(response?.body.length, text?.length);
    if (change !== "was replaced") assertNotEquals(fields.etag, old);
  });

  siteTest(`does not continue a large file that ${change}: Range with If-Range`, (site) => {
    site.write("a.bin", "a".repeat(5_000));
    const etag = site.ask("/a.bin").fields.etag ?? "";
    apply(site);
    const { status, text } = site.ask("/a.bin", { fields: [["Range", "bytes=0-0"], ["If-Range", etag]] });
    // The tag of a replacement with the same time and size is the same one, and then only the bytes can be checked.
    assertEquals([status === (change === "was replaced" ? 206 : 200), text?.replaceAll("b", "")], [true, ""]);
  });
}

siteTest("compresses what the file holds now, not what it held when it was looked at", (site) => {
  site.write("a.css", textOf("a", 2_000));
  const plain = askFor(site, "/a.css");
  site.write("a.css", textOf("b", 2_500), LATER);
  const br = askFor(site, "/a.css", "br"); // within the time of freshness
  assertEquals(decodedOf(br), textOf("b", 2_500));
  assertNotStrictEquals(askFor(site, "/a.css").response, plain.response);
  assertEquals(askFor(site, "/a.css").text, textOf("b", 2_500));
});

const NEIGHBOUR_CHANGES: readonly [change: string, apply: (site: Site) => void, expected: "text" | "neighbour"][] = [
  ["deleted", (site) => site.remove("a.js.br"), "text"],
  ["replaced by a directory", (site) => {
    site.remove("a.js.br");
    site.write("a.js.br/x", "x");
  }, "text"],
  ["replaced by a link that leads out", (site) => {
    site.write("../secret", "secret".repeat(1_000));
    site.remove("a.js.br");
    site.link("a.js.br", "../secret");
  }, "text"],
  ["written again", (site) => site.write("a.js.br", "neighbour", LATER), "neighbour"],
];

for (const [change, apply, expected] of NEIGHBOUR_CHANGES) {
  siteTest(
    `answers with what is there when a neighbour was ${change} within the time of freshness`,
    async (site, t) => {
      for (const length of [100, ENTRY_BYTES + 1]) {
        await t.step(`${length} bytes`, () => {
          if (length !== 100) site.remove("www");
          site.clock.nowMs += FRESH_MS;
          const text = textOf("a", 2_000);
          site.write("a.js", text);
          site.write("a.js.br", textOf("n", length));
          askFor(site, "/a.js"); // looked at, and the neighbour not read
          apply(site);
          const answer = askFor(site, "/a.js", "br");
          assertEquals([answer.status, codingOf(answer)], [200, "br"]);
          if (expected === "neighbour") assertEquals(answer.text, "neighbour");
          else assertEquals(decodedOf(answer), text);
        });
      }
    },
  );
}

/** Lets a file change before each of the next times that it is opened. */
function changeBeforeOpening(site: Site, name: string, times: number): Disposable {
  const { openSync } = Deno;
  let count = 0;
  Deno.openSync = (path, options) => {
    if (count < times) site.write(name, String.fromCharCode(98 + count++).repeat(5_000 + count));
    return openSync(path, options);
  };
  return { [Symbol.dispose]: () => void (Deno.openSync = openSync) };
}

for (const times of [1, 2]) {
  siteTest(`tries again when a file changes between look and open, ${times} times`, (site) => {
    for (const method of ["GET", "HEAD"]) {
      site.write("a.bin", "a".repeat(5_000));
      site.clock.nowMs += FRESH_MS;
      using _ = changeBeforeOpening(site, "a.bin", times);
      const { status, text, response } = site.ask("/a.bin", { method });
      if (method === "HEAD") assertEquals([status, response?.body.length], [200, 5_000]); // it opens none
      else {assertEquals([status, text, response?.body.length], [
          200,
          "bc"[times - 1]?.repeat(5_000 + times),
          5_000 + times,
        ]);}
    }
  });
}

siteTest("asks for patience when a file changes all the time", (site) => {
  site.write("a.bin", "a".repeat(5_000));
  using _ = changeBeforeOpening(site, "a.bin", Infinity);
  const error = assertThrows(() => site.handler(requestHead("GET /a.bin HTTP/1.1")), HttpError);
  assertEquals([error.status, error.fields], [503, [["Retry-After", "1"]]]);
});

siteTest("closes every file that it opens", (site) => {
  const { openSync } = Deno;
  const opened: Deno.FsFile[] = [];
  Deno.openSync = (path, options) => {
    const file = openSync(path, options);
    opened.push(file);
    return file;
  };
  try {
    site.write("small.css", textOf("a", 2_000));
    site.write("small.css.gz", "neighbour");
    site.write("large.bin", "a".repeat(5_000));
    const targets = ["/small.css", "/large.bin"];
    const lines: readonly (readonly FieldLine[])[] = [
      [],
      [["Range", "bytes=0-0"]],
      [["Range", "bytes=0-1,500-501"]],
      [["Range", "bytes=9999-"]],
      [["If-None-Match", "*"]],
      [["If-Match", '"x"']],
      [["Accept-Encoding", "br"]],
      [["Accept-Encoding", "gzip"]],
    ];
    for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
      for (const target of targets) for (const fields of lines) site.ask(target, { method, fields });
    }
    site.write("large.bin", "b".repeat(6_000)); // stale: opened, seen, closed
    site.ask("/large.bin");
  } finally {
    Deno.openSync = openSync;
  }
  assert(opened.length > 5);
  for (const file of opened) assertThrows(() => file.statSync(), Deno.errors.BadResource);
});

testUnprivileged("staticHandler does without a neighbour that may not be read", async () => {
  using site = new Site();
  for (const [name, length] of [["small.js", 2_000], ["large.js", 2 << 20]] as const) {
    site.write(name, textOf("a", length));
    site.write(`${name}.br`, encodeLatin1("neighbour"));
    site.write(`${name}.gz`, encodeLatin1("neighbour"));
    Deno.chmodSync(site.path(`${name}.br`), 0o000);
  }
  const targets = ["/small.js", "/large.js"];
  const found = await Promise.all(
    ["br", "br, gzip", "gzip", "identity"].map((codings) =>
      probe(UNPRIVILEGED, ["--accept", codings, site.path("www"), ...targets])
    ),
  );
  assertEquals(found, [["200 br", 200], ["200 gzip", "200 gzip"], ["200 gzip", "200 gzip"], [200, 200]]);
});

// Confirming, which is quicker than looking anew.

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
