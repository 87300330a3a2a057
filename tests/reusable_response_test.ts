/** `response_writer.ts`, answers that are kept: their heads are encoded once, and shared by all who send them. */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import type { ByteSink } from "../src/response_writer.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import { answer, atMost, contentOf, createWriter, FakeSink, headOf, SEND } from "./fake_sink.ts";

const REUSABLE: readonly [name: string, make: () => ReusableResponse][] = [
  ["a small answer", () => new ReusableResponse(200, [["X", "y"]], contentOf(100))],
  ["a large answer", () => new ReusableResponse(200, [["X", "y"]], contentOf(20_000))],
  ["a small answer with room for its head", () => roomy(100)],
  ["a large answer with room for its head", () => roomy(20_000)],
];

/** Takes nothing before it may, and then what is there. */
class GatedSink implements ByteSink {
  readonly gate = Promise.withResolvers<void>();
  text = "";

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate.promise;
    this.text += decodeLatin1(bytes);
    return bytes.length;
  }
}

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
  return new ReusableResponse(200, [["X", "y"]], content, { holder: undefined });
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
      message ??= response.keepAliveMessage;
      assertStrictEquals(response.keepAliveMessage, message);
      assertEquals([message?.second, message?.pendingHeads, response.closeMessage], [second, 0, undefined]);
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
    assertNotStrictEquals(response.keepAliveMessage, response.closeMessage);
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
    assertEquals(response.keepAliveMessage?.pendingHeads, 0);
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
    assertStrictEquals(response.keepAliveMessage?.bytes.buffer, response.body.buffer);
  }
});

/** Who sends in which second: how many writes that takes tells whose head stands in front of the content of both. */
type Sent = readonly [second: number, name: "a" | "b" | "HEAD a", writes: number];
const ROOM: readonly [what: string, sent: readonly Sent[]][] = [
  ["stays with who sends now and then", [
    ...[[0, "a", 1], [0, "b", 2], [9, "b", 2], [9, "a", 1], [18, "b", 2], [18, "a", 1], [19, "b", 2]] as const,
  ]],
  ["is for another one when its head was not sent for 10 s", [
    ...[[0, "a", 1], [9, "b", 2], [10, "b", 1], [10, "a", 2], [19, "a", 2], [20, "a", 1], [20, "b", 2]] as const,
  ]],
  ["is not for an answer without content", [[0, "HEAD a", 1], [0, "b", 1], [0, "a", 2], [20, "HEAD a", 1], [
    20,
    "b",
    1,
  ]]],
  ["is for who was without content at first", [[0, "HEAD a", 1], [0, "a", 1], [0, "HEAD a", 1], [0, "b", 2]]],
];

for (const [what, sent] of ROOM) {
  Deno.test(`ResponseWriter: the room in front of a content ${what}`, async () => {
    const clock = new Clock();
    const a = roomy(20_000);
    const b = new ReusableResponse(200, [["Other", "another length"]], a.body, a.room);
    for (const [second, name, writes] of sent) {
      setSecond(clock, 1_000 + second);
      const response = name === "b" ? b : a;
      const headOnly = name === "HEAD a";
      const sink = new FakeSink();
      await createWriter(sink, clock).send(response, { ...SEND, headOnly });
      assert(sink.text === headOf(response, clock) + (headOnly ? "" : decodeLatin1(contentOf(20_000))));
      assertEquals(sink.sizes.length, writes, `${name} at ${second}`);
    }
  });
}

Deno.test("ResponseWriter: the room in front of a content is for a head that fits", async () => {
  const clock = new Clock();
  const { length } = headOf(roomy(20_000), clock);
  for (const [roomBytes, writes] of [[length - 1, 2], [length, 1]] as const) {
    const response = roomy(20_000, roomBytes);
    for (let times = 0; times < 2; times++) {
      const sink = new FakeSink();
      await createWriter(sink, clock).send(response, SEND);
      assert(sink.text === headOf(response, clock) + decodeLatin1(contentOf(20_000)));
      assertEquals(sink.sizes.length, writes);
    }
  }
});

Deno.test("ResponseWriter: a head is not taken out of the room while a write has not taken it", async () => {
  const clock = new Clock();
  for (const length of [100, 20_000]) {
    const first = roomy(length);
    const second = new ReusableResponse(200, [["Other", "z"]], first.body, first.room);
    const slow = new GatedSink();
    setSecond(clock, 100);
    const whole = headOf(first, clock) + decodeLatin1(first.body);
    const sending = createWriter(slow, clock).send(first, SEND);
    setSecond(clock, 200);
    const sink = new FakeSink();
    await createWriter(sink, clock).send(second, SEND);
    assert(sink.text === headOf(second, clock) + decodeLatin1(contentOf(length)));
    slow.gate.resolve();
    await sending;
    assert(slow.text === whole);
    assertStrictEquals(first.room?.holder, first);
    await createWriter(sink, clock).send(second, SEND);
    assertStrictEquals(first.room?.holder, second);
  }
});

Deno.test("ResponseWriter: what stands in the room is never a copy for one write", async () => {
  const clock = new Clock();
  const first = roomy(20_000);
  const [second, third] = ["y", "a longer value"].map((name) => {
    return new ReusableResponse(200, [["Other", name]], first.body, first.room);
  });
  assert(second !== undefined && third !== undefined);
  // The first has the room, and waits. The second has a head of its own, which waits, too.
  const sinks = Array.from({ length: 3 }, () => new GatedSink());
  const send = (at: number, response: ReusableResponse) => {
    const sink = sinks[at];
    assert(sink !== undefined);
    return createWriter(sink, clock).send(response, SEND);
  };
  setSecond(clock, 100);
  const sending = [send(0, first), send(1, second)];
  sinks[0]?.gate.resolve();
  await sending[0];
  // Now there is room, and the head of before still waits.
  setSecond(clock, 200);
  const whole = headOf(second, clock) + decodeLatin1(first.body);
  sending.push(send(2, second));
  sinks[1]?.gate.resolve();
  await sending[1];
  setSecond(clock, 300);
  await createWriter(new FakeSink(), clock).send(third, SEND);
  sinks[2]?.gate.resolve();
  await sending[2];
  assert(sinks[2]?.text === whole);
});

Deno.test("ResponseWriter: a head that waits for a batch to leave stays what it was", async () => {
  const clock = new Clock();
  setSecond(clock, 100);
  const first = roomy(9_000);
  const second = new ReusableResponse(200, [["Other", "a longer value"]], first.body, first.room);
  const slow = new GatedSink();
  const writer = createWriter(slow, clock);
  let expected = "";
  let sending;
  while (sending === undefined) {
    expected += headOf(first, clock) + decodeLatin1(first.body);
    sending = writer.send(first, { ...SEND, more: true });
  }
  setSecond(clock, 200);
  await createWriter(new FakeSink(), clock).send(second, SEND);
  assertStrictEquals(first.room?.holder, second);
  slow.gate.resolve();
  await sending;
  await writer.flush();
  assert(slow.text === expected);
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
