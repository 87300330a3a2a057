/**
 * The options of a site as the user wrote them → as the handler needs them, or one clear sentence.
 *
 * @module
 */

import type { CacheRule } from "./cache_policy.ts";
import { parseCacheRules } from "./cache_policy.ts";
import type { SiteOptions, SymlinkPolicy } from "./config.ts";
import type { CorsPolicy } from "./cors.ts";
import { parseCorsOrigins } from "./cors.ts";
import { UsageError } from "./errors.ts";
import { parseHeaderLine } from "./headers_file.ts";
import type { MediaTypeOptions } from "./media_type.ts";
import { parseMediaTypeRule } from "./media_type.ts";
import type { FieldLine } from "./message.ts";
import type { PathOptions } from "./path.ts";
import { parseBase, resolvePath } from "./path.ts";

/** What a site is, ready to be used. */
export interface ParsedSiteOptions {
  /** The root, an absolute path. */
  readonly root: string;
  /** The path under which the site is reached, resolved, with its final slash. */
  readonly base: string;
  /** What a directory stands for: the first of these names that it has. */
  readonly index: readonly string[];
  /** The path of the file that stands in for pages that do not exist. */
  readonly shell: string | undefined;
  /** Whether `/about` stands for `about.html`. */
  readonly hasCleanUrls: boolean;
  /** Whether directories without an index file are listed. */
  readonly isListing: boolean;
  /** Whether directories that are listed can be fetched as an archive. */
  readonly isArchiving: boolean;
  /** Whether files can be uploaded and deleted. */
  readonly isUploading: boolean;
  /** How media types are selected. */
  readonly mediaTypes: MediaTypeOptions;
  /** Whether names with a leading dot are served. */
  readonly hasDotfiles: boolean;
  /** Which symbolic links are followed. */
  readonly symlinks: SymlinkPolicy;
  /** Whether content codings are used. */
  readonly isCompressing: boolean;
  /** The rules for `Cache-Control`. */
  readonly cacheRules: readonly CacheRule[];
  /** Field lines of every answer. */
  readonly headers: readonly FieldLine[];
  /** Which other origins may read answers. */
  readonly cors: CorsPolicy | undefined;
  /** Whether pages reload when a file changes. */
  readonly isDev: boolean;
}

/** Cross-origin isolation, HTML section "cross-origin opener policies" and "embedder policies". */
const ISOLATION: readonly FieldLine[] = [
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Embedder-Policy", "require-corp"],
];

/** mime-charset, RFC 2978 section 2.3. */
const CHARSET = /^[A-Za-z0-9!#$%&'+^_`{}~-]*$/;

/**
 * Parses the options of a site.
 *
 * @param options The options as the user wrote them.
 * @throws {UsageError} For one that has no meaning.
 */
export function parseSiteOptions(options: SiteOptions): ParsedSiteOptions {
  const { root, cleanUrls, list, archive, dotfiles, symlinks, compress, cacheRules, cors, dev } = options;
  const base = parseBase(options.base);
  if (base === undefined) throw new UsageError(`--base ${quote(options.base)} is no path, as /prefix is one`);
  const { charset } = options;
  if (charset !== undefined && !CHARSET.test(charset)) {
    throw new UsageError(`--charset ${quote(charset)} is no name of a charset`);
  }
  return {
    root,
    base,
    index: options.index.map(checkIndexName),
    shell: options.spa === "" ? undefined : parseShell(options.spa, { isHidingDots: !dotfiles }),
    hasCleanUrls: cleanUrls,
    isListing: list || archive || dev,
    isArchiving: archive,
    isUploading: options.upload,
    mediaTypes: { overrides: new Map(options.mime.map(parseMediaType)), charset },
    hasDotfiles: dotfiles,
    symlinks,
    isCompressing: compress && !dev,
    cacheRules: cacheRules === "" ? [] : parseCacheRules(cacheRules),
    headers: parseHeaders(options),
    cors: cors === undefined ? undefined : parseCorsOrigins(cors),
    isDev: dev,
  };
}

function checkIndexName(name: string): string {
  if (name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name)) return name;
  throw new UsageError(`--index ${quote(name)} is no file name`);
}

/** The name of a file as in a file system, with or without a slash in front. */
function parseShell(name: string, options: PathOptions): string {
  try {
    return resolvePath(`/${name.replace(/^\//, "").split("/").map(encodeURIComponent).join("/")}`, options);
  } catch {
    throw new UsageError(`--spa ${quote(name)} is no file below the root`);
  }
}

function parseMediaType(text: string): readonly [string, string] {
  const rule = parseMediaTypeRule(text);
  if (typeof rule === "string") throw new UsageError(`--mime: ${rule}`);
  return rule;
}

/** What is said by name comes before what is said by a word for several. */
function parseHeaders({ headers, coi }: SiteOptions): FieldLine[] {
  const named = headers.map(parseHeader);
  const names = new Set(named.map(([name]) => name.toLowerCase()));
  return [...(coi ? ISOLATION : []).filter(([name]) => !names.has(name.toLowerCase())), ...named];
}

function parseHeader(text: string): FieldLine {
  const line = parseHeaderLine(text);
  if (typeof line === "string") throw new UsageError(`--header: ${line}`);
  return line;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
