/**
 * The options of a site, one after the other, through the handler: which answer each path gets. A row is a request and
 * what the answer is, in short: the content of a 200, `status → Location` of a redirect, the status of anything else.
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ArchiveMemory } from "../src/archive.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { SiteOptions } from "../src/config.ts";
import { UsageError } from "../src/errors.ts";
import type { FieldLine } from "../src/message.ts";
import { parseSiteOptions } from "../src/site_options.ts";
import { staticHandler } from "../src/static.ts";
import type { Answer } from "./ask.ts";
import { ask } from "./ask.ts";
import { testWith } from "./permissions.ts";
import type { SiteSettings } from "./site.ts";
import { FRESH_MS, Site } from "./site.ts";

const HTML: FieldLine = ["Accept", "text/html,application/xhtml+xml,*/*;q=0.8"];

/** An answer in short. */
function sum({ status, text, fields }: Answer): string {
  if (status === 200) return text ?? "";
  if (status === 404 && text?.endsWith(".html")) return `404 ${text}`;
  return fields.location === undefined ? String(status) : `${status} → ${fields.location}`;
}

/** A request: a target, with `HEAD ` in front where it is that, and the answer. */
type Row = readonly [request: string, answer: string, ...fields: FieldLine[]];

/** Every file holds its name. */
function optionTest(name: string, settings: SiteSettings, files: string, rows: readonly Row[]): void {
  testWith(["read", "write"], `staticHandler with ${name}`, async (t) => {
    using site = new Site(settings);
    for (const file of files.split(" ")) site.write(file, file);
    for (const [request, answer, ...fields] of rows) {
      const [method, target] = request.startsWith("HEAD ") ? ["HEAD", request.slice(5)] : ["GET", request];
      const lines = fields.map((line) => ` ${line.join(": ")}`).join("");
      await t.step(`${request}${lines} → ${answer}`, () => {
        assertEquals(sum(site.ask(target ?? "", { method: method ?? "", fields })), answer);
      });
    }
  });
}

const PAGES = "index.html about.html docs/index.html docs/guide.html both.html both/index.html team/x.txt a.txt " +
  "team.html exact exact.html odd.html/x .html";

optionTest("--clean-urls", { cleanUrls: true }, PAGES, [
  ["/", "index.html"],
  ["/about", "about.html"],
  ["/about?a=b", "about.html"],
  ["HEAD /about", "about.html"],
  ["/a.txt", "a.txt"],
  ["/docs/", "docs/index.html"],
  ["/docs/guide", "docs/guide.html"],
  // The other way.
  ["/about.html", "308 → ./about"],
  ["/about.html?a=b&c", "308 → ./about?a=b&c"],
  ["/docs/guide.html", "308 → ./guide"],
  ["/index.html", "308 → ./"],
  ["/index.html?q", "308 → ./?q"],
  ["/index", "308 → ./"],
  ["/docs/index.html", "308 → ./"],
  ["/docs/index", "308 → ./"],
  ["/docs", "308 → ./docs/"],
  ["/docs?q", "308 → ./docs/?q"],
  ["/about/", "308 → ../about"],
  ["/about/?q", "308 → ../about?q"],
  ["/docs/guide/", "308 → ../guide"],
  ["/abo%75t.html", "308 → ./about"],
  ["//about.html", "308 → ./about"],
  ["//docs//guide/", "308 → ../guide"],
  ["/about//", "308 → /about"],
  ["/about/./", "308 → /about"],
  ["/about/%2e/", "308 → /about"],
  ["/x/../about/", "308 → ../about"],
  // A folder and a page of one name: the page has no slash.
  ["/both", "both.html"],
  ["/both/", "both/index.html"],
  ["/both.html", "308 → ./both"],
  ["/both/index.html", "308 → ./"],
  ["/team", "team.html"],
  ["/team/", "308 → ../team"],
  ["/team/x.txt", "team/x.txt"],
  // A file of just that name comes first, and its page keeps its own.
  ["/exact", "exact"],
  ["/exact.html", "exact.html"],
  // Not there.
  ["/nothing", "404"],
  ["/nothing.html", "404"],
  ["/nothing/", "404"],
  ["/a", "404"],
  ["/odd", "404"],
  ["/odd.html", "308 → ./odd.html/"],
  ["/.html", "404"],
  ["/about.html/", "404"],
  ["/a.txt/", "404"],
  [`/${"a".repeat(254)}`, "404"],
  [`/${"a".repeat(256)}`, "404"],
]);

optionTest("names that have to be encoded under --clean-urls", { cleanUrls: true }, "ä.html a:b.html +@$&,;=.html", [
  ["/%C3%A4.html", "308 → ./%C3%A4"],
  ["/a:b.html?:", "308 → ./a:b?:"],
  ["/+@$&,;=.html", "308 → ./+@$&,;="],
  ["/a:b/", "308 → ../a:b"],
  ["/%C3%A4", "ä.html"],
]);

optionTest("--spa", { spa: "index.html" }, "index.html app.js docs/index.html bare/x 404.html", [
  ["/app.js", "app.js"],
  ["/user/7", "index.html", HTML],
  ["/user/7/", "index.html", HTML],
  ["/user/7?x", "index.html", HTML],
  ["HEAD /user/7", "index.html", HTML],
  ["/user/7", "index.html"],
  ["/user/7", "index.html", ["Accept", "*/*"]],
  ["/user/john.doe", "index.html", HTML],
  ["/v1.2", "index.html", HTML],
  ["/page.html", "index.html", HTML],
  ["/bare/", "index.html", HTML],
  ["/docs/", "docs/index.html", HTML],
  ["/docs", "308 → ./docs/", HTML],
  ["/user", "index.html", HTML, ["Sec-Fetch-Dest", "document"]],
  ["/user", "index.html", ["Accept", "*/*"], ["Sec-Fetch-Dest", "iframe"]],
  // Assets, and what is no navigation.
  ["/missing.js", "404 404.html", HTML],
  ["/missing.css", "404 404.html", HTML],
  ["/img/missing.png", "404 404.html", HTML],
  ["/data.json", "404 404.html", HTML],
  ["/app.3f9c2b1a.js.map", "404 404.html", HTML],
  ["/user", "404 404.html", ["Accept", "image/avif,image/webp,*/*;q=0.8"]],
  ["/api/users", "404", ["Accept", "application/json"]],
  ["/user", "404 404.html", HTML, ["Sec-Fetch-Dest", "script"]],
  ["/user", "404 404.html", ["Accept", "*/*"], ["Sec-Fetch-Dest", "empty"]],
  ["/user", "404 404.html", ["Accept", "text/html;q=0, */*"]],
  // Never what is hidden or refused.
  ["/.env", "404 404.html", HTML],
  ["/../x", "404 404.html", HTML],
  ["/%zz", "400", HTML],
]);

testWith(["read", "write"], "staticHandler says what the shell depends on, and that it may not be kept", () => {
  using site = new Site({ spa: "index.html", cacheRules: "*=max-age=60" });
  for (const name of ["index.html", "app.3f9c2b1a.js"]) site.write(name, name);
  const pick = (target: string, fields: FieldLine[] = []) => {
    const answer = site.ask(target, { fields });
    return [answer.status, answer.fields["cache-control"], answer.fields.vary, answer.fields["content-type"]];
  };
  assertEquals(pick("/"), [200, "max-age=60", undefined, "text/html"]);
  const vary = "Accept, Sec-Fetch-Dest";
  assertEquals(pick("/route", [HTML]), [200, "no-cache", vary, "text/html"]);
  assertEquals(pick("/route", [["Accept", "a/b"]]), [404, undefined, vary, undefined]);
  const tag = site.ask("/route", { fields: [HTML] }).fields.etag;
  assertEquals(pick("/else", [HTML, ["If-None-Match", tag ?? ""]]), [304, "no-cache", vary, undefined]);
});

optionTest("--spa with another file", { spa: "app/shell.html" }, "index.html app/shell.html", [
  ["/", "index.html"],
  ["/route", "app/shell.html"],
]);
optionTest("--spa whose file is missing", { spa: "shell.html" }, "index.html", [["/route", "404"], [
  "/",
  "index.html",
]]);
optionTest("--spa and --clean-urls", { spa: "index.html", cleanUrls: true }, "index.html about.html", [
  ["/about", "about.html"],
  ["/about.html", "308 → ./about"],
  ["/index.html", "308 → ./"],
  ["/route", "index.html", HTML],
  ["/about/", "308 → ../about", HTML],
]);

for (const base of ["/app", "/app/"]) {
  optionTest(`--base ${base}`, { base, spa: "index.html", cleanUrls: true }, "index.html about.html docs/index.html", [
    ["/app/", "index.html"],
    ["/app/about", "about.html"],
    ["/app/about.html?q", "308 → ./about?q"],
    ["/app/docs", "308 → ./docs/"],
    ["/app/docs/", "docs/index.html"],
    ["/app/route", "index.html", HTML],
    ["/app", "308 → ./app/"],
    ["/app?q", "308 → ./app/?q"],
    ["//app", "308 → ./app/"],
    ["/app/about//", "308 → /app/about"],
    ["/%61pp/about", "about.html"],
    ["/app/../about", "404", HTML],
    // Elsewhere there is nothing, not even the shell.
    ["/", "404", HTML],
    ["/about", "404", HTML],
    ["/application/", "404", HTML],
    ["/appx", "404", HTML],
    ["/App/", "404", HTML],
  ]);
}

optionTest("a --base of two segments, one of them encoded", { base: "/a%20b/c" }, "index.html x/index.html", [
  ["/a%20b/c/", "index.html"],
  ["/a%20b/c", "308 → ./c/"],
  ["/a%20b", "404"],
  ["/a%20b/c/x", "308 → ./x/"],
]);

optionTest(
  "--index",
  { index: ["home.html", "index.txt"] },
  "home.html a/index.txt b/index.html c/home.html c/index.txt",
  [
    ["/", "home.html"],
    ["/a/", "a/index.txt"],
    ["/b/", "404"],
    ["/c/", "c/home.html"],
    ["/c/index.txt", "c/index.txt"],
  ],
);
optionTest("--index and --clean-urls", { index: ["home.html", "index.txt"], cleanUrls: true }, "home.html index.txt", [
  ["/home.html", "308 → ./"],
  ["/home", "308 → ./"],
  ["/index.txt", "index.txt"],
]);

optionTest("one file as the root", { root: "www/only.html", spa: "x.html", list: true }, "only.html x.html 404.html", [
  ["/", "only.html"],
  ["/?q", "only.html"],
  ["/only.html", "only.html"],
  ["HEAD /only.html", "only.html"],
  ["/x.html", "404", HTML],
  ["/404.html", "404"],
  ["/only.html/", "404"],
  ["/only.html/x", "404"],
  ["/a/", "404"],
  ["/_headers", "404"],
]);

testWith(["read", "write"], "staticHandler gives one file as the root its own type", () => {
  using site = new Site({ root: "www/a.css" });
  site.write("a.css", "a{}");
  site.write("_headers", "/*\n X-A: 1");
  const { fields } = site.ask("/");
  assertEquals([fields["content-type"], fields["x-a"]], ["text/css", undefined]);
});

optionTest("--dotfiles", { dotfiles: true, list: true }, ".env .git/config a/.b/c.txt", [
  ["/.env", ".env"],
  ["/.git/config", ".git/config"],
  ["/a/.b/c.txt", "a/.b/c.txt"],
  ["/a/.b", "308 → ./.b/"],
  ["/../.env", "404"],
]);
optionTest("dot names hidden", {}, ".env .git/config .well-known/security.txt", [
  ["/.env", "404"],
  ["/.git/config", "404"],
  ["/.well-known/security.txt", ".well-known/security.txt"],
]);

/** Links to a file and a folder, inside and outside: what each policy makes of them. */
const LINKS: readonly [target: string, follow: string, inside: string, deny: string][] = [
  ["/file.txt", "file.txt", "file.txt", "file.txt"],
  ["/folder/x.txt", "folder/x.txt", "folder/x.txt", "folder/x.txt"],
  ["/to-file.txt", "file.txt", "file.txt", "404"],
  ["/to-folder/x.txt", "folder/x.txt", "folder/x.txt", "404"],
  ["/to-folder", "308 → ./to-folder/", "308 → ./to-folder/", "404"],
  ["/out.txt", "../secret.txt", "404", "404"],
  ["/out/secret.txt", "../outside/secret.txt", "404", "404"],
  ["/deep/to-file.txt", "file.txt", "file.txt", "404"],
  ["/dangling", "404", "404", "404"],
  ["/circle", "404", "404", "404"],
  ["/../secret.txt", "404", "404", "404"],
];

for (const [at, symlinks] of (["follow", "inside", "deny"] as const).entries()) {
  testWith(["read", "write"], `staticHandler with --symlinks ${symlinks}`, () => {
    using site = new Site({ root: "../current", symlinks });
    for (const name of ["file.txt", "folder/x.txt", "deep/x", "../secret.txt", "../outside/secret.txt"]) {
      site.write(name, name);
    }
    // The root itself may be a link in any case.
    Deno.symlinkSync("www", `${site.base}/current`);
    site.link("to-file.txt", "file.txt");
    site.link("to-folder", "folder");
    site.link("deep/to-file.txt", "../file.txt");
    site.link("out.txt", "../secret.txt");
    site.link("out", "../outside");
    site.link("dangling", "nowhere");
    site.link("circle", "circle");
    for (const row of LINKS) assertEquals(sum(site.ask(row[0])), row[1 + at], row[0]);
  });
}

testWith(["read", "write"], "staticHandler with --mime and --charset", () => {
  using site = new Site({ mime: [".a=text/x-a", "b=application/x-b"], charset: "windows-1252" });
  const types = { "x.a": "text/x-a", "x.B": "application/x-b", "x.html": "text/html; charset=windows-1252" };
  for (const [name, type] of Object.entries(types)) {
    site.write(name, name);
    assertEquals(site.ask(`/${name}`).fields["content-type"], type);
  }
});

testWith(["read", "write"], "staticHandler with --header and --coi sends the fields with every answer", () => {
  using site = new Site({ headers: ["X-A: 1", "Cache-Control: max-age=5"], coi: true, cleanUrls: true });
  for (const name of ["a.html", "404.html"]) site.write(name, name);
  const rows: [string, FieldLine[], number, string | undefined][] = [
    ["/a", [], 200, "max-age=5"],
    ["/a", [["If-None-Match", "*"]], 304, "max-age=5"],
    // The rule is for files: not for what tells of them, nor for what is not there.
    ["/a.html", [], 308, "no-cache"],
    ["/missing", [], 404, "no-cache"],
    ["/%zz", [], 400, "no-cache"],
    ["/a", [["If-Match", '"x"']], 412, "no-cache"],
  ];
  for (const [target, fields, status, cache] of rows) {
    const answer = site.ask(target, { fields });
    assertEquals(answer.status, status);
    assertEquals([answer.fields["x-a"], answer.fields["cache-control"]], ["1", cache], target);
    assertEquals(answer.fields["cross-origin-opener-policy"], "same-origin");
    assertEquals(answer.fields["cross-origin-embedder-policy"], "require-corp");
  }
});

const HEADERS = `/*
  X-All: 1
  ! X-Content-Type-Options
/assets/*
  Cache-Control: max-age=60
  Content-Type: text/x-asset
/route
  X-Route: :splat
`;
const REDIRECTS = `# moved
/old/* /new/:splat 301
/shop id=:id /item/:id 302
/away https://example.com/:splat
/first /a.txt 301
/first /b.txt 301
/a.txt /never 301
/b.txt /a.txt 302!
/shadow /a.txt 200
/folder /docs 200
/assets/missing.js /index.html 200
/gone /gone.html 404
/nowhere /missing.html 200
`.replace("/:splat\n/first", "/\n/first");

testWith(["read", "write"], "staticHandler applies _headers and _redirects", async (t) => {
  using site = new Site({ base: "/site" });
  for (const name of "index.html a.txt b.txt docs/index.html gone.html assets/a.js assets/a.3f9c2b1a.js".split(" ")) {
    site.write(name, name);
  }
  site.write("_headers", HEADERS);
  site.write("_redirects", REDIRECTS);
  const rows: readonly Row[] = [
    ["/site/a.txt", "a.txt"],
    ["/site/old/x/y?q", "301 → /site/new/x/y?q"],
    ["/site/old/%2F%2Fevil.example", "400"],
    ["/site/old//evil.example", "301 → /site/new/evil.example"],
    ["/site/shop?id=7", "302 → /site/item/7"],
    ["/site/shop", "404"],
    ["/site/away?q", "301 → https://example.com/?q"],
    ["/site/first", "301 → /site/a.txt"],
    ["/site/b.txt", "302 → /site/a.txt"],
    ["/site/shadow", "a.txt"],
    ["HEAD /site/shadow", "a.txt"],
    ["/site/folder", "docs/index.html"],
    ["/site/gone", "404 gone.html"],
    ["/site/gone", "404", ["Accept", "application/json"]],
    ["/site/nowhere", "404"],
    ["/old/x", "404"],
    // Not served themselves.
    ["/site/_headers", "404"],
    ["/site/_redirects", "404"],
    ["/site/%5fheaders", "404"],
    ["/site//_headers", "404"],
  ];
  for (const [request, answer, ...fields] of rows) {
    const [method, target] = request.startsWith("HEAD ") ? ["HEAD", request.slice(5)] : ["GET", request];
    await t.step(`${request} → ${answer}`, () => {
      assertEquals(sum(site.ask(target ?? "", { method: method ?? "", fields })), answer);
    });
  }
  await t.step("fields belong to the file that is really sent", () => {
    const pick = (target: string) => {
      const { status, fields } = site.ask(target);
      return [
        status,
        fields["x-all"],
        fields["x-content-type-options"],
        fields["cache-control"],
        fields["content-type"],
      ];
    };
    assertEquals(pick("/site/a.txt"), [200, "1", undefined, "no-cache", "text/plain; charset=utf-8"]);
    assertEquals(pick("/site/assets/a.js"), [200, "1", undefined, "max-age=60", "text/x-asset"]);
    assertEquals(pick("/site/assets/missing.js"), [200, "1", undefined, "no-cache", "text/html"]);
    assertEquals(pick("/site/assets/none.js").slice(0, 4), [404, "1", undefined, "no-cache"]);
    assertEquals(pick("/site/old/x"), [301, "1", undefined, "no-cache", undefined]);
    const { status, fields } = site.ask("/site/assets/a.js", { fields: [["Range", "bytes=0-0,3-3"]] });
    assertMatch(`${status} ${fields["content-type"]}`, /^206 (multipart\/byteranges|text\/x-asset)/);
  });
});

testWith(
  ["read", "write"],
  "staticHandler reads rules again when they change, and keeps those before a mistake",
  () => {
    using site = new Site();
    site.write("a.txt", "a");
    const now = () => {
      site.clock.nowMs += FRESH_MS;
      return [site.ask("/a.txt").fields["x-a"], sum(site.ask("/x"))];
    };
    assertEquals(now(), [undefined, "404"]);
    site.write("_headers", "/*\n X-A: 1");
    site.write("_redirects", "/x /a.txt");
    assertEquals(site.ask("/a.txt").fields["x-a"], undefined, "within the time of freshness");
    assertEquals(now(), ["1", "301 → /a.txt"]);
    site.write("_headers", "/*\n X-A: 22");
    assertEquals(now(), ["22", "301 → /a.txt"]);
    site.write("_headers", "X-A: 333");
    site.write("_redirects", "/x\n/y /z 299");
    assertEquals(site.events, []);
    assertEquals(now(), ["22", "301 → /a.txt"]);
    assertEquals(now(), ["22", "301 → /a.txt"]);
    assertEquals(site.events.map((event) => /^error (\w+:\d+): .*its last version is\)$/.exec(event)?.[1]), [
      "_headers:1",
      "_redirects:1",
      "_redirects:2",
    ]);
    site.remove("_headers");
    site.write("_redirects", "");
    assertEquals(now(), [undefined, "404"]);
  },
);

const BAD: readonly [wish: Partial<SiteOptions>, message: string][] = [
  [{ base: "app" }, '--base "app" is no path, as /prefix is one'],
  [{ base: "/a//b" }, '--base "/a//b" is no path, as /prefix is one'],
  [{ base: "/a/../b" }, '--base "/a/../b" is no path, as /prefix is one'],
  [{ base: "/." }, '--base "/." is no path, as /prefix is one'],
  [{ base: "/a?b" }, '--base "/a?b" is no path, as /prefix is one'],
  [{ base: "/%zz" }, '--base "/%zz" is no path, as /prefix is one'],
  [{ index: ["a/b"] }, '--index "a/b" is no file name'],
  [{ index: [""] }, '--index "" is no file name'],
  [{ index: [".."] }, '--index ".." is no file name'],
  [{ spa: "../x" }, '--spa "../x" is no file below the root'],
  [{ spa: ".env" }, '--spa ".env" is no file below the root'],
  [{ mime: ["a"] }, '--mime: "a" is not of the form ext=type, as in wasm=application/wasm'],
  [{ charset: "a b" }, '--charset "a b" is no name of a charset'],
  [{ cacheRules: "*.css" }, '--cache: "*.css" is not of the form pattern=directives'],
  [{ headers: ["A"] }, '--header: "A" is not of the form Name: value'],
  [{ headers: ["Content-Length: 1"] }, "--header: Content-Length belongs to the connection, which is the server's"],
  [{ cors: "x" }, "--cors: x has no scheme: is https://x meant?"],
];

for (const [wish, message] of BAD) {
  Deno.test(`parseSiteOptions refuses ${JSON.stringify(wish)}`, () => {
    const error = assertThrows(() => parseSiteOptions({ ...DEFAULT_OPTIONS, root: "/srv", ...wish }), UsageError);
    assertEquals(error.message, message);
  });
}

Deno.test("parseSiteOptions takes the defaults", () => {
  const site = parseSiteOptions({ ...DEFAULT_OPTIONS, root: "/srv" });
  assert(site.base === "/" && site.shell === undefined && site.cors === undefined && !site.isDev);
});

testWith(["read", "write"], "staticHandler with --archive lists folders and sends them as zip archives", () => {
  using site = new Site({ archive: true });
  for (const name of ["index.html", "folder/a.txt", "folder/.b", "both/index.html", "_headers"]) site.write(name, "");
  const pick = (target: string, method = "GET") => {
    const { status, fields, response } = site.ask(target, { method });
    if (response !== undefined && "stream" in response.body) void response.body.stream.return?.();
    return [status, fields["content-type"], fields["content-disposition"]];
  };
  const zip = [200, "application/zip", 'attachment; filename="folder.zip"'];
  const page = [200, "text/html; charset=utf-8", undefined];
  assertEquals(pick("/folder/?archive=zip"), zip);
  assertEquals(pick("/folder/?archive=zip", "HEAD"), zip);
  assertEquals(pick("/folder/?archive=zip&x"), zip);
  assertEquals(pick("/folder/?archive=tar"), page);
  assertEquals(pick("/folder/"), page);
  assertMatch(site.ask("/folder/").text ?? "", /<a href="\.\/\?archive=zip" download>Download as zip<\/a>/);
  assertEquals(pick("/folder?archive=zip")[0], 308);
  // A folder with an index file is not listed, nor is it an archive.
  assertEquals(pick("/both/?archive=zip"), [200, "text/html", undefined]);
  assertEquals(pick("/?archive=zip"), [200, "text/html", undefined]);
  site.remove("index.html");
  site.clock.nowMs += FRESH_MS;
  assertEquals(pick("/?archive=zip"), [200, "application/zip", 'attachment; filename="files.zip"']);
});

testWith(
  ["read", "write"],
  "staticHandler begins no archive while others hold too much, RFC 9110 section 15.6.4",
  () => {
    using site = new Site();
    const archiveMemory = new ArchiveMemory(100);
    const handler = staticHandler({
      site: parseSiteOptions({ ...DEFAULT_OPTIONS, root: site.path("www"), archive: true }),
      cache: DEFAULT_OPTIONS.cache,
      clock: site.clock,
      open: Deno.openSync,
      archiveMemory,
    });
    for (const [bytes, status] of [[50, 200], [1, 503], [-1, 200]] as const) {
      if (bytes > 0) archiveMemory.take(bytes);
      else archiveMemory.giveBack(-bytes);
      assertEquals(ask(handler, "/?archive=zip").status, status);
    }
  },
);

testWith(["read", "write"], "staticHandler sends no archive without --archive", () => {
  using site = new Site({ list: true });
  site.write("folder/a.txt", "");
  assertEquals(site.ask("/folder/?archive=zip").fields["content-type"], "text/html; charset=utf-8");
});

testWith(["read", "write"], "staticHandler never serves files of rules, under no name", async (t) => {
  using site = new Site({ list: true, cleanUrls: true, archive: true });
  for (const name of ["_headers", "_headers.html", "_headers.gz", "_redirects.br", "a/_headers"]) {
    site.write(name, name);
  }
  site.link("alias.txt", "_headers");
  site.link("self", ".");
  site.link("index.html", "_headers");
  const rows: readonly Row[] = [
    ["/alias.txt", "404"],
    ["/self/_headers", "_headers.html"],
    ["/self/_redirects", "404"],
    ["/", "404"],
    ["/_headers.gz", "404"],
    ["/_redirects.br", "404"],
    ["/_headers.html", "_headers.html"],
    ["/a/_headers", "a/_headers"],
  ];
  for (const [target, answer] of rows) {
    await t.step(`${target} → ${answer}`, () => assertEquals(sum(site.ask(target)), answer));
  }
  site.remove("index.html");
  site.clock.nowMs += FRESH_MS;
  const shown = JSON.parse(site.ask("/", { fields: [["Accept", "application/json"]] }).text ?? "");
  assertEquals(shown.entries.map(({ name }: { name: string }) => name), ["a", "self", "_headers.html"]);
});

optionTest("--clean-urls leaves what has a name of its own", { cleanUrls: true, dotfiles: true }, ".html d/.html d/i", [
  ["/.html", ".html"],
  ["/d/.html", "d/.html"],
]);

testWith(["read", "write"], "staticHandler with --clean-urls and a link with the clean name", () => {
  using site = new Site({ cleanUrls: true });
  site.write("a.html", "a.html");
  site.link("a", "a.html");
  assertEquals(sum(site.ask("/a.html")), "a.html");
});

/** Rules of `_redirects`, and requests that they would send round in circles. */
const CIRCLES: readonly [rules: string, settings: SiteSettings, rows: readonly Row[]][] = [
  ["/:page/ /:page 301", {}, [["/dir/", "404"], ["/dir", "308 → ./dir/"], ["/gone/", "301 → /gone"]]],
  ["/dir/ /dir 301!", {}, [["/dir/", "404"], ["/dir", "308 → ./dir/"]]],
  ["/about /about.html 301!", { cleanUrls: true }, [["/about", "about.html"], ["/about.html", "308 → ./about"]]],
  ["/x/* /x/a/:splat 302", {}, [["/x/y", "404"], ["/x/a/y", "404"]]],
  ["/* /en/:splat 302", {}, [["/page.html", "302 → /en/page.html"], ["/en/none", "404"], ["/none", "404"]]],
];

for (const [rules, settings, rows] of CIRCLES) {
  testWith(["read", "write"], `staticHandler goes round in no circle by ${rules}`, () => {
    using site = new Site(settings);
    for (const name of ["about.html", "dir/x", "en/page.html"]) site.write(name, name);
    site.write("_redirects", rules);
    for (const [target, answer] of rows) assertEquals(sum(site.ask(target)), answer, target);
  });
}

testWith(["read", "write"], "staticHandler gives pages of 404 rules their type, and falls back to 404.html", () => {
  using site = new Site({ charset: "utf-8" });
  for (const name of ["err.json", "404.html", "dir/index.html"]) site.write(name, name);
  site.write("_redirects", "/api/* /err.json 404\n/dir2 /dir 404\n/none /none.html 404");
  const pick = (target: string) => {
    const { status, text, fields } = site.ask(target);
    return [status, text, fields["content-type"]];
  };
  assertEquals(pick("/api/x"), [404, "err.json", "application/json"]);
  assertEquals(pick("/dir2"), [404, "dir/index.html", "text/html; charset=utf-8"]);
  assertEquals(pick("/none"), [404, "404.html", "text/html; charset=utf-8"]);
  assertEquals(pick("/else"), [404, "404.html", "text/html; charset=utf-8"]);
});

testWith(
  ["read", "write"],
  "staticHandler lets rules replace what flags say, and keeps the policy of its own pages",
  () => {
    using site = new Site({ coi: true, headers: ["X-A: flag", "X-B: flag"], list: true });
    site.write("a.txt", "a");
    site.write("dir/x", "x");
    site.write(
      "_headers",
      "/*\n Cross-Origin-Embedder-Policy: credentialless\n X-A: rule\n Content-Security-Policy: default-src 'self'\n" +
        " X-Frame-Options: DENY\n Netlify-CDN-Cache-Control: max-age=9\n/a.txt\n X-Frame-Options: SAMEORIGIN\n ! X-B\n",
    );
    const { fields } = site.ask("/a.txt");
    assertEquals(fields["cross-origin-embedder-policy"], "credentialless");
    assertEquals(fields["cross-origin-opener-policy"], "same-origin");
    assertEquals([fields["x-a"], fields["x-b"], fields["x-frame-options"]], ["rule", undefined, "SAMEORIGIN"]);
    assertEquals(fields["netlify-cdn-cache-control"], "max-age=9");
    assertEquals(fields["content-security-policy"], "default-src 'self'");
    assertMatch(site.ask("/dir/").fields["content-security-policy"] ?? "", /^default-src 'none'/);
    const missing = site.ask("/none", { fields: [HTML] }).fields;
    assertMatch(missing["content-security-policy"] ?? "", /^default-src 'none'/);
    assertEquals([missing["x-b"], missing["netlify-cdn-cache-control"]], ["flag", undefined]);
  },
);

testWith(["read", "write"], "staticHandler says that a file of rules cannot be used, once", () => {
  using site = new Site();
  site.write("a.txt", "a");
  site.link("_headers", "nowhere");
  site.write("_redirects/x", "");
  for (let times = 0; times < 3; times++) {
    assertEquals(sum(site.ask("/a.txt")), "a");
    site.clock.nowMs += FRESH_MS;
  }
  assertEquals(site.events.map((event) => event.slice(0, 38)), [
    "error _headers is no file that can be ",
    "error _redirects is no file that can b",
  ]);
});

testWith(["read", "write"], "staticHandler reads rules before the first request", () => {
  using site = new Site();
  site.write("a.txt", "a");
  site.write("_headers", "/*\n X-A: 1");
  site.handler;
  site.write("_headers", "mistake");
  site.clock.nowMs += FRESH_MS;
  assertEquals(site.ask("/a.txt").fields["x-a"], "1");
});

optionTest("--spa and extensions of known types", { spa: "index.html" }, "index.html", [
  ["/a.bin", "404", HTML],
  ["/a.so", "404", HTML],
  ["/a.unheardof", "index.html", HTML],
]);

testWith(["read", "write"], "staticHandler with a link out of its folder as the root", () => {
  using site = new Site({ root: "www/only.txt" });
  site.write("../outside/file.txt", "outside");
  site.link("only.txt", "../outside/file.txt");
  assertEquals(sum(site.ask("/only.txt")), "outside");
});
