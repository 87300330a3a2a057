/**
 * Changes to the field lines of a response that was made without knowing of them: rules of the site, flags, CORS.
 *
 * A field that is set takes the place of the response's own; `Vary` is added to, since what the response depends on does
 * not become less (RFC 9110 section 12.5.5). A response that is used again has its changed form kept, so that a hit in
 * memory stays one look-up and one write.
 *
 * @module
 */

import type { FieldLine } from "./message.ts";
import { HttpResponse, ReusableResponse } from "./message.ts";

/** What is changed. */
export interface FieldChanges {
  /** Field lines to set; several of one name all stay. */
  readonly set: readonly FieldLine[];
  /** Names, in lower case, of fields to take away before. */
  readonly removed: readonly string[];
}

/** Changes nothing. */
export const NO_CHANGES: FieldChanges = Object.freeze({ set: [], removed: [] });

/** Changed forms of responses that are used again, each with the changes that led to it. */
const changed = new WeakMap<ReusableResponse, { readonly changes: FieldChanges; readonly response: HttpResponse }>();

/**
 * Changes the fields of a response.
 *
 * @param response The response; it stays as it is.
 * @param changes What is changed.
 * @returns A response with the same status and body; the same one where nothing changes.
 */
export function changeFields(response: HttpResponse, changes: FieldChanges): HttpResponse {
  if (changes.set.length === 0 && changes.removed.length === 0) return response;
  const { status, body } = response;
  if (!(response instanceof ReusableResponse)) return new HttpResponse(status, mergeFields(response, changes), body);
  const kept = changed.get(response);
  if (kept !== undefined && kept.changes === changes) return kept.response;
  const made = new ReusableResponse(status, mergeFields(response, changes), response.body, response.room);
  changed.set(response, { changes, response: made });
  return made;
}

const MULTIPART = /^multipart\//;

function mergeFields({ status, fields }: HttpResponse, { set, removed }: FieldChanges): FieldLine[] {
  // What a 304 says of the content would overwrite what the client has stored (RFC 9110 section 15.4.5), and that of
  // several ranges has a type of its own.
  const isFixed = status === 304 || fields.some(([name, value]) => name === "Content-Type" && MULTIPART.test(value));
  // The server's own pages have a policy under which they work; files have none.
  const hasPolicy = fields.some(([name]) => name === "Content-Security-Policy");
  const isKept = (name: string) =>
    (isFixed && name === "content-type") || (hasPolicy && name === "content-security-policy");
  const added = set.filter(([name]) => !isKept(name.toLowerCase()));
  const gone = new Set([...removed.filter((name) => !isKept(name)), ...added.map(([name]) => name.toLowerCase())]);
  gone.delete("vary");
  const kept = fields.filter(([name]) => !gone.has(name.toLowerCase()));
  const isVary = ([name]: FieldLine) => name.toLowerCase() === "vary";
  const vary = mergeVary([...kept, ...added].filter(isVary).map(([, value]) => value));
  return [...[...kept, ...added].filter((line) => !isVary(line)), ...(vary === "" ? [] : [["Vary", vary] as const])];
}

/** Each name once, in the spelling in which it comes first. */
function mergeVary(values: readonly string[]): string {
  const names = values.join(",").split(",").map((name) => name.trim()).filter((name) => name !== "");
  const isFirst = (name: string, at: number) =>
    names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === at;
  return names.filter(isFirst).join(", ");
}
