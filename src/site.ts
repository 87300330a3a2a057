/**
 * What the paths of a site stand for: a file, a directory that is listed, or another path. Found in memory, or in the
 * file system (`file_tree.ts`), and then kept; so is, for a moment, that there is nothing.
 *
 * @module
 */

import { selectCacheControl } from "./cache_policy.ts";
import type { Clock } from "./clock.ts";
import type { CacheOptions, ListingLimits } from "./config.ts";
import { detach } from "./detached_text.ts";
import { Directory } from "./directory.ts";
import { DirectoryReader } from "./directory_reader.ts";
import { HttpError } from "./errors.ts";
import type { Keepable } from "./file_cache.ts";
import { FileCache } from "./file_cache.ts";
import { FileTree } from "./file_tree.ts";
import { injectReloadScript } from "./live_reload.ts";
import { selectMediaType } from "./media_type.ts";
import { PENDING_PREFIX, WELL_KNOWN } from "./path.ts";
import type { KnownFile } from "./resource.ts";
import { Resource } from "./resource.ts";
import { SharedContents } from "./shared_contents.ts";
import type { ParsedSiteOptions } from "./site_options.ts";
import { HEADERS_FILE, REDIRECTS_FILE } from "./site_rules.ts";
import { isSameFile } from "./walk.ts";

/** How many paths that were not found are remembered; then all are forgotten. */
const MOST_MISSING = 1_000;
/** Longer ones are not remembered; in characters. */
const LONGEST_MISSING = 256;

/** Files that tell how the site is served, and are no part of it; nor are what a build makes of them. */
const RULE_FILES: ReadonlySet<string> = new Set(
  [HEADERS_FILE, REDIRECTS_FILE].flatMap((name) => ["", ".br", ".zst", ".gz"].map((suffix) => name + suffix)),
);

/** Another path is the one for what is asked for. */
export class Redirect implements Keepable {
  /** Tells it from a redirect to another path. */
  readonly fingerprint: string;
  /** It holds nothing that could be outdated. */
  readonly isSettled: boolean = true;
  /** It holds nothing. */
  readonly heldBytes: number = 0;
  /** The path, resolved. */
  readonly path: string;

  /**
   * Makes a redirect.
   *
   * @param path The path, resolved.
   */
  constructor(path: string) {
    this.path = path;
    this.fingerprint = `redirect to ${path}`;
  }
}

/** What a path can stand for. */
export type SiteEntry = Resource | Directory | Redirect;

/** How a site is made. */
export interface SiteContext {
  /** Bounds of the memory for small files. */
  readonly cache: CacheOptions;
  /** The time of the worker. */
  readonly clock: Clock;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /**
   * Bounds for listings that are to be others than the defaults.
   *
   * @default {{}}
   */
  readonly listing?: Partial<ListingLimits>;
}

/** The files of a site. */
export class Site {
  /** Where they are. */
  readonly tree: FileTree;
  readonly #context: SiteContext;
  readonly #hasDotfiles: boolean;
  readonly #entries: FileCache<SiteEntry>;
  /** Paths that were not found, and how long that is believed: an error without a new stack costs a tenth. */
  readonly #missing = new Map<string, { readonly error: HttpError; readonly untilMs: number }>();

  /**
   * Makes a site of which nothing has been looked at.
   *
   * @param options What the site is.
   * @param context How it is made.
   */
  constructor(options: ParsedSiteOptions, context: SiteContext) {
    const tree = new FileTree({ ...options, hidden: RULE_FILES, clock: context.clock, freshMs: context.cache.freshMs });
    this.tree = tree;
    this.#context = context;
    this.#hasDotfiles = options.hasDotfiles;
    const { isDev, cacheRules, mediaTypes } = options;
    const resourceOptions = {
      ...context,
      entryBytes: context.cache.entryBytes,
      contents: new SharedContents(),
      isCompressing: options.isCompressing,
      findFile: (path: string) => tree.findRegularFile(path),
      isInPlace: (path: string, isSame: (info: Deno.FileInfo) => boolean) => tree.isInPlace(path, isSame),
      confirm: (sitePath: string, file: KnownFile) => tree.confirm(sitePath, file),
      selectMediaType: (path: string) => selectMediaType(path, mediaTypes),
      selectCacheControl: (path: string, mediaType: string) =>
        isDev ? "no-store" : selectCacheControl({ path, mediaType }, cacheRules),
      changePage: isDev ? (html: Uint8Array) => injectReloadScript(html, options.base.slice(0, -1)) : undefined,
    };
    const findTarget = (target: string) => tree.findTarget(target);
    const reader = new DirectoryReader(context.listing);
    this.#entries = new FileCache<SiteEntry>(context.cache, (path) => {
      const found = tree.find(path);
      switch (found.kind) {
        case "file":
          return new Resource(found.sitePath, found.file, resourceOptions);
        case "directory": {
          const isShown = (name: string) => this.isShown(path + name);
          const { path: realPath, info } = found.file;
          const isInPlace = () => tree.isInPlace(realPath, (other) => isSameFile(other, info));
          return new Directory(found.file, { sitePath: path, findTarget, isInPlace, isShown, reader });
        }
        case "redirect":
          return new Redirect(found.path);
        default:
          return found satisfies never;
      }
    });
  }

  /**
   * Finds what a path stands for.
   *
   * @param path The path, resolved.
   * @returns That; or why nothing can be served: names that do not exist are asked for often, and to throw costs 0.5 µs.
   */
  find(path: string): SiteEntry | HttpError {
    const { clock, cache } = this.#context;
    const known = this.#missing.get(path);
    if (known !== undefined && clock.nowMs < known.untilMs) return known.error;
    try {
      const entry = this.#entries.get(path, clock.nowMs);
      if (entry === undefined) throw new HttpError(404, "Path stands for nothing");
      return entry;
    } catch (error) {
      if (this.#missing.size >= MOST_MISSING) this.#missing.clear();
      if (error instanceof HttpError && path.length <= LONGEST_MISSING) {
        this.#missing.set(detach(path), { error, untilMs: clock.nowMs + cache.freshMs });
      }
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /**
   * Finds the file that a path stands for, also where another path is the usual one for it; a folder is no file.
   *
   * @param path The path, resolved.
   * @returns The file and its own path, or `undefined` where there is none.
   */
  findFile(path: string): { readonly path: string; readonly resource: Resource } | undefined {
    try {
      const entry = this.find(path);
      const target = entry instanceof Redirect && entry.path !== `${path}/` ? entry.path : path;
      const resource = target === path ? entry : this.find(target);
      return resource instanceof Resource ? { path: target, resource } : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Tells whether the last name of a path may be told of, where the others may.
   *
   * @param path The path, resolved, without a slash at its end.
   */
  isShown(path: string): boolean {
    const at = path.lastIndexOf("/") + 1;
    const isHidden = path[at] === "." &&
      (!this.#hasDotfiles || path.slice(at).toLowerCase().startsWith(PENDING_PREFIX));
    return !isHidden && !RULE_FILES.has(path.slice(1).toLowerCase());
  }

  /**
   * Tells whether what a path names may be written: no part of it is hidden, and it is no file of rules. In a file
   * system that does not tell cases apart `_HEADERS` is one, too.
   *
   * @param path The path, resolved, without a slash at its end.
   */
  isWritable(path: string): boolean {
    if (RULE_FILES.has(path.slice(1).toLowerCase())) return false;
    return this.#hasDotfiles || !path.split("/").some((name) => name.startsWith(".") && name !== WELL_KNOWN);
  }

  /**
   * Counts the memory of what a path stands for again, after content may have been read.
   *
   * @param path The path, resolved.
   */
  weigh(path: string): void {
    this.#entries.weigh(path);
  }

  /**
   * Forgets what a path stood for, in the end.
   *
   * @param path The path, resolved.
   */
  forget(path: string): void {
    const target = this.findFile(path)?.path;
    if (target !== undefined) this.#entries.delete(target);
    this.#entries.delete(path);
  }
}
