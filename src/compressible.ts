/**
 * Whether compressing content of a media type is worth it.
 *
 * A rule and a short list, not the table of `mime-db`: that would cost 22 ms of start and 240 KB in every worker, the
 * package that asks it (`compressible`) has had no release since 2020 and carries no types. The list holds what that
 * table calls compressible, that the rule does not cover, and that web sites serve.
 *
 * @module
 */

/** Text, and the structured syntaxes that are text: RFC 6839, RFC 9512. */
const TEXT = /^text\/|\+(?:json|xml|text|yaml|json-seq)$|^application\/(?:json|xml|yaml|javascript|ecmascript)$/;

/** Formats that are not text, or do not say so, and carry no compression of their own. */
const UNCOMPRESSED: ReadonlySet<string> = new Set([
  ...["application/wasm", "model/gltf-binary", "application/x-tar"],
  ...["font/otf", "font/ttf", "font/collection", "application/vnd.ms-fontobject"],
  ...["image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "image/vnd.adobe.photoshop", "image/vnd.ms-dds"],
  ...["application/rtf", "application/postscript", "application/x-sh", "application/sql", "application/toml"],
  ...["application/x-ndjson", "application/json-seq"],
  ...["application/xml-dtd", "application/x-subrip", "application/vnd.apple.mpegurl", "application/x-httpd-php"],
  ...["message/rfc822", "application/x-ns-proxy-autoconfig", "application/vnd.dart"],
]);

/** Text that is sent piece by piece: a coding would hold back the pieces. */
const STREAMED = "text/event-stream";

/**
 * Tells whether content of a type becomes much smaller by a content coding. Unknown types count as compressed: most
 * large ones are, and time spent on them is lost.
 *
 * @param mediaType A value of `Content-Type`; parameters and case do not matter.
 */
export function isCompressible(mediaType: string): boolean {
  const semicolon = mediaType.indexOf(";");
  const essence = (semicolon < 0 ? mediaType : mediaType.slice(0, semicolon)).trim().toLowerCase();
  return essence !== STREAMED && (TEXT.test(essence) || UNCOMPRESSED.has(essence));
}
