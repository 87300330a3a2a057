/**
 * Debian's `chromium` for tests, spoken to directly over the DevTools protocol: that takes no library and no permission
 * beyond what the other tests have.
 */

import { assert, assertEquals } from "@std/assert";
import { testWithProgram } from "./permissions.ts";

const ROOT = new URL("../", import.meta.url);
const PATIENCE = 180_000; // A run takes some seconds; this only keeps a broken one from hanging.

/** Where a browser may be; the first that exists is used. */
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Registers a test in a browser. Where there is none it is ignored.
 *
 * @param name The name of the test.
 * @param fn The test; the browser ends with it.
 */
export function testInBrowser(name: string, fn: (devtools: DevTools, t: Deno.TestContext) => Promise<void>): void {
  testWithProgram(BROWSERS, name, async (path, t) => {
    await using profile = await TempDir.create();
    await using chromium = await startBrowser(path, profile.path);
    await using devtools = await DevTools.connect(chromium);
    await fn(devtools, t);
  });
}

/**
 * Starts the command of the project on a free port.
 *
 * @param args Its arguments beside port and address.
 * @param permissions What it may do beside using the network and reading.
 * @returns The process; `found` is its origin.
 */
export function startServer(args: readonly string[], permissions: readonly string[] = []): Promise<Program> {
  return Program.start(
    Deno.execPath(),
    [
      "run",
      "--no-prompt",
      "--allow-net",
      "--allow-read",
      ...permissions,
      "main.ts",
      "-p",
      "0",
      "-h",
      "127.0.0.1",
      ...args,
    ],
    "stdout",
    /http:\/\/127\.0\.0\.1:\d+/,
    "SIGTERM",
  );
}

function startBrowser(path: string, profile: string): Promise<Program> {
  return Program.start(
    path,
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
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    "stderr",
    /ws:\/\/127\.0\.0\.1:\d+\/devtools\/browser\/[\w-]+/,
    "SIGKILL",
  );
}

/** Largest of the three colour values of the background. */
const BRIGHTNESS =
  `Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))`;

/**
 * What sticks out of the page.
 *
 * @param width Width of the page in CSS pixels.
 * @returns An expression.
 */
export function wider(width: number): string {
  return `document.documentElement.scrollWidth <= ${width} ? [] : [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > ${width}).map((e) => e.outerHTML.slice(0, 120))`;
}

/**
 * Looks at a page in both colour schemes, and then at the widths of phones; it stays dark and narrow.
 *
 * @param tab Where the page is open.
 */
export async function checkSchemesAndWidths(tab: Tab): Promise<void> {
  const light = await tab.evaluate<number>(BRIGHTNESS);
  await tab.emulate("dark");
  const dark = await tab.evaluate<number>(BRIGHTNESS);
  assert(light > 200 && dark < 60, `brightness of the background: ${light} light, ${dark} dark`);
  for (const width of [360, 320]) {
    await tab.resize(width);
    assertEquals(await tab.evaluate<string[]>(wider(width)), [], `wider than ${width} px`);
  }
}

/** A program that runs until it is disposed of. */
export class Program implements AsyncDisposable {
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

/** A directory that is removed in the end. */
export class TempDir implements AsyncDisposable {
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
export class DevTools implements AsyncDisposable {
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
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error("the browser has gone"));
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
    if (this.#socket.readyState === WebSocket.OPEN) await this.send("Browser.close");
    await this.#closed;
    await this.#program.ended();
  }
}

/** A response as a tab received it. */
export interface Answer {
  readonly url: string;
  /** The status; of what the cache answers and of what a 304 confirmed it is that of the response in the cache. */
  readonly status: number;
  /** The field lines, names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
}

/** One tab, which keeps lists of all that it received and of all that went wrong in it. */
export class Tab implements AsyncDisposable {
  readonly answers: Answer[] = [];
  readonly problems: string[] = [];
  readonly #devtools: DevTools;
  readonly #sessionId: string;
  readonly #contextId: string;
  readonly #origin: string;
  readonly #urls = new Map<unknown, string>();
  readonly #reached = new Set<string>();
  #loaderId: unknown;
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
      case "Page.frameNavigated":
        if (params.frame.parentId === undefined) this.#loaderId = params.frame.loaderId;
        return;
      case "Page.lifecycleEvent":
        this.#reached.add(`${params.loaderId} ${params.name}`);
        return this.#notify();
      case "Network.requestWillBeSent": {
        const { url } = params.request;
        this.#urls.set(params.requestId, url);
        if (!url.startsWith(this.#origin)) this.problems.push(`request to another site: ${url}`);
        return;
      }
      case "Network.responseReceived": {
        const { url, status, headers } = params.response;
        const fields = Object.entries<string>(headers).map(([name, value]) => [name.toLowerCase(), value]);
        this.answers.push({ url, status, fields: Object.fromEntries(fields) });
        if (status >= 400) this.problems.push(`${status} ${url}`);
        return;
      }
      case "Network.loadingFailed":
        if (params.canceled && params.type === "Media") return; // a player gives up one range for another
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
    await this.#until(() => this.#reached.has(`${loaderId} ${event}`));
  }

  /** Loads the page anew as the button of the browser does, or, with the Shift key, without its cache. */
  async reload(event: "load" | "networkIdle", { ignoreCache = false } = {}): Promise<void> {
    const before = this.#loaderId;
    await this.send("Page.reload", { ignoreCache });
    await this.#until(() => this.#loaderId !== before && this.#reached.has(`${this.#loaderId} ${event}`));
  }

  /** Does what leads to another page, or to the same one anew, and waits for that. */
  async leave(expression: string): Promise<void> {
    const before = this.#loaderId;
    await this.evaluate(`${expression}; 1`);
    await this.#until(() => this.#loaderId !== before && this.#reached.has(`${this.#loaderId} load`));
  }

  /** Chooses the files of a field. */
  async choose(selector: string, files: readonly string[]): Promise<void> {
    const { root } = await this.send("DOM.getDocument") as { root: { nodeId: number } };
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files });
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
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
