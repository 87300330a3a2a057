/** `response_writer.ts`, answers that are kept: their heads are encoded once, and shared by all who send them. */

import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import { assertStrictEquals } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import { answer, atMost, contentOf, createWriter, FakeSink, headOf, SEND } from "./fake_sink.ts";

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
