/** `app.ts`: what is an application, and what is said of a module that is none, in one line. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { loadApp } from "../src/app.ts";
import { StartError } from "../src/errors.ts";

const INFO = { remoteAddr: { transport: "tcp", hostname: "a", port: 1 } } as Parameters<
  Awaited<ReturnType<typeof loadApp>>
>[1];

/** Loads a module of this text, and puts back what loading changes of the runtime. */
async function load(text: string): ReturnType<typeof loadApp> {
  const before = Object.getOwnPropertyDescriptor(Deno, "upgradeWebSocket");
  try {
    return await loadApp(`data:text/javascript,${encodeURIComponent(text)}`);
  } finally {
    Object.defineProperty(Deno, "upgradeWebSocket", before ?? {});
  }
}

const APPS: readonly [name: string, text: string][] = [
  ["a function", `export default () => new Response("hello")`],
  ["an object", `export default { fetch: () => new Response("hello") }`],
  ["an object that is needed", `export default { text: "hello", fetch() { return new Response(this.text); } }`],
  [
    "an instance",
    `class App { #text = "hello"; fetch() { return new Response(this.#text); } } export default new App()`,
  ],
  ["an asynchronous function", `export default async () => new Response(await "hello")`],
];

for (const [name, text] of APPS) {
  Deno.test(`loadApp takes ${name}`, async () => {
    const handler = await load(text);
    const response = await handler(new Request("http://a/"), INFO);
    assertEquals(response instanceof Response && await response.text(), "hello");
  });
}

const FAULTS: readonly [name: string, text: string, message: RegExp][] = [
  ["no default export", `export const fetch = 1`, /^The application data:\S+ has no default export: export default/],
  ["a number", `export default 5`, / exports 5: export default \{ fetch \} is needed$/],
  ["null", `export default null`, / exports an object: /],
  ["an object without fetch", `export default { get() {} }`, / exports an object: /],
  ["fetch that is no function", `export default { fetch: 1 }`, / exports an object: /],
  ["an error", `throw new TypeError("no luck.")`, /^The application does not load: no luck$/],
  [
    "an error of several lines",
    `throw new Error("first\\nsecond")`,
    /^The application does not load: first(?:, at \S+)?$/,
  ],
  ["something thrown that is no error", `throw "text"`, /^The application does not load: text$/],
  ["an error of syntax", `export default {`, /^The application does not load: [^\n]+$/],
  ["a module that is not there", `import "data:text/plain,x"`, /^The application does not load: [^\n]+$/],
];

for (const [name, text, message] of FAULTS) {
  Deno.test(`loadApp refuses ${name}`, async () => {
    const { message: said } = await assertRejects(() => load(text), StartError);
    assertMatch(said, message);
  });
}
