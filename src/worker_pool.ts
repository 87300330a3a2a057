/**
 * Starts the workers, watches them, replaces the ones that die, drains them.
 *
 * A worker that dies before it was ever ready means that the server is not set up right: starting fails. One that dies
 * later is replaced, at once the first time and more slowly the sooner it dies again; the listening socket lives in the
 * main thread meanwhile, so no connection in the queue is lost.
 *
 * @module
 */

import type { LogLevel, ServerOptions } from "./config.ts";
import { StartError } from "./errors.ts";
import { createBoard, Handoff } from "./handoff.ts";
import type { Binding } from "./listener.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** The longest wait before a worker is replaced, in milliseconds. */
const MAXIMUM_BACKOFF_MS = 10_000;
/** A worker that lived this long is replaced at once; in milliseconds. */
const STABLE_MS = 10_000;

/** What a pool needs. */
export interface WorkerPoolOptions {
  /** The options of the server. */
  readonly server: ServerOptions;
  /** The sockets that the workers accept from. */
  readonly bindings: readonly Binding[];
  /** Takes the events of the pool and of its workers. */
  readonly event: (level: LogLevel, message: string) => void;
  /** Takes the access lines of the workers. */
  readonly access: (lines: Uint8Array) => void;
  /**
   * Starts the thread of a worker.
   *
   * @default {() => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })}
   */
  readonly createWorker?: () => Worker;
}

type Stage = "starting" | "ready" | "draining" | "dead";

/** A worker as the pool sees it. */
interface WorkerHandle {
  readonly worker: Worker;
  readonly startedMs: number;
  stage: Stage;
}

/** The workers of one server. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #board: SharedArrayBuffer;
  readonly #handles: WorkerHandle[] = [];
  readonly #backoffMs: number[];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #started = Promise.withResolvers<void>();
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
    this.#board = createBoard(options.server.workers);
    this.#backoffMs = Array(options.server.workers).fill(0);
  }

  /**
   * Starts the workers.
   *
   * @returns Settled when all of them accept connections.
   * @throws {StartError} Where one cannot; then all are ended.
   */
  async start(): Promise<void> {
    for (let index = 0; index < this.#options.server.workers; index++) this.#spawn(index);
    try {
      await this.#started.promise;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Lets the workers accept nothing more. Settled when their last connections are closed. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const handle of this.#handles) {
      if (handle.stage !== "ready") this.#end(handle);
      else {
        handle.stage = "draining";
        post(handle.worker, { kind: "drain" });
      }
    }
    this.#checkDrained();
    await this.#drained.promise;
  }

  /** Ends all workers, whatever they are doing. */
  stop(): void {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const handle of this.#handles) this.#end(handle);
    this.#checkDrained();
  }

  #spawn(index: number): void {
    const worker = (this.#options.createWorker ?? createWorker)();
    const handle: WorkerHandle = { worker, startedMs: performance.now(), stage: "starting" };
    this.#handles[index] = handle;
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#receive(index, handle, data));
    worker.addEventListener("error", (event) => {
      // Without this an error in a worker ends the process.
      event.preventDefault();
      this.#bury(index, handle, event.message);
    });
    const { server, bindings } = this.#options;
    post(worker, { kind: "start", index, options: server, bindings, board: this.#board });
  }

  #receive(index: number, handle: WorkerHandle, message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        return this.#welcome(handle);
      case "failed":
        return this.#bury(index, handle, message.message);
      case "drained":
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

  #welcome(handle: WorkerHandle): void {
    if (handle.stage !== "starting") return;
    handle.stage = "ready";
    const isComplete = this.#handles.every(({ stage }) => stage === "ready");
    if (this.#isStarted || !isComplete) return;
    this.#isStarted = true;
    this.#started.resolve();
  }

  /** A worker has died. */
  #bury(index: number, handle: WorkerHandle, reason: string): void {
    if (handle.stage === "dead") return;
    this.#end(handle);
    new Handoff(this.#board, index).leave();
    if (!this.#isStarted) return this.#started.reject(new StartError(`A worker cannot start: ${reason}`));
    if (this.#isStopping) return this.#checkDrained();
    const waitMs = this.#selectBackoff(index, performance.now() - handle.startedMs);
    this.#options.event("error", `Worker ${index + 1} died and is replaced in ${waitMs} ms: ${reason}`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#spawn(index);
    }, waitMs);
    this.#timers.add(timer);
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
  }

  #checkDrained(): void {
    if (this.#handles.every(({ stage }) => stage === "dead")) this.#drained.resolve();
  }
}

function createWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
