/** `content.ts`: content in memory, with room in front of it. */

import { assertEquals } from "@std/assert";
import { allocateContent, copyContent, HEAD_ROOM_BYTES } from "../src/content.ts";

for (const length of [0, 1, 70_000]) {
  Deno.test(`allocateContent: ${length} bytes have the room in front of them, and nothing behind`, () => {
    const content = allocateContent(length);
    assertEquals([content.length, content.byteOffset], [length, HEAD_ROOM_BYTES]);
    assertEquals(content.buffer.byteLength, HEAD_ROOM_BYTES + length);
  });

  Deno.test(`copyContent: ${length} bytes are copied from wherever they are`, () => {
    const bytes = new Uint8Array(length + 3).fill(7).subarray(3);
    const content = copyContent(bytes);
    assertEquals(content, bytes);
    assertEquals([content.byteOffset, content.buffer.byteLength], [HEAD_ROOM_BYTES, HEAD_ROOM_BYTES + length]);
  });
}
