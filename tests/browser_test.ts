/**
 * The sample site in `www/`, served by the real command and opened in a real browser.
 *
 * The browser is Debian's `chromium`, spoken to directly over the DevTools protocol: that takes no library and no
 * permission beyond what the other tests have. Where there is no such browser, the test is skipped.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import axe from "npm:axe-core@4.14.1/axe.min.js" with { type: "text" };
import { isGranted, testWith } from "./permissions.ts";

const ROOT = new URL("../", import.meta.url);
const WWW = new URL("www/", ROOT);
const NAME = "the sample site in a browser";
const PATIENCE = 60_000; // A run takes a few seconds; this only keeps a broken one from hanging.

/** Where a browser may be; the first that exists is used. */
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const mayRead = isGranted("read");
const browser = mayRead ? BROWSERS.find(exists) : undefined;

if (mayRead && browser === undefined) {
  Deno.test.ignore(`${NAME} (needs chromium)`, () => {});
} else {
  testWith(["net", "read", "run", "write"], NAME, run);
}

async function run(t: Deno.TestContext): Promise<void> {
  assert(browser !== undefined);
  await using server = await Program.start(
    Deno.execPath(),
    ["run", "--no-prompt", "--allow-net", "--allow-read", "main.ts", "-p", "0", "-h", "127.0.0.1", "-r", "www"],
    "stdout",
    /http:\/\/127\.0\.0\.1:\d+/,
    "SIGTERM",
  );
  const origin = server.found;
  await using profile = await TempDir.create();
  await using chromium = await Program.start(
    browser,
    [
      "--headless",
      "--no-sandbox", // needed where tests run as root; it opens no page but ours
      "--no-zygote",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-breakpad",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      "--no-proxy-server",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile.path}`,
      "about:blank",
    ],
    "stderr",
    /ws:\/\/127\.0\.0\.1:\d+\/devtools\/browser\/[\w-]+/,
    "SIGKILL",
  );
  await using devtools = await DevTools.connect(chromium);

  // From the first page on, follow every link.
  const pages = new Set(["/"]);
  const links = new Map<string, string>();
  for (const path of pages) {
    const passed = await t.step(`page ${path}`, async () => {
      for (const { href, expect } of await checkPage(devtools, origin, path)) {
        assert(href.startsWith(origin), `${path} links to another site: ${href}`);
        const target = href.slice(origin.length).replace(/#.*/, "");
        assertEquals(links.get(target) ?? expect, expect, `two expectations for ${target}`);
        if (links.has(target)) continue;
        links.set(target, expect);
        const next = await checkLink(origin, target, expect);
        if (next !== undefined && ![...pages].some((page) => sameFile(page, next))) pages.add(next);
      }
    });
    if (!passed) return;
  }
  assert(pages.size >= 5, `only ${pages.size} pages were found`);

  await t.step("every page shows its text with JavaScript off", async () => {
    await Promise.all([...pages].map((path) => checkWithoutScript(devtools, origin, path)));
  });
  await t.step("scripts add the panel, the true address and the sum", () => checkScripts(devtools, origin));
  await t.step("data/site.json tells the truth about every file", () => checkSiteMap(origin));
}

/** Loads a page once and looks at it in all the ways that need scripts; answers with its links. */
async function checkPage(devtools: DevTools, origin: string, path: string): Promise<Link[]> {
  await using tab = await devtools.openTab(origin);
  await tab.open(path, "networkIdle");

  assertEquals(await tab.evaluate<number>(`document.querySelectorAll("main, h1").length`), 2, "one main and one h1");
  const light = await tab.evaluate<number>(BRIGHTNESS);
  await tab.evaluate(`${axe}; 0`);
  assertEquals(await tab.evaluate<string[]>(AXE), [], "accessibility, light");

  await tab.emulate("dark");
  const dark = await tab.evaluate<number>(BRIGHTNESS);
  assert(light > 200 && dark < 60, `brightness of the background: ${light} light, ${dark} dark`);
  assertEquals(await tab.evaluate<string[]>(AXE), [], "accessibility, dark");

  for (const width of [360, 320]) {
    await tab.resize(width);
    assertEquals(await tab.evaluate<string[]>(wider(width)), [], `wider than ${width} px`);
  }
  assertEquals(await tab.evaluate<string[]>(AXE), [], "accessibility, narrow");
  assertEquals(tab.problems, []);
  return await tab.evaluate<Link[]>(LINKS);
}

/** Asks for the target of a link; answers with its path if it is one more page to look at. */
async function checkLink(origin: string, target: string, expect: string): Promise<string | undefined> {
  const response = await fetch(origin + target, { redirect: "manual" });
  await response.arrayBuffer();
  if (expect === "redirect") {
    assert([301, 302, 307, 308].includes(response.status), `${target} answers ${response.status}, not a redirect`);
    const location = new URL(response.headers.get("location") ?? "", origin + target);
    const { pathname, search } = new URL(origin + target);
    assertEquals(location.href, `${origin}${pathname}/${search}`);
    return location.pathname + location.search;
  }
  assertEquals(String(response.status), expect, target);
  const isPage = response.ok && response.headers.get("content-type")?.startsWith("text/html");
  return isPage ? target : undefined;
}

/** Whether two paths are two spellings of one page. */
function sameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => decodeURI(path).replace(/\/index\.html$/, "/"));
  return one === other;
}

async function checkWithoutScript(devtools: DevTools, origin: string, path: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.send("Emulation.setScriptExecutionDisabled", { value: true });
  await tab.open(path, "load");
  const seen = await tab.evaluate<string>(`document.querySelector("main").innerText`);
  assert(seen.length > 200, `${path} shows only: ${seen}`);
  const useless = await tab.evaluate<number>(
    `[...document.querySelectorAll("button, select, form")].filter((e) => e.checkVisibility()).length`,
  );
  assertEquals(useless, 0, `${path} shows controls that need scripts`);
  assertEquals(tab.problems, []);
}

async function checkScripts(devtools: DevTools, origin: string): Promise<void> {
  await using tab = await devtools.openTab(origin);
  await tab.open("/", "networkIdle");
  const panel = await tab.evaluate<string>(`document.querySelector("#live").innerText`);
  assertStringIncludes(panel, "200");
  assertMatch(panel, /content-type\s+application\/json/);
  for (const command of await tab.evaluate<string[]>(COMMANDS)) assertStringIncludes(command, origin);
  await tab.open("/files/", "networkIdle");
  assertStringIncludes(await tab.evaluate<string>(`document.querySelector("#sum").innerText`), "40 + 2 = 42");
  assertEquals(tab.problems, []);
}

async function checkSiteMap(origin: string): Promise<void> {
  const { paths } = JSON.parse(await Deno.readTextFile(new URL("data/site.json", WWW))) as {
    paths: { path: string; answer: number | "redirect"; type?: string }[];
  };
  for (const { path, answer, type } of paths) {
    const response = await fetch(origin + path, { method: "HEAD", redirect: "manual" });
    const status = response.headers.has("location") ? "redirect" : response.status;
    assertEquals(status, answer, path);
    if (type !== undefined) assertEquals(response.headers.get("content-type")?.split(";")[0], type, path);
  }
  const told = paths.filter(({ answer }) => answer === 200).map(({ path }) => path).toSorted();
  assertEquals(told, servedPaths(WWW).toSorted());
}

/** The paths of all files in a folder that a browser can get, percent-encoded. */
function servedPaths(folder: URL, under = "/"): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") && name !== ".well-known") return [];
    const path = under + encodeURIComponent(name);
    if (isDirectory) return servedPaths(new URL(`${encodeURIComponent(name)}/`, folder), `${path}/`);
    return [name === "index.html" ? under : path];
  });
}

// What is evaluated in the page.

interface Link {
  readonly href: string;
  readonly expect: string;
}

const LINKS = `[...document.links].map((a) => ({ href: a.href, expect: a.dataset.expect ?? "200" }))`;
const COMMANDS = `[...document.querySelectorAll(".cmd pre")].map((pre) => pre.innerText)`;
const BRIGHTNESS =
  `Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))`;
const AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html + " " + node.failureSummary)))`;

function wider(width: number): string {
  return `document.documentElement.scrollWidth <= ${width} ? [] : [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > ${width}).map((e) => e.outerHTML.slice(0, 120))`;
}

/** A program that runs until it is disposed of. */
class Program implements AsyncDisposable {
  /** What the program printed to say that it is ready. */
  readonly found: string;
  readonly #child: Deno.ChildProcess;
  readonly #signal: Deno.Signal;
  readonly #output: Promise<unknown>;
  readonly #alarm: ReturnType<typeof setTimeout>;

  private constructor(child: Deno.ChildProcess, found: string, signal: Deno.Signal, output: Promise<unknown>) {
    this.#child = child;
    this.found = found;
    this.#signal = signal;
    this.#output = output;
    this.#alarm = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  }

  /** Starts a program and waits until one of its two outputs says what `ready` looks for. */
  static async start(
    path: string,
    args: string[],
    where: "stdout" | "stderr",
    ready: RegExp,
    signal: Deno.Signal,
  ): Promise<Program> {
    const command = new Deno.Command(path, { args, cwd: ROOT, stdin: "null", stdout: "piped", stderr: "piped" });
    const child = command.spawn();
    const alarm = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    let text = "";
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, watched: boolean) => {
      let part = "";
      for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
        text += piece;
        part += piece;
        const match = watched ? ready.exec(part) : null;
        if (match !== null) resolve(match[0]);
      }
    };
    const output = Promise.all([read(child.stdout, where === "stdout"), read(child.stderr, where === "stderr")]);
    const found = await Promise.race([promise, output.then(() => undefined)]);
    clearTimeout(alarm);
    if (found === undefined) {
      await child.status;
      throw new Error(`${path} ended before it was ready. It said:\n${text}`);
    }
    return new Program(child, found, signal, output);
  }

  /** Waits for the end of a program that was asked to end in another way. */
  async ended(): Promise<void> {
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill(this.#signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    const { signal } = await this.#child.status;
    await this.#output;
    clearTimeout(this.#alarm);
    assert(signal !== "SIGKILL" || this.#signal === "SIGKILL", "the program had to be killed");
  }
}

class TempDir implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TempDir> {
    return new TempDir(await Deno.makeTempDir({ prefix: "sockeye-browser-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly sessionId?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

type Listener = (method: string, params: Record<string, unknown>) => void;

/** A connection to the browser by the DevTools protocol. */
class DevTools implements AsyncDisposable {
  readonly #program: Program;
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #listeners = new Map<string, Listener>();
  #lastId = 0;

  private constructor(program: Program, socket: WebSocket) {
    this.#program = program;
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data) as Reply);
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has gone"));
      for (const listener of this.#listeners.values()) listener("gone", {});
      resolve();
    };
  }

  static async connect(program: Program): Promise<DevTools> {
    const socket = new WebSocket(program.found);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`no connection to ${program.found}`));
    await promise;
    return new DevTools(program, socket);
  }

  #receive(reply: Reply): void {
    if (reply.id === undefined) {
      this.#listeners.get(reply.sessionId ?? "")?.(reply.method ?? "", reply.params ?? {});
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.error !== undefined) waiting?.reject(new Error(reply.error.message));
    else waiting?.resolve(reply.result ?? {});
  }

  send(method: string, params?: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return waiting.promise;
  }

  listen(sessionId: string, listener: Listener): void {
    this.#listeners.set(sessionId, listener);
  }

  forget(sessionId: string): void {
    this.#listeners.delete(sessionId);
  }

  /** Opens a tab that shares no cache with the others. */
  async openTab(origin: string): Promise<Tab> {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, String(sessionId), String(browserContextId), origin);
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await tab.send(`${domain}.enable`);
    await tab.send("Page.setLifecycleEventsEnabled", { enabled: true });
    await tab.emulate("light");
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.send("Browser.close");
    await this.#closed;
    await this.#program.ended();
  }
}

/** One tab, which keeps a list of all that went wrong in it. */
class Tab implements AsyncDisposable {
  readonly problems: string[] = [];
  readonly #devtools: DevTools;
  readonly #sessionId: string;
  readonly #contextId: string;
  readonly #origin: string;
  readonly #urls = new Map<unknown, string>();
  readonly #reached = new Set<string>();
  #notify = () => {};

  constructor(devtools: DevTools, sessionId: string, contextId: string, origin: string) {
    this.#devtools = devtools;
    this.#sessionId = sessionId;
    this.#contextId = contextId;
    this.#origin = origin;
    devtools.listen(sessionId, (method, params) => this.#happened(method, params));
  }

  // deno-lint-ignore no-explicit-any -- the shapes of the protocol's events are not worth typing here
  #happened(method: string, params: any): void {
    switch (method) {
      case "gone":
        this.#reached.add("gone");
        return this.#notify();
      case "Page.lifecycleEvent":
        this.#reached.add(`${params.loaderId} ${params.name}`);
        return this.#notify();
      case "Network.requestWillBeSent": {
        const { url } = params.request;
        this.#urls.set(params.requestId, url);
        if (!url.startsWith(this.#origin)) this.problems.push(`request to another site: ${url}`);
        return;
      }
      case "Network.responseReceived":
        if (params.response.status >= 400) this.problems.push(`${params.response.status} ${params.response.url}`);
        return;
      case "Network.loadingFailed":
        this.problems.push(`${params.errorText}: ${this.#urls.get(params.requestId)}`);
        return;
      case "Runtime.exceptionThrown":
        this.problems.push(`exception: ${params.exceptionDetails.exception?.description}`);
        return;
      case "Runtime.consoleAPICalled":
        if (params.type === "error" || params.type === "warning") {
          this.problems.push(`console: ${params.args.map((arg: { value?: unknown }) => arg.value).join(" ")}`);
        }
        return;
      case "Log.entryAdded":
        if (params.entry.level === "error") this.problems.push(`log: ${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }

  send(method: string, params?: object): Promise<Record<string, unknown>> {
    return this.#devtools.send(method, params, this.#sessionId);
  }

  /** Opens a page and waits until it has got as far as `event`. */
  async open(path: string, event: "load" | "networkIdle"): Promise<void> {
    const { loaderId, errorText } = await this.send("Page.navigate", { url: this.#origin + path });
    assertEquals(errorText, undefined, path);
    while (!this.#reached.has(`${loaderId} ${event}`)) {
      assert(!this.#reached.has("gone"), "the browser has gone");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#notify = resolve;
      await promise;
    }
  }

  async emulate(scheme: "light" | "dark"): Promise<void> {
    const features = [
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ];
    await this.send("Emulation.setEmulatedMedia", { features });
  }

  async resize(width: number): Promise<void> {
    const metrics = { width, height: 740, deviceScaleFactor: 1, mobile: true };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
    await this.evaluate(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))`);
  }

  async evaluate<T>(expression: string): Promise<T> {
    const reply = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = reply as {
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    };
    assertEquals(exceptionDetails?.exception?.description, undefined);
    return result.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#devtools.forget(this.#sessionId);
    await this.#devtools.send("Target.disposeBrowserContext", { browserContextId: this.#contextId });
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
