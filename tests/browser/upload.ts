/** The form of a listing with which files are added, served by the real command and used in a real browser. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { findBarriers } from "../accessibility.ts";
import type { DevTools, Tab } from "../chromium.ts";
import { startServer, TempDir, testInBrowser, wider } from "../chromium.ts";

/** Large enough for progress to be told of. */
const LARGE = new Uint8Array(5 << 20).map((_, at) => at * 31 + (at >> 8));

testInBrowser("uploads in a browser", async (devtools, t) => {
  await using folder = await TempDir.create();
  await using files = await TempDir.create();
  Deno.mkdirSync(`${folder.path}/empty`);
  Deno.writeTextFileSync(`${folder.path}/small 中.txt`, "old");
  Deno.writeFileSync(`${files.path}/large.bin`, LARGE);
  Deno.writeTextFileSync(`${files.path}/small 中.txt`, "new");
  Deno.writeFileSync(`${files.path}/too-large.bin`, new Uint8Array(7 << 20));
  const args = ["-r", folder.path, "--list", "--upload", "--upload-limit", String(6 << 20), "-w", "2"];
  await using server = await startServer(args, [`--allow-write=${folder.path}`]);
  const chosen = ["large.bin", "small 中.txt"].map((name) => `${files.path}/${name}`);

  await t.step("several files, with progress", async () => {
    await using tab = await devtools.openTab(server.found);
    await tab.open("/", "load");
    await tab.choose("#files", chosen);
    await tab.evaluate(`new MutationObserver(() => sessionStorage.told = (sessionStorage.told ?? "") + "|" +
      document.querySelector("output").textContent).observe(document.querySelector("output"), { childList: true }), 1`);
    await tab.leave(`document.querySelector(".add button").click()`);
    assertMatch(
      await tab.evaluate<string>("sessionStorage.told"),
      /^\|Uploading…(?:\|Uploading: \d+ %)*\|Uploading: 100 %$/,
    );
    assertEquals(await names(tab), ["empty", "large.bin", "small 中 (1).txt", "small 中.txt"]);
    assertEquals(problems(tab), []);
  });
  await t.step("the same without JavaScript", () => checkWithoutScript(devtools, server.found, chosen));
  await t.step("a file that is too large", async () => {
    await using tab = await devtools.openTab(server.found);
    await tab.open("/", "load");
    await tab.choose("#files", [`${files.path}/too-large.bin`]);
    const told = await tab.evaluate<string>(`new Promise((resolve) => {
      const output = document.querySelector("output");
      new MutationObserver(() => /^Not/.test(output.textContent) && resolve(output.textContent))
        .observe(output, { childList: true });
      document.querySelector(".add button").click();
    })`);
    assertMatch(told, /^Not uploaded: (?:this is too large|the connection broke off)\.$/);
    assert(await tab.evaluate<boolean>(`!document.querySelector(".add button").disabled`));
  });

  const content = [...Deno.readDirSync(folder.path)].map(({ name }) => name).toSorted();
  const expected = ["empty", "large (1).bin", "large.bin", "small 中 (1).txt", "small 中 (2).txt", "small 中.txt"];
  assertEquals(content, expected);
  assertEquals(Deno.readFileSync(`${folder.path}/large (1).bin`), LARGE);
  assertEquals(Deno.readTextFileSync(`${folder.path}/small 中.txt`), "old");
  assertEquals(Deno.readTextFileSync(`${folder.path}/small 中 (1).txt`), "new");

  for (const path of ["/", "/empty/"]) {
    await t.step(`page ${path} fits a phone, and has no barriers`, async () => {
      await using tab = await devtools.openTab(server.found);
      await tab.open(path, "load");
      for (const width of [360, 320]) {
        await tab.resize(width);
        assertEquals(await tab.evaluate<string[]>(wider(width)), [], `wider than ${width} px`);
      }
      assertEquals(await findBarriers(tab), []);
      assertEquals(problems(tab), []);
    });
  }
});

async function checkWithoutScript(devtools: DevTools, origin: string, chosen: readonly string[]): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open("/", "load");
  await tab.choose("#files", chosen);
  await tab.leave(`document.querySelector(".add").submit()`);
  assertEquals((await names(tab)).length, 6);
  assertEquals(problems(tab), []);
}

/** The browser asks for an icon by itself once a page stays long enough. */
function problems(tab: Tab): string[] {
  return tab.problems.filter((problem) => !problem.includes("/favicon.ico"));
}

function names(tab: Tab): Promise<string[]> {
  return tab.evaluate(`[...document.querySelectorAll("tbody bdi")].map((e) => e.textContent)`);
}
