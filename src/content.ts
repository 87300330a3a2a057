/**
 * Content in memory, with room in front of it: there the head of its answer can stand, so that both leave in one write
 * and nothing is copied for it.
 *
 * @module
 */

import type { OpenFile } from "./message.ts";

/** A head of a file usually has 350 bytes; with a content security policy of the site it may have twice as many. */
export const HEAD_ROOM_BYTES = 512;

/**
 * Makes room for a content and for a head in front of it.
 *
 * @param length Length of the content in bytes.
 * @returns Where the content goes.
 */
export function allocateContent(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(HEAD_ROOM_BYTES + length).subarray(HEAD_ROOM_BYTES);
}

/**
 * Reads a content, or a part of one, to where there is room in front of it.
 *
 * @param file The file, at the position of the first byte.
 * @param length Its length in bytes.
 * @returns The content; `undefined` where the file has become shorter.
 */
export function readContent(file: OpenFile, length: number): Uint8Array<ArrayBuffer> | undefined {
  const content = allocateContent(length);
  for (let at = 0; at < length;) {
    const count = file.readSync(content.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return content;
}

/**
 * Copies a content to where there is room in front of it.
 *
 * @param bytes The content.
 */
export function copyContent(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = allocateContent(bytes.length);
  content.set(bytes);
  return content;
}
