/**
 * Serves the files of a directory. One request takes these steps, and stops at the first that answers it:
 *
 * 1. method: GET and HEAD go on, OPTIONS is answered, the rest is refused (RFC 9110 section 9)
 * 2. path: decoded once, dot segments resolved, hidden names refused (`path.ts`)
 * 3. memory: a small file that was served a moment ago (`file_cache.ts`)
 * 4. name: a directory is redirected to its slash, or stands for its index file
 * 5. containment: the real path lies below the real root
 * 6. file: opened once; size and content come from that descriptor
 * 7. representation: media type, content from memory or from the descriptor
 * 8. preconditions and ranges (RFC 9110 sections 13 and 14) have their place here: not evaluated yet, so every answer
 *    is the whole representation
 *
 * Calls into the file system are synchronous: warm, they cost a tenth of the asynchronous ones, and while one waits
 * for a disk the other workers take the new connections.
 *
 * @module
 */

import { join, SEPARATOR } from "@std/path";
import type { Clock } from "./clock.ts";
import type { CacheOptions } from "./config.ts";
import { HttpError } from "./errors.ts";
import { FileCache } from "./file_cache.ts";
import { selectMediaType } from "./media_type.ts";
import type { Handler, RequestHead } from "./message.ts";
import { HttpResponse, ReusableResponse } from "./message.ts";
import { directoryReference, resolvePath } from "./path.ts";

/** What a directory stands for. */
const INDEX_FILE = "index.html";

const ALLOW = ["Allow", "GET, HEAD, OPTIONS"] as const;
const NO_CONTENT = new Uint8Array(0);

/** Methods that are known and not allowed on files: RFC 9110 section 9.3, RFC 5789. */
const OTHER_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

/** What the handler needs to know. */
export interface StaticOptions {
  /** The document root, an absolute path. */
  readonly root: string;
  /** Bounds of the memory for small files. */
  readonly cache: CacheOptions;
  /** The time of the worker. */
  readonly clock: Clock;
}

/**
 * Makes the handler that serves a directory.
 *
 * @param options Root, bounds, clock.
 * @returns A handler that answers at once, and throws `HttpError` where there is nothing to serve.
 */
export function staticHandler({ root, cache, clock }: StaticOptions): Handler {
  const files = new FileCache(cache, (path) => findRegularFile(root, path));

  function serveFile(request: RequestHead): HttpResponse {
    if (request.method !== "GET" && request.method !== "HEAD") return answerOtherMethod(request.method);
    const { target } = request;
    if (target.form !== "origin" && target.form !== "absolute") throw notFound("Target has no path");
    const path = resolvePath(target.path);
    const kept = files.get(path, clock.nowMs);
    if (kept !== undefined) return kept;

    const filePath = locate(root, path);
    if (filePath === undefined) {
      return new HttpResponse(308, [["Location", directoryReference(target.path, target.query)]], NO_CONTENT);
    }
    const { file, info } = openRegularFile(filePath);
    const fields = [["Content-Type", selectMediaType(filePath)]] as const;
    if (info.size > cache.entryBytes) return new HttpResponse(200, fields, { file, length: info.size });
    const response = new ReusableResponse(200, fields, readAndClose(file, info.size));
    files.set(path, response, info, clock.nowMs);
    return response;
  }

  return (request) => {
    try {
      return serveFile(request);
    } catch (error) {
      throw toHttpError(error);
    }
  };
}

/** RFC 9110 sections 9.3.7, 15.5.6 and 15.6.2. */
function answerOtherMethod(method: string): HttpResponse {
  if (method === "OPTIONS") return new HttpResponse(204, [ALLOW], NO_CONTENT);
  if (OTHER_METHODS.has(method)) throw new HttpError(405, `${method} is not allowed on files`, { fields: [ALLOW] });
  throw new HttpError(501, "Method is not known");
}

/**
 * Finds the file that a path names.
 *
 * @returns Its real path, below the real root; `undefined` where the path names a directory and lacks the slash.
 */
function locate(root: string, path: string): string | undefined {
  const realRoot = Deno.realPathSync(root);
  const isDirectoryPath = path.endsWith("/");
  const filePath = resolveInside(realRoot, join(realRoot, path));
  if (!Deno.statSync(filePath).isDirectory) {
    if (isDirectoryPath) throw notFound("Path ends with a slash and names a file");
    return filePath;
  }
  return isDirectoryPath ? resolveInside(realRoot, join(filePath, INDEX_FILE)) : undefined;
}

/** Follows symbolic links as long as they stay inside. The separator matters: `/srv/www-old` is not in `/srv/www`. */
function resolveInside(realRoot: string, path: string): string {
  const realPath = Deno.realPathSync(path);
  const prefix = realRoot.endsWith(SEPARATOR) ? realRoot : realRoot + SEPARATOR;
  if (realPath !== realRoot && !realPath.startsWith(prefix)) throw notFound("Path leads out of the root");
  return realPath;
}

/** The file that a path names now, found as for a first request: links may lead elsewhere since. */
function findRegularFile(root: string, path: string): Deno.FileInfo | undefined {
  try {
    const filePath = locate(root, path);
    return filePath === undefined ? undefined : Deno.statSync(filePath);
  } catch {
    return undefined;
  }
}

/** Looks before it opens, since opening a FIFO waits for a writer; and after, since the name may have changed hands. */
function openRegularFile(filePath: string): { file: Deno.FsFile; info: Deno.FileInfo } {
  const before = Deno.statSync(filePath);
  if (!before.isFile) throw notFound("Path names no regular file");
  const file = Deno.openSync(filePath);
  const info = file.statSync();
  if (info.isFile && info.ino === before.ino && info.dev === before.dev) return { file, info };
  file.close();
  throw notFound("File was replaced while it was opened");
}

/** Reads a whole file; one that shrinks meanwhile gives what it has, and that is then its length. */
function readAndClose(file: Deno.FsFile, size: number): Uint8Array<ArrayBuffer> {
  try {
    const content = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const count = file.readSync(content.subarray(length));
      if (count === null) break;
      length += count;
    }
    return length === size ? content : content.slice(0, length);
  } finally {
    file.close();
  }
}

function notFound(message: string): HttpError {
  return new HttpError(404, message);
}

/** File names that cannot exist, or that lead nowhere. */
const NOT_FOUND = [
  Deno.errors.NotFound,
  Deno.errors.NotADirectory,
  Deno.errors.FilesystemLoop,
  Deno.errors.InvalidData,
];

/** The one place where an error of the file system becomes a status; what is not listed stays a bug. */
function toHttpError(cause: unknown): unknown {
  if (cause instanceof HttpError || !(cause instanceof Error)) return cause;
  if (NOT_FOUND.some((type) => cause instanceof type)) return new HttpError(404, cause.message, { cause });
  if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
    return new HttpError(403, cause.message, { cause });
  }
  switch ("code" in cause && cause.code) {
    case "ENAMETOOLONG":
      return new HttpError(404, cause.message, { cause });
    case "EMFILE":
    case "ENFILE":
      return new HttpError(503, cause.message, { cause, fields: [["Retry-After", "1"]] });
    default:
      return cause;
  }
}
