/**
 * Work that can be interrupted: a generator that yields wherever others may have their turn. How long it goes on before
 * they do is for whoever runs it (`turns.ts`).
 *
 * @module
 */

/** Work that can be interrupted where it yields; a step takes some tenths of a millisecond at most. */
export type Steps<Result> = Generator<void, Result, void>;

/**
 * Does all of some work without a pause.
 *
 * @param steps The work.
 */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
