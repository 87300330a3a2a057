/**
 * The curves of processor time per request: each changes one thing, and the servers take turns at every point.
 *
 * @module
 */
import type { Axis, Point } from "./curve.ts";
import { makeFile, makeMany, manyPath, manyScript } from "./curve_files.ts";
import { type CurveRun, type Measured, Points, startAll } from "./curve_run.ts";
import { SPARE_FILES } from "./programs.ts";
import { type Server, WORKERS } from "./servers.ts";
import { type SteadyCost, steadyCost } from "./steady_load.ts";
import type { Workload } from "./workloads.ts";
import { runLoad } from "./wrk.ts";

/** One point to be measured. */
interface LoadPoint {
  /** Where. */
  readonly x: number;
  /** What is asked for. */
  readonly workload: Workload;
  /** Worker threads or processes of each server, where that is what changes. */
  readonly workers?: number;
}

/** A curve to be measured. */
interface LoadCurve {
  readonly title: string;
  readonly setting: string;
  readonly x: Axis;
  /** What is measured here; less where the machine has no room for more. */
  readonly points: (run: CurveRun) => LoadPoint[];
  /** Makes the files. */
  readonly prepare: (root: string, points: readonly LoadPoint[], signal: AbortSignal) => void | Promise<void>;
}

const MICROS: Axis = { name: "CPU per request", unit: "µs", isLog: true };

const PAGE = "/page.html";
const PAGE_BYTES = 4_096;
const PAGE_LOAD: Workload = { name: "4 KB", path: PAGE, bytes: PAGE_BYTES, connections: 64 };

const CONNECTIONS = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const SIZES = [1, 10, 100, 1_000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9];
const SIZE_CONNECTIONS = 16;
const FILES = [1, 10, 100, 1_000, 10_000, 100_000, 1e6];
const FILE_BYTES = 64;
const WORKER_COUNTS = [1, 2, 3, 4, 6, 8];
const FIELDS = [1, 2, 5, 10, 20, 50, 100];

/** Load before the first point, so that the first is measured as warm as the others. */
const WARM_SECONDS = 2;
const WARM_CONNECTIONS = 64;

/** No two requests in a row on a connection are the same: a prime, so that turns do not fall on the same connection. */
const VARIANTS = 17;

/** Requests with a number of field lines, `Host` among them, none of which a server has a use for. */
function fieldsScript(fields: number): string {
  return `local requests, at = {}, 0
init = function()
  for variant = 1, ${VARIANTS} do
    local lines = { "GET ${PAGE} HTTP/1.1", "Host: 127.0.0.1" }
    for i = 2, ${fields} do
      lines[#lines + 1] = string.format("X-Field-%d: value %d of field %d", i, variant, i)
    end
    requests[variant] = table.concat(lines, "\\r\\n") .. "\\r\\n\\r\\n"
  end
end
request = function()
  at = at % ${VARIANTS} + 1
  return requests[at]
end`;
}

function makePage(root: string): void {
  makeFile(root, PAGE, PAGE_BYTES);
}

/** Those that fit, and a word about the others. */
function selectFitting(name: string, all: readonly number[], most: number): number[] {
  const fitting = all.filter((x) => x <= most);
  if (fitting.length < all.length) console.error(`# ${name}: up to ${fitting.at(-1)}, there is no room for more`);
  return fitting;
}

/** The curves by name. */
const CURVES = {
  connections: {
    title: "Connections",
    setting: `a file of 4 KB, ${WORKERS} workers; the connections are made before the count begins`,
    x: { name: "connections", unit: "", isLog: true },
    points: ({ connections }) =>
      selectFitting("connections", CONNECTIONS, connections).map((x) => ({
        x,
        workload: { ...PAGE_LOAD, connections: x },
      })),
    prepare: makePage,
  },
  size: {
    title: "File size",
    setting: `one file, ${SIZE_CONNECTIONS} connections, ${WORKERS} workers`,
    x: { name: "file size", unit: "bytes", isLog: true },
    points: ({ room }) =>
      selectFitting("size", SIZES, room.fileBytes).map((x) => ({
        x,
        workload: { name: `${x} bytes`, path: `/size/${x}.bin`, bytes: x, connections: SIZE_CONNECTIONS },
      })),
    prepare: (root, points) => points.forEach(({ x, workload }) => makeFile(root, workload.path, x)),
  },
  files: {
    title: "Number of files",
    setting: `files of ${FILE_BYTES} bytes asked for at random, 64 connections, ${WORKERS} workers`,
    x: { name: "files", unit: "", isLog: true },
    points: ({ files, room }) =>
      selectFitting("files", FILES, Math.min(files, room.files)).map((x) => ({
        x,
        workload: { name: `${x} files`, path: manyPath(0), bytes: FILE_BYTES, connections: 64, script: manyScript(x) },
      })),
    prepare: (root, points, signal) => makeMany(root, points.at(-1)?.x ?? 0, FILE_BYTES, signal),
  },
  workers: {
    title: "Workers",
    setting: "a file of 4 KB, 64 connections",
    x: { name: "workers", unit: "", isLog: true },
    points: () => WORKER_COUNTS.map((x) => ({ x, workload: PAGE_LOAD, workers: x })),
    prepare: makePage,
  },
  fields: {
    title: "Header fields",
    setting: `field lines of the request, each about 30 bytes, no two requests in a row alike; a file of 4 KB, ` +
      `64 connections, ${WORKERS} workers`,
    x: { name: "header fields", unit: "", isLog: true },
    points: () => FIELDS.map((x) => ({ x, workload: { ...PAGE_LOAD, script: fieldsScript(x) } })),
    prepare: makePage,
  },
} satisfies Record<string, LoadCurve>;

/** Name of a curve of processor time per request. */
export type LoadCurveName = keyof typeof CURVES;

/** Names of these curves. */
export const LOAD_CURVES = Object.keys(CURVES) as readonly LoadCurveName[];

/** Runs all rounds of a point, the servers taking turns. */
async function measurePoint(servers: Server[], { x, workload }: LoadPoint, run: CurveRun, points: Points) {
  const { seconds, rounds, folder, signal } = run;
  const best = new Map<Server, SteadyCost>();
  const lengths = new Map<Server, number>();
  for (const server of servers) {
    const { head, length } = await server.check(workload);
    lengths.set(server, head.length + "\r\n".length + length);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [server, answerBytes] of lengths) {
      signal.throwIfAborted();
      const cost = await steadyCost({ server, workload, answerBytes, seconds, folder, signal });
      const before = best.get(server);
      if (before === undefined || cost.cpuMicros < before.cpuMicros || before.problem) best.set(server, cost);
    }
  }
  for (const [server, cost] of best) points.add(server.name, toPoint(x, cost));
}

/** A point of the curve. */
function toPoint(x: number, { cpuMicros, rps, p99, problem }: SteadyCost): Point {
  return {
    x,
    y: cpuMicros,
    rps,
    ...(Number.isFinite(p99) ? { p99 } : {}),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Loads fresh servers for a moment. */
async function warm(servers: readonly Server[], workload: Workload, { folder, signal }: CurveRun): Promise<void> {
  const light = { ...workload, connections: WARM_CONNECTIONS };
  for (const { port } of servers) {
    await runLoad({ workload: light, port, fields: [], folder, seconds: WARM_SECONDS, signal });
  }
}

/**
 * Measures a curve of processor time per request.
 *
 * @param name Its name.
 * @param run How.
 */
export async function measureLoadCurve(name: LoadCurveName, run: CurveRun): Promise<Measured> {
  const curve: LoadCurve = CURVES[name];
  const root = `${run.folder}/root`;
  Deno.mkdirSync(root);
  const todo = curve.points(run);
  await curve.prepare(root, todo, run.signal);
  const connections = Math.max(...todo.map(({ workload }) => workload.connections)) + SPARE_FILES;
  const points = new Points();
  for (const workers of new Set(todo.map(({ workers = WORKERS }) => workers))) {
    await using started = await startAll(run, { root, connections, workers });
    const { servers } = started;
    const own = todo.filter((point) => (point.workers ?? WORKERS) === workers);
    if (own[0]) await warm(servers, own[0].workload, run);
    for (const point of own) {
      console.error(`# ${name}: ${point.x} (to ${todo.at(-1)?.x})`);
      await measurePoint(servers, point, run, points);
    }
  }
  const { title, x, setting } = curve;
  return { title, setting, x, y: MICROS, series: points.series };
}
