/**
 * Runs the load generator `wrk` and reads its report.
 *
 * @module
 */

/** One run of the load generator. */
export interface Load {
  /** Answers received. */
  requests: number;
  /** Answers per second. */
  rps: number;
  /** Median latency in milliseconds. */
  p50: number;
  /** 99th percentile of the latency in milliseconds. */
  p99: number;
  /** Answers with a status other than 2xx and 3xx. */
  badStatus: number;
  /** Connect, read and write failures and timeouts. */
  socketErrors: number;
}

/** What to run. */
export interface LoadOptions {
  /** Address of the file. */
  url: string;
  /** Connections held open at once. */
  connections: number;
  /** Length of the run in seconds. */
  secs: number;
  /** Ends the run early. */
  signal: AbortSignal;
}

/** Milliseconds in each unit `wrk` writes after a time. */
const UNITS = new Map([["us", 0.001], ["ms", 1], ["s", 1000], ["m", 60_000], ["h", 3_600_000]]);

/** Seconds a run may take longer than asked before it is ended. */
const GRACE_SECS = 20;

/** Latency at one percentile, in milliseconds; `NaN` where the report has none. */
function percentile(report: string, percent: number): number {
  const match = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)([a-z]+)$`, "m").exec(report);
  return Number(match?.[1]) * (UNITS.get(match?.[2] ?? "") ?? NaN);
}

/**
 * Reads the report `wrk --latency` prints.
 *
 * @param report Standard output of `wrk`.
 * @returns The figures; no requests where the report is not one.
 */
export function parseReport(report: string): Load {
  const errors = /Socket errors: (.*)/.exec(report)?.[1] ?? "";
  return {
    requests: Number(/(\d+) requests in/.exec(report)?.[1] ?? 0),
    rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(report)?.[1] ?? 0),
    p50: percentile(report, 50),
    p99: percentile(report, 99),
    badStatus: Number(/Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0),
    socketErrors: [...errors.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0),
  };
}

/**
 * Loads one address with one thread.
 *
 * @param options What to run.
 * @returns The figures of the run.
 */
export async function runLoad({ url, connections, secs, signal }: LoadOptions): Promise<Load> {
  const command = new Deno.Command("wrk", {
    args: ["-t1", `-c${connections}`, `-d${secs}s`, "--latency", url],
    stdin: "null",
    signal: AbortSignal.any([signal, AbortSignal.timeout((secs + GRACE_SECS) * 1000)]),
  });
  const { stdout } = await command.output();
  signal.throwIfAborted();
  return parseReport(new TextDecoder().decode(stdout));
}
