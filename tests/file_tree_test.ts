/**
 * `FileTree` with a clock: looks at directories serve for a moment, and it says as of when what it says is sure. A file
 * that is surely what it was is not looked for again, and no other one passes for it.
 */

import { assertEquals } from "@std/assert";
import { relative } from "@std/path";
import type { FileTreeOptions } from "../src/file_tree.ts";
import { FileTree } from "../src/file_tree.ts";
import { toKnown } from "../src/resource.ts";
import { testWith } from "./permissions.ts";
import { Later } from "./later.ts";
import { atTime, LONG_AGO, Site } from "./site.ts";

const LATER = new Date(LONG_AGO.getTime() + 60_000);

/** A site with `dir/page.html` below a root that is a link, all of it old. */
function makeSite(): Site {
  const site = new Site();
  site.write("dir/page.html", "page");
  site.write("dir/other.html", "other");
  site.write("more/page.html", "another page");
  site.link("../root", "www");
  for (const name of ["dir", "more", "www"]) age(site, name);
  return site;
}

/** As if the directory had been changed at that time. */
function age(site: Site, name: string, time: Date = LONG_AGO): void {
  Deno.utimeSync(site.path(name), time, time);
}

/** What a path stands for, below `www`, and as of when. */
function find(tree: FileTree, site: Site, path: string): string {
  const found = tree.find(path);
  if (found.kind !== "file") return found.kind;
  return `${relative(Deno.realPathSync(site.path("../root")), found.file.path)} as of ${found.file.asOfMs ?? "now"}`;
}

// Elsewhere a path without links may still not be the real path.
const isQuick = Deno.build.os === "linux";

const TIMES: readonly [freshMs: number | undefined, times: readonly [nowMs: number, asOfMs: number][]][] = [
  [undefined, [[5_000, 5_000], [5_099, 5_000], [5_100, 5_100]]],
  [60_000, [[5_000, 5_000], [5_099, 5_000], [5_100, 5_100]]],
  [200, [[5_000, 5_000], [5_019, 5_000], [5_020, 5_020]]],
  [0, [[5_000, 5_000], [5_001, 5_001]]],
];

for (const [freshMs, times] of TIMES) {
  testWith(["read", "write"], `FileTree.find says as of when it is sure of a file: trusted for ${freshMs} ms`, () => {
    using site = makeSite();
    site.write("dir/index.html", "index");
    const tree = new FileTree({
      root: site.path("../root"),
      clock: site.clock,
      ...(freshMs !== undefined && { freshMs }),
    });
    for (const [nowMs, asOfMs] of times) {
      site.clock.nowMs = nowMs;
      const expected = isQuick ? asOfMs : "now";
      assertEquals(find(tree, site, "/dir/page.html"), `dir/page.html as of ${expected}`);
      assertEquals(find(tree, site, "/dir/"), `dir/index.html as of ${expected}`);
    }
  });
}

const SWITCHES: readonly [what: string, change: (site: Site) => void, found: string][] = [
  ["the root leads to a copy, and what it led to is gone", (site) => {
    site.write("../www2/dir/page.html", "page");
    site.relink("../root", "www2");
    site.remove("dir");
  }, "dir/page.html as of now"],
  [
    "the file has become a link to another one",
    (site) => site.relink("dir/page.html", "other.html"),
    "dir/other.html as of now",
  ],
];

for (const [what, change, found] of SWITCHES) {
  testWith(["read", "write"], `FileTree.find misses no file for what it remembers: ${what}`, () => {
    using site = makeSite();
    const tree = new FileTree({ root: site.path("../root"), clock: site.clock });
    find(tree, site, "/dir/page.html");
    change(site);
    assertEquals(find(tree, site, "/dir/page.html"), found);
  });
}

const PLACES: readonly [what: string, change: (site: Site) => void, isInPlace: boolean][] = [
  ["nothing", () => {}, true],
  ["the file is another one", (site) => site.relink("dir/page.html", "other.html"), false],
  ["the file is gone", (site) => site.remove("dir/page.html"), false],
  ["the directory is another one, with a file of that name", (site) => {
    Deno.renameSync(site.path("dir"), site.path("old"));
    Deno.renameSync(site.path("more"), site.path("dir"));
  }, false],
  ["the directory is a link to itself, moved", (site) => {
    Deno.renameSync(site.path("dir"), site.path("../outside"));
    site.link("dir", "../outside");
  }, false],
  ["the root leads elsewhere", (site) => {
    site.write("../www2/x", "x");
    site.relink("../root", "www2");
  }, true],
];

/** Names that have not changed for long are believed more readily. */
for (const ageMs of [0, 60_000]) {
  for (const [what, change, isInPlace] of PLACES) {
    testWith(["read", "write"], `FileTree.isInPlace is ${isInPlace}: ${what}, ${ageMs} ms ago`, () => {
      using site = makeSite();
      const tree = new FileTree({ root: site.path("../root"), clock: site.clock });
      const found = tree.find("/dir/page.html");
      if (found.kind !== "file") throw new Error(found.kind);
      const { path, state } = toKnown(found.file);
      change(site);
      assertEquals(atTime(Date.now() + ageMs, () => tree.isInPlace(path, (info) => state.isOf(info))), isInPlace);
    });
  }
}

const CHANGES: readonly [what: string, change: (site: Site) => void, isConfirmed: boolean][] = [
  ["nothing", () => {}, true],
  ["another file in place", (site) => Deno.writeTextFileSync(site.path("dir/other.html"), "changed"), true],
  ["another directory", (site) => site.write("more/new.html", "new"), true],
  ["the file in place", (site) => Deno.writeTextFileSync(site.path("dir/page.html"), "PAGE"), false],
  ["the file in place, as old as before", (site) => site.write("dir/page.html", "longer page"), false],
  ["the time of the file", (site) => Deno.utimeSync(site.path("dir/page.html"), LATER, LATER), false],
  ["the mode of the file", (site) => Deno.chmodSync(site.path("dir/page.html"), 0o600), false],
  ["the file is gone", (site) => site.remove("dir/page.html"), false],
  ["the file is another one", (site) => {
    site.write("dir/new.html", "page");
    Deno.renameSync(site.path("dir/new.html"), site.path("dir/page.html"));
    age(site, "dir");
  }, false],
  ["the file is a link to itself, moved", (site) => {
    Deno.renameSync(site.path("dir/page.html"), site.path("more/moved.html"));
    site.link("dir/page.html", "../more/moved.html");
    age(site, "dir");
  }, false],
  ["a name has come, just now", (site) => site.write("dir/page.html.br", "br"), false],
  ["a name has come, long ago", (site) => {
    site.write("dir/page.html.br", "br");
    age(site, "dir", LATER);
  }, false],
  ["a name has gone, long ago", (site) => {
    site.remove("dir/other.html");
    age(site, "dir", LATER);
  }, false],
  ["the mode of the directory", (site) => Deno.chmodSync(site.path("dir"), 0o700), false],
  ["the directory is another one", (site) => {
    Deno.renameSync(site.path("dir"), site.path("old"));
    Deno.renameSync(site.path("more"), site.path("dir"));
    age(site, "www");
  }, false],
  ["the directory is a link to itself, moved", (site) => {
    Deno.renameSync(site.path("dir"), site.path("../outside"));
    site.link("dir", "../outside");
    age(site, "www");
  }, false],
  ["the root leads elsewhere, where a link leads back", (site) => {
    site.write("../www2/x", "x");
    site.link("../www2/dir", "../www/dir");
    site.relink("../root", "www2");
  }, false],
];

for (const [what, change, isConfirmed] of CHANGES) {
  testWith(["read", "write"], `FileTree.confirm is ${isConfirmed ? "sure" : "not sure"}: ${what}`, () => {
    using _later = new Later();
    using site = makeSite();
    const tree = new FileTree({ root: site.path("../root"), clock: site.clock });
    const found = tree.find("/dir/page.html");
    if (found.kind !== "file") throw new Error(found.kind);
    assertEquals(tree.confirm(found.sitePath, toKnown(found.file)), 5_000);
    change(site);
    site.clock.nowMs += 100;
    assertEquals(tree.confirm(found.sitePath, toKnown(found.file)), isConfirmed ? 5_100 : undefined);
    assertEquals(tree.confirm(found.sitePath, toKnown(found.file)), isConfirmed ? 5_100 : undefined);
  });
}

testWith(
  ["read", "write"],
  "FileTree.confirm looks at a directory again after 100 ms, and says as of when it is sure",
  () => {
    using _later = new Later();
    using site = makeSite();
    const tree = new FileTree({ root: site.path("www"), clock: site.clock });
    const found = tree.find("/dir/page.html");
    if (found.kind !== "file") throw new Error(found.kind);
    site.write("dir/new.html", "new");
    for (const [nowMs, expected] of [[5_000, 5_000], [5_099, 5_000], [5_100, undefined]] as const) {
      site.clock.nowMs = nowMs;
      assertEquals(tree.confirm(found.sitePath, toKnown(found.file)), expected, `at ${nowMs}`);
    }
  },
);

const NEVER: readonly [what: string, options: Partial<FileTreeOptions>, change: (site: Site) => void][] = [
  ["without a clock", {}, () => {}],
  ["with clean URLs", { hasCleanUrls: true }, () => {}],
  ["a file that is a link", {}, (site) => {
    Deno.renameSync(site.path("dir/page.html"), site.path("dir/real.html"));
    site.link("dir/page.html", "real.html");
    age(site, "dir");
  }],
  ["a file in a directory that was changed just now", {}, (site) => age(site, "dir", new Date(Date.now()))],
];

for (const [what, options, change] of NEVER) {
  testWith(["read", "write"], `FileTree.confirm is never sure of anything ${what}`, () => {
    using _later = new Later();
    using site = makeSite();
    change(site);
    const clock = what === "without a clock" ? {} : { clock: site.clock };
    const tree = new FileTree({ root: site.path("www"), ...clock, ...options });
    const file = tree.findRegularFile(site.path("dir/page.html"));
    if (file === undefined) throw new Error("not found");
    for (let times = 0; times < 2; times++) {
      site.clock.nowMs += 100;
      assertEquals(tree.confirm("/dir/page.html", toKnown(file)), undefined);
    }
  });
}

testWith(["read", "write"], "FileTree.confirm is sure of an index file, and of the file that is the root", () => {
  using _later = new Later();
  using site = makeSite();
  site.write("dir/index.html", "index");
  age(site, "dir");
  const roots: readonly [root: string, path: string][] = [["www", "/dir/"], ["www/dir/page.html", "/"]];
  for (const [root, path] of roots) {
    const tree = new FileTree({ root: site.path(root), clock: site.clock });
    const found = tree.find(path);
    if (found.kind !== "file") throw new Error(found.kind);
    assertEquals(tree.confirm(found.sitePath, toKnown(found.file)), 5_000, root);
  }
});
