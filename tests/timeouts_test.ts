/**
 * Every time-out on the wire, with the real sweep and short times: each client that is too slow is gone within its time
 * and a second, and never before its time; and one that asks all the while notices nothing.
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Timeouts } from "../src/config.ts";
import { HttpResponse } from "../src/message.ts";
import type { Handler } from "../src/request_context.ts";
import { Sweep, SWEEP_MS } from "../src/sweep.ts";
import { FakeFile, LARGE, TestServer, until } from "./connection_server.ts";
import { decode, encode, parseAnswers } from "./raw_client.ts";
import type { RawClient } from "./raw_client.ts";

/** Long enough that a sweep too early would be seen, and all of them different from one another. */
const TIMEOUTS: Timeouts = {
  headMs: 600,
  idleMs: 800,
  bodyIdleMs: 700,
  handlerMs: 900,
  writeStallMs: 1_000,
  drainMs: 650,
  lingerMs: 500,
};

type Deed = (client: RawClient) => Promise<unknown>;

const send = (text: string): Deed => (client) => client.send(text);

/** Does something every so often, until the server has had enough. */
async function often(action: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      await action();
    } catch {
      return;
    }
  }
}

/** Sends a byte every so often. */
const dribble = (text: string): Deed => async (client) => {
  await client.send(text);
  await often(() => client.send("x"));
};

/** Takes a little every so often. */
const sip = (text: string): Deed => async (client) => {
  await client.send(text);
  await often(() => client.read(4_096));
};

/** Sends and sends, and reads nothing. */
const flood = (text: string): Deed => async (client) => {
  try {
    for (;;) await client.send(text);
  } catch {
    // The server has had enough.
  }
};

/** A request; with a length for its body where one is told. */
function ask(path: string, contentLength?: number): string {
  const length = contentLength === undefined ? "" : `Content-Length: ${contentLength}\r\n`;
  return `${contentLength === undefined ? "GET" : "POST"} ${path} HTTP/1.1\r\nHost: a\r\n${length}\r\n`;
}

/** A request of HTTP/1.0, with further field lines. */
function ask10(path: string, fieldLines: string): string {
  return `${fieldLines.includes("Length") ? "POST" : "GET"} ${path} HTTP/1.0\r\n${fieldLines}\r\n`;
}

interface Row {
  readonly name: string;
  readonly deed: Deed;
  /** Which time-out that is. */
  readonly timeout: keyof Timeouts;
  /** What the client gets until the server ends its side; absent where it takes too little to see that. */
  readonly received?: RegExp;
}

const ROWS: readonly Row[] = [
  { name: "is silent", deed: send(""), timeout: "idleMs", received: /^$/ },
  {
    name: "is silent after an answer",
    deed: send(ask("/a")),
    timeout: "idleMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\n$/,
  },
  { name: "stops amid a head", deed: send("GET / HT"), timeout: "headMs", received: /^HTTP\/1\.1 408 / },
  {
    name: "sends a head byte by byte",
    deed: dribble("GET / HTTP/1.1\r\nHost: "),
    timeout: "headMs",
    received: /^HTTP\/1\.1 408 /,
  },
  { name: "stops amid a body", deed: send(ask("/read", 9)), timeout: "bodyIdleMs", received: /^HTTP\/1\.1 408 / },
  {
    name: "sends a body byte by byte",
    deed: dribble(ask("/read", 1_000)),
    timeout: "bodyIdleMs",
    received: /^HTTP\/1\.1 408 /,
  },
  {
    name: "sends a chunk byte by byte",
    deed: dribble("POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"),
    timeout: "bodyIdleMs",
    received: /^HTTP\/1\.1 408 /,
  },
  {
    name: "stops amid a body that nobody reads",
    deed: send(ask("/a", 9)),
    timeout: "drainMs",
    received: /^HTTP\/1\.1 200 [^]*Connection: close[^]*\/a\n$/,
  },
  {
    name: "sends a body that nobody reads byte by byte",
    deed: dribble(ask("/a", 1_000)),
    timeout: "drainMs",
    received: /^HTTP\/1\.1 200 [^]*Connection: close[^]*\/a\n$/,
  },
  { name: "waits for a handler", deed: send(ask("/later")), timeout: "handlerMs", received: /^HTTP\/1\.1 503 / },
  {
    name: "stops amid the second of two heads that came together",
    deed: send(`${ask("/a")}GET /b HT`),
    timeout: "headMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\nHTTP\/1\.1 408 [^]*Connection: close/,
  },
  {
    name: "stops amid a body behind a request that came with it",
    deed: send(`${ask("/a")}${ask("/read", 9)}abc`),
    timeout: "bodyIdleMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\nHTTP\/1\.1 408 [^]*Connection: close/,
  },
  {
    name: "stops amid a body behind a request that came with it, and the handler has sent an early hint meanwhile",
    deed: send(ask("/a") + ask("/hint-and-read", 9)),
    timeout: "bodyIdleMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\nHTTP\/1\.1 103 [^]*HTTP\/1\.1 408 [^]*Connection: close/,
  },
  {
    name: "waits for the second of three handlers",
    deed: send(ask("/a") + ask("/later") + ask("/c")),
    timeout: "handlerMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\nHTTP\/1\.1 503 (?![^]*HTTP)/,
  },
  {
    name: "is silent after an answer to HTTP/1.0 with keep-alive",
    deed: send(ask10("/a", "Connection: keep-alive\r\n")),
    timeout: "idleMs",
    received: /^HTTP\/1\.1 200 [^]*Connection: keep-alive[^]*\/a\n$/,
  },
  {
    name: "stops amid a second head of HTTP/1.0",
    deed: send(`${ask10("/a", "Connection: keep-alive\r\n")}GET /b HTTP/1.0\r\nX:`),
    timeout: "headMs",
    received: /^HTTP\/1\.1 200 [^]*\/a\nHTTP\/1\.1 408 /,
  },
  {
    name: "sends a body of HTTP/1.0 byte by byte",
    deed: dribble(ask10("/read", "Content-Length: 1000\r\n")),
    timeout: "bodyIdleMs",
    received: /^HTTP\/1\.1 408 /,
  },
  {
    name: "takes nothing of its answer in HTTP/1.0",
    deed: send(ask10("/huge", "Connection: keep-alive\r\n")),
    timeout: "writeStallMs",
  },
  {
    name: "takes nothing of the many answers that it asked for at once",
    deed: flood(ask("/large").repeat(100)),
    timeout: "writeStallMs",
  },
  { name: "takes nothing of its answer", deed: send(ask("/huge")), timeout: "writeStallMs" },
  { name: "takes its answer little by little", deed: sip(ask("/huge")), timeout: "writeStallMs" },
  { name: "does not close after its answer", deed: send("GET / HTTP/3.0\r\n\r\n"), timeout: "lingerMs" },
];

const answer: Handler = async (head, open) => {
  const path = head.requestLine.split(" ")[1] ?? "";
  if (path === "/later") await new Promise(() => {});
  if (path === "/hint-and-read") void open().hint([["Link", "</a>"]]);
  if (path.endsWith("read")) { while (await open().body.next() !== undefined); }
  const length = 2 ** 40;
  const body = path === "/huge"
    ? { file: new FakeFile(length), pieces: [{ start: 0, end: length }], length }
    : undefined;
  if (path === "/large") return new HttpResponse(200, [], LARGE);
  return new HttpResponse(200, [], body ?? encode(`${path}\n`));
};

/** Lets one client do its deed. Returns how long it lasted, and what it got. */
async function outlast({ deed, received }: Row): Promise<{ durationMs: number; text: string }> {
  // So much per second cannot be sipped; a byte every 100 ms is too little for a body.
  const limits = { writeBytesPerSecond: 100e6 };
  await using server = new TestServer({ limits, timeouts: TIMEOUTS, hasBodies: true, handler: answer });
  const sweep = new Sweep(server.context);
  const timer = setInterval(() => sweep.run(), SWEEP_MS);
  using client = await server.connect();
  // Half-way between two sweeps: that part of a sweep is not to be held against the client.
  await new Promise((resolve) => setTimeout(resolve, SWEEP_MS / 2));
  const startMs = performance.now();
  const done = deed(client);
  const bytes = received === undefined ? undefined : await client.readToEnd();
  if (received === undefined) {
    await until(() => server.context.connections.size === 1, "the connection is accepted");
    await server.idle();
  }
  const durationMs = performance.now() - startMs;
  client.close();
  await done;
  clearInterval(timer);
  return { durationMs, text: decode(bytes ?? new Uint8Array()) };
}

/** How long this thread did not get to run: what a busy machine takes is nobody's fault. */
class Pauses implements Disposable {
  #ms = 0;
  #lastMs = performance.now();
  readonly #timer = setInterval(() => {
    this.#ms = this.ms;
    this.#lastMs = performance.now();
  }, 10);

  /** All pauses until now, in milliseconds. */
  get ms(): number {
    return this.#ms + Math.max(0, performance.now() - this.#lastMs - 20);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

Deno.test("every time-out ends its client within a second, and nobody else", async (test) => {
  await using server = new TestServer({ timeouts: TIMEOUTS, hasBodies: true, handler: answer });
  const sweep = new Sweep(server.context);
  const timer = setInterval(() => sweep.run(), SWEEP_MS);
  const outcomes = new Map(ROWS.map((row) => [row, outlast(row)]));
  let isOver = false;
  using pauses = new Pauses();
  const bystander = (async () => {
    using client = await server.connect();
    let longestMs = 0;
    while (!isOver) {
      const startMs = performance.now() - pauses.ms;
      await client.send(ask("/a"));
      assertEquals((await client.readAnswer()).status, 200);
      longestMs = Math.max(longestMs, performance.now() - pauses.ms - startMs);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return longestMs;
  })();
  for (const [row, outcome] of outcomes) {
    await test.step(`a client that ${row.name}: ${row.timeout}`, async () => {
      const { durationMs, text } = await outcome;
      assertMatch(text, row.received ?? /^$/);
      assert(durationMs >= TIMEOUTS[row.timeout], `ended early, after ${durationMs} ms`);
      assertLess(durationMs, TIMEOUTS[row.timeout] + 1_000, "ended late");
    });
  }
  isOver = true;
  assertLess(await bystander, 500, "a client that is quick enough had to wait");
  clearInterval(timer);
});

Deno.test("Sweep.run judges nobody after it came late, and goes on the next time", async () => {
  await using server = new TestServer();
  const sweep = new Sweep(server.context);
  const judged: string[] = [];
  const place = server.context.connections.add({
    deadlineMs: 0,
    waitingBytes: 0,
    isIdle: true,
    expire: () => judged.push("expired"),
    tick: () => judged.push("checked"),
    finish: () => {},
    close: () => {},
  });
  const { clock } = server.context;
  const runAfter = (ms: number) => {
    clock.read = () => void (clock.nowMs += ms);
    sweep.run();
    return judged.splice(0);
  };
  assertEquals(runAfter(SWEEP_MS), ["expired"]);
  assertEquals(runAfter(60_000), []);
  assertEquals(runAfter(60_000), ["expired"]);
  assertEquals(runAfter(SWEEP_MS), ["expired"]);
  server.context.connections.remove(place);
});

Deno.test("a connection ends after as many requests as it may carry, RFC 9112 section 9.6", async () => {
  await using server = new TestServer({ limits: { requestsPerConnection: 3 } });
  using client = await server.connect();
  await client.send(ask("/a").repeat(5));
  const answers = parseAnswers(await client.readToEnd());
  assertEquals(answers.map(({ fields }) => fields.get("connection")), ["keep-alive", "keep-alive", "close"]);
});
