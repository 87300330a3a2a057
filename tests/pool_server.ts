/**
 * A real server with real workers in this process, whose workers the test can let die or stand still. What the server
 * would write to standard error is collected.
 */

import { assert } from "@std/assert";
import type { AdmissionMemory } from "../src/admission.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { ServerOptions } from "../src/config.ts";
import { startServer } from "../src/server.ts";
import type { Server } from "../src/server.ts";
import type { ToWorker } from "../src/worker_protocol.ts";

/** What a test tells a worker. */
export type FaultMessage =
  /** Note which connections it accepts. */
  | { readonly kind: "note"; readonly accepted: Uint8Array; readonly generation: number }
  /** Die of an error. */
  | { readonly kind: "throw" }
  /** Die of a rejection that nobody handles. */
  | { readonly kind: "reject" }
  /** End by itself, without an error. */
  | { readonly kind: "close" }
  /** Let the wall clock jump. */
  | { readonly kind: "clock"; readonly jumpMs: number }
  /** Stand still: sets the first cell and waits for the second. */
  | { readonly kind: "block"; readonly cells: Int32Array<SharedArrayBuffer> };

/** A fault that a worker has from the start. */
export type Fault = "throws at once" | "rejects at once" | "cannot listen" | "shares no socket";

/** How long something that another thread does may take, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Waits, in bounded steps, for what other threads bring about. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`Never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Collects what is written to standard error, instead of writing it. */
export class StandardError implements Disposable {
  /** What was written. */
  text = "";
  readonly #write = Deno.stderr.write;

  constructor() {
    Deno.stderr.write = (bytes) => {
      this.text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    };
  }

  [Symbol.dispose](): void {
    Deno.stderr.write = this.#write;
  }
}

/** Makes workers that have a fault, or can be given one. */
export class WorkerFactory {
  /** The present worker of each seat. */
  readonly workers: Worker[] = [];
  /** How many were made. */
  generation = 0;
  /** By the port of a client: the generation of the worker that accepted its connection, 0 where none did. */
  readonly accepted: Uint8Array = new Uint8Array(new SharedArrayBuffer(65_536));
  /** The memory of the hand-off. */
  board: SharedArrayBuffer | undefined;
  /** The memory of who gets in. */
  admission: AdmissionMemory | undefined;
  /** The fault of the workers made from now on; by generation, which counts from 1. */
  fault: ((generation: number) => Fault | undefined) | undefined;

  /** The argument of `startServer`. */
  readonly create = (): Worker => {
    const generation = ++this.generation;
    const url = new URL("fixtures/faulty_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name: this.fault?.(generation) ?? "" });
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message: ToWorker) => {
      if (message.kind === "start") {
        this.workers[message.seat] = worker;
        this.board = message.board;
        this.admission = message.admission;
        post({ kind: "note", accepted: this.accepted, generation } satisfies FaultMessage);
      }
      post(message);
    };
    this.generations.set(worker, generation);
    return worker;
  };
  /** The generation of each worker. */
  readonly generations: WeakMap<Worker, number> = new WeakMap();
}

/** A worker that stands still until it is disposed of. */
export interface BlockedWorker extends Disposable {
  /** Whether it has gone on, by itself or because it was told to. */
  readonly goesOn: () => boolean;
}

/** A server in this process. */
export class PoolServer implements AsyncDisposable {
  /** Where it listens. */
  readonly address: { readonly hostname: string; readonly port: number };
  readonly #server: Server;
  readonly #factory: WorkerFactory;
  readonly #standardError: StandardError;
  readonly #blocks: Int32Array<SharedArrayBuffer>[] = [];
  #isLate = false;

  private constructor(server: Server, factory: WorkerFactory, standardError: StandardError, hostname: string) {
    this.#server = server;
    this.#factory = factory;
    this.#standardError = standardError;
    this.address = { hostname, port: Number(new URL(server.urls[0] ?? "").port) };
  }

  /**
   * Starts a server.
   *
   * @param hostname An address of its own: one process has one shared socket per requested address.
   * @param workers Number of workers.
   * @param options What is different from the defaults.
   */
  static async start(hostname: string, workers: number, options: Partial<ServerOptions> = {}): Promise<PoolServer> {
    const standardError = new StandardError();
    const factory = new WorkerFactory();
    try {
      const server = await startServer(poolOptions(hostname, { workers, ...options }), factory.create);
      return new PoolServer(server, factory, standardError, hostname);
    } catch (error) {
      standardError[Symbol.dispose]();
      throw error;
    }
  }

  /** Number of workers made so far. */
  get generation(): number {
    return this.#factory.generation;
  }

  /** What it wrote to its log. */
  get log(): string {
    return this.#standardError.text;
  }

  /** Settled when a worker has stood still for too long. */
  get stuck(): Promise<string> {
    return this.#server.stuck;
  }

  /** Numbers of open connections per worker, as the board has them. */
  get loads(): number[] {
    assert(this.#factory.board !== undefined);
    const workers = this.#factory.workers.length;
    return [...new Int32Array(this.#factory.board).subarray(1, 1 + workers)];
  }

  /** Number of connections that all workers have accepted and not closed. */
  get open(): number {
    return this.loads.reduce((sum, load) => sum + load, 0);
  }

  /** The generation of the worker at a seat. */
  generationAt(index: number): number {
    return this.#factory.generations.get(this.#workerAt(index)) ?? 0;
  }

  /** The generation of the worker that accepted the connection of a client; 0 where none did. */
  acceptedBy(clientPort: number): number {
    return this.#factory.accepted[clientPort] ?? 0;
  }

  /** Forgets who accepted the last connection from a port. */
  forget(clientPort: number): void {
    this.#factory.accepted[clientPort] = 0;
  }

  /** Lets a worker die. */
  kill(index: number, how: "throw" | "reject" | "close" = "throw"): void {
    this.#workerAt(index).postMessage({ kind: how } satisfies FaultMessage);
  }

  /** Lets the wall clock of a worker jump. */
  setClock(index: number, jumpMs: number): void {
    this.#workerAt(index).postMessage({ kind: "clock", jumpMs } satisfies FaultMessage);
  }

  /** Lets a worker stand still, and waits until it does. */
  async block(index: number): Promise<BlockedWorker> {
    const cells = new Int32Array(new SharedArrayBuffer(8));
    this.#workerAt(index).postMessage({ kind: "block", cells } satisfies FaultMessage);
    this.#blocks.push(cells);
    await until(() => Atomics.load(cells, 0) === 1, "the worker stands still");
    return { goesOn: () => Atomics.load(cells, 0) === 0, [Symbol.dispose]: () => release(cells) };
  }

  /** Stops it as a signal would. */
  async stop(): Promise<void> {
    const alarm = setTimeout(() => {
      this.#isLate = true;
      this.#server.abort();
    }, PATIENCE_MS);
    await this.#server.stop();
    clearTimeout(alarm);
    assert(!this.#isLate, `The server has not stopped for ${PATIENCE_MS} ms`);
  }

  /** Stops it at once. */
  abort(): void {
    this.#server.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cells of this.#blocks) release(cells);
    await this.stop();
    this.#standardError[Symbol.dispose]();
  }

  #workerAt(index: number): Worker {
    const worker = this.#factory.workers[index];
    assert(worker !== undefined);
    return worker;
  }
}

function release(cells: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(cells, 1, 1);
  Atomics.notify(cells, 1);
}

/** Options of a server on an address of this machine, which serves the fixtures of the tests. */
export function poolOptions(hostname: string, options: Partial<ServerOptions> = {}): ServerOptions {
  const root = import.meta.dirname;
  assert(root !== undefined);
  return { ...DEFAULT_OPTIONS, hostname, port: 0, workers: 2, root: `${root}/fixtures`, ...options };
}
