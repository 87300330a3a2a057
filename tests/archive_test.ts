/**
 * `archive` on folders made here: what is in it and what never is, files that change or fail meanwhile, and that nothing
 * stays open, for which the sanitizer of the test runner looks as well. What needs fewer privileges than the tests may
 * have is run in a process of its own.
 */

import { assert, assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { setImmediate } from "node:timers";
import type { ArchiveOptions } from "../src/archive.ts";
import { archive, ArchiveMemory } from "../src/archive.ts";
import type { SymlinkPolicy } from "../src/config.ts";
import { FileTree } from "../src/file_tree.ts";
import { testWith, testWithProgram } from "./permissions.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";
import { unzip } from "./zip_reader.ts";

const LONG_AGO = new Date("2020-02-02T02:02:03Z");
const PIECE_BYTES = 262_144;
/** Longer than several pieces. */
const LARGE_BYTES = 900_000;

/** A document root `root`, empty, with a sibling `outside`. */
class Tree implements Disposable {
  readonly base = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-archive-" }));
  readonly root = join(this.base, "root");

  constructor() {
    Deno.mkdirSync(this.root);
    this.write("../outside/secret.txt", "secret");
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Uint8Array = name): void {
    const path = this.path(name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    Deno.utimeSync(path, LONG_AGO, LONG_AGO);
  }

  mkdir(name: string): void {
    Deno.mkdirSync(this.path(name), { recursive: true });
  }

  link(name: string, target: string): void {
    Deno.mkdirSync(dirname(this.path(name)), { recursive: true });
    Deno.symlinkSync(target, this.path(name));
  }

  remove(name: string): void {
    Deno.removeSync(this.path(name), { recursive: true });
  }

  archive(options: Partial<ArchiveOptions> = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    const tree = new FileTree({ root: this.root });
    return archive({
      tree,
      folder: "/",
      name: "top",
      isShown: hasNoDot,
      open: Deno.openSync,
      memory: new ArchiveMemory(),
      ...options,
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.base, { recursive: true });
  }
}

function hasNoDot(path: string): boolean {
  return !path.slice(path.lastIndexOf("/")).startsWith("/.");
}

function treeTest(name: string, fn: (tree: Tree) => void | Promise<void>): void {
  testWith(["read", "write"], `archive ${name}`, async () => {
    using tree = new Tree();
    await fn(tree);
  });
}

/** All bytes of an archive. The pieces share memory, so they are copied. */
async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) {
    assertGreater(piece.length, 0);
    assert(piece.length <= PIECE_BYTES);
    parts.push(piece.slice());
  }
  return new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer());
}

/** What is in an archive: texts by path, a number of bytes for what is long. */
async function contentsOf(pieces: AsyncIterable<Uint8Array>): Promise<Record<string, string | number>> {
  const { contents } = unzip(await collect(pieces));
  const pairs = [...contents].map(([path, bytes]) =>
    [path, bytes.length > 99 ? bytes.length : new TextDecoder().decode(bytes)] as const
  );
  return Object.fromEntries(pairs.sort(([a], [b]) => a < b ? -1 : 1));
}

async function pathsOf(pieces: AsyncIterable<Uint8Array>): Promise<string[]> {
  return Object.keys(await contentsOf(pieces));
}

/** Bytes that differ from place to place. */
function fill(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (at * 7) ^ (at >> 8));
}

/** A tree, and the paths below `top/` that are archived. */
interface Row {
  readonly name: string;
  /** Files, with their paths as contents; folders, with a slash at the end; links, with the target behind an arrow. */
  readonly tree: readonly string[];
  readonly expected: readonly string[];
  /** The path of the folder that is archived. */
  readonly folder?: string;
  readonly isShown?: (path: string) => boolean;
  readonly symlinks?: SymlinkPolicy;
}

const ROWS: readonly Row[] = [
  { name: "an empty folder", tree: [], expected: [] },
  { name: "files and folders", tree: ["a", "b/c", "b/d/e", "f/"], expected: ["a", "b/", "b/c", "b/d/", "b/d/e", "f/"] },
  {
    name: "a folder below the root",
    tree: ["a", "b/c", "b/d/e"],
    folder: "/b/",
    expected: ["c", "d/", "d/e"],
  },
  {
    name: "names in all scripts",
    tree: ["Übung/é", "日本", "😀", "e\u0301", " ", "a b", "CON", "a:b*?<>|"],
    expected: [" ", "CON", "a b", "a:b*?<>|", "e\u0301", "Übung/", "Übung/é", "日本", "😀"],
  },
  { name: "controls as they are", tree: ["a\nb", "\x1b[31m", "\x7f"], expected: ["\x1b[31m", "a\nb", "\x7f"] },
  {
    name: "no name that no path can have",
    tree: ["back\\slash", "..\\x", "b\\/a", "a"],
    expected: ["a"],
  },
  {
    name: "no hidden name",
    tree: [".env", ".git/config", ".well-known/x", "..x", "...", "a/.b", "a/c.d"],
    expected: ["a/", "a/c.d"],
  },
  {
    name: "hidden names where they are wanted",
    tree: [".env", ".git/config", "..x", "...", "a/.b", "..\\x"],
    isShown: () => true,
    expected: ["...", "..x", ".env", ".git/", ".git/config", "a/", "a/.b"],
  },
  {
    name: "what links in the root lead to",
    tree: ["d/a", ".hidden/b", ".secret", "f->d/a", "g->d", "h->.hidden", "i->.secret", "j->g", "d/k->../d/a"],
    expected: ["d/", "d/a", "d/k", "f", "g/", "g/a", "g/k", "h/", "h/b", "i", "j/", "j/a", "j/k"],
  },
  {
    name: "links to other parts of the root",
    tree: ["a/b", "c/d->../a", "c/e->../a/b"],
    folder: "/c/",
    expected: ["d/", "d/b", "e"],
  },
  {
    name: "no link that leads out of the root, or nowhere",
    tree: ["a->../outside", "b->../outside/secret.txt", "c->/etc/passwd", "d->/", "e->missing", "f->f", "g->../root2"],
    expected: [],
  },
  {
    name: "what links out of the root lead to, where they are followed",
    tree: ["a->../outside", "b->../outside/secret.txt", "c->missing", "../outside/up->../root", "d/e"],
    symlinks: "follow",
    expected: ["a/", "a/secret.txt", "b", "d/", "d/e"],
  },
  {
    name: "no link, where none is followed",
    tree: ["a->d", "b->d/e", "c->../outside", "d/e", "d/f->e"],
    symlinks: "deny",
    expected: ["d/", "d/e"],
  },
  {
    name: "no path that may not be asked for",
    tree: ["_headers", "a/_headers", "a/b", "secret/c"],
    isShown: (path) => path !== "/_headers" && path !== "/secret",
    expected: ["a/", "a/_headers", "a/b"],
  },
  {
    name: "no path below a folder that may not be asked for",
    tree: ["a/_headers", "a/b/secret", "a/b/c"],
    folder: "/a/",
    isShown: (path) => path !== "/a/_headers" && path !== "/a/b/secret",
    expected: ["b/", "b/c"],
  },
  {
    name: "a link out of the root and back",
    tree: ["a", "b->../root/a", "c->../outside/../root/a"],
    expected: ["a", "b", "c"],
  },
  {
    name: "a cycle once",
    tree: ["a/b", "a/self->.", "a/up->..", "a/root->../a", "loop->."],
    expected: ["a/", "a/b"],
  },
  {
    name: "the way above the folder, and not the folder again",
    tree: ["x", "a/b", "a/up->.."],
    folder: "/a/",
    expected: ["b", "up/", "up/x"],
  },
  {
    name: "folders that link to each other",
    tree: ["a/1", "b/2", "a/b->../b", "b/a->../a"],
    expected: ["a/", "a/1", "a/b/", "a/b/2", "b/", "b/2", "b/a/", "b/a/1"],
  },
];

for (const { name, tree: names, expected, folder = "/", isShown = hasNoDot, symlinks = "inside" } of ROWS) {
  treeTest(`holds ${name}`, async (tree) => {
    for (const name of names) {
      const [path = "", target] = name.split("->");
      if (target !== undefined) tree.link(path, target);
      else if (path.endsWith("/")) tree.mkdir(path);
      else tree.write(path);
    }
    const files = new FileTree({ root: tree.root, symlinks });
    const paths = await pathsOf(tree.archive({ tree: files, folder, isShown }));
    assertEquals(paths, ["", ...expected].map((path) => `top/${path}`).sort());
  });
}

treeTest("holds the content, time and mode of a file, and the time of a folder", async (tree) => {
  tree.write("a/plain", "text");
  tree.write("a/program", "#!");
  tree.write("a/empty", "");
  Deno.chmodSync(tree.path("a/program"), 0o6700);
  Deno.chmodSync(tree.path("a/plain"), 0o666);
  Deno.utimeSync(tree.path("a"), LONG_AGO, new Date("2021-01-01T00:00:00Z"));
  const { entries, contents } = unzip(await collect(tree.archive({ folder: "/a/", name: "é" })));
  const told = entries.map(({ path, modifiedSeconds, mode }) => [path, modifiedSeconds, mode]);
  const seconds = LONG_AGO.getTime() / 1000;
  assertEquals(told.toSorted(), [
    ["é/", Date.UTC(2021, 0) / 1000, 0o040755],
    ["é/empty", seconds, 0o100644],
    ["é/plain", seconds, 0o100644],
    ["é/program", seconds, 0o100755],
  ]);
  assertEquals(new TextDecoder().decode(contents.get("é/plain")), "text");
  assert(entries.every(({ isStreamed }) => !isStreamed));
});

/** A header with the path `top/f` and a time takes 44 bytes, the folder in front of it 43. */
const SIZES: readonly [size: number, isStreamed: boolean][] = [
  [0, false],
  [1, false],
  [PIECE_BYTES - 87, false],
  [PIECE_BYTES - 86, false],
  [PIECE_BYTES - 44, false],
  [PIECE_BYTES - 43, true],
  [PIECE_BYTES, true],
  [2 * PIECE_BYTES - 87, true],
  [2 * PIECE_BYTES - 87 - 16, true],
  [2 * PIECE_BYTES - 86 - 16, true],
  [LARGE_BYTES, true],
];

for (const [size, isStreamed] of SIZES) {
  treeTest(`holds a file of ${size} bytes`, async (tree) => {
    const content = fill(size);
    tree.write("f", content);
    const { entries, contents } = unzip(await collect(tree.archive()));
    assertEquals(contents.get("top/f"), content);
    assertEquals(entries.find(({ path }) => path === "top/f")?.isStreamed, isStreamed);
  });
}

treeTest("holds many files of all sizes", async (tree) => {
  const expected = new Map<string, Uint8Array>([["top/", new Uint8Array(0)]]);
  for (let at = 0; at < 60; at++) {
    const content = fill(Math.round(1.25 ** at));
    tree.write(`f${at}`, content);
    expected.set(`top/f${at}`, content);
  }
  const { contents } = unzip(await collect(tree.archive()));
  assertEquals(contents.size, expected.size);
  for (const [path, content] of expected) assertEquals(contents.get(path)?.length, content.length, path);
});

treeTest("holds what links multiply, and lets others have their turn", async (tree) => {
  // 65 folders of 64 files, all but one of them links.
  for (let at = 0; at < 64; at++) tree.write(`d/${at}`, "");
  for (let at = 0; at < 64; at++) tree.link(`d${at}`, "d");
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  count();
  const bytes = await collect(tree.archive());
  isOver = true;
  assertEquals(unzip(bytes).entries.length, 1 + 65 * 65);
  assertGreater(turns, 120, "a turn for every 32 of them");
});

for (const name of ["", ".", "..", "a/b", "a\\b", "/", "a\0"]) {
  treeTest(`refuses ${JSON.stringify(name)} as the name of the folder`, async (tree) => {
    await assertRejects(() => tree.archive({ name }).next(), TypeError);
  });
}

treeTest("does nothing before it is asked", async (tree) => {
  const pieces = tree.archive({ tree: new FileTree({ root: tree.path("missing") }), folder: "/a/" });
  await pieces.return();
  assertEquals(await pieces.next(), { value: undefined, done: true });
});

treeTest("throws where there is no such folder, or it is not in the root", async (tree) => {
  tree.write("file");
  for (const folder of ["/missing/", "/file/", "/../outside/"]) {
    await assertRejects(() => tree.archive({ folder }).next(), Error);
  }
  const files = new FileTree({ root: tree.path("missing") });
  await assertRejects(() => tree.archive({ tree: files }).next(), Deno.errors.NotFound);
});

treeTest("throws where the ends of the archives under way would take too much memory", async (tree) => {
  for (let at = 0; at < 20; at++) tree.write(`${at}`);
  const memory = new ArchiveMemory(2_000);
  for (const _time of [1, 2]) assertEquals((await pathsOf(tree.archive({ memory }))).length, 21);
  await assertRejects(() => collect(tree.archive({ memory: new ArchiveMemory(1_000) })), Error, "Too many files");
  assertEquals(memory.isScarce, false);
  // One that is under way leaves no room for another one, until it is ended.
  const first = tree.archive({ memory });
  while (!memory.isScarce) assertEquals((await first.next()).done, false);
  await assertRejects(() => collect(tree.archive({ memory })), Error, "Too many files");
  await first.return();
  assertEquals([memory.isScarce, (await pathsOf(tree.archive({ memory }))).length], [false, 21]);
});

treeTest("gives pieces that keep their bytes until the next one is asked for", async (tree) => {
  tree.write("a", fill(LARGE_BYTES));
  for await (const piece of tree.archive()) {
    const copy = piece.slice();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    assertEquals(piece, copy);
  }
});

/** Opens files as `Deno.openSync` does, with something done before it, or to the open file. */
function openWith(
  { before, after }: { before?: (path: string) => void; after?: (file: Deno.FsFile, path: string) => void },
): (path: string) => Deno.FsFile {
  return (path) => {
    before?.(path);
    const file = Deno.openSync(path);
    after?.(file, path);
    return file;
  };
}

treeTest("closes what is open when the consumer stops in the middle", async (tree) => {
  tree.write("a/b/c/large", fill(LARGE_BYTES));
  const files: Deno.FsFile[] = [];
  const open = openWith({ after: (file) => files.push(file) });
  for (let pieces = 1; pieces <= 4; pieces++) {
    let count = 0;
    for await (const _ of tree.archive({ open })) if (++count === pieces) break;
    assertEquals(count, pieces);
    assertEquals(files.length, pieces);
    for (const file of files) assertThrows(() => file.statSync(), Deno.errors.BadResource);
  }
});

treeTest("closes what is open when the consumer throws, or ends it twice", async (tree) => {
  tree.write("a/large", fill(LARGE_BYTES));
  const pieces = tree.archive();
  await pieces.next();
  await assertRejects(() => pieces.throw(new RangeError("consumer")), RangeError, "consumer");
  const again = tree.archive();
  // One that is under way comes to its end first.
  const [first, end] = await Promise.all([again.next(), again.return()]);
  assertEquals([first.done, end.done], [false, true]);
  await again.return();
});

treeTest("leaves out a file that is gone before it is opened", async (tree) => {
  for (let at = 0; at < 5; at++) tree.write(`${at}`);
  const isFirst = once();
  const open = openWith({
    before: (path) => {
      if (!isFirst()) return;
      for (const { name } of [...Deno.readDirSync(tree.root)]) if (!path.endsWith(name)) tree.remove(name);
    },
  });
  assertEquals((await pathsOf(tree.archive({ open }))).length, 2);
});

treeTest("leaves out a file that is gone between the look and the opening", async (tree) => {
  for (let at = 0; at < 5; at++) tree.write(`${at}`);
  const open = openWith({ before: (path) => path.endsWith("3") && Deno.removeSync(path) });
  assertEquals(await pathsOf(tree.archive({ open })), ["top/", "top/0", "top/1", "top/2", "top/4"]);
});

treeTest("leaves out what is gone of a folder", async (tree) => {
  for (const folder of ["a", "b"]) for (let at = 0; at < 5; at++) tree.write(`${folder}/${at}`);
  const isFirst = once();
  const open = openWith({ before: (path) => isFirst() && Deno.removeSync(dirname(path), { recursive: true }) });
  const paths = await pathsOf(tree.archive({ open }));
  assertEquals(paths.filter((path) => !path.endsWith("/")).length, 5);
});

treeTest("throws where the whole folder is gone at the end, or another one is there", async (tree) => {
  for (const isAnother of [false, true]) {
    tree.write("a/0");
    tree.write("a/1");
    const isFirst = once();
    const open = openWith({
      before: () => {
        if (!isFirst()) return;
        Deno.renameSync(tree.path("a"), tree.path("old"));
        if (isAnother) tree.mkdir("a");
      },
    });
    await assertRejects(() => collect(tree.archive({ open, folder: "/a/" })), Error, "Folder is gone");
    tree.remove("old");
    if (isAnother) tree.remove("a");
  }
});

treeTest("throws where a link in it is switched to another folder", async (tree) => {
  for (const release of [".one", ".two"]) for (let at = 0; at < 3; at++) tree.write(`${release}/${at}`);
  tree.link("current", ".one");
  const isFirst = once();
  const open = openWith({
    before: () => {
      if (!isFirst()) return;
      tree.link(".next", ".two");
      Deno.renameSync(tree.path(".next"), tree.path("current"));
    },
  });
  await assertRejects(() => collect(tree.archive({ open })), Error, "another one: /current/");
});

treeTest("is of the release to which the root led at its start", async (tree) => {
  for (const release of ["one", "two"]) for (let at = 0; at < 3; at++) tree.write(`${release}/${at}`);
  tree.link("current", "one");
  const isFirst = once();
  const open = openWith({
    before: () => {
      if (!isFirst()) return;
      tree.link("next", "two");
      Deno.renameSync(tree.path("next"), tree.path("current"));
    },
  });
  const contents = await contentsOf(tree.archive({ open, tree: new FileTree({ root: tree.path("current") }) }));
  assertEquals(contents, { "top/": "", "top/0": "one/0", "top/1": "one/1", "top/2": "one/2" });
});

treeTest("holds of a small file what is there when it is read", async (tree) => {
  const changes: readonly [content: string, expected: string][] = [["", ""], ["abc", "abc"], [
    "0123456789+",
    "0123456789",
  ]];
  for (const [content, expected] of changes) {
    tree.write("file", "abcdefghij");
    const open = openWith({
      after: (file) => {
        const info = file.statSync();
        file.statSync = () => {
          Deno.writeTextFileSync(tree.path("file"), content);
          return info;
        };
      },
    });
    assertEquals(await contentsOf(tree.archive({ open })), { "top/": "", "top/file": expected });
  }
});

treeTest("throws where a large file becomes shorter", async (tree) => {
  for (const size of [0, PIECE_BYTES, LARGE_BYTES - 1]) {
    tree.write("file", fill(LARGE_BYTES));
    const pieces = tree.archive();
    await pieces.next();
    Deno.truncateSync(tree.path("file"), size);
    await assertRejects(() => collect(pieces), Error, "shorter");
  }
});

treeTest("cuts a large file that grows at the length that it had when it was opened", async (tree) => {
  tree.write("file", fill(LARGE_BYTES));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of tree.archive()) {
    parts.push(piece.slice());
    Deno.writeFileSync(tree.path("file"), fill(2 * PIECE_BYTES), { append: true });
    assertLess(parts.length, 10);
  }
  const { contents } = unzip(new Uint8Array(await new Blob(parts).arrayBuffer()));
  assertEquals(contents.get("top/file"), fill(LARGE_BYTES));
});

treeTest("holds a large file to its end that is removed while it is sent", async (tree) => {
  tree.write("file", fill(LARGE_BYTES));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of tree.archive()) {
    if (parts.length === 0) tree.remove("file");
    parts.push(piece.slice());
  }
  const { contents } = unzip(new Uint8Array(await new Blob(parts).arrayBuffer()));
  assertEquals(contents.get("top/file"), fill(LARGE_BYTES));
});

treeTest("leaves out a file of which it is not known, when it is open, whether it is in the root", async (tree) => {
  tree.write("file", "content");
  const open = openWith({ after: (_, path) => Deno.removeSync(path) });
  assertEquals(await contentsOf(tree.archive({ open })), { "top/": "" });
});

treeTest("holds the file that has taken the place of the one that was found", async (tree) => {
  tree.write("file", "old");
  const isFirst = once();
  const open = openWith({
    before: (path) => {
      if (!isFirst()) return;
      tree.write("../new", "new");
      Deno.renameSync(join(tree.base, "new"), path);
    },
  });
  assertEquals(await contentsOf(tree.archive({ open })), { "top/": "", "top/file": "new" });
});

treeTest("throws where a file is replaced each time that it is opened", async (tree) => {
  tree.write("file", "0");
  const open = openWith({
    before: (path) => {
      tree.write("../new");
      Deno.renameSync(join(tree.base, "new"), path);
    },
  });
  await assertRejects(() => collect(tree.archive({ open })), Error, "replaced");
});

treeTest("leaves out a file that becomes a link out of the root in the moment it is opened", async (tree) => {
  tree.write("file", "public");
  const open = openWith({
    before: (path) => {
      Deno.removeSync(path);
      Deno.symlinkSync("../outside/secret.txt", path);
    },
  });
  assertEquals(await pathsOf(tree.archive({ open })), ["top/"]);
});

/** Failures that are no answer of 404 or 403. */
const FAILURES: readonly [name: string, open: (path: string) => Deno.FsFile][] = [
  ["there is no descriptor", () => {
    throw Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  }],
  ["a small file cannot be read", failAfter(0)],
  ["a large file cannot be read to its end", failAfter(2)],
];

/** Opens files that can be read a number of times. */
function failAfter(reads: number): (path: string) => Deno.FsFile {
  return openWith({
    after: (file) => {
      const readSync = file.readSync.bind(file);
      let left = reads;
      file.readSync = (into) => {
        if (left-- > 0) return readSync(into);
        throw Object.assign(new Error("Input/output error"), { code: "EIO" });
      };
    },
  });
}

for (const [name, open] of FAILURES) {
  treeTest(`throws where ${name}, and leaves nothing open`, async (tree) => {
    tree.write("a/b/file", fill(name.includes("small") ? 1_000 : LARGE_BYTES));
    const error = await assertRejects(() => collect(tree.archive({ open })), Error);
    assert("code" in error);
  });
}

testWith(["read", "run", "write"], "archive holds no FIFO, nor a link to one, and is not blocked by it", async () => {
  using tree = new Tree();
  tree.write("file");
  assert(new Deno.Command("mkfifo", { args: [tree.path("fifo")] }).outputSync().success, "mkfifo");
  tree.link("link", "fifo");
  assertEquals(await pathsOf(tree.archive()), ["top/", "top/file"]);
});

testUnprivileged("archive holds nothing that may not be read", async () => {
  using tree = new Tree();
  const modes = { "closed": 0o000, "mine": 0o400, "open": 0o444, "unlisted": 0o222 };
  for (const [name, mode] of Object.entries(modes)) {
    tree.write(name);
    tree.write(`${name}-d/file`);
    Deno.chmodSync(tree.path(name), mode);
    Deno.chmodSync(tree.path(`${name}-d`), mode | (mode & 0o444) >> 2);
  }
  tree.link("link", "closed");
  try {
    const probe = new URL("archive_probe.ts", import.meta.url).pathname;
    const args = [
      "-c",
      UNPRIVILEGED,
      "sh",
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-read",
      probe,
      tree.root,
    ];
    const { success, stdout } = await new Deno.Command("sh", { args }).output();
    assert(success);
    const paths = [...unzip(stdout).contents.keys()].sort();
    assertEquals(paths, [
      "top/",
      "top/mine",
      "top/mine-d/",
      "top/mine-d/file",
      "top/open",
      "top/open-d/",
      "top/open-d/file",
    ]);
  } finally {
    for (const name of Object.keys(modes)) Deno.chmodSync(tree.path(`${name}-d`), 0o700);
  }
});

/** Unpacks as a user does, and tells what is there. */
const PYTHON = `
import json, os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    archive.extractall(sys.argv[2])
found = {}
for folder, _, names in os.walk(sys.argv[2]):
    for name in names:
        path = os.path.join(folder, name)
        found[os.path.relpath(path, sys.argv[2])] = os.path.getsize(path)
print(json.dumps(found))
`;

testWithProgram(["/usr/bin/python3"], "archive is unpacked by Python", async (python) => {
  using tree = new Tree();
  tree.write("Übung/日本.txt", "text");
  tree.write("large", fill(LARGE_BYTES));
  tree.write("a/b/c", "");
  tree.link("link", "a");
  const path = join(tree.base, "archive.zip");
  await Deno.writeFile(path, await collect(tree.archive()));
  const target = join(tree.base, "unpacked");
  const { success, stdout } = await new Deno.Command(python, { args: ["-c", PYTHON, path, target] }).output();
  assert(success);
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
    "top/a/b/c": 0,
    "top/large": LARGE_BYTES,
    "top/link/b/c": 0,
    "top/Übung/日本.txt": 4,
  });
  assertEquals(await Deno.readFile(join(target, "top/large")), fill(LARGE_BYTES));
});

/** `true` the first time it is asked. */
function once(): () => boolean {
  let isFirst = true;
  return () => isFirst && !(isFirst = false);
}
