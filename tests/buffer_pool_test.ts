/** `buffer_pool.ts`: a buffer has one user at a time, and no more are kept than was said. */

import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BufferPool } from "../src/buffer_pool.ts";

Deno.test("BufferPool.take gives buffers of one size", () => {
  const pool = new BufferPool(7, 2);
  const buffers = [pool.take(), pool.take(), pool.take()];
  assertEquals(
    buffers.map(({ length, byteOffset, buffer }) => [length, byteOffset, buffer.byteLength]),
    Array(3).fill([7, 0, 7]),
  );
});

Deno.test("BufferPool lends a buffer to one user at a time", () => {
  const pool = new BufferPool(1, 2);
  const [first, second] = [pool.take(), pool.take()];
  assertNotStrictEquals(first, second);
  pool.give(first);
  assertStrictEquals(pool.take(), first);
  assertNotStrictEquals(pool.take(), first);
});

Deno.test("BufferPool keeps no more unused buffers than it was told to", () => {
  const pool = new BufferPool(1, 2);
  const given = [pool.take(), pool.take(), pool.take()];
  for (const buffer of given) pool.give(buffer);
  const again = new Set([pool.take(), pool.take(), pool.take()]);
  assertEquals([again.size, given.filter((buffer) => again.has(buffer)).length], [3, 2]);
});

Deno.test("BufferPool.isSpent while as many are lent as it keeps", () => {
  const pool = new BufferPool(1, 2);
  const first = pool.take();
  assertEquals(pool.isSpent, false);
  const second = pool.take();
  assertEquals(pool.isSpent, true);
  pool.give(first);
  assertEquals(pool.isSpent, false);
  pool.give(second);
});

Deno.test("BufferPool that keeps none makes each anew", () => {
  const pool = new BufferPool(1, 0);
  const buffer = pool.take();
  pool.give(buffer);
  assertNotStrictEquals(pool.take(), buffer);
});

Deno.test("BufferPool gives a buffer back as it is", () => {
  const pool = new BufferPool(2, 1);
  const buffer = pool.take();
  buffer.set([1, 2]);
  pool.give(buffer);
  assertEquals([...pool.take()], [1, 2]);
});
