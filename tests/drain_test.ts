/**
 * A worker that stops: which connections it closes at once, and which it waits for a moment, because a request may be on
 * its way. Time passes by hand.
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { LOOK_MS } from "../src/heartbeat.ts";
import { HttpResponse } from "../src/message.ts";
import { startServer } from "../src/server.ts";
import { TestServer, until } from "./connection_server.ts";
import { testWith } from "./permissions.ts";
import { poolOptions, StandardError, WorkerFactory } from "./pool_server.ts";
import { decode, encode, parseAnswers, RawClient } from "./raw_client.ts";

const REQUEST = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

interface Row {
  readonly name: string;
  /** Requests that were answered before. */
  readonly requests: number;
  /** For how long nothing has come since, in milliseconds. */
  readonly quietMs: number;
  readonly hasSuccessor: boolean;
  readonly isClosed: boolean;
}

const ROWS: readonly Row[] = [
  { name: "a new one", requests: 0, quietMs: 100, hasSuccessor: false, isClosed: true },
  { name: "a new one of a worker that is replaced", requests: 0, quietMs: 100, hasSuccessor: true, isClosed: false },
  { name: "one that was silent from the start", requests: 0, quietMs: 1_000, hasSuccessor: false, isClosed: true },
  { name: "one that was used just now", requests: 1, quietMs: 100, hasSuccessor: false, isClosed: true },
  {
    name: "one that was used just now, of a worker that is replaced",
    requests: 1,
    quietMs: 100,
    hasSuccessor: true,
    isClosed: false,
  },
  {
    name: "one that was used a while ago, of a worker that is replaced",
    requests: 1,
    quietMs: 1_000,
    hasSuccessor: true,
    isClosed: true,
  },
];

for (const { name, requests, quietMs, hasSuccessor, isClosed } of ROWS) {
  Deno.test(`Connection.finish ${isClosed ? "closes" : "waits for"} ${name}`, async () => {
    await using server = new TestServer();
    const { connections, clock } = server.context;
    using client = await server.connect();
    for (let n = 0; n < requests; n++) {
      await client.send(REQUEST);
      await client.readAnswer();
    }
    const connection = await server.connectionIn("request");
    clock.nowMs += quietMs;
    Object.assign(server.context, { isDraining: true, hasSuccessor });
    connection.finish();
    if (isClosed) return assertEquals(await client.readToEnd(), new Uint8Array());
    assertEquals(connection.deadlineMs <= clock.nowMs + 1_000, true, "it is waited for a second at most");
    await client.send(REQUEST);
    const answers = parseAnswers(await client.readToEnd());
    assertEquals(answers.map(({ status, fields }) => [status, fields.get("connection")]), [[200, "close"]]);
    client.close();
    await until(() => connections.size === 0, "it is closed");
  });
}

Deno.test("Connection.finish waits for the answer behind one that could have been without end", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = new TestServer({
    handler: async ({ requestLine }) => {
      if (requestLine.includes("/stream")) {
        const stream = (async function* () {
          yield encode("a");
        })();
        return new HttpResponse(200, [], { stream, isEndless: true });
      }
      await gate.promise;
      return new HttpResponse(200, [], encode("b"));
    },
  });
  using client = await server.connect();
  await client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  const connection = await server.connectionIn("handler");
  await until(() => server.handled.length === 2, "the second is asked for");
  Object.assign(server.context, { isDraining: true });
  connection.finish();
  gate.resolve();
  assertMatch(decode(await client.readToEnd()), /\r\n1\r\na\r\n0\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nb$/);
});

Deno.test("a connection that was accepted in the moment in which its worker stops is answered", async () => {
  await using server = new TestServer();
  server.context.isDraining = true;
  using client = await server.connect();
  await until(() => server.context.connections.size === 1, "it is accepted");
  await client.send(REQUEST);
  assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [200]);
});

/** Asks on one connection after the other, or on one as long as it lasts. Returns how often there was no answer. */
async function useThrough(
  address: { hostname: string; port: number },
  isKept: boolean,
  signal: AbortSignal,
): Promise<{ answered: number; lost: number }> {
  const request = encode(`GET /hello.txt HTTP/1.1\r\nHost: a\r\n${isKept ? "" : "Connection: close\r\n"}\r\n`);
  const room = new Uint8Array(4_096);
  let answered = 0, lost = 0;
  while (!signal.aborted) {
    using conn = await Deno.connect(address);
    for (let goesOn = true; goesOn && !signal.aborted;) {
      // Some send at once and some a moment later.
      await new Promise((resolve) => setTimeout(resolve, answered % 3));
      await conn.write(request);
      const count = await conn.read(room);
      if (count === null) lost++;
      else answered++;
      goesOn = count !== null && new TextDecoder().decode(room.subarray(0, count)).includes("keep-alive");
    }
  }
  return { answered, lost };
}

testWith(
  ["net", "read"],
  "workers that are replaced under load lose no request, of new connections or kept ones",
  async () => {
    const server = await startServer(poolOptions("127.0.7.120"));
    const address = { hostname: "127.0.7.120", port: Number(new URL(server.urls[0] ?? "").port) };
    const end = new AbortController();
    const clients = Array.from({ length: 6 }, (_, n) => useThrough(address, n % 2 === 0, end.signal));
    for (let n = 0; n < 2; n++) await server.reload();
    end.abort();
    const outcomes = await Promise.all(clients);
    await server.stop();
    assertEquals(outcomes.map(({ lost }) => lost), outcomes.map(() => 0));
    assertEquals(outcomes.every(({ answered }) => answered > 0), true);
  },
);

testWith(["net", "read"], "a server that stops does not wait for a replaced worker that dies", async () => {
  using _ = new StandardError();
  const factory = new WorkerFactory();
  const server = await startServer(poolOptions("127.0.7.123", { workers: 1 }), factory.create);
  using client = await RawClient.connect({
    hostname: "127.0.7.123",
    port: Number(new URL(server.urls[0] ?? "").port),
  });
  await client.send("GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /amid-a-head");
  await client.readAnswer();
  await server.reload();
  const [old, young] = factory.workers;
  assert(old !== undefined && young !== undefined);
  let isEnded = false;
  const terminate = young.terminate.bind(young);
  young.terminate = () => {
    isEnded = true;
    terminate();
  };
  const startMs = performance.now();
  const stopped = server.stop();
  await until(() => isEnded, "the present worker has ended");
  old.postMessage({ kind: "throw" });
  await stopped;
  assertLess(performance.now() - startMs, 5_000, "the time of grace is twice as long");
});

/** What comes of a replaced worker that stands still when its time of grace is over. */
const STANDING: readonly [name: string, goesOn: boolean][] = [
  ["for good: the server says so", false],
  ["for a while: it is ended then", true],
];

for (const [name, goesOn] of STANDING) {
  testWith(["net", "read"], `a worker that is replaced and stands still, ${name}`, async () => {
    using said = new StandardError();
    const factory = new WorkerFactory();
    const options = poolOptions("127.0.7.126", { workers: 1, graceMs: 50, watchdogMs: 2 * LOOK_MS });
    const server = await startServer(options, factory.create);
    const [old] = factory.workers;
    assert(old !== undefined);
    let isEnded = false;
    const terminate = old.terminate.bind(old);
    old.terminate = () => {
      isEnded = true;
      terminate();
    };
    const cells = new Int32Array(new SharedArrayBuffer(8));
    old.postMessage({ kind: "block", cells });
    await until(() => Atomics.load(cells, 0) === 1, "it stands still");
    await server.reload();
    if (goesOn) {
      Atomics.store(cells, 1, 1);
      Atomics.notify(cells, 1);
      await until(() => isEnded, "it is ended");
      assertEquals(said.text, "");
    } else {
      assertMatch(await server.stuck, /^Worker 1 stands still, for 2 s, and cannot be ended$/);
      assertEquals(isEnded, false);
      Atomics.store(cells, 1, 1);
      Atomics.notify(cells, 1);
    }
    await server.stop();
  });
}
