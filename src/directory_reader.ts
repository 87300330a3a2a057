/**
 * Listings that take long, of all directories of a site: they wait for each other, so the memory of one bounds that of
 * all, and who asks for the same names shares one reading of them.
 *
 * A reading that has begun is not shared with those who come later: it may have passed by what they have just written.
 * They share the next one.
 *
 * Names may be too many for the cache, and the next page is of the same ones. So those of the last directory are known
 * for as long as the collector leaves them.
 *
 * @module
 */

import type { ListingLimits } from "./config.ts";
import { LISTING_LIMITS } from "./config.ts";
import type { Names, NamesOptions } from "./directory_names.ts";
import { readNames, readNamesInTurns } from "./directory_names.ts";
import { HttpError, StaleFileError } from "./errors.ts";
import type { Steps } from "./steps.ts";
import { inTurns, WaitingLine } from "./turns.ts";

/** A directory that is to be read. */
export interface ReadDirectory extends Pick<NamesOptions, "isShown"> {
  /** Where it is. */
  readonly path: string;
  /** The path of the site that it was found by: it decides which names are shown. */
  readonly sitePath: string;
  /** Whether it is still there. */
  readonly isInPlace: () => boolean;
}

/** Reads directories, and does the long work for their listings. */
export class DirectoryReader {
  /** Bounds for it. */
  readonly limits: ListingLimits;
  readonly #readings: WaitingLine;
  readonly #works: WaitingLine;
  /** Readings that have not begun, by both paths. */
  readonly #upcoming = new Map<string, Promise<Names>>();
  #last: { readonly state: string; readonly names: WeakRef<Names> } | undefined;

  /**
   * Makes a reader that does nothing yet.
   *
   * @param limits Bounds that are to be others than {@linkcode LISTING_LIMITS}.
   */
  constructor(limits: Partial<ListingLimits> = {}) {
    this.limits = { ...LISTING_LIMITS, ...limits };
    this.#readings = new WaitingLine(this.limits.waiting);
    this.#works = new WaitingLine(this.limits.waiting);
  }

  /**
   * Tells whether the names of a directory may be too many to read them without a pause. Most file systems tell by the
   * size of the directory; where it is 0 nothing is known, and in some it is the number of names, but the blocks tell.
   *
   * @param info The directory.
   */
  isLarge({ size, blocks }: Deno.FileInfo): boolean {
    const bytes = Math.max(size, (blocks ?? 0) * 512);
    return bytes === 0 || bytes > this.limits.directoryBytes;
  }

  /**
   * Reads a small directory. Since it was found a link may have taken its place; so this is looked at when it was read.
   *
   * @param directory The directory.
   * @throws {StaleFileError} Where another directory was read: it is to be found anew.
   */
  readAtOnce({ path, isShown, isInPlace }: ReadDirectory): Names {
    const names = readNames(path, { ...this.limits, isShown });
    if (isInPlace()) return names;
    throw new StaleFileError(`Folder is gone, or another one: ${path}`);
  }

  /**
   * Reads a large directory. It is looked at as soon as it is open, since a link that had taken its place could be gone
   * for long when all is read; and then, since what is read may not be there any more.
   *
   * @param directory The directory.
   * @throws {HttpError} 503 where too much waits, or another directory was read.
   */
  read(directory: ReadDirectory): Promise<Names> {
    const key = `${directory.sitePath}\0${directory.path}`;
    let reading = this.#upcoming.get(key);
    if (reading === undefined) {
      reading = this.#readings.run(() => {
        this.#upcoming.delete(key);
        return this.#readInTurns(directory);
      });
      this.#upcoming.set(key, reading);
    }
    return reading;
  }

  #readInTurns({ path, isShown, isInPlace }: ReadDirectory): Promise<Names> {
    const check = () => {
      if (isInPlace()) return;
      throw new HttpError(503, "Folder is gone, or another one", { fields: [["Retry-After", "1"]] });
    };
    return readNamesInTurns(path, { ...this.limits, isShown, check });
  }

  /**
   * Remembers names instead of those of before.
   *
   * @param state What tells the directory, as it was when they were read, from any other one.
   * @param names Its names.
   */
  remember(state: string, names: Names): void {
    this.#last = { state, names: new WeakRef(names) };
  }

  /**
   * Finds what is remembered.
   *
   * @param state The state that the names are of.
   */
  recall(state: string): Names | undefined {
    return this.#last?.state === state ? this.#last.names.deref() : undefined;
  }

  /**
   * Does what is to be done for one listing.
   *
   * @param steps The work.
   * @throws {HttpError} 503 where too much waits.
   */
  work<Result>(steps: Steps<Result>): Promise<Result> {
    return this.#works.run(() => inTurns(steps, this.limits.turnMs));
  }
}
