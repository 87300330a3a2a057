/** `_headers`: what its lines mean, what is a mistake, in which order rules apply, and that values stay values. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { HeaderRules, parseHeaderLine, parseHeadersFile } from "../src/headers_file.ts";
import type { FieldLine } from "../src/message.ts";
import { NO_CHANGES } from "../src/response_fields.ts";
import { createRandom } from "./random.ts";

/** The fields for a path as lines, `Name: value` and `! name`, under a file without mistakes. */
function select(file: string, path: string): string[] {
  const { rules, mistakes } = parseHeadersFile(file);
  assertEquals(mistakes, []);
  const { set, removed } = new HeaderRules(rules).select(path);
  return [...set.map(([name, value]) => `${name}: ${value}`), ...removed.map((name) => `! ${name}`)];
}

const EXAMPLE = `# Fields of the whole site
/*
  X-Frame-Options: DENY
  X-Robots-Tag: noindex

# Assets
/assets/*
  # They have hashes.
  Cache-Control: public, max-age=31536000, immutable
  ! X-Robots-Tag
/assets/img/:name.png
  X-Image: :name
`;

type Row = readonly [name: string, file: string, path: string, fields: readonly string[]];

const FORMAT: readonly Row[] = [
  ["a rule", "/a\n  X-A: 1", "/a", ["X-A: 1"]],
  ["no rule for the path", "/a\n  X-A: 1", "/b", []],
  ["an empty file", "", "/", []],
  ["a file of comments", "# a\n  # b\n\n\t\n", "/", []],
  ["a final line end", "/a\n  X-A: 1\n", "/a", ["X-A: 1"]],
  ["CRLF", "/a\r\n  X-A: 1\r\n\r\n  ! X-B\r\n", "/a", ["X-A: 1", "! x-b"]],
  ["CR at the end", "/a\r\n  X-A: 1\r", "/a", ["X-A: 1"]],
  ["a byte order mark", "\ufeff/a\n  X-A: 1", "/a", ["X-A: 1"]],
  ["a byte order mark before a comment", "\ufeff# a\n/a\n  X-A: 1", "/a", ["X-A: 1"]],
  ["tabs", "/a\t\n\tX-A:\t1\t2\t", "/a", ["X-A: 1\t2"]],
  ["no indentation", "/a\nX-A: 1", "/a", ["X-A: 1"]],
  ["an indented pattern", "  /a\n    X-A: 1", "/a", ["X-A: 1"]],
  ["blank lines and comments inside", "/a\n\n  # b\n\n  X-A: 1\n# c\n  X-B: 2", "/a", ["X-A: 1", "X-B: 2"]],
  ["a colon in the value", "/a\n  X-A: b: c:d", "/a", ["X-A: b: c:d"]],
  ["no space behind the colon", "/a\n  X-A:1", "/a", ["X-A: 1"]],
  ["space before the colon", "/a\n  X-A : 1", "/a", ["X-A: 1"]],
  ["a number sign in a value is no comment", "/a\n  Link: </#b>; rel=x # c", "/a", ["Link: </#b>; rel=x # c"]],
  ["any tchar in a name", "/a\n  a!#$%&'*+-.^_`|~0: 1", "/a", ["a!#$%&'*+-.^_`|~0: 1"]],
  ["a removal without space", "/a\n  !X-A", "/a", ["! x-a"]],
  ["a percent-encoded pattern", "/caf%C3%A9\n  X-A: 1", "/café", ["X-A: 1"]],
  ["the example at the root", EXAMPLE, "/", ["X-Frame-Options: DENY", "X-Robots-Tag: noindex"]],
  ["the example below", EXAMPLE, "/assets/img/a.png", [
    "X-Frame-Options: DENY",
    "Cache-Control: public, max-age=31536000, immutable",
    "X-Image: a",
    "! x-robots-tag",
  ]],
];

const ORDER: readonly Row[] = [
  ["rules in the order of the file", "/b/*\n A: 1\n/*\n A: 2\n/b/c\n A: 3", "/b/c", ["A: 1, 2, 3"]],
  ["the same pattern again", "/b\n A: 1\n/c\n A: 2\n/b\n A: 3", "/b", ["A: 1, 3"]],
  ["names whatever their case, as first spelled", "/b\n cache-control: a\n Cache-Control: b", "/b", [
    "cache-control: a, b",
  ]],
  ["names in the order in which they came", "/b\n B: 1\n A: 2\n B: 3", "/b", ["B: 1, 3", "A: 2"]],
  ["Set-Cookie on lines of its own", "/*\n Set-Cookie: a=1\n/b\n set-cookie: b=2; Path=/", "/b", [
    "Set-Cookie: a=1",
    "Set-Cookie: b=2; Path=/",
  ]],
  ["a removal takes away what stands so far", "/*\n A: 1\n/b\n ! A", "/b", ["! a"]],
  ["and not what comes later", "/*\n A: 1\n/b\n ! A\n/*\n A: 2", "/b", ["A: 2"]],
  ["nor what the same rule sets", "/*\n A: 1\n/b\n ! A\n A: 2", "/b", ["A: 2"]],
  ["above the removal either", "/*\n A: 1\n/b\n A: 2\n ! A", "/b", ["A: 2"]],
  ["a removal whatever the case", "/*\n X-aB: 1\n/b\n ! x-Ab", "/b", ["! x-ab"]],
  ["a removal twice", "/*\n ! A\n/b\n ! a", "/b", ["! a"]],
  ["a removal of Set-Cookie", "/*\n Set-Cookie: a=1\n Set-Cookie: b=2\n/b\n ! Set-Cookie", "/b", ["! set-cookie"]],
];

const PLACEHOLDERS: readonly Row[] = [
  ["a placeholder", "/m/:title\n X-M: You watch :title", "/m/dune", ["X-M: You watch dune"]],
  ["a splat", "/m/*\n Link: <https://a.example/:splat>; rel=canonical", "/m/a/b", [
    "Link: <https://a.example/a/b>; rel=canonical",
  ]],
  ["an empty splat", "/m/*\n X-M: [:splat]", "/m", ["X-M: []"]],
  ["an empty splat and nothing else", "/m/*\n X-M: :splat\n X-N: a :splat", "/m", ["X-M: ", "X-N: a"]],
  ["one of two, twice", "/:a/:b\n X-M: :b :a :b", "/x/y", ["X-M: y x y"]],
  ["whole names only", "/:a/:ab\n X-M: :ab:a_", "/x/y", ["X-M: y:a_"]],
  ["what is not captured is text", "/:a\n X-M: :b :splat 12:30 https: :8080 :a", "/x", [
    "X-M: :b :splat 12:30 https: :8080 x",
  ]],
  ["nothing in a literal rule", "/x\n X-M: :constructor :a", "/x", ["X-M: :constructor :a"]],
  ["a captured placeholder is text", "/:a/:b\n X-M: :a", "/:b/y", ["X-M: %3Ab"]],
  ["a pattern of String.replace is text", "/:a\n X-M: :a", "/$&$1", ["X-M: %24%26%241"]],
  ["CR and LF", "/*\n X-M: :splat", "/a\r\nSet-Cookie: b", ["X-M: a%0D%0ASet-Cookie%3A%20b"]],
  ["NUL and DEL", "/*\n X-M: :splat", "/\0\x7f", ["X-M: %00%7F"]],
  ["what is not ASCII", "/*\n X-M: :splat", "/é\u2028🐟", ["X-M: %C3%A9%E2%80%A8%F0%9F%90%9F"]],
  ["delimiters of lists and links", "/*\n Link: </:splat>; rel=x", '/a>; rel="y", <b', [
    "Link: </a%3E%3B%20rel%3D%22y%22%2C%20%3Cb>; rel=x",
  ]],
  ["a percent sign", "/*\n X-M: :splat", "/100%", ["X-M: 100%25"]],
  ["half a surrogate pair", "/*\n X-M: :splat", "/\ud83d/\udc1f", ["X-M: %EF%BF%BD/%EF%BF%BD"]],
];

for (const [group, rows] of Object.entries({ FORMAT, ORDER, PLACEHOLDERS })) {
  for (const [name, file, path, fields] of rows) {
    Deno.test(`HeaderRules.select, ${group.toLowerCase()}: ${name}`, () => assertEquals(select(file, path), fields));
  }
}

Deno.test("HeaderRules.select returns one and the same empty result for all paths without fields", () => {
  const rules = new HeaderRules(parseHeadersFile("/a\n X-A: 1").rules);
  assertStrictEquals(rules.select("/"), NO_CHANGES);
  assertStrictEquals(rules.select("/b"), NO_CHANGES);
  assertEquals(NO_CHANGES, { set: [], removed: [] });
});

Deno.test("HeaderRules takes rules that were sent to another thread", () => {
  const rules = new HeaderRules(structuredClone(parseHeadersFile(EXAMPLE).rules));
  assertEquals(rules.select("/assets/img/b.png").set.at(-1), ["X-Image", "b"]);
});

const CONNECTION = "belongs to the connection, which is the server's";
const MESSAGE = "tells what the server sends, so the server sets it";
const ASCII = "and may have visible ASCII and spaces only";

const MISTAKES: readonly [file: string, ...mistakes: (readonly [line: number, message: string])[]][] = [
  ["X-A: 1", [1, '"X-A: 1" stands above the first pattern: /* is for every path']],
  ["# c\n\n  X-A: 1\n  ! X-B\n/a\n X-C: 1", [
    3,
    '"X-A: 1" stands above the first pattern: /* is for every path',
  ], [4, '"! X-B" stands above the first pattern: /* is for every path']],
  ["/a", [1, '"/a" has no fields below it']],
  ["/a\n/b\n X-A: 1\n/c\n# d\n", [1, '"/a" has no fields below it'], [4, '"/c" has no fields below it']],
  ["/a\n X-A", [2, '"X-A" is not of the form Name: value']],
  ["/a\n*.css\n b/*", [2, '"*.css" is not of the form Name: value'], [3, '"b/*" is not of the form Name: value']],
  ["/a\n : 1", [2, '"" is no field name']],
  ["/a\n X A: 1", [2, '"X A" is no field name']],
  ["/a\n X(A): 1", [2, '"X(A)" is no field name']],
  ["/a\n Xé: 1", [2, '"Xé" is no field name']],
  ["/a\n X\0A: 1", [2, '"X\\u0000A" is no field name']],
  ["/a\n X-A:", [2, "X-A has no value"]],
  ["/a\n X-A: \t ", [2, "X-A has no value"]],
  ["/a\n X-A: b\0", [2, `the value of X-A has "\\u0000", ${ASCII}`]],
  ["/a\n X-A: b\rc", [2, `the value of X-A has "\\r", ${ASCII}`]],
  ["/a\n X-A: b\x7f", [2, `the value of X-A has "\\u{7f}", ${ASCII}`]],
  ["/a\n X-A: caf\u00e9", [2, `the value of X-A has "é", ${ASCII}`]],
  ["/a\n X-A: 🐟", [2, `the value of X-A has "🐟", ${ASCII}`]],
  ["/a\n X-A: b\u00a0c", [2, `the value of X-A has "\\u{a0}", ${ASCII}`]],
  ["/a\n !", [2, '"!" is not of the form ! Name']],
  ["/a\n ! X-A: 1", [2, '"! X-A: 1" is not of the form ! Name']],
  ["/a\n ! Content-Length", [2, `Content-Length ${CONNECTION}`]],
  ["/a\n ! ETag", [2, `ETag ${MESSAGE}`]],
  ["/a/*/*\n X-A: 1", [1, 'the pattern "/a/*/*" has more than one *']],
  ["/a b\n X-A: 1", [1, 'the pattern "/a b" has white space or a control character: percent-encode it']],
  ["/a # b\n X-A: 1", [1, 'the pattern "/a # b" has white space or a control character: percent-encode it']],
  ["/a\u00a0\n X-A: 1", [1, 'the pattern "/a\\u{a0}" has white space or a control character: percent-encode it']],
  ["/a\0\n X-A: 1", [1, 'the pattern "/a\\u0000" has white space or a control character: percent-encode it']],
  ["/a?b\n X-A: 1", [1, 'the pattern "/a?b" has a query, and fields go by the path alone']],
  ["/a#b\n X-A: 1", [1, 'the pattern "/a#b" has a fragment, which a browser never sends']],
  ["https://a.example/b\n X-A: 1", [
    1,
    'the pattern "https://a.example/b" names a host: rules are for the paths of this site',
  ]],
  ["https://:p.pages.dev/*\n X-A: 1", [
    1,
    'the pattern "https://:p.pages.dev/*" names a host: rules are for the paths of this site',
  ]],
  // A pattern that is a mistake keeps its lines, which are looked at, too.
  ["//a\n X-A: 1\n X-B", [1, 'the pattern "//a" has an empty segment, which no path has'], [
    3,
    '"X-B" is not of the form Name: value',
  ]],
  // What is quoted is short.
  [`/a\n ${"b".repeat(90)}`, [2, `"${"b".repeat(80)}…" is not of the form Name: value`]],
];

for (const [file, ...mistakes] of MISTAKES) {
  Deno.test(`parseHeadersFile ${JSON.stringify(file)} has mistakes`, () => {
    const parsed = parseHeadersFile(`${file}\n/good\n X-Good: 1`);
    assertEquals(parsed.mistakes, mistakes.map(([line, message]) => ({ line, message })));
    assertEquals(new HeaderRules(parsed.rules).select("/good").set, [["X-Good", "1"]]);
  });
}

Deno.test("parseHeadersFile keeps what is right of a rule with a mistake", () => {
  const { rules, mistakes } = parseHeadersFile("/a\n X-A: 1\n Date: 2\n X-B: 3\n/b\n Date: 2");
  assertEquals(mistakes.map(({ line }) => line), [3, 6]);
  assertEquals(rules.map(({ pattern, set }) => [pattern.text, ...set]), [["/a", ["X-A", "1"], ["X-B", "3"]]]);
});

const OWNED: readonly [names: string, reason: string][] = [
  [
    "Connection Content-Length Keep-Alive Proxy-Connection TE Trailer Transfer-Encoding Upgrade content-LENGTH",
    CONNECTION,
  ],
  ["Accept-Ranges Age Allow Content-Encoding Content-Range Date ETag Last-Modified Server", MESSAGE],
  ["Location", "belongs in _redirects"],
  ["Basic-Auth", "is password protection on Netlify only: here everyone would be sent the passwords"],
];

for (const [names, reason] of OWNED) {
  for (const name of names.split(" ")) {
    Deno.test(`parseHeaderLine refuses ${name}`, () => {
      assertEquals(parseHeaderLine(`${name}: a`), `${name} ${reason}`);
    });
  }
}

const LINES: readonly [text: string, field: FieldLine | string][] = [
  ["X-A: 1", ["X-A", "1"]],
  [" X-A :\t1 2 ", ["X-A", "1 2"]],
  ["Content-Type: text/plain", ["Content-Type", "text/plain"]],
  ["Vary: Origin", ["Vary", "Origin"]],
  ["Set-Cookie: a=b; Path=/", ["Set-Cookie", "a=b; Path=/"]],
  ["X-A", '"X-A" is not of the form Name: value'],
  ["", '"" is not of the form Name: value'],
  ["X-A: 1\nX-B: 2", `the value of X-A has "\\n", ${ASCII}`],
  ["X-A\n: 1", '"X-A\\n" is no field name'],
  ["! X-A", '"! X-A" is not of the form Name: value'],
];

for (const [text, field] of LINES) {
  Deno.test(`parseHeaderLine ${JSON.stringify(text)}`, () => assertEquals(parseHeaderLine(text), field));
}

const NOISE = [
  ..."/:*!#%?;,=<>\"'\\ \t\r\n\0\x7f\x85\u2028é🐟\ud800\ufeff$&`aZ9-_.~",
  ...["/a/*\n", "/:x\n", " X-A: ", ":x", ":splat", "\n ", "\r\n", "Content-Length: 9", "%0d%0a", "%", "! ", "https://"],
];

Deno.test("parseHeadersFile and HeaderRules.select make field lines only, whatever file and path are", () => {
  const random = createRandom(11);
  const noise = (most: number) => Array.from({ length: random(most) }, () => NOISE[random(NOISE.length)]).join("");
  let [fields, mistakes] = [0, 0];
  for (let i = 0; i < 10_000; i++) {
    const file = parseHeadersFile(`${noise(3)}/a/*\n X-A: ${noise(3)}:splat${noise(3)}\n${noise(12)}`);
    for (const { line, message } of file.mistakes) {
      assert(line >= 1 && !/\p{Cc}/u.test(message), message);
      mistakes++;
    }
    for (const [name, value] of new HeaderRules(file.rules).select(`/${["a", "b"][random(2)]}/${noise(12)}`).set) {
      assert(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), name);
      assert(/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(value), JSON.stringify(value));
      assert(name.toLowerCase() !== "content-length");
      fields++;
    }
  }
  assert(fields > 1_000 && mistakes > 1_000, `${fields} fields, ${mistakes} mistakes`);
});
