/**
 * The command line: arguments → what to do, or a usage error.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Bound } from "./bounds.ts";
import { BOUNDS, CACHE_BOUNDS, defaultText, LIMIT_BOUNDS, TIMEOUT_BOUNDS, UPLOAD_BOUND, withBound } from "./bounds.ts";
import { DEFAULT_OPTIONS } from "./config.ts";
import type { LogLevel, ServeOptions, SymlinkPolicy } from "./config.ts";
import { UsageError } from "./errors.ts";

/** What is to be explained. */
export interface ExplainedRequest {
  /** The request target, such as `/about?x=1`. */
  readonly target: string;
  /** Field lines beside `Host`, as `Name: value`. */
  readonly fieldLines: readonly string[];
}

/** What the command line says of the server; paths are as typed. */
export type CommandOptions = ServeOptions;

/** What the command line asks for. */
export type Command =
  | { readonly kind: "serve"; readonly options: CommandOptions }
  | { readonly kind: "explain"; readonly options: CommandOptions; readonly request: ExplainedRequest }
  | { readonly kind: "hash"; readonly name: string }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

const MAXIMUM_WORKERS = 512;
const LEAST_WATCHDOG_SECONDS = 3;

const SYMLINK_POLICIES: readonly SymlinkPolicy[] = ["follow", "inside", "deny"];

/** Options that may have a value behind an equals sign, and stand for this one without it. */
const OPTIONAL_VALUES: Readonly<Record<string, string>> = { "--spa": "index.html", "--cors": "" };

const VALUES = [
  ...["port", "host", "root", "workers", "log", "grace", "watchdog", "base", "index", "symlinks", "mime"] as const,
  ...[
    "charset",
    "spa",
    "header",
    "cache",
    "cors",
    "app",
    "auth",
    "auth-for",
    "field",
  ] as const,
] as const;
const SWITCHES = [
  ...[
    "no-compress",
    "list",
    "archive",
    "upload",
    "dotfiles",
    "clean-urls",
    "coi",
    "app-first",
    "watch",
    "dev",
    "open",
  ] as const,
  ...["help", "version"] as const,
] as const;

/** The names of all options that have more than one letter. */
export const OPTIONS: readonly string[] = [...VALUES, ...BOUNDS.map(({ flag }) => flag), ...SWITCHES];

/** The lines of the help that tell of bounds. */
function describeBounds(bounds: readonly Bound[], unit: string): string {
  const width = Math.max("upload-limit".length, ...bounds.map(({ flag }) => flag.length));
  const describe = (bound: Bound) =>
    `${bound.flag} ${unit} `.padEnd(width + 3) + `${bound.text} (${defaultText(bound)})`;
  return bounds.map((bound) => `      --${describe(bound)}`).join("\n");
}

const SECONDS = { grace: DEFAULT_OPTIONS.graceMs / 1000, watchdog: DEFAULT_OPTIONS.watchdogMs / 1000 };

/** The text of `--help`. */
export const HELP = `Serves files over HTTP/1.1.

Usage: sockeye [options] [PATH]           serve a folder, or one file
       sockeye explain TARGET [options]   tell how a request for TARGET would be answered, and why
       sockeye hash NAME                  make a line for --auth of a password from standard input

Server
  -p, --port N         port; 0 picks a free one (${DEFAULT_OPTIONS.port})
  -h, --host H         address to listen on; 0.0.0.0 for all (localhost)
  -w, --workers N      number of workers (the processors this process may use)
  -l, --log FILE       append the log to FILE, which needs --allow-write (the terminal)
  -v, -d               log every answer, level INFO; log everything, level DEBUG (ERROR)
      --grace S        seconds that answers under way have after a signal to stop (${SECONDS.grace})
      --watchdog S     seconds until a worker that stands still ends the server, 0: never (${SECONDS.watchdog})

Files
  -r, --root PATH      document root, also as the argument PATH (.)
      --base PREFIX    path under which the site is reached (/)
      --index NAME     what a folder stands for; several times for several (index.html)
      --list           list folders that have no such file
      --archive        list them, and offer each as a zip
      --upload         PUT, DELETE, and forms in listed folders; needs --allow-write for the root
${describeBounds([UPLOAD_BOUND], "N")}
      --dotfiles       serve names with a leading dot
      --symlinks WHICH follow all, those that stay inside the root, or none: follow, inside, deny (inside)
      --mime EXT=TYPE  media type of files with an extension
      --charset NAME   charset of all text, or none (utf-8, for plain text, Markdown and CSV)
      --no-compress    send files as they are: no .br .zst .gz neighbours, no compression
${describeBounds(CACHE_BOUNDS, "N")}

Pages
      --spa[=FILE]     FILE (index.html) stands in for pages that do not exist
      --clean-urls     /about stands for about.html

Fields
      --header LINE    'Name: value' for every answer of the site; rules of the site come before it
      --cache RULES    Cache-Control by path: '*.css=max-age=3600; /img/*=no-store'
      --cors[=ORIGINS] let pages of these origins, with commas between, read answers (all)
      --coi            isolate pages from other origins, for shared memory and precise timers
  Files _headers and _redirects in the root set fields, redirect and rewrite.

Users
      --auth FILE      ask for a name and a password; lines name:hash as 'sockeye hash NAME' prints them
      --auth-for WHICH all requests, or those that write: all, write (all)

Applications
      --app FILE       module with a Fetch handler as its default export; it answers all, or what no file does
      --app-first      the application is asked first, and files answer what it does not find
      --watch          replace the workers one after the other when the application changes

Time-outs, in seconds
${describeBounds(TIMEOUT_BOUNDS, "S")}

Limits; of an IPv6 address the first 64 bits count
${describeBounds(LIMIT_BOUNDS, "N")}

At a desk
      --dev            reload pages when a file changes; list; keep nothing in caches; listen on all addresses
      --open           open the browser, which needs --allow-run

      --field LINE     for explain: 'Name: value' of the request
      --help           show this text
      --version        show the version`;

/**
 * Parses the arguments.
 *
 * @param args The arguments behind the program's name.
 * @returns What they ask for; where an option is given twice the last one holds, unless several make sense.
 * @throws {UsageError} For an unknown option, a missing or bad value, or more than one root.
 */
export function parseCommand(args: readonly string[]): Command {
  const flags = parseFlags(args);
  if (flags.help) return { kind: "help" };
  if (flags.version) return { kind: "version" };
  const positional = flags._.map(String);
  if (positional[0] === "explain" && positional.length > 1) {
    const [, target = "", ...rest] = positional;
    const options = { ...parseOptions(flags), ...selectRoot(flags.root, rest) };
    return { kind: "explain", options, request: { target, fieldLines: flags.field } };
  }
  if (flags.field.length > 0) throw usage("--field is for explain");
  if (positional[0] === "hash" && positional.length === 2) return { kind: "hash", name: positional[1] ?? "" };
  if (flags["auth-for"] !== undefined && flags.auth === undefined) throw usage("--auth-for needs --auth");
  if (flags[UPLOAD_BOUND.flag] !== undefined && !flags.upload) throw usage("--upload-limit needs --upload");
  if (flags["burst"] !== undefined && flags["rate"] === undefined) throw usage("--burst needs --rate");
  if (flags.app === undefined && (flags["app-first"] || flags.watch)) throw usage("--app-first and --watch need --app");
  return { kind: "serve", options: { ...parseOptions(flags), ...selectRoot(flags.root, positional) } };
}

type Flags = ReturnType<typeof parseFlags>;

function parseFlags(args: readonly string[]) {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const whole = args.map((arg, at) =>
    at < end && Object.hasOwn(OPTIONAL_VALUES, arg) ? `${arg}=${OPTIONAL_VALUES[arg]}` : arg
  );
  const valued = args.slice(0, end).find((arg) => SWITCHES.some((name) => arg.startsWith(`--${name}=`)));
  if (valued !== undefined) throw usage(`${valued.slice(0, valued.indexOf("="))} takes no value`);
  return parseArgs(whole, {
    string: ["_", ...VALUES, ...BOUNDS.map(({ flag }) => flag)],
    boolean: ["v", "d", ...SWITCHES],
    collect: ["index", "mime", "header", "field"],
    alias: { port: "p", host: "h", root: "r", workers: "w", log: "l" },
    unknown: (argument) => {
      if (argument.startsWith("-") && argument !== "-") throw usage(`Unknown option ${argument}`);
    },
  });
}

function parseOptions(flags: Flags): ServeOptions {
  const options: { -readonly [Key in keyof ServeOptions]?: ServeOptions[Key] } = {};
  if (flags.port !== undefined) options.port = parseNumber("port", flags.port, 0, 65_535);
  if (flags.host !== undefined) options.hostname = checkPresent("host", flags.host);
  if (flags.workers !== undefined) options.workers = parseNumber("workers", flags.workers, 1, MAXIMUM_WORKERS);
  if (flags.log !== undefined) options.logFile = checkPresent("log", flags.log);
  if (flags.grace !== undefined) options.graceMs = 1000 * parseNumber("grace", flags.grace, 0, 86_400);
  if (flags.watchdog !== undefined) options.watchdogMs = 1000 * parseWatchdog(flags.watchdog);
  if (flags.open) options.open = true;
  if (flags.app !== undefined) options.app = checkPresent("app", flags.app);
  if (flags.auth !== undefined) options.auth = checkPresent("auth", flags.auth);
  if (flags["auth-for"] !== undefined) options.authFor = parseAuthScope(flags["auth-for"]);
  if (flags["app-first"]) options.appFirst = true;
  if (flags.watch) options.watch = true;
  if (flags.v || flags.d) options.logLevel = (flags.d ? "debug" : "info") satisfies LogLevel;
  return { ...options, ...parseBounds(flags), ...parseSite(flags) };
}

function parseBounds(flags: Flags): ServeOptions {
  let options: ServeOptions = {};
  for (const bound of BOUNDS) {
    const { flag, least, most } = bound;
    const value = flags[flag];
    if (typeof value === "string") options = withBound(options, bound, parseNumber(flag, value, least, most));
  }
  return options;
}

/** What has a syntax of its own is parsed by `site_options.ts`. */
function parseSite(flags: Flags): ServeOptions {
  const options: { -readonly [Key in keyof ServeOptions]?: ServeOptions[Key] } = {};
  if (flags.base !== undefined) options.base = checkPresent("base", flags.base);
  if (flags.index.length > 0) options.index = flags.index;
  if (flags.list) options.list = true;
  if (flags.archive) options.archive = true;
  if (flags.upload) options.upload = true;
  if (flags.dotfiles) options.dotfiles = true;
  if (flags.symlinks !== undefined) options.symlinks = parseSymlinkPolicy(flags.symlinks);
  if (flags.mime.length > 0) options.mime = flags.mime;
  if (flags.charset !== undefined) options.charset = parseCharset(flags.charset);
  if (flags["no-compress"]) options.compress = false;
  if (flags.spa !== undefined) options.spa = checkPresent("spa", flags.spa);
  if (flags["clean-urls"]) options.cleanUrls = true;
  if (flags.header.length > 0) options.headers = flags.header;
  if (flags.cache !== undefined) options.cacheRules = checkPresent("cache", flags.cache);
  if (flags.cors !== undefined) options.cors = flags.cors;
  if (flags.coi) options.coi = true;
  if (flags.dev) options.dev = true;
  return options;
}

function selectRoot(flag: string | undefined, positional: readonly string[]): { readonly root?: string } {
  const roots = flag === undefined ? positional : [flag, ...positional];
  for (const root of roots) checkPresent("root", root);
  if (roots.length > 1) throw usage(`One root can be served, and these are several: ${roots.join(", ")}`);
  return roots[0] === undefined ? {} : { root: roots[0] };
}

function checkPresent(name: string, value: string): string {
  if (value === "") throw usage(`--${name} needs a value`);
  return value;
}

function parseSymlinkPolicy(value: string): SymlinkPolicy {
  const policy = SYMLINK_POLICIES.find((name) => name === value);
  if (policy === undefined) throw usage(`--symlinks is ${SYMLINK_POLICIES.join(", ")}, not ${JSON.stringify(value)}`);
  return policy;
}

function parseAuthScope(value: string): "all" | "write" {
  if (value === "all" || value === "write") return value;
  throw usage(`--auth-for is all or write, not ${JSON.stringify(value)}`);
}

/** Less than a few heartbeats would be chance. */
function parseWatchdog(value: string): number {
  return value === "0" ? 0 : parseNumber("watchdog", value, LEAST_WATCHDOG_SECONDS, 86_400);
}

function parseCharset(value: string): string {
  return checkPresent("charset", value) === "none" ? "" : value;
}

function parseNumber(name: string, value: string, least: number, most: number): number {
  const number = Number(checkPresent(name, value));
  if (/^[0-9]+$/.test(value) && number >= least && number <= most) return number;
  throw usage(`--${name} is a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
}

function usage(message: string): UsageError {
  return new UsageError(`${message} (--help lists the options)`);
}
