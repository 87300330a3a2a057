/** Workers that die while others still start: the start goes on, unless there never was one in a place. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StartError } from "../src/errors.ts";
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
