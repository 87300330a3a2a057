/**
 * Starts the workers, watches them, replaces the ones that die, drains them; and replaces all, one after the other, when
 * what they run has changed.
 *
 * A worker that dies before it was ever ready means that the server is not set up right: starting fails. One that dies
 * later is replaced, also while others still start, at once the first time and more slowly the sooner it dies again; the
 * listening socket lives in the main thread meanwhile, so no connection in the queue is lost.
 *
 * @module
 */

import type { AdmissionMemory } from "./admission.ts";
import { createAdmissionMemory, releaseSeat } from "./admission.ts";
import type { LogLevel, ServerOptions } from "./config.ts";
import { StartError } from "./errors.ts";
import { createBoard, Handoff } from "./handoff.ts";
import type { PulseChange } from "./heartbeat.ts";
import { createHeartbeats, LOOK_MS, Pulse } from "./heartbeat.ts";
import type { QueueKeeper } from "./queue_keeper.ts";
import type { WorkerPermissions } from "./sandbox.ts";
import { isSandboxAvailable, selectPermissions } from "./sandbox.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** How long a worker may take to load what it runs, in milliseconds. */
const START_MS = 60_000;
/** The longest wait before a worker is replaced, in milliseconds. */
const MAXIMUM_BACKOFF_MS = 10_000;
/** A worker that lived this long is replaced at once; in milliseconds. */
const STABLE_MS = 10_000;

/** What a pool needs. */
export interface WorkerPoolOptions {
  /** The options of the server. */
  readonly server: ServerOptions;
  /** The queues that the workers accept from; held while a worker is missing. */
  readonly queues: Pick<QueueKeeper, "bindings" | "hold" | "release">;
  /** Takes the events of the pool and of its workers. */
  readonly event: (level: LogLevel, message: string) => void;
  /** Takes the access lines of the workers. */
  readonly access: (lines: Uint8Array) => void;
  /** Told, with the reason, when a thread stands still that can neither be waited for any longer nor be ended. */
  readonly onStuck: (reason: string) => void;
  /**
   * Starts the thread of a worker.
   *
   * @default a worker of this project, with the permissions that `sandbox.ts` selects where the options say so
   */
  readonly createWorker?: () => Worker;
}

/** Said where the process may do less than the workers would be given. */
const LESS_SANDBOX = "The workers may read all that the process may, since that has not all of the root: ";

/** Said where the second wall is wanted and cannot be had. */
const NO_SANDBOX = "The workers have all permissions of the process: run with the deno.json of Sockeye, or with " +
  '"unstable": ["worker-options"] and "#worker-options": "data:," among "imports" in that of the program';

type Stage = "starting" | "ready" | "draining" | "dead";

/** A worker as the pool sees it. */
interface WorkerHandle {
  readonly worker: Worker;
  /** Its seat at the board: a successor has another one, as long as both live. */
  readonly seat: number;
  readonly pulse: Pulse;
  readonly startedMs: number;
  readonly ready: PromiseWithResolvers<void>;
  readonly gone: PromiseWithResolvers<void>;
  stage: Stage;
  /**
   * How often it was looked at since its time of grace was over: it is ended when it shows that it lives, since a thread
   * that stands still cannot be.
   */
  overdueLooks?: number;
}

/** The workers of one server. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #createWorker: () => Worker;
  readonly #board: SharedArrayBuffer;
  readonly #heartbeats: SharedArrayBuffer;
  readonly #admission: AdmissionMemory;
  readonly #handles: WorkerHandle[] = [];
  /** Workers that have a successor and finish what they have begun. */
  readonly #retired = new Set<WorkerHandle>();
  /** The successor that is not ready yet. */
  #successor: WorkerHandle | undefined;
  #replacing: Promise<void> = Promise.resolve();
  /** A replacement that has not begun yet. */
  #queued: Promise<void> | undefined;
  readonly #backoffMs: number[];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #looking: ReturnType<typeof setInterval> | undefined;
  readonly #started = Promise.withResolvers<void>();
  /** By index: whether a worker was ever ready there. */
  readonly #wasReady: boolean[];
  readonly #drained = Promise.withResolvers<void>();
  #isStarted = false;
  #isStopping = false;

  /**
   * Makes a pool without workers.
   *
   * @param options What the pool needs.
   */
  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#createWorker = options.createWorker ?? workerFactory(options);
    this.#board = createBoard(2 * options.server.workers);
    this.#heartbeats = createHeartbeats(2 * options.server.workers);
    this.#admission = createAdmissionMemory(2 * options.server.workers, options.server.limits);
    this.#backoffMs = Array(options.server.workers).fill(0);
    this.#wasReady = Array(options.server.workers).fill(false);
  }

  /**
   * Starts the workers.
   *
   * @returns Settled when all of them accept connections.
   * @throws {StartError} Where one cannot; then all are ended.
   */
  async start(): Promise<void> {
    for (let index = 0; index < this.#options.server.workers; index++) this.#handles[index] = this.#spawn(index);
    this.#looking = setInterval(() => this.#lookAtAll(), LOOK_MS);
    try {
      await this.#started.promise;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /**
   * Replaces the workers one after the other: each stops accepting when its successor accepts, and then finishes what it
   * has begun. Where a successor cannot start the old one stays.
   *
   * @returns Settled when that is done, but for what the old ones have to finish; the same promise for all who ask
   * before it begins, since it will see what has changed until then.
   * @throws {StartError} Where a successor cannot start.
   */
  replace(): Promise<void> {
    if (this.#queued === undefined) {
      this.#queued = this.#replacing.then(() => this.#replaceAll());
      this.#replacing = this.#queued.catch(() => {});
    }
    return this.#queued;
  }

  async #replaceAll(): Promise<void> {
    // Their seats are needed.
    await Promise.all(Array.from(this.#retired, ({ gone }) => gone.promise));
    this.#queued = undefined;
    for (let index = 0; index < this.#handles.length && !this.#isStopping; index++) {
      const old = this.#handles[index];
      const successor = this.#spawn(index, this.#otherSeat(old));
      this.#successor = successor;
      await successor.ready.promise.finally(() => this.#successor = undefined);
      if (this.#isStopping) return this.#end(successor);
      const current = this.#handles[index];
      this.#handles[index] = successor;
      if (current !== undefined) this.#retire(current);
    }
  }

  /** Nobody waits for it any longer. */
  #endSuccessor(): void {
    if (this.#successor === undefined) return;
    this.#end(this.#successor);
    this.#successor.ready.resolve();
  }

  #otherSeat(handle: WorkerHandle | undefined): number {
    return ((handle?.seat ?? 0) + this.#options.server.workers) % (2 * this.#options.server.workers);
  }

  #retire(handle: WorkerHandle): void {
    if (handle.stage !== "ready") return this.#end(handle);
    this.#retired.add(handle);
    handle.stage = "draining";
    post(handle.worker, { kind: "drain", hasSuccessor: true });
    const { graceMs, watchdogMs } = this.#options.server;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (watchdogMs === 0) this.#endRetired(handle);
      else handle.overdueLooks = 0;
    }, graceMs);
    this.#timers.add(timer);
  }

  #endRetired(handle: WorkerHandle): void {
    if (this.#retired.delete(handle)) this.#end(handle);
  }

  /** Lets the workers accept nothing more. Settled when their last connections are closed. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    this.#clearTimers();
    this.#endSuccessor();
    for (const handle of this.#handles) {
      if (handle.stage !== "ready" || handle.pulse.isLost) this.#end(handle);
      else {
        handle.stage = "draining";
        post(handle.worker, { kind: "drain", hasSuccessor: false });
      }
    }
    this.#checkDrained();
    await this.#drained.promise;
  }

  /** Ends all workers, whatever they are doing. */
  stop(): void {
    this.#isStopping = true;
    this.#clearTimers();
    this.#endSuccessor();
    for (const handle of [...this.#handles, ...this.#retired]) this.#end(handle);
    this.#checkDrained();
  }

  #clearTimers(): void {
    clearInterval(this.#looking);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #lookAtAll(): void {
    for (const [index, handle] of this.#handles.entries()) this.#look(index, handle);
    // Which of the workers it succeeds nobody needs to know.
    for (const handle of this.#retired) this.#look(handle.seat % this.#handles.length, handle);
  }

  #look(index: number, handle: WorkerHandle): void {
    if (handle.stage === "dead") return;
    const change = handle.pulse.look();
    // A beat that the first look finds may be of before.
    if (handle.overdueLooks !== undefined && handle.overdueLooks++ > 0 && handle.pulse.isBeating) {
      this.#endRetired(handle);
    }
    if (change === undefined) return;
    this.#options.event("error", describeChange(index, change));
    if (change.kind !== "lost") return;
    const duration = `${change.silentMs / 1000} s`;
    if (this.#isStarted) {
      this.#options.onStuck(`Worker ${index + 1} stands still, for ${duration}, and cannot be ended`);
    } else this.#failToStart(handle, `it stands still, for ${duration}`);
  }

  #spawn(index: number, seat = index): WorkerHandle {
    const worker = this.#createWorker();
    const ready = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const pulse = new Pulse(this.#heartbeats, seat, this.#options.server.watchdogMs);
    const handle: WorkerHandle = { worker, seat, pulse, startedMs: performance.now(), ready, gone, stage: "starting" };
    const alarm = setTimeout(() => {
      this.#timers.delete(alarm);
      if (handle.stage === "starting") this.#bury(index, handle, `it was not ready after ${START_MS / 1000} s`);
    }, START_MS);
    this.#timers.add(alarm);
    const disarm = () => {
      clearTimeout(alarm);
      this.#timers.delete(alarm);
    };
    ready.promise.then(disarm, disarm);
    void gone.promise.then(disarm);
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#receive(index, handle, data));
    worker.addEventListener("error", (event) => {
      // Without this an error in a worker ends the process.
      event.preventDefault();
      this.#bury(index, handle, event.message);
    });
    // Whoever had the seat before may have counted on while it was being ended.
    releaseSeat(this.#admission, seat);
    new Handoff(this.#board, seat).reserve();
    const { server, queues: { bindings } } = this.#options;
    post(worker, {
      kind: "start",
      seat,
      options: server,
      bindings,
      board: this.#board,
      heartbeats: this.#heartbeats,
      admission: this.#admission,
    });
    return handle;
  }

  #receive(index: number, handle: WorkerHandle, message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        return this.#welcome(index, handle);
      case "failed":
        return this.#bury(index, handle, message.message);
      case "drained":
        this.#retired.delete(handle);
        this.#end(handle);
        return this.#checkDrained();
      case "event":
        return this.#options.event(message.level, message.message);
      case "access":
        return this.#options.access(message.lines);
      default:
        return message satisfies never;
    }
  }

  #welcome(index: number, handle: WorkerHandle): void {
    if (handle.stage !== "starting") return;
    handle.stage = "ready";
    handle.ready.resolve();
    this.#wasReady[index] = true;
    const isComplete = this.#handles.every(({ stage }) => stage === "ready");
    if (isComplete && this.#handles.length > 1) this.#options.queues.release();
    if (this.#isStarted || !this.#wasReady.every((wasReady) => wasReady)) return;
    this.#isStarted = true;
    this.#started.resolve();
  }

  /** A worker has died. */
  #bury(index: number, handle: WorkerHandle, reason: string): void {
    if (handle.stage === "dead") return;
    this.#end(handle);
    this.#retired.delete(handle);
    handle.ready.reject(new StartError(`A worker cannot start: ${reason}`));
    if (this.#isStopping) return this.#checkDrained();
    if (this.#handles[index] !== handle) return;
    if (this.#wasReady[index] === false) return this.#failToStart(handle, reason);
    this.#holdQueues();
    const waitMs = this.#selectBackoff(index, performance.now() - handle.startedMs);
    this.#options.event("error", `Worker ${index + 1} died and is replaced in ${waitMs} ms: ${reason}`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // It may have a successor already.
      if (this.#handles[index] === handle) this.#handles[index] = this.#spawn(index, handle.seat);
    }, waitMs);
    this.#timers.add(timer);
  }

  #failToStart(handle: WorkerHandle, reason: string): void {
    this.#end(handle);
    this.#started.reject(new StartError(`A worker cannot start: ${reason}`));
  }

  #holdQueues(): void {
    try {
      this.#options.queues.hold();
    } catch (error) {
      this.#options.event("error", error instanceof Error ? error.message : String(error));
    }
  }

  #selectBackoff(index: number, livedMs: number): number {
    if (livedMs >= STABLE_MS) this.#backoffMs[index] = 0;
    const waitMs = this.#backoffMs[index] ?? 0;
    this.#backoffMs[index] = Math.min(Math.max(waitMs * 2, 50), MAXIMUM_BACKOFF_MS);
    return waitMs;
  }

  #end(handle: WorkerHandle): void {
    handle.stage = "dead";
    handle.worker.terminate();
    new Handoff(this.#board, handle.seat).leave();
    releaseSeat(this.#admission, handle.seat);
    handle.gone.resolve();
  }

  #checkDrained(): void {
    if (!this.#isStopping) return;
    const isDead = ({ stage }: WorkerHandle) => stage === "dead";
    if (this.#handles.every(isDead) && [...this.#retired].every(isDead)) this.#drained.resolve();
  }
}

function describeChange(index: number, { kind, silentMs }: PulseChange): string {
  const worker = `Worker ${index + 1}`;
  const duration = `${silentMs / 1000} s`;
  switch (kind) {
    case "silent":
      return `${worker} stands still, for ${duration} now: something blocks its thread`;
    case "back":
      return `${worker} goes on, after it stood still for ${duration}`;
    case "lost":
      return `${worker} stands still, for ${duration} now, since ${new Date(Date.now() - silentMs).toISOString()}`;
    default:
      return kind satisfies never;
  }
}

function selectSandbox({ server, queues, event }: WorkerPoolOptions): WorkerPermissions | undefined {
  if (!server.sandbox) return undefined;
  const permissions = selectPermissions(server, queues.bindings);
  if (permissions === undefined || isSandboxAvailable()) return permissions;
  event("error", NO_SANDBOX);
  return undefined;
}

/** Without the unstable feature the permissions of a worker are no part of the types. */
type SandboxedWorkerOptions = WorkerOptions & { readonly deno?: { readonly permissions: WorkerPermissions } };

/**
 * Makes the function that starts a worker. A process that may not read, or write, all of the root (`--deny-read`) can only
 * pass on what it may itself; the log says so once.
 */
function workerFactory(options: WorkerPoolOptions): () => Worker {
  let permissions = selectSandbox(options);
  return () => {
    try {
      return createWorker(permissions);
    } catch (error) {
      const wider = widen(permissions);
      if (wider === undefined || !(error instanceof Deno.errors.NotCapable)) throw error;
      options.event("error", LESS_SANDBOX + error.message);
      permissions = wider;
      return createWorker(permissions);
    }
  };
}

/** The same without bounds of its own for files; `undefined` where it has none. */
function widen(permissions: WorkerPermissions | undefined): WorkerPermissions | undefined {
  if (permissions === undefined || permissions.read === "inherit") return undefined;
  const { read: _, write, ...rest } = permissions;
  const isWriting = Array.isArray(write) && write.length > 0;
  return { ...rest, read: "inherit", write: isWriting ? "inherit" : write };
}

function createWorker(permissions?: WorkerPermissions): Worker {
  const options: SandboxedWorkerOptions = { type: "module", ...(permissions && { deno: { permissions } }) };
  return new Worker(new URL("./worker.ts", import.meta.url), options);
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
