/** Single ranges, Range on other methods, Accept-Ranges: RFC 9110 sections 14.1 to 14.4, 15.3.7 and 15.5.17. */

import { exchange, get, group, head, request, type Row, type RowData, rule } from "../row.ts";

/** One part of /ten.txt. */
function part(value: string, first: number, last: number, more: Partial<RowData> = {}): RowData {
  return {
    name: `Range: ${value}`,
    send: get("/ten.txt", `Range: ${value}`),
    expect: {
      status: 206,
      fields: { "content-range": `bytes ${first}-${last}/10`, "content-length": String(last - first + 1) },
      body: { file: "/ten.txt", range: [first, last] },
    },
    ...more,
  };
}

const UNSATISFIABLE = { status: 416, body: { not: /0123456789/ } } as const;
const WHOLE = { status: 200, fields: { "content-range": null }, body: { file: "/ten.txt" } } as const;
/** A server may ignore or reject an invalid set of ranges, but not read something into it. */
const INVALID = [WHOLE, { status: [400, 416], body: { not: /0123456789/ } }] as const;

/** Against the grammar of ranges-specifier, or with the last position before the first. */
const INVALID_VALUES = [
  ...["bytes=", "bytes=-", "bytes", "bytes=a-b", "bytes=0-a", "bytes=0x0-0x2", "bytes=+0-+2", "bytes=0.0-2", "bytes=0"],
  ...["bytes=0-2;3-4", "bytes=0--2", "bytes=--2", "bytes=0-2-4", "bytes 0-2", "bytes:0-2", "0-2", "bytes=1e0-2"],
];

/** What ignores ranges altogether proves nothing by ignoring one. */
const SUPPORTED = exchange(get("/ten.txt", "Range: bytes=0-0"), { status: 206, body: "0" });

const HUGE = "99999999999999999999999";

/** Rows about single ranges. */
export const RANGE: readonly Row[] = group("range", [
  rule("RFC 9110 section 14.1.2", "first-last counts from 0 and includes both ends", [
    part("bytes=0-0", 0, 0, { core: 14 }),
    part("bytes=9-9", 9, 9),
    part("bytes=2-5", 2, 5, { ends: "open" }),
    part("bytes=0-9", 0, 9),
    part("bytes=00-01", 0, 1),
  ]),
  rule("RFC 9110 section 14.1.2", "Without a last position, or one beyond the end, the range goes to the end", [
    part("bytes=0-", 0, 9),
    part("bytes=9-", 9, 9),
    part("bytes=8-99", 8, 9, { core: 17 }),
    part("bytes=0-10", 0, 9),
    part(`bytes=4-${HUGE}`, 4, 9),
  ]),
  rule("RFC 9110 section 14.1.2", "A suffix counts from the end, and a longer one is the whole", [
    part("bytes=-3", 7, 9, { core: 15 }),
    part("bytes=-1", 9, 9),
    part("bytes=-10", 0, 9),
    part("bytes=-99", 0, 9, { core: 18 }),
    part(`bytes=-${HUGE}`, 0, 9),
  ]),
  rule("RFC 9110 section 15.5.17", "416 where no range is satisfiable, with the length in Content-Range", [
    {
      name: "Range: bytes=-0",
      send: get("/ten.txt", "Range: bytes=-0"),
      expect: UNSATISFIABLE,
      core: 16,
    },
    { name: "Range: bytes=10-", send: get("/ten.txt", "Range: bytes=10-"), expect: UNSATISFIABLE, ends: "open" },
    { name: "Range: bytes=10-20", send: get("/ten.txt", "Range: bytes=10-20"), expect: UNSATISFIABLE },
    { name: "a first position of 23 digits", send: get("/ten.txt", `Range: bytes=${HUGE}-`), expect: UNSATISFIABLE },
    {
      name: "416 has Content-Range: bytes */N",
      send: get("/ten.txt", "Range: bytes=99-"),
      expect: { status: 416, fields: { "content-range": "bytes */10" } },
      core: 19,
    },
    {
      name: "an empty file has no satisfiable range",
      send: get("/empty.txt", "Range: bytes=0-"),
      expect: [{ status: 416, fields: { "content-range": "bytes */0" } }, { status: 200, body: "" }],
    },
    {
      name: "a suffix of an empty file",
      send: get("/empty.txt", "Range: bytes=-5"),
      expect: [{ status: 416, fields: { "content-range": "bytes */0" } }, { status: 200, body: "" }],
    },
  ]),
  rule("RFC 9110 section 14.2", "A range unit that is not known is ignored", [
    {
      name: "Range: lines=0-1",
      steps: [...SUPPORTED, ...exchange(get("/ten.txt", "Range: lines=0-1"), WHOLE)],
      core: 21,
    },
    { name: "Range: bytesx=0-1", send: get("/ten.txt", "Range: bytesx=0-1"), expect: WHOLE },
    { name: "Range: none=0-1", send: get("/ten.txt", "Range: none=0-1"), expect: WHOLE },
  ]),
  rule("RFC 9110 section 14.1", "Names of range units are case-insensitive", [
    part("BYTES=2-5", 2, 5),
    part("Bytes=-3", 7, 9),
  ]),
  rule("RFC 9110 section 5.6.1.2", "Empty members of a list are ignored", [
    part("bytes=,2-5", 2, 5),
    part("bytes=2-5 ,", 2, 5),
  ]),
  rule("RFC 9110 section 14.2", "An invalid set of ranges is ignored or rejected, never guessed", [
    {
      name: "Range: bytes=5-2, and the server lives on",
      steps: [
        ...exchange(get("/ten.txt", "Range: bytes=5-2"), INVALID),
        ...exchange(get("/ten.txt", "Connection: close"), WHOLE),
      ],
      core: 24,
    },
    ...["bytes=5-2,0-0", "bytes=0-0,x"].map((value) => ({
      name: `Range: ${value}, of which one is valid`,
      send: get("/ten.txt", `Range: ${value}`),
      expect: [...INVALID, { status: 206, fields: { "content-range": "bytes 0-0/10" }, body: "0" }],
    })),
    ...INVALID_VALUES.map((value) => ({
      name: `Range: ${value}`,
      send: get("/ten.txt", `Range: ${value}`),
      expect: INVALID,
    })),
  ]),
  rule("RFC 9110 section 14.2", "Range counts for GET only", [
    {
      name: "HEAD ignores Range",
      steps: [
        ...SUPPORTED,
        ...exchange(head("/ten.txt", "Range: bytes=0-0"), {
          status: 200,
          fields: { "content-range": null, "content-length": { optional: /^10$/ } },
        }),
      ],
      core: 22,
    },
    {
      name: "HEAD ignores an unsatisfiable Range",
      send: head("/ten.txt", "Range: bytes=99-"),
      expect: { status: 200 },
    },
    {
      name: "OPTIONS ignores Range",
      send: request("OPTIONS", "/ten.txt", "Range: bytes=99-"),
      expect: { status: ["2xx", 405, 501], fields: { "content-range": null } },
    },
    {
      name: "POST ignores Range",
      send: request("POST", "/ten.txt", "Content-Length: 0", "Range: bytes=0-0"),
      expect: { status: [200, 405, 501], fields: { "content-range": null } },
    },
    { name: "404 before Range", send: get("/nothing", "Range: bytes=99-"), expect: { status: 404 } },
    {
      name: "a redirect before Range",
      send: get("/dir", "Range: bytes=0-0"),
      expect: { status: "3xx", location: "/dir/", fields: { "content-range": null } },
    },
    {
      name: "a range of an index file",
      send: get("/", "Range: bytes=0-8"),
      expect: { status: 206, body: { file: "/index.html", range: [0, 8] } },
    },
  ]),
  rule("RFC 9110 section 15.3.7", "206 carries Date, Cache-Control, ETag, Expires, Content-Location, Vary as 200", [
    {
      name: "206 has the fields of 200",
      steps: [
        ...exchange(get("/ten.txt"), { status: 200 }),
        ...exchange(get("/ten.txt", "Range: bytes=0-0"), { status: 206 }),
        {
          compare: ["etag", "vary", "cache-control", "expires", "content-location", "last-modified", "content-type"],
          of: [0, 1],
          as: "equal",
        },
      ],
    },
  ]),
  rule("RFC 9110 section 14.4", "Content-Range in a request that has no use for it is ignored", [
    { name: "GET with Content-Range", send: get("/ten.txt", "Content-Range: bytes 0-0/10"), expect: WHOLE },
  ]),
  rule("RFC 9110 section 14.3", "A server that takes byte ranges says so", [
    {
      name: "Accept-Ranges: bytes on GET",
      send: get("/ten.txt"),
      expect: { status: 200, fields: { "accept-ranges": "bytes" } },
    },
    {
      name: "Accept-Ranges: bytes on HEAD",
      send: head("/ten.txt"),
      expect: { status: 200, fields: { "accept-ranges": "bytes" } },
    },
  ]),
]);
