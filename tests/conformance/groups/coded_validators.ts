/**
 * Entity tags, preconditions and ranges of coded representations, neighbours that are out of date, and coding on the
 * fly: RFC 9110 sections 8.8.3.3, 13, 14 and 9111 section 4.3.
 */

import { eventually, exchange, get, group, head, type Row, rule } from "../row.ts";

const GZIP = "Accept-Encoding: gzip";
const BR = "Accept-Encoding: br";
const CODED_GZIP = { status: 200, fields: { "content-encoding": "gzip" }, body: { decoded: "/coded.txt" } } as const;

/** Rows about coded representations. */
export const CODED_VALIDATORS: readonly Row[] = group("coded validators", [
  rule("RFC 9110 section 8.8.3.3", "Each content coding is a representation of its own with an entity tag of its own", [
    {
      name: "ETag of gzip and of identity",
      steps: [
        ...exchange(get("/coded.txt", GZIP), CODED_GZIP),
        ...exchange(get("/coded.txt"), { status: 200, fields: { "content-encoding": null } }),
        { compare: ["etag"], of: [0, 1], as: "distinct" },
      ],
    },
    {
      name: "ETag of gzip and of br",
      steps: [
        ...exchange(get("/coded.txt", GZIP), CODED_GZIP),
        ...exchange(get("/coded.txt", BR), { status: 200, fields: { "content-encoding": "br" } }),
        { compare: ["etag"], of: [0, 1], as: "distinct" },
      ],
    },
    {
      name: "ETag of zstd and of br",
      steps: [
        ...exchange(get("/coded.txt", "Accept-Encoding: zstd"), {
          status: 200,
          fields: { "content-encoding": "zstd" },
        }),
        ...exchange(get("/coded.txt", BR), { status: 200, fields: { "content-encoding": "br" } }),
        { compare: ["etag"], of: [0, 1], as: "distinct" },
      ],
    },
  ]),
  rule("RFC 9110 section 13.1.2", "Preconditions are compared with the representation that was chosen", [
    {
      name: "If-None-Match: tag of gzip, gzip accepted",
      steps: exchange(get("/coded.txt", GZIP, "If-None-Match: <<etag /coded.txt gzip>>"), {
        status: 304,
        fields: { etag: /./, vary: { has: ["accept-encoding"] } },
      }),
    },
    {
      name: "If-None-Match: strong tag of gzip, identity accepted",
      steps: [
        ...exchange(get("/coded.txt", GZIP), CODED_GZIP),
        ...exchange(get("/coded.txt", "If-None-Match: <<etag /coded.txt gzip>>"), {
          status: 200,
          body: { file: "/coded.txt" },
        }),
      ],
      needs: ["strong /coded.txt gzip"],
    },
    {
      name: "If-None-Match: strong tag of identity, gzip accepted",
      send: get("/coded.txt", GZIP, "If-None-Match: <<etag /coded.txt>>"),
      expect: CODED_GZIP,
      needs: ["strong /coded.txt", "strong /coded.txt gzip"],
    },
    {
      name: "304 under gzip has the fields of 200",
      steps: [
        ...exchange(get("/coded.txt", GZIP), CODED_GZIP),
        ...exchange(get("/coded.txt", GZIP, "If-None-Match: <<etag /coded.txt gzip>>"), { status: 304 }),
        { compare: ["etag", "vary", "cache-control", "expires", "content-location"], of: [0, 1], as: "equal" },
      ],
      ends: "open",
    },
    {
      name: "HEAD If-None-Match: tag of gzip",
      send: head("/coded.txt", GZIP, "If-None-Match: <<etag /coded.txt gzip>>"),
      expect: { status: 304 },
    },
    {
      name: "If-Modified-Since under gzip",
      send: get("/coded.txt", GZIP, "If-Modified-Since: <<modified /coded.txt>>"),
      expect: { status: 304, fields: { vary: { has: ["accept-encoding"] } } },
    },
  ]),
  rule("RFC 9110 section 14.1.2", "Positions of a range count in the coded content", [
    {
      name: "a range under gzip",
      send: get("/coded.txt", GZIP, "Range: bytes=2-19"),
      expect: { status: [206, 200], body: { ranges: [[2, 19]], of: "/coded.txt" } },
    },
    {
      name: "a suffix under br",
      send: get("/coded.txt", BR, "Range: bytes=-1"),
      expect: { status: [206, 200], fields: { "content-encoding": /./ } },
    },
    {
      name: "a range under identity",
      send: get("/coded.txt", "Range: bytes=2-19"),
      expect: { status: 206, fields: { "content-encoding": null }, body: { file: "/coded.txt", range: [2, 19] } },
    },
    {
      name: "several ranges under gzip",
      send: get("/coded.txt", GZIP, "Range: bytes=0-9,100-109"),
      expect: { status: [206, 200], body: { ranges: [[0, 9], [100, 109]], of: "/coded.txt" } },
    },
    {
      name: "If-Range: tag of gzip, gzip accepted",
      send: get("/coded.txt", GZIP, "Range: bytes=2-19", "If-Range: <<etag /coded.txt gzip>>"),
      expect: [
        { status: 206, fields: { "content-encoding": "gzip" }, body: { ranges: [[2, 19]], of: "/coded.txt" } },
        { ...CODED_GZIP, fields: { "content-encoding": "gzip", "accept-ranges": { not: /bytes/ } } },
      ],
      needs: ["strong /coded.txt gzip"],
    },
    {
      name: "If-Range: tag of identity, gzip accepted",
      send: get("/coded.txt", GZIP, "Range: bytes=2-19", "If-Range: <<etag /coded.txt>>"),
      expect: [
        CODED_GZIP,
        { status: 206, fields: { "content-encoding": null }, body: { file: "/coded.txt", range: [2, 19] } },
      ],
    },
  ]),
  rule(
    "RFC 9110 section 12.5.3",
    "A precompressed neighbour is used as it is, and only where it is of the same content",
    [
      ...["gzip", "br", "zstd"].map((coding, at) => ({
        name: `the neighbour's bytes under ${coding}`,
        send: get("/coded.txt", `Accept-Encoding: ${coding}`),
        expect: {
          status: 200,
          fields: { "content-encoding": coding },
          body: { file: `/coded.txt${[".gz", ".br", ".zst"][at]}` },
        },
      })),
      {
        name: "an older neighbour is not used",
        send: get("/stale.txt", GZIP),
        expect: { status: 200, body: { decoded: "/stale.txt" } },
      },
      {
        name: "of the codings accepted, the one there is a neighbour for",
        send: get("/gzipped.txt", "Accept-Encoding: gzip, br, zstd"),
        expect: { status: 200, fields: { "content-encoding": /./ }, body: { decoded: "/gzipped.txt" } },
      },
    ],
  ),
  rule("RFC 9110 section 8.4", "A page that compresses well is coded sooner or later, and is right at every time", [
    ...["gzip", "br", "zstd"].flatMap((coding) => [
      {
        name: `a page under ${coding}, first or later answer`,
        send: get("/page.html", `Accept-Encoding: ${coding}`),
        expect: { status: 200, body: { decoded: "/page.html" } },
      },
      {
        name: `a page comes in ${coding} in the end`,
        steps: eventually(get("/page.html", `Accept-Encoding: ${coding}`), {
          status: 200,
          fields: { "content-encoding": coding, vary: { has: ["accept-encoding"] } },
          body: { decoded: "/page.html" },
        }),
      },
    ]),
    {
      name: "an image is not coded again",
      send: get("/photo.png", "Accept-Encoding: gzip, br, zstd"),
      expect: { status: 200, fields: { "content-encoding": null }, body: { file: "/photo.png" } },
    },
    {
      name: "an error answer under gzip can be read",
      send: get("/nothing", GZIP),
      expect: { status: 404, fields: { "content-encoding": { optional: /^gzip$/ } } },
    },
  ]),
]);
