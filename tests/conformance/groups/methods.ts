/** Methods and expectations: RFC 9110 sections 9, 10.1.1, 10.2.1, 15.5.6 and 15.6.2. */

import { exchange, get, group, raw, request, type Row, rule } from "../row.ts";

const ALLOW = { allow: { has: ["GET", "HEAD"] } } as const;
const REFUSED = [{ status: 405, fields: ALLOW }, { status: 501 }] as const;
const NOT_THE_FILE = { not: /0123456789/ } as const;
const TEN = { status: 200, body: { file: "/ten.txt" } } as const;

/** Tokens that look like methods and are none. */
const UNKNOWN = ["FOO", "GETT", "GE", "HEADER", "G", "!#$%&'*+-.^_`|~", "X".repeat(60)];

/** Rows about methods. */
export const METHODS: readonly Row[] = group("methods", [
  rule("RFC 9110 section 9.3.7", "OPTIONS tells what is allowed, and OPTIONS * is about the server", [
    {
      name: "OPTIONS on a file has Allow",
      send: request("OPTIONS", "/ten.txt"),
      expect: { status: [200, 204], fields: ALLOW, body: NOT_THE_FILE },
      ends: "open",
      core: 43,
    },
    { name: "OPTIONS *", send: request("OPTIONS", "*"), expect: { status: [200, 204] }, ends: "open" },
    {
      name: "OPTIONS on the root",
      send: request("OPTIONS", "/"),
      expect: { status: [200, 204], fields: ALLOW },
    },
    { name: "OPTIONS on nothing", send: request("OPTIONS", "/nothing"), expect: { status: [200, 204, 404] } },
    {
      name: "OPTIONS with the absolute form of *",
      send: request("OPTIONS", "http://<<host>>"),
      expect: { status: [200, 204] },
    },
  ]),
  rule("RFC 9110 section 15.5.6", "A known method that is not allowed is 405 with Allow; or it is not known, 501", [
    { name: "DELETE", send: request("DELETE", "/ten.txt"), expect: REFUSED, core: 44 },
    {
      name: "POST is not answered with the file",
      send: request("POST", "/ten.txt", "Content-Length: 0"),
      expect: { status: ["4xx", 501], body: NOT_THE_FILE },
      core: 45,
    },
    { name: "POST", send: request("POST", "/ten.txt", "Content-Length: 0"), expect: REFUSED, ends: "open" },
    { name: "PATCH", send: request("PATCH", "/ten.txt", "Content-Length: 0"), expect: REFUSED },
    { name: "PUT", send: request("PUT", "/ten.txt", "Content-Length: 0"), expect: REFUSED },
    { name: "PROPFIND", send: request("PROPFIND", "/", "Depth: 0"), expect: REFUSED },
    {
      name: "POST on a directory",
      send: request("POST", "/dir/", "Content-Length: 0"),
      expect: REFUSED,
    },
    {
      name: "POST on nothing",
      send: request("POST", "/nothing", "Content-Length: 0"),
      expect: { status: [404, 405, 501] },
    },
  ]),
  rule("RFC 9110 section 9.2.1", "What is refused changes nothing", [
    {
      name: "PUT makes no file",
      steps: [
        { send: request("PUT", "/put.txt", "Content-Length: 5") + "hello" },
        { answer: { status: ["4xx", 501] } },
        { send: get("/put.txt", "Connection: close") },
        { answer: [{ status: 404 }, "closed"] },
      ],
    },
    {
      name: "DELETE removes no file",
      steps: [
        ...exchange(request("DELETE", "/ten.txt", "Connection: close"), { status: ["4xx", 501] }),
        ...exchange(get("/ten.txt", "Connection: close"), TEN),
      ],
    },
    {
      name: "a field does not change the method",
      send: get("/ten.txt", "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE"),
      expect: TEN,
    },
  ]),
  rule("RFC 9110 section 9.3.8", "TRACE is refused, or loops back the request", [
    {
      name: "TRACE is not answered with the file",
      send: request("TRACE", "/ten.txt"),
      expect: [
        { status: [405, 501, 400, 403], body: NOT_THE_FILE },
        { status: 200, fields: { "content-type": /^message\/http\b/ } },
      ],
      core: 46,
    },
    {
      name: "TRACE does not send credentials back",
      send: request("TRACE", "/ten.txt", "Cookie: token=do-not-echo", "Authorization: Basic do-not-echo"),
      expect: { status: ["2xx", "4xx", "5xx"], body: { not: /do-not-echo/ } },
    },
  ]),
  rule("RFC 9110 section 9.3.6", "An origin server that is no proxy makes no tunnel", [
    {
      name: "CONNECT",
      send: raw("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"),
      expect: [{ status: ["4xx", 501] }, "closed"],
    },
    {
      name: "CONNECT with a path",
      send: request("CONNECT", "/ten.txt"),
      expect: [{ status: ["4xx", 501] }, "closed"],
    },
  ]),
  rule("RFC 9110 section 9.1", "Methods are case-sensitive, and one that is not known is 501", [
    { name: "get in lower case", send: request("get", "/ten.txt"), expect: { status: [501, 405, 400] }, core: 42 },
    { name: "Get", send: request("Get", "/ten.txt"), expect: { status: [501, 405, 400] } },
    { name: "head in lower case", send: request("head", "/ten.txt"), expect: { status: [501, 405, 400] } },
    ...UNKNOWN.map((method) => ({
      name: `method ${method.slice(0, 20)}`,
      send: request(method, "/ten.txt"),
      expect: [{ status: 405, fields: ALLOW }, { status: [501, 400] }] as const,
    })),
    {
      name: "a method of 10 KB",
      send: request("X".repeat(10_000), "/ten.txt"),
      expect: { status: ["4xx", 501] },
    },
  ]),
  rule(
    "RFC 9110 section 10.1.1",
    "100-continue is answered with 100 or a final status, an expectation not known with 417",
    [
      {
        name: "Expect: 100-continue on POST gets a final answer without the body",
        send: request("POST", "/ten.txt", "Expect: 100-continue", "Content-Length: 5"),
        expect: { status: ["2xx", "4xx", 501], interim: [] },
        ends: "unchecked",
      },
      {
        name: "Expect: 100-Continue is case-insensitive",
        send: get("/ten.txt", "Expect: 100-Continue"),
        expect: TEN,
      },
      {
        name: "Expect: 100-continue without a body",
        send: get("/ten.txt", "Expect: 100-continue"),
        expect: TEN,
      },
      {
        name: "Expect: 100-continue in an HTTP/1.0 request is ignored",
        send: raw("GET /ten.txt HTTP/1.0", "Host: <<host>>", "Expect: 100-continue"),
        expect: { ...TEN, interim: [] },
      },
      {
        name: "Expect: 100-continue with the body sent at once",
        send: request("POST", "/ten.txt", "Expect: 100-continue", "Content-Length: 5") + "hello",
        expect: { status: ["2xx", "4xx", 501] },
      },
      {
        name: "an unknown expectation",
        send: get("/ten.txt", "Expect: the-unexpected"),
        expect: [{ status: 417 }, TEN],
      },
    ],
  ),
]);
