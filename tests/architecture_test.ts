/** The lint plugin that keeps the architecture finds what it is there to find, and its table is not out of date. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import config from "../deno.json" with { type: "json" };
import plugin from "../scripts/lint_architecture.ts";
import { MODULES } from "../scripts/modules.ts";
import { testWith } from "./permissions.ts";

const SRC = new URL("../src/", import.meta.url);

/** The plugin's messages about a module of `src/` with the given text. */
function lint(name: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, fromFileUrl(new URL(name, SRC)), source).map(({ message }) => message);
}

const PURITY: readonly [source: string, found: string | undefined][] = [
  [`Deno.args;`, "Deno"],
  [`const { args } = Deno;`, "Deno"],
  [`globalThis.Deno;`, "globalThis"],
  [`setTimeout(f, 1);`, "setTimeout"],
  [`performance.now();`, "performance"],
  [`Date.now();`, "Date.now"],
  [`new Date();`, "new Date()"],
  [`async function f() { await g(); }`, "await"],
  [`async function f() { for await (const x of g) x; }`, "for await"],
  [`async function f() { await using x = g(); }`, "await using"],
  [`new Date(0); Date.UTC(2000, 0);`, undefined],
  [`entry.Deno; ({ performance: 1 }); "setTimeout"; // Deno`, undefined],
  [`interface Entry { performance: number }`, undefined],
];

for (const [source, found] of PURITY) {
  Deno.test(`pure-modules ${found ? "refuses" : "accepts"} ${source}`, () => {
    assertEquals(lint("http1.ts", source), found ? [`http1 is pure: ${found} has no place in it`] : []);
    assertEquals(lint("server.ts", source), []);
  });
}

const IMPORTS: readonly [file: string, source: string, messages: readonly string[]][] = [
  ["http1.ts", `import { HttpError } from "./errors.ts";`, []],
  ["http1.ts", `import type { Server } from "./server.ts";`, ["http1 may not import server"]],
  ["http1.ts", `export * from "./server.ts";`, ["http1 may not import server"]],
  ["http1.ts", `export { serve } from "./server.ts";`, ["http1 may not import server"]],
  ["http1.ts", `const server = import("./server.ts");`, ["http1 may not import server"]],
  ["http1.ts", `import { getLogger } from "@logtape/logtape";`, ["http1 may not import @logtape/logtape"]],
  ["unlisted.ts", `export const a = 1;`, ["unlisted has no row in scripts/modules.ts"]],
  ["../main.ts", `import { serve } from "./src/server.ts";`, []],
];

for (const [file, source, messages] of IMPORTS) {
  Deno.test(`one-way-imports in ${file}: ${source}`, () => assertEquals(lint(file, source), messages));
}

Deno.test("every row of the table names only rows above it", () => {
  const names = Object.keys(MODULES);
  for (const [index, [name, { imports }]] of Object.entries(MODULES).entries()) {
    const isPackage = (imported: string) => /^(?:@|node:)/.test(imported) || Object.hasOwn(config.imports, imported);
    const modules = imports.filter((imported) => !isPackage(imported));
    const wrong = modules.filter((imported) => !names.slice(0, index).includes(imported));
    assertEquals(wrong, [], `${name} names a row that is not above it`);
  }
});

testWith(["read"], "every row of the table has its module", async () => {
  for (const name of Object.keys(MODULES)) await Deno.stat(new URL(`${name}.ts`, SRC));
});

testWith(["read"], "test files, which run side by side, share no address of a server with workers", () => {
  const owners = new Map<string, string>();
  const folder = new URL("./", import.meta.url);
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith("_test.ts")) continue;
    const text = Deno.readTextFileSync(new URL(name, folder));
    for (const address of new Set(text.match(/\b127\.0\.7\.\d+/g))) {
      assertEquals(owners.get(address) ?? name, name, address);
      owners.set(address, name);
    }
    const hasWorkers = /\b(?:startServer|serve|bind)\(/.test(text) && /\/src\/(?:server|listener)\.ts"/.test(text);
    assertEquals(hasWorkers && /hostname: "127\.0\.0\.1"/.test(text), false, `${name} needs an address of its own`);
  }
});
