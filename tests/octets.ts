/**
 * Bytes for tests: joined, and as text of which each character is one byte (ISO-8859-1), as RFC 9112 section 2.2 has it.
 * None of it is the server's, so that no fault there hides behind itself.
 */

import { Buffer } from "node:buffer";

/**
 * Joins pieces of bytes.
 *
 * @param pieces The pieces in order.
 */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(pieces));
}

/**
 * Turns text into bytes.
 *
 * @param text Characters up to U+00FF, one for each byte.
 */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/**
 * Turns bytes into text.
 *
 * @param bytes The bytes.
 */
export function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
