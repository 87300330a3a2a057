/**
 * `body_decoder.ts`: RFC 9112 sections 6.2 and 7.1. A row is the bytes behind a head and what comes of them: the content,
 * whether the body has ended, and exactly what is left in the buffer; or the content before the fault and its status.
 *
 * Each row is fed in every way (`feed.ts`), and each complete body also before bytes that must stay in the buffer.
 */

import { assertEquals } from "@std/assert";
import { createBodyDecoder } from "../src/body_decoder.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { Limits } from "../src/config.ts";
import type { MessageFraming } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { assertFed, feed } from "./feed.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import type { Outcome, Taker } from "./feed.ts";

/** The content of a body that has ended, of one that goes on, or up to a fault with this status. */
type Expected = { ended: string } | { open: string } | { content: string; status: number };
type Row = readonly [name: string, bytes: string, expected: Expected];

const { limits: LIMITS } = DEFAULT_OPTIONS;
const BEHIND = "5\r\n\r\n\0GET";

interface Found {
  readonly content: string;
  readonly done: boolean;
}

/** Takes a body as a connection does. */
class BodyTaker implements Taker<Found> {
  readonly #decoder;
  #content = "";

  constructor(framing: MessageFraming, limits: Limits) {
    this.#decoder = createBodyDecoder(framing, limits);
  }

  take(buffer: ReceiveBuffer): void {
    while (!this.#decoder.done) {
      const piece = this.#decoder.next(buffer);
      if (piece === undefined) return;
      this.#content += decodeLatin1(piece);
    }
  }

  found(): Found {
    return { content: this.#content, done: this.#decoder.done };
  }
}

function outcomeOf(expected: Expected, rest: string): Outcome<Found> {
  if ("ended" in expected) return { found: { content: expected.ended, done: true }, rest };
  if ("open" in expected) return { found: { content: expected.open, done: false }, rest };
  return { found: { content: expected.content, done: false }, refused: { status: expected.status, close: true } };
}

/** What a body that goes on leaves in the buffer: a line or a line end that is not complete. */
function unfinished(bytes: string, content: string): string {
  const behind = bytes.slice(bytes.lastIndexOf("\n") + 1);
  if (content !== "" && bytes.endsWith(`${content}\r`)) return "\r";
  return content !== "" && bytes.endsWith(content) ? "" : behind;
}

function testBodies(section: string, framing: MessageFraming, rows: readonly Row[], limits: Limits = LIMITS): void {
  for (const [name, bytes, expected] of rows) {
    Deno.test(`${framing.kind} body: ${name} (${section})`, () => {
      const start = () => new BodyTaker(framing, limits);
      const rest = "open" in expected ? unfinished(bytes, expected.open) : "";
      assertFed(bytes, outcomeOf(expected, rest), start, limits.headBytes);
      if ("ended" in expected) assertFed(bytes + BEHIND, outcomeOf(expected, BEHIND), start, limits.headBytes);
    });
  }
}

const fixed = (contentLength: number): MessageFraming => ({ kind: "fixed", contentLength });
const CHUNKED: MessageFraming = { kind: "chunked" };
const bad = (content = "", status = 400): Expected => ({ content, status });

testBodies("RFC 9112 section 6.3", { kind: "none" }, [["has ended before it begins", "", { ended: "" }]]);

testBodies("RFC 9112 section 6.2", fixed(0), [["length 0 has ended before it begins", "", { ended: "" }]]);
testBodies("RFC 9112 section 6.2", fixed(5), [
  ["exactly the length", "hello", { ended: "hello" }],
  ["every byte is content", "\r\n\0\n\xff", { ended: "\r\n\0\n\xff" }],
  ["less than the length", "hell", { open: "hell" }],
  ["nothing yet", "", { open: "" }],
]);
testBodies("RFC 9112 section 6.2", fixed(Number.MAX_SAFE_INTEGER), [
  ["a length without an end", "hello", { open: "hello" }],
]);

testBodies("RFC 9112 section 7.1", CHUNKED, [
  ["no content", "0\r\n\r\n", { ended: "" }],
  ["one chunk", "5\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["several chunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", { ended: "abcdef" }],
  ["lower-case digits", "a\r\n0123456789\r\n0\r\n\r\n", { ended: "0123456789" }],
  ["upper-case digits", "F\r\n0123456789abcde\r\n0\r\n\r\n", { ended: "0123456789abcde" }],
  ["two digits are hexadecimal", "10\r\n0123456789abcdef\r\n0\r\n\r\n", { ended: "0123456789abcdef" }],
  ["leading zeros", "0005\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["many zeros", "5\r\nhello\r\n0000000000\r\n\r\n", { ended: "hello" }],
  ["leading zeros beyond 64 bits", `${"0".repeat(40)}5\r\nhello\r\n0\r\n\r\n`, { ended: "hello" }],
  ["every byte is content", "6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", { ended: "\r\n0\r\n\r" }],
  ["a chunk that looks like the end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", { ended: "0\r\n\r\n" }],
  ["a request in a chunk", "11\r\nGET /x HTTP/1.1\r\n\r\n0\r\n\r\n", { ended: "GET /x HTTP/1.1\r\n" }],
  ["the bytes behind the end are no chunk", "0\r\n\r\n", { ended: "" }],
]);

testBodies("RFC 9112 section 7.1, not complete", CHUNKED, [
  ["nothing", "", { open: "" }],
  ["a size", "5", { open: "" }],
  ["a size line without its LF", "5\r", { open: "" }],
  ["a size line", "5\r\n", { open: "" }],
  ["a part of the data", "5\r\nhel", { open: "hel" }],
  ["the data", "5\r\nhello", { open: "hello" }],
  ["the data and CR", "5\r\nhello\r", { open: "hello" }],
  ["a chunk", "5\r\nhello\r\n", { open: "hello" }],
  ["the last size", "5\r\nhello\r\n0", { open: "hello" }],
  ["the last chunk", "5\r\nhello\r\n0\r\n", { open: "hello" }],
  ["the last chunk and CR", "0\r\n\r", { open: "" }],
  ["a part of a trailer", "0\r\nX: y\r", { open: "" }],
  ["a trailer", "0\r\nX: y\r\n", { open: "" }],
  ["the largest safe integer", "1fffffffffffff\r\nhello", { open: "hello" }],
]);

testBodies("RFC 9112 section 7.1, chunk-size", CHUNKED, [
  ["empty", "\r\nhello\r\n0\r\n\r\n", bad()],
  ["empty behind a chunk", "5\r\nhello\r\n\r\n0\r\n\r\n", bad("hello")],
  ["0x5", "0x5\r\nhello\r\n0\r\n\r\n", bad()],
  ["0X5", "0X5\r\nhello\r\n0\r\n\r\n", bad()],
  ["x5", "x5\r\nhello\r\n0\r\n\r\n", bad()],
  ["\\x5", "\\x5\r\nhello\r\n0\r\n\r\n", bad()],
  ["5h", "5h\r\nhello\r\n0\r\n\r\n", bad()],
  ["g", "g\r\nhello\r\n0\r\n\r\n", bad()],
  ["+5", "+5\r\nhello\r\n0\r\n\r\n", bad()],
  ["-5", "-5\r\nhello\r\n0\r\n\r\n", bad()],
  ["-0", "-0\r\n\r\n", bad()],
  ["5.0", "5.0\r\nhello\r\n0\r\n\r\n", bad()],
  ["1_0", "1_0\r\n0123456789abcdef\r\n0\r\n\r\n", bad()],
  ["5,5", "5,5\r\nhello\r\n0\r\n\r\n", bad()],
  ["5 5", "5 5\r\nhello\r\n0\r\n\r\n", bad()],
  ["quoted", '"5"\r\nhello\r\n0\r\n\r\n', bad()],
  ["NaN", "NaN\r\n", bad()],
  ["a space before", " 5\r\nhello\r\n0\r\n\r\n", bad()],
  ["a tab before", "\t5\r\nhello\r\n0\r\n\r\n", bad()],
  ["a space behind", "5 \r\nhello\r\n0\r\n\r\n", bad()],
  ["a tab behind", "5\t\r\nhello\r\n0\r\n\r\n", bad()],
  ["a space behind the last", "0 \r\n\r\n", bad()],
  ["a vertical tab behind", "5\x0b\r\nhello\r\n0\r\n\r\n", bad()],
  ["a form feed behind", "5\x0c\r\nhello\r\n0\r\n\r\n", bad()],
  ["a no-break space behind", "5\xa0\r\nhello\r\n0\r\n\r\n", bad()],
  ["NUL behind", "5\0\r\nhello\r\n0\r\n\r\n", bad()],
  ["NUL before", "\x005\r\nhello\r\n0\r\n\r\n", bad()],
  ["a digit that is none of ASCII", "\xb2\r\nhe\r\n0\r\n\r\n", bad()],
  ["a letter that is none of ASCII", "\xef\xbc\x95\r\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF ends the line", "5\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF ends the last line", "0\n\r\n", bad()],
  ["LF alone", "\n", bad()],
  ["bare CR ends the line", "5\rhello\r\n0\r\n\r\n", bad()],
  ["CR CR LF ends the line", "5\r\r\nhello\r\n0\r\n\r\n", bad()],
  ["LF CR ends the line", "5\n\rhello\r\n0\r\n\r\n", bad()],
  ["one more than the largest safe integer", "20000000000000\r\n", bad()],
  ["what rounds to a safe integer", "20000000000001\r\n", bad()],
  ["2 to the 32 and 5 is not 5", "100000005\r\nhello\r\n", { open: "hello\r\n" }],
  ["2 to the 64 and 5 is not 5", "10000000000000005\r\nhello\r\n0\r\n\r\n", bad()],
  ["16 digits", "ffffffffffffffff\r\n", bad()],
  ["100 digits", `${"f".repeat(100)}\r\n`, bad()],
  ["a second request in place of a size", "5\r\nhello\r\nGET / HTTP/1.1\r\n\r\n", bad("hello")],
]);

testBodies("RFC 9112 section 7.1.1, chunk-ext", CHUNKED, [
  ["a name", "5;a\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["a name and a value", "5;a=b\r\nhello\r\n0;c=d\r\n\r\n", { ended: "hello" }],
  ["several", "5;a;b=c;d\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["a quoted value", '5;a="b c"\r\nhello\r\n0\r\n\r\n', { ended: "hello" }],
  ["delimiters in a quoted value", '5;a="b;c=\\"d\\\\,\t\xe9"\r\nhello\r\n0\r\n\r\n', { ended: "hello" }],
  ["white space around the delimiters", "5 \t; a = b ;c\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["a size as a name", "5;0\r\nhello\r\n0\r\n\r\n", { ended: "hello" }],
  ["NUL", "5;a\0b\r\nhello\r\n0\r\n\r\n", bad()],
  ["a control character", "5;a\x01\r\nhello\r\n0\r\n\r\n", bad()],
  ["DEL", "5;a\x7f\r\nhello\r\n0\r\n\r\n", bad()],
  ["a vertical tab before the semicolon", "5\x0b;a\r\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF", "5;a\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF and more", "5;a\nb\r\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF at once", "5;\nhello\r\n0\r\n\r\n", bad()],
  ["bare LF in a quoted value", '5;a="\n"\r\nhello\r\n0\r\n\r\n', bad()],
  ["bare CR", "5;a\rb\r\nhello\r\n0\r\n\r\n", bad()],
  ["bare CR at the end", "5;a\r\r\nhello\r\n0\r\n\r\n", bad()],
  ["bare CR in a quoted value", '5;a="\r"\r\nhello\r\n0\r\n\r\n', bad()],
  ["bare LF behind the last chunk", "0;a\n\r\n", bad()],
  ["a comma for the semicolon", "5,a\r\nhello\r\n0\r\n\r\n", bad()],
  ["no semicolon", "5 a\r\nhello\r\n0\r\n\r\n", bad()],
  ["no name", "5;\r\nhello\r\n0\r\n\r\n", bad()],
  ["no name but a value", "5;=b\r\nhello\r\n0\r\n\r\n", bad()],
  ["no value", "5;a=\r\nhello\r\n0\r\n\r\n", bad()],
  ["a quote that stays open", '5;a="b\r\nhello\r\n0\r\n\r\n', bad()],
  ["text behind a quoted value", '5;a="b"c\r\nhello\r\n0\r\n\r\n', bad()],
  ["two names", "5;a b\r\nhello\r\n0\r\n\r\n", bad()],
  ["obs-text outside a quoted value", "5;\xe9\r\nhello\r\n0\r\n\r\n", bad()],
]);

testBodies("RFC 9112 section 7.1, the end of a chunk", CHUNKED, [
  ["data longer than its size", "5\r\nhello!\r\n0\r\n\r\n", bad("hello")],
  ["data longer than its size, two bytes", "5\r\nhelloXX0\r\n\r\n", bad("hello")],
  ["data shorter than its size", "5\r\nhell\r\n0\r\n\r\n", bad("hell\r")],
  ["no CRLF behind the data", "5\r\nhello0\r\n\r\n", bad("hello")],
  ["bare LF behind the data", "5\r\nhello\n0\r\n\r\n", bad("hello")],
  ["bare CR behind the data", "5\r\nhello\r0\r\n\r\n", bad("hello")],
  ["bare CR and a byte behind the data", "5\r\nhello\rX0\r\n\r\n", bad("hello")],
  ["a byte and LF behind the data", "5\r\nhelloX\n0\r\n\r\n", bad("hello")],
  ["LF CR behind the data", "5\r\nhello\n\r0\r\n\r\n", bad("hello")],
  ["CR CR LF behind the data", "5\r\nhello\r\r\n0\r\n\r\n", bad("hello")],
  ["a space behind the data", "5\r\nhello \r\n0\r\n\r\n", bad("hello")],
  ["NUL behind the data", "5\r\nhello\0\r\n0\r\n\r\n", bad("hello")],
]);

testBodies("RFC 9112 section 7.1.2, trailer section", CHUNKED, [
  ["a field", "0\r\nX: y\r\n\r\n", { ended: "" }],
  ["several fields", "1\r\na\r\n0\r\nX: y\r\nX:\r\nZ:\t\xe9 \r\n\r\n", { ended: "a" }],
  ["fields of framing change nothing", "0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n", {
    ended: "",
  }],
  ["a space before the colon", "0\r\nX : y\r\n\r\n", bad()],
  ["no colon", "0\r\nX\r\n\r\n", bad()],
  ["no name", "0\r\n: y\r\n\r\n", bad()],
  ["a name beyond ASCII", "0\r\n\xe9: y\r\n\r\n", bad()],
  ["obs-fold", "0\r\nX: y\r\n z\r\n\r\n", bad()],
  ["white space alone", "0\r\n \r\n\r\n", bad()],
  ["NUL in the value", "0\r\nX: \0\r\n\r\n", bad()],
  ["a control character in the value", "0\r\nX: \x1b\r\n\r\n", bad()],
  ["bare LF ends a field", "0\r\nX: y\n\r\n", bad()],
  ["bare LF as the end", "0\r\n\n", bad()],
  ["bare LF as the end behind a field", "0\r\nX: y\r\n\n", bad()],
  ["bare CR in a value", "0\r\nX: y\rZ: z\r\n\r\n", bad()],
  ["bare CR before a name", "0\r\n\rX: y\r\n\r\n", bad()],
  ["CR CR LF ends a field", "0\r\nX: y\r\r\n\r\n", bad()],
  ["CR CR LF as the end", "0\r\n\r\r\n", bad()],
  ["a chunk behind the last one", "0\r\n5\r\nhello\r\n0\r\n\r\n", bad()],
  ["a request in place of the end", "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", bad()],
]);

// Limits.

const SMALL: Limits = { ...LIMITS, chunkLineBytes: 12, headBytes: 24, fieldLines: 2 };

testBodies("limits", CHUNKED, [
  ["one byte less than chunkLineBytes", "1;abcdefg\r\na\r\n0\r\n\r\n", { ended: "a" }],
  ["as many as chunkLineBytes", "1;abcdefgh\r\na\r\n0\r\n\r\n", { ended: "a" }],
  ["one byte more than chunkLineBytes", "1;abcdefghi\r\na\r\n0\r\n\r\n", bad()],
  ["zeros beyond chunkLineBytes", "00000000001\r\na\r\n0\r\n\r\n", bad()],
  ["more than chunkLineBytes, and no end", "1;abcdefghijk", bad()],
  ["one byte less than chunkLineBytes, and no end", "1;abcdefghi", { open: "" }],
  ["the bound is for each line", "1;abcdefgh\r\na\r\n1;abcdefgh\r\na\r\n0;abcdefgh\r\n\r\n", { ended: "aa" }],
  ["the line of the last chunk is bounded too", "0;abcdefghi\r\n\r\n", bad()],
  ["one byte less than headBytes in trailers", "0\r\nX: 2345678901234567\r\n\r\n", { ended: "" }],
  ["as many as headBytes in trailers", "0\r\nX: 23456789012345678\r\n\r\n", { ended: "" }],
  ["one byte more than headBytes in trailers", "0\r\nX: 234567890123456789\r\n\r\n", bad("", 431)],
  ["as many as headBytes in two trailers", "0\r\nX: 345678\r\nY: 345678\r\n\r\n", { ended: "" }],
  ["one byte more than headBytes in two trailers", "0\r\nX: 345678\r\nY: 3456789\r\n\r\n", bad("", 431)],
  ["more than headBytes in a trailer, and no end", `0\r\nX: ${"a".repeat(40)}`, bad("", 431)],
  ["as many as fieldLines", "0\r\nX:\r\nY:\r\n\r\n", { ended: "" }],
  ["one line more than fieldLines", "0\r\nX:\r\nY:\r\nZ:\r\n\r\n", bad("", 431)],
], SMALL);

const EXTENDED: Limits = { ...LIMITS, headBytes: 24 };
/** A chunk of `a`s with a line of a length, without its CRLF. */
const extended = (lineBytes: number, data: string) => `${`${data.length};`.padEnd(lineBytes, "x")}\r\n${data}\r\n`;

testBodies("limits of all extensions together, beyond 16 bytes a line and twice the data", CHUNKED, [
  ["as much as headBytes", `${extended(16 + 2 + 24, "a")}0\r\n\r\n`, { ended: "a" }],
  ["one byte more", extended(16 + 2 + 25, "a"), bad()],
  ["as much as headBytes in two lines", `${extended(30, "a").repeat(2)}0\r\n\r\n`, { ended: "aa" }],
  ["more in three lines", extended(30, "a").repeat(3), bad("aa")],
  ["what the data makes up for", `${extended(33, "a".repeat(9)).repeat(9)}0\r\n\r\n`, { ended: "a".repeat(81) }],
  ["no credit of long chunks", extended(3, "a".repeat(9)) + extended(16 + 2 + 25, "a"), bad("a".repeat(9))],
], EXTENDED);

Deno.test("chunked body: the bounds of the default limits", () => {
  const check = (bytes: string, expected: Expected) => {
    const input = encodeLatin1(bytes);
    for (const step of [1, 1000, 1024, 4096, 16_384, 40_000]) {
      const count = Math.ceil(input.length / step);
      const pieces = Array.from({ length: count }, (_, i) => input.subarray(i * step, i * step + step));
      assertEquals(feed(pieces, new BodyTaker(CHUNKED, LIMITS), LIMITS.headBytes), outcomeOf(expected, ""), `${step}`);
    }
  };
  const size = (length: number) => `${"0".repeat(length - 3)}1\r\na\r\n0\r\n\r\n`;
  check(size(256), { ended: "a" });
  check(size(257), bad());
  const trailer = (length: number) => `0\r\nX: ${"a".repeat(length - 7)}\r\n\r\n`;
  check(trailer(16_384), { ended: "" });
  check(trailer(16_385), bad("", 431));
  check(trailer(30_000), bad("", 431));
});

Deno.test("chunked body: a trailer without an end is refused before the buffer is full (RFC 9112 section 7.1.2)", () => {
  const pieces = [encodeLatin1(`0\r\n${"a".repeat(LIMITS.headBytes)}`), encodeLatin1("a")];
  const outcome = feed(pieces, new BodyTaker(CHUNKED, LIMITS), LIMITS.headBytes);
  assertEquals(outcome, outcomeOf(bad("", 431), ""));
});

Deno.test("chunked body: a large body passes through a small buffer", () => {
  const data = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode(i % 251)).join("");
  const bytes = encodeLatin1(`11170\r\n${data}\r\n0\r\n\r\n${BEHIND}`);
  for (const step of [1, 999, 1024, 70_000]) {
    const count = Math.ceil(bytes.length / step);
    const pieces = Array.from({ length: count }, (_, i) => bytes.subarray(i * step, i * step + step));
    const outcome = feed(pieces, new BodyTaker(CHUNKED, LIMITS), LIMITS.headBytes);
    assertEquals(outcome, { found: { content: data, done: true }, rest: BEHIND });
  }
});

Deno.test("a body decoder that has ended takes nothing more", () => {
  for (const framing of [{ kind: "none" }, fixed(2), CHUNKED] as const) {
    const decoder = createBodyDecoder(framing, LIMITS);
    const buffer = new ReceiveBuffer(LIMITS.headBytes);
    const bytes = encodeLatin1(framing.kind === "fixed" ? "ab" : framing.kind === "chunked" ? "0\r\n\r\n" : "");
    buffer.room().set(bytes);
    buffer.received(bytes.length);
    while (!decoder.done) decoder.next(buffer);
    buffer.room().set(encodeLatin1("more"));
    buffer.received(4);
    assertEquals([decoder.next(buffer), buffer.length, decoder.done], [undefined, 4, true]);
  }
});
