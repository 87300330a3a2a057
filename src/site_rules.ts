/**
 * What a site says of itself: the files `_headers` and `_redirects` in its root, and the flags that say the same.
 *
 * The files are looked at again a second after the last look. A version of one that has a mistake is reported and not
 * used: what held before goes on to hold.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { CacheOptions, LogLevel } from "./config.ts";
import { detach } from "./detached_text.ts";
import type { FileTree } from "./file_tree.ts";
import type { HeaderRule } from "./headers_file.ts";
import { HeaderRules, parseHeadersFile } from "./headers_file.ts";
import type { RedirectMatch, RedirectRequest } from "./redirects_file.ts";
import { parseRedirectsFile, RedirectRules } from "./redirects_file.ts";
import type { FieldLine } from "./message.ts";
import { FileState } from "./file_state.ts";
import type { FieldChanges } from "./response_fields.ts";
import { NO_CHANGES } from "./response_fields.ts";
import type { ParsedFile } from "./rules_file.ts";
import type { ParsedSiteOptions } from "./site_options.ts";

/** The file of response fields. */
export const HEADERS_FILE = "_headers";
/** The file of redirects and rewrites. */
export const REDIRECTS_FILE = "_redirects";

/** Larger files are no rules; in bytes. */
const MOST_BYTES = 4 << 20;
/** How many paths have their changes kept; then all are forgotten. */
const MOST_KEPT = 10_000;
/** Longer paths have not; in characters. */
const LONGEST_KEPT = 256;

/** What reading the rules needs. */
export interface SiteRulesContext {
  /** The time of the worker. */
  readonly clock: Clock;
  /** Bounds of freshness. */
  readonly cache: Pick<CacheOptions, "freshMs">;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /** Reports an event. */
  readonly report?: ((level: LogLevel, message: string) => void) | undefined;
  /** Told, for `explain`, why a request is answered as it is. */
  readonly note?: ((text: string) => void) | undefined;
}

/** What is changed in the fields of the answers for one path. */
export interface PathChanges {
  /** Where the answer is the file of that path, or its listing. */
  readonly file: FieldChanges;
  /** Where it is an error, a redirect, or a file that stands in for it: without what is said of the file itself. */
  readonly other: FieldChanges;
}

const NONE: PathChanges = { file: NO_CHANGES, other: NO_CHANGES };

/**
 * Fields that tell of a file how long it may be kept (RFC 9213 for those of caches of one kind) and what it is. Another
 * file must not get them.
 */
const OF_FILE = /cache-control$|^(?:expires|pragma|surrogate-control|content-(?:disposition|language|location|type))$/i;

function splitChanges(file: FieldChanges): PathChanges {
  const set = file.set.filter(([name]) => !OF_FILE.test(name));
  const removed = file.removed.filter((name) => !OF_FILE.test(name));
  return { file, other: set.length + removed.length === 0 ? NO_CHANGES : { set, removed } };
}

/** One file of rules, as of the last look at it. */
class RulesFile<Rule> {
  readonly #name: string;
  readonly #parse: (text: string) => ParsedFile<Rule>;
  #fingerprint = "";
  #isSettled = true;
  #text: string | undefined;

  constructor(name: string, parse: (text: string) => ParsedFile<Rule>) {
    this.#name = name;
    this.#parse = parse;
  }

  /** The rules where the file has changed, or the mistakes that it has; nothing where it has not changed. */
  refresh(tree: FileTree, open: SiteRulesContext["open"]): RulesChange<Rule> {
    const found = tree.findInRoot(this.#name);
    const state = found && new FileState(found.info);
    const absent = () => tree.hasInRoot(this.#name) ? "unusable" : "";
    const fingerprint = found === undefined ? absent() : `${found.path} ${state}`;
    // A young file can change again without a sign.
    if (fingerprint === this.#fingerprint && this.#isSettled) return UNCHANGED;
    this.#isSettled = state?.isSettled ?? true;
    const isSame = fingerprint === this.#fingerprint;
    this.#fingerprint = fingerprint;
    const text = found === undefined ? undefined : readText(found.path, open);
    if (isSame && text === this.#text) return UNCHANGED;
    this.#text = text;
    if (fingerprint === "") return { rules: [], mistakes: [] };
    if (text === undefined) {
      return { mistakes: [`${this.#name} is no file that can be read and has up to ${MOST_BYTES} bytes`] };
    }
    const { rules, mistakes } = this.#parse(text);
    if (mistakes.length === 0) return { rules, mistakes: [] };
    return { mistakes: mistakes.map(({ line, message }) => `${this.#name}:${line}: ${message}`) };
  }
}

/** What a look at a file has brought. */
interface RulesChange<Rule> {
  /** The rules that hold from now on; absent where those of before do. */
  readonly rules?: readonly Rule[];
  /** What is wrong with the file, one line each. */
  readonly mistakes: readonly string[];
}

const UNCHANGED: RulesChange<never> = { mistakes: [] };

/** The rules of one site. */
export class SiteRules {
  readonly #tree: FileTree;
  readonly #context: SiteRulesContext;
  /** Fields of every path for which no rule says otherwise. */
  readonly #defaults: readonly FieldLine[];
  readonly #usual: PathChanges;
  readonly #headersFile = new RulesFile(HEADERS_FILE, parseHeadersFile);
  readonly #redirectsFile = new RulesFile(REDIRECTS_FILE, parseRedirectsFile);
  /** Absent where there are none, as for most sites. */
  #headers: HeaderRules | undefined;
  #redirects: RedirectRules | undefined;
  #changes = new Map<string, PathChanges>();
  #freshUntilMs = -Infinity;

  /**
   * Makes rules of which no file has been read.
   *
   * @param options The flags.
   * @param tree Where the files are.
   * @param context What reading them needs.
   */
  constructor({ headers }: Pick<ParsedSiteOptions, "headers">, tree: FileTree, context: SiteRulesContext) {
    this.#tree = tree;
    this.#context = context;
    this.#defaults = headers;
    this.#usual = headers.length === 0 ? NONE : splitChanges({ set: headers, removed: [] });
  }

  /** Looks at the files again where the last look was long ago. */
  refresh(): void {
    const { clock, cache, report } = this.#context;
    if (clock.nowMs < this.#freshUntilMs) return;
    this.#freshUntilMs = clock.nowMs + cache.freshMs;
    for (const mistake of this.read()) report?.("error", `${mistake} (the file is not used, its last version is)`);
  }

  /**
   * Looks at the files now.
   *
   * @returns The mistakes, one line each; a file that has some is not used.
   */
  read(): string[] {
    const headers = this.#headersFile.refresh(this.#tree, this.#context.open);
    if (headers.rules !== undefined) this.#setHeaders(headers.rules);
    const redirects = this.#redirectsFile.refresh(this.#tree, this.#context.open);
    if (redirects.rules !== undefined) {
      this.#redirects = redirects.rules.length === 0 ? undefined : new RedirectRules(redirects.rules);
    }
    return [...headers.mistakes, ...redirects.mistakes];
  }

  #setHeaders(rules: readonly HeaderRule[]): void {
    this.#headers = rules.length === 0 ? undefined : new HeaderRules(rules);
    this.#changes.clear();
  }

  /**
   * Selects what is changed in the fields of an answer.
   *
   * @param path The path that was asked for, below the base, resolved.
   * @returns The changes; the same value for the same path, as long as the rules are the same.
   */
  selectChanges(path: string): PathChanges {
    if (this.#headers === undefined) return this.#usual;
    let changes = this.#changes.get(path);
    if (changes === undefined) {
      changes = this.#makeChanges(this.#headers.select(path));
      if (path.length > LONGEST_KEPT) return changes;
      if (this.#changes.size >= MOST_KEPT) this.#changes.clear();
      this.#changes.set(detach(path), changes);
    }
    return changes;
  }

  /** A default is a field that a rule can replace, or take away. */
  #makeChanges({ set, removed }: FieldChanges): PathChanges {
    if (set.length + removed.length === 0) return this.#usual;
    const said = new Set([...removed, ...set.map(([name]) => name.toLowerCase())]);
    const defaults = this.#defaults.filter(([name]) => !said.has(name.toLowerCase()));
    return splitChanges({ set: [...defaults, ...set], removed });
  }

  /** Whether fields are changed for any path. */
  get hasFields(): boolean {
    return this.#headers !== undefined || this.#usual !== NONE;
  }

  /** Whether there are redirects or rewrites. */
  get hasRedirects(): boolean {
    return this.#redirects !== undefined;
  }

  /**
   * Finds the redirect or rewrite of a request.
   *
   * @param request What is asked.
   */
  match(request: RedirectRequest): RedirectMatch | undefined {
    return this.#redirects?.match(request);
  }
}

function readText(path: string, open: SiteRulesContext["open"]): string | undefined {
  try {
    using file = open(path);
    const { size } = file.statSync();
    if (size > MOST_BYTES) return undefined;
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let count; length < size && (count = file.readSync(bytes.subarray(length))) !== null;) length += count;
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}
