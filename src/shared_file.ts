/**
 * A file that is open for several answers at once. Each reads from a position of its own, and the last one closes the
 * file, so that many answers from one file cost one opening and hold one descriptor.
 *
 * Opening a file costs several times what reading from it does: the runtime resolves its path anew, link by link.
 * Nothing is kept open between answers, so nothing has to be closed in time, and a file that was deleted takes no room.
 *
 * What is in memory already is read at once. Where that turns out to take long, because a disk has to turn or a network
 * to answer, the thread does not wait for the next pieces: they are read beside it, one after the other since they share
 * a position, until for a second none has taken long. So a slow disk holds a worker up for one piece, not for a file.
 *
 * @module
 */

import type { OpenFile } from "./message.ts";

/** A read that takes this long was not from memory; in milliseconds. */
const SLOW_READ_MS = 10;
/** For how long after it the thread does not wait for a read, in milliseconds. */
const SLOW_FOR_MS = 1_000;

/** How a file comes to be open. */
export interface SharedFileOptions {
  /** Opens it. */
  readonly open: () => OpenFile;
  /** Throws where the open file is not any more what its name stands for. */
  readonly check: () => void;
  /** The present time on a clock that never jumps, in milliseconds. */
  readonly now: () => number;
}

/** A file, open as long as somebody uses it. */
export class SharedFile {
  readonly #options: SharedFileOptions;
  #file: OpenFile | undefined;
  #users = 0;
  #position = 0;
  #slowUntilMs = -Infinity;
  /** Settled when all reads beside the thread are over; absent where there are none. */
  #reading: Promise<unknown> | undefined;

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

  /** Whether the thread must not wait for a read: they take long, or one is under way. */
  get isSlow(): boolean {
    return this.#reading !== undefined || (this.#slowUntilMs > 0 && this.#options.now() < this.#slowUntilMs);
  }

  /**
   * Reads from a position; not while {@linkcode isSlow}.
   *
   * @param position The position, in bytes.
   * @param into Where the bytes go.
   * @returns Their number; `null` at the end.
   */
  readAt(position: number, into: Uint8Array): number | null {
    const file = this.#opened;
    if (position !== this.#position) file.seekSync(position, 0);
    const startMs = this.#options.now();
    const count = file.readSync(into);
    this.#judge(startMs);
    this.#position = position + (count ?? 0);
    return count;
  }

  /**
   * The same beside the thread, behind those that are under way.
   *
   * @param position The position, in bytes.
   * @param into Where the bytes go.
   * @returns Their number; `null` at the end.
   */
  async readLater(position: number, into: Uint8Array): Promise<number | null> {
    const file = this.#opened;
    const read = async () => {
      const startMs = this.#options.now();
      file.seekSync(position, 0);
      const count = file.read === undefined ? file.readSync(into) : await file.read(into);
      this.#judge(startMs);
      return count;
    };
    const reading = this.#reading === undefined ? read() : this.#reading.then(read);
    const settled = reading.then(() => {}, () => {});
    this.#reading = settled;
    try {
      return await reading;
    } finally {
      this.#position = -1;
      if (this.#reading === settled) this.#reading = undefined;
    }
  }

  get #opened(): OpenFile {
    if (this.#file === undefined) throw new Error("File is closed");
    return this.#file;
  }

  #judge(startMs: number): void {
    const endMs = this.#options.now();
    if (endMs - startMs >= SLOW_READ_MS) this.#slowUntilMs = endMs + SLOW_FOR_MS;
  }

  /** One user fewer; without any the file is closed. */
  release(): void {
    if (--this.#users > 0) return;
    const file = this.#file;
    this.#file = undefined;
    this.#reading = undefined;
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

  get isSlow(): boolean {
    return this.#opened.isSlow;
  }

  readSync(into: Uint8Array): number | null {
    const count = this.#opened.readAt(this.#position, into);
    this.#position += count ?? 0;
    return count;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const count = await this.#opened.readLater(this.#position, into);
    this.#position += count ?? 0;
    return count;
  }

  get #opened(): SharedFile {
    if (this.#shared === undefined) throw new Error("File is closed");
    return this.#shared;
  }

  seekSync(offset: number, _whence: 0): number {
    return this.#position = offset;
  }

  close(): void {
    this.#shared?.release();
    this.#shared = undefined;
  }
}
