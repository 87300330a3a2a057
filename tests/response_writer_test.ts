/**
 * `response_writer.ts`: whatever the connection takes at a time, what arrives are the answers, in order and byte for
 * byte; and a file is closed exactly once, however it ends.
 *
 * The sink looks at the bytes only after a moment, as the system does, so a buffer that is used again too early shows.
 */

import { assert, assertEquals, assertInstanceOf, assertNotStrictEquals, assertRejects } from "@std/assert";
import { assertStrictEquals, assertThrows } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { TransportError } from "../src/errors.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { encodeResponseHead } from "../src/http1.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import type { FieldLine, FileBody, OpenFile } from "../src/message.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import type { ByteSink, SendOptions } from "../src/response_writer.ts";
import { decodeLatin1, encodeLatin1 } from "./feed.ts";
import { createRandom } from "./random.ts";

/** What goes to one connection is joined with its head up to this length. */
const JOINED_BYTES = 16_384;
/** What is collected of pipelined answers before it leaves. */
const BATCH_BYTES = 65_536;

/** How many bytes the n-th write takes, counted from 0, of those it is given. Throws where the client is gone. */
type Taking = (given: number, n: number) => number;

const everything: Taking = (given) => given;
const atMost = (count: number): Taking => (given) => Math.min(given, count);
const failingAt = (failing: number, taking: Taking = everything): Taking => (given, n) => {
  if (n === failing) throw new Deno.errors.BrokenPipe("gone");
  return taking(given, n);
};

function atRandom(seed: number, most: number): Taking {
  const random = createRandom(seed);
  return (given) => 1 + random(Math.min(given, most));
}

/** A connection that takes what it is told to. */
class FakeSink implements ByteSink {
  readonly sizes: number[] = [];
  #received: Uint8Array[] = [];
  readonly #taking: Taking;

  constructor(taking: Taking = everything) {
    this.#taking = taking;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const n = this.sizes.length;
    this.sizes.push(bytes.length);
    await Promise.resolve();
    const count = this.#taking(bytes.length, n);
    this.#received.push(bytes.slice(0, count));
    return count;
  }

  get text(): string {
    return this.#received.map(decodeLatin1).join("");
  }
}

/** An open file in memory that notes its closing. `chunk` bounds what one read gives. */
class FakeFile implements OpenFile {
  closed = 0;
  reads = 0;
  seeks = 0;
  largestRead = 0;
  content: Uint8Array;
  #position = 0;
  readonly #chunk: number;

  constructor(content: Uint8Array, chunk = Infinity) {
    this.content = content;
    this.#chunk = chunk;
  }

  readSync(into: Uint8Array): number | null {
    assertEquals(this.closed, 0, "read after close");
    assert(into.length > 0, "a read of nothing looks like the end");
    this.reads++;
    this.largestRead = Math.max(this.largestRead, into.length);
    const count = Math.min(into.length, this.content.length - this.#position, this.#chunk);
    if (count <= 0) return null;
    into.set(this.content.subarray(this.#position, this.#position + count));
    this.#position += count;
    return count;
  }

  seekSync(offset: number, whence: 0): number {
    assertEquals([this.closed, whence], [0, 0]);
    assert(offset >= 0, "seek before the beginning");
    this.seeks++;
    return this.#position = offset;
  }

  close(): void {
    this.closed++;
  }
}

const SEND: SendOptions = { persistent: true, headOnly: false, more: false };
const MORE: SendOptions = { ...SEND, more: true };

function createWriter(sink: ByteSink, clock: Clock = new Clock(), beforeWrite: () => void = () => {}): ResponseWriter {
  return new ResponseWriter(sink, clock, { beforeWrite, beforePiece: () => {} });
}

/** Bytes that differ from place to place, so that a piece in the wrong place shows. */
function contentOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 0xff);
}

/** A file as the body, from its beginning. */
function fileBody(file: OpenFile, length: number): FileBody {
  return { file, pieces: [{ start: 0, end: length }], length };
}

function headOf(response: HttpResponse, clock: Clock, persistent = true): string {
  return decodeLatin1(encodeResponseHead(response, { date: clock.date, persistent }));
}

const answer = (text: string, status = 200) => new HttpResponse(status, [["X", "y"]], encodeLatin1(text));

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

// Files.

const FILE_LENGTHS = [0, 1, 10, 700, 32_767, 32_768, 32_769, 262_144, 262_145, 600_000];
const FILE_TAKINGS: readonly [name: string, most: number, taking: () => Taking][] = [
  ["everything", Infinity, () => everything],
  ["one byte", 700, () => atMost(1)],
  ["seven bytes", 700, () => atMost(7)],
  ["less than the head", 700, () => atMost(50)],
  ["7919 bytes", Infinity, () => atMost(7919)],
  ["32768 bytes", Infinity, () => atMost(32_768)],
  ["all but one byte", Infinity, () => (given) => given > 1 && given < 40_000 ? given - 1 : given],
  ["now more, now less", Infinity, () => atRandom(3, 100_000)],
  ["first a little, then everything", Infinity, () => (given, n) => n < 3 ? Math.min(given, 5) : given],
];

for (const [name, most, taking] of FILE_TAKINGS) {
  Deno.test(`ResponseWriter.send: files byte for byte, taken ${name} at a time`, async () => {
    for (const length of FILE_LENGTHS.filter((length) => length <= most)) {
      for (const chunk of [Infinity, 1000]) {
        const sink = new FakeSink(taking());
        const clock = new Clock();
        const content = contentOf(length);
        const file = new FakeFile(content, chunk);
        const response = new HttpResponse(200, [["X", "y"]], fileBody(file, length));
        const writer = createWriter(sink, clock);
        await writer.send(response, SEND);
        assert(sink.text === headOf(response, clock) + decodeLatin1(content), `${length} bytes, ${chunk} at a time`);
        assertEquals([file.closed, writer.bodyBytes, writer.isWaiting], [1, length, false]);
      }
    }
  });
}

Deno.test("ResponseWriter.send: the head of a file leaves with its first piece", async () => {
  const sink = new FakeSink();
  const clock = new Clock();
  const response = new HttpResponse(200, [], fileBody(new FakeFile(contentOf(1000)), 1000));
  await createWriter(sink, clock).send(response, SEND);
  assertEquals(sink.sizes, [headOf(response, clock).length + 1000]);
});

Deno.test("ResponseWriter.send: a slow client holds little memory, a fast one gets large pieces", async () => {
  const fast = new FakeSink();
  const slow = new FakeSink(atMost(1000));
  for (const sink of [fast, slow]) {
    const response = new HttpResponse(200, [], fileBody(new FakeFile(contentOf(600_000)), 600_000));
    await createWriter(sink).send(response, SEND);
  }
  assertEquals(fast.sizes.length, 3);
  assertEquals(Math.max(...slow.sizes.slice(1)), 4_096);
});

Deno.test("ResponseWriter.send: a client that pauses gets a very small piece, then small ones, then large ones", async () => {
  const sink = new FakeSink((given, n) => n === 0 ? 100_000 : given);
  const response = new HttpResponse(200, [], fileBody(new FakeFile(contentOf(2_000_000)), 2_000_000));
  await createWriter(sink).send(response, SEND);
  assertEquals(sink.sizes.slice(0, 18), [262_144, 4_096, ...Array(15).fill(32_768), 262_144]);
});

Deno.test("ResponseWriter.send: of many clients that take nothing only some hold large pieces", async () => {
  const gate = Promise.withResolvers<void>();
  const held: number[] = [];
  const sink: ByteSink = {
    write: async ({ length }) => {
      held.push(length);
      await gate.promise;
      throw new Error("gone");
    },
  };
  const sending = Array.from({ length: 100 }, () => {
    const response = new HttpResponse(200, [], fileBody(new FakeFile(contentOf(300_000)), 300_000));
    return createWriter(sink).send(response, SEND);
  });
  for (let turn = 0; turn < 100 && held.length < 100; turn++) await undefined;
  assertEquals([held.filter((length) => length > 32_768).length, Math.max(...held)], [16, 262_144]);
  gate.resolve();
  assertEquals((await Promise.allSettled(sending)).filter(({ status }) => status === "rejected").length, 100);
});

Deno.test("ResponseWriter.send: a stretch of a file is read from its place, wherever the file stands", async () => {
  for (const position of [0, 40, 99]) {
    const sink = new FakeSink(atMost(7));
    const file = new FakeFile(contentOf(100));
    file.seekSync(position, 0);
    await createWriter(sink).send(new HttpResponse(206, [], stretches(file, [[40, 50]])), SEND);
    assertEquals(sink.text.slice(-14), `\r\n\r\n${decodeLatin1(contentOf(100).subarray(40, 50))}`);
  }
});

/** A body of pieces: text as it is, pairs as stretches of the file. */
function stretches(file: OpenFile, parts: readonly (string | readonly [number, number])[]): FileBody {
  const pieces = parts.map((part) => typeof part === "string" ? encodeLatin1(part) : { start: part[0], end: part[1] });
  const length = pieces.reduce((sum, piece) => {
    return sum + (piece instanceof Uint8Array ? piece.length : piece.end - piece.start);
  }, 0);
  return { file, pieces, length };
}

const PIECES: readonly [name: string, parts: readonly (string | readonly [number, number])[]][] = [
  ["no piece at all", []],
  ["text alone", ["one", "two"]],
  ["a stretch in the middle", [[100, 250]]],
  ["the last byte", [[299_999, 300_000]]],
  ["stretches in order", [[0, 10], [20, 30]]],
  ["stretches that touch", [[0, 10], [10, 20]]],
  ["stretches out of order", [[500, 600], [0, 10], [20, 700]]],
  ["an empty stretch", ["a", [5, 5], "b"]],
  ["parts with delimiters", ["--x\r\n\r\n", [10, 20], "\r\n--x\r\n\r\n", [5, 9], "\r\n--x--\r\n"]],
  ["text in front", ["front", [0, 100]]],
  ["text behind", [[0, 100], "behind"]],
  ["text behind text", ["a".repeat(100), "b", "", "c", [7, 8], "d", "e"]],
  ["text larger than a stretch", ["x".repeat(5_000), [0, 1], "y".repeat(5_000), [1, 2]]],
];
const LARGE_PIECES: typeof PIECES = [
  ["large stretches", ["--x\r\n\r\n", [0, 290_000], "\r\n--x\r\n\r\n", [1, 290_001], "\r\n--x--\r\n"]],
  ["large stretches out of order", [[30_000, 300_000], "x", [0, 32_768], "y", [32_768, 65_537]]],
];

for (const [taken, most, taking] of FILE_TAKINGS) {
  for (const [name, parts] of most === Infinity ? [...PIECES, ...LARGE_PIECES] : PIECES) {
    Deno.test(`ResponseWriter.send: pieces (${name}), taken ${taken} at a time`, async () => {
      const content = contentOf(300_000);
      const expected = parts.map((part) => typeof part === "string" ? part : decodeLatin1(content.subarray(...part)));
      for (const chunk of [Infinity, 1000]) {
        const sink = new FakeSink(taking());
        const clock = new Clock();
        const file = new FakeFile(content, chunk);
        const response = new HttpResponse(206, [["X", "y"]], stretches(file, parts));
        const writer = createWriter(sink, clock);
        await writer.send(response, SEND);
        assert(sink.text === headOf(response, clock) + expected.join(""), `${chunk} at a time`);
        assertEquals([file.closed, writer.bodyBytes, writer.isWaiting], [1, expected.join("").length, false]);
      }
    });
  }
}

Deno.test("ResponseWriter.send: text of a body leaves with the stretch behind it, a trailer by itself", async () => {
  const sink = new FakeSink();
  const clock = new Clock();
  const body = stretches(new FakeFile(contentOf(100)), ["front", [0, 10], "middle", [20, 50], "end"]);
  const response = new HttpResponse(206, [], body);
  await createWriter(sink, clock).send(response, SEND);
  assertEquals(sink.sizes, [headOf(response, clock).length + 15, 36, 3]);
});

Deno.test("ResponseWriter.send: a file is read on without a seek as long as the client takes everything", async () => {
  const file = new FakeFile(contentOf(600_000));
  await createWriter(new FakeSink()).send(new HttpResponse(200, [], fileBody(file, 600_000)), SEND);
  assertEquals([file.reads, file.seeks], [3, 1]);
});

Deno.test("ResponseWriter.send: a stretch beyond the end of a file is an error, and nothing is made up", async () => {
  for (const part of [[90, 110], [100, 101], [200, 201]] as const) {
    const sink = new FakeSink();
    const clock = new Clock();
    const file = new FakeFile(contentOf(100));
    const response = new HttpResponse(206, [], stretches(file, ["front", part, "end"]));
    const writer = createWriter(sink, clock);
    const error = await assertRejects(async () => await writer.send(response, SEND), Error, "shorter");
    assert(!(error instanceof TransportError), "it is not the client's doing");
    const sent = `${headOf(response, clock)}front${decodeLatin1(contentOf(100).subarray(...part))}`;
    assert(sent.startsWith(sink.text));
    assertEquals([file.closed, writer.bodyBytes], [1, Math.max(0, sink.text.length - headOf(response, clock).length)]);
  }
});

Deno.test("ResponseWriter.send: stretches are no content for HEAD, and the file is not read", async () => {
  const sink = new FakeSink(atMost(50));
  const clock = new Clock();
  const file = new FakeFile(contentOf(100));
  const response = new HttpResponse(206, [], stretches(file, ["front", [0, 10], "end"]));
  const writer = createWriter(sink, clock);
  await writer.send(response, { ...SEND, headOnly: true });
  assertEquals([sink.text, writer.bodyBytes], [headOf(response, clock), 0]);
  assertEquals([file.closed, file.reads, file.seeks], [1, 0, 0]);
});

Deno.test("ResponseWriter.send: a file that has grown is cut at the length that was promised", async () => {
  for (const taking of [everything, atMost(7), atMost(999)]) {
    const sink = new FakeSink(taking);
    const clock = new Clock();
    const file = new FakeFile(contentOf(5000));
    const response = new HttpResponse(200, [], fileBody(file, 2000));
    await createWriter(sink, clock).send(response, SEND);
    assert(sink.text === headOf(response, clock) + decodeLatin1(contentOf(2000)));
    assertEquals(file.closed, 1);
  }
});

Deno.test("ResponseWriter.send: a file that has shrunk is an error, and nothing is made up", async () => {
  for (const length of [0, 1, 999, 300_000]) {
    for (const taking of [everything, atMost(7919)]) {
      const sink = new FakeSink(taking);
      const clock = new Clock();
      const file = new FakeFile(contentOf(length));
      const response = new HttpResponse(200, [], fileBody(file, 400_000));
      const writer = createWriter(sink, clock);
      const error = await assertRejects(async () => await writer.send(response, SEND), Error, "shorter");
      assert(!(error instanceof TransportError), "it is not the client's doing");
      assert((headOf(response, clock) + decodeLatin1(contentOf(length))).startsWith(sink.text));
      assertEquals([file.closed, writer.bodyBytes], [1, length]);
    }
  }
});

Deno.test("ResponseWriter.send: a file that shrinks while it is sent is an error", async () => {
  const file = new FakeFile(contentOf(500_000));
  const sink = new FakeSink((given, n) => {
    if (n === 3) file.content = file.content.subarray(0, 100_000);
    return Math.min(given, 20_000);
  });
  const response = new HttpResponse(200, [], fileBody(file, 500_000));
  await assertRejects(async () => await createWriter(sink).send(response, SEND), Error, "shorter");
  assertEquals(file.closed, 1);
});

Deno.test("ResponseWriter.send: a file that cannot be read is closed, and the error is the file's", async () => {
  const file = new FakeFile(contentOf(10));
  file.readSync = () => {
    throw new Deno.errors.NotFound("disk");
  };
  const response = new HttpResponse(200, [], fileBody(file, 10));
  await assertRejects(
    async () => await createWriter(new FakeSink()).send(response, SEND),
    Deno.errors.NotFound,
    "disk",
  );
  assertEquals(file.closed, 1);
});

Deno.test("ResponseWriter.send: a file is closed where the response cannot be encoded", async () => {
  const file = new FakeFile(contentOf(10));
  const sink = new FakeSink();
  const response = new HttpResponse(200, [["X", "\n"]], fileBody(file, 10));
  await assertRejects(async () => await createWriter(sink).send(response, SEND), TypeError);
  assertEquals([file.closed, sink.sizes], [1, []]);
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

// Answers that are kept.

const REUSABLE: readonly [name: string, make: () => ReusableResponse][] = [
  ["a small answer", () => new ReusableResponse(200, [["X", "y"]], contentOf(100))],
  ["a large answer", () => new ReusableResponse(200, [["X", "y"]], contentOf(20_000))],
  ["a small answer with room for its head", () => roomy(100)],
  ["a large answer with room for its head", () => roomy(20_000)],
];

/** Sets a clock to a second of the first day. */
function setSecond(clock: Clock, second: number): void {
  clock.second = second;
  clock.date = new Date(second * 1000).toUTCString();
  clock.dateBytes = encodeLatin1(clock.date);
}

/** A response whose content has room in front of it, of as many bytes. */
function roomy(length: number, roomBytes = HEAD_ROOM_BYTES): ReusableResponse {
  const content = new Uint8Array(roomBytes + length).subarray(roomBytes);
  content.set(contentOf(length));
  return new ReusableResponse(200, [["X", "y"]], content, { isTaken: false });
}

for (const [name, make] of REUSABLE) {
  Deno.test(`ResponseWriter encodes ${name} once, and then renews its date`, async () => {
    const clock = new Clock();
    const response = make();
    const content = decodeLatin1(response.body);
    let message;
    for (const second of [100, 100, 101, 161]) {
      setSecond(clock, second);
      const sink = new FakeSink();
      const writer = createWriter(sink, clock);
      await writer.send(response, SEND);
      assert(sink.text === headOf(response, clock) + content);
      assertEquals(writer.bodyBytes, content.length);
      message ??= response.encoded.keepAlive;
      assertStrictEquals(response.encoded.keepAlive, message);
      assertEquals([message?.second, message?.pendingHeads, response.encoded.close], [second, 0, undefined]);
    }
  });

  Deno.test(`ResponseWriter keeps the heads of ${name} for both fates of a connection, and for HEAD`, async () => {
    const clock = new Clock();
    const sink = new FakeSink();
    const writer = createWriter(sink, clock);
    const response = make();
    const content = decodeLatin1(response.body);
    let expected = "";
    for (const persistent of [true, false, true, false]) {
      for (const headOnly of [true, false]) {
        await writer.send(response, { ...SEND, persistent, headOnly });
        expected += headOf(response, clock, persistent) + (headOnly ? "" : content);
        assert(sink.text === expected);
      }
    }
    assertNotStrictEquals(response.encoded.keepAlive, response.encoded.close);
  });

  Deno.test(`ResponseWriter sends ${name} behind answers that wait`, async () => {
    const clock = new Clock();
    const sink = new FakeSink(atMost(1_000));
    const writer = createWriter(sink, clock);
    const response = make();
    const whole = headOf(response, clock) + decodeLatin1(response.body);
    for (const more of [true, true, false]) await writer.send(response, { ...SEND, more });
    await writer.flush();
    assert(sink.text === whole.repeat(3));
  });

  Deno.test(`ResponseWriter does not renew the date of ${name} under a write that has not taken it`, async () => {
    const clock = new Clock();
    const response = make();
    const content = decodeLatin1(response.body);
    setSecond(clock, 100);
    await createWriter(new FakeSink(), clock).send(response, SEND);
    const first = headOf(response, clock) + content;
    // It takes a few bytes when asked, and the rest later.
    const gate = Promise.withResolvers<void>();
    let text = "";
    const slow = {
      write: async (bytes: Uint8Array) => {
        if (text !== "") await gate.promise;
        const taken = bytes.subarray(0, text === "" ? 50 : bytes.length);
        text += decodeLatin1(taken);
        return taken.length;
      },
    };
    const sending = createWriter(slow, clock).send(response, SEND);
    await Promise.resolve();
    setSecond(clock, 101);
    const sink = new FakeSink();
    await createWriter(sink, clock).send(response, SEND);
    assert(sink.text === headOf(response, clock) + content, "the other one has the new date");
    gate.resolve();
    await sending;
    assert(text === first, "the head is of one piece");
    await createWriter(sink, clock).send(response, SEND);
    assert(sink.text === (headOf(response, clock) + content).repeat(2));
    assertEquals(response.encoded.keepAlive?.pendingHeads, 0);
  });
}

Deno.test("ResponseWriter sends head and content in one write where there is room for the head", async () => {
  const clock = new Clock();
  for (const length of [0, 1, 4_096, 20_000, 300_000]) {
    const sink = new FakeSink();
    const response = roomy(length);
    for (let i = 0; i < 2; i++) await createWriter(sink, clock).send(response, SEND);
    const whole = headOf(response, clock).length + length;
    assertEquals(sink.sizes, [whole, whole]);
    assertStrictEquals(response.encoded.keepAlive?.bytes.buffer, response.body.buffer);
  }
});

Deno.test("ResponseWriter: the room in front of a content is for one head, and one that fits", async () => {
  const clock = new Clock();
  const response = roomy(20_000);
  const other = new ReusableResponse(200, [["Other", "z"]], response.body, response.room);
  const tight = roomy(20_000, headOf(response, clock).length - 1);
  const exact = roomy(20_000, headOf(response, clock).length);
  for (const one of [response, other, response, tight, exact, tight]) {
    const sink = new FakeSink();
    await createWriter(sink, clock).send(one, SEND);
    assert(sink.text === headOf(one, clock) + decodeLatin1(contentOf(20_000)));
    assertEquals(sink.sizes.length, one === response || one === exact ? 1 : 2);
  }
});

Deno.test("ResponseWriter: a connection that ends does not take the room of those that go on", async () => {
  const clock = new Clock();
  const response = roomy(20_000);
  const sink = new FakeSink();
  await createWriter(sink, clock).send(response, { ...SEND, persistent: false });
  await createWriter(sink, clock).send(response, SEND);
  assertEquals(sink.sizes.length, 3);
});

Deno.test("ResponseWriter.send: answers that wait for their clients do not get into each other", async () => {
  const clock = new Clock();
  const slow = Promise.withResolvers<void>();
  const taken: string[] = [];
  const sink = {
    write: async (bytes: Uint8Array) => {
      await slow.promise;
      taken.push(decodeLatin1(bytes));
      return bytes.length;
    },
  };
  const responses = ["a", "b", "c"].map((text) => new ReusableResponse(200, [], encodeLatin1(text.repeat(9_000))));
  const sending = responses.map((response) => createWriter(sink, clock).send(response, SEND));
  slow.resolve();
  await Promise.all(sending);
  const whole = (response: ReusableResponse, text: string) => headOf(response, clock) + text.repeat(9_000);
  assertEquals(taken, responses.map((response, i) => whole(response, "abc"[i] ?? "")));
});

Deno.test("ResponseWriter: a head that is longer than what is collected leaves by itself", async () => {
  const clock = new Clock();
  const fields = [["X", "y".repeat(70_000)]] as const;
  const responses = [
    new HttpResponse(200, fields, { length: 5 }),
    new HttpResponse(200, fields, contentOf(5)),
    new ReusableResponse(200, fields, contentOf(5)),
  ];
  for (const response of responses) {
    for (const more of [true, false]) {
      const sink = new FakeSink();
      const writer = createWriter(sink, clock);
      await writer.send(response, { ...SEND, headOnly: true, more });
      assert(sink.text === headOf(response, clock));
    }
  }
});

/** The first piece shows that it is slow; for each further one something has to happen. */
class SlowFile extends FakeFile {
  readonly #waits: Iterator<Promise<void>>;

  constructor(content: Uint8Array, waits: readonly Promise<void>[]) {
    super(content);
    this.#waits = waits.values();
  }

  get isSlow(): boolean {
    return this.reads > 0;
  }

  async read(into: Uint8Array): Promise<number | null> {
    await this.#waits.next().value;
    return this.readSync(into);
  }
}

Deno.test("ResponseWriter: a file whose disk is slow is read beside the thread, and holds up no other answer", async () => {
  const clock = new Clock();
  const content = contentOf(600_000);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const file = new SlowFile(content, gates.map(({ promise }) => promise));
  const slow = new HttpResponse(200, [], fileBody(file, content.length));
  const slowSink = new FakeSink();
  const sending = createWriter(slowSink, clock).send(slow, SEND);
  for (const gate of gates) {
    const sink = new FakeSink();
    await createWriter(sink, clock).send(answer("quick"), SEND);
    assertEquals([sink.text.endsWith("quick"), slowSink.text.length < content.length], [true, true]);
    gate.resolve();
  }
  await sending;
  assert(slowSink.text === headOf(slow, clock) + decodeLatin1(content));
  assertEquals(file.closed, 1);
});

Deno.test("ResponseWriter keeps no head of a response that is used once", async () => {
  const clock = new Clock();
  const sink = new FakeSink();
  const writer = createWriter(sink, clock);
  const response = answer("a");
  clock.date = "first";
  await writer.send(response, SEND);
  clock.date = "second";
  await writer.send(response, SEND);
  assertEquals(sink.text.match(/(?<=Date: ).*(?=\r)/g), ["first", "second"]);
});
