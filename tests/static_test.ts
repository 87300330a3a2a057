/**
 * `staticHandler` on directories made here: which name leads to which file, and what never does. No connection and no
 * waiting: the time is the test's. What would block, or needs fewer privileges than the tests may have, is asked in a
 * process of its own (`static_probe.ts`).
 */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import type { Answer } from "./ask.ts";
import { requestHead } from "./ask.ts";
import { testWith } from "./permissions.ts";
import type { Row } from "./site.ts";
import { probe } from "./static_process.ts";
import { checkRows, ENTRY_BYTES, FRESH_MS, LONG_AGO, Site, siteTest } from "./site.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";

siteTest("finds the file that a path names", async (site, t) => {
  for (const name of ["index.html", "page.html", "dir/index.html", "dir/deep/er/x.txt", "bare/x.txt"]) {
    site.write(name, name);
  }
  for (const name of ["noextension", "text..txt", "x..", "-dash", "~tilde", "a.tar.gz", "UPPER.HTML", "dir.d/x"]) {
    site.write(name, name);
  }
  site.write("empty.txt", "");
  site.write("folder/index.html/x", "the index is a directory");
  await checkRows(t, site, [
    ["/", "index.html"],
    ["/index.html", "index.html"],
    ["/page.html", "page.html"],
    ["/page.html?a=b&c", "page.html"],
    ["/page.html?/../../etc/passwd", "page.html"],
    ["/?", "index.html"],
    ["/dir/", "dir/index.html"],
    ["/dir/?q", "dir/index.html"],
    ["/dir/index.html", "dir/index.html"],
    ["/dir/deep/er/x.txt", "dir/deep/er/x.txt"],
    ["/empty.txt", ""],
    ["/noextension", "noextension"],
    ["/text..txt", "text..txt"],
    ["/x..", "x.."],
    ["/-dash", "-dash"],
    ["/~tilde", "~tilde"],
    ["/a.tar.gz", "a.tar.gz"],
    ["/UPPER.HTML", "UPPER.HTML"],
    ["/dir.d/x", "dir.d/x"],
    // absolute-form, RFC 9112 section 3.2.2
    ["http://localhost/page.html?q", "page.html"],
    ["http://localhost", "index.html"],
    ["http://elsewhere/dir/", "dir/index.html"],
    // not there
    ["/missing", 404],
    ["/missing/", 404],
    ["/missing/index.html", 404],
    ["/dir/missing.html", 404],
    ["/upper.html", 404],
    ["/bare/", 404],
    ["/bare/?q", 404],
    ["/folder/", 404],
    ["/folder/index.html/", 404],
    // a file is no directory
    ["/page.html/", 404],
    ["/page.html//", 404],
    ["/page.html/.", 404],
    ["/page.html/x", 404],
    ["/empty.txt/", 404],
    ["/text..txt/?q", 404],
    // names that cannot be
    [`/${"a".repeat(255)}`, 404],
    [`/${"a".repeat(256)}`, 404],
    [`/${"a".repeat(8_000)}`, 404],
    [`/${"a/".repeat(4_000)}`, 404],
    [`/${"dir/../".repeat(1_000)}page.html`, "page.html"],
  ]);
});

siteTest("decodes names once, RFC 3986 section 2.1", async (site, t) => {
  const names = [
    "space in name.txt",
    "%41.txt",
    "A.txt",
    "%2e%2e",
    "100%.txt",
    "a+b.txt",
    "q?mark#.txt",
    "naïve.txt",
    "日本/語.txt",
    "🐟.txt",
    "e\u0301.txt",
    "line\nbreak.txt",
    "tab\t.txt",
    "'\"&<>.txt",
    "a:b",
    " lead",
    "trail ",
    "back\\slash.txt",
  ];
  for (const name of names) site.write(name, name);
  await checkRows(t, site, [
    ...names.slice(0, -1).map((name): Row => [`/${name.split("/").map(encodeURIComponent).join("/")}`, name]),
    ["/space%20in%20name.txt", "space in name.txt"],
    ["/space+in+name.txt", 404],
    ["/%41.txt", "A.txt"],
    ["/%2541.txt", "%41.txt"],
    ["/%252541.txt", 404],
    ["/%252e%252e", "%2e%2e"],
    ["/100%25.txt", "100%.txt"],
    ["/a+b.txt", "a+b.txt"],
    ["/a%2bb.txt", "a+b.txt"],
    ["/%e6%97%a5%E6%9C%AC/%e8%aa%9e.txt", "日本/語.txt"],
    ["/%C3%A9.txt", 404], // composed: another name than the decomposed one
    ["/a:b", "a:b"],
    // what cannot be decoded, or would be a separator somewhere
    ["/100%.txt", 400],
    ["/%4", 400],
    ["/%", 400],
    ["/%zz", 400],
    ["/%ff", 400],
    ["/%c0%ae%c0%ae/", 400],
    ["/%ed%a0%80", 400],
    ["/dir%2fx", 400],
    ["/back%5cslash.txt", 400],
    ["/back\\slash.txt", 400],
    ["/A.txt%00", 400],
    ["/A.txt%00.html", 400],
  ]);
  await t.step("a path that cannot be decoded does not end the connection", () => {
    for (const target of ["/%zz", "/a%2fb", "/a%00"]) assertEquals(site.ask(target).close, false, target);
  });
});

siteTest("stays in the root whatever the path says, RFC 3986 section 5.2.4", async (site, t) => {
  site.write("page.html", "page");
  site.write("dir/page.html", "dir page");
  site.write("dir/index.html", "dir index");
  site.write("../secret.txt", "secret");
  site.write("../www-secret/secret.txt", "secret");
  site.write("../index.html", "secret");
  await checkRows(t, site, [
    ["/dir/../page.html", "page"],
    ["/dir/%2e%2e/page.html", "page"],
    ["/dir/%2E./page.html", "page"],
    ["/dir/.%2e/page.html", "page"],
    ["/missing/../page.html", "page"],
    ["/./page.html", "page"],
    ["/%2e/page.html", "page"],
    ["/dir/./page.html", "dir page"],
    ["//page.html", "page"],
    ["/dir//page.html", "dir page"],
    ["/dir/.", "dir index"],
    ["/dir/deep/..", "dir index"],
    ["/..", 404],
    ["/../", 404],
    ["/../secret.txt", 404],
    ["/../www/page.html", 404],
    ["/dir/../../secret.txt", 404],
    ["/dir/../../www-secret/secret.txt", 404],
    ["/../www-secret/secret.txt", 404],
    ["/-secret/secret.txt", 404],
    ["/%2e%2e/secret.txt", 404],
    ["/%2E%2E/secret.txt", 404],
    ["/.%2e/secret.txt", 404],
    ["/%252e%252e/secret.txt", 404],
    ["/..%2fsecret.txt", 400],
    ["/%2e%2e%2fsecret.txt", 400],
    ["/..%5csecret.txt", 400],
    ["/..\\secret.txt", 400],
    ["/..%c0%afsecret.txt", 400],
    ["/..;/secret.txt", 404],
    ["/..%00/secret.txt", 400],
    ["/.../secret.txt", 404],
    ["/./../secret.txt", 404],
    ["//../secret.txt", 404],
    [`/${"../".repeat(50)}etc/passwd`, 404],
    [`/dir/${"%2e%2e/".repeat(50)}etc/passwd`, 404],
    [encodeURI(site.path("../secret.txt")), 404],
    ["http://localhost/../secret.txt", 404],
    ["http://localhost/%2e%2e/secret.txt", 404],
  ]);
});

siteTest("hides names with a leading dot except .well-known, RFC 8615", async (site, t) => {
  for (const name of [".hidden", ".git/config", "dir/.env", "dir/.git/x", "..two", ".well-known/security.txt"]) {
    site.write(name, name);
  }
  for (const name of [".well-known/.secret", ".well-known/x/.env", ".well-knownx", "dir/.well-known/a", "a.hidden"]) {
    site.write(name, name);
  }
  await checkRows(t, site, [
    ["/.hidden", 404],
    ["/%2ehidden", 404],
    ["/.git/config", 404],
    ["/.git/", 404],
    ["/.git", 404],
    ["/dir/.env", 404],
    ["/dir/.git/x", 404],
    ["/..two", 404],
    ["/.well-known/security.txt", ".well-known/security.txt"],
    ["/%2ewell-known/security.txt", ".well-known/security.txt"],
    ["/.well-known", 308],
    ["/.well-known/", 404],
    ["/.well-known/.secret", 404],
    ["/.well-known/x/.env", 404],
    ["/.well-knownx", 404],
    ["/dir/.well-known/a", "dir/.well-known/a"],
    ["/a.hidden", "a.hidden"],
  ]);
});

siteTest("redirects a directory to its slash and keeps the query, RFC 9110 section 15.4.9", async (site, t) => {
  for (const name of ["dir", "a/b c", "a/naïve", "a/x:y", "evil.com", "bare"]) site.write(`${name}/index.html`, name);
  site.remove("bare/index.html");
  const rows: readonly [target: string, location: string][] = [
    ["/dir", "/dir/"],
    ["/dir?", "/dir/?"],
    ["/dir?a=b&c=%2F/..", "/dir/?a=b&c=%2F/.."],
    ["/a/b%20c?d", "/a/b%20c/?d"],
    ["/a/na%C3%AFve", "/a/na%C3%AFve/"],
    ["/a/x:y", "/a/x:y/"],
    ["/a/x%3Ay", "/a/x%3Ay/"],
    ["/a/../dir", "/dir/"],
    ["//evil.com", "//evil.com/"],
    ["//a//evil.com/../..//dir", "//a//dir/"],
    ["/bare", "/bare/"],
    ["http://localhost/dir?q", "/dir/?q"],
  ];
  for (const [target, location] of rows) {
    for (const method of ["GET", "HEAD"]) {
      await t.step(`${method} ${target} → ${location}`, () => {
        const { status, fields, text } = site.ask(target, { method });
        assertEquals([status, text], [308, ""]);
        // As a client resolves it; it never leads to another host.
        const base = new URL("http://localhost");
        const from = target.startsWith("http:") ? target : `${base.origin}${target}`;
        const url = new URL(fields.location ?? "", from);
        assertEquals(url.host, base.host);
        assertEquals(url.href, new URL(`${base.origin}${location}`).href);
      });
    }
  }
});

siteTest("follows symbolic links that stay inside", async (site, t) => {
  site.write("page.html", "page");
  site.write("dir/index.html", "dir index");
  site.write("dir/deep/x.txt", "x");
  site.link("file", "page.html");
  site.link("absolute", site.path("page.html"));
  site.link("folder", "dir");
  site.link("folder-absolute", site.path("dir"));
  site.link("chain1", "chain2");
  site.link("chain2", "dir/chain3");
  site.link("dir/chain3", "../page.html");
  site.link("dir/up", "..");
  site.link("here", ".");
  site.link("around", "../www/page.html");
  site.link("around-folder", "../../" + site.base.split("/").pop() + "/www/dir");
  site.write("linked/x", "x");
  site.link("linked/index.html", "../page.html");
  await checkRows(t, site, [
    ["/file", "page"],
    ["/absolute", "page"],
    ["/file/", 404],
    ["/folder", 308],
    ["/folder/", "dir index"],
    ["/folder/deep/x.txt", "x"],
    ["/folder-absolute/deep/x.txt", "x"],
    ["/chain1", "page"],
    ["/dir/up/page.html", "page"],
    ["/dir/up/dir/up/dir/", "dir index"],
    ["/here/page.html", "page"],
    ["/here/", 404],
    ["/around", "page"],
    ["/around-folder/deep/x.txt", "x"],
    ["/linked/", "page"],
    // What a link stands for is decided before: `..` takes away a name, not a step in the file system.
    ["/folder/../page.html", "page"],
  ]);
  await t.step("the media type is that of the name that was asked for, not of the file it leads to", () => {
    assertEquals(site.ask("/file").fields["content-type"], "application/octet-stream");
  });
});

siteTest("refuses symbolic links that lead out, in circles or nowhere", async (site, t) => {
  site.write("dir/x", "x");
  site.write("leak/x", "x");
  site.write("../secret.txt", "secret");
  site.write("../www-secret/secret.txt", "secret");
  site.write("../www-secret/index.html", "secret");
  site.write("../www2", "secret");
  site.link("out", "../secret.txt");
  site.link("out-absolute", site.path("../secret.txt"));
  site.link("out-folder", "../www-secret");
  site.link("out-folder-absolute", site.path("../www-secret"));
  site.link("out-sibling", "../www-secret/secret.txt");
  site.link("out-sibling-file", "../www2");
  site.link("out-base", "..");
  site.link("out-root", "/");
  site.link("out-chain", "dir/out-chain");
  site.link("dir/out-chain", "../out");
  site.link("dir/out-deep", "../../secret.txt");
  site.link("leak/index.html", "../../secret.txt");
  site.link("../back", "www");
  site.link("out-and-back", "../back/dir/x");
  site.link("device", "/dev/null");
  site.link("endless", "/dev/zero");
  site.link("process", "/proc/self/environ");
  site.link("loop1", "loop2");
  site.link("loop2", "loop1");
  site.link("self", "self");
  site.link("dangling", "nowhere");
  site.link("dangling-out", "../nowhere");
  await checkRows(t, site, [
    ["/out", 404],
    ["/out-absolute", 404],
    ["/out-folder", 404],
    ["/out-folder/", 404],
    ["/out-folder/secret.txt", 404],
    ["/out-folder/missing", 404],
    ["/out-folder-absolute/secret.txt", 404],
    ["/out-sibling", 404],
    ["/out-sibling-file", 404],
    ["/out-base", 404],
    ["/out-base/", 404],
    ["/out-base/secret.txt", 404],
    ["/out-base/www-secret/secret.txt", 404],
    ["/out-base/www/dir/x", "x"], // out and in again: the real path counts
    ["/out-and-back", "x"],
    ["/out-root/etc/passwd", 404],
    ["/out-chain", 404],
    ["/dir/out-deep", 404],
    ["/leak/", 404],
    ["/leak/index.html", 404],
    ["/device", 404],
    ["/endless", 404],
    ["/process", 404],
    ["/loop1", 404],
    ["/loop1/", 404],
    ["/loop1/x", 404],
    ["/self", 404],
    ["/dangling", 404],
    ["/dangling/", 404],
    ["/dangling-out", 404],
  ]);
});

siteTest("serves a root that is a symbolic link", async (site, t) => {
  site.write("dir/index.html", "dir index");
  site.link("dir/back", "../dir/index.html");
  site.link("../link", "www");
  await checkRows(t, site, [["/dir/", "dir index"], ["/dir", 308], ["/dir/back", "dir index"]]);
}, { root: "../link" });

siteTest("answers the methods, RFC 9110 section 9", async (site, t) => {
  site.write("page.html", "page");
  const rows: readonly [method: string, target: string, status: number, allows: boolean][] = [
    ["GET", "/page.html", 200, false],
    ["HEAD", "/page.html", 200, false],
    ["HEAD", "/missing", 404, false],
    ["OPTIONS", "/page.html", 204, true],
    ["OPTIONS", "/", 204, true],
    ["OPTIONS", "*", 204, true],
    ["POST", "/page.html", 405, true],
    ["POST", "/missing", 405, true],
    ["PUT", "/page.html", 405, true],
    ["DELETE", "/page.html", 405, true],
    ["PATCH", "/page.html", 405, true],
    ["TRACE", "/page.html", 405, true],
    ["CONNECT", "localhost:80", 405, true],
    ["BREW", "/page.html", 501, false],
    ["get", "/page.html", 501, false],
    ["Head", "/page.html", 501, false],
    ["options", "/", 501, false],
    ["__proto__", "/", 501, false],
    ["G".repeat(200), "/", 501, false],
  ];
  for (const [method, target, status, allows] of rows) {
    await t.step(`${method.slice(0, 20)} ${target} → ${status}`, () => {
      const answer = site.ask(target, { method });
      assertEquals(answer.status, status);
      assertEquals(answer.fields.allow, allows ? "GET, HEAD, OPTIONS" : undefined);
      if (status === 204) assertEquals(answer.text, "");
      if (status >= 400) assertEquals(answer.close, false, "the connection goes on");
    });
  }
  await t.step("HEAD gets what GET gets, RFC 9110 section 9.3.2", () => {
    const [get, head] = ["GET", "HEAD"].map((method) => site.ask("/page.html", { method }));
    assertEquals(head, get);
  });
  await t.step("HEAD gets what GET gets of a large file, but for the content", () => {
    site.write("large.html", "x".repeat(ENTRY_BYTES + 1));
    const [get, head] = ["GET", "HEAD"].map((method) => site.ask("/large.html", { method }));
    assertEquals([head?.status, head?.fields, head?.source], [get?.status, get?.fields, "absent"]);
    assertEquals([head?.response?.body.length, get?.text?.length], [ENTRY_BYTES + 1, ENTRY_BYTES + 1]);
  });
});

siteTest("sends large files from their descriptor and keeps small ones", async (site, t) => {
  const rows: readonly [bytes: number, source: Answer["source"]][] = [
    [0, "reusable"],
    [1, "reusable"],
    [ENTRY_BYTES, "reusable"],
    [ENTRY_BYTES + 1, "file"],
    [1_000_000, "file"],
  ];
  for (const [bytes, source] of rows) {
    await t.step(`${bytes} bytes: ${source}`, () => {
      const content = Array.from({ length: bytes / 10 + 1 }, (_, i) => String(i).padStart(9) + "\n").join("");
      site.write("x.css", content.slice(0, bytes));
      site.clock.nowMs += FRESH_MS;
      const [first, second] = [site.ask("/x.css"), site.ask("/x.css")];
      assertEquals([first.status, first.source, first.fields["content-type"]], [200, source, "text/css"]);
      assertEquals(first.response?.body.length, bytes);
      assert(first.text === content.slice(0, bytes), "the content");
      assert(second.text === first.text, "the content again");
      if (source === "reusable") assertStrictEquals(second.response, first.response);
      else assertNotStrictEquals(second.response, first.response);
    });
  }
});

siteTest("keeps one response for all spellings of a path", (site) => {
  site.write("dir/a b.html", "page");
  const { response } = site.ask("/dir/a%20b.html");
  for (const target of ["/dir/a%20b.html?q", "/dir/%61%20b.html", "//dir/./a%20b.html", "http://h/dir/a%20b.html"]) {
    assertStrictEquals(site.ask(target).response, response, target);
  }
});

siteTest("chooses the media type by the extension, RFC 9110 section 8.3", async (site, t) => {
  const rows: readonly [name: string, type: string][] = [
    ["a.html", "text/html"],
    ["a.txt", "text/plain; charset=utf-8"],
    ["a.PNG", "image/png"],
    ["a.b.js", "text/javascript"],
    ["a", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    ["a.unheard-of", "application/octet-stream"],
    ["html", "application/octet-stream"],
    ["a.html~", "application/octet-stream"],
  ];
  for (const [name, type] of rows) {
    await t.step(`${name}: ${type}`, () => {
      site.write(name, "");
      assertEquals(site.ask(`/${name}`).fields, {
        "content-type": type,
        "x-content-type-options": "nosniff",
        "last-modified": "Sun, 02 Feb 2020 02:02:02 GMT",
        "etag": `"${LONG_AGO.getTime().toString(16)}-0"`,
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
      });
    });
  }
  await t.step("an index file has its own", () => {
    site.write("folder.png/index.html", "");
    assertEquals(site.ask("/folder.png/").fields["content-type"], "text/html");
  });
});

siteTest("tells the log and not the client what the file system said", (site) => {
  const error = assertThrows(() => site.handler(requestHead("GET /missing.html HTTP/1.1")), HttpError);
  assert(error.cause instanceof Deno.errors.NotFound);
  assertEquals(error.fields, []);
});

siteTest("answers 404 for a unix socket", (site) => {
  using listener = Deno.listen({ transport: "unix", path: site.path("socket") });
  assertEquals(listener.addr.transport, "unix");
  assertEquals([site.get("/socket"), site.get("/socket/")], [404, 404]);
});

// In a process of its own.

testWith(["read", "run", "write"], "staticHandler answers 404 for a FIFO, at once", async () => {
  using site = new Site();
  site.write("page.html", "page");
  const { success } = await new Deno.Command("mkfifo", { args: [site.path("fifo")] }).output();
  assert(success, "mkfifo");
  site.link("link", "fifo");
  site.write("dir/x", "x");
  site.link("dir/index.html", "../fifo");
  const targets = ["/fifo", "/fifo/", "/link", "/dir/", "/page.html"];
  assertEquals(await probe(`exec "$@"`, [site.path("www"), ...targets]), [404, 404, 404, 404, 200]);
});

testWith(["read", "run", "write"], "staticHandler answers 503 while no descriptor is left", async () => {
  using site = new Site();
  site.write("page.html", "page");
  site.write("dir/index.html", "index");
  const targets = ["/page.html", "/dir/", "/missing", "/dir"];
  const found = await probe(`ulimit -n 256; exec "$@"`, ["--exhaust", site.path("www"), ...targets]);
  assertEquals(found, [503, 503, 404, 308, 200, 200, 404, 308]);
});

testUnprivileged("staticHandler answers 403 where the file system refuses, RFC 9110 section 15.5.4", async () => {
  using site = new Site();
  site.write("page.html", "page");
  site.write("closed.html", "closed");
  site.write("folder/index.html", "index");
  site.write("half/index.html", "index");
  site.write("list/index.html", "index");
  site.link("link", "closed.html");
  Deno.chmodSync(site.path("closed.html"), 0o000);
  Deno.chmodSync(site.path("folder"), 0o000);
  Deno.chmodSync(site.path("half/index.html"), 0o200);
  Deno.chmodSync(site.path("list"), 0o111);
  const targets = ["/page.html", "/closed.html", "/link", "/folder/", "/folder/x", "/folder", "/half/", "/list/"];
  try {
    const found = await probe(UNPRIVILEGED, [site.path("www"), ...targets]);
    assertEquals(found, [200, 403, 403, 403, 403, 308, 403, 200]);
  } finally {
    Deno.chmodSync(site.path("folder"), 0o700);
    Deno.chmodSync(site.path("list"), 0o700);
  }
});
