/**
 * Measures applications side by side with `deno serve --parallel`, which runs the same modules: processor time per
 * request of the whole process, servers taking turns, the best round of each.
 *
 * ```sh
 * deno task bench:app
 * ```
 *
 * @module
 */
import { cpuMicros, machine, processTree } from "./proc.ts";
import type { Launch } from "./servers.ts";
import { freePort, Server, WORKERS } from "./servers.ts";
import { runLoad } from "./wrk.ts";
import type { Workload } from "./workloads.ts";

const SECONDS = 2;
const ROUNDS = 4;
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
const ROWS: readonly (Workload & { readonly module: string })[] = [
  { name: "hello world", module: "hello.ts", path: "/", connections: 64 },
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

/** Processor time per request in microseconds, of the best round of each server. */
async function measure(row: typeof ROWS[number], folder: string, signal: AbortSignal): Promise<number[]> {
  await using servers = new AsyncDisposableStack();
  const running: Server[] = [];
  for (const launch of launches(row.module)) running.push(servers.use(await Server.start(launch, [])));
  const best = running.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, { pid, port }] of running.entries()) {
      const pids = await processTree(pid);
      const before = await cpuMicros(pids);
      const load = await runLoad({ workload: row, port, fields: [], folder, seconds: SECONDS, signal });
      if (load.badStatus > 0) throw new Error(`${row.name}: ${load.badStatus} wrong answers`);
      best[at] = Math.min(best[at] ?? Infinity, (await cpuMicros(pids) - before) / load.requests);
    }
  }
  return best;
}

if (import.meta.main) {
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const folder = await Deno.makeTempDir({ prefix: "sockeye-bench-" });
  const { cpu, cores } = await machine();
  console.log(`${cpu}, ${cores} cores, ${WORKERS} workers each; CPU µs per request\n`);
  console.log(`${"".padEnd(26)}${"sockeye".padStart(10)}${"deno serve".padStart(12)}${"ratio".padStart(8)}`);
  try {
    for (const row of ROWS) {
      const [own = NaN, other = NaN] = await measure(row, folder, stop.signal);
      const figures = [
        own.toFixed(1).padStart(10),
        other.toFixed(1).padStart(12),
        (own / other).toFixed(2).padStart(8),
      ];
      console.log(row.name.padEnd(26) + figures.join(""));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
