/**
 * The value of `Content-Disposition` that makes a browser save an answer under a name: RFC 6266, with the name in UTF-8
 * by RFC 8187 where ASCII does not hold it.
 *
 * @module
 */

/** No part of a file name on one system or another, RFC 6266 section 4.3: the separators of paths, and controls. */
const UNSAFE = /[/\\\p{Cc}]/gu;

/** Characters of a quoted-string that mean themselves; "%" does not everywhere, RFC 6266 appendix D. */
const UNQUOTABLE = /[^ -~]|["%]/gu;

/** What RFC 8187 section 3.2.1 has no `attr-char` for, and `encodeURIComponent` leaves as it is. */
const UNENCODED = /['()*]/g;

/**
 * Formats the field value for an answer that is to be saved.
 *
 * @param filename The name of the file; separators of paths and controls become `_`.
 * @returns `attachment; filename="..."`, with `filename*=UTF-8''...` behind it where that says more.
 */
export function formatAttachment(filename: string): string {
  const safe = filename.toWellFormed().replace(UNSAFE, "_");
  const plain = safe.replace(UNQUOTABLE, "_");
  const attachment = `attachment; filename="${plain}"`;
  if (plain === safe) return attachment;
  const encoded = encodeURIComponent(safe).replace(UNENCODED, (character) => `%${hexadecimal(character)}`);
  return `${attachment}; filename*=UTF-8''${encoded}`;
}

function hexadecimal(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase();
}
