/** Live reload in a real browser: the script of `live_reload.ts` with the stream of `reload_feed.ts`. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  injectReloadScript,
  isPageRequest,
  RELOAD_PATH,
  RELOAD_SCRIPT,
  RELOAD_SCRIPT_PATH,
} from "../../src/live_reload.ts";
import { ReloadFeed } from "../../src/reload_feed.ts";
import { addChanges, changedAtStart } from "../../src/site_change.ts";
import type { DevTools, Tab } from "../chromium.ts";
import { testInBrowser } from "../chromium.ts";

const PATIENCE_MS = 20_000;

/** A file of the site. */
interface SiteFile {
  readonly type: "html" | "css";
  readonly content: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** A small server with files in memory, which tells open pages of their changes. */
class Site implements AsyncDisposable {
  readonly files = new Map<string, SiteFile>();
  /** The paths that were asked for, in their order. */
  readonly requests: string[] = [];
  isInjecting = true;
  readonly #base: string;
  #changes = changedAtStart(Date.now());
  #feed = new ReloadFeed(this.#changes);
  #server: Deno.HttpServer<Deno.NetAddr>;
  #notify = () => {};
  /** What is answered later. */
  readonly #held = new Map<string, PromiseWithResolvers<void>>();

  constructor(base = "") {
    this.#base = base;
    this.#server = this.#serve(0);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Number of pages that are connected. */
  get readers(): number {
    return this.#feed.readers;
  }

  set(path: string, type: SiteFile["type"], content: string, fields = {}): void {
    this.files.set(this.#base + path, { type, content, fields });
  }

  /** Answers requests for a path only when it is let go. */
  hold(path: string): void {
    this.#held.set(this.#base + path, Promise.withResolvers());
  }

  letGo(path: string): void {
    this.#held.get(this.#base + path)?.resolve();
    this.#held.delete(this.#base + path);
  }

  /** Tells of a change. */
  change(...paths: string[]): void {
    this.#changes = addChanges(this.#changes, paths, Date.now());
    this.#feed.publish(this.#changes);
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request === this.#base + path).length;
  }

  /** Waits until a page is connected that was not before. */
  async connected(connect: () => unknown): Promise<void> {
    const start = this.requests.length;
    await connect();
    await this.until(() => this.requests.includes(this.#base + RELOAD_PATH, start) && this.readers > 0);
  }

  /** Waits until a page is loaded again and connected. */
  async loadedAgain(tab: Tab, path: string, change: () => unknown): Promise<void> {
    const start = this.requests.length;
    await change();
    await this.until(() => {
      const at = this.requests.indexOf(this.#base + path, start);
      return at >= 0 && this.requests.includes(this.#base + RELOAD_PATH, at) && this.readers > 0;
    });
    // The browser hangs where a tab is closed while it loads.
    await pageUntil(tab, `document.readyState === "complete"`);
  }

  /** Waits until something is true that a request, its answer or the end of a stream makes so. */
  async until(isTrue: () => boolean): Promise<void> {
    let isLate = false;
    const alarm = setTimeout(() => {
      isLate = true;
      this.#notify();
    }, PATIENCE_MS);
    try {
      while (!isTrue()) {
        assert(!isLate, `It did not become true: ${isTrue}`);
        await new Promise<void>((resolve) => this.#notify = resolve);
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Ends all streams, as a proxy does that has had enough. */
  cut(): void {
    this.#feed.close();
    this.#feed = new ReloadFeed(this.#changes);
  }

  /** Ends the server and starts another one at the same address. */
  async restart(): Promise<void> {
    const { port } = this.#server.addr;
    this.#feed.close();
    await this.#server.shutdown();
    this.#changes = changedAtStart(Date.now());
    this.#feed = new ReloadFeed(this.#changes);
    this.#server = this.#serve(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed.close();
    for (const { resolve } of this.#held.values()) resolve();
    await this.#server.shutdown();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => this.#answer(request));
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.requests.push(pathname);
    const file = this.files.get(pathname);
    // As a file is read when it is asked for.
    const { isInjecting } = this;
    this.#notify();
    await this.#held.get(pathname)?.promise;
    if (pathname === this.#base + RELOAD_PATH) return this.#stream();
    if (pathname === this.#base + RELOAD_SCRIPT_PATH) return answer("text/javascript", RELOAD_SCRIPT);
    if (pathname === "/favicon.ico") return answer("image/x-icon", "");
    if (file === undefined) return new Response("", { status: 404 });
    const { type, content, fields } = file;
    const isPage = type === "html" && isInjecting && isPageRequest(request.headers.get("accept") ?? undefined);
    return answer(
      `text/${type}`,
      isPage ? injectReloadScript(new TextEncoder().encode(content), this.#base) : content,
      fields,
    );
  }

  #stream(): Response {
    const stream = this.#feed.subscribe();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await stream.next();
        this.#notify();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await stream.return?.();
        this.#notify();
      },
    });
    return answer("text/event-stream", body);
  }
}

function answer(type: string, body: BodyInit, fields: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { headers: { "Content-Type": type, "Cache-Control": "no-cache", ...fields } });
}

/** What is wrong in a tab, apart from streams that ended with the page that read them. */
function problemsOf(tab: Tab): string[] {
  return tab.problems.filter((problem) => !problem.endsWith(RELOAD_PATH));
}

/** Waits in the page until an expression is true. */
function pageUntil(tab: Tab, expression: string): Promise<boolean> {
  return tab.evaluate<boolean>(`new Promise((done) => {
    const look = () => (${expression}) ? done(true) : setTimeout(look, 5);
    look();
  })`);
}

const COLOR = `getComputedStyle(document.body).color`;
const HREFS = `[...document.querySelectorAll("link")].map((link) => link.href).join(" ")`;
const RED = "rgb(255, 0, 0)";
const LIME = "rgb(0, 255, 0)";

testInBrowser("live reload in a browser", async (devtools, t) => {
  for (const [name, check] of CHECKS) {
    await t.step(name, async () => {
      await using site = new Site();
      await using tab = await devtools.openTab(site.origin);
      await check(site, tab);
      assertEquals(problemsOf(tab), []);
    });
  }
  await t.step("below a base path", () => checkBase(devtools));
});

testInBrowser("pages with the script of live reload in a browser", async (devtools, t) => {
  await t.step("they render the same", () => checkRendering(devtools));
  await using site = new Site();
  await using tab = await devtools.openTab(site.origin);
  for (const row of POLICIES) await t.step(`policy: ${row.name}`, () => checkPolicy(site, tab, row));
});

type Check = (site: Site, tab: Tab) => Promise<void>;

const CHECKS: readonly [name: string, check: Check][] = [
  ["a change loads the page again", async (site, tab) => {
    site.set("/", "html", "<p>one");
    await site.connected(() => tab.open("/", "load"));
    site.set("/", "html", "<p>two");
    await site.loadedAgain(tab, "/", () => site.change("index.html"));
    assertEquals(await tab.evaluate("document.body.innerText"), "two");
    site.set("/", "html", "<p>three");
    await site.loadedAgain(tab, "/", () => site.change("index.html", "a.css"));
    assertEquals(await tab.evaluate("document.body.innerText"), "three");
    assertEquals([site.count("/"), site.readers], [3, 1]);
  }],

  ["a change of style sheets loads only these", async (site, tab) => {
    site.set("/", "html", `<link rel="stylesheet" href="a.css?b=c#d"><link rel="STYLESHEET" href="/e.css"><p>x`);
    site.set("/a.css", "css", `@import "imported.css";`);
    site.set("/imported.css", "css", "body { color: red }");
    site.set("/e.css", "css", "");
    await site.connected(() => tab.open("/", "load"));
    await tab.evaluate("window.mark = 1");
    site.set("/imported.css", "css", "body { color: lime }");
    site.hold("/a.css");
    for (let times = 1; times <= 2; times++) {
      site.change("imported.css");
      await site.until(() => site.count("/a.css") === 1 + times);
      await pageUntil(tab, `${HREFS}.match(/sockeye=/g)?.length === 2 && ${HREFS}.split(" ").length === 3`);
      assertEquals(await tab.evaluate(COLOR), RED, "the old one holds until the new one is there");
    }
    site.letGo("/a.css");
    await pageUntil(tab, `${COLOR} === "${LIME}" && document.querySelectorAll("link").length === 2`);
    const pattern = new RegExp(`^${site.origin}/a.css\\?b=c&sockeye=[0-9]+#d ${site.origin}/e.css\\?sockeye=[0-9]+$`);
    assertMatch(await tab.evaluate<string>(HREFS), pattern);
    site.set("/imported.css", "css", "body { color: red }");
    site.change("imported.css");
    await pageUntil(tab, `${COLOR} === "${RED}" && document.querySelectorAll("link").length === 2`);
    assertEquals([site.count("/"), await tab.evaluate("window.mark")], [1, 1]);
  }],

  ["a page with style sheets that came another way is loaded again", async (site, tab) => {
    const link = `<link rel=stylesheet href=a.css>`;
    const adopt = `document.adoptedStyleSheets = [new CSSStyleSheet()]`;
    site.set("/a.css", "css", "");
    const pages = [
      "",
      `${link}<style>@import "a.css"</style>`,
      `${link}<iframe></iframe>`,
      `${link}<script>${adopt}</script>`,
    ];
    for (const page of pages) {
      site.set("/", "html", page);
      await site.connected(() => tab.open("/", "load"));
      await site.loadedAgain(tab, "/", () => site.change("a.css"));
    }
    assertEquals(site.count("/"), 2 * pages.length);
  }],

  ["a hidden page is not connected, and sees what it missed", async (site, tab) => {
    site.set("/", "html", `<link rel=stylesheet href=a.css><p>x`);
    site.set("/a.css", "css", "body { color: red }");
    await site.connected(() => tab.open("/", "load"));
    await show(tab, false);
    await site.until(() => site.readers === 0);
    // Nothing has changed.
    await site.connected(() => show(tab, true));
    await show(tab, false);
    await site.until(() => site.readers === 0);
    site.set("/a.css", "css", "body { color: lime }");
    site.change("a.css");
    await site.connected(() => show(tab, true));
    await pageUntil(tab, `${COLOR} === "${LIME}"`);
    assertEquals(site.count("/"), 1);
    await show(tab, false);
    await site.until(() => site.readers === 0);
    site.change("index.html");
    site.change("a.css");
    await site.loadedAgain(tab, "/", () => show(tab, true));
    assertEquals(site.count("/"), 2);
  }],

  ["a connection that was lost comes back, and the page sees what it missed", async (site, tab) => {
    site.set("/", "html", `<link rel=stylesheet href=a.css><p>x`);
    site.set("/a.css", "css", "body { color: red }");
    await site.connected(() => tab.open("/", "load"));
    await site.connected(() => site.cut());
    site.set("/a.css", "css", "body { color: lime }");
    site.change("a.css");
    await pageUntil(tab, `${COLOR} === "${LIME}"`);
    // Nothing has changed.
    await site.connected(() => site.cut());
    assertEquals(site.count("/"), 1);
    await site.loadedAgain(tab, "/", () => {
      site.cut();
      site.change("index.html");
    });
    assertEquals([site.count("/"), site.count("/a.css")], [2, 3]);
  }],

  ["when the server starts again the page is loaded once", async (site, tab) => {
    site.set("/", "html", `<link rel=icon href=data:,><link rel=stylesheet href=a.css><p>x`);
    site.set("/a.css", "css", "body { color: red }");
    await site.connected(() => tab.open("/", "load"));
    await site.loadedAgain(tab, "/", () => site.restart());
    site.set("/a.css", "css", "body { color: lime }");
    site.change("a.css");
    await pageUntil(tab, `${COLOR} === "${LIME}"`);
    assertEquals(site.count("/"), 2);
  }],

  ["a change between the request for the page and the connection is seen", async (site, tab) => {
    site.set("/", "html", "<p>one");
    site.hold(RELOAD_SCRIPT_PATH);
    await tab.send("Page.navigate", { url: `${site.origin}/` });
    await site.until(() => site.count(RELOAD_SCRIPT_PATH) === 1);
    site.set("/", "html", "<p>two");
    site.change("index.html");
    await site.loadedAgain(tab, "/", () => site.letGo(RELOAD_SCRIPT_PATH));
    assertEquals(await tab.evaluate("document.body.innerText"), "two");
  }],

  ["a page out of a cache is loaded again once for a change", async (site, tab) => {
    const immutable = { "Cache-Control": "max-age=3600, immutable" };
    site.set("/", "html", `<link rel=stylesheet href=a.css><p>x`, immutable);
    site.set("/a.css", "css", "body { color: red }");
    await site.connected(() => tab.open("/", "load"));
    await site.loadedAgain(tab, "/", () => site.change("index.html"));
    site.set("/a.css", "css", "body { color: lime }");
    site.change("a.css");
    await pageUntil(tab, `${COLOR} === "${LIME}"`);
    assertEquals(site.count(RELOAD_PATH), 2);
  }],

  ["a frame is loaded again with its page, and not connected", async (site, tab) => {
    site.set("/", "html", `<iframe src="frame.html"></iframe>`);
    site.set("/frame.html", "html", "<p>one");
    await site.connected(() => tab.open("/", "load"));
    site.set("/frame.html", "html", "<p>two");
    await site.loadedAgain(tab, "/", () => site.change("frame.html"));
    await pageUntil(tab, `frames[0].document.body?.innerText === "two"`);
    assertEquals([site.readers, site.count(RELOAD_PATH), site.count("/frame.html")], [1, 2, 2]);
  }],

  ["neither what a script of the site fetches nor what it finds is changed", async (site, tab) => {
    const find = `fetch("part.html").then((response) => response.text()).then((part) => [part, Object.keys(window)])`;
    site.set("/", "html", "<p>x");
    site.set("/part.html", "html", "<p>part");
    site.isInjecting = false;
    await tab.open("/", "load");
    const expected = await tab.evaluate<[string, string[]]>(find);
    site.isInjecting = true;
    await site.connected(() => tab.open("/", "load"));
    assertEquals(await tab.evaluate<[string, string[]]>(find), expected);
  }],
];

async function checkBase(devtools: DevTools): Promise<void> {
  await using site = new Site("/some/prefix");
  await using tab = await devtools.openTab(site.origin);
  site.set("/a/", "html", `<base href="http://127.0.0.1:9/elsewhere/"><p>x`);
  await site.connected(() => tab.open("/some/prefix/a/", "load"));
  await site.loadedAgain(tab, "/a/", () => site.change("a/index.html"));
  assertEquals([site.count("/a/"), problemsOf(tab)], [2, []]);
}

/** Shows or hides the window of a tab. */
async function show(tab: Tab, isShown: boolean): Promise<void> {
  const { windowId } = await tab.send("Browser.getWindowForTarget");
  await tab.send("Browser.setWindowBounds", { windowId, bounds: { windowState: isShown ? "normal" : "minimized" } });
}

/** Pages that could be rendered differently with a tag too much. */
const PAGES: readonly string[] = [
  `<!doctype html>\n<html lang="en" class="a">\n<head prefix="og: x">\n<meta charset="utf-8">\n<title>é</title>\n</head>\n<body class="b">\n<p>x</p>\n</body>\n</html>\n`,
  `<html><p>quirks`,
  `<!-- a --><!doctype html><p>standards`,
  `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>x</body></html>`,
  `<!doctype html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd"><p>nearly quirks`,
  `<p>a fragment`,
  `  text`,
  ``,
  `\ufeff<!doctype html><title>é</title>é`,
  `<!doctype html><style>p:last-child { color: red } body:empty { color: lime }</style><body><p>x</p></body>`,
  `<!doctype html><body><script>document.write("<p>written")</script><!-- open`,
  `<!doctype html><title>x</title><textarea>open`,
  `<!doctype html><p>x<plaintext>open`,
  `<!doctype html><script>"open"`,
  `<html><head><title>x</title></head><frameset cols="*,*"><frame><frame></frameset></html>`,
  `<!doctype html><html foo"bar><body title='"><head>'>x`,
  `<!doctype html><!--${"x".repeat(970)}--><meta charset="utf-8"><p>é`,
  `<!doctype html><meta charset="windows-1251"><p>\u00e9`,
];

/** What a page is, without the tag in its head. */
const RENDERED = `JSON.stringify([
  document.compatMode, document.characterSet, document.doctype?.publicId, document.title,
  [...document.documentElement.attributes].map(({ name, value }) => name + "=" + value),
  [...document.head.attributes].map(({ name, value }) => name + "=" + value),
  document.body.outerHTML, document.body.innerText, getComputedStyle(document.body).color,
  [...document.querySelectorAll("p")].map((p) => getComputedStyle(p).color + p.getBoundingClientRect().top),
])`;

async function checkRendering(devtools: DevTools): Promise<void> {
  await using site = new Site();
  await using tab = await devtools.openTab(site.origin);
  for (const page of PAGES) {
    site.set("/", "html", page);
    site.isInjecting = false;
    await tab.open("/", "load");
    const expected = await tab.evaluate<string>(RENDERED);
    site.isInjecting = true;
    await site.connected(() => tab.open("/", "load"));
    assertEquals(await tab.evaluate<string>(RENDERED), expected, page);
    assertEquals(await tab.evaluate(`document.head.querySelectorAll("script[src$='reload.js']").length`), 1, page);
  }
  assertEquals(problemsOf(tab), []);
}

/** A content security policy, and whether pages under it are loaded again. */
interface PolicyRow {
  readonly name: string;
  readonly header?: string;
  readonly meta?: string;
  readonly isConnected: boolean;
}

const POLICIES: readonly PolicyRow[] = [
  {
    name: "strict",
    header: "default-src 'self'; base-uri 'none'; require-trusted-types-for 'script'",
    isConnected: true,
  },
  {
    name: "as little as it takes",
    header: "default-src 'none'; script-src 'self'; connect-src 'self'",
    isConnected: true,
  },
  { name: "no scripts", header: "default-src 'none'", isConnected: false },
  { name: "no connections", header: "script-src 'self'; connect-src 'none'", isConnected: false },
  { name: "strict, in the page", meta: "default-src 'self'", isConnected: true },
  { name: "no scripts, in the page: the tag stands before it", meta: "script-src 'none'", isConnected: true },
];

async function checkPolicy(site: Site, tab: Tab, { header, meta, isConnected }: PolicyRow): Promise<void> {
  const policy = meta === undefined ? "" : `<meta http-equiv="Content-Security-Policy" content="${meta}">`;
  const fields = header === undefined ? {} : { "Content-Security-Policy": header };
  site.set("/", "html", `<!doctype html><html><head>${policy}<title>x</title></head><body>x</body></html>`, fields);
  site.requests.length = 0;
  tab.problems.length = 0;
  if (isConnected) {
    await site.connected(() => tab.open("/", "load"));
    await site.loadedAgain(tab, "/", () => site.change("index.html"));
    assertEquals([site.count("/"), problemsOf(tab)], [2, []]);
  } else {
    await tab.open("/", "load");
    assertEquals([site.count(RELOAD_PATH), await tab.evaluate("document.body.innerText")], [0, "x"]);
    assert(tab.problems.some((problem) => problem.includes("Content Security Policy")), tab.problems.join("\n"));
  }
}
