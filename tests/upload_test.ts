/**
 * Uploads over real connections: a row is a request, what is answered, and what is in the folder afterwards. After each
 * one nothing is left that has not been published.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { HttpError, StartError, UsageError } from "../src/errors.ts";
import { toWriteError } from "../src/pending_file.ts";
import { checkSite, completeOptions } from "../src/server.ts";
import { writableSiteHandler } from "../src/writable_site_handler.ts";
import { TestServer, until } from "./connection_server.ts";
import type { Ask, Reply } from "./http_client.ts";
import { exchange } from "./http_client.ts";
import { testWith } from "./permissions.ts";
import { decode } from "./raw_client.ts";
import type { SiteSettings } from "./site.ts";
import { LONG_AGO, Site } from "./site.ts";

const LIMIT_BYTES = 1_000;

/** What every test begins with. */
const OLD = { "old.txt": "old", "sub/in.txt": "in", "_headers": "/*\n  X-Rule: yes\n" };

/** A site whose files can be written, and a server for it. */
class WritableSite implements AsyncDisposable {
  readonly site: Site;
  readonly server: TestServer;

  constructor(settings: SiteSettings = {}) {
    this.site = new Site();
    for (const [name, content] of Object.entries(OLD)) this.site.write(name, content);
    const handler = writableSiteHandler({
      site: { ...DEFAULT_OPTIONS, upload: true, ...settings, root: this.site.path("www") },
      cache: DEFAULT_OPTIONS.cache,
      clock: this.site.clock,
      open: (path) => Deno.openSync(path),
      report: (level, message) => this.site.events.push(`${level} ${message}`),
      unwatched: [],
    }, LIMIT_BYTES);
    this.server = new TestServer({ handler, hasBodies: true });
  }

  ask(ask: Ask): Promise<Reply> {
    return exchange(this.server.origin, ask);
  }

  /** All files below the root by their paths, beside those of before. */
  changes(): Record<string, string | undefined> {
    const files: Record<string, string> = {};
    const visit = (folder: string) => {
      for (const { name, isDirectory, isFile } of Deno.readDirSync(this.site.path(folder))) {
        const path = folder === "." ? name : `${folder}/${name}`;
        if (isDirectory) visit(path);
        if (isFile) files[path] = Deno.readTextFileSync(this.site.path(path));
      }
    };
    visit(".");
    const names = new Set([...Object.keys(OLD), ...Object.keys(files)]);
    const old = new Map(Object.entries(OLD));
    return Object.fromEntries(
      [...names].filter((name) => old.get(name) !== files[name]).map((name) => [name, files[name]]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.site[Symbol.dispose]();
  }
}

function uploadTest(name: string, fn: (site: WritableSite, t: Deno.TestContext) => Promise<void>): void {
  testWith(["net", "read", "write"], `withUploads ${name}`, async (t) => {
    await using site = new WritableSite({ list: true });
    await fn(site, t);
  });
}

/** The tag of `old.txt`, and of its content under a coding. */
const TAG = `"${LONG_AGO.getTime().toString(16)}-3"`;
const BR_TAG = TAG.replace(/"$/, '-br"');
const LATER = new Date(LONG_AGO.getTime() + 1000).toUTCString();
const EARLIER = new Date(LONG_AGO.getTime() - 1000).toUTCString();

type Row = readonly [
  request: string,
  status: number,
  changes: Record<string, string | undefined>,
  fields?: Readonly<Record<string, string>>,
  body?: Ask["body"],
];

const FOLDER_ALLOW = "GET, HEAD, OPTIONS, POST";

const ROWS: readonly Row[] = [
  // RFC 9110 section 9.3.4.
  ["PUT /new.txt", 201, { "new.txt": "new" }],
  ["PUT /old.txt", 204, { "old.txt": "new" }],
  ["PUT /sub/new.txt", 201, { "sub/new.txt": "new" }],
  ["PUT /%C3%BC%20%2B.txt", 201, { "ü +.txt": "new" }],
  ["PUT /sub/../new.txt", 201, { "new.txt": "new" }],
  ["PUT /new.txt?query", 201, { "new.txt": "new" }],
  ["PUT /empty", 201, { empty: "" }, {}, ""],
  ["PUT /chunked", 201, { chunked: "one two" }, {}, ["one ", "two"]],
  ["PUT /.well-known/x", 409, {}],
  ["PUT /none/new.txt", 409, {}],
  ["PUT /old.txt/new.txt", 409, {}],
  ["PUT /sub", 409, {}],
  ["PUT /sub/", 405, {}],
  ["PUT /", 405, {}],
  ["PUT /old.txt", 400, {}, { "Content-Range": "bytes 0-2/3" }],
  ["PUT /new.txt", 415, {}, { "Content-Encoding": "gzip" }],
  [`PUT /${"a".repeat(300)}`, 400, {}],
  // Section 9.3.5.
  ["DELETE /old.txt", 204, { "old.txt": undefined }],
  ["DELETE /none", 404, {}],
  ["DELETE /none/none", 409, {}],
  ["DELETE /sub", 409, {}],
  ["DELETE /sub/", 405, {}],
  // Section 13.
  ["PUT /old.txt", 204, { "old.txt": "new" }, { "If-Match": TAG }],
  ["PUT /old.txt", 204, { "old.txt": "new" }, { "If-Match": `"other", ${BR_TAG}` }],
  ["PUT /old.txt", 204, { "old.txt": "new" }, { "If-Match": "*" }],
  ["PUT /old.txt", 412, {}, { "If-Match": '"other"' }],
  ["PUT /old.txt", 412, {}, { "If-Match": `W/${TAG}` }],
  ["PUT /new.txt", 412, {}, { "If-Match": "*" }],
  ["PUT /new.txt", 201, { "new.txt": "new" }, { "If-None-Match": "*" }],
  ["PUT /old.txt", 412, {}, { "If-None-Match": "*" }],
  ["PUT /old.txt", 412, {}, { "If-None-Match": BR_TAG }],
  ["PUT /old.txt", 204, { "old.txt": "new" }, { "If-Unmodified-Since": LATER }],
  ["PUT /old.txt", 412, {}, { "If-Unmodified-Since": EARLIER }],
  ["DELETE /old.txt", 412, {}, { "If-Match": '"other"' }],
  ["DELETE /old.txt", 204, { "old.txt": undefined }, { "If-Match": TAG }],
  ["DELETE /none", 404, {}, { "If-Match": "*" }],
  // What is hidden, and what is outside.
  ["PUT /.hidden", 403, {}],
  ["PUT /%2Ehidden", 403, {}],
  ["PUT /.git/x", 403, {}],
  ["PUT /_headers", 403, {}],
  ["PUT /_redirects", 403, {}],
  ["PUT /_headers.br", 403, {}],
  ["PUT /_HEADERS", 403, {}],
  ["PUT /sub/_headers", 201, { "sub/_headers": "new" }],
  ["DELETE /_headers", 403, {}],
  ["PUT /.sockeye-upload-x", 404, {}],
  ["PUT /a%2Fb", 400, {}],
  // Limits, RFC 9110 section 15.5.14.
  ["PUT /long", 413, {}, {}, "x".repeat(LIMIT_BYTES + 1)],
  ["PUT /long", 413, {}, {}, ["x".repeat(LIMIT_BYTES), "x"]],
  ["PUT /long", 201, { long: "x".repeat(LIMIT_BYTES) }, {}, "x".repeat(LIMIT_BYTES)],
  // Other origins.
  ["PUT /new.txt", 403, {}, { "Sec-Fetch-Site": "cross-site" }],
  ["PUT /new.txt", 403, {}, { "Sec-Fetch-Site": "same-site" }],
  ["PUT /new.txt", 201, { "new.txt": "new" }, { "Sec-Fetch-Site": "none" }],
  ["PUT /new.txt", 403, {}, { Origin: "https://evil.example" }],
  ["PUT /new.txt", 403, {}, { Origin: "null" }],
  ["PUT /new.txt", 201, { "new.txt": "new" }, { Origin: "http://a.example:80", Host: "a.example" }],
  ["PUT /new.txt", 201, { "new.txt": "new" }, { Origin: "https://a.example", Host: "a.example" }],
  ["DELETE /old.txt", 403, {}, { "Sec-Fetch-Site": "cross-site" }],
  // The rest.
  ["PATCH /old.txt", 405, {}],
  ["POST /old.txt", 405, {}],
  ["GET /old.txt", 200, {}, {}, ""],
];

uploadTest("answers, and changes files", async (_site, t) => {
  for (const [request, status, changes, fields = {}, body = "new"] of ROWS) {
    const [method = "", path = ""] = request.split(" ");
    const shown = Object.entries(fields).map((line) => ` ${line.join(": ")}`);
    await t.step(`${request.slice(0, 40)}${shown} → ${status}`, async () => {
      await using site = new WritableSite({ list: true });
      const reply = await site.ask({ method, path, fields, body });
      assertEquals([reply.status, site.changes()], [status, changes]);
      if (status === 405) assertEquals(new Map(reply.fields).get("allow"), allowOf(path));
      assertEquals(new Map(reply.fields).get("x-rule"), "yes");
      assertEquals(site.site.events, []);
    });
  }
});

/** A form as a browser sends it. */
function form(...files: readonly (readonly [name: string, content: string])[]): FormData {
  const data = new FormData();
  data.set("comment", "no file");
  for (const [name, content] of files) data.append("files", new File([content], name));
  return data;
}

const FORMS: readonly Row[] = [
  ["POST /", 303, { "a.txt": "1", "b.txt": "2" }, {}, form(["a.txt", "1"], ["b.txt", "2"])],
  ["POST /sub/", 303, { "sub/ü.txt": "1" }, {}, form(["ü.txt", "1"])],
  // Never over a file that is there.
  ["POST /", 303, { "old (1).txt": "1", "old (2).txt": "2" }, {}, form(["old.txt", "1"], ["old.txt", "2"])],
  ["POST /", 303, { "sub (1)": "1" }, {}, form(["sub", "1"])],
  ["POST /", 303, { "x.txt": "1" }, {}, form(["../../x.txt", "1"])],
  ["POST /", 303, {}, {}, form()],
  ["POST /", 403, {}, {}, form(["a.txt", "1"], [".hidden", "2"])],
  ["POST /", 403, {}, {}, form(["_headers", "1"])],
  ["POST /", 403, {}, {}, form([".sockeye-upload-x", "1"])],
  ["POST /", 413, {}, {}, form(["a.txt", "1"], ["b.txt", "x".repeat(800)])],
  ["POST /", 415, {}, {}, "new"],
  ["POST /", 400, {}, { "Content-Type": "multipart/form-data; boundary=a" }, "new"],
  ["POST /", 403, {}, { "Sec-Fetch-Site": "cross-site" }, form(["a.txt", "1"])],
  ["POST /none/", 409, {}, {}, form(["a.txt", "1"])],
  ["POST /.git/", 403, {}, {}, form(["a.txt", "1"])],
];

uploadTest("takes forms with files", async (_site, t) => {
  for (const [request, status, changes, fields = {}, body] of FORMS) {
    await t.step(`${request} → ${status} ${Object.keys(changes)}`, async () => {
      await using site = new WritableSite({ list: true });
      const [method = "", path = ""] = request.split(" ");
      const reply = await site.ask({ method, path, fields, body: body ?? "" });
      assertEquals([reply.status, site.changes()], [status, changes]);
      if (status === 303) assertEquals(new Map(reply.fields).get("location"), "./");
    });
  }
});

uploadTest("tells a program under which names its files are", async (site) => {
  const body = form(["old.txt", "1"], ["a.txt", "2"]);
  const reply = await site.ask({ method: "POST", path: "/", fields: { Accept: "application/json" }, body });
  assertEquals([reply.status, JSON.parse(new TextDecoder().decode(reply.body))], [201, {
    files: ["old (1).txt", "a.txt"],
  }]);
});

testWith(["net", "read", "write"], "withUploads takes no forms where folders are not listed", async () => {
  await using site = new WritableSite();
  assertEquals((await site.ask({ method: "POST", path: "/", body: form(["a", "1"]) })).status, 405);
});

uploadTest("leaves nothing of a form whose client leaves", async (site) => {
  const client = await site.server.connect();
  const head =
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n`;
  await client.send(`${head}--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\nab`);
  await until(() => Object.values(site.changes()).includes("ab"), "two bytes have arrived");
  client[Symbol.dispose]();
  await until(() => Object.keys(site.changes()).length === 0, "nothing is left");
});

const WRITE_ERRORS = [["ENOSPC", 507], ["EDQUOT", 507], ["EROFS", 403], ["ENAMETOOLONG", 400], [
  "EMFILE",
  503,
]] as const;

for (const [code, status] of WRITE_ERRORS) {
  Deno.test(`toWriteError makes ${status} of ${code}`, () => {
    const error = toWriteError(Object.assign(new Error(code), { code }));
    assert(error instanceof HttpError);
    assertEquals(error.status, status);
  });
}

function allowOf(path: string): string {
  return path.endsWith("/") ? FOLDER_ALLOW : "GET, HEAD, OPTIONS, PUT, DELETE";
}

uploadTest("tells the methods of a path, RFC 9110 section 9.3.7", async (site, t) => {
  for (const path of ["/", "/old.txt", "/sub/"]) {
    await t.step(path, async () => {
      const { status, fields } = await site.ask({ method: "OPTIONS", path });
      assertEquals([status, new Map(fields).get("allow")], [204, allowOf(path)]);
    });
  }
});

uploadTest("serves at once what was written, and not what was deleted", async (site) => {
  const get = async () => {
    const { status, body } = await site.ask({ path: "/x.txt" });
    return status === 200 ? new TextDecoder().decode(body) : status;
  };
  assertEquals(await get(), 404);
  await site.ask({ method: "PUT", path: "/x.txt", body: "one" });
  assertEquals(await get(), "one");
  await site.ask({ method: "PUT", path: "/x.txt", body: "two" });
  assertEquals(await get(), "two");
  await site.ask({ method: "DELETE", path: "/x.txt" });
  assertEquals(await get(), 404);
});

uploadTest("does not climb above the root", async (site) => {
  using client = await site.server.connect();
  await client.send("PUT /sub/../../new.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nnew");
  assertEquals((await client.readAnswer()).status, 404);
  assertEquals([...Deno.readDirSync(site.site.path("../"))].map(({ name }) => name), ["www"]);
});

for (const symlinks of ["inside", "follow", "deny"] as const) {
  testWith(["net", "read", "write"], `withUploads keeps to the root with --symlinks ${symlinks}`, async (t) => {
    await using site = new WritableSite({ symlinks });
    Deno.mkdirSync(site.site.path("../outside"));
    Deno.mkdirSync(site.site.path(".hidden"));
    site.site.link("out", "../outside");
    site.site.link("hidden", ".hidden");
    site.site.link("self", ".");
    site.site.link("in", "sub");
    site.site.link("file", "old.txt");
    site.site.link("dangling", "../outside/x");
    const paths = ["/out/x", "/hidden/x", "/self/_headers", "/file", "/dangling"];
    for (const method of ["PUT", "DELETE"]) {
      for (const path of paths) {
        await t.step(`${method} ${path}`, async () => {
          const { status } = await site.ask({ method, path, body: "new" });
          assert(status === 403 || status === 409, `${status}`);
          assertEquals([site.changes(), [...Deno.readDirSync(site.site.path("../outside"))]], [{}, []]);
        });
      }
    }
    const { status } = await site.ask({ method: "PUT", path: "/in/x", body: "new" });
    assertEquals([status, site.changes()], symlinks === "deny" ? [409, {}] : [201, { "sub/x": "new" }]);
  });
}

uploadTest("hides what is not complete, and removes it where the client leaves", async (site) => {
  const client = await site.server.connect();
  await client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  await until(() => Object.values(site.changes()).includes("ab"), "two bytes have arrived");
  const [name = ""] = Object.keys(site.changes());
  assertEquals((await site.ask({ path: `/${name}` })).status, 404);
  assertEquals((await site.ask({ method: "DELETE", path: `/${name}` })).status, 404);
  client[Symbol.dispose]();
  await until(() => Object.keys(site.changes()).length === 0, "nothing is left");
});

uploadTest("looks at preconditions again before a file takes its place, RFC 9110 section 13.1", async (site) => {
  using client = await site.server.connect();
  await client.send(`PUT /old.txt HTTP/1.1\r\nHost: a\r\nIf-Match: ${TAG}\r\nContent-Length: 5\r\n\r\nab`);
  await until(() => Object.values(site.changes()).includes("ab"), "two bytes have arrived");
  site.site.write("old.txt", "other");
  await client.send("cde");
  assertEquals((await client.readAnswer()).status, 412);
  assertEquals(site.changes(), { "old.txt": "other" });
});

uploadTest(
  "sends 100 (Continue) when all is well, and the final answer else, RFC 9110 section 10.1.1",
  async (site) => {
    using client = await site.server.connect();
    const ask = (path: string) =>
      `PUT ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`;
    await client.send(ask("/new.txt"));
    assertEquals(decode(await client.read(25)), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.send("new");
    assertEquals((await client.readAnswer()).status, 201);
    await client.send(ask("/none/new.txt"));
    assertEquals((await client.readAnswer()).status, 409);
  },
);

testWith(["net", "read", "write"], "withUploads never serves what a killed process left, with --dotfiles", async () => {
  await using site = new WritableSite({ dotfiles: true, list: true });
  site.site.write(".sockeye-upload-x", "half");
  site.site.write(".seen", "seen");
  assertEquals((await site.ask({ path: "/.sockeye-upload-x" })).status, 404);
  const { body } = await site.ask({ path: "/", fields: { Accept: "application/json" } });
  const text = new TextDecoder().decode(body);
  assertStringIncludes(text, ".seen");
  assert(!text.includes("sockeye-upload"));
  assertEquals((await site.ask({ method: "PUT", path: "/.new", body: "new" })).status, 201);
});

testWith(["read", "write"], "checkSite says what --upload needs", () => {
  using site = new Site();
  site.write("a.txt", "a");
  const check = (wishes: Parameters<typeof completeOptions>[0]) => {
    try {
      return checkSite(completeOptions({ upload: true, ...wishes })).isUploading;
    } catch (error) {
      if (error instanceof StartError || error instanceof UsageError) return error.message;
      throw error;
    }
  };
  assertEquals(check({ root: site.path("www") }), true);
  assertStringIncludes(String(check({ root: site.path("a.txt") })), "needs a folder");
  assertStringIncludes(String(check({ root: site.path("www"), app: "app.ts" })), "without an application");
});
