/**
 * The main thread: bind, start the pool, drain. Shutdown is start-up reversed.
 *
 * @module
 */

import { dirname, fromFileUrl, resolve, toFileUrl } from "@std/path";
import { watchApp } from "./app_watch.ts";
import { openBrowser } from "./browser.ts";
import { Clock } from "./clock.ts";
import { formatAuthority } from "./authority.ts";
import { checkBounds } from "./bounds.ts";
import type { ServeOptions, ServerOptions } from "./config.ts";
import { DEFAULT_OPTIONS } from "./config.ts";
import { StartError, UsageError } from "./errors.ts";
import { FileTree, isWithin } from "./file_tree.ts";
import type { Binding } from "./listener.ts";
import { bind } from "./listener.ts";
import type { Log } from "./log.ts";
import { openLog } from "./log.ts";
import { encodePath } from "./path.ts";
import type { ParsedSiteOptions } from "./site_options.ts";
import { parseSiteOptions } from "./site_options.ts";
import { SiteRules } from "./site_rules.ts";
import { parseUsers } from "./users_file.ts";
import { QueueKeeper } from "./queue_keeper.ts";
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
  /**
   * Replaces the workers one after the other, so that a changed application is loaded, without a lost request.
   *
   * @throws {StartError} Where it does not load; then the one of before goes on.
   */
  reload(): Promise<void>;
  /** Opens the log file anew, after it was renamed or removed. Where there is none, nothing happens. */
  reopenLog(): Promise<void>;
  /** Gives everything back at once, answers under way included. */
  abort(): Promise<void>;
  /**
   * Settled, with the reason, when the thread of a worker has stood still for `watchdogMs`. It cannot be ended, and its
   * clients wait; the other workers go on. Whoever runs the server is to stop it and to end the process.
   */
  readonly stuck: Promise<string>;
}

/** With `dev`: for the other devices on the network, and one watch over the files. */
const DEV_OPTIONS = { hostname: "0.0.0.0", workers: 1 };

/**
 * Lays wishes over the defaults.
 *
 * @param wishes What is to be otherwise; a relative `root` is one from the working directory.
 */
export function completeOptions(wishes: ServeOptions): ServerOptions {
  const workers = navigator.hardwareConcurrency;
  const defaults = { ...DEFAULT_OPTIONS, workers, ...(wishes.dev && DEV_OPTIONS) };
  const root = wishes.root ?? (wishes.app === undefined ? "." : "");
  const app = wishes.app === undefined ? {} : { app: resolveModule(wishes.app) };
  const said = definedOf(wishes);
  const limits = Object.freeze({ ...DEFAULT_OPTIONS.limits, ...definedOf(wishes.limits ?? {}) });
  const timeouts = Object.freeze({ ...DEFAULT_OPTIONS.timeouts, ...definedOf(wishes.timeouts ?? {}) });
  const cache = Object.freeze({ ...DEFAULT_OPTIONS.cache, ...definedOf(wishes.cache ?? {}) });
  const auth = wishes.auth === undefined ? {} : { auth: resolve(wishes.auth) };
  const paths = { ...app, ...auth, root: root === "" ? "" : resolve(root) };
  return Object.freeze({ ...defaults, ...said, ...paths, limits, timeouts, cache });
}

function definedOf<T extends object>(wishes: T): Partial<T> {
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A URL stays; a path is one from the working directory. */
function resolveModule(name: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(name) ? name : toFileUrl(resolve(name)).href;
}

/**
 * Starts a server.
 *
 * @param wishes What it does otherwise than {@linkcode DEFAULT_OPTIONS}; a worker for each processor, and the working
 * directory as the root, where nothing is said of these.
 * @returns The server, when all its workers accept connections.
 * @throws {StartError} Where it cannot start; then nothing of it is left.
 * @throws {UsageError} Where an option has no meaning.
 */
export async function serve(wishes: ServeOptions = {}): Promise<Server> {
  return await startServer(completeOptions(wishes));
}

/**
 * Starts a server whose options are complete.
 *
 * @param options What it does.
 * @param createWorker Starts the thread of a worker; for tests of what happens when one dies.
 * @returns The server, when all its workers accept connections.
 * @throws {StartError} Where it cannot start; then nothing of it is left.
 * @throws {UsageError} Where an option has no meaning.
 */
export async function startServer(options: ServerOptions, createWorker?: () => Worker): Promise<Server> {
  if (!Number.isInteger(options.workers) || options.workers < 1) {
    throw new StartError(`The number of workers must be at least 1, not ${options.workers}`);
  }
  checkBounds(options);
  const site = checkSite(options);
  if (createWorker === undefined) checkWorkerSource();
  const queues = new QueueKeeper(bind(options.hostname, options.port));
  const { bindings } = queues;
  let log: Log | undefined;
  try {
    log = openLog(options.logLevel, options.logFile);
    const { event, access } = log;
    const stuck = Promise.withResolvers<string>();
    const needs = { server: options, queues, event, access, onStuck: stuck.resolve };
    const pool = new WorkerPool({ ...needs, ...(createWorker && { createWorker }) });
    await pool.start();
    const path = site.base === "/" ? "" : encodePath(site.base);
    const urls = [...new Set(bindings.map((binding) => formatUrl(options.hostname, binding) + path))];
    const hint = options.open && urls[0] !== undefined ? await openBrowser(urls[0]) : undefined;
    if (hint !== undefined) event("error", hint);
    const watch = startWatch(options, pool, event);
    const close = () => {
      watch?.close();
      queues.close();
    };
    return createServer(pool, log, { urls, graceMs: options.graceMs, close, stuck: stuck.promise });
  } catch (error) {
    queues.close();
    await log?.close();
    throw error;
  }
}

function createServer(
  pool: WorkerPool,
  log: Log,
  { urls, graceMs, close, stuck }: Pick<Server, "urls" | "stuck"> & { graceMs: number; close: () => void },
): Server {
  const stop = async () => {
    close();
    const timer = setTimeout(() => {
      log.event("error", "The time of grace is over: answers under way are cut off");
      pool.stop();
    }, graceMs);
    await pool.drain();
    clearTimeout(timer);
    await log.close();
  };
  let stopped: Promise<void> | undefined;
  return {
    urls,
    stuck,
    stop: () => stopped ??= stop(),
    reload: () => pool.replace(),
    reopenLog: () => log.reopen(),
    abort: async () => {
      close();
      pool.stop();
      await log.close();
    },
  };
}

/** The log may lie in the folder of the application; a line in it changes nothing. */
function startWatch({ app, watch, logFile }: ServerOptions, pool: WorkerPool, event: Log["event"]) {
  if (!watch || app === undefined) return undefined;
  const ignored = logFile === undefined ? [] : [logFile];
  return watchApp(app, { reload: () => pool.replace(), event, ignored });
}

/**
 * Tells whether an address stands for all addresses of the machine.
 *
 * @param hostname The address.
 */
export function isEveryAddress(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::" || hostname === "[::]";
}

function formatUrl(hostname: string, binding: Binding): string {
  const name = hostname === "localhost" || isEveryAddress(hostname) ? "localhost" : binding.hostname;
  return `http://${formatAuthority({ hostname: name, port: binding.port })}`;
}

/** Workers load their modules with the permissions of the process, unlike the main module. */
function checkWorkerSource(): void {
  if (!import.meta.url.startsWith("file:")) return;
  const source = dirname(fromFileUrl(import.meta.url));
  const paths = [source, resolve(source, "../std")];
  const isGranted = (path: string) => Deno.permissions.querySync({ name: "read", path }).state === "granted";
  if (!paths.every(isGranted)) {
    throw new StartError(`The workers may not read their own modules: add --allow-read=${paths.join(",")}`);
  }
}

/**
 * Checks what can be known of a site before it is served.
 *
 * @param options The options of the server.
 * @returns The options of the site, parsed.
 * @throws {StartError} Where the root, a file of rules or the shell is not what it should be.
 * @throws {UsageError} Where an option has no meaning.
 */
export function checkSite(options: ServerOptions): ParsedSiteOptions {
  const site = parseSiteOptions(options);
  if (options.root !== "") checkRoot(options.root);
  if (options.auth !== undefined) checkUsers(options.auth, options.root);
  if (options.root === "") return site;
  const tree = new FileTree(site);
  checkRules(site, tree, options);
  if (site.isUploading) checkUploads(options, tree);
  if (site.shell !== undefined && tree.isDirectory) checkShell(site.shell, tree);
  return site;
}

/** What is served must not tell the hashes. */
function checkUsers(path: string, root: string): void {
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const advice = error instanceof Deno.errors.NotCapable ? `: start Deno with --allow-read=${path}` : "";
    throw new StartError(`Cannot read the users of --auth, ${path}${advice}`, { cause: error });
  }
  if (root !== "" && isWithin(Deno.realPathSync(root), Deno.realPathSync(path))) {
    throw new StartError(`The users of --auth, ${path}, lie in the root: put the file elsewhere`);
  }
  const { mistakes } = parseUsers(text);
  if (mistakes.length === 0) return;
  throw new StartError("The users have mistakes:", { details: mistakes.map((mistake) => `${path}:${mistake}`) });
}

function checkUploads({ app, root }: ServerOptions, tree: FileTree): void {
  if (app !== undefined) throw new UsageError("--upload is for a site without an application: leave --app out");
  if (!tree.isDirectory) throw new StartError(`--upload needs a folder, and the root ${root} is a file`);
  const path = Deno.realPathSync(root);
  if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
    throw new StartError(`--upload writes below the root: start Deno with --allow-write=${path}`);
  }
}

function checkShell(shell: string, tree: FileTree): void {
  try {
    tree.find(shell);
  } catch {
    throw new StartError(`The file of --spa, ${shell}, is not in the root`);
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
  if (!info.isDirectory && !info.isFile) throw new StartError(`The root ${root} is neither a directory nor a file`);
}

/** A site whose rules are not understood is not served by half of them. */
function checkRules(site: ParsedSiteOptions, tree: FileTree, options: ServerOptions): void {
  const context = { clock: new Clock(), cache: options.cache, open: (path: string) => Deno.openSync(path) };
  const mistakes = new SiteRules(site, tree, context).read();
  if (mistakes.length > 0) throw new StartError("The rules of the site have mistakes:", { details: mistakes });
}
