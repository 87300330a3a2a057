/**
 * Content codings: RFC 9110 sections 8.4, 8.8.3.3, 12.4.2, 12.5.3 and 12.5.5. `/coded.txt` has precompressed neighbours
 * of all three codings, `/gzipped.txt` only gzip, `/page.html` none.
 */

import { exchange, get, group, head, type Row, rule } from "../row.ts";

/** An answer to a request for `/coded.txt` with this coding, or one of these; `null`: without. */
function coded(coding: string | RegExp | null, path = "/coded.txt") {
  return { status: 200, fields: { "content-encoding": coding }, body: { decoded: path } } as const;
}

const PLAIN = coded(null);
const ANY = { status: 200, body: { decoded: "/coded.txt" } } as const;
const CODED = coded(/^(br|zstd|gzip)$/);
/** Nothing is acceptable: 406, or the identity after all; RFC 9110 section 12.5.3 leaves it open. */
const REFUSED = [PLAIN, { status: [406, 415] }] as const;

/** Accept-Encoding and what it allows. `null` in the table: nothing but the identity. */
const NEGOTIATION:
  readonly (readonly [value: string, expected: typeof PLAIN | typeof CODED | ReturnType<typeof coded>])[] = [
    ["gzip", coded("gzip")],
    ["br", coded("br")],
    ["zstd", coded("zstd")],
    ["gzip, deflate, br, zstd", CODED],
    ["GZIP", coded("gzip")],
    ["gzip;q=1.000", coded("gzip")],
    ["gzip;q=0.001", coded("gzip")],
    ["*;q=0, gzip", coded("gzip")],
    ["gzip;q=0, *", coded(/^(br|zstd)$/)],
    ["identity;q=0, gzip", coded("gzip")],
    ["identity;q=0, *", CODED],
    ["unknown, gzip", coded("gzip")],
    [",gzip,,", coded("gzip")],
    ["br;q=0,gzip;q=0,zstd", coded("zstd")],
  ];

const NOTHING_BUT_IDENTITY = [
  ...["", "identity", "unknown", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000", "gzip ; q=0", "gzip;Q=0", "GZIP;q=0"],
  ...["gzipx", "notgzip", "gzip-not", "bro", "gzip;q=0, br;q=0, zstd;q=0", "gzip;q=0, *;q=0, identity", "xbr, brx"],
];

/** Rows about content codings. */
export const CODINGS: readonly Row[] = group("codings", [
  rule("RFC 9110 section 12.5.3", "Only a coding that the request accepts is used, and one that it does is", [
    ...NEGOTIATION.map(([value, expect]) => ({
      name: `Accept-Encoding: ${value}`,
      send: get("/coded.txt", `Accept-Encoding: ${value}`),
      expect,
    })),
    ...NOTHING_BUT_IDENTITY.map((value) => ({
      name: `Accept-Encoding: ${value || "nothing"}`,
      send: get("/coded.txt", `Accept-Encoding: ${value}`),
      expect: PLAIN,
    })),
    {
      name: "Accept-Encoding: deflate",
      send: get("/coded.txt", "Accept-Encoding: deflate"),
      expect: [PLAIN, { status: 200, fields: { "content-encoding": "deflate" } }],
    },
    { name: "no Accept-Encoding", send: get("/coded.txt"), expect: PLAIN },
    { name: "Accept-Encoding: *", send: get("/coded.txt", "Accept-Encoding: *"), expect: ANY },
    {
      name: "gzip;q=0 is honoured where gzip is",
      steps: [
        ...exchange(get("/coded.txt", "Accept-Encoding: gzip"), coded("gzip")),
        ...exchange(get("/coded.txt", "Accept-Encoding: gzip;q=0"), PLAIN),
      ],
      core: 25,
    },
    {
      name: "br;q=0 is honoured where a coding is",
      steps: [
        ...exchange(get("/coded.txt", "Accept-Encoding: br, gzip"), coded(/^(br|gzip)$/)),
        ...exchange(get("/coded.txt", "Accept-Encoding: br;q=0, gzip"), coded("gzip")),
      ],
      core: 26,
    },
    {
      name: "two lines are one list",
      send: get("/coded.txt", "Accept-Encoding: br;q=0, zstd;q=0", "Accept-Encoding: gzip"),
      expect: coded("gzip"),
    },
    {
      name: "x-gzip is gzip",
      send: get("/coded.txt", "Accept-Encoding: x-gzip"),
      expect: [coded(/^(x-)?gzip$/), PLAIN],
    },
    ...["identity;q=0", "*;q=0", "identity;q=0, gzip;q=0, br;q=0, zstd;q=0", "identity;q=0, unknown"].map((value) => ({
      name: `Accept-Encoding: ${value} accepts nothing there is`,
      send: get("/coded.txt", `Accept-Encoding: ${value}`),
      expect: REFUSED,
    })),
    {
      name: "malformed weights do no harm",
      send: get("/coded.txt", "Accept-Encoding: gzip;q=, br;q=x, zstd;q=-1, ;;;, =,"),
      expect: [ANY, { status: 400 }],
    },
  ]),
  rule("RFC 9110 section 12.4.2", "The highest weight is preferred", [
    {
      name: "br before gzip",
      send: get("/coded.txt", "Accept-Encoding: gzip;q=0.1, br"),
      expect: coded("br"),
    },
    {
      name: "gzip before br and zstd",
      send: get("/coded.txt", "Accept-Encoding: br;q=0.1, zstd;q=0.2, gzip"),
      expect: coded("gzip"),
    },
    {
      name: "zstd before br and gzip",
      send: get("/coded.txt", "Accept-Encoding: br;q=0.5, zstd;q=0.501, gzip;q=0.4"),
      expect: coded("zstd"),
    },
    {
      name: "identity before gzip",
      send: get("/coded.txt", "Accept-Encoding: identity, gzip;q=0.5"),
      expect: PLAIN,
    },
    {
      name: "what there is before what is preferred",
      send: get("/gzipped.txt", "Accept-Encoding: gzip;q=0.2, unknown;q=0.9"),
      expect: coded("gzip", "/gzipped.txt"),
    },
  ]),
  rule("RFC 9110 section 12.5.5", "An answer whose content was negotiated says so in Vary, whichever was chosen", [
    ...["Accept-Encoding: gzip", "Accept-Encoding: identity", "Accept-Encoding: gzip;q=0"].map((line) => ({
      name: `Vary with ${line}`,
      send: get("/coded.txt", line),
      expect: { status: 200, fields: { vary: { has: ["accept-encoding"] } } },
    })),
    {
      name: "Vary on the identity answer too",
      send: get("/coded.txt"),
      expect: { status: 200, fields: { vary: { has: ["accept-encoding"] } } },
      core: 27,
    },
    {
      name: "Vary on HEAD",
      send: head("/coded.txt"),
      expect: { status: 200, fields: { vary: { has: ["accept-encoding"] } } },
    },
    {
      name: "Vary on 304",
      send: get("/coded.txt", "If-None-Match: *"),
      expect: { status: 304, fields: { vary: { has: ["accept-encoding"] } } },
    },
    {
      name: "Vary on 206",
      send: get("/coded.txt", "Range: bytes=0-0"),
      expect: { status: 206, fields: { vary: { has: ["accept-encoding"] } } },
    },
  ]),
  rule("RFC 9110 section 8.3", "Content-Type tells the type of the content before it was coded", [
    ...["gzip", "br", "zstd"].map((coding) => ({
      name: `Content-Type under ${coding}`,
      send: get("/coded.txt", `Accept-Encoding: ${coding}`),
      expect: { status: 200, fields: { "content-encoding": coding, "content-type": /^text\/plain\b/ } },
    })),
    {
      name: "a neighbour asked for by its own name is a file like any other",
      send: get("/coded.txt.gz", "Accept-Encoding: gzip"),
      expect: { status: 200, fields: { "content-encoding": null }, body: { file: "/coded.txt.gz" } },
    },
  ]),
  rule("RFC 9110 section 9.3.2", "HEAD has the fields that GET with the same Accept-Encoding would have", [
    ...["gzip", "br", "identity"].map((coding) => ({
      name: `HEAD and GET under ${coding}`,
      steps: [
        ...exchange(get("/coded.txt", `Accept-Encoding: ${coding}`), { status: 200 }),
        ...exchange(head("/coded.txt", `Accept-Encoding: ${coding}`), { status: 200 }),
        {
          compare: ["content-encoding", "content-type", "etag", "last-modified", "vary", "accept-ranges"],
          of: [0, 1],
          as: "equal",
        } as const,
        { compare: ["content-length"], of: [0, 1], as: "equal or absent" } as const,
      ],
    })),
  ]),
]);
