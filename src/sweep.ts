/**
 * The one timer of a worker: looks at the deadlines and the pace of all connections, several times a second.
 *
 * The clock that deadlines are set by is as old as the last sweep at most; so a time-out ends up to two sweeps late, and
 * never early. After a sweep that came late itself, because the thread was busy or the machine asleep, nothing ends: what
 * clients have sent meanwhile is read first.
 *
 * @module
 */

import type { ConnectionContext } from "./connection_context.ts";

/** The time between two sweeps, in milliseconds. */
export const SWEEP_MS = 250;

/** A sweep that comes so much later than the one before it judges nobody; in milliseconds. */
const LATE_MS = 4 * SWEEP_MS;

/** Sweeps the connections of one worker. */
export class Sweep {
  readonly #context: ConnectionContext;
  #lastMs: number;
  #wasLate = false;

  /**
   * Makes one that has not run.
   *
   * @param context What the connections share.
   */
  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#lastMs = context.clock.nowMs;
  }

  /** Reads the clock, and ends what is over its time or too slow. */
  run(): void {
    const { clock, connections } = this.#context;
    clock.read();
    const elapsedMs = clock.nowMs - this.#lastMs;
    this.#lastMs = clock.nowMs;
    this.#wasLate = elapsedMs > LATE_MS && !this.#wasLate;
    if (this.#wasLate) return;
    const overdueMs = clock.nowMs - SWEEP_MS;
    for (const connection of connections) {
      if (connection.deadlineMs < overdueMs) connection.expire();
      else connection.tick(elapsedMs);
    }
  }
}
