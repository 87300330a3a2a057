/**
 * File name → value of `Content-Type`, RFC 9110 section 8.3. The table is the standard library's.
 *
 * @module
 */

import { typeByExtension } from "@std/media-types";
import { extname } from "@std/path";

/** What is chosen beside the table. */
export interface MediaTypeOptions {
  /** Types by extension with its dot, in lower case; they come first, and are not touched. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** The `charset` of all text, the empty text for none; absent: `utf-8` for text that cannot say it itself. */
  readonly charset?: string | undefined;
}

/** Text that does not say itself how it is encoded. HTML, CSS and scripts can say it. */
const NEEDS_CHARSET: ReadonlySet<string> = new Set(["text/plain", "text/markdown", "text/csv"]);

/** XML says it always, and a parameter would overrule it: RFC 7303 section 3. */
const TEXT = /^text\/(?!xml$)/;

/**
 * Selects the media type of a file by its extension.
 *
 * @param name The file name.
 * @param options What is chosen beside the table.
 * @returns The type, with its `charset` where it has one; `application/octet-stream` where the extension is not known.
 */
export function selectMediaType(name: string, options: MediaTypeOptions = {}): string {
  return findMediaType(name, options) ?? "application/octet-stream";
}

/**
 * Finds the media type of a file by its extension.
 *
 * @param name The file name.
 * @param options What is chosen beside the table.
 * @returns The type, or `undefined` where the extension is not known.
 */
export function findMediaType(name: string, { overrides, charset }: MediaTypeOptions = {}): string | undefined {
  const extension = extname(name);
  const override = overrides?.get(extension.toLowerCase());
  if (override !== undefined) return override;
  const type = typeByExtension(extension);
  if (type === undefined) return undefined;
  if (charset === undefined) return NEEDS_CHARSET.has(type) ? `${type}; charset=utf-8` : type;
  return charset !== "" && TEXT.test(type) ? `${type}; charset=${charset}` : type;
}

/** type "/" subtype *( OWS ";" OWS parameter ), RFC 9110 section 8.3.1; a parameter's value is a token here. */
const MEDIA_TYPE =
  /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~\w-]+=[!#$%&'*+.^_`|~\w-]+)*$/;

/**
 * Parses `ext=type`.
 *
 * @param text Such as `wasm=application/wasm`; the extension with or without its dot.
 * @returns The extension with its dot in lower case, and the type; or what is wrong with the text.
 */
export function parseMediaTypeRule(text: string): readonly [extension: string, type: string] | string {
  const [, extension, type = ""] = /^\.?([^./=\\]+)=(.*)$/.exec(text) ?? [];
  if (extension === undefined) {
    return `${JSON.stringify(text)} is not of the form ext=type, as in wasm=application/wasm`;
  }
  if (!MEDIA_TYPE.test(type)) return `${JSON.stringify(type)} is no media type, as text/plain is one`;
  return [`.${extension.toLowerCase()}`, type];
}
