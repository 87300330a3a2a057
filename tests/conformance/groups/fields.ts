/** Field lines: RFC 9112 section 5 and RFC 9110 sections 5.1, 5.4 and 5.5. */

import { get, group, type Row, rule } from "../row.ts";

const TEN = { status: 200, body: { file: "/ten.txt" } } as const;
const PART = { status: 206, body: "2345" } as const;
const BAD = { status: 400 } as const;

/** Names that are no token. */
const BAD_NAMES: readonly (readonly [name: string, line: string])[] = [
  ["an empty field name", ": value"],
  ["a line without a colon", "no colon here"],
  ["a parenthesis in a field name", "X(Y): z"],
  ["a slash in a field name", "X/Y: z"],
  ["a space in a field name", "X Y: z"],
  ["a byte above ASCII in a field name", "X\xe9: z"],
  ["NUL in a field name", "X\0Y: z"],
];

/** Rows about field lines. */
export const FIELDS: readonly Row[] = group("fields", [
  rule("RFC 9112 section 5.1", "White space between name and colon is answered 400", [
    { name: "a space before the colon", send: get("/ten.txt", "X-Test : 1"), expect: BAD, core: 38 },
    { name: "a tab before the colon", send: get("/ten.txt", "X-Test\t: 1"), expect: BAD },
    { name: "a space before the colon of Content-Length", send: get("/ten.txt", "Content-Length : 0"), expect: BAD },
  ]),
  rule("RFC 9110 section 5.1", "A field name is a token, and what does not match the grammar is refused", [
    ...BAD_NAMES.map(([name, line]) => ({ name, send: get("/ten.txt", line), expect: BAD })),
    {
      name: "every character of a token in a name",
      send: get("/ten.txt", "X!#$%&'*+-.^_`|~09azAZ: 1"),
      expect: TEN,
    },
  ]),
  rule("RFC 9110 section 5.5", "CR, LF and NUL in a value are rejected or replaced", [
    { name: "NUL in a value", send: get("/ten.txt", "X-Test: a\0b"), expect: BAD, core: 39 },
    { name: "a bare CR in a value", send: get("/ten.txt", "X-Test: a\rb"), expect: [BAD, TEN] },
    {
      name: "a bare CR does not end a line",
      send: get("/ten.txt", "X-Test: a\rRange: bytes=2-5"),
      expect: [BAD, TEN],
    },
    { name: "another control character in a value", send: get("/ten.txt", "X-Test: a\x01b"), expect: [BAD, TEN] },
    { name: "bytes above ASCII in a value", send: get("/ten.txt", "X-Test: \xe9\xff\x80"), expect: TEN },
    { name: "a tab within a value", send: get("/ten.txt", "X-Test: a\tb"), expect: TEN },
    { name: "an empty value", send: get("/ten.txt", "X-Test:"), expect: TEN },
    { name: "a value of white space", send: get("/ten.txt", "X-Test: \t "), expect: TEN },
    { name: "a colon in a value", send: get("/ten.txt", "X-Test: a: b: c"), expect: TEN },
  ]),
  rule("RFC 9112 section 5.2", "A folded line is rejected or joined, never a line of its own", [
    { name: "obs-fold", send: get("/ten.txt", "X-Test: a\r\n b"), expect: [BAD, TEN] },
    {
      name: "obs-fold that looks like a field",
      send: get("/ten.txt", "X-Test: a\r\n Range: bytes=2-5"),
      expect: [BAD, TEN],
    },
    {
      name: "white space before the first field line",
      send: "GET /ten.txt HTTP/1.1\r\n X-Test: a\r\nHost: <<host>>\r\n\r\n",
      expect: [BAD, TEN],
    },
    {
      name: "a whitespace-preceded Host is none",
      send: "GET /ten.txt HTTP/1.1\r\n Host: <<host>>\r\n\r\n",
      expect: BAD,
    },
  ]),
  rule("RFC 9110 section 5.1", "Field names are case-insensitive", [
    { name: "rAnGe", send: get("/ten.txt", "rAnGe: bytes=2-5"), expect: PART },
    { name: "RANGE", send: get("/ten.txt", "RANGE: bytes=2-5"), expect: PART },
    { name: "if-none-match", send: get("/ten.txt", "if-none-match: <<etag /ten.txt>>"), expect: { status: 304 } },
  ]),
  rule("RFC 9112 section 5.1", "White space around a value is not part of it", [
    { name: "no space behind the colon", send: get("/ten.txt", "Range:bytes=2-5"), expect: PART },
    { name: "much space on both sides", send: get("/ten.txt", "Range: \t bytes=2-5 \t "), expect: PART },
  ]),
  rule("RFC 9110 section 5.4", "Reasonable sizes are accepted, unreasonable ones are answered 4xx", [
    {
      name: "60 fields",
      send: get("/ten.txt", ...Array.from({ length: 60 }, (_, i) => `X-${i}: ${i}`)),
      expect: TEN,
    },
    { name: "a value of 4000 bytes", send: get("/ten.txt", `X-Long: ${"v".repeat(4000)}`), expect: TEN },
    {
      name: "a cookie of 4096 bytes and a referrer of 2000",
      send: get("/ten.txt", `Cookie: a=${"v".repeat(4094)}`, `Referer: http://<<host>>/${"r".repeat(2000)}`),
      expect: TEN,
    },
    {
      name: "a field of 100 KB",
      send: get("/ten.txt", `X-Long: ${"v".repeat(100_000)}`),
      expect: { status: [431, 400, 413] },
    },
    {
      name: "5000 fields",
      send: get("/ten.txt", ...Array.from({ length: 5000 }, (_, i) => `X-${i}: ${i}`)),
      expect: { status: [431, 400, 413] },
    },
    {
      name: "a target of 9 KB is 4xx",
      send: get(`/${"a".repeat(9000)}`),
      expect: { status: "4xx" },
      core: 55,
    },
    {
      name: "a target of 100 KB is 4xx",
      send: get(`/${"a".repeat(100_000)}`),
      expect: { status: [414, 400, 431] },
    },
    {
      name: "a request line of 8000 bytes is accepted, RFC 9112 section 3",
      send: get(`/ten.txt?${"a".repeat(7970)}`),
      expect: TEN,
    },
  ]),
  rule("RFC 9110 section 7.6.1", "Fields that mean nothing to a file server are passed over", [
    {
      name: "what a browser sends",
      send: get(
        "/ten.txt",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
        "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language: en-GB,en;q=0.5",
        "Upgrade-Insecure-Requests: 1",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Site: none",
        'Sec-Ch-Ua: "Chromium";v="140"',
        "Priority: u=0, i",
      ),
      expect: TEN,
    },
    {
      name: "an upgrade to WebSocket is not taken",
      send: get("/ten.txt", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
      expect: [TEN, { status: [400, 426] }],
    },
    {
      name: "an upgrade to what nobody knows is ignored",
      send: get("/ten.txt", "Connection: Upgrade", "Upgrade: unknown/7"),
      expect: TEN,
    },
    { name: "TE and Max-Forwards", send: get("/ten.txt", "TE: trailers", "Max-Forwards: 0"), expect: TEN },
    { name: "Accept that does not fit", send: get("/ten.txt", "Accept: image/png"), expect: [TEN, { status: 406 }] },
    {
      name: "Authorization and Cookie change nothing",
      send: get("/ten.txt", "Authorization: Basic YTpi", "Cookie: a=b"),
      expect: TEN,
    },
    {
      name: "Cache-Control of the request changes nothing",
      send: get("/ten.txt", "Cache-Control: no-cache, only-if-cached", "Pragma: no-cache"),
      expect: TEN,
    },
  ]),
]);
