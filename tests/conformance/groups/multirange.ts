/** Several ranges: RFC 9110 sections 14.2, 14.6, 15.3.7.2 and 17.15. */

import type { ByteRange, Row, RowData } from "../row.ts";
import { exchange, get, group, head, rule } from "../row.ts";

/** Ranges of a file that has to come back covered, in whatever form. */
function covered(set: string, ranges: readonly ByteRange[], of = "/bytes.bin", more: Partial<RowData> = {}): RowData {
  return {
    name: `${of} bytes=${set}`,
    send: get(of, `Range: bytes=${set}`),
    expect: { status: [206, 200], body: { ranges, of } },
    ...more,
  };
}

const MANY = Array.from({ length: 300 }, (_, i) => `${2 * i}-${2 * i}`).join(",");
const OVERLAPPING = Array.from({ length: 200 }, () => "0-").join(",");

/** Rows about several ranges. */
export const MULTIRANGE: readonly Row[] = group("multirange", [
  rule("RFC 9110 section 15.3.7.2", "Several ranges come as multipart/byteranges, joined, or as the whole", [
    {
      name: "several ranges where one is answered 206",
      steps: [
        ...exchange(get("/ten.txt", "Range: bytes=0-0"), { status: 206, body: "0" }),
        ...exchange(get("/ten.txt", "Range: bytes=0-0,2-2"), {
          status: [206, 200],
          body: { ranges: [[0, 0], [2, 2]], of: "/ten.txt" },
        }),
      ],
      core: 20,
    },
    covered("0-99,5000-5099", [[0, 99], [5000, 5099]], "/bytes.bin", { ends: "open" }),
    covered("0-0,-1", [[0, 0], [9999, 9999]]),
    covered("0-0, 4000-4999 ,9000-", [[0, 0], [4000, 4999], [9000, 9999]]),
    covered("0-9,2000-2009,4000-4009,6000-6009,8000-8009", [
      ...[0, 2000, 4000, 6000, 8000].map((first) => [first, first + 9] as const),
    ]),
    covered("9000-9099,0-99", [[9000, 9099], [0, 99]]),
    covered("-100,0-99", [[9900, 9999], [0, 99]]),
    covered("5000-,0-4999", [[5000, 9999], [0, 4999]]),
    covered("9000-99999,0-9", [[9000, 9999], [0, 9]]),
  ]),
  rule("RFC 9110 section 15.3.7.2", "Ranges that overlap or nearly touch may be joined", [
    covered("0-99,100-199", [[0, 99], [100, 199]]),
    covered("0-99,50-149", [[0, 99], [50, 149]]),
    covered("0-99,110-199", [[0, 99], [110, 199]]),
    covered("100-199,0-149", [[100, 199], [0, 149]]),
    covered("0-,0-", [[0, 9999]]),
  ]),
  rule("RFC 9110 section 14.2", "Of a set that is partly satisfiable, the satisfiable ranges are sent", [
    covered("0-9,20000-20009", [[0, 9]]),
    covered("20000-,-10", [[9990, 9999]]),
    covered("-0,0-9", [[0, 9]]),
    {
      name: "none of several is satisfiable",
      send: get("/bytes.bin", "Range: bytes=10000-,20000-30000,-0"),
      expect: [{ status: 416, fields: { "content-range": "bytes */10000" } }, {
        status: 200,
        body: { file: "/bytes.bin" },
      }],
    },
  ]),
  rule("RFC 9110 section 15.3.7.2", "Parts come in the order of the request, each with the type of the whole", [
    {
      name: "parts in the order of the request",
      send: get("/bytes.bin", "Range: bytes=5000-5099,9000-9099,0-99"),
      expect: {
        status: [206, 200],
        body: { ranges: [[5000, 5099], [9000, 9099], [0, 99]], of: "/bytes.bin", inOrder: true },
      },
    },
    {
      name: "the type of each part",
      send: get("/page.html", "Range: bytes=0-9,5000-5009"),
      expect: [
        {
          status: 206,
          fields: { "content-type": /^multipart\/byteranges;/ },
          body: /content-type: *text\/html[^]*content-type: *text\/html/i,
        },
        { status: [200, 206], fields: { "content-type": /^text\/html/ } },
      ],
    },
  ]),
  rule("RFC 9110 section 15.3.7.2", "The head of a multipart answer has no Content-Range", [
    {
      name: "no Content-Range beside multipart",
      send: get("/bytes.bin", "Range: bytes=0-9,5000-5009"),
      expect: [
        { status: 206, fields: { "content-type": /^multipart\/byteranges;/, "content-range": null } },
        { status: 206, fields: { "content-type": { not: /^multipart/ }, "content-range": /^bytes / } },
        { status: 200, fields: { "content-range": null } },
      ],
    },
    {
      name: "a request for one range is not answered with multipart",
      send: get("/bytes.bin", "Range: bytes=0-9,"),
      expect: { status: [206, 200, 400, 416], fields: { "content-type": { not: /^multipart/ } } },
    },
    {
      name: "validators of a multipart answer are those of 200",
      steps: [
        ...exchange(get("/bytes.bin"), { status: 200 }),
        ...exchange(get("/bytes.bin", "Range: bytes=0-9,5000-5009"), { status: [206, 200] }),
        { compare: ["etag", "last-modified", "vary", "cache-control"], of: [0, 1], as: "equal" },
      ],
    },
    {
      name: "HEAD ignores several ranges",
      send: head("/bytes.bin", "Range: bytes=0-9,5000-5009"),
      expect: { status: 200, fields: { "content-type": { not: /^multipart/ }, "content-range": null } },
    },
  ]),
  rule("RFC 9110 section 17.15", "Many small or overlapping ranges are not let to exhaust the server", [
    {
      name: "200 overlapping ranges do not multiply the content",
      send: get("/bytes.bin", `Range: bytes=${OVERLAPPING}`),
      expect: { status: [200, 206, 400, 416, 431], body: { atMost: 30_000 } },
    },
    {
      name: "300 ranges of one byte do not multiply the content",
      send: get("/bytes.bin", `Range: bytes=${MANY}`),
      expect: { status: [200, 206, 400, 416, 431], body: { atMost: 60_000 } },
    },
  ]),
]);
