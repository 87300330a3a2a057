/**
 * `serveConnection` over real sockets: failures, time-outs, tear-down and the end of the server; RFC 9112 sections 9.5
 * and 9.6.
 */

import { assertEquals, assertLess, assertMatch, assertNotMatch } from "@std/assert";
import { HttpResponse } from "../src/message.ts";
import { LARGE, TestServer, until } from "./connection_server.ts";
import { decode, parseAnswers } from "./raw_client.ts";
import type { RawClient } from "./raw_client.ts";
import { exchange, get, lines, SMUGGLED } from "./exchanges.ts";

// RFC 9112 section 9.5: failures and time-outs.

Deno.test("Connection.expire answers half a head with 408, RFC 9110 section 15.5.9", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send("GET / HT");
  (await server.connectionIn("head")).expire();
  const [answer] = parseAnswers(await client.readToEnd());
  assertEquals([answer?.status, answer?.fields.get("connection")], [408, "close"]);
  await client.send(`TP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`);
  await client.closeWrite();
  await server.idle();
  assertEquals(server.handled, []);
  assertEquals(server.exchanges.map(({ head, status }) => ({ head, status })), [{ head: undefined, status: 408 }]);
});

Deno.test("Connection.expire answers half a head behind a whole request with 408, RFC 9110 section 15.5.9", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(`${get("/a")}GET / HT`);
  assertEquals((await client.readAnswer()).status, 200);
  (await server.connectionIn("head")).expire();
  assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [408]);
  await client.closeWrite();
  await server.idle();
});

Deno.test("Connection.expire closes a connection whose client does not, after 408", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send("GET / HT");
  const connection = await server.connectionIn("head");
  connection.expire();
  await client.readToEnd();
  assertEquals(server.stageOf(connection), "linger");
  connection.expire();
  await server.idle();
});

Deno.test("Connection.expire closes a silent connection without a byte, RFC 9112 section 9.5", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  (await server.connectionIn("request")).expire();
  assertEquals(await client.readToEnd(), new Uint8Array(0));
  await server.idle();
  assertEquals(server.exchanges, []);
});

Deno.test("Connection.expire closes a connection that idles after an answer without a byte", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a"));
  await client.readAnswer();
  (await server.connectionIn("request")).expire();
  assertEquals(await client.readToEnd(), new Uint8Array(0));
  await server.idle();
});

Deno.test("Connection.deadlineMs is not renewed by a byte of a head", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send("G");
  const connection = await server.connectionIn("head");
  const { deadlineMs } = connection;
  for (const character of "ET / HTTP/1.1\r\nHos") {
    const { nowMs } = server.context.clock;
    await client.send(character);
    await until(() => server.context.clock.nowMs > nowMs, "the byte is read");
  }
  assertEquals(connection.deadlineMs, deadlineMs);
});

Deno.test("Connection.deadlineMs is not renewed by a byte of a body", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a", "Content-Length: 99\r\n"));
  const connection = await server.connectionIn("drain");
  const { deadlineMs } = connection;
  for (const character of "12345") {
    const { nowMs } = server.context.clock;
    await client.send(character);
    await until(() => server.context.clock.nowMs > nowMs, "the byte is read");
  }
  assertEquals(connection.deadlineMs, deadlineMs);
  connection.expire();
  assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [408]);
  await client.closeWrite();
  await server.idle();
});

Deno.test("Connection.expire closes the file of a client that takes nothing", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/huge"));
  const connection = await server.connectionIn("write");
  const { deadlineMs } = connection;
  server.context.clock.read();
  await client.read(10 << 20);
  assertLess(deadlineMs, connection.deadlineMs, "a client that takes something is given more time");
  assertEquals(server.files.map(({ isClosed }) => isClosed), [false]);
  connection.expire();
  await server.idle();
  assertEquals(server.files.map(({ isClosed }) => isClosed), [true]);
  assertMatch(server.events[0] ?? "", /^info 127\.0\.0\.1 closed: time-out while waiting for write$/);
});

for (const [how, read] of [["resets", 100], ["closes", undefined]] as const) {
  Deno.test(`serveConnection closes the file of a client that ${how} in mid-download at once`, async () => {
    await using server = new TestServer();
    using other = await server.connect();
    const client = await server.connect();
    await client.send(get("/huge"));
    await client.read(read ?? 1);
    await until(() => server.files.length === 1, "the file is open");
    client.close();
    await until(() => server.files.every(({ isClosed }) => isClosed), "the file is closed");
    await until(() => server.context.connections.size === 1, "only the other connection is left");
    await other.send(get("/a"));
    assertEquals((await other.readAnswer()).status, 200);
    assertNotMatch(server.events.join("\n"), /^error/m);
  });
}

Deno.test("serveConnection ends a download whose file has become shorter: bytes promised are bytes sent", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/shrunk") + SMUGGLED);
  const received = await client.readToEnd().catch((error) => error);
  if (received instanceof Uint8Array) assertMatch(decode(received), /^HTTP\/1\.1 200 [^]*\r\n\r\n[^]{0,100000}$/);
  await server.idle();
  assertEquals(server.files.map(({ isClosed }) => isClosed), [true]);
  assertMatch(server.events.join("\n"), /^error 127\.0\.0\.1 closed: Error: File has become shorter/);
});

for (const path of ["/bug", "/bug-later", "/bad-field"]) {
  Deno.test(`serveConnection answers a fault of the handler at ${path} with 500 and tells only the log`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    await client.send(get(path));
    const received = await client.readToEnd();
    assertEquals(lines(parseAnswers(received)), ["500 500 Internal Server Error"]);
    assertNotMatch(decode(received), /secret/);
    assertEquals(server.events.length, 1, server.events.join("\n"));
    assertMatch(server.events[0] ?? "", /^error 127\.0\.0\.1 500: [^]*secret[^]*connection_server\.ts|^error .*\bX\b/);
  });
}

Deno.test("serveConnection tells the log and not the client why a request failed", async () => {
  await using server = new TestServer();
  const answers = await exchange(server, get("/missing"));
  assertEquals(lines(answers), ["404 404 Not Found"]);
  assertNotMatch(JSON.stringify([...answers[0]?.fields ?? []]), /secret/);
  assertEquals(server.events, ["debug 127.0.0.1 404: secret-path"]);
});

// RFC 9112 section 9.6: tear-down.

const UNREAD = new TextEncoder().encode("GET /smuggled HTTP/1.1\r\n".repeat(1_310_720));
const LINGERING: readonly [name: string, head: string, status: number][] = [
  ["413", get("/a", `Content-Length: ${UNREAD.length}\r\n`, "POST"), 413],
  ["200", get("/a", "Transfer-Encoding: chunked\r\n", "POST") + `${UNREAD.length.toString(16)}\r\n`, 200],
  ["400", "POST /a HTTP/1.1\r\n\r\n", 400],
  ["200 and Connection: close", get("/a", "Connection: close\r\n"), 200],
  ["a large answer", get("/large", "Connection: close\r\n"), 200],
];

for (const [name, head, status] of LINGERING) {
  Deno.test(`serveConnection gets ${name} through to a client that first sends 30 MB, RFC 9112 section 9.6`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    const isLarge = head.includes("/large");
    const received = isLarge ? client.readToEnd() : undefined;
    await client.send(head);
    await client.send(UNREAD);
    const answers = parseAnswers(await (received ?? client.readToEnd()));
    assertEquals(answers.map((answer) => answer.status), [status]);
    assertEquals(answers[0]?.body.length === LARGE.length, isLarge);
    client.close();
    await server.idle();
    assertEquals(server.handled.filter((requestLine) => requestLine.includes("smuggled")), []);
  });
}

Deno.test("serveConnection lingers only for a time, RFC 9112 section 9.6", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a", "Content-Length: 2000000\r\n"));
  assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [413]);
  const connection = await server.connectionIn("linger");
  const { deadlineMs } = connection;
  const { nowMs } = server.context.clock;
  await client.send("more");
  await until(() => server.context.clock.nowMs > nowMs, "the bytes are read");
  assertEquals(connection.deadlineMs, deadlineMs);
  connection.expire();
  await server.idle();
});

const NOT_AT_END: readonly [name: string, bytes: string][] = [
  ["bytes lie behind it", `${get("/a", "Connection: close\r\n")}behind it`],
  ["CONNECT, behind which bytes for a tunnel may come", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"],
];

for (const [name, bytes] of NOT_AT_END) {
  Deno.test(`serveConnection waits after the last answer until the client closes: ${name}, RFC 9112 section 9.6`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    await client.send(bytes);
    await client.readAnswer();
    await server.connectionIn("linger");
    await client.send("what nobody reads any more");
    assertEquals(await client.readToEnd(), new Uint8Array(0));
    await client.closeWrite();
    await server.idle();
  });
}

for (
  const [name, request] of [["HTTP/1.1 and close", get("/a", "Connection: close\r\n")], [
    "HTTP/1.0",
    "GET /a HTTP/1.0\r\n\r\n",
  ]]
) {
  Deno.test(`serveConnection closes at once where the client has said that it sends no more: ${name}, RFC 9112 section 9.6`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    await client.send(request ?? "");
    assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [200]);
    await server.idle();
  });
}

// The end of the server.

Deno.test("ConnectionContext.isDraining makes every answer the last, RFC 9112 section 9.6", async () => {
  await using server = new TestServer();
  using fresh = await server.connect();
  await server.connectionIn("request");
  server.context.isDraining = true;
  await fresh.send(get("/a") + get("/b"));
  const answers = parseAnswers(await fresh.readToEnd());
  assertEquals(answers.map(({ status, fields }) => [status, fields.get("connection")]), [[200, "close"]]);
});

Deno.test("ConnectionContext.isDraining: a body that nobody reads is not waited for", async () => {
  await using server = new TestServer({ hasBodies: true, handler: () => new HttpResponse(200, [], new Uint8Array(1)) });
  using client = await server.connect();
  await server.connectionIn("request");
  server.context.isDraining = true;
  await client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1");
  assertEquals((await client.readAnswer()).status, 200);
});

/** A client whose connection has reached a stage. */
async function clientIn(
  server: TestServer,
  message: string,
  answers: number,
  isThere: () => boolean,
): Promise<RawClient> {
  const client = await server.connect();
  await client.send(message);
  for (let i = 0; i < answers; i++) await client.readAnswer();
  await until(isThere, "the stage");
  return client;
}

Deno.test("Connection.finish closes idle connections and lets the others answer", async () => {
  await using server = new TestServer();
  const { connections } = server.context;
  const waiting = (stage: string) => [...connections].filter((it) => server.stageOf(it) === stage).length;
  using silent = await clientIn(server, "", 0, () => waiting("request") === 1);
  using idle = await clientIn(server, get("/a"), 1, () => waiting("request") === 2);
  using partial = await clientIn(server, "GET /b HT", 0, () => waiting("head") === 1);
  using later = await clientIn(server, get("/later"), 0, () => server.handled.length === 2);
  using loading = await clientIn(server, get("/huge"), 0, () => waiting("write") === 1);

  server.context.isDraining = true;
  for (const connection of connections) connection.finish();
  assertEquals([await silent.readToEnd(), await idle.readToEnd()], [new Uint8Array(0), new Uint8Array(0)]);
  await until(() => connections.size === 3, "the idle ones are closed");

  await partial.send("TP/1.1\r\nHost: a\r\n\r\n");
  server.gate.resolve();
  for (const client of [partial, later]) {
    const answers = parseAnswers(await client.readToEnd());
    assertEquals(answers.map(({ status, fields }) => [status, fields.get("connection")]), [[200, "close"]]);
  }
  assertEquals(waiting("write"), 1);
  assertEquals((await loading.read(100)).length, 100);
});

Deno.test("Connection.close can be called again", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  const connection = await server.connectionIn("request");
  connection.close();
  connection.close();
  assertEquals(await client.readToEnd(), new Uint8Array(0));
});
