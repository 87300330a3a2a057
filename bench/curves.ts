/**
 * Measures how cost grows on this machine, as curves, side by side with nginx where that is installed: processor time
 * per request by connections, size and number of files, workers and header fields; memory of idle connections; the
 * first answer after the start; memory over time under load.
 *
 * Each curve changes one thing, and the servers take turns at every point. Needs Linux and `wrk`, and no rights of
 * root. Everything is made in a temporary folder (a million files and one of 1 GB among it) and removed at the end; all
 * load stays on 127.0.0.1.
 *
 * ```sh
 * deno task bench:curves --docs                                # everything: a quarter of an hour
 * deno task bench:curves --curves uptime --uptime 1800 --docs  # half an hour of load
 * deno task bench:curves --curves size,files --secs 1 --rounds 1 --files 1000
 * ```
 *
 * Permissions, and what each is for:
 *
 * - `--allow-run`: the servers, the load, `cat` and `stat`, which read `/proc` and the room on the disk, `rm` for the
 *   temporary folder, and `deno fmt` for the documentation
 * - `--allow-net=127.0.0.1`: idle connections and the check that a server answers
 * - `--allow-write=/tmp,.`: the temporary folder, the file given with `--json`, and the documentation
 * - `--allow-read=/tmp,.`: figures measured before, and the documentation
 *
 * The exit status is 0, or 1 where something is missing or a server answered with errors, or 2 for wrong options.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };
import { type Curve, curveProblems, mergeCurves } from "./curve.ts";
import { findRoom } from "./curve_files.ts";
import type { CurveRun } from "./curve_run.ts";
import { renderCurve } from "./curve_text.ts";
import { CURVES_FILE, readCurves, writeDocs } from "./docs.ts";
import { Failure, parseWhole, runCommand } from "./flags.ts";
import { LOAD_CURVES, measureLoadCurve } from "./load_curves.ts";
import { machine } from "./proc.ts";
import { checkMeans, findProgram } from "./programs.ts";
import { STATE_CURVES } from "./state_curves.ts";

/** What the command line asks for. */
interface Options extends Pick<CurveRun, "seconds" | "rounds" | "uptimeSeconds" | "files"> {
  /** Names of the curves. */
  readonly names: readonly string[];
  /** File for the figures; empty for none. */
  readonly json: string;
  /** Whether the documentation is written anew. */
  readonly isDocumented: boolean;
}

/** How each curve is measured, in the order of the document. */
const CURVES = new Map([
  ...LOAD_CURVES.map((name) => [name as string, (run: CurveRun) => measureLoadCurve(name, run)] as const),
  ...Object.entries(STATE_CURVES),
]);

const USAGE = `usage: deno task bench:curves [--curves NAME,..] [--secs N] [--rounds N] [--uptime N] [--files N]
                              [--json FILE] [--docs]

  --curves NAME,..  only these of: ${[...CURVES.keys()].join(", ")}
  --secs N          seconds per round, 1 to 60 (2)
  --rounds N        rounds of each point; the best counts, 1 to 20 (2)
  --uptime N        seconds of the curve over time, 12 to 86400 (120)
  --files N         most files to make, 1 to 1000000 (1000000)
  --json FILE       also write the figures to FILE; curves in it that are not measured now stay
  --docs            write the figures to ${CURVES_FILE}, and draw and write the documentation anew`;

/** Reads the command line; `undefined` where only help is asked for. */
function readOptions(args: string[]): Options | undefined {
  const flags = parseArgs(args, {
    string: ["curves", "secs", "rounds", "uptime", "files", "json"],
    boolean: ["help", "docs"],
    alias: { help: "h" },
    unknown: (arg: string) => {
      throw new Failure(`unknown argument ${arg}\n${USAGE}`, 2);
    },
  });
  if (flags.help) return undefined;
  if (flags.json === "") throw new Failure(`--json needs the name of a file\n${USAGE}`, 2);
  const names = flags.curves?.split(",").map((name) => name.trim()) ?? [...CURVES.keys()];
  const unknown = names.find((name) => !CURVES.has(name));
  if (unknown !== undefined) throw new Failure(`there is no curve ${unknown}\n${USAGE}`, 2);
  return {
    names,
    seconds: parseWhole("secs", flags.secs, { fallback: 2, min: 1, max: 60 }),
    rounds: parseWhole("rounds", flags.rounds, { fallback: 2, min: 1, max: 20 }),
    uptimeSeconds: parseWhole("uptime", flags.uptime, { fallback: 120, min: 12, max: 86_400 }),
    files: parseWhole("files", flags.files, { fallback: 1_000_000, min: 1, max: 1_000_000 }),
    json: flags.json ?? (flags.docs ? CURVES_FILE : ""),
    isDocumented: flags.docs,
  };
}

/** Measures one curve, in a folder of its own. */
async function measureCurve(
  name: string,
  run: Omit<CurveRun, "folder" | "room">,
): Promise<ReturnType<NonNullable<ReturnType<typeof CURVES.get>>>> {
  const measure = CURVES.get(name);
  if (measure === undefined) throw new Failure(`there is no curve ${name}`, 2);
  const folder = await Deno.makeTempDir({ prefix: "sockeye-curve-" });
  await using cleanup = new AsyncDisposableStack();
  // Deno removes a million files four times as slowly: `rm` takes them in the order in which they lie on the disk.
  cleanup.defer(async () => void await new Deno.Command("rm", { args: ["-rf", folder] }).output());
  // A server started by root may read with another user's rights.
  Deno.chmodSync(folder, 0o755);
  return await measure({ ...run, folder, room: await findRoom(folder) });
}

/** Measures the curves, handing each on as soon as it is there. */
async function* measureCurves(options: Options, signal: AbortSignal): AsyncGenerator<Curve> {
  const { wrk, connections } = await checkMeans();
  const peer = await findProgram("nginx");
  if (!peer) console.error("# nginx was not found: measuring without it");
  const { cpu, cores, kernel } = await machine();
  const programs = [
    ["sockeye", config.version],
    ["deno", Deno.version.deno],
    ["wrk", wrk],
    ...(peer ? [["nginx", peer.version]] : []),
  ].map((program) => program.join(" ")).join(", ");
  for (const name of options.names) {
    const date = new Date().toISOString();
    const run = { ...options, connections, signal, ...(peer ? { peer } : {}) };
    const measured = await measureCurve(name, run);
    yield { name, date, machine: `${cpu}, ${cores} cores, ${kernel}`, programs, ...measured };
  }
}

/** Measures the curves and prints them. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readOptions(Deno.args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const { json, isDocumented } = options;
  const problems: string[] = [];
  let curves = json === "" ? [] : await readCurves(json);
  for await (const curve of measureCurves(options, signal)) {
    console.log(`## ${curve.title}\n\n${renderCurve(curve)}\n`);
    problems.push(...curveProblems(curve));
    if (json === "") continue;
    curves = mergeCurves(curves, curve, [...CURVES.keys()]);
    await Deno.writeTextFile(json, `${JSON.stringify({ curves }, undefined, 2)}\n`);
  }
  if (isDocumented) await writeDocs();
  for (const problem of problems) console.error(`!!! ERRORS !!! ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await runCommand(main));
