/**
 * What a change of files means for an open page: nothing, new style sheets, or loading it again.
 *
 * Changes are kept as the time of the last one of each kind. A page knows up to which time it is up to date, so it needs
 * no history: whoever comes late, or reads slowly, misses nothing by getting the latest times only.
 *
 * @module
 */

/** When the files of the site changed last, in milliseconds since the epoch. */
export interface LastChanges {
  /** Anything that is no style sheet; at first the start of the server, so that pages reload when it starts again. */
  readonly pageMs: number;
  /** A style sheet, and nothing else with it. */
  readonly styleMs: number;
}

/**
 * Begins with a server that has just started.
 *
 * @param nowMs The time, in milliseconds since the epoch.
 */
export function changedAtStart(nowMs: number): LastChanges {
  return { pageMs: nowMs, styleMs: nowMs };
}

/** With the neighbours that a build makes of it. */
const STYLE_SHEET = /\.css(?:\.map|\.br|\.gz|\.zst)?$/i;

/**
 * Adds changes.
 *
 * @param last The changes before.
 * @param paths The files that changed together, at least one.
 * @param nowMs The time, in milliseconds since the epoch.
 * @returns The times with this one, which is later than the others even where the clock was set back.
 */
export function addChanges(last: LastChanges, paths: Iterable<string>, nowMs: number): LastChanges {
  const changedMs = Math.max(nowMs, last.pageMs + 1, last.styleMs + 1);
  const isStyle = [...paths].every((path) => STYLE_SHEET.test(path));
  return isStyle ? { ...last, styleMs: changedMs } : { ...last, pageMs: changedMs };
}

/** What is not a file of the site. `.well-known` is public, RFC 8615. */
const IGNORED_SEGMENT = /^\.(?!well-known$)|^node_modules$/;

/**
 * What editors and tools put beside a file while they write it: `a~`, `#a#`, vim's 4913 and swap files, sed's `sedA1b2C3`,
 * those of JetBrains' editors, and unfinished downloads.
 */
const TEMPORARY_NAME =
  /~$|^#.*#$|^4913$|^sed[A-Za-z0-9]{6}$|\.(?:sw[a-z]|tmp|temp|bak|part|crdownload|crswap)$|___jb_(?:tmp|old|bak)___$/;

/**
 * Tells whether a change of a file can be seen in a page.
 *
 * @param path The path below the root, with slashes between and none in front; empty for the root itself.
 */
export function isSitePath(path: string): boolean {
  const segments = path.split("/");
  return !segments.some((segment) => IGNORED_SEGMENT.test(segment)) && !TEMPORARY_NAME.test(segments.at(-1) ?? "");
}
