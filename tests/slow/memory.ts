/**
 * What clients can make the server hold: each case does its worst to a server process of its own, checks that every
 * answer is right, and compares the memory of the process with a bound.
 *
 * `deno task test:memory` runs them as tests. {@linkcode MEMORY_CASES} is for programs that run many suites: each case
 * returns its figure, and throws where a bound is not kept.
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { join } from "@std/path";
import { isInstalled } from "../installed.ts";
import { countDescriptors, forgetPeakMemory, measureMemoryBytes, measurePeakMemoryBytes } from "../process_figures.ts";
import { decode, encode, RawClient } from "../raw_client.ts";
import { ServerProcess } from "../server_process.ts";

const MIB = 1 << 20;
/** A case takes a minute at most. */
const PATIENCE_MS = 120_000;

/** One case. */
export interface MemoryCase {
  /** What is done to the server. */
  readonly name: string;
  /** Does it. Returns what was measured, in words; throws where that is too much. */
  readonly run: () => Promise<string>;
}

/** A folder that is removed with all that is in it. */
class TemporaryFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync();

  /** Makes a file that takes no room on the disk. */
  addHole(name: string, bytes: number): void {
    Deno.writeFileSync(join(this.path, name), new Uint8Array());
    Deno.truncateSync(join(this.path, name), bytes);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A server, and the process that it is. */
interface ObservedServer extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly pid: number;
}

/** Two workers on loopback; warm, so that what is measured is not the start. */
async function start(args: readonly string[]): Promise<ObservedServer> {
  const shell = 'echo "pid $$" >&2; exec "$@"';
  const server = await ServerProcess.start(["-h", "127.0.0.1", "-w", "2", ...args], { shell, patienceMs: PATIENCE_MS });
  const [pid = ""] = /\d+/.exec(await server.logged(/^pid \d+\n/)) ?? [];
  const observed = { server, pid: Number(pid), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  for (let n = 0; n < 200; n++) await ask(observed, "GET /none HTTP/1.1");
  return observed;
}

/** Sends one request on a connection of its own. */
async function ask(observed: ObservedServer, requestLine: string, fields = "", body = new Uint8Array()) {
  using client = await RawClient.connect(observed.server.address);
  await client.send(`${requestLine}\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`);
  await client.send(body);
  return await client.readAnswer();
}

/** Measures what a deed adds to the memory of a server at its worst, and compares it with a bound. */
async function measure(observed: ObservedServer, boundMiB: number, deed: () => Promise<void>): Promise<string> {
  const before = await measureMemoryBytes(observed.pid);
  await forgetPeakMemory(observed.pid);
  await deed();
  const addedMiB = (await measurePeakMemoryBytes(observed.pid) - before) / MIB;
  const figure = `${addedMiB.toFixed(1)} MiB more at the peak, ${boundMiB} at most`;
  assertLess(addedMiB, boundMiB, figure);
  return figure;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs many at once, but no more than some. */
async function each(count: number, atOnce: number, action: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) await action(next++);
  }));
}

async function pipelining(): Promise<string> {
  const requests = 100_000;
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(join(folder.path, "a.txt"), "0123456789");
  await using observed = await start(["-r", folder.path]);
  const conn = await Deno.connect(observed.server.address);
  const figure = await measure(observed, 40, async () => {
    const all = encode("GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests));
    let sent = 0;
    const sending = (async () => {
      while (sent < all.length) sent += await conn.write(all.subarray(sent));
    })();
    // Nothing is read: both systems' buffers fill, and then the server has to wait.
    for (let before = -1; before !== sent; await pause(500)) before = sent;
    let answers = 0;
    const marker = encode("0123456789");
    const buffer = new Uint8Array(1 << 16);
    let rest = new Uint8Array();
    while (answers < requests) {
      const count = await conn.read(buffer);
      assert(count !== null, `the connection ended after ${answers} answers`);
      const text = decode(rest) + decode(buffer.subarray(0, count));
      const parts = text.split(decode(marker));
      answers += parts.length - 1;
      rest = encode(parts.at(-1) ?? "");
    }
    await sending;
    assertEquals(answers, requests);
  });
  conn.close();
  return `${requests} requests, read late: ${figure}`;
}

/** The kernel holds 4 MB for each of them on loopback: with many more it would be the kernel that is measured. */
async function slowReaders(): Promise<string> {
  const readers = 300;
  using folder = new TemporaryFolder();
  folder.addHole("large.bin", 1024 * MIB);
  await using observed = await start(["-r", folder.path]);
  const conns: Deno.TcpConn[] = [];
  // The engine warms up with them, and 150 KB for each: it was 410 KB when large pieces were held.
  const figure = await measure(observed, 15 + readers * 150 / 1024, async () => {
    for (let n = 0; n < readers; n++) {
      const conn = await Deno.connect(observed.server.address);
      conns.push(conn);
      await conn.write(encode("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
      if (n % 50 === 0) await pause(50);
    }
    const buffer = new Uint8Array(1 << 16);
    const endMs = performance.now() + 5_000;
    while (performance.now() < endMs) {
      for (const conn of conns) await conn.read(buffer);
    }
    assertEquals((await ask(observed, "GET /large.bin HTTP/1.1", "Range: bytes=0-9\r\n")).body.length, 10);
  });
  for (const conn of conns) conn.close();
  return `${readers} readers: ${figure}`;
}

/** Those with small windows, so that the kernel holds little: a program that can ask for them. */
async function verySlowReaders(): Promise<string> {
  if (!await isInstalled("slowhttptest")) return "not run: slowhttptest is not installed";
  const readers = 10_000;
  const seconds = 40;
  using folder = new TemporaryFolder();
  folder.addHole("large.bin", 1024 * MIB);
  await using observed = await start(["-r", folder.path]);
  const { hostname, port } = observed.server.address;
  const url = `http://${hostname}:${port}/large.bin`;
  const args = ["-X", "-c", readers, "-r", 1_000, "-w", 512, "-y", 1_024, "-n", 5, "-z", 32, "-l", seconds, "-u", url];
  const command = ["-k", "5", `${seconds + 20}`, "slowhttptest", ...args.map(String)];
  let most = 0;
  // Each holds the piece of 32 KiB that its client does not take.
  const figure = await measure(observed, 40 + readers * 40 / 1024, async () => {
    const attack = new Deno.Command("timeout", { args: command, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    let isOver = false;
    void attack.status.then(() => isOver = true);
    while (!isOver) {
      await pause(1_000);
      most = Math.max(most, await countDescriptors(observed.pid));
      const { body } = await ask(observed, "GET /large.bin HTTP/1.1", "Range: bytes=0-9\r\n");
      assertEquals(body.length, 10);
    }
  });
  assertLess(readers / 2, most, "fewer readers than the case is for");
  return `${readers} readers with windows of 512 bytes, up to ${most} descriptors at once: ${figure}`;
}

async function hugeHeads(): Promise<string> {
  const clients = 1_000;
  await using observed = await start(["-r", "www"]);
  const conns: Deno.TcpConn[] = [];
  const head = encode(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(16_300)}`);
  const figure = await measure(observed, clients * 40 / 1024, async () => {
    for (let n = 0; n < clients; n++) {
      const conn = await Deno.connect(observed.server.address);
      conns.push(conn);
      for (let sent = 0; sent < head.length;) sent += await conn.write(head.subarray(sent));
    }
    await pause(500);
    const { status } = await ask(observed, "GET / HTTP/1.1", `X: ${"x".repeat(100_000)}\r\n`).catch(() => ({
      status: 431,
    }));
    assertEquals(status, 431);
  });
  for (const conn of conns) conn.close();
  return `${clients} heads of 16 KB without an end: ${figure}`;
}

async function chunkExtensions(): Promise<string> {
  await using observed = await start(["--app", "tests/fixtures/body_length_app.ts"]);
  const chunk = `1;${"x".repeat(250)}\r\na\r\n`;
  const figure = await measure(observed, 40, () =>
    each(200, 10, async () => {
      const { status } = await ask(
        observed,
        "POST / HTTP/1.1",
        "Transfer-Encoding: chunked\r\n",
        encode(chunk.repeat(100)),
      );
      assertEquals(status, 400);
    }));
  const small = encode("1\r\na\r\n".repeat(100_000) + "0\r\n\r\n");
  const { body } = await ask(observed, "POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", small);
  assertEquals(decode(body), "100000");
  return `200 bodies of extensions: ${figure}`;
}

async function ranges(): Promise<string> {
  using folder = new TemporaryFolder();
  folder.addHole("large.bin", 1024 * MIB);
  folder.addHole("small.bin", 10_000);
  await using observed = await start(["-r", folder.path]);
  const thousands = `Range: bytes=${
    Array.from({ length: 3_000 }, (_, n) => 2 * n % 9_999).map((n) => `${n}-${n}`).join(",")
  }`
    .slice(0, 15_000).replace(/,[^,]*$/, "");
  const many = `Range: bytes=${
    Array.from({ length: 60 }, (_, n) => `${n * 10 * MIB}-${n * 10 * MIB + 9_999}`).join(",")
  }`;
  const figure = await measure(observed, 60, () =>
    each(500, 20, async (n) => {
      const [path, range] = n % 2 === 0 ? ["/small.bin", thousands] : ["/large.bin", many];
      const answer = await ask(observed, `GET ${path} HTTP/1.1`, `${range}\r\n`);
      assertEquals(answer.status, n % 2 === 0 ? 200 : 206);
      assert(answer.body.length < 700_000, `${answer.body.length} bytes`);
    }));
  return `500 requests for thousands of ranges: ${figure}`;
}

/** A name costs less than a file does, and a file can have some 60,000. */
function addNames(folder: string, count: number): void {
  for (let n = 0; n < count; n++) {
    const first = join(folder, `file-${n - n % 50_000}.txt`);
    if (n % 50_000 === 0) Deno.writeTextFileSync(first, "x");
    else Deno.linkSync(first, join(folder, `file-${n}.txt`));
  }
}

/** Asks again and again, on a new connection each time, and tells how long the longest wait was. */
async function probe(observed: ObservedServer, path: string, isOver: () => boolean): Promise<number> {
  let longestMs = 0;
  for (; !isOver(); await pause(5)) {
    const startMs = performance.now();
    assertEquals((await ask(observed, `GET ${path} HTTP/1.1`)).status, 200);
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  return longestMs;
}

async function largeFolder(): Promise<string> {
  const names = 1_000_000;
  const pages = 60;
  using folder = new TemporaryFolder();
  Deno.mkdirSync(join(folder.path, "large"));
  folder.addHole("small.bin", 10);
  addNames(join(folder.path, "large"), names);
  await using observed = await start(["--list", "-r", folder.path]);
  let isOver = false;
  const probes = Array.from({ length: 4 }, () => probe(observed, "/small.bin", () => isOver));
  // In each worker 16 MiB of names, and what the collector has not yet taken away of a million.
  const figure = await measure(observed, 2 * 256, () =>
    each(pages, 6, async (n) => {
      const answer = await ask(observed, `GET /large/?page=${n + 1} HTTP/1.1`, "Accept: application/json\r\n");
      const { entries, total, omitted } = JSON.parse(decode(answer.body));
      assertEquals([answer.status, entries[0].name], [200, `file-${n * 1_000}.txt`]);
      assertEquals(total + omitted, names);
    }));
  isOver = true;
  const longestMs = Math.max(...await Promise.all(probes));
  assertLess(longestMs, 500, "another connection waited");
  return `${pages} pages of a folder of ${names} files: ${figure}; others waited ${longestMs.toFixed(0)} ms at most`;
}

async function cacheScan(): Promise<string> {
  const files = 4_000;
  using folder = new TemporaryFolder();
  for (let n = 0; n < files; n++) folder.addHole(`${n}.bin`, 65_536);
  await using observed = await start(["-r", folder.path]);
  // 32 MiB of cache in each of two workers, and 64 MiB outside of its heap that the engine lets lie in each.
  const figure = await measure(observed, 2 * (32 + 64) + 20, () =>
    each(files, 20, async (n) => {
      const { status, body } = await ask(observed, `GET /${n}.bin HTTP/1.1`);
      assertEquals([status, body.length], [200, 65_536]);
    }));
  return `${files * 65_536 / MIB} MiB of files, each once: ${figure}`;
}

async function compressionBomb(): Promise<string> {
  await using observed = await start(["--app", "tests/fixtures/body_length_app.ts"]);
  const zeros = new ReadableStream({
    start: (controller) => {
      for (let n = 0; n < 800; n++) controller.enqueue(new Uint8Array(MIB));
      controller.close();
    },
  });
  const bomb = await new Response(zeros.pipeThrough(new CompressionStream("gzip"))).bytes();
  assertLess(bomb.length, MIB);
  const figure = await measure(observed, 60, () =>
    each(50, 5, async () => {
      const fields = `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n`;
      const { body } = await ask(observed, "POST / HTTP/1.1", fields, bomb);
      assertEquals(decode(body), String(bomb.length), "the body is handed on as it was sent");
    }));
  return `50 bodies of 800 MiB in ${(bomb.length / 1024).toFixed(0)} KiB: ${figure}`;
}

/** All cases, the shortest first. */
export const MEMORY_CASES: readonly MemoryCase[] = [
  { name: "pipelines that are read late", run: pipelining },
  { name: "huge heads without an end", run: hugeHeads },
  { name: "chunk extensions", run: chunkExtensions },
  { name: "ranges by the thousand", run: ranges },
  { name: "compressed bodies", run: compressionBomb },
  { name: "a scan of more files than the cache holds", run: cacheScan },
  { name: "slow readers of a large file", run: slowReaders },
  { name: "10,000 readers with small windows", run: verySlowReaders },
  { name: "a folder of very many files", run: largeFolder },
];

for (const { name, run } of MEMORY_CASES) {
  Deno.test({ name: `memory: ${name}`, ignore: Deno.build.os !== "linux", fn: async () => console.log(await run()) });
}
