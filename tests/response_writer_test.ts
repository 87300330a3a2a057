/**
 * `response_writer.ts`: whatever the connection takes at a time, what arrives are the answers, in order and byte for
 * byte. Files are in `response_writer_files_test.ts`, answers that are kept in `reusable_response_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { assertThrows } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { TransportError } from "../src/errors.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import type { FieldLine } from "../src/message.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import {
  answer,
  atMost,
  atRandom,
  BATCH_BYTES,
  contentOf,
  createWriter,
  everything,
  failingAt,
  FakeFile,
  FakeSink,
  fileBody,
  headOf,
  JOINED_BYTES,
  MORE,
  SEND,
} from "./fake_sink.ts";
import type { Taking } from "./fake_sink.ts";

// Bodies from memory.

const TAKINGS: readonly [name: string, taking: () => Taking][] = [
  ["everything", () => everything],
  ["one byte", () => atMost(1)],
  ["seven bytes", () => atMost(7)],
  ["now more, now less", () => atRandom(1, 300)],
  ["all but one byte", () => (given) => Math.max(1, given - 1)],
];

const LENGTHS = [0, 1, 2, 100, 1000];
for (const [name, taking] of TAKINGS) {
  for (const length of LENGTHS) {
    Deno.test(`ResponseWriter.send: ${length} bytes from memory, taken ${name} at a time`, async () => {
      const sink = new FakeSink(taking());
      const clock = new Clock();
      const response = new HttpResponse(200, [["X", "y"]], contentOf(length));
      const writer = createWriter(sink, clock);
      await writer.send(response, SEND);
      assertEquals(sink.text, headOf(response, clock) + decodeLatin1(contentOf(length)));
      assertEquals([writer.bodyBytes, writer.isWaiting], [length, false]);
    });
  }
}

Deno.test("ResponseWriter.send: a small answer leaves in one write, a large one in two", async () => {
  const clock = new Clock();
  const headLength = headOf(answer("a".repeat(10_000)), clock).length;
  const sizes: readonly [length: number, writes: readonly number[]][] = [
    [0, [headLength - 4]],
    [JOINED_BYTES - headLength, [JOINED_BYTES]],
    [JOINED_BYTES - headLength + 1, [headLength, JOINED_BYTES - headLength + 1]],
    [900_000, [headLength + 1, 900_000]],
  ];
  for (const [length, writes] of sizes) {
    const sink = new FakeSink();
    await createWriter(sink, clock).send(answer("a".repeat(length)), SEND);
    assertEquals(sink.sizes, writes);
    assert(sink.text.endsWith(`\r\n\r\n${"a".repeat(length)}`));
  }
});

for (const [name, taking] of [["7919 bytes", atMost(7919)], ["now more, now less", atRandom(2, 50_000)]] as const) {
  Deno.test(`ResponseWriter.send: a large body from memory, taken ${name} at a time`, async () => {
    const sink = new FakeSink(taking);
    const clock = new Clock();
    const response = new HttpResponse(200, [], contentOf(300_000));
    const writer = createWriter(sink, clock);
    await writer.send(response, SEND);
    assert(sink.text === headOf(response, clock) + decodeLatin1(contentOf(300_000)));
    assertEquals(writer.bodyBytes, 300_000);
  });
}

Deno.test("ResponseWriter.send tells the client whether the connection goes on (RFC 9112 section 9.6)", async () => {
  const clock = new Clock();
  for (const persistent of [true, false]) {
    const sink = new FakeSink();
    await createWriter(sink, clock).send(answer("a"), { ...SEND, persistent });
    assertEquals(sink.text, `${headOf(answer("a"), clock, persistent)}a`);
    assert(sink.text.includes(`\r\nConnection: ${persistent ? "keep-alive" : "close"}\r\n`));
  }
});

Deno.test("ResponseWriter.send refuses a response that cannot be encoded before it writes", () => {
  const sink = new FakeSink();
  const response = new HttpResponse(200, [["X", "a\r\nb"]], new Uint8Array(0));
  assertThrows(() => createWriter(sink).send(response, SEND), TypeError);
  assertEquals(sink.sizes, []);
});

Deno.test("ResponseWriter calls beforeWrite once before each write", async () => {
  const calls: number[] = [];
  const sink = new FakeSink(atMost(50));
  const writer = createWriter(sink, new Clock(), () => calls.push(sink.sizes.length));
  await writer.send(answer("a".repeat(200)), SEND);
  await writer.send(new HttpResponse(200, [], fileBody(new FakeFile(contentOf(100)), 100)), SEND);
  assertEquals(calls, sink.sizes.map((_, n) => n));
});

// Answers without content.

const HEAD_ONLY: readonly [name: string, status: number, headOnly: boolean][] = [
  ["HEAD", 200, true],
  ["HEAD of what is not there", 404, true],
  ["204", 204, false],
  ["304", 304, false],
  ["304 to HEAD", 304, true],
];

for (const [name, status, headOnly] of HEAD_ONLY) {
  for (const length of [0, 5, 20_000]) {
    Deno.test(`ResponseWriter.send: ${name} sends no content of ${length} bytes (RFC 9110 section 6.4.1)`, async () => {
      const clock = new Clock();
      const file = new FakeFile(contentOf(length));
      const responses = [
        new HttpResponse(status, [["X", "y"]], contentOf(length)),
        new ReusableResponse(status, [["X", "y"]], contentOf(length)),
        new HttpResponse(status, [["X", "y"]], fileBody(file, length)),
        new HttpResponse(status, [["X", "y"]], { length }),
      ];
      for (const response of responses) {
        const sink = new FakeSink(atMost(100));
        const writer = createWriter(sink, clock);
        writer.bodyBytes = 99;
        await writer.send(response, { ...SEND, headOnly });
        assertEquals(sink.text, headOf(response, clock));
        const contentLength = status === 204 || status === 304 ? [] : [`Content-Length: ${length}`];
        assertEquals(sink.text.match(/Content-Length: .*(?=\r)/g) ?? [], contentLength);
        assertEquals(writer.bodyBytes, 0);
      }
      assertEquals([file.closed, file.reads], [1, 0]);
    });
  }
}

// Pipelined answers.

Deno.test("ResponseWriter collects the answers to pipelined requests and sends them in order (RFC 9112 section 9.3.2)", async () => {
  for (const taking of [everything, atMost(1), atMost(7)]) {
    const sink = new FakeSink(taking);
    const clock = new Clock();
    const writer = createWriter(sink, clock);
    const answers = [answer("one"), answer("two", 404), answer(""), answer("four")];
    for (const response of answers) assertEquals(writer.send(response, MORE), undefined);
    assertEquals([writer.isWaiting, sink.sizes, writer.bodyBytes], [true, [], 4]);
    const text = answers.map((response, i) => headOf(response, clock) + ["one", "two", "", "four"][i]).join("");
    await writer.flush();
    assertEquals([writer.isWaiting, sink.text, sink.sizes[0]], [false, text, text.length]);
    await writer.flush();
    assertEquals(sink.text, text, "nothing is sent twice");
  }
});

Deno.test("ResponseWriter: the last of pipelined answers waits with the others until they are flushed", async () => {
  const sink = new FakeSink();
  const clock = new Clock();
  const writer = createWriter(sink, clock);
  await writer.send(answer("a"), MORE);
  await writer.send(answer("b"), SEND);
  assertEquals([writer.isWaiting, sink.sizes], [true, []]);
  await writer.flush();
  assertEquals([sink.text, sink.sizes.length], [`${headOf(answer("a"), clock)}a${headOf(answer("b"), clock)}b`, 1]);
});

Deno.test("ResponseWriter: HEAD, 204 and others wait in one line", async () => {
  const sink = new FakeSink(atMost(7));
  const clock = new Clock();
  const writer = createWriter(sink, clock);
  const absent = new HttpResponse(200, [], { length: 1_000_000 });
  const responses = [answer("a"), answer("bb"), absent, new HttpResponse(204, [], new Uint8Array(0)), answer("d")];
  await writer.send(responses[0] ?? answer(""), MORE);
  await writer.send(responses[1] ?? answer(""), { ...MORE, headOnly: true });
  await writer.send(responses[2] ?? answer(""), { ...MORE, headOnly: true });
  await writer.send(responses[3] ?? answer(""), MORE);
  await writer.send(responses[4] ?? answer(""), SEND);
  await writer.flush();
  const [first, second, third, fourth, last] = responses.map((response) => headOf(response, clock));
  assertEquals(sink.text, `${first}a${second}${third}${fourth}${last}d`);
});

Deno.test("ResponseWriter: what waits leaves before a large answer and before a file", async () => {
  const file = new FakeFile(contentOf(50_000));
  const large = [
    new HttpResponse(200, [], contentOf(50_000)),
    new HttpResponse(200, [], fileBody(file, 50_000)),
  ];
  for (const response of large) {
    const sink = new FakeSink(atMost(1000));
    const clock = new Clock();
    const writer = createWriter(sink, clock);
    await writer.send(answer("a"), MORE);
    await writer.send(response, MORE);
    assertEquals([writer.isWaiting, writer.bodyBytes], [false, 50_000]);
    await writer.send(answer("b"), SEND);
    const expected = `${headOf(answer("a"), clock)}a${headOf(response, clock)}${decodeLatin1(contentOf(50_000))}` +
      `${headOf(answer("b"), clock)}b`;
    assert(sink.text === expected);
  }
  assertEquals(file.closed, 1);
});

Deno.test("ResponseWriter sends what waits before it becomes too much, in order", async () => {
  for (const length of [1000, 5000, 16_000]) {
    const sink = new FakeSink(atMost(9000));
    const clock = new Clock();
    const writer = createWriter(sink, clock);
    let expected = "";
    for (let i = 0; i < 30; i++) {
      const text = String.fromCharCode(65 + i).repeat(length);
      await writer.send(answer(text), { ...SEND, more: i < 29 });
      expected += headOf(answer(text), clock) + text;
    }
    await writer.flush();
    assert(sink.text === expected, `${length}`);
    assert(Math.max(...sink.sizes) <= BATCH_BYTES);
  }
});

Deno.test("ResponseWriter fills a batch to its last byte", async () => {
  const clock = new Clock();
  const empty = headOf(new HttpResponse(200, [["X", ""]], new Uint8Array(0)), clock);
  const headOfLength = (length: number) =>
    new HttpResponse(200, [["X", "y".repeat(length - empty.length)]], new Uint8Array(0));
  const rows: [last: number, writes: number[]][] = [
    [200, [BATCH_BYTES]],
    [201, [BATCH_BYTES - 200, 201]],
    [280, [BATCH_BYTES - 200, 280]],
  ];
  for (const [last, writes] of rows) {
    const sink = new FakeSink();
    const writer = createWriter(sink, clock);
    for (const length of [16_384, 16_384, 16_384, 16_184, last]) await writer.send(headOfLength(length), MORE);
    await writer.flush();
    assertEquals(sink.sizes, writes);
  }
});

Deno.test("ResponseWriter: a head larger than a batch is sent too", async () => {
  const fields: FieldLine[] = Array.from({ length: 9 }, (_, i) => [`X-${i}`, "a".repeat(9000)]);
  for (const options of [SEND, MORE]) {
    const sink = new FakeSink(atMost(10_000));
    const clock = new Clock();
    const writer = createWriter(sink, clock);
    await writer.send(answer("first"), MORE);
    const response = new HttpResponse(200, fields, encodeLatin1("body"));
    await writer.send(response, options);
    await writer.flush();
    assertEquals(sink.text, `${headOf(answer("first"), clock)}first${headOf(response, clock)}body`);
  }
});

Deno.test("ResponseWriter: buffers of batches are not shared by connections that are sending", async () => {
  const clock = new Clock();
  const sinks = Array.from({ length: 5 }, () => new FakeSink(atMost(13)));
  const writers = sinks.map((sink) => createWriter(sink, clock));
  for (const round of ["x", "y"]) {
    for (const [i, writer] of writers.entries()) void writer.send(answer(`${round}${i}`), MORE);
    await Promise.all(writers.map((writer) => writer.flush()));
  }
  for (const [i, sink] of sinks.entries()) {
    assertEquals(sink.text, `${headOf(answer("xx"), clock)}x${i}${headOf(answer("yy"), clock)}y${i}`);
  }
});

// Clients that are gone.

const SENT: readonly [name: string, length: number][] = [["small", 100], ["large", 50_000]];

for (const failing of [0, 1, 2, 5]) {
  for (const [name, length] of SENT) {
    Deno.test(`ResponseWriter: the client is gone at write ${failing} of a ${name} answer`, async () => {
      const file = new FakeFile(contentOf(length));
      for (
        const response of [
          new HttpResponse(200, [], contentOf(length)),
          new HttpResponse(200, [], fileBody(file, length)),
        ]
      ) {
        const taken = name === "small" ? 30 : 900;
        const sink = new FakeSink(failingAt(failing, atMost(taken)));
        const clock = new Clock();
        const writer = createWriter(sink, clock);
        const error = await assertRejects(async () => await writer.send(response, SEND), TransportError);
        assertInstanceOf(error.cause, Deno.errors.BrokenPipe);
        assertEquals(sink.sizes.length, failing + 1, "nothing is written behind a failure");
        assert((headOf(response, clock) + decodeLatin1(contentOf(length))).startsWith(sink.text));
        const bodyTaken = Math.max(0, sink.text.length - headOf(response, clock).length);
        if (name === "large") assertEquals(writer.bodyBytes, bodyTaken);
      }
      assertEquals(file.closed, 1);
    });
  }
}

Deno.test("ResponseWriter: the client is gone while answers wait, and the file behind them is closed", async () => {
  const file = new FakeFile(contentOf(100));
  const sink = new FakeSink(failingAt(0));
  const writer = createWriter(sink);
  await writer.send(answer("a"), MORE);
  const response = new HttpResponse(200, [], fileBody(file, 100));
  await assertRejects(async () => await writer.send(response, SEND), TransportError);
  assertEquals([file.closed, file.reads, writer.isWaiting, sink.sizes.length], [1, 0, false, 1]);
});

Deno.test("ResponseWriter.flush: the client is gone, and nothing waits any more", async () => {
  const sink = new FakeSink(failingAt(1, atMost(7)));
  const writer = createWriter(sink);
  await writer.send(answer("a"), MORE);
  await assertRejects(() => writer.flush(), TransportError);
  await writer.flush();
  assertEquals([writer.isWaiting, sink.sizes.length], [false, 2]);
});
