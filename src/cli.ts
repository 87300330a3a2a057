/**
 * The command line: arguments → what to do, or a usage error.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { parseCacheRules } from "./cache_policy.ts";
import { DEFAULT_OPTIONS } from "./config.ts";
import type { LogLevel, ServerOptions } from "./config.ts";
import { UsageError } from "./errors.ts";

/** What the command line asks for. `root` and `logFile` are as typed. */
export type Command =
  | { readonly kind: "serve"; readonly options: Partial<ServerOptions> & { readonly root: string } }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

const MAXIMUM_WORKERS = 512;

/** The text of `--help`. */
export const HELP = `Serves a directory over HTTP/1.1.

Usage: sockeye [options] [DIR]
       deno run --allow-net --allow-read main.ts [options] [DIR]

Options:
  -p, --port N       port; 0 picks a free one (default ${DEFAULT_OPTIONS.port})
  -h, --host H       address to listen on; 0.0.0.0 for all (default localhost)
  -r, --root DIR     document root, also as the argument DIR (default .)
  -w, --workers N    number of workers (default: the processors this process may use)
  -l, --log FILE     append the log to FILE, which needs --allow-write (default: the terminal)
  -v                 log every answer, level INFO (default: level ERROR)
  -d                 log everything, level DEBUG
      --no-compress  send files as they are: no .br .zst .gz neighbours, no compression
      --list         list the files of folders that have no index.html
      --cache RULES  Cache-Control by path: '*.css=max-age=3600; /img/*=no-store'
      --grace S      seconds that answers under way have after a signal to stop (default ${
  DEFAULT_OPTIONS.graceMs / 1000
})
      --help         show this text
      --version      show the version`;

/**
 * Parses the arguments.
 *
 * @param args The arguments behind the program's name.
 * @returns What they ask for; where an option is given twice the last one holds.
 * @throws {UsageError} For an unknown option, a missing or bad value, or more than one directory.
 */
export function parseCommand(args: readonly string[]): Command {
  const flags = parseArgs([...args], {
    string: ["_", "port", "host", "root", "workers", "log", "grace", "cache"],
    boolean: ["v", "d", "no-compress", "list", "help", "version"],
    alias: { port: "p", host: "h", root: "r", workers: "w", log: "l" },
    unknown: (argument) => {
      if (argument.startsWith("-") && argument !== "-") throw usage(`Unknown option ${argument}`);
    },
  });
  if (flags.help) return { kind: "help" };
  if (flags.version) return { kind: "version" };

  const options: { -readonly [Key in keyof ServerOptions]?: ServerOptions[Key] } = {};
  if (flags.port !== undefined) options.port = parseNumber("port", flags.port, 0, 65_535);
  if (flags.host !== undefined) options.hostname = checkPresent("host", flags.host);
  if (flags.workers !== undefined) options.workers = parseNumber("workers", flags.workers, 1, MAXIMUM_WORKERS);
  if (flags.log !== undefined) options.logFile = checkPresent("log", flags.log);
  if (flags.cache !== undefined) options.cacheRules = checkCacheRules(flags.cache);
  if (flags.grace !== undefined) options.graceMs = 1000 * parseNumber("grace", flags.grace, 0, 86_400);
  if (flags["no-compress"]) options.compress = false;
  if (flags.list) options.list = true;
  if (flags.v || flags.d) options.logLevel = (flags.d ? "debug" : "info") satisfies LogLevel;
  return { kind: "serve", options: { ...options, root: selectRoot(flags.root, flags._.map(String)) } };
}

function selectRoot(flag: string | undefined, positional: readonly string[]): string {
  const roots = flag === undefined ? positional : [flag, ...positional];
  for (const root of roots) checkPresent("root", root);
  if (roots.length > 1) throw usage(`One directory can be served, and these are several: ${roots.join(", ")}`);
  return roots[0] ?? ".";
}

function checkPresent(name: string, value: string): string {
  if (value === "") throw usage(`--${name} needs a value`);
  return value;
}

/** The workers parse the rules; here they are only tried. */
function checkCacheRules(text: string): string {
  try {
    parseCacheRules(text);
    return text;
  } catch (error) {
    throw error instanceof UsageError ? usage(error.message) : error;
  }
}

function parseNumber(name: string, value: string, least: number, most: number): number {
  const number = Number(checkPresent(name, value));
  if (/^[0-9]+$/.test(value) && number >= least && number <= most) return number;
  throw usage(`--${name} is a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
}

function usage(message: string): UsageError {
  return new UsageError(`${message} (--help lists the options)`);
}
