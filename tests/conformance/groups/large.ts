/** A file of more than 4 GiB: positions that do not fit 32 bits. RFC 9110 sections 8.6 and 14.1.2. */

import { HUGE_BYTES } from "../fixtures.ts";
import { get, group, head, type Row, rule } from "../row.ts";

const FOUR_GIB = 2 ** 32;

function part(name: string, value: string, first: number, content: string | RegExp, length: number) {
  return {
    name,
    send: get("/huge.bin", `Range: bytes=${value}`),
    expect: {
      status: 206,
      fields: {
        "content-range": `bytes ${first}-${first + length - 1}/${HUGE_BYTES}`,
        "content-length": String(length),
      },
      body: content,
    },
  };
}

/** Rows about a large file. */
export const LARGE: readonly Row[] = group("large", [
  rule("RFC 9110 section 8.6", "Content-Length has no upper bound, and neither may its arithmetic", [
    {
      name: "HEAD tells the size of 5 GiB",
      send: head("/huge.bin"),
      expect: { status: 200, fields: { "content-length": String(HUGE_BYTES) } },
    },
    {
      name: "GET tells the size of 5 GiB and begins to send",
      steps: [{ send: get("/huge.bin") }, {
        answer: { status: 200, fields: { "content-length": String(HUGE_BYTES) } },
        head: true,
      }],
    },
  ]),
  rule("RFC 9110 section 14.1.2", "Positions of a range may be any number", [
    part("across 2 GiB", `${2 ** 31 - 2}-${2 ** 31 + 1}`, 2 ** 31 - 2, "TWOG", 4),
    part("across 4 GiB", `${FOUR_GIB - 2}-${FOUR_GIB + 1}`, FOUR_GIB - 2, "FOUR", 4),
    part("the first byte behind 4 GiB", `${FOUR_GIB}-${FOUR_GIB}`, FOUR_GIB, "U", 1),
    part("the last bytes", "-3", HUGE_BYTES - 3, "END", 3),
    part("from behind 4 GiB to the end", `${HUGE_BYTES - 3}-`, HUGE_BYTES - 3, "END", 3),
    part("to the end and beyond", `${HUGE_BYTES - 3}-${2 * HUGE_BYTES}`, HUGE_BYTES - 3, "END", 3),
    part("64 KB from behind 4 GiB", `${FOUR_GIB + 2}-${FOUR_GIB + 65_537}`, FOUR_GIB + 2, /^\0{65536}$/, 65_536),
    {
      name: "a range that begins at the size",
      send: get("/huge.bin", `Range: bytes=${HUGE_BYTES}-`),
      expect: { status: 416, fields: { "content-range": `bytes */${HUGE_BYTES}` } },
    },
    {
      name: "several ranges around 4 GiB",
      send: get("/huge.bin", `Range: bytes=0-3,${FOUR_GIB - 2}-${FOUR_GIB + 1},-3`),
      expect: { status: 206, fields: { "content-type": /^multipart\/byteranges;/ }, body: /FOUR[^]*END/ },
    },
    {
      name: "If-None-Match on a large file",
      send: get("/huge.bin", "If-None-Match: <<etag /huge.bin>>"),
      expect: { status: 304 },
    },
    {
      name: "the server lives on after a large answer was left",
      steps: [
        { send: get("/huge.bin", "Connection: close") },
        { answer: { status: 200 }, head: true },
        { send: get("/ten.txt", "Connection: close") },
        { answer: { status: 200, body: { file: "/ten.txt" } } },
      ],
    },
  ]),
]);
