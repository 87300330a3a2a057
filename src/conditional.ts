/**
 * Conditional requests: validators, and what a request makes of them. RFC 9110 sections 8.8 and 13.
 *
 * Pure, and nearly free for a request without conditions: each field is looked up once. What cannot be parsed decides
 * the way the RFC says: a date that is not one is ignored, a list that is not one names no entity tag, and a field
 * repeated where it may not be is of that kind.
 *
 * Not here: when preconditions count at all. "A server MUST ignore all received preconditions if its response to the
 * same request without those conditions […] would have been a status code other than a 2xx (Successful) or 412"
 * (section 13.2.1), so redirects and 404 come before.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import type { FieldLines } from "./message.ts";

/** What tells one representation of a resource from another one, RFC 9110 section 8.8. */
export interface Validators {
  /** The entity tag as `ETag` has it, with its quotes and, where it is weak, `W/`. */
  readonly entityTag: string;
  /** The modification time in milliseconds since the epoch; HTTP sees its whole seconds. NaN where there is none. */
  readonly lastModifiedMs: number;
}

/** What an entity tag is made of. */
export interface RepresentationState {
  /** Modification time of the file, in milliseconds since the epoch. */
  readonly mtimeMs: number;
  /** Size of the file, in bytes. */
  readonly size: number;
  /** Whether the file could still change without a change of its modification time. */
  readonly isYoung: boolean;
  /** What sets the representation apart from the file itself, a token: its content coding; absent for identity. */
  readonly variant?: string | undefined;
}

/** What the preconditions say: go on, 304 (Not Modified) or 412 (Precondition Failed). */
export type PreconditionResult = "proceed" | "not modified" | "precondition failed";

/** Methods that select and modify no representation, and so have no preconditions: RFC 9110 section 13.2.1. */
const UNCONDITIONAL_METHODS: ReadonlySet<string> = new Set(["CONNECT", "OPTIONS", "TRACE"]);

/** Where the first element of a list begins; those before it are empty. RFC 9110 section 5.6.1.2. */
const FIRST_ELEMENT = /[^\t ,]|$/;

/** entity-tag with what separates it from the next, RFC 9110 section 8.8.3: no blank and no DQUOTE inside the quotes. */
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"[\t ]*(?:,[\t ,]*|$)/y;

/**
 * Makes the entity tag of a file, or of its content under a coding. Strong: another time, size or variant gives another
 * tag. While the file is young a second change could go unseen, so the tag is marked as weak (RFC 9110 section 8.8.1).
 *
 * @param state What is known of the file.
 * @returns The tag with its quotes.
 */
export function makeEntityTag({ mtimeMs, size, isYoung, variant }: RepresentationState): string {
  const suffix = variant === undefined ? "" : `-${variant}`;
  return `${isYoung ? "W/" : ""}"${mtimeMs.toString(16)}-${size.toString(16)}${suffix}"`;
}

/**
 * Tells whether a list of entity tags has one that matches, RFC 9110 section 8.8.3.2.
 *
 * @param list The field value: `#entity-tag`. Where it is anything else, "*" included, nothing in it matches.
 * @param entityTag The tag to look for.
 * @param comparison Whether weak tags may match too.
 */
export function hasEntityTag(list: string, entityTag: string, comparison: "strong" | "weak"): boolean {
  const isWeak = entityTag.startsWith("W/");
  if (isWeak && comparison === "strong") return false;
  if (list === entityTag) return true;
  const opaqueTag = isWeak ? entityTag.slice(2) : entityTag;
  let isFound = false;
  for (let at = list.search(FIRST_ELEMENT); at < list.length; at = ENTITY_TAG.lastIndex) {
    ENTITY_TAG.lastIndex = at;
    if (!ENTITY_TAG.test(list)) return false;
    isFound ||= list.startsWith(opaqueTag, at) ||
      (comparison === "weak" && list.startsWith("W/", at) && list.startsWith(opaqueTag, at + 2));
  }
  return isFound;
}

/**
 * Evaluates the preconditions of a request in the order of RFC 9110 section 13.2.2, all but `If-Range`.
 *
 * @param method The method.
 * @param fieldLines The field section of the request.
 * @param validators Those of the selected representation; `undefined` where there is none.
 * @param nowMs The present time in milliseconds since the epoch, for dates with a year of two digits.
 * @returns What to do next.
 */
export function evaluatePreconditions(
  method: string,
  fieldLines: FieldLines,
  validators: Validators | undefined,
  nowMs: number,
): PreconditionResult {
  const isReading = method === "GET" || method === "HEAD";
  if (!isReading && UNCONDITIONAL_METHODS.has(method)) return "proceed";

  const ifMatch = fieldLines.getList("if-match");
  if (ifMatch !== undefined) {
    if (!isListed(ifMatch, validators, "strong")) return "precondition failed";
  } else if (isModifiedSince(fieldLines.getList("if-unmodified-since"), validators, nowMs) === true) {
    return "precondition failed";
  }

  const ifNoneMatch = fieldLines.getList("if-none-match");
  if (ifNoneMatch !== undefined) {
    if (isListed(ifNoneMatch, validators, "weak")) return isReading ? "not modified" : "precondition failed";
  } else if (isReading && isModifiedSince(fieldLines.getList("if-modified-since"), validators, nowMs) === false) {
    return "not modified";
  }
  return "proceed";
}

/**
 * Tells whether `If-Range` lets `Range` count, RFC 9110 section 13.1.5; it does where it is absent. To be asked after
 * {@linkcode evaluatePreconditions}, and only for a GET with `Range` (section 13.2.2).
 *
 * A date matches exactly or not at all, and not before its second is over: until then the file may change again and
 * keep the date, so the date is weak (section 8.8.2.2).
 *
 * @param fieldLines The field section of the request.
 * @param validators Those of the selected representation.
 * @param nowMs The present time in milliseconds since the epoch.
 */
export function isRangeApplicable(fieldLines: FieldLines, validators: Validators, nowMs: number): boolean {
  const ifRange = fieldLines.getList("if-range");
  if (ifRange === undefined) return true;
  const { entityTag, lastModifiedMs } = validators;
  if (ifRange === entityTag) return !entityTag.startsWith("W/");
  const date = parseHttpDate(ifRange, nowMs);
  return date !== undefined && date === wholeSeconds(lastModifiedMs) && date < wholeSeconds(nowMs);
}

/** Sections 13.1.1 and 13.1.2: "*" stands for any current representation. */
function isListed(list: string, validators: Validators | undefined, comparison: "strong" | "weak"): boolean {
  return validators !== undefined && (list === "*" || hasEntityTag(list, validators.entityTag, comparison));
}

/**
 * Sections 13.1.3 and 13.1.4: a representation is unmodified if its date "is earlier or equal to the date provided".
 *
 * @returns `undefined` where the field must be ignored: it is absent, is not one date, or there is nothing to compare.
 */
function isModifiedSince(
  field: string | undefined,
  validators: Validators | undefined,
  nowMs: number,
): boolean | undefined {
  if (field === undefined || validators === undefined) return undefined;
  const date = parseHttpDate(field, nowMs);
  if (date === undefined || Number.isNaN(validators.lastModifiedMs)) return undefined;
  return wholeSeconds(validators.lastModifiedMs) > date;
}

/** Cuts off what HTTP-date cannot say. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
