/**
 * The soak: a real server under everything at once for a long time. Files and an application that are replaced while
 * they are served, clients that check every byte, hostile ones beside them, workers that die, logs that are rotated.
 * No answer may be wrong, and memory and descriptors have to stay as they are.
 *
 * ```sh
 * deno task soak                      # 30 minutes
 * deno task soak --minutes 2          # a look
 * deno task soak --docs               # and write the figures into docs/reliability.md
 * ```
 *
 * Memory is flat where the median of the last quarter of the samples is at most 10 % above that of the second quarter.
 * The exit status is 0, 1 where something did not hold, or 2 for wrong options.
 */

import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { Failure, parseWhole, runCommand } from "../../bench/flags.ts";
import { countDescriptors, countThreads, measureCpuMs, measureMemoryBytes } from "../process_figures.ts";
import { createRandom } from "../random.ts";
import { ServerProcess } from "../server_process.ts";
import { Client, CutShort } from "./client.ts";
import { attack, DEEDS, pause } from "./hostile.ts";
import { makeReport, printReport, quantile, type Row, writeReport } from "./report.ts";
import { type Tally, useSite, type World } from "./soak_client.ts";
import { ChangingApp, ChangingFile } from "./soak_site.ts";

const MIB = 1 << 20;
const WORKERS = 2;
const SAMPLE_MS = 10_000;
const ROTATION_MS = 20_000;
const DEATH_MS = 30_000;
const RELOAD_MS = 45_000;
/** How long after a worker's death, and after a reload, connections may still be cut. */
const CUT_AFTER_DEATH_MS = 3_000;
/** Workers are replaced one after the other; each lets its answers finish for the grace of 10 s. */
const CUT_AFTER_RELOAD_MS = 12_000 * WORKERS;
const FLATNESS = 1.1;
/** A line of the access log, one of an event, or of the stack of an error. */
const LINE = /^(127\.0\.0\.1 - .* "[^"]*" \d{3} .*\d$|\d{4}-\d\d-\d\d [\d:.]+ \+00:00 \[[A-Z]{3}\] sockeye: |\s)/;
const LARGE = "d-large.bin";

interface Sample {
  readonly memoryBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

interface Soak {
  readonly server: ServerProcess;
  readonly world: World;
  readonly tally: Tally;
  readonly logs: LogKeeper;
  readonly signal: AbortSignal;
  /** Until when connections may be cut, as `performance.now` has it. */
  cutUntilMs: number;
  deaths: number;
  reloads: number;
}

/** How often the soak looks whether it is running itself, in milliseconds. */
const BEAT_MS = 50;

/**
 * How long the soak itself stood still: a request that was under way then seems to have taken that long, whatever the
 * server did.
 */
class OwnPauses {
  /** The longest, in milliseconds. */
  longestMs = 0;
  #lastMs = performance.now();
  readonly #timer = setInterval(() => this.#beat(), BEAT_MS);

  /** Looks no more. */
  stop(): void {
    this.#beat();
    clearInterval(this.#timer);
  }

  #beat(): void {
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs - BEAT_MS);
    this.#lastMs = nowMs;
  }
}

/** Takes the logs that were rotated away, checks their lines, and removes them. */
class LogKeeper {
  readonly #folder: string;
  #rotations = 0;
  lines = 0;
  deaths = 0;
  readonly broken: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  get file(): string {
    return join(this.#folder, "access.log");
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** Renames the log, has it opened anew, and reads the old one when nobody writes it any more. */
  async rotate(server: ServerProcess): Promise<void> {
    const old = `${this.file}.${++this.#rotations}`;
    Deno.renameSync(this.file, old);
    server.kill("SIGUSR2");
    await pause(3_000);
    this.read(old);
  }

  /** Checks and removes a log. */
  read(path: string): void {
    const text = Deno.readTextFileSync(path);
    if (text !== "" && !text.endsWith("\n")) this.broken.push(`the end of a log: ${text.slice(-80)}`);
    for (const line of text.split("\n")) {
      if (line === "") continue;
      this.lines++;
      if (/died and is replaced/.test(line)) this.deaths++;
      if (!LINE.test(line)) this.broken.push(line);
    }
    Deno.removeSync(path);
  }
}

/** Does something every so often until the end. */
async function every(ms: number, signal: AbortSignal, action: () => Promise<void> | void): Promise<void> {
  for (let next = performance.now() + ms; !signal.aborted; next += ms) {
    await pause(next - performance.now(), signal);
    if (!signal.aborted) await action();
  }
}

async function killWorker(soak: Soak): Promise<void> {
  soak.cutUntilMs = Math.max(soak.cutUntilMs, performance.now() + CUT_AFTER_DEATH_MS);
  using client = await Client.connect(soak.world.address);
  try {
    await client.ask("GET", "/app/die");
    soak.tally.wrong.push("a worker that ended has answered");
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
  }
  soak.deaths++;
}

function reload(soak: Soak): void {
  soak.cutUntilMs = Math.max(soak.cutUntilMs, performance.now() + CUT_AFTER_RELOAD_MS);
  soak.world.app.replace();
  soak.reloads++;
}

async function beHostile({ world, signal }: Soak, random: World["random"]): Promise<void> {
  const names = Object.keys(DEEDS);
  const target = { address: world.address, largePath: `/${LARGE}`, bodyPath: "/app/echo", dribbleMs: 1_000 };
  while (!signal.aborted) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(1_000 + random(12_000))]);
    await attack(names[random(names.length)] ?? "", target, patience);
    await pause(random(500), signal);
  }
}

async function sample(pid: number): Promise<Sample> {
  return {
    memoryBytes: await measureMemoryBytes(pid),
    descriptors: await countDescriptors(pid),
    threads: await countThreads(pid),
  };
}

/** All that goes on at once. */
async function runAll(soak: Soak, clients: number, pauseMs: number): Promise<Sample[]> {
  const { world, tally, signal, server } = soak;
  const { files } = world;
  const samples: Sample[] = [];
  await Promise.all([
    ...Array.from({ length: clients }, () => useSite(world, tally, pauseMs, signal)),
    ...Array.from({ length: 20 }, () => beHostile(soak, world.random)),
    ...files.map((file) => every(file.length > MIB ? 7_000 : 700, signal, () => file.replace())),
    every(DEATH_MS, signal, () => killWorker(soak)),
    every(RELOAD_MS, signal, () => reload(soak)),
    every(ROTATION_MS, signal, () => soak.logs.rotate(server)),
    every(SAMPLE_MS, signal, async () => {
      samples.push(await sample(server.pid));
      const { memoryBytes, descriptors, threads } = samples.at(-1) ?? {};
      console.error(
        `${new Date().toISOString()} ${((memoryBytes ?? 0) / MIB).toFixed(1)} MiB, ${descriptors} descriptors, ` +
          `${threads} threads, ${total(tally)} right, ${tally.wrong.length} wrong, ${tally.cut.length} cut`,
      );
    }),
  ]);
  return samples;
}

function total({ right }: Tally): number {
  return right.values().reduce((sum, count) => sum + count, 0);
}

/** Quarters of the samples, each with its median. */
function quarters(values: readonly number[]): number[] {
  const size = values.length / 4;
  return [0, 1, 2, 3].map((n) => quantile(values.slice(Math.floor(n * size), Math.floor((n + 1) * size)), 0.5));
}

function row(done: string, expected: string, seen: string, holds: boolean): Row {
  return { done, expected, seen, outcome: holds ? "ok" : "FAILED" };
}

interface Ending {
  readonly minutes: number;
  readonly before: Sample;
  readonly after: Sample;
  readonly cpuMs: number;
  readonly exitCode: number;
  readonly ownPauseMs: number;
}

function judge(
  soak: Soak,
  samples: readonly Sample[],
  { minutes, before, after, cpuMs, exitCode, ownPauseMs }: Ending,
): Row[] {
  const { tally, logs, deaths, reloads, world } = soak;
  const memory = quarters(samples.map(({ memoryBytes }) => memoryBytes / MIB));
  const [, second = NaN, , last = NaN] = memory;
  const descriptors = samples.map(({ descriptors }) => descriptors);
  const threads = samples.map(({ threads }) => threads);
  const [p50 = NaN, p99 = NaN, longest = NaN] = [0.5, 0.99, 1].map((part) => quantile(tally.latenciesMs, part));
  const kinds = [...tally.right].map(([name, count]) => `${name} ${count}`).join(", ");
  const replacements = world.files.reduce((sum, file) => sum + file.replacements, 0);
  const figures = `medians of the quarters ${
    memory.map((mib) => mib.toFixed(1)).join(", ")
  } MiB; ${samples.length} samples`;
  const load = `mixed load for ${minutes} min`;
  return [
    row(
      load,
      "every answer right, byte for byte",
      `${total(tally)} right, ${tally.wrong.length} wrong (${kinds})`,
      tally.wrong.length === 0 && total(tally) > 0,
    ),
    row(
      `${replacements} replacements of files under load`,
      "each answer is one whole version, at most 1.5 s old",
      `${world.tags.size} entity tags remembered, none of two versions`,
      tally.wrong.length === 0,
    ),
    row(
      `${deaths} deaths of workers, ${reloads} reloads of the application`,
      "connections are cut only then",
      `${tally.cutExpected} cut then, ${tally.cut.length} at other times; ${logs.deaths} deaths logged`,
      tally.cut.length === 0 && logs.deaths === deaths,
    ),
    row(
      `${logs.rotations} rotations of the log`,
      "no line is broken",
      `${logs.lines} lines, ${logs.broken.length} broken`,
      logs.broken.length === 0,
    ),
    row(load, "memory: last quarter at most 10 % above the second", figures, last <= second * FLATNESS),
    row(
      load,
      "descriptors at the end as at the start",
      `${before.descriptors} → ${after.descriptors}; ${Math.min(...descriptors)} to ${
        Math.max(...descriptors)
      } under load`,
      after.descriptors <= before.descriptors,
    ),
    row(
      load,
      "threads at the end as at the start",
      `${before.threads} → ${after.threads}; ${Math.min(...threads)} to ${Math.max(...threads)} under load`,
      after.threads <= before.threads,
    ),
    row(
      load,
      "small answers do not wait: p99 below 1 s, none 10 s longer than the soak itself stood still",
      `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${
        longest.toFixed(0)
      } ms, and the soak itself stood ` +
        `still for ${ownPauseMs.toFixed(0)} ms at most; the server used ${
          (cpuMs / minutes / 600).toFixed(0)
        } % of a core`,
      p99 < 1_000 && longest < ownPauseMs + 10_000,
    ),
    row("SIGTERM at the end", "exit code 0", `${exitCode}`, exitCode === 0),
  ];
}

/** Descriptors, when what is closing is closed. */
async function settled(pid: number, before: Sample): Promise<Sample> {
  let now = await sample(pid);
  for (let n = 0; n < 60 && (now.descriptors > before.descriptors || now.threads > before.threads); n++) {
    await pause(500);
    now = await sample(pid);
  }
  return now;
}

async function soakServer(folder: string, minutes: number, clients: number, pauseMs: number): Promise<Row[]> {
  const root = join(folder, "www");
  const logFolder = join(folder, "logs");
  Deno.mkdirSync(root);
  Deno.mkdirSync(logFolder);
  // A folder of its own: all that changes beside an application makes it be loaded anew.
  const appFolder = join(folder, "app");
  Deno.mkdirSync(appFolder);
  const files = [["a-small.bin", 128], ["b-text.js", 20_000], ["c-middle.bin", 300_000], [LARGE, 4 * MIB]] as const;
  const world = {
    files: files.map(([name, length]) => new ChangingFile(root, name, length)),
    app: new ChangingApp(appFolder),
    appLagMs: CUT_AFTER_RELOAD_MS,
    random: createRandom(6),
    tags: new Map<string, number>(),
  };
  const logs = new LogKeeper(logFolder);
  const permissions = [
    "--v8-flags=--max-semi-space-size=4",
    "--allow-net=127.0.0.1",
    "--allow-read",
    `--allow-write=${logs.file}`,
  ];
  const args = ["-h", "127.0.0.1", "-w", `${WORKERS}`, "-v", "-l", logs.file, "--app", world.app.path, "--watch", root];
  await using server = await ServerProcess.start(args, { permissions, patienceMs: minutes * 60_000 + 180_000 });
  const tally: Tally = { right: new Map(), wrong: [], cutExpected: 0, cut: [], latenciesMs: [] };
  const end = new AbortController();
  const soak: Soak = {
    server,
    world: { ...world, address: server.address, mayBeCut: () => performance.now() < soak.cutUntilMs },
    tally,
    logs,
    signal: end.signal,
    cutUntilMs: 0,
    deaths: 0,
    reloads: 0,
  };
  {
    using client = await Client.connect(server.address);
    await client.ask("GET", "/app/version");
  }
  await pause(1_000);
  const before = await sample(server.pid);
  const cpuBeforeMs = await measureCpuMs(server.pid);
  const pauses = new OwnPauses();
  const timer = setTimeout(() => end.abort(), minutes * 60_000);
  const samples = await runAll(soak, clients, pauseMs).finally(() => {
    clearTimeout(timer);
    end.abort();
    pauses.stop();
  });
  const cpuMs = await measureCpuMs(server.pid) - cpuBeforeMs;
  const after = await settled(server.pid, before);
  const { code } = await server.stop();
  logs.read(logs.file);
  for (const message of [...tally.wrong, ...tally.cut, ...logs.broken].slice(0, 50)) console.error(message);
  return judge(soak, samples, { minutes, before, after, cpuMs, exitCode: code, ownPauseMs: pauses.longestMs });
}

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    string: ["minutes", "clients", "pause"],
    boolean: ["docs", "json"],
    unknown: (flag) => {
      throw new Failure(`${flag} is no option`, 2);
    },
  });
  const minutes = parseWhole("minutes", flags.minutes, { fallback: 30, min: 1, max: 100_000 });
  const clients = parseWhole("clients", flags.clients, { fallback: 8, min: 1, max: 1_000 });
  const pauseMs = parseWhole("pause", flags.pause, { fallback: 60, min: 0, max: 10_000 });
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-soak-" }));
  try {
    const report = await makeReport(await soakServer(folder, minutes, clients, pauseMs));
    if (flags.docs) await writeReport("soak", report);
    return printReport(report, flags.json);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await runCommand(main));
