/**
 * What a connection waits for, and until when. A deadline is a number; one sweep per worker looks at all of them, since
 * a timer per request would cost more than parsing it.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** What a connection waits for; each has its time-out. */
export type Stage = "request" | "head" | "handler" | "body" | "piece" | "write" | "drain" | "linger" | "upgraded";

/** The deadline of one connection. */
export class Deadline {
  /** What is waited for. */
  stage: Stage = "request";
  /** When that must be over, on the clock of the worker. */
  atMs: number = Infinity;
  /** Whether it has passed amid a request, whose last answer is being sent beside the read. */
  hasExpired: boolean = false;
  readonly #clock: Clock;

  /**
   * Makes one that never passes.
   *
   * @param clock The time of the worker.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Begins a wait.
   *
   * @param stage What for.
   * @param timeoutMs How long it may take.
   */
  wait(stage: Stage, timeoutMs: number): void {
    this.waitUntil(stage, this.#clock.nowMs + timeoutMs);
  }

  /**
   * Begins, or goes on with, a wait whose end is known.
   *
   * @param stage What for.
   * @param atMs When it must be over, on the clock of the worker.
   */
  waitUntil(stage: Stage, atMs: number): void {
    this.stage = stage;
    this.atMs = atMs;
  }
}
