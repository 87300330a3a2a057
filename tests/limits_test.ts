/** What happens at each limit of connections and requests, on the wire; and `Admission` where the wire is too slow. */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Admission, createAdmissionMemory, releaseSeat } from "../src/admission.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { Limits } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import { TestServer, until } from "./connection_server.ts";
import { serve } from "../src/server.ts";
import { testWith } from "./permissions.ts";
import { decode, parseAnswers, RawClient } from "./raw_client.ts";
import type { Answer } from "./raw_client.ts";

const PLAIN = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const LATER = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";

async function ask(client: RawClient): Promise<Answer> {
  await client.send(PLAIN);
  return await client.readAnswer();
}

/** Lets time pass on the clock of a server. */
function pass({ context: { clock } }: TestServer, ms: number): void {
  const read = clock.read.bind(clock);
  clock.read = () => {
    read();
    clock.nowMs += ms;
  };
  clock.read();
}

/** Connects without asking, and waits until that is noticed. */
async function connect(server: TestServer): Promise<RawClient> {
  const before = server.context.admission.connections;
  const client = await server.connect();
  await until(() => server.context.admission.connections !== before, "the connection is accepted");
  return client;
}

/** Connects and has a request answered later. */
async function occupy(server: TestServer): Promise<RawClient> {
  const before = server.handled.length;
  const client = await server.connect();
  await client.send(LATER);
  await until(() => server.handled.length > before, "the handler is busy");
  return client;
}

Deno.test("above --max-connections a client gets 503 with Retry-After, and others go on", async () => {
  await using server = new TestServer({ limits: { connections: 2 } });
  using first = await occupy(server);
  using second = await occupy(server);
  using third = await server.connect();
  const [refused] = parseAnswers(await third.readToEnd());
  assertEquals([refused?.status, refused?.fields.get("retry-after"), refused?.fields.get("connection")], [
    503,
    "1",
    "close",
  ]);
  server.gate.resolve();
  for (const client of [first, second]) assertEquals((await client.readAnswer()).status, 200);
  third.close();
  await until(() => server.context.admission.connections === 2, "the refused connection is gone");
  server.context.admission.report(server.context.report);
  assertEquals(server.events.filter((event) => event.includes("Refused")), [
    "error Refused with 503: 1 connections above 2 (--max-connections)",
  ]);
});

Deno.test("above --max-connections the oldest connection idle for a second makes room, RFC 9112 section 9.5", async () => {
  await using server = new TestServer({ limits: { connections: 2 } });
  using busy = await occupy(server);
  using idle = await server.connect();
  assertEquals((await ask(idle)).status, 200);
  using early = await server.connect();
  assertEquals(parseAnswers(await early.readToEnd())[0]?.status, 503);
  early.close();
  await until(() => server.context.admission.connections === 2, "the refused connection is gone");
  pass(server, 1_000);
  using late = await server.connect();
  assertEquals((await ask(late)).status, 200);
  assertEquals(await idle.readToEnd(), new Uint8Array());
  server.gate.resolve();
  assertEquals((await busy.readAnswer()).status, 200);
});

Deno.test("a connection that may be idle for ever makes room like any other", async () => {
  const timeouts = { ...DEFAULT_OPTIONS.timeouts, idleMs: Infinity };
  await using server = new TestServer({ limits: { connections: 1 }, timeouts });
  using idle = await server.connect();
  assertEquals((await ask(idle)).status, 200);
  pass(server, 1_000);
  using late = await server.connect();
  assertEquals((await ask(late)).status, 200);
  assertEquals(await idle.readToEnd(), new Uint8Array());
});

Deno.test("a flood of connections above --max-connections is closed, mostly without an answer", async () => {
  await using server = new TestServer({ limits: { connections: 1 } });
  using _busy = await occupy(server);
  const clients = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
  const answered = await Promise.all(clients.map(async (client) => {
    try {
      return (await client.readToEnd()).length > 0;
    } catch {
      return false;
    }
  }));
  assertEquals(answered.filter((isAnswered) => isAnswered).length, 64);
  for (const client of clients) client.close();
  await until(() => server.context.admission.connections === 1, "all but one are gone");
});

Deno.test("above --max-per-address a client gets 429 with Retry-After, RFC 6585 section 4", async () => {
  await using server = new TestServer({ limits: { connectionsPerAddress: 2 } });
  using first = await connect(server);
  using _second = await connect(server);
  using third = await server.connect();
  const [refused] = parseAnswers(await third.readToEnd());
  assertEquals([refused?.status, refused?.fields.get("retry-after")], [429, "1"]);
  assertEquals((await ask(first)).status, 200);
  first.close();
  third.close();
  await until(() => server.context.admission.connections === 1, "both are gone");
  using fourth = await server.connect();
  assertEquals((await ask(fourth)).status, 200);
});

for (const [limits, status] of [[{ connections: 1 }, 503], [{ connectionsPerAddress: 1 }, 429]] as const) {
  Deno.test(`a client that was turned away with ${status} and stays takes nobody's place`, async () => {
    await using server = new TestServer({ limits });
    const first = await occupy(server);
    using refused = await server.connect();
    assertEquals(parseAnswers(await refused.readToEnd())[0]?.status, status);
    assertEquals(server.context.connections.size, 2, "it has not closed its side");
    first.close();
    server.gate.resolve();
    await until(() => server.context.connections.size === 1, "the first one is gone");
    using next = await server.connect();
    assertEquals((await ask(next)).status, 200);
  });
}

Deno.test("above --rate a request gets 429 with Retry-After, and its connection goes on", async () => {
  await using server = new TestServer({ limits: { requestRate: 5 } });
  using client = await server.connect();
  const received = client.readToEnd();
  await client.send(PLAIN.repeat(20) + PLAIN.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  const answers = parseAnswers(await received);
  const statuses = answers.map(({ status }) => status);
  assertEquals([statuses.length, statuses.slice(0, 5)], [21, [200, 200, 200, 200, 200]]);
  // Another may have fallen due while the others were answered.
  assertLess(server.handled.length, 10);
  const refused = answers.filter(({ status }) => status === 429);
  assertEquals(refused.length + server.handled.length, 21);
  assertEquals(new Set(refused.map(({ fields }) => fields.get("retry-after"))), new Set(["1"]));
  server.context.admission.report(server.context.report);
  assertMatch(server.events.join("\n"), /^info Refused with 429: \d+ requests above 5\/s \(--rate\)$/m);
});

Deno.test("--rate counts all connections of an address together, and a body is no way around it", async () => {
  await using server = new TestServer({ limits: { requestRate: 1, requestBurst: 3 } });
  const post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
  const statuses: (number | undefined)[] = [];
  for (let n = 0; n < 5; n++) {
    using client = await server.connect();
    await client.send(post);
    statuses.push(parseAnswers(await client.readToEnd())[0]?.status);
  }
  assertEquals(statuses, [200, 200, 200, 429, 429]);
});

Deno.test("the page of 429 helps a person", async () => {
  await using server = new TestServer({ limits: { requestRate: 1 } });
  using client = await server.connect();
  await ask(client);
  await client.send("GET /a HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
  assertMatch(decode((await client.readAnswer()).body), /429 Too Many Requests[^]*Trying again soon/);
});

/** What several workers know, without any socket. */
function createAdmissions(count: number, wishes: Partial<Limits>) {
  const limits = { ...DEFAULT_OPTIONS.limits, ...wishes };
  const memory = createAdmissionMemory(count, limits);
  const time = { nowMs: 1_790_000_000_000 };
  const makeRoom = () => false;
  const admissions = Array.from({ length: count }, (_, seat) => {
    return new Admission({ memory, seat, limits, makeRoom, now: () => time.nowMs });
  });
  /** Lets connections in, each at the next worker; returns how many were. */
  const open = (times: number, address = "192.0.2.1") => {
    let admitted = 0;
    for (let n = 0; n < times; n++) {
      const admission = admissions[n % count];
      const row = admission?.opened(address) ?? 0;
      if (admission?.checkConnection(row) === undefined) admitted++;
      else admission.closed(row);
    }
    return admitted;
  };
  return { memory, time, admissions, open };
}

Deno.test("Admission bounds the connections of all workers together", () => {
  const { open } = createAdmissions(4, { connections: 10 });
  assertEquals([open(25), open(1)], [10, 0]);
});

Deno.test("Admission bounds the connections of an address over all workers, and of no other", () => {
  const { open } = createAdmissions(4, { connectionsPerAddress: 3 });
  assertEquals([open(25, "2001:db8::1"), open(25, "2001:db8::2"), open(25, "2001:db8:0:1::1")], [3, 0, 3]);
});

Deno.test("releaseSeat gives the connections of a dead worker back", () => {
  const { memory, admissions, open } = createAdmissions(2, { connections: 10, connectionsPerAddress: 4 });
  assertEquals(open(10), 4);
  releaseSeat(memory, 1);
  assertEquals([admissions[0]?.connections, open(10)], [2, 2]);
});

Deno.test("Admission.exhausted closes some idle connections, as far as there are any", () => {
  const { limits } = { ...DEFAULT_OPTIONS };
  let idle = 50;
  const makeRoom = () => idle > 0 && idle-- > 0;
  const admission = new Admission({ memory: createAdmissionMemory(1, limits), seat: 0, limits, makeRoom });
  for (let n = 0; n < 1_000; n++) admission.opened("192.0.2.1");
  admission.exhausted();
  assertEquals(idle, 50 - 32);
  admission.exhausted();
  assertEquals(idle, 0);
});

Deno.test("Admission.checkRequest lets an address ask as fast as it may, from whichever worker", () => {
  const { time, admissions } = createAdmissions(2, { requestRate: 100, requestBurst: 10 });
  const rows = admissions.map((admission) => admission.opened("192.0.2.1"));
  let allowed = 0;
  for (let n = 0; n < 4_000; n++) {
    try {
      admissions[n % 2]?.checkRequest(rows[n % 2] ?? 0);
      allowed++;
    } catch (error) {
      assertEquals(error instanceof HttpError && error.status, 429);
    }
    time.nowMs += 1;
  }
  assertEquals(allowed, 10 + 400 - 1);
});

testWith(["net", "read"], "real workers count the connections and requests of an address together", async () => {
  const root = new URL("fixtures", import.meta.url).pathname;
  const limits = { connectionsPerAddress: 6, requestRate: 10, requestBurst: 30 };
  const hostname = "127.0.7.131";
  const server = await serve({ root, hostname, port: 0, workers: 2, limits });
  const address = { hostname, port: Number(new URL(server.urls[0] ?? "").port) };
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(address)));
  const request = "GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n";
  const startMs = performance.now();
  const statuses = await Promise.all(clients.map(async (client) => {
    await client.send(request.repeat(10)).catch(() => {});
    const answers: number[] = [];
    for (let n = 0; n < 10; n++) {
      const answer = await client.readAnswer().catch(() => undefined);
      if (answer === undefined) break;
      answers.push(answer.status);
    }
    return answers;
  }));
  const seconds = (performance.now() - startMs) / 1000;
  for (const client of clients) client.close();
  await server.stop();
  const served = statuses.filter((answers) => answers.length === 10);
  const allowed = served.flat().filter((status) => status === 200).length;
  // Of the last two, counted by two workers in the same moment, both may be turned away.
  assert(served.length >= 5 && served.length <= 6, `${served.length} connections served`);
  for (const answers of statuses) if (!served.includes(answers)) assertEquals(answers, [429]);
  assert(allowed >= 30 && allowed <= 30 + 10 * (seconds + 0.1) + 1, `${allowed} answered in ${seconds} s`);
});

Deno.test("createAdmissionMemory takes little where addresses are not counted, and a bounded part where they are", () => {
  const { limits } = DEFAULT_OPTIONS;
  assertLess(createAdmissionMemory(4, limits).addresses.byteLength, 100);
  assertLess(createAdmissionMemory(4, { ...limits, requestRate: 1 }).addresses.byteLength, 1 << 20);
});
