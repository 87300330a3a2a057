/** The log writes every line, whenever it comes; counts those that it cannot write; and follows its file's name. */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { Log } from "../src/log.ts";
import { openLog } from "../src/log.ts";
import { testWith } from "./permissions.ts";
import { encode } from "./raw_client.ts";

/** Standard error that takes what is written when the test wants it to. */
class SlowStandardError implements Disposable {
  text = "";
  take = () => {};
  readonly #write = Deno.stderr.write;

  constructor() {
    Deno.stderr.write = (bytes) =>
      new Promise((resolve) => {
        this.take = () => {
          this.text += new TextDecoder().decode(bytes);
          resolve(bytes.length);
        };
      });
  }

  [Symbol.dispose](): void {
    Deno.stderr.write = this.#write;
  }
}

/** More turns of the microtask queue than it takes to go from one line to the next. */
const MOST_TURNS = 20;

for (let turns = 0; turns < MOST_TURNS; turns++) {
  Deno.test(`openLog writes a line that comes ${turns} microtasks after the one before was taken`, async () => {
    using output = new SlowStandardError();
    const log = openLog("error", undefined);
    log.event("error", "first");
    output.take();
    for (let turn = 0; turn < turns; turn++) await undefined;
    output.take = () => {};
    log.event("error", "second");
    await new Promise((resolve) => setTimeout(resolve, 0));
    output.take();
    await log.close();
    assertEquals(output.text.match(/first|second/g), ["first", "second"]);
  });
}

/** Standard error of which each write takes so many bytes at most, and with none left fails like a full disk. */
class FullStandardError implements Disposable {
  text = "";
  freeBytes: number;
  readonly #write = Deno.stderr.write;

  constructor(freeBytes: number) {
    this.freeBytes = freeBytes;
    Deno.stderr.write = (bytes) => {
      if (this.freeBytes === 0) return Promise.reject(new Error("No space left on device (os error 28)"));
      const count = Math.min(this.freeBytes, bytes.length, 7);
      this.freeBytes -= count;
      this.text += new TextDecoder().decode(bytes.subarray(0, count));
      return Promise.resolve(count);
    };
  }

  [Symbol.dispose](): void {
    Deno.stderr.write = this.#write;
  }
}

/** What a disk has room for, the lines logged one by one, how many are logged while it is full, and what is there then. */
const FULL: readonly [name: string, freeBytes: number, batches: readonly string[], written: string][] = [
  ["full from the start", 0, ["a\n", "b\n"], "sockeye: 2 lines of the log were lost\nend\n"],
  ["full after a line", 2, ["a\n", "b\nc\n"], "a\nsockeye: 2 lines of the log were lost\nend\n"],
  ["full in the midst of a line", 4, ["a\n", "bcd\n"], "a\nbc\nsockeye: 1 lines of the log were lost\nend\n"],
  ["full before the end of a line", 5, ["a\n", "bcd\n"], "a\nbcd\nsockeye: 1 lines of the log were lost\nend\n"],
  ["full in the midst of a batch", 5, ["a\n", "b\nc\nd\n"], "a\nb\nc\nsockeye: 2 lines of the log were lost\nend\n"],
];

/** Lets what was logged be written, or fail. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

for (const [name, freeBytes, batches, written] of FULL) {
  Deno.test(`openLog counts the lines that are lost on a disk that is ${name}`, async () => {
    using output = new FullStandardError(freeBytes);
    const log = openLog("info", undefined);
    for (const lines of batches) {
      log.access(encode(lines));
      await settle();
    }
    output.freeBytes = Infinity;
    log.access(encode("end\n"));
    await log.close();
    assertEquals(output.text, written);
  });
}

Deno.test("openLog tells a loss once, also where telling it fails", async () => {
  using output = new FullStandardError(0);
  const log = openLog("info", undefined);
  log.access(encode("a\n"));
  await settle();
  for (const freeBytes of [9, 0]) {
    output.freeBytes = freeBytes;
    log.access(encode("b\n"));
    await settle();
  }
  output.freeBytes = Infinity;
  for (const line of ["c\n", "d\n"]) log.access(encode(line));
  await log.close();
  assertEquals(output.text, "sockeye: \nsockeye: 3 lines of the log were lost\nc\nd\n");
});

Deno.test("Log.reopen leaves standard error alone", async () => {
  using output = new FullStandardError(Infinity);
  const log = openLog("info", undefined);
  await log.reopen();
  log.access(encode("a\n"));
  await log.close();
  assertEquals(output.text, "a\n");
});

function logFileTest(name: string, fn: (log: Log, path: string) => Promise<void>): void {
  testWith(["read", "write"], name, async () => {
    const folder = await Deno.makeTempDir({ prefix: "sockeye-log-" });
    try {
      const path = join(folder, "logs", "a.log");
      Deno.mkdirSync(join(folder, "logs"));
      const log = openLog("info", path);
      await fn(log, path);
      await log.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

logFileTest(
  "Log.reopen follows a log file that was renamed, and no line is lost or written twice",
  async (log, path) => {
    let expected = "";
    for (let turn = 0; turn < 20; turn++) {
      for (let line = 0; line < 50; line++) {
        log.access(encode(`${turn} ${line}\n`));
        expected += `${turn} ${line}\n`;
      }
      Deno.renameSync(path, `${path}.${String(turn).padStart(2, "0")}`);
      const reopened = log.reopen();
      log.access(encode(`${turn} meanwhile\n`));
      expected += `${turn} meanwhile\n`;
      await reopened;
    }
    await log.close();
    const names = [...Deno.readDirSync(join(path, ".."))].map(({ name }) => name).sort();
    assertEquals(names.length, 21);
    names.push(...names.splice(0, 1)); // the youngest has no number
    assertEquals(names.map((name) => Deno.readTextFileSync(join(path, "..", name))).join(""), expected);
  },
);

logFileTest("Log.reopen makes a log file again that was removed", async (log, path) => {
  log.access(encode("before\n"));
  Deno.removeSync(path);
  log.access(encode("into nothing\n"));
  await log.reopen();
  log.access(encode("after\n"));
  await log.close();
  assertEquals(Deno.readTextFileSync(path).split("\n").at(-2), "after");
});

logFileTest("Log.reopen goes on with the file of before where the new one cannot be opened", async (log, path) => {
  const folder = join(path, "..");
  const moved = `${folder}.old`;
  Deno.renameSync(folder, moved);
  await log.reopen();
  log.access(encode("still there\n"));
  await log.close();
  const text = Deno.readTextFileSync(join(moved, "a.log"));
  assertMatch(text, /\[ERR\].*The log file of before is written on\. Cannot open the log file .*\nstill there\n$/);
});

logFileTest("Log.reopen opens nothing after the end", async (log) => {
  await log.close();
  await log.reopen();
});
