/**
 * The page's side of live reload: the script that listens for changes, and the place in a page where it goes.
 *
 * The script is a file of its own, since a site may forbid scripts in the page (`script-src 'self'`). Its tag goes to
 * the front of the head: behind what stands before the head, where every document and every fragment is parsed the same
 * with it and without it. At the end it would be the `:last-child` of the body, or text in an open comment. In front of
 * the doctype it would change the mode of rendering. Grammar: HTML Standard sections 13.2.5 and 13.2.6.4.
 *
 * @module
 */

import { escape } from "@std/html/entities";

/** The path of the stream of changes, below the base; names with a leading dot are no files of the site. */
export const RELOAD_PATH: string = "/.sockeye/reload";

/** The path of the script, below the base. */
export const RELOAD_SCRIPT_PATH: string = "/.sockeye/reload.js";

/**
 * The script, `text/javascript`. All times are those of the server: `seen` is the moment up to which the page is up to
 * date, at first its age subtracted from the time of the first message. So what changed between the request for the
 * page and the first message is noticed, and a page can never reload twice for one change, even out of a cache.
 *
 * A hidden page is not connected, since a browser has six connections for a server. A frame reloads with its page.
 */
export const RELOAD_SCRIPT: string = `(() => {
  // Not by the property, which goes through <base>.
  const url = new URL("reload", new URL(document.currentScript.getAttribute("src"), location));
  if (window.frameElement) return;
  const loading = new Set();
  let source;
  let seen;

  const connect = () => {
    const age = performance.now();
    source = new EventSource(url);
    source.onmessage = ({ data }) => {
      const { now, page, style } = JSON.parse(data);
      seen ??= now - age;
      const isReloading = page > seen || (style > seen && !replaceStyles(style));
      seen = Math.max(seen, page, style);
      if (isReloading) location.reload();
    };
  };

  // Whether it could be done: style sheets that came in another way are only found again by loading the page.
  const replaceStyles = (version) => {
    for (const link of loading) link.remove();
    loading.clear();
    const links = [...document.querySelectorAll("link[rel~=stylesheet i][href]:not([disabled])")]
      .filter(({ href }) => href.startsWith(location.origin + "/"));
    const hasImports = [...document.querySelectorAll("style")].some(({ textContent }) => textContent.includes("@import"));
    if (links.length === 0 || hasImports || document.adoptedStyleSheets?.length > 0 || window.length > 0) return false;
    for (const link of links) replaceStyle(link, version);
    return true;
  };

  // The old one holds until the new one is there. With another address for the same link it need not.
  const replaceStyle = (link, version) => {
    const next = link.cloneNode();
    const href = new URL(link.href);
    href.searchParams.set("sockeye", version);
    next.href = href;
    const finish = () => {
      loading.delete(next);
      if (next.isConnected) link.remove();
    };
    next.addEventListener("load", finish);
    next.addEventListener("error", finish);
    loading.add(next);
    link.after(next);
  };

  const follow = () => {
    source?.close();
    if (!document.hidden) connect();
  };
  document.addEventListener("visibilitychange", follow);
  follow();
})();
`;

/** What stands between tags: white space, comments, and what the parser takes for comments, such as `<?xml?>`. */
const IGNORED = /[\t\n\f\r ]+|<!--(?:-?>|[^]*?--!?>)|<\?[^>]*>|<!(?!--|doctype)[^>]*>/iy;

const ATTRIBUTE =
  /[^\t\n\f\r />"'=<]+(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"[^"]*"|'[^']*'|[^\t\n\f\r "'=<>`]+(?=[\t\n\f\r >])))?/;
/** A tag that is written by the rules: in any other one a quote could reach far into the page. */
const startTag = (name: string) =>
  new RegExp(`<${name}(?:[\\t\\n\\f\\r /]+${ATTRIBUTE.source})*[\\t\\n\\f\\r /]*>`, "iy");

/** What stands before the content of the head, in this order; each may be absent. */
const BEFORE_HEAD: readonly RegExp[] = [/<!doctype[^>]*>/iy, startTag("html"), startTag("head")];

/** One character per byte, so that an index is an offset. */
const BYTES_DECODER = new TextDecoder("windows-1252", { ignoreBOM: true });
const UTF8_MARK = "\u00ef\u00bb\u00bf";
const ENCODER = new TextEncoder();

/**
 * Tells whether a page is asked for as a browser asks for what it will show. What a script fetches must stay as it is:
 * a part of a page, say, whose first element is put into another page.
 *
 * @param accept The value of `Accept`; browsers name XHTML when they load a page or a frame.
 */
export function isPageRequest(accept: string | undefined): boolean {
  return accept !== undefined && accept.includes("application/xhtml+xml");
}

/**
 * Puts the script into a page.
 *
 * @param html A document or a fragment, in any encoding that contains ASCII; UTF-16 is left alone.
 * @param base What stands in front of the paths of the site, without a final slash; empty where there is nothing.
 * @returns The page with the tag of the script; the same for the same page and base.
 */
export function injectReloadScript(html: Uint8Array, base = ""): Uint8Array<ArrayBuffer> {
  if (isUtf16(html)) return new Uint8Array(html);
  const script = ENCODER.encode(`<script async src="${escape(base + RELOAD_SCRIPT_PATH)}"></script>`);
  const at = findHead(BYTES_DECODER.decode(html));
  const bytes = new Uint8Array(html.length + script.length);
  bytes.set(html.subarray(0, at));
  bytes.set(script, at);
  bytes.set(html.subarray(at), at + script.length);
  return bytes;
}

/** The end of what stands before the content of the head. */
function findHead(text: string): number {
  let at = text.startsWith(UTF8_MARK) ? UTF8_MARK.length : 0;
  for (const part of BEFORE_HEAD) {
    let start = at;
    for (let end = matchAt(IGNORED, text, start); end !== undefined; end = matchAt(IGNORED, text, start)) start = end;
    at = matchAt(part, text, start) ?? at;
  }
  return at;
}

/** The end of a match that begins just there. */
function matchAt(expression: RegExp, text: string, start: number): number | undefined {
  expression.lastIndex = start;
  return expression.test(text) ? expression.lastIndex : undefined;
}

/** By its byte order mark: without one a browser does not take it for UTF-16 either. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
}
