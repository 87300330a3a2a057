/** Host: RFC 9110 section 7.2 and RFC 9112 section 3.2. */

import { group, raw, type Row, rule } from "../row.ts";

const LINE = "GET /ten.txt HTTP/1.1";
const TEN = { status: 200, body: { file: "/ten.txt" } } as const;

/** Against uri-host [ ":" port ]. */
const INVALID = [
  "a/b",
  "a b",
  "a@b",
  "a:b",
  "[::1",
  "a?b",
  "a#b",
  'a"b',
  "a\\b",
  "a<b",
  "http://a/",
  "a:80:80",
  "a%zz",
];

/** Not of this server perhaps, and valid. */
const VALID = [
  "localhost",
  "LOCALHOST",
  "localhost:80",
  "example.com:",
  "[::1]",
  "[::1]:8080",
  "a_b.example",
];

/** Rows about Host. */
export const HOST: readonly Row[] = group("host", [
  rule("RFC 9112 section 3.2", "400 for an HTTP/1.1 request without Host, with more than one, or with an invalid one", [
    { name: "no Host", send: raw(LINE), expect: { status: 400 }, core: 28 },
    { name: "two Host lines", send: raw(LINE, "Host: a", "Host: b"), expect: { status: 400 }, core: 29 },
    {
      name: "two equal Host lines",
      send: raw(LINE, "Host: <<host>>", "Host: <<host>>"),
      expect: { status: 400 },
    },
    {
      name: "two Host lines, other case, others between",
      send: raw(LINE, "host: a", "X-Other: c", "HOST: a"),
      expect: { status: 400 },
    },
    {
      name: "an invalid Host",
      send: raw(LINE, "Host: a b/c"),
      expect: { status: 400 },
      core: 30,
    },
    ...INVALID.map((value) => ({
      name: `Host: ${value}`,
      send: raw(LINE, `Host: ${value}`),
      expect: { status: 400 },
    })),
    {
      name: "Host only in trailers is none",
      send: raw("GET /ten.txt HTTP/1.1", "Transfer-Encoding: chunked") + "0\r\nHost: a\r\n\r\n",
      expect: { status: 400 },
    },
  ]),
  rule("RFC 9110 section 7.2", "Host is uri-host with an optional port", [
    ...VALID.map((value) => ({
      name: `Host: ${value}`,
      send: raw(LINE, `Host: ${value}`),
      expect: [TEN, { status: [403, 404, 421] }],
    })),
    {
      name: "Host: %41.example",
      send: raw(LINE, "Host: %41.example"),
      expect: [TEN, { status: [400, 403, 404, 421] }],
    },
    { name: "an empty Host", send: raw(LINE, "Host:"), expect: [TEN, { status: [400, 404, 421] }] },
    { name: "white space around Host", send: raw(LINE, "Host: \t <<host>> \t"), expect: TEN },
  ]),
  rule("RFC 9112 section 3.2", "HTTP/1.0 needs no Host", [
    { name: "HTTP/1.0 without Host", send: raw("GET /ten.txt HTTP/1.0"), expect: TEN },
    { name: "HTTP/1.0 with Host", send: raw("GET /ten.txt HTTP/1.0", "Host: <<host>>"), expect: TEN },
    {
      name: "HTTP/1.0 with an invalid Host",
      send: raw("GET /ten.txt HTTP/1.0", "Host: a b/c"),
      expect: [{ status: 400 }, TEN],
    },
  ]),
]);
