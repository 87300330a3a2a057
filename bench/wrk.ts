/**
 * Runs the load generator `wrk`, and has it write its figures as JSON.
 *
 * @module
 */
import type { Workload } from "./workloads.ts";

/** One run of the load generator. */
export interface Load {
  /** Bytes received, heads included. */
  bytes: number;
  /** Answers received; parts of large ones count as parts. */
  requests: number;
  /** Answers per second. */
  rps: number;
  /** Median latency in milliseconds; NaN where `wrk` cannot tell. */
  p50: number;
  /** 99th percentile of the latency in milliseconds, likewise. */
  p99: number;
  /** Answers with a status that is not the right one. */
  badStatus: number;
  /** Connect, read and write failures and timeouts. */
  socketErrors: number;
}

/** What to run. */
export interface LoadOptions {
  /** The workload. */
  workload: Workload;
  /** Port of the server on 127.0.0.1. */
  port: number;
  /** Field lines of the requests. */
  fields: readonly string[];
  /** Folder for the script of the load generator. */
  folder: string;
  /** Length of the run in seconds. */
  seconds: number;
  /** Ends the run early. */
  signal: AbortSignal;
}

/** What `wrk` tells at the end, as it has it: microseconds, bytes. */
interface Summary {
  readonly duration: number;
  readonly requests: number;
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers with a status from 400 on. */
  readonly errors: number;
  readonly socketErrors: number;
}

/** Writes {@linkcode Summary} as the last line. */
const REPORT = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"duration":%d,"requests":%d,"bytes":%.0f,"p50":%.1f,"p99":%.1f,"errors":%d,"socketErrors":%d}\\n',
    summary.duration, summary.requests, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
`;

/** From this size on many answers are under way when the time is over, and few were completed. */
const LARGE_BYTES = 10_000_000;

/** Seconds an answer may take before it counts as an error. */
const TIMEOUT_SECONDS = 10;

/** Seconds a run may take longer than asked before it is ended. */
const GRACE_SECONDS = 20;

/** Makes the figures of a run from what `wrk` tells. */
function countAnswers(summary: Summary, { bytes = 0, status = 200 }: Workload): Load {
  const requests = bytes >= LARGE_BYTES ? summary.bytes / bytes : summary.requests;
  return {
    bytes: summary.bytes,
    requests,
    rps: requests / (summary.duration / 1e6),
    // With pipelined requests wrk loses count of some percentiles, and says 0.
    p50: (summary.p50 || NaN) / 1000,
    p99: (summary.p99 || NaN) / 1000,
    badStatus: status < 400 ? summary.errors : summary.requests - summary.errors,
    socketErrors: summary.socketErrors,
  };
}

/** A load generator that is running. */
export interface RunningLoad {
  /** Its process id. */
  readonly pid: number;
  /** The figures, once it has ended; it rejects where it failed. */
  readonly figures: Promise<Load>;
}

/**
 * Begins to load a server with one thread.
 *
 * @param options What to run.
 * @returns The load generator.
 */
export async function startLoad(
  { workload, port, fields, folder, seconds, signal }: LoadOptions,
): Promise<RunningLoad> {
  const script = `${folder}/wrk-${port}.lua`;
  await Deno.writeTextFile(script, `${workload.script ?? ""}\n${REPORT}`);
  const command = new Deno.Command("wrk", {
    args: [
      ...["-t1", `-c${workload.connections}`, `-d${seconds}s`, "--timeout", `${TIMEOUT_SECONDS}s`, "-s", script],
      ...fields.flatMap((field) => ["-H", field]),
      `http://127.0.0.1:${port}${workload.path}`,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.any([signal, AbortSignal.timeout((seconds + GRACE_SECONDS) * 1000)]),
  });
  const child = command.spawn();
  const figures = child.output().then(({ stdout, stderr }) => {
    signal.throwIfAborted();
    const last = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1);
    if (!last?.startsWith("{")) throw new Error(`wrk failed: ${new TextDecoder().decode(stderr).trim()}`);
    return countAnswers(JSON.parse(last), workload);
  });
  return { pid: child.pid, figures };
}

/**
 * Loads a server with one thread.
 *
 * @param options What to run.
 * @returns The figures of the run.
 */
export async function runLoad(options: LoadOptions): Promise<Load> {
  return await (await startLoad(options)).figures;
}
