/**
 * `path.ts`: every spelling of a path has one name below the root, or none.
 *
 * A row is a path as sent and the name or the status that comes of it. What holds for every name is checked for every
 * row: it begins at the root and has no segment that is empty, hidden or made of dots; and the name, encoded again, is
 * its own result. RFC 3986 sections 2.1 and 5.2.4.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import { directoryReference, encodeReference, resolvePath } from "../src/path.ts";
import { createRandom } from "./random.ts";

type Row = readonly [path: string, expected: string | number];

const LONG = "a".repeat(8000);

const PLAIN: readonly Row[] = [
  ["/", "/"],
  ["/a", "/a"],
  ["/a/", "/a/"],
  ["/a/b.html", "/a/b.html"],
  ["/A-b_c~d/0.1.2", "/A-b_c~d/0.1.2"],
  ["/text..txt", "/text..txt"],
  ["/a..b/c", "/a..b/c"],
  ["/a.", "/a."],
  ["/a..", "/a.."],
  ["/a.../b", "/a.../b"],
  ["/-", "/-"],
  ["/~", "/~"],
  [`/${LONG}`, `/${LONG}`],
  ["/a".repeat(4000), "/a".repeat(4000)],
];

const DECODED: readonly Row[] = [
  ["/%61", "/a"],
  ["/a%2Eb", "/a.b"],
  ["/a%2eb", "/a.b"],
  ["/a%20b", "/a b"],
  ["/a+b", "/a+b"],
  ["/%20", "/ "],
  ["/%C3%A9", "/é"],
  ["/%c3%a9", "/é"],
  ["/e%CC%81", "/e\u0301"],
  ["/%F0%9F%90%9F.html", "/🐟.html"],
  ["/%EF%BF%BD", "/\ufffd"],
  ["/%EF%BB%BFa", "/\ufeffa"],
  ["/%E2%80%AE", "/\u202e"],
  ["/é", "/é"],
  ["/%3F", "/?"],
  ["/a%3Fb%23c", "/a?b#c"],
  ["/%3Ca%3E%22", '/<a>"'],
  ["/a:b", "/a:b"],
  ["/a;b=c", "/a;b=c"],
  ["/a&b=c@d!$'()*,", "/a&b=c@d!$'()*,"],
  ["/%7E", "/~"],
  ["/%7F", "/\x7f"],
  ["/%0A", "/\n"],
  ["/%0D%0ASet-Cookie:%20a", "/\r\nSet-Cookie: a"],
  ["/%01", "/\x01"],
  ["/%25", "/%"],
  ["/100%25", "/100%"],
  ["/CON", "/CON"],
];

/** Decoded once and never again. */
const DOUBLE: readonly Row[] = [
  ["/%2561", "/%61"],
  ["/%252e%252e/a", "/%2e%2e/a"],
  ["/%252E%252E%252Fetc", "/%2E%2E%2Fetc"],
  ["/a%252fb", "/a%2fb"],
  ["/a%255cb", "/a%5cb"],
  ["/%2500", "/%00"],
  ["/%25%32%65", "/%2e"],
  ["/%%32%65", 400],
  ["/%2%65", 400],
  ["/%25252e", "/%252e"],
];

const EMPTY: readonly Row[] = [
  ["//", "/"],
  ["///", "/"],
  ["//a", "/a"],
  ["/a//b", "/a/b"],
  ["/a///b//", "/a/b/"],
  ["//evil.example", "/evil.example"],
  ["//evil.example/", "/evil.example/"],
  ["//evil.example/..", "/"],
  ["/http://evil.example/", "/http:/evil.example/"],
  ["/".repeat(8000), "/"],
];

const DOTS: readonly Row[] = [
  ["/.", "/"],
  ["/./", "/"],
  ["/./a", "/a"],
  ["/a/.", "/a/"],
  ["/a/./", "/a/"],
  ["/a/./b", "/a/b"],
  ["/a/././b/.", "/a/b/"],
  ["/a/..", "/"],
  ["/a/../", "/"],
  ["/a/../b", "/b"],
  ["/a/b/..", "/a/"],
  ["/a/b/../c", "/a/c"],
  ["/a/b/../../c", "/c"],
  ["/a/./../b", "/b"],
  ["/a//../b", "/b"],
  ["/%2e", "/"],
  ["/%2E/a", "/a"],
  ["/a/%2e%2e", "/"],
  ["/a/%2E%2E/b", "/b"],
  ["/a/.%2e/b", "/b"],
  ["/a/%2e./b", "/b"],
  ["/a/%2E.", "/"],
  ["/.a/../b", "/b"],
];

const CLIMBING: readonly Row[] = [
  ["/..", 404],
  ["/../", 404],
  ["/../a", 404],
  ["/../../etc/passwd", 404],
  ["/../".repeat(1000), 404],
  ["//..", 404],
  ["//../a", 404],
  ["/./..", 404],
  ["/a/../..", 404],
  ["/a/../../", 404],
  ["/a/../../a", 404],
  ["/a/../../a/b", 404],
  ["/a/b/../../../c", 404],
  ["/a//../..", 404],
  ["/a/./../../b", 404],
  ["/%2e%2e", 404],
  ["/%2E%2E", 404],
  ["/%2e%2E/etc/passwd", 404],
  ["/.%2e/etc/passwd", 404],
  ["/%2e./etc/passwd", 404],
  ["/%2e%2e/%2e%2e/etc/passwd", 404],
  ["/a/%2e%2e/%2e%2e/etc/passwd", 404],
  ["/a/..%2e/b", 404],
];

const SLASHES: readonly Row[] = [
  ["/..%2f", 400],
  ["/..%2fetc/passwd", 400],
  ["/..%2Fetc%2Fpasswd", 400],
  ["/%2e%2e%2fetc%2fpasswd", 400],
  ["/%2f", 400],
  ["/%2F", 400],
  ["/%2fetc/passwd", 400],
  ["/a%2fb", 400],
  ["/a%2f..%2fb", 400],
  ["/a/%2f/../b", 400],
  ["/\\", 400],
  ["/\\etc", 400],
  ["/..\\", 400],
  ["/..\\..\\etc\\passwd", 400],
  ["/a\\..\\..\\b", 400],
  ["/a\\b", 400],
  ["/\\\\evil.example", 400],
  ["/%5c", 400],
  ["/%5C", 400],
  ["/..%5c", 400],
  ["/..%5c..%5Cwindows", 400],
  ["/%2e%2e%5c", 400],
  ["/a%5cb", 400],
  ["/%5c%5cevil.example", 400],
  ["/a\\%2e", 400],
];

const NUL: readonly Row[] = [
  ["/%00", 400],
  ["/a%00", 400],
  ["/a.html%00.png", 400],
  ["/%00/../a", 400],
  ["/..%00/a", 400],
  ["/.%00./a", 400],
  ["/.%00", 400],
];

const BROKEN: readonly Row[] = [
  ["/%", 400],
  ["/%2", 400],
  ["/a%", 400],
  ["/%zz", 400],
  ["/%2g", 400],
  ["/%g2", 400],
  ["/% 2e", 400],
  ["/%+2e", 400],
  ["/%u002e%u002e", 400],
  ["/%u2215", 400],
  ["/%%", 400],
  ["/%/a", 400],
  ["/a/%2/..", 400],
  ["/&#46;&#46;/a", "/&#46;&#46;/a"],
  ["/%ff", 400],
  ["/%80", 400],
  ["/%c3", 400],
  ["/%c3/", 400],
  ["/%c3(", 400],
  ["/%e2%82", 400],
  ["/%f0%9f%90", 400],
  ["/%f8%88%80%80%80", 400],
  ["/%fe%ff", 400],
  // overlong forms of ".", "/", "\" and NUL
  ["/%c0%ae%c0%ae/etc/passwd", 400],
  ["/%c0%2e", 400],
  ["/%e0%80%ae", 400],
  ["/%f0%80%80%ae", 400],
  ["/%f8%80%80%80%ae", 400],
  ["/..%c0%af", 400],
  ["/..%e0%80%af", 400],
  ["/..%f0%80%80%af", 400],
  ["/..%c1%9c", 400],
  ["/..%c1%8s", 400],
  ["/%c0%80", 400],
  ["/%e0%80%80", 400],
  // surrogates, alone and as a pair, and what lies beyond Unicode
  ["/%ed%a0%80", 400],
  ["/%ed%bf%bf", 400],
  ["/%ed%a0%bd%ed%b0%9f", 400],
  ["/%f4%90%80%80", 400],
  ["/%f5%80%80%80", 400],
];

/** Names that only look like dots and slashes. */
const LOOKALIKES: readonly Row[] = [
  ["/%EF%BC%8E%EF%BC%8E/a", "/．．/a"],
  ["/%E2%80%A4%E2%80%A4/a", "/․․/a"],
  ["/%E2%80%A5/a", "/‥/a"],
  ["/%E2%88%95", "/∕"],
  ["/%EF%BC%8F", "/／"],
  ["/%EF%BC%BC", "/＼"],
  ["/%C2%A0..", "/\u00a0.."],
  ["/..%C2%A0/a", 404], // begins with a dot
  ["/%20..", "/ .."],
  ["/%20../a", "/ ../a"],
  ["/..%20/a", 404],
  ["/%09../a", "/\t../a"],
];

const HIDDEN: readonly Row[] = [
  ["/.git", 404],
  ["/.git/config", 404],
  ["/.htaccess", 404],
  ["/a/.env", 404],
  ["/a/.b/c", 404],
  ["/.a/", 404],
  ["/%2egit/config", 404],
  ["/%2Eenv", 404],
  ["/%2e%67it", 404],
  ["/a/../.env", 404],
  ["/./.env", 404],
  ["//.env", 404],
  ["/...", 404],
  ["/.../a", 404],
  ["/a/...", 404],
  ["/....", 404],
  ["/....//a", 404],
  ["/..../..../etc", 404],
  ["/..;/a", 404],
  ["/..;a=b/a", 404],
  ["/.;/a", 404],
  ["/..a", 404],
  ["/.-", 404],
  ["/. ", 404],
  ["/%2e%2e%2e", 404],
  ["/a/.b/../c", "/a/c"],
  ["/.well-known", "/.well-known"],
  ["/.well-known/", "/.well-known/"],
  ["/.well-known/acme-challenge/a_b-C", "/.well-known/acme-challenge/a_b-C"],
  ["/%2ewell-known/a", "/.well-known/a"],
  ["/.well-%6bnown/a", "/.well-known/a"],
  ["/a/.well-known/b", "/a/.well-known/b"],
  ["/.well-known/.env", 404],
  ["/.well-known/../.env", 404],
  ["/.well-known/../../a", 404],
  ["/.Well-Known/a", 404],
  ["/.well-known-x", 404],
  ["/.well-known%00", 400],
  ["/..well-known", 404],
];

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  "plain paths": PLAIN,
  "percent-encoding": DECODED,
  "double encoding": DOUBLE,
  "empty segments": EMPTY,
  "dot segments": DOTS,
  "climbing above the root": CLIMBING,
  "slashes and backslashes in a segment": SLASHES,
  NUL,
  "broken encoding": BROKEN,
  "lookalikes": LOOKALIKES,
  "hidden names": HIDDEN,
};

for (const [group, rows] of Object.entries(TABLES)) {
  for (const [path, expected] of rows) {
    const shown = path.length > 60 ? `${path.slice(0, 60)}… (${path.length})` : path;
    Deno.test(`resolvePath: ${group}: ${shown}`, () => {
      if (typeof expected === "number") assertRefused(path, expected);
      else {
        assertEquals(resolvePath(path), expected);
        assertInvariants(expected);
      }
    });
  }
}

/** The connection goes on: the message itself was well formed. */
function assertRefused(path: string, status: number): void {
  const error = assertThrows(() => resolvePath(path), HttpError);
  assertEquals([error.status, error.close, error.fields], [status, false, []]);
}

function assertInvariants(name: string): void {
  assert(name.startsWith("/"), "begins at the root");
  const segments = name.slice(1).split("/");
  if (segments.at(-1) === "") segments.pop();
  for (const segment of segments) {
    assert(segment !== "", "no segment is empty");
    assert(!segment.startsWith(".") || segment === ".well-known", "no segment is hidden or made of dots");
    assert(!/[/\\\0]/.test(segment), "no segment holds a delimiter");
  }
  assertEquals(resolvePath(name.split("/").map(encodeURIComponent).join("/")), name, "a name is its own result");
}

Deno.test("resolvePath: whatever is put together, a name stays below the root", () => {
  const random = createRandom(1);
  const parts = [
    "/",
    "/",
    "/",
    ".",
    ".",
    "..",
    "a",
    "b",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "\\",
    "%00",
    "%",
    "%25",
    "%c0%ae",
  ];
  parts.push(".well-known", "%20", "é", "%C3%A9", ";", ":", "?", "%2561", "%ff");
  let resolved = 0;
  for (let i = 0; i < 20_000; i++) {
    const path = `/${Array.from({ length: random(12) }, () => parts[random(parts.length)]).join("")}`;
    try {
      assertInvariants(resolvePath(path));
      resolved++;
    } catch (error) {
      if (!(error instanceof HttpError)) throw new Error(`${JSON.stringify(path)}: ${error}`, { cause: error });
      assert(error.status === 400 || error.status === 404, path);
    }
  }
  assert(resolved > 2000, `${resolved} of them have a name`);
});

Deno.test("resolvePath keeps a refused segment in the message, escaped", () => {
  const { message } = assertThrows(() => resolvePath('/%zz"\n'), HttpError);
  assertEquals(message, 'Cannot decode path segment "%zz\\"\\n"');
});

// The redirect to a directory.

const REFERENCES: readonly [path: string, query: string, reference: string, target: string][] = [
  ["/a", "", "./a/", "/a/"],
  ["/a", "?b=c", "./a/?b=c", "/a/?b=c"],
  ["/a", "?", "./a/?", "/a/?"],
  ["/a", "?//evil.example", "./a/?//evil.example", "/a/?//evil.example"],
  ["/a/b", "", "./b/", "/a/b/"],
  ["/a%20b", "", "./a%20b/", "/a%20b/"],
  ["/a%3Fb", "?c", "./a%3Fb/?c", "/a%3Fb/?c"],
  ["/a:b", "", "./a:b/", "/a:b/"],
  ["/javascript:alert(1)", "", "./javascript:alert(1)/", "/javascript:alert(1)/"],
  ["/http:", "", "./http:/", "/http:/"],
  ["//evil.example", "", "./evil.example/", "//evil.example/"],
  ["///evil.example", "", "./evil.example/", "///evil.example/"],
  ["//evil.example/a", "", "./a/", "//evil.example/a/"],
  ["/http://evil.example", "", "./evil.example/", "/http://evil.example/"],
  ["/a//b", "", "./b/", "/a//b/"],
  ["/a/../b", "", "./b/", "/b/"],
  ["/.well-known", "", "./.well-known/", "/.well-known/"],
  ["/@evil.example", "", "./@evil.example/", "/@evil.example/"],
];

for (const [path, query, reference, target] of REFERENCES) {
  Deno.test(`directoryReference: ${path}${query} (RFC 3986 section 4.2)`, () => {
    assertEquals(directoryReference(path, query), reference);
    assertEquals(new URL(reference, `http://host${path}${query}`).href, `http://host${target}`);
    assertEquals(
      new URL(reference, `http://host/prefix${path}${query}`).href.replace("/prefix", ""),
      `http://host${target}`,
    );
  });
}

const ENCODED: readonly [text: string, reference: string][] = [
  ["./a/?b=c", "./a/?b=c"],
  ["./a%20b/?%41&%zz&100%", "./a%20b/?%41&%25zz&100%25"],
  ['?"<>\\^`{|}', "?%22%3C%3E%5C%5E%60%7B%7C%7D"],
  ["?a#b", "?a%23b"],
  ["?a b\r\nSet-Cookie: c", "?a%20b%0D%0ASet-Cookie:%20c"],
  ["?\xe9\0\x7f", "?%C3%A9%00%7F"],
  ["?\ud800", "?%EF%BF%BD"],
  ["/!$&'()*+,;=:@[]~", "/!$&'()*+,;=:@[]~"],
];

for (const [text, reference] of ENCODED) {
  Deno.test(`encodeReference: ${JSON.stringify(text)} (RFC 3986 appendix A)`, () => {
    assertEquals(encodeReference(text), reference);
    assertEquals(encodeReference(reference), reference, "what is encoded stays so");
  });
}

/** Not all of these are ever redirected: what is refused first may change. */
const NASTY = [
  ..."/%2e%2e /.. /. /\\evil.example /\\\\evil.example //\\evil.example /%5cevil.example /%2f%2fevil.example".split(
    " ",
  ),
  ..."/%09/evil.example /\t/evil.example /%00 /\\/evil.example /;//evil.example /a/%2e%2e /[::1] /%".split(" "),
  ..."//user@evil.example //evil.example:80 //evil.example%2f /https:evil.example /https:\\\\evil.example".split(" "),
];

Deno.test("directoryReference never leads to another host", () => {
  for (const path of NASTY) {
    const { origin } = new URL(directoryReference(path, "?//evil.example"), `http://host${path}`);
    assertEquals(origin, "http://host", path);
  }
});
