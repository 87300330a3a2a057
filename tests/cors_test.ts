/**
 * CORS: what `--cors` means, which fields an answer gets, and what a browser makes of them. The browser's side is the
 * Fetch standard written down step by step, and knows nothing of the server.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { CorsPolicy } from "../src/cors.ts";
import { corsFields, parseCorsOrigins, preflight } from "../src/cors.ts";
import { UsageError } from "../src/errors.ts";
import { parseRequestHead } from "../src/http1.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { FieldLine, RequestHead } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";

function makeRequest(method: string, fields: readonly FieldLine[] = []): RequestHead {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const buffer = new ReceiveBuffer(DEFAULT_OPTIONS.limits.headBytes);
  const bytes = new TextEncoder().encode(`${method} /a HTTP/1.1\r\nHost: files.example\r\n${lines}\r\n`);
  buffer.room().set(bytes);
  buffer.received(bytes.length);
  const head = parseRequestHead(buffer, DEFAULT_OPTIONS.limits);
  assert(head);
  return head;
}

/** A value of `--cors`, then origins that it allows and origins that it does not; apart by blanks. */
const POLICIES: readonly [value: string, allowed: string, refused: string][] = [
  ["", "https://a.example http://a.example null chrome-extension://abcdef", ""],
  ["*", "https://a.example http://localhost:3000 null", ""],
  [
    "https://a.example",
    "https://a.example",
    "http://a.example https://a.example:8443 https://b.example https://x.a.example https://a.example.org null",
  ],
  ["https://a.example, https://a.example", "https://a.example", "https://b.example"],
  ["http://localhost:3000", "http://localhost:3000", "http://localhost http://localhost:30000 https://localhost:3000"],
  [
    " https://a.example , http://b.example:8080",
    "https://a.example http://b.example:8080",
    "http://a.example http://b.example null https://A.example https://a.example/ https://a.example,http://b.example:8080",
  ],
  ["http://127.0.0.1:8080,http://[::1]:8080", "http://127.0.0.1:8080 http://[::1]:8080", "http://127.0.0.1"],
  ["https://xn--bcher-kva.example,https://a_b.example", "https://xn--bcher-kva.example https://a_b.example", "null"],
  [
    "chrome-extension://abcdefghijklmnop,moz-extension://1f0c-AB,capacitor://localhost",
    "chrome-extension://abcdefghijklmnop moz-extension://1f0c-AB capacitor://localhost",
    "chrome-extension://abcdefghijklmno capacitor://localhost:1 https://localhost",
  ],
  // Wildcards: whole labels, one or several, anchored at both ends; the dot is a dot.
  [
    "https://*.example.org",
    "https://a.example.org https://a.b.example.org https://x--y.example.org https://a_b.example.org",
    "https://example.org https://.example.org https://notexample.org https://a.notexample.org " +
    "https://a.exampleXorg https://a.example.org.evil.example https://evil.example/.example.org " +
    "https://evil.example#.example.org https://a@b.example.org https://A.example.org http://a.example.org " +
    "https://a.example.org:444 https://a..example.org xhttps://a.example.org https://a.example.org/ " +
    "https://*.example.org null https://a.example.org,https://b.example.org",
  ],
  ["http://*.localhost:8080", "http://a.localhost:8080", "http://localhost:8080 http://a.localhost"],
  [
    "https://*.example.org,https://example.org,http://*.b.example:81",
    "https://example.org https://a.example.org http://a.b.example:81",
    "http://example.org http://b.example:81 http://a.b.example https://ab.example",
  ],
];

for (const [value, allowed, refused] of POLICIES) {
  Deno.test(`parseCorsOrigins ${JSON.stringify(value)}: a page of an allowed origin may read, another may not`, () => {
    const policy = structuredClone(parseCorsOrigins(value));
    for (const origin of allowed.split(" ")) assert(canRead(policy, origin), `${origin} is allowed`);
    for (const origin of refused.split(" ").filter(Boolean)) assert(!canRead(policy, origin), `${origin} is refused`);
  });
}

const NO_ORIGIN = "is not an origin, as https://example.org is one";
const NULL = "would allow every page, since each can open a sandboxed frame, whose origin is null";

const FAULTS: readonly [value: string, fault: string][] = [
  [",", "an origin is missing before or after a comma; an origin is missing before or after a comma"],
  ["https://a.example,", "an origin is missing before or after a comma"],
  ["*,https://a.example", "* allows any origin already, so it stands alone"],
  ["null", `null ${NULL}`],
  ["file://", `file:// ${NULL}`],
  ["a.example", "a.example has no scheme: is https://a.example meant?"],
  ["localhost:3000", "localhost:3000 has no scheme: is https://localhost:3000 meant?"],
  ["*.a.example", "*.a.example has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["https://a.example/", "https://a.example/ is not how browsers write an origin; write https://a.example"],
  ["https://a.example/b", "https://a.example/b is not how browsers write an origin; write https://a.example"],
  ["https://A.Example", "https://A.Example is not how browsers write an origin; write https://a.example"],
  ["HTTPS://a.example", "HTTPS://a.example is not how browsers write an origin; write https://a.example"],
  ["https://a.example:443", "https://a.example:443 is not how browsers write an origin; write https://a.example"],
  ["https://u:p@a.example", "https://u:p@a.example is not how browsers write an origin; write https://a.example"],
  [
    "https://bücher.example",
    "https://bücher.example is not how browsers write an origin; write https://xn--bcher-kva.example",
  ],
  ["https://*.A.example", "https://*.A.example is not how browsers write an origin; write https://*.a.example"],
  ["https://*.a.example/", "https://*.a.example/ is not how browsers write an origin; write https://*.a.example"],
  ["./www", `"./www" ${NO_ORIGIN}`],
  ["https://", `"https://" ${NO_ORIGIN}`],
  ["https://a b", `"https://a b" ${NO_ORIGIN}`],
  ["https://a.example:99999", `"https://a.example:99999" ${NO_ORIGIN}`],
  ["x-app://a/b", `"x-app://a/b" ${NO_ORIGIN}`],
  ["https://a.example\r\nX-Evil: 1", `"https://a.example\\r\\nX-Evil: 1" ${NO_ORIGIN}`],
  ["https://*", "https://* has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["https://*example.org", "https://*example.org has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["https://a.*.org", "https://a.*.org has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["https://*.*.org", "https://*.*.org has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["http://localhost:*", "http://localhost:* has a * elsewhere than for subdomains, as in https://*.example.org"],
  ["https://*.org", "https://*.org would allow a whole top-level domain"],
  ["https://*.org.", "https://*.org. would allow a whole top-level domain"],
  ["https://*.127.0.0.1", `"https://*.127.0.0.1" ${NO_ORIGIN}`],
  ["null,https://*.org", `null ${NULL}; https://*.org would allow a whole top-level domain`],
];

for (const [value, fault] of FAULTS) {
  Deno.test(`parseCorsOrigins refuses ${JSON.stringify(value)}`, () => {
    assertEquals(assertThrows(() => parseCorsOrigins(value), UsageError).message, `--cors: ${fault}`);
  });
}

const EXPOSE: FieldLine = [
  "Access-Control-Expose-Headers",
  "Accept-Ranges, Content-Encoding, Content-Range, ETag, Retry-After",
];
const VARY: FieldLine = ["Vary", "Origin"];
const LIST = "https://a.example,https://*.b.example";

const FIELDS: readonly [value: string, origin: string | undefined, fields: readonly FieldLine[]][] = [
  ["", undefined, [["Access-Control-Allow-Origin", "*"], EXPOSE]],
  ["", "https://a.example", [["Access-Control-Allow-Origin", "*"], EXPOSE]],
  // A list, of one too: each answer depends on Origin, also where it is absent or refused.
  ["https://a.example", undefined, [VARY]],
  ["https://a.example", "https://b.example", [VARY]],
  ["https://a.example", "https://a.example", [["Access-Control-Allow-Origin", "https://a.example"], EXPOSE, VARY]],
  [LIST, undefined, [VARY]],
  [LIST, "https://c.example", [VARY]],
  [LIST, "https://a.example", [["Access-Control-Allow-Origin", "https://a.example"], EXPOSE, VARY]],
  [LIST, "https://x.b.example", [["Access-Control-Allow-Origin", "https://x.b.example"], EXPOSE, VARY]],
];

for (const [value, origin, fields] of FIELDS) {
  Deno.test(`corsFields ${JSON.stringify(value)} for ${origin ?? "no origin"} (Fetch, HTTP CORS protocol)`, () => {
    const policy = parseCorsOrigins(value);
    const { fieldLines } = makeRequest("GET", origin === undefined ? [] : [["Origin", origin]]);
    assertEquals(corsFields(policy, fieldLines), fields);
  });
}

Deno.test("corsFields allows nothing where Origin is repeated", () => {
  const twice = [["Origin", "https://a.example"], ["Origin", "https://a.example"]] as const;
  assertEquals(corsFields(parseCorsOrigins(LIST), makeRequest("GET", twice).fieldLines), [VARY]);
});

Deno.test("corsFields returns the same array for the same answer", () => {
  for (const [value, origin] of [["", "null"], [LIST, "https://a.example"], [LIST, "https://c.example"]] as const) {
    const policy = parseCorsOrigins(value);
    const ask = () => corsFields(policy, makeRequest("GET", [["Origin", origin]]).fieldLines);
    assertStrictEquals(ask(), ask());
  }
});

const PREFLIGHT_VARY: FieldLine = ["Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"];
const METHODS: FieldLine = ["Access-Control-Allow-Methods", "GET, HEAD"];
const MAX_AGE: FieldLine = ["Access-Control-Max-Age", "7200"];
const ORIGIN: FieldLine = ["Origin", "https://a.example"];
const ASKED: FieldLine = ["Access-Control-Request-Method", "GET"];
const ALLOWED: FieldLine = ["Access-Control-Allow-Origin", "https://a.example"];

const PREFLIGHTS: readonly [
  what: string,
  policy: string,
  method: string,
  fields: readonly FieldLine[],
  answer: readonly FieldLine[] | undefined,
][] = [
  ["no Origin", "", "OPTIONS", [ASKED], undefined],
  ["no Access-Control-Request-Method", "", "OPTIONS", [ORIGIN], undefined],
  ["neither", "", "OPTIONS", [], undefined],
  ["not OPTIONS", "", "GET", [ORIGIN, ASKED], undefined],
  ["any origin", "", "OPTIONS", [ORIGIN, ASKED], [
    ["Access-Control-Allow-Origin", "*"],
    METHODS,
    MAX_AGE,
    PREFLIGHT_VARY,
  ]],
  ["the only origin", "https://a.example", "OPTIONS", [ORIGIN, ASKED], [ALLOWED, METHODS, MAX_AGE, PREFLIGHT_VARY]],
  ["a listed origin", LIST, "OPTIONS", [ORIGIN, ASKED], [ALLOWED, METHODS, MAX_AGE, PREFLIGHT_VARY]],
  ["an origin that is not listed", LIST, "OPTIONS", [["Origin", "https://c.example"], ASKED], [PREFLIGHT_VARY]],
  [
    "field names",
    LIST,
    "OPTIONS",
    [ORIGIN, ASKED, ["Access-Control-Request-Headers", "if-none-match,range , x-a"]],
    [ALLOWED, METHODS, ["Access-Control-Allow-Headers", "if-none-match, range, x-a"], MAX_AGE, PREFLIGHT_VARY],
  ],
  [
    "what is no field name",
    LIST,
    "OPTIONS",
    [ORIGIN, ASKED, ["Access-Control-Request-Headers", "range, a b"]],
    [ALLOWED, METHODS, MAX_AGE, PREFLIGHT_VARY],
  ],
  [
    "an empty list",
    LIST,
    "OPTIONS",
    [ORIGIN, ASKED, ["Access-Control-Request-Headers", ""]],
    [ALLOWED, METHODS, MAX_AGE, PREFLIGHT_VARY],
  ],
  [
    "a private network",
    LIST,
    "OPTIONS",
    [ORIGIN, ASKED, ["Access-Control-Request-Private-Network", "true"]],
    [ALLOWED, METHODS, MAX_AGE, PREFLIGHT_VARY],
  ],
];

for (const [what, policy, method, fields, answer] of PREFLIGHTS) {
  Deno.test(`preflight: ${what} (Fetch, CORS-preflight fetch)`, () => {
    assertEquals(preflight(parseCorsOrigins(policy), makeRequest(method, fields)), answer);
  });
}

/** What a page asks its browser for, and whether it gets it from a server that allows https://a.example. */
const SCRIPTS: readonly [what: string, request: Partial<PageRequest>, isAllowed: boolean][] = [
  ["GET", {}, true],
  ["HEAD", { method: "HEAD" }, true],
  ["a simple range", { fields: ["Range"], isSimpleRange: true }, true],
  ["several ranges", { fields: ["Range"] }, true],
  ["conditions", { fields: ["If-None-Match", "If-Modified-Since", "If-Range"] }, true],
  ["fields of a tracer", { fields: ["traceparent", "X-Requested-With"] }, true],
  ["Authorization", { fields: ["Authorization"] }, true],
  ["PUT", { method: "PUT" }, false],
  ["DELETE", { method: "DELETE" }, false],
  ["cookies", { credentials: "include" }, false],
  ["another origin", { origin: "https://c.example" }, false],
  ["another origin, with fields", { origin: "https://c.example", fields: ["If-None-Match"] }, false],
];

for (const value of ["https://a.example", LIST]) {
  for (const [what, request, isAllowed] of SCRIPTS) {
    Deno.test(`a browser and --cors=${value}: ${what} is ${isAllowed ? "allowed" : "refused"}`, () => {
      assertEquals(browse(parseCorsOrigins(value), { ...PAGE, ...request }) !== undefined, isAllowed);
    });
  }
}

Deno.test("a browser shows a page the fields that a client of files needs", () => {
  const sent = [["ETag", '"a"'], ["Content-Range", "bytes 0-0/1"], ["Content-Length", "1"], ["Server", "x"]] as const;
  for (const value of ["", "https://a.example", LIST]) {
    const seen = browse(parseCorsOrigins(value), PAGE, sent);
    assertEquals(seen, ["ETag", "Content-Range", "Content-Length"]);
  }
});

/** A request that a page makes by `fetch()` in mode "cors". */
interface PageRequest {
  readonly origin: string;
  readonly method: string;
  readonly fields: readonly string[];
  readonly isSimpleRange: boolean;
  readonly credentials: "same-origin" | "include";
}

const PAGE: PageRequest = {
  origin: "https://a.example",
  method: "GET",
  fields: [],
  isSimpleRange: false,
  credentials: "same-origin",
};

function canRead(policy: CorsPolicy, origin: string): boolean {
  return browse(policy, { ...PAGE, origin }) !== undefined;
}

/** HTTP fetch: the names of the fields that the page sees, or `undefined` for a network error. */
function browse(policy: CorsPolicy, page: PageRequest, sent: readonly FieldLine[] = []): string[] | undefined {
  const names = page.fields.map(toLowerCase).filter((name) => name !== "range" || !page.isSimpleRange);
  if (!["GET", "HEAD", "POST"].includes(page.method) || names.length > 0) {
    if (!passesPreflight(policy, page, names.sort())) return undefined;
  }
  const { fieldLines } = makeRequest(page.method, [["Origin", page.origin]]);
  const response = [...sent, ...corsFields(policy, fieldLines)];
  if (!passesCorsCheck(response, page)) return undefined;
  const exposed = extractList(response, "access-control-expose-headers").map(toLowerCase);
  const safe = "cache-control content-language content-length content-type expires last-modified pragma".split(" ");
  return sent.map(([name]) => name).filter((name) => [...safe, ...exposed].includes(name.toLowerCase()));
}

/** CORS-preflight fetch, steps 1 to 7. */
function passesPreflight(policy: CorsPolicy, page: PageRequest, names: readonly string[]): boolean {
  const head = makeRequest("OPTIONS", [
    ["Accept", "*/*"],
    ["Access-Control-Request-Method", page.method],
    ...(names.length === 0 ? [] : [["Access-Control-Request-Headers", names.join(",")] as const]),
    ["Origin", page.origin],
  ]);
  const response = preflight(policy, head);
  if (response === undefined || !passesCorsCheck(response, page)) return false;
  const methods = extractList(response, "access-control-allow-methods");
  const allowed = extractList(response, "access-control-allow-headers").map(toLowerCase);
  const hasWildcard = page.credentials !== "include";
  const isSafe = ["GET", "HEAD", "POST"].includes(page.method);
  const isMethodAllowed = methods.includes(page.method) || (hasWildcard && methods.includes("*"));
  if (!isSafe && !isMethodAllowed) return false;
  if (names.includes("authorization") && !allowed.includes("authorization")) return false;
  return names.every((name) => allowed.includes(name) || (hasWildcard && allowed.includes("*")));
}

/** CORS check. */
function passesCorsCheck(response: readonly FieldLine[], page: PageRequest): boolean {
  const origin = getField(response, "access-control-allow-origin");
  if (origin === undefined) return false;
  if (page.credentials !== "include" && origin === "*") return true;
  if (origin !== page.origin) return false;
  if (page.credentials !== "include") return true;
  return getField(response, "access-control-allow-credentials") === "true";
}

/** Get a header: all lines of a field, joined. */
function getField(fields: readonly FieldLine[], name: string): string | undefined {
  const values = fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

function extractList(fields: readonly FieldLine[], name: string): string[] {
  return getField(fields, name)?.split(",").map((item) => item.trim()) ?? [];
}

function toLowerCase(name: string): string {
  return name.toLowerCase();
}
