/**
 * `serveConnection` over real sockets, in the order of RFC 9112. The handler is the test's own; what a request means to
 * files is told elsewhere. Every answer read here is also checked for `Server`, `Date`, `Connection` and its length.
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { Duplex } from "../src/message.ts";
import { HttpResponse } from "../src/message.ts";
import { FakeFile, LARGE, TestServer, until } from "./connection_server.ts";
import { createRandom } from "./random.ts";
import { decode, parseAnswers } from "./raw_client.ts";
import { chunked, exchange, fixed, get, lines, SMUGGLED } from "./exchanges.ts";

// RFC 9112 section 2: a message and its answer.

Deno.test("serveConnection answers one request once, RFC 9112 section 2.1", async () => {
  await using server = new TestServer();
  assertEquals(lines(await exchange(server, get("/one"))), ["200 /one"]);
  assertEquals(server.handled, ["GET /one HTTP/1.1"]);
});

Deno.test("serveConnection does not mind how a request is cut into segments, RFC 9112 section 2", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  const received = client.readToEnd();
  const message = get("/one") + fixed("/two", SMUGGLED) + chunked("/three", [SMUGGLED, "x"], "", "A: b\r\n") +
    get("/4");
  for (const character of message) await client.send(character);
  await client.closeWrite();
  assertEquals(lines(parseAnswers(await received)), ["200 /one", "200 /two", "200 /three", "200 /4"]);
});

for (const path of ["/large", "/file"]) {
  Deno.test(`serveConnection sends all of ${path}, byte for byte`, async () => {
    await using server = new TestServer();
    const [answer, ...more] = await exchange(server, get(path));
    const length = path === "/large" ? LARGE.length : 1 << 20;
    assertEquals([answer?.status, answer?.body.length, more.length], [200, length, 0]);
    assertEquals(answer?.body.findIndex((byte, position) => byte !== FakeFile.byteAt(position)), -1);
    assert(server.files.every(({ isClosed }) => isClosed), "the file is closed");
  });
}

Deno.test("serveConnection sends all of a file to a client that takes it late, byte for byte", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/long-file", "Connection: close\r\n"));
  await server.connectionIn("write");
  await until(() => server.files.some(({ reads }) => reads > 1), "more is read than the socket takes");
  const [answer] = parseAnswers(await client.readToEnd());
  assertEquals(answer?.body.length, 16 << 20);
  assertEquals(answer?.body.findIndex((byte, position) => byte !== FakeFile.byteAt(position)), -1);
});

Deno.test("serveConnection sends no content to HEAD and closes its file, RFC 9110 section 9.3.2", async () => {
  await using server = new TestServer();
  const [answer] = await exchange(server, get("/file", "", "HEAD"), ["HEAD"]);
  assertEquals(answer?.fields.get("content-length"), "1048576");
  assertEquals(server.files.map(({ isClosed, reads }) => ({ isClosed, reads })), [{ isClosed: true, reads: 0 }]);
});

// RFC 9112 sections 3 to 6: what could be understood in two ways ends the connection.

const REFUSED: readonly [name: string, status: number, message: string][] = [
  ["a bare LF", 400, `GET / HTTP/1.1\nHost: a\n\n`],
  ["nothing but LF", 400, `\n`],
  ["a bare CR in the request line", 400, `GET /\r HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["obs-fold", 400, get("/", "A: b\r\n c\r\n")],
  ["white space before the colon", 400, get("/", "Content-Length : 5\r\n") + "12345"],
  ["NUL in a value", 400, get("/", "A: \0\r\n")],
  ["no Host", 400, `GET / HTTP/1.1\r\n\r\n`],
  ["two Hosts", 400, get("/", "Host: b\r\n")],
  ["Content-Length beside Transfer-Encoding", 400, chunked("/", [], "Content-Length: 5\r\n")],
  ["Content-Length behind Transfer-Encoding", 400, get("/", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")],
  ["two lengths that differ", 400, fixed("/", "12345", "Content-Length: 6\r\n")],
  ["two lengths that agree", 400, fixed("/", "12345", "Content-Length: 5\r\n")],
  ["a list of lengths", 400, get("/", "Content-Length: 5, 5\r\n") + "12345"],
  ["a signed length", 400, get("/", "Content-Length: +5\r\n") + "12345"],
  ["a hexadecimal length", 400, get("/", "Content-Length: 0x5\r\n") + "12345"],
  ["an empty length", 400, get("/", "Content-Length:\r\n")],
  ["Transfer-Encoding in HTTP/1.0", 400, `GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["chunked twice", 400, chunked("/", [], "Transfer-Encoding: chunked\r\n")],
  ["chunked not last", 400, get("/", "Transfer-Encoding: chunked, gzip\r\n")],
  ["an unknown coding", 501, chunked("/", []).replace("chunked", "gzip, chunked")],
  ["a coding that is almost chunked", 400, get("/", "Transfer-Encoding: xchunked\r\n")],
  ["HTTP/2", 505, `GET / HTTP/2.0\r\nHost: a\r\n\r\n`],
  ["HTTP/2 by prior knowledge", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a TLS handshake", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a target that is too long", 414, get(`/${"x".repeat(9_000)}`)],
  ["a request line that is too long", 414, get(`/${"x".repeat(20_000)}`)],
  ["fields that are too long", 431, get("/", `A: ${"x".repeat(20_000)}\r\n`)],
  ["too many fields", 431, get("/", "A: b\r\n".repeat(101))],
  ["an unknown expectation", 417, get("/", "Expect: 200-ok\r\n")],
];

for (const [name, status, message] of REFUSED) {
  Deno.test(`serveConnection answers ${name} with one ${status} and ends, RFC 9112 section 11.2`, async () => {
    await using server = new TestServer();
    const answers = await exchange(server, message + SMUGGLED);
    assertEquals(answers.map((answer) => [answer.status, answer.fields.get("connection")]), [[status, "close"]]);
    assertEquals(server.handled, []);
    assertMatch(server.events.join("\n"), new RegExp(`^info 127\\.0\\.0\\.1 ${status}: [^\\n]+$`));
  });
}

// RFC 9112 section 6.3: where a body ends.

const BOUND = 1_000;
const PADDED = SMUGGLED.padEnd(BOUND, "x");

const DRAINED: readonly [name: string, message: string, answers: string[], connection: "keep-alive" | "close"][] = [
  ["of a fixed length", fixed("/a", SMUGGLED), ["200 /a", "200 /b"], "keep-alive"],
  ["of length 0", fixed("/a", ""), ["200 /a", "200 /b"], "keep-alive"],
  ["in chunks", chunked("/a", [SMUGGLED, SMUGGLED]), ["200 /a", "200 /b"], "keep-alive"],
  ["of no chunks", chunked("/a", []), ["200 /a", "200 /b"], "keep-alive"],
  ["with trailers", chunked("/a", ["x"], "", "A: GET /smuggled HTTP/1.1\r\n"), ["200 /a", "200 /b"], "keep-alive"],
  ["of a refused request", fixed("/missing", SMUGGLED), ["404 404 Not Found", "200 /b"], "keep-alive"],
  ["as long as the bound", fixed("/a", PADDED), ["200 /a", "200 /b"], "keep-alive"],
  [
    "in chunks, with its framing as long as the bound",
    chunked("/a", [PADDED.slice(12)]),
    ["200 /a", "200 /b"],
    "keep-alive",
  ],
  ["beyond the bound", fixed("/a", `${PADDED}x`), ["200 /a"], "close"],
  ["in chunks beyond the bound", chunked("/a", [PADDED, "x"]), ["200 /a"], "close"],
  ["far beyond the bound", fixed("/a", SMUGGLED.repeat(5_000)), ["200 /a"], "close"],
  ["in chunks far beyond the bound", chunked("/a", Array(5_000).fill(SMUGGLED)), ["200 /a"], "close"],
  ["too large", fixed("/a", SMUGGLED.repeat(40_000)), ["413 413 Content Too Large"], "close"],
  ["waited for", fixed("/a", SMUGGLED, "Expect: 100-continue\r\n"), ["200 /a"], "close"],
  ["in chunks waited for", chunked("/a", [SMUGGLED], "Expect: 100-continue\r\n"), ["200 /a"], "close"],
  ["too large and waited for", get("/a", "Content-Length: 2000000\r\nExpect: 100-continue\r\n"), [
    "413 413 Content Too Large",
  ], "close"],
  ["that is none, waited for", get("/a", "Expect: 100-continue\r\n"), ["200 /a", "200 /b"], "keep-alive"],
  ["of the last request", fixed("/a", SMUGGLED, "Connection: close\r\n"), ["200 /a"], "close"],
  ["with a bad chunk size", get("/a", "Transfer-Encoding: chunked\r\n") + "0x5\r\n12345\r\n0\r\n\r\n", [
    "400 400 Bad Request",
  ], "close"],
  ["with a chunk that is too long", get("/a", "Transfer-Encoding: chunked\r\n") + "4\r\n12345\r\n0\r\n\r\n", [
    "400 400 Bad Request",
  ], "close"],
  ["with a bare LF", get("/a", "Transfer-Encoding: chunked\r\n") + "5\n12345\n0\n\n", ["400 400 Bad Request"], "close"],
  ["with a bad trailer", chunked("/a", [], "", "A : b\r\n"), ["400 400 Bad Request"], "close"],
];

for (const [name, message, answers, connection] of DRAINED) {
  Deno.test(`serveConnection never takes a body ${name} for a request, RFC 9112 section 6.3`, async () => {
    await using server = new TestServer({ limits: { drainBytes: BOUND } });
    const received = await exchange(server, message + get("/b"));
    assertEquals(lines(received), answers);
    assertEquals(received[0]?.fields.get("connection"), connection);
    assertEquals(server.handled.filter((requestLine) => requestLine.includes("smuggled")), []);
  });
}

Deno.test("serveConnection waits for the body before it answers, RFC 9112 section 6.3", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a", "Content-Length: 5\r\n"));
  await server.connectionIn("drain");
  assertEquals(server.handled, []);
  await client.send(`12345${get("/b")}`);
  assertEquals(lines([await client.readAnswer(), await client.readAnswer()]), ["200 /a", "200 /b"]);
});

Deno.test("serveConnection ends with a body that is cut short, RFC 9112 section 8", async () => {
  await using server = new TestServer();
  assertEquals(lines(await exchange(server, get("/a", "Content-Length: 99\r\n") + SMUGGLED)), ["200 /a"]);
  assertEquals(lines(await exchange(server, get("/a") + "GET /b HTTP/1.1\r\nHost: a\r\n")), ["200 /a"]);
  await server.idle();
});

// RFC 9112 section 9.3: persistence.

const PERSISTENCE: readonly [version: string, fields: string, connection: "keep-alive" | "close"][] = [
  ["1.1", "", "keep-alive"],
  ["1.1", "Connection: keep-alive\r\n", "keep-alive"],
  ["1.1", "Connection: close\r\n", "close"],
  ["1.1", "Connection: CLOSE\r\n", "close"],
  ["1.1", "Connection: x, close\r\n", "close"],
  ["1.1", "Connection: keep-alive, close\r\n", "close"],
  ["1.1", "Connection: keep-alive\r\nConnection: close\r\n", "close"],
  ["1.1", "Connection: closed\r\n", "keep-alive"],
  ["1.0", "", "close"],
  ["1.0", "Connection: keep-alive\r\n", "keep-alive"],
  ["1.0", "Connection: Keep-Alive\r\n", "keep-alive"],
  ["1.0", "Connection: keep-alive, close\r\n", "close"],
  ["1.0", "Keep-Alive: timeout=5\r\n", "close"],
  ["1.2", "", "keep-alive"],
];

for (const [version, fields, connection] of PERSISTENCE) {
  const title = fields.trimEnd().replaceAll("\r\n", ", ") || "no Connection";
  Deno.test(`serveConnection answers HTTP/${version} and ${title} with ${connection}, RFC 9112 section 9.3`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    await client.send(`GET /a HTTP/${version}\r\nHost: a\r\n${fields}\r\n`);
    assertEquals((await client.readAnswer()).fields.get("connection"), connection);
    if (connection === "keep-alive") {
      await client.send(get("/b", "Connection: close\r\n"));
      assertEquals(lines([await client.readAnswer()]), ["200 /b"]);
    }
    assertEquals(await client.readToEnd(), new Uint8Array(0));
    await client.closeWrite();
    await server.idle();
  });
}

Deno.test("serveConnection keeps a connection for a hundred requests, RFC 9112 section 9.3", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  for (let i = 0; i < 100; i++) {
    await client.send(get(`/${i}`));
    assertEquals(lines([await client.readAnswer()]), [`200 /${i}`]);
  }
});

// RFC 9112 section 9.3.2: pipelining.

for (const count of [3, 100, 10_000]) {
  Deno.test(`serveConnection answers ${count} pipelined requests in order, RFC 9112 section 9.3.2`, async () => {
    await using server = new TestServer();
    using client = await server.connect();
    const received = client.readToEnd();
    const paths = Array.from({ length: count }, (_, i) => `/${i}`);
    await client.send(paths.map((path) => get(path)).join(""));
    await client.closeWrite();
    const text = decode(await received).replace(/^Date: .+ GMT\r$/gm, "Date: now\r");
    const answer = (path: string) =>
      `HTTP/1.1 200 OK\r\nServer: sockeye\r\nDate: now\r\nConnection: keep-alive\r\n` +
      `Content-Length: ${path.length + 1}\r\n\r\n${path}\n`;
    assert(text === paths.map(answer).join(""), "the answers are the expected ones, byte for byte");
  });
}

const PIPELINES: readonly [name: string, requests: readonly string[], answers: string[]][] = [
  ["a large answer between small ones", ["/a", "/large", "/b", "/c"], ["200 /a", "200 *3145728", "200 /b", "200 /c"]],
  ["a file between small ones", ["/a", "/file", "/b", "/file"], ["200 /a", "200 *1048576", "200 /b", "200 *1048576"]],
  ["HEAD", ["/a", "HEAD /large", "/b", "HEAD /b"], ["200 /a", "200 ", "200 /b", "200 "]],
  ["an answer without content", ["/a", "/empty", "/b"], ["200 /a", "204 ", "200 /b"]],
  ["404", ["/a", "/missing", "/b"], ["200 /a", "404 404 Not Found", "200 /b"]],
  ["400 from the handler", ["/a", "/refused", "/b"], ["200 /a", "400 400 Bad Request"]],
  ["a handler that throws", ["/a", "/bug", "/b"], ["200 /a", "500 500 Internal Server Error"]],
  ["a handler that rejects", ["/a", "/bug-later", "/b"], ["200 /a", "500 500 Internal Server Error"]],
  ["Connection: close", ["/a", "/b close", "/c"], ["200 /a", "200 /b"]],
  ["what is no request", ["/a", "/b c d", "/e"], ["200 /a", "400 400 Bad Request"]],
];

for (const [name, requests, answers] of PIPELINES) {
  Deno.test(`serveConnection keeps the order with ${name} in the middle, RFC 9112 section 9.3.2`, async () => {
    await using server = new TestServer();
    const message = requests.map((request) => {
      const [path = "", method = "GET"] = request.split(" ").reverse();
      if (request.endsWith(" close")) return get(method, "Connection: close\r\n");
      return request.startsWith("HEAD ") ? get(path, "", method) : get(request);
    });
    const methods = requests.map((request) => request.startsWith("HEAD ") ? "HEAD" : "GET");
    const received = await exchange(server, message.join(""), methods);
    const told = received.map((answer) =>
      answer.body.length > 1_000 ? `${answer.status} *${answer.body.length}` : lines([answer])[0]
    );
    assertEquals(told, answers);
    assert(server.files.every(({ isClosed }) => isClosed), "the files are closed");
  });
}

Deno.test("serveConnection switches no protocol where the head that would say so breaks a rule", async () => {
  const duplexes: Duplex[] = [];
  const run = (duplex: Duplex) => Promise.resolve(void duplexes.push(duplex));
  const body = { run, shutdown: () => {}, length: 0 };
  await using server = new TestServer({ handler: () => new HttpResponse(101, [["A b", "c"]], body) });
  using client = await server.connect();
  await client.send(get("/a"));
  assertEquals((await client.readAnswer()).status, 500);
  assertEquals(await Promise.all(duplexes.map((duplex) => duplex.read(new Uint8Array(1)))), [null]);
});

Deno.test("serveConnection starts no further request while its answers are not taken, RFC 9112 section 9.3.2", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/large").repeat(100));
  await server.connectionIn("write");
  await client.read(10 * LARGE.length);
  await server.connectionIn("write");
  assertLess(server.handled.length, 50);
});

Deno.test("serveConnection waits for a handler that answers later, and keeps the order", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a") + get("/later") + get("/b"));
  await until(() => server.handled.length === 2, "the second request is handled");
  server.gate.resolve();
  await client.closeWrite();
  assertEquals(lines(parseAnswers(await client.readToEnd())), ["200 /a", "200 /later", "200 /b"]);
});

Deno.test("serveConnection does not keep an answer back while a later one is made", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/a") + get("/later"));
  assertEquals(lines([await client.readAnswer()]), ["200 /a"]);
  server.gate.resolve();
  assertEquals(lines([await client.readAnswer()]), ["200 /later"]);
});

// What the access log is told.

const LOGGED: readonly [message: string, lines: string[], methods?: string[]][] = [
  [get("/a"), ["GET /a HTTP/1.1 200 3"]],
  [get("/a") + get("/bb"), ["GET /a HTTP/1.1 200 3", "GET /bb HTTP/1.1 200 4"]],
  [get("/a", "", "HEAD"), ["HEAD /a HTTP/1.1 200 0"], ["HEAD"]],
  [get("/large"), ["GET /large HTTP/1.1 200 3145728"]],
  [get("/file"), ["GET /file HTTP/1.1 200 1048576"]],
  [get("/empty"), ["GET /empty HTTP/1.1 204 0"]],
  [get("/missing"), ["GET /missing HTTP/1.1 404 14"]],
  [get("/bug"), ["GET /bug HTTP/1.1 500 26"]],
  [fixed("/a", "x".repeat(2_000_000)), ["GET /a HTTP/1.1 413 22"]],
  ["GET /\n\n", ["undefined 400 16"]],
  ["", []],
];

for (const [message, logged, methods] of LOGGED) {
  Deno.test(`serveConnection logs ${JSON.stringify(message.slice(0, 40))} as ${JSON.stringify(logged)}`, async () => {
    await using server = new TestServer();
    await exchange(server, message, methods);
    await server.idle();
    const told = server.exchanges.map(({ head, status, bodyBytes }) => `${head?.requestLine} ${status} ${bodyBytes}`);
    assertEquals(told, logged);
    for (const { remote, durationMs } of server.exchanges) assert(remote === "127.0.0.1" && durationMs >= 0);
  });
}

Deno.test("serveConnection logs a download that the client left, with the bytes that were sent", async () => {
  await using server = new TestServer();
  const client = await server.connect();
  await client.send(get("/huge"));
  await client.read(100);
  client.close();
  await server.idle();
  assertEquals(server.exchanges.map(({ head, status }) => [head?.requestLine, status]), [["GET /huge HTTP/1.1", 200]]);
  assert(server.exchanges.every(({ bodyBytes }) => bodyBytes > 0 && bodyBytes < 2 ** 30));
});

Deno.test("Exchange.durationMs counts from the arrival of the head, also where the handler answers later", async () => {
  await using server = new TestServer();
  using client = await server.connect();
  await client.send(get("/later"));
  await until(() => server.handled.length === 1, "the request is handled");
  const { clock } = server.context;
  const arrivedMs = clock.nowMs;
  await until(() => (clock.read(), clock.nowMs - arrivedMs > 5), "some time passes");
  server.gate.resolve();
  await client.readAnswer();
  await until(() => server.exchanges.length === 1, "the answer is logged");
  assert(server.exchanges.every(({ durationMs }) => durationMs >= 5), JSON.stringify(server.exchanges[0]?.durationMs));
});

// Whatever comes in.

const VALID = [
  get("/a"),
  get("/b", "Connection: close\r\n"),
  get("/missing"),
  get("/c", "", "HEAD"),
  "GET /d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "GET http://a/e?f HTTP/1.1\r\nHost: a\r\n\r\n",
  fixed("/f", "12345", "A: b\r\n"),
  fixed("/g", SMUGGLED),
  chunked("/h", ["12345", SMUGGLED], "", "A: b\r\n"),
  fixed("/i", "12345", "Expect: 100-continue\r\n"),
];
const SPICES = ["\r", "\n", "\r\n", "\0", " ", "\t", ":", ",", ";", "0", "9", "\x80", "\xff", "chunked", "5\r\n"];

function mutate(message: string, random: (below: number) => number): string {
  const at = random(message.length);
  const to = at + random(Math.min(20, message.length - at));
  switch (random(6)) {
    case 0:
      return message.slice(0, at) + String.fromCharCode(random(256)) + message.slice(at + 1);
    case 1:
      return message.slice(0, at) + SPICES[random(SPICES.length)] + message.slice(at);
    case 2:
      return message.slice(0, at) + message.slice(to);
    case 3:
      return message.slice(0, to) + message.slice(at);
    case 4:
      return message.slice(0, at + 1);
    default:
      return message;
  }
}

Deno.test("serveConnection withstands 2,000 damaged byte streams", async () => {
  await using server = new TestServer({ limits: { drainBytes: 100 } });
  for (let seed = 0; seed < 2_000; seed++) {
    const random = createRandom(seed);
    let message = "";
    for (let i = random(4); i >= 0; i--) message += VALID[random(VALID.length)];
    for (let i = random(3); i >= 0; i--) message = mutate(message, random);

    server.handled.length = 0;
    using client = await server.connect();
    await client.send(message);
    await client.closeWrite();
    const received = await client.readToEnd();
    const methods = server.handled.map((requestLine) => requestLine.split(" ", 1)[0] ?? "");
    const answers = parseAnswers(received, methods);
    const what = `seed ${seed}: ${JSON.stringify(message)} gave ${JSON.stringify(decode(received))}`;
    assertLess(server.handled.length, message.split("\r\n\r\n").length, what);
    const refused = answers.slice(server.handled.length).map(({ status }) => status);
    assert(answers.length >= server.handled.length && refused.length <= 1, what);
    assert(refused.every((status) => status >= 400), what);
    assertEquals(server.events.filter((event) => event.startsWith("error")), [], what);
  }
  await server.idle();
  assertEquals(lines(await exchange(server, get("/after"))), ["200 /after"]);
});

Deno.test("serveConnection answers others while clients come and go", async () => {
  await using server = new TestServer();
  const rush = Array.from({ length: 100 }, async (_, i) => {
    const client = await server.connect();
    await client.send([get("/huge"), "GET / HT", "\n", get("/a"), ""][i % 5] ?? "");
    if (i % 5 === 0) await client.read(1);
    client.close();
  });
  using other = await server.connect();
  for (let i = 0; i < 50; i++) {
    await other.send(get(`/${i}`));
    assertEquals(lines([await other.readAnswer()]), [`200 /${i}`]);
  }
  await Promise.all(rush);
  await until(() => server.context.connections.size === 1, "the others are gone");
  assert(server.files.every(({ isClosed }) => isClosed), "all files are closed");
});
