/**
 * Keeps the queues of a server alive while a worker is missing.
 *
 * A socket lives as long as any thread listens on it. The main thread would be woken up for each connection although it
 * accepts none, which costs a tenth of a short connection and more. So it listens until all workers do, and again from
 * the moment one has died until its successor is there. Where there is one worker alone it always listens.
 *
 * @module
 */

import type { Binding, BoundListener } from "./listener.ts";
import { cloneListener, giveUp } from "./listener.ts";

/** The listeners of the main thread. */
export class QueueKeeper {
  /** Where they listen. */
  readonly bindings: readonly Binding[];
  #listeners: Deno.TcpListener[];
  #isClosed = false;

  /**
   * Takes over listeners, which hold their queues.
   *
   * @param bound The listeners.
   */
  constructor(bound: readonly BoundListener[]) {
    this.bindings = bound.map(({ binding }) => binding);
    this.#listeners = bound.map(({ listener }) => listener);
  }

  /**
   * Listens again.
   *
   * @throws {StartError} Where that is not possible: no worker listened any more, and somebody else has the port.
   */
  hold(): void {
    if (!this.#isClosed && this.#listeners.length === 0) this.#listeners = this.bindings.map(cloneListener);
  }

  /** The workers listen, and that is enough. */
  release(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** Gives the addresses up. */
  close(): void {
    this.release();
    if (!this.#isClosed) this.bindings.forEach(giveUp);
    this.#isClosed = true;
  }
}
