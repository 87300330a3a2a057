/**
 * File name → value of `Content-Type`, RFC 9110 section 8.3. The table is the standard library's.
 *
 * @module
 */

import { typeByExtension } from "@std/media-types";
import { extname } from "@std/path";

/** Text that does not say itself how it is encoded: the default is then UTF-8. HTML, CSS and scripts can say it. */
const NEEDS_CHARSET: ReadonlySet<string> = new Set(["text/plain", "text/markdown", "text/csv"]);

/**
 * Selects the media type of a file by its extension.
 *
 * @param name The file name.
 * @returns The type, with `charset=utf-8` for plain text, Markdown and CSV; `application/octet-stream` where the
 * extension is not known.
 */
export function selectMediaType(name: string): string {
  const type = typeByExtension(extname(name)) ?? "application/octet-stream";
  return NEEDS_CHARSET.has(type) ? `${type}; charset=utf-8` : type;
}
