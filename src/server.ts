/**
 * The main thread: bind, start the pool, drain. Shutdown is start-up reversed.
 *
 * @module
 */

import type { ServerOptions } from "./config.ts";
import { StartError } from "./errors.ts";
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
  const bound = bind(options.hostname, options.port);
  const closers = bound.map(({ listener }) => () => listener.close());
  const closeAll = () => {
    for (const close of closers.splice(0)) close();
  };
  try {
    const log = openLog(options.logLevel, options.logFile);
    closers.push(() => log.close());
    const pool = new WorkerPool({
      server: options,
      bindings: bound.map(({ binding }) => binding),
      event: log.event,
      access: log.access,
      ...(createWorker && { createWorker }),
    });
    await pool.start();
    const urls = bound.map(({ binding }) => formatUrl(options.hostname, binding));
    return createServer(pool, [...new Set(urls)], options.graceMs, closeAll);
  } catch (error) {
    closeAll();
    throw error;
  }
}

function createServer(pool: WorkerPool, urls: readonly string[], graceMs: number, closeAll: () => void): Server {
  let stopped: Promise<void> | undefined;
  const abort = () => {
    pool.stop();
    closeAll();
  };
  const stop = async () => {
    const timer = setTimeout(() => pool.stop(), graceMs);
    await pool.drain();
    clearTimeout(timer);
    closeAll();
  };
  return { urls, abort, stop: () => stopped ??= stop() };
}

function formatUrl(hostname: string, binding: { hostname: string; actualPort: number }): string {
  const name = hostname === "localhost" ? hostname : binding.hostname;
  return `http://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${binding.actualPort}`;
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
