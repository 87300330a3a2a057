/**
 * `@std/path` for the platform the program runs on.
 *
 * The npm package's own choice of platform, and its look-up of the current directory, read `globalThis.process`.
 * Deno loads that polyfill on first use, which costs a start 11 ms; so both are done here.
 */

import * as posix from "./posix.ts";
import * as windows from "./windows.ts";

const isWindows = Deno.build.os === "windows";
const path = isWindows ? windows : posix;

export const SEPARATOR: typeof posix.SEPARATOR = path.SEPARATOR;
export const basename: typeof posix.basename = path.basename;
export const dirname: typeof posix.dirname = path.dirname;
export const extname: typeof posix.extname = path.extname;
export const fromFileUrl: typeof posix.fromFileUrl = path.fromFileUrl;
export const join: typeof posix.join = path.join;
export const toFileUrl: typeof posix.toFileUrl = path.toFileUrl;

/** Returns the relative path from one path to another. */
export function relative(from: string, to: string): string {
  return path.relative(resolve(from), resolve(to));
}

/** Makes paths one absolute path; on Windows every drive has its own current directory, so there the package looks. */
export function resolve(...pathSegments: string[]): string {
  return isWindows ? windows.resolve(...pathSegments) : posix.resolve(Deno.cwd(), ...pathSegments);
}
