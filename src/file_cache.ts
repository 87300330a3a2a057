/**
 * Responses made of small files, kept in memory and bounded in bytes. Where room is needed the oldest go first, but one
 * that was used since it was last passed over stays (the algorithm known as CLOCK): a hit costs no more than a mark.
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
  /** Time of the last change of the content. */
  readonly mtime: Date | null;
  /** Permission bits: who may not read the file any more does not get it from memory. */
  readonly mode: number | null;
}

interface Entry {
  readonly response: ReusableResponse;
  readonly identity: FileIdentity;
  readonly isRenewable: boolean;
  readonly costBytes: number;
  freshUntilMs: number;
  wasUsed: boolean;
}

/** Small files by request path. */
export class FileCache {
  readonly #options: CacheOptions;
  readonly #lookAt: (path: string) => FileIdentity | undefined;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /**
   * Makes an empty cache.
   *
   * @param options Bounds.
   * @param lookAt Finds the file that a request path names now; `undefined` where there is none.
   */
  constructor(options: CacheOptions, lookAt: (path: string) => FileIdentity | undefined) {
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
    entry.wasUsed = true;
    if (nowMs < entry.freshUntilMs) return entry.response;
    this.#drop(path, entry);
    if (!entry.isRenewable || !isSameFile(entry.identity, this.#lookAt(path))) return undefined;
    entry.freshUntilMs = nowMs + this.#options.freshMs;
    this.#put(path, entry);
    return entry.response;
  }

  /**
   * Keeps a response, and drops others where room is needed.
   *
   * @param path The request path, resolved.
   * @param response The response; its body is in memory.
   * @param identity The file that it was read from, and its state then.
   * @param nowMs The time, on a clock that never jumps.
   */
  set(
    path: string,
    response: ReusableResponse,
    identity: FileIdentity,
    nowMs: number,
  ): void {
    const known = this.#entries.get(path);
    if (known !== undefined) this.#drop(path, known);
    const costBytes = ENTRY_OVERHEAD_BYTES + response.body.length;
    if (costBytes > this.#options.bytes) return;
    const ageMs = Date.now() - (identity.mtime?.getTime() ?? 0);
    this.#put(path, {
      response,
      identity,
      isRenewable: ageMs > COARSE_MTIME_MS,
      costBytes,
      freshUntilMs: nowMs + this.#options.freshMs,
      wasUsed: false,
    });
    this.#makeRoom(path);
  }

  #makeRoom(newest: string): void {
    for (const [path, entry] of this.#entries) {
      if (this.#bytes <= this.#options.bytes) return;
      this.#drop(path, entry);
      if (!entry.wasUsed && path !== newest) continue;
      entry.wasUsed = false;
      this.#put(path, entry);
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
    before.mode === now.mode && before.mtime?.getTime() === now.mtime?.getTime();
}
