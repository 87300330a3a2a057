/**
 * Whether a request is a navigation: somebody goes to a page of an application, whose shell then stands in for the file
 * that is not there. The shell under the address of a script, a picture or an API would hide that it is missing.
 *
 * @module
 */

import type { RequestHead } from "./message.ts";
import { acceptsHtml } from "./negotiation.ts";

/** What a browser fetches to show it as a document, WHATWG Fetch section "destination"; `empty` is fetch() of a script. */
const DOCUMENTS: ReadonlySet<string> = new Set(["document", "iframe", "frame", "object", "embed"]);

/** What the choice between the shell and 404 depends on. */
export const NAVIGATION_VARY = "Accept, Sec-Fetch-Dest";

/**
 * Tells whether a request is a navigation: it accepts HTML, as a client does that accepts anything, and where a browser
 * says what it is for, it is for a document.
 *
 * @param request The request: GET or HEAD.
 * @param knownType The type that the path has by its extension, where that is known.
 */
export function isNavigation({ fieldLines }: RequestHead, knownType: string | undefined): boolean {
  if (knownType !== undefined && !/^text\/html\b/.test(knownType)) return false;
  const destination = fieldLines.get("sec-fetch-dest");
  if (destination !== undefined && !DOCUMENTS.has(destination)) return false;
  const accept = fieldLines.getList("accept");
  return accept === undefined || accept === "*/*" || acceptsHtml(accept);
}
