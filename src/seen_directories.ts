/**
 * Directories as they were when they were looked at last. One look serves for a moment for all that lies in a directory.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { FileState } from "./file_state.ts";

/** How long a look serves: at most this, and a tenth of what a file is trusted for. */
const MOST_FRESH_MS = 100;
/** How many directories are remembered; then all are forgotten. */
const MOST_DIRECTORIES = 1_000;

/** A directory, as of a look at it. */
export interface SeenDirectory {
  /** Where its path leads. */
  readonly realPath: string;
  /** Its state. */
  readonly state: FileState;
  /** The same object as long as the path leads to the same directory, and no name in it has come or gone. */
  readonly identity: object | undefined;
  /** When it was looked at, on the clock. */
  readonly seenMs: number;
}

/** The directories of one root. */
export class SeenDirectories {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #freshMs: number;
  readonly #directories = new Map<string, SeenDirectory>();

  /**
   * Remembers nothing yet.
   *
   * @param clock The time.
   * @param fileFreshMs How long what is found in a directory will be trusted, in milliseconds.
   */
  constructor(clock: Pick<Clock, "nowMs">, fileFreshMs: number) {
    this.#clock = clock;
    this.#freshMs = Math.min(fileFreshMs / 10, MOST_FRESH_MS);
  }

  /**
   * Looks at a directory, if that was not done just now. Before it has settled a change of it could go unseen.
   *
   * @param path Its path.
   * @throws {Error} Of the file system.
   */
  see(path: string): SeenDirectory {
    const { nowMs } = this.#clock;
    const seen = this.#directories.get(path);
    if (seen !== undefined && nowMs < seen.seenMs + this.#freshMs) return seen;
    const realPath = Deno.realPathSync(path);
    const info = Deno.statSync(realPath);
    const isSame = seen?.realPath === realPath && seen.state.isOf(info);
    const state = isSame ? seen.state : new FileState(info);
    const identity = state.isSettled ? isSame && seen.identity || {} : undefined;
    const now = { realPath, state, identity, seenMs: nowMs };
    if (this.#directories.size >= MOST_DIRECTORIES) this.#directories.clear();
    this.#directories.set(path, now);
    return now;
  }

  /** Forgets all. */
  forget(): void {
    this.#directories.clear();
  }
}
