/**
 * `Directory` on directories made here: what is listed, what never is, and that no more entries are looked at, and no more
 * names held, than the bounds say. All of it is the same at once and in turns with others. What needs fewer privileges
 * than the tests may have is asked of a server.
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { join } from "@std/path";
import type { ListingLimits } from "../src/config.ts";
import { Directory } from "../src/directory.ts";
import { DirectoryReader } from "../src/directory_reader.ts";
import { HttpError, StaleFileError } from "../src/errors.ts";
import { FileTree } from "../src/file_tree.ts";
import type { Listing } from "../src/listing.ts";
import { parseListingQuery } from "../src/listing.ts";
import { Later } from "./later.ts";
import { testWith } from "./permissions.ts";
import { ServerProcess } from "./server_process.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";

const LONG_AGO = new Date("2020-02-02T02:02:02Z");

/** What makes every directory a large one, with a pause wherever there can be one. */
const LARGE = { directoryBytes: 0, entriesAtOnce: 0, turnMs: 0 };

/** A folder `root` with a sibling `outside`. */
class Tree implements Disposable {
  readonly base = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-directory-" }));
  readonly root = join(this.base, "root");
  /** Paths whose links were followed. */
  readonly followed: string[] = [];
  /** What is said of a directory that was read. */
  isInPlace = true;
  /** Names that were read. */
  readonly read: string[] = [];
  readonly #limits: Partial<ListingLimits>;

  constructor(limits: Partial<ListingLimits> = {}) {
    this.#limits = limits;
    for (const name of ["root", "outside"]) Deno.mkdirSync(join(this.base, name));
    Deno.writeTextFileSync(join(this.base, "outside", "secret.txt"), "secret");
  }

  write(name: string, size = 1, mtime = LONG_AGO): void {
    const path = join(this.root, name);
    Deno.writeFileSync(path, new Uint8Array(size));
    Deno.utimeSync(path, mtime, mtime);
  }

  mkdir(name: string): void {
    Deno.mkdirSync(join(this.root, name));
    Deno.utimeSync(join(this.root, name), LONG_AGO, LONG_AGO);
  }

  link(name: string, target: string): void {
    Deno.symlinkSync(target, join(this.root, name));
  }

  open(limits: Partial<ListingLimits> = {}, reader = new DirectoryReader({ ...this.#limits, ...limits })): Directory {
    return new Directory({ path: this.root, info: Deno.statSync(this.root) }, {
      sitePath: "/",
      isInPlace: () => this.isInPlace,
      findTarget: (path) => {
        this.followed.push(path);
        return new FileTree({ root: this.root }).findTarget(path);
      },
      isShown: (name) => {
        this.read.push(name);
        return !name.startsWith(".");
      },
      reader,
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.base, { recursive: true });
  }
}

function treeTest(name: string, fn: (tree: Tree) => void | Promise<void>): void {
  for (const [way, limits] of [["at once", {}], ["in turns", LARGE]] as const) {
    testWith(["read", "write"], `Directory ${name}, ${way}`, async () => {
      using tree = new Tree(limits);
      await fn(tree);
    });
  }
}

async function list(directory: Directory, query = ""): Promise<Listing> {
  return await directory.list(parseListingQuery(query));
}

function namesOf({ entries }: Listing): string[] {
  return entries.map(({ name, type }) => type === "directory" ? `${name}/` : name);
}

treeTest("lists files and folders with what is known of them", async (tree) => {
  tree.write("b10.txt", 12, new Date("2021-01-01T00:00:00Z"));
  tree.write("b9.txt");
  tree.mkdir("z");
  const { entries, ...rest } = await list(tree.open());
  assertEquals(entries, [
    { name: "z", type: "directory", size: undefined, modifiedMs: LONG_AGO.getTime() },
    { name: "b9.txt", type: "file", size: 1, modifiedMs: LONG_AGO.getTime() },
    { name: "b10.txt", type: "file", size: 12, modifiedMs: Date.UTC(2021, 0, 1) },
  ]);
  assertEquals(rest, {
    sort: "name",
    order: "asc",
    page: 1,
    search: "",
    pages: 1,
    total: 3,
    isSortable: true,
    omitted: 0,
  });
});

treeTest("neither lists nor counts hidden names and names that no path can have", async (tree) => {
  for (const name of [".env", ".git", "..x", "back\\slash", "shown"]) tree.write(name);
  tree.mkdir(".well-known");
  const listing = await list(tree.open());
  assertEquals([namesOf(listing), listing.total, listing.pages], [["shown"], 1, 1]);
});

treeTest("follows links that stay in the root, and neither lists nor counts the others", async (tree) => {
  tree.write("file", 7);
  tree.mkdir("folder");
  tree.link("to-file", "file");
  tree.link("to-folder", join(tree.root, "folder"));
  tree.link("to-root", ".");
  for (const [at, target] of ["../outside", "../outside/secret.txt", "/etc/passwd", "missing", "loop4"].entries()) {
    tree.link(`loop${at}`, target);
  }
  tree.link("sibling", "../root-other");
  const listing = await list(tree.open());
  assertEquals(namesOf(listing), ["folder/", "to-folder/", "to-root/", "file", "to-file"]);
  assertEquals(listing.total, 5);
  assertEquals(listing.entries.at(-1)?.size, 7);
});

testWith(
  ["read", "run", "write"],
  "Directory does not list a FIFO, nor a link to one, and is not blocked by it",
  async () => {
    using tree = new Tree();
    tree.write("file");
    const { success } = new Deno.Command("mkfifo", { args: [join(tree.root, "fifo")] }).outputSync();
    assert(success, "mkfifo");
    tree.link("link", "fifo");
    for (const looks of [10, 1]) {
      const listing = await list(tree.open({ looks }));
      assertEquals([namesOf(listing), listing.total], [["file"], 1]);
    }
  },
);

treeTest("keeps the names and looks anew at the entries", async (tree) => {
  for (const name of ["a", "b", "c"]) tree.write(name);
  tree.link("link", "later");
  const directory = tree.open();
  assertEquals(directory.heldBytes, 0);
  assertEquals(namesOf(await list(directory)), ["a", "b", "c"]);
  assert(directory.heldBytes >= 4, "the names are held");
  const { heldBytes } = directory;
  tree.write("a", 99);
  tree.write("later");
  Deno.removeSync(join(tree.root, "b"));
  tree.write("d");
  const listing = await list(directory);
  assertEquals(namesOf(listing), ["a", "c", "link"]);
  assertEquals(listing.entries[0]?.size, 99);
  assertEquals(directory.heldBytes, heldBytes);
});

treeTest("has another fingerprint when a name came or went, and is settled when that was long ago", (tree) => {
  const before = tree.open();
  assertEquals(before.isSettled, false);
  tree.write("a");
  Deno.utimeSync(tree.root, LONG_AGO, LONG_AGO);
  assertEquals(tree.open().isSettled, false);
  using _later = new Later();
  const after = tree.open();
  assertNotEquals(after.fingerprint, before.fingerprint);
  assertEquals([after.isSettled, tree.open().fingerprint], [true, after.fingerprint]);
});

treeTest("does not follow a link that took the place of a file", async (tree) => {
  for (const name of ["a", "b"]) tree.write(name);
  const directory = tree.open();
  await list(directory);
  Deno.removeSync(join(tree.root, "a"));
  tree.link("a", "../outside/secret.txt");
  assertEquals(namesOf(await list(directory)), ["b"]);
});

treeTest("throws where it is gone", async (tree) => {
  const directory = tree.open();
  Deno.removeSync(tree.root);
  await assertRejects(() => list(directory), Deno.errors.NotFound);
});

/** Searching in this tree: `Émile 1`, `emile2`, `notes`, the folder `EMILE`, and `.emile`. */
const SEARCHES: readonly [search: string, expected: string[]][] = [
  ["emile", ["EMILE/", "Émile 1", "emile2"]],
  ["ÉMILE", ["EMILE/", "Émile 1", "emile2"]],
  ["e 1", ["Émile 1"]],
  ["*", []],
  [".", []],
  ["", ["EMILE/", "Émile 1", "emile2", "notes"]],
  ["x", []],
];

treeTest("searches without regard to case and accents", async (tree) => {
  for (const name of ["Émile 1", "emile2", "notes", ".emile"]) tree.write(name);
  tree.mkdir("EMILE");
  const directory = tree.open();
  for (const [search, expected] of SEARCHES) {
    const listing = await list(directory, `?search=${encodeURIComponent(search)}`);
    assertEquals([namesOf(listing), listing.total, listing.search], [expected, expected.length, search]);
  }
});

/** With at most 5 looks at 8 entries. */
const BOUNDED: readonly [query: string, expected: string[], isSortable: boolean][] = [
  ["", ["d/", "to-d/", "f1", "f2", "f3", "f10", "to-f"], false],
  ["?order=desc", ["to-d/", "d/", "to-f", "f10", "f3", "f2", "f1"], false],
  ["?sort=size&order=desc", ["to-d/", "d/", "to-f", "f10", "f3", "f2", "f1"], false],
  ["?sort=size&order=desc&search=f", ["f10", "f3", "to-f", "f2", "f1"], true],
  ["?search=to-", ["to-d/", "to-f"], true],
];

treeTest("sorts by name where there are more entries than may be looked at", async (tree) => {
  for (const [at, name] of ["f1", "f2", "f3", "f10"].entries()) tree.write(name, at + 1);
  tree.mkdir("d");
  tree.link("to-d", "d");
  tree.link("to-f", "f3");
  tree.link("away", "../outside");
  const directory = tree.open({ looks: 5 });
  for (const [query, expected, isSortable] of BOUNDED) {
    const listing = await list(directory, query);
    assertEquals([namesOf(listing), listing.isSortable, listing.total], [expected, isSortable, expected.length], query);
    if (!isSortable) assertEquals(listing.sort, "name");
  }
});

treeTest("follows no more links than it may look at entries", async (tree) => {
  for (let at = 0; at < 9; at++) tree.link(`link${at}`, ".");
  const listing = await list(tree.open({ looks: 4 }));
  assertEquals([namesOf(listing).length, tree.followed.length], [4, 4]);
});

treeTest("looks only at the entries of the page where there are too many", async (tree) => {
  for (let at = 0; at < 1_005; at++) tree.write(`f${at}`);
  const directory = tree.open({ looks: 100 });
  assertEquals((await list(directory)).total, 1_005);
  for (let at = 0; at < 1_004; at++) Deno.removeSync(join(tree.root, `f${at}`));
  const [first, last] = [await list(directory), await list(directory, "?page=2")];
  assertEquals([namesOf(first), first.total, first.pages], [[], 1_005, 2]);
  assertEquals([namesOf(last), last.page], [["f1004"], 2]);
});

/** Of the names `f1` to `f9` and `f10`; each costs 96 bytes and its own. */
const CUTS: readonly [namesBytes: number, query: string, expected: string[], omitted: number][] = [
  [10 * 98 + 1, "", ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10"], 0],
  [10 * 98, "", ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"], 1],
  [4 * 98, "", ["f1", "f2", "f3", "f4"], 6],
  [4 * 98, "?order=desc", ["f4", "f3", "f2", "f1"], 6],
  [4 * 98, "?sort=size&order=desc", ["f4", "f3", "f2", "f1"], 6],
  [4 * 98, "?search=f1", ["f1"], 6],
  [4 * 98, "?search=f7", [], 6],
  [5 * 98 - 1, "", ["f1", "f2", "f3", "f4"], 6],
  [98, "", ["f1"], 9],
  [97, "", [], 10],
];

treeTest("lists the first names where it may not hold all, and counts the others", async (tree) => {
  for (const at of [7, 1, 10, 4, 9, 3, 8, 2, 6, 5]) tree.write(`f${at}`, at);
  for (const [namesBytes, query, expected, omitted] of CUTS) {
    const directory = tree.open({ namesBytes });
    const listing = await list(directory, query);
    assertEquals([namesOf(listing), listing.total, listing.omitted], [expected, expected.length, omitted], query);
    assert(directory.heldBytes <= namesBytes, `${directory.heldBytes} bytes are held`);
  }
});

treeTest("is in order also where names are sorted in parts", async (tree) => {
  const count = 2_600;
  tree.write("f0");
  for (let at = 1; at < count; at++) Deno.linkSync(join(tree.root, "f0"), join(tree.root, `f${at}`));
  for (const namesBytes of [1 << 20, 150_000, 50_000]) {
    const directory = tree.open({ namesBytes });
    const first = await list(directory);
    const pages = [first];
    for (let page = 2; page <= first.pages; page++) pages.push(await list(directory, `?page=${page}`));
    const names = pages.flatMap(namesOf);
    assertEquals(names, names.map((_, at) => `f${at}`));
    assertEquals(names.length + first.omitted, count);
    assert(names.length === count || directory.heldBytes > namesBytes - 128, "no more is left out than must be");
  }
});

testWith(
  ["read", "write"],
  "Directory is read once for all who ask while it waits, and once for all later",
  async () => {
    using tree = new Tree(LARGE);
    for (const name of ["a", "b"]) tree.write(name);
    const reader = new DirectoryReader(LARGE);
    const directories = [tree.open({}, reader), tree.open({}, reader), tree.open({}, reader)];
    const queries = ["", "?order=desc", "?search=a"];
    const asked = directories.flatMap((directory) => queries.map((query) => list(directory, query)));
    const expected = [["a", "b"], ["b", "a"], ["a"]];
    assertEquals((await Promise.all(asked)).map(namesOf), [...expected, ...expected, ...expected]);
    assertEquals(tree.read.toSorted(), ["a", "b"]);
  },
);

testWith(
  ["read", "write"],
  "Directory is not read again while its last names are known, and nothing has changed",
  async () => {
    using _later = new Later();
    using tree = new Tree(LARGE);
    const reader = new DirectoryReader(LARGE);
    // What is held cannot be collected.
    const directories: Directory[] = [];
    const read = async (mtime: Date) => {
      tree.read.length = 0;
      Deno.utimeSync(tree.root, mtime, mtime);
      const directory = tree.open({}, reader);
      directories.push(directory);
      const names = namesOf(await list(directory));
      return `${names.join()}: ${tree.read.length} read`;
    };
    tree.write("a");
    for (const expected of ["a: 1 read", "a: 0 read", "a: 0 read"]) assertEquals(await read(LONG_AGO), expected);
    tree.write("b");
    const later = new Date(LONG_AGO.getTime() + 1_000);
    for (const expected of ["a,b: 2 read", "a,b: 0 read"]) assertEquals(await read(later), expected);
    // It may change again without a sign.
    const young = new Date(Date.now());
    for (const expected of ["a,b: 2 read", "a,b: 2 read"]) assertEquals(await read(young), expected);
  },
);

testWith(["read", "write"], "DirectoryReader shares no reading that has begun, nor one of another path", async () => {
  using tree = new Tree();
  for (const name of ["a", "b"]) tree.write(name);
  const reader = new DirectoryReader();
  let begin = () => {};
  const hasBegun = new Promise<void>((resolve) => begin = resolve);
  const isShown = () => (begin(), true);
  const directory = { path: tree.root, sitePath: "/", isShown, isInPlace: () => true };
  const first = reader.read(directory);
  assertStrictEquals(reader.read(directory), first);
  const other = reader.read({ ...directory, sitePath: "/link/", isShown: (name) => name !== "b" });
  assertNotStrictEquals(other, first);
  await hasBegun;
  tree.write("c");
  const second = reader.read(directory);
  assertNotStrictEquals(second, first);
  const all = await Promise.all([other, second]);
  assertEquals(all.map(({ entries }) => entries.map(({ name }) => name)), [["a", "c"], ["a", "b", "c"]]);
  await first;
});

testWith(["read", "write"], "Directory is read again after a reading that failed", async () => {
  using tree = new Tree(LARGE);
  const directory = tree.open();
  Deno.removeSync(tree.root);
  await assertRejects(() => list(directory), Deno.errors.NotFound);
  tree.mkdir("");
  tree.write("a");
  assertEquals(namesOf(await list(directory)), ["a"]);
});

testWith(["read", "write"], "Directory gives no names of another one that took its place: a small one", async () => {
  using tree = new Tree();
  tree.write("a");
  const directory = tree.open();
  tree.isInPlace = false;
  await assertRejects(async () => await list(directory), StaleFileError);
  tree.isInPlace = true;
  assertEquals(namesOf(await list(directory)), ["a"]);
});

testWith(["read", "write"], "Directory gives no names of another one that took its place", async () => {
  using tree = new Tree(LARGE);
  tree.write("a");
  const directory = tree.open();
  tree.isInPlace = false;
  assertEquals((await assertRejects(() => list(directory), HttpError)).status, 503);
  tree.isInPlace = true;
  assertEquals(namesOf(await list(directory)), ["a"]);
});

const PLACES: readonly [what: string, looks: boolean[], names: string[]][] = [
  ["that is gone before all is read", [false, true], ["a"]],
  ["that takes its place while all is read", [true, false], ["a"]],
  ["that has no names", [false], []],
];

for (const [what, looks, names] of PLACES) {
  testWith(["read", "write"], `DirectoryReader gives no names of another directory ${what}`, async () => {
    using tree = new Tree();
    names.forEach((name) => tree.write(name));
    const isShown = () => true;
    const isInPlace = () => looks.shift() ?? false;
    const reading = new DirectoryReader(LARGE).read({ path: tree.root, sitePath: "/", isShown, isInPlace });
    assertEquals((await assertRejects(() => reading, HttpError)).status, 503);
  });
}

testWith(
  ["read", "write"],
  "DirectoryReader looks at a directory only when it is open, and before it takes a name",
  async () => {
    using tree = new Tree();
    tree.write("a");
    const steps: string[] = [];
    const isShown = (name: string) => steps.push(name) > 0;
    const isInPlace = () => {
      if (steps.push("look") === 1) {
        Deno.renameSync(tree.root, join(tree.base, "aside"));
        tree.mkdir("");
        tree.write("b");
      }
      return true;
    };
    await new DirectoryReader(LARGE).read({ path: tree.root, sitePath: "/", isShown, isInPlace });
    assertEquals(steps, ["look", "a", "look"]);
  },
);

/** What a file system says of a directory, and whether that may be too much to be read at once. */
const STATED: readonly [size: number, blocks: number | null, isLarge: boolean][] = [
  [4_096, 8, false],
  [40, 0, false],
  [32_768, 64, false],
  [32_769, 72, true],
  [20_000_000, 0, true],
  [0, 0, true],
  [0, null, true],
  [0, 8, false],
  [20_000, 5_000, true],
];

testWith(
  ["read"],
  "DirectoryReader.isLarge goes by the size and the blocks, and reads in turns where it knows neither",
  () => {
    const info = Deno.statSync(".");
    for (const [size, blocks, expected] of STATED) {
      assertEquals(
        new DirectoryReader().isLarge({ ...info, size, blocks }),
        expected,
        `${size} bytes, ${blocks} blocks`,
      );
    }
  },
);

testUnprivileged("Directory neither lists nor counts what may not be read", async () => {
  using tree = new Tree();
  const modes = { "closed": 0o000, "mine": 0o400, "open": 0o444, "unlisted": 0o222 };
  for (const [name, mode] of Object.entries(modes)) {
    tree.write(name);
    tree.mkdir(`${name}-d`);
    Deno.chmodSync(join(tree.root, name), mode);
    Deno.chmodSync(join(tree.root, `${name}-d`), mode | (mode & 0o444) >> 2);
  }
  tree.link("link", "closed");
  try {
    await using server = await ServerProcess.start(["-r", tree.root, "-w", "1", "--list"], { shell: UNPRIVILEGED });
    const ask = async (path: string) => {
      const url = `http://127.0.0.1:${server.address.port}${path}`;
      return await fetch(url, { headers: { accept: "application/json" } });
    };
    const { entries, total } = await (await ask("/")).json();
    const names = entries.map(({ name }: { name: string }) => name);
    assertEquals([names, total], [["mine-d", "open-d", "mine", "open"], 4]);
    const refused = await ask("/closed-d/");
    await refused.body?.cancel();
    assertEquals(refused.status, 403);
  } finally {
    for (const name of Object.keys(modes)) Deno.chmodSync(join(tree.root, `${name}-d`), 0o700);
  }
});
