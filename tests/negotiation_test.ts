/** Content negotiation as truth tables: what a client sends → what it gets. */

import { assertEquals } from "@std/assert";
import type { ContentCoding } from "../src/negotiation.ts";
import {
  acceptsHtml,
  CONTENT_CODINGS,
  selectContentCoding,
  selectErrorType,
  selectListingType,
} from "../src/negotiation.ts";

const ALL = CONTENT_CODINGS;

const CODINGS: readonly [acceptEncoding: string | undefined, available: readonly ContentCoding[], selected: string][] =
  [
    // Absent, empty, nothing to choose from.
    [undefined, ALL, "identity"],
    ["", ALL, "identity"],
    ["   ", ALL, "identity"],
    [",, ,", ALL, "identity"],
    ["gzip", [], "identity"],
    ["identity", ALL, "identity"],
    // What is listed and available; the order of the server between equals.
    ["gzip", ALL, "gzip"],
    ["br", ALL, "br"],
    ["zstd", ALL, "zstd"],
    ["gzip, deflate, br, zstd", ALL, "br"],
    ["gzip, deflate, br, zstd", ["zstd", "gzip"], "zstd"],
    ["gzip, deflate, br, zstd", ["gzip"], "gzip"],
    ["gzip, deflate, br", ["zstd"], "identity"],
    ["gzip, br", ["gzip", "br"], "gzip"],
    ["deflate", ALL, "identity"],
    ["compress, deflate;q=0.9", ALL, "identity"],
    // Weights.
    ["gzip;q=1.0, br;q=0.5", ALL, "gzip"],
    ["br;q=0.9, zstd;q=0.95, gzip;q=0.8", ALL, "zstd"],
    ["br;q=0.001", ALL, "br"],
    ["gzip;q=0.2, br;q=0.1", ["br"], "br"],
    ["br;q=0.999, gzip;q=1.000", ALL, "gzip"],
    ["br;q=0., gzip;q=1.", ALL, "gzip"],
    // Weight 0 is unacceptable.
    ["gzip;q=0", ALL, "identity"],
    ["gzip;q=0.0", ALL, "identity"],
    ["gzip;q=0.000", ALL, "identity"],
    ["br;q=0, gzip", ALL, "gzip"],
    ["br;q=0, zstd;q=0, gzip;q=0", ALL, "identity"],
    // The asterisk: everything that is not listed.
    ["*", ALL, "br"],
    ["*", ["gzip"], "gzip"],
    ["*;q=0", ALL, "identity"],
    ["br;q=0, *", ALL, "zstd"],
    ["*;q=0, gzip", ALL, "gzip"],
    ["gzip, *;q=0.5", ALL, "gzip"],
    ["*, br;q=0", ["br"], "identity"],
    // Identity: the last resort, unless it is wanted more.
    ["identity, gzip;q=0.5", ALL, "identity"],
    ["identity;q=0.5, gzip", ALL, "gzip"],
    ["identity, gzip", ALL, "gzip"],
    ["identity;q=0.5, gzip;q=0.5", ALL, "gzip"],
    ["identity;q=0.6, gzip;q=0.5, br;q=0.7", ALL, "br"],
    ["*;q=0.5, gzip;q=0.1", ["gzip"], "identity"],
    ["identity;q=0.1, *;q=0.5, gzip;q=0.2", ["gzip"], "gzip"],
    // Nothing is acceptable: identity nevertheless, RFC 9110 section 12.4.1.
    ["identity;q=0", ALL, "identity"],
    ["identity;q=0, *;q=0", ALL, "identity"],
    ["identity;q=0, gzip", ["br"], "identity"],
    ["identity;q=0, gzip;q=0.1", ALL, "gzip"],
    ["identity;q=0, *", ALL, "br"],
    // Names: any case, and the alias of RFC 9110 section 8.4.1.3.
    ["GZIP", ALL, "gzip"],
    ["Br", ALL, "br"],
    ["x-gzip", ALL, "gzip"],
    ["X-GZip;q=0.5, br;q=0.4", ALL, "gzip"],
    ["x-gzip;q=0", ALL, "identity"],
    ["IDENTITY, gzip;q=0.5", ALL, "identity"],
    ["gzip-br", ALL, "identity"],
    ["brotli", ALL, "identity"],
    // White space.
    ["  gzip  ", ALL, "gzip"],
    ["gzip\t;\tq=0.5 ,\tbr ; q=0.6", ALL, "br"],
    ["gzip ;q=0", ALL, "identity"],
    ["br;Q=0, gzip;Q=1", ALL, "gzip"],
    // Twice: the greater weight.
    ["gzip;q=0, gzip", ALL, "gzip"],
    ["gzip, gzip;q=0", ALL, "gzip"],
    ["x-gzip;q=0.2, gzip;q=0.9, br;q=0.5", ALL, "gzip"],
    // What is not in the grammar is not there; the rest holds.
    ["br;q=2, gzip", ALL, "gzip"],
    ["br;q=1.001, gzip", ALL, "gzip"],
    ["br;q=-1, gzip", ALL, "gzip"],
    ["br;q=, gzip", ALL, "gzip"],
    ["br;q, gzip", ALL, "gzip"],
    ["br;q=0.1234, gzip;q=0.01", ALL, "gzip"],
    ["br;q=.9, gzip;q=0.01", ALL, "gzip"],
    ["br;q=0,5, gzip", ALL, "gzip"],
    ["br;q=1e0, gzip", ALL, "gzip"],
    ["br;q =1, gzip;q=0.01", ALL, "gzip"],
    ["br;q= 1, gzip;q=0.01", ALL, "gzip"],
    ["br;q=1;q=0.5, gzip;q=0.01", ALL, "gzip"],
    ["br;level=9, gzip;q=0.01", ALL, "gzip"],
    ['"br", gzip;q=0.01', ALL, "gzip"],
    ["br gzip", ALL, "identity"],
    ["br/1, gzip;q=0.01", ALL, "gzip"],
    ["=, ;, ;q=1, gzip", ALL, "gzip"],
    ['br;x="a, zstd, gzip', ALL, "identity"],
    ["__proto__, constructor, toString", ALL, "identity"],
  ];

for (const [value, available, selected] of CODINGS) {
  Deno.test(`selectContentCoding ${JSON.stringify(value)} of ${available} is ${selected}, RFC 9110 section 12.5.3`, () => {
    assertEquals(selectContentCoding(value, available), selected);
    assertEquals(selectContentCoding(value, available), selected, "also from memory");
  });
}

Deno.test("selectContentCoding remembers a bounded number of values, and none that is long", () => {
  for (let i = 0; i < 1_000; i++) {
    const weight = (i % 1_000).toString().padStart(3, "0");
    assertEquals(selectContentCoding(`gzip;q=0.${weight}, br;q=0.500`, ALL), i > 500 ? "gzip" : "br");
  }
  const long = `${"x,".repeat(100)}zstd`;
  assertEquals(selectContentCoding(long, ALL), "zstd");
  assertEquals(selectContentCoding(`${long};q=0`, ALL), "identity");
});

const CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const LYNX = "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01";
const AXIOS = "application/json, text/plain, */*";

const TYPES: readonly [accept: string | undefined, error: string, listing: string, html: boolean][] = [
  // Clients as they are.
  [undefined, "text", "html", false],
  ["*/*", "text", "html", false],
  [CHROME, "html", "html", true],
  [LYNX, "html", "html", true],
  [AXIOS, "json", "json", false],
  ["image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "text", "html", false],
  ["text/css,*/*;q=0.1", "text", "html", false],
  ["application/json", "json", "json", false],
  ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "html", "html", true],
  // Nothing that exists is wanted: the field is disregarded.
  ["", "text", "html", false],
  ["image/png", "text", "html", false],
  ["*/*;q=0", "text", "html", false],
  ["text/html;q=0, application/json;q=0, text/plain;q=0", "text", "html", false],
  // Named beats wildcards between equals; HTML before JSON before text.
  ["text/html, application/json, text/plain", "html", "html", true],
  ["text/plain, application/json, text/html", "html", "html", true],
  ["application/json, text/plain", "json", "json", false],
  ["text/plain", "text", "html", false],
  ["*/*, application/json", "json", "json", false],
  ["*/*;q=0.5, text/html;q=0.5", "html", "html", true],
  // Ranges of subtypes.
  ["text/*", "text", "html", false],
  ["application/*", "json", "json", false],
  ["text/*;q=0.5, application/*;q=0.6", "json", "json", false],
  ["text/*, text/plain;q=0.5", "html", "html", false],
  ["text/*;q=0.1, text/html", "html", "html", true],
  // Weights.
  ["text/html;q=0.4, application/json;q=0.5", "json", "json", true],
  ["text/html;q=0.5, application/json;q=0.4", "html", "html", true],
  ["application/json;q=0.5, text/html;q=0.5", "html", "html", true],
  ["application/json;q=0.1, */*;q=0.5", "text", "html", false],
  ["text/plain;q=0.9, text/html;q=0.8", "text", "html", true],
  ["*/*, text/html;q=0", "text", "json", false],
  ["*/*, text/plain;q=0", "html", "html", false],
  ["text/html;q=0, */*", "text", "json", false],
  // The most specific range decides, whatever its weight.
  ["*/*, application/json;q=0.2, text/html;q=0.1, text/plain;q=0.1", "json", "json", true],
  ["text/*;q=0.9, text/html;q=0.1, application/json;q=0.5", "text", "json", true],
  // Parameters; those of a type without a plain mention count.
  ["text/html;charset=utf-8", "html", "html", true],
  ["text/html;level=1;q=0.3, application/json;q=0.2", "html", "html", true],
  ["text/html;level=1, text/html;q=0.1, application/json;q=0.5", "json", "json", true],
  ["text/plain;format=flowed;q=0.9, application/json;q=0.8", "text", "json", false],
  ['application/json;profile="a, text/html;q=1";q=0.5, text/plain;q=0.4', "json", "json", false],
  ['application/json;x="\\", text/html"', "json", "json", false],
  ['text/html;x="open, application/json', "html", "html", true],
  // XHTML is a sign of a navigation, not of a wish that can be met.
  ["application/xhtml+xml", "text", "html", true],
  ["application/xhtml+xml;q=0, text/html;q=0", "text", "html", false],
  ["application/xhtml+xml;q=0, text/html;q=0.1", "html", "html", true],
  // Case and malformed elements.
  ["TEXT/HTML", "html", "html", true],
  ["Application/JSON ; Q=0.9", "json", "json", false],
  ["text/html;q=5, application/json;q=0.1", "json", "json", false],
  ["texthtml, text/, /html, text/html/x", "text", "html", false],
  ["text /html", "text", "html", false],
];

for (const [accept, error, listing, html] of TYPES) {
  const value = JSON.stringify(accept);
  Deno.test(`selectErrorType ${value} is ${error}, RFC 9110 section 12.5.1`, () => {
    assertEquals(selectErrorType(accept), error);
  });
  Deno.test(`selectListingType ${value} is ${listing}, RFC 9110 section 12.5.1`, () => {
    assertEquals(selectListingType(accept), listing);
  });
  Deno.test(`acceptsHtml ${value} is ${html}`, () => assertEquals(acceptsHtml(accept), html));
}
