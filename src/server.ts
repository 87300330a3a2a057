/**
 * The main thread: bind, start the pool, drain. Shutdown is start-up reversed.
 *
 * @module
 */

import { dirname, fromFileUrl } from "@std/path";
import type { ServerOptions } from "./config.ts";
import { StartError } from "./errors.ts";
import type { Binding } from "./listener.ts";
import { bind } from "./listener.ts";
import { openLog } from "./log.ts";
import { WorkerPool } from "./worker_pool.ts";

/** A server that accepts connections. */
export interface Server {
  /** Where it can be reached, one URL per address. */
  readonly urls: readonly string[];
  /**
   * Stops accepting, lets answers under way finish within the time of grace, and gives everything back.
   *
   * @returns Settled when all is given back; always the same promise.
   */
  stop(): Promise<void>;
  /** Gives everything back at once, answers under way included. */
  abort(): void;
}

/**
 * Starts a server.
 *
 * @param options What it does.
 * @param createWorker Starts the thread of a worker; for tests of what happens when one dies.
 * @returns The server, when all its workers accept connections.
 * @throws {StartError} Where it cannot start; then nothing of it is left.
 */
export async function startServer(options: ServerOptions, createWorker?: () => Worker): Promise<Server> {
  checkRoot(options.root);
  if (createWorker === undefined) checkWorkerSource();
  const bound = bind(options.hostname, options.port);
  const bindings = bound.map(({ binding }) => binding);
  const closers = bound.map(({ listener }) => () => listener.close());
  try {
    const log = openLog(options.logLevel, options.logFile);
    closers.push(log.close);
    const { event, access } = log;
    const pool = new WorkerPool({ server: options, bindings, event, access, ...(createWorker && { createWorker }) });
    await pool.start();
    return createServer(pool, options, bindings, closers);
  } catch (error) {
    for (const close of closers) close();
    throw error;
  }
}

/** @param closers Those of the listeners, and as the last one that of the log. */
function createServer(
  pool: WorkerPool,
  { hostname, graceMs }: ServerOptions,
  bindings: readonly Binding[],
  closers: (() => void)[],
): Server {
  let stopped: Promise<void> | undefined;
  const close = (keep: number) => {
    for (const closer of closers.splice(0, closers.length - keep)) closer();
  };
  const stop = async () => {
    close(1);
    const timer = setTimeout(() => pool.stop(), graceMs);
    await pool.drain();
    clearTimeout(timer);
    close(0);
  };
  return {
    urls: [...new Set(bindings.map((binding) => formatUrl(hostname, binding)))],
    stop: () => stopped ??= stop(),
    abort: () => {
      pool.stop();
      close(0);
    },
  };
}

function formatUrl(hostname: string, binding: Binding): string {
  const name = hostname === "localhost" ? hostname : binding.hostname;
  return `http://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${binding.port}`;
}

/** Workers load their modules with the permissions of the process, unlike the main module. */
function checkWorkerSource(): void {
  if (!import.meta.url.startsWith("file:")) return;
  const path = dirname(fromFileUrl(import.meta.url));
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new StartError(`The workers may not read their own modules: add --allow-read=${path}`);
  }
}

function checkRoot(root: string): void {
  let info;
  try {
    info = Deno.statSync(root);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new StartError(`The root ${root} does not exist`);
    if (error instanceof Deno.errors.NotCapable) {
      throw new StartError(`Deno may not read the root ${root}: start it with --allow-read`);
    }
    throw new StartError(`Cannot read the root ${root}: ${error instanceof Error ? error.message : error}`);
  }
  if (!info.isDirectory) throw new StartError(`The root ${root} is not a directory`);
}
