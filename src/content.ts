/**
 * Content in memory, with room in front of it: there the head of its answer can stand, so that both leave in one write
 * and nothing is copied for it.
 *
 * @module
 */

import type { HeadRoom, OpenFile, ReusableResponse } from "./message.ts";

/** A head of a file usually has 350 bytes; with a content security policy of the site it may have twice as many. */
export const HEAD_ROOM_BYTES = 512;

/** A content, or a part of one. */
export class Content implements HeadRoom {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whose head stands in front of them. */
  holder: ReusableResponse | undefined = undefined;

  /**
   * Makes room for a content and for a head in front of it.
   *
   * @param length Length of the content in bytes.
   */
  constructor(length: number) {
    this.bytes = new Uint8Array(HEAD_ROOM_BYTES + length).subarray(HEAD_ROOM_BYTES);
  }

  /** Its length in bytes. */
  get length(): number {
    return this.bytes.length;
  }

  /** Memory that it takes, in bytes. */
  get heldBytes(): number {
    return this.bytes.buffer.byteLength;
  }
}

/**
 * Reads a content to where there is room in front of it.
 *
 * @param file The file, at the position of the first byte.
 * @param length Its length in bytes.
 * @returns The content; `undefined` where the file has become shorter.
 */
export function readContent(file: OpenFile, length: number): Content | undefined {
  const content = new Content(length);
  for (let at = 0; at < length;) {
    const count = file.readSync(content.bytes.subarray(at));
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
export function copyContent(bytes: Uint8Array): Content {
  const content = new Content(bytes.length);
  content.bytes.set(bytes);
  return content;
}
