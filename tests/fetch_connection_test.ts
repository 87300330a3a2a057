/**
 * What a Fetch handler has to do with the connection of its request: who is at the other end, whether the client stays,
 * when it sends the body, how much of it, what it is told before the answer, and when it has all of that.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Limits } from "../src/config.ts";
import type { FetchHandler, ServeInfo } from "../src/fetch_handler.ts";
import { fetchHandler } from "../src/fetch_handler.ts";
import { TestServer, until } from "./connection_server.ts";
import { exchange } from "./http_client.ts";
import { decode, parseAnswers } from "./raw_client.ts";

const BYTES = new TextEncoder().encode("bytes");

function serve(fetch: FetchHandler, limits: Partial<Limits> = {}): TestServer {
  return new TestServer({ hasBodies: true, handler: fetchHandler(fetch), limits });
}

/** `GET`, or with content `POST`; the last one of its connection where it says so. */
function request(path: string, { fields = "", body }: { fields?: string; body?: string } = {}): string {
  const length = body === undefined ? "" : `Content-Length: ${body.length}\r\n`;
  return `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1\r\nHost: a\r\n${length}${fields}\r\n${body ?? ""}`;
}

const CLOSE = { fields: "Connection: close\r\n" };

Deno.test("info tells both addresses", async () => {
  await using server = serve((_, { remoteAddr, localAddr }) => Response.json([remoteAddr, localAddr]));
  using client = await server.connect();
  await client.send(request("/", CLOSE));
  const [answer] = parseAnswers(await client.readToEnd());
  const { port } = new URL(server.origin);
  assertEquals(JSON.parse(decode(answer?.body ?? new Uint8Array())), [
    { transport: "tcp", hostname: "127.0.0.1", port: client.port },
    { transport: "tcp", hostname: "127.0.0.1", port: Number(port) },
  ]);
});

/** What a handler saw of the fate of its answer. */
class Fate {
  readonly seen: string[] = [];

  watch(request: Request, info: ServeInfo): void {
    request.signal.addEventListener("abort", () => this.seen.push("aborted"));
    info.completed.then(() => this.seen.push("completed"), () => this.seen.push("not completed"));
  }
}

const WHOLE: Readonly<Record<string, () => Response>> = {
  "a text": () => new Response("content"),
  "no content": () => new Response(null, { status: 204 }),
  "a stream": () => new Response(ReadableStream.from([BYTES, BYTES])),
};

for (const [name, respond] of Object.entries(WHOLE)) {
  Deno.test(`info.completed is fulfilled, and request.signal not aborted, when ${name} was sent`, async () => {
    const fate = new Fate();
    await using server = serve((request, info) => {
      fate.watch(request, info);
      return respond();
    });
    await exchange(server.origin, { path: "/" });
    await server.idle();
    assertEquals(fate.seen, ["completed"]);
  });
}

/** How far a request has got when the client leaves. */
const LEAVING: readonly { name: string; sent: string; fetch?: (request: Request) => Promise<unknown> }[] = [
  { name: "the request has no body", sent: request("/") },
  { name: "the body was read", sent: request("/", { body: "content" }), fetch: (request) => request.text() },
  {
    name: "the body was read as a stream",
    sent: request("/", { body: "content" }),
    fetch: (request) => new Response(request.body).text(),
  },
  {
    name: "the body was read as a form",
    sent: request("/", { body: "a=b", fields: "Content-Type: application/x-www-form-urlencoded\r\n" }),
    fetch: (request) => request.formData(),
  },
  { name: "the body was not read", sent: request("/", { body: "content" }) },
  {
    name: "the body was read by a clone",
    sent: request("/", { body: "content" }),
    fetch: (request) => request.clone().text(),
  },
];

for (const { name, sent, fetch } of LEAVING) {
  Deno.test(`request.signal is aborted when the client leaves, where ${name}`, async () => {
    const fate = new Fate();
    const reached = Promise.withResolvers<void>();
    await using server = serve(async (request, info) => {
      fate.watch(request, info);
      await fetch?.(request);
      const { promise, resolve } = Promise.withResolvers<void>();
      request.signal.addEventListener("abort", () => resolve());
      reached.resolve();
      await promise;
      return new Response("too late");
    });
    const client = await server.connect();
    await client.send(sent);
    await reached.promise;
    client.close();
    await server.idle();
    assertEquals(fate.seen[0], "aborted");
  });
}

Deno.test("the signal of a clone is aborted too", async () => {
  const reached = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    new Request(request).signal.addEventListener("abort", () => resolve());
    reached.resolve();
    await promise;
    return new Response("too late");
  });
  const client = await server.connect();
  await client.send(request("/"));
  await reached.promise;
  client.close();
  await promise;
  await server.idle();
});

for (const how of ["text", "formData", "clone"] as const) {
  Deno.test(`a client that has ended its side gets its answer, where the handler calls ${how}()`, async () => {
    await using server = serve(async (request) => {
      const read = await request[how]();
      await new Promise((resolve) => setTimeout(resolve, 0));
      return new Response(read instanceof Request ? await read.text() : "read");
    });
    using client = await server.connect();
    const fields = "Content-Type: application/x-www-form-urlencoded\r\n";
    await client.send(request("/", { body: "a=b", fields }));
    await client.closeWrite();
    const [answer] = parseAnswers(await client.readToEnd());
    assertEquals(answer?.status, 200);
  });
}

Deno.test("a stream without end is cancelled also where the client has left before it began", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    if (!request.signal.aborted) await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    const body = new ReadableStream({ cancel: () => cancelled.resolve() });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  const client = await server.connect();
  await client.send(request("/"));
  await client.closeWrite();
  await cancelled.promise;
  client.close();
  await server.idle();
});

Deno.test("a stream is cancelled, and info.completed rejected, when the client leaves", async () => {
  const fate = new Fate();
  let cancelled: unknown;
  await using server = serve((request, info) => {
    fate.watch(request, info);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(BYTES),
      cancel: (reason) => void (cancelled = { reason }),
    });
    return new Response(body);
  });
  const client = await server.connect();
  await client.send(request("/"));
  await client.read(20);
  client.close();
  // It may have ended its side only; but then the next piece must come in time.
  const connection = await server.connectionIn("handler");
  assertEquals(fate.seen, ["aborted"]);
  connection.expire();
  await server.idle();
  await until(() => cancelled !== undefined && fate.seen.length === 2, "cancelled");
  assertEquals(fate.seen, ["aborted", "not completed"]);
});

Deno.test("info.completed is rejected where a stream fails", async () => {
  const fate = new Fate();
  await using server = serve((request, info) => {
    fate.watch(request, info);
    return new Response(ReadableStream.from((async function* () {
      yield BYTES;
      await new Promise((resolve) => setTimeout(resolve, 0));
      throw new Error("secret");
    })()));
  });
  await assertRejects(() => exchange(server.origin, { path: "/" }));
  await server.idle();
  assertEquals(fate.seen.toSorted(), ["aborted", "not completed"]);
});

Deno.test("100 (Continue) is sent when the handler reads, RFC 9110 section 10.1.1", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    await gate.promise;
    return new Response(await request.text());
  });
  using client = await server.connect();
  await client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
  );
  await server.connectionIn("handler");
  gate.resolve();
  assertEquals(decode(await client.read(25)), "HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("content");
  assertEquals(parseAnswers(await client.readToEnd()).map(({ body }) => decode(body)), ["content"]);
});

Deno.test("100 (Continue) is not sent to who sends the body already", async () => {
  await using server = serve(async (request) => new Response(await request.text()));
  using client = await server.connect();
  await client.send(request("/", { body: "content", fields: "Expect: 100-continue\r\nConnection: close\r\n" }));
  assertEquals(parseAnswers(await client.readToEnd()).map(({ body }) => decode(body)), ["content"]);
});

Deno.test("where the handler does not read the client is not told to go on, and the answer is the last", async () => {
  await using server = serve(() => new Response("no", { status: 403 }));
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n");
  const [answer] = parseAnswers(await client.readToEnd());
  assertEquals([answer?.status, answer?.fields.get("connection")], [403, "close"]);
});

/** Trailers are checked and left out, RFC 9110 section 6.5.1. */
Deno.test("a body in chunks with extensions and trailers is its content, and the next request is found", async () => {
  await using server = serve(async (request) => Response.json([await request.text(), request.headers.get("x-sum")]));
  using client = await server.connect();
  await client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
      '3;a="b;c"\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 1\r\n\r\n' + request("/", CLOSE),
  );
  const answers = parseAnswers(await client.readToEnd());
  assertEquals(answers.map(({ body }) => decode(body)), ['["abcdefg",null]', '["",null]']);
});

/** What a handler does with the limit and with what becomes of it. */
const LIMITS: readonly { name: string; body: string; fetch: FetchHandler; expected: [number, string] }[] = [
  {
    name: "a body within the limit",
    body: "12345678",
    fetch: async (request) => new Response(await request.text()),
    expected: [200, "12345678"],
  },
  {
    name: "a body above the limit",
    body: "123456789",
    fetch: async (request) => new Response(await request.text()),
    expected: [413, "413 Content Too Large\n"],
  },
  {
    name: "a handler that raises the limit",
    body: "123456789",
    fetch: async (request, info) => {
      info.maxBodyBytes = 9;
      return new Response(`${info.maxBodyBytes} ${await request.text()}`);
    },
    expected: [200, "9 123456789"],
  },
  {
    name: "a handler that lowers the limit",
    body: "12345",
    fetch: async (request, info) => {
      info.maxBodyBytes = 4;
      return new Response(await request.text());
    },
    expected: [413, "413 Content Too Large\n"],
  },
  {
    name: "a handler that catches it and has an answer of its own",
    body: "123456789",
    fetch: async (request) => new Response(await request.text().catch((error) => error.name), { status: 400 }),
    expected: [400, "HttpError"],
  },
  {
    name: "a framework that catches all and makes 500 of it",
    body: "123456789",
    fetch: async (request) => new Response(await request.text().catch(() => "failed"), { status: 500 }),
    expected: [413, "413 Content Too Large\n"],
  },
  {
    name: "the same by a stream",
    body: "123456789",
    fetch: async (request) =>
      new Response(await new Response(request.body).text().catch(() => "failed"), { status: 500 }),
    expected: [413, "413 Content Too Large\n"],
  },
  {
    name: "a handler that does not read",
    body: "123456789",
    fetch: () => new Response("unread"),
    expected: [200, "unread"],
  },
];

for (const { name, body, fetch, expected } of LIMITS) {
  for (const [how, sent] of [["length", body], ["chunks", [body.slice(0, 4), body.slice(4)]]] as const) {
    Deno.test(`the limit of a body told by its ${how}: ${name}, RFC 9110 section 15.5.14`, async () => {
      await using server = serve(fetch, { bodyBytes: 8 });
      const { status, body } = await exchange(server.origin, { method: "POST", path: "/", body: sent });
      assertEquals([status, new TextDecoder().decode(body)], expected);
    });
  }
}

Deno.test("info.hint sends 103 before the answer, RFC 8297", async () => {
  await using server = serve(async (_, info) => {
    await info.hint({ Link: "</a.css>; rel=preload" });
    await info.hint({ Link: "</b.css>; rel=preload" });
    return new Response("content");
  });
  const { status, interim } = await exchange(server.origin, { path: "/" });
  assertEquals([interim.map(({ status, fields }) => [status, fields.link]), status], [
    [[103, "</a.css>; rel=preload"], [103, "</b.css>; rel=preload"]],
    200,
  ]);
});

Deno.test("info.hint sends nothing to HTTP/1.0, nor after the answer", async () => {
  let info: ServeInfo | undefined;
  await using server = serve(async (_, given) => {
    info = given;
    await given.hint({ Link: "</a.css>" });
    return new Response("content");
  });
  using client = await server.connect();
  await client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const received = await client.readToEnd();
  await info?.hint({ Link: "</late.css>" });
  assertEquals(parseAnswers(received).map(({ status }) => status), [200]);
});

Deno.test("info.hint refuses bad fields, and sends nothing of them", async () => {
  await using server = serve(async (_, info) => {
    await assertRejects(() => info.hint({ "A b": "c" }), TypeError);
    await assertRejects(() => info.hint({ "A": "c\r\nd" }), TypeError);
    return new Response("content");
  });
  const { status, interim } = await exchange(server.origin, { path: "/" });
  assertEquals([interim, status], [[], 200]);
});

Deno.test("what was not read of a small body is drained, and the connection goes on", async () => {
  await using server = serve((request) => new Response(new URL(request.url).pathname));
  using client = await server.connect();
  await client.send(
    request("/1", { body: "content" }) + request("/2", { body: "x".repeat(60_000) }) + request("/3", CLOSE),
  );
  assertEquals(parseAnswers(await client.readToEnd()).map(({ body }) => decode(body)), ["/1", "/2", "/3"]);
});

Deno.test("a body that is begun and left is drained, and the connection goes on", async () => {
  await using server = serve(async (request) => {
    const first = await request.body?.getReader().read();
    return new Response(String(first?.value !== undefined));
  });
  using client = await server.connect();
  await client.send(request("/1", { body: "x".repeat(60_000) }) + request("/2", CLOSE));
  assertEquals(parseAnswers(await client.readToEnd()).map(({ body }) => decode(body)), ["true", "false"]);
});

Deno.test("a long body that nobody reads ends the connection, and the answer arrives", async () => {
  await using server = serve(() => new Response("no", { status: 403 }));
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(100_000));
  const [answer] = parseAnswers(await client.readToEnd());
  assertEquals([answer?.status, answer?.fields.get("connection")], [403, "close"]);
});

Deno.test("who reads a body after the answer is told that it is gone, never that it has ended", async () => {
  const read = Promise.withResolvers<string>();
  await using server = serve((request) => {
    const { body } = request;
    read.resolve((async () => {
      await server.gate.promise;
      return await new Response(body).text();
    })());
    return new Response("early");
  });
  using client = await server.connect();
  await client.send(request("/", { body: "content", ...CLOSE }));
  parseAnswers(await client.readToEnd());
  server.gate.resolve();
  await assertRejects(() => read.promise);
});

Deno.test("who reads a body while the answer is made is told that it is gone, never that it has ended", async () => {
  const read = Promise.withResolvers<string>();
  await using server = serve((request) => {
    read.resolve(request.text().catch(String));
    return new Response("early");
  });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nConnection: close\r\n\r\ncon");
  await until(() => server.handled.length === 1, "handled");
  await client.send("tent");
  parseAnswers(await client.readToEnd());
  assertEquals(await read.promise, "TransportError: The answer was sent before the body was read");
});

Deno.test("server-sent events are sent at once, and nothing runs out while there are none", async () => {
  let send = (_text: string) => {};
  await using server = serve(() => {
    const body = new ReadableStream<string>({
      start: (controller) => {
        send = (text) => controller.enqueue(text);
      },
    });
    return new Response(body.pipeThrough(new TextEncoderStream()), {
      headers: { "Content-Type": "text/event-stream" },
    });
  });
  const { body } = await fetch(server.origin);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
    send(event);
    assertEquals((await reader?.read())?.value, event);
    const [connection] = server.context.connections;
    await until(() => connection?.deadlineMs === Infinity, "waiting without a deadline");
  }
  await reader?.cancel();
  await server.idle();
});

/** More than any kernel keeps for two sockets. */
const FLOOD = new Uint8Array(64 << 20);

Deno.test("a handler that does not read on holds its client back", async () => {
  const reached = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    const reader = request.body?.getReader();
    let length = (await reader?.read())?.value?.length ?? 0;
    reached.resolve();
    await server.gate.promise;
    for (let piece; (piece = (await reader?.read())?.value) !== undefined;) length += piece.length;
    return new Response(String(length));
  }, { bodyBytes: FLOOD.length });
  using client = await server.connect();
  await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${FLOOD.length}\r\nConnection: close\r\n\r\n`);
  let isSent = false;
  const sent = client.send(FLOOD).then(() => isSent = true);
  await reached.promise;
  const [connection] = server.context.connections;
  await until(() => connection?.waitingBytes === server.context.limits.headBytes || isSent, "as much as fits");
  assertEquals(isSent, false);
  server.gate.resolve();
  await sent;
  assertEquals(parseAnswers(await client.readToEnd()).map(({ body }) => decode(body)), [String(FLOOD.length)]);
});

Deno.test("a client that does not read holds the stream of its answer back", async () => {
  const piece = new Uint8Array(1 << 20);
  let pulls = 0;
  await using server = serve(() => {
    const pull = (controller: ReadableStreamDefaultController) => {
      pulls++;
      controller.enqueue(piece);
    };
    return new Response(new ReadableStream({ pull }));
  });
  using client = await server.connect();
  await client.send(request("/"));
  await client.read(1);
  // One write waits for the client, however often the event loop turns.
  const connection = await server.connectionIn("write");
  let turns = 0;
  await until(() => (turns = server.stageOf(connection) === "write" ? turns + 1 : 0) > 50, "a write that waits");
  assert(pulls > 1 && pulls < 64, `${pulls} pieces were made`);
});

Deno.test("a handler that does not answer in time is told by request.signal", async () => {
  const reasons: string[] = [];
  await using server = serve((request) => {
    request.signal.addEventListener("abort", () => reasons.push(request.signal.reason.message));
    return new Promise(() => {});
  });
  using client = await server.connect();
  await client.send(request("/"));
  (await server.connectionIn("handler")).expire();
  assertEquals((await client.readAnswer()).status, 503);
  assertEquals(reasons, ["The handler has not answered in time"]);
});

Deno.test("a body that stands still is 408 at once, RFC 9110 section 15.5.9", async () => {
  await using server = serve(async (request) => new Response(await request.text()));
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ncon");
  (await server.connectionIn("body")).expire();
  assertEquals((await client.readAnswer()).status, 408);
});

Deno.test("where the answer is the last it does not wait for the rest of a body", async () => {
  await using server = serve(() => new Response("unread"));
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nConnection: close\r\n\r\ncon");
  assertEquals((await client.readAnswer()).status, 200);
});

Deno.test("a handler that reads late takes nothing of the next request", async () => {
  const late = Promise.withResolvers<string>();
  const gate = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    switch (new URL(request.url).pathname) {
      case "/late":
        void gate.promise.then(() => request.text()).then(
          (text) => late.resolve(`read ${text}`),
          () => late.resolve("refused"),
        );
        return new Response("accepted");
      case "/signal":
        void gate.promise.then(() => request.signal);
        return new Response("accepted");
      default:
        gate.resolve();
        await late.promise;
        return new Response(`got ${await request.text()}`);
    }
  });
  using client = await server.connect();
  const post = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await client.send(post("/late", "mine") + post("/signal", "other") + post("/next", "SECRET"));
  await client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const bodies = parseAnswers(await client.readToEnd()).map(({ body }) => decode(body));
  assertEquals(bodies, ["accepted", "accepted", "got SECRET", "got "]);
  assertEquals(await late.promise, "refused");
});

Deno.test("a handler that hints late does not do so for a next request with the same head", async () => {
  const gate = Promise.withResolvers<void>();
  let late: Promise<unknown> | undefined;
  await using server = serve(async (_request, info) => {
    if (late === undefined) {
      late = gate.promise.then(() => info.hint({ Link: "</late.css>; rel=preload" }));
      return new Response("first");
    }
    gate.resolve();
    await late.catch(() => {});
    return new Response("second");
  });
  using client = await server.connect();
  await client.send(request("/") + request("/") + request("/", CLOSE));
  const received = decode(await client.readToEnd());
  assertEquals(received.match(/late|first|second/g), ["first", "second", "second"]);
});

const HINTING: Readonly<Record<string, [status: number, answer: () => Response | Promise<Response>]>> = {
  "answers at once": [200, () => new Response("hinted")],
  "answers later": [200, () => Promise.resolve(new Response("hinted"))],
  "throws at once": [500, () => {
    throw new Error("on purpose");
  }],
  "fails later": [500, () => Promise.reject(new Error("on purpose"))],
};

for (const [name, [status, answer]] of Object.entries(HINTING)) {
  Deno.test(`hints that nobody waits for come before the answer of who ${name}, RFC 9110 section 15.2`, async () => {
    await using server = serve((request, info) => {
      if (request.url.endsWith("/before")) return new Response("before");
      void info.hint({ Link: "</a.css>; rel=preload" });
      void info.hint({ Link: "</b.css>; rel=preload" });
      return answer();
    });
    using client = await server.connect();
    await client.send(request("/before") + request("/", CLOSE));
    const received = decode(await client.readToEnd());
    assertEquals(received.match(/HTTP\/1\.1 \d+|Link: .*css/g), [
      ...["HTTP/1.1 200", "HTTP/1.1 103", "Link: </a.css", "HTTP/1.1 103", "Link: </b.css"],
      `HTTP/1.1 ${status}`,
    ]);
  });
}

for (const [name, respond] of Object.entries({ "at once": () => BYTES, "later": () => Promise.resolve(BYTES) })) {
  Deno.test(`info.completed is told before the next handler is asked, who answers ${name}`, async () => {
    let underWay = 0;
    const seen: number[] = [];
    await using server = serve((_, info) => {
      seen.push(++underWay);
      void info.completed.finally(() => underWay--);
      const body = respond();
      return body instanceof Promise ? body.then((bytes) => new Response(bytes)) : new Response(body);
    });
    using client = await server.connect();
    await client.send(request("/").repeat(4) + request("/", CLOSE));
    await client.readToEnd();
    assertEquals(seen, [1, 1, 1, 1, 1]);
  });
}

Deno.test("a client that ends amid its body is told of what the handler makes of that", async () => {
  await using server = serve(async (request) => {
    try {
      return new Response(await request.text());
    } catch (cause) {
      throw new Error("on purpose", { cause });
    }
  });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  await client.closeWrite();
  assertEquals(parseAnswers(await client.readToEnd()).map(({ status }) => status), [500]);
});

Deno.test("a handler gets the trailer fields when it has read the body, RFC 9112 section 7.1.2", async () => {
  await using server = serve(async (request, info) => {
    const before = [...info.trailers].length;
    const text = await request.text();
    return Response.json([before, text, [...info.trailers], request.headers.get("x-sum")]);
  });
  using client = await server.connect();
  await client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
      "3\r\nabc\r\n0\r\nX-Sum:  1 2\t\r\nHost: b\r\n\r\n",
  );
  const [answer] = parseAnswers(await client.readToEnd());
  assertEquals(JSON.parse(decode(answer?.body ?? new Uint8Array())), [
    0,
    "abc",
    [["host", "b"], ["x-sum", "1 2"]],
    null,
  ]);
});
