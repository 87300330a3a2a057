/** The pages that the server makes and those of the sample site hold what WCAG 2.2 A and AA ask for. */

import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { findBarriers } from "../accessibility.ts";
import type { Tab } from "../chromium.ts";
import { startServer, TempDir, testInBrowser } from "../chromium.ts";
import { makeListingSite } from "../listing_site.ts";

const WWW = fromFileUrl(new URL("../../www", import.meta.url));

const LISTINGS = [
  ...["/", "/sixty/?sort=size&order=desc", "/sixty/empty/", "/sixty/?search=nothing", "/many/?page=2", "/strange/"],
  "/no-such-page",
];

/** A page with barriers that have to be found: a picture without a text, small targets, pale text on a gradient. */
const BARRIERS = `<!doctype html><html lang="en"><title>Barriers</title><link rel="icon" href="data:,">
<main><h1 style="color: #888; background: linear-gradient(#fff, #bbb)">Barriers</h1><img src="data:,">
<button style="height: 9px; width: 9px; padding: 0">a</button><button style="height: 9px; width: 9px">b</button></main>`;

/** What is found of it: color scheme, width, and rule or contrast. */
const FOUND = ["light, 1280 px", "dark, 1280 px", "dark, 390 px", "light, 390 px"].flatMap((look) => {
  return ["image-alt", "target-size", "target-size", "contrast 1.85"].map((rule) => `${look}: ${rule}`);
});

testInBrowser("accessibility in a browser, WCAG 2.2", async (devtools, t) => {
  await using folder = await TempDir.create();
  makeListingSite(folder.path);
  await Deno.writeTextFile(join(folder.path, "barriers.html"), BARRIERS);

  // One tab for all pages of a server, since most of the time goes into starting axe in a new one.
  const checkPages = async (tab: Tab, paths: readonly string[]) => {
    for (const path of paths) {
      await t.step(`page ${path}`, async () => {
        await tab.open(path, "load");
        assertEquals(await findBarriers(tab), []);
      });
    }
  };
  await using listings = await startServer(["-r", folder.path, "--list", "-w", "1"]);
  await using tab = await devtools.openTab(listings.found);
  await t.step("barriers are found", async () => {
    await tab.open("/barriers.html", "load");
    assertEquals((await findBarriers(tab)).map((barrier) => /^.*?: [^:]+/.exec(barrier)?.[0]), FOUND);
  });
  await checkPages(tab, LISTINGS);

  await using sample = await startServer(["-r", "www", "-w", "1"]);
  await using sampleTab = await devtools.openTab(sample.found);
  await checkPages(sampleTab, findPages(WWW));
});

/** The paths of all pages in a folder. */
function findPages(folder: string, under = "/"): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return findPages(join(folder, name), `${under}${name}/`);
    return name === "index.html" ? [under] : name.endsWith(".html") ? [under + name] : [];
  });
}
