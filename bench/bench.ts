/**
 * Measures the server on this machine, side by side with nginx where that is installed.
 *
 * Each workload is one request asked again and again by `wrk`; the servers take turns, so that drift of the machine
 * hits all alike. The figure to trust is the processor time per request of the server's processes: the load generator
 * shares the processors, so requests per second and latency depend on it too.
 *
 * Needs Linux and `wrk`. Everything is made in a temporary folder and removed at the end; all load stays on 127.0.0.1.
 *
 * ```sh
 * deno task bench                                    # everything: about two minutes
 * deno task bench --rows "304,4 KB" --seconds 5
 * deno task bench --json figures.json && deno task bench:chart figures.json > figures.svg
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
import { cpuMicros, machine, type Memory, memory, openFileLimit, procAvailable, processTree } from "./proc.ts";
import { type Figures, type Footprint, problems, render, type Round, type Row } from "./report.ts";
import { type Launch, nginx, Server, type Setting, sockeye, WORKERS } from "./servers.ts";
import { makeRoot, type Workload, WORKLOADS } from "./workloads.ts";
import { runLoad } from "./wrk.ts";

/** What the command line asks for. */
interface Options {
  /** Length of a round in seconds. */
  seconds: number;
  /** Rounds of each workload. */
  rounds: number;
  /** Idle connections to hold; 0 leaves them out. */
  idle: number;
  /** What is measured. */
  workloads: readonly Workload[];
  /** File for the figures; empty for none. */
  json: string;
}

/** What all measurements of a run share. */
interface Run {
  /** What the command line asks for. */
  readonly options: Options;
  /** The temporary folder. */
  readonly folder: string;
  /** Starts the servers that there are, with or without access logs. */
  readonly startServers: (isLogged: boolean) => Promise<AsyncDisposableStack & { servers: Server[] }>;
  /** Ends the run early. */
  readonly signal: AbortSignal;
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

const USAGE = `usage: deno task bench [--rows TEXT,..] [--seconds N] [--rounds N] [--idle N] [--json FILE]

  --rows TEXT,..  only the workloads whose names contain one of the texts
  --seconds N     seconds per round, 1 to 60 (2)
  --rounds N      rounds of each workload; the best counts, 1 to 20 (2)
  --idle N        idle keep-alive connections to hold, 0 to 20000 (4000, or 0 with --rows)
  --json FILE     also write the figures to FILE`;

/** Open files the benchmark needs besides the idle connections. */
const SPARE_FILES = 200;

/** Where nginx may be: Debian keeps it outside the search path of ordinary users. */
const NGINX = ["nginx", "/usr/sbin/nginx"];

/** Reads the command line; `undefined` where only help is asked for. */
function readOptions(args: string[]): Options | undefined {
  const flags = parseArgs(args, {
    string: ["rows", "seconds", "rounds", "idle", "json"],
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (arg: string) => {
      throw new Failure(`unknown argument ${arg}\n${USAGE}`, 2);
    },
  });
  if (flags.help) return undefined;
  const whole = (name: "seconds" | "rounds" | "idle", fallback: number, min: number, max: number): number => {
    const value = flags[name] === undefined ? fallback : Number(flags[name] || NaN);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Failure(`--${name} must be a whole number from ${min} to ${max}\n${USAGE}`, 2);
  };
  if (flags.json === "") throw new Failure(`--json needs the name of a file\n${USAGE}`, 2);
  return {
    seconds: whole("seconds", 2, 1, 60),
    rounds: whole("rounds", 2, 1, 20),
    idle: whole("idle", flags.rows === undefined ? 4000 : 0, 0, 20_000),
    workloads: selectWorkloads(flags.rows),
    json: flags.json ?? "",
  };
}

/** The workloads that `--rows` names. */
function selectWorkloads(rows: string | undefined): readonly Workload[] {
  if (rows === undefined) return WORKLOADS;
  const texts = rows.split(",").map((text) => text.trim().toLowerCase()).filter((text) => text !== "");
  const selected = WORKLOADS.filter(({ name }) => texts.some((text) => name.toLowerCase().includes(text)));
  if (selected.length > 0) return selected;
  throw new Failure(`--rows ${rows} names none of: ${WORKLOADS.map(({ name }) => name).join("; ")}`, 2);
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

/** The command of nginx and its version; `undefined` where it is not installed. */
async function findNginx(): Promise<{ command: string; version: string } | undefined> {
  for (const command of NGINX) {
    const version = await versionOf(command);
    if (version) return { command, version };
  }
  console.error("# nginx was not found: measuring without it");
  return undefined;
}

/** Loads one server with one workload. */
async function measure(server: Server, workload: Workload, { options, folder, signal }: Run): Promise<Round> {
  const { port } = server;
  const pids = await processTree(server.pid);
  const fields = await server.selectFields(workload);
  const before = await cpuMicros(pids);
  const load = await runLoad({ workload, port, fields, folder, seconds: options.seconds, signal });
  const used = await cpuMicros(pids) - before;
  if (!server.running) throw new Failure(`${server.name} ended while it was measured with ${workload.name}`);
  return { ...load, cpuMicros: used / load.requests };
}

/** Runs all rounds of a workload, the servers taking turns. */
async function measureAll(servers: Server[], workload: Workload, run: Run): Promise<Row[]> {
  const rounds = new Map<Server, Round[]>(servers.map((server) => [server, []]));
  for (let round = 1; round <= run.options.rounds; round++) {
    for (const [server, results] of rounds) {
      console.error(`# ${workload.name}, round ${round} of ${run.options.rounds}: ${server.name}`);
      results.push(await measure(server, workload, run));
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

/** Measures everything: memory and the workloads without a log, then those with one. */
async function measureServers(run: Run): Promise<{ rows: Row[]; footprints: Footprint[] }> {
  const { workloads } = run.options;
  const rows: Row[] = [];
  const footprints: Footprint[] = [];
  for (const isLogged of [false, true]) {
    const selected = workloads.filter((workload) => isLogged === (workload.isLogged ?? false));
    if (selected.length === 0) continue;
    await using started = await run.startServers(isLogged);
    const { servers } = started;
    const before = isLogged ? [] : await measureMemory(servers, run);
    for (const workload of selected) rows.push(...await measureAll(servers, workload, run));
    for (const [index, footprint] of before.entries()) {
      footprints.push({ ...footprint, afterLoad: await memoryOf(servers[index]) });
    }
  }
  return { rows, footprints };
}

async function memoryOf(server: Server | undefined): Promise<Memory> {
  return server === undefined ? { rss: NaN, pss: NaN } : await memory(await processTree(server.pid));
}

/** What the servers need, and what idle connections add, as long as no load has left memory behind for them. */
async function measureMemory(
  servers: Server[],
  { options, signal }: Run,
): Promise<Omit<Footprint, "afterLoad">[]> {
  const footprints: Omit<Footprint, "afterLoad">[] = [];
  for (const server of servers) {
    const footprint: Omit<Footprint, "afterLoad"> = { server: server.name, atStart: await memoryOf(server) };
    if (options.idle > 0) {
      console.error(`# ${options.idle} idle connections: ${server.name}`);
      footprint.idle = await idleCost(server, "/hello.txt", options.idle, signal);
    }
    footprints.push(footprint);
  }
  return footprints;
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

/** Starts the servers; disposing of the result ends them. */
async function startServers(
  setting: Setting,
  peer: string | undefined,
): Promise<Awaited<ReturnType<Run["startServers"]>>> {
  await using stack = new AsyncDisposableStack();
  const servers = [stack.use(await Server.start(sockeye(setting)))];
  const started = peer && await startPeer(await nginx(peer, setting));
  if (started) servers.push(stack.use(started));
  return Object.assign(stack.move(), { servers });
}

/** Makes the files, starts the servers, measures them and stops them. */
async function benchmark(wanted: Options, signal: AbortSignal): Promise<Figures> {
  const date = new Date().toISOString();
  const { wrk, idle } = await requirements(wanted);
  const options = { ...wanted, idle };
  const found = await findNginx();
  const folder = await Deno.makeTempDir({ prefix: "sockeye-bench-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const setting = { folder, root: makeRoot(folder), connections: idle + SPARE_FILES };
  const measured = await measureServers({
    options,
    folder,
    signal,
    startServers: (isLogged) => startServers({ ...setting, isLogged }, found?.command),
  });
  const isCompared = measured.rows.some(({ server }) => server === "nginx");
  const versions = { sockeye: config.version, deno: Deno.version.deno, wrk };
  const { seconds, rounds } = options;
  return {
    date,
    machine: await machine(),
    versions: found && isCompared ? { ...versions, nginx: found.version } : versions,
    options: { seconds, rounds, idle, workers: WORKERS },
    ...measured,
  };
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
