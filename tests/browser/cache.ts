/**
 * What a browser gets again when a page is reloaded: nothing but 304 for what it has to revalidate, RFC 9111 section 4.3,
 * and no request for what it may keep, RFC 8246.
 */

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { TempDir, testInBrowser } from "../chromium.ts";
import { ServerProcess } from "../server_process.ts";

const SITE = {
  "index.html": `<!doctype html><html lang="en"><title>Page</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="page.css"><img src="picture.svg" alt="">
<script type="module" src="app.3f9c2b1a.js"></script>`,
  "page.css": "body { background: rgb(1, 2, 3) }",
  "picture.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"/>`,
  "app.3f9c2b1a.js": `document.title = "Script"`,
};

/** A sign of each file in the page. */
const SIGNS = `[getComputedStyle(document.body).backgroundColor, document.images[0].naturalWidth, document.title]`;

testInBrowser("a browser reloads a page, RFC 9111 section 4.3", async (devtools) => {
  await using folder = await TempDir.create();
  for (const [name, text] of Object.entries(SITE)) await Deno.writeTextFile(join(folder.path, name), text);
  await using server = await ServerProcess.start(["-r", folder.path, "-v", "-w", "1"]);
  await using tab = await devtools.openTab(server.origin);
  const check = async () => assertEquals(await tab.evaluate(SIGNS), ["rgb(1, 2, 3)", 7, "Script"]);

  await tab.open("/", "load");
  await check();
  await tab.reload("load");
  await check();
  await tab.reload("load", { ignoreCache: true });
  await check();
  assertEquals(tab.problems, []);

  const lines = (await server.stop()).stderr.matchAll(/"GET (\S+) HTTP\/1\.1" (\d+) (\d+) /g);
  const seen: Record<string, string[]> = {};
  for (const [, path = "", status, bodyBytes] of lines) {
    seen[path] = [...seen[path] ?? [], status === "304" ? `304 ${bodyBytes}` : String(status)];
  }
  assertEquals(seen, {
    "/": ["200", "304 0", "200"],
    "/page.css": ["200", "304 0", "200"],
    "/picture.svg": ["200", "304 0", "200"],
    "/app.3f9c2b1a.js": ["200", "200"],
  });
});
