/**
 * Paths → files below a root. Every name is resolved to its real path and checked against the real root; the root itself
 * may be a symbolic link that is switched while the server runs.
 *
 * Calls into the file system are synchronous: warm, they cost a tenth of the asynchronous ones, and while one waits for
 * a disk the other workers take the new connections.
 *
 * @module
 */

import { join, SEPARATOR } from "@std/path";
import { HttpError } from "./errors.ts";
import type { FoundFile } from "./resource.ts";

/** What a directory stands for. */
export const INDEX_FILE: string = "index.html";

/** How files are found. */
export interface FindOptions {
  /** Whether a directory without an index file stands for itself. */
  readonly isListing: boolean;
}

const DEFAULTS: FindOptions = { isListing: false };

/**
 * Finds the file that a path names.
 *
 * @param root The document root.
 * @param path The request path, resolved.
 * @param options How it is found; without listings where it is absent.
 * @returns The file, or a directory that is to be listed; "directory" where the path names one and lacks the slash.
 * @throws {HttpError} 404 where there is no regular file, or it is not below the root; 403 where it may not be read.
 */
export function findFile(root: string, path: string, { isListing }: FindOptions = DEFAULTS): FoundFile | "directory" {
  return withHttpErrors(() => {
    const realRoot = Deno.realPathSync(root);
    const isDirectoryPath = path.endsWith("/");
    const found = look(realRoot, join(realRoot, path));
    if (!found.info.isDirectory) {
      if (isDirectoryPath) throw new HttpError(404, "Path ends with a slash and names a file");
      return checkRegular(found);
    }
    if (!isDirectoryPath) return "directory";
    const index = join(found.path, INDEX_FILE);
    return isListing && !hasIndex(index) ? found : checkRegular(look(realRoot, index));
  });
}

/** An index file that cannot be served still says that the directory is not meant to be listed. */
function hasIndex(index: string): boolean {
  try {
    return !Deno.lstatSync(index).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Finds what a path in the file system leads to.
 *
 * @param root The document root.
 * @param path A path below the real root.
 * @returns A file of any kind, or `undefined` where there is none below the root.
 */
export function findTarget(root: string, path: string): FoundFile | undefined {
  try {
    return look(Deno.realPathSync(root), path);
  } catch {
    return undefined;
  }
}

/**
 * Finds a regular file by its path in the file system.
 *
 * @param root The document root.
 * @param path A path below the real root.
 * @returns The file, or `undefined` where there is none below the root.
 */
export function findRegularFile(root: string, path: string): FoundFile | undefined {
  try {
    return checkRegular(look(Deno.realPathSync(root), path));
  } catch {
    return undefined;
  }
}

/** Follows symbolic links as long as they stay inside. The separator matters: `/srv/www-old` is not in `/srv/www`. */
function look(realRoot: string, path: string): FoundFile {
  const realPath = Deno.realPathSync(path);
  const prefix = realRoot.endsWith(SEPARATOR) ? realRoot : realRoot + SEPARATOR;
  if (realPath !== realRoot && !realPath.startsWith(prefix)) throw new HttpError(404, "Path leads out of the root");
  return { path: realPath, info: Deno.statSync(realPath) };
}

/** Opening a FIFO would wait for a writer, and a device could do anything. */
function checkRegular(found: FoundFile): FoundFile {
  if (!found.info.isFile) throw new HttpError(404, "Path names no regular file");
  return found;
}

/** Names that cannot exist, or that lead nowhere. */
const NOT_FOUND = [
  Deno.errors.NotFound,
  Deno.errors.NotADirectory,
  Deno.errors.FilesystemLoop,
  Deno.errors.InvalidData,
];

/**
 * Runs what calls the file system; the one place where its errors become statuses. What is not listed stays a bug.
 *
 * @param run What to run.
 * @throws {HttpError} 403, 404 or 503.
 */
export function withHttpErrors<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    throw toHttpError(cause);
  }
}

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
