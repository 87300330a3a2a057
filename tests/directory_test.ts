/**
 * `Directory` on directories made here: what is listed, what never is, and that no more entries are looked at than the
 * bound says. What needs fewer privileges than the tests may have is asked of a server.
 */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { DirectoryOptions } from "../src/directory.ts";
import { Directory } from "../src/directory.ts";
import { FileTree } from "../src/file_tree.ts";
import type { Listing } from "../src/listing.ts";
import { parseListingQuery } from "../src/listing.ts";
import { testWith } from "./permissions.ts";
import { ServerProcess } from "./server_process.ts";
import { testUnprivileged, UNPRIVILEGED } from "./unprivileged.ts";

const LONG_AGO = new Date("2020-02-02T02:02:02Z");

/** A folder `root` with a sibling `outside`. */
class Tree implements Disposable {
  readonly base = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-directory-" }));
  readonly root = join(this.base, "root");
  /** Paths whose links were followed. */
  readonly followed: string[] = [];

  constructor() {
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

  open(options: Partial<DirectoryOptions> = {}): Directory {
    return new Directory({ path: this.root, info: Deno.statSync(this.root) }, {
      findTarget: (path) => {
        this.followed.push(path);
        return new FileTree({ root: this.root }).findTarget(path);
      },
      isShown: (name) => !name.startsWith("."),
      ...options,
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.base, { recursive: true });
  }
}

function treeTest(name: string, fn: (tree: Tree) => void): void {
  testWith(["read", "write"], `Directory ${name}`, () => {
    using tree = new Tree();
    fn(tree);
  });
}

function list(directory: Directory, query = ""): Listing {
  return directory.list(parseListingQuery(query));
}

function namesOf({ entries }: Listing): string[] {
  return entries.map(({ name, type }) => type === "directory" ? `${name}/` : name);
}

treeTest("lists files and folders with what is known of them", (tree) => {
  tree.write("b10.txt", 12, new Date("2021-01-01T00:00:00Z"));
  tree.write("b9.txt");
  tree.mkdir("z");
  const { entries, ...rest } = list(tree.open());
  assertEquals(entries, [
    { name: "z", type: "directory", size: undefined, modifiedMs: LONG_AGO.getTime() },
    { name: "b9.txt", type: "file", size: 1, modifiedMs: LONG_AGO.getTime() },
    { name: "b10.txt", type: "file", size: 12, modifiedMs: Date.UTC(2021, 0, 1) },
  ]);
  assertEquals(rest, { sort: "name", order: "asc", page: 1, search: "", pages: 1, total: 3, isSortable: true });
});

treeTest("neither lists nor counts hidden names and names that no path can have", (tree) => {
  for (const name of [".env", ".git", "..x", "back\\slash", "shown"]) tree.write(name);
  tree.mkdir(".well-known");
  const listing = list(tree.open());
  assertEquals([namesOf(listing), listing.total, listing.pages], [["shown"], 1, 1]);
});

treeTest("follows links that stay in the root, and neither lists nor counts the others", (tree) => {
  tree.write("file", 7);
  tree.mkdir("folder");
  tree.link("to-file", "file");
  tree.link("to-folder", join(tree.root, "folder"));
  tree.link("to-root", ".");
  for (const [at, target] of ["../outside", "../outside/secret.txt", "/etc/passwd", "missing", "loop4"].entries()) {
    tree.link(`loop${at}`, target);
  }
  tree.link("sibling", "../root-other");
  const listing = list(tree.open());
  assertEquals(namesOf(listing), ["folder/", "to-folder/", "to-root/", "file", "to-file"]);
  assertEquals(listing.total, 5);
  assertEquals(listing.entries.at(-1)?.size, 7);
});

testWith(
  ["read", "run", "write"],
  "Directory does not list a FIFO, nor a link to one, and is not blocked by it",
  () => {
    using tree = new Tree();
    tree.write("file");
    const { success } = new Deno.Command("mkfifo", { args: [join(tree.root, "fifo")] }).outputSync();
    assert(success, "mkfifo");
    tree.link("link", "fifo");
    for (const mostLooks of [10, 1]) {
      const listing = list(tree.open({ mostLooks }));
      assertEquals([namesOf(listing), listing.total], [["file"], 1]);
    }
  },
);

treeTest("keeps the names and looks anew at the entries", (tree) => {
  for (const name of ["a", "b", "c"]) tree.write(name);
  tree.link("link", "later");
  const directory = tree.open();
  assertEquals(directory.heldBytes, 0);
  assertEquals(namesOf(list(directory)), ["a", "b", "c"]);
  assert(directory.heldBytes >= 4, "the names are held");
  const { heldBytes } = directory;
  tree.write("a", 99);
  tree.write("later");
  Deno.removeSync(join(tree.root, "b"));
  tree.write("d");
  const listing = list(directory);
  assertEquals(namesOf(listing), ["a", "c", "link"]);
  assertEquals(listing.entries[0]?.size, 99);
  assertEquals(directory.heldBytes, heldBytes);
});

treeTest("has another fingerprint when a name came or went, and is settled when that was long ago", (tree) => {
  const before = tree.open();
  assertEquals(before.isSettled, false);
  tree.write("a");
  Deno.utimeSync(tree.root, LONG_AGO, LONG_AGO);
  const after = tree.open();
  assertNotEquals(after.fingerprint, before.fingerprint);
  assertEquals([after.isSettled, tree.open().fingerprint], [true, after.fingerprint]);
});

treeTest("does not follow a link that took the place of a file", (tree) => {
  for (const name of ["a", "b"]) tree.write(name);
  const directory = tree.open();
  list(directory);
  Deno.removeSync(join(tree.root, "a"));
  tree.link("a", "../outside/secret.txt");
  assertEquals(namesOf(list(directory)), ["b"]);
});

treeTest("throws where it is gone", (tree) => {
  const directory = tree.open();
  Deno.removeSync(tree.root);
  assertThrows(() => list(directory), Deno.errors.NotFound);
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

treeTest("searches without regard to case and accents", (tree) => {
  for (const name of ["Émile 1", "emile2", "notes", ".emile"]) tree.write(name);
  tree.mkdir("EMILE");
  const directory = tree.open();
  for (const [search, expected] of SEARCHES) {
    const listing = list(directory, `?search=${encodeURIComponent(search)}`);
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

treeTest("sorts by name where there are more entries than may be looked at", (tree) => {
  for (const [at, name] of ["f1", "f2", "f3", "f10"].entries()) tree.write(name, at + 1);
  tree.mkdir("d");
  tree.link("to-d", "d");
  tree.link("to-f", "f3");
  tree.link("away", "../outside");
  const directory = tree.open({ mostLooks: 5 });
  for (const [query, expected, isSortable] of BOUNDED) {
    const listing = list(directory, query);
    assertEquals([namesOf(listing), listing.isSortable, listing.total], [expected, isSortable, expected.length], query);
    if (!isSortable) assertEquals(listing.sort, "name");
  }
});

treeTest("follows no more links than it may look at entries", (tree) => {
  for (let at = 0; at < 9; at++) tree.link(`link${at}`, ".");
  const listing = list(tree.open({ mostLooks: 4 }));
  assertEquals([namesOf(listing).length, tree.followed.length], [4, 4]);
});

treeTest("looks only at the entries of the page where there are too many", (tree) => {
  for (let at = 0; at < 1_005; at++) tree.write(`f${at}`);
  const directory = tree.open({ mostLooks: 100 });
  assertEquals(list(directory).total, 1_005);
  for (let at = 0; at < 1_004; at++) Deno.removeSync(join(tree.root, `f${at}`));
  const [first, last] = [list(directory), list(directory, "?page=2")];
  assertEquals([namesOf(first), first.total, first.pages], [[], 1_005, 2]);
  assertEquals([namesOf(last), last.page], [["f1004"], 2]);
});

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
