/** The pages of the applications in `examples/` in a browser: what they do, and whether everybody can use them. */

import { assertEquals, assertMatch } from "@std/assert";
import { findBarriers } from "../accessibility.ts";
import type { Tab } from "../chromium.ts";
import { TempDir, testInBrowser, wider } from "../chromium.ts";
import { ServerProcess } from "../server_process.ts";

/** Narrower than any phone. */
const NARROW_PX = 320;

/** Waits until an expression is true in a page. */
async function until(tab: Tab, expression: string): Promise<void> {
  await tab.evaluate(`new Promise((done) => {
    const look = () => ${expression} ? done(true) : setTimeout(look, 10);
    look();
  })`);
}

async function checkLooks(tab: Tab): Promise<void> {
  assertEquals(await findBarriers(tab), []);
  await tab.resize(NARROW_PX);
  assertEquals(await tab.evaluate<string[]>(wider(NARROW_PX)), []);
  assertEquals(tab.problems, []);
}

/** Chooses files as a user does. */
async function choose(tab: Tab, files: readonly string[]): Promise<void> {
  const { root } = await tab.send("DOM.getDocument") as { root: { nodeId: number } };
  const found = await tab.send("DOM.querySelector", { nodeId: root.nodeId, selector: "input[type=file]" });
  await tab.send("DOM.setFileInputFiles", { nodeId: found.nodeId, files });
}

const ITEMS = `[...document.querySelectorAll("li")].map((item) => item.innerText.replaceAll(/\\s+/g, " "))`;

testInBrowser("examples/upload.ts shows size and SHA-256 of what is sent, with progress", async (devtools) => {
  await using server = await ServerProcess.start(["--app", "examples/upload.ts"]);
  await using folder = await TempDir.create();
  const [small, large] = [`${folder.path}/a é.txt`, `${folder.path}/large.bin`];
  await Deno.writeTextFile(small, "abc");
  await Deno.writeFile(large, new Uint8Array(32 << 20));
  await using tab = await devtools.openTab(server.origin);
  await tab.open("/", "load");
  await tab.evaluate(`{
    globalThis.progress = [];
    const watch = () => progress.push(...[...document.querySelectorAll("progress")].map((e) => e.value / e.max));
    new MutationObserver(watch).observe(document.body, { subtree: true, childList: true, characterData: true });
  }`);
  await choose(tab, [small, large]);
  await until(tab, `document.querySelectorAll("li code").length === 2`);
  assertEquals(await tab.evaluate(ITEMS), [
    "large.bin 33,554,432 bytes 83ee47245398adee79bd9c0a8bc57b821e92aba10f5f9ade8a5d1fae4d8c4302",
    "a é.txt 3 bytes ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ]);
  const progress = await tab.evaluate<number[]>(`progress`);
  assertEquals(progress.toSorted((a, b) => a - b).at(-1), 1);
  await checkLooks(tab);
});

testInBrowser("examples/upload.ts works without JavaScript", async (devtools) => {
  await using server = await ServerProcess.start(["--app", "examples/upload.ts"]);
  await using folder = await TempDir.create();
  await Deno.writeTextFile(`${folder.path}/a.txt`, "abc");
  await using tab = await devtools.openTab(server.origin);
  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open("/", "load");
  await choose(tab, [`${folder.path}/a.txt`]);
  await tab.evaluate(`document.querySelector("form button").click()`);
  let items: string[] = [];
  while (items.length === 0) items = await tab.evaluate<string[]>(ITEMS);
  assertEquals(items, ["a.txt 3 bytes ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]);
  assertEquals(tab.problems, []);
});

testInBrowser("examples/live.ts shows numbers that change, and finds its server again", async (devtools) => {
  await using tab = await (async () => {
    await using server = await ServerProcess.start(["--app", "examples/live.ts", "-w", "1"]);
    const tab = await devtools.openTab(server.origin);
    await tab.open("/", "load");
    await until(tab, `document.querySelector("polyline").points.length >= 3`);
    assertEquals(await tab.evaluate(`document.getElementById("state").innerText`), "Connected");
    const shown = await tab.evaluate<string[]>(`[...document.querySelectorAll("output")].map((e) => e.innerText)`);
    assertMatch(shown.join(", "), /^\d+\.\d MB, \d+\.\d MB, \d+\.\d ms, 1$/);
    await checkLooks(tab);
    return tab;
  })();
  await until(tab, `document.getElementById("state").innerText.startsWith("The server is gone")`);
});

testInBrowser("examples/hono.ts counts visits and says hello", async (devtools) => {
  await using server = await ServerProcess.start(["--app", "examples/hono.ts"]);
  await using tab = await devtools.openTab(server.origin);
  await tab.open("/", "load");
  assertMatch(
    await tab.evaluate<string>(`document.querySelector("p").innerText`),
    /^From 127\.0\.0\.1, with GET\. Welcome\.$/,
  );
  await tab.open("/", "load");
  assertMatch(await tab.evaluate<string>(`document.querySelector("p").innerText`), /This is visit 2\.$/);
  await checkLooks(tab);
  await tab.evaluate(`{
    document.querySelector("input").value = "Ada & Grace";
    document.querySelector("form").requestSubmit();
  }`);
  await until(tab, `document.body.innerText === "Hello, Ada & Grace!"`);
});
