/** Persistence, pipelining, the end of a connection: RFC 9112 sections 8 and 9. */

import { exchange, get, group, head, raw, request, type Row, rule, type Step } from "../row.ts";

const TEN = { status: 200, body: { file: "/ten.txt" } } as const;
const LINE = "GET /ten.txt HTTP/1.0";
const HOST = "Host: <<host>>";

function times<T>(count: number, make: (at: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, at) => make(at)).flat();
}

/** Mixed requests and their answers, in order. */
const MIXED: readonly (readonly [send: string, status: number])[] = [
  [get("/ten.txt"), 200],
  [head("/bytes.bin"), 200],
  [get("/nothing"), 404],
  [get("/ten.txt", "If-None-Match: *"), 304],
  [get("/ten.txt", "Range: bytes=99-"), 416],
  [get("/ten.txt", "Range: bytes=0-0"), 206],
  [get("/empty.txt"), 200],
  [head("/nothing"), 404],
  [get("/other.txt"), 200],
];

/** Rows about connections. */
export const CONNECTION: readonly Row[] = group("connection", [
  rule("RFC 9112 section 9.3", "An HTTP/1.1 connection persists unless one side says close", [
    { name: "20 requests one after the other", steps: times(20, () => exchange(get("/ten.txt"), TEN)), ends: "open" },
    { name: "persists after 404", send: get("/nothing"), expect: { status: 404 }, ends: "open" },
    { name: "persists after HEAD", send: head("/ten.txt"), expect: { status: 200 }, ends: "open" },
    { name: "persists after a redirect", send: get("/dir"), expect: { status: "3xx" }, ends: "open" },
    { name: "persists after an empty file", send: get("/empty.txt"), expect: { status: 200 }, ends: "open" },
    { name: "Connection: keep-alive", send: get("/ten.txt", "Connection: keep-alive"), expect: TEN, ends: "open" },
    { name: "an unknown option of Connection", send: get("/ten.txt", "Connection: foo"), expect: TEN, ends: "open" },
  ]),
  rule("RFC 9112 section 9.6", "After an answer to close the server closes, and says so in that answer", [
    ...["close", "CLOSE", "foo, close", "keep-alive, close", "close,"].map((value) => ({
      name: `Connection: ${value}`,
      send: get("/ten.txt", `Connection: ${value}`),
      expect: { ...TEN, close: true },
      ends: "closed" as const,
    })),
    {
      name: "close in the second of two lines",
      send: get("/ten.txt", "Connection: foo", "Connection: close"),
      expect: { ...TEN, close: true },
      ends: "closed",
    },
    {
      name: "close on HEAD",
      send: head("/ten.txt", "Connection: close"),
      expect: { status: 200, close: true },
      ends: "closed",
    },
    {
      name: "close on 404",
      send: get("/nothing", "Connection: close"),
      expect: { status: 404, close: true },
      ends: "closed",
    },
    {
      name: "an answer behind which the server closes says so",
      send: raw("GET /ten.txt HTTP/1.1"),
      expect: { status: 400, close: true },
      ends: "closed",
    },
    {
      name: "nothing behind a request with close is answered",
      steps: [{ send: get("/ten.txt", "Connection: close") + get("/other.txt") }, { answer: TEN }],
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 9.3", "An HTTP/1.0 connection ends with the answer, unless keep-alive is agreed", [
    { name: "HTTP/1.0", send: raw(LINE, HOST), expect: TEN, ends: "closed" },
    {
      name: "HTTP/1.0 with keep-alive: the answer tells which",
      send: raw(LINE, HOST, "Connection: keep-alive"),
      expect: TEN,
    },
    {
      name: "HTTP/1.0 with close",
      send: raw(LINE, HOST, "Connection: close"),
      expect: TEN,
      ends: "closed",
    },
    {
      name: "HTTP/1.0 HEAD",
      send: raw("HEAD /ten.txt HTTP/1.0", HOST),
      expect: { status: 200 },
      ends: "closed",
    },
    {
      name: "HTTP/1.0 with a coding: no transfer coding",
      send: raw("GET /page.html HTTP/1.0", HOST, "Accept-Encoding: gzip"),
      expect: { status: 200, body: { decoded: "/page.html" }, framing: ["length", "close"] },
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 9.3.2", "Pipelined requests are answered in their order", [
    {
      name: "three requests at once",
      steps: [
        { send: get("/ten.txt") + get("/other.txt") + get("/dir/inner.txt") },
        { answer: TEN },
        { answer: { status: 200, body: { file: "/other.txt" } } },
        { answer: { status: 200, body: { file: "/dir/inner.txt" } } },
      ],
      core: 37,
    },
    {
      name: "nine requests of all kinds at once",
      steps: [
        { send: MIXED.map(([send]) => send).join("") },
        ...MIXED.map(([send, status]): Step => ({ answer: { status }, to: send.slice(0, send.indexOf(" ")) })),
      ],
      ends: "open",
    },
    {
      name: "a hundred requests at once",
      steps: [{ send: get("/ten.txt").repeat(100) }, ...times(100, (): Step[] => [{ answer: TEN }])],
    },
    {
      name: "large answers between small ones",
      steps: [
        { send: get("/ten.txt") + get("/bytes.bin") + get("/page.html") + get("/ten.txt") },
        { answer: TEN },
        { answer: { status: 200, body: { file: "/bytes.bin" } } },
        { answer: { status: 200, body: { file: "/page.html" } } },
        { answer: TEN },
      ],
    },
    {
      name: "a request with a body between two without",
      steps: [
        { send: get("/ten.txt") + request("GET", "/other.txt", "Content-Length: 5") + "hello" + get("/ten.txt") },
        { answer: TEN },
        { answer: { status: ["2xx", "4xx"] } },
        { answer: [TEN, "closed"] },
      ],
    },
    {
      name: "the last of three says close",
      steps: [
        { send: get("/ten.txt").repeat(2) + get("/other.txt", "Connection: close") },
        { answer: TEN },
        { answer: TEN },
        { answer: { status: 200, body: { file: "/other.txt" } } },
      ],
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 2.2", "How the bytes are divided does not matter", [
    { name: "byte by byte", steps: [{ send: get("/ten.txt"), bytewise: true }, { answer: TEN }], ends: "open" },
    {
      name: "one request and a half, then the other half",
      steps: [
        { send: get("/ten.txt") + "GET /other.txt HT" },
        { answer: TEN },
        { send: "TP/1.1\r\nHost: <<host>>\r\n\r" },
        { send: "\n" },
        { answer: { status: 200, body: { file: "/other.txt" } }, to: "GET" },
      ],
    },
    {
      name: "a body of chunks byte by byte",
      steps: [
        { send: get("/ten.txt", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", bytewise: true },
        { answer: { status: [200, 400, 405, 501] } },
      ],
    },
  ]),
  rule("RFC 9112 section 9.6", "A client that ends its side is still answered", [
    {
      name: "half-close behind a request",
      steps: [{ send: get("/ten.txt") }, { halfClose: true }, { answer: TEN }],
      ends: "closed",
    },
    {
      name: "half-close behind three requests",
      steps: [
        { send: get("/ten.txt").repeat(3) },
        { halfClose: true },
        { answer: TEN },
        { answer: TEN },
        { answer: TEN },
      ],
      ends: "closed",
    },
    {
      name: "half-close behind a request for much",
      steps: [
        { send: get("/bytes.bin") },
        { halfClose: true },
        { answer: { status: 200, body: { file: "/bytes.bin" } } },
      ],
      ends: "closed",
    },
  ]),
  rule("RFC 9112 section 8", "A request that breaks off gets an error or nothing, and the connection ends", [
    ...["GET /ten", "GET /ten.txt HTTP/1.1\r\n", "GET /ten.txt HTTP/1.1\r\nHost: <<host>>\r\n"].map((send, at) => ({
      name: `half-close within the head, ${["request line", "field section", "last line"][at]}`,
      steps: [{ send }, { halfClose: true } as const, { answer: [{ status: [400, 408] }, "closed"] as const }],
      ends: "closed" as const,
    })),
    {
      name: "half-close within a body",
      steps: [
        { send: request("POST", "/ten.txt", "Content-Length: 100") + "hello" },
        { halfClose: true },
        { answer: [{ status: ["4xx", 501, 200] }, "closed"] },
      ],
      ends: "closed",
    },
    { name: "half-close before anything", steps: [{ halfClose: true }, { answer: "closed" }], ends: "closed" },
  ]),
]);
