/**
 * Measures the server on this machine, side by side with nginx and lighttpd where they are installed.
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
import { HELLO_WORLD, measureApp } from "./app_workloads.ts";
import { idleCost } from "./client.ts";
import { Failure, parseWhole, runCommand } from "./flags.ts";
import { cpuMicros, machine, type Memory, memory, processTree } from "./proc.ts";
import { checkMeans, findProgram, type Program, SPARE_FILES } from "./programs.ts";
import { type Figures, type Footprint, problems, render, type Round, type Row, type Start, SUBJECT } from "./report.ts";
import { type Launch, lighttpd, loop, nginx, Server, type Setting, sockeye, WORKERS } from "./servers.ts";
import { measureStarts } from "./start.ts";
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
  /** Whether the first answer after the start and an application are measured too. */
  isComplete: boolean;
  /** What is measured. */
  workloads: readonly Workload[];
  /** Whether a loop in Deno without HTTP is measured too. */
  hasLoop: boolean;
  /** File for the figures; empty for none. */
  json: string;
}

/** A server to compare with. */
interface Peer extends Program {
  readonly name: string;
  readonly launch: (command: string, setting: Setting) => Promise<Launch>;
  /** Whether it can answer a workload; absent where it is tried. */
  readonly isAble?: (workload: Workload) => boolean;
}

/** A server that is running. */
interface Contender {
  readonly server: Server;
  /** What it answers as it must. */
  readonly workloads: readonly Workload[];
}

/** What all measurements of a run share. */
interface Run {
  /** What the command line asks for. */
  readonly options: Options;
  /** The temporary folder. */
  readonly folder: string;
  /** Starts the servers that there are, with or without access logs. */
  readonly startServers: (
    isLogged: boolean,
    workloads: readonly Workload[],
  ) => Promise<AsyncDisposableStack & { contenders: Contender[] }>;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

const USAGE = `usage: deno task bench [--rows TEXT,..] [--seconds N] [--rounds N] [--idle N] [--loop] [--json FILE]

  --rows TEXT,..  only the workloads whose names contain one of the texts
  --seconds N     seconds per round, 1 to 60 (2)
  --rounds N      rounds of each workload; the best counts, 1 to 20 (2)
  --idle N        idle keep-alive connections to hold, 0 to 20000 (4000, or 0 with --rows)
  --loop          beside a loop in Deno that speaks no HTTP: what the runtime takes
  --json FILE     also write the figures to FILE`;

/** Starts of each server that are counted. */
const STARTS = 5;

/** Servers to compare with where they are installed, and how each is started. */
const PEERS = { nginx, lighttpd };

/** Reads the command line; `undefined` where only help is asked for. */
function readOptions(args: string[]): Options | undefined {
  const flags = parseArgs(args, {
    string: ["rows", "seconds", "rounds", "idle", "json"],
    boolean: ["help", "loop"],
    alias: { help: "h" },
    unknown: (arg: string) => {
      throw new Failure(`unknown argument ${arg}\n${USAGE}`, 2);
    },
  });
  if (flags.help) return undefined;
  if (flags.json === "") throw new Failure(`--json needs the name of a file\n${USAGE}`, 2);
  return {
    seconds: parseWhole("seconds", flags.seconds, { fallback: 2, min: 1, max: 60 }),
    rounds: parseWhole("rounds", flags.rounds, { fallback: 2, min: 1, max: 20 }),
    idle: parseWhole("idle", flags.idle, { fallback: flags.rows === undefined ? 4000 : 0, min: 0, max: 20_000 }),
    isComplete: flags.rows === undefined,
    workloads: selectWorkloads(flags.rows),
    hasLoop: flags.loop,
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

/** Checks that the benchmark can run here, and how many idle connections it may hold. */
async function requirements(options: Options): Promise<{ wrk: string; idle: number }> {
  const { wrk, connections } = await checkMeans();
  if (options.idle <= connections) return { wrk, idle: options.idle };
  console.error(`# ${connections} idle connections instead of ${options.idle}: limit of open files`);
  return { wrk, idle: connections };
}

/** It gives a connection what it has asked for first. */
const LOOP: Peer = {
  name: "loop",
  command: Deno.execPath(),
  version: Deno.version.deno,
  launch: loop,
  isAble: ({ script, status = 200, isLogged = false }) => script === undefined && status < 300 && !isLogged,
};

/** The other servers that are installed. */
async function findPeers(hasLoop: boolean): Promise<Peer[]> {
  const peers: Peer[] = hasLoop ? [LOOP] : [];
  for (const [name, launch] of Object.entries(PEERS)) {
    const program = await findProgram(name);
    if (program) peers.push({ ...program, name, launch });
    else console.error(`# ${name} was not found: measuring without it`);
  }
  return peers;
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
    await using started = await run.startServers(isLogged, selected);
    const { contenders } = started;
    const servers = contenders.map(({ server }) => server);
    const before = isLogged ? [] : await measureMemory(servers, run);
    for (const workload of selected) {
      const able = contenders.filter(({ workloads }) => workloads.includes(workload));
      rows.push(...await measureAll(able.map(({ server }) => server), workload, run));
    }
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

/** Which of the workloads a server answers as it must. */
async function selectAnswered(server: Server, workloads: readonly Workload[]): Promise<Workload[]> {
  const answered: Workload[] = [];
  for (const workload of workloads) {
    try {
      await server.check(workload);
      answered.push(workload);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      console.error(`# ${workload.name} without ${server.name}: ${reason}`);
    }
  }
  return answered;
}

/** Starts another server; `undefined` where that fails, which is no reason to stop. */
async function startPeer(launch: Launch, workloads: readonly Workload[]): Promise<Contender | undefined> {
  try {
    const server = await Server.start(launch, []);
    return { server, workloads: await selectAnswered(server, workloads) };
  } catch (error) {
    console.error(`# measuring without ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Starts the servers; disposing of the result ends them. */
async function startServers(
  setting: Setting,
  peers: readonly Peer[],
  workloads: readonly Workload[],
): Promise<Awaited<ReturnType<Run["startServers"]>>> {
  await using stack = new AsyncDisposableStack();
  const contenders = [{ server: stack.use(await Server.start(sockeye(setting))), workloads }];
  for (const { command, launch, isAble = () => true } of peers) {
    const started = await startPeer(await launch(command, setting), workloads.filter(isAble));
    if (!started) continue;
    stack.use(started.server);
    contenders.push({ ...started, workloads: started.workloads });
  }
  return Object.assign(stack.move(), { contenders });
}

/** Measures the first answers after the start. */
async function measureFirstAnswers(
  setting: Setting,
  names: ReadonlySet<string>,
  peers: readonly Peer[],
  signal: AbortSignal,
): Promise<Start[]> {
  console.error(`# ${STARTS} starts of each server`);
  const compared = peers.filter(({ name }) => names.has(name));
  const launches = [() => sockeye(setting), ...compared.map(({ command, launch }) => () => launch(command, setting))];
  const starts = await measureStarts(launches, "/hello.txt", STARTS, signal);
  return starts.map((ms, index) => ({ server: index === 0 ? SUBJECT : compared[index - 1]?.name ?? "", ms }));
}

/** Makes the files, starts the servers, measures them and stops them. */
async function benchmark(wanted: Options, signal: AbortSignal): Promise<Figures> {
  const date = new Date().toISOString();
  const { wrk, idle } = await requirements(wanted);
  const options = { ...wanted, idle };
  const { seconds, rounds, isComplete } = options;
  const peers = await findPeers(options.hasLoop);
  const folder = await Deno.makeTempDir({ prefix: "sockeye-bench-" });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const setting = { folder, root: makeRoot(folder), connections: idle + SPARE_FILES, isLogged: false };
  const measured = await measureServers({
    options,
    folder,
    signal,
    startServers: (isLogged, workloads) => startServers({ ...setting, isLogged }, peers, workloads),
  });
  const names = new Set(measured.rows.map(({ server }) => server));
  const versions = peers.filter(({ name }) => names.has(name)).map(({ name, version }) => [name, version]);
  const figures: Figures = {
    date,
    machine: await machine(),
    versions: { sockeye: config.version, deno: Deno.version.deno, wrk, ...Object.fromEntries(versions) },
    options: { seconds, rounds, idle, workers: WORKERS },
    ...measured,
  };
  if (!isComplete) return figures;
  figures.starts = await measureFirstAnswers(setting, names, peers, signal);
  console.error("# an application beside deno serve --parallel");
  figures.application = await measureApp(HELLO_WORLD, { seconds, rounds, folder, signal });
  return figures;
}

/** Runs the benchmark and prints its figures. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readOptions(Deno.args);
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const figures = await benchmark(options, signal);
  console.log(render(figures));
  if (options.json) await Deno.writeTextFile(options.json, `${JSON.stringify(figures, undefined, 2)}\n`);
  return problems(figures).length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await runCommand(main));
