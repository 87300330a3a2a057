/**
 * Timers as an argument, so that tests can let time pass by themselves.
 *
 * @module
 */

/**
 * Runs something later, once.
 *
 * @param run What to run.
 * @param delayMs When, in milliseconds from now.
 * @returns Takes it back; afterwards that does nothing.
 */
export type SetTimer = (run: () => void, delayMs: number) => () => void;

/**
 * The timers of the runtime.
 *
 * @param run What to run.
 * @param delayMs When, in milliseconds from now.
 * @returns Takes it back.
 */
export function setTimer(run: () => void, delayMs: number): () => void {
  const id = setTimeout(run, delayMs);
  return () => clearTimeout(id);
}
