/** Patterns against paths, what is refused as a pattern, and the order in which many rules are found. */

import { assert, assertEquals } from "@std/assert";
import { matchPathPattern, parsePathPattern, PatternIndex } from "../src/path_pattern.ts";

function parse(text: string) {
  const pattern = parsePathPattern(text);
  assert(typeof pattern !== "string", `${text} ${pattern}`);
  return pattern;
}

const MATCHES: readonly [pattern: string, path: string, captures: Record<string, string> | undefined][] = [
  // Literals: all of the path, with case and slash.
  ["/", "/", {}],
  ["/", "/a", undefined],
  ["/a", "/a", {}],
  ["/a", "/a/", undefined],
  ["/a/", "/a", undefined],
  ["/a/", "/a/", {}],
  ["/a", "/A", undefined],
  ["/a", "/ab", undefined],
  ["/a", "/b/a", undefined],
  ["/a.b+(c)|[d]{2}^$", "/a.b+(c)|[d]{2}^$", {}],
  ["/a.b", "/axb", undefined],
  ["/a:80/b", "/a:80/b", {}],
  // Percent-encoding is compared decoded.
  ["/caf%C3%A9", "/café", {}],
  ["/café", "/café", {}],
  ["/a%20b", "/a b", {}],
  ["/a%2ab", "/a*b", {}],
  ["/a%3ab", "/a:b", {}],
  ["/%61/*", "/a/b", { splat: "b" }],
  ["/a%2a/:x", "/a*/b", { x: "b" }],
  ["/a%2a/:x", "/ab/b", undefined],
  // The asterisk: any run of characters.
  ["/*", "/", { splat: "" }],
  ["/*", "/a", { splat: "a" }],
  ["/*", "/a/b/c.html", { splat: "a/b/c.html" }],
  ["/*", "/a/", { splat: "a/" }],
  ["/*", "/a\nb", { splat: "a\nb" }],
  ["/a/*", "/a", { splat: "" }],
  ["/a/*", "/a/", { splat: "" }],
  ["/a/*", "/a/b/c", { splat: "b/c" }],
  ["/a/*", "/ab", undefined],
  ["/a/*", "/ab/c", undefined],
  ["/a/*", "/b/a/c", undefined],
  ["/a*", "/a", { splat: "" }],
  ["/a*", "/abc/d", { splat: "bc/d" }],
  ["/*.jpg", "/a.jpg", { splat: "a" }],
  ["/*.jpg", "/a/b.c.jpg", { splat: "a/b.c" }],
  ["/*.jpg", "/ajpg", undefined],
  ["/*.jpg", "/a.jpg/", undefined],
  ["/a/*/z", "/a/b/c/z", { splat: "b/c" }],
  ["/a/*/z", "/a//z", { splat: "" }],
  ["/a/*/z", "/a/z", undefined],
  ["/a/*/z/:last", "/a/b/z/c/z/d", { splat: "b/z/c", last: "d" }],
  ["/a/pre*post/z", "/a/pre-b/c-post/z", { splat: "-b/c-" }],
  // Placeholders: a part of one segment, not empty.
  ["/:x", "/a", { x: "a" }],
  ["/:x", "/", undefined],
  ["/:x", "/a/", undefined],
  ["/:x", "/a/b", undefined],
  ["/:x/", "/a/", { x: "a" }],
  ["/blog/:year/:month/:slug", "/blog/2024/01/a-b", { year: "2024", month: "01", slug: "a-b" }],
  ["/blog/:year/:month/:slug", "/blog/2024/01", undefined],
  ["/blog/:year/:month/:slug", "/blog/2024//a", undefined],
  ["/a/post-:id.html", "/a/post-7.html", { id: "7" }],
  ["/a/post-:id.html", "/a/post-.html", undefined],
  ["/a/post-:id.html", "/a/post-7xhtml", undefined],
  ["/:lang/docs/*", "/en/docs/a/b", { lang: "en", splat: "a/b" }],
  ["/:lang/docs/*", "/en/docs", { lang: "en", splat: "" }],
  ["/:lang/docs/*", "/docs/a", undefined],
  ["/:a_1/:A", "/x/y", { a_1: "x", A: "y" }],
  ["/:constructor", "/x", { constructor: "x" }],
];

for (const [pattern, path, captures] of MATCHES) {
  const name = `matchPathPattern ${pattern} on ${JSON.stringify(path)} is ${JSON.stringify(captures)}`;
  Deno.test(name, () => {
    const found = matchPathPattern(parse(pattern), path);
    assertEquals(found && { ...found }, captures);
    const index = new PatternIndex<string>();
    index.add(parse(pattern), pattern);
    const [match] = index.matches(path);
    assertEquals(match && { ...match.captures }, captures, "through the index");
  });
}

const REFUSED: readonly [pattern: string, fault: string][] = [
  ["", "must begin with a slash"],
  ["a/b", "must begin with a slash"],
  ["*", "must begin with a slash"],
  ["/a#b", "has a fragment, which a browser never sends"],
  ["/a?b=c", "has a query: write parameters as words of their own, id=:id"],
  ["//a", "has an empty segment, which no path has"],
  ["/a//b", "has an empty segment, which no path has"],
  ["/a/./b", "has a dot segment, which no path has"],
  ["/a/..", "has a dot segment, which no path has"],
  ["/*/*", "has more than one *"],
  ["/a**", "has more than one *"],
  ["/:a-:b", "has more than one free part in the segment :a-:b"],
  ["/a/:b*", "has more than one free part in the segment :b*"],
  ["/:a/:a", "has two parts with the name a"],
  ["/:splat/*", "has two parts with the name splat"],
  ["/a%zz", "has the segment a%zz, which no path has: it cannot be decoded"],
  ["/a%2fb", "has the segment a%2fb, which no path has: it cannot be decoded"],
  ["/a%5Cb/*", "has the segment a%5Cb, which no path has: it cannot be decoded"],
  ["/a%00:b", "has the segment a%00:b, which no path has: it cannot be decoded"],
  ["/%ff", "has the segment %ff, which no path has: it cannot be decoded"],
  [`/*${"/a".repeat(32)}`, "has more than 32 segments"],
];

for (const [pattern, fault] of REFUSED) {
  Deno.test(`parsePathPattern ${pattern} ${fault}`, () => assertEquals(parsePathPattern(pattern), fault));
}

Deno.test("parsePathPattern takes 32 segments, and literals of any length", () => {
  parse(`/*${"/a".repeat(31)}`);
  parse("/a".repeat(500));
});

const RULES = [
  ...["/a/b", "/*", "/a/*", "/a/b", "/:x/b", "/a/b/*", "/a/:y", "/b/*", "/*.html", "/a/b/c/:z", "/", "/a/*/c"],
  ...["/café/*", "/a*"],
];

const ORDERS: readonly [path: string, found: readonly string[]][] = [
  ["/", ["/*", "/"]],
  ["/a", ["/*", "/a/*", "/a*"]],
  ["/a/", ["/*", "/a/*", "/a*"]],
  ["/a/b", ["/a/b", "/*", "/a/*", "/a/b", "/:x/b", "/a/b/*", "/a/:y", "/a*"]],
  ["/a/b/", ["/*", "/a/*", "/a/b/*", "/a*"]],
  ["/a/x/c", ["/*", "/a/*", "/a/*/c", "/a*"]],
  ["/a/b/c/d", ["/*", "/a/*", "/a/b/*", "/a/b/c/:z", "/a*"]],
  ["/b/x.html", ["/*", "/b/*", "/*.html"]],
  ["/café/x", ["/*", "/café/*"]],
  ["/c", ["/*"]],
];

for (const [path, found] of ORDERS) {
  Deno.test(`PatternIndex.matches finds the rules for ${path} in their order`, () => {
    const index = new PatternIndex<string>();
    for (const rule of RULES) index.add(parse(rule), rule);
    assertEquals(index.size, RULES.length);
    assertEquals([...index.matches(path)].map(({ rule }) => rule), found);
    const alone = RULES.filter((rule) => matchPathPattern(parse(rule), path) !== undefined);
    assertEquals(found, alone, "the same as one by one");
  });
}

Deno.test("PatternIndex.matches asks nothing of a path with thousands of folders", () => {
  const index = new PatternIndex<string>();
  index.add(parse("/a/b/:x"), "deep");
  assertEquals([...index.matches("/a".repeat(4_000))], []);
});

const HOSTILE: readonly [pattern: string, path: string][] = [
  ["/*/a/:x/:y/:z", `/${"a/".repeat(4_000)}`],
  [`/*${"/:p/a".repeat(1)}/z`, `${"/a".repeat(4_000)}`],
  ["/a*a/z", `/${"a".repeat(8_000)}`],
  [`/*${"/a".repeat(31)}`, `${"/a".repeat(4_000)}/`],
  ["/:a/:b/:c/:d/:e/:f", `/${"x".repeat(8_000)}`],
];

for (const [pattern, path] of HOSTILE) {
  Deno.test(`matchPathPattern ends on a path made against ${pattern}`, () => {
    assertEquals(matchPathPattern(parse(pattern), path), undefined);
  });
}
