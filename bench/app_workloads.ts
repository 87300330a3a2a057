/**
 * Applications, and how each is measured side by side with `deno serve --parallel`, which runs the same modules:
 * processor time per request of the whole process, servers taking turns, the best round of each.
 *
 * @module
 */
import { cpuMicros, processTree } from "./proc.ts";
import type { Launch } from "./servers.ts";
import { freePort, Server, WORKERS } from "./servers.ts";
import { runLoad } from "./wrk.ts";
import type { Workload } from "./workloads.ts";

const UPLOAD_BYTES = 10 << 20;

/** Sends a body with each request. */
function posting(body: string, field: string): string {
  return `local body = ${body}
request = function() return wrk.format("POST", nil, { ${field} }, body) end`;
}

const JSON_1KB = `'{"text":"' .. string.rep("x", 1012) .. '"}'`;
const CHUNKED = `(string.rep("10000\\r\\n" .. string.rep("x", 65536) .. "\\r\\n", ${
  UPLOAD_BYTES >> 16
}) .. "0\\r\\n\\r\\n")`;

/** One load, and the module that answers it. */
export interface AppWorkload extends Workload {
  /** File in `bench/apps`. */
  readonly module: string;
}

/** The least that an application can do. */
export const HELLO_WORLD: AppWorkload = { name: "hello world", module: "hello.ts", path: "/", connections: 64 };

/** What applications are measured with. */
export const APP_WORKLOADS: readonly AppWorkload[] = [
  HELLO_WORLD,
  {
    name: "JSON POST of 1 KB",
    module: "app.ts",
    path: "/json",
    connections: 64,
    script: posting(JSON_1KB, '["Content-Type"] = "application/json"'),
  },
  {
    name: "chunked upload of 10 MB",
    module: "app.ts",
    path: "/upload",
    connections: 4,
    // wrk sets Content-Length itself where it has a body, so this one is put behind the head.
    script: `local message
init = function() message = wrk.format("POST", nil, { ["Transfer-Encoding"] = "chunked" }) .. ${CHUNKED} end
request = function() return message end`,
  },
  { name: "Hono with two params", module: "app.ts", path: "/users/7/posts/9", connections: 64 },
];

function launches(module: string): Launch[] {
  const file = `bench/apps/${module}`;
  const [own, other] = [freePort(), freePort()];
  // `deno serve --parallel` starts as many as this says, and no option says it.
  const parallel = `DENO_JOBS=${WORKERS} exec "$0" serve --parallel -A --host 127.0.0.1 --port ${other} ${file}`;
  return [
    {
      name: "sockeye",
      command: Deno.execPath(),
      args: ["run", "-A", "main.ts", "--app", file, "-p", `${own}`, "-w", `${WORKERS}`, "--max-body", "100000000"],
      port: own,
    },
    { name: "deno serve", command: "sh", args: ["-c", parallel, Deno.execPath()], port: other },
  ];
}

/** How to measure. */
export interface AppOptions {
  /** Length of a round in seconds. */
  readonly seconds: number;
  /** Rounds of each server. */
  readonly rounds: number;
  /** Folder for the script of the load generator. */
  readonly folder: string;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Processor time per request, in microseconds. */
export interface AppCost {
  /** Of this project's server. */
  readonly own: number;
  /** Of `deno serve --parallel`. */
  readonly other: number;
}

/**
 * Loads both servers with one workload, taking turns.
 *
 * @param workload The workload.
 * @param options How to measure.
 * @returns The best round of each; it rejects where an answer was wrong.
 */
export async function measureApp(
  workload: AppWorkload,
  { seconds, rounds, folder, signal }: AppOptions,
): Promise<AppCost> {
  await using servers = new AsyncDisposableStack();
  const running: Server[] = [];
  for (const launch of launches(workload.module)) running.push(servers.use(await Server.start(launch, [])));
  const best = running.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { pid, port }] of running.entries()) {
      const pids = await processTree(pid);
      const before = await cpuMicros(pids);
      const load = await runLoad({ workload, port, fields: [], folder, seconds, signal });
      if (load.badStatus > 0) throw new Error(`${workload.name}: ${load.badStatus} wrong answers`);
      best[at] = Math.min(best[at] ?? Infinity, (await cpuMicros(pids) - before) / load.requests);
    }
  }
  const [own = NaN, other = NaN] = best;
  return { own, other };
}
