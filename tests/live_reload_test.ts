/** `live_reload.ts`: where the script goes in a page, and for whom. HTML Standard sections 13.2.5 and 13.2.6.4. */

import { assert, assertEquals } from "@std/assert";
import {
  injectReloadScript,
  isPageRequest,
  RELOAD_PATH,
  RELOAD_SCRIPT,
  RELOAD_SCRIPT_PATH,
} from "../src/live_reload.ts";

const TAG = `<script async src="/.sockeye/reload.js"></script>`;

/** `|` marks the place. */
const PLACES: readonly [name: string, page: string][] = [
  ["a whole document", `<!doctype html>\n<html lang="en">\n<head>|\n<title>x</title></head><body></body></html>`],
  ["upper case", `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://x/">\r\n<HTML>\r\n<HEAD>|<TITLE>`],
  ["no head", `<!doctype html><html lang=en>|<body>`],
  ["no html", `<!doctype html>\n<head>|<title>x</title>`],
  ["neither", `<!doctype html>|\n<title>x</title><p>`],
  ["only the doctype", `<!doctype html>|`],
  ["no doctype", `<html><head>|<title>`],
  ["a fragment", `|<p>x</p>`],
  ["text", `|x <!doctype html>`],
  ["white space and text", `|\n x`],
  ["nothing", `|`],
  ["a mark of UTF-8", `\ufeff<!doctype html>|<p>`],
  ["a mark of UTF-8 and a fragment", `\ufeff|<p>`],
  ["space, comments and an XML declaration in front", ` <?xml version="1.0"?>\n<!-- a > b -->\t<!doctype html>|\n<p>`],
  ["comments between", `<!-- 1 --><!doctype html><!-- 2 --><html><!-- 3 --><head>|<!-- 4 -->`],
  ["a comment and no head", `|<!-- <head> --><body>`],
  ["comments that end at once", `<!--><!doctype html><!---><html>|<p>-->`],
  ["a comment that ends in --!>", `<!-- a --!><!doctype html>|<p>-->`],
  ["a comment in a comment", `<!-- <!-- --><!doctype html>|<p>-->`],
  ["an open comment", `|<!-- <!doctype html><html><head>`],
  ["a comment behind the first ones is not reached for", `|<!-- a --><p><!-- b --><!doctype html><html><head>`],
  ["what is taken for a comment", `<!x><!doctype html><![CDATA[x]]><html>|<p>`],
  ["an end tag makes the doctype void", `|</p><!doctype html><head>`],
  ["a second doctype is void", `<!doctype html>|<!doctype html><head>`],
  ["an open doctype", `|<!doctype html`],
  ["attributes", `<!doctype html><html  a b = 'x>' c="/>" data-d=/e/ @f :g=h/>\n<head prefix="og: x">|<p>`],
  ["attributes that break the rules", `<!doctype html>|<html a"b><p>"><head>`],
  ["a quote in a value", `<!doctype html>|<html a=b"c><head>`],
  ["an open tag", `<!doctype html>|<html a="`],
  ["other tags", `<!doctype html>|<html-x><header>`],
  ["a header is no head", `<!doctype html><html>|<header>`],
  ["other encodings", `<!doctype html><html title="é\u{1f41f}"><!-- é --><head>|<title>é`],
  ["a script that speaks of a head", `<!doctype html>|<script>"<html><head>"</script>`],
  ["frames", `<html><head>|</head><frameset><frame></frameset>`],
];

const encode = (text: string) => new TextEncoder().encode(text);

for (const [name, page] of PLACES) {
  Deno.test(`injectReloadScript: ${name}`, () => {
    const html = encode(page.replace("|", ""));
    const before = html.slice();
    assertEquals(injectReloadScript(html), encode(page.replace("|", TAG)));
    assertEquals(html, before, "the page itself is not touched");
  });
}

Deno.test("injectReloadScript keeps every byte", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const html = new Uint8Array([...encode("<!doctype html>"), ...bytes]);
  const expected = new Uint8Array([...encode(`<!doctype html>${TAG}`), ...bytes]);
  assertEquals(injectReloadScript(html), expected);
});

for (const [name, mark] of [["little endian", [0xff, 0xfe]], ["big endian", [0xfe, 0xff]]] as const) {
  Deno.test(`injectReloadScript leaves UTF-16 alone, ${name}`, () => {
    const html = new Uint8Array([...mark, ...encode("<\0p\0>\0")]);
    assertEquals(injectReloadScript(html), html);
  });
}

Deno.test("injectReloadScript takes the base into the reference, and never out of it", () => {
  const inject = (base: string) => new TextDecoder().decode(injectReloadScript(encode("<p>"), base));
  assertEquals(inject("/a/b"), `<script async src="/a/b/.sockeye/reload.js"></script><p>`);
  assertEquals(inject(`/"><p>`), `<script async src="/&quot;&gt;&lt;p&gt;/.sockeye/reload.js"></script><p>`);
});

Deno.test("injectReloadScript takes time linear in the page", () => {
  const hostile = [
    "<!--".repeat(250_000),
    " ".repeat(1_000_000),
    "<!---->".repeat(150_000),
    `<html ${"a=b/c ".repeat(150_000)}"`,
    `<html ${"/".repeat(1_000_000)}"`,
    `<html a${" ".repeat(1_000_000)}"`,
  ];
  const startMs = performance.now();
  for (const page of hostile) injectReloadScript(encode(page));
  const tookMs = performance.now() - startMs;
  assert(tookMs < 5_000, `${tookMs} ms`);
});

const ACCEPTS: readonly [name: string, accept: string | undefined, isPage: boolean][] = [
  ["Chromium", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true],
  ["Firefox, Safari", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
  ["Turbo", "text/html, application/xhtml+xml", true],
  ["fetch, curl", "*/*", false],
  ["htmx, jQuery", "text/html, */*; q=0.01", false],
  ["an image", "image/avif,image/webp,image/apng,image/svg+xml,*/*;q=0.8", false],
  ["nothing", undefined, false],
];

for (const [name, accept, isPage] of ACCEPTS) {
  Deno.test(`isPageRequest: ${isPage ? "yes" : "no"} to ${name}`, () => assertEquals(isPageRequest(accept), isPage));
}

Deno.test("RELOAD_SCRIPT finds the stream beside itself", () => {
  assertEquals(new URL("reload", `http://a/b${RELOAD_SCRIPT_PATH}`).pathname, `/b${RELOAD_PATH}`);
  assert(RELOAD_SCRIPT.includes(`new URL("reload", new URL(document.currentScript.getAttribute("src"), location))`));
});
