/**
 * Workers that die at bad moments: while others still start, which goes on unless there never was one in a place; and
 * with connections open, which nobody may count any more.
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { StartError } from "../src/errors.ts";
import { ABSENT } from "../src/handoff.ts";
import { startServer } from "../src/server.ts";
import type { ToWorker } from "../src/worker_protocol.ts";
import { testWith } from "./permissions.ts";
import { poolOptions, StandardError, until, WorkerFactory } from "./pool_server.ts";
import { RawClient } from "./raw_client.ts";

/** Makes workers of which the second begins when it is told to. */
class LateFactory {
  readonly factory = new WorkerFactory();
  #begin: (() => void) | undefined;

  readonly create = (): Worker => {
    const worker = this.factory.create();
    if (this.factory.generation !== 2) return worker;
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message: ToWorker) => {
      if (message.kind === "start") this.#begin = () => post(message);
      else post(message);
    };
    return worker;
  };

  /** Lets the second begin. */
  begin(): void {
    this.#begin?.();
  }

  /** Waits until the first worker, or the one after it, accepts connections. */
  async ready(generation: number): Promise<void> {
    await until(() => this.factory.generation === generation && this.#load === 0, "the first worker is ready");
  }

  get #load(): number | undefined {
    return this.factory.board && new Int32Array(this.factory.board)[1];
  }
}

for (const how of ["throw", "reject", "close"] as const) {
  testWith(["net", "read"], `startServer goes on where a worker that is ready dies of a ${how} meanwhile`, async () => {
    using said = new StandardError();
    const late = new LateFactory();
    const starting = startServer(poolOptions("127.0.7.121"), late.create);
    await late.ready(2);
    late.factory.workers[0]?.postMessage({ kind: how });
    await late.ready(3);
    late.begin();
    const server = await starting;
    const address = { hostname: "127.0.7.121", port: Number(new URL(server.urls[0] ?? "").port) };
    using client = await RawClient.connect(address);
    await client.send("GET /hello.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assertEquals((await client.readAnswer()).status, 200);
    await server.stop();
    assertMatch(said.text, /^[^\n]*Worker 1 died and is replaced in 0 ms: [^\n]*\n$/);
  });
}

testWith(["net", "read"], "startServer fails where a worker never was ready, whatever died before it", async () => {
  using _ = new StandardError();
  const late = new LateFactory();
  late.factory.fault = (generation) => generation === 2 ? "cannot listen" : undefined;
  const starting = startServer(poolOptions("127.0.7.122"), late.create);
  const failed = assertRejects(() => starting, StartError, "A worker cannot start: ");
  await late.ready(2);
  late.factory.workers[0]?.postMessage({ kind: "throw" });
  await late.ready(3);
  late.begin();
  await failed;
});

/** What all workers together count, by cell; those that are 0 left out. */
function counted({ admission, board }: WorkerFactory, seats: number): number[] {
  assert(admission !== undefined && board !== undefined);
  const addresses = new Int32Array(admission.addresses);
  // A row has three cells before its columns.
  const columns = addresses.filter((_, at) => at > 0 && (at - 1) % (3 + seats) >= 3);
  const loads = new Int32Array(board).subarray(1, 1 + seats).filter((load) => load < ABSENT);
  return [...new Int32Array(admission.counts), ...columns, ...loads].filter((count) => count !== 0);
}

/** The seats of the workers that accept connections. */
function accepting({ board }: WorkerFactory): number[] {
  assert(board !== undefined);
  return [...new Int32Array(board).subarray(1, 5)].flatMap((load, seat) => load < ABSENT ? [seat] : []);
}

/** Asks and asks, on connections that are kept for a while, until told to stop; what fails is done again. */
async function ask(address: { hostname: string; port: number }, signal: AbortSignal): Promise<number> {
  let answered = 0;
  while (!signal.aborted) {
    using client = await RawClient.connect(address);
    try {
      for (let n = 0; n < 10 && !signal.aborted; n++) {
        await client.send("GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        if ((await client.readAnswer()).status === 200) answered++;
      }
    } catch {
      // Its worker has died.
    }
  }
  return answered;
}

testWith(["net", "read"], "what dead and replaced workers had counted is counted no more", async () => {
  using _ = new StandardError();
  const factory = new WorkerFactory();
  const limits = { ...DEFAULT_OPTIONS.limits, connectionsPerAddress: 100 };
  const server = await startServer(poolOptions("127.0.7.127", { limits }), factory.create);
  const address = { hostname: "127.0.7.127", port: Number(new URL(server.urls[0] ?? "").port) };
  const end = new AbortController();
  const clients = Array.from({ length: 12 }, () => ask(address, end.signal));
  for (const how of ["throw", "close"]) {
    const { generation } = factory;
    await until(
      () => accepting(factory).length === 2 && counted(factory, 4).length > 0,
      "two accept, and have accepted",
    );
    const [seat = 0] = accepting(factory);
    factory.workers[seat]?.postMessage({ kind: how });
    await until(() => factory.generation > generation, "a new worker");
    await server.reload();
  }
  end.abort();
  const answered = (await Promise.all(clients)).reduce((sum, count) => sum + count);
  await until(() => counted(factory, 4).length === 0, "nothing is counted");
  assertEquals(answered > 0, true);
  await server.stop();
});

testWith(
  ["net", "read"],
  "a worker that is replaced before it has said that it is ready leaves no load behind",
  async () => {
    using _ = new StandardError();
    const factory = new WorkerFactory();
    const create = () => {
      const worker = factory.create();
      if (factory.generation === 3) worker.addEventListener("message", (event) => event.stopImmediatePropagation());
      return worker;
    };
    const server = await startServer(poolOptions("127.0.7.128"), create);
    factory.workers[0]?.postMessage({ kind: "throw" });
    await until(() => factory.generation === 3 && accepting(factory).length === 2, "the third accepts");
    await server.reload();
    await until(() => accepting(factory).join() === "2,3", "none but the new ones accept");
    await server.stop();
  },
);
