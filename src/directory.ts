/**
 * A directory without an index file: its names, read once and kept in order, and what of them a listing shows.
 *
 * Only what the server would also serve is listed, and counted: no hidden names, no links that lead out of the root, no
 * FIFOs, nothing that may not be read. To know all that of an entry it has to be looked at, which takes 3 µs; so where
 * more than a bound are left after the search, only the entries of the page are looked at, and sorting needs no more
 * than their names.
 *
 * The runtime hands over all names of a directory at once; 100,000 take 0.1 s and, kept, 12 MB.
 *
 * @module
 */

import { SEPARATOR } from "@std/path";
import type { EntryType, Listing, ListingEntry, ListingQuery } from "./listing.ts";
import { cutPage, orderEntries } from "./listing.ts";
import { fold, sortNaturally } from "./natural_order.ts";
import type { FoundFile } from "./resource.ts";
import { FileState } from "./file_state.ts";

/** Entries that are looked at for one answer. */
const MOST_LOOKS = 10_000;

/** What a name costs in memory beside its characters, in bytes, estimated. */
const NAME_OVERHEAD_BYTES = 96;

/** A name as the directory has it. */
interface Name {
  readonly name: string;
  readonly type: EntryType | "link";
}

/** How directories are read. */
export interface DirectoryOptions {
  /** Finds what a symbolic link leads to; `undefined` where that is nothing, or not to be seen. */
  readonly findTarget: (path: string) => FoundFile | undefined;
  /** Whether a name in this directory may be asked for. */
  readonly isShown: (name: string) => boolean;
  /**
   * Entries that are looked at for one answer.
   *
   * @default {10_000}
   */
  readonly mostLooks?: number;
}

/** A directory, as of one look at it. */
export class Directory {
  /** Tells this state of its names from any other one. */
  readonly fingerprint: string;
  /** Whether a later change of its names is sure to show in the fingerprint. */
  readonly isSettled: boolean;
  /** Memory that the names take, in bytes. */
  heldBytes: number = 0;
  readonly #path: string;
  readonly #findTarget: DirectoryOptions["findTarget"];
  readonly #isShown: DirectoryOptions["isShown"];
  readonly #mostLooks: number;
  #names: readonly Name[] | undefined;
  readonly #links = new Set<string>();

  /**
   * Takes note of a directory, without reading it yet.
   *
   * @param found The directory.
   * @param options How it is read.
   */
  constructor(found: FoundFile, { findTarget, isShown, mostLooks = MOST_LOOKS }: DirectoryOptions) {
    this.#path = found.path.endsWith(SEPARATOR) ? found.path : found.path + SEPARATOR;
    this.#findTarget = findTarget;
    this.#isShown = isShown;
    this.#mostLooks = mostLooks;
    const state = new FileState(found.info);
    this.fingerprint = `${found.path} ${state}`;
    this.isSettled = !state.isYoung;
  }

  /**
   * Lists one page.
   *
   * @param query What is asked for.
   * @throws {Deno.errors.PermissionDenied} Where the directory may not be read.
   */
  list(query: ListingQuery): Listing {
    const names = search(this.#names ??= this.#readNames(), query.search);
    if (names.length > this.#mostLooks) return this.#listByName(names, query);
    const ordered = orderEntries(this.#look(names), query);
    const { entries, page, pages } = cutPage(ordered, query.page);
    return { ...query, entries: this.#confirm(entries), page, pages, total: ordered.length, isSortable: true };
  }

  /** Looks at the links, to know which are folders, and at the entries of the page. */
  #listByName(names: readonly Name[], query: ListingQuery): Listing {
    const known = names.some(({ type }) => type === "link") ? this.#follow(names) : names;
    const byName = { ...query, sort: "name" } as const;
    const ordered = orderEntries(known, byName);
    const { entries, page, pages } = cutPage(ordered, query.page);
    return {
      ...byName,
      entries: this.#confirm(this.#look(entries)),
      page,
      pages,
      total: ordered.length,
      isSortable: false,
    };
  }

  /** Takes links for what they lead to, as far as looks are left. */
  #follow(names: readonly Name[]): (Name | ListingEntry)[] {
    let looks = 0;
    const known: (Name | ListingEntry)[] = [];
    for (const name of names) {
      const target = name.type === "link" ? looks++ < this.#mostLooks ? this.#lookAt(name) : undefined : name;
      if (target !== undefined) known.push(target);
    }
    return known;
  }

  #readNames(): readonly Name[] {
    const names: Name[] = [];
    for (const { name, isFile, isDirectory, isSymlink } of Deno.readDirSync(this.#path)) {
      if (!this.#isShown(name) || name.includes("\\")) continue;
      const type = isSymlink ? "link" : isDirectory ? "directory" : isFile ? "file" : undefined;
      if (type === undefined) continue;
      if (type === "link") this.#links.add(name);
      names.push({ name, type });
      this.heldBytes += NAME_OVERHEAD_BYTES + name.length;
    }
    return sortNaturally(names);
  }

  /**
   * Leaves out what is not here. While the directory was read a link could stand in its place, or in that of a folder
   * above; a name from there is not in here, or leads out of the root. Of links that is known.
   */
  #confirm(entries: readonly ListingEntry[]): readonly ListingEntry[] {
    return entries.filter(({ name }) => this.#links.has(name) || this.#findTarget(this.#path + name) !== undefined);
  }

  #look(names: readonly (Name | ListingEntry)[]): ListingEntry[] {
    return names.map((name) => "modifiedMs" in name ? name : this.#lookAt(name)).filter((entry) => entry !== undefined);
  }

  #lookAt({ name, type }: Name): ListingEntry | undefined {
    const path = this.#path + name;
    const found = type === "link" ? this.#findTarget(path) : lookAtItself(path);
    if (found === undefined || !isReadable(found)) return undefined;
    const { info } = found;
    const modifiedMs = info.mtime?.getTime();
    if (info.isDirectory) return { name, type: "directory", size: undefined, modifiedMs };
    return info.isFile ? { name, type: "file", size: info.size, modifiedMs } : undefined;
  }
}

function search(names: readonly Name[], text: string): readonly Name[] {
  if (text === "") return names;
  const folded = fold(text);
  return names.filter(({ name }) => fold(name).includes(folded));
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
