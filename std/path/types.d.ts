/** Types of `@std/path`, written by hand for the untyped npm module. */

/** The character between the segments of a path: `/`, on Windows `\`. */
export const SEPARATOR: "/" | "\\";

/**
 * Returns the last segment of a path.
 *
 * @param path A path or a `file:` URL.
 * @param suffix Cut off the end when the segment ends in it.
 */
export function basename(path: string | URL, suffix?: string): string;

/**
 * Returns a path without its last segment.
 *
 * @param path A path or a `file:` URL.
 */
export function dirname(path: string | URL): string;

/**
 * Returns the extension with its leading dot, or `""`.
 *
 * @param path A path or a `file:` URL.
 */
export function extname(path: string | URL): string;

/**
 * Converts a `file:` URL to a path.
 *
 * @param url The URL.
 * @throws {TypeError} When the URL is not a `file:` URL.
 */
export function fromFileUrl(url: string | URL): string;

/**
 * Joins paths and normalizes the result.
 *
 * @param path A path or a `file:` URL.
 * @param paths The paths to append.
 */
export function join(path: string | URL, ...paths: string[]): string;

/**
 * Returns the relative path from one path to another.
 *
 * @param from Where the relative path starts.
 * @param to Where it leads.
 */
export function relative(from: string, to: string): string;

/**
 * Makes paths one absolute path, starting from the current directory when none of them is absolute.
 *
 * @param pathSegments The paths, the last absolute one of which wins.
 */
export function resolve(...pathSegments: string[]): string;

/**
 * Converts an absolute path to a `file:` URL.
 *
 * @param path The path.
 * @throws {TypeError} When the path is not absolute.
 */
export function toFileUrl(path: string): URL;
