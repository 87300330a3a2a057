/** The strict reader of answers: what it takes, and that it refuses each kind of mistake. RFC 9112 sections 4 to 7. */

import { assertEquals, assertThrows } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../octets.ts";
import { parseAnswer, ResponseError } from "./response.ts";

const GET = { method: "GET", minor: 1 };
const HEAD = { method: "HEAD", minor: 1 };
const OLD = { method: "GET", minor: 0 };

const VALID: readonly (readonly [text: string, asked: typeof GET, body: string, rest: string])[] = [
  ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabNEXT", GET, "ab", "NEXT"],
  ["HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nab", GET, "ab", ""],
  ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nNEXT", HEAD, "", "NEXT"],
  ["HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nNEXT", GET, "", "NEXT"],
  ["HTTP/1.1 204 No Content\r\n\r\nNEXT", GET, "", "NEXT"],
  ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", GET, "a", ""],
  [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r\nNEXT",
    GET,
    "ab0123456789",
    "NEXT",
  ],
  ["HTTP/1.0 200 OK\r\n\r\nto the end", GET, "to the end", ""],
];

const INVALID: readonly (readonly [name: string, text: string, asked?: typeof GET])[] = [
  ["garbage", "0123456789"],
  ["two versions", "HTTP/2.0 200 OK\r\n\r\n"],
  ["status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["no space behind the status", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"],
  ["bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
  ["bare CR", "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"],
  ["obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"],
  ["space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"],
  ["NUL in a value", "HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"],
  ["a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na"],
  ["length and coding", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["length with 204", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"],
  ["coding for HTTP/1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", OLD],
  ["interim for HTTP/1.0", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OLD],
  ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"],
  ["chunk data too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"],
  ["a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"],
  ["chunks cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
  ["a head cut short", "HTTP/1.1 200 OK\r\nContent-"],
  ["a date in another form", "HTTP/1.1 200 OK\r\nDate: Sunday, 06-Nov-94 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"],
  ["a tag without quotes", "HTTP/1.1 200 OK\r\nETag: abc\r\nContent-Length: 0\r\n\r\n"],
  ["two tags", 'HTTP/1.1 200 OK\r\nETag: "a"\r\nETag: "a"\r\nContent-Length: 0\r\n\r\n'],
  ["an impossible range", "HTTP/1.1 206 OK\r\nContent-Range: bytes 0--1/0\r\nContent-Length: 0\r\n\r\n"],
];

Deno.test("parseAnswer reads what is right, at every split, RFC 9112 section 6.3", () => {
  for (const [text, asked, body, rest] of VALID) {
    const bytes = encodeLatin1(text);
    const parsed = parseAnswer(bytes, asked, true);
    assertEquals(parsed && decodeLatin1(parsed.answer.body), body, text);
    assertEquals(text.slice(parsed?.length), rest, text);
    const isDelimited = parsed?.answer.framing !== "close";
    for (let end = 1; end < text.length - rest.length; end++) {
      assertEquals(parseAnswer(bytes.subarray(0, end), asked, false), undefined, `${end} bytes of ${text}`);
    }
    assertEquals(parseAnswer(bytes, asked, false) !== undefined, isDelimited, text);
  }
});

for (const [name, text, asked = GET] of INVALID) {
  Deno.test(`parseAnswer refuses ${name}, RFC 9112`, () => {
    assertThrows(() => parseAnswer(encodeLatin1(text), asked, true), ResponseError);
  });
}
