/**
 * Faults that take time, each with figures: workers that die, stand still or run out of memory, disks that are full, files
 * and rights that change under the server, signals in the midst of it. Real processes; after each that goes on its
 * descriptors, threads and memory are held against those of before.
 *
 *     deno task test:faults [PART OF A NAME]
 */

import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { EXIT_STUCK } from "../../src/config.ts";
import { PoolServer, until } from "../pool_server.ts";
import { countDescriptors, countThreads, measureMemoryBytes } from "../process_figures.ts";
import type { Answer } from "../raw_client.ts";
import { RawClient } from "../raw_client.ts";
import type { RunOptions } from "../server_process.ts";
import { ServerProcess } from "../server_process.ts";
import { UNPRIVILEGED } from "../unprivileged.ts";

/** A fault, and what comes of it. */
export interface FaultCase {
  /** What happens. */
  readonly name: string;
  /**
   * Brings it about.
   *
   * @returns Figures, in words.
   * @throws {Error} Where the server does not do what it should.
   */
  run(): Promise<string>;
}

const PROJECT = fromFileUrl(new URL("../../", import.meta.url));
const APP = join(PROJECT, "tests/apps/faulty.ts");
/** Memory that a process may have gained by a fault: the garbage of its threads comes and goes. */
const GAIN_BYTES = 64 << 20;
/** How long a change of a file may take to show, in milliseconds: an answer is trusted for a second. */
const SHOWS_MS = 3_000;
const LARGE_BYTES = 32 << 20;

/** A folder with a site in `www`, gone with the case. */
class Folder implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-faults-" }));
  readonly root = join(this.path, "www");

  constructor() {
    Deno.chmodSync(this.path, 0o755);
    Deno.mkdirSync(join(this.root, "dir"), { recursive: true });
    Deno.writeTextFileSync(join(this.root, "a.txt"), "a");
    Deno.writeTextFileSync(join(this.root, "dir/b.txt"), "b");
  }

  [Symbol.dispose](): void {
    for (const path of [this.root, join(this.root, "dir")]) {
      try {
        Deno.chmodSync(path, 0o755);
      } catch {
        // It has been removed.
      }
    }
    Deno.removeSync(this.path, { recursive: true });
  }
}

async function start(args: readonly string[], options: RunOptions = {}): Promise<ServerProcess> {
  return await ServerProcess.start(["-h", "127.0.0.1", ...args], { patienceMs: 60_000, ...options });
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** Asks on a connection of its own. */
async function ask(server: Pick<ServerProcess, "address">, path: string): Promise<Answer & { readonly text: string }> {
  using client = await RawClient.connect(server.address);
  await client.send(request(path));
  const answer = await client.readAnswer();
  return { ...answer, text: new TextDecoder().decode(answer.body) };
}

/** Asks on several connections at once, which all workers share. */
async function askAll(server: ServerProcess, path: string): Promise<string[]> {
  const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(server.address)));
  try {
    const answers = clients.map(async (client) => {
      await client.send(request(path));
      const { status, body } = await client.readAnswer();
      return `${status} ${new TextDecoder().decode(body)}`;
    });
    return await Promise.all(answers);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Asks until all workers answer with a status, and with a content. Returns the milliseconds that took. */
async function untilAll(server: ServerProcess, path: string, expected: number | string): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const answers = await askAll(server, path);
    const elapsedMs = performance.now() - startMs;
    if (answers.every((answer) => answer === expected || answer.startsWith(`${expected} `))) return elapsedMs;
    assertLess(elapsedMs, SHOWS_MS, `${path} is still ${answers.join(", ")}, not ${expected}`);
    await pause(20);
  }
}

/** Asks again and again, each time on a connection of its own, until told to stop. */
async function load(
  server: ServerProcess,
  path: string,
  isStopped: () => boolean,
): Promise<{ good: number; bad: number }> {
  const counts = { good: 0, bad: 0 };
  while (!isStopped()) {
    const isGood = await ask(server, path).then(({ status }) => status === 200, () => false);
    counts[isGood ? "good" : "bad"]++;
    if (!isGood) await pause(5);
  }
  return counts;
}

/** What a process holds. */
async function observe(pid: number): Promise<{ descriptors: number; threads: number; bytes: number }> {
  return {
    descriptors: await countDescriptors(pid),
    threads: await countThreads(pid),
    bytes: await measureMemoryBytes(pid),
  };
}

/** Checks that a process holds no more after something than before. Returns the figures. */
async function withoutLeaks(pid: number, action: () => Promise<void>): Promise<string> {
  const before = await observe(pid);
  await action();
  let after = await observe(pid);
  // Threads of a pool, and sockets of a worker that is gone, go a moment later.
  for (let i = 0; i < 100 && (after.descriptors > before.descriptors || after.threads > before.threads); i++) {
    await pause(100);
    after = await observe(pid);
  }
  const gainMiB = (after.bytes - before.bytes) / (1 << 20);
  const figures = `descriptors ${before.descriptors} → ${after.descriptors}, threads ${before.threads} → ` +
    `${after.threads}, memory ${gainMiB < 0 ? "" : "+"}${gainMiB.toFixed(1)} MiB`;
  assert(after.descriptors <= before.descriptors, `descriptors are kept: ${figures}`);
  assert(after.threads <= before.threads, `threads are kept: ${figures}`);
  assert(after.bytes - before.bytes < GAIN_BYTES, `memory is kept: ${figures}`);
  return figures;
}

async function endWell(server: ServerProcess): Promise<string> {
  const { code, stderr } = await server.stop();
  assertEquals(code, 0, stderr);
  return stderr;
}

/** Kills each worker of a pool twice, by each way to die in turn. */
async function killAll(hostname: string, hows: readonly ("throw" | "reject" | "close")[]): Promise<number> {
  const workers = 4;
  await using server = await PoolServer.start(hostname, workers);
  for (let death = 0; death < 2 * workers; death++) {
    const index = death % workers;
    const victim = server.generationAt(index);
    server.kill(index, hows[death % hows.length]);
    await until(() => server.generationAt(index) !== victim && server.loads[index] === 0, "it is replaced");
    assertEquals((await ask(server as unknown as ServerProcess, "/hello.txt")).status, 200);
  }
  assertEquals(server.log.match(/died and is replaced/g)?.length, 2 * workers);
  return 2 * workers;
}

async function workersDie(): Promise<string> {
  const hows = ["throw", "reject", "close"] as const;
  await killAll("127.0.9.1", hows);
  let deaths = 0;
  const figures = await withoutLeaks(Deno.pid, async () => {
    for (let round = 2; round < 7; round++) deaths += await killAll(`127.0.9.${round}`, hows);
  });
  return `${deaths} deaths and 5 pools: ${figures}`;
}

async function applicationEndsWorker(): Promise<string> {
  await using server = await start(["-w", "4", "--app", APP]);
  const figures = await withoutLeaks(server.pid, async () => {
    for (let death = 0; death < 8; death++) {
      await ask(server, death % 2 === 0 ? "/exits" : "/closes").then(() => assert(false, "it has answered"), () => {});
      assertEquals((await ask(server, "/fine")).text, "fine");
    }
    await until(() => server.stderr.match(/died and is replaced/g)?.length === 8, "each death is logged");
    await pause(1_000);
  });
  await endWell(server);
  return `8 deaths: ${figures}`;
}

/** The source is gone when a worker has to be replaced, as in the midst of an update. */
async function moduleIsMissing(): Promise<string> {
  using folder = new Folder();
  const project = join(folder.path, "program");
  const { success } = await new Deno.Command("cp", {
    args: ["-r", ...["deno.json", "deno.lock", "main.ts", "src", "std"].map((name) => join(PROJECT, name))].concat(
      (Deno.mkdirSync(project), project),
    ),
  }).output();
  assert(success);
  await using server = await start(["-w", "2", "--app", APP], { project });
  const source = join(project, "src/worker.ts");
  Deno.renameSync(source, `${source}.away`);
  await ask(server, "/exits").catch(() => {});
  await server.logged(/died and is replaced in 50 ms: [^\n]*worker\.ts/);
  for (let time = 0; time < 20; time++) assertEquals((await ask(server, "/fine")).text, "fine");
  Deno.renameSync(`${source}.away`, source);
  const startMs = performance.now();
  const workers = new Set<string>();
  while (workers.size < 2) {
    for (const answer of await askAll(server, "/worker")) workers.add(answer);
    assertLess(performance.now() - startMs, 15_000, "the worker is not replaced");
    await pause(50);
  }
  const tries = (await endWell(server)).match(/died and is replaced/g)?.length;
  return `replaced ${Math.round(performance.now() - startMs)} ms after the module was there again, try ${tries}`;
}

async function descriptorsRunOut(): Promise<string> {
  using folder = new Folder();
  const shell = `ulimit -n 64; exec "$@"`;
  await using server = await start(["-w", "2", folder.root], { shell });
  await ask(server, "/a.txt");
  const statuses: number[] = [];
  const figures = await withoutLeaks(server.pid, async () => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 100; i++) {
      const client = await RawClient.connect(server.address);
      clients.push(client);
      // Of so many files that none is remembered.
      Deno.writeTextFileSync(join(folder.root, `${i}.txt`), `${i}`);
      await client.send(request(`/${i}.txt`));
    }
    await server.logged(/Too many open files/);
    for (const client of clients) {
      statuses.push((await client.readAnswer()).status);
      client.close();
    }
  });
  const good = statuses.filter((status) => status === 200).length;
  assertEquals(statuses.filter((status) => status !== 200 && status !== 503), []);
  assertGreater(good, 90);
  await endWell(server);
  return `100 connections with room for about 30: ${good} answered with 200, ${100 - good} with 503; ${figures}`;
}

async function permissionsChange(): Promise<string> {
  using folder = new Folder();
  const { root } = folder;
  await using server = await start(["-w", "2", "--list", root], { shell: UNPRIVILEGED });
  const changes: readonly [path: string, mode: number, target: string, status: number][] = [
    ["a.txt", 0o000, "/a.txt", 403],
    ["a.txt", 0o644, "/a.txt", 200],
    ["dir", 0o000, "/dir/b.txt", 403],
    ["dir", 0o000, "/dir/", 403],
    ["dir", 0o755, "/dir/b.txt", 200],
    ["", 0o000, "/a.txt", 403],
    ["", 0o000, "/", 403],
    ["", 0o755, "/a.txt", 200],
    ["", 0o755, "/dir/", 200],
  ];
  const shown: number[] = [];
  for (const target of ["/a.txt", "/dir/b.txt", "/dir/", "/"]) await untilAll(server, target, 200);
  const figures = await withoutLeaks(server.pid, async () => {
    for (const [path, mode, target, status] of changes) {
      Deno.chmodSync(join(root, path), mode);
      shown.push(await untilAll(server, target, status));
    }
  });
  assertEquals(await endWell(server), "", "a refusal is no failure");
  return `${changes.length} changes, each seen within ${Math.round(Math.max(...shown))} ms; ${figures}`;
}

async function rootComesAndGoes(): Promise<string> {
  using folder = new Folder();
  const { root, path } = folder;
  await using server = await start(["-w", "2", "--list", root]);
  await untilAll(server, "/a.txt", 200);
  const shown: number[] = [];
  const figures = await withoutLeaks(server.pid, async () => {
    for (let time = 0; time < 3; time++) {
      Deno.removeSync(root, { recursive: true });
      shown.push(await untilAll(server, "/a.txt", 404), await untilAll(server, "/", 404));
      Deno.mkdirSync(root);
      Deno.writeTextFileSync(join(root, "a.txt"), `again ${time}`);
      shown.push(await untilAll(server, "/a.txt", `200 again ${time}`), await untilAll(server, "/", 200));
      Deno.renameSync(root, join(path, `moved ${time}`));
      Deno.writeTextFileSync(root, "a file where the root was");
      shown.push(await untilAll(server, "/a.txt", 404));
      Deno.removeSync(root);
      Deno.renameSync(join(path, `moved ${time}`), root);
      shown.push(await untilAll(server, "/a.txt", `200 again ${time}`));
    }
  });
  assertEquals(await endWell(server), "");
  return `${shown.length} changes, each seen within ${Math.round(Math.max(...shown))} ms; ${figures}`;
}

/** Every word tells where it is, and of which version. */
function numbered(version: number, bytes = LARGE_BYTES): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(bytes / 4);
  for (let at = 0; at < words.length; at++) words[at] = version * 0x1000_0000 + at;
  return new Uint8Array(words.buffer);
}

function isPart(whole: Uint8Array, part: Uint8Array): boolean {
  return part.every((byte, at) => byte === whole[at]);
}

const UNDER_WAY: readonly [name: string, change: (path: string) => void, isWhole: boolean][] = [
  ["truncated", (path) => Deno.truncateSync(path, 20 << 20), false],
  ["emptied", (path) => Deno.truncateSync(path, 0), false],
  ["grown", (path) => Deno.writeFileSync(path, numbered(2, 4 << 20), { append: true }), true],
  ["removed", (path) => Deno.removeSync(path), true],
  ["replaced", (path) => {
    Deno.writeFileSync(`${path}.new`, numbered(3, 8 << 20));
    Deno.renameSync(`${path}.new`, path);
  }, true],
];

async function filesChangeUnderWay(): Promise<string> {
  using folder = new Folder();
  await using server = await start(["-w", "2", "-d", folder.root]);
  await ask(server, "/a.txt");
  const expected = numbered(1);
  const told: string[] = [];
  const figures = await withoutLeaks(server.pid, async () => {
    for (const [name, change, isWhole] of UNDER_WAY) {
      const path = join(folder.root, `${name}.bin`);
      Deno.writeFileSync(path, expected);
      using client = await RawClient.connect(server.address);
      await client.send(request(`/${name}.bin`));
      const first = await client.read(1 << 20);
      const end = new TextDecoder().decode(first.subarray(0, 1_000)).indexOf("\r\n\r\n") + 4;
      change(path);
      if (isWhole) {
        const rest = await client.read(end + LARGE_BYTES - first.length);
        const body = new Uint8Array([...[first.subarray(end), rest]].reduce((sum, { length }) => sum + length, 0));
        body.set(first.subarray(end));
        body.set(rest, first.length - end);
        assertEquals(body.length, LARGE_BYTES, name);
        assert(isPart(expected, body), `${name}: other bytes than those of the file that was described`);
      } else {
        const rest = await client.readToEnd().catch(() => new Uint8Array(0));
        assertLess(first.length - end + rest.length, LARGE_BYTES, `${name}: it looks whole`);
      }
      const next = await ask(server, `/${name}.bin`).catch(() => undefined);
      told.push(`${name}: ${isWhole ? "whole" : "cut"}, then ${next?.status} (${next?.body.length} bytes)`);
    }
  });
  await endWell(server);
  return `${told.join("; ")}; ${figures}`;
}

/** A file system of 64 KiB that only the server sees, and that is gone with it. */
function onTinyDisk(path: string): string {
  const mount = `mount -t tmpfs -o size=64k none "${path}" && exec "$@"`;
  return `exec unshare -m --propagation private sh -c '${mount}' sh "$@"`;
}

async function logDiskIsFull(): Promise<string> {
  using folder = new Folder();
  const disk = join(folder.path, "disk");
  Deno.mkdirSync(disk);
  const canMount = await new Deno.Command("sh", { args: ["-c", onTinyDisk(disk), "sh", "true"], stderr: "null" })
    .output();
  if (!canMount.success) return "not run: only root can mount a small disk";
  const logFile = join(disk, "a.log");
  const permissions = ["--allow-net", "--allow-read", `--allow-write=${logFile}`];
  await using server = await start(["-w", "2", "-v", "-l", logFile, folder.root], {
    permissions,
    shell: onTinyDisk(disk),
  });
  const inside = async (script: string) => {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `cd "/proc/${server.pid}/root${disk}" && ${script}`],
    })
      .output();
    return new TextDecoder().decode(stdout);
  };
  await ask(server, "/a.txt");
  const asked = 2_000;
  const figures = await withoutLeaks(server.pid, async () => {
    for (let time = 0; time < asked; time++) assertEquals((await ask(server, "/a.txt")).status, 200);
    await pause(1_500);
  });
  const full = await inside("cat a.log");
  await inside(": > a.log");
  await ask(server, "/a.txt");
  await pause(1_500);
  const after = await inside("cat a.log");
  const [, lost = ""] = /^sockeye: (\d+) lines of the log were lost$/m.exec(after) ?? [];
  const kept = full.split("\n").filter((line) => /^127.*\d$/.test(line)).length;
  assertGreater(Number(lost), 0, after);
  // The last line there may be torn, and is then lost.
  assert(Math.abs(kept + Number(lost) - (asked + 1)) <= 1, `${kept} kept and ${lost} lost of ${asked + 1}`);
  assertMatch(after, /^127\.0\.0\.1 .* "GET \/a\.txt HTTP\/1\.1" 200 /m);
  await endWell(server);
  return `${asked} answers, ${kept} lines kept, ${lost} lost and counted; ${figures}`;
}

async function logIsRotated(): Promise<string> {
  using folder = new Folder();
  const logs = join(folder.path, "logs");
  Deno.mkdirSync(logs);
  const logFile = join(logs, "a.log");
  const permissions = ["--allow-net", "--allow-read", `--allow-write=${logFile}`];
  await using server = await start(["-w", "2", "-v", "-l", logFile, folder.root], { permissions });
  await ask(server, "/a.txt");
  let isStopped = false;
  let good = 1;
  const rotations = 40;
  const figures = await withoutLeaks(server.pid, async () => {
    const clients = Array.from({ length: 4 }, () => load(server, "/a.txt", () => isStopped));
    for (let time = 0; time < rotations; time++) {
      await until(() => [...Deno.readDirSync(logs)].some(({ name }) => name === "a.log"), "there is a new file");
      if (time % 4 === 0) await pause(150);
      Deno.renameSync(logFile, `${logFile}.${time}`);
      server.kill(time % 2 === 0 ? "SIGHUP" : "SIGUSR2");
    }
    isStopped = true;
    for (const counts of await Promise.all(clients)) {
      assertEquals(counts.bad, 0);
      good += counts.good;
    }
  });
  await endWell(server);
  const text = [...Deno.readDirSync(logs)].map(({ name }) => Deno.readTextFileSync(join(logs, name))).join("");
  const lines = text.split("\n").slice(0, -1);
  assertEquals(lines.filter((line) => !/^127\.0\.0\.1 .* 200 1 .*\d$/.test(line)), [], "a line is broken");
  assertEquals(lines.length, good);
  return `${rotations} rotations, ${good} answers and as many lines; ${figures}`;
}

async function handlerLoops(): Promise<string> {
  const waited: number[] = [];
  for (const workers of [1, 3]) {
    await using server = await start(["-w", `${workers}`, "--app", APP, "--watchdog", "3"]);
    const startMs = performance.now();
    await ask(server, "/loops").then(() => assert(false, "it has answered"), () => {});
    const { code, stderr } = await server.ended();
    assertEquals(code, EXIT_STUCK, stderr);
    waited.push((performance.now() - startMs) / 1000);
    assertMatch(stderr, /Worker \d stands still, for 3 s now, since /);
  }
  assertLess(Math.max(...waited), 8);
  return `--watchdog 3: ended with ${EXIT_STUCK} after ${waited.map((s) => s.toFixed(1)).join(" and ")} s`;
}

async function workerIsBlockedForAWhile(): Promise<string> {
  using folder = new Folder();
  await using server = await start(["-w", "2", "--app", APP, "--watchdog", "20"]);
  await ask(server, "/fine");
  const go = join(folder.path, "go");
  const figures = await withoutLeaks(server.pid, async () => {
    const blocked = ask(server, `/blocks?until=${encodeURIComponent(go)}`);
    await server.logged(/Worker \d stands still, for 5 s now: something blocks its thread/);
    for (let time = 0; time < 20; time++) assertEquals((await ask(server, "/fine")).text, "fine");
    Deno.writeTextFileSync(go, "");
    assertEquals((await blocked).text, "unblocked");
    await server.logged(/Worker \d goes on, after it stood still for \d+ s/);
  });
  assert(!(await endWell(server)).includes("died"));
  return `noticed, only logged; ${figures}`;
}

async function processIsSuspended(): Promise<string> {
  using folder = new Folder();
  await using server = await start(["-w", "2", "--watchdog", "3", folder.root]);
  await ask(server, "/a.txt");
  for (let time = 0; time < 3; time++) {
    server.kill("SIGSTOP");
    await pause(5_000);
    server.kill("SIGCONT");
    assertEquals((await ask(server, "/a.txt")).status, 200);
    await pause(2_500);
  }
  assertEquals(await endWell(server), "", "nothing is told");
  return "3 times for 5 s with --watchdog 3: not taken for a worker that stands still";
}

async function heapIsExhausted(): Promise<string> {
  const permissions = ["--v8-flags=--max-old-space-size=64", "--allow-net", "--allow-read"];
  await using server = await start(["-w", "2", "--app", APP], { permissions });
  assertEquals((await ask(server, "/fine")).text, "fine");
  const startMs = performance.now();
  await ask(server, "/fills").then(() => assert(false, "it has answered"), () => {});
  const { code, stderr } = await server.ended();
  assertEquals(code, 133, stderr);
  assertMatch(stderr, /heap out of memory|Fatal JavaScript/i);
  return `a heap of 64 MiB: SIGTRAP, exit code ${code}, after ${Math.round(performance.now() - startMs)} ms`;
}

async function stopsWhileHandlerLoops(): Promise<string> {
  await using server = await start(["-w", "2", "--app", APP, "--grace", "2"]);
  const looping = ask(server, "/loops").catch(() => undefined);
  await pause(300);
  const startMs = performance.now();
  const { code, stderr } = await server.stop();
  await looping;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /The time of grace is over/);
  const elapsedMs = performance.now() - startMs;
  assertLess(elapsedMs, 3_500);
  return `--grace 2: ended with 0 after ${(elapsedMs / 1000).toFixed(1)} s`;
}

/** Load, deaths of workers, a file that is cut under its answer, logs that are renamed; and then the signal. */
async function stopsInTheMidst(): Promise<string> {
  using folder = new Folder();
  const large = join(folder.root, "large.bin");
  Deno.writeFileSync(large, numbered(1));
  const logFile = join(folder.path, "a.log");
  const permissions = ["--allow-net", "--allow-read", `--allow-write=${logFile}`];
  const waited: number[] = [];
  for (let time = 0; time < 5; time++) {
    const args = ["-w", "3", "--grace", "3", "-v", "-l", logFile, "--app", APP, folder.root];
    await using server = await start(args, { permissions });
    let isStopped = false;
    const clients = ["/a.txt", "/fine", "/exits", "/closes", "/missing"].map((path) =>
      load(server, path, () => isStopped)
    );
    using loading = await RawClient.connect(server.address);
    await loading.send(request("/large.bin"));
    await loading.read(1_000);
    await pause(100 + 100 * time);
    Deno.truncateSync(large, LARGE_BYTES / 2);
    Deno.renameSync(logFile, `${logFile}.${time}`);
    server.kill("SIGHUP");
    const startMs = performance.now();
    server.kill("SIGTERM");
    const { code, stderr } = await server.ended();
    waited.push((performance.now() - startMs) / 1000);
    isStopped = true;
    await Promise.all(clients);
    assertEquals(code, 0, stderr);
    Deno.writeFileSync(large, numbered(1));
  }
  assertLess(Math.max(...waited), 4.5);
  return `5 times with --grace 3: ended with 0 after at most ${Math.max(...waited).toFixed(1)} s`;
}

/** All cases, the quick ones first. */
export const FAULT_CASES: readonly FaultCase[] = [
  { name: "workers die of errors and rejections, and close themselves", run: workersDie },
  { name: "an application ends its worker", run: applicationEndsWorker },
  { name: "the module of a worker is missing for a while", run: moduleIsMissing },
  { name: "no descriptor is left", run: descriptorsRunOut },
  { name: "permissions change while files are served", run: permissionsChange },
  { name: "the root is deleted, made again and moved", run: rootComesAndGoes },
  { name: "files change under their answers", run: filesChangeUnderWay },
  { name: "the disk of the log is full", run: logDiskIsFull },
  { name: "the log is rotated under load", run: logIsRotated },
  { name: "a handler loops", run: handlerLoops },
  { name: "a worker is blocked for a while", run: workerIsBlockedForAWhile },
  { name: "the process is suspended", run: processIsSuspended },
  { name: "the heap is exhausted", run: heapIsExhausted },
  { name: "SIGTERM while a handler loops", run: stopsWhileHandlerLoops },
  { name: "SIGTERM in the midst of all", run: stopsInTheMidst },
];

if (import.meta.main) {
  let failed = 0;
  for (const { name, run } of FAULT_CASES.filter(({ name }) => name.includes(Deno.args[0] ?? ""))) {
    const startMs = performance.now();
    const outcome = await run().catch((error) => {
      failed++;
      return `FAILED: ${error instanceof Error ? error.stack : error}`;
    });
    console.log(`${name} (${((performance.now() - startMs) / 1000).toFixed(1)} s)\n    ${outcome}`);
  }
  Deno.exit(failed === 0 ? 0 : 1);
}
