/**
 * The path of a request target → the name of a file below the root, or a refusal.
 *
 * Pure and total: percent-decoding happens exactly once, dot segments are resolved on the decoded segments so that no
 * spelling of `..` survives, and what no honest link contains is refused. RFC 3986 sections 2.1 and 5.2.4. Symbolic
 * links are not seen here: `file_tree.ts` checks the real path. On Windows a file has names besides its own, and devices
 * have names everywhere; they are refused there, and only there: `aux.js` and `a:b` are good names elsewhere.
 *
 * @module
 */

import { HttpError } from "./errors.ts";

/** Paths that are their own result: plain segments, none empty, none with a leading dot. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;

/** The one name with a leading dot that is meant to be public, RFC 8615. */
export const WELL_KNOWN: string = ".well-known";

/** Begins the names of files that are not complete yet; whatever the options, there is nothing under such a name. */
export const PENDING_PREFIX: string = ".sockeye-upload-";

/** How paths are resolved. */
export interface PathOptions {
  /**
   * Whether names with a leading dot are hidden.
   *
   * @default {true}
   */
  readonly isHidingDots?: boolean;
  /**
   * Whether names mean what they mean on Windows.
   *
   * @default {false}
   */
  readonly isWindows?: boolean;
}

/** What Windows allows in no name; ":" begins an alternate stream, or stands behind a drive. */
const WINDOWS_FORBIDDEN = /[<>:"|?*]|\p{Cc}/u;
/** Windows takes these off, so the name would be one of another spelling. */
const WINDOWS_END = /[. ]$/;
/** Devices, whatever stands behind a point or spaces. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;
/** What the short name of a file with a longer one looks like; `GIT~1` stands for `.git`. */
const WINDOWS_SHORT = /^[^.~]{0,6}~[0-9]{1,6}(?:\.[^.]{0,3})?$/;

/** Whether a name is none of a file on Windows, or might be another name of one. Microsoft Learn, "Naming Files". */
function isWindowsAlias(name: string): boolean {
  return [WINDOWS_FORBIDDEN, WINDOWS_END, WINDOWS_DEVICE, WINDOWS_SHORT].some((pattern) => pattern.test(name));
}

/**
 * Resolves a request path to the one name it has below the root.
 *
 * @param path The path as sent, with a leading `/`, without the query.
 * @param options How it is resolved.
 * @returns The decoded path with a leading `/`, without empty and dot segments; a final `/` means a directory.
 * @throws {HttpError} 400 where the encoding is broken or a segment holds `/`, `\` or NUL; 404 where the path climbs
 * above the root, a name is hidden, or Windows would make another one of it.
 */
export function resolvePath(path: string, { isHidingDots = true, isWindows = false }: PathOptions = {}): string {
  if (!isWindows && PLAIN.test(path)) return path;
  const segments: string[] = [];
  let isDirectory = true;
  for (const raw of path.split("/").slice(1)) {
    const segment = decodeSegment(raw);
    isDirectory = segment === "" || segment === "." || segment === "..";
    if (!isDirectory) segments.push(segment);
    else if (segment === ".." && segments.pop() === undefined) throw new HttpError(404, "Path climbs above the root");
  }
  if (isHidingDots && segments.some((segment) => segment.startsWith(".") && segment !== WELL_KNOWN)) {
    throw new HttpError(404, "Path names a hidden file");
  }
  if (segments.some(isPending)) throw new HttpError(404, "Path names an upload");
  if (isWindows && segments.some(isWindowsAlias)) throw new HttpError(404, "Path has a name that no file has");
  return segments.length === 0 ? "/" : `/${segments.join("/")}${isDirectory ? "/" : ""}`;
}

/** In any case, since some file systems do not tell cases apart. */
function isPending(segment: string): boolean {
  return segment.slice(0, PENDING_PREFIX.length).toLowerCase() === PENDING_PREFIX;
}

function decodeSegment(raw: string): string {
  if (!raw.includes("%") && !raw.includes("\\")) return raw;
  const segment = decodePercent(raw);
  if (/[/\\\0]/.test(segment)) throw new HttpError(400, "Path segment holds a slash, a backslash or NUL", KEEP);
  return segment;
}

function decodePercent(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw new HttpError(400, `Cannot decode path segment ${JSON.stringify(raw)}`, { ...KEEP, cause });
  }
}

/** The message itself was well formed: the connection may go on. */
const KEEP = { close: false };

/**
 * Makes the relative reference that adds a slash to the last segment of a path, RFC 3986 section 4.2. It cannot lead
 * to another host, since it begins with `./`, and it holds behind a proxy that took away a prefix.
 *
 * @param path The path as sent.
 * @param query The query with its `?`, or the empty string.
 * @returns A value for `Location`.
 */
export function directoryReference(path: string, query: string): string {
  return `./${path.slice(path.lastIndexOf("/") + 1)}/${query}`;
}

/**
 * Makes the reference from a path as it was sent to another one of the site. Where only the last segment differs it is
 * relative, so it holds behind a proxy that took away a prefix.
 *
 * @param target The path that is meant, resolved.
 * @param sent What was asked for: the path as sent, the same resolved, and the path under which the site is, with its
 * final slash.
 * @returns A value for `Location` without the query.
 */
export function siteReference(target: string, sent: { path: string; resolved: string; base: string }): string {
  const folder = target.slice(0, target.lastIndexOf("/") + 1);
  const name = encodePath(target.slice(folder.length));
  const { path, resolved, base } = sent;
  if (target === `${resolved}/`) return directoryReference(path, "");
  const isSibling = !resolved.endsWith("/") && resolved.slice(0, resolved.lastIndexOf("/") + 1) === folder;
  if (isSibling) return `./${name}`;
  if (resolved === `${target}/` && /[^/]\/$/.test(path) && !DOT_SEGMENT.test(path)) return `../${name}`;
  return encodePath(base.slice(0, -1) + target);
}

/** A last segment before the final slash that is no name. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}\/$/i;

/** What `encodeURIComponent` encodes and a segment may hold, RFC 3986 section 3.3. */
const SEGMENT_CHARACTERS = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

/**
 * Encodes a decoded path, RFC 3986 section 3.3.
 *
 * @param path The path; slashes stay.
 */
export function encodePath(path: string): string {
  return path.split("/").map((segment) =>
    encodeURIComponent(segment.toWellFormed()).replace(SEGMENT_CHARACTERS, decodeURIComponent)
  ).join("/");
}

/** What no URI reference may hold as it is; `#` would begin a fragment, and `%` begins what is encoded already. */
const UNSAFE = /%(?![0-9A-Fa-f]{2})|[^\w\-.~:/?[\]@!$&'()*+,;=%]+/gu;

/**
 * Encodes what RFC 3986 does not allow in path and query, and `#`; what is encoded stays so. Clients send such
 * characters as they are, and a `Location` is not to repeat them.
 *
 * @param reference Path and query, or either.
 */
export function encodeReference(reference: string): string {
  return reference.toWellFormed().replace(UNSAFE, encodeURIComponent);
}

/** One or more segments, none of them empty. */
const BASE = /^\/(?:[^/]+\/)*$/;

/**
 * Parses the path under which a site is reached.
 *
 * @param text Such as `/prefix`, percent-encoded; slashes at its end do not matter.
 * @returns The path, resolved, with its final slash; `undefined` where it cannot be one.
 */
export function parseBase(text: string): string | undefined {
  const path = `${text.replace(/\/+$/, "")}/`;
  if (!BASE.test(path) || /[?#\s]/.test(path)) return undefined;
  try {
    const resolved = resolvePath(path);
    return resolved.split("/").length === path.split("/").length ? resolved : undefined;
  } catch {
    return undefined;
  }
}
