/**
 * The executable of `deno task compile` contains the worker.
 *
 * The compiler follows the imports of `main.ts` but not `new Worker(new URL(...))`, so the worker's modules are in the
 * executable only because `compile.include` in `deno.json` names them. Without that everything but the executable works.
 *
 * The compiler's usual base is downloaded from another host; any executable will do to see what is embedded, so the
 * test names Deno itself. What it builds is therefore not run.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import config from "../deno.json" with { type: "json" };
import { testWith } from "./permissions.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** What this test reads of the output of `deno info --json`. A dependency that is only a type has no `code`. */
interface ModuleGraph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier?: string } }[];
  }[];
}

/** Runs this Deno in the project's folder and returns what it printed. */
async function runDeno(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env: { NO_COLOR: "1", ...env } });
  const { success, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `deno ${args.join(" ")} failed:\n${out}${err}`);
  return `${out}${err}`;
}

/** The project's files that a module needs at run time, itself included, relative to the project's folder. */
function localModules(graph: ModuleGraph): string[] {
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const reached = new Set(graph.roots);
  for (const specifier of reached) {
    for (const { code } of modules.get(specifier)?.dependencies ?? []) {
      if (code?.specifier?.startsWith("file:")) reached.add(code.specifier);
    }
  }
  return [...reached].map((specifier) => relative(ROOT, fromFileUrl(specifier)));
}

/** The paths in the tree that `deno compile` prints; `name/*` is a folder all of whose files are embedded. */
function embeddedPaths(output: string): string[] {
  const parents: string[] = [];
  const paths: string[] = [];
  for (const line of output.split("\n")) {
    const entry = /^((?:│ | {2})*)[├└]─[─┬] (.+) \([^)]*\)$/.exec(line);
    const [, indent = "", name = ""] = entry ?? [];
    if (name === "") continue;
    parents.splice(indent.length / 2, Infinity, name);
    paths.push(parents.join("/"));
  }
  return paths;
}

/** Whether a file is in the executable, by itself or with its folder. */
function isEmbedded(path: string, embedded: readonly string[]): boolean {
  return embedded.some((entry) => entry.endsWith("/*") ? path.startsWith(entry.slice(0, -1)) : path === entry);
}

Deno.test("embeddedPaths reads the tree that the compiler prints", () => {
  const tree = [
    "Embedded Files",
    "",
    "sockeye",
    "├─┬ .deno_compile_node_modules (2.51MB - 2.51MB unique)",
    "│ └── localhost/* (2.51MB)",
    "├── main.ts (509B)",
    "└─┬ src (1.08KB)",
    "  ├── deep/* (221B)",
    "  └── worker.ts (645B)",
    "",
    "Files: 2.56MB",
  ];
  const paths = embeddedPaths(tree.join("\n"));
  assertEquals(paths.slice(1, 4), [".deno_compile_node_modules/localhost/*", "main.ts", "src"]);
  assert(isEmbedded("src/worker.ts", paths));
  assert(isEmbedded("src/deep/e.ts", paths));
  assert(!isEmbedded("src/config.ts", paths));
});

testWith(["read", "run", "write"], "deno task compile embeds the worker and all that it imports", async () => {
  const [program, ...args] = config.tasks.compile.command.split(" ");
  assertEquals([program, args[0]], ["deno", "compile"]);
  assert(!args.some((arg) => arg.startsWith("--allow-write")), "the executable may not write files");

  const graph: ModuleGraph = JSON.parse(await runDeno(["info", "--json", "src/worker.ts"]));
  const needed = localModules(graph);
  assert(needed.includes(join("src", "worker.ts")));

  const directory = await Deno.makeTempDir({ prefix: "sockeye-compile-" });
  try {
    args[args.indexOf("-o") + 1] = join(directory, "sockeye");
    const embedded = embeddedPaths(await runDeno(args, { DENORT_BIN: Deno.execPath() }));
    assertEquals(needed.filter((path) => !isEmbedded(path, embedded)), []);
    for (const part of ['"features":["worker-options"]', '#worker-options\\": \\"data:,']) {
      const args = ["-aqF", part, join(directory, "sockeye")];
      assert((await new Deno.Command("grep", { args }).output()).success, `workers can get fewer permissions: ${part}`);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
