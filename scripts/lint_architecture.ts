/**
 * A `deno lint` plugin that keeps the table in `modules.ts`: imports go one way, and pure modules stay pure.
 *
 * It judges what a module writes, not what runs: a pure module that is handed an impure function can still call it.
 */

import { MODULES } from "./modules.ts";

const SRC = new URL("../src/", import.meta.url).href;

/** Names through which a module could reach I/O, a clock, a timer or other global state. */
const IMPURE_NAMES = new Set([
  ...["Deno", "process", "globalThis", "self", "window", "console", "fetch", "Worker", "crypto", "navigator"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "performance", "Temporal", "Atomics"],
]);

/** Expressions, as selectors, that do the same. */
const IMPURE_EXPRESSIONS = {
  "await": "AwaitExpression",
  "for await": "ForOfStatement[await=true]",
  "await using": "VariableDeclaration[kind='await using']",
  "Date.now": "MemberExpression[object.name='Date'][property.name='now']",
  "Math.random": "MemberExpression[object.name='Math'][property.name='random']",
  "new Date()": "NewExpression[callee.name='Date'][arguments.length=0]",
};

/** The URL of a file given by its path. */
function fileUrl(path: string): string {
  return new URL(`file:///${path.replaceAll("\\", "/").replace(/^\/+/, "")}`).href;
}

/** The name that the table has for a URL; a file outside `src/` keeps its URL. */
function moduleName(url: string): string {
  return url.startsWith(SRC) ? url.slice(SRC.length).replace(/\.ts$/, "") : url;
}

const oneWayImports: Deno.lint.Rule = {
  create(context) {
    const file = fileUrl(context.filename);
    if (!file.startsWith(SRC)) return {};
    const name = moduleName(file);
    const rule = MODULES[name];
    if (rule === undefined) {
      return { Program: (node) => context.report({ node, message: `${name} has no row in scripts/modules.ts` }) };
    }
    const check = (node: Deno.lint.Node, source: Deno.lint.Node | null) => {
      if (source?.type !== "Literal" || typeof source.value !== "string") return;
      const imported = source.value.startsWith(".") ? moduleName(new URL(source.value, file).href) : source.value;
      if (!rule.imports.includes(imported)) {
        context.report({ node, message: `${name} may not import ${imported}`, hint: "See scripts/modules.ts" });
      }
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
    };
  },
};

const pureModules: Deno.lint.Rule = {
  create(context) {
    const name = moduleName(fileUrl(context.filename));
    if (!MODULES[name]?.pure) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `${name} is pure: ${what} has no place in it` });
    const expressions = Object.entries(IMPURE_EXPRESSIONS).map(([what, selector]) =>
      [selector, (node: Deno.lint.Node) => report(node, what)] as const
    );
    return {
      ...Object.fromEntries(expressions),
      Identifier(node) {
        const parent = node.parent;
        const isMember = parent.type === "MemberExpression" && parent.property === node && !parent.computed;
        const isKey = "key" in parent && parent.key === node;
        if (IMPURE_NAMES.has(node.name) && !isMember && !isKey) report(node, node.name);
      },
    };
  },
};

/** Keeps the table in `modules.ts`. */
const plugin: Deno.lint.Plugin = {
  name: "architecture",
  rules: { "one-way-imports": oneWayImports, "pure-modules": pureModules },
};

export default plugin;
