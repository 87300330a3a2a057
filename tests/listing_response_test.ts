/** Listings through `staticHandler`: when there is one, in which form, and with which fields. */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { Clock } from "../src/clock.ts";
import type { ListingLimits } from "../src/config.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { parseCorsOrigins, withCors } from "../src/cors.ts";
import { HttpError } from "../src/errors.ts";
import { POLICY } from "../src/listing_page.ts";
import { parseSiteOptions } from "../src/site_options.ts";
import type { StaticHandler } from "../src/message.ts";
import { staticHandler } from "../src/static.ts";
import { requestHead } from "./ask.ts";
import { testWith } from "./permissions.ts";
import type { Answer } from "./raw_client.ts";
import { decode, RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json";

/** What a handler answered. */
interface Reply {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly text: string;
}

/** How a site is made. */
interface SiteSettings {
  readonly isListing?: boolean;
  readonly listing?: Partial<ListingLimits>;
}

/** What makes every folder a large one, whose listing comes later. */
const LARGE = { directoryBytes: 0, entriesAtOnce: 0, turnMs: 0 };

/** A root with a few folders, and a handler on a clock that only the test moves. */
class Site implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "sockeye-listing-" });
  readonly clock = new Clock();
  readonly handler: StaticHandler;

  constructor({ isListing = true, listing = {} }: SiteSettings) {
    for (const name of ["bare", "bare/inner", "indexed", "dangling", "odd", "odd/index.html", ".hidden"]) {
      Deno.mkdirSync(join(this.root, name));
    }
    for (const name of ["bare/a.txt", "indexed/index.html", "indexed/x", "dangling/x", "odd/x", ".hidden/x", "file"]) {
      Deno.writeTextFileSync(join(this.root, name), name);
    }
    Deno.symlinkSync("nowhere", join(this.root, "dangling/index.html"));
    const cache = { bytes: 1 << 20, entryBytes: 4_096, freshMs: 1_000 };
    this.handler = staticHandler({
      site: parseSiteOptions({ ...DEFAULT_OPTIONS, root: this.root, list: isListing }),
      cache,
      listing,
      clock: this.clock,
      open: (path) => Deno.openSync(path),
    });
  }

  async ask(target: string, fieldLines = "", method = "GET"): Promise<Reply> {
    try {
      const response = await this.handler(requestHead(`${method} ${target} HTTP/1.1`, fieldLines));
      const { status, fields, body } = response;
      const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
      return { status, fields: Object.fromEntries(fields), text };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { status: error.status, fields: Object.fromEntries(error.fields), text: "" };
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

function siteTest(name: string, fn: (site: Site) => Promise<void>, settings: SiteSettings = {}): void {
  for (const [way, listing] of [["at once", {}], ["later", LARGE]] as const) {
    testWith(["read", "write"], `staticHandler ${name}, ${way}`, async () => {
      using site = new Site({ ...settings, listing: { ...listing, ...settings.listing } });
      await fn(site);
    });
  }
}

/** What is asked for, and what is answered with and without listings. */
const ROWS: readonly [target: string, listed: string, unlisted: string][] = [
  ["/bare/", "listing", "404"],
  ["/bare/?sort=size", "listing", "404"],
  ["//bare//", "listing", "404"],
  ["/bare/inner/", "listing", "404"],
  ["/", "listing", "404"],
  ["/odd/", "listing", "404"],
  ["/odd/index.html/", "listing", "404"],
  ["/bare", "308 ./bare/", "308 ./bare/"],
  ["/bare?sort=size", "308 ./bare/?sort=size", "308 ./bare/?sort=size"],
  ["/indexed/", "indexed/index.html", "indexed/index.html"],
  ["/indexed/?search=x", "indexed/index.html", "indexed/index.html"],
  // an index file that cannot be served says that no listing is wanted
  ["/dangling/", "404", "404"],
  ["/.hidden/", "404", "404"],
  ["/missing/", "404", "404"],
  ["/file/", "404", "404"],
  ["/bare/../../", "404", "404"],
];

for (const isListing of [true, false]) {
  siteTest(`${isListing ? "lists" : "does not list"} a directory without an index file`, async (site) => {
    for (const [target, listed, unlisted] of ROWS) {
      const { status, fields, text } = await site.ask(target);
      const answer = status === 308 ? `308 ${fields["Location"]}` : status === 200 ? text : String(status);
      assertEquals(answer.startsWith("<!doctype html>") ? "listing" : answer, isListing ? listed : unlisted, target);
    }
  }, { isListing });
}

const ACCEPTS: readonly [fieldLines: string, type: string][] = [
  ["", HTML],
  ["Accept: */*\r\n", HTML],
  ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", HTML],
  ["Accept: application/json\r\n", JSON_TYPE],
  ["Accept: application/json, */*;q=0.1\r\n", JSON_TYPE],
  ["Accept: image/png\r\n", HTML],
];

siteTest("sends a listing as page or JSON, RFC 9110 section 12.5.1", async (site) => {
  for (const [fieldLines, type] of ACCEPTS) {
    const { status, fields, text } = await site.ask("/bare/", fieldLines);
    const { ETag, ...rest } = fields;
    assertMatch(ETag ?? "", /^W\/"[0-9a-f]{16}"$/);
    assertEquals([status, rest], [200, {
      "Content-Type": type,
      "X-Content-Type-Options": "nosniff",
      ...(type === HTML && { "Content-Security-Policy": POLICY }),
      "Cache-Control": "no-cache",
      "Vary": "Accept",
    }]);
    if (type === JSON_TYPE) assertEquals(JSON.parse(text).path, "/bare/");
    else assertStringIncludes(text, `<a href="./a.txt">`);
  }
});

siteTest("names the path of a listing as it is below the root", async (site) => {
  const { text } = await site.ask("//%62are/./", "Accept: application/json\r\n");
  assertEquals(JSON.parse(text).path, "/bare/");
});

siteTest("leads upwards from a listing whose path has empty segments", async (site) => {
  const { text } = await site.ask("/bare//inner//");
  const [nav = ""] = /<nav aria-label="Folders above">.*<\/nav>/.exec(text) ?? [];
  const hrefs = [...nav.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href);
  const paths = hrefs.map((href) => new URL(href, "http://host/bare//inner//").pathname);
  assertEquals(paths, ["/", "/bare/"]);
});

siteTest("revalidates a listing by all that it shows, RFC 9110 section 13.1.2", async (site) => {
  const first = await site.ask("/bare/");
  const condition = `If-None-Match: ${first.fields["ETag"]}\r\n`;
  const same = await site.ask("/bare/", condition);
  const { ETag, "Cache-Control": cacheControl, Vary, ...rest } = same.fields;
  assertEquals([same.status, same.text, rest], [304, "", {}]);
  assertEquals([ETag, cacheControl, Vary], [first.fields["ETag"], "no-cache", "Accept"]);
  assertEquals((await site.ask("/bare/", condition, "HEAD")).status, 304);

  for (const [target, fieldLines] of [["/bare/?order=desc", ""], ["/bare/", "Accept: application/json\r\n"]] as const) {
    assertEquals((await site.ask(target, condition + fieldLines)).status, 200, target);
  }
  Deno.writeTextFileSync(join(site.root, "bare/a.txt"), "longer than before");
  assertEquals((await site.ask("/bare/", condition)).status, 200, "the size of a file");
});

siteTest("tells nothing of a folder outside that took the place of one that was found", async (site) => {
  Deno.writeTextFileSync(join(site.root, "_redirects"), "/find /bare/ 302\n");
  site.clock.nowMs += 1_000;
  // It is looked for, and not read.
  assertEquals((await site.ask("/find")).status, 302);
  Deno.removeSync(join(site.root, "bare"), { recursive: true });
  Deno.symlinkSync("..", join(site.root, "bare"));
  const { status, text } = await site.ask(`/bare/?search=${basename(site.root)}`, "Accept: application/json\r\n");
  assertEquals([status === 404 || status === 503, text], [true, ""]);
});

siteTest("sees new names when the moment is over for which a directory is trusted", async (site) => {
  await site.ask("/bare/");
  Deno.writeTextFileSync(join(site.root, "bare/new.txt"), "");
  site.clock.nowMs += 999;
  assert(!(await site.ask("/bare/")).text.includes("new.txt"));
  site.clock.nowMs += 2;
  assertStringIncludes((await site.ask("/bare/")).text, "new.txt");
});

const CONDITIONS: readonly [fieldLine: string, status: number][] = [
  ["If-Match: *", 200],
  ['If-Match: "x"', 412],
  ["If-None-Match: *", 304],
  // a listing has no modification date, so these are ignored: RFC 9110 sections 13.1.3 and 13.1.4
  ["If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT", 200],
  ["If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200],
  ["Range: bytes=0-1", 200],
];

siteTest("evaluates the preconditions of a listing, RFC 9110 section 13.2.2", async (site) => {
  for (const [fieldLine, status] of CONDITIONS) {
    assertEquals((await site.ask("/bare/", `${fieldLine}\r\n`)).status, status, fieldLine);
  }
});

siteTest("answers HEAD on a listing as GET, OPTIONS and POST as on files", async (site) => {
  const [get, head] = [await site.ask("/bare/"), await site.ask("/bare/", "", "HEAD")];
  assertEquals([head.status, head.fields, head.text.length], [get.status, get.fields, get.text.length]);
  assertEquals((await site.ask("/bare/", "", "OPTIONS")).status, 204);
  assertEquals((await site.ask("/bare/", "", "POST")).status, 405);
});

siteTest("tells nothing of hidden names in a listing", async (site) => {
  const { text } = await site.ask("/");
  assertStringIncludes(text, "5 entries");
  assert(!text.includes("hidden<"), text);
  const { total, entries } = JSON.parse((await site.ask("/", "Accept: application/json\r\n")).text);
  assertEquals([total, entries.length], [5, 5]);
  assertEquals(JSON.parse((await site.ask("/?search=hid", "Accept: application/json\r\n")).text).total, 0);
});

siteTest("makes links of a listing that lead to what is listed", async (site) => {
  const names = [
    `"><img onerror=alert(1)>`,
    "a?b#c%.txt",
    "javascript:alert(1)",
    " ",
    "new\nline",
    "🐟",
    "\u202egpj.exe",
  ];
  for (const name of names) Deno.writeTextFileSync(join(site.root, "bare/inner", name), name);
  const { text } = await site.ask("/bare/inner/");
  const hrefs = [...text.matchAll(/<th role="rowheader" scope="row"><a href="([^"]*)"/g)].map(([, href = ""]) => href);
  const contents = [];
  for (const href of hrefs) {
    const { pathname, search, hash } = new URL(href, "http://host/bare/inner/");
    contents.push((await site.ask(pathname + search + hash)).text);
  }
  assertEquals(contents.toSorted(), names.toSorted());
});

siteTest("says how many names a listing leaves out", async (site) => {
  for (const name of ["b", "c", "d"]) Deno.writeTextFileSync(join(site.root, "bare/inner", name), name);
  const { omitted, total } = JSON.parse((await site.ask("/bare/inner/", "Accept: application/json\r\n")).text);
  assertEquals([omitted, total], [1, 2]);
  const { text } = await site.ask("/bare/inner/");
  assertStringIncludes(text, `<p class="note">This folder is too large to list it all: 1 more, behind these by name`);
  const whole = JSON.parse((await site.ask("/bare/", "Accept: application/json\r\n")).text);
  assertEquals([whole.omitted, whole.total], [undefined, 2]);
}, { listing: { namesBytes: 250 } });

siteTest("lets pages of other origins read listings and what comes instead", async (site) => {
  const allowed = "Access-Control-Allow-Origin";
  const handler = withCors(site.handler, parseCorsOrigins(""));
  const { fields } = await handler(requestHead("GET /bare/ HTTP/1.1"));
  assertEquals(Object.fromEntries(fields)[allowed], "*");
  const { status, page } = await refused(handler, "/bare/", 'If-Match: "x"\r\n');
  assertEquals([status, Object.fromEntries(page?.fields ?? [])[allowed]], [412, "*"]);
});

siteTest("answers a listing that fails with the page of the site", async (site) => {
  Deno.writeTextFileSync(join(site.root, "412.html"), "not so");
  const { status, page } = await refused(site.handler, "/bare/", 'If-Match: "x"\r\n');
  assert(page?.body instanceof Uint8Array);
  assertEquals([status, new TextDecoder().decode(page.body)], [412, "not so"]);
});

async function refused(handler: StaticHandler, target: string, fieldLines: string): Promise<HttpError> {
  return await assertRejects(
    async () => await handler(requestHead(`GET ${target} HTTP/1.1`, fieldLines)),
    HttpError,
  );
}

testWith(["read", "write"], "staticHandler lists no folder that a link takes the place of", async () => {
  using site = new Site({ listing: LARGE });
  const outside = Deno.makeTempDirSync({ prefix: "sockeye-outside-" });
  try {
    const answer = site.handler(requestHead("GET /bare/ HTTP/1.1"));
    assert(answer instanceof Promise);
    Deno.removeSync(join(site.root, "bare"), { recursive: true });
    Deno.symlinkSync(outside, join(site.root, "bare"));
    assertEquals((await assertRejects(() => answer, HttpError)).status, 503);
    site.clock.nowMs += 2_000;
    assertEquals((await site.ask("/bare/")).status, 404);
  } finally {
    Deno.removeSync(outside);
  }
});

testWith(["read", "write"], "staticHandler answers 404 for a folder that is gone when its turn comes", async () => {
  using site = new Site({ listing: LARGE });
  const answer = site.handler(requestHead("GET /bare/ HTTP/1.1"));
  assert(answer instanceof Promise);
  Deno.removeSync(join(site.root, "bare"), { recursive: true });
  assertEquals((await assertRejects(() => answer, HttpError)).status, 404);
});

testWith(
  ["read", "write"],
  "staticHandler answers 503 where too many listings wait, RFC 9110 section 15.6.4",
  async () => {
    using site = new Site({ listing: { ...LARGE, waiting: 2 } });
    const answers = await Promise.all(["/", "/bare/", "/bare/inner/", "/odd/"].map((target) => site.ask(target)));
    assertEquals(answers.map(({ status }) => status), [200, 200, 503, 503]);
    assertEquals((await site.ask("/odd/")).status, 200);
  },
);

testWith(
  ["net", "read", "run", "write"],
  "a worker serves others while it lists a folder of 5,000 files",
  async () => {
    const root = Deno.makeTempDirSync({ prefix: "sockeye-large-" });
    try {
      Deno.mkdirSync(join(root, "large"));
      Deno.writeTextFileSync(join(root, "small.txt"), "small");
      Deno.writeTextFileSync(join(root, "large/0"), "");
      for (let at = 1; at < 5_000; at++) Deno.linkSync(join(root, "large/0"), join(root, `large/${at}`));
      await using server = await ServerProcess.start(["-h", "127.0.0.1", "-r", root, "-w", "1", "--list"]);
      using lister = await RawClient.connect(server.address);
      using other = await RawClient.connect(server.address);
      await lister.send("GET /large/ HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
      let listing: Answer | undefined;
      const listed = lister.readAnswer().then((answer) => listing = answer);
      let answers = 0;
      for (; listing === undefined; answers++) {
        await other.send("GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        assertEquals(decode((await other.readAnswer()).body), "small");
      }
      await listed;
      const { total, entries } = JSON.parse(decode(listing.body));
      assertEquals([total, entries.length, entries[999].name], [5_000, 1_000, "999"]);
      assert(answers > 4, `only ${answers} answers meanwhile`);
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  },
);
