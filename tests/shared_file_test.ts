/** A file that several answers read at once: own positions, one descriptor. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { OpenFile } from "../src/message.ts";
import { SharedFile } from "../src/shared_file.ts";

/** A file of which every call is written down. */
class RecordedFile implements OpenFile {
  readonly #calls: string[];
  #position = 0;

  constructor(calls: string[]) {
    this.#calls = calls;
    calls.push("open");
  }

  readSync(into: Uint8Array): number | null {
    const bytes = new TextEncoder().encode("0123456789").subarray(this.#position, this.#position + into.length);
    this.#calls.push(`read ${bytes.length} at ${this.#position}`);
    into.set(bytes);
    this.#position += bytes.length;
    return bytes.length === 0 ? null : bytes.length;
  }

  seekSync(offset: number, _whence: 0): number {
    this.#calls.push(`seek ${offset}`);
    return this.#position = offset;
  }

  close(): void {
    this.#calls.push("close");
  }
}

function share(check: () => void = () => {}): { file: SharedFile; calls: string[] } {
  const calls: string[] = [];
  const file = new SharedFile({
    open: () => new RecordedFile(calls),
    check: () => {
      calls.push("check");
      check();
    },
    now: () => 0,
  });
  return { file, calls };
}

function read(file: OpenFile, length: number): string | null {
  const into = new Uint8Array(length);
  const count = file.readSync(into);
  return count === null ? null : new TextDecoder().decode(into.subarray(0, count));
}

Deno.test("SharedFile opens nothing before it is used, and closes behind each user that is alone", () => {
  const { file, calls } = share();
  assertEquals(calls, []);
  for (let times = 0; times < 2; times++) {
    const view = file.open();
    assertEquals(read(view, 4), "0123");
    assertEquals(read(view, 4), "4567");
    view.close();
  }
  const once = ["open", "read 4 at 0", "read 4 at 4", "close"];
  assertEquals(calls, [...once, ...once]);
});

Deno.test("SharedFile gives each user a position of its own, and seeks only where another has read", () => {
  const { file, calls } = share();
  const [first, second] = [file.open(), file.open()];
  assertEquals(first.seekSync(2, 0), 2);
  assertEquals(read(first, 3), "234");
  assertEquals(read(first, 2), "56");
  assertEquals(read(second, 3), "012");
  assertEquals(read(first, 5), "789");
  assertEquals(read(first, 5), null);
  assertEquals(read(second, 1), "3");
  first.close();
  assertEquals(read(second, 1), "4");
  second.close();
  const reads = [
    "seek 2",
    "read 3 at 2",
    "read 2 at 5",
    "seek 0",
    "read 3 at 0",
    "seek 7",
    "read 3 at 7",
    "read 0 at 10",
  ];
  assertEquals(calls, ["open", "check", ...reads, "seek 3", "read 1 at 3", "read 1 at 4", "close"]);
});

Deno.test("SharedFile refuses a further user where the name stands for another file, and the others go on", () => {
  const stale = new Error("File has changed");
  const { file, calls } = share(() => {
    throw stale;
  });
  const view = file.open();
  assertThrows(() => file.open(), Error, stale.message);
  assertEquals(read(view, 2), "01");
  view.close();
  const later = file.open();
  later.close();
  assertEquals(calls, ["open", "check", "read 2 at 0", "close", "open", "close"]);
});

Deno.test("SharedFile closes once, however often a user does, and then reads nothing", () => {
  const { file, calls } = share();
  const [first, second] = [file.open(), file.open()];
  first.close();
  first.close();
  assertThrows(() => read(first, 1), Error, "File is closed");
  assertEquals(read(second, 1), "0");
  second.close();
  assertEquals(calls, ["open", "check", "read 1 at 0", "close"]);
});

Deno.test("SharedFile tries again after an opening that failed", () => {
  let isThere = false;
  const calls: string[] = [];
  const file = new SharedFile({
    open: () => {
      if (!isThere) throw new Error("not there");
      return new RecordedFile(calls);
    },
    check: () => {},
    now: () => 0,
  });
  assertThrows(() => file.open(), Error, "not there");
  isThere = true;
  file.open().close();
  assertEquals(calls, ["open", "close"]);
});

/** A file on a disk that takes so long for each read, on a clock that is its own. */
class SlowFile extends RecordedFile {
  nowMs = 1;
  readMs: number;
  /** How many reads are under way beside the thread. */
  underWay = 0;

  constructor(calls: string[], readMs: number) {
    super(calls);
    this.readMs = readMs;
  }

  override readSync(into: Uint8Array): number | null {
    assertEquals(this.underWay, 0, "the runtime has one operation on a file at a time");
    this.nowMs += this.readMs;
    return super.readSync(into);
  }

  async read(into: Uint8Array): Promise<number | null> {
    assertEquals(this.underWay++, 0, "the runtime has one operation on a file at a time");
    const count = super.readSync(into);
    await Promise.resolve();
    this.nowMs += this.readMs;
    this.underWay--;
    return count;
  }
}

function shareSlow(readMs: number): { shared: SharedFile; file: SlowFile; calls: string[] } {
  const calls: string[] = [];
  const file = new SlowFile(calls, readMs);
  const shared = new SharedFile({ open: () => file, check: () => {}, now: () => file.nowMs });
  return { shared, file, calls };
}

async function readLater(file: OpenFile, length: number): Promise<string | null> {
  const into = new Uint8Array(length);
  const count = await file.read?.(into) ?? null;
  return count === null ? null : new TextDecoder().decode(into.subarray(0, count));
}

const SLOWNESS: readonly [readMs: number, isSlow: boolean][] = [[0, false], [9, false], [10, true], [5_000, true]];

for (const [readMs, isSlow] of SLOWNESS) {
  Deno.test(`SharedFile.isSlow is ${isSlow} after a read of ${readMs} ms, for a second`, () => {
    const { shared, file } = shareSlow(readMs);
    const view = shared.open();
    assertEquals(view.isSlow, false);
    read(view, 1);
    assertEquals(view.isSlow, isSlow);
    file.nowMs += 999;
    assertEquals(view.isSlow, isSlow);
    file.nowMs += 1;
    assertEquals(view.isSlow, false);
    view.close();
  });
}

Deno.test("SharedFile reads beside the thread one after the other, each user at its own position", async () => {
  const { shared, file } = shareSlow(20);
  const [first, second] = [shared.open(), shared.open()];
  assertEquals(read(first, 2), "01");
  const reads = [readLater(first, 3), readLater(second, 4)];
  assertEquals([first.isSlow, second.isSlow], [true, true]);
  assertEquals(await Promise.all(reads), ["234", "0123"]);
  assertEquals(await readLater(first, 9), "56789");
  assertEquals(await readLater(first, 1), null);
  file.nowMs += 1_000;
  assertEquals([second.isSlow, read(second, 2)], [false, "45"]);
  first.close();
  second.close();
});

Deno.test("SharedFile: as long as reads beside the thread are slow none is made by it", async () => {
  const { shared, file } = shareSlow(20);
  const view = shared.open();
  read(view, 1);
  for (let times = 0; times < 5; times++) {
    file.nowMs += 900;
    assertEquals(view.isSlow, true);
    await readLater(view, 1);
  }
  file.readMs = 0;
  await readLater(view, 1);
  file.nowMs += 1_000;
  assertEquals(view.isSlow, false);
  view.close();
});

Deno.test("SharedFile: a read beside the thread that fails holds up none behind it", async () => {
  const { shared, file } = shareSlow(20);
  const view = shared.open();
  read(view, 1);
  const { read: readWell } = file;
  file.read = () => Promise.reject(new Error("the disk is broken"));
  const failing = readLater(view, 1);
  file.read = readWell;
  const next = readLater(view, 1);
  await assertRejects(() => failing, Error, "the disk is broken");
  assertEquals(await next, "1");
  view.close();
});
