/**
 * Content in memory, with room in front of it: there the head of its answer can stand, so that both leave in one write
 * and nothing is copied for it.
 *
 * @module
 */

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
 * Copies a content to where there is room in front of it.
 *
 * @param bytes The content.
 */
export function copyContent(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = allocateContent(bytes.length);
  content.set(bytes);
  return content;
}
