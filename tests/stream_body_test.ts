/**
 * Bodies that are made while they are sent, over real sockets: how their end is told (RFC 9112 sections 6.3 and 7.1),
 * who waits for whom, and that every stream is ended exactly once.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { TestServer, until } from "./connection_server.ts";
import { HttpResponse } from "../src/message.ts";
import { decode, encode } from "./raw_client.ts";

/** A stream of pieces that notes how often it was asked and whether it was ended early. */
class Pieces implements AsyncIterator<Uint8Array, void> {
  asked = 0;
  returned = 0;
  readonly #pieces: readonly (string | Error | Promise<string>)[];

  constructor(...pieces: readonly (string | Error | Promise<string>)[]) {
    this.#pieces = pieces;
  }

  async next(): Promise<IteratorResult<Uint8Array, void>> {
    const piece = await this.#pieces[this.asked++];
    if (piece === undefined) return { done: true, value: undefined };
    if (piece instanceof Error) throw piece;
    return { done: false, value: encode(piece) };
  }

  return(): Promise<IteratorResult<Uint8Array, void>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }
}

function serve(stream: Pieces, { status = 200, isEndless = false } = {}): TestServer {
  return new TestServer({ handler: () => new HttpResponse(status, [["X", "y"]], { stream, isEndless }) });
}

const HEAD =
  /^HTTP\/1\.1 200 OK\r\nServer: .*\r\nDate: .*\r\nConnection: (.*)\r\n(Transfer-Encoding: chunked\r\n)?X: y\r\n\r\n/;
const LARGE = "x".repeat(100_000);

const ROWS: readonly [name: string, pieces: readonly string[], body: string][] = [
  ["nothing", [], "0\r\n\r\n"],
  ["one piece", ["one"], "3\r\none\r\n0\r\n\r\n"],
  ["several pieces", ["one", "two\r\n", "3"], "3\r\none\r\n5\r\ntwo\r\n\r\n1\r\n3\r\n0\r\n\r\n"],
  ["an empty piece, which is no last chunk", ["a", "", "b"], "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"],
  ["a length in hexadecimal", ["x".repeat(26)], `1a\r\n${"x".repeat(26)}\r\n0\r\n\r\n`],
  ["a large piece", [LARGE, "."], `186a0\r\n${LARGE}\r\n1\r\n.\r\n0\r\n\r\n`],
];

for (const [name, pieces, body] of ROWS) {
  Deno.test(`serveConnection sends ${name} in chunks to HTTP/1.1, RFC 9112 section 7.1`, async () => {
    const stream = new Pieces(...pieces);
    await using server = serve(stream);
    using client = await server.connect();
    await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const received = decode(await client.readToEnd());
    assertEquals(HEAD.exec(received)?.slice(1), ["close", "Transfer-Encoding: chunked\r\n"]);
    assertEquals(received.replace(HEAD, ""), body);
    assertEquals([stream.asked, stream.returned], [pieces.length + 1, 0]);
    assertEquals(server.exchanges.map(({ bodyBytes }) => bodyBytes), [pieces.join("").length]);
  });

  Deno.test(`serveConnection sends ${name} to the end of the connection to HTTP/1.0, RFC 9112 section 6.3`, async () => {
    await using server = serve(new Pieces(...pieces));
    using client = await server.connect();
    await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const received = decode(await client.readToEnd());
    assertEquals(HEAD.exec(received)?.slice(1), ["close", undefined]);
    assertEquals(received.replace(HEAD, ""), pieces.join(""));
  });
}

Deno.test("serveConnection goes on after a stream, RFC 9112 section 9.3", async () => {
  await using server = new TestServer({
    handler: () => new HttpResponse(200, [["X", "y"]], { stream: new Pieces("a"), isEndless: false }),
  });
  using client = await server.connect();
  await client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const bodies = decode(await client.readToEnd()).split("1\r\na\r\n0\r\n\r\n");
  assertEquals([bodies.length, bodies.at(-1), server.handled.length], [3, "", 2]);
});

Deno.test("serveConnection sends no content of a stream to HEAD and for 304, and ends it, RFC 9110 section 6.4.1", async () => {
  for (const [method, status] of [["HEAD", 200], ["GET", 304], ["GET", 204]] as const) {
    const stream = new Pieces("a");
    await using server = serve(stream, { status });
    using client = await server.connect();
    await client.send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const received = decode(await client.readToEnd());
    assertMatch(received, status === 200 ? /Transfer-Encoding: chunked\r\nX: y\r\n\r\n$/ : /close\r\nX: y\r\n\r\n$/);
    assertEquals([stream.asked, stream.returned], [0, 1]);
  }
});

Deno.test("serveConnection sends each piece at once, and the head before the first", async () => {
  const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
  await using server = serve(new Pieces(gates[0].promise, gates[1].promise));
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let head = "";
  while (!HEAD.test(head)) head += decode(await client.read(1));
  gates[0].resolve("first");
  assertEquals(decode(await client.read(10)), "5\r\nfirst\r\n");
  gates[1].resolve("second");
  assertEquals(decode(await client.readToEnd()), "6\r\nsecond\r\n0\r\n\r\n");
});

Deno.test("serveConnection cuts the connection where a stream fails, RFC 9112 section 8", async () => {
  const stream = new Pieces("one", new Error("secret-stack"));
  await using server = serve(stream);
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const received = decode(await client.readToEnd());
  assertEquals(received.replace(HEAD, ""), "3\r\none\r\n");
  await server.idle();
  assertMatch(server.events.join("\n"), /^error .*secret-stack/);
});

Deno.test("serveConnection asks for no more than the client takes, and ends the stream when the client leaves", async () => {
  const stream = new Pieces(...Array.from({ length: 10_000 }, () => LARGE));
  await using server = serve(stream);
  const client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await server.connectionIn("write");
  await until(() => stream.asked > 1, "pieces are sent");
  client.close();
  await server.idle();
  assertEquals([stream.asked < 1_000, stream.returned], [true, 1]);
});

Deno.test("Connection.finish ends an answer without end, and no other", async () => {
  for (const isEndless of [true, false]) {
    const gate = Promise.withResolvers<string>();
    const stream = new Pieces("a", gate.promise);
    await using server = serve(stream, { isEndless });
    using client = await server.connect();
    await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await until(() => stream.asked === 2, "the second piece is awaited");
    for (const connection of server.context.connections) connection.finish();
    if (isEndless) await server.idle();
    assertEquals([server.context.connections.size, stream.returned], isEndless ? [0, 1] : [1, 0]);
    gate.resolve("b");
    const received = decode(await client.readToEnd()).replace(HEAD, "");
    assertEquals(received, isEndless ? "1\r\na\r\n" : "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    assertEquals(server.events.filter((event) => event.startsWith("error")), []);
  }
});

Deno.test("serveConnection ends a stream whose head cannot be encoded", async () => {
  const stream = new Pieces("a");
  await using server = new TestServer({
    handler: () => new HttpResponse(200, [["X", "a\r\nb"]], { stream, isEndless: false }),
  });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertMatch(decode(await client.readToEnd()), /^HTTP\/1\.1 500 /);
  assertEquals([stream.asked, stream.returned], [0, 1]);
});
