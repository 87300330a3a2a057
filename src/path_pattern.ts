/**
 * Patterns of paths, as `_headers`, `_redirects` and `--cache` have them, and the search among many of them.
 *
 *     pattern     = 1*( "/" segment )
 *     segment     = *literal [ "*" / ":" name ] *literal
 *
 * `*` stands for any run of characters, slashes included, once in a pattern; `:name` for a part of one segment that is
 * not empty. A final `/*` also matches the folder without its slash. Literals are compared in full, with case, after
 * percent-decoding: patterns meet resolved paths (`path.ts`), where each file has one spelling, so that no other
 * spelling gets around a rule.
 *
 * Matching takes time linear in the path: a placeholder ends at a slash and there is one `*`, so the regular expression
 * never has two ways to share out the same characters.
 *
 * @module
 */

/** What the `*` (under the name `splat`) and the placeholders of a pattern stood for, decoded. */
export type Captures = Readonly<Record<string, string>>;

/** A pattern, ready to be matched. */
export interface PathPattern {
  /** The pattern as it was written. */
  readonly text: string;
  /** The one path that it matches, where it has neither `*` nor placeholder. */
  readonly literal?: string;
  /** What it matches otherwise. */
  readonly expression?: RegExp;
  /** The literal folders in front: every path that matches has them. */
  readonly folder: string;
  /** What it captures. */
  readonly names: readonly string[];
}

/** A rule whose pattern matches a path. */
export interface PatternMatch<Rule> {
  /** The rule. */
  readonly rule: Rule;
  /** What the free parts of its pattern stood for. */
  readonly captures: Captures;
}

/** Of patterns with free parts: those behind a `*` are tried at every slash of a path. */
const MAXIMUM_SEGMENTS = 32;

/** A placeholder begins with a letter, so that `:8080` is text. */
const FREE_PART = /\*|:[A-Za-z][A-Za-z0-9_]*/g;

const NO_CAPTURES: Captures = Object.freeze({});

/**
 * Parses a pattern.
 *
 * @param text The pattern, percent-encoded like the path of a URL.
 * @returns The pattern, or what is wrong with it: a sentence that follows the pattern in a message.
 */
export function parsePathPattern(text: string): PathPattern | string {
  const raws = text.split("/").slice(1);
  const names = (text.match(FREE_PART) ?? []).map((part) => part === "*" ? "splat" : part.slice(1));
  const fault = findFault(text, raws, names);
  if (fault !== undefined) return fault;
  const segments: string[] = [];
  for (const raw of raws) {
    const segment = parseSegment(raw);
    if (segment === undefined) return `has the segment ${raw}, which no path has: it cannot be decoded`;
    segments.push(segment);
  }
  if (names.length === 0) return { text, literal: decodePath(text), folder: folderOf(text), names };
  const isWholeFolder = raws.length > 1 && raws.at(-1) === "*";
  const source = isWholeFolder ? `${segments.slice(0, -1).join("\\/")}(?:\\/(?<splat>[^]*))?` : segments.join("\\/");
  const folder = folderOf(text.slice(0, text.search(FREE_PART)));
  return { text, expression: new RegExp(`^\\/${source}$`), folder, names };
}

function findFault(text: string, raws: readonly string[], names: readonly string[]): string | undefined {
  if (!text.startsWith("/")) return "must begin with a slash";
  if (text.includes("#")) return "has a fragment, which a browser never sends";
  if (text.includes("?")) return "has a query: write parameters as words of their own, id=:id";
  if (raws.slice(0, -1).includes("")) return "has an empty segment, which no path has";
  if (raws.includes(".") || raws.includes("..")) return "has a dot segment, which no path has";
  if (/\*[^*]*\*/.test(text)) return "has more than one *";
  const crowded = raws.find((raw) => (raw.match(FREE_PART) ?? []).length > 1);
  if (crowded !== undefined) return `has more than one free part in the segment ${crowded}`;
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return `has two parts with the name ${repeated}`;
  const isTooLong = names.length > 0 && raws.length > MAXIMUM_SEGMENTS;
  return isTooLong ? `has more than ${MAXIMUM_SEGMENTS} segments` : undefined;
}

/** Makes the source of a regular expression for one segment; `undefined` where no path could have it. */
function parseSegment(raw: string): string | undefined {
  let source = "";
  let start = 0;
  for (const match of raw.matchAll(FREE_PART)) {
    const literal = decodeLiteral(raw.slice(start, match.index));
    if (literal === undefined) return undefined;
    source += escapeExpression(literal) + (match[0] === "*" ? "(?<splat>[^]*)" : `(?<${match[0].slice(1)}>[^\\/]+)`);
    start = match.index + match[0].length;
  }
  const literal = decodeLiteral(raw.slice(start));
  return literal === undefined ? undefined : source + escapeExpression(literal);
}

/** What it stands for; `undefined` where it is broken or stands for what `resolvePath` refuses in a segment. */
function decodeLiteral(raw: string): string | undefined {
  try {
    const literal = decodeURIComponent(raw);
    return /[/\\\0]/.test(literal) ? undefined : literal;
  } catch {
    return undefined;
  }
}

/** A path whose segments are known to be fine. */
function decodePath(path: string): string {
  return path.split("/").map((segment) => decodeLiteral(segment) ?? segment).join("/");
}

function escapeExpression(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** The folders at the front of a path, decoded, with the final slash. */
function folderOf(path: string): string {
  return decodePath(path.slice(0, path.lastIndexOf("/") + 1));
}

/**
 * Matches one pattern.
 *
 * @param pattern The pattern.
 * @param path The path, resolved and decoded.
 * @returns What its free parts stand for, or `undefined` where it does not match.
 */
export function matchPathPattern(pattern: PathPattern, path: string): Captures | undefined {
  if (pattern.expression === undefined) return path === pattern.literal ? NO_CAPTURES : undefined;
  const groups = pattern.expression.exec(path)?.groups;
  if (groups === undefined) return undefined;
  // The folder of a final `/*` itself: the group took no part in the match.
  if ("splat" in groups) groups.splat ??= "";
  return groups;
}

interface Entry<Rule> {
  readonly order: number;
  readonly pattern: PathPattern;
  readonly rule: Rule;
}

/**
 * Rules by pattern, in their order. Looking one up costs a step per folder of the path, however many rules there are:
 * literal patterns are found by their path, the others by the literal folders that they begin with.
 */
export class PatternIndex<Rule> {
  readonly #byPath = new Map<string, Entry<Rule>[]>();
  readonly #byFolder = new Map<string, Entry<Rule>[]>();
  #longestFolder = 0;
  #size = 0;

  /** Number of rules. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a rule behind the others.
   *
   * @param pattern When it applies.
   * @param rule The rule.
   */
  add(pattern: PathPattern, rule: Rule): void {
    const entry = { order: this.#size++, pattern, rule };
    const [map, key] = pattern.literal === undefined
      ? [this.#byFolder, pattern.folder] as const
      : [this.#byPath, pattern.literal] as const;
    const entries = map.get(key);
    if (entries === undefined) map.set(key, [entry]);
    else entries.push(entry);
    if (map === this.#byFolder) this.#longestFolder = Math.max(this.#longestFolder, key.length);
  }

  /**
   * Finds the rules whose patterns match, one after the other, so that a caller can stop at the first.
   *
   * @param path The path, resolved and decoded.
   * @returns The matches in the order in which the rules were added.
   */
  *matches(path: string): Generator<PatternMatch<Rule>, void> {
    for (const { pattern, rule } of this.#candidates(path)) {
      const captures = matchPathPattern(pattern, path);
      if (captures !== undefined) yield { rule, captures };
    }
  }

  #candidates(path: string): readonly Entry<Rule>[] {
    let candidates = this.#byPath.get(path) ?? [];
    if (this.#byFolder.size === 0) return candidates;
    for (let end = path.indexOf("/"); end >= 0 && end < this.#longestFolder; end = path.indexOf("/", end + 1)) {
      candidates = merge(candidates, this.#byFolder.get(path.slice(0, end + 1)));
    }
    return path.endsWith("/") ? candidates : merge(candidates, this.#byFolder.get(`${path}/`));
  }
}

/** Merges two lists that are in order; where one is empty, nothing is copied. */
function merge<Rule>(left: readonly Entry<Rule>[], right: Entry<Rule>[] | undefined): Entry<Rule>[] {
  if (right === undefined) return left as Entry<Rule>[];
  return left.length === 0 ? right : [...left, ...right].sort((a, b) => a.order - b.order);
}
