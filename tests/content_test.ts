/** `content.ts`: content in memory, with room in front of it. */

import { assertEquals } from "@std/assert";
import { Content, copyContent, HEAD_ROOM_BYTES } from "../src/content.ts";

for (const length of [0, 1, 70_000]) {
  Deno.test(`Content: ${length} bytes have the room in front of them, and nothing behind`, () => {
    const content = new Content(length);
    assertEquals([content.length, content.bytes.length, content.bytes.byteOffset], [length, length, HEAD_ROOM_BYTES]);
    assertEquals([content.heldBytes, content.bytes.buffer.byteLength], Array(2).fill(HEAD_ROOM_BYTES + length));
  });

  Deno.test(`copyContent: ${length} bytes are copied from wherever they are`, () => {
    const bytes = new Uint8Array(length + 3).fill(7).subarray(3);
    const content = copyContent(bytes);
    assertEquals(content.bytes, bytes);
    assertEquals(content.heldBytes, HEAD_ROOM_BYTES + length);
  });
}
