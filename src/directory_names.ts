/**
 * The names in a directory, read and put in order: all at once where there are few, else one by one, in turns with
 * others.
 *
 * What is held is bounded, so of more than that the first in order are kept and the others counted. Names that come later
 * than the last one kept are not even held while the rest is read.
 *
 * `Deno.readDirSync` collects all names before it returns the first: 2 µs and 0.5 KB for each, so a million take two
 * seconds. `Deno.readDir` hands over what the system gives in one call, some hundred, and takes as long in all. It
 * costs twice as much for a few hundred names.
 *
 * @module
 */

import type { EntryType } from "./listing.ts";
import type { FoldedName } from "./natural_order.ts";
import { compareNaturally, foldForOrder, mergeRuns } from "./natural_order.ts";
import type { Steps } from "./steps.ts";
import { atOnce } from "./steps.ts";
import { inTurns } from "./turns.ts";

/** What a name costs in memory beside its characters, in bytes; those of ASCII take one. */
const NAME_OVERHEAD_BYTES = 96;

/** How many names are sorted at once: that takes half a millisecond. */
const RUN_LENGTH = 1_024;

/** How much more than the bound is held, until all is sorted and what is behind the bound left out. */
const SLACK = 1.25;

/** A name as the directory has it. */
export interface Name extends FoldedName {
  /** What the directory says that it is of. */
  readonly type: EntryType | "link";
}

/** The names of a directory. */
export interface Names {
  /** Names in natural order. */
  readonly entries: readonly Name[];
  /** Whether there are symbolic links. */
  readonly hasLinks: boolean;
  /** How many more there are, all behind the last one. */
  readonly omitted: number;
  /** Memory that they take, in bytes. */
  readonly heldBytes: number;
}

/** How names are read. */
export interface NamesOptions {
  /** Whether a name in this directory may be asked for. */
  readonly isShown: (name: string) => boolean;
  /** What may be held, in bytes. */
  readonly namesBytes: number;
}

/**
 * Reads the names of a directory without a pause.
 *
 * @param path The directory.
 * @param options Which are wanted.
 */
export function readNames(path: string, options: NamesOptions): Names {
  const names = new NameCollector(options);
  for (const entry of Deno.readDirSync(path)) {
    names.add(entry);
    if (names.isOverfull) atOnce(names.settle());
  }
  return atOnce(names.finish());
}

/**
 * Reads the names of a directory in turns with others.
 *
 * @param path The directory.
 * @param options Which are wanted, how long one turn is in milliseconds, and what is called as soon as the directory is
 * open, before any name is taken, and when all is read: what that throws ends the reading.
 */
export async function readNamesInTurns(
  path: string,
  { check, ...options }: NamesOptions & { readonly turnMs: number; readonly check: () => void },
): Promise<Names> {
  const names = new NameCollector(options);
  let isOpen = false;
  for await (const entry of Deno.readDir(path)) {
    if (!isOpen) check();
    isOpen = true;
    names.add(entry);
    if (names.isOverfull) await inTurns(names.settle(), options.turnMs);
  }
  check();
  return await inTurns(names.finish(), options.turnMs);
}

/** Names on the way to order. */
class NameCollector {
  readonly #options: NamesOptions;
  /** Not sorted yet. */
  #run: Name[] = [];
  /** Sorted in parts. */
  #runs: (readonly Name[])[] = [];
  /** All that was there at the last settling, sorted. */
  #sorted: readonly Name[] = [];
  #heldBytes = 0;
  #hasLinks = false;
  #omitted = 0;
  /** The last one of those that are kept, once some were left out. */
  #last: Name | undefined;

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  get isOverfull(): boolean {
    return this.#heldBytes > this.#options.namesBytes * SLACK;
  }

  add({ name, isFile, isDirectory, isSymlink }: Deno.DirEntry): void {
    const type = isSymlink ? "link" : isDirectory ? "directory" : isFile ? "file" : undefined;
    if (type === undefined || name.includes("\\") || !this.#options.isShown(name)) return;
    const named: Name = { name, type, folded: foldForOrder(name) };
    if (this.#last !== undefined && compareNaturally(named, this.#last) > 0) {
      this.#omitted++;
      return;
    }
    this.#heldBytes += costOf(named);
    this.#hasLinks ||= isSymlink;
    if (this.#run.push(named) === RUN_LENGTH) this.#closeRun();
  }

  /** Puts all in order, and leaves out what is behind the bound. */
  *settle(): Steps<void> {
    this.#closeRun();
    const runs = this.#runs;
    this.#runs = [];
    const sorted = yield* mergeRuns([this.#sorted, yield* mergeRuns(runs)]);
    this.#sorted = sorted;
    const { namesBytes } = this.#options;
    if (this.#heldBytes <= namesBytes) return;
    let count = sorted.length;
    for (let item; this.#heldBytes > namesBytes && (item = sorted[count - 1]) !== undefined; count--) {
      this.#heldBytes -= costOf(item);
    }
    this.#omitted += sorted.length - count;
    this.#sorted = sorted.slice(0, count);
    this.#last = sorted[count - 1];
  }

  *finish(): Steps<Names> {
    yield* this.settle();
    return { entries: this.#sorted, hasLinks: this.#hasLinks, omitted: this.#omitted, heldBytes: this.#heldBytes };
  }

  #closeRun(): void {
    this.#runs.push(this.#run.sort(compareNaturally));
    this.#run = [];
  }
}

function costOf({ name, folded }: Name): number {
  return NAME_OVERHEAD_BYTES + name.length + (folded === name ? 0 : 2 * (name.length + folded.length));
}
