/**
 * What caches may do with an answer: the value of `Cache-Control`, RFC 9111 section 5.2.
 *
 * By default everything is revalidated (`no-cache`), which costs a client a 304, except files whose name changes with
 * their content: these are kept for a year and never asked about again. The policy belongs to the file that is really
 * sent: an error page or the shell of an application never gets the policy of the name that was asked for.
 *
 * @module
 */

import { hasContentHash } from "./content_hash.ts";
import { UsageError } from "./errors.ts";
import type { PathPattern } from "./path_pattern.ts";
import { matchPathPattern, parsePathPattern } from "./path_pattern.ts";

/** The policy of what may change at any time, stands in for something else, or is an error. */
export const REVALIDATE = "no-cache";
const KEEP = "public, max-age=31536000, immutable";

/** HTML is where the names of the other files stand; of unknown content nothing is known. */
const NEVER_KEPT = /^(?:text\/html|application\/xhtml\+xml|application\/octet-stream)(?:$|[ \t;])/;

/** What is sent. */
export interface ServedFile {
  /** The path of the file below the root, resolved: of the file that is sent, not of the request. */
  readonly path: string;
  /** Its `Content-Type`. */
  readonly mediaType: string;
}

/** A rule of `--cache`. */
export interface CacheRule {
  /** Which files it is for, a pattern as in `_headers`. */
  readonly pattern: PathPattern;
  /** The value of `Cache-Control` for them. */
  readonly value: string;
}

/**
 * Selects the value of `Cache-Control` for a file that is sent under its own path.
 *
 * @param file What is sent.
 * @param rules The user's rules, of which the first that matches holds.
 */
export function selectCacheControl(file: ServedFile, rules: readonly CacheRule[] = []): string {
  const rule = rules.find(({ pattern }) => matchPathPattern(pattern, file.path) !== undefined);
  if (rule !== undefined) return rule.value;
  return !NEVER_KEPT.test(file.mediaType) && hasContentHash(file.path) ? KEEP : REVALIDATE;
}

/** cache-response-directive, RFC 9111 section 5.2.2, RFC 5861, RFC 8246; and whether it has an argument. */
const DIRECTIVES: Readonly<Record<string, "none" | "seconds" | "fields">> = {
  "immutable": "none",
  "max-age": "seconds",
  "must-revalidate": "none",
  "must-understand": "none",
  "no-cache": "fields",
  "no-store": "none",
  "no-transform": "none",
  "private": "fields",
  "proxy-revalidate": "none",
  "public": "none",
  "s-maxage": "seconds",
  "stale-if-error": "seconds",
  "stale-while-revalidate": "seconds",
};

/**
 * Parses the value of `--cache`: rules with a semicolon between them, each `pattern=directives`.
 *
 *     *.css=max-age=3600; /img/*=public, max-age=86400; /private/*=no-store
 *
 * A pattern is one of `_headers`; without a slash in front it may begin at any place, so `*.css` is for all style
 * sheets.
 *
 * @param text The value.
 * @returns The rules.
 * @throws {UsageError} With every mistake in one line.
 */
export function parseCacheRules(text: string): CacheRule[] {
  const rules: CacheRule[] = [];
  const mistakes: string[] = [];
  for (const item of splitRules(text)) {
    const rule = parseCacheRule(item);
    if (typeof rule === "string") mistakes.push(rule);
    else rules.push(rule);
  }
  if (rules.length + mistakes.length === 0) mistakes.push("there is no rule");
  if (mistakes.length > 0) throw new UsageError(`--cache: ${mistakes.join("; ")}`);
  return rules;
}

function splitRules(text: string): string[] {
  return text.split(";").map((item) => item.trim()).filter((item) => item !== "");
}

function parseCacheRule(item: string): CacheRule | string {
  const equals = item.indexOf("=");
  const glob = item.slice(0, Math.max(equals, 0)).trim();
  if (glob === "") return `${JSON.stringify(item)} is not of the form pattern=directives`;
  if (!/^[/*]/.test(glob)) return `the pattern ${glob} must begin with a slash or a *`;
  const pattern = parsePathPattern(glob.startsWith("*") ? `/${glob}` : glob);
  if (typeof pattern === "string") return `the pattern ${glob} ${pattern}`;
  const directives = item.slice(equals + 1).split(",").map((directive) => directive.trim());
  const faults = directives.map(findDirectiveFault).filter((fault) => fault !== undefined);
  const value = directives.join(", ");
  return faults.length > 0 ? faults.join("; ") : { pattern, value };
}

function findDirectiveFault(directive: string): string | undefined {
  const [, name = "", argument] = /^([^=]*)(?:=(.*))?$/.exec(directive) ?? [];
  const form = Object.hasOwn(DIRECTIVES, name.toLowerCase()) ? DIRECTIVES[name.toLowerCase()] : undefined;
  switch (form) {
    case undefined:
      return `${JSON.stringify(name)} is no directive of Cache-Control; there are ${
        Object.keys(DIRECTIVES).join(", ")
      }`;
    case "none":
      return argument === undefined ? undefined : `${name} takes no value`;
    case "seconds":
      return /^[0-9]{1,10}$/.test(argument ?? "") ? undefined : `${name} needs a number of seconds, as in ${name}=3600`;
    case "fields":
      return argument === undefined ? undefined : `${name} with field names is not supported`;
    default:
      return form satisfies never;
  }
}
