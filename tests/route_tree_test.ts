/**
 * Patterns against `URLPattern`, which decides what matches and what is captured; precedence against the rule as it is
 * written down; and what a search costs among many patterns.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { RouteTree } from "../src/route_tree.ts";
import { createRandom } from "./random.ts";

/** The path of a URL as a URL parser leaves it. */
function canonical(path: string): string {
  return new URL(`http://localhost${path}`).pathname;
}

/** A tree of patterns for GET, each its own value. */
function grow(patterns: Iterable<string>): RouteTree<string> {
  const tree = new RouteTree<string>();
  for (const pattern of patterns) tree.add("GET", pattern, pattern);
  return tree;
}

const MATCHES: readonly [pattern: string, path: string, groups: Record<string, string | undefined> | undefined][] = [
  // Text: all of it, with case, slashes and percent-encoding.
  ["/", "/", {}],
  ["/", "/a", undefined],
  ["/a", "/a", {}],
  ["/a", "/a/", undefined],
  ["/a/", "/a", undefined],
  ["/a/", "/a/", {}],
  ["/a", "/A", undefined],
  ["/a", "//a", undefined],
  ["//a", "//a", {}],
  ["/a//b", "/a//b", {}],
  ["/a//b", "/a/b", undefined],
  ["/a", "/%61", undefined],
  ["/%61", "/%61", {}],
  ["/%61", "/a", undefined],
  ["/é", "/é", {}],
  ["/é", "/%C3%A9", {}],
  ["/é", "/%c3%a9", undefined],
  ["/%C3%A9", "/é", {}],
  ["/😀 b", "/%F0%9F%98%80%20b", {}],
  ["/a/../b/.", "/b/", {}],
  ["/a/%2E%2e/b", "/b", {}],
  ["/a/b", "/x/../a/./b", {}],
  ["/a%2Fb", "/a/b", undefined],
  ["/a%2Fb", "/a%2Fb", {}],
  ["/a\\:b\\*", "/a:b*", {}],
  ["/a.b\\+c", "/a.b+c", {}],
  ["/a.b", "/aXb", undefined],
  // Names: one segment, not empty, percent-encoded.
  ["/:x", "/a", { x: "a" }],
  ["/:x", "/", undefined],
  ["/:x", "/a/", undefined],
  ["/:x/", "/a/", { x: "a" }],
  ["/:x", "/%2F%20é", { x: "%2F%20%C3%A9" }],
  ["/a/:x/b/:y", "/a/1/b/2", { x: "1", y: "2" }],
  ["/a/:x/b", "/a//b", undefined],
  ["/:constructor/:__proto__", "/a/b", JSON.parse('{ "constructor": "a", "__proto__": "b" }')],
  ["/:é_$1", "/a", { é_$1: "a" }],
  // The asterisk: whatever follows the slash.
  ["/*", "/", { 0: "" }],
  ["/*", "/a/b/", { 0: "a/b/" }],
  ["/a/*", "/a", undefined],
  ["/a/*", "/a/", { 0: "" }],
  ["/a/*", "/a//b", { 0: "/b" }],
  ["/:x/*", "/a/b/c", { x: "a", 0: "b/c" }],
  // What goes to a real URLPattern.
  ["/:id(\\d+)", "/12", { id: "12" }],
  ["/:id(\\d+)", "/a", undefined],
  ["/:name.json", "/a.b.json", { name: "a.b" }],
  ["/a/:x?", "/a", { x: undefined }],
  ["/a/:x?", "/a/b", { x: "b" }],
  ["/a/:x*/z", "/a/z", { x: undefined }],
  ["/a/:x+", "/a/b/c", { x: "b/c" }],
  ["/*/z", "/a/b/z", { 0: "a/b" }],
  ["/a{/b}?/c", "/a/c", {}],
  ["{/:lang}?/about", "/about", { lang: undefined }],
  ["{/:lang}?/about", "/en/about", { lang: "en" }],
  ["{/a/b}?/c", "/c", {}],
  ["/(\\d+)/*", "/1/b", { 0: "1", 1: "b" }],
];

for (const [pattern, path, groups] of MATCHES) {
  Deno.test(`RouteTree.find: ${pattern} on ${path} is ${JSON.stringify(groups)}`, () => {
    const found = grow([pattern]).find("GET", canonical(path));
    assertEquals(found && Object.entries(found.groups), groups && Object.entries(groups));
    const real = new URLPattern({ pathname: pattern }).exec(`http://localhost${path}`);
    assertEquals(real && { ...real.pathname.groups }, groups ?? null, "as URLPattern has it");
  });
}

const SEGMENTS = [
  ...["a", "b", "A", "ab", "", "", ".", "..", "%2e", "%61", "é", "%C3%A9", "a b", "a|^'", "%zz", "%2F", "😀", "a\\:b"],
  ...["\\*", "a\\?b", "\\\\", ":x", ":x", ":y", ":z", ":ü", ":x?", ":x*", ":x+", ":x(\\d+)", ":x(a|b)", ":x(.*)"],
  ...[":x((?:a|b)+)", "*", "*", "*", "(.*)", "([^/]+)", "(\\d+)?", "a*", "*.b", "**", ":x.b", ":x-:y", ".:x", "a:x"],
  ...["{b}?", "{:z}?", "{a/b}", "{a/:z}?", "{a}+", "..:x", ":x..", "(", ":", "{", "}", "a?", ":1", "#", "+"],
];

const PARTS = [
  ...["a", "a", "b", "A", "ab", "", "", ".", "..", "%2e%2E", "%61", "é", "%c3%a9", "%C3%A9", "a b", "a%20b", "a|^'"],
  ...["%zz", "%2F", "😀", "a:b", "*", "a%3Fb", "\\", "1", "12", "a.b", "x-y", "a-b.b", ":x", "+", "aaa", "..a", "%"],
];

const random = createRandom(29);

function pick(from: readonly string[]): string {
  return from[random(from.length)] ?? "";
}

function makePattern(): string {
  let pattern = random(12) === 0 ? `{/${pick(SEGMENTS)}}?` : "";
  for (let i = random(4); i >= 0; i--) {
    const segment = pick(SEGMENTS);
    pattern += random(12) === 0 ? `{/${segment}}${pick(["?", "*", "+", ""])}` : `/${segment}`;
  }
  return pattern;
}

function makePath(): string {
  return Array.from({ length: 1 + random(4) }, () => `/${pick(PARTS)}`).join("");
}

/** The text of a pattern with things put in place of its syntax: a path that may well match. */
function makePathFor(pattern: string): string {
  return pattern.replace(/\((?:\\.|[^)])*\)|:[xyzü]|\*/gu, () => pick(PARTS)).replace(/[{}?+]|\\(.)/gu, "$1");
}

function parse(pattern: string): URLPattern | undefined {
  try {
    return new URLPattern({ pathname: pattern });
  } catch {
    return undefined;
  }
}

Deno.test("RouteTree.find matches and captures what URLPattern does, whatever the pattern", () => {
  let valid = 0;
  let matching = 0;
  for (let i = 0; i < 500; i++) {
    const pattern = makePattern();
    const real = parse(pattern);
    if (real === undefined) {
      assertThrows(() => grow([pattern]), TypeError);
      continue;
    }
    valid++;
    const tree = grow([pattern]);
    for (let j = 0; j < 20; j++) {
      const path = j % 2 === 0 ? makePath() : makePathFor(pattern);
      const expected = real.exec(`http://localhost${path}`)?.pathname.groups;
      const found = tree.find("GET", canonical(path));
      if (expected !== undefined) matching++;
      assertEquals(found && { ...found.groups }, expected && { ...expected }, `${pattern} on ${path}`);
    }
  }
  assert(valid > 200 && matching > 1_000, `${valid} patterns, ${matching} matches`);
});

/** Patterns that all match one path, in the order of precedence. */
const ORDERS: readonly [path: string, ...patterns: string[]][] = [
  ["/users/7", "/users/7", "/users/:id(\\d+)", "/users/:id", "/users/*", "/:what/7", "/:what/*", "/*"],
  ["/a.json", "/a.json", "/:name.json", "/:name", "/*.json", "/:path+", "/:name?", "/*"],
  ["/a/b", "/a/b", "/a/:x(b)", "/a/:x", "/a/:x(.*)", "/a/:x+", "/a/:x?", "/a/*", "/:x/b", "/:x/:y", "/:x/*", "/*/b"],
  ["/a", "/a", "/a/:x?", "/:x(a)", "/:x", "{/:x}?/a", "/:x?", "/*"],
  ["/a/", "/a/", "/a/*", "/:x/", "/*"],
  // The longer pattern first, without its names.
  ["/a.tar.gz", "/:f.tar.gz", "/:filename.gz", "/:f.:g"],
  ["/x-1", "/:a-:b(\\d+)", "/:a-(\\d)", "/:a-:b"],
];

for (const [path, ...patterns] of ORDERS) {
  Deno.test(`RouteTree.find prefers, for ${path}, ${patterns.join(" to ")}`, () => {
    for (let i = 0; i < patterns.length; i++) {
      const left = patterns.slice(i);
      assertEquals(grow(left).find("GET", path)?.value, left[0]);
      assertEquals(grow(left.toReversed()).find("GET", path)?.value, left[0], "added the other way round");
    }
  });
}

/** Segments by their kind, as the rule of precedence counts them. */
const KINDS: readonly (readonly [kind: number, segment: string])[] = [
  ...[[1, "a"], [1, "a"], [1, "b"], [1, ""], [2, ":x(a|b)"], [2, ":y.b"], [2, "a:y"], [2, ":x(\\d+)"]] as const,
  ...[[3, ":x"], [3, ":y"], [3, ":z"], [4, ":x?"], [4, ":y+"], [4, ":z*"], [4, "*b"], [4, ":x(.*)"], [5, "*"]] as const,
];

interface KnownPattern {
  readonly method: "GET" | "POST" | undefined;
  readonly text: string;
  readonly kinds: readonly number[];
  readonly real: URLPattern;
}

function makeKnownPattern(): KnownPattern | undefined {
  const segments = Array.from({ length: 1 + random(4) }, () => KINDS[random(KINDS.length)] ?? [1, "a"] as const);
  const text = segments.map(([, segment]) => `/${segment}`).join("");
  const kinds = segments.map(([kind], i) => kind === 5 && i < segments.length - 1 ? 4 : kind);
  const real = parse(text);
  return real && { method: ([undefined, "GET", "POST"] as const)[random(3)], text, kinds, real };
}

/** What is the same for patterns that match the same paths. */
function withoutNames({ text }: KnownPattern): string {
  return text.replace(/:[xyz]/g, ":");
}

/** The rule of precedence, for two patterns that match the same path. */
function compare(a: KnownPattern, b: KnownPattern): number {
  for (let i = 0; i < 5; i++) {
    const [kind = 0, other = 0] = [a.kinds[i], b.kinds[i]];
    if (kind !== other) return kind - other;
    if (kind === 2 || kind === 4) break;
  }
  const [left, right] = [withoutNames(a), withoutNames(b)];
  return right.length - left.length || (left < right ? -1 : left > right ? 1 : 0);
}

Deno.test("RouteTree.find takes the first by precedence that has the method, in whatever order they were added", () => {
  const all = Array.from({ length: 200 }, makeKnownPattern).filter((pattern) => pattern !== undefined);
  let several = 0;
  for (let i = 0; i < 60; i++) {
    const unique = new Map<string, KnownPattern>();
    for (let j = 0; j < 30; j++) {
      const pattern = all[random(all.length)];
      if (pattern !== undefined) unique.set(`${pattern.method} ${withoutNames(pattern)}`, pattern);
    }
    const tree = new RouteTree<KnownPattern>();
    for (const pattern of unique.values()) tree.add(pattern.method, pattern.text, pattern);
    for (let j = 0; j < 10; j++) {
      const path = Array.from({ length: 1 + random(3) }, () => `/${pick(["a", "b", "", "7", "a.b", "ab"])}`).join("");
      const matching = [...unique.values()].filter(({ real }) => real.test(`http://localhost${path}`)).sort(compare);
      for (const method of ["GET", "HEAD", "POST", "PUT"]) {
        const wanted = [method, method === "HEAD" ? "GET" : method, undefined];
        const having = matching.filter((pattern) => wanted.includes(pattern.method));
        const same = having.filter((pattern) => having[0] && withoutNames(pattern) === withoutNames(having[0]));
        const expected = wanted.map((name) => same.find((pattern) => pattern.method === name)).find(Boolean);
        if (having.length > 1) several++;
        const found = tree.find(method, path);
        assertEquals([found?.value.method, found?.value.text], [expected?.method, expected?.text], `${method} ${path}`);
        const groups = expected?.real.exec(`http://localhost${path}`)?.pathname.groups;
        assertEquals(found && { ...found.groups }, groups && { ...groups }, `${expected?.text} ${path}`);
      }
    }
  }
  assert(several > 200, `${several} times there was a choice`);
});

Deno.test("RouteTree.findAll has each method with what is found for it, RFC 9110 section 10.2.1", () => {
  const tree = new RouteTree<string>();
  for (const [method, path] of [["POST", "/a"], ["GET", "/:x"], ["PUT", "/*"], ["DELETE", "/a/b"]] as const) {
    tree.add(method, path, `${method} ${path}`);
  }
  const values = (path: string) => [...tree.findAll(path)].map(([method, { value }]) => [method, value]);
  assertEquals(values("/a"), [["GET", "GET /:x"], ["HEAD", "GET /:x"], ["POST", "POST /a"], ["PUT", "PUT /*"]]);
  assertEquals(values("/a/b"), [["PUT", "PUT /*"], ["DELETE", "DELETE /a/b"]]);
  assertEquals(grow(["/a"]).findAll("/b").size, 0);
});

const CONFLICTS: readonly [first: string, second: string][] = [
  ["/a", "/a"],
  ["/a", "/x/../a"],
  ["/é", "/%C3%A9"],
  ["/users/:id", "/users/:name"],
  ["/users/:id", "/users/:id([^/]+?)"],
  ["/files/*", "/files/(.*)"],
  ["/:a.json", "/:b.json"],
  ["/:a(\\d+)/x", "/:b(\\d+)/x"],
];

for (const [first, second] of CONFLICTS) {
  Deno.test(`RouteTree.add refuses ${second} beside ${first}`, () => {
    const tree = grow([first]);
    assertThrows(() => tree.add("GET", second, ""), TypeError, `"${first}" matches the same paths`);
    tree.add("POST", second, "");
    tree.add(undefined, second, "");
    assertThrows(() => tree.add(undefined, first, ""), TypeError, `"${second}" matches the same paths`);
  });
}

Deno.test("RouteTree.find tries only the patterns that begin with the same segments", () => {
  const patterns = Array.from({ length: 300 }, (_, i) => `/folder${i % 100}/:x/${"abc"[i % 3]}:y`);
  const tree = grow(patterns);
  const exec = URLPattern.prototype.exec;
  let tried = 0;
  URLPattern.prototype.exec = function (...args) {
    tried++;
    return exec.apply(this, args);
  };
  try {
    assertEquals(tree.find("GET", "/folder7/x/none"), undefined);
    assertEquals(tried, 3);
    assertEquals(tree.find("POST", "/folder7/x/none"), undefined);
    assertEquals(tried, 3, "none for another method");
  } finally {
    URLPattern.prototype.exec = exec;
  }
});
