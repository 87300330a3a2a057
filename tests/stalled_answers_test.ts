/**
 * A client that takes nothing of the answers before, while a handler goes on with the next request: on a connection whose
 * writes never end, with time that passes by hand. Whatever the handler does, the write time-out holds.
 */

import { assertEquals } from "@std/assert";
import { Admission, createAdmissionMemory } from "../src/admission.ts";
import { Clock } from "../src/clock.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { serveConnection } from "../src/connection.ts";
import type { ConnectionContext } from "../src/connection_context.ts";
import { LinkedList } from "../src/linked_list.ts";
import { HttpResponse } from "../src/message.ts";
import type { Handler, RequestContext } from "../src/request_context.ts";
import { encode } from "./raw_client.ts";

const REQUESTS = "GET /at-once HTTP/1.1\r\nHost: a\r\n\r\n" +
  "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc";

const STEP_MS = 4_000;

/** The server's end of a connection whose client takes nothing. */
class StalledConn {
  readonly remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
  readonly localAddr: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.2", port: 80 };
  /** What arrives, one text for each read. */
  readonly #arriving: string[];
  readonly #closed = Promise.withResolvers<never>();

  constructor(...arriving: string[]) {
    this.#arriving = arriving;
    this.#closed.promise.catch(() => {});
  }

  setNoDelay(): void {}

  async read(into: Uint8Array): Promise<number> {
    let text = this.#arriving.shift() ?? await this.#closed.promise;
    if (text.length > into.length) {
      this.#arriving.unshift(text.slice(into.length));
      text = text.slice(0, into.length);
    }
    into.set(encode(text));
    return text.length;
  }

  write(): Promise<number> {
    return this.#closed.promise;
  }

  closeWrite(): Promise<void> {
    return this.#closed.promise;
  }

  close(): void {
    this.#closed.reject(new Deno.errors.Interrupted());
  }
}

/** Lets all run that can. */
async function pass(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function readAll({ body }: RequestContext): Promise<void> {
  while (await body.next() !== undefined);
}

/** What the handler does with the second request, and what comes of its body. */
const ROWS: readonly [name: string, handle: (context: RequestContext) => Promise<void>, ...arriving: string[]][] = [
  ["never answers", () => new Promise(() => {})],
  ["answers", () => Promise.resolve(), "defghi"],
  ["reads its body at once, which does not come", readAll],
  ["reads its body at once", readAll, "defghi"],
  ["reads its body later, which does not come", (context) => pass().then(() => readAll(context))],
  ["reads its body later, which comes in pieces", (context) => pass().then(() => readAll(context)), "de", "f", "g"],
  ["reads its body later, which comes", (context) => pass().then(() => readAll(context)), "de", "f", "ghi"],
  ["sends a hint, for which it waits", (context) => context.hint([["Link", "</a>"]])],
  [
    "sends a hint and reads its body",
    (context) => (context.hint([["Link", "</a>"]]).catch(() => {}), readAll(context)),
    "defghi",
  ],
  [
    "sends a hint later and reads its body",
    (context) => pass().then(() => (context.hint([["Link", "</a>"]]).catch(() => {}), readAll(context))),
    "defghi",
  ],
];

for (const [name, handle, ...arriving] of ROWS) {
  Deno.test(`a client that takes nothing is closed in time, while a handler ${name}`, async () => {
    const { limits, timeouts } = DEFAULT_OPTIONS;
    const clock = new Clock();
    let nowMs = 1_000;
    clock.read = () => void (clock.nowMs = nowMs);
    clock.read();
    const handler: Handler = (head, open) => {
      const response = new HttpResponse(200, [], encode("a"));
      return head.method === "GET" ? response : handle(open()).then(() => response);
    };
    const events: string[] = [];
    const context: ConnectionContext = {
      admission: new Admission({
        memory: createAdmissionMemory(1, limits),
        seat: 0,
        limits,
        makeRoom: () => false,
      }),
      handler,
      hasBodies: true,
      limits,
      timeouts,
      clock,
      connections: new LinkedList(),
      isDraining: false,
      hasSuccessor: false,
      logExchange: undefined,
      report: (level, message) => void (level === "debug" || events.push(message)),
    };
    const serving = serveConnection(new StalledConn(REQUESTS, ...arriving) as unknown as Deno.TcpConn, context);
    const startMs = nowMs;
    for (let step = 0; step < 50 && context.connections.size > 0; step++) {
      await pass();
      nowMs += STEP_MS;
      clock.read();
      for (const connection of context.connections) if (connection.deadlineMs < nowMs) connection.expire();
      await pass();
    }
    const endMs = nowMs;
    for (const connection of context.connections) connection.close();
    await serving;
    assertEquals(endMs - startMs <= timeouts.writeStallMs + 2 * STEP_MS, true, `after ${(endMs - startMs) / 1000} s`);
    assertEquals(events.length, 1, events.join("\n"));
  });
}
