/** Last-Modified and ETag: RFC 9110 section 8.8. */

import { eventually, exchange, get, group, head, type Row, rule } from "../row.ts";

/** Rows about validators. */
export const VALIDATORS: readonly Row[] = group("validators", [
  rule("RFC 9110 section 8.8.2", "An origin server sends Last-Modified where it can find out a date", [
    {
      name: "Last-Modified is the file's time",
      send: get("/ten.txt"),
      expect: { status: 200, fields: { "last-modified": "Sat, 03 Feb 2024 04:05:06 GMT" } },
    },
    {
      name: "Last-Modified of an index file",
      send: get("/"),
      expect: { status: 200, fields: { "last-modified": "Sat, 03 Feb 2024 04:05:06 GMT" } },
    },
    {
      name: "a fraction of a second is cut off, not rounded up",
      send: get("/fraction.txt"),
      expect: { status: 200, fields: { "last-modified": "Sat, 03 Feb 2024 04:05:06 GMT" } },
    },
  ]),
  rule("RFC 9110 section 8.8.2.1", "Last-Modified is never later than the answer", [
    {
      name: "a file from the future has no later Last-Modified than Date",
      send: get("/future.txt"),
      expect: { status: 200, fields: { "last-modified": { not: / 2099 / } } },
    },
  ]),
  rule("RFC 9110 section 8.8.3", "An origin server sends an ETag where it can tell changes reliably", [
    { name: "ETag on GET", send: get("/ten.txt"), expect: { status: 200, fields: { etag: /./ } } },
    { name: "ETag on HEAD", send: head("/ten.txt"), expect: { status: 200, fields: { etag: /./ } } },
    { name: "ETag of an empty file", send: get("/empty.txt"), expect: { status: 200, fields: { etag: /./ } } },
    { name: "ETag of an index file", send: get("/dir/"), expect: { status: 200, fields: { etag: /./ } } },
    {
      name: "ETag is the same on another connection",
      send: get("/ten.txt", "Connection: close", "If-None-Match: <<etag /ten.txt>>"),
      expect: { status: 304 },
    },
    {
      name: "ETag of 200, 206 and HEAD is the same",
      steps: [
        ...exchange(get("/ten.txt"), { status: 200, fields: { etag: /./ } }),
        ...exchange(get("/ten.txt", "Range: bytes=0-0"), { status: 206, fields: { etag: /./ } }),
        ...exchange(head("/ten.txt"), { status: 200, fields: { etag: /./ } }),
        { compare: ["etag"], of: [0, 1], as: "equal" },
        { compare: ["etag"], of: [0, 2], as: "equal" },
      ],
    },
  ]),
  rule("RFC 9110 section 8.8.3", "An entity tag does not depend on the query or the form of the target", [
    {
      name: "ETag and Last-Modified with a query",
      steps: [
        ...exchange(get("/ten.txt"), { status: 200, fields: { etag: /./ } }),
        ...exchange(get("/ten.txt?q"), { status: 200, fields: { etag: /./ } }),
        { compare: ["etag", "last-modified"], of: [0, 1], as: "equal" },
      ],
    },
  ]),
  rule("RFC 9110 section 8.8.1", "A strong validator changes whenever the content changes", [
    {
      name: "files of one size and one time: no strong tag covers two contents of one URL",
      steps: [
        { write: "/changing.txt", content: "aaaaaaaa" },
        ...exchange(get("/changing.txt"), { status: 200 }),
        { write: "/changing.txt", content: "bbbbbbbb" },
        ...exchange(get("/changing.txt"), { status: 200 }),
        { compareContent: [0, 1] },
        ...eventually(get("/changing.txt"), { status: 200, body: "bbbbbbbb" }),
        { compareContent: [0, 2] },
      ],
      needs: ["root"],
    },
  ]),
  rule("RFC 9110 section 9.3.1", "GET transfers the current representation", [
    {
      name: "a new file is there",
      steps: [
        { write: "/appearing.txt", content: "here now" },
        ...eventually(get("/appearing.txt"), { status: 200, body: "here now" }),
        { write: "/appearing.txt", content: null },
      ],
      needs: ["root"],
    },
    {
      name: "a changed file is sent as it is now, with another ETag",
      steps: [
        { write: "/growing.txt", content: "short" },
        ...exchange(get("/growing.txt"), { status: 200, body: /^short/ }),
        { write: "/growing.txt", content: "short and then longer" },
        ...eventually(get("/growing.txt"), { status: 200, body: "short and then longer" }),
        { compare: ["etag"], of: [0, 1], as: "distinct" },
      ],
      needs: ["root"],
    },
    {
      name: "a removed file is 404",
      steps: [
        { write: "/passing.txt", content: "present" },
        ...eventually(get("/passing.txt"), { status: 200 }),
        { write: "/passing.txt", content: null },
        ...eventually(get("/passing.txt"), { status: 404 }),
      ],
      needs: ["root"],
    },
  ]),
]);
