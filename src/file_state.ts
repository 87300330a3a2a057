/**
 * What tells one state of a file from any other, and no more of it: there may be one for each file that is kept.
 *
 * @module
 */

/** Time stamps of files are coarse: two changes within this time may look like one; in milliseconds. Deno tells when a
 * file was described anew in whole seconds. */
const COARSE_MTIME_MS = 2_000;

/** One state of a file: another file, content or permissions all show. */
export class FileState {
  /** Its size in bytes. */
  readonly size: number;
  /** When its content was changed, in milliseconds since the epoch. */
  readonly mtimeMs: number;
  readonly #ctimeMs: number;
  readonly #dev: number;
  readonly #ino: number | null;
  readonly #mode: number | null;
  readonly #uid: number | null;
  readonly #gid: number | null;

  /**
   * Takes over what matters.
   *
   * @param info The file as the system tells of it.
   */
  constructor(info: Deno.FileInfo) {
    this.size = info.size;
    this.mtimeMs = info.mtime?.getTime() ?? 0;
    this.#ctimeMs = info.ctime?.getTime() ?? 0;
    this.#dev = info.dev;
    this.#ino = info.ino;
    this.#mode = info.mode;
    this.#uid = info.uid;
    this.#gid = info.gid;
  }

  /** Whether a further change of the content could show the same time stamp. A file of the future is younger than any. */
  get isYoung(): boolean {
    return isYoung(this.mtimeMs);
  }

  /** Whether any further change is sure to show: a time stamp of the content can be set back, then the other is new. */
  get isSettled(): boolean {
    return !this.isYoung && !isYoung(this.#ctimeMs);
  }

  /**
   * The number of the file, by which it is sure to be found again in just this state; `undefined` where it is not: it has
   * not settled, or has no number, or one beyond what can be told apart.
   */
  get number(): number | undefined {
    return this.#ino === null || !Number.isSafeInteger(this.#ino) || !this.isSettled ? undefined : this.#ino;
  }

  /**
   * Tells whether this is the state of a file.
   *
   * @param info The file as the system tells of it.
   */
  isOf(info: Deno.FileInfo): boolean {
    return this.equals(new FileState(info));
  }

  /**
   * Tells whether this is the same state of the same file.
   *
   * @param other The other state.
   */
  equals(other: FileState): boolean {
    return other.#ino === this.#ino && other.#dev === this.#dev && other.size === this.size &&
      other.mtimeMs === this.mtimeMs && other.#ctimeMs === this.#ctimeMs &&
      other.#mode === this.#mode && other.#uid === this.#uid && other.#gid === this.#gid;
  }

  /** The same as text. */
  toString(): string {
    return [this.#dev, this.#ino, this.size, this.mtimeMs, this.#ctimeMs, this.#mode, this.#uid, this.#gid].join(" ");
  }
}

/**
 * Tells whether a further change could show the same time stamp. A file of the future is younger than any.
 *
 * @param mtimeMs When a file was changed, in milliseconds since the epoch.
 */
export function isYoung(mtimeMs: number): boolean {
  return Date.now() - mtimeMs < COARSE_MTIME_MS;
}
