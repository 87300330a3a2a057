/** Timers that run when a test says so. */

import type { SetTimer } from "../src/timer.ts";

/** A clock that stands still between calls of {@linkcode ManualTimers.pass}. */
export class ManualTimers {
  /** The time, in milliseconds. */
  nowMs = 0;
  readonly #waiting = new Set<{ readonly run: () => void; readonly atMs: number }>();

  /** Number of timers that are set. */
  get count(): number {
    return this.#waiting.size;
  }

  /** What is handed to the code under test. */
  readonly setTimer: SetTimer = (run, delayMs) => {
    const timer = { run, atMs: this.nowMs + delayMs };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  };

  /** Lets time pass, and runs what falls due in its order. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = [...this.#waiting].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }
}
