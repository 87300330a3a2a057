/**
 * The curves that are not of load: memory of idle connections, memory over time, and the first answer after the start.
 *
 * @module
 */
import { idleCost, pause } from "./client.ts";
import type { Series } from "./curve.ts";
import { makeFile } from "./curve_files.ts";
import { type CurveRun, listLaunches, type Measured, Points, startAll } from "./curve_run.ts";
import { memory, processTree } from "./proc.ts";
import { SPARE_FILES } from "./programs.ts";
import { median } from "./report.ts";
import { Server, WORKERS } from "./servers.ts";
import { measureStarts } from "./start.ts";
import { makeRoot, type Workload } from "./workloads.ts";
import { type Load, startLoad } from "./wrk.ts";

const IDLE = [100, 300, 1_000, 3_000, 10_000];
const WORKER_COUNTS = [1, 2, 4, 8];
const STARTS = 5;

const HELLO = "/hello.txt";

/** Time between two looks at the memory in seconds; less where the whole is short. */
const LOOK_SECONDS = 10;
const LEAST_LOOKS = 12;

/** Seconds that a load generator begins before the first look or ends after the last one. */
const EDGE_SECONDS = 2;

/** Of ten requests in the mixed load one asks for what does not exist, another name each time. */
const MISSING_SHARE = 0.1;
const SHARE_TOLERANCE = 0.01;

/** All kinds of requests in turn, among them 5,000 files, ranges, new connections and names that do not exist. */
const MIXED = `local at = 0
local head = { ["Range"] = "bytes=50000000-50065535" }
local codings = { ["Accept-Encoding"] = "gzip, deflate, br, zstd" }
local close = { ["Connection"] = "close" }
math.randomseed(7)
request = function()
  at = at + 1
  local kind = at % 10
  if kind == 0 then return wrk.format("GET", "/missing/" .. at) end
  if kind == 1 then return wrk.format("GET", "/big.bin", head) end
  if kind == 2 then return wrk.format("GET", "/script.js") end
  if kind == 3 then return wrk.format("GET", "/script.js", codings) end
  if kind == 4 then return wrk.format("GET", "/hello.txt", close) end
  if kind < 8 then
    local i = math.random(0, 4999)
    return wrk.format("GET", "/many/" .. (i % 50) .. "/" .. i .. ".html")
  end
  return wrk.format("GET", "/page.html?" .. at)
end`;
const MIXED_LOAD: Workload = { name: "mixed", path: HELLO, connections: 64, script: MIXED };

/** Memory of an idle connection, by how many there are; servers are started anew for each point. */
async function measureIdle(run: CurveRun): Promise<Measured> {
  const root = `${run.folder}/root`;
  makeFile(root, HELLO, 13);
  const points = new Points();
  for (const x of IDLE.filter((count) => count <= run.connections)) {
    for (const launch of listLaunches(run, { root, connections: x + SPARE_FILES })) {
      await using server = await Server.start(await launch(), []);
      console.error(`# idle: ${x}, ${server.name}`);
      const { kbPerConnection, failed, closed } = await idleCost(server, HELLO, x, run.signal);
      const point = { x, y: kbPerConnection };
      const isWhole = failed + closed === 0;
      points.add(server.name, isWhole ? point : { ...point, problem: `${failed} failed, ${closed} closed` });
    }
  }
  return {
    title: "Memory of an idle connection",
    setting: `kept alive after one request, growth of the proportional set (PSS) per connection, ${WORKERS} workers`,
    x: { name: "idle connections", unit: "", isLog: true },
    y: { name: "memory per connection", unit: "KB", isLog: false },
    series: points.series,
  };
}

/** The first answer, by the number of workers. */
async function measureStart(run: CurveRun): Promise<Measured> {
  const root = `${run.folder}/root`;
  makeFile(root, HELLO, 13);
  const points = new Points();
  const names = ["sockeye", "nginx"];
  for (const x of WORKER_COUNTS) {
    console.error(`# start: ${x} workers`);
    const launches = listLaunches(run, { root, connections: SPARE_FILES, workers: x });
    const starts = await measureStarts(launches, HELLO, STARTS, run.signal);
    for (const [index, ms] of starts.entries()) points.add(names[index] ?? "", { x, y: median(ms) });
  }
  return {
    title: "Start to first answer",
    setting: `from the start of the process to the end of the answer, median of ${STARTS} starts`,
    x: { name: "workers", unit: "", isLog: true },
    y: { name: "start to first answer", unit: "ms", isLog: false },
    series: points.series,
  };
}

/** What was wrong with the mixed load; empty where nothing was. */
function findProblem({ requests, badStatus, socketErrors }: Load): string {
  if (socketErrors > 0) return `${socketErrors} socket errors`;
  const share = badStatus / requests;
  return Math.abs(share - MISSING_SHARE) < SHARE_TOLERANCE ? "" : `${badStatus} of ${requests} were errors`;
}

/** Looks at the memory of servers again and again. */
async function watchMemory(servers: readonly Server[], { uptimeSeconds, signal }: CurveRun): Promise<Series[]> {
  const points = new Points();
  const look = Math.min(LOOK_SECONDS, uptimeSeconds / LEAST_LOOKS);
  const begin = performance.now() + EDGE_SECONDS * 1000;
  for (let at = 0; at <= uptimeSeconds; at += look) {
    await pause(begin + at * 1000 - performance.now());
    signal.throwIfAborted();
    if (at % 60 < look) console.error(`# uptime: ${Math.floor(at / 60)} of ${Math.floor(uptimeSeconds / 60)} minutes`);
    for (const { name, pid } of servers) {
      points.add(name, { x: at / 60, y: (await memory(await processTree(pid))).rss / 1024 });
    }
  }
  return points.series;
}

/** Memory over time under mixed load, all servers loaded at once: memory does not depend on who has the processor. */
async function measureUptime(run: CurveRun): Promise<Measured> {
  const { uptimeSeconds, folder, signal } = run;
  await using started = await startAll(run, { root: makeRoot(folder), connections: SPARE_FILES });
  const { servers } = started;
  const seconds = uptimeSeconds + 2 * EDGE_SECONDS;
  const [series, loads] = await Promise.all([
    watchMemory(servers, run),
    Promise.all(servers.map(async ({ port }) => {
      return await (await startLoad({ workload: MIXED_LOAD, port, fields: [], folder, seconds, signal })).figures;
    })),
  ]);
  const requests = servers.map(({ name }, index) => `${name} ${loads[index]?.requests.toLocaleString("en-US")}`);
  return {
    title: "Memory over time under load",
    setting:
      `resident set (RSS) under mixed load of all servers at once, 64 connections and ${WORKERS} workers each; ` +
      `requests answered: ${requests.join(", ")}`,
    x: { name: "uptime", unit: "min", isLog: false },
    y: { name: "memory", unit: "MB", isLog: false },
    series: series.map(({ server, points }, index) => {
      const load = loads[index];
      const problem = load === undefined ? "no load" : findProblem(load);
      return { server, points: points.map((point) => problem === "" ? point : { ...point, problem }) };
    }),
  };
}

/** These curves by name, and how each is measured. */
export const STATE_CURVES: Readonly<Record<"idle" | "start" | "uptime", (run: CurveRun) => Promise<Measured>>> = {
  idle: measureIdle,
  start: measureStart,
  uptime: measureUptime,
};
