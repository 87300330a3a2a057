/**
 * The answer to a request for a directory that is listed: a page, or JSON for a client that asks for it.
 *
 * Its entity tag is a digest of the content and so depends on all that is shown; it is weak, since the digest is short.
 * There is no `Last-Modified`: the time of a directory says nothing of the sizes in it. The content is one page of
 * entries, so it is made whole: some milliseconds.
 *
 * @module
 */

import { evaluatePreconditions } from "./conditional.ts";
import type { Directory } from "./directory.ts";
import { HttpError } from "./errors.ts";
import type { Listing } from "./listing.ts";
import { formatListingJson, parseListingQuery } from "./listing.ts";
import { formatListingPage, parseCrumbs, POLICY, UPLOAD_POLICY } from "./listing_page.ts";
import type { FieldLine, RequestHead } from "./message.ts";
import { HttpResponse } from "./message.ts";
import { selectListingType } from "./negotiation.ts";

const CACHE_FIELDS: readonly FieldLine[] = [["Cache-Control", "no-cache"], ["Vary", "Accept"]];
const NOSNIFF: FieldLine = ["X-Content-Type-Options", "nosniff"];
const NO_CONTENT = new Uint8Array(0);
const ENCODER = new TextEncoder();

/** What is listed, and how it was asked for. */
export interface ListingTarget {
  /** The directory. */
  readonly directory: Directory;
  /** Its path below the root, resolved. */
  readonly path: string;
  /** The path as sent. */
  readonly sentPath: string;
  /** The query with its `?`, or the empty string. */
  readonly query: string;
  /** Whether the directory can be fetched as an archive. */
  readonly isArchiving: boolean;
  /** Whether files can be added to it. */
  readonly isUploading: boolean;
}

/**
 * Makes the response to a GET or HEAD, at once where the directory is small.
 *
 * @param request The request.
 * @param target What is listed.
 * @param nowMs The present time in milliseconds since the epoch.
 * @returns 200 or 304.
 * @throws {HttpError} 412, or 503 where too many listings wait.
 */
export function listingResponse(
  request: RequestHead,
  target: ListingTarget,
  nowMs: number,
): HttpResponse | Promise<HttpResponse> {
  const listing = target.directory.list(parseListingQuery(target.query));
  if (!(listing instanceof Promise)) return formatResponse(request, target, { listing, nowMs });
  return listing.then((listing) => formatResponse(request, target, { listing, nowMs }));
}

function formatResponse(
  request: RequestHead,
  target: ListingTarget,
  { listing, nowMs }: { readonly listing: Listing; readonly nowMs: number },
): HttpResponse {
  const isJson = selectListingType(request.fieldLines.getList("accept")) === "json";
  const text = isJson
    ? formatListingJson(listing, target.path)
    : formatListingPage(listing, parseCrumbs(target.sentPath), target);

  const validators = { entityTag: `W/"${digest(text)}"`, lastModifiedMs: NaN };
  const fields = [["ETag", validators.entityTag], ...CACHE_FIELDS] as const;
  const result = evaluatePreconditions(request.method, request.fieldLines, validators, nowMs);
  if (result === "not modified") return new HttpResponse(304, fields, NO_CONTENT);
  if (result === "precondition failed") throw new HttpError(412, "Precondition failed", { fields: CACHE_FIELDS });

  const contentFields: readonly FieldLine[] = isJson
    ? [["Content-Type", "application/json"], NOSNIFF]
    : [["Content-Type", "text/html; charset=utf-8"], NOSNIFF, [
      "Content-Security-Policy",
      target.isUploading ? UPLOAD_POLICY : POLICY,
    ]];
  return new HttpResponse(200, [...contentFields, ...fields], ENCODER.encode(text));
}

/** Two FNV-1a digests of 32 bits over the code units, the second from behind the first. */
function digest(text: string): string {
  let one = 0x811c9dc5;
  let two = 0x050c5d1f;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ (unit + one), 0x01000193);
  }
  return (one >>> 0).toString(16).padStart(8, "0") + (two >>> 0).toString(16).padStart(8, "0");
}
