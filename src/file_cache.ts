/**
 * Resources kept in memory and bounded in bytes. Where room is needed the oldest go first, but one that was used since it
 * was last passed over stays (the algorithm known as CLOCK): a hit costs no more than a mark.
 *
 * An entry is trusted for a moment, then the files are looked at again, the quick way first; where nothing has changed it
 * is trusted anew. A file that was changed just before it was read could change again without a sign, so its entry is not renewed.
 *
 * @module
 */

import type { CacheOptions } from "./config.ts";
import { detach } from "./detached_text.ts";

/** What an entry costs beside its content: key, fields, state of the file; in bytes, as measured with 5,000 files. */
const ENTRY_OVERHEAD_BYTES = 2_816;

/** What can be kept; `Resource` in the server. */
export interface Keepable {
  /** Tells this state of the files from any other one. */
  readonly fingerprint: string;
  /** Whether a later change is sure to show in the fingerprint. */
  readonly isSettled: boolean;
  /** As of when it surely is what its path stands for; absent: as of when it was looked at. */
  readonly asOfMs?: number | undefined;
  /** Memory that the content takes, in bytes; may grow. */
  readonly heldBytes: number;
  /** Looks whether the files are as they were; returns as of when that is sure, or `undefined`. */
  confirm?(): number | undefined;
  /** Takes over what a later look at the same state says of everything but the content. */
  adopt?(later: this): void;
  /** Told that it is kept from now on. */
  enter?(): void;
  /** Told that it is not kept from now on. */
  leave?(): void;
}

interface Entry<Value> {
  readonly value: Value;
  freshUntilMs: number;
  costBytes: number;
  wasUsed: boolean;
}

/** Resources by request path. */
export class FileCache<Value extends Keepable> {
  readonly #options: CacheOptions;
  readonly #lookAt: (path: string) => Value | undefined;
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  /**
   * Makes an empty cache.
   *
   * @param options Bounds.
   * @param lookAt Finds what a request path names now, without reading content; `undefined` where there is nothing.
   */
  constructor(options: CacheOptions, lookAt: (path: string) => Value | undefined) {
    this.#options = options;
    this.#lookAt = lookAt;
  }

  /**
   * Finds the resource for a path, in memory or by looking.
   *
   * @param path The request path, resolved.
   * @param nowMs The time, on a clock that never jumps.
   * @returns The resource, or `undefined` where there is none.
   */
  get(path: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(path);
    if (entry !== undefined && nowMs < entry.freshUntilMs) {
      entry.wasUsed = true;
      return entry.value;
    }
    if (entry !== undefined) {
      const asOfMs = entry.value.isSettled ? entry.value.confirm?.() : undefined;
      entry.freshUntilMs = (asOfMs ?? -Infinity) + this.#options.freshMs;
      if (nowMs < entry.freshUntilMs) {
        entry.wasUsed = true;
        return entry.value;
      }
      this.#drop(path, entry);
    }
    const now = this.#lookAt(path);
    if (now === undefined) return undefined;
    const value = entry?.value.isSettled && entry.value.fingerprint === now.fingerprint ? entry.value : now;
    if (value !== now) value.adopt?.(now);
    const freshUntilMs = (now.asOfMs ?? nowMs) + this.#options.freshMs;
    this.#keep(path, { value, freshUntilMs, costBytes: 0, wasUsed: entry !== undefined });
    return value;
  }

  /**
   * Counts the memory of an entry again, after content may have been read.
   *
   * @param path The request path, resolved.
   */
  weigh(path: string): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined && entry.costBytes !== selectCost(entry.value)) this.#keep(path, entry);
  }

  /**
   * Forgets a path.
   *
   * @param path The request path, resolved.
   */
  delete(path: string): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) this.#drop(path, entry);
  }

  #keep(path: string, entry: Entry<Value>): void {
    if (this.#entries.has(path)) this.#drop(path, entry);
    entry.costBytes = selectCost(entry.value);
    if (entry.costBytes > this.#options.bytes) return;
    this.#put(detach(path), entry);
    for (const [other, old] of this.#entries) {
      if (this.#bytes <= this.#options.bytes) return;
      this.#drop(other, old);
      if (!old.wasUsed && other !== path) continue;
      old.wasUsed = false;
      this.#put(other, old);
    }
  }

  #put(path: string, entry: Entry<Value>): void {
    this.#entries.set(path, entry);
    this.#bytes += entry.costBytes;
    entry.value.enter?.();
  }

  #drop(path: string, entry: Entry<Value>): void {
    this.#entries.delete(path);
    this.#bytes -= entry.costBytes;
    entry.value.leave?.();
  }
}

function selectCost(value: Keepable): number {
  return ENTRY_OVERHEAD_BYTES + value.heldBytes;
}
