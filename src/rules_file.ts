/**
 * What the files of rules, `_headers` and `_redirects`, have in common: lines, mistakes, patterns and placeholders.
 *
 * A file is UTF-8 text with LF or CRLF, with or without a byte order mark; `#` begins a comment line. A mistake costs
 * its own line only: the other rules stand, and whoever reads the file decides what mistakes are worth.
 *
 * What a client sends comes into a value through {@linkcode fillPlaceholders} alone, which percent-encodes all that
 * could end a line, a list element, a path or a host.
 *
 * @module
 */

import { trimBlank } from "./http1.ts";
import type { Captures, PathPattern } from "./path_pattern.ts";
import { parsePathPattern } from "./path_pattern.ts";

/** What is wrong with a line of a file. */
export interface Mistake {
  /** The number of the line, the first being 1. */
  readonly line: number;
  /** What is wrong: part of a sentence, to follow `_headers:3: `. */
  readonly message: string;
}

/** What a file of rules says. Rules are plain data, so that they can be sent to another thread. */
export interface ParsedFile<Rule> {
  /** The rules in the order of the file, without what is wrong. */
  readonly rules: readonly Rule[];
  /** What is wrong, in the order of the file. */
  readonly mistakes: readonly Mistake[];
}

/** A line that says something. */
export interface RuleLine {
  /** Its number, the first being 1. */
  readonly number: number;
  /** Its text without white space around it. */
  readonly text: string;
}

/** A placeholder in a value or target, spelled as in a pattern. */
const PLACEHOLDER = /:([A-Za-z][A-Za-z0-9_]*)/g;

/** How much of a line is quoted, in characters. */
const LONGEST_QUOTE = 80;

/**
 * Reads the lines of a file of rules.
 *
 * @param text The file.
 * @returns The lines that are neither empty nor a comment.
 */
export function readRuleLines(text: string): RuleLine[] {
  return text.replace(/^\ufeff/, "").split("\n")
    .map((line, index) => ({ number: index + 1, text: trimBlank(line.replace(/\r$/, "")) }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"));
}

/**
 * Parses the pattern of a rule.
 *
 * @param text The pattern as it stands in the file.
 * @returns The pattern, or a message.
 */
export function parseRulePattern(text: string): PathPattern | string {
  if (hasScheme(text)) return `the pattern ${quote(text)} names a host: rules are for the paths of this site`;
  const pattern = hasBlank(text) ? "has white space or a control character: percent-encode it" : parsePathPattern(text);
  return typeof pattern === "string" ? `the pattern ${quote(text)} ${pattern}` : pattern;
}

/**
 * Tells whether a text is an absolute URL with a host.
 *
 * @param text The text.
 */
export function hasScheme(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text);
}

/**
 * Tells whether a text has white space of any kind, or a control character: in a URL neither is meant.
 *
 * @param text The text.
 */
export function hasBlank(text: string): boolean {
  return /[\s\p{Cc}]/u.test(text);
}

/**
 * Lists the placeholders of a template.
 *
 * @param template A value or a target.
 * @returns Their names, without the colon.
 */
export function listPlaceholders(template: string): string[] {
  return Array.from(template.matchAll(PLACEHOLDER), ([, name = ""]) => name);
}

/**
 * Puts what a pattern captured in the place of the placeholders; those that it does not have are text.
 *
 * @param template A value or a target.
 * @param captures What was captured, decoded.
 * @returns The template with each captured segment encoded like a component of a URL; slashes stay.
 */
export function fillPlaceholders(template: string, captures: Captures): string {
  return template.replace(PLACEHOLDER, (placeholder, name) => {
    const value = Object.hasOwn(captures, name) ? captures[name] : undefined;
    return value === undefined ? placeholder : value.split("/").map(encodeSegment).join("/");
  });
}

/** A lone surrogate has no encoding; it cannot come from a path, and must not end the worker. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

/**
 * Makes a part of a file fit for a message: what is not seen is escaped, and it is not too long.
 *
 * @param text The text.
 */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
  return quoted.replace(/[[\p{C}\p{Z}]--[ ]]/gv, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);
}
