/**
 * A directory without an index file: its names, read once and kept in order, and what of them a listing shows.
 *
 * Only what the server would also serve is listed, and counted: no hidden names, no links that lead out of the root, no
 * FIFOs, nothing that may not be read. To know all that of an entry it has to be looked at, which takes 3 µs; so where
 * more than a bound are left after the search, only the entries of the page are looked at, and sorting needs no more
 * than their names.
 *
 * A small directory is listed at once. What takes longer is done in turns with others (`directory_reader.ts`).
 *
 * @module
 */

import { SEPARATOR } from "@std/path";
import type { Name, Names } from "./directory_names.ts";
import type { DirectoryReader } from "./directory_reader.ts";
import { FileState } from "./file_state.ts";
import type { Listing, ListingEntry, ListingQuery } from "./listing.ts";
import { cutPage, orderEntries } from "./listing.ts";
import { fold } from "./natural_order.ts";
import type { FoundFile } from "./resource.ts";
import type { Steps } from "./steps.ts";
import { atOnce } from "./steps.ts";

/** How many entries are looked at in one step; each takes 3 to 14 µs. */
const LOOKS_PER_STEP = 16;

/** How many names are searched, or passed by, in one step. */
const NAMES_PER_STEP = 1_024;

/** How directories are read. */
export interface DirectoryOptions {
  /** Finds what a symbolic link leads to; `undefined` where that is nothing, or not to be seen. */
  readonly findTarget: (path: string) => FoundFile | undefined;
  /** The path of the site that it was found by, with a slash at the end. */
  readonly sitePath: string;
  /** Whether it is still where it was found. */
  readonly isInPlace: () => boolean;
  /** Whether a name in this directory may be asked for. */
  readonly isShown: (name: string) => boolean;
  /** Does what takes long, for all directories of the site. */
  readonly reader: DirectoryReader;
}

/** A directory, as of one look at it. */
export class Directory {
  /** Tells this state of its names from any other one. */
  readonly fingerprint: string;
  /** Whether a later change of its names is sure to show in the fingerprint. */
  readonly isSettled: boolean;
  readonly #path: string;
  readonly #options: DirectoryOptions;
  readonly #isLarge: boolean;
  #names: Names | undefined;
  /** The reading of a large one, while it goes on. */
  #reading: Promise<Names> | undefined;

  /**
   * Takes note of a directory, without reading it yet.
   *
   * @param found The directory.
   * @param options How it is read.
   */
  constructor(found: FoundFile, options: DirectoryOptions) {
    this.#path = found.path.endsWith(SEPARATOR) ? found.path : found.path + SEPARATOR;
    this.#options = options;
    this.#isLarge = options.reader.isLarge(found.info);
    const state = new FileState(found.info);
    this.fingerprint = `${found.path} ${state}`;
    this.isSettled = state.isSettled;
  }

  /** Memory that the names take, in bytes. */
  get heldBytes(): number {
    return this.#names?.heldBytes ?? 0;
  }

  /**
   * Lists one page, at once where the directory is small.
   *
   * @param query What is asked for.
   * @throws {Deno.errors.PermissionDenied} Where the directory may not be read.
   * @throws {HttpError} 503 where too many listings wait.
   */
  list(query: ListingQuery): Listing | Promise<Listing> {
    const { reader } = this.#options;
    if (!this.#isLarge) this.#names ??= reader.readAtOnce({ ...this.#options, path: this.#path });
    const names = this.#names ??= reader.recall(this.#state);
    if (names === undefined || names.entries.length > reader.limits.entriesAtOnce) return this.#listInTurns(query);
    return atOnce(this.#select(names, query));
  }

  async #listInTurns(query: ListingQuery): Promise<Listing> {
    const names = this.#names ?? await this.#read();
    return await this.#options.reader.work(this.#select(names, query));
  }

  #read(): Promise<Names> {
    if (this.#reading !== undefined) return this.#reading;
    const reading = this.#options.reader.read({ ...this.#options, path: this.#path });
    this.#reading = reading.then((names) => this.#hold(names)).finally(() => this.#reading = undefined);
    return this.#reading;
  }

  #hold(names: Names): Names {
    if (this.isSettled) this.#options.reader.remember(this.#state, names);
    return this.#names = names;
  }

  get #state(): string {
    return `${this.#options.sitePath}\0${this.fingerprint}`;
  }

  *#select(names: Names, query: ListingQuery): Steps<Listing> {
    const { omitted } = names;
    const { looks } = this.#options.reader.limits;
    const found = yield* search(names.entries, query.search);
    const isSortable = found.length <= looks;
    const shown = isSortable ? query : { ...query, sort: "name" } as const;
    const followed = new Set<string>();
    const known = isSortable
      ? yield* this.#look(found, followed)
      : names.hasLinks
      ? yield* this.#follow(found, followed)
      : found;
    const ordered = yield* orderEntries<Name | ListingEntry>(known, shown);
    const { entries, page, pages } = cutPage(ordered, query.page);
    const looked = yield* this.#look(entries, followed);
    const confirmed = yield* this.#confirm(looked, followed);
    return { ...shown, entries: confirmed, page, pages, total: ordered.length, isSortable, omitted };
  }

  /** Takes links for what they lead to, as far as looks are left. */
  *#follow(names: readonly Name[], followed: Set<string>): Steps<readonly (Name | ListingEntry)[]> {
    let looks = 0;
    const { limits } = this.#options.reader;
    const known: (Name | ListingEntry)[] = [];
    for (const [at, name] of names.entries()) {
      const isLink = name.type === "link";
      const target = isLink ? looks++ < limits.looks ? this.#lookAt(name, followed) : undefined : name;
      if (target !== undefined) known.push(target);
      if (at % NAMES_PER_STEP === 0 || (isLink && looks % LOOKS_PER_STEP === 0)) yield;
    }
    return known;
  }

  /**
   * Leaves out what is not here. While the directory was read a link could stand in its place, or in that of a folder
   * above; a name from there is not in here, or leads out of the root. Of links that were followed that is known.
   */
  *#confirm(entries: readonly ListingEntry[], followed: ReadonlySet<string>): Steps<readonly ListingEntry[]> {
    const confirmed: ListingEntry[] = [];
    for (const [at, entry] of entries.entries()) {
      if (followed.has(entry.name) || this.#options.findTarget(this.#path + entry.name) !== undefined) {
        confirmed.push(entry);
      }
      if (at % LOOKS_PER_STEP === 0) yield;
    }
    return confirmed;
  }

  *#look(names: readonly (Name | ListingEntry)[], followed: Set<string>): Steps<readonly ListingEntry[]> {
    const looked: ListingEntry[] = [];
    for (const [at, name] of names.entries()) {
      const entry = "modifiedMs" in name ? name : this.#lookAt(name, followed);
      if (entry !== undefined) looked.push(entry);
      if (at % LOOKS_PER_STEP === 0) yield;
    }
    return looked;
  }

  #lookAt({ name, type }: Name, followed: Set<string>): ListingEntry | undefined {
    const path = this.#path + name;
    if (type === "link") followed.add(name);
    const found = type === "link" ? this.#options.findTarget(path) : lookAtItself(path);
    if (found === undefined || !isReadable(found)) return undefined;
    const { info } = found;
    const modifiedMs = info.mtime?.getTime();
    if (info.isDirectory) return { name, type: "directory", size: undefined, modifiedMs };
    return info.isFile ? { name, type: "file", size: info.size, modifiedMs } : undefined;
  }
}

function* search(names: readonly Name[], text: string): Steps<readonly Name[]> {
  if (text === "") return names;
  const folded = fold(text);
  const found: Name[] = [];
  for (const [at, name] of names.entries()) {
    if (fold(name.name).includes(folded)) found.push(name);
    if (at % NAMES_PER_STEP === 0) yield;
  }
  return found;
}

/** Does not follow a link that has taken the place of what was there. */
function lookAtItself(path: string): FoundFile | undefined {
  try {
    return { path, info: Deno.lstatSync(path) };
  } catch {
    return undefined;
  }
}

/** What all may read needs no trial; the rest is opened. */
function isReadable({ path, info }: FoundFile): boolean {
  const needed = info.isDirectory ? 0o555 : 0o444;
  if (info.mode === null || (info.mode & needed) === needed) return true;
  if (!info.isFile && !info.isDirectory) return false;
  try {
    Deno.openSync(path).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
