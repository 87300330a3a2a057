/**
 * `http1.ts`: heads of requests as a whole, field lines, limits and pipelining, in the order of RFC 9112; their targets
 * are in `request_target_test.ts`, where the message ends in `message_framing_test.ts`.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Limits } from "../src/config.ts";
import { decodeLatin1, parseFieldLine, parseRequestHead, trimBlank } from "../src/http1.ts";
import { HttpError } from "../src/errors.ts";
import type { RequestHead } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { assertFed, feed } from "./feed.ts";
import { decodeLatin1 as decodeBytes, encodeLatin1 } from "./octets.ts";
import {
  assertHead,
  BEFORE,
  BEHIND,
  fields,
  fixed,
  HeadTaker,
  LIMITS,
  outcomeOf,
  requestLine,
  showFraming,
  showLine,
  TCHAR,
  testEveryByte,
  testHeads,
} from "./head_rows.ts";

// Section 2: the message.

const showAll = ({ text: _text, ...head }: RequestHead) => ({ ...head, fieldLines: [...head.fieldLines] });

testHeads("RFC 9112 section 2", showAll, [
  [
    "the head of a browser",
    "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n",
    {
      method: "GET",
      target: { form: "origin", path: "/a/b", query: "?c=d" },
      minorVersion: 1,
      fieldLines: [["Host", "example.com:8080"], ["Accept", "*/*"], ["Connection", "keep-alive"]],
      framing: { kind: "none" },
      persistent: true,
      expectsContinue: false,
      requestLine: "GET /a/b?c=d HTTP/1.1",
    },
  ],
  ["the shortest head of HTTP/1.0", "A / HTTP/1.0\r\n\r\n", {
    method: "A",
    target: { form: "origin", path: "/", query: "" },
    minorVersion: 0,
    fieldLines: [],
    framing: { kind: "none" },
    persistent: false,
    expectsContinue: false,
    requestLine: "A / HTTP/1.0",
  }],
  [
    "a request with a body",
    "PUT /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
    {
      method: "PUT",
      target: { form: "origin", path: "/x", query: "" },
      minorVersion: 1,
      fieldLines: [["host", "a"], ["content-length", "5"], ["expect", "100-continue"], ["connection", "close"]],
      framing: { kind: "fixed", contentLength: 5 },
      persistent: false,
      expectsContinue: true,
      requestLine: "PUT /x HTTP/1.1",
    },
  ],
]);

testHeads("RFC 9112 section 2.1", showLine, [
  ["nothing at all", "", undefined],
  ["a method that may go on", "GET", undefined],
  ["a request line that may go on", "GET / HTTP/1.1", undefined],
  ["a request line without its LF", "GET / HTTP/1.1\r", undefined],
  ["a request line alone", "GET / HTTP/1.1\r\n", undefined],
  ["a field section that may go on", "GET / HTTP/1.1\r\nHost: a\r\n", undefined],
  ["a head without its last LF", "GET / HTTP/1.1\r\nHost: a\r\n\r", undefined],
  ["a complete head", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"],
]);

testHeads("RFC 9112 section 2.2", showLine, [
  ["one empty line before the request line is skipped", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"],
  ["an empty line before a request line that may go on", "\r\nGET /", undefined],
  ["two empty lines are refused", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["two empty lines are refused at once", "\r\n\r", 400],
  ["an empty line may be all there is", "\r\n", undefined],
  ["a lone CR may become an empty line", "\r", undefined],
  ["a lone LF", "\n", 400],
  ["LF before the request line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["CR before the request line", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["CR CR LF before the request line", "\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["an empty line and a space", "\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a space before the request line", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a tab before the request line", "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a byte order mark", "\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["NUL", "\0", 400],
  ["a TLS ClientHello is refused at its first byte", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["an SSLv2 ClientHello", "\x80\x2e\x01\x03\x01", 400],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["bare LF ends the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400],
  ["bare LF ends a field line", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400],
  ["bare LF ends the last field line", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400],
  ["bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400],
  ["bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["bare LF is refused before the head is complete", "GET / HTTP/1.1\n", 400],
  ["bare CR ends the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400],
  ["bare CR ends a field line", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400],
  ["bare CR everywhere has no end", "GET / HTTP/1.1\rHost: a\r\r", undefined],
  ["CR CR LF ends the request line", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400],
  ["CR CR LF ends a field line", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400],
  ["LF CR ends the lines", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", 400],
  ["bare CR in the target", requestLine("GET /\r HTTP/1.1"), 400],
  ["bare CR before a field name hides no field", fields("\rTransfer-Encoding: chunked"), 400],
  ["bare CR before a field name hides no length", fields("\rContent-Length: 5"), 400],
  ["bare CR before the first field name", "GET / HTTP/1.0\r\n\rX: y\r\n\r\n", 400],
  ["CR CR LF is no empty line", fields("\r", "Transfer-Encoding: chunked"), 400],
  ["CR CR LF is no end of a head", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", undefined],
  ["white space before the first field line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400],
  ["white space alone before the first field line", "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", 400],
  ["white space alone between field lines", fields(" ", "X: y"), 400],
]);

// Section 2.3: the version.

testHeads("RFC 9112 section 2.3", (head) => `1.${head.minorVersion}`, [
  ["HTTP/1.1", requestLine("GET / HTTP/1.1"), "1.1"],
  ["HTTP/1.0", requestLine("GET / HTTP/1.0"), "1.0"],
  ["a later minor version is read as HTTP/1.1", requestLine("GET / HTTP/1.2"), "1.1"],
  ["HTTP/1.9", requestLine("GET / HTTP/1.9"), "1.1"],
  ["HTTP/2.0", requestLine("GET / HTTP/2.0"), 505],
  ["HTTP/0.9", requestLine("GET / HTTP/0.9"), 505],
  ["HTTP/9.1", requestLine("GET / HTTP/9.1"), 505],
  ["a request of HTTP/0.9", "GET /\r\n\r\n", 400],
  ["a request of HTTP/0.9 with field lines", requestLine("GET /"), 400],
  ["no version", requestLine("GET / "), 400],
  ["lower case", requestLine("GET / http/1.1"), 400],
  ["mixed case", requestLine("GET / Http/1.1"), 400],
  ["no minor version", requestLine("GET / HTTP/1"), 400],
  ["no minor version behind the point", requestLine("GET / HTTP/1."), 400],
  ["no major version", requestLine("GET / HTTP/.1"), 400],
  ["two digits of minor version", requestLine("GET / HTTP/1.10"), 400],
  ["two digits of major version", requestLine("GET / HTTP/11.1"), 400],
  ["leading zeros", requestLine("GET / HTTP/01.01"), 400],
  ["a comma for the point", requestLine("GET / HTTP/1,1"), 400],
  ["a sign", requestLine("GET / HTTP/+1.1"), 400],
  ["another protocol", requestLine("GET / ICY/1.1"), 400],
  ["secure HTTP", requestLine("GET / HTTPS/1.1"), 400],
  ["a space behind the version", requestLine("GET / HTTP/1.1 "), 400],
  ["a tab behind the version", requestLine("GET / HTTP/1.1\t"), 400],
  ["a space in the version", requestLine("GET / HTTP/ 1.1"), 400],
  ["a word behind the version", requestLine("GET / HTTP/1.1 x"), 400],
  ["a field line behind the version", "GET / HTTP/1.1xxHost: a\r\n\r\n", 400],
  ["a field line behind the version and two spaces", "GET / HTTP/1.1  Host: a\r\n\r\n", 400],
  ["NUL behind the version", requestLine("GET / HTTP/1.1\0"), 400],
  ["two versions", requestLine("GET / HTTP/1.1 HTTP/1.1"), 400],
  ["a digit that is none of ASCII", requestLine("GET / HTTP/1.\xb9"), 400],
]);

// Section 5: field lines.

const showFields = (head: RequestHead) => [...head.fieldLines].slice(1);

testHeads<[name: string, value: string][]>("RFC 9112 section 5", showFields, [
  ["name and value keep their spelling", fields("X-Ab: Cd Ef"), [["X-Ab", "Cd Ef"]]],
  ["no space behind the colon", fields("X:y"), [["X", "y"]]],
  ["white space around the value is dropped", fields("X: \t y\t \t"), [["X", "y"]]],
  ["white space in the value is kept", fields("X: a \t b"), [["X", "a \t b"]]],
  ["an empty value", fields("X:"), [["X", ""]]],
  ["an empty value with white space", fields("X: \t "), [["X", ""]]],
  ["colons in the value", fields("X: :a::b:"), [["X", ":a::b:"]]],
  ["duplicates keep their order", fields("X: 1", "y: 2", "x: 3", "X: 1"), [["X", "1"], ["y", "2"], ["x", "3"], [
    "X",
    "1",
  ]]],
  ["a name of every tchar", fields("!#$%&'*+-.^_`|~09AZaz: v"), [["!#$%&'*+-.^_`|~09AZaz", "v"]]],
  ["obs-text is kept byte for byte", fields("X: \x80\xa0\xe9\xff"), [["X", "\x80\xa0\xe9\xff"]]],
  ["UTF-8 is kept byte for byte", fields("X: \xc3\xa9"), [["X", "\xc3\xa9"]]],
  ["a byte order mark is kept", fields("X: \xef\xbb\xbfa"), [["X", "\xef\xbb\xbfa"]]],
  ["a replacement character is kept", fields("X: \xef\xbf\xbd"), [["X", "\xef\xbf\xbd"]]],
  ["a no-break space is no white space", fields("X: \xa0y\xa0"), [["X", "\xa0y\xa0"]]],
  ["NEL is no white space", fields("X: \x85y\x85"), [["X", "\x85y\x85"]]],
  ["a name of JavaScript", fields("__proto__: 1", "constructor: 2"), [["__proto__", "1"], ["constructor", "2"]]],
  ["a space before the colon", fields("X : y"), 400],
  ["a tab before the colon", fields("X\t: y"), 400],
  ["CR LF before the colon", fields("X", ": y"), 400],
  ["no colon", fields("X y"), 400],
  ["a name alone", fields("X"), 400],
  ["an empty name", fields(": y"), 400],
  ["a colon alone", fields(":"), 400],
  ["a space in the name", fields("X Y: z"), 400],
  ["a slash in the name", fields("X/Y: z"), 400],
  ["a quote in the name", fields('"X": z'), 400],
  ["brackets in the name", fields("X[0]: z"), 400],
  ["a name beyond ASCII", fields("\xc9: z"), 400],
  ["a long s for an s", fields("Tran\xc5\xbffer-Encoding: chunked"), 400],
  ["NUL in the name", fields("X\0: y"), 400],
  ["NUL in the value", fields("X: a\0b"), 400],
  ["NUL behind the value", fields("X: a\0"), 400],
  ["a backspace in the value", fields("X: a\bb"), 400],
  ["ESC in the value", fields("X: \x1b[31m"), 400],
  ["a vertical tab in the value", fields("X: a\x0bb"), 400],
  ["a form feed in the value", fields("X: a\x0cb"), 400],
  ["DEL in the value", fields("X: a\x7fb"), 400],
  ["bare CR in the value", fields("X: a\rb"), 400],
  ["bare CR behind the colon", fields("X:\ry"), 400],
  ["bare LF in the value", fields("X: a\nTransfer-Encoding: chunked"), 400],
  ["obs-fold with a space", fields("X: a", " b"), 400],
  ["obs-fold with a tab", fields("X: a", "\tb"), 400],
  ["obs-fold in front of a length", fields("X: a", " Content-Length: 5"), 400],
  ["obs-fold of an empty value", fields("Transfer-Encoding:", " chunked"), 400],
  ["a second request line", fields("GET /b HTTP/1.1"), 400],
  ["a chunk-size line", fields("5"), 400],
]);

testEveryByte(
  "in a field name",
  (head) => [...head.fieldLines].length === 3,
  (byte) => `A${byte}B: c`,
  (byte) => TCHAR.test(byte) || byte === ":" ? true : 400,
);

// Section 3: limits.

const SMALL: Limits = { ...LIMITS, headBytes: 64, targetBytes: 10, fieldLines: 3 };
/** A head of so many bytes. */
const headOf = (length: number) => `GET / HTTP/1.1\r\nHost: ${"a".repeat(length - 26)}\r\n\r\n`;
const lines = (count: number) => fields(...Array(count - 1).fill("X:"));

testHeads("limits, RFC 9112 section 3", showLine, [
  ["one byte less than headBytes", headOf(63), "GET / HTTP/1.1"],
  ["as many as headBytes", headOf(64), "GET / HTTP/1.1"],
  ["one byte more than headBytes", headOf(65), 431],
  ["as many as headBytes, and no end", headOf(68).slice(0, 64), 431],
  ["one byte less than headBytes, and no end", headOf(68).slice(0, 63), undefined],
  ["the empty line before does not count", `\r\n${headOf(64)}`, "GET / HTTP/1.1"],
  ["one byte more than headBytes behind an empty line", `\r\n${headOf(65)}`, 431],
  ["one byte less than targetBytes", requestLine(`GET /${"a".repeat(8)} HTTP/1.1`), "GET /aaaaaaaa HTTP/1.1"],
  ["as many as targetBytes", requestLine(`GET /${"a".repeat(9)} HTTP/1.1`), "GET /aaaaaaaaa HTTP/1.1"],
  ["one byte more than targetBytes", requestLine(`GET /${"a".repeat(10)} HTTP/1.1`), 414],
  ["the query counts", requestLine(`GET /?${"a".repeat(9)} HTTP/1.1`), 414],
  ["the authority counts", requestLine("GET http://aaaa HTTP/1.1"), 414],
  ["a request line as long as headBytes, and no end", `GET /${"a".repeat(59)}`, 414],
  ["a method as long as headBytes", "A".repeat(64), 414],
  ["a method that may go on", "A".repeat(63), undefined],
  ["a request line that ends at headBytes", `GET /${"a".repeat(48)} HTTP/1.1\r\n`, 431],
  ["one line less than fieldLines", lines(2), "POST / HTTP/1.1"],
  ["as many lines as fieldLines", lines(3), "POST / HTTP/1.1"],
  ["one line more than fieldLines", lines(4), 431],
  ["bare LF is found before the head is too long", `GET / HTTP/1.1\n${"a".repeat(80)}`, 400],
], SMALL);

Deno.test("parseRequestHead: the bounds of the default limits", () => {
  const check = (bytes: string, expected: string | number) => {
    const input = encodeLatin1(bytes);
    for (const step of [1, 7, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 16_383, 16_384, 20_000]) {
      const pieces = Array.from(
        { length: Math.ceil(input.length / step) },
        (_, i) => input.subarray(i * step, i * step + step),
      );
      const outcome = feed(pieces, new HeadTaker(showLine, LIMITS, 1), LIMITS.headBytes);
      assertEquals(outcome, outcomeOf(bytes, expected), `in steps of ${step}`);
    }
  };
  const target = (length: number) => `/${"a".repeat(length - 1)}`;
  check(headOf(16_384), "GET / HTTP/1.1");
  check(headOf(16_385), 431);
  check(requestLine(`GET ${target(8192)} HTTP/1.1`), `GET ${target(8192)} HTTP/1.1`);
  check(requestLine(`GET ${target(8193)} HTTP/1.1`), 414);
  check(requestLine(`GET ${target(20_000)} HTTP/1.1`), 414);
  check(lines(100), "POST / HTTP/1.1");
  check(lines(101), 431);
});

// Section 9.3.2: pipelining.

Deno.test("parseRequestHead: pipelined heads are taken one after the other, RFC 9112 section 9.3.2", () => {
  const bytes = [
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\n\r\n",
    "GET http://b/4 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /5",
  ].join("");
  const found = ["GET /1 HTTP/1.1", "HEAD /2 HTTP/1.1", "OPTIONS * HTTP/1.0", "GET http://b/4 HTTP/1.1"];
  assertFed(bytes, { found, rest: "GET /5" }, () => new HeadTaker(showLine, LIMITS, Infinity));
});

Deno.test("parseRequestHead: a fault behind pipelined heads takes none of them away", () => {
  const bytes = `${BEFORE}${BEFORE}GET / HTTP/1.1\n`;
  const found = ["GET /1 HTTP/1.1", "GET /1 HTTP/1.1"];
  assertFed(bytes, { found, refused: { status: 400, close: true } }, () => new HeadTaker(showLine, LIMITS, Infinity));
});

Deno.test("parseRequestHead leaves a body where it is", () => {
  const bytes = `${fields("Content-Length: 29")}${BEFORE}`;
  assertFed(bytes, { found: [fixed(29)], rest: BEFORE }, () => new HeadTaker(showFraming, LIMITS, 1));
});

// Heads that come again.

const REPEATED: readonly string[] = [
  requestLine("GET /a HTTP/1.1"),
  fields("Content-Length: 5", `X-Text: \xe9${"x".repeat(80)}`, "X-More: \xef\xbb\xbf", "Last: 1"),
  "GET / HTTP/1.0\r\n\r\n",
];

for (const [at, text] of REPEATED.entries()) {
  Deno.test(`parseRequestHead: a head like the one before is that one, and one that differs is parsed (${at})`, () => {
    const previous = parse(text);
    assert(typeof previous === "object");
    assertStrictEquals(parse(text, previous), previous);
    assertStrictEquals(parse(text + BEHIND, previous), previous);
    const others = Array.from(text).flatMap((character, index) => {
      const replaced = [character === "z" ? "y" : "z", "\r", String.fromCharCode(character.charCodeAt(0) ^ 0x80)];
      return ["", ...replaced].map((other) => text.slice(0, index) + other + text.slice(index + 1));
    });
    for (const other of [...others, ...REPEATED, text.slice(0, -1), `\r\n${text}`]) {
      assertEquals(parse(other, previous), parse(other), other);
    }
  });
}

Deno.test("parseRequestHead compares with the head before once, however slowly one comes that begins like it", () => {
  let cut = 0;
  class Counted extends Uint8Array<ArrayBuffer> {
    override subarray(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
      cut += end - start;
      return new Uint8Array(this.buffer, this.byteOffset + start, end - start);
    }
  }
  const text = fields(`X: ${"\xe9".repeat(500)}`);
  const previous = parse(text);
  assert(typeof previous === "object");
  const buffer = new ReceiveBuffer(LIMITS.headBytes);
  buffer.bytes = new Counted(new ArrayBuffer(LIMITS.headBytes));
  for (const byte of encodeLatin1(text.slice(0, -2) + "Y: z".repeat(1_000))) {
    buffer.bytes[buffer.end] = byte;
    buffer.received(1);
    assertStrictEquals(parseRequestHead(buffer, LIMITS, previous), undefined);
  }
  assertEquals(cut, text.length);
});

/** The head at the front of some bytes, or the status of what is thrown. */
function parse(bytes: string, previous?: RequestHead): RequestHead | number | undefined {
  const buffer = new ReceiveBuffer(LIMITS.headBytes);
  buffer.room().set(encodeLatin1(bytes));
  buffer.received(bytes.length);
  try {
    return parseRequestHead(buffer, LIMITS, previous);
  } catch (error) {
    if (error instanceof HttpError) return error.status;
    throw error;
  }
}

// Field lines as a collection, RFC 9110 section 5.3.

Deno.test("FieldLines finds the first line of a field by its name in lower case (RFC 9110 section 5.1)", () => {
  const view = ({ fieldLines }: RequestHead) => [
    fieldLines.size,
    fieldLines.get("accept") ?? null,
    fieldLines.get("accepx") ?? null,
    fieldLines.get("x-empty") ?? null,
    fieldLines.get("Accept") ?? null,
  ];
  const bytes = fields("Accept: a, b", "X-Empty:", "ACCEPT: c", "Accept-Language: d", "accept:");
  assertHead<readonly unknown[]>(view, ["", bytes, [6, "a, b", null, "", null]]);
});

Deno.test("parseFieldLine returns where the next line begins, and where name and value are", () => {
  const offsets = [9];
  const text = "a: b\r\nName:  value \r\nc: d\r\n";
  assertEquals(parseFieldLine(text, 6, offsets), 21);
  assertEquals(offsets, [9, 6, 10, 13, 18]);
});

Deno.test("parseRequestHead escapes and shortens what it quotes for the log", () => {
  const buffer = new ReceiveBuffer(LIMITS.headBytes);
  const bytes = encodeLatin1(requestLine(`GET ${"\x1b".repeat(500)} HTTP/1.1`));
  buffer.room().set(bytes);
  buffer.received(bytes.length);
  const { message } = assertThrows(() => parseRequestHead(buffer, LIMITS), HttpError);
  assert(message.includes("\\u001b") && !message.includes("\x1b"), message);
  assert(message.length < 600, `${message.length} characters`);
});

Deno.test("decodeLatin1: every byte is one character, alone and in the company of ASCII", () => {
  for (let code = 0; code < 256; code++) {
    for (const text of [String.fromCharCode(code), `a${String.fromCharCode(code)}b`]) {
      assertEquals(decodeLatin1(encodeLatin1(text)), text);
    }
  }
  const all = decodeBytes(Uint8Array.from({ length: 256 }, (_, code) => code));
  for (
    const text of [
      "",
      all,
      "\xef\xbb\xbf",
      "\xef\xbb\xbfa",
      "\xef\xbf\xbd",
      "\xf0\x9f\x90\x9f",
      "\xed\xa0\x80",
      "\xc0\xae",
      "\xc3",
    ]
  ) {
    assertEquals(decodeLatin1(encodeLatin1(text)), text);
  }
});

Deno.test("trimBlank takes off OWS and nothing else, in time linear in it (RFC 9110 section 5.6.3)", () => {
  const rows = [["", ""], [" \t", ""], [" a b\t", "a b"], ["\u00a0a\u00a0", "\u00a0a\u00a0"], [
    "\na\r",
    "\na\r",
  ]] as const;
  for (const [text, trimmed] of rows) assertEquals(trimBlank(text), trimmed);
  // An expression takes minutes for this.
  assertEquals(trimBlank(`x${" ".repeat(1 << 20)}y`).length, 2 + (1 << 20));
});
