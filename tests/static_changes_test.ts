/**
 * `staticHandler`: what happens to a file while it is served. Within the time of freshness the answer is the kept one;
 * then it is true.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import { ask, requestHead } from "./ask.ts";
import { Later } from "./later.ts";
import { testWith } from "./permissions.ts";
import { atTime, ENTRY_BYTES, FRESH_MS, LONG_AGO, Site, siteTest } from "./site.ts";

const CHANGES: readonly [change: string, apply: (site: Site) => void, expected: string | number][] = [
  ["replaced by a file that looks the same", (site) => {
    site.write("new", "two");
    Deno.renameSync(site.path("new"), site.path("a.txt"));
  }, "two"],
  ["written again later", (site) => site.write("a.txt", "two", new Date(LONG_AGO.getTime() + 1)), "two"],
  ["written again with an earlier time", (site) => site.write("a.txt", "two", new Date(0)), "two"],
  ["written again just now, and its time set back", (site) => site.write("a.txt", "two"), "two"],
  ["grown", (site) => site.write("a.txt", "one and more"), "one and more"],
  ["grown beyond what is kept", (site) => site.write("a.txt", "x".repeat(ENTRY_BYTES + 1)), "x".repeat(4_097)],
  ["truncated", (site) => Deno.truncateSync(site.path("a.txt"), 1), "o"],
  ["emptied", (site) => Deno.truncateSync(site.path("a.txt"), 0), ""],
  ["deleted", (site) => site.remove("a.txt"), 404],
  ["deleted with its folder", (site) => site.remove("www"), 404],
  ["replaced by a directory", (site) => {
    site.remove("a.txt");
    site.write("a.txt/index.html", "index");
  }, 308],
  ["replaced by a link to another file", (site) => {
    site.write("b.txt", "two");
    site.relink("a.txt", "b.txt");
  }, "two"],
  ["replaced by a link that leads out", (site) => {
    site.write("../secret.txt", "secret");
    site.relink("a.txt", "../secret.txt");
  }, 404],
  ["moved out, with a link left behind", (site) => {
    Deno.renameSync(site.path("a.txt"), site.path("../a.txt"));
    site.link("a.txt", "../a.txt");
  }, 404],
];

for (const [change, apply, expected] of CHANGES) {
  siteTest(`notices after the time of freshness that a file was ${change}`, (site) => {
    site.write("a.txt", "one");
    assertEquals(site.get("/a.txt"), "one");
    site.clock.nowMs += FRESH_MS; // renewed once: that must not make it blind
    assertEquals(site.get("/a.txt"), "one");
    apply(site);
    site.clock.nowMs += FRESH_MS - 1;
    assertEquals(site.get("/a.txt"), "one");
    site.clock.nowMs += 1;
    assertEquals(site.get("/a.txt"), expected);
    assertEquals(site.get("/a.txt"), expected);
  });
}

siteTest("looks at an unchanged file and keeps its response", (site) => {
  using _later = new Later();
  site.write("a.txt", "one");
  const { response } = site.ask("/a.txt");
  for (let i = 0; i < 3; i++) {
    site.clock.nowMs += FRESH_MS;
    assertStrictEquals(site.ask("/a.txt").response, response);
  }
});

siteTest("gives a folder the type of the index file that it has now, also where both are one file", (site) => {
  site.write("main.txt", "one");
  site.link("index.html", "main.txt");
  const askType = () => site.ask("/").fields["content-type"];
  assertEquals(askType(), "text/html");
  site.remove("index.html");
  site.clock.nowMs += FRESH_MS;
  assertEquals(askType(), "text/plain; charset=utf-8");
}, { index: ["index.html", "main.txt"] });

siteTest("reads a young file again: it may have changed without a sign", (site) => {
  const now = new Date();
  site.write("a.txt", "one", now);
  assertEquals(site.get("/a.txt"), "one");
  site.write("a.txt", "two", now);
  site.clock.nowMs += FRESH_MS;
  assertEquals(site.get("/a.txt"), "two");
});

siteTest("remembers a failure for the time of freshness, and no longer", (site) => {
  for (
    const [name, make] of [["a.txt", () => site.write("a.txt", "one")], ["b", () => site.write("c", "one")]] as const
  ) {
    if (name === "b") site.link("b", "c");
    assertEquals(site.get(`/${name}`), 404);
    make();
    for (const waitMs of [FRESH_MS - 1, 1, 0, FRESH_MS]) {
      site.clock.nowMs += waitMs;
      assertEquals(site.get(`/${name}`), waitMs === FRESH_MS - 1 ? 404 : "one");
    }
  }
});

siteTest("does not look again for what was not there a moment ago, and remembers that by its path", (site) => {
  site.write("dir/index.html", "index");
  const { realPathSync } = Deno;
  let looks = 0;
  Deno.realPathSync = (path) => {
    looks++;
    return realPathSync(path);
  };
  try {
    const first = assertThrows(() => site.handler(requestHead("GET /missing HTTP/1.1")), HttpError);
    const before = looks;
    for (const target of ["/missing", "/missing?q", "/%6dissing", "/dir/../missing"]) {
      assertStrictEquals(assertThrows(() => site.handler(requestHead(`GET ${target} HTTP/1.1`)), HttpError), first);
    }
    assertEquals(looks, before);
    assertEquals([site.get("/missing/"), site.get("/dir/missing"), site.get("/dir/")], [404, 404, "index"]);
    assert(looks > before);
  } finally {
    Deno.realPathSync = realPathSync;
  }
});

siteTest("serves a file again that failed to be opened a moment ago", (site) => {
  site.write("a.txt", "one");
  const { openSync } = Deno;
  Deno.openSync = () => {
    throw Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  };
  try {
    assertEquals([site.get("/a.txt"), site.ask("/a.txt").fields["retry-after"]], [503, "1"]);
  } finally {
    Deno.openSync = openSync;
  }
  assertEquals(site.get("/a.txt"), "one");
});

siteTest("keeps no large file", (site) => {
  const [one, two] = ["1", "2"].map((digit) => digit.repeat(ENTRY_BYTES + 1));
  assert(one !== undefined && two !== undefined);
  site.write("a.txt", one);
  assertEquals(site.get("/a.txt"), one);
  site.write("a.txt", two);
  assertEquals(site.get("/a.txt"), two);
  site.write("a.txt", "small");
  assertEquals(site.get("/a.txt"), "small");
});

siteTest("goes on with the file that it opened: replaced, deleted, grown, truncated", (site) => {
  const content = "0123456789".repeat(1_000);
  const changes: readonly [(path: string) => void, string][] = [
    [(path) => Deno.removeSync(path), content],
    [(path) => {
      Deno.writeTextFileSync(`${path}.new`, "x".repeat(content.length));
      Deno.renameSync(`${path}.new`, path);
    }, content],
    [(path) => Deno.writeTextFileSync(path, "more", { append: true }), content],
    [(path) => Deno.truncateSync(path, 5_000), content.slice(0, 5_000)],
  ];
  for (const [change, expected] of changes) {
    site.write("a.txt", content);
    // The change comes between opening and reading.
    const answer = ask((head) => {
      const response = site.handler(head);
      change(site.path("a.txt"));
      return response;
    }, "/a.txt");
    assertEquals([answer.source, answer.response?.body.length], ["file", content.length]);
    assert(answer.text === expected, change.toString());
  }
});

siteTest("follows a link whose target is exchanged", (site) => {
  site.write("v1/a.txt", "one");
  site.write("v2/a.txt", "two");
  site.link("current", "v1");
  assertEquals(site.get("/current/a.txt"), "one");
  site.relink("current", "v2");
  site.clock.nowMs += FRESH_MS;
  assertEquals(site.get("/current/a.txt"), "two");
});

siteTest("follows a link whose target is exchanged for one outside", (site) => {
  site.write("v1/a.txt", "one");
  site.write("../v2/a.txt", "secret");
  site.link("current", "v1");
  assertEquals(site.get("/current/a.txt"), "one");
  site.relink("current", "../v2");
  site.clock.nowMs += FRESH_MS;
  assertEquals(site.get("/current/a.txt"), 404);
});

/** Names that have not changed for long are believed more readily. */
const AGES_MS = [0, 60_000];
const FILES: readonly [name: string, method: string, length: number][] = [
  ["small.txt", "GET", 1],
  ["large.txt", "GET", ENTRY_BYTES],
  ["large.txt", "HEAD", ENTRY_BYTES],
];

for (const target of ["other", "../other"]) {
  siteTest(`does not go by a folder that was exchanged for a link since it was looked at: ${target}`, () => {
    for (const [name, method, length] of FILES) {
      for (const ageMs of AGES_MS) {
        using site = new Site();
        for (const [folder, content] of [["folder", "one"], [target, "two"]] as const) {
          site.write(`${folder}/seen.txt`, "seen");
          site.write(`${folder}/${name}`, content.repeat(length));
        }
        assertEquals(site.get("/folder/seen.txt"), "seen");
        site.remove("folder");
        site.link("folder", target);
        const { status, text } = atTime(Date.now() + ageMs, () => site.ask(`/folder/${name}`, { method }));
        assertEquals(status, target === "other" ? 200 : 404, `${method} ${name}`);
        if (status === 200 && method === "GET") assertEquals(text, "two".repeat(length));
        assertEquals(site.get("/folder/seen.txt"), "seen");
      }
    }
  });
}

siteTest("does not show rules by a folder that has become a link to the root since it was looked at", (site) => {
  site.write("_headers", "/*\n  X-Secret: a\n");
  site.write("folder/seen.txt", "seen");
  assertEquals(site.get("/folder/seen.txt"), "seen");
  site.remove("folder");
  site.link("folder", ".");
  assertEquals(site.get("/folder/_headers"), 404);
}, { symlinks: "follow" });

testWith(
  ["read", "write"],
  "staticHandler opens nothing that was replaced, also for another coding within the same moment",
  () => {
    const opened: string[] = [];
    using site = new Site({
      open: (path) => {
        opened.push(path);
        return Deno.openSync(path);
      },
    });
    site.write("a.html", "one".repeat(1_000));
    assertEquals(site.get("/a.html"), "one".repeat(1_000));
    site.remove("a.html");
    site.write("a.html/index.html", "index");
    const { status } = site.ask("/a.html", { fields: [["Accept-Encoding", "gzip"]] });
    assertEquals([status, opened.length], [308, 1]);
  },
);

siteTest("follows a root that is exchanged for another directory", (site) => {
  for (const [version, content] of [["v1", "one"], ["v2", "two"]] as const) {
    site.write(`../${version}/small.txt`, content);
    site.write(`../${version}/large.txt`, content.repeat(ENTRY_BYTES));
    site.write(`../${version}/${content}.txt`, content);
  }
  site.link("../link", "v1");
  assertEquals([site.get("/small.txt"), site.get("/one.txt"), site.get("/two.txt")], ["one", "one", 404]);
  assertEquals(site.get("/large.txt"), "one".repeat(ENTRY_BYTES));
  site.relink("../link", "v2");
  // Nothing is half of one and half of the other: what was looked at is trusted for a moment, small or large.
  assertEquals([site.get("/two.txt"), site.get("/large.txt")], [404, "one".repeat(ENTRY_BYTES)]);
  site.clock.nowMs += FRESH_MS;
  assertEquals([site.get("/small.txt"), site.get("/one.txt"), site.get("/two.txt")], ["two", 404, "two"]);
  assertEquals(site.get("/large.txt"), "two".repeat(ENTRY_BYTES));
}, { root: "../link" });

siteTest("outlives its root: deleted, made again", (site) => {
  site.write("a.txt", "one");
  site.write("b.txt", "one");
  assertEquals(site.get("/a.txt"), "one");
  site.remove("www");
  assertEquals([site.get("/b.txt"), site.get("/")], [404, 404]);
  site.clock.nowMs += FRESH_MS;
  assertEquals(site.get("/a.txt"), 404);
  site.write("a.txt", "two");
  site.write("index.html", "index");
  site.clock.nowMs += FRESH_MS;
  assertEquals([site.get("/a.txt"), site.get("/"), site.get("/b.txt")], ["two", "index", 404]);
});
