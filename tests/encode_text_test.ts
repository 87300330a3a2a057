/** `encode_text.ts` beside the standard's own encoder: each text is right, and stays so when others come behind it. */

import { assertEquals } from "@std/assert";
import { encodeText } from "../src/encode_text.ts";

const UNITS = ["a", "é", "日", "😀", "\ud800", "\0"];
const LENGTHS = [0, 1, 2, 100, 5_460, 5_461, 5_462, 30_000, 70_000];

Deno.test("encodeText gives what TextEncoder gives, and none of it changes later", () => {
  const texts = LENGTHS.flatMap((length) => UNITS.map((unit) => unit.repeat(length / unit.length)));
  const many = Array.from({ length: 20 }, () => texts).flat();
  const encoded = many.map(encodeText);
  for (const [at, text] of many.entries()) assertEquals(encoded[at], new TextEncoder().encode(text));
});

Deno.test("encodeText takes memory for many short texts at once", () => {
  const blocks = new Set(Array.from({ length: 1_000 }, () => encodeText("a").buffer));
  assertEquals(blocks.size <= 2, true);
});
