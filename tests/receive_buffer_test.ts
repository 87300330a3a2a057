/**
 * `receive_buffer.ts`: bytes come out as they went in, the search goes on where it stopped, and the memory follows what
 * the client sends.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { createRandom } from "./random.ts";

const INITIAL_BYTES = 1024;
const MAXIMUM_BYTES = 16_384;

/** Receives so many bytes, counted from `first`. */
function receive(buffer: ReceiveBuffer, count: number, first = 0): void {
  const room = buffer.room();
  assert(room.length >= count, `room for ${room.length} bytes, not ${count}`);
  for (let i = 0; i < count; i++) room[i] = first + i;
  buffer.received(count);
}

/** Receives as much as there is room for. */
function fill(buffer: ReceiveBuffer): void {
  buffer.received(buffer.room().length);
}

function waiting({ bytes, start, end }: ReceiveBuffer): number[] {
  return [...bytes.subarray(start, end)];
}

Deno.test("ReceiveBuffer is small at first", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  assertEquals([buffer.length, buffer.start, buffer.end, buffer.scanned], [0, 0, 0, 0]);
  assertEquals(buffer.room().length, INITIAL_BYTES);
});

Deno.test("ReceiveBuffer.received appends", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 3, 1);
  receive(buffer, 2, 4);
  assertEquals(waiting(buffer), [1, 2, 3, 4, 5]);
  assertEquals(buffer.length, 5);
  assertEquals(buffer.room().length, INITIAL_BYTES - 5);
});

Deno.test("ReceiveBuffer.consume drops bytes from the front, and moves none", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 5, 1);
  const view = buffer.bytes.subarray(buffer.start, buffer.start + 2);
  buffer.scanned = 5;
  buffer.consume(2);
  assertEquals([waiting(buffer), [...view]], [[3, 4, 5], [1, 2]]);
  assertEquals(buffer.scanned, buffer.start);
  buffer.consume(0);
  assertEquals(waiting(buffer), [3, 4, 5]);
  buffer.consume(3);
  assertEquals([buffer.length, waiting(buffer)], [0, []]);
});

Deno.test("ReceiveBuffer.room gives back what was consumed", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 1000);
  buffer.consume(990);
  const { bytes } = buffer;
  assertEquals(buffer.room().length, INITIAL_BYTES - 10);
  assertStrictEquals(buffer.bytes, bytes);
  assertEquals([buffer.start, buffer.end], [0, 10]);
  assertEquals(waiting(buffer), Array.from({ length: 10 }, (_, i) => (990 + i) % 256));
});

Deno.test("ReceiveBuffer.room keeps the place of the search", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 100);
  buffer.consume(10);
  buffer.scanned = 60;
  buffer.room();
  assertEquals(buffer.scanned - buffer.start, 50);
  fill(buffer);
  buffer.scanned = buffer.end;
  const searched = buffer.length;
  buffer.room();
  assertEquals(buffer.scanned - buffer.start, searched);
});

Deno.test("ReceiveBuffer grows four times whenever a read filled it, up to its maximum", () => {
  const buffer = new ReceiveBuffer(10_000);
  const capacities = [];
  for (let i = 0; i < 3; i++) {
    fill(buffer);
    capacities.push(buffer.bytes.length);
    assertEquals(buffer.length, buffer.bytes.length);
  }
  assertEquals(capacities, [1024, 4096, 10_000]);
});

Deno.test("ReceiveBuffer does not grow while reads leave room", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 1023);
  assertEquals(buffer.room().length, 1);
  assertEquals(buffer.bytes.length, INITIAL_BYTES);
});

Deno.test("ReceiveBuffer keeps what it holds when it grows", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  receive(buffer, 1024);
  buffer.consume(24);
  buffer.room();
  assertEquals(buffer.bytes.length, 4096);
  assertEquals(waiting(buffer), Array.from({ length: 1000 }, (_, i) => (24 + i) % 256));
});

Deno.test("ReceiveBuffer keeps its size while a client fills it, and is small again when it idles", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  for (let i = 0; i < 5; i++) {
    fill(buffer);
    buffer.consume(buffer.length);
  }
  assertEquals(buffer.room().length, MAXIMUM_BYTES);
  receive(buffer, 1);
  assertEquals(buffer.room().length, MAXIMUM_BYTES - 1, "not while a byte waits");
  buffer.consume(1);
  assertEquals(buffer.room().length, INITIAL_BYTES);
  assertEquals(buffer.bytes.buffer.byteLength, INITIAL_BYTES);
});

Deno.test("ReceiveBuffer takes a head that once made it grow in one read from then on", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
  const reads = [];
  for (const length of [1_500, 1_500, 1_100, 300, 300, 1_500]) {
    let count = 0;
    for (let left = length; left > 0; count++) {
      const read = Math.min(left, buffer.room().length);
      buffer.received(read);
      left -= read;
    }
    reads.push([count, buffer.bytes.length]);
    buffer.consume(length);
  }
  assertEquals(reads, [[2, 4096], [1, 4096], [1, 4096], [1, 4096], [1, INITIAL_BYTES], [2, 4096]]);
});

Deno.test("ReceiveBuffer with patience stays large until reads were small often enough", () => {
  const buffer = new ReceiveBuffer(MAXIMUM_BYTES, 2);
  const capacityFor = (count: number) => {
    receive(buffer, count);
    buffer.consume(count);
    return buffer.bytes.length;
  };
  assertEquals([1024, 8, 1024, 8, 1032].map(capacityFor), [INITIAL_BYTES, 4096, 4096, 4096, 4096]);
  assertEquals([1023, 1, 1].map(capacityFor), [4096, 4096, INITIAL_BYTES]);
});

Deno.test("ReceiveBuffer has the initial size where its maximum is smaller", () => {
  const buffer = new ReceiveBuffer(10);
  fill(buffer);
  assertEquals(buffer.length, INITIAL_BYTES);
  buffer.consume(1);
  assertEquals(buffer.room().length, 1);
});

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`ReceiveBuffer behaves like an array, whatever happens to it (seed ${seed})`, () => {
    const random = createRandom(seed);
    const buffer = new ReceiveBuffer(MAXIMUM_BYTES);
    let model: number[] = [];
    let searched = 0;
    for (let step = 0; step < 500; step++) {
      if (model.length < MAXIMUM_BYTES) {
        const room = buffer.room();
        assert(room.length > 0, "room is never empty");
        assertEquals(buffer.scanned - buffer.start, searched);
        const count = random(4) === 0 ? room.length : 1 + random(Math.min(room.length, 700));
        for (let i = 0; i < count; i++) room[i] = random(256);
        model.push(...room.subarray(0, count));
        buffer.received(count);
      }
      assertEquals(buffer.length, model.length);
      if (random(3) === 0) {
        searched = random(model.length + 1);
        buffer.scanned = buffer.start + searched;
      }
      if (random(2) === 0 || model.length === MAXIMUM_BYTES) {
        const count = random(3) === 0 ? model.length : random(model.length + 1);
        buffer.consume(count);
        model = model.slice(count);
        searched = 0;
      }
      assert(buffer.bytes.length <= MAXIMUM_BYTES);
      assertEquals(buffer.scanned - buffer.start, searched);
      if (waiting(buffer).some((byte, i) => byte !== model[i])) assertEquals(waiting(buffer), model, `step ${step}`);
    }
  });
}
