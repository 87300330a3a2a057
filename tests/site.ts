/**
 * A site in a temporary directory with the handler that serves it, for tests: no connection and no waiting, the time is
 * the test's.
 */

import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { Clock } from "../src/clock.ts";
import type { SiteOptions } from "../src/config.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { parseSiteOptions } from "../src/site_options.ts";
import type { StaticHandler } from "../src/message.ts";
import { staticHandler } from "../src/static.ts";
import type { Answer, AskOptions } from "./ask.ts";
import { ask } from "./ask.ts";
import { testWith } from "./permissions.ts";

/** How long a look at a file is trusted. */
export const FRESH_MS = 1_000;
/** The largest content that is kept in memory. */
export const ENTRY_BYTES = 4_096;
/** Before any test: a file changed then can be renewed in memory. */
export const LONG_AGO = new Date("2020-02-02T02:02:02Z");

/** How a site is made. */
export interface SiteSettings extends Partial<SiteOptions> {
  /** The largest content that is kept, {@linkcode ENTRY_BYTES} where it is absent. */
  readonly entryBytes?: number;
  /** The bound of all that is kept, 1 MiB where it is absent. */
  readonly bytes?: number;
  /** Opens its files, `Deno.openSync` where it is absent. */
  readonly open?: (path: string) => Deno.FsFile;
}

/** A directory `www` with siblings, and a handler for it on a clock that only the test moves. */
export class Site implements Disposable {
  /** The folder that `www` is in. */
  readonly base: string = Deno.makeTempDirSync({ prefix: "sockeye-static-" });
  /** The time; stands still. */
  readonly clock: Clock = new Clock();
  /** What was reported. */
  readonly events: string[] = [];
  readonly #settings: SiteSettings;
  #handler: StaticHandler | undefined;

  /** Makes an empty site. */
  constructor(settings: SiteSettings = {}) {
    this.#settings = settings;
    Deno.mkdirSync(this.path("www"));
    this.clock.nowMs = 5_000;
  }

  /** The handler of `www`, made when it is first asked for. */
  get handler(): StaticHandler {
    return this.#handler ??= this.makeHandler();
  }

  /** Makes a handler that has not looked at anything yet. */
  makeHandler(): StaticHandler {
    const {
      root = "www",
      entryBytes = ENTRY_BYTES,
      bytes = 1 << 20,
      open = (path: string) => Deno.openSync(path),
      ...site
    } = this.#settings;
    return staticHandler({
      site: parseSiteOptions({ ...DEFAULT_OPTIONS, ...site, root: this.path(root) }),
      cache: { bytes, entryBytes, freshMs: FRESH_MS },
      clock: this.clock,
      open: (path) => open(path),
      report: (level, message) => this.events.push(`${level} ${message}`),
    });
  }

  /** The full path of a name, which may begin with `../` to stand beside `www`. */
  path(name: string): string {
    return name === "www" || name.startsWith("www/") ? join(this.base, name) : join(this.base, "www", name);
  }

  /** Writes a file, and the folders above it, as if it had been there for long. */
  write(name: string, content: string | Uint8Array, mtime: Date = LONG_AGO): void {
    const path = this.path(name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    Deno.utimeSync(path, mtime, mtime);
  }

  /** Makes a symbolic link. */
  link(name: string, target: string): void {
    Deno.symlinkSync(target, this.path(name));
  }

  /** Points a link to something else in one step, as deployments do. */
  relink(name: string, target: string): void {
    Deno.symlinkSync(target, this.path(`${name}.new`));
    Deno.renameSync(this.path(`${name}.new`), this.path(name));
  }

  /** Removes a file, or a folder with all that is in it. */
  remove(name: string): void {
    Deno.removeSync(this.path(name), { recursive: true });
  }

  /** Asks the handler. */
  ask(target: string, options?: AskOptions): Answer {
    return ask(this.handler, target, options);
  }

  /** Asks, and gives the content of a 200 or the status of anything else. */
  get(target: string): string | number | undefined {
    const { status, text } = this.ask(target);
    return status === 200 ? text : status;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.base, { recursive: true });
  }
}

/**
 * Runs with another time of day; the clock of the handler is the test's anyway.
 *
 * @param nowMs The time, in milliseconds since the epoch.
 * @param run What to run.
 */
export function atTime<T>(nowMs: number, run: () => T): T {
  const { now } = Date;
  Date.now = () => nowMs;
  try {
    return run();
  } finally {
    Date.now = now;
  }
}

/**
 * Registers a test of `staticHandler` with a site of its own.
 *
 * @param name What the handler does.
 * @param fn The test.
 * @param options How the site is made.
 */
export function siteTest(
  name: string,
  fn: (site: Site, t: Deno.TestContext) => void | Promise<void>,
  options?: SiteSettings,
): void {
  testWith(["read", "write"], `staticHandler ${name}`, async (t) => {
    using site = new Site(options);
    await fn(site, t);
  });
}

/** A row: what is asked for, and the content of a 200 or the status of anything else. */
export type Row = readonly [target: string, expected: string | number];

/** Asks for each target of a table. */
export async function checkRows(t: Deno.TestContext, site: Site, rows: readonly Row[]): Promise<void> {
  for (const [target, expected] of rows) {
    const name = target.length > 60 ? `${target.slice(0, 60)}... (${target.length})` : target;
    await t.step(`${name} → ${expected}`, () => assertEquals(site.get(target), expected));
  }
}
