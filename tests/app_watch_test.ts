/** `app_watch.ts`: how often an application is loaded for its changes, and what is said of it. */

import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { watchApp } from "../src/app_watch.ts";
import { FakeWatcher } from "./fake_watcher.ts";
import { ManualTimers } from "./manual_timers.ts";
import { testWith } from "./permissions.ts";

/** The folder of an application; changes, time and the loading are what a test says. */
class Scene implements Disposable {
  readonly folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-app-watch-" }));
  readonly timers = new ManualTimers();
  readonly events: string[] = [];
  /** How often it was asked to load. */
  asked = 0;
  /** The loading that has not begun yet. */
  queued: PromiseWithResolvers<void> | undefined;
  #watcher: FakeWatcher | undefined;
  readonly #watch = watchApp(toFileUrl(join(this.folder, "app.ts")).href, {
    reload: () => {
      this.asked++;
      return (this.queued ??= Promise.withResolvers()).promise;
    },
    event: (level, message) => this.events.push(`${level}: ${message}`),
    ignored: [join(this.folder, "access.log")],
    setTimer: this.timers.setTimer,
    watch: (path) => this.#watcher = new FakeWatcher(path),
  });

  /** A burst of changes, until it is told of. */
  async change(...names: string[]): Promise<void> {
    await this.#watcher?.tell({ kind: "modify", paths: names.map((name) => join(this.folder, name)) });
    this.timers.pass(50);
  }

  /** Lets the loading begin and end. */
  async load(error?: Error): Promise<void> {
    const { queued } = this;
    this.queued = undefined;
    if (error === undefined) queued?.resolve();
    else queued?.reject(error);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  [Symbol.dispose](): void {
    this.#watch?.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Bursts of changes, `load` between them where a loading begins and ends; what is said. */
const ROWS: readonly [name: string, bursts: readonly (readonly string[] | "load")[], said: readonly string[]][] = [
  ["one change", [["app.ts"], "load"], ["app.ts has changed"]],
  ["two files in one burst", [["app.ts", "a.ts"], "load"], ["app.ts and another one have changed"]],
  ["three", [["app.ts", "a.ts", "b/c.ts"], "load"], ["app.ts and 2 others have changed"]],
  ["bursts before it begins", [["app.ts"], ["a.ts"], ["app.ts"], "load"], ["app.ts and another one have changed"]],
  ["a burst after it", [["app.ts"], "load", ["a.ts"], "load"], ["app.ts has changed", "a.ts has changed"]],
  ["its own log", [["access.log"], "load"], []],
  ["the folder itself", [[""], "load"], ["its folder has changed"]],
];

for (const [name, bursts, said] of ROWS) {
  testWith(["read", "write"], `watchApp says once for each loading what has changed: ${name}`, async () => {
    using scene = new Scene();
    for (const burst of bursts) {
      if (burst === "load") await scene.load();
      else await scene.change(...burst);
    }
    assertEquals(scene.events, said.map((what) => `info: The application was loaded anew: ${what}`));
  });
}

testWith(["read", "write"], "watchApp says once that an application does not load, and goes on", async () => {
  using scene = new Scene();
  for (const name of ["app.ts", "a.ts"]) await scene.change(name);
  await scene.load(new Error("it is broken"));
  assertEquals([scene.asked, scene.events], [2, ["error: The application of before goes on: it is broken"]]);
  await scene.change("app.ts");
  await scene.load();
  assertEquals(scene.events.slice(1), ["info: The application was loaded anew: app.ts has changed"]);
});

Deno.test("watchApp watches no module that is no file", () => {
  const options = { reload: () => Promise.resolve(), event: () => {} };
  assertEquals(watchApp("https://example.org/app.ts", options), undefined);
});
