/**
 * `staticHandler`: the site's own pages for errors, and which caching rule each answer carries. A rule, a validator or a
 * coding belongs to the file that is sent, never to the name that was asked for.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { errorResponse } from "../src/error_response.ts";
import { HttpError } from "../src/errors.ts";
import type { FieldLine } from "../src/message.ts";
import { HttpResponse } from "../src/message.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import { formatFields, requestHead } from "./ask.ts";
import type { Answer } from "./ask.ts";
import { decodeLatin1 } from "./octets.ts";
import type { Site } from "./site.ts";
import { FRESH_MS, siteTest } from "./site.ts";

const HASHED = "/app.3f9c2b1a.js";
const KEEP = "public, max-age=31536000, immutable";

/** Field lines that must not come along from what was asked for. */
const OF_THE_FILE = ["etag", "last-modified", "accept-ranges", "content-encoding", "location"];

/** How a page is sent, beside the fields of the error. */
const PAGE_FIELDS = {
  "content-type": "text/html",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
  "vary": "Accept",
};

/** Lets opening some files fail as the file system would. */
function failOpening(name: string, makeError: () => Error): Disposable {
  const { openSync } = Deno;
  Deno.openSync = (path, options) => {
    if (String(path).endsWith(name)) throw makeError();
    return openSync(path, options);
  };
  return { [Symbol.dispose]: () => void (Deno.openSync = openSync) };
}

const exhausted = () => Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });

/** A row: pages that the site has, a request, the status, the page that is sent, and the fields of the error. */
interface Row {
  readonly pages: readonly string[];
  readonly target?: string;
  readonly method?: string;
  readonly fields?: readonly FieldLine[];
  readonly status: number;
  readonly page: string | undefined;
  readonly errorFields?: Readonly<Record<string, string>>;
  readonly failing?: () => Error;
}

const ALLOW = { allow: "GET, HEAD, OPTIONS" };
const DENIED = () => new Deno.errors.PermissionDenied("denied");

const ROWS: readonly Row[] = [
  { pages: ["404.html"], status: 404, page: "404.html" },
  { pages: ["404.html"], target: "/missing/", status: 404, page: "404.html" },
  { pages: ["404.html"], target: "/a/b/c.css?q", status: 404, page: "404.html" },
  { pages: ["404.html"], target: "/../x", status: 404, page: "404.html" },
  { pages: ["404.html"], target: "/.env", status: 404, page: "404.html" },
  { pages: ["404.html"], target: "/there.txt/", status: 404, page: "404.html" },
  { pages: ["404.html"], method: "HEAD", status: 404, page: "404.html" },
  { pages: ["404.html"], fields: [["Range", "bytes=0-0"]], status: 404, page: "404.html" },
  { pages: ["404.html"], fields: [["If-None-Match", "*"]], status: 404, page: "404.html" },
  { pages: ["404.html"], fields: [["If-Match", '"x"']], status: 404, page: "404.html" },
  { pages: ["404.html"], fields: [["Accept-Encoding", "br"]], status: 404, page: "404.html" },
  { pages: ["404.html", "403.html", "50x.html", "500.html", "4xx.html", "40x.html"], status: 404, page: "404.html" },
  { pages: ["403.html", "50x.html", "4xx.html", "40x.html", "error.html"], status: 404, page: undefined },
  { pages: ["a/404.html"], target: "/a/missing", status: 404, page: undefined },
  { pages: [".404.html"], status: 404, page: undefined },
  { pages: ["404.htm"], status: 404, page: undefined },
  { pages: ["404"], status: 404, page: undefined },
  { pages: ["404.html/index.html"], status: 404, page: undefined },
  { pages: ["400.html"], target: "/%zz", status: 400, page: "400.html" },
  { pages: ["404.html"], target: "/%zz", status: 400, page: undefined },
  { pages: ["403.html"], target: "/there.txt", failing: DENIED, status: 403, page: "403.html" },
  { pages: ["404.html"], target: "/there.txt", failing: DENIED, status: 403, page: undefined },
  { pages: ["405.html"], method: "POST", status: 405, page: "405.html", errorFields: ALLOW },
  { pages: ["404.html"], method: "DELETE", status: 405, page: undefined, errorFields: ALLOW },
  {
    pages: ["412.html"],
    target: "/there.txt",
    fields: [["If-Match", '"x"']],
    status: 412,
    page: "412.html",
  },
  {
    pages: ["416.html"],
    target: "/there.txt",
    fields: [["Range", "bytes=99-"]],
    status: 416,
    page: "416.html",
    errorFields: { "content-range": "bytes */5" },
  },
  { pages: ["50x.html"], method: "BREW", status: 501, page: "50x.html" },
  { pages: ["501.html"], method: "BREW", status: 501, page: "501.html" },
  { pages: ["50x.html", "501.html"], method: "BREW", status: 501, page: "501.html" },
  { pages: ["50x.html", "500.html", "503.html"], method: "BREW", status: 501, page: "50x.html" },
  { pages: ["404.html", "5xx.html"], method: "BREW", status: 501, page: undefined },
  {
    pages: ["50x.html"],
    target: "/there.txt",
    failing: exhausted,
    status: 503,
    page: "50x.html",
    errorFields: { "retry-after": "1" },
  },
  {
    pages: ["50x.html"],
    target: "/there.txt",
    failing: () => new Error("Input/output error (os error 5)"),
    status: 500,
    page: "50x.html",
  },
];

function nameOf({ pages, method = "GET", target = "/missing", fields = [], status, page }: Row): string {
  const lines = fields.map((line) => ` with ${line.join(": ")}`).join("");
  return `${method} ${target}${lines} where there is ${pages.join(", ")} → ${status} ${page ?? "without a page"}`;
}

for (const row of ROWS) {
  siteTest(nameOf(row), (site) => {
    const { pages, target = "/missing", method, fields = [], status, page, errorFields = {}, failing } = row;
    site.write("there.txt", "there");
    for (const name of pages) site.write(name, `page ${name}`);
    using _ = failing === undefined ? undefined : failOpening("there.txt", failing);
    const answer = site.ask(target, { ...(method && { method }), fields });
    assertEquals(answer.status, status);
    if (page === undefined) {
      assertEquals([answer.source, answer.fields], ["error", errorFields]);
      return;
    }
    assertEquals([answer.text, answer.fields], [`page ${page}`, { ...PAGE_FIELDS, ...errorFields }]);
    assertEquals(answer.response?.body.length, `page ${page}`.length);
  });
}

const ACCEPTS: readonly [accept: string | undefined, isPage: boolean][] = [
  [undefined, true],
  ["*/*", true],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
  ["image/avif,image/webp,*/*;q=0.8", true],
  ["text/css,*/*;q=0.1", true],
  ["application/json", false],
  ["application/json, text/plain, */*", false],
  ["text/html;q=0.5, application/json", false],
];

siteTest("sends its own page to people and JSON to programs", async (site, t) => {
  site.write("404.html", "page");
  for (const [accept, isPage] of ACCEPTS) {
    await t.step(`Accept: ${accept ?? "absent"} → ${isPage ? "page" : "JSON"}`, () => {
      const fields: readonly FieldLine[] = accept === undefined ? [] : [["Accept", accept]];
      if (isPage) {
        const { status, text, fields: answered } = site.ask("/missing", { fields });
        assertEquals([status, text, answered], [404, "page", PAGE_FIELDS]);
        return;
      }
      const head = requestHead("GET /missing HTTP/1.1", formatFields(fields));
      const error = assertThrows(() => site.handler(head), HttpError);
      assertEquals(errorResponse(error, accept).fields[0], ["Content-Type", "application/problem+json"]);
    });
  }
});

siteTest("sends the head of its own page for HEAD, and no content (RFC 9110 section 9.3.2)", async (site) => {
  site.write("404.html", "page");
  const error = assertThrows(() => site.handler(requestHead("HEAD /missing HTTP/1.1")), HttpError);
  const response = error.page;
  assertInstanceOf(response, HttpResponse);
  let sent = "";
  const write = (bytes: Uint8Array) => {
    sent += decodeLatin1(bytes);
    return Promise.resolve(bytes.length);
  };
  const writer = new ResponseWriter({ write }, new Clock(), { beforeWrite: () => {}, beforePiece: () => {} });
  await writer.send(response, { persistent: true, headOnly: true, more: false });
  assert(sent.startsWith("HTTP/1.1 404 Not Found\r\n"), sent);
  assert(sent.includes("\r\nContent-Length: 4\r\n") && sent.endsWith("\r\n\r\n"), sent);
});

const UNUSABLE: readonly [name: string, make: (site: Site) => void][] = [
  ["a link to a file outside", (site) => {
    site.write("../secret.html", "secret");
    site.link("404.html", "../secret.html");
  }],
  ["a link to a sibling of the root", (site) => {
    site.write("../www-secret/404.html", "secret");
    site.link("404.html", "../www-secret/404.html");
  }],
  ["a link to nothing", (site) => site.link("404.html", "nothing")],
  ["a link in a circle", (site) => site.link("404.html", "404.html")],
  ["a device", (site) => site.link("404.html", "/dev/zero")],
  ["a directory", (site) => site.write("404.html/x", "x")],
];

for (const [name, make] of UNUSABLE) {
  siteTest(`does without a page that is ${name}`, (site) => {
    make(site);
    for (let i = 0; i < 3; i++) {
      const { status, source, text } = site.ask("/missing");
      assertEquals([status, source, text], [404, "error", undefined]);
      site.clock.nowMs += FRESH_MS / 2;
    }
  });
}

siteTest("does without a page that may not be read", (site) => {
  site.write("404.html", "page");
  using _ = failOpening("404.html", DENIED);
  assertEquals([site.ask("/missing").status, site.ask("/missing").source], [404, "error"]);
});

siteTest("uses a page that is a link to a file inside", (site) => {
  site.write("pages/lost.html", "page");
  site.link("404.html", "pages/lost.html");
  assertEquals(site.ask("/missing").text, "page");
});

siteTest("shows a page that is made, changed or removed within the time of freshness", (site) => {
  const states: string[] = [];
  const look = () => states.push(site.ask(`/missing${states.length}`).text ?? "none");
  look();
  site.write("404.html", "one");
  site.clock.nowMs += FRESH_MS;
  look();
  site.write("404.html", "two and more");
  site.clock.nowMs += FRESH_MS;
  look();
  site.remove("404.html");
  site.clock.nowMs += FRESH_MS;
  look();
  site.write("404.html", "three");
  site.clock.nowMs += FRESH_MS;
  look();
  assertEquals(states, ["none", "one", "two and more", "none", "three"]);
});

siteTest("does not look for a page again that was not there a moment ago", (site) => {
  const { realPathSync } = Deno;
  const looked: string[] = [];
  Deno.realPathSync = (path) => {
    looked.push(String(path));
    return realPathSync(path);
  };
  try {
    for (let i = 0; i < 5; i++) assertEquals(site.ask(`/missing${i}`).status, 404);
  } finally {
    Deno.realPathSync = realPathSync;
  }
  assertEquals(looked.filter((path) => path.endsWith("404.html")).length, 1);
});

siteTest("sends a page that is asked for by its name as any other file", (site) => {
  site.write("404.html", "page");
  site.ask("/missing");
  const { status, fields, text } = site.ask("/404.html");
  assertEquals([status, text, typeof fields.etag, fields.vary], [200, "page", "string", undefined]);
  const condition: FieldLine = ["If-None-Match", fields.etag ?? ""];
  assertEquals(site.ask("/404.html", { fields: [condition] }).status, 304);
});

// Caching rules, RFC 9111 section 5.2.2.

interface CacheRow {
  readonly target: string;
  readonly method?: string;
  readonly fields?: readonly FieldLine[];
  readonly status: number;
  readonly rule: string;
}

const CACHE_ROWS: readonly CacheRow[] = [
  { target: "/", status: 200, rule: "no-cache" },
  { target: "/index.html", status: 200, rule: "no-cache" },
  { target: "/app.js", status: 200, rule: "no-cache" },
  { target: HASHED, status: 200, rule: KEEP },
  { target: `${HASHED}?v=1`, status: 200, rule: KEEP },
  { target: HASHED, method: "HEAD", status: 200, rule: KEEP },
  { target: HASHED, fields: [["Range", "bytes=0-0"]], status: 206, rule: KEEP },
  { target: HASHED, fields: [["Range", "bytes=0-0,500-501"]], status: 206, rule: KEEP },
  { target: HASHED, fields: [["If-None-Match", "*"]], status: 304, rule: KEEP },
  { target: HASHED, fields: [["Accept-Encoding", "br"]], status: 200, rule: KEEP },
  { target: "/assets/index-D-tfNpnx.css", status: 200, rule: KEEP },
  { target: "/large.3f9c2b1a.png", status: 200, rule: KEEP },
  { target: "/page.3f9c2b1a.html", status: 200, rule: "no-cache" },
  { target: "/data.3f9c2b1a.bin", status: 200, rule: "no-cache" },
  { target: "/folder.3f9c2b1a.js/", status: 200, rule: "no-cache" },
  // The name of the link changes nothing about what it stands for: that may be exchanged.
  { target: "/latest.js", status: 200, rule: "no-cache" },
  // errors
  { target: "/gone.3f9c2b1a.js", status: 404, rule: "no-cache" },
  { target: `${HASHED}/`, status: 404, rule: "no-cache" },
  { target: "/out.3f9c2b1a.js", status: 404, rule: "no-cache" },
  { target: HASHED, method: "POST", status: 405, rule: "no-cache" },
  { target: HASHED, fields: [["If-Match", '"x"']], status: 412, rule: "no-cache" },
  { target: HASHED, fields: [["Range", "bytes=9999-"]], status: 416, rule: "no-cache" },
  // Without a rule browsers keep a 308 for good, and the name could not become that of a file.
  { target: "/folder.3f9c2b1a.js", status: 308, rule: "no-cache" },
  { target: "/assets", status: 308, rule: "no-cache" },
];

function writeSite(site: Site): void {
  const text = "x".repeat(2_000);
  for (const name of ["index.html", "app.js", HASHED, "assets/index-D-tfNpnx.css"]) site.write(name, text);
  for (const name of ["page.3f9c2b1a.html", "data.3f9c2b1a.bin", "folder.3f9c2b1a.js/index.html"]) {
    site.write(name, text);
  }
  site.write("large.3f9c2b1a.png", "x".repeat(10_000));
  site.write("../secret", "secret");
  site.link("latest.js", HASHED.slice(1));
  site.link("out.3f9c2b1a.js", "../secret");
}

/** The answer as the client gets it: what is thrown is made an answer as the connection does. */
function askAsClient(site: Site, { target, method = "GET", fields = [] }: CacheRow): Pick<Answer, "status" | "fields"> {
  const head = requestHead(`${method} ${target} HTTP/1.1`, formatFields(fields));
  const answer = site.ask(target, { method, fields });
  if (answer.source !== "error") return answer;
  const error = assertThrows(() => site.handler(head), HttpError);
  const response = errorResponse(error, undefined);
  const collected: Record<string, string> = {};
  for (const [name, value] of response.fields) {
    const key = name.toLowerCase();
    collected[key] = key in collected ? `${collected[key]}, ${value}` : value;
  }
  return { status: response.status, fields: collected };
}

for (const pages of [false, true]) {
  siteTest(
    `sends the caching rule of what it sends, ${pages ? "with" : "without"} pages of its own`,
    async (site, t) => {
      writeSite(site);
      if (pages) { for (const status of [404, 405, 412, 416]) site.write(`${status}.html`, "page"); }
      for (const row of CACHE_ROWS) {
        const lines = (row.fields ?? []).map((line) => ` with ${line.join(": ")}`).join("");
        await t.step(`${row.method ?? "GET"} ${row.target}${lines} → ${row.status} ${row.rule}`, () => {
          const { status, fields } = askAsClient(site, row);
          assertEquals([status, fields["cache-control"]], [row.status, row.rule]);
          if (status >= 400) { for (const name of OF_THE_FILE) assertEquals(fields[name], undefined, name); }
          // What has content says that it is what its type says, errors included.
          const hasContent = status !== 304 && status !== 308;
          assertEquals(fields["x-content-type-options"], hasContent ? "nosniff" : undefined);
          assertEquals(typeof fields["content-type"], hasContent ? "string" : "undefined");
        });
      }
    },
  );
}

const PAGE_BYTES = 4_000;
const KEPT_BYTES = 20_000;
const opened: string[] = [];

siteTest("counts what it keeps of pages for errors, also when they are asked for as files", (site) => {
  site.write("_redirects", "/gone/* /:splat 404\n");
  const names = Array.from({ length: 20 }, (_, at) => `page${at}.bin`);
  for (const name of names) site.write(name, new Uint8Array(PAGE_BYTES));
  for (const prefix of ["/gone/", "/"]) {
    for (const name of names) assertEquals(site.ask(prefix + name).bytes?.length, PAGE_BYTES);
    opened.length = 0;
    for (const name of names.toReversed()) site.ask(prefix + name);
    const kept = names.length - opened.length;
    assert(kept > 0 && kept * PAGE_BYTES <= KEPT_BYTES, `${kept} pages are kept below ${prefix}`);
  }
}, {
  bytes: KEPT_BYTES,
  open: (path) => {
    opened.push(path);
    return Deno.openSync(path);
  },
});
