/**
 * What a request costs a server while load is steady: the connections are made and the first requests answered before
 * the count begins, so that neither is in the figures.
 *
 * The load generator tells its figures at the end only. What it received in the meantime is read from the kernel, as
 * bytes, and divided by the length of an answer.
 *
 * @module
 */
import { pause } from "./client.ts";
import { processTree, progress } from "./proc.ts";
import type { Server } from "./servers.ts";
import type { Workload } from "./workloads.ts";
import { type Load, startLoad } from "./wrk.ts";

/** What to measure. */
export interface SteadyOptions {
  /** The server. */
  readonly server: Server;
  /** What it is asked for. */
  readonly workload: Workload;
  /** Bytes of an answer with its head. */
  readonly answerBytes: number;
  /** Length of the count in seconds. */
  readonly seconds: number;
  /** Folder for the script of the load generator. */
  readonly folder: string;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** What was measured. */
export interface SteadyCost {
  /** Processor time of the server's processes per answer, in microseconds. */
  readonly cpuMicros: number;
  /** Answers per second. */
  readonly rps: number;
  /** 99th percentile of the latency in milliseconds, from the first request on; NaN where it is not known. */
  readonly p99: number;
  /** What went wrong; absent where nothing did. */
  readonly problem?: string;
}

/** Seconds before the count, and how many more connections take a second more. */
const WARM_SECONDS = 1;
const CONNECTIONS_PER_SECOND = 2_000;

/** The count ends this long before the load, so that it never sees the end, in milliseconds. */
const MARGIN_MS = 150;

/** Answers from which on those under way at the end no longer matter. */
const MANY_ANSWERS = 1_000;

/** How far the length of answers may be off. */
const LENGTH_TOLERANCE = 0.02;

/** What was wrong with a load; `undefined` where nothing was. */
function findProblem(load: Load, answerBytes: number, counted: number): string | undefined {
  if (load.badStatus > 0) return `${load.badStatus} wrong statuses`;
  if (load.socketErrors > 0) return `${load.socketErrors} socket errors`;
  if (!(counted > 0)) return "no answer";
  const length = load.bytes / load.requests;
  if (load.requests < MANY_ANSWERS || Math.abs(length / answerBytes - 1) < LENGTH_TOLERANCE) return undefined;
  return `answers of ${length.toFixed(0)} bytes instead of ${answerBytes}`;
}

/**
 * Loads a server and counts what an answer costs it.
 *
 * @param options What to measure.
 */
export async function steadyCost(
  { server, workload, answerBytes, seconds, folder, signal }: SteadyOptions,
): Promise<SteadyCost> {
  const warmSeconds = WARM_SECONDS + Math.floor(workload.connections / CONNECTIONS_PER_SECOND);
  const pids = await processTree(server.pid);
  const running = await startLoad({
    workload,
    port: server.port,
    fields: workload.fields ?? [],
    folder,
    seconds: warmSeconds + seconds,
    signal,
  });
  const begin = performance.now();
  const snapshot = async (seconds: number) => {
    await pause(begin + seconds * 1000 - MARGIN_MS - performance.now());
    return { at: performance.now(), ...await progress(pids, running.pid) };
  };
  // Both snapshots are taken the same time before a full second, so the count is as long as asked for.
  const [load, counts] = await Promise.all([
    running.figures,
    snapshot(warmSeconds).then(async (before) => ({ before, after: await snapshot(warmSeconds + seconds) })),
  ]);
  const { before, after } = counts;
  if (!server.running) throw new Error(`${server.name} ended while it was measured with ${workload.name}`);
  const answers = (after.bytesRead - before.bytesRead) / answerBytes;
  const cost = {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / answers,
    rps: answers / ((after.at - before.at) / 1000),
    p99: load.p99,
  };
  const problem = findProblem(load, answerBytes, answers);
  return problem === undefined ? cost : { ...cost, problem };
}
