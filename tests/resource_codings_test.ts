/** `resource.ts` in directories made here: which coding of a file is sent, out of a neighbour or compressed. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { assertMatch } from "@std/assert";
import type { FieldLine } from "../src/message.ts";
import { Later } from "./later.ts";
import { ENTRY_BYTES, FRESH_MS, siteTest } from "./site.ts";
import type { Site } from "./site.ts";
import { ALL, askFor, codingOf, decodedOf, EARLIER, LATER, textOf } from "./coded_answers.ts";

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
  using _later = new Later();
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
