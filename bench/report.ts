/**
 * The benchmark's figures and how they are shown.
 *
 * @module
 */
import type { AppCost } from "./app_workloads.ts";
import type { IdleCost } from "./client.ts";
import type { Machine, Memory } from "./proc.ts";
import type { Load } from "./wrk.ts";

/** One run of a workload against one server. */
export interface Round extends Load {
  /** Processor time of the server's processes per answer, user and system, in microseconds. */
  cpuMicros: number;
}

/** All runs of a workload against one server. */
export interface Row {
  /** Name of the workload. */
  workload: string;
  /** Name of the server. */
  server: string;
  /** Connections of the load generator. */
  connections: number;
  /** The round with the least processor time per answer: the one other programs disturbed least. */
  best: Round;
  /** Every round. */
  rounds: Round[];
}

/** Memory of one server. */
export interface Footprint {
  /** Name of the server. */
  server: string;
  /** Once it answered its first requests. */
  atStart: Memory;
  /** After all workloads. */
  afterLoad: Memory;
  /** With idle connections held open; absent where they were not asked for. */
  idle?: IdleCost;
}

/** How quickly one server starts. */
export interface Start {
  /** Name of the server. */
  server: string;
  /** Milliseconds from the start of the process to the end of the first answer, the shortest first. */
  ms: number[];
}

/** Everything that is measured. */
export interface Figures {
  /** When the benchmark began. */
  date: string;
  /** Where it ran. */
  machine: Machine;
  /** Version of each program. */
  versions: Record<string, string>;
  /** How it ran. */
  options: { seconds: number; rounds: number; idle: number; workers: number };
  /** Load. */
  rows: Row[];
  /** Memory. */
  footprints: Footprint[];
  /** First answers after the start; absent where they were not asked for. */
  starts?: Start[];
  /** Processor time per request of an application that says hello; likewise. */
  application?: AppCost;
}

/** The server that is measured, and the one that it is compared with. */
export const SUBJECT = "sockeye";
/** See {@linkcode SUBJECT}. */
export const REFERENCE = "nginx";

/** How to read requests per second. */
const LOAD_NOTE =
  `The load generator shares the processors: compare the processor time per request (CPU). Of pipelined answers
nginx holds the last ones back for 40 ms, which costs it requests per second and no processor time.`;

/** How to read the two kinds of memory. */
const MEMORY_NOTE =
  `RSS counts what nginx's processes share once for each. PSS counts it once, but leaves out what sockeye
shares with other Deno programs, this benchmark among them: compare sockeye's RSS with nginx's PSS.`;

/**
 * A table in Markdown, its columns aligned; the first is text, the others are figures.
 *
 * @param header Titles of the columns.
 * @param rows Cells.
 */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((_title, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0), 3)
  );
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/**
 * A figure as text.
 *
 * @param value The figure.
 * @param decimals Digits behind the point.
 * @returns A dash where there is no figure.
 */
export function number(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return "-";
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Errors of all rounds of a row, in words; empty where there are none. */
function errors({ rounds }: Row): string {
  const sum = (pick: (round: Round) => number): number => rounds.reduce((total, round) => total + pick(round), 0);
  const [bad, socket] = [sum((round) => round.badStatus), sum((round) => round.socketErrors)];
  const silent = rounds.filter((round) => round.requests === 0).length;
  const words = [[bad, "wrong statuses"], [socket, "socket errors"], [silent, "rounds without an answer"]] as const;
  return words.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`).join(", ");
}

/** Processor time per answer of the server in relation to the reference; `NaN` where that was not measured. */
export function ratio(rows: readonly Row[], workload: string): number {
  const find = (server: string) => rows.find((row) => row.workload === workload && row.server === server);
  return (find(SUBJECT)?.best.cpuMicros ?? NaN) / (find(REFERENCE)?.best.cpuMicros ?? NaN);
}

/** Requests per second, processor time and latency: a line per workload, the servers beside each other. */
function loadTable({ rows }: Figures): string {
  const servers = [...new Set(rows.map((row) => row.server))];
  const workloads = [...new Set(rows.map((row) => row.workload))];
  const figures = [["requests/s", "rps", 0], ["CPU µs", "cpuMicros", 1], ["p99 ms", "p99", 2]] as const;
  const columns = table(
    ["workload", ...figures.flatMap(([title]) => servers.map((server) => `${title} ${server}`)), "CPU ratio"],
    workloads.map((workload) => {
      const bests = servers.map((server) => rows.find((row) => row.workload === workload && row.server === server));
      const cells = figures.flatMap(([, key, decimals]) => bests.map((row) => number(row?.best[key] ?? NaN, decimals)));
      return [workload, ...cells, number(ratio(rows, workload), 2)];
    }),
  );
  return `${columns}\n\n${LOAD_NOTE}`;
}

/** Memory of each server. */
function memoryTable({ footprints }: Figures): string {
  if (footprints.length === 0) return "";
  const megabytes = (kb: number): string => number(kb / 1024, 1);
  const figures = table(
    ["memory, MB", "RSS at start", "PSS at start", "RSS after load", "PSS after load"],
    footprints.map(({ server, atStart, afterLoad }) => [
      server,
      ...[atStart.rss, atStart.pss, afterLoad.rss, afterLoad.pss].map(megabytes),
    ]),
  );
  return `${figures}\n\n${MEMORY_NOTE}`;
}

/** Cost of idle connections, or nothing where they were not measured. */
function idleTable({ footprints }: Figures): string {
  const rows = footprints.flatMap(({ server, idle }) =>
    idle
      ? [[server, number(idle.connections, 0), number(idle.kbPerConnection, 2), `${idle.failed}`, `${idle.closed}`]]
      : []
  );
  if (rows.length === 0) return "";
  return table(["idle keep-alive connections", "held", "KB per connection", "failed", "closed by server"], rows);
}

/**
 * The middle of sorted figures.
 *
 * @param sorted The figures.
 * @returns NaN where there are none.
 */
export function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? NaN;
}

/** How quickly the servers start, or nothing where that was not measured. */
function startTable({ starts = [] }: Figures): string {
  if (starts.length === 0) return "";
  return table(
    ["start to first answer", "median ms", "shortest ms", "longest ms"],
    starts.map(({ server, ms }) => [server, ...[median(ms), ms[0] ?? NaN, ms.at(-1) ?? NaN].map((x) => number(x, 0))]),
  );
}

/** An application beside `deno serve`, or nothing where that was not measured. */
function applicationTable({ application }: Figures): string {
  if (application === undefined) return "";
  const { own, other } = application;
  return table(["application", `CPU µs ${SUBJECT}`, "CPU µs deno serve", "CPU ratio"], [
    ["hello world", number(own, 1), number(other, 1), number(own / other, 2)],
  ]);
}

/**
 * What went wrong while measuring: figures with such a line are not to be trusted.
 *
 * @param figures What was measured.
 * @returns A line for each problem.
 */
export function problems({ rows, footprints }: Figures): string[] {
  const load = rows.filter((row) => errors(row)).map((row) => `${row.server}, ${row.workload}: ${errors(row)}`);
  const idle = footprints.filter(({ idle }) => idle && idle.failed + idle.closed > 0).map(({ server, idle }) =>
    `${server}, idle connections: ${idle?.failed} failed, ${idle?.closed} closed by the server`
  );
  return [...load, ...idle];
}

/**
 * The figures as text.
 *
 * @param figures What was measured.
 */
export function render(figures: Figures): string {
  const { machine, versions, options } = figures;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const tables = [loadTable, memoryTable, idleTable, startTable, applicationTable].map((make) => make(figures))
    .filter((text) => text !== "");
  return [
    `${figures.date}: ${machine.cpu}, ${machine.cores} cores, ${machine.kernel};`,
    `${programs}; ${options.workers} workers each; best of ${options.rounds} rounds of ${options.seconds} s`,
    ...tables.map((text) => `\n${text}`),
    ...problems(figures).map((problem) => `!!! ERRORS !!! ${problem}`),
  ].join("\n");
}
