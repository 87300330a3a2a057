/** `--dev` in a real browser: pages reload when a file of the site changes, style sheets without that. */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Tab } from "../chromium.ts";
import { TempDir, testInBrowser } from "../chromium.ts";
import { ServerProcess } from "../server_process.ts";

const COLOR = `getComputedStyle(document.body).color`;
const PATIENCE_MS = 20_000;

function page(title: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css"><p>Page`;
}

/** Looks again and again; in the midst of a reload there is nothing to look at. */
async function becomes(tab: Tab, expression: string, expected: unknown): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  let found: unknown;
  do {
    found = await tab.evaluate(expression).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (found !== expected && performance.now() < endMs);
  assertEquals(found, expected);
}

testInBrowser("--dev reloads pages when files change, and ends at once with pages open", async (devtools) => {
  await using folder = await TempDir.create();
  const write = (name: string, text: string) => Deno.writeTextFile(join(folder.path, name), text);
  await write("index.html", page("one"));
  await write("page.css", "body { color: rgb(255, 0, 0) }");
  await using server = await ServerProcess.start(["-r", folder.path, "--dev", "-h", "127.0.0.1", "--base", "/app"]);
  const answer = await fetch(`${server.origin}/app/`);
  assert(!(await answer.text()).includes(".sockeye"), "only what is asked for as a page has the script");
  assertEquals([answer.headers.get("cache-control"), answer.headers.get("content-encoding")], ["no-store", null]);

  await using tab = await devtools.openTab(server.origin);
  await tab.open("/app/", "load");
  await becomes(tab, "document.title", "one");
  await write("index.html", page("two"));
  await becomes(tab, "document.title", "two");
  await becomes(tab, "document.readyState", "complete");

  await tab.evaluate("window.mark = 1");
  await write("page.css", "body { color: rgb(0, 255, 0) }");
  await becomes(tab, COLOR, "rgb(0, 255, 0)");
  assertEquals(await tab.evaluate("window.mark"), 1, "a style sheet is replaced without a reload");

  const stopMs = performance.now();
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr], [0, ""]);
  assert(performance.now() - stopMs < 8_000, "streams without end are not waited for");
});
