/**
 * Compresses content, RFC 9110 section 8.4.1. Done once per file and kept, so the levels are middling; and done while a
 * client waits, so what would take long is not offered.
 *
 * @module
 */

import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import type { ContentCoding } from "./negotiation.ts";

/** Below this the fields of the coding weigh more than what it saves; in bytes. */
const LEAST_BYTES = 1_024;
/** Above this brotli takes longer than 5 ms; in bytes. The others take as long for 1 MiB. */
const MOST_BROTLI_BYTES = 256 << 10;

const NONE: readonly ContentCoding[] = [];
const FAST: readonly ContentCoding[] = ["zstd", "gzip"];
const ALL: readonly ContentCoding[] = ["br", ...FAST];

/**
 * Selects the codings in which content of some length is worth compressing.
 *
 * @param length Length of the content in bytes.
 * @returns The codings, the one with the smallest result first.
 */
export function selectCodings(length: number): readonly ContentCoding[] {
  if (length < LEAST_BYTES) return NONE;
  return length > MOST_BROTLI_BYTES ? FAST : ALL;
}

/**
 * Compresses content.
 *
 * @param content The content.
 * @param coding The coding.
 * @returns The content in that coding.
 */
export function compress(content: Uint8Array, coding: ContentCoding): Uint8Array {
  switch (coding) {
    case "br":
      return brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    case "zstd":
      return zstdCompressSync(content);
    case "gzip":
      return gzipSync(content);
    default:
      return coding satisfies never;
  }
}
