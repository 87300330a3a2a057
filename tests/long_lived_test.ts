/**
 * Answers without an end and WebSockets, with the real sweep and short times: one that is quiet stays, and one whose
 * client takes nothing of what there is ends.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { upgradeWebSocket } from "../mod.ts";
import type { Timeouts } from "../src/config.ts";
import { fetchHandler } from "../src/fetch_handler.ts";
import { HttpResponse } from "../src/message.ts";
import type { Handler } from "../src/request_context.ts";
import { Sweep, SWEEP_MS } from "../src/sweep.ts";
import { TestServer, until } from "./connection_server.ts";
import type { RawClient } from "./raw_client.ts";
import { encode } from "./raw_client.ts";

const TIMEOUTS: Timeouts = {
  headMs: 700,
  idleMs: 700,
  bodyIdleMs: 300,
  handlerMs: 350,
  writeStallMs: 400,
  drainMs: 300,
  lingerMs: 300,
};
/** When all of these, and what a sweep adds to them, are over. */
const LONG_MS = 1_400;

const HANDSHAKE = "GET /quiet-socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const PING = "\x89\x80\0\0\0\0";
/** More than the systems of both sides hold. */
const MUCH = new Uint8Array(12 << 20);

interface Row {
  readonly name: string;
  readonly request: string;
  /** What the client does all the while; it reads nothing of its own accord. */
  readonly meanwhile?: (client: RawClient) => Promise<unknown>;
  /** Whether the connection is still there in the end. */
  readonly stays: boolean;
}

const ROWS: readonly Row[] = [
  { name: "a quiet event stream", request: get("/quiet"), stays: true },
  { name: "a quiet event stream in HTTP/1.0", request: "GET /quiet HTTP/1.0\r\n\r\n", stays: true },
  { name: "a quiet event stream with a request behind it", request: get("/quiet") + get("/plain"), stays: true },
  { name: "a quiet event stream behind another request", request: get("/plain") + get("/quiet"), stays: true },
  { name: "a quiet stream, and the body was read before", request: post("/asked"), stays: true },
  { name: "a quiet stream that has read the body itself", request: post("/asked-within"), stays: true },
  {
    name: "a quiet stream that has read the body between two pieces",
    request: post("/asked-between").slice(0, -2),
    meanwhile: (client) => pause(100).then(() => client.send("ef")),
    stays: true,
  },
  {
    name: "a stream whose body does not come behind its first piece",
    request: post("/asked-between").slice(0, -2),
    stays: false,
  },
  {
    name: "a quiet stream that has read the body itself, which came later",
    request: post("/asked-within").slice(0, -2),
    meanwhile: (client) => pause(100).then(() => client.send("ef")),
    stays: true,
  },
  {
    name: "a quiet stream that has read the body itself, in chunks",
    request: "POST /asked-within HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    stays: true,
  },
  {
    name: "a stream whose body does not come",
    request: post("/asked-within").slice(0, -2),
    stays: false,
  },
  {
    name: "a stream of a few bytes now and then",
    request: get("/ticks"),
    meanwhile: (client) => client.readToEnd(),
    stays: true,
  },
  { name: "a quiet WebSocket", request: HANDSHAKE, stays: true },
  {
    name: "a WebSocket that is sent much and takes it",
    request: HANDSHAKE.replace("quiet", "much"),
    meanwhile: (client) => client.readToEnd(),
    stays: true,
  },
  { name: "a stream of which the client takes nothing", request: get("/much"), stays: false },
  {
    name: "a stream of which the client takes nothing while it sends its body",
    request: "POST /much-and-body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
    meanwhile: (client) => often(() => client.send("x".repeat(200))),
    stays: false,
  },
  {
    name: "a WebSocket whose client takes nothing",
    request: HANDSHAKE.replace("quiet", "much"),
    stays: false,
  },
  {
    name: "a WebSocket whose client takes nothing and sends pings",
    request: HANDSHAKE.replace("quiet", "much"),
    meanwhile: (client) => often(() => client.send(PING)),
    stays: false,
  },
];

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

function post(path: string, length = 6): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${"abcdef".padEnd(length)}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Does something every so often, until that fails. */
async function often(action: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await pause(50);
    await action();
  }
}

/** A stream of what a function makes, which returns nothing where the stream is to be quiet from then on. */
function stream(next: () => Promise<Uint8Array<ArrayBuffer> | undefined>): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const piece = await next();
      if (piece === undefined) return await new Promise(() => {});
      controller.enqueue(piece);
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

let ticking = 0;
const EVENT = new TextEncoder().encode("data: a\n\n");

const handler = fetchHandler(async (request, info) => {
  const { pathname } = new URL(request.url);
  let pieces = 0;
  switch (pathname) {
    case "/hint-and-read":
      void info.hint({ Link: "</a>" });
      return new Response(await request.text());
    case "/read":
      return new Response(await request.text());
    case "/read-later":
      await pause(0);
      return new Response(await request.text());
    case "/quiet":
      return stream(() => Promise.resolve(pieces++ === 0 ? EVENT : undefined));
    case "/asked":
      await request.text();
      return stream(() => Promise.resolve(undefined));
    case "/asked-within":
      return stream(async () => pieces++ === 0 ? new TextEncoder().encode(await request.text()) : undefined);
    case "/asked-between": {
      const reader = request.body?.getReader();
      await reader?.read();
      return stream(async () => {
        if (pieces++ === 0) return EVENT;
        // Until the server waits for the next piece.
        await pause(50);
        while (!(await reader?.read())?.done);
        return undefined;
      });
    }
    case "/ticks":
      return stream(async () => {
        ticking++;
        await pause(100);
        ticking--;
        return EVENT;
      });
    case "/much":
      return stream(() => Promise.resolve(new Uint8Array(65_536)));
    case "/much-and-body":
      void request.text().catch(() => {});
      return stream(() => Promise.resolve(new Uint8Array(65_536)));
    case "/quiet-socket":
    case "/much-socket": {
      const { socket, response } = upgradeWebSocket(request, { idleTimeout: 0 });
      if (pathname === "/much-socket") socket.onopen = () => socket.send(MUCH);
      return response;
    }
    default:
      return new Response("plain");
  }
});

/** Lets one client do what it does. Returns whether the connection is there in the end, and what the log says. */
async function outlive({ request, meanwhile }: Row): Promise<{ stays: boolean; events: string }> {
  await using server = new TestServer({ timeouts: TIMEOUTS, hasBodies: true, handler });
  const sweep = new Sweep(server.context);
  const timer = setInterval(() => sweep.run(), SWEEP_MS);
  using client = await server.connect();
  await client.send(request);
  await until(() => server.context.connections.size === 1, "it is accepted");
  const done = meanwhile?.(client).catch(() => {});
  await pause(LONG_MS);
  const stays = server.context.connections.size === 1;
  client.close();
  await done;
  clearInterval(timer);
  return { stays, events: server.events.join("\n") };
}

Deno.test("what lives long is ended where its client takes nothing, and not where it is quiet", async (test) => {
  const outcomes = new Map(ROWS.map((row) => [row, outlive(row)]));
  for (const [row, outcome] of outcomes) {
    await test.step(`${row.name} ${row.stays ? "stays" : "ends"}`, async () => {
      const { stays, events } = await outcome;
      assertEquals(stays, row.stays, events);
    });
  }
  await until(() => ticking === 0, "no stream is being made");
});

/** Answers that are there at once wait for company, and leave while the next handler is asked. */
const batching: Handler = (head, open) => {
  const isMiddle = head.requestLine.includes(" /middle ");
  return isMiddle ? new HttpResponse(200, [], new Uint8Array(10_000)) : handler(head, open);
};

/** What a client sends again and again, while it reads nothing of the answers. */
const FLOODS: readonly [name: string, text: string][] = [
  ["requests", get("/plain").repeat(100)],
  ["requests for more than is collected", get("/middle").repeat(20)],
  ["requests and bodies", get("/middle").repeat(3) + post("/read")],
  ["requests and long bodies", get("/middle").repeat(3) + post("/read", 20_000)],
  ["requests and bodies that are read a moment later", get("/middle").repeat(3) + post("/read-later")],
  ["requests and long bodies that are read a moment later", get("/middle").repeat(3) + post("/read-later", 20_000)],
  ["requests and bodies, and gets early hints", get("/middle").repeat(3) + post("/hint-and-read", 20_000)],
  ["bodies that nobody reads", get("/middle").repeat(3) + post("/middle", 20_000)],
];

/** Lets one client send and send. Returns what the log says when the server has had enough. */
async function flood(text: string): Promise<string> {
  await using server = new TestServer({ timeouts: TIMEOUTS, hasBodies: true, handler: batching });
  using client = await server.connect();
  const bytes = encode(text);
  const flooding = (async () => {
    for (;;) await client.send(bytes);
  })().catch(() => {});
  await until(() => server.handled.length > 0, "it is served");
  const sweep = new Sweep(server.context);
  const timer = setInterval(() => sweep.run(), SWEEP_MS);
  await server.idle();
  await flooding;
  clearInterval(timer);
  return server.events.filter((event) => /^(info|error)/.test(event)).join("\n") || server.events.join("\n");
}

Deno.test("a client that takes nothing and goes on to send is closed, and the log says so once", async (test) => {
  const outcomes = FLOODS.map(([name, text]) => [name, flood(text)] as const);
  for (const [name, outcome] of outcomes) {
    await test.step(name, async () => {
      assertMatch(await outcome, /^info 127\.0\.0\.1 closed: (time-out|too slow) while waiting for write$/);
    });
  }
});
