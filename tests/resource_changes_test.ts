/** `resource.ts`: a file that changes while it is served. Never is an answer half of one and half of the other. */

import { assert, assertEquals, assertNotEquals, assertNotStrictEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import type { FieldLine } from "../src/message.ts";
import { requestHead } from "./ask.ts";
import { encodeLatin1 } from "./octets.ts";
import { ENTRY_BYTES, FRESH_MS, Site, siteTest } from "./site.ts";
import { probe } from "./static_process.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";
import { askFor, codingOf, decodedOf, LATER, textOf } from "./coded_answers.ts";

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
