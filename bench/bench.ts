/**
 * Measures the server on this machine, side by side with nginx where that is installed.
 *
 * Each workload is one file asked for again and again over keep-alive connections by `wrk`; the servers take turns, so
 * that drift of the machine hits all alike. The figure to trust is the processor time per request of the server's
 * processes: the load generator shares the processors, so requests per second and latency depend on it too.
 *
 * Needs Linux and `wrk`. Everything is made in a temporary folder and removed at the end; all load stays on 127.0.0.1.
 *
 * ```sh
 * deno task bench --secs 3 --rounds 2 --idle 4000 --json figures.json
 * ```
 *
 * Permissions, and what each is for:
 *
 * - `--allow-run`: the servers, the load, and `cat`, which reads `/proc`
 * - `--allow-net=127.0.0.1`: idle connections and the check that a server answers
 * - `--allow-write=/tmp,.`: the temporary folder, and the file given with `--json`
 *
 * The exit status is 0, or 1 where something is missing or a server answered with errors, or 2 for wrong options.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };
import { idleCost } from "./client.ts";
import { cpuMicros, machine, memory, openFileLimit, procAvailable, processTree } from "./proc.ts";
import { type Figures, type Footprint, problems, render, type Round, type Row } from "./report.ts";
import {
  freePort,
  type Launch,
  makeRoot,
  nginx,
  Server,
  sockeye,
  WORKERS,
  type Workload,
  WORKLOADS,
} from "./servers.ts";
import { runLoad } from "./wrk.ts";

/** What the command line asks for. */
interface Options {
  /** Length of a round in seconds. */
  secs: number;
  /** Rounds of each workload. */
  rounds: number;
  /** Idle connections to hold; 0 leaves them out. */
  idle: number;
  /** File for the figures; empty for none. */
  json: string;
}

/** A reason to stop that needs no stack trace. */
class Failure extends Error {
  /** Exit status. */
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

const USAGE = `usage: deno task bench [--secs N] [--rounds N] [--idle N] [--json FILE]

  --secs N     seconds per round, 1 to 60 (3)
  --rounds N   rounds of each workload; the best counts, 1 to 20 (2)
  --idle N     idle keep-alive connections to hold, 0 to 20000 (4000)
  --json FILE  also write the figures to FILE`;

/** Open files the benchmark needs besides the idle connections. */
const SPARE_FILES = 200;

/** Where nginx may be: Debian keeps it outside the search path of ordinary users. */
const NGINX = ["nginx", "/usr/sbin/nginx"];

/** Reads the command line; `undefined` where only help is asked for. */
function readOptions(args: string[]): Options | undefined {
  const flags = parseArgs(args, {
    string: ["secs", "rounds", "idle", "json"],
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (arg: string) => {
      throw new Failure(`unknown argument ${arg}\n${USAGE}`, 2);
    },
  });
  if (flags.help) return undefined;
  const whole = (name: "secs" | "rounds" | "idle", fallback: number, min: number, max: number): number => {
    const value = flags[name] === undefined ? fallback : Number(flags[name] || NaN);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Failure(`--${name} must be a whole number from ${min} to ${max}\n${USAGE}`, 2);
  };
  if (flags.json === "") throw new Failure(`--json needs the name of a file\n${USAGE}`, 2);
  return {
    secs: whole("secs", 3, 1, 60),
    rounds: whole("rounds", 2, 1, 20),
    idle: whole("idle", 4000, 0, 20_000),
    json: flags.json ?? "",
  };
}

/** Version a program tells about itself; `undefined` where it is not there or may not be run. */
async function versionOf(command: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "run", command });
  if (state !== "granted") return undefined;
  try {
    const { stdout, stderr } = await new Deno.Command(command, { args: ["-v"], stdin: "null" }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Checks that the benchmark can run here, and how many idle connections it may hold. */
async function requirements(options: Options): Promise<{ wrk: string; idle: number }> {
  const wrk = await versionOf("wrk");
  if (!wrk) throw new Failure("wrk was not found: install it (on Debian and Ubuntu: apt install wrk) and try again");
  if (!await procAvailable()) throw new Failure("the benchmark reads /proc and so runs on Linux only");
  const most = Math.max(0, await openFileLimit() - SPARE_FILES);
  if (options.idle > most) console.error(`# ${most} idle connections instead of ${options.idle}: limit of open files`);
  return { wrk, idle: Math.min(options.idle, most) };
}

/** How to start nginx and its version; `undefined` where it is not installed. */
async function findNginx(
  folder: string,
  root: string,
  idle: number,
): Promise<{ launch: Launch; version: string } | undefined> {
  for (const command of NGINX) {
    const version = await versionOf(command);
    if (version) return { launch: await nginx(command, folder, root, freePort(), idle + SPARE_FILES), version };
  }
  console.error("# nginx was not found: measuring without it");
  return undefined;
}

/** Loads one server with one workload. */
async function measure(server: Server, workload: Workload, secs: number, signal: AbortSignal): Promise<Round> {
  const pids = await processTree(server.pid);
  const url = `http://127.0.0.1:${server.port}${workload.path}`;
  const before = await cpuMicros(pids);
  const load = await runLoad({ url, connections: workload.connections, secs, signal });
  const used = await cpuMicros(pids) - before;
  if (!server.running) throw new Failure(`${server.name} ended while it was measured with ${workload.name}`);
  return { ...load, cpuMicros: used / load.requests };
}

/** Runs all rounds of a workload, the servers taking turns. */
async function measureAll(
  servers: Server[],
  workload: Workload,
  options: Options,
  signal: AbortSignal,
): Promise<Row[]> {
  const rounds = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [server, results] of rounds) {
      console.error(`# ${workload.name}, round ${round} of ${options.rounds}: ${server.name}`);
      results.push(await measure(server, workload, options.secs, signal));
    }
  }
  return [...rounds].map(([server, results]) => ({
    workload: workload.name,
    server: server.name,
    connections: workload.connections,
    best: results.reduce((best, round) => round.requests > 0 && !(round.cpuMicros >= best.cpuMicros) ? round : best),
    rounds: results,
  }));
}

/** Measures the servers that are running with all workloads, then what their memory grew to. */
async function measureServers(
  servers: Server[],
  options: Options,
  signal: AbortSignal,
): Promise<{ rows: Row[]; footprints: Footprint[] }> {
  const read = async (server: Server) => await memory(await processTree(server.pid));
  const atStart = await Promise.all(servers.map(read));
  const rows: Row[] = [];
  for (const workload of WORKLOADS) rows.push(...await measureAll(servers, workload, options, signal));
  const afterLoad = await Promise.all(servers.map(read));
  const footprints: Footprint[] = [];
  for (const [index, server] of servers.entries()) {
    const [first, last] = [atStart[index], afterLoad[index]];
    if (!first || !last) continue;
    const footprint: Footprint = { server: server.name, atStart: first, afterLoad: last };
    if (options.idle > 0) {
      console.error(`# ${options.idle} idle connections: ${server.name}`);
      footprint.idle = await idleCost(server, "/hello.txt", options.idle, signal);
    }
    footprints.push(footprint);
  }
  return { rows, footprints };
}

/** Starts nginx; `undefined` where that fails, which is no reason to stop. */
async function startPeer(launch: Launch): Promise<Server | undefined> {
  try {
    return await Server.start(launch);
  } catch (error) {
    console.error(`# measuring without ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Makes the files, starts the servers, measures them and stops them. */
async function benchmark(options: Options, signal: AbortSignal): Promise<Figures> {
  const date = new Date().toISOString();
  const { wrk, idle } = await requirements(options);
  const folder = await Deno.makeTempDir({ prefix: "sockeye-bench-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const root = await makeRoot(folder);
  const versions: Record<string, string> = { sockeye: config.version, deno: Deno.version.deno, wrk };
  const servers = [cleanup.use(await Server.start(sockeye(root, freePort())))];
  const found = await findNginx(folder, root, idle);
  const peer = found && await startPeer(found.launch);
  if (found && peer) {
    versions.nginx = found.version;
    servers.push(cleanup.use(peer));
  }
  const { secs, rounds } = options;
  const measured = await measureServers(servers, { ...options, idle }, signal);
  return { date, machine: await machine(), versions, options: { secs, rounds, idle, workers: WORKERS }, ...measured };
}

/** Runs the benchmark and prints its figures. */
async function main(): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  try {
    const options = readOptions(Deno.args);
    if (!options) {
      console.log(USAGE);
      return 0;
    }
    const figures = await benchmark(options, stop.signal);
    console.log(render(figures));
    if (options.json) await Deno.writeTextFile(options.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    return problems(figures).length > 0 ? 1 : 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return error instanceof Failure ? error.status : 1;
  }
}

if (import.meta.main) Deno.exit(await main());
