/**
 * The listing of a directory as a value: which entries a query selects, and in which order; and its form as JSON.
 * The form as a page is in `listing_page.ts`.
 *
 * What a query says is a wish: a parameter that is missing, unknown or malformed has its default.
 *
 * @module
 */

import type { Steps } from "./steps.ts";

/** What entries can be sorted by. */
export type ListingSort = "name" | "size" | "time";

/** Ascending or descending. */
export type ListingOrder = "asc" | "desc";

/** What a request asks of a listing. */
export interface ListingQuery {
  /** What the entries are sorted by. */
  readonly sort: ListingSort;
  /** In which direction; folders come first in both. */
  readonly order: ListingOrder;
  /** The page, from 1. */
  readonly page: number;
  /** Text that the names contain; empty for all names. */
  readonly search: string;
}

/** What an entry is; a symbolic link is what it leads to. */
export type EntryType = "directory" | "file";

/** A file or a folder. */
export interface ListingEntry {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly type: EntryType;
  /** Size in bytes; `undefined` for a folder. */
  readonly size: number | undefined;
  /** Modification time in milliseconds since the epoch; `undefined` where it is not known. */
  readonly modifiedMs: number | undefined;
}

/** One page of a listing. */
export interface Listing extends ListingQuery {
  /** The entries of the page, in order. */
  readonly entries: readonly ListingEntry[];
  /** Number of pages, at least 1. */
  readonly pages: number;
  /** Number of entries on all pages. */
  readonly total: number;
  /** Whether sorting by size and time is possible. */
  readonly isSortable: boolean;
  /** Number of names of the directory that are neither listed nor searched, since there are too many. */
  readonly omitted: number;
}

/** Entries on a page. */
export const PAGE_ENTRIES = 1_000;

/** A longer text to search for is cut off; names have 255 bytes at most. */
const SEARCH_LENGTH = 255;

/** What is listed where nothing else is asked for. */
export const DEFAULT_QUERY: ListingQuery = Object.freeze({ sort: "name", order: "asc", page: 1, search: "" });

/**
 * Reads `?sort=name|size|time&order=asc|desc&page=N&search=text`.
 *
 * @param query The query of a request target with its `?`, or the empty string.
 * @returns What is asked for; of a repeated parameter the first value.
 */
export function parseListingQuery(query: string): ListingQuery {
  if (query.length <= 1) return DEFAULT_QUERY;
  const parameters = new URLSearchParams(query);
  const sort = parameters.get("sort");
  const page = parameters.get("page") ?? "";
  return {
    sort: sort === "size" || sort === "time" ? sort : DEFAULT_QUERY.sort,
    order: parameters.get("order") === "desc" ? "desc" : DEFAULT_QUERY.order,
    page: /^[1-9][0-9]{0,8}$/.test(page) ? Number(page) : DEFAULT_QUERY.page,
    search: (parameters.get("search") ?? "").trim().slice(0, SEARCH_LENGTH).toWellFormed(),
  };
}

/**
 * Makes the reference that leads from a listing to another view of it.
 *
 * @param query What it shows.
 * @returns A relative reference; what is the default is left out.
 */
export function listingReference({ sort, order, page, search }: ListingQuery): string {
  const parameters = new URLSearchParams();
  if (sort !== DEFAULT_QUERY.sort) parameters.set("sort", sort);
  if (order !== DEFAULT_QUERY.order) parameters.set("order", order);
  if (search !== DEFAULT_QUERY.search) parameters.set("search", search);
  if (page !== DEFAULT_QUERY.page) parameters.set("page", String(page));
  return parameters.size === 0 ? "./" : `./?${parameters}`;
}

/**
 * Makes the reference that leads from a listing to one of its entries, RFC 3986 section 4.2. It begins with `./`, so a
 * name with a colon is no scheme.
 *
 * @param entry The entry.
 * @returns A relative reference in which all that could have a meaning is percent-encoded.
 */
export function entryReference({ name, type }: Pick<ListingEntry, "name" | "type">): string {
  return `./${encodeURIComponent(name.toWellFormed())}${type === "directory" ? "/" : ""}`;
}

/** How many entries are told apart in one step. */
const ORDERED_PER_STEP = 4_096;

/** What the order of an entry depends on, beside its name. */
export type Orderable = { readonly type: string } & Partial<Pick<ListingEntry, "size" | "modifiedMs">>;

/**
 * Puts entries in the order that is asked for, folders first.
 *
 * @param entries Entries in natural order, which also decides between equals.
 * @param query Sort and order.
 * @returns The same entries in a new array; in steps, since by name there may be very many.
 */
export function* orderEntries<Entry extends Orderable>(
  entries: readonly Entry[],
  { sort, order }: Pick<ListingQuery, "sort" | "order">,
): Steps<Entry[]> {
  const directories: Entry[] = [];
  const files: Entry[] = [];
  for (let at = 0; at < entries.length;) {
    const endOfStep = at + ORDERED_PER_STEP;
    for (const entry of entries.slice(at, endOfStep)) (entry.type === "directory" ? directories : files).push(entry);
    at = endOfStep;
    yield;
  }
  const sign = order === "asc" ? 1 : -1;
  const valueOf = ({ size, modifiedMs }: Entry) => (sort === "size" ? size : modifiedMs) ?? -Infinity;
  for (const group of [directories, files]) {
    if (sort !== "name") group.sort((a, b) => sign * (valueOf(a) - valueOf(b)));
    else if (order === "desc") group.reverse();
  }
  return directories.concat(files);
}

/**
 * Cuts one page out of ordered entries. A page behind the last one is the last one.
 *
 * @param entries The entries.
 * @param page The page, from 1.
 * @returns The entries of the page, its number, and the number of pages.
 */
export function cutPage<Entry>(
  entries: readonly Entry[],
  page: number,
): { entries: Entry[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(entries.length / PAGE_ENTRIES));
  const shown = Math.min(page, pages);
  return { entries: entries.slice((shown - 1) * PAGE_ENTRIES, shown * PAGE_ENTRIES), page: shown, pages };
}

/**
 * Formats a listing as JSON.
 *
 * @param listing The listing.
 * @param path The path of the directory, decoded.
 */
export function formatListingJson(listing: Listing, path: string): string {
  const { page, pages, total, omitted, sort, order, search } = listing;
  const entries = listing.entries.map(({ name, type, size, modifiedMs }) => ({
    name,
    type,
    size: size ?? null,
    modified: formatTime(modifiedMs) ?? null,
  }));
  const sometimes = { ...(omitted > 0 && { omitted }), ...(search !== "" && { search }) };
  return `${JSON.stringify({ path, entries, page, pages, total, sort, order, ...sometimes })}\n`;
}

/** The end of time in ECMAScript. */
const MOST_MS = 8.64e15;

/**
 * Formats a time as RFC 3339 does, in UTC and whole seconds.
 *
 * @param ms Milliseconds since the epoch.
 * @returns `undefined` where the time is not known or is none.
 */
export function formatTime(ms: number | undefined): string | undefined {
  if (ms === undefined || !(Math.abs(ms) <= MOST_MS)) return undefined;
  return new Date(ms).toISOString().replace(/\.[0-9]+Z$/, "Z");
}
