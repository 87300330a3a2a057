/** Where a request ends: RFC 9112 sections 6, 7 and 11.2. */

import { get, group, raw, request, type Row, rule } from "../row.ts";

const ANSWERED = { status: ["2xx", 304, "4xx", 501] } as const;
const REFUSED = { status: [400, 501] } as const;
/** What must never be taken for a request of its own. */
const SMUGGLED = "GET /other.txt HTTP/1.1\r\nHost: smuggled\r\n\r\n";

/** A request with a body that looks like a request. */
function withBody(method: string, fieldLines: readonly string[], body: string): string {
  return request(method, "/ten.txt", ...fieldLines) + body;
}

function chunks(...pieces: readonly string[]): string {
  return pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("") + "0\r\n\r\n";
}

const CHUNKED = "Transfer-Encoding: chunked";

const INVALID_LENGTHS = ["-1", "0x5", "5a", "5.0", "1e1", "", "five", "5,6", "5 5", '"5"', "5;", "\xb2"];

/** Chunked bodies whose end a strict and a lenient reader see differently. */
const BROKEN_CHUNKS: readonly (readonly [name: string, body: string])[] = [
  ["a chunk size that is no number", "xyz\r\nhello\r\n0\r\n\r\n"],
  ["a chunk size of nothing", "\r\nhello\r\n0\r\n\r\n"],
  ["a chunk size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"],
  ["a chunk size with a minus", "-5\r\nhello\r\n0\r\n\r\n"],
  ["a chunk size with a plus", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a chunk size of 17 digits", "10000000000000005\r\nhello\r\n0\r\n\r\n"],
  ["no CRLF behind the data of a chunk", "5\r\nhelloX\r\n0\r\n\r\n"],
  ["more data than the chunk size says", "3\r\nhello\r\n0\r\n\r\n"],
  ["a bare CR behind the chunk size", "5\rhello\r\n0\r\n\r\n"],
];

const BROKEN_CODINGS = [
  ...["xchunked", "chunkedx", "chunked, gzip", "identity", "chunked, identity", "chunked;q=1", "\x0bchunked", "chunk"],
  ...["gzip", '"chunked"', "chunked chunked"],
];

/** Rows about framing. */
export const FRAMING: readonly Row[] = group("framing", [
  rule("RFC 9112 section 6.1", "Content-Length beside Transfer-Encoding: refused, or read as chunked; then the end", [
    {
      name: "Content-Length and Transfer-Encoding",
      send: withBody("GET", ["Content-Length: 5", CHUNKED], chunks() + SMUGGLED),
      expect: ANSWERED,
      ends: "closed",
      core: 32,
    },
    {
      name: "Transfer-Encoding and Content-Length",
      send: withBody("GET", [CHUNKED, "Content-Length: 5"], chunks() + SMUGGLED),
      expect: ANSWERED,
      ends: "closed",
    },
    {
      name: "Content-Length and Transfer-Encoding on POST",
      send: withBody("POST", ["Content-Length: 4", CHUNKED], chunks("hello") + SMUGGLED),
      expect: ANSWERED,
      ends: "closed",
    },
    {
      name: "Transfer-Encoding in an HTTP/1.0 request",
      send: raw("POST /ten.txt HTTP/1.0", "Host: <<host>>", "Connection: keep-alive", CHUNKED) + chunks("hello") +
        SMUGGLED,
      expect: ANSWERED,
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 6.3", "An invalid Content-Length is answered 400 and the connection ends", [
    {
      name: "two differing Content-Length lines",
      send: withBody("GET", ["Content-Length: 5", "Content-Length: 6"], "hello"),
      expect: { status: 400 },
      ends: "closed",
      core: 33,
    },
    {
      name: "Content-Length: +3",
      send: withBody("GET", ["Content-Length: +3"], "abc"),
      expect: { status: 400 },
      ends: "closed",
      core: 34,
    },
    ...INVALID_LENGTHS.map((value) => ({
      name: `Content-Length: ${value || "nothing"}`,
      send: withBody("GET", [`Content-Length: ${value}`], "hello"),
      expect: { status: 400 },
      ends: "closed" as const,
    })),
    {
      name: "Content-Length of 30 digits",
      send: withBody("POST", [`Content-Length: ${"9".repeat(30)}`], "hello"),
      expect: { status: [400, 413] },
      ends: "closed",
    },
    {
      name: "Content-Length that is 5 modulo 2^64",
      send: withBody("GET", ["Content-Length: 18446744073709551621"], `hello${SMUGGLED}`),
      expect: { status: [400, 413] },
      ends: "closed",
    },
    {
      name: "two equal Content-Length lines: refused, or taken as one",
      send: withBody("GET", ["Content-Length: 5", "Content-Length: 5"], "hello"),
      expect: ANSWERED,
    },
    {
      name: "Content-Length: 5, 5 refused, or taken as one",
      send: withBody("GET", ["Content-Length: 5, 5"], "hello"),
      expect: ANSWERED,
    },
  ]),
  rule(
    "RFC 9112 section 6.3",
    "Where chunked is not the last coding the length is not known: 400 or 501, and the end",
    [
      {
        name: "Transfer-Encoding: xchunked",
        send: withBody("POST", ["Transfer-Encoding: xchunked"], chunks("hello") + SMUGGLED),
        expect: REFUSED,
        ends: "closed",
        core: 35,
      },
      ...BROKEN_CODINGS.slice(1).map((coding) => ({
        name: `Transfer-Encoding: ${coding}`,
        send: withBody("POST", [`Transfer-Encoding: ${coding}`], chunks("hello") + SMUGGLED),
        expect: REFUSED,
        ends: "closed" as const,
      })),
      {
        name: "Transfer-Encoding: chunked, chunked",
        send: withBody("POST", ["Transfer-Encoding: chunked, chunked"], chunks("hello") + SMUGGLED),
        expect: REFUSED,
        ends: "closed",
      },
      {
        name: "Transfer-Encoding in two lines, the last unknown",
        send: withBody("POST", [CHUNKED, "Transfer-Encoding: x"], chunks("hello") + SMUGGLED),
        expect: REFUSED,
        ends: "closed",
      },
      {
        name: "Transfer-Encoding: gzip, chunked is not known or refused with its body",
        send: withBody("POST", ["Transfer-Encoding: gzip, chunked"], chunks("hello")),
        expect: { status: [501, 400, 405, 415] },
      },
    ],
  ),
  rule("RFC 9112 section 9.3", "The body of a request is read or the connection ends; it is never the next request", [
    {
      name: "GET with a body that looks like a request",
      send: withBody("GET", [`Content-Length: ${SMUGGLED.length}`], SMUGGLED),
      expect: ANSWERED,
      core: 36,
    },
    {
      name: "HEAD with such a body",
      send: withBody("HEAD", [`Content-Length: ${SMUGGLED.length}`], SMUGGLED),
      expect: ANSWERED,
    },
    ...["POST", "PUT", "DELETE", "OPTIONS", "FOO"].map((method) => ({
      name: `${method} with such a body`,
      send: withBody(method, [`Content-Length: ${SMUGGLED.length}`], SMUGGLED),
      expect: ANSWERED,
    })),
    {
      name: "GET with such a body in chunks",
      send: withBody("GET", [CHUNKED], chunks(SMUGGLED, SMUGGLED)),
      expect: ANSWERED,
    },
    {
      name: "POST with such a body in chunks",
      send: withBody("POST", [CHUNKED], chunks(SMUGGLED)),
      expect: ANSWERED,
    },
    {
      name: "a body on a conditional request that is 304",
      send: withBody("GET", ["If-Modified-Since: <<now 0>>", `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
      expect: ANSWERED,
    },
    {
      name: "a body on what is 404",
      send: request("GET", "/nothing", `Content-Length: ${SMUGGLED.length}`) + SMUGGLED,
      expect: { status: "4xx" },
    },
    {
      name: "a body of 300 KB that nobody wants",
      send: withBody("POST", ["Content-Length: 300000"], "x".repeat(300_000)),
      expect: ANSWERED,
    },
    { name: "Content-Length: 0", send: get("/ten.txt", "Content-Length: 0"), expect: { status: 200 }, ends: "open" },
    { name: "Content-Length: 000", send: get("/ten.txt", "Content-Length: 000"), expect: ANSWERED },
  ]),
  rule("RFC 9112 section 7.1", "A server reads the chunked coding, with extensions and trailers", [
    {
      name: "several chunks",
      send: withBody("GET", [CHUNKED], chunks("a", "bc", "d".repeat(30))),
      expect: ANSWERED,
    },
    { name: "no chunk but the last", send: withBody("GET", [CHUNKED], chunks()), expect: ANSWERED },
    {
      name: "CHUNKED in upper case",
      send: withBody("GET", ["TRANSFER-ENCODING: CHUNKED"], chunks("hello")),
      expect: ANSWERED,
    },
    {
      name: "sizes with leading zeros",
      send: withBody("GET", [CHUNKED], "0005\r\nhello\r\n000\r\n\r\n"),
      expect: ANSWERED,
    },
    { name: "sizes in upper case", send: withBody("GET", [CHUNKED], "A\r\n0123456789\r\n0\r\n\r\n"), expect: ANSWERED },
    {
      name: "chunk extensions",
      send: withBody("GET", [CHUNKED], '5;a\r\nhello\r\n5;b=c;d="e;f"\r\nworld\r\n0;last\r\n\r\n'),
      expect: ANSWERED,
    },
    {
      name: "trailers, which change nothing",
      send: withBody("GET", [CHUNKED], "5\r\nhello\r\n0\r\nRange: bytes=0-0\r\nContent-Length: 9\r\n\r\n"),
      expect: { status: [200, 400, 405, 501] },
    },
    ...BROKEN_CHUNKS.map(([name, body]) => ({
      name,
      send: withBody("POST", [CHUNKED], body + SMUGGLED),
      expect: ANSWERED,
      ends: "closed" as const,
    })),
  ]),
]);
