/**
 * `response_writer.ts`, bodies that are files: what arrives is the file byte for byte, whatever the connection takes at a
 * time, and the file is closed exactly once, however it ends.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { TransportError } from "../src/errors.ts";
import { HttpResponse } from "../src/message.ts";
import type { FileBody, OpenFile } from "../src/message.ts";
import type { ByteSink } from "../src/response_writer.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import {
  answer,
  atMost,
  atRandom,
  contentOf,
  createWriter,
  everything,
  FakeFile,
  FakeSink,
  fileBody,
  headOf,
  SEND,
} from "./fake_sink.ts";
import type { Taking } from "./fake_sink.ts";

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
