/** The sample site in `www/`, served by the real command and opened in a real browser. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { DevTools } from "../chromium.ts";
import { checkSchemesAndWidths, startServer, testInBrowser } from "../chromium.ts";

const WWW = new URL("../../www/", import.meta.url);

testInBrowser("the sample site in a browser", async (devtools, t) => {
  await using server = await startServer(["-r", "www"]);
  const origin = server.found;

  // From the first page on, follow every link.
  const pages = new Set(["/"]);
  const links = new Map<string, string>();
  for (const path of pages) {
    const passed = await t.step(`page ${path}`, async () => {
      for (const { href, expect } of await checkPage(devtools, origin, path)) {
        assert(href.startsWith(origin), `${path} links to another site: ${href}`);
        const target = href.slice(origin.length).replace(/#.*/, "");
        assertEquals(links.get(target) ?? expect, expect, `two expectations for ${target}`);
        if (links.has(target)) continue;
        links.set(target, expect);
        const next = await checkLink(origin, target, expect);
        if (next !== undefined && ![...pages].some((page) => sameFile(page, next))) pages.add(next);
      }
    });
    if (!passed) return;
  }
  assert(pages.size >= 5, `only ${pages.size} pages were found`);

  await t.step("every page shows its text with JavaScript off", async () => {
    await Promise.all([...pages].map((path) => checkWithoutScript(devtools, origin, path)));
  });
  await t.step("scripts add the panel, the true address and the sum", () => checkScripts(devtools, origin));
  await t.step("data/site.json tells the truth about every file", () => checkSiteMap(origin));
});

/** Loads a page once and looks at it in all the ways that need scripts; answers with its links. */
async function checkPage(devtools: DevTools, origin: string, path: string): Promise<Link[]> {
  await using tab = await devtools.openTab(origin);
  await tab.open(path, "networkIdle");

  assertEquals(await tab.evaluate<number>(`document.querySelectorAll("main, h1").length`), 2, "one main and one h1");
  await checkSchemesAndWidths(tab);
  assertEquals(tab.problems, []);
  return await tab.evaluate<Link[]>(LINKS);
}

/** Asks for the target of a link; answers with its path if it is one more page to look at. */
async function checkLink(origin: string, target: string, expect: string): Promise<string | undefined> {
  const response = await fetch(origin + target, { redirect: "manual" });
  await response.arrayBuffer();
  if (expect === "redirect") {
    assert([301, 302, 307, 308].includes(response.status), `${target} answers ${response.status}, not a redirect`);
    const location = new URL(response.headers.get("location") ?? "", origin + target);
    const { pathname, search } = new URL(origin + target);
    assertEquals(location.href, `${origin}${pathname}/${search}`);
    return location.pathname + location.search;
  }
  assertEquals(String(response.status), expect, target);
  const isPage = response.ok && response.headers.get("content-type")?.startsWith("text/html");
  return isPage ? target : undefined;
}

/** Whether two paths are two spellings of one page. */
function sameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => decodeURI(path).replace(/\/index\.html$/, "/"));
  return one === other;
}

async function checkWithoutScript(devtools: DevTools, origin: string, path: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open(path, "load");
  const seen = await tab.evaluate<string>(`document.querySelector("main").innerText`);
  assert(seen.length > 200, `${path} shows only: ${seen}`);
  const useless = await tab.evaluate<number>(
    `[...document.querySelectorAll("button, select, form")].filter((e) => e.checkVisibility()).length`,
  );
  assertEquals(useless, 0, `${path} shows controls that need scripts`);
  assertEquals(tab.problems, []);
}

async function checkScripts(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open("/", "networkIdle");
  const panel = await tab.evaluate<string>(`document.querySelector("#live").innerText`);
  assertStringIncludes(panel, "200");
  assertMatch(panel, /content-type\s+application\/json/);
  for (const command of await tab.evaluate<string[]>(COMMANDS)) assertStringIncludes(command, origin);
  await tab.open("/files/", "networkIdle");
  assertStringIncludes(await tab.evaluate<string>(`document.querySelector("#sum").innerText`), "40 + 2 = 42");
  assertEquals(tab.problems, []);
}

async function checkSiteMap(origin: string): Promise<void> {
  const { paths } = JSON.parse(await Deno.readTextFile(new URL("data/site.json", WWW))) as {
    paths: { path: string; answer: number | "redirect"; type?: string }[];
  };
  for (const { path, answer, type } of paths) {
    const response = await fetch(origin + path, { method: "HEAD", redirect: "manual" });
    const status = response.headers.has("location") ? "redirect" : response.status;
    assertEquals(status, answer, path);
    if (type !== undefined) assertEquals(response.headers.get("content-type")?.split(";")[0], type, path);
  }
  const told = paths.filter(({ answer }) => answer === 200).map(({ path }) => path).toSorted();
  assertEquals(told, servedPaths(WWW).toSorted());
}

/** The paths of all files in a folder that a browser can get, percent-encoded. */
function servedPaths(folder: URL, under = "/"): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") && name !== ".well-known") return [];
    const path = under + encodeURIComponent(name);
    if (isDirectory) return servedPaths(new URL(`${encodeURIComponent(name)}/`, folder), `${path}/`);
    return [name === "index.html" ? under : path];
  });
}

// What is evaluated in the page.

interface Link {
  readonly href: string;
  readonly expect: string;
}

const LINKS = `[...document.links].map((a) => ({ href: a.href, expect: a.dataset.expect ?? "200" }))`;
const COMMANDS = `[...document.querySelectorAll(".cmd pre")].map((pre) => pre.innerText)`;
