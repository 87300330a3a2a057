/**
 * The file `_redirects`, as Netlify and Cloudflare Pages have it: where paths lead.
 *
 *     rule      = from *( SP parameter ) SP to [ SP status [ "!" ] ]
 *     from      = a pattern of paths, see `path_pattern.ts`
 *     parameter = name "=" ( value / ":" name )
 *     to        = path of this site or URL of another one, with query and fragment if need be; may have placeholders
 *     status    = 301 (if there is none) / 302 / 303 / 307 / 308 / 200 / 404
 *
 * The first rule that matches applies, in the order of the file. A rule without `!` does not apply where a file exists.
 * With 200 and 404 the file `to` is sent in place of what was asked for.
 *
 * Whatever a client sends, a `Location` leads where its rule says: captured text is percent-encoded, on this site it
 * begins with exactly one slash, and it has no dot segment. A rule that would need another kind of `Location`, or lead
 * a request to itself, does not apply.
 *
 * Not here, since rules go by path and query alone: conditions (`Country=`, `Role=`), hosts, proxying.
 *
 * @module
 */

import { HttpError } from "./errors.ts";
import { trimBlank } from "./http1.ts";
import { encodeReference, resolvePath } from "./path.ts";
import type { Captures, PathPattern, PatternMatch } from "./path_pattern.ts";
import { matchPathPattern, PatternIndex } from "./path_pattern.ts";
import type { Mistake, ParsedFile } from "./rules_file.ts";
import {
  fillPlaceholders,
  hasBlank,
  hasScheme,
  listPlaceholders,
  parseRulePattern,
  quote,
  readRuleLines,
} from "./rules_file.ts";

/** Status of an answer that sends the client elsewhere, RFC 9110 section 15.4. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** Status of an answer with the file that the rule names. */
export type RewriteStatus = 200 | 404;

/** Errors other than 404 are refused, as by Cloudflare: they say that something went wrong, and nothing did. */
const STATUSES: readonly (RedirectStatus | RewriteStatus)[] = [301, 302, 303, 307, 308, 200, 404];

/**
 * A parameter that the query of the request must have, decoded: with this value, or with one that is not empty and that
 * a placeholder stands for.
 */
export type QueryParameter =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly capture: string };

/** Where a rule leads, in parts that may have placeholders; all but these is what RFC 3986 allows in a URL. */
export interface RedirectTarget {
  /** Scheme and host of another site, as in `https://example.com`; the empty string for this site. */
  readonly origin: string;
  /** The path, which begins with a slash. */
  readonly path: string;
  /** The query with its `?`, where the rule has one. */
  readonly query?: string;
  /** The fragment with its `#`, or the empty string. */
  readonly fragment: string;
}

/** A rule of the file. */
export interface RedirectRule {
  /** The number of its line. */
  readonly line: number;
  /** The paths that it is for. */
  readonly pattern: PathPattern;
  /** What the query must have. */
  readonly parameters: readonly QueryParameter[];
  /** Where it leads. */
  readonly target: RedirectTarget;
  /** What the answer is. */
  readonly status: RedirectStatus | RewriteStatus;
  /** Whether it applies where a file exists, too. */
  readonly isForced: boolean;
}

/** What the rules are asked. */
export interface RedirectRequest {
  /** The path, resolved and decoded. */
  readonly path: string;
  /** The query as sent, with its `?`, or the empty string. */
  readonly query: string;
  /** Tells whether the path has a file. Asked once at most, and only where a rule depends on it. */
  readonly exists: () => boolean;
}

/** Which rule applies. */
export interface AppliedRule {
  /** The number of its line, for messages. */
  readonly line: number;
  /** Whether it applies where a file exists, too. */
  readonly isForced: boolean;
}

/** What applies to a request. */
export type RedirectMatch =
  | AppliedRule & {
    readonly kind: "redirect";
    readonly status: RedirectStatus;
    /** The value of `Location`: visible ASCII. */
    readonly location: string;
  }
  | AppliedRule & {
    readonly kind: "rewrite";
    readonly status: RewriteStatus;
    /** The path of the file to send, resolved and decoded; it is not looked up in the rules again. */
    readonly path: string;
    /** The query for it, with its `?`, or the empty string. */
    readonly query: string;
  };

const NO_CAPTURES: Captures = Object.freeze({});

/** Rules, ready to be asked. */
export class RedirectRules {
  readonly #index = new PatternIndex<RedirectRule>();
  /** Rules for one path and one value of a parameter: there may be thousands for `/` alone, as in `/ p=17 /a-post`. */
  readonly #byParameter = new Map<string, RedirectRule[]>();

  /**
   * Makes the rules ready.
   *
   * @param rules The rules of one file.
   */
  constructor(rules: Iterable<RedirectRule>) {
    for (const rule of rules) {
      const key = this.#findRarestKey(rule);
      const entries = key === undefined ? undefined : this.#byParameter.get(key);
      if (key === undefined) this.#index.add(rule.pattern, rule);
      else if (entries === undefined) this.#byParameter.set(key, [rule]);
      else entries.push(rule);
    }
  }

  /**
   * Finds what applies to a request: of the rules that match, in their order, the first that is forced or whose path
   * has no file. So an earlier rule for what does not exist comes before a later forced one.
   *
   * @param request What is asked.
   * @returns What applies, or `undefined` where the file system alone decides.
   */
  match(request: RedirectRequest): RedirectMatch | undefined {
    let exists: boolean | undefined;
    let parsed: URLSearchParams | undefined;
    const parseQuery = () => parsed ??= new URLSearchParams(request.query);
    for (const { rule, captures } of this.#findCandidates(request, parseQuery)) {
      const isPathEnough = rule.parameters.length === 0;
      const all = isPathEnough ? captures : matchParameters(rule.parameters, parseQuery(), captures);
      if (all === undefined) continue;
      if (!rule.isForced && (exists ??= request.exists())) continue;
      const match = applyRule(rule, request, all);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  /** The parameter that tells a rule for one path from the others: in `option=com_content id=7` that is `id`. */
  #findRarestKey({ pattern: { literal }, parameters }: RedirectRule): string | undefined {
    if (literal === undefined) return undefined;
    const keys = parameters.flatMap((parameter) =>
      "value" in parameter ? parameterKey(literal, parameter.name, parameter.value) : []
    );
    const count = (key: string) => this.#byParameter.get(key)?.length ?? 0;
    return keys.sort((a, b) => count(a) - count(b))[0];
  }

  #findCandidates(
    { path, query }: RedirectRequest,
    parseQuery: () => URLSearchParams,
  ): Iterable<PatternMatch<RedirectRule>> {
    if (query === "" || this.#byParameter.size === 0) return this.#index.matches(path);
    const keys = new Set(Array.from(parseQuery(), ([name, value]) => parameterKey(path, name, value)));
    const rules = [...keys].flatMap((key) => this.#byParameter.get(key) ?? []);
    if (rules.length === 0) return this.#index.matches(path);
    return [...this.#index.matches(path), ...rules.map((rule) => ({ rule, captures: NO_CAPTURES }))]
      .sort((a, b) => a.rule.line - b.rule.line);
  }
}

function parameterKey(path: string, name: string, value: string): string {
  return `${path}?${name}=${value}`;
}

/** Adds what the parameters captured; `undefined` where one of them is missing. */
function matchParameters(
  parameters: readonly QueryParameter[],
  query: URLSearchParams,
  captures: Captures,
): Captures | undefined {
  const all: Record<string, string> = { ...captures };
  for (const parameter of parameters) {
    if ("value" in parameter) {
      if (!query.has(parameter.name, parameter.value)) return undefined;
    } else {
      const captured = query.get(parameter.name);
      if (!captured) return undefined;
      all[parameter.capture] = captured;
    }
  }
  return all;
}

/** `undefined` where the target is not a path that can be meant, or is what was asked for. */
function applyRule(rule: RedirectRule, request: RedirectRequest, captures: Captures): RedirectMatch | undefined {
  const { line, isForced, status, target, parameters } = rule;
  const path = fillPath(target, captures);
  if (path === undefined) return undefined;
  const carried = parameters.length === 0 ? encodeReference(request.query) : "";
  const query = target.query === undefined ? carried : fillPlaceholders(target.query, captures);
  const resolved = target.origin === "" ? resolveQuietly(path) : undefined;
  if (status === 200 || status === 404) {
    return resolved === undefined ? undefined : { kind: "rewrite", line, isForced, status, path: resolved, query };
  }
  if (resolved === request.path && query === encodeReference(request.query)) return undefined;
  const location = target.origin + path + query + fillPlaceholders(target.fragment, captures);
  return { kind: "redirect", line, isForced, status, location };
}

/** An empty capture between slashes would make `//`, which begins a host; captures may add up to a dot segment. */
function fillPath({ origin, path }: RedirectTarget, captures: Captures): string | undefined {
  const filled = fillPlaceholders(path, captures);
  const single = origin === "" ? filled.replace(/\/{2,}/g, "/") : filled;
  return hasDotSegment(single) ? undefined : single;
}

function hasDotSegment(path: string): boolean {
  return /\/\.\.?(?:\/|$)/.test(path);
}

/** The name that a path has below the root; `undefined` where it has none, as a hidden file. */
function resolveQuietly(path: string): string | undefined {
  try {
    return resolvePath(path);
  } catch (error) {
    if (error instanceof HttpError) return undefined;
    throw error;
  }
}

/**
 * Parses `_redirects`.
 *
 * @param text The file.
 * @returns Its rules and mistakes.
 */
export function parseRedirectsFile(text: string): ParsedFile<RedirectRule> {
  const rules: RedirectRule[] = [];
  const mistakes: Mistake[] = [];
  for (const { number, text: line } of readRuleLines(text)) {
    const rule = parseRule(line, number);
    if (typeof rule === "string") mistakes.push({ line: number, message: rule });
    else rules.push(rule);
  }
  return { rules, mistakes };
}

function parseRule(text: string, line: number): RedirectRule | string {
  const [from = "", ...words] = trimBlank(text.replace(/[ \t]#.*$/, "")).split(/[ \t]+/);
  const pattern = parseRulePattern(from);
  if (typeof pattern === "string") return pattern;
  const targetAt = words.findIndex((word) => word.startsWith("/") || hasScheme(word));
  const to = words[targetAt];
  if (to === undefined) return "there is no target: it begins with a slash, http:// or https://";
  const parameters = parseParameters(words.slice(0, targetAt));
  if (typeof parameters === "string") return parameters;
  const outcome = parseStatus(words.slice(targetAt + 1));
  if (typeof outcome === "string") return outcome;
  const captured = parameters.flatMap((parameter) => "capture" in parameter ? parameter.capture : []);
  const names = [...pattern.names, ...captured];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return `two parts have the name ${repeated}`;
  const target = parseTarget(to, names, outcome.status);
  if (typeof target === "string") return `the target ${quote(to)} ${target}`;
  const rule = { line, pattern, parameters, target, ...outcome };
  return findLoop(rule) ?? rule;
}

function parseParameters(words: readonly string[]): QueryParameter[] | string {
  const parameters: QueryParameter[] = [];
  for (const word of words) {
    const [parameter, ...others] = new URLSearchParams(word);
    if (!/^[^=]+=/.test(word) || parameter === undefined || others.length > 0) {
      return `${quote(word)} is neither a parameter, as in id=:id, nor a target, which begins with a slash`;
    }
    const [name, value] = parameter;
    const [, capture] = /^[^=]+=:([A-Za-z][A-Za-z0-9_]*)$/.exec(word) ?? [];
    parameters.push(capture === undefined ? { name, value } : { name, capture });
  }
  return parameters;
}

function parseStatus(words: readonly string[]): Pick<RedirectRule, "status" | "isForced"> | string {
  const condition = words.find((word) => /^[A-Za-z]+=/.test(word));
  if (condition !== undefined) return `the condition ${quote(condition)} is not supported: rules go by path and query`;
  const [word = "301", extra] = words;
  if (extra !== undefined) return `${quote(extra)} is too much: a rule ends with its status`;
  const status = STATUSES.find((status) => word === `${status}` || word === `${status}!`);
  if (status === undefined) return `the status ${quote(word)} is none of ${STATUSES.join(", ")}`;
  return { status, isForced: word.endsWith("!") };
}

/** Scheme and authority, path, query and fragment, RFC 3986 appendix B. */
const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*:)\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/;

/**
 * Parses a target.
 *
 * @param names What its placeholders can stand for.
 * @returns The target, or what is wrong with it: a sentence that follows it in a message.
 */
function parseTarget(to: string, names: readonly string[], status: RedirectRule["status"]): RedirectTarget | string {
  const [, scheme, authority = "", path = "", query, fragment = ""] = URL_PARTS.exec(to) ?? [];
  const fault = findSpellingFault(to) ?? (scheme === undefined ? undefined : findHostFault(scheme, authority));
  if (fault !== undefined) return fault;
  const unknown = listPlaceholders(path + (query ?? "") + fragment).find((name) => !names.includes(name));
  if (unknown !== undefined) return `has :${unknown}, which nothing captures; a colon that is meant as one is %3A`;
  const target = {
    origin: scheme === undefined ? "" : new URL(`${scheme}//${authority}`).origin,
    // Browsers take %2e for a dot, also where it makes a dot segment.
    path: encodeReference(path.replace(/%2e/gi, ".")) || "/",
    ...(query !== undefined && { query: encodeReference(query) }),
    fragment: fragment && `#${encodeReference(fragment.slice(1))}`,
  };
  return findTargetFault(target, status) ?? target;
}

function findSpellingFault(to: string): string | undefined {
  if (hasBlank(to)) return "has white space or a control character: percent-encode it";
  if (to.includes("\\")) return "has a backslash, which browsers take for a slash";
  if (to.startsWith("//")) return "begins with two slashes, which means another host: write https:// in front";
  if (to.includes("*")) return "has a *: what it stands for is :splat";
  return /%(?![0-9A-Fa-f]{2})/.test(to) ? "has a % that encodes nothing: write %25" : undefined;
}

/** The host is the file's to choose, never the client's. */
function findHostFault(scheme: string, authority: string): string | undefined {
  if (!/^https?:$/i.test(scheme)) return "must begin with a slash, http:// or https://";
  if (authority.includes("@")) return "has a user name, which browsers hide or refuse";
  if (listPlaceholders(authority).length > 0) return "has a placeholder in its host";
  return URL.canParse(`${scheme}//${authority}`) ? undefined : "has a host that cannot be";
}

function findTargetFault(target: RedirectTarget, status: RedirectRule["status"]): string | undefined {
  const isRewrite = status === 200 || status === 404;
  if (hasDotSegment(target.path)) return "has a dot segment: write the path that is meant";
  if (isRewrite && target.origin !== "") return `is of another host: with ${status} that would be proxying`;
  if (isRewrite && target.fragment !== "") return `has a fragment, which a browser never learns of with ${status}`;
  const isFound = target.origin !== "" || resolveQuietly(target.path) !== undefined;
  return isFound ? undefined : "is a path that no file can have";
}

/**
 * Finds a rule that leads to itself, whatever is captured: without `!` a file may end that, but not where the rule is
 * for one path, and hardly with `index.html`, which Cloudflare refuses, too: 200 is meant.
 */
function findLoop({ pattern, parameters, target, status, isForced }: RedirectRule): string | undefined {
  const isRedirect = status !== 200 && status !== 404;
  const isEndless = isForced || pattern.literal !== undefined || target.path.endsWith("/index.html");
  if (!isRedirect || !isEndless || parameters.length > 0 || target.origin !== "") return undefined;
  const leadsBack = ["", "~", "~/~"].every((splat) => {
    const captures = pattern.names.map((name) => [name, name === "splat" ? splat : "~"] as const);
    const path = resolveQuietly(fillPath(target, Object.fromEntries(captures)) ?? "");
    return path !== undefined && matchPathPattern(pattern, path) !== undefined;
  });
  return leadsBack ? "the rule leads to itself: to send one file in place of others, the status is 200" : undefined;
}
