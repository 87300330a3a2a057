/** What every answer with a file has: RFC 9110 sections 6.6, 8.3, 8.6, 8.8, 9.3 and 10.2. */

import { exchange, get, group, head, raw, type Row, rule } from "../row.ts";

const TEN = { status: 200, body: { file: "/ten.txt" } } as const;

/** Extension and what its media type may be; RFC 9239 for scripts, RFC 8081 and so on for the rest. */
const MEDIA_TYPES: readonly (readonly [path: string, type: RegExp])[] = [
  ["/index.html", /^text\/html\b/],
  ["/ten.txt", /^text\/plain\b/],
  ["/style.css", /^text\/css\b/],
  ["/script.js", /^(text|application)\/javascript\b/],
  ["/module.mjs", /^(text|application)\/javascript\b/],
  ["/data.json", /^application\/json\b/],
  ["/image.svg", /^image\/svg\+xml\b/],
  ["/photo.png", /^image\/png$/],
  ["/code.wasm", /^application\/wasm$/],
];

/** What HEAD sends as GET would. */
const SAME_FIELDS = [
  ...["content-type", "last-modified", "etag", "accept-ranges", "vary", "cache-control", "expires"],
  ...["content-encoding", "content-language", "content-location", "x-content-type-options"],
];

/** Rows about plain answers. */
export const BASICS: readonly Row[] = group("basics", [
  rule("RFC 9110 section 9.3.1", "GET transfers a representation of the target", [
    { name: "GET sends the file", send: get("/ten.txt"), expect: TEN, ends: "open" },
    { name: "GET / sends the index file", send: get("/"), expect: { status: 200, body: { file: "/index.html" } } },
    { name: "GET /dir/ sends its index file", send: get("/dir/"), expect: { status: 200, body: /dir index/ } },
    { name: "an empty file is 200 with no content", send: get("/empty.txt"), expect: { status: 200, body: "" } },
    {
      name: "every value of a byte arrives",
      send: get("/bytes.bin"),
      expect: { status: 200, body: { file: "/bytes.bin" } },
    },
    { name: "a query does not change the file", send: get("/ten.txt?version=2&x"), expect: TEN },
  ]),
  rule("RFC 9110 section 6.2", "A server answers with the highest minor version it conforms to", [
    { name: "the answer is HTTP/1.1", send: get("/ten.txt"), expect: { ...TEN, minor: 1 } },
  ]),
  rule("RFC 9110 section 8.6", "A server sends Content-Length where it knows the length before the head is sent", [
    {
      name: "Content-Length is the size of the file",
      send: get("/bytes.bin"),
      expect: { status: 200, fields: { "content-length": "10000" } },
    },
    {
      name: "Content-Length of an empty file is 0",
      send: get("/empty.txt"),
      expect: { status: 200, fields: { "content-length": "0" } },
    },
  ]),
  rule("RFC 9110 section 6.6.1", "An origin server with a clock sends Date in all 2xx, 3xx and 4xx answers", [
    { name: "Date on 200 is the present", send: get("/ten.txt"), expect: { status: 200, dateWithin: 5 } },
    { name: "Date on HEAD is the present", send: head("/ten.txt"), expect: { status: 200, dateWithin: 5 } },
    { name: "Date on 404", send: get("/nothing"), expect: { status: 404, dateWithin: 5 } },
    { name: "Date on a redirect", send: get("/dir"), expect: { status: "3xx", dateWithin: 5 } },
    {
      name: "Date on 304",
      send: get("/ten.txt", "If-Modified-Since: <<modified /ten.txt>>"),
      expect: { status: 304, dateWithin: 5 },
    },
    {
      name: "Date on 206",
      send: get("/ten.txt", "Range: bytes=0-0"),
      expect: { status: 206, dateWithin: 5 },
    },
    {
      name: "Date on 416",
      send: get("/ten.txt", "Range: bytes=99-"),
      expect: { status: 416, dateWithin: 5 },
    },
    {
      name: "Date on 400",
      send: raw("GET /ten.txt HTTP/1.1"),
      expect: { status: 400, dateWithin: 5 },
    },
  ]),
  rule("RFC 9110 section 8.3", "A sender of content sends its Content-Type unless it does not know it", [
    ...MEDIA_TYPES.map(([path, type]) => ({
      name: `Content-Type of ${path}`,
      send: get(path),
      expect: { status: 200, fields: { "content-type": type } },
    })),
    {
      name: "no extension: no type, or one that is not active",
      send: get("/noextension"),
      expect: { status: 200, fields: { "content-type": { optional: /^(application\/octet-stream|text\/plain)\b/ } } },
    },
    {
      name: "unknown bytes: no type, or octet-stream",
      send: get("/bytes.bin"),
      expect: { status: 200, fields: { "content-type": { optional: /^application\/(octet-stream|macbinary)$/ } } },
    },
    {
      name: "text/plain says its charset, or leaves it out; never a wrong one",
      send: get("/ten.txt"),
      expect: { status: 200, fields: { "content-type": /^text\/plain(; ?charset="?(utf-8|us-ascii)"?)?$/i } },
    },
  ]),
  rule("RFC 9110 section 10.2.4", "Server has no needless detail", [
    {
      name: "Server is absent or names products only",
      send: get("/ten.txt"),
      expect: { status: 200, fields: { server: { optional: /^[\w.-]+(\/[\w.-]+)?( \([\w. -]+\))?$/ } } },
    },
  ]),
  rule("RFC 9110 section 8.4", "Content-Encoding lists codings that were applied, and identity is none", [
    {
      name: "no Content-Encoding without Accept-Encoding",
      send: get("/page.html"),
      expect: { status: 200, fields: { "content-encoding": null }, body: { file: "/page.html" } },
    },
  ]),
  rule("RFC 9110 section 9.3.2", "HEAD is GET without content, with the same field section", [
    { name: "HEAD has no content", send: head("/ten.txt"), expect: { status: 200 }, ends: "open" },
    { name: "HEAD of a larger file has no content", send: head("/bytes.bin"), expect: { status: 200 }, ends: "open" },
    ...["/ten.txt", "/", "/page.html", "/coded.txt", "/bytes.bin", "/empty.txt"].map((path) => ({
      name: `HEAD ${path} has the fields of GET`,
      steps: [
        ...exchange(get(path), { status: 200 }),
        ...exchange(head(path), { status: 200 }),
        { compare: SAME_FIELDS, of: [0, 1], as: "equal" } as const,
        { compare: ["content-length"], of: [0, 1], as: "equal or absent" } as const,
      ],
    })),
    ...["/nothing", "/dir"].map((path) => ({
      name: `HEAD ${path} is GET ${path} without content`,
      steps: [
        ...exchange(get(path), { status: ["3xx", 404] }),
        ...exchange(head(path), { status: ["3xx", 404] }),
        { compare: ["content-type", "location"], of: [0, 1], as: "equal" } as const,
        { compare: ["content-length"], of: [0, 1], as: "equal or absent" } as const,
      ],
    })),
  ]),
]);
