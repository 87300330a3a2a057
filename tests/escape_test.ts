/**
 * No spelling of a path leads out of the root, nor to what is hidden in it: the table of `escapes.ts` against the resolver
 * as of each platform, against the handler with the widest options, and against the running server over a socket. Names
 * that are hard but honest lead to their files, also from a listing.
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import { resolvePath } from "../src/path.ts";
import { Clock } from "../src/clock.ts";
import { parseSiteOptions } from "../src/site_options.ts";
import { staticHandler } from "../src/static.ts";
import { ask } from "./ask.ts";
import { ESCAPES, MARKER, SECRETS } from "./escapes.ts";
import { testWith } from "./permissions.ts";
import { decode, encode, RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";
import type { SiteSettings } from "./site.ts";
import { Site, siteTest } from "./site.ts";

Deno.test("the table of escapes has some hundred rows", () => assertGreaterOrEqual(ESCAPES.length, 300));

/** The path of a target, as the parser takes it apart; the rest of the forms is the parser's to refuse. */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, "").replace(/\?.*$/s, "") || "/";
}

for (const isWindows of [false, true]) {
  Deno.test(`resolvePath: no escape leaves the root, ${isWindows ? "Windows" : "POSIX"}`, () => {
    for (const target of ESCAPES) {
      try {
        const name = resolvePath(pathOf(target), { isWindows });
        const segments = name.split("/").slice(1);
        assert(name.startsWith("/") && segments.every((segment) => segment !== "." && segment !== ".."), target);
        assert(!/[\\\0]/.test(name), target);
        assert(!isWindows || !/[:*?"<>|]|[. ](?:\/|$)/.test(name), `${target} → ${name}`);
      } catch (error) {
        assert(error instanceof HttpError && [400, 404].includes(error.status), `${target}: ${error}`);
      }
    }
  });
}

type WindowsRow = readonly [path: string, windows: string | 404];

/** Elsewhere all of these are names like any other. */
const WINDOWS: readonly WindowsRow[] = [
  ...["CON", "con", "Con.txt", "con.tar.gz", "con%20", "con%20.txt", "con.", "PRN", "aux", "aux.js", "NUL", "nul.html"],
  ...["COM0", "COM1", "com9.txt", "LPT1", "lpt9.x", "com%C2%B9", "LPT%C2%B3.txt", "CLOCK$", "conin$", "CONOUT$.txt"],
  ...[
    "file.txt::$DATA",
    "file.txt:x",
    "a:",
    "C:",
    "C:a",
    "dir::$INDEX_ALLOCATION",
    "a%3Ab",
    "a.",
    "a..",
    "a%20",
    "a.%20",
  ],
  ...["a%20.", "a*", "a%3Fb", "a%22", "%3Ca", "a%3E", "a%7Cb", "a|b", "a%01", "a%7F", "a%0A", "a%1F"],
  ...["GIT~1", "PROGRA~1", "progra~12", "INDEX~1.HTM", "a~1.txt", "~1", "WEBCON~1.CON", "_HEADE~1"],
  ...["CON/a", "a/aux.js/b", "a/nul", "a./b", "a%20/b", "C:/a"],
].map((path) => [`/${path}`, 404]);

const WINDOWS_NAMES: readonly WindowsRow[] = [
  ...[
    "console",
    "icon",
    "con-a",
    "aux_js",
    "nully.txt",
    "COM",
    "COM10",
    "LPTX",
    "comet",
    "lpt",
    "coms1",
    "a.con",
    "a-nul.txt",
  ],
  ...[
    "a~b",
    "~",
    "a~",
    "~a",
    "backup~1x",
    "longername~1.txt",
    "a~1.html",
    "a.b~1",
    "a.b.c",
    "_a",
    "a;b=c",
    "a'b",
    "a#b",
  ],
  ...["a b", "é", "e\u0301", "名前.txt", "a%b", "(a)", "[a]", "{a}", "a&b", "a+b", "a=b", "$a", "@a", "a,b", "a!b"],
].map((name) => [`/${encodeURIComponent(name)}`, `/${name}`]);

for (const [path, expected] of [...WINDOWS, ...WINDOWS_NAMES]) {
  Deno.test(`resolvePath: ${path} on Windows is ${expected === 404 ? "refused" : "a name"}, elsewhere it is one`, () => {
    assertEquals(resolveOn(true, path), expected);
    assertEquals(resolveOn(false, path), decodeURIComponent(path));
  });
}

function resolveOn(isWindows: boolean, path: string): string | number {
  try {
    return resolvePath(path, { isWindows });
  } catch (error) {
    if (error instanceof HttpError) return error.status;
    throw error;
  }
}

/** A site with secrets in and around it, some links to them, and some files that anybody may see. */
function writeSite(site: Site): void {
  for (const name of SECRETS) {
    const isRule = /^_/.test(name);
    site.write(name, isRule ? `# ${MARKER}\n` : MARKER);
  }
  site.write("index.html", "index");
  site.write("dir/file.txt", "file");
  site.write("a", "a");
  site.link("link", "../secret.txt");
  site.link("outside", "../www-secret");
  site.link("dir/up", "../..");
  site.link("loop", "loop");
  site.link("headers-link", "_headers");
  site.link("dir/headers-link", "../_headers");
}

/** `--dotfiles` and links that may lead out show what they are asked for; anything else must not. */
const SETTINGS: readonly SiteSettings[] = [
  {},
  { list: true, archive: true, compress: true },
  { cleanUrls: true, index: ["index.html", "secret.txt"] },
  { spa: "", cors: "*" },
  { symlinks: "deny", base: "/dir" },
];

for (const settings of SETTINGS) {
  siteTest(`gives nothing away to any escape: ${JSON.stringify(settings)}`, (site) => {
    writeSite(site);
    for (const target of ESCAPES) {
      // What the parser refuses never gets here.
      let answer;
      try {
        answer = site.ask(target);
      } catch {
        continue;
      }
      const shown = `${answer.text ?? ""}${JSON.stringify(answer.fields)}`;
      assert(!shown.includes(MARKER), `${target} → ${shown}`);
      assert([200, 308, 400, 404, 414].includes(answer.status), `${target} → ${answer.status}`);
    }
  }, settings);
}

siteTest("refuses the names of Windows where it is Windows, also those that a rule has made", (site) => {
  site.write("_redirects", "/x/* /:splat 200\n");
  site.write("aux.js", "aux");
  site.write("a", "a");
  const askAs = (isWindows: boolean, target: string) =>
    ask(
      staticHandler({
        site: parseSiteOptions({ ...DEFAULT_OPTIONS, root: site.path("www") }),
        cache: DEFAULT_OPTIONS.cache,
        clock: new Clock(),
        open: (path) => Deno.openSync(path),
        isWindows,
      }),
      target,
    ).status;
  for (const target of ["/aux.js", "/x/aux.js"]) {
    assertEquals([askAs(false, target), askAs(true, target)], [200, 404], target);
  }
  assertEquals([askAs(true, "/a"), askAs(true, "/x/a")], [200, 200]);
});

siteTest("hides files of rules in any case, since a file system may not tell cases apart", (site) => {
  for (const name of ["_HEADERS", "_Redirects", "_hEADERS.GZ"]) site.write(name, MARKER);
  site.write("dir/_HEADERS", "not in the root");
  assertEquals(["/_HEADERS", "/_Redirects", "/_hEADERS.GZ"].map((target) => site.get(target)), [404, 404, 404]);
  assertEquals(site.get("/dir/_HEADERS"), "not in the root");
  const listing = site.get("/");
  assert(typeof listing === "string" && !/headers|redirects/i.test(listing), String(listing));
}, { list: true });

siteTest("hides uploads under way in any case", (site) => {
  site.write(".SOCKEYE-upload-1", MARKER);
  assertEquals(site.get("/.SOCKEYE-upload-1"), 404);
}, { dotfiles: true });

/** Names that are hard and honest: what is listed is what is served. NFC and NFD of a name are two names. */
const HARD_NAMES = [
  ..."é.txt|e\u0301.txt|Å|A\u030a|\u212b|ﬁ|ſ|ı|İ|ß|ẞ|名前.txt|🐟.html|👩‍👩‍👧|\u202egnp.exe|\u200b|\ufeffbom|\u00a0".split(
    "|",
  ),
  ..." |  a|a |a b|%|%41|%2e%2e|100%|%zz|a%00|#|?|a?b#c|;a=b|&amp;|<b>|\"|'|`|a:b|C:|con|aux.js|a.|a..|~|~1|-|--".split(
    "|",
  ),
  ..."a\nb|a\tb|\x7f|\x01|a\r\nX: y|*|$|!|(|[|{|^|,|=|+|@|:|javascript:alert(1)|http:".split("|"),
  "a".repeat(255),
  "é".repeat(127),
  "🐟".repeat(63),
];

siteTest("serves each name of a listing under its link, and no name under another's", async (site, t) => {
  for (const name of HARD_NAMES) site.write(`names/${name}`, `content of ${name}`);
  const listing = site.get("/names/");
  assert(typeof listing === "string");
  const links = [...listing.matchAll(/<a href="([^"]*)"/g)].map(([, href = ""]) =>
    href.replaceAll("&amp;", "&").replaceAll("&#39;", "'").replaceAll("&quot;", '"')
  );
  for (const name of HARD_NAMES) {
    await t.step(JSON.stringify(name.slice(0, 20)), () => {
      assertEquals(site.get(`/names/${encodeURIComponent(name)}`), `content of ${name}`);
      const found = links.filter((link) => {
        const { pathname, host } = new URL(link, "http://host/names/");
        return host === "host" && decodeURIComponent(pathname) === `/names/${name}`;
      });
      assertEquals(found.length, 1, `${links}`);
      const { pathname } = new URL(found[0] ?? "", "http://host/names/");
      assertEquals(site.get(pathname), `content of ${name}`);
    });
  }
}, { list: true });

siteTest("tells that there is no file of a name that is too long", (site) => {
  for (const length of [256, 300, 4_096, 8_000]) assertEquals(site.get(`/${"a".repeat(length)}`), 404);
  assertEquals(site.get(`/${"a/".repeat(3_000)}`), 404);
});

testWith(["read", "run", "write"], "the server gives nothing away to any escape", async () => {
  using site = new Site();
  writeSite(site);
  await using server = await ServerProcess.start(["-r", site.path("www"), "--list", "--archive", "--clean-urls"], {
    permissions: ["--allow-net", "--allow-read"],
  });
  const others: string[] = [];
  for (const target of ESCAPES) {
    using client = await RawClient.connect(server.address);
    await client.send(encode(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
    const answer = decode(await client.readToEnd());
    assert(!answer.includes(MARKER), `${target} → ${answer}`);
    const status = Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);
    if (![400, 404].includes(status)) others.push(`${status} ${target}`);
  }
  assertEquals(others, NO_ESCAPES);
});

/** What is no escape in the end: it stays in the root, and names what is in it. */
const NO_ESCAPES: readonly string[] = [
  "200 /dir/..?/..?/secret.txt",
  "200 //?/secret.txt",
  "200 /dir/file.txt/..",
  "200 http://a?/../secret.txt",
];
