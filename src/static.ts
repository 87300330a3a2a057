/**
 * Serves the files of a directory. One request takes these steps, and stops at the first that answers it:
 *
 * 1. method: GET and HEAD go on, OPTIONS is answered, the rest is refused (RFC 9110 section 9)
 * 2. path: decoded once, dot segments resolved, hidden names refused (`path.ts`)
 * 3. resource: from memory, or from the file system below the root (`file_cache.ts`, `file_tree.ts`); a directory is
 *    redirected to its slash, or stands for its index file; without one it is listed, where that is wanted
 *    (`directory.ts`, `listing_response.ts`)
 * 4. representation: the content coding that the client wants most (`resource.ts`)
 * 5. preconditions, then ranges, then the whole (`representation.ts`)
 *
 * What fails is answered with the site's own page for that status, where it has one: `404.html`, `50x.html` in the root.
 *
 * @module
 */

import type { CacheRule } from "./cache_policy.ts";
import type { Clock } from "./clock.ts";
import type { CacheOptions } from "./config.ts";
import { Directory } from "./directory.ts";
import { errorFields } from "./error_response.ts";
import { HttpError, toHttpError } from "./errors.ts";
import { FileCache } from "./file_cache.ts";
import { findFile, findRegularFile, findTarget, INDEX_FILE, withHttpErrors } from "./file_tree.ts";
import { listingResponse } from "./listing_response.ts";
import type { Handler, RequestHead } from "./message.ts";
import { HttpResponse } from "./message.ts";
import { selectErrorType } from "./negotiation.ts";
import { directoryReference, resolvePath } from "./path.ts";
import { Resource, StaleFileError } from "./resource.ts";

const ALLOW = ["Allow", "GET, HEAD, OPTIONS"] as const;
const NO_CONTENT = new Uint8Array(0);

/** Methods that are known and not allowed on files: RFC 9110 section 9.3, RFC 5789. */
const OTHER_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

/** How many paths that were not found are remembered; then all are forgotten. */
const MOST_MISSING = 1_000;
/** Longer ones are not remembered; in characters. */
const LONGEST_MISSING = 256;

/** How often a request is tried again whose file was changed just then. */
const TRIES = 3;

/** What the handler needs to know. */
export interface StaticOptions {
  /** The document root, an absolute path. */
  readonly root: string;
  /** Bounds of the memory for small files. */
  readonly cache: CacheOptions;
  /** Whether content codings are used. */
  readonly isCompressing: boolean;
  /**
   * Whether directories without an index file are listed.
   *
   * @default {false}
   */
  readonly isListing?: boolean;
  /** The time of the worker. */
  readonly clock: Clock;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /**
   * The user's rules for `Cache-Control`.
   *
   * @default {[]}
   */
  readonly cacheRules?: readonly CacheRule[];
}

/**
 * Makes the handler that serves a directory.
 *
 * @param options Root, bounds, clock.
 * @returns A handler that answers at once, and throws `HttpError` where there is nothing to serve.
 */
export function staticHandler(
  { root, cache, isCompressing, isListing = false, clock, open, cacheRules = [] }: StaticOptions,
): Handler {
  const resourceOptions = {
    entryBytes: cache.entryBytes,
    isCompressing,
    findFile: (path: string) => findRegularFile(root, path),
    clock,
    open,
    cacheRules,
  };
  const directoryOptions = { findTarget: (path: string) => findTarget(root, path) };
  const resources = new FileCache<Resource | Directory>(cache, (path) => {
    const found = findFile(root, path, { isListing });
    if (found === "directory") return undefined;
    if (found.info.isDirectory) return new Directory(found, directoryOptions);
    return new Resource(path.endsWith("/") ? path + INDEX_FILE : path, found, resourceOptions);
  });

  /** Paths that were not found, and how long that is believed: an error without a new stack costs a tenth. */
  const missing = new Map<string, { readonly error: HttpError; readonly untilMs: number }>();

  function findResource(path: string): Resource | Directory | undefined {
    const known = missing.get(path);
    if (known !== undefined && clock.nowMs < known.untilMs) throw known.error;
    try {
      return resources.get(path, clock.nowMs);
    } catch (error) {
      if (missing.size >= MOST_MISSING) missing.clear();
      if (error instanceof HttpError && path.length <= LONGEST_MISSING) {
        missing.set(path, { error, untilMs: clock.nowMs + cache.freshMs });
      }
      throw error;
    }
  }

  function serveFile(request: RequestHead): HttpResponse {
    if (request.method !== "GET" && request.method !== "HEAD") return answerOtherMethod(request.method);
    const { target, fieldLines } = request;
    if (target.form !== "origin" && target.form !== "absolute") throw new HttpError(404, "Target has no path");
    const path = resolvePath(target.path);
    for (let attempt = 1;; attempt++) {
      const resource = findResource(path);
      if (resource === undefined) {
        const location = directoryReference(target.path, target.query);
        return new HttpResponse(308, [["Location", location], ["Cache-Control", "no-cache"]], NO_CONTENT);
      }
      if (resource instanceof Directory) {
        const listed = { directory: resource, path, sentPath: target.path, query: target.query };
        return listingResponse(request, listed, clock.second * 1000);
      }
      try {
        const representation = resource.select(fieldLines.getList("accept-encoding"));
        resources.weigh(path);
        return representation.select(request, clock.second * 1000);
      } catch (error) {
        if (!(error instanceof StaleFileError)) throw error;
        if (attempt === TRIES) {
          throw new HttpError(503, error.message, { cause: error, fields: [["Retry-After", "1"]] });
        }
        resources.delete(path);
      }
    }
  }

  /** `404.html` and the like, or `50x.html` for all 5xx, in the root: sent with the status of the error. */
  function findPage({ status, fields }: HttpError): HttpResponse | undefined {
    const names = status < 500 ? [`/${status}.html`] : [`/${status}.html`, "/50x.html"];
    for (const name of names) {
      try {
        const page = findResource(name);
        const content = page instanceof Resource ? page.select(undefined).content : undefined;
        if (content !== undefined) return new HttpResponse(status, errorFields("text/html", fields), content);
      } catch {
        // The site has no such page.
      }
    }
    return undefined;
  }

  return (request) => {
    try {
      return withHttpErrors(() => serveFile(request));
    } catch (thrown) {
      const error = toHttpError(thrown);
      const isPageWanted = selectErrorType(request.fieldLines.getList("accept")) !== "json";
      error.page = isPageWanted ? findPage(error) : undefined;
      throw error;
    }
  };
}

/** RFC 9110 sections 9.3.7, 15.5.6 and 15.6.2. */
function answerOtherMethod(method: string): HttpResponse {
  if (method === "OPTIONS") return new HttpResponse(204, [ALLOW], NO_CONTENT);
  if (OTHER_METHODS.has(method)) throw new HttpError(405, `${method} is not allowed on files`, { fields: [ALLOW] });
  throw new HttpError(501, "Method is not known");
}
