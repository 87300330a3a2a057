/**
 * The pool with real workers, real sockets and real deaths, all in this process. Each server has an address of its own.
 *
 * A worker that dies of an error prints it on standard error, whatever the server does: that is the runtime.
 */

import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { assertStringIncludes } from "@std/assert";
import { basename, dirname } from "@std/path";
import { StartError } from "../src/errors.ts";
import { ABSENT } from "../src/handoff.ts";
import { startServer } from "../src/server.ts";
import { SWEEP_MS } from "../src/sweep.ts";
import { testWith } from "./permissions.ts";
import type { Fault } from "./pool_server.ts";
import { poolOptions, PoolServer, StandardError, until, WorkerFactory } from "./pool_server.ts";
import { encode, RawClient } from "./raw_client.ts";

const KEEP = "GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSE = "GET /hello.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** Connects and makes sure that a worker has accepted, since the kernel alone completes a connect. */
async function connectAccepted(server: PoolServer): Promise<RawClient> {
  const { open } = server;
  const client = await RawClient.connect(server.address);
  await until(() => server.open > open, "the connection is accepted");
  return client;
}

async function answersWell(server: PoolServer): Promise<void> {
  using client = await RawClient.connect(server.address);
  await client.send(CLOSE);
  assertEquals((await client.readAnswer()).status, 200);
}

const FAULTS: readonly [fault: Fault, message: RegExp][] = [
  ["throws at once", /^A worker cannot start: Uncaught (?:\(in promise\) )?Error: thrown on purpose$/],
  ["rejects at once", /^A worker cannot start: Uncaught \(in promise\) Error: rejected on purpose$/],
  ["cannot listen", /^A worker cannot start: This machine does not have the address 127\.0\.7\.\d+: [^\n]*$/],
  ["shares no socket", /^A worker cannot start: [^\n]*Deno does not share [^\n]*$/],
];

for (const [row, [fault, message]] of FAULTS.entries()) {
  for (const faulty of [1, 3]) {
    const hostname = `127.0.7.${10 * (row + 1) + faulty}`;
    testWith(["net", "read"], `startServer fails with one line where worker ${faulty} of 3 ${fault}`, async () => {
      using _ = new StandardError();
      const factory = new WorkerFactory();
      factory.fault = (generation) => generation === faulty ? fault : undefined;
      const options = poolOptions(hostname, { workers: 3 });
      const error = await assertRejects(() => startServer(options, factory.create), StartError);
      assertMatch(error.message, message);
      assertEquals(factory.generation, 3, "none is replaced");
    });
  }
}

/** The runtime closes the sockets of a worker a moment after the worker has ended. */
async function untilFree(address: { hostname: string; port: number }): Promise<void> {
  await until(() => {
    try {
      Deno.listen(address).close();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return false;
      throw error;
    }
  }, "the port is free");
}

testWith(["net", "read"], "startServer gives the port back where a worker dies", async () => {
  using _ = new StandardError();
  const hostname = "127.0.7.1";
  using probe = Deno.listen({ hostname, port: 0 });
  const { port } = probe.addr;
  probe.close();
  for (let i = 0; i < 5; i++) {
    const factory = new WorkerFactory();
    factory.fault = (generation) => generation === 2 ? "throws at once" : undefined;
    await assertRejects(() => startServer(poolOptions(hostname, { port }), factory.create), StartError);
    await untilFree({ hostname, port });
  }
});

testWith(["net", "read"], "Server.stop gives the port back", async () => {
  for (let i = 0; i < 3; i++) {
    await using server = await PoolServer.start("127.0.7.2", 2);
    await answersWell(server);
    await server.stop();
    await untilFree(server.address);
  }
});

for (const [how, reason] of [["throw", "on purpose"], ["reject", "on purpose"], ["close", "ended it"]] as const) {
  testWith(["net", "read"], `WorkerPool replaces a worker that dies of a ${how}, and says so`, async () => {
    await using server = await PoolServer.start("127.0.7.3", 2);
    const before = server.generationAt(0);
    server.kill(0, how);
    await until(() => server.generationAt(0) !== before && server.loads[0] === 0, "the worker is replaced");
    assertMatch(server.log, /^[^\n]*\[ERR\][^\n]*Worker 1 died and is replaced in 0 ms: [^\n]*\n$/);
    assertStringIncludes(server.log, reason);
    using first = await connectAccepted(server);
    using second = await connectAccepted(server);
    for (const client of [first, second]) {
      await client.send(KEEP);
      assertEquals((await client.readAnswer()).status, 200);
    }
  });
}

testWith(["net", "read"], "a wall clock that jumps shows in Date and closes no connection", async () => {
  await using server = await PoolServer.start("127.0.7.112", 1);
  using client = await connectAccepted(server);
  const HOUR_MS = 3_600_000;
  for (const jumpMs of [30 * 24 * HOUR_MS, -24 * HOUR_MS, 0]) {
    server.setClock(0, jumpMs);
    await client.send(KEEP);
    const { status, fields } = await client.readAnswer();
    assertEquals(status, 200);
    const aheadMs = Date.parse(fields.get("date") ?? "") - Date.now();
    assertLess(Math.abs(aheadMs - jumpMs), 5_000, "the time that the clock of the worker shows");
    // Two sweeps of the deadlines: one that comes late judges nobody.
    await new Promise((resolve) => setTimeout(resolve, 2 * SWEEP_MS + 50));
  }
  assertEquals(server.acceptedBy(client.port), 1);
});

testWith(["net", "read"], "WorkerPool replaces a worker that dies again and again, ever more slowly", async () => {
  await using server = await PoolServer.start("127.0.7.4", 2);
  for (let death = 0; death < 4; death++) {
    const before = server.generationAt(1);
    const startMs = performance.now();
    server.kill(1);
    if (death === 3) await until(() => server.loads[1] === ABSENT, "nobody stands back for the dead worker");
    await until(() => server.generationAt(1) !== before && server.loads[1] === 0, "the worker is replaced");
    if (death === 3) assertLess(190, performance.now() - startMs);
    await answersWell(server);
  }
  assertEquals(server.log.match(/replaced in \d+ ms/g), [0, 50, 100, 200].map((ms) => `replaced in ${ms} ms`));
});

testWith(["net", "read"], "WorkerPool loses no connection that waits while the only worker is dead", async () => {
  await using server = await PoolServer.start("127.0.7.5", 1);
  using held = await connectAccepted(server);
  const blocked = await server.block(0);
  server.kill(0);
  const waiting = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(server.address)));
  for (const client of waiting) await client.send(CLOSE);
  blocked[Symbol.dispose]();
  for (const client of waiting) {
    using _ = client;
    assertEquals((await client.readAnswer()).status, 200);
    assertEquals(server.acceptedBy(client.port), 2);
  }
  assertEquals(await held.readToEnd().catch(() => new Uint8Array(0)), new Uint8Array(0));
});

/** What came of one request under load. */
interface Attempt {
  readonly startMs: number;
  readonly endMs: number;
  readonly isAnswered: boolean;
  /** The generation of the worker that had accepted the connection; 0: none had. */
  readonly worker: number;
}

/** Sends requests one after the other until told to stop, on one connection as long as it lasts, or on one each. */
async function load(server: PoolServer, request: string, isStopped: () => boolean): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  let client: RawClient | undefined;
  while (!isStopped()) {
    const startMs = performance.now();
    let isAnswered = false;
    client ??= await RawClient.connect(server.address);
    const { port } = client;
    try {
      await client.send(request);
      isAnswered = (await client.readAnswer()).status === 200;
    } catch {
      // Whether it may fail is judged afterwards.
    }
    attempts.push({ startMs, endMs: performance.now(), isAnswered, worker: server.acceptedBy(port) });
    if (isAnswered && request === KEEP) continue;
    server.forget(port);
    client.close();
    client = undefined;
  }
  client?.close();
  return attempts;
}

testWith(
  ["net", "read"],
  "WorkerPool loses only what dead workers had accepted, 10 deaths under load",
  async () => {
    await using server = await PoolServer.start("127.0.7.6", 2);
    let isStopped = false;
    const clients = Array.from({ length: 12 }, (_, i) => load(server, i % 2 ? KEEP : CLOSE, () => isStopped));
    const dead = new Map<number, number>();
    for (let death = 0; death < 10; death++) {
      const index = death % 2;
      const victim = server.generationAt(index);
      await until(() => (server.loads[index] ?? 0) > 0 && (server.loads[index] ?? 0) < ABSENT, "the worker has work");
      dead.set(victim, performance.now());
      server.kill(index);
      await until(() => server.generationAt(index) !== victim && (server.loads[index] ?? 0) < ABSENT, "a new worker");
    }
    const endMs = performance.now();
    await until(() => performance.now() > endMs + 50, "some more load");
    isStopped = true;
    const attempts = (await Promise.all(clients)).flat();
    const failed = attempts.filter(({ isAnswered }) => !isAnswered);

    // The runtime accepts one connection ahead of the worker: that one dies with a worker that never knew of it.
    const unknown = failed.filter(({ worker }) => worker === 0);
    for (const diedMs of dead.values()) {
      const lost = unknown.filter(({ startMs, endMs }) => startMs < diedMs + 50 && diedMs < endMs);
      assertLess(lost.length, 2, "connections that waited in the queue are lost");
      for (const attempt of lost) unknown.splice(unknown.indexOf(attempt), 1);
    }
    assertEquals(unknown, [], "failed without a death");
    const known = failed.filter(({ worker }) => worker !== 0);
    assertEquals(known.filter(({ worker, endMs }) => endMs < (dead.get(worker) ?? Infinity)), [], "failed while alive");
    assertLess(failed.length, 12 * 10, "a death costs no more than what was under way");
    assertLess(500, attempts.length - failed.length);
    assertEquals(server.log.match(/died and is replaced/g)?.length, 10);
    await answersWell(server);
  },
);

testWith(["net", "read"], "a worker that stands still delays no new connection until it goes on", async () => {
  for (const [hostname, workers, held] of [["127.0.7.7", 2, 0], ["127.0.7.8", 2, 8], ["127.0.7.9", 4, 8]] as const) {
    await using server = await PoolServer.start(hostname, workers);
    const idle = [];
    for (let i = 0; i < held; i++) idle.push(await connectAccepted(server));
    using blocked = await server.block(0);
    for (let i = 0; i < 40; i++) {
      const client = await RawClient.connect(server.address);
      idle.push(client);
      await client.send(KEEP);
      assertEquals((await client.readAnswer()).status, 200);
    }
    assertEquals(blocked.goesOn(), false);
    for (const client of idle) client.close();
  }
});

/** Opens so many connections and closes them; returns how many each worker had. */
async function spread(server: PoolServer, count: number, isAtOnce: boolean): Promise<number[]> {
  const clients: RawClient[] = [];
  if (isAtOnce) {
    const opening = Array.from({ length: count }, () => RawClient.connect(server.address));
    clients.push(...await Promise.all(opening));
    await until(() => server.open === count, "all are accepted");
  } else for (let i = 0; i < count; i++) clients.push(await connectAccepted(server));
  const loads = [...server.loads];
  for (const client of clients) client.close();
  await until(() => server.open === 0, "all are closed");
  return loads;
}

/** Where a worker gets no time from the machine for 14 ms it is passed over, as it should be: then once more. */
const SPREADS = 4;

testWith(["net", "read"], "WorkerPool spreads connections evenly, opened at once and one by one", async () => {
  for (const [workers, hostname] of [[2, "127.0.7.100"], [4, "127.0.7.101"]] as const) {
    await using server = await PoolServer.start(hostname, workers);
    for (const count of [8, 64]) {
      for (const isAtOnce of [true, false]) {
        const most = 1.2 * count / workers + 1.001;
        let loads: number[] = [];
        for (let time = 0; time < SPREADS; time++) {
          loads = await spread(server, count, isAtOnce);
          if (Math.max(...loads) < most) break;
        }
        assertLess(Math.max(...loads), most, `${count} have become ${loads}`);
      }
    }
  }
});

/** Whether new connections are refused, within a second or so: the workers close their listeners one by one. */
async function isRefused({ address }: PoolServer): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      (await Deno.connect(address)).close();
    } catch (error) {
      return error instanceof Deno.errors.ConnectionRefused;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

/** Reads to the end and counts. */
async function countBytes(conn: Deno.Conn): Promise<number> {
  const room = new Uint8Array(1 << 18);
  let total = 0;
  for (let count: number | null = 0; count !== null; count = await conn.read(room)) total += count;
  return total;
}

testWith(
  ["net", "read"],
  "Server.stop finishes answers under way and refuses new connections",
  async () => {
    // The one large file that is surely there.
    const executable = Deno.realPathSync(Deno.execPath());
    await using server = await PoolServer.start("127.0.7.102", 2, { root: dirname(executable) });
    using idle = await connectAccepted(server);
    using partial = await connectAccepted(server);
    await partial.send("GET / HTTP/1.1\r\n");
    using loading = await Deno.connect(server.address);
    await loading.write(encode(`GET /${basename(executable)} HTTP/1.1\r\nHost: a\r\n\r\n`));
    assertEquals(await loading.read(new Uint8Array(1)), 1);

    const stopped = server.stop();
    assertEquals(await idle.readToEnd(), new Uint8Array(0));
    assert(await isRefused(server), "a new connection is refused while an old one is finished");
    await partial.send("Host: a\r\n\r\n");
    const answer = await partial.readAnswer();
    assertEquals([answer.status, answer.fields.get("connection")], [404, "close"]);
    assertLess(Deno.statSync(executable).size, await countBytes(loading));
    await stopped;
  },
);

testWith(["net", "read"], "Server.stop ends what is not finished within the time of grace", async () => {
  const executable = Deno.realPathSync(Deno.execPath());
  await using server = await PoolServer.start("127.0.7.103", 2, { root: dirname(executable), graceMs: 50 });
  using loading = await Deno.connect(server.address);
  await loading.write(encode(`GET /${basename(executable)} HTTP/1.1\r\nHost: a\r\n\r\n`));
  assertEquals(await loading.read(new Uint8Array(1)), 1);
  await server.stop();
  assertLess(await countBytes(loading).catch(() => 0), Deno.statSync(executable).size);
});

testWith(
  ["net", "read"],
  "Server.stop does not wait longer for a worker that stands still",
  async () => {
    await using server = await PoolServer.start("127.0.7.104", 2, { graceMs: 50 });
    using _ = await server.block(0);
    await server.stop();
  },
);

testWith(["net", "read"], "Server.abort ends answers under way", async () => {
  const executable = Deno.realPathSync(Deno.execPath());
  await using server = await PoolServer.start("127.0.7.105", 2, { root: dirname(executable) });
  using loading = await Deno.connect(server.address);
  await loading.write(encode(`GET /${basename(executable)} HTTP/1.1\r\nHost: a\r\n\r\n`));
  assertEquals(await loading.read(new Uint8Array(1)), 1);
  server.abort();
  assertLess(await countBytes(loading).catch(() => 0), Deno.statSync(executable).size);
});

testWith(["net", "read"], "Server.reload is one replacement for all who ask before it begins", async () => {
  const hostname = "127.0.7.92";
  const factory = new WorkerFactory();
  const server = await startServer(poolOptions(hostname, { workers: 1 }), factory.create);
  using client = await RawClient.connect({ hostname, port: Number(new URL(server.urls[0] ?? "").port) });
  await client.send(KEEP);
  await client.readAnswer();
  await client.send(KEEP.slice(0, 20));
  await Promise.all([server.reload(), server.reload()]);
  assertEquals(factory.generation, 2);
  // This one begins when the request has its answer, since the first worker lives until then.
  const waiting = server.reload();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertStrictEquals(server.reload(), waiting);
  assertEquals(factory.generation, 2);
  await client.send(KEEP.slice(20));
  assertEquals((await client.readAnswer()).fields.get("connection"), "close");
  client.close();
  await waiting;
  assertEquals(factory.generation, 3);
  await server.stop();
});

testWith(["net", "read"], "a server that stops ends the successor that does not get ready", async () => {
  using _ = new StandardError();
  const factory = new WorkerFactory();
  let isEnded = false;
  const create = () => {
    const worker = factory.create();
    if (factory.generation === 1) return worker;
    worker.postMessage = () => {};
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => {
      isEnded = true;
      terminate();
    };
    return worker;
  };
  const server = await startServer(poolOptions("127.0.7.91", { workers: 1 }), create);
  const reloading = server.reload();
  await until(() => factory.generation === 2, "the successor is made");
  await server.stop();
  assert(isEnded, "nothing of the server is left");
  await reloading;
});
