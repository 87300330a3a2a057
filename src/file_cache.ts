/**
 * Responses made of small files, kept in memory: bounded in bytes, the ones unused for longest go first (use is noticed
 * when an entry is renewed, so to the second).
 *
 * An entry is trusted for a moment, then the file is looked at again: where it is still the same file with the same
 * size and time of change, the entry is trusted anew. A file that was changed less than two seconds before it was read
 * could change again without a sign, so its entry is not renewed.
 *
 * @module
 */

import type { CacheOptions } from "./config.ts";
import type { ReusableResponse } from "./message.ts";

/** Time stamps of files are coarse: two changes within this time may look like one. */
const COARSE_MTIME_MS = 2_000;

/** What an entry costs beside the body: head, wire form, key, bookkeeping; in bytes, estimated. */
const ENTRY_OVERHEAD_BYTES = 1_024;

/** What tells one state of a file from another. */
export interface FileIdentity {
  /** Device and file number: another file under the same name differs here. */
  readonly dev: number;
  /** See {@linkcode dev}. */
  readonly ino: number | null;
  /** Size in bytes. */
  readonly size: number;
  /** Time of the last change. */
  readonly mtime: Date | null;
}

interface Entry {
  readonly response: ReusableResponse;
  readonly filePath: string;
  readonly identity: FileIdentity;
  readonly isRenewable: boolean;
  readonly costBytes: number;
  freshUntilMs: number;
}

/** Small files by request path. */
export class FileCache {
  readonly #options: CacheOptions;
  readonly #lookAt: (filePath: string) => FileIdentity | undefined;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /**
   * Makes an empty cache.
   *
   * @param options Bounds.
   * @param lookAt Reads the present identity of a file; `undefined` where there is none.
   */
  constructor(options: CacheOptions, lookAt: (filePath: string) => FileIdentity | undefined) {
    this.#options = options;
    this.#lookAt = lookAt;
  }

  /**
   * Finds the response for a path.
   *
   * @param path The request path, resolved.
   * @param nowMs The time, on a clock that never jumps.
   * @returns The response, or `undefined` where there is none or the file has changed.
   */
  get(path: string, nowMs: number): ReusableResponse | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    if (nowMs < entry.freshUntilMs) return entry.response;
    this.#drop(path, entry);
    if (!entry.isRenewable || !isSameFile(entry.identity, this.#lookAt(entry.filePath))) return undefined;
    entry.freshUntilMs = nowMs + this.#options.freshMs;
    this.#put(path, entry);
    return entry.response;
  }

  /**
   * Keeps a response, and drops the ones unused for longest where room is needed.
   *
   * @param path The request path, resolved.
   * @param response The response; its body is in memory.
   * @param file The file that it was read from, and its state then.
   * @param nowMs The time, on a clock that never jumps.
   */
  set(
    path: string,
    response: ReusableResponse,
    file: { readonly path: string; readonly identity: FileIdentity },
    nowMs: number,
  ): void {
    const ageMs = Date.now() - (file.identity.mtime?.getTime() ?? 0);
    const known = this.#entries.get(path);
    if (known !== undefined) this.#drop(path, known);
    this.#put(path, {
      response,
      filePath: file.path,
      identity: file.identity,
      isRenewable: ageMs > COARSE_MTIME_MS,
      costBytes: ENTRY_OVERHEAD_BYTES + response.body.length,
      freshUntilMs: nowMs + this.#options.freshMs,
    });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#options.bytes) break;
      this.#drop(oldest, entry);
    }
  }

  #put(path: string, entry: Entry): void {
    this.#entries.set(path, entry);
    this.#bytes += entry.costBytes;
  }

  #drop(path: string, entry: Entry): void {
    this.#entries.delete(path);
    this.#bytes -= entry.costBytes;
  }
}

function isSameFile(before: FileIdentity, now: FileIdentity | undefined): boolean {
  return now !== undefined && before.ino === now.ino && before.dev === now.dev && before.size === now.size &&
    before.mtime?.getTime() === now.mtime?.getTime();
}
