/** The chat of `examples/`, between two members on two workers in a browser. */

import { assertEquals } from "@std/assert";
import { testInBrowser } from "../chromium.ts";
import type { Tab } from "../chromium.ts";
import { findBarriers } from "../accessibility.ts";
import { ServerProcess } from "../server_process.ts";

const SAID = `[...document.querySelectorAll("li")].map((item) => item.innerText.replace("\\n", ": "))`;

/** Waits until a page shows as many sayings. */
async function said(tab: Tab, count: number): Promise<string[]> {
  await tab.evaluate(`new Promise((done) => {
    const look = () => document.querySelectorAll("li").length >= ${count} ? done(true) : setTimeout(look, 5);
    look();
  })`);
  return await tab.evaluate<string[]>(SAID);
}

function submit(tab: Tab, form: string, field: string, text: string): Promise<void> {
  return tab.evaluate(`{
    const form = document.getElementById(${JSON.stringify(form)});
    form.elements[${JSON.stringify(field)}].value = ${JSON.stringify(text)};
    form.requestSubmit();
  }`);
}

testInBrowser("examples/chat.ts", async (devtools) => {
  await using server = await ServerProcess.start(["--app", "examples/chat.ts", "-w", "2"]);
  await using one = await devtools.openTab(server.origin);
  await using two = await devtools.openTab(server.origin);
  await one.open("/", "load");
  await two.open("/", "load");
  await submit(one, "enter", "name", "Ann");
  await said(one, 1);
  await submit(two, "enter", "name", "Bob");
  await said(two, 1);
  await said(one, 2);
  await submit(one, "talk", "text", "Hello <b>Bob</b>");
  assertEquals((await said(two, 2)).at(-1), "Ann: Hello <b>Bob</b>");
  await submit(two, "talk", "text", "Hello");
  assertEquals(await said(one, 4), ["Ann: has come", "Bob: has come", "Ann: Hello <b>Bob</b>", "Bob: Hello"]);
  for (const scheme of ["light", "dark"] as const) {
    await one.emulate(scheme);
    assertEquals(await findBarriers(one), [], scheme);
  }
  assertEquals([...one.problems, ...two.problems], []);
});
