/** `_redirects`: what its lines mean, what is a mistake, which rule applies, and that a `Location` leads where it says. */

import { assert, assertEquals } from "@std/assert";
import { resolvePath } from "../src/path.ts";
import type { RedirectMatch, RedirectRule } from "../src/redirects_file.ts";
import { parseRedirectsFile, RedirectRules } from "../src/redirects_file.ts";
import { createRandom } from "./random.ts";

function parse(file: string): RedirectRules {
  const { rules, mistakes } = parseRedirectsFile(file);
  assertEquals(mistakes, []);
  return new RedirectRules(rules);
}

/** `301 /location` or `200 /path?query`, and `!` where it is forced. */
function format(match: RedirectMatch | undefined): string | undefined {
  if (match === undefined) return undefined;
  const status = `${match.status}${match.isForced ? "!" : ""}`;
  return match.kind === "redirect" ? `${status} ${match.location}` : `${status} ${match.path}${match.query}`;
}

/** Asks for a target as a client sends it. */
function ask(rules: RedirectRules, target: string, { exists = false } = {}): RedirectMatch | undefined {
  const at = `${target}?`.indexOf("?");
  return rules.match({ path: resolvePath(target.slice(0, at)), query: target.slice(at), exists: () => exists });
}

type Row = readonly [file: string, target: string, found: string | undefined];

const FORMAT: readonly Row[] = [
  ["", "/", undefined],
  ["# /a /b\n\n \t\n  # /a /b", "/a", undefined],
  ["/a /b", "/a", "301 /b"],
  ["/a /b", "/A", undefined],
  ["/a /b", "/a/", undefined],
  ["/a /b 301", "/a", "301 /b"],
  ["/a /b 302", "/a", "302 /b"],
  ["/a /b 303", "/a", "303 /b"],
  ["/a /b 307", "/a", "307 /b"],
  ["/a /b 308", "/a", "308 /b"],
  ["/a /b 301!", "/a", "301! /b"],
  ["/a /b 200", "/a", "200 /b"],
  ["/a /b 200!", "/a", "200! /b"],
  ["/a /b 404", "/a", "404 /b"],
  ["/a /b 404!", "/a", "404! /b"],
  ["\ufeff/a /b\r\n/c\t\t/d \t 302\t\r\n", "/a", "301 /b"],
  ["\ufeff/a /b\r\n/c\t\t/d \t 302\t\r\n", "/c", "302 /d"],
  ["/a /b # c", "/a", "301 /b"],
  ["/a /b 302 #c", "/a", "302 /b"],
  ["/a /b\t# /c 302", "/a", "301 /b"],
  ["/a /b#c", "/a", "301 /b#c"],
  ["/a /b#c 302 # d", "/a", "302 /b#c"],
  ["/a /b?c=d", "/a", "301 /b?c=d"],
  ["/a /b?c=d#e?f", "/a", "301 /b?c=d#e?f"],
  ["/a https://b.example/c?d#e", "/a", "301 https://b.example/c?d#e"],
  ["/a http://b.example", "/a", "301 http://b.example/"],
  ["/a https://b.example?c", "/a", "301 https://b.example/?c"],
  ["/a HTTPS://B.Example:8443/C", "/a", "301 https://b.example:8443/C"],
  ["/a https://b.example:443/", "/a", "301 https://b.example/"],
  ["/a https://[::1]:80/", "/a", "301 https://[::1]:80/"],
  ["/a https://bücher.example/ü", "/a", "301 https://xn--bcher-kva.example/%C3%BC"],
  // A target is sent as it is written, as far as RFC 3986 has its characters.
  ["/a /café", "/a", "301 /caf%C3%A9"],
  ["/a /caf%C3%A9", "/a", "301 /caf%C3%A9"],
  ["/a /b%20%25%3F", "/a", "301 /b%20%25%3F"],
  ["/a /b%20c/d;e=f,g@h!$&'()+~", "/a", "301 /b%20c/d;e=f,g@h!$&'()+~"],
  ['/a /b?c=<d>|{e}^`"é#é', "/a", "301 /b?c=%3Cd%3E%7C%7Be%7D%5E%60%22%C3%A9#%C3%A9"],
  ["/a /b#c#d", "/a", "301 /b#c%23d"],
  ["/a /b%3Ac", "/a", "301 /b%3Ac"],
  ["/a /b:80", "/a", "301 /b:80"],
  ["/a /b//c///", "/a", "301 /b/c/"],
  ["/a https://b.example/web/https://c.example//", "/a", "301 https://b.example/web/https://c.example//"],
  ["/a /b/", "/a", "301 /b/"],
  ["/caf%C3%A9 /b", "/caf%c3%a9", "301 /b"],
  ["/a%20b /c", "/a%20b", "301 /c"],
  // The path of a rewrite is the name of a file.
  ["/a /b%20c/%C3%A9 200", "/a", "200 /b c/é"],
  ["/a /é 200", "/a", "200 /é"],
  ["/a /b//c 200", "/a", "200 /b/c"],
  ["/a / 200", "/a", "200 /"],
  ["/a /b/ 200", "/a", "200 /b/"],
  ["/a /.well-known/b 200", "/a", "200 /.well-known/b"],
];

const PLACEHOLDERS: readonly Row[] = [
  ["/* /index.html 200", "/", "200 /index.html"],
  ["/* /index.html 200", "/a/b", "200 /index.html"],
  ["/a/* /b/:splat", "/a/c/d", "301 /b/c/d"],
  ["/a/* /b/:splat", "/a/c/", "301 /b/c/"],
  ["/a/* /b/:splat", "/a/", "301 /b/"],
  ["/a/* /b/:splat", "/a", "301 /b/"],
  ["/a/* /b:splat", "/a/c", "301 /bc"],
  ["/news/:y/:m/:d/:slug /blog/:slug-:d.:m.:y", "/news/2024/1/2/x", "301 /blog/x-2.1.2024"],
  ["/:a/* https://b.example/:a?c=:splat#:a", "/x/y/z", "301 https://b.example/x?c=y/z#x"],
  ["/a/:b /c?d=:b", "/a/x&y=z", "301 /c?d=x%26y%3Dz"],
  ["/a/:b /:b/:b", "/a/x", "301 /x/x"],
  ["/a/:b /c/:b 200", "/a/x%20%C3%A9", "200 /c/x é"],
  ["/a/:b /c/:b 404", "/a/x", "404 /c/x"],
  ["/a/:b /c/:b", "/a/%3Ab", "301 /c/%3Ab"],
  ["/a/:b/:c /:b", "/a/%3Ac/d", "301 /%3Ac"],
  ["/a/:b /:b", "/a/$&$1", "301 /%24%26%241"],
  // What a client sends stays in its place.
  ["/go/* /:splat", "/go//evil.example", "301 /evil.example"],
  ["/go/* /:splat", "/go/%0d%0aSet-Cookie:%20a", "301 /%0D%0ASet-Cookie%3A%20a"],
  ["/go/* /:splat", "/go/a%3Fb%23c", "301 /a%3Fb%23c"],
  ["/go/* /:splat", "/go/https:/evil.example", "301 /https%3A/evil.example"],
  ["/go/* /:splat", "/go/%252e%252e/%252f", "301 /%252e%252e/%252f"],
  ["/go/* /:splat", "/go/@evil.example:80", "301 /%40evil.example%3A80"],
  ["/go/* https://b.example/:splat", "/go/@evil.example", "301 https://b.example/%40evil.example"],
  ["/:a/* /:splat/:a/b", "/evil.example", "301 /evil.example/b"],
  ["/:a/* /:splat/:a", "/evil.example/", "301 /evil.example"],
  ["/go/* /:splat/x", "/go", "301 /x"],
  // Captured parts that add up to a dot segment or the name of a hidden file: no such target is meant.
  ["/a/b:c /d/:c", "/a/b..", undefined],
  ["/a/b:c /d/:c", "/a/b.", undefined],
  ["/a/b:c /d/:c", "/a/b...", "301 /d/..."],
  ["/a/b:c https://e.example/d/:c/f", "/a/b..", undefined],
  ["/a/b:c https://e.example/d/%2E:c/f", "/a/b.", undefined],
  ["/a/b:c https://e.example/d?:c", "/a/b..", "301 https://e.example/d?.."],
  ["/a/b:c /:c 200", "/a/b.env", undefined],
  ["/a/b:c /:c 200", "/a/b..", undefined],
  ["/a/b:c /:c 200\n/a/* /e 200", "/a/b.env", "200 /e"],
];

const QUERIES: readonly Row[] = [
  // The query of the request is carried along.
  ["/a /b", "/a?c=d", "301 /b?c=d"],
  ["/a /b#e", "/a?c=d", "301 /b?c=d#e"],
  ["/a https://b.example", "/a?c=d", "301 https://b.example/?c=d"],
  ["/a /b 200", "/a?c=d", "200 /b?c=d"],
  ["/a /b", "/a?", "301 /b?"],
  ["/a /b", '/a?c=%0d%0a&d=/?\\"<>', "301 /b?c=%0d%0a&d=/?%5C%22%3C%3E"],
  // Not where the target has its own.
  ["/a /b?e=f", "/a?c=d", "301 /b?e=f"],
  ["/a /b?", "/a?c=d", "301 /b?"],
  ["/a /b?e=f 200", "/a?c=d", "200 /b?e=f"],
  // Nor where parameters were asked for.
  ["/a c=d /b", "/a?c=d", "301 /b"],
  ["/a c=d /b 200", "/a?c=d", "200 /b"],
  ["/a c=d /b", "/a?e=f&c=d&g", "301 /b"],
  ["/a c=d /b", "/a", undefined],
  ["/a c=d /b", "/a?c", undefined],
  ["/a c=d /b", "/a?c=e", undefined],
  ["/a c=d /b", "/a?C=d", undefined],
  ["/a c=d /b", "/a?c=e&c=d", "301 /b"],
  ["/a c= /b", "/a?c=", "301 /b"],
  ["/a c= /b", "/a?c", "301 /b"],
  ["/a c= /b", "/a?c=d", undefined],
  ["/a c=d e=f /b", "/a?e=f&c=d", "301 /b"],
  ["/a c=d e=f /b", "/a?e=f", undefined],
  ["/a c=d=e /b", "/a?c=d=e", "301 /b"],
  ["/a c=/d /b", "/a?c=/d", "301 /b"],
  ["/a c=https://d/ /b", "/a?c=https%3a%2f%2fd/", "301 /b"],
  ["/a c=%C3%A9+d /b", "/a?c=%C3%A9%20d", "301 /b"],
  ["/a c=x:y /b", "/a?c=x:y", "301 /b"],
  ["/a c=%3Ay /b", "/a?c=:y", "301 /b"],
  ["/store id=:id /blog/:id 301", "/store?id=my-post", "301 /blog/my-post"],
  ["/store id=:id /blog/:id 301", "/store?id=", undefined],
  ["/store id=:id /blog/:id 301", "/store", undefined],
  ["/store id=:id /blog/:id 301", "/store?id=a&id=b", "301 /blog/a"],
  ["/store/:a id=:id /blog/:id/:a?x=:id", "/store/s?id=1%262", "301 /blog/1%262/s?x=1%262"],
  ["/go to=:to /:to", "/go?to=//evil.example", "301 /evil.example"],
  ["/go to=:to /:to", "/go?to=https://evil.example", "301 /https%3A/evil.example"],
  ["/go to=:to /:to", "/go?to=\\\\evil.example", "301 /%5C%5Cevil.example"],
  ["/go to=:to /a/:to", "/go?to=../b", undefined],
  ["/go to=:to https://b.example/a/:to", "/go?to=../b", undefined],
  ["/go to=:to /:to 200", "/go?to=.env", undefined],
  ["/go to=:to /:to 200", "/go?to=a%5Cb", undefined],
  ["/go to=:to /:to 200", "/go?to=a%00b", undefined],
  ["/go to=:to /:to", "/go?to=%ff", "301 /%EF%BF%BD"],
  ["/go constructor=:constructor /:constructor", "/go?constructor=a", "301 /a"],
];

const ORDER: readonly Row[] = [
  ["/a /b\n/a /c", "/a", "301 /b"],
  ["/* /b\n/a /c", "/a", "301 /b"],
  ["/a /c\n/* /b", "/a", "301 /c"],
  ["/:x /b\n/a /c", "/a", "301 /b"],
  ["/a x=1 /b\n/a /c", "/a", "301 /c"],
  ["/a x=1 /b\n/a /c", "/a?x=1", "301 /b"],
  ["/a /c\n/a x=1 /b", "/a?x=1", "301 /c?x=1"],
  ["/a x=1 y=2 /b\n/a x=1 /c\n/a /d", "/a?y=2&x=1", "301 /b"],
  ["/a x=1 y=2 /b\n/a x=1 /c\n/a /d", "/a?y=3&x=1", "301 /c"],
  ["/a x=1 y=2 /b\n/a x=1 /c\n/a /d", "/a?y=2", "301 /d?y=2"],
  ["/a y=:y /b\n/a x=1 /c\n/* /d", "/a?x=1&y=2", "301 /b"],
  ["/a x=1 /c\n/a y=:y /b\n/* /d", "/a?x=1&y=2", "301 /c"],
  ["/a x=1 /b\n/a y=2 /c\n/a x=1 /d", "/a?y=2&x=1", "301 /b"],
  ["/* x=1 /b\n/a x=1 /c", "/a?x=1", "301 /b"],
  // Whoever is there already is not sent there, so that no rule leads to itself for ever.
  ["/* / 302", "/a", "302 /"],
  ["/* / 302", "/", undefined],
  ["/blog/* /blog/", "/blog/x?y", "301 /blog/?y"],
  ["/blog/* /blog/", "/blog/?y", undefined],
  ["/blog/* /blog/", "/blog", "301 /blog/"],
  ["/* /b?x=1\n/b /c", "/b", "301 /b?x=1"],
  ["/* /b?x=1\n/b /c", "/b?x=1", "301 /c?x=1"],
  ["/* /caf%C3%A9", "/caf%c3%a9", undefined],
  ["/* https://a.example/b", "/b", "301 https://a.example/b"],
  ["/a/* /a/:splat", "/a/b", undefined],
  ["/* /en/:splat 302", "/a", "302 /en/a"],
];

for (const [group, rows] of Object.entries({ FORMAT, PLACEHOLDERS, QUERIES, ORDER })) {
  for (const [file, target, found] of rows) {
    Deno.test(`RedirectRules.match, ${group.toLowerCase()}: ${JSON.stringify(file)} for ${target} is ${found}`, () => {
      assertEquals(format(ask(parse(file), target)), found);
    });
  }
}

const FILES: readonly [file: string, target: string, missing: string | undefined, existing: string | undefined][] = [
  ["/a /b", "/a", "301 /b", undefined],
  ["/a /b 301!", "/a", "301! /b", "301! /b"],
  ["/a /b 200", "/a", "200 /b", undefined],
  ["/a /b 200!", "/a", "200! /b", "200! /b"],
  ["/a /b 404", "/a", "404 /b", undefined],
  ["/a /b\n/a /c 301!", "/a", "301 /b", "301! /c"],
  ["/a /b 301!\n/a /c", "/a", "301! /b", "301! /b"],
  ["/a /b\n/a /c\n/* /d 200!", "/a", "301 /b", "200! /d"],
  ["/a x=1 /b 301!\n/a /c", "/a", "301 /c", undefined],
  ["/a x=1 /b 301!\n/a /c", "/a?x=1", "301! /b", "301! /b"],
  ["/* / 302\n/* /c 404!", "/", "404! /c", "404! /c"],
];

for (const [file, target, missing, existing] of FILES) {
  Deno.test(`RedirectRules.match ${JSON.stringify(file)} for ${target} where a file exists and where none does`, () => {
    assertEquals(format(ask(parse(file), target, { exists: false })), missing);
    assertEquals(format(ask(parse(file), target, { exists: true })), existing);
  });
}

const ASKED: readonly [file: string, target: string, times: number][] = [
  ["/a /b", "/c", 0],
  ["/a /b", "/a", 1],
  ["/a /b 301!", "/a", 0],
  ["/a x=1 /b", "/a", 0],
  ["/a /b\n/a /c\n/:x /d\n/* /e", "/a", 1],
];

for (const [file, target, times] of ASKED) {
  Deno.test(`RedirectRules.match ${JSON.stringify(file)} for ${target} asks for the file ${times} times`, () => {
    for (const exists of [true, false]) {
      let asked = 0;
      parse(file).match({ path: target, query: "", exists: () => (asked++, exists) });
      assertEquals(asked, times);
    }
  });
}

Deno.test("RedirectRules.match tells the line, and takes rules that were sent to another thread", () => {
  const { rules } = parseRedirectsFile("# a\n\n/a /b\n\n/c/:d e=:e x=1 /:d/:e 200!");
  const copy = new RedirectRules(structuredClone(rules));
  assertEquals(ask(copy, "/a"), { kind: "redirect", line: 3, isForced: false, status: 301, location: "/b" });
  assertEquals(ask(copy, "/c/d?e=f&x=1"), {
    kind: "rewrite",
    line: 5,
    isForced: true,
    status: 200,
    path: "/d/f",
    query: "",
  });
});

const STATUS = "301, 302, 303, 307, 308, 200, 404";
const NO_TARGET = "there is no target: it begins with a slash, http:// or https://";
const LOOP = "the rule leads to itself: to send one file in place of others, the status is 200";
const HOST = "names a host: rules are for the paths of this site";

const MISTAKES: readonly [line: string, message: string][] = [
  ["a /b", 'the pattern "a" must begin with a slash'],
  ["//a /b", 'the pattern "//a" has an empty segment, which no path has'],
  ["/*/* /b", 'the pattern "/*/*" has more than one *'],
  ["/a?id=1 /b", 'the pattern "/a?id=1" has a query: write parameters as words of their own, id=:id'],
  ["/a\u00a0 /b", 'the pattern "/a\\u{a0}" has white space or a control character: percent-encode it'],
  ["https://a.example/b /c", `the pattern "https://a.example/b" ${HOST}`],
  ["http://a.example/* https://b.example/:splat 301!", `the pattern "http://a.example/*" ${HOST}`],
  ["/a", NO_TARGET],
  ["/a # /b", NO_TARGET],
  ["/a b", NO_TARGET],
  ["/a 404", NO_TARGET],
  ["/a javascript:alert(1)", NO_TARGET],
  ["/a id /b", '"id" is neither a parameter, as in id=:id, nor a target, which begins with a slash'],
  ["/a =1 /b", '"=1" is neither a parameter, as in id=:id, nor a target, which begins with a slash'],
  ["/a b=1&c=2 /b", '"b=1&c=2" is neither a parameter, as in id=:id, nor a target, which begins with a slash'],
  ["/a 301 /b", '"301" is neither a parameter, as in id=:id, nor a target, which begins with a slash'],
  ["/:id id=:id /b", "two parts have the name id"],
  ["/* id=:splat /b", "two parts have the name splat"],
  ["/a x=:id y=:id /b", "two parts have the name id"],
  ["/a /b 300", `the status "300" is none of ${STATUS}`],
  ["/a /b 304", `the status "304" is none of ${STATUS}`],
  ["/a /b 410", `the status "410" is none of ${STATUS}`],
  ["/a /b 500!", `the status "500!" is none of ${STATUS}`],
  ["/a /b 301!!", `the status "301!!" is none of ${STATUS}`],
  ["/a /b 0x12d", `the status "0x12d" is none of ${STATUS}`],
  ["/a /b permanent", `the status "permanent" is none of ${STATUS}`],
  ["/a /b /c", `the status "/c" is none of ${STATUS}`],
  ["/a /b 301 302", '"302" is too much: a rule ends with its status'],
  ["/a /b 301 !", '"!" is too much: a rule ends with its status'],
  ...["Country=au,nz", "Language=de", "Role=admin", "Cookie=is_new", "Sign=API_SECRET"].flatMap(
    (word): [string, string][] => {
      const message = `the condition "${word}" is not supported: rules go by path and query`;
      return [[`/a /b 302 ${word}`, message], [`/a /b ${word}`, message]];
    },
  ),
  [
    "/a //b.example",
    'the target "//b.example" begins with two slashes, which means another host: write https:// in front',
  ],
  ["/a ///b", 'the target "///b" begins with two slashes, which means another host: write https:// in front'],
  ["/a /\\b.example", 'the target "/\\\\b.example" has a backslash, which browsers take for a slash'],
  ["/a https://b.example\\@c", 'the target "https://b.example\\\\@c" has a backslash, which browsers take for a slash'],
  ["/a /b\u2028c", 'the target "/b\\u{2028}c" has white space or a control character: percent-encode it'],
  ["/a /b\x7f", 'the target "/b\\u{7f}" has white space or a control character: percent-encode it'],
  ["/a/* /b/*", 'the target "/b/*" has a *: what it stands for is :splat'],
  ["/a /b%zz", 'the target "/b%zz" has a % that encodes nothing: write %25'],
  ["/a /100%", 'the target "/100%" has a % that encodes nothing: write %25'],
  ["/a /:b", 'the target "/:b" has :b, which nothing captures; a colon that is meant as one is %3A'],
  [
    "/a/:b /c?d=:splat",
    'the target "/c?d=:splat" has :splat, which nothing captures; a colon that is meant as one is %3A',
  ],
  ["/a/:b /c#:c", 'the target "/c#:c" has :c, which nothing captures; a colon that is meant as one is %3A'],
  ["/a/:b /:bc", 'the target "/:bc" has :bc, which nothing captures; a colon that is meant as one is %3A'],
  [
    "/a /:constructor",
    'the target "/:constructor" has :constructor, which nothing captures; a colon that is meant as one is %3A',
  ],
  ["/a ftp://b.example/c", 'the target "ftp://b.example/c" must begin with a slash, http:// or https://'],
  ["/a https:///c", 'the target "https:///c" has a host that cannot be'],
  ["/a https://b.example:99999/", 'the target "https://b.example:99999/" has a host that cannot be'],
  ["/a https://b<c/", 'the target "https://b<c/" has a host that cannot be'],
  [
    "/a https://b.example@c.example/",
    'the target "https://b.example@c.example/" has a user name, which browsers hide or refuse',
  ],
  ["/:a https://:a.example/", 'the target "https://:a.example/" has a placeholder in its host'],
  ["/go/* https://b.example:splat", 'the target "https://b.example:splat" has a placeholder in its host'],
  ["/a /b/../c", 'the target "/b/../c" has a dot segment: write the path that is meant'],
  ["/a /b/%2e%2E", 'the target "/b/%2e%2E" has a dot segment: write the path that is meant'],
  ["/a /./b 200", 'the target "/./b" has a dot segment: write the path that is meant'],
  ["/a https://b.example/..", 'the target "https://b.example/.." has a dot segment: write the path that is meant'],
  ["/a https://b.example/ 200", 'the target "https://b.example/" is of another host: with 200 that would be proxying'],
  [
    "/a/* http://b.example/:splat 404!",
    'the target "http://b.example/:splat" is of another host: with 404 that would be proxying',
  ],
  ["/a /b#c 200", 'the target "/b#c" has a fragment, which a browser never learns of with 200'],
  ["/a /.env 200", 'the target "/.env" is a path that no file can have'],
  ["/a /b/.git/c", 'the target "/b/.git/c" is a path that no file can have'],
  ["/a /b%2fc 200", 'the target "/b%2fc" is a path that no file can have'],
  ["/a /b%5cc", 'the target "/b%5cc" is a path that no file can have'],
  ["/a /%ff", 'the target "/%ff" is a path that no file can have'],
  // Rules that lead to themselves.
  ["/* /index.html", LOOP],
  ["/* /index.html 301!", LOOP],
  ["/app/* /app/index.html 302", LOOP],
  ["/:lang/* /:lang/index.html", LOOP],
  ["/a /a", LOOP],
  ["/a /a#b 308", LOOP],
  ["/a /%61?b", LOOP],
  ["/* / 302!", LOOP],
  ["/* /en/:splat 302!", LOOP],
  ["/a/:b /a/:b 301!", LOOP],
];

for (const [line, message] of MISTAKES) {
  Deno.test(`parseRedirectsFile ${JSON.stringify(line)}: ${message}`, () => {
    const { rules, mistakes } = parseRedirectsFile(`\n# a\n${line}\r\n/good /well\n${line}`);
    assertEquals(mistakes, [{ line: 3, message }, { line: 5, message }]);
    assertEquals(rules.map(({ pattern }) => pattern.text), ["/good"], "the other rules stand");
  });
}

/** A request that leads to another one of the same rule ends, since the path changes its form. */
const NO_LOOPS = [
  ...[
    "/a/* /b/:splat 301!",
    "/:x/ /:x 301!",
    "/:x /:x/ 301!",
    "/a /b 301!",
    "/* /index.html 200!",
    "/* /index.html 404",
  ],
  ...["/* https://a.example/:splat 301!", "/* / 302", "/* /en/:splat", "/a x=1 /a 301!", "/:a/:b /:b 301!"],
];

for (const line of NO_LOOPS) {
  Deno.test(`parseRedirectsFile ${line} is not taken for a loop`, () => {
    assertEquals(parseRedirectsFile(line).mistakes, []);
  });
}

/** Calls back whenever the regular expression or the parameters of a rule are looked at. */
function watch({ pattern, parameters, ...rule }: RedirectRule, onLook: () => void): RedirectRule {
  const { expression, ...rest } = pattern;
  const watched = expression && {
    ...rest,
    get expression() {
      onLook();
      return expression;
    },
  };
  return {
    ...rule,
    pattern: watched ?? pattern,
    get parameters() {
      onLook();
      return parameters;
    },
  };
}

Deno.test("RedirectRules.match looks at a few of 40,000 rules", () => {
  const numbers = Array.from({ length: 10_000 }, (_, index) => index);
  const lines = numbers.map((n) =>
    `/p/${n} /q/${n}\n/f/${n}/* /g/${n}/:splat\n/ p=${n} /r/${n}\n/i o=c id=${n} /s/${n}`
  );
  const parsed = parseRedirectsFile(`${lines.join("\n")}\n/* /index.html 200`);
  let looks = 0;
  const counted = parsed.rules.map((rule) => watch(rule, () => looks++));
  const rules = new RedirectRules(counted);
  const rows: readonly [target: string, found: string][] = [
    ["/p/7777", "301 /q/7777"],
    ["/f/7777/a", "301 /g/7777/a"],
    ["/?p=7777", "301 /r/7777"],
    ["/i?o=c&id=7777", "301 /s/7777"],
    ["/?p=none", "200 /index.html?p=none"],
    ["/f/none/a", "200 /index.html"],
  ];
  for (const [target, found] of rows) {
    looks = 0;
    assertEquals(format(ask(rules, target)), found);
    assert(looks > 0 && looks < 20, `${looks} for ${target}`);
  }
});

const TEMPLATES = [
  ...["/:splat", "/:splat/:x", "/a/:splat", "/a:splat", "/:x/:splat/:y", "/:x:y", "/a/:x?q=:splat", "/:y#:splat"],
  ...["https://b.example/:splat", "https://b.example/:x/..:y", "/:y:x", "/:q", "/a/:q/:y", "/:splat:q", "/:y//:q"],
];

const NOISE = [
  ..."////....\\:@?#%&=;,<>\"' \t\r\n\0\x7f\x85\u2028é🐟\ud800$`{}|^[]*!~-_aZ9",
  ...["..", "./", "//", "%2e%2e", "%2f", "%5c", "%0d%0a", "evil.example", "https://", "javascript:", ":splat", ":x"],
];

Deno.test("RedirectRules.match: whatever a client sends, a Location leads where its rule says", () => {
  const random = createRandom(7);
  const noise = (most: number) => Array.from({ length: random(most) }, () => NOISE[random(NOISE.length)]).join("");
  const segment = () => `${noise(3)}${[".", "..", "a", "\\", "\n", ""][random(6)]}`.replaceAll("/", "") || ".";
  const counts = { redirect: 0, rewrite: 0, none: 0 };
  for (let i = 0; i < 20_000; i++) {
    const template = TEMPLATES[random(TEMPLATES.length)] ?? "/";
    const isElsewhere = template.startsWith("https://");
    const status = isElsewhere || template.includes("#") ? 302 : [301, 308, 200, 404][random(4)];
    const parameter = template.includes(":q") ? "q=:q " : "";
    const rules = parse(`/go/:x/t:y/* ${parameter}${template} ${status}`);
    // Paths are resolved before they get here; these are not, and nothing may come of it.
    const path = `/go/${segment()}/t${segment()}/${noise(8)}`;
    const query = parameter === "" ? ["", `?${noise(8)}`][random(2)] ?? "" : `?q=${noise(8)}`;
    const match = rules.match({ path, query, exists: () => false });
    counts[match?.kind ?? "none"]++;
    const hint = JSON.stringify({ template, path, query, match });
    if (match?.kind === "redirect") assertLocation(match.location, template, query, hint);
    if (match?.kind === "rewrite") {
      assertEquals(resolvePath(match.path.split("/").map(encodeURIComponent).join("/")), match.path, hint);
      assert(/^(?:\?[\x21-\x7e]*)?$/.test(match.query) && !match.query.includes("#"), hint);
    }
  }
  assert(Object.values(counts).every((count) => count > 2_000), JSON.stringify(counts));
});

function assertLocation(location: string, template: string, query: string, hint: string): void {
  assert(/^[\x21-\x7e]+$/.test(location), `visible ASCII: ${hint}`);
  assert(!/^\/\/|\\/.test(location), `no other host: ${hint}`);
  const isElsewhere = template.startsWith("https://");
  const url = new URL(location, "https://site.example/go/x");
  assertEquals(url.origin, isElsewhere ? "https://b.example" : "https://site.example", hint);
  // What a browser makes of the path is what was written: no dot segment took a folder away.
  const [, path] = /^(?:https:\/\/b\.example)?(\/[^?#]*)/.exec(location) ?? [];
  assertEquals(url.pathname, path, hint);
  const isQueryMeant = template.includes("?") || (query !== "" && !template.includes(":q"));
  assertEquals(location.includes("?"), isQueryMeant, `no query of the client's making: ${hint}`);
  assertEquals(location.includes("#"), template.includes("#"), `no fragment of the client's making: ${hint}`);
}
