/** The command line as a table: arguments → what they ask for, or a usage error. */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { HELP, OPTIONS, parseCommand } from "../src/cli.ts";
import type { Command } from "../src/cli.ts";
import { BOUNDS, checkBounds } from "../src/bounds.ts";
import { UsageError } from "../src/errors.ts";

/** The options of a command that serves. */
type Options = Extract<Command, { kind: "serve" }>["options"];

const SERVES: readonly [args: readonly string[], options: Partial<Options>][] = [
  [[], {}],
  [["-p", "8081"], { port: 8081 }],
  [["-p8081"], { port: 8081 }],
  [["--port", "8081"], { port: 8081 }],
  [["--port=8081"], { port: 8081 }],
  [["-p", "0"], { port: 0 }],
  [["-p", "65535"], { port: 65_535 }],
  [["-p", "080"], { port: 80 }],
  [["-h", "0.0.0.0"], { hostname: "0.0.0.0" }],
  [["-h", "::1"], { hostname: "::1" }],
  [["--host", "example.org"], { hostname: "example.org" }],
  [["-h", "127.1"], { hostname: "127.1" }],
  [["-r", "www"], { root: "www" }],
  [["--root", "www"], { root: "www" }],
  [["--root=a=b"], { root: "a=b" }],
  [["www"], { root: "www" }],
  [["/srv/www site"], { root: "/srv/www site" }],
  [["-p", "80", "www", "-v"], { port: 80, root: "www", logLevel: "info" }],
  [["-v", "www"], { root: "www", logLevel: "info" }],
  [["--", "-www"], { root: "-www" }],
  [["--", "--spa"], { root: "--spa" }],
  [["--", "--help"], { root: "--help" }],
  [["-r=-www"], { root: "-www" }],
  [["-w", "1"], { workers: 1 }],
  [["-w", "512"], { workers: 512 }],
  [["--workers", "4"], { workers: 4 }],
  [["-l", "a.log"], { logFile: "a.log" }],
  [["--log", "/var/log/a b.log"], { logFile: "/var/log/a b.log" }],
  [["-l", "007"], { logFile: "007" }],
  [["--cache", "*.css=max-age=60"], { cacheRules: "*.css=max-age=60" }],
  [["-v"], { logLevel: "info" }],
  [["-d"], { logLevel: "debug" }],
  [["-v", "-d"], { logLevel: "debug" }],
  [["-d", "-v"], { logLevel: "debug" }],
  [["-vd"], { logLevel: "debug" }],
  [["-vp", "81"], { logLevel: "info", port: 81 }],
  [["--grace", "0"], { graceMs: 0 }],
  [["--list"], { list: true }],
  [["--grace", "3"], { graceMs: 3_000 }],
  [["--watchdog", "0"], { watchdogMs: 0 }],
  [["--watchdog", "3"], { watchdogMs: 3_000 }],
  [["--no-compress"], { compress: false }],
  [["--no-compress", "-p", "80", "www"], { compress: false, port: 80, root: "www" }],
  [["www", "--no-compress"], { compress: false, root: "www" }],
  [["--no-compress", "--no-compress"], { compress: false }],
  [["--base", "/a"], { base: "/a" }],
  [["--index", "a.html", "--index", "b.html"], { index: ["a.html", "b.html"] }],
  [["--archive"], { archive: true }],
  [["--dotfiles"], { dotfiles: true }],
  [["--upload"], { upload: true }],
  [["--upload", "--upload-limit", "9", "--max-body=8"], {
    upload: true,
    limits: { bodyBytes: 8, uploadBytes: 9 },
  }],
  [["--auth", "users"], { auth: "users" }],
  [["--auth=users", "--auth-for", "write"], { auth: "users", authFor: "write" }],
  [["hash"], { root: "hash" }],
  [["--symlinks", "deny"], { symlinks: "deny" }],
  [["--mime", "a=text/plain", "--mime=b=text/css"], { mime: ["a=text/plain", "b=text/css"] }],
  [["--charset", "windows-1252"], { charset: "windows-1252" }],
  [["--charset", "none"], { charset: "" }],
  [["--clean-urls"], { cleanUrls: true }],
  [["--header", "A: b", "--header", "C: d"], { headers: ["A: b", "C: d"] }],
  [["--coi"], { coi: true }],
  [["--dev"], { dev: true }],
  [["--open"], { open: true }],
  [["--app", "a.ts"], { app: "a.ts" }],
  [["--app", "a.ts", "www", "--app-first"], { app: "a.ts", root: "www", appFirst: true }],
  [["--app=a.ts", "--watch"], { app: "a.ts", watch: true }],
  [["--rate", "5", "--burst", "9", "--max-per-address=3", "--head-timeout", "2"], {
    limits: { requestRate: 5, requestBurst: 9, connectionsPerAddress: 3 },
    timeouts: { headMs: 2_000 },
  }],
  [["--max-body", "9"], { limits: { bodyBytes: 9 } }],
  [["--handler-timeout", "9"], { timeouts: { handlerMs: 9_000 } }],
  // A value that may be left out stands behind an equals sign.
  [["--spa"], { spa: "index.html" }],
  [["--spa", "www"], { spa: "index.html", root: "www" }],
  [["--spa=app.html", "www"], { spa: "app.html", root: "www" }],
  [["--cors"], { cors: "" }],
  [["--cors", "www"], { cors: "", root: "www" }],
  [["--cors=https://a.example,https://b.example"], { cors: "https://a.example,https://b.example" }],
  // A folder may have the name of the command.
  [["explain"], { root: "explain" }],
  [["-r", "explain"], { root: "explain" }],
  // The last one holds.
  [["-p", "1", "-p", "2"], { port: 2 }],
  [["-r", "a", "--root", "b"], { root: "b" }],
  // Names of directories are text, whatever they look like.
  [["-r", "1.10"], { root: "1.10" }],
  [["1.10"], { root: "1.10" }],
  [["007"], { root: "007" }],
  [["0x10"], { root: "0x10" }],
  [["1e3"], { root: "1e3" }],
];

for (const [args, options] of SERVES) {
  Deno.test(`parseCommand ${JSON.stringify(args)} serves with ${JSON.stringify(options)}`, () => {
    assertEquals(parseCommand(args), { kind: "serve", options });
  });
}

const EXPLAINED: readonly [args: readonly string[], target: string, fieldLines: string[], options: Partial<Options>][] =
  [
    [["explain", "/"], "/", [], {}],
    [["explain", "/a?b", "www", "--spa"], "/a?b", [], { root: "www", spa: "index.html" }],
    [["-r", "www", "explain", "/a"], "/a", [], { root: "www" }],
    [["explain", "/a", "--field", "Accept: text/html", "--field=A:b"], "/a", ["Accept: text/html", "A:b"], {}],
  ];

for (const [args, target, fieldLines, options] of EXPLAINED) {
  Deno.test(`parseCommand ${JSON.stringify(args)} explains ${target}`, () => {
    const request = { target, fieldLines };
    assertEquals(parseCommand(args), { kind: "explain", options, request });
  });
}

Deno.test("parseCommand hash ann asks for a line of a user", () => {
  assertEquals(parseCommand(["hash", "ann"]), { kind: "hash", name: "ann" });
});

const OTHERS: readonly [args: readonly string[], kind: "help" | "version"][] = [
  [["--help"], "help"],
  [["-p", "81", "--help"], "help"],
  [["--help", "--version"], "help"],
  [["--version"], "version"],
  [["www", "--version"], "version"],
  // Somebody who asks for help gets it, whatever else is wrong.
  [["-p", "x", "--help"], "help"],
  [["a", "b", "--help"], "help"],
];

for (const [args, kind] of OTHERS) {
  Deno.test(`parseCommand ${JSON.stringify(args)} asks for ${kind}`, () => assertEquals(parseCommand(args), { kind }));
}

const ERRORS: readonly [args: readonly string[], message: string][] = [
  [["--cache", ""], "--cache needs a value"],
  [["--base"], "--base needs a value"],
  [["--spa="], "--spa needs a value"],
  [["--symlinks", "some"], "--symlinks is follow, inside, deny"],
  [["--charset", ""], "--charset needs a value"],
  [["--field", "A: b"], "--field is for explain"],
  [["--auth-for", "write"], "--auth-for needs --auth"],
  [["--auth", "a", "--auth-for", "read"], "--auth-for is all or write"],
  [["--upload-limit", "9"], "--upload-limit needs --upload"],
  [["--app"], "--app needs a value"],
  [["--dotfiles=no"], "--dotfiles takes no value"],
  [["--list=1"], "--list takes no value"],
  [["--no-compress=false"], "--no-compress takes no value"],
  [["--app-first"], "--app-first and --watch need --app"],
  [["--watch", "www"], "--app-first and --watch need --app"],
  [["--max-body", "1k"], "--max-body is a whole number"],
  [["--handler-timeout", "0"], "--handler-timeout is a whole number from 1 to 86400"],
  [["--head-timeout", "10s"], "--head-timeout is a whole number"],
  [["--max-connections", "0"], "--max-connections is a whole number from 1"],
  [["--max-head", "16k"], "--max-head is a whole number from 1024"],
  [["--rate"], "--rate needs a value"],
  [["--burst", "9"], "--burst needs --rate"],
  [["explain", "/a", "b", "c"], "b, c"],
  [["explain", "/a", "-r", "b", "c"], "b, c"],
  [["--nope"], "--nope"],
  [["--nope=1"], "--nope"],
  [["-x"], "-x"],
  [["-vx"], "-vx"],
  [["--no-v"], "--no-v"],
  [["--no-port"], "--no-port"],
  [["--compress"], "--compress"],
  [["--no-no-compress"], "--no-no-compress"],
  [["--nocompress"], "--nocompress"],
  [["--Port", "80"], "--Port"],
  [["--__proto__=1"], "--__proto__"],
  [["--constructor", "1"], "--constructor"],
  [["-p"], "--port needs a value"],
  [["--port="], "--port needs a value"],
  [["-p", ""], "--port needs a value"],
  [["-p", "-v"], "--port needs a value"],
  [["-h"], "--host needs a value"],
  [["-h", ""], "--host needs a value"],
  [["-r"], "--root needs a value"],
  [["-r", ""], "--root needs a value"],
  [["-w"], "--workers needs a value"],
  [["-l"], "--log needs a value"],
  [["-l", ""], "--log needs a value"],
  [["--grace"], "--grace needs a value"],
  [[""], "needs a value"],
  [["-p", "65536"], "--port is a whole number from 0 to 65535"],
  [["-p", "-1"], "-1"],
  [["-p", "80.0"], "--port is a whole number"],
  [["-p", "8e1"], "--port is a whole number"],
  [["-p", "0x50"], "--port is a whole number"],
  [["-p", " 80"], "--port is a whole number"],
  [["-p", "+80"], "--port is a whole number"],
  [["-p", "٨٠"], "--port is a whole number"],
  [["-p", "80\n"], "--port is a whole number"],
  [["-p", "99999999999999999999"], "--port is a whole number"],
  [["-p", "http"], "--port is a whole number"],
  [["-p", "Infinity"], "--port is a whole number"],
  [["-w", "0"], "--workers is a whole number from 1"],
  [["-w", "513"], "--workers is a whole number"],
  [["-w", "1.5"], "--workers is a whole number"],
  [["-w", "auto"], "--workers is a whole number"],
  [["--grace", "1.5"], "--grace is a whole number"],
  [["--grace", "-1"], "-1"],
  [["--grace", "forever"], "--grace is a whole number"],
  [["--watchdog", "2"], "--watchdog is a whole number from 3 to 86400"],
  [["--watchdog", "00"], "--watchdog is a whole number from 3 to 86400"],
  [["a", "b"], "a, b"],
  [["-r", "a", "b"], "a, b"],
  [["a", "--", "b"], "a, b"],
];

for (const [args, message] of ERRORS) {
  Deno.test(`parseCommand ${JSON.stringify(args)} is a usage error`, () => {
    const error = assertThrows(() => parseCommand(args));
    assertInstanceOf(error, UsageError);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.message, "--help");
  });
}

for (const { flag, field, scale, least, most } of BOUNDS) {
  Deno.test(`checkBounds takes ${field.of}.${field.key} from the least to the most of --${flag}`, () => {
    const check = (value: number) => checkBounds({ [field.of]: { [field.key]: value } });
    check(least * scale);
    check(most * scale);
    for (
      const bad of field.of === "timeouts" ? [0, -1, NaN] : [least * scale - 1, most * scale + 1, 0.5, NaN, Infinity]
    ) {
      assertStringIncludes(assertThrows(() => check(bad), UsageError).message, `${field.of}.${field.key}`);
    }
  });
}

Deno.test("checkBounds refuses a burst that takes too long to make up for", () => {
  checkBounds({ limits: { requestRate: 2, requestBurst: 2_000 } });
  assertThrows(() => checkBounds({ limits: { requestRate: 2, requestBurst: 2_001 } }), UsageError, "--burst");
});

Deno.test("HELP lists every option and the defaults, and fits a terminal", () => {
  const lines: readonly RegExp[] = [
    /^ +-p, --port N .*\b8080\b/m,
    /^ +-h, --host H .*\blocalhost\b/m,
    /^ +-r, --root PATH .*PATH.*\(\.\)/m,
    /^ +-w, --workers N .*processors/m,
    /^ +-l, --log FILE .*--allow-write/m,
    /^ +-v, -d .*INFO.*DEBUG.*ERROR/m,
    /^ +--grace S .*\b10\b/m,
    /^ +--watchdog S .*\b30\b/m,
  ];
  for (const line of lines) assertMatch(HELP, line);
  for (const line of HELP.split("\n")) assert(line.length <= 112, line);
  const named = new Set(Array.from(HELP.matchAll(/--([a-z-]+)/g), ([, name]) => name));
  for (const name of OPTIONS) assert(named.has(name), `--${name} is missing`);
});
