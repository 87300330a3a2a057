/** WebSocket through the whole server: an application on `upgradeWebSocket`, clients of the runtime. */

import { assertEquals, assertMatch } from "@std/assert";
import { upgradeWebSocket } from "../mod.ts";
import type { FetchHandler } from "../src/fetch_handler.ts";
import { fetchHandler } from "../src/fetch_handler.ts";
import { TestServer, until } from "./connection_server.ts";
import { decode } from "./raw_client.ts";

/** Echoes, and notes how its sockets ended. */
class Echo {
  readonly closes: number[] = [];
  readonly fetch: FetchHandler = (request) => {
    if (request.headers.get("upgrade") === null) return new Response("plain");
    const { socket, response } = upgradeWebSocket(request, { idleTimeout: 0 });
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onclose = ({ code }) => this.closes.push(code);
    return response;
  };

  serve(): TestServer {
    return new TestServer({ handler: fetchHandler(this.fetch), hasBodies: true });
  }
}

function open(server: TestServer): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("The socket does not open"));
  });
}

function next(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
}

function closed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.onclose = ({ code }) => resolve(code));
}

Deno.test("serveConnection hands a connection over to a WebSocket, RFC 6455 section 4.2", async () => {
  const echo = new Echo();
  await using server = echo.serve();
  const socket = await open(server);
  for (const message of ["a", "é".repeat(70_000)]) {
    const answer = next(socket);
    socket.send(message);
    assertEquals(await answer, message);
  }
  const end = closed(socket);
  socket.close(1000);
  assertEquals(await end, 1000);
  await server.idle();
  assertEquals(echo.closes, [1000]);
  assertEquals(server.events.filter((event) => event.startsWith("error")), []);
  assertEquals(server.exchanges.map(({ status, bodyBytes }) => [status, bodyBytes]), [[101, 0]]);
});

Deno.test("serveConnection passes on what came behind the handshake, and answers other requests before it", async () => {
  await using server = new Echo().serve();
  using client = await server.connect();
  const handshake = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  // A frame with the text "Hi", masked with zeros, and a Close.
  const frames = "\x81\x82\0\0\0\0Hi\x88\x82\0\0\0\0\x03\xe8";
  await client.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${handshake}${frames}`);
  const received = decode(await client.readToEnd());
  assertMatch(received, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nplainHTTP\/1\.1 101 Switching Protocols\r\n/);
  assertMatch(received, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
  assertEquals(received.match(/\r\nConnection: (.*)\r\n/gi)?.length, 2);
  assertEquals(received.slice(received.lastIndexOf("\r\n\r\n") + 4), "\x81\x02Hi\x88\x02\x03\xe8");
});

Deno.test("Connection.finish asks the other side of a WebSocket to go, RFC 6455 section 7.4.1", async () => {
  const echo = new Echo();
  await using server = echo.serve();
  const socket = await open(server);
  const end = closed(socket);
  await until(() => server.context.connections.size === 1, "the connection is there");
  for (const connection of server.context.connections) connection.finish();
  assertEquals(await end, 1001);
  await server.idle();
  assertEquals(echo.closes, [1001]);
});

const REFUSED: readonly [name: string, fields: string, status: number][] = [
  ["another version", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n", 426],
  ["no key", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400],
  ["another protocol", "Upgrade: h2c\r\nConnection: Upgrade\r\n", 426],
];

const UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

for (
  const [name, head] of [
    ["with a body", `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}Content-Length: 9\r\n\r\n`],
    ["of HTTP/1.0", `GET / HTTP/1.0\r\nHost: a\r\n${UPGRADE}\r\n`],
  ] as const
) {
  Deno.test(`serveConnection refuses to switch protocols for a request ${name}, RFC 9110 section 7.8`, async () => {
    const echo = new Echo();
    await using server = echo.serve();
    using client = await server.connect();
    await client.send(head);
    await client.closeWrite();
    assertMatch(decode(await client.readToEnd()), /^HTTP\/1\.1 400 /);
    await server.idle();
  });
}

for (const [name, fields, status] of REFUSED) {
  Deno.test(`upgradeWebSocket refuses ${name} with ${status}, RFC 6455 section 4.2.2`, async () => {
    await using server = new Echo().serve();
    using client = await server.connect();
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await client.closeWrite();
    assertMatch(decode(await client.readToEnd()), new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}
