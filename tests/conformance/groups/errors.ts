/** Error answers: RFC 9110 sections 15.5 and 17, RFC 9112 section 9.6. */

import { exchange, get, group, head, raw, request, type Row, rule } from "../row.ts";

/** Signs of the inside: source positions, stacks, paths, names of system errors. */
const INTERNALS =
  /\bat .*:\d+:\d+|\.(ts|js|go|py|c):\d+|node_modules|\bENOENT\b|No such file or directory|\/tmp\/|\/root\//;
const CLEAN = { not: INTERNALS } as const;

/** Requests that fail, each with a status of its own. */
const FAILING: readonly (readonly [name: string, send: string, status: readonly number[]])[] = [
  ["400", raw("GET /ten.txt HTTP/1.1", "Bad Line", "Host: <<host>>"), [400]],
  ["404", get("/nothing"), [404]],
  ["405", request("DELETE", "/ten.txt"), [405, 501]],
  ["412", get("/ten.txt", 'If-Match: "other"'), [412]],
  ["416", get("/ten.txt", "Range: bytes=99-"), [416]],
  ["a broken path", get("/%zz"), [400, 404]],
  ["a path through a file", get("/ten.txt/x"), [404]],
  ["a name that is too long", get(`/${"n".repeat(1000)}`), [404, 400, 414]],
];

/** Rows about errors. */
export const ERRORS: readonly Row[] = group("errors", [
  rule("RFC 9110 section 17.3", "An error tells nothing of the inside", [
    ...FAILING.map(([name, send, status]) => ({
      name: `nothing of the inside in ${name}`,
      send,
      expect: { status, body: CLEAN },
    })),
    {
      name: "the path is not repeated as HTML",
      send: get("/%3Cscript%3Ealert(1)%3C/script%3E"),
      expect: { status: [400, 404], body: { not: /<script>alert/ } },
    },
    {
      name: "a raw path is not repeated as HTML",
      send: get("/<script>alert(1)</script>"),
      expect: { status: [400, 404], body: { not: /<script>alert/ } },
    },
    {
      name: "the Host is not repeated as HTML",
      send: raw("GET /nothing HTTP/1.1", "Host: <script>alert(1)</script>"),
      expect: { status: [400, 404], body: { not: /<script>alert/ } },
    },
  ]),
  rule("RFC 9110 section 15.5", "An error is explained, except to HEAD", [
    { name: "404 has content", send: get("/nothing"), expect: { status: 404, body: /\S/ } },
    { name: "405 has content", send: request("DELETE", "/ten.txt"), expect: { status: [405, 501], body: /\S/ } },
  ]),
  rule("RFC 9110 section 8.3", "An error with content says what it is", [
    ...FAILING.map(([name, send, status]) => ({
      name: `Content-Type of ${name}`,
      send,
      expect: [
        { status, fields: { "content-type": /^(text\/(plain|html)|application\/(problem\+)?json)\b/ } },
        { status, body: "" },
      ],
    })),
    {
      name: "404 for a name with an extension is not of its type",
      send: get("/nothing.png"),
      expect: { status: 404, fields: { "content-type": { not: /^image/ } } },
    },
  ]),
  rule("RFC 9111 section 4.2.2", "An error is not kept for long, and is no representation of the file", [
    {
      name: "404 has no validators of a file and no long life",
      send: get("/nothing.3f9c2b1a.js"),
      expect: {
        status: 404,
        fields: { "last-modified": null, "etag": null, "cache-control": { not: /immutable|max-age=[1-9]\d{4}/ } },
      },
    },
    {
      name: "412 and 416 have no content of the file",
      steps: [
        ...exchange(get("/ten.txt", "Range: bytes=99-"), { status: 416, body: { not: /0123456789/ } }),
        ...exchange(get("/ten.txt", 'If-Match: "other"'), { status: 412, body: { not: /0123456789/ } }),
      ],
    },
  ]),
  rule("RFC 9110 section 9.3.2", "HEAD gets errors without content", [
    { name: "HEAD 404", send: head("/nothing"), expect: { status: 404 }, ends: "open" },
    { name: "HEAD 412", send: head("/ten.txt", 'If-Match: "other"'), expect: { status: 412 } },
    { name: "HEAD 400 of a path", send: head("/%zz"), expect: { status: [400, 404] } },
  ]),
  rule("RFC 9110 section 15.6", "The server outlives what it refuses", [
    {
      name: "fifty broken requests, then a good one",
      steps: [
        ...Array.from({ length: 50 }, () => exchange(get("/%zz", "Connection: close"), { status: [400, 404] })).flat(),
        ...exchange(get("/ten.txt"), { status: 200, body: { file: "/ten.txt" } }),
      ],
    },
  ]),
]);
