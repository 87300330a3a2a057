/**
 * `http1.ts`, in the order of RFC 9112. A row is the bytes of a head and what comes of it: a value, the status of a
 * refusal, or `undefined` where the head is not complete.
 *
 * Each row is fed in every way (`feed.ts`), by itself and between other bytes: behind a request that is already
 * waiting, and before bytes that must stay in the buffer. A refusal always closes the connection. Many rows of sections
 * 5 and 6 are known attacks of request smuggling (RFC 9112 section 11.2): two readers must never disagree about where
 * a message ends.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { Limits } from "../src/config.ts";
import {
  decodeLatin1,
  encodeResponseHead,
  hasContent,
  parseFieldLine,
  parseRequestHead,
  reasonPhrase,
  trimBlank,
} from "../src/http1.ts";
import { HttpError } from "../src/errors.ts";
import { HttpResponse } from "../src/message.ts";
import type { FieldLine, FileBody, MessageFraming, RequestHead, RequestTarget } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { assertFed, decodeLatin1 as decodeBytes, encodeLatin1, feed } from "./feed.ts";
import type { Outcome, Taker } from "./feed.ts";

/** A head by name, its bytes, and the value, the status or `undefined` that comes of it. */
type Row<T> = readonly [name: string, bytes: string, expected: T | number | undefined];

/** A request that is waiting already. */
const BEFORE = "GET /1 HTTP/1.1\r\nHost: 1\r\n\r\n";
/** What must stay in the buffer: no parser would take it. */
const BEHIND = "\x16\x03\r\n\r\n";

const { limits: LIMITS } = DEFAULT_OPTIONS;

/** Takes a number of heads and shows each as a value. */
class HeadTaker<T> implements Taker<readonly T[]> {
  readonly #view: (head: RequestHead) => T;
  readonly #limits: Limits;
  readonly #heads: T[] = [];
  #left: number;

  constructor(view: (head: RequestHead) => T, limits: Limits, count: number) {
    this.#view = view;
    this.#limits = limits;
    this.#left = count;
  }

  take(buffer: ReceiveBuffer): void {
    for (; this.#left > 0; this.#left--) {
      const head = parseRequestHead(buffer, this.#limits);
      if (head === undefined) return;
      this.#heads.push(this.#view(head));
    }
  }

  found(): readonly T[] {
    return this.#heads;
  }
}

/** What comes of a row behind the heads that were found before it. */
function outcomeOf<T>(
  bytes: string,
  expected: T | number | undefined,
  heads: readonly T[] = [],
  behind = "",
): Outcome<readonly T[]> {
  if (typeof expected === "number") return { found: heads, refused: { status: expected, close: true } };
  if (expected === undefined) return { found: heads, rest: bytes.replace(/^\r\n(?=.)/s, "") };
  return { found: [...heads, expected], rest: behind };
}

function assertHead<T>(view: (head: RequestHead) => T, [, bytes, expected]: Row<T>, limits: Limits = LIMITS): void {
  const { headBytes } = limits;
  assertFed(bytes, outcomeOf(bytes, expected), () => new HeadTaker(view, limits, 1), headBytes);
  const { found } = feed([encodeLatin1(BEFORE)], new HeadTaker(view, limits, 1), headBytes);
  const behind = expected === undefined ? "" : BEHIND;
  const outcome = outcomeOf(bytes, expected, found, behind);
  assertFed(BEFORE + bytes + behind, outcome, () => new HeadTaker(view, limits, 2), headBytes);
}

/** Registers a test for each row: what `view` shows of the head is compared. */
function testHeads<T>(section: string, view: (head: RequestHead) => T, rows: readonly Row<T>[], limits = LIMITS): void {
  for (const row of rows) {
    Deno.test(`parseRequestHead: ${row[0]} (${section})`, () => assertHead(view, row, limits));
  }
}

/** Registers a test that puts every one of the 256 bytes into one place of a field line. */
function testEveryByte<T>(
  name: string,
  view: (head: RequestHead) => T,
  line: (byte: string) => string,
  expect: (byte: string) => T | number,
): void {
  Deno.test(`parseRequestHead: every byte ${name}`, () => {
    for (let code = 0; code < 256; code++) {
      const byte = String.fromCharCode(code);
      const bytes = fields(line(byte), "Some-Padding: or else it is cut in three");
      assertFed(bytes, outcomeOf(bytes, expect(byte)), () => new HeadTaker(view, LIMITS, 1));
    }
  });
}

const requestLine = (line: string) => `${line}\r\nHost: a\r\n\r\n`;
const fields = (...lines: string[]) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const fields10 = (...lines: string[]) => fields(...lines).replace("HTTP/1.1", "HTTP/1.0");

const TCHAR = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;

// Section 2: the message.

const showAll = (head: RequestHead) => ({ ...head, fieldLines: [...head.fieldLines] });

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

const showLine = (head: RequestHead) => head.requestLine;

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

// Section 3: the request line.

testHeads("RFC 9112 section 3.1", (head) => head.method, [
  ["method GET", requestLine("GET / HTTP/1.1"), "GET"],
  ["a method in lower case is another one", requestLine("get / HTTP/1.1"), "get"],
  ["an unknown method", requestLine("BREW / HTTP/1.1"), "BREW"],
  ["a method of every tchar", requestLine("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1"), "!#$%&'*+-.^_`|~09AZaz"],
  ["a method with a colon", requestLine("GE:T / HTTP/1.1"), 400],
  ["a method with a slash", requestLine("GE/T / HTTP/1.1"), 400],
  ["a quoted method", requestLine('"GET" / HTTP/1.1'), 400],
  ["a method with a comma", requestLine("GET,POST / HTTP/1.1"), 400],
  ["a method beyond ASCII", requestLine("G\xc9T / HTTP/1.1"), 400],
  ["a method with NUL", requestLine("GET\0 / HTTP/1.1"), 400],
  ["a method with DEL", requestLine("GET\x7f / HTTP/1.1"), 400],
  ["the method alone", "GET\r\n\r\n", 400],
  ["the method and a space", "GET \r\n\r\n", 400],
  ["no method", requestLine("/ HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3", showLine, [
  ["two spaces behind the method", requestLine("GET  / HTTP/1.1"), 400],
  ["two spaces behind the target", requestLine("GET /  HTTP/1.1"), 400],
  ["a tab behind the method", requestLine("GET\t/ HTTP/1.1"), 400],
  ["a tab behind the target", requestLine("GET /\tHTTP/1.1"), 400],
  ["a vertical tab behind the method", requestLine("GET\x0b/ HTTP/1.1"), 400],
  ["a form feed behind the target", requestLine("GET /\x0cHTTP/1.1"), 400],
  ["a no-break space behind the method", requestLine("GET\xa0/ HTTP/1.1"), 400],
  ["no space behind the method", requestLine("GET/ HTTP/1.1"), 400],
  ["no space before the version", requestLine("GET /HTTP/1.1"), 400],
  ["a space in the target", requestLine("GET /a b HTTP/1.1"), 400],
  ["no target", requestLine("GET HTTP/1.1"), 400],
  ["an empty target", requestLine("GET  HTTP/1.1"), 400],
  ["a response", "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", 400],
]);

// Section 3.2: the four forms of a target.

const origin = (path: string, query = ""): RequestTarget => ({ form: "origin", path, query });
const absolute = (authority: string, path: string, query = ""): RequestTarget => ({
  form: "absolute",
  authority,
  path,
  query,
});
const showTarget = (head: RequestHead) => head.target;

testHeads("RFC 9112 section 3.2.1", showTarget, [
  ["a path", requestLine("GET /a/b.html HTTP/1.1"), origin("/a/b.html")],
  ["a query", requestLine("GET /a?b=c HTTP/1.1"), origin("/a", "?b=c")],
  ["an empty query", requestLine("GET /a? HTTP/1.1"), origin("/a", "?")],
  ["a query with question marks and slashes", requestLine("GET /a?b?c/d HTTP/1.1"), origin("/a", "?b?c/d")],
  ["a path is not decoded", requestLine("GET /%2e%2E/%00?%41 HTTP/1.1"), origin("/%2e%2E/%00", "?%41")],
  ["a path is not normalized", requestLine("GET //a/./../b HTTP/1.1"), origin("//a/./../b")],
  ["two slashes name no host", requestLine("GET //evil.example/ HTTP/1.1"), origin("//evil.example/")],
  ["a URL as a path", requestLine("GET /http://b/ HTTP/1.1"), origin("/http://b/")],
  [
    "every visible character",
    requestLine("GET /!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~ HTTP/1.1"),
    origin("/!\"$%&'()*+,-./:;<=>@[\\]^_`{|}~"),
  ],
  ["a fragment", requestLine("GET /a#b HTTP/1.1"), 400],
  ["a fragment in a query", requestLine("GET /a?b#c HTTP/1.1"), 400],
  ["NUL in a target", requestLine("GET /a\0b HTTP/1.1"), 400],
  ["a control character in a target", requestLine("GET /a\x01b HTTP/1.1"), 400],
  ["DEL in a target", requestLine("GET /a\x7fb HTTP/1.1"), 400],
  ["UTF-8 in a target", requestLine("GET /\xc3\xa9 HTTP/1.1"), 400],
  ["no leading slash", requestLine("GET a HTTP/1.1"), 400],
  ["a query without a path", requestLine("GET ?a HTTP/1.1"), 400],
  ["dot segments without a slash", requestLine("GET ../a HTTP/1.1"), 400],
  ["a backslash for the slash", requestLine("GET \\a HTTP/1.1"), 400],
  ["an encoded slash for the slash", requestLine("GET %2Fa HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3.2.2", showTarget, [
  ["absolute-form", requestLine("GET http://b/c?d HTTP/1.1"), absolute("b", "/c", "?d")],
  ["absolute-form without a path", requestLine("GET http://b HTTP/1.1"), absolute("b", "/")],
  ["absolute-form with a query and no path", requestLine("GET http://b?c HTTP/1.1"), absolute("b", "/", "?c")],
  ["absolute-form with a port", requestLine("GET http://b:8080/ HTTP/1.1"), absolute("b:8080", "/")],
  ["absolute-form with an empty port", requestLine("GET http://b:/ HTTP/1.1"), absolute("b:", "/")],
  ["absolute-form with IPv6", requestLine("GET http://[::1]:80/ HTTP/1.1"), absolute("[::1]:80", "/")],
  ["absolute-form of https", requestLine("GET https://b/ HTTP/1.1"), absolute("b", "/")],
  ["a scheme in upper case", requestLine("GET HTTP://b/ HTTP/1.1"), absolute("b", "/")],
  ["an at sign in the path", requestLine("GET http://b/@c HTTP/1.1"), absolute("b", "/@c")],
  ["an at sign in the query", requestLine("GET http://b/?@c HTTP/1.1"), absolute("b", "/", "?@c")],
  ["two slashes in the path", requestLine("GET http://b//c HTTP/1.1"), absolute("b", "//c")],
  ["Host differs and is ignored", "GET http://b/ HTTP/1.1\r\nHost: c\r\n\r\n", absolute("b", "/")],
  ["no host", requestLine("GET http:///c HTTP/1.1"), 400],
  ["nothing behind the scheme", requestLine("GET http:// HTTP/1.1"), 400],
  ["a port without a host", requestLine("GET http://:80/ HTTP/1.1"), 400],
  ["user information", requestLine("GET http://u:p@b/ HTTP/1.1"), 400],
  ["an empty user", requestLine("GET http://@b/ HTTP/1.1"), 400],
  ["a port that is no number", requestLine("GET http://b:c/ HTTP/1.1"), 400],
  ["two ports", requestLine("GET http://b:1:2/ HTTP/1.1"), 400],
  ["an open bracket", requestLine("GET http://[::1/ HTTP/1.1"), 400],
  ["one slash", requestLine("GET http:/b HTTP/1.1"), 400],
  ["no slash", requestLine("GET http:b HTTP/1.1"), 400],
  ["a backslash in the authority", requestLine("GET http://b\\c/ HTTP/1.1"), 400],
  ["broken percent-encoding in the authority", requestLine("GET http://b%zz/ HTTP/1.1"), 400],
  ["another scheme", requestLine("GET ftp://b/ HTTP/1.1"), 400],
  ["a scheme of files", requestLine("GET file:///etc/passwd HTTP/1.1"), 400],
  ["a scheme that only begins like one", requestLine("GET httpx://b/ HTTP/1.1"), 400],
  ["a fragment in absolute-form", requestLine("GET http://b/#c HTTP/1.1"), 400],
  ["absolute-form does not replace Host", "GET http://b/ HTTP/1.1\r\n\r\n", 400],
]);

testHeads("RFC 9112 section 3.2.3", showTarget, [
  ["authority-form", requestLine("CONNECT b:443 HTTP/1.1"), { form: "authority", authority: "b:443" }],
  ["authority-form with IPv6", requestLine("CONNECT [::1]:443 HTTP/1.1"), {
    form: "authority",
    authority: "[::1]:443",
  }],
  ["CONNECT without a port", requestLine("CONNECT b HTTP/1.1"), 400],
  ["CONNECT with an empty port", requestLine("CONNECT b: HTTP/1.1"), 400],
  ["CONNECT without a host", requestLine("CONNECT :443 HTTP/1.1"), 400],
  ["CONNECT with a port that is no number", requestLine("CONNECT b:https HTTP/1.1"), 400],
  ["CONNECT with a path", requestLine("CONNECT b:443/ HTTP/1.1"), 400],
  ["CONNECT with user information", requestLine("CONNECT u@b:443 HTTP/1.1"), 400],
  ["CONNECT with origin-form", requestLine("CONNECT / HTTP/1.1"), 400],
  ["CONNECT with absolute-form", requestLine("CONNECT http://b:443/ HTTP/1.1"), 400],
  ["CONNECT with asterisk-form", requestLine("CONNECT * HTTP/1.1"), 400],
  ["CONNECT with a length", requestLine("CONNECT b:443 HTTP/1.1\r\nContent-Length: 5"), 400],
  ["CONNECT with no length", requestLine("CONNECT b:443 HTTP/1.1\r\nContent-Length: 0"), 400],
  ["CONNECT with chunks", requestLine("CONNECT b:443 HTTP/1.1\r\nTransfer-Encoding: chunked"), 400],
  ["CONNECT in lower case is another method", requestLine("connect b:443 HTTP/1.1"), 400],
  ["GET with authority-form", requestLine("GET b:443 HTTP/1.1"), 400],
]);

testHeads("RFC 9112 section 3.2.4", showTarget, [
  ["asterisk-form", requestLine("OPTIONS * HTTP/1.1"), { form: "asterisk" }],
  ["OPTIONS with origin-form", requestLine("OPTIONS /a HTTP/1.1"), origin("/a")],
  ["OPTIONS of a whole server through a proxy", requestLine("OPTIONS http://b HTTP/1.1"), { form: "asterisk" }],
  ["OPTIONS with absolute-form and a path", requestLine("OPTIONS http://b/ HTTP/1.1"), absolute("b", "/")],
  ["OPTIONS with absolute-form and a query", requestLine("OPTIONS http://b?c HTTP/1.1"), absolute("b", "/", "?c")],
  ["GET with asterisk-form", requestLine("GET * HTTP/1.1"), 400],
  ["options in lower case is another method", requestLine("options * HTTP/1.1"), 400],
  ["two asterisks", requestLine("OPTIONS ** HTTP/1.1"), 400],
  ["an asterisk and a query", requestLine("OPTIONS *?a HTTP/1.1"), 400],
  ["an asterisk and a path", requestLine("OPTIONS */a HTTP/1.1"), 400],
]);

// Section 3.2: Host.

const host = (...values: string[]) => `GET / HTTP/1.1\r\n${values.map((value) => `Host: ${value}\r\n`).join("")}\r\n`;
const showHost = (head: RequestHead) => head.fieldLines.get("host") ?? null;

testHeads("RFC 9112 section 3.2, Host", showHost, [
  ["a name", host("example.com"), "example.com"],
  ["a name and a port", host("example.com:8080"), "example.com:8080"],
  ["a name and an empty port", host("example.com:"), "example.com:"],
  ["a name in upper case with a final dot", host("EXAMPLE.com."), "EXAMPLE.com."],
  ["IPv4", host("127.0.0.1:80"), "127.0.0.1:80"],
  ["IPv6", host("[2001:db8::1]"), "[2001:db8::1]"],
  ["IPv6 and a port", host("[::ffff:127.0.0.1]:80"), "[::ffff:127.0.0.1]:80"],
  ["an underscore", host("my_host"), "my_host"],
  ["percent-encoding", host("%C3%A9"), "%C3%A9"],
  ["an empty value", host(""), ""],
  ["white space alone is an empty value", host(" \t "), ""],
  ["the name in any case", "GET / HTTP/1.1\r\nhOST: a\r\n\r\n", "a"],
  ["missing in HTTP/1.1", host(), 400],
  ["missing in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", null],
  ["missing in a later minor version", "GET / HTTP/1.2\r\n\r\n", 400],
  ["repeated with another value", host("a", "b"), 400],
  ["repeated with the same value", host("a", "a"), 400],
  ["repeated in another case", "GET / HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n", 400],
  ["repeated in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["repeated beside absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["invalid in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400],
  ["invalid beside absolute-form", "GET http://c/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["two names", host("a b"), 400],
  ["a list", host("a, b"), 400],
  ["a path in Host", host("a/b"), 400],
  ["a query in Host", host("a?b"), 400],
  ["a fragment in Host", host("a#b"), 400],
  ["user information in Host", host("u@a"), 400],
  ["a backslash in Host", host("a\\b"), 400],
  ["a URL in Host", host("http://a"), 400],
  ["a port that is no number in Host", host("a:b"), 400],
  ["a negative port in Host", host("a:-1"), 400],
  ["two ports in Host", host("a:1:2"), 400],
  ["IPv6 without brackets", host("::1"), 400],
  ["an open bracket in Host", host("[::1"), 400],
  ["text behind the bracket", host("[::1]a"), 400],
  ["IPv6 with a zone", host("[fe80::1%25eth0]"), 400],
  ["a name in brackets", host("[example.com]"), 400],
  ["broken percent-encoding in Host", host("a%2"), 400],
  ["obs-text in Host", host("\xe9"), 400],
  ["a tab in Host", host("a\tb"), 400],
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

// Section 6: where the body ends.

const NONE: MessageFraming = { kind: "none" };
const CHUNKED: MessageFraming = { kind: "chunked" };
const fixed = (contentLength: number): MessageFraming => ({ kind: "fixed", contentLength });
const showFraming = (head: RequestHead) => head.framing;

testHeads("RFC 9112 section 6.2", showFraming, [
  ["neither length nor coding", fields(), NONE],
  ["0", fields("Content-Length: 0"), fixed(0)],
  ["3", fields("Content-Length: 3"), fixed(3)],
  ["white space around the length", fields("Content-Length: \t3\t "), fixed(3)],
  ["no white space before the length", fields("Content-Length:3"), fixed(3)],
  ["leading zeros are decimal", fields("Content-Length: 0010"), fixed(10)],
  ["many leading zeros", fields(`Content-Length: ${"0".repeat(30)}7`), fixed(7)],
  ["any case", fields("cONTENT-lENGTH: 3"), fixed(3)],
  ["in HTTP/1.0", fields10("Content-Length: 3"), fixed(3)],
  ["in GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", fixed(3)],
  ["the largest safe integer", fields("Content-Length: 9007199254740991"), fixed(9007199254740991)],
  ["one more than that", fields("Content-Length: 9007199254740992"), 400],
  ["what rounds to a safe integer", fields("Content-Length: 9007199254740993"), 400],
  ["2 to the 64", fields("Content-Length: 18446744073709551616"), 400],
  ["2 to the 64 and 3", fields("Content-Length: 18446744073709551619"), 400],
  ["400 digits", fields(`Content-Length: ${"9".repeat(400)}`), 400],
  ["empty", fields("Content-Length:"), 400],
  ["white space alone", fields("Content-Length:  "), 400],
  ["+3", fields("Content-Length: +3"), 400],
  ["-1", fields("Content-Length: -1"), 400],
  ["-0", fields("Content-Length: -0"), 400],
  ["3.0", fields("Content-Length: 3.0"), 400],
  ["1e3", fields("Content-Length: 1e3"), 400],
  ["0x10", fields("Content-Length: 0x10"), 400],
  ["0b1", fields("Content-Length: 0b1"), 400],
  ["0o7", fields("Content-Length: 0o7"), 400],
  ["1_000", fields("Content-Length: 1_000"), 400],
  ["3,3", fields("Content-Length: 3,3"), 400],
  ["3, 3", fields("Content-Length: 3, 3"), 400],
  ["3, 4", fields("Content-Length: 3, 4"), 400],
  ["3,", fields("Content-Length: 3,"), 400],
  [",3", fields("Content-Length: ,3"), 400],
  ["3 3", fields("Content-Length: 3 3"), 400],
  ["1 0", fields("Content-Length: 1 0"), 400],
  ["3;", fields("Content-Length: 3;"), 400],
  ["3 bytes", fields("Content-Length: 3 bytes"), 400],
  ["quoted", fields('Content-Length: "3"'), 400],
  ["Infinity", fields("Content-Length: Infinity"), 400],
  ["NaN", fields("Content-Length: NaN"), 400],
  ["chunked as a length", fields("Content-Length: chunked"), 400],
  ["superscript digits", fields("Content-Length: \xb3"), 400],
  ["digits of another script", fields("Content-Length: \xd9\xa3"), 400],
  ["a no-break space before the length", fields("Content-Length: \xa03"), 400],
  ["a no-break space behind the length", fields("Content-Length: 3\xa0"), 400],
  ["NUL behind the length", fields("Content-Length: 3\0"), 400],
  ["repeated, the same", fields("Content-Length: 3", "Content-Length: 3"), 400],
  ["repeated, differing", fields("Content-Length: 3", "Content-Length: 4"), 400],
  ["repeated, differing in zeros", fields("Content-Length: 3", "Content-Length: 03"), 400],
  ["repeated, the second empty", fields("Content-Length: 3", "Content-Length:"), 400],
  ["repeated, apart and in another case", fields("Content-Length: 3", "X: y", "content-length: 3"), 400],
  ["repeated in HTTP/1.0", fields10("Content-Length: 3", "Content-Length: 4"), 400],
  ["a space before the colon of the length", fields("Content-Length : 3"), 400],
  ["an underscore is another field", fields("Content_Length: 3"), NONE],
  ["a longer name is another field", fields("X-Content-Length: 3"), NONE],
  ["a shorter name is another field", fields("Content-Lengt: 3"), NONE],
]);

/** Section 6.1: chunked is last, and something that is not understood comes before it. */
const UNKNOWN_CODING = 501;

testHeads("RFC 9112 section 6.1", showFraming, [
  ["chunked", fields("Transfer-Encoding: chunked"), CHUNKED],
  ["Chunked", fields("Transfer-Encoding: Chunked"), CHUNKED],
  ["CHUNKED in a field of any case", fields("TRANSFER-encoding: CHUNKED"), CHUNKED],
  ["a tab before chunked", fields("Transfer-Encoding:\tchunked"), CHUNKED],
  ["white space around chunked", fields("Transfer-Encoding: \t chunked \t"), CHUNKED],
  ["no space before chunked", fields("Transfer-Encoding:chunked"), CHUNKED],
  ["empty list elements before chunked, RFC 9110 section 5.6.1", fields("Transfer-Encoding: , ,chunked"), 400],
  ["empty list elements behind chunked", fields("Transfer-Encoding: chunked, ,"), 400],
  ["an empty line beside chunked", fields("Transfer-Encoding:", "Transfer-Encoding: chunked"), 400],
  ["in a later minor version", fields("Transfer-Encoding: chunked").replace("1.1", "1.5"), CHUNKED],
  ["gzip, chunked", fields("Transfer-Encoding: gzip, chunked"), UNKNOWN_CODING],
  ["gzip and chunked in two lines", fields("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), UNKNOWN_CODING],
  ["identity, chunked", fields("Transfer-Encoding: identity, chunked"), UNKNOWN_CODING],
  ["gzip", fields("Transfer-Encoding: gzip"), 400],
  ["identity", fields("Transfer-Encoding: identity"), 400],
  ["xchunked", fields("Transfer-Encoding: xchunked"), 400],
  ["chunkedx", fields("Transfer-Encoding: chunkedx"), 400],
  ["chunke", fields("Transfer-Encoding: chunke"), 400],
  ["two words", fields("Transfer-Encoding: chunked chunked"), 400],
  ["a parameter", fields("Transfer-Encoding: chunked;q=1"), 400],
  ["a semicolon", fields("Transfer-Encoding: chunked;"), 400],
  ["a colon before chunked", fields("Transfer-Encoding: : chunked"), 400],
  ["quoted", fields('Transfer-Encoding: "chunked"'), 400],
  ["in single quotes", fields("Transfer-Encoding: 'chunked'"), 400],
  ["in brackets", fields("Transfer-Encoding: [chunked]"), 400],
  ["NEL before chunked", fields("Transfer-Encoding: \x85chunked"), 400],
  ["a no-break space before chunked", fields("Transfer-Encoding: \xa0chunked"), 400],
  ["a no-break space behind chunked", fields("Transfer-Encoding: chunked\xa0"), 400],
  ["a byte order mark before chunked", fields("Transfer-Encoding: \xef\xbb\xbfchunked"), 400],
  ["empty", fields("Transfer-Encoding:"), 400],
  ["a comma", fields("Transfer-Encoding: ,"), 400],
  ["chunked, chunked", fields("Transfer-Encoding: chunked, chunked"), 400],
  ["chunked in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400],
  ["chunked in two lines of differing case", fields("Transfer-Encoding: chunked", "transfer-encoding: CHUNKED"), 400],
  ["chunked, identity", fields("Transfer-Encoding: chunked, identity"), 400],
  ["chunked and identity in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), 400],
  ["chunked, gzip", fields("Transfer-Encoding: chunked, gzip"), 400],
  ["chunked and x in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: x"), 400],
  ["gzip, identity", fields("Transfer-Encoding: gzip, identity"), 400],
  ["a vertical tab before chunked", fields("Transfer-Encoding: \x0bchunked"), 400],
  ["a form feed before chunked", fields("Transfer-Encoding: \x0cchunked"), 400],
  ["a vertical tab behind chunked", fields("Transfer-Encoding: chunked\x0b"), 400],
  ["NUL behind chunked", fields("Transfer-Encoding: chunked\0"), 400],
  ["bare CR before chunked", fields("Transfer-Encoding: \rchunked"), 400],
  ["bare CR behind chunked", fields("Transfer-Encoding: chunked\r"), 400],
  ["bare LF before chunked", fields("Transfer-Encoding: \nchunked"), 400],
  ["obs-fold before chunked", fields("Transfer-Encoding:", " chunked"), 400],
  ["a space before the colon of the coding", fields("Transfer-Encoding : chunked"), 400],
  ["a space before the name of the coding", fields(" Transfer-Encoding: chunked"), 400],
  ["a vertical tab behind the name of the coding", fields("Transfer-Encoding\x0b: chunked"), 400],
  ["bare LF before the name of the coding", fields("X: y\nTransfer-Encoding: chunked"), 400],
  ["bare CR before the name of the coding", fields("X: y\rTransfer-Encoding: chunked"), 400],
  ["in HTTP/1.0", fields10("Transfer-Encoding: chunked"), 400],
  ["in HTTP/1.0 with keep-alive", fields10("Connection: keep-alive", "Transfer-Encoding: chunked"), 400],
  ["an unknown coding in HTTP/1.0", fields10("Transfer-Encoding: gzip"), 400],
  ["behind a length", fields("Content-Length: 3", "Transfer-Encoding: chunked"), 400],
  ["before a length", fields("Transfer-Encoding: chunked", "Content-Length: 3"), 400],
  ["beside the length 0", fields("Transfer-Encoding: chunked", "Content-Length: 0"), 400],
  ["beside an invalid length", fields("Transfer-Encoding: chunked", "Content-Length: x"), 400],
  ["an unknown coding beside a length", fields("Content-Length: 3", "Transfer-Encoding: xchunked"), 400],
  ["an empty coding beside a length", fields("Content-Length: 3", "Transfer-Encoding:"), 400],
  ["identity beside a length", fields("Content-Length: 3", "Transfer-Encoding: identity"), 400],
  ["an underscore is another field", fields("Transfer_Encoding: chunked"), NONE],
  ["TE is another field", fields("TE: chunked"), NONE],
  ["a longer name is another field", fields("X-Transfer-Encoding: chunked"), NONE],
  [
    "Connection cannot take the coding away",
    fields("Connection: Transfer-Encoding", "Transfer-Encoding: chunked"),
    CHUNKED,
  ],
  ["Connection cannot take the length away", fields("Connection: Content-Length", "Content-Length: 3"), fixed(3)],
]);

const isControl = (byte: string) => (byte < " " && byte !== "\t") || byte === "\x7f";

testEveryByte(
  "before chunked",
  showFraming,
  (byte) => `Transfer-Encoding:${byte}chunked`,
  (byte) => /^[ \t]$/.test(byte) ? CHUNKED : 400,
);

testEveryByte(
  "behind chunked",
  showFraming,
  (byte) => `Transfer-Encoding: chunked${byte}`,
  (byte) => /^[ \t]$/.test(byte) ? CHUNKED : 400,
);

testEveryByte(
  "before a length",
  showFraming,
  (byte) => `Content-Length:${byte}3`,
  (byte) => /^[ \t]$/.test(byte) ? fixed(3) : /^[0-9]$/.test(byte) ? fixed(Number(`${byte}3`)) : 400,
);

testEveryByte(
  "behind a length",
  showFraming,
  (byte) => `Content-Length: 3${byte}`,
  (byte) => /^[ \t]$/.test(byte) ? fixed(3) : /^[0-9]$/.test(byte) ? fixed(Number(`3${byte}`)) : 400,
);

testEveryByte(
  "before the name Transfer-Encoding",
  showFraming,
  (byte) => `${byte}Transfer-Encoding: chunked`,
  (byte) => TCHAR.test(byte) ? NONE : 400,
);

testEveryByte(
  "behind the name Transfer-Encoding",
  showFraming,
  (byte) => `Transfer-Encoding${byte}: chunked`,
  (byte) => TCHAR.test(byte) ? NONE : 400,
);

// Section 9.3: persistence.

const connection = (...values: string[]) => fields(...values.map((value) => `Connection: ${value}`));
const connection10 = (...values: string[]) => connection(...values).replace("HTTP/1.1", "HTTP/1.0");

testHeads("RFC 9112 section 9.3", (head) => head.persistent, [
  ["HTTP/1.1 persists", connection(), true],
  ["close", connection("close"), false],
  ["CLOSE", connection("CLOSE"), false],
  ["keep-alive", connection("keep-alive"), true],
  ["close in a list", connection("upgrade, close"), false],
  ["close first in a list", connection("close , x"), false],
  ["close between tabs", connection("x,\tclose\t,y"), false],
  ["close with empty list elements", connection(",,close,"), false],
  ["close in a second line", connection("x", "close"), false],
  ["close beside keep-alive", connection("keep-alive, close"), false],
  ["an empty value", connection(""), true],
  ["closed is another option", connection("closed"), true],
  ["x-close is another option", connection("x-close"), true],
  ["close with a parameter is another option", connection("close;x"), true],
  ["two words are no option", connection("close x"), true],
  ["a no-break space belongs to the option", connection("\xa0close"), true],
  ["quoted close is another option", connection('"close"'), true],
  ["Proxy-Connection says nothing", fields("Proxy-Connection: close"), true],
  ["Keep-Alive says nothing", fields("Keep-Alive: timeout=0"), true],
  ["HTTP/1.0 does not persist", connection10(), false],
  ["HTTP/1.0 with keep-alive", connection10("keep-alive"), true],
  ["HTTP/1.0 with Keep-Alive in a list", connection10("x, Keep-Alive"), true],
  ["HTTP/1.0 with keep-alive in a second line", connection10("x", "keep-alive"), true],
  ["HTTP/1.0 with keep-alive and close", connection10("keep-alive, close"), false],
  ["HTTP/1.0 with another option", connection10("keep-alives"), false],
  ["HTTP/1.0 with Proxy-Connection", fields10("Proxy-Connection: keep-alive"), false],
  ["CONNECT does not persist, or a tunnel might be taken for requests", requestLine("CONNECT b:443 HTTP/1.1"), false],
  ["CONNECT does not persist with keep-alive", requestLine("CONNECT b:443 HTTP/1.1\r\nConnection: keep-alive"), false],
  ["a later minor version persists", connection().replace("HTTP/1.1", "HTTP/1.7"), true],
]);

// RFC 9110 section 10.1.1: Expect.

testHeads("RFC 9110 section 10.1.1", (head) => head.expectsContinue, [
  ["no expectation", fields("Content-Length: 3"), false],
  ["100-continue", fields("Expect: 100-continue", "Content-Length: 3"), true],
  ["100-Continue", fields("expect: 100-Continue", "Content-Length: 3"), true],
  ["white space around 100-continue", fields("Expect:  100-continue\t", "Content-Length: 3"), true],
  ["100-continue before a chunked body", fields("Expect: 100-continue", "Transfer-Encoding: chunked"), true],
  ["an empty expectation", fields("Expect:"), false],
  ["HTTP/1.0 expects nothing", fields10("Expect: 100-continue", "Content-Length: 3"), false],
  ["an unknown expectation in HTTP/1.0", fields10("Expect: x"), false],
  ["an unknown expectation", fields("Expect: 200-ok"), 417],
  ["a longer expectation", fields("Expect: 100-continued"), 417],
  ["100-continue with a parameter", fields("Expect: 100-continue;x=y"), 417],
  ["100-continue and an unknown expectation", fields("Expect: 100-continue, x"), 417],
  ["100-continue and an unknown expectation in two lines", fields("Expect: 100-continue", "Expect: x"), 417],
]);

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
