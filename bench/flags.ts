/**
 * What the command lines of the benchmarks share: whole numbers, and a reason to stop that needs no stack trace.
 *
 * @module
 */

/** A reason to stop that needs no stack trace. */
export class Failure extends Error {
  /** Exit status. */
  readonly status: number;

  /**
   * Makes one.
   *
   * @param message What the user reads.
   * @param status Exit status; 2 is for wrong options.
   */
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** A flag that is a whole number. */
export interface WholeNumber {
  /** Value where the flag is absent. */
  readonly fallback: number;
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
}

/**
 * Reads a flag that is a whole number.
 *
 * @param name Name of the flag.
 * @param text What was given; `undefined` where the flag is absent.
 * @param rule What is allowed.
 * @throws {Failure} What was given is not such a number.
 */
export function parseWhole(name: string, text: string | undefined, { fallback, min, max }: WholeNumber): number {
  if (text === undefined) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Failure(`--${name} must be a whole number from ${min} to ${max}`, 2);
}

/**
 * Runs a command line until it is done or a signal stops it.
 *
 * @param command Does it all, and tells the exit status.
 * @returns The exit status: that of the command, of its failure, or 130 after a signal.
 */
export async function runCommand(command: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(name, () => stop.abort());
  try {
    return await command(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    return error instanceof Failure ? error.status : 1;
  }
}
