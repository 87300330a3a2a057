/** Directory listings, served by the real command and opened in a real browser. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { DevTools, Tab } from "../chromium.ts";
import { checkSchemesAndWidths, startServer, TempDir, testInBrowser, wider } from "../chromium.ts";
import { makeListingSite, STRANGE } from "../listing_site.ts";

testInBrowser("listings in a browser", async (devtools, t) => {
  await using folder = await TempDir.create();
  makeListingSite(folder.path);
  await using server = await startServer(["-r", folder.path, "--list", "-w", "1"]);
  const origin = server.found;

  for (
    const path of ["/", "/sixty/?sort=size&order=desc", "/sixty/empty/", "/sixty/?search=%3Cx%3E", "/many/?page=2"]
  ) {
    await t.step(`page ${path}`, () => checkPage(devtools, origin, path));
  }
  await t.step("strange names", () => checkNames(devtools, origin));
  await t.step("with JavaScript off: search, sort and turn pages", () => checkWithoutScript(devtools, origin));
  await t.step("search while typing, on a whole folder and on a part", () => checkSearch(devtools, origin));
  await t.step("keys", () => checkKeys(devtools, origin));
  await t.step("times of the reader's zone", () => checkTimes(devtools, origin));
});

/** Looks at a page in all the ways in which it must be sound. */
async function checkPage(devtools: DevTools, origin: string, path: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open(path, "load");
  await checkSchemesAndWidths(tab);
  assertEquals(tab.problems, []);
}

async function checkNames(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open("/strange/", "load");
  const links = await tab.evaluate<string[]>(`[...document.querySelectorAll("tbody a")].map((a) => a.href)`);
  const base = `${origin}/strange/`;
  assertEquals(links.map((href) => decodeURIComponent(href)).toSorted(), STRANGE.map((name) => base + name).toSorted());
  for (const href of links) {
    const response = await fetch(href);
    assertEquals([response.status, (await response.arrayBuffer()).byteLength], [200, 1], href);
  }
  const isSeen = `[...document.querySelectorAll("tbody bdi")].every((e) => e.getBoundingClientRect().width > 5)`;
  assert(await tab.evaluate<boolean>(isSeen), "every name can be seen");
  assertEquals(await tab.evaluate<number>(`document.images.length`), 0, "no name has become an element");
  await tab.resize(320);
  assertEquals(await tab.evaluate<string[]>(wider(320)), []);
  assertEquals(tab.problems, []);
}

/** Opens what a link or a form leads to, as a click does. */
async function follow(tab: Tab, selector: string): Promise<void> {
  const path = await tab.evaluate<string>(`(() => {
    const target = document.querySelector(${JSON.stringify(selector)});
    const url = new URL(target.href ?? target.action);
    if (target.elements) url.search = new URLSearchParams(new FormData(target));
    return url.pathname + url.search;
  })()`);
  await tab.open(path, "load");
}

async function checkWithoutScript(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open("/many/", "load");
  assertEquals(await rows(tab), { count: 1_000, first: "fish 1", status: "1,010 entries" });
  await follow(tab, ".pages a");
  assertEquals(await rows(tab), { count: 10, first: "fish 1001", status: "1,010 entries" });
  await follow(tab, "thead a");
  assertEquals((await rows(tab)).first, "fish 1010");
  await tab.evaluate(`document.querySelector("[type=search]").value = "101"`);
  await follow(tab, "form");
  assertEquals(await rows(tab), { count: 2, first: "fish 1010", status: "2 found" });
  assertEquals(await tab.evaluate<string>(`document.querySelector("[aria-sort]").ariaSort`), "descending");
  assertEquals(await tab.evaluate<string>(`document.querySelector("[type=search]").value`), "101");
  await follow(tab, "header a");
  assertEquals(await rows(tab), { count: 4, first: "many/", status: "4 entries" });
  assertEquals(tab.problems, []);
}

interface Rows {
  readonly count: number;
  readonly first: string;
  readonly status: string;
}

/** The rows that are shown, and what is said of them. */
function rows(tab: Tab): Promise<Rows> {
  return tab.evaluate<Rows>(`(() => {
    const shown = [...document.querySelectorAll("tbody tr")].filter((row) => row.checkVisibility());
    const first = shown[0]?.querySelector("a").innerText ?? "";
    return { count: shown.length, first, status: document.querySelector("[role=status]").innerText };
  })()`);
}

async function type(tab: Tab, text: string): Promise<void> {
  await tab.evaluate(`document.querySelector("[type=search]").select()`);
  if (text === "") await press(tab, "Delete");
  else await tab.send("Input.insertText", { text });
}

async function press(tab: Tab, key: string): Promise<void> {
  const text = key.length === 1 ? { text: key } : {};
  const windowsVirtualKeyCode = key === "Delete" ? 46 : 0;
  await tab.send("Input.dispatchKeyEvent", { type: "keyDown", key, windowsVirtualKeyCode, ...text });
  await tab.send("Input.dispatchKeyEvent", { type: "keyUp", key, windowsVirtualKeyCode });
}

async function checkSearch(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open("/sixty/", "load");
  await type(tab, "RÜN 5");
  assertEquals(await rows(tab), { count: 11, first: "run 5.png", status: "11 of 60 shown." });
  await type(tab, "nothing");
  assertEquals(await rows(tab), { count: 0, first: "", status: "0 of 60 shown." });
  await type(tab, "");
  assertEquals(await rows(tab), { count: 60, first: "empty/", status: "60 entries" });

  await tab.open("/many/?search=101", "load");
  await type(tab, "1010");
  assertEquals(await rows(tab), { count: 1, first: "fish 1010", status: "1 of 2 shown. Enter searches the folder." });
  await type(tab, "x");
  assertEquals(await rows(tab), { count: 2, first: "fish 101", status: "Enter searches the folder." });
  assertEquals(tab.problems, []);
}

/** Keys pressed one after the other, and what then has the focus. */
const KEYS: readonly [key: string, focus: string][] = [
  ["/", "search"],
  ["ArrowUp", "search"],
  ["ArrowDown", "empty/"],
  ["ArrowDown", "run 1.png"],
  ["ArrowUp", "empty/"],
  ["End", "run 59.zip"],
  ["ArrowDown", "run 59.zip"],
  ["Home", "empty/"],
  ["ArrowUp", "search"],
];

async function checkKeys(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open("/sixty/", "load");
  const focus = `document.activeElement.matches("[type=search]") ? "search" : document.activeElement.innerText`;
  for (const [at, [key, expected]] of KEYS.entries()) {
    await press(tab, key);
    assertEquals(await tab.evaluate<string>(focus), expected, `${at}: ${key}`);
  }
  assertEquals(await tab.evaluate<string>(`document.querySelector("[type=search]").value`), "");
  await type(tab, "run 2.");
  await press(tab, "ArrowDown");
  assertEquals(await tab.evaluate<string>(focus), "run 2.mp4");
  await tab.evaluate(`document.querySelector(".skip").focus()`);
  const skip = `JSON.stringify(document.querySelector(".skip").getBoundingClientRect())`;
  assertEquals(JSON.parse(await tab.evaluate<string>(skip)).x, 0, "the skip link is seen when it has the focus");
  assertEquals(tab.problems, []);
}

async function checkTimes(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Kamchatka" });
  await tab.open("/strange/", "load");
  const text = `document.querySelector("tbody").innerText`;
  assertMatch(await tab.evaluate<string>(text), /2026-11-23 11:30/);
  assertEquals(await tab.evaluate<string>(`document.querySelector("thead th:last-child").innerText`), "Modified");

  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open("/strange/", "load");
  assertMatch(await tab.evaluate<string>(text), /2026-11-22 23:30/);
  assertEquals(await tab.evaluate<string>(`document.querySelector("thead th:last-child").innerText`), "Modified (UTC)");
}
