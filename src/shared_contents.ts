/**
 * Contents of files that are kept, for all paths that lead to the same file: that of a folder and of its index file,
 * links, a coded neighbour and itself. So a content is held once, for as long as one that uses it is kept.
 *
 * @module
 */

import type { Content } from "./content.ts";
import type { FileState } from "./file_state.ts";

/** A content that can be shared. */
export interface SharedContent {
  /** The content. */
  readonly content: Content;
  /** The state of its file. */
  readonly state: FileState;
  /** What it is found by; absent where the state of the file is not sure to tell its content. */
  readonly key: string | undefined;
  /** How many are kept that use it. */
  users: number;
}

/** The contents of one site. */
export class SharedContents {
  readonly #contents = new Map<string, SharedContent>();

  /**
   * Finds a content that is kept, or makes it.
   *
   * @param state The state of its file.
   * @param form What it is of the file.
   * @param make Makes it.
   */
  find(state: FileState, form: string, make: () => Content): SharedContent {
    const { number } = state;
    const key = number === undefined ? undefined : `${number} ${form}`;
    const known = key === undefined ? undefined : this.#contents.get(key);
    return known?.state.equals(state) ? known : { content: make(), state, key, users: 0 };
  }

  /**
   * From now on one more that uses it is kept.
   *
   * @param shared The content.
   */
  hold(shared: SharedContent): void {
    shared.users++;
    if (shared.key !== undefined) this.#contents.set(shared.key, shared);
  }

  /**
   * From now on one less is kept.
   *
   * @param shared The content.
   */
  release(shared: SharedContent): void {
    const { key } = shared;
    shared.users--;
    if (shared.users === 0 && key !== undefined && this.#contents.get(key) === shared) this.#contents.delete(key);
  }
}
