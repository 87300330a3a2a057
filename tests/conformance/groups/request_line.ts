/** Request lines, versions and forms of the target: RFC 9112 sections 2.2, 2.3, 3 and 3.2. */

import { get, group, raw, type Row, rule } from "../row.ts";

const HOST = "Host: <<host>>";
const TEN = { status: 200, body: { file: "/ten.txt" } } as const;
const BAD = { status: 400 } as const;
/** Refused, or read leniently as the RFC allows. */
const BAD_OR_TEN = [BAD, TEN] as const;
const NO_VERSION = { status: [400, 505] } as const;

/** Request lines that are no request line, and the status they may have. */
const BROKEN_LINES: readonly (readonly [name: string, line: string])[] = [
  ["a method that is no token", "GE(T /ten.txt HTTP/1.1"],
  ["a control character in the target", "GET /ten\x01.txt HTTP/1.1"],
  ["NUL in the target", "GET /ten.txt\0 HTTP/1.1"],
  ["a tab instead of a space", "GET\t/ten.txt\tHTTP/1.1"],
  ["no target", "GET HTTP/1.1"],
  ["nothing but a method", "GET"],
  ["garbage", "\x80\x81\x82"],
];

const BROKEN_VERSIONS = ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/11", "HTTP/1", "HTTP/1.", "HTTP/.1", "http/1.1"]
  .concat("HTTP/1.1.1", "HTTP/+1.1", "HTTP /1.1", "HTTPS/1.1", "ICY/1.1", "HTTP/1,1", "HTTP/1.x");

/** Rows about request lines. */
export const REQUEST_LINE: readonly Row[] = group("request line", [
  rule("RFC 9112 section 2.2", "A server ignores at least one empty line before the request line", [
    { name: "one CRLF before the request line", send: `\r\n${get("/ten.txt")}`, expect: TEN, core: 40 },
    {
      name: "one CRLF between requests",
      steps: [
        { send: get("/ten.txt") },
        { answer: TEN },
        { send: `\r\n${get("/ten.txt")}` },
        { answer: TEN },
      ],
    },
    {
      name: "a space before the request line",
      send: ` ${get("/ten.txt")}`,
      expect: { status: [400, 501] },
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 3", "An invalid request line is answered 400 and the connection ends", [
    ...BROKEN_LINES.map(([name, line]) => ({
      name,
      send: raw(line, HOST),
      expect: [{ status: [400, 301, 404, 405, 501, 505] }, "closed"] as const,
      ends: "closed" as const,
    })),
    {
      name: "a space in the target",
      send: raw("GET /ten .txt HTTP/1.1", HOST),
      expect: { status: [400, 301, 404, 505] },
    },
    {
      name: "a bare CR in the request line",
      send: `GET /ten.txt HTTP/1.1\rX: y\r\n${HOST}\r\n\r\n`,
      expect: NO_VERSION,
      ends: "closed",
    },
    {
      name: "two spaces between the parts",
      send: raw("GET  /ten.txt  HTTP/1.1", HOST),
      expect: [...BAD_OR_TEN, { status: 505 }],
    },
    {
      name: "a space behind the version",
      send: raw("GET /ten.txt HTTP/1.1 ", HOST),
      expect: [...BAD_OR_TEN, { status: 505 }],
    },
    {
      name: "a TLS handshake ends the connection",
      send: "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03abcdefghijklmnopqrstuvwxyz\r\n\r\n",
      expect: [{ status: [400, 501] }, "closed"],
      ends: "closed",
    },
    {
      name: "what is nearly the preface of HTTP/2 is refused",
      send: "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
      expect: [{ status: [400, 404, 405, 501, 505] }, "closed"],
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 2.2", "A line may be ended by LF alone where the server likes; nothing in between", [
    {
      name: "bare LF for every line end",
      send: `GET /ten.txt HTTP/1.1\n${HOST}\nConnection: close\n\n`,
      expect: BAD_OR_TEN,
    },
  ]),
  rule("RFC 9112 section 2.3", "The version is case-sensitive, two digits and a point", [
    {
      name: "HTTP/2.0 in a request line is refused",
      send: raw("GET /ten.txt HTTP/2.0", HOST),
      expect: NO_VERSION,
      core: 41,
    },
    ...BROKEN_VERSIONS.slice(1).map((version) => ({
      name: `version ${version}`,
      send: raw(`GET /ten.txt ${version}`, HOST),
      expect: NO_VERSION,
    })),
    {
      name: "no version at all",
      send: "GET /ten.txt\r\n\r\n",
      expect: NO_VERSION,
      ends: "closed",
    },
  ]),
  rule("RFC 9110 section 6.2", "A higher minor version is processed as the highest that is known", [
    { name: "version HTTP/1.2", send: raw("GET /ten.txt HTTP/1.2", HOST), expect: TEN },
    { name: "version HTTP/1.9", send: raw("GET /ten.txt HTTP/1.9", HOST), expect: TEN },
  ]),
  rule("RFC 9112 section 3.2.2", "A server accepts the absolute form, and its authority replaces Host", [
    {
      name: "absolute form",
      send: get("http://<<host>>/ten.txt"),
      expect: TEN,
      core: 31,
    },
    { name: "absolute form, scheme in upper case", send: get("HTTP://<<host>>/ten.txt"), expect: TEN },
    { name: "absolute form with a query", send: get("http://<<host>>/ten.txt?a=/b"), expect: TEN },
    { name: "absolute form without a path", send: get("http://<<host>>"), expect: { status: 200, body: /root index/ } },
    {
      name: "absolute form without a path, with a query",
      send: get("http://<<host>>?q"),
      expect: [{ status: 200, body: /root index/ }, BAD],
    },
    {
      name: "absolute form with another Host",
      send: raw("GET http://<<host>>/ten.txt HTTP/1.1", "Host: other.example"),
      expect: [TEN, BAD],
    },
    {
      name: "absolute form without Host is refused all the same",
      send: raw("GET http://<<host>>/ten.txt HTTP/1.1"),
      expect: BAD,
    },
    {
      name: "absolute form with another scheme",
      send: get("ftp://<<host>>/ten.txt"),
      expect: { status: ["4xx", 200, 501] },
    },
    {
      name: "absolute form without an authority",
      send: get("http:///ten.txt"),
      expect: { status: ["4xx"] },
    },
    {
      name: "absolute form with userinfo",
      send: get("http://user:secret@<<host>>/ten.txt"),
      expect: [TEN, { status: [400, 404, 421] }],
    },
  ]),
  rule("RFC 9112 section 3.2", "A target that has none of the four forms is refused", [
    { name: "GET *", send: get("*"), expect: { status: [400, 404, 405] } },
    { name: "a path without a slash", send: get("ten.txt"), expect: { status: [400, 404] } },
    { name: "a target that is a query only", send: get("?x"), expect: { status: [400, 404] } },
    { name: "GET with the authority form", send: get("example.com:80"), expect: { status: [400, 404] } },
    { name: "raw bytes above ASCII in the target", send: get("/\xff\xfe"), expect: { status: [400, 404] } },
  ]),
  rule("RFC 9112 section 3.2.1", "The origin form is the path and the query", [
    { name: "an empty query", send: get("/ten.txt?"), expect: TEN },
    { name: "a query with a question mark and slashes", send: get("/ten.txt?a=b?c/../d"), expect: TEN },
    { name: "a query that is not decoded", send: get("/ten.txt?%zz=%00"), expect: BAD_OR_TEN },
    { name: "a query on a directory", send: get("/?x=1"), expect: { status: 200, body: /root index/ } },
  ]),
]);
