/**
 * Paths → files below a root. Every name is resolved to its real path and checked against the real root; the root itself
 * may be a symbolic link that is switched while the server runs. A root that is a file is all there is.
 *
 * Calls into the file system are synchronous: warm, they cost a tenth of the asynchronous ones, and while one waits for
 * a disk the other workers take the new connections.
 *
 * @module
 */

import { basename, dirname, join, SEPARATOR } from "@std/path";
import type { Clock } from "./clock.ts";
import type { SymlinkPolicy } from "./config.ts";
import { HttpError, StaleFileError } from "./errors.ts";
import type { FileTest } from "./in_place.ts";
import { isInPlace } from "./in_place.ts";
import type { FoundFile, KnownFile } from "./resource.ts";
import { SeenDirectories } from "./seen_directories.ts";

const NONE: ReadonlySet<string> = new Set();

/** Whether a path without links is the real path, also where it tells cases or forms of letters apart. */
const IS_REAL_WITHOUT_LINKS = Deno.build.os === "linux";

/** The extension that a clean URL leaves out. */
const HTML = ".html";

/** How paths stand for files. */
export interface FileTreeOptions {
  /** The root, an absolute path. */
  readonly root: string;
  /**
   * What a directory stands for: the first of these names that it has.
   *
   * @default {["index.html"]}
   */
  readonly index?: readonly string[];
  /**
   * Whether a directory without an index file stands for itself.
   *
   * @default {false}
   */
  readonly isListing?: boolean;
  /**
   * Whether `/about` stands for `about.html`.
   *
   * @default {false}
   */
  readonly hasCleanUrls?: boolean;
  /**
   * Which symbolic links are followed.
   *
   * @default {"inside"}
   */
  readonly symlinks?: SymlinkPolicy;
  /**
   * Names in the root itself that are no part of the site, under whatever path; in lower case, and meant in any.
   *
   * @default {new Set()}
   */
  readonly hidden?: ReadonlySet<string>;
  /** The time; without it every directory is looked at each time, and {@linkcode FileTree.confirm} confirms nothing. */
  readonly clock?: Pick<Clock, "nowMs">;
  /**
   * How long what is found will be trusted, in milliseconds.
   *
   * @default {1000}
   */
  readonly freshMs?: number;
}

/** What a path stands for. */
export type Found =
  /** A regular file. `sitePath` is its own path, where the request's named a directory or left out an extension. */
  | { readonly kind: "file"; readonly file: FoundFile; readonly sitePath: string }
  /** A directory that is to be listed. */
  | { readonly kind: "directory"; readonly file: FoundFile }
  /** Another path is the one for this file. */
  | { readonly kind: "redirect"; readonly path: string };

/** The files below one root. */
export class FileTree {
  readonly #root: string;
  /** The only name there is, where the root is a file. */
  readonly #only: string | undefined;
  readonly #index: readonly string[];
  readonly #isListing: boolean;
  readonly #hasCleanUrls: boolean;
  readonly #symlinks: SymlinkPolicy;
  readonly #hidden: ReadonlySet<string>;
  readonly #directories: SeenDirectories | undefined;

  /**
   * Looks at the root once, to see whether it is a file.
   *
   * @param options How paths stand for files.
   */
  constructor(
    {
      root,
      index = ["index.html"],
      isListing = false,
      hasCleanUrls = false,
      symlinks = "inside",
      hidden = NONE,
      clock,
      freshMs = 1_000,
    }: FileTreeOptions,
  ) {
    const isFile = isRegularFile(root);
    this.#root = isFile ? dirname(root) : root;
    this.#only = isFile ? basename(root) : undefined;
    this.#index = index;
    this.#isListing = isListing;
    this.#hasCleanUrls = hasCleanUrls;
    this.#symlinks = symlinks;
    this.#hidden = hidden;
    this.#directories = clock && new SeenDirectories(clock, freshMs);
  }

  /** Whether the root is a directory, which may hold more than one file. */
  get isDirectory(): boolean {
    return this.#only === undefined;
  }

  /**
   * Finds what a path stands for.
   *
   * @param path The request path, resolved.
   * @throws {HttpError} 404 where there is no regular file, or it is not to be seen; 403 where it may not be read.
   */
  find(path: string): Found {
    try {
      const usual = this.#findUsual(path);
      if (usual !== undefined) return usual;
      const realRoot = Deno.realPathSync(this.#root);
      if (this.#only !== undefined) return this.#findOnly(realRoot, path, this.#only);
      return path.endsWith("/") ? this.#findDirectory(realRoot, path) : this.#findName(realRoot, path);
    } catch (error) {
      throw toFileError(error);
    }
  }

  /**
   * Confirms that a file is what it was, and still is what its path stands for. That costs one call, and a look at its
   * directory that serves for all files in it. What is not as it was, or might not be, is to be found anew.
   *
   * @param sitePath The file's own path.
   * @param file The file, as it was found.
   * @returns As of when that is sure, on the clock; `undefined` where it is not.
   */
  confirm(sitePath: string, file: KnownFile): number | undefined {
    const directories = this.#directories;
    // With clean URLs it depends on further names what a path stands for.
    if (file.directory === undefined || this.#hasCleanUrls || directories === undefined) return undefined;
    try {
      const root = directories.see(this.#root);
      const directory = directories.see(parentPath(root.realPath, sitePath));
      if (directory.identity !== file.directory || !file.state.isOf(Deno.lstatSync(file.path))) return undefined;
      return Math.min(root.seenMs, directory.seenMs);
    } catch {
      return undefined;
    }
  }

  /**
   * Finds what a path in the file system leads to.
   *
   * @param path A path below the real root.
   * @returns A file of any kind, or `undefined` where there is none that is to be seen.
   */
  findTarget(path: string): FoundFile | undefined {
    try {
      return this.#look(Deno.realPathSync(this.#root), path);
    } catch {
      return undefined;
    }
  }

  /**
   * Finds a regular file by its path in the file system.
   *
   * @param path A path below the real root.
   * @returns The file, or `undefined` where there is none that is to be seen.
   */
  findRegularFile(path: string): FoundFile | undefined {
    const found = this.findTarget(path);
    return found?.info.isFile ? found : undefined;
  }

  /**
   * Finds a regular file in the root itself, also one that is no part of the site.
   *
   * @param name Its name.
   */
  findInRoot(name: string): FoundFile | undefined {
    if (!this.isDirectory) return undefined;
    try {
      const realRoot = Deno.realPathSync(this.#root);
      const found = this.#resolve(realRoot, join(realRoot, name));
      return found.info.isFile ? found : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Tells whether there is anything of a name in the root itself, which may be a directory or a link to nothing.
   *
   * @param name The name.
   */
  hasInRoot(name: string): boolean {
    try {
      return this.isDirectory && Deno.lstatSync(join(this.#root, name)) !== undefined;
    } catch (error) {
      return !NOT_FOUND.some((type) => error instanceof type);
    }
  }

  /**
   * Holds on to the directory to which the root leads now, for what takes long: a link may be switched meanwhile.
   *
   * @returns A function that looks at what a path of the site leads to: a file of any kind. It throws 404 where that is
   * not to be seen, and the errors of the file system.
   */
  pin(): (path: string) => FoundFile {
    const realRoot = Deno.realPathSync(this.#root);
    return (path) => this.#look(realRoot, join(realRoot, path));
  }

  /**
   * Tells of a file that was opened or described whether it is at this path, see `in_place.ts`. Where all links are
   * followed it does not matter. Where it is not in place what is remembered of directories is forgotten, so that it is
   * found anew.
   *
   * @param realPath Where it is, without any link.
   * @param isSame Whether what is there now is that file.
   */
  isInPlace(realPath: string, isSame: FileTest): boolean {
    if (this.#symlinks === "follow" || isInPlace(realPath, this.#tryRealRoot(), isSame)) return true;
    this.#directories?.forget();
    return false;
  }

  #tryRealRoot(): string | undefined {
    try {
      return this.#directories?.see(this.#root).realPath ?? Deno.realPathSync(this.#root);
    } catch {
      return undefined;
    }
  }

  /**
   * Finds a directory that may be written to. Whatever links are followed for reading, it lies inside the root.
   *
   * @param path Its path, resolved.
   * @returns Its real path, and the path of the site that this stands for, without a slash at the end.
   * @throws {HttpError} 403 where it lies outside, 404 where there is none, 409 where it is none.
   */
  findFolder(path: string): { readonly path: string; readonly sitePath: string } {
    if (!this.isDirectory) throw new HttpError(403, "The root is a file");
    try {
      const realRoot = Deno.realPathSync(this.#root);
      const found = this.#look(realRoot, join(realRoot, path));
      if (!isWithin(realRoot, found.path)) throw new HttpError(403, "Path leads out of the root");
      if (!found.info.isDirectory) throw new HttpError(409, "Path leads through a file");
      const below = found.path.slice(realRoot.length).replaceAll(SEPARATOR, "/");
      return { path: found.path, sitePath: below === "" || below.startsWith("/") ? below : `/${below}` };
    } catch (error) {
      throw toFileError(error);
    }
  }

  /**
   * Finds what most paths stand for: a file without any link below the root. That costs one call, and looks at its
   * directory and at the root that serve for others, too.
   */
  #findUsual(path: string): Found | undefined {
    const isFolder = path.endsWith("/");
    const index = isFolder ? this.#index[0] : "";
    const isUsual = IS_REAL_WITHOUT_LINKS && this.isDirectory && index !== undefined;
    const directories = this.#directories;
    if (!isUsual || directories === undefined || (this.#hasCleanUrls && !isFolder)) return undefined;
    try {
      const sitePath = path + index;
      const root = directories.see(this.#root);
      const realPath = join(root.realPath, sitePath);
      const directory = directories.see(dirname(realPath));
      if (directory.realPath !== dirname(realPath) || !isWithin(root.realPath, directory.realPath)) return undefined;
      const info = Deno.lstatSync(realPath);
      // The directory may have become a link to the root just now.
      if (!info.isFile || this.#hidden.has(basename(realPath).toLowerCase())) return undefined;
      const asOfMs = Math.min(root.seenMs, directory.seenMs);
      return { kind: "file", file: { path: realPath, info, directory: directory.identity, asOfMs }, sitePath };
    } catch {
      return undefined;
    }
  }

  #findOnly(realRoot: string, sitePath: string, only: string): Found {
    if (sitePath !== "/" && sitePath !== `/${only}`) throw new HttpError(404, "The root is a file with another name");
    // The root may be a link to anywhere, as a directory may be.
    const path = join(realRoot, only);
    const realPath = Deno.realPathSync(path);
    const directory = this.#seeParent(path, realPath);
    const file = checkRegular({ path: realPath, info: Deno.lstatSync(realPath), directory });
    return { kind: "file", file, sitePath: `/${only}` };
  }

  #findName(realRoot: string, path: string): Found {
    const found = this.#hasCleanUrls ? this.#tryLook(realRoot, path) : this.#look(realRoot, join(realRoot, path));
    if (found !== undefined && !found.info.isDirectory) {
      const cleanPath = this.#hasCleanUrls ? this.#findCleanPath(realRoot, path) : undefined;
      if (cleanPath !== undefined) return { kind: "redirect", path: cleanPath };
      return { kind: "file", file: checkRegular(found), sitePath: path };
    }
    const page = this.#hasCleanUrls ? this.#tryLook(realRoot, path + HTML) : undefined;
    if (page?.info.isFile) {
      const folder = this.#findFolder(realRoot, path + HTML);
      if (folder !== undefined) return { kind: "redirect", path: folder };
      return { kind: "file", file: page, sitePath: path + HTML };
    }
    if (found === undefined) throw new HttpError(404, "There is no file, and none with the extension .html");
    return { kind: "redirect", path: `${path}/` };
  }

  #findDirectory(realRoot: string, path: string): Found {
    const name = path.slice(0, -1);
    const found = this.#hasCleanUrls ? this.#tryLook(realRoot, path) : this.#look(realRoot, join(realRoot, path));
    if (found !== undefined) {
      if (!found.info.isDirectory) throw new HttpError(404, "Path ends with a slash and names a file");
      const index = this.#index.find((indexName) => hasFile(join(found.path, indexName)));
      if (index !== undefined) {
        const file = checkRegular(this.#look(realRoot, join(found.path, index)));
        return { kind: "file", file, sitePath: path + index };
      }
      if (this.#isListing) return { kind: "directory", file: found };
    }
    const hasPage = this.#hasCleanUrls && name !== "" && this.#tryLook(realRoot, name + HTML)?.info.isFile;
    if (hasPage) return { kind: "redirect", path: name };
    throw new HttpError(404, found === undefined ? "There is no directory" : "Directory has no index file");
  }

  /** The path without what a clean URL leaves out, if that stands for the same file. */
  #findCleanPath(realRoot: string, path: string): string | undefined {
    const folder = this.#findFolder(realRoot, path);
    if (folder !== undefined || !path.endsWith(HTML) || path.endsWith(`/${HTML}`)) return folder;
    const cleanPath = path.slice(0, -HTML.length);
    if (this.#hidden.has(cleanPath.slice(1).toLowerCase())) return undefined;
    return isOwnPath(() => this.#findName(realRoot, cleanPath), path) ? cleanPath : undefined;
  }

  /** The folder of an index file, if it stands for that. */
  #findFolder(realRoot: string, path: string): string | undefined {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (!this.#index.includes(path.slice(folder.length))) return undefined;
    return isOwnPath(() => this.#findDirectory(realRoot, folder), path) ? folder : undefined;
  }

  /** Like `#look` below the root; `undefined` where there is nothing. */
  #tryLook(realRoot: string, path: string): FoundFile | undefined {
    try {
      return this.#look(realRoot, join(realRoot, path));
    } catch (error) {
      const isMissing = NOT_FOUND.some((type) => error instanceof type) || isNameTooLong(error);
      if (isMissing || (error instanceof HttpError && error.status === 404)) return undefined;
      throw error;
    }
  }

  /** Follows symbolic links as far as they may be. The separator matters: `/srv/www-old` is not in `/srv/www`. */
  #look(realRoot: string, path: string): FoundFile {
    const found = this.#resolve(realRoot, path);
    const isInRoot = dirname(found.path) === realRoot && found.path !== realRoot;
    if (isInRoot && this.#hidden.has(basename(found.path).toLowerCase())) {
      throw new HttpError(404, "Path leads to a file of rules");
    }
    return found;
  }

  #resolve(realRoot: string, path: string): FoundFile {
    const realPath = Deno.realPathSync(path);
    if (!isWithin(realRoot, realPath) && this.#symlinks !== "follow") {
      throw new HttpError(404, "Path leads out of the root");
    }
    if (this.#symlinks === "deny" && realPath !== withoutSlash(path)) {
      throw new HttpError(404, "Path has a symbolic link");
    }
    // What the root itself lies in need not be readable.
    const directory = withoutSlash(path) === realRoot ? undefined : this.#seeParent(path, realPath);
    return { path: realPath, info: Deno.lstatSync(realPath), directory };
  }

  /** The state of the directory that a path lies in; none where the path is a link itself. */
  #seeParent(path: string, realPath: string): object | undefined {
    const parent = this.#directories?.see(dirname(path));
    return parent && join(parent.realPath, basename(path)) === realPath ? parent.identity : undefined;
  }
}

/** Whether what is found is the file with just that path, and not one that has another name, too. */
function isOwnPath(find: () => Found, path: string): boolean {
  try {
    const found = find();
    return found.kind === "file" && found.sitePath === path;
  } catch {
    return false;
  }
}

/**
 * Tells whether a path is a directory, or below it.
 *
 * @param realRoot The real path of the directory.
 * @param realPath The real path that is asked about.
 */
export function isWithin(realRoot: string, realPath: string): boolean {
  const prefix = realRoot.endsWith(SEPARATOR) ? realRoot : realRoot + SEPARATOR;
  return realPath === realRoot || realPath.startsWith(prefix);
}

/** The directory of a file of the site. To join and split again costs as much as a third of the look at the file. */
function parentPath(realRoot: string, sitePath: string): string {
  const isPlain = SEPARATOR === "/" && !realRoot.endsWith("/");
  return isPlain ? realRoot + sitePath.slice(0, sitePath.lastIndexOf("/")) : dirname(join(realRoot, sitePath));
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith(SEPARATOR) ? path.slice(0, -1) : path;
}

function isRegularFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** An index file that cannot be served still says that the directory is not meant to be listed. */
function hasFile(path: string): boolean {
  try {
    return !Deno.lstatSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
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
 * Makes statuses of errors of the file system, the one place where that is done. What is not listed stays a bug.
 *
 * @param cause What was thrown.
 * @returns An `HttpError` with 403, 404 or 503; or what was thrown.
 */
export function toFileError(cause: unknown): unknown {
  if (cause instanceof HttpError || !(cause instanceof Error)) return cause;
  if (NOT_FOUND.some((type) => cause instanceof type)) return new HttpError(404, cause.message, { cause });
  if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
    return new HttpError(403, cause.message, { cause });
  }
  if (isNameTooLong(cause)) return new HttpError(404, cause.message, { cause });
  const isExhausted = "code" in cause && (cause.code === "EMFILE" || cause.code === "ENFILE");
  if (!isExhausted && !(cause instanceof StaleFileError)) return cause;
  return new HttpError(503, cause.message, { cause, fields: [["Retry-After", "1"]] });
}

function isNameTooLong(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENAMETOOLONG";
}
