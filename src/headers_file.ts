/**
 * The file `_headers`, as Netlify and Cloudflare Pages have it: response fields by path.
 *
 *     /assets/*
 *       Cache-Control: public, max-age=3600
 *       ! X-Frame-Options
 *
 * Below a pattern stand the fields that it sets and, behind `!`, those that it takes away, which comes first wherever
 * it stands. A line that begins with a slash is a pattern: indentation is for the reader, as on both hosts. All rules
 * that match apply in the order of the file. A field that several lines set becomes a list, RFC 9110 section 5.3.
 *
 * Not here: patterns with a host, and fields that are not a site's to set.
 *
 * @module
 */

import { trimBlank } from "./http1.ts";
import type { FieldLine } from "./message.ts";
import type { PathPattern } from "./path_pattern.ts";
import { PatternIndex } from "./path_pattern.ts";
import type { FieldChanges } from "./response_fields.ts";
import { NO_CHANGES } from "./response_fields.ts";
import type { Mistake, ParsedFile, RuleLine } from "./rules_file.ts";
import { fillPlaceholders, hasScheme, parseRulePattern, quote, readRuleLines } from "./rules_file.ts";

/** A rule of the file. */
export interface HeaderRule {
  /** The paths that it is for. */
  readonly pattern: PathPattern;
  /** Fields that it takes away before it sets its own, in lower case. */
  readonly removed: readonly string[];
  /** Fields that it sets; a value may have placeholders. */
  readonly set: readonly FieldLine[];
}

/** token, RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What has no place in a value: field-value without obs-text, which clients read in different ways; section 5.5. */
const NOT_IN_VALUE = /[^\t\x20-\x7e]/u;

const OF_CONNECTION = "belongs to the connection, which is the server's";
const OF_MESSAGE = "tells what the server sends, so the server sets it";

/**
 * Fields that a site can neither set nor take away, and why.
 *
 * What frames messages must be what was sent, or answers can be split. What describes the content (coding, range,
 * validators) is chosen for each request. `Allow` and `Location` belong to answers that are no files. And what Netlify
 * takes as passwords would be published.
 */
const OWNED: ReadonlyMap<string, string> = new Map([
  ...["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
    .map((name) => [name, OF_CONNECTION] as const),
  ...["accept-ranges", "age", "allow", "content-encoding", "content-range", "date", "etag", "last-modified", "server"]
    .map((name) => [name, OF_MESSAGE] as const),
  ["location", "belongs in _redirects"],
  ["basic-auth", "is password protection on Netlify only: here everyone would be sent the passwords"],
]);

/** No lists, so that two values would be none: the last one holds. */
const SINGLE: ReadonlySet<string> = new Set([
  ...["access-control-allow-origin", "content-disposition", "content-location", "content-type", "referrer-policy"],
  ...["cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"],
  ...["strict-transport-security", "x-content-type-options", "x-frame-options"],
]);

/** It cannot be a list, RFC 6265 section 3. */
const SET_COOKIE = "set-cookie";
/**
 * Parses `_headers`.
 *
 * @param text The file.
 * @returns Its rules and mistakes.
 */
export function parseHeadersFile(text: string): ParsedFile<HeaderRule> {
  const rules: HeaderRule[] = [];
  const mistakes: Mistake[] = [];
  for (const block of groupLines(readRuleLines(text))) {
    const rule = parseBlock(block, mistakes);
    if (rule !== undefined) rules.push(rule);
  }
  return { rules, mistakes };
}

/** A pattern and the lines below it; at the beginning of a file there may be lines without one. */
interface Block {
  readonly head: RuleLine | undefined;
  readonly lines: RuleLine[];
}

function groupLines(lines: readonly RuleLine[]): Block[] {
  let block: Block = { head: undefined, lines: [] };
  const blocks = [block];
  for (const line of lines) {
    if (line.text.startsWith("/") || hasScheme(line.text)) blocks.push(block = { head: line, lines: [] });
    else block.lines.push(line);
  }
  return blocks;
}

function parseBlock({ head, lines }: Block, mistakes: Mistake[]): HeaderRule | undefined {
  if (head === undefined) {
    for (const { number, text } of lines) {
      mistakes.push({ line: number, message: `${quote(text)} stands above the first pattern: /* is for every path` });
    }
    return undefined;
  }
  const pattern = head.text.includes("?")
    ? `the pattern ${quote(head.text)} has a query, and fields go by the path alone`
    : parseRulePattern(head.text);
  if (typeof pattern === "string") mistakes.push({ line: head.number, message: pattern });
  if (lines.length === 0) mistakes.push({ line: head.number, message: `${quote(head.text)} has no fields below it` });
  const set: FieldLine[] = [];
  const removed: string[] = [];
  for (const { number, text } of lines) {
    const field = text.startsWith("!") ? parseRemoval(text) : parseHeaderLine(text);
    if (typeof field === "string") mistakes.push({ line: number, message: field });
    else if ("removed" in field) removed.push(field.removed);
    else set.push(field);
  }
  const isEmpty = set.length + removed.length === 0;
  return typeof pattern === "string" || isEmpty ? undefined : { pattern, removed, set };
}

/** The line that takes a field away: `! Name`. */
function parseRemoval(text: string): { readonly removed: string } | string {
  const name = trimBlank(text.slice(1));
  if (!TOKEN.test(name)) return `${quote(text)} is not of the form ! Name`;
  return findNameFault(name) ?? { removed: name.toLowerCase() };
}

/**
 * Parses a line that sets a field.
 *
 * @param text `Name: value`.
 * @returns The field, or a message.
 */
export function parseHeaderLine(text: string): FieldLine | string {
  const colon = text.indexOf(":");
  if (colon < 0) return `${quote(text)} is not of the form Name: value`;
  const name = trimBlank(text.slice(0, colon));
  const value = trimBlank(text.slice(colon + 1));
  if (!TOKEN.test(name)) return `${quote(name)} is no field name`;
  if (value === "") return `${name} has no value`;
  const [wrong] = NOT_IN_VALUE.exec(value) ?? [];
  if (wrong !== undefined) {
    return `the value of ${name} has ${quote(wrong)}, and may have visible ASCII and spaces only`;
  }
  return findNameFault(name) ?? [name, value];
}

function findNameFault(name: string): string | undefined {
  const reason = OWNED.get(name.toLowerCase());
  return reason && `${name} ${reason}`;
}

/** Rules, ready to be asked. */
export class HeaderRules {
  readonly #index = new PatternIndex<HeaderRule>();

  /**
   * Makes the rules ready.
   *
   * @param rules The rules, in the order in which they apply.
   */
  constructor(rules: Iterable<HeaderRule>) {
    for (const rule of rules) this.#index.add(rule.pattern, rule);
  }

  /**
   * Selects what the rules say of a path.
   *
   * @param path The path, resolved and decoded.
   * @returns The fields, whose values are visible ASCII and spaces whatever the path is; {@linkcode NO_CHANGES} where
   * there are none.
   */
  select(path: string): FieldChanges {
    const fields = new Map<string, { readonly name: string; readonly values: string[] }>();
    const removed = new Set<string>();
    for (const { rule, captures } of this.#index.matches(path)) {
      for (const key of rule.removed) {
        fields.delete(key);
        removed.add(key);
      }
      for (const [name, template] of rule.set) {
        const key = name.toLowerCase();
        const value = trimBlank(fillPlaceholders(template, captures));
        removed.delete(key);
        const field = fields.get(key);
        if (field === undefined) fields.set(key, { name, values: [value] });
        else field.values.push(value);
      }
    }
    if (fields.size + removed.size === 0) return NO_CHANGES;
    const set = [...fields].flatMap(([key, { name, values }]) => {
      if (key === SET_COOKIE) return values.map((value): FieldLine => [name, value]);
      return [[name, SINGLE.has(key) ? values.at(-1) ?? "" : values.join(", ")] satisfies FieldLine];
    });
    return { set, removed: [...removed] };
  }
}
