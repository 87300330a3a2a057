/** `file_watch.ts`: what is told of changes below a root, when, and what it survives. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { FileWatch } from "../src/file_watch.ts";
import { FakeWatcher } from "./fake_watcher.ts";
import { ManualTimers } from "./manual_timers.ts";
import { testWith } from "./permissions.ts";
import { setTimer } from "../src/timer.ts";

/** A root with a watch on it; time and system do what a test says. */
class Scene implements AsyncDisposable {
  readonly folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-watch-" }));
  readonly root = join(this.folder, "root");
  readonly timers = new ManualTimers();
  readonly watchers: FakeWatcher[] = [];
  readonly changes: (readonly string[])[] = [];
  readonly problems: string[] = [];
  /** What stops the system from watching. */
  fault: Error | undefined;
  watch: FileWatch | undefined;

  start(ignored: readonly string[] = []): void {
    this.watch = new FileWatch(this.root, {
      onChange: (paths) => this.changes.push(paths),
      onProblem: (message) => this.problems.push(message),
      ignored,
      setTimer: this.timers.setTimer,
      watch: (path) => {
        if (this.fault !== undefined) throw this.fault;
        const watcher = new FakeWatcher(path);
        this.watchers.push(watcher);
        return watcher;
      },
    });
  }

  makeRoot(): void {
    Deno.mkdirSync(this.root);
  }

  /** The latest watcher tells of files below the root. */
  async change(kind: Deno.FsEvent["kind"], ...names: string[]): Promise<void> {
    const paths = names.map((name) => join(this.root, name));
    await this.watchers.at(-1)?.tell({ kind, paths });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watch?.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(this.timers.count, 0, "timers are left");
    assert(this.watchers.every(({ isClosed }) => isClosed), "watchers are left");
    await Deno.remove(this.folder, { recursive: true });
  }
}

function test(name: string, fn: (scene: Scene) => void | Promise<void>): void {
  testWith(["read", "write"], `FileWatch: ${name}`, async () => {
    await using scene = new Scene();
    await fn(scene);
  });
}

/** An event of the system, and what is told of it. */
const EVENTS: readonly [kind: Deno.FsEvent["kind"], names: readonly string[], told: readonly string[] | undefined][] = [
  ["create", ["a.html"], ["a.html"]],
  ["modify", ["a/b.css"], ["a/b.css"]],
  ["remove", ["a.html"], ["a.html"]],
  ["any", ["a.html"], ["a.html"]],
  ["other", ["a.html"], ["a.html"]],
  ["access", ["a.html"], undefined],
  ["rename", ["a.html~", "a.html"], ["a.html"]],
  ["rename", ["old.html", "new.html"], ["old.html", "new.html"]],
  ["modify", [".git/index"], undefined],
  ["modify", ["node_modules/a.js"], undefined],
  ["create", ["4913"], undefined],
  ["modify", [".well-known/a.txt"], [".well-known/a.txt"]],
  ["modify", ["log/access.log"], undefined],
];

for (const [kind, names, told] of EVENTS) {
  test(`${kind} of ${names.join(" and ")} is ${told === undefined ? "nothing" : "a change"}`, async (scene) => {
    scene.makeRoot();
    scene.start([join(scene.root, "log/access.log")]);
    await scene.change(kind, ...names);
    scene.timers.pass(50);
    assertEquals(scene.changes, told === undefined ? [] : [told]);
    assertEquals(scene.problems, []);
  });
}

test("nothing is told at the start", (scene) => {
  scene.makeRoot();
  scene.start();
  scene.timers.pass(10_000);
  assertEquals([scene.changes, scene.watchers.length, scene.timers.count], [[], 1, 1]);
});

test("changes in quick succession are told at once, 50 ms after the last one", async (scene) => {
  scene.makeRoot();
  scene.start();
  for (const name of ["a", "b", "a", "c"]) {
    scene.timers.pass(49);
    await scene.change("modify", name);
  }
  scene.timers.pass(49);
  assertEquals(scene.changes, []);
  scene.timers.pass(1);
  assertEquals(scene.changes, [["a", "b", "c"]]);
  await scene.change("modify", "a");
  scene.timers.pass(50);
  assertEquals(scene.changes, [["a", "b", "c"], ["a"]]);
});

test("changes that never stop are told twice a second", async (scene) => {
  scene.makeRoot();
  scene.start();
  for (let ms = 0; ms < 2_000; ms += 40) {
    await scene.change("modify", "a");
    scene.timers.pass(40);
  }
  assertEquals(scene.changes, Array(3).fill(["a"]));
});

test("where the system has lost count the whole has changed", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.watchers[0]?.tell({ kind: "any", paths: [], flag: "rescan" });
  scene.timers.pass(50);
  assertEquals(scene.changes, [[""]]);
});

test("the root is a link that is switched", async (scene) => {
  for (const name of ["one", "two"]) Deno.mkdirSync(join(scene.folder, name));
  Deno.symlinkSync("one", scene.root);
  scene.start();
  Deno.symlinkSync("two", `${scene.root}.new`);
  Deno.renameSync(`${scene.root}.new`, scene.root);
  scene.timers.pass(1_049);
  assertEquals(scene.changes, []);
  scene.timers.pass(1);
  assertEquals(scene.changes, [[""]]);
  assertEquals(scene.watchers.map(({ path }) => path), ["one", "two"].map((name) => join(scene.folder, name)));
  assertEquals(scene.watchers.map(({ isClosed }) => isClosed), [true, false]);
  await scene.watchers[1]?.tell({ kind: "modify", paths: [join(scene.folder, "two/a.css")] });
  scene.timers.pass(50);
  assertEquals(scene.changes, [[""], ["a.css"]]);
});

test("a change just before the switch is told once, with the switch", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.change("modify", "a");
  Deno.renameSync(scene.root, `${scene.root}.old`);
  scene.makeRoot();
  scene.timers.pass(50);
  assertEquals(scene.changes, []);
  scene.timers.pass(50);
  assertEquals(scene.changes, [[""]]);
});

test("the root is deleted and made again: nothing is told while there is none", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.change("remove", "a.html");
  await scene.change("remove", "");
  Deno.removeSync(scene.root);
  assertEquals(scene.watchers[0]?.isClosed, true);
  scene.timers.pass(5_000);
  assertEquals([scene.changes, scene.watchers.length], [[], 1]);
  scene.makeRoot();
  scene.timers.pass(1_050);
  assertEquals([scene.changes, scene.watchers.length], [[[""]], 2]);
});

test("the root is deleted and made again at once, which may give it the same number", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.change("remove", "");
  scene.timers.pass(100);
  assertEquals([scene.changes, scene.watchers.map(({ isClosed }) => isClosed)], [[[""]], [true, false]]);
});

test("the root is not there at the start", (scene) => {
  scene.start();
  scene.timers.pass(1_000);
  assertEquals(scene.watchers.length, 0);
  scene.makeRoot();
  scene.timers.pass(1_050);
  assertEquals([scene.changes, scene.watchers.length, scene.problems], [[[""]], 1, []]);
});

/** What Deno 2.9.6 says where a limit of inotify is reached. */
const LIMITS = ['OS file watch limit reached. about ["/a"]', "Too many open files (os error 24)"];

for (const text of LIMITS) {
  test(`a limit at the start is told once: ${text}`, (scene) => {
    scene.makeRoot();
    scene.fault = new Error(text);
    scene.start();
    scene.timers.pass(10_000);
    assertEquals(scene.problems.length, 1);
    assertMatch(scene.problems[0] ?? "", /^Cannot watch all of \/.+ fs\.inotify\.max_user_watches/);
    assertEquals(scene.changes, []);
  });
}

test("a limit that new folders meet is told once; the others are still watched", async (scene) => {
  scene.makeRoot();
  scene.start();
  const limit = () => new Error(LIMITS[0]);
  await scene.watchers[0]?.tell(limit(), limit(), { kind: "modify", paths: [join(scene.root, "a")] }, limit());
  scene.timers.pass(50);
  assertEquals([scene.problems.length, scene.changes, scene.watchers.length], [1, [["a"]], 1]);
});

test("another error is told, and a second later the root is watched anew", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.watchers[0]?.tell(new Error("the disk is gone"));
  assertEquals(scene.problems, [`Cannot watch ${scene.root}: the disk is gone`]);
  scene.timers.pass(1_050);
  assertEquals([scene.changes, scene.watchers.length], [[[""]], 2]);
  await scene.watchers[1]?.tell(new Error("the disk is gone"));
  assertEquals(scene.problems.length, 1, "the same is not told again");
});

test("nothing is told after close", async (scene) => {
  scene.makeRoot();
  scene.start();
  await scene.change("modify", "a");
  scene.watch?.close();
  scene.timers.pass(10_000);
  assertEquals([scene.changes, scene.timers.count], [[], 0]);
});

/** Steps on a real file system, and a path that is then told of. */
const STEPS: readonly [name: string, step: (folder: string) => void, path: string][] = [
  ["a file is written", (folder) => Deno.writeTextFileSync(join(folder, "one/a.css"), "x"), "a.css"],
  ["a folder is made", (folder) => Deno.mkdirSync(join(folder, "one/b")), "b"],
  ["a file in a new folder", (folder) => Deno.writeTextFileSync(join(folder, "one/b/c.html"), "x"), "b/c.html"],
  [
    "a file is renamed",
    (folder) => Deno.renameSync(join(folder, "one/b/c.html"), join(folder, "one/d.html")),
    "d.html",
  ],
  ["a file is removed", (folder) => Deno.removeSync(join(folder, "one/d.html")), "d.html"],
  [
    "the root is switched",
    (folder) => {
      Deno.symlinkSync("two", join(folder, "new"));
      Deno.renameSync(join(folder, "new"), join(folder, "root"));
    },
    "",
  ],
  ["a file in the new root", (folder) => Deno.writeTextFileSync(join(folder, "two/e.html"), "x"), "e.html"],
  [
    "the root is deleted and made again",
    (folder) => {
      Deno.removeSync(join(folder, "two"), { recursive: true });
      Deno.mkdirSync(join(folder, "two"));
    },
    "",
  ],
  ["a file in the root that was made again", (folder) => Deno.writeTextFileSync(join(folder, "two/f"), "x"), "f"],
];

testWith(["read", "write"], "FileWatch on a real file system", async (t) => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-watch-" }));
  for (const name of ["one", "two"]) Deno.mkdirSync(join(folder, name));
  Deno.symlinkSync("one", join(folder, "root"));
  let wanted = Promise.withResolvers<void>();
  let wantedPath = "";
  const problems: string[] = [];
  {
    using _watch = new FileWatch(join(folder, "root"), {
      onChange: (paths) => paths.includes(wantedPath) && wanted.resolve(),
      onProblem: (message) => problems.push(message),
      // Ten times as quick.
      setTimer: (run, delayMs) => setTimer(run, delayMs / 10),
    });
    for (const [name, step, path] of STEPS) {
      await t.step(name, async () => {
        wanted = Promise.withResolvers();
        wantedPath = path;
        const alarm = setTimeout(() => wanted.reject(new Error("Nothing was told")), 10_000);
        step(folder);
        await wanted.promise.finally(() => clearTimeout(alarm));
      });
    }
  }
  assertEquals(problems, []);
  await Deno.remove(folder, { recursive: true });
});
