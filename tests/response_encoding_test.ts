/** `http1.ts`: the heads of responses; RFC 9112 section 4 and RFC 9110 section 6.4.1. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeResponseHead, hasContent, reasonPhrase } from "../src/http1.ts";
import { HttpResponse } from "../src/message.ts";
import type { FieldLine, FileBody } from "../src/message.ts";
import { decodeLatin1 as decodeBytes } from "./octets.ts";

// Responses: section 4 and RFC 9110 section 6.4.1.

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const START = `Server: sockeye\r\nDate: ${DATE}\r\n`;
const NO_BYTES = new Uint8Array(0);
const FILE_BODY: FileBody = {
  length: 9_007_199_254_740_991,
  pieces: [{ start: 0, end: 9_007_199_254_740_991 }],
  file: { readSync: () => null, seekSync: () => 0, close: () => {} },
};

const HEADS: readonly [name: string, response: HttpResponse, persistent: boolean, head: string][] = [
  [
    "an empty body",
    new HttpResponse(200, [], NO_BYTES),
    true,
    `200 OK\r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\n\r\n`,
  ],
  [
    "the last answer of a connection",
    new HttpResponse(404, [], new Uint8Array(5)),
    false,
    `404 Not Found\r\n${START}Connection: close\r\nContent-Length: 5\r\n\r\n`,
  ],
  [
    "field lines in their order",
    new HttpResponse(200, [["B", "1"], ["a", "2"], ["B", "3"]], NO_BYTES),
    true,
    `200 OK\r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\nB: 1\r\na: 2\r\nB: 3\r\n\r\n`,
  ],
  [
    "a file body",
    new HttpResponse(200, [], FILE_BODY),
    true,
    `200 OK\r\n${START}Connection: keep-alive\r\nContent-Length: 9007199254740991\r\n\r\n`,
  ],
  [
    "101",
    new HttpResponse(101, [], NO_BYTES),
    true,
    `101 Switching Protocols\r\n${START}\r\n`,
  ],
  [
    "204",
    new HttpResponse(204, [["Allow", "GET"]], new Uint8Array(5)),
    true,
    `204 No Content\r\n${START}Connection: keep-alive\r\nAllow: GET\r\n\r\n`,
  ],
  [
    "205",
    new HttpResponse(205, [], NO_BYTES),
    true,
    `205 Reset Content\r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\n\r\n`,
  ],
  ["304", new HttpResponse(304, [], new Uint8Array(5)), false, `304 Not Modified\r\n${START}Connection: close\r\n\r\n`],
  [
    "a status without a phrase keeps the space",
    new HttpResponse(299, [], NO_BYTES),
    true,
    `299 \r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\n\r\n`,
  ],
  [
    "values beyond ASCII, one byte each",
    new HttpResponse(200, [["X", "\x80\xe9\xff \t!"]], NO_BYTES),
    true,
    `200 OK\r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\nX: \x80\xe9\xff \t!\r\n\r\n`,
  ],
  [
    "an empty value",
    new HttpResponse(200, [["X", ""]], NO_BYTES),
    true,
    `200 OK\r\n${START}Connection: keep-alive\r\nContent-Length: 0\r\nX: \r\n\r\n`,
  ],
];

for (const [name, response, persistent, head] of HEADS) {
  Deno.test(`encodeResponseHead: ${name} (RFC 9112 section 4)`, () => {
    const bytes = encodeResponseHead(response, { date: DATE, persistent });
    assertEquals(decodeBytes(bytes), `HTTP/1.1 ${head}`);
  });
}

const BAD_FIELDS: readonly FieldLine[] = [
  ["X", "a\r\nSet-Cookie: b"],
  ["X", "a\nb"],
  ["X", "a\rb"],
  ["X", "a\0b"],
  ["X", "a\x0bb"],
  ["X", "a\x1bb"],
  ["X", "a\x7fb"],
  ["X", "a\r"],
  ["X", "\n"],
  ["X", "\u0100"],
  ["X", "\u010a"], // LF where only the low byte is kept
  ["X", "\u{1f41f}"],
  ["X", "\ud800"],
  ["", "a"],
  ["X:", "a"],
  ["X ", "a"],
  [" X", "a"],
  ["X\r\nY", "a"],
  ["X\0", "a"],
  ["\xe9", "a"],
  ["\u0158", "a"],
];

for (const field of BAD_FIELDS) {
  Deno.test(`encodeResponseHead refuses ${JSON.stringify(field)} (RFC 9110 section 5.5)`, () => {
    const response = new HttpResponse(200, [["Before", "1"], field, ["Behind", "2"]], NO_BYTES);
    assertThrows(() => encodeResponseHead(response, { date: DATE, persistent: true }), TypeError, "Bad ");
  });
}

const isControl = (byte: string) => (byte < " " && byte !== "\t") || byte === "\x7f";

Deno.test("encodeResponseHead accepts in a value exactly what a request may hold (RFC 9110 section 5.5)", () => {
  for (let code = 0; code < 256; code++) {
    const byte = String.fromCharCode(code);
    const encode = () =>
      encodeResponseHead(new HttpResponse(200, [["X", byte]], NO_BYTES), { date: DATE, persistent: true });
    if (isControl(byte)) assertThrows(encode, TypeError);
    else assert(decodeBytes(encode()).endsWith(`\r\nX: ${byte}\r\n\r\n`), `byte ${code}`);
  }
});

const PHRASES: readonly [status: number, phrase: string][] = [
  [100, "Continue"],
  [200, "OK"],
  [204, "No Content"],
  [304, "Not Modified"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [417, "Expectation Failed"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [503, "Service Unavailable"],
  [505, "HTTP Version Not Supported"],
  [299, ""],
  [600, ""],
];

for (const [status, phrase] of PHRASES) {
  Deno.test(`reasonPhrase: ${status} is "${phrase}" (RFC 9110 section 15)`, () =>
    assertEquals(reasonPhrase(status), phrase));
}

Deno.test("hasContent: not in 1xx, 204 and 304, nor in the answer to HEAD (RFC 9110 section 6.4.1)", () => {
  const statuses = Array.from({ length: 500 }, (_, i) => i + 100);
  const without = statuses.filter((status) => !hasContent(status, false));
  assertEquals(without, [...Array.from({ length: 100 }, (_, i) => i + 100), 204, 304]);
  assertEquals(statuses.filter((status) => hasContent(status, true)), []);
});
