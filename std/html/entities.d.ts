/** Types of `@std/html/entities`, written by hand for the untyped npm module. */

/**
 * Escapes text for HTML text content and quoted attributes: `&`, `<`, `>`, `"` and `'` become entities.
 *
 * @param str The text.
 * @returns The escaped text.
 */
export function escape(str: string): string;
