/**
 * Nothing that a client sends reaches a response head unescaped: random bytes in path, query and fields are put to sites
 * that echo some of them (redirects, listings, archives, CORS, error pages), and every head is read by a strict reader
 * that knows no more than the grammar (RFC 9112 section 4, RFC 9110 section 5.5, RFC 3986 appendix A, RFC 6266).
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Clock } from "../../src/clock.ts";
import { DEFAULT_OPTIONS } from "../../src/config.ts";
import type { SiteOptions } from "../../src/config.ts";
import { errorResponse } from "../../src/error_response.ts";
import { HttpError } from "../../src/errors.ts";
import { encodeResponseHead, parseRequestHead } from "../../src/http1.ts";
import type { RequestHead } from "../../src/message.ts";
import { HttpResponse } from "../../src/message.ts";
import { ReceiveBuffer } from "../../src/receive_buffer.ts";
import { fileHandler } from "../../src/site_handler.ts";
import { parseSiteOptions } from "../../src/site_options.ts";
import type { StaticHandler } from "../../src/message.ts";
import { decodeLatin1, encodeLatin1 } from "../octets.ts";
import { testWith } from "../permissions.ts";
import { createRandom } from "../random.ts";
import { Site } from "../site.ts";

const SEED = 1;
const REQUESTS = 4_000;
const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

/** Names of folders and files; some of them are what an attacker with a place to write would choose. */
const NAMES = [
  "dir",
  "a b",
  "é",
  "e\u0301",
  '<b>"x',
  "a%0d%0ab",
  "100%",
  "a?b#c",
  "x\r\nX-Injected: 1",
  "\u202egnp",
  "a;b=c",
];

const REDIRECTS = [
  "/old/* /new/:splat 301",
  "/out/* https://example.com/:splat 302",
  "/name/:x /dir/?x=:x 307",
  "/q x=:x /dir/:x?again=:x#:x 303",
  "/gone/* /dir/index 404",
].join("\n");

const SETTINGS: readonly Partial<SiteOptions>[] = [
  { list: true, archive: true, cors: "https://a.example,https://*.b.example" },
  { cleanUrls: true, cors: "*", headers: ["X-Fixed: 1"] },
  { list: true, upload: true, base: "/b%20%C3%A9/" },
];

/** All names that an answer of these sites may have. */
const FIELD_NAMES: ReadonlySet<string> = new Set([
  ..."accept-ranges access-control-allow-headers access-control-allow-methods access-control-allow-origin".split(" "),
  ..."access-control-expose-headers access-control-max-age allow cache-control connection content-disposition".split(
    " ",
  ),
  ..."content-encoding content-length content-range content-security-policy content-type date etag".split(" "),
  ..."last-modified location referrer-policy retry-after server transfer-encoding vary".split(" "),
  ..."x-content-type-options x-fixed".split(" "),
]);

const URI_REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const ATTACHMENT =
  /^attachment; filename="[^"\\%]*"(?:; filename\*=UTF-8''(?:[A-Za-z0-9!#$&+\-.^_`|~]|%[0-9A-F]{2})+)?$/;
const ORIGINS = ["http://site.example", "https://example.com"];

/** Values that mean one thing only. */
const VALUES: Readonly<Record<string, RegExp>> = {
  "access-control-allow-headers": /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:, [!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/,
  "access-control-allow-origin": /^(?:\*|https:\/\/(?:a|[a-z0-9.-]+\.b)\.example)$/,
  "allow": /^[A-Z]+(?:, [A-Z]+)*$/,
  "connection": /^(?:close|keep-alive)$/,
  "content-disposition": ATTACHMENT,
  "content-length": /^\d+$/,
  "content-range": /^bytes (?:\d+-\d+|\*)\/\d+$/,
  "location": URI_REFERENCE,
};

/** Reads a head as strictly as the grammar allows, and returns its fields. */
function readHead(head: string): Map<string, string> {
  assert(head.endsWith("\r\n\r\n"), "a head ends with an empty line");
  const [statusLine = "", ...lines] = head.slice(0, -4).split("\r\n");
  assertMatch(statusLine, /^HTTP\/1\.1 [1-5]\d\d [A-Za-z -]*$/);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([A-Za-z-]+): ([!-~](?:[ -~]*[!-~])?)?$/.exec(line) ?? [];
    assert(name !== "", `a field line of ASCII: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    assert(FIELD_NAMES.has(key), `a name that is known: ${JSON.stringify(line)}`);
    assertMatch(value, VALUES[key] ?? /^/, line);
    fields.set(key, value);
  }
  return fields;
}

const PARTS = [
  ..."/ . .. ? # & = : @ ; , < > \" ' \\ ^ ` { | } ~ % %% %0d %0a %0d%0aX-Injected:%201 %00 %22 %3c %2f %5c".split(" "),
  ..."%C3%A9 e%CC%81 %E2%80%AE %ff %c0%ae \r \n \r\n \0 \t \x0b \x7f \x80 \xff é // a b".split(" "),
  ..."\r\nX-Injected: 1\r\n|//evil.example|https://evil.example|javascript:alert(1)|\\\\evil.example".split("|"),
];
const PREFIXES = "/ /dir /dir/ /old/ /out/ /name/ /q?x= /gone/ /dir/page /page.html".split(
  " ",
)
  .concat(
    NAMES.flatMap((name) => [`/${encodeURIComponent(name)}`, `/${encodeURIComponent(name)}/?archive=zip&`]),
  );
const FIELDS = "Origin Accept Accept-Encoding Accept-Language Range If-Range If-None-Match If-Modified-Since Host"
  .split(" ")
  .concat("Access-Control-Request-Headers", "Access-Control-Request-Method", "Cookie", "X", "Expect", "User-Agent");
const USUAL_VALUES = "https://a.example https://x.b.example GET x-a,x-b bytes=0-0 bytes=9- application/json gzip *"
  .split(" ");

type Random = (below: number) => number;
const pick = (from: readonly string[], random: Random) => from[random(from.length)] ?? "";
const join = (random: Random, most: number) => Array.from({ length: random(most) }, () => pick(PARTS, random)).join("");

/** Most of them have no byte that the parser refuses: else no more than the parser would be tested. */
function makeRequest(random: Random, base = "/"): string {
  const clean = (text: string) => random(10) === 0 ? text : text.replace(/[^\x21-\x7e]|#/g, "");
  const query = random(3) === 0 ? `?${join(random, 8)}` : random(4) === 0 ? `?archive=zip${join(random, 3)}` : "";
  const target = clean(base.slice(0, -1) + pick(PREFIXES, random) + join(random, 5) + query);
  const lines = Array.from({ length: random(4) }, () => {
    const value = random(2) === 0 ? pick(USUAL_VALUES, random) : join(random, 6);
    return `${pick(FIELDS, random)}: ${random(10) === 0 ? value : value.replace(/[^ -~\x80-\xff]/g, "")}\r\n`;
  });
  const method = pick(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "BREW"], random);
  return `${method} ${target} HTTP/1.1\r\nHost: site.example\r\n${lines.join("")}\r\n`.replace(/[^\0-\xff]/g, "?");
}

/** Answers as a connection does. */
function answer(request: string, handler: StaticHandler): HttpResponse {
  const buffer = new ReceiveBuffer(DEFAULT_OPTIONS.limits.headBytes);
  const bytes = encodeLatin1(request);
  buffer.room().set(bytes);
  buffer.received(bytes.length);
  let head: RequestHead | undefined;
  try {
    head = parseRequestHead(buffer, DEFAULT_OPTIONS.limits);
    assert(head !== undefined, "the head is complete");
    const response = handler(head);
    assert(response instanceof HttpResponse, "a small folder is listed at once");
    return response;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return error.page ?? errorResponse(error, head?.fieldLines.getList("accept"));
  }
}

function makeSite(settings: Partial<SiteOptions>): { site: Site; handler: StaticHandler } {
  const site = new Site();
  for (const name of NAMES) site.write(`${name}/file ${name}`, name);
  site.write("dir/page.html", "page");
  site.write("page.html", "page");
  site.write("404.html", "none");
  site.write("_redirects", REDIRECTS);
  const handler = fileHandler({
    site: parseSiteOptions({ ...DEFAULT_OPTIONS, ...settings, root: site.path("www") }),
    cache: DEFAULT_OPTIONS.cache,
    clock: new Clock(),
    open: (path) => Deno.openSync(path),
    report: (_, message) => assertEquals(message, ""),
  });
  return { site, handler };
}

for (const settings of SETTINGS) {
  testWith(["read", "write"], `no request puts anything of its own into a head: ${JSON.stringify(settings)}`, () => {
    const { site, handler } = makeSite(settings);
    using _site = site;
    const random = createRandom(SEED);
    const statuses = new Set<number>();
    const echoed = { location: 0, attachment: 0, origin: 0 };
    for (let count = 0; count < REQUESTS; count++) {
      const request = makeRequest(random, settings.base);
      const response = answer(request, handler);
      statuses.add(response.status);
      try {
        const bytes = encodeResponseHead(response, { date: DATE, persistent: true });
        const fields = readHead(decodeLatin1(bytes));
        const location = fields.get("location");
        const path = /^\S+ (\/[^ ?]*)/.exec(request)?.[1] ?? "/";
        if (location !== undefined) {
          assert(ORIGINS.includes(new URL(location, `http://site.example${path}`).origin), location);
        }
        if (location !== undefined) echoed.location++;
        if (fields.has("content-disposition")) echoed.attachment++;
        if (fields.get("access-control-allow-origin")?.startsWith("https://x.b")) echoed.origin++;
      } catch (cause) {
        throw new Error(`${count}: ${JSON.stringify(request)}`, { cause });
      } finally {
        if ("file" in response.body) response.body.file.close();
        if ("stream" in response.body) void response.body.stream.return?.();
      }
    }
    assert([200, 404, 400, 307].every((status) => statuses.has(status)), `all kinds of answers: ${[...statuses]}`);
    assert(echoed.location > 100, `${JSON.stringify(echoed)}`);
    if (settings.archive) assert(echoed.attachment > 10 && echoed.origin > 10, `${JSON.stringify(echoed)}`);
  });
}
