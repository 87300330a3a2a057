/**
 * What is left of a server in Deno when it speaks no HTTP: each connection is read, and answered with bytes that are the
 * same each time. No server written in JavaScript can cost less, so it tells what of a figure is the runtime's.
 *
 * ```sh
 * deno run --unstable-net --allow-net --allow-read bench/loop.ts PORT ROOT WORKERS
 * ```
 *
 * @module
 */
import type { Task } from "./loop_worker.ts";

const [port, root = ".", workers] = Deno.args;
const task: Task = { port: Number(port), root };
for (let i = 0; i < Number(workers); i++) {
  new Worker(new URL("loop_worker.ts", import.meta.url), { type: "module" }).postMessage(task);
}
