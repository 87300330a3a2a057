/** `explain`: what it says of a request is what a client would get, and why. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { ServerOptions } from "../src/config.ts";
import { UsageError } from "../src/errors.ts";
import { explain } from "../src/explain.ts";
import { testWith } from "./permissions.ts";
import { Site } from "./site.ts";

const ROWS: readonly [target: string, fieldLines: string[], wish: Partial<ServerOptions>, lines: RegExp[]][] = [
  ["/", [], {}, [/^- The file is \S+\/www\/index\.html$/, /^HTTP\/1\.1 200 OK$/, /^Content-Type: text\/html$/]],
  ["/a.css", ["Accept-Encoding: gzip"], {}, [/^Content-Encoding: gzip$/]],
  ["/a.css", ["Range: bytes=0-9"], {}, [/^HTTP\/1\.1 206 /, /^Content-Range: bytes 0-9\/2000$/]],
  ["/large.bin", [], {}, [/^HTTP\/1\.1 200 OK$/, /^Content-Length: 2000000$/]],
  ["/route", ["Accept: text/html"], { spa: "index.html" }, [/^- .*; a navigation gets the shell$/, /^HTTP\/1\.1 200 /]],
  ["/route.js", [], { spa: "index.html" }, [/^- .*; and this is no navigation$/, /^HTTP\/1\.1 404 /]],
  ["/a.html", [], { cleanUrls: true }, [/^- The path for it is \/a$/, /^HTTP\/1\.1 308 /, /^Location: \.\/a$/]],
  ["/old", [], {}, [/^- _redirects:2 redirects it$/, /^HTTP\/1\.1 301 /, /^Location: \/a\.css$/]],
  ["/index.html", [], {}, [/^X-A: 1$/]],
  ["/index.html", [], { dev: true }, [/^Cache-Control: no-store$/]],
  ["/folder/", [], { list: true }, [/^- It is a directory .* listed$/, /^HTTP\/1\.1 200 /]],
  ["/folder/", [], {}, [/^- Directory has no index file$/, /^HTTP\/1\.1 404 /]],
  ["/.env", [], {}, [/^- Path names a hidden file$/, /^HTTP\/1\.1 404 /]],
  ["/%zz", [], {}, [/^- Cannot decode path segment "%zz"$/, /^HTTP\/1\.1 400 /]],
  ["/x", [], { base: "/app" }, [/^- Path is not below \/app\/$/, /^HTTP\/1\.1 404 /]],
  ["/", ["Origin: https://a.example"], { cors: "" }, [/^Access-Control-Allow-Origin: \*$/]],
];

for (const [target, fieldLines, wish, lines] of ROWS) {
  testWith(["read", "write"], `explain ${target} ${fieldLines.join()} ${JSON.stringify(wish)}`, async () => {
    using site = new Site();
    for (const name of ["index.html", "a.html", "folder/x"]) site.write(name, name);
    site.write("a.css", "a{} ".repeat(500));
    site.write("large.bin", new Uint8Array(2e6));
    site.write("_headers", "/*\n X-A: 1");
    site.write("_redirects", "# moved\n/old /a.css");
    const options = { ...DEFAULT_OPTIONS, workers: 1, root: site.path("www"), ...wish };
    const explained = await explain(options, { target, fieldLines });
    assertEquals(explained.slice(0, 2 + fieldLines.length), [`GET ${target} HTTP/1.1`, ...fieldLines, ""]);
    for (const line of lines) assertEquals(explained.filter((text) => line.test(text)).length, 1, explained.join("\n"));
  });
}

testWith(["read", "write"], "explain refuses what is no request", async () => {
  using site = new Site();
  const options = { ...DEFAULT_OPTIONS, workers: 1, root: site.path("www") };
  for (const request of [{ target: "a b", fieldLines: [] }, { target: "/", fieldLines: ["no colon"] }]) {
    const error = await assertRejects(() => explain(options, request), UsageError);
    assertMatch(error.message, /^The request would be refused with 400: /);
  }
});
