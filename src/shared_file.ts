/**
 * A file that is open for several answers at once. Each reads from a position of its own, and the last one closes the
 * file, so that many answers from one file cost one opening and hold one descriptor.
 *
 * Opening a file costs several times what reading from it does: the runtime resolves its path anew, link by link.
 * Nothing is kept open between answers, so nothing has to be closed in time, and a file that was deleted takes no room.
 *
 * @module
 */

import type { OpenFile } from "./message.ts";

/** How a file comes to be open. */
export interface SharedFileOptions {
  /** Opens it. */
  readonly open: () => OpenFile;
  /** Throws where the open file is not any more what its name stands for. */
  readonly check: () => void;
}

/** A file, open as long as somebody uses it. */
export class SharedFile {
  readonly #options: SharedFileOptions;
  #file: OpenFile | undefined;
  #users = 0;
  #position = 0;

  /**
   * Describes a file, and opens nothing yet.
   *
   * @param options How it comes to be open.
   */
  constructor(options: SharedFileOptions) {
    this.#options = options;
  }

  /**
   * Opens the file for one more user, at its beginning.
   *
   * @returns The file as this user sees it.
   */
  open(): OpenFile {
    if (this.#file === undefined) {
      this.#file = this.#options.open();
      this.#position = 0;
    } else {
      this.#options.check();
    }
    this.#users++;
    return new FileView(this);
  }

  /**
   * Reads from a position.
   *
   * @param position The position, in bytes.
   * @param into Where the bytes go.
   * @returns Their number; `null` at the end.
   */
  readAt(position: number, into: Uint8Array): number | null {
    const file = this.#file;
    if (file === undefined) throw new Error("File is closed");
    if (position !== this.#position) file.seekSync(position, 0);
    const count = file.readSync(into);
    this.#position = position + (count ?? 0);
    return count;
  }

  /** One user fewer; without any the file is closed. */
  release(): void {
    if (--this.#users > 0) return;
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }
}

/** What one user has of a shared file. */
class FileView implements OpenFile {
  #shared: SharedFile | undefined;
  #position = 0;

  constructor(shared: SharedFile) {
    this.#shared = shared;
  }

  readSync(into: Uint8Array): number | null {
    if (this.#shared === undefined) throw new Error("File is closed");
    const count = this.#shared.readAt(this.#position, into);
    this.#position += count ?? 0;
    return count;
  }

  seekSync(offset: number, _whence: 0): number {
    return this.#position = offset;
  }

  close(): void {
    this.#shared?.release();
    this.#shared = undefined;
  }
}
