/** Types of `@std/media-types`, written by hand for the untyped npm module. */

/**
 * Returns the value of a `Content-Type` field, with `charset` where the type has one.
 *
 * @param extensionOrType An extension with or without its dot, or a media type.
 * @returns `undefined` for an unknown extension or an invalid media type.
 */
export function contentType(extensionOrType: string): string | undefined;

/**
 * Returns the media type of an extension, without parameters.
 *
 * @param extension An extension with or without its dot, in any case.
 * @returns `undefined` for an unknown extension.
 */
export function typeByExtension(extension: string): string | undefined;
