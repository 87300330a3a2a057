/**
 * A single-page application, `examples/spa`, built by Vite from npm and used in a browser: alone at the root of a server
 * and under a prefix. Run with `deno task test:spa`; it takes npm and the network.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { findBarriers } from "../accessibility.ts";
import type { Tab } from "../chromium.ts";
import { startServer, TempDir, testInBrowser, wider } from "../chromium.ts";

const APP = fromFileUrl(new URL("../../examples/spa", import.meta.url));
const KEEP = "public, max-age=31536000, immutable";
/** A view takes some milliseconds to be shown. */
const PATIENCE_MS = 5_000;

/** Where the application lives, and how the server is told. */
const PLACES = [
  { base: "/", options: ["--spa"] },
  { base: "/app/", options: ["--spa", "--base", "/app"] },
] as const;

/** Every name in this folder has a hash, but not every hash can be told from a word. */
const CACHE = ["--cache", `/assets/*=${KEEP}`];

testInBrowser("a single-page application in a browser", async (devtools, t) => {
  await using folder = await TempDir.create();
  await npm("install");
  for (const { base, options } of PLACES) {
    const root = join(folder.path, base);
    await npm("run", "build", "--", "--base", base, "--outDir", root, "--emptyOutDir");
    await using server = await startServer(["-r", root, "-w", "1", ...CACHE, ...options]);
    await using tab = await devtools.openTab(server.found);
    for (const [name, check] of Object.entries(CHECKS)) {
      await t.step(`${name}, at ${base}`, () => check(tab, base, server.found + base));
    }
    assertEquals(tab.problems, []);
  }
});

const CHECKS: Readonly<Record<string, (tab: Tab, base: string, origin: string) => Promise<void> | void>> = {
  async "views change without a request"(tab, base) {
    await tab.open(base, "networkIdle");
    await shows(tab, /^(?:New|Full|Waxing|Waning|First|Last) /);
    const { length } = tab.answers;
    const received = () =>
      tab.answers.slice(length).map(({ url }) => url).filter((url) => !url.endsWith("/favicon.svg"));
    await follow(tab, `[href*="month/"]`, /^[A-Z][a-z]+ \d{4}$/);
    assertMatch(await tab.evaluate<string>("location.pathname"), new RegExp(`^${base}month/\\d{4}-\\d{2}$`));
    assertEquals(received(), []);
    await follow(tab, `[href$="about"]`, /^How it works$/);
    const [chunk = "", ...others] = received();
    assertMatch(chunk, /\/assets\/about-[^/]+\.js$/);
    assertEquals(others, []);
    await tab.evaluate("history.back()");
    await shows(tab, /^[A-Z][a-z]+ \d{4}$/);
  },

  async "an address inside works when it is opened and reloaded"(tab, base) {
    await tab.open(`${base}month/2024-04`, "load");
    await shows(tab, /^April 2024$/);
    const eclipse = `document.querySelector("td:has([datetime='2024-04-08'])").innerText`;
    assertMatch(await tab.evaluate<string>(eclipse), /^8\s+New moon/);
    await tab.reload("load");
    await shows(tab, /^April 2024$/);
    // 300 stands for a head without a body, so for 304.
    assertEquals(await tab.evaluate(`performance.getEntriesByType("navigation")[0].transferSize`), 300);
    await tab.open(`${base}about`, "load");
    await shows(tab, /^How it works$/);
    await tab.open(`${base}no/such/view`, "load");
    await shows(tab, /^No moon here$/);
  },

  "the shell is revalidated, and what has a hash is kept"(tab, _base, origin) {
    const kinds = tab.answers.filter(({ url }) => url.startsWith("http")).map(({ url, status, fields }) => {
      const isAsset = url.startsWith(`${origin}assets/`);
      assertEquals([status, fields["cache-control"]], [200, isAsset ? KEEP : "no-cache"], url);
      return isAsset ? fields["content-type"]?.split(";")[0] : undefined;
    });
    const found = new Set(kinds.filter((kind) => kind !== undefined));
    assertEquals([...found].toSorted(), ["image/svg+xml", "text/css", "text/javascript"]);
  },

  async "what is missing is not the shell"(tab, base, origin) {
    for (const path of ["assets/index-AAAAbbb1.js", "assets/index-AAAAbbb1.css", "robots.txt", "data.json"]) {
      const response = await fetch(origin + path);
      assertEquals([response.status, response.headers.get("cache-control")], [404, "no-cache"], path);
      await response.body?.cancel();
    }
    // The chunk of an earlier build, as somebody asks for it who has had the page open since.
    const load = `import("${base}assets/about-AAAAbbb1.js").then(() => "loaded", (error) => error.message)`;
    assertMatch(await tab.evaluate<string>(load), /^Failed to fetch dynamically imported module/);
    assertEquals(tab.problems.filter((problem) => !problem.includes("about-AAAAbbb1.js")), []);
    assertMatch(tab.problems.splice(0).join(), /^404 /);
  },

  async "it is accessible and fits a phone"(tab, base) {
    for (const path of ["", "month/2024-04", "about", "no/such/view"]) {
      await tab.open(base + path, "load");
      await shows(tab, /./);
      assertEquals(await findBarriers(tab), [], path);
      await tab.resize(320);
      assertEquals(await tab.evaluate<string[]>(wider(320)), [], path);
    }
  },
};

/** Runs npm in the folder of the application. */
async function npm(...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command("npm", { args, cwd: APP, stdin: "null" }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`npm ${args.join(" ")} failed:\n${out}${err}`);
}

/** Clicks on a link, and waits for the view. */
async function follow(tab: Tab, selector: string, title: RegExp): Promise<void> {
  await tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  await shows(tab, title);
}

/** Waits until a view is shown whose heading, which has the focus after a click, is in the title. */
async function shows(tab: Tab, title: RegExp): Promise<void> {
  await tab.evaluate(`new Promise((done, fail) => {
    const look = () => {
      const text = document.querySelector("h1")?.innerText ?? "";
      if (${title}.test(text) && document.title === text + " · Lunation") done(1);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    look();
    setTimeout(() => fail(new Error(document.title + " is shown at " + location)), ${PATIENCE_MS});
  })`);
}
