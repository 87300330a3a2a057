/**
 * `media_type.ts`: the types that a site needs, RFC 9110 section 8.3. The table itself is the standard library's; a row
 * here is a promise to the user, which holds whatever version of the table is installed.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseMediaTypeRule, selectMediaType } from "../src/media_type.ts";

const UNKNOWN = "application/octet-stream";

const BY_EXTENSION: Readonly<Record<string, string>> = {
  html: "text/html",
  htm: "text/html",
  css: "text/css",
  js: "text/javascript",
  mjs: "text/javascript",
  json: "application/json",
  map: "application/json",
  webmanifest: "application/manifest+json",
  xml: "application/xml",
  pdf: "application/pdf",
  swf: "application/x-shockwave-flash",
  wasm: "application/wasm",
  zip: "application/zip",
  gz: "application/gzip",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  svg: "image/svg+xml",
  ico: "image/vnd.microsoft.icon",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  mp4: "video/mp4",
  webm: "video/webm",
  mp3: "audio/mpeg",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  vtt: "text/vtt",
  txt: "text/plain; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  csv: "text/csv; charset=utf-8",
};

const BY_NAME: readonly [name: string, type: string][] = [
  ["index.HTML", "text/html"],
  ["README.TXT", "text/plain; charset=utf-8"],
  ["Photo.JpEg", "image/jpeg"],
  ["jquery-3.7.1.min.js", "text/javascript"],
  ["app.js.map", "application/json"],
  ["archive.tar.gz", "application/gzip"],
  ["a.html.txt", "text/plain; charset=utf-8"],
  ["a.txt.html", "text/html"],
  ["a..html", "text/html"],
  ["a b.png", "image/png"],
  ["é🐟.css", "text/css"],
  ["/a/b.c/d.svg", "image/svg+xml"],
  ["/a/b.html/d", UNKNOWN],
  ["/.well-known/security.txt", "text/plain; charset=utf-8"],
  ["", UNKNOWN],
  ["html", UNKNOWN],
  ["README", UNKNOWN],
  ["a.", UNKNOWN],
  [".html", UNKNOWN],
  ["a.unknown-extension", UNKNOWN],
  ["a.html ", UNKNOWN],
  ["a.html~", UNKNOWN],
  ["a.constructor", UNKNOWN],
  ["a.__proto__", UNKNOWN],
  ["a.toString", UNKNOWN],
  ["a.html\r\nSet-Cookie: b", UNKNOWN],
];

const ROWS = [
  ...Object.entries(BY_EXTENSION).map(([extension, type]) => [`name.${extension}`, type] as const),
  ...BY_NAME,
];

for (const [name, type] of ROWS) {
  Deno.test(`selectMediaType: ${JSON.stringify(name)} is ${type} (RFC 9110 section 8.3)`, () => {
    assertEquals(selectMediaType(name), type);
  });
}

Deno.test("selectMediaType: a charset only where the text cannot say it itself", () => {
  for (const [extension, type] of Object.entries(BY_EXTENSION)) {
    assertEquals(
      /charset/.test(selectMediaType(`a.${extension.toUpperCase()}`)),
      ["txt", "md", "csv"].includes(extension),
    );
    assert(/^[a-z]+\/[a-z0-9.+-]+(; charset=utf-8)?$/.test(type));
  }
});

Deno.test("selectMediaType: a charset that is chosen is for all text but XML, RFC 7303 section 3", () => {
  for (const [extension, usual] of Object.entries(BY_EXTENSION)) {
    const type = usual.replace("; charset=utf-8", "");
    const name = `a.${extension}`;
    assertEquals(selectMediaType(name, { charset: "" }), type);
    const chosen = type.startsWith("text/") ? `${type}; charset=windows-1252` : type;
    assertEquals(selectMediaType(name, { charset: "windows-1252" }), chosen);
  }
});

Deno.test("selectMediaType: an override comes first and is not touched", () => {
  const overrides = new Map([[".html", "text/plain"], [".new", "application/x-new"]]);
  const rows = [["a.html", "text/plain"], ["A.HTML", "text/plain"], ["a.new", "application/x-new"]] as const;
  for (const [name, type] of rows) assertEquals(selectMediaType(name, { overrides, charset: "utf-8" }), type);
  assertEquals(selectMediaType("a.txt", { overrides }), "text/plain; charset=utf-8");
});

const RULES: readonly [text: string, rule: readonly [string, string] | RegExp][] = [
  ["wasm=application/wasm", [".wasm", "application/wasm"]],
  [".Foo=text/x-foo", [".foo", "text/x-foo"]],
  ["txt=text/plain; charset=windows-1252", [".txt", "text/plain; charset=windows-1252"]],
  ["", /not of the form/],
  ["wasm", /not of the form/],
  ["=text/plain", /not of the form/],
  ["tar.gz=application/gzip", /not of the form/],
  ["a/b=text/plain", /not of the form/],
  ["a=", /no media type/],
  ["a=text", /no media type/],
  ["a=text/plain\r\nX: y", /not of the form|no media type/],
  ["a=text/plain;", /no media type/],
];

for (const [text, rule] of RULES) {
  Deno.test(`parseMediaTypeRule ${JSON.stringify(text)}`, () => {
    const parsed = parseMediaTypeRule(text);
    if (rule instanceof RegExp) assertMatch(String(parsed), rule);
    else assertEquals(parsed, rule);
  });
}
