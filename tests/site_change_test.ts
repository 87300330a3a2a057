/** `site_change.ts`: what a change of files means for an open page. */

import { assertEquals } from "@std/assert";
import { addChanges, changedAtStart, isSitePath } from "../src/site_change.ts";

const KINDS: readonly [kind: "page" | "style", paths: readonly string[]][] = [
  ["style", ["a.css"]],
  ["style", ["css/A.CSS", "css/a.css.map", "a.css.br", "a.css.gz", "a.css.zst"]],
  ["page", ["a.css", "index.html"]],
  ["page", ["a.css.html"]],
  ["page", ["css"]],
  ["page", [".css/a"]],
  ["page", ["a.scss"]],
  ["page", [""]],
  ["page", ["_headers"]],
];

for (const [kind, paths] of KINDS) {
  Deno.test(`addChanges: ${paths.map((path) => JSON.stringify(path)).join(", ")} is a change of kind ${kind}`, () => {
    const last = { pageMs: 10, styleMs: 20 };
    const expected = kind === "style" ? { pageMs: 10, styleMs: 30 } : { pageMs: 30, styleMs: 20 };
    assertEquals(addChanges(last, paths, 30), expected);
  });
}

Deno.test("addChanges: a later change has a later time, also when the clock was set back", () => {
  let last = changedAtStart(1_000);
  last = addChanges(last, ["a.css"], 1_000);
  assertEquals(last, { pageMs: 1_000, styleMs: 1_001 });
  last = addChanges(last, ["a.html"], 5);
  assertEquals(last, { pageMs: 1_002, styleMs: 1_001 });
});

const SITE_PATHS = [
  ...[
    "index.html",
    "a/b/c.css",
    "",
    "_headers",
    "404.html",
    ".well-known/security.txt",
    "a.well-known",
    "node_modules.html",
  ],
  ...["a b.txt", "~a", "swap.swap", "4913.html", "sedition.html", "sedan.js", "a.temp.html", "tmp/a.html", "a#b"],
];
const OTHER_PATHS = [
  ...[
    ".git/index",
    "a/.hidden",
    ".env",
    ".well-known2/a",
    "a/.well-known/.x",
    "node_modules/a.js",
    "a/node_modules/b/c.js",
  ],
  ...["a.html~", "#a.html#", "4913", "a/4913", "sedA1b2C3", "a.swp", "a.swx", "a.tmp", "a.bak", "a.html___jb_tmp___"],
  ...["a.html___jb_old___", "a.iso.part", "a.crdownload", "a.html.crswap", ".#a", "a/.a.html.swp"],
];

for (const path of SITE_PATHS) {
  Deno.test(`isSitePath: yes to ${JSON.stringify(path)}`, () => assertEquals(isSitePath(path), true));
}
for (const path of OTHER_PATHS) {
  Deno.test(`isSitePath: no to ${JSON.stringify(path)}`, () => assertEquals(isSitePath(path), false));
}
