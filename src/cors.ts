/**
 * Which pages of other origins may read what is served: `--cors`, by the CORS protocol of the WHATWG Fetch standard
 * (section "HTTP CORS protocol").
 *
 * The fields of {@linkcode corsFields} belong on every answer, errors, redirects and 304 included: a browser checks each
 * one it gets. Where any origin is allowed that is sent without being asked for and without `Vary`, as Fetch advises
 * (section "CORS protocol and HTTP caches"); a list of origins makes answers depend on `Origin`, and all say so.
 *
 * Left out on purpose: `Access-Control-Allow-Credentials`, since no answer depends on who asks; and
 * `Access-Control-Allow-Private-Network`, which would let pages of the internet in where only the neighbours on a
 * network were meant. Browsers ask their user about that now.
 *
 * @module
 */

import { errorResponse } from "./error_response.ts";
import type { HttpError } from "./errors.ts";
import { toHttpError, UsageError } from "./errors.ts";
import type { FieldLine, FieldLines, RequestHead, StaticHandler } from "./message.ts";
import { HttpResponse } from "./message.ts";
import type { FieldChanges } from "./response_fields.ts";
import { changeFields } from "./response_fields.ts";
import { settle } from "./settle.ts";

/** Which origins are allowed. */
export interface CorsPolicy {
  /** The fields of every answer, where any origin is allowed. */
  readonly fixed?: readonly FieldLine[];
  /** The origins that are allowed, and the fields of an answer for each; empty where {@linkcode fixed} is there. */
  readonly listed: ReadonlyMap<string, readonly FieldLine[]>;
  /** What further origins look like that are allowed. */
  readonly wildcards: readonly RegExp[];
}

/**
 * What a client of files wants to see beside the CORS-safelisted response-header names, which are `Cache-Control`,
 * `Content-Language`, `Content-Length`, `Content-Type`, `Expires`, `Last-Modified` and `Pragma`.
 */
const EXPOSED = "Accept-Ranges, Content-Encoding, Content-Range, ETag, Retry-After";

const VARY: FieldLine = ["Vary", "Origin"];
const NOT_ALLOWED: readonly FieldLine[] = Object.freeze([VARY]);

/** In one line: whether an OPTIONS request is a preflight depends on the first two, the answer on the others. */
const PREFLIGHT_VARY: FieldLine = [
  "Vary",
  "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
];

/** How long a browser may remember the answer to a preflight, in seconds: the most that Chromium takes. */
const MAX_AGE_SECONDS = 7_200;

/** field-name, RFC 9110 section 5.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** An origin of a scheme whose hosts URL parsers do not look at, such as that of browser extensions. */
const OTHER_ORIGIN = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._-]+(?::[0-9]{1,5})?$/;

/** `*.` in front of the host; what follows is the domain whose subdomains are meant. */
const WILDCARD = /^[^*/]*:\/\/\*\.([^*/:]+)[^*]*$/;

/**
 * Parses the value of `--cors`.
 *
 *     value  = [ "*" / 1#origin ]
 *     origin = scheme "://" [ "*." ] host [ ":" port ]
 *
 * An origin is written as browsers send it (RFC 6454 section 6.2): lower case, no default port, no path. `*.` stands for
 * one label or several, never for none: `https://*.example.org` allows `https://a.b.example.org`, and neither
 * `https://example.org` nor `https://notexample.org`.
 *
 * @param text The value; empty for any origin.
 * @returns The policy.
 * @throws {UsageError} With every mistake in one line.
 */
export function parseCorsOrigins(text: string): CorsPolicy {
  const items = text.split(",").map((item) => item.trim());
  if (items.length === 1 && (items[0] === "" || items[0] === "*")) {
    return { fixed: allow("*"), listed: new Map(), wildcards: [] };
  }
  const mistakes = items.map(findFault).filter((fault) => fault !== undefined);
  if (mistakes.length > 0) throw new UsageError(`--cors: ${mistakes.join("; ")}`);
  const origins = new Set(items.filter((item) => !item.includes("*")));
  const wildcards = items.filter((item) => item.includes("*")).map(makeExpression);
  const listed = [...origins].map((origin) => [origin, [...allow(origin), VARY]] as const);
  return { listed: new Map(listed), wildcards };
}

/**
 * Selects the fields that an answer gets beside its own, whatever its status.
 *
 * @param policy Which origins are allowed.
 * @param fieldLines The field section of the request.
 * @returns The fields; the same array for the same answer, unless a wildcard allowed it.
 */
export function corsFields(policy: CorsPolicy, fieldLines: FieldLines): readonly FieldLine[] {
  if (policy.fixed !== undefined) return policy.fixed;
  const origin = fieldLines.getList("origin");
  if (origin === undefined) return NOT_ALLOWED;
  const listed = policy.listed.get(origin);
  if (listed !== undefined) return listed;
  return policy.wildcards.some((wildcard) => wildcard.test(origin)) ? [...allow(origin), VARY] : NOT_ALLOWED;
}

/**
 * Answers a CORS-preflight request: whether the page may send the method and the fields that it names. Nothing served
 * depends on a field that is not on the safelist, so whatever was asked for is allowed.
 *
 * @param policy Which origins are allowed.
 * @param head The request.
 * @returns The fields of a 204 (No Content), or `undefined` where the request is no preflight.
 */
export function preflight(policy: CorsPolicy, { method, fieldLines }: RequestHead): readonly FieldLine[] | undefined {
  if (method !== "OPTIONS" || fieldLines.get("origin") === undefined) return undefined;
  if (fieldLines.get("access-control-request-method") === undefined) return undefined;
  const allowed = corsFields(policy, fieldLines).find(([name]) => name === "Access-Control-Allow-Origin");
  if (allowed === undefined) return [PREFLIGHT_VARY];
  const names = parseFieldNames(fieldLines.getList("access-control-request-headers"));
  return [
    allowed,
    ["Access-Control-Allow-Methods", "GET, HEAD"],
    ...(names === "" ? [] : [["Access-Control-Allow-Headers", names] as const]),
    ["Access-Control-Max-Age", String(MAX_AGE_SECONDS)],
    PREFLIGHT_VARY,
  ];
}

/** Beside `*` it would be refused by browsers, and beside an origin it would give more than `--cors` says. */
const CREDENTIALS = ["access-control-allow-credentials"];

/** The same changes for the same fields, so that a response that is used again is changed once. */
const changesOf = new WeakMap<readonly FieldLine[], FieldChanges>();

/**
 * Lets pages of other origins read the answers of a handler, its errors too.
 *
 * @param handler The handler.
 * @param policy Which origins are allowed.
 */
export function withCors(handler: StaticHandler, policy: CorsPolicy): StaticHandler {
  return (head) => {
    const asked = preflight(policy, head);
    if (asked !== undefined) return new HttpResponse(204, asked, new Uint8Array(0));
    const set = corsFields(policy, head.fieldLines);
    let changes = changesOf.get(set);
    if (changes === undefined) changesOf.set(set, changes = { set, removed: CREDENTIALS });
    return settle(() => handler(head), (response) => changeFields(response, changes), (thrown) => {
      throw changeError(head, thrown, changes);
    });
  };
}

function changeError({ fieldLines }: RequestHead, thrown: unknown, changes: FieldChanges): HttpError {
  const error = toHttpError(thrown);
  error.page = changeFields(error.page ?? errorResponse(error, fieldLines.getList("accept")), changes);
  return error;
}

function allow(origin: string): readonly FieldLine[] {
  return [["Access-Control-Allow-Origin", origin], ["Access-Control-Expose-Headers", EXPOSED]];
}

/** The names as a list; empty where one is none, which no browser sends. */
function parseFieldNames(list: string = ""): string {
  const names = list.split(",").map((name) => name.trim());
  return names.every((name) => TOKEN.test(name)) ? names.join(", ") : "";
}

/** The labels of a subdomain in front of the literal rest; each ends at a dot, so there is one way to share them out. */
function makeExpression(wildcard: string): RegExp {
  const [scheme = "", rest = ""] = wildcard.split("*.");
  return new RegExp(`^${RegExp.escape(scheme)}(?:[a-z0-9_-]+\\.)+${RegExp.escape(rest)}$`);
}

/** What keeps an item from being an origin, as a sentence; `undefined` where it is one. */
function findFault(item: string): string | undefined {
  if (item === "") return "an origin is missing before or after a comma";
  if (item === "*") return "* allows any origin already, so it stands alone";
  if (item === "null" || item.startsWith("file:")) {
    return `${item} would allow every page, since each can open a sandboxed frame, whose origin is null`;
  }
  if (!item.includes("*")) return findOriginFault(item);
  const domain = WILDCARD.exec(item)?.[1];
  if (domain === undefined) return `${item} has a * elsewhere than for subdomains, as in https://*.example.org`;
  if (!/[^.]\.[^.]/.test(domain) && domain !== "localhost") return `${item} would allow a whole top-level domain`;
  return findOriginFault(item.replace("://*.", "://any."))?.replaceAll("://any.", "://*.");
}

function findOriginFault(item: string): string | undefined {
  if (!item.includes("://") && findOriginFault(`https://${item}`) === undefined) {
    return `${item} has no scheme: is https://${item} meant?`;
  }
  const origin = URL.canParse(item) ? new URL(item).origin : "null";
  if (origin === item || (origin === "null" && OTHER_ORIGIN.test(item))) return undefined;
  return origin === "null"
    ? `${JSON.stringify(item)} is not an origin, as https://example.org is one`
    : `${item} is not how browsers write an origin; write ${origin}`;
}
