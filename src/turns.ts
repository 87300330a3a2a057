/**
 * Long work that leaves others their turn: it runs a moment at a time, between which the other connections of the worker
 * are served.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { HttpError } from "./errors.ts";
import type { Steps } from "./steps.ts";

/** Rounds of the loop in which sockets are looked at once. */
const ROUNDS = 64;

/**
 * Does some work in turns with others.
 *
 * @param steps The work.
 * @param turnMs How long one turn is, in milliseconds.
 */
export async function inTurns<Result>(steps: Steps<Result>, turnMs: number): Promise<Result> {
  const clock = new TurnClock(turnMs);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (clock.isOver) await clock.pass();
  }
}

/**
 * Waits until whatever else is ready has had its turn, sockets too; costs about 0.1 ms.
 *
 * An immediate is the next round of the runtime's loop, but as long as it is not at rest it looks for what has arrived on
 * sockets only every 61 rounds (the `event_interval` of Tokio). With 2 ms of work in each round others waited for up to
 * 145 ms; with all rounds between two pieces of work, 2. A timer would rest, for 1.4 ms each time.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    let left = ROUNDS;
    const go = () => {
      if (--left === 0) resolve();
      else setImmediate(go);
    };
    setImmediate(go);
  });
}

/** Tells when a turn is over, for work that is no series of steps. */
export class TurnClock {
  readonly #turnMs: number;
  #endMs: number;

  /**
   * Begins a turn.
   *
   * @param turnMs How long one turn is, in milliseconds.
   */
  constructor(turnMs: number) {
    this.#turnMs = turnMs;
    this.#endMs = performance.now() + turnMs;
  }

  /** Whether it is the turn of others. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /** Lets others have their turn, and begins a new one. */
  async pass(): Promise<void> {
    await turn();
    this.#endMs = performance.now() + this.#turnMs;
  }
}

/** Work that waits for each other, so that what it needs of memory is needed once. */
export class WaitingLine {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Makes an empty line.
   *
   * @param most How much work may stand in it.
   */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does some work when all that came before it has ended.
   *
   * @param work Begins the work.
   * @throws {HttpError} 503 where too much waits; at once, and not later.
   */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#most) {
      throw new HttpError(503, "Too much work waits", { fields: [["Retry-After", "5"]] });
    }
    this.#waiting++;
    const result = this.#last.then(work).finally(() => this.#waiting--);
    this.#last = result.catch(() => {});
    return result;
  }
}
