/**
 * Texts that are kept for long and come from something large. A part of a text keeps the whole of it in memory, so a path
 * kept as it was parsed would keep the head of its request.
 *
 * @module
 */

/**
 * Copies a text.
 *
 * @param text A part of another text, perhaps.
 * @returns The same text, which holds nothing else.
 */
export function detach(text: string): string {
  return ` ${text}`.slice(1);
}
