/**
 * Checks the observable HTTP behaviour of a static file server, row by row, over raw sockets.
 *
 * ```sh
 * deno task conformance                             # this project's server on a root of its own
 * deno task conformance --make-root /tmp/files      # writes the files for another server
 * deno task conformance --port 9101 --root /tmp/files
 * ```
 *
 * Exit codes: 0 no row failed, 1 one did or the server does not come up, 2 the command line cannot be understood.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { basename, resolve } from "@std/path";
import type { Context, Outcome } from "./context.ts";
import { runRow } from "./engine.ts";
import { Facts } from "./facts.ts";
import { makeRoot, outsideOf } from "./fixtures.ts";
import type { Result } from "./report.ts";
import { renderFailure, renderJson, renderTable } from "./report.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows.ts";

const USAGE = `usage: deno task conformance [options]

  --port N           test what listens there, instead of starting this project's server
  --host H           its address (127.0.0.1)
  --root DIR         where its files are, for the rows that change them
  --cache N          start this project's server with --cache-size N
  --make-root DIR    write the files to DIR and to DIR-outside beside it, and stop
  --filter TEXT      only rows with TEXT in group, name or section
  --slow             also the rows that wait for time-outs
  --slow-limit S     how long those wait (170)
  --patience MS      how long every other wait may last (3000)
  --json FILE        also write everything to FILE
  --quiet            do not describe the failures`;

/** After so many rows in a row without a sign of life the others are left out. */
const PATIENT_ROWS = 20;
const GIVEN_UP: Outcome = {
  verdict: "skipped",
  reasons: ["the server no longer answers"],
  sent: "",
  expected: undefined,
  received: "",
  durationMs: 0,
};

/** A reason to stop that needs no stack trace. */
class Failure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

type Options = ReturnType<typeof readOptions>;

function readOptions(args: readonly string[]) {
  const flags = parseArgs([...args], {
    string: ["port", "host", "root", "make-root", "filter", "slow-limit", "patience", "json", "cache"],
    boolean: ["slow", "quiet", "help"],
    unknown: (argument) => {
      throw new Failure(`unknown argument ${argument}\n${USAGE}`, 2);
    },
  });
  const number = (name: "port" | "slow-limit" | "patience", fallback: number): number => {
    const value = flags[name] === undefined ? fallback : Number(flags[name] || NaN);
    if (Number.isInteger(value) && value >= 0) return value;
    throw new Failure(`--${name} needs a whole number\n${USAGE}`, 2);
  };
  return {
    help: flags.help,
    port: flags.port === undefined ? undefined : number("port", 0),
    host: flags.host ?? "127.0.0.1",
    root: flags.root === undefined ? undefined : resolve(flags.root),
    serverArgs: flags.cache === undefined ? [] : ["--cache-size", flags.cache],
    makeRoot: flags["make-root"],
    filter: flags.filter?.toLowerCase() ?? "",
    slowMs: flags.slow ? 1000 * number("slow-limit", 170) : undefined,
    patienceMs: number("patience", 3000),
    json: flags.json,
    quiet: flags.quiet,
  };
}

/** This project's server on a root of its own; disposing ends it and removes the root. */
async function startServer(serverArgs: readonly string[]): Promise<{ port: number; root: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "conformance-" });
  const root = `${folder}/www`;
  await makeRoot(root);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-net", "--allow-read", "main.ts", "-h", "127.0.0.1", "-p", "0", "-r", root],
      ...serverArgs,
    ],
    cwd: new URL("../..", import.meta.url),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stop = async () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const port = Number(/http:\/\/[^ ]+:(\d+)/.exec(text)?.[1]);
    if (port > 0) return { port, root, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Failure("the server did not come up");
}

function selectRows(filter: string): Row[] {
  const rows = ROWS.filter(({ id, section }) => `${id} ${section}`.toLowerCase().includes(filter));
  if (rows.length === 0) throw new Failure(`no row has ${JSON.stringify(filter)} in it`, 2);
  return rows;
}

/** The slow rows wait side by side, after the others. */
async function runRows(rows: readonly Row[], context: Context): Promise<Result[]> {
  const isSlow = (row: Row) => row.needs?.includes("slow") ?? false;
  const results: Result[] = [];
  let silent = 0;
  for (const row of rows.filter((row) => !isSlow(row))) {
    const outcome = silent < PATIENT_ROWS ? await runRow(row, context) : GIVEN_UP;
    if (silent < PATIENT_ROWS) silent = outcome.isTimeout ? silent + 1 : 0;
    results.push({ row, outcome });
  }
  const slow = rows.filter(isSlow).map(async (row) => ({ row, outcome: await runRow(row, context) }));
  return [...results, ...await Promise.all(slow)];
}

async function check(options: Options, hostname: string, port: number, root: string | undefined): Promise<number> {
  const outside = basename(outsideOf(root ?? "/www"));
  const server = { hostname, port, patienceMs: options.patienceMs, outside };
  await Deno.connect({ hostname, port }).then((conn) => conn.close(), () => {
    throw new Failure(`nothing listens on ${hostname}:${port}`);
  });
  const context = { server, facts: new Facts(server), root, slowMs: options.slowMs };
  const results = await runRows(selectRows(options.filter), context);
  const failures = results.filter(({ outcome }) => outcome.verdict === "failed");
  if (!options.quiet) { for (const result of failures) console.log(`${renderFailure(result)}\n`); }
  console.log(renderTable(results));
  if (options.json !== undefined) await Deno.writeTextFile(options.json, renderJson(`${hostname}:${port}`, results));
  return failures.length > 0 ? 1 : 0;
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options.makeRoot !== undefined) {
    await makeRoot(resolve(options.makeRoot));
    return 0;
  }
  selectRows(options.filter);
  if (options.port !== undefined) return await check(options, options.host, options.port, options.root);
  await using server = await startServer(options.serverArgs);
  return await check(options, "127.0.0.1", server.port, server.root);
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    Deno.exit(error.status);
  }
}
