/** `content_coding.ts`: when compressing is worth it, and that decoders which are not ours get the content back. */

import { assert, assertEquals } from "@std/assert";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { compress, selectCodings } from "../src/content_coding.ts";
import type { ContentCoding } from "../src/negotiation.ts";
import { createRandom } from "./random.ts";

const LENGTHS: readonly [length: number, codings: readonly ContentCoding[]][] = [
  [0, []],
  [1, []],
  [1_023, []],
  [1_024, ["br", "zstd", "gzip"]],
  [1_025, ["br", "zstd", "gzip"]],
  [262_144, ["br", "zstd", "gzip"]],
  [262_145, ["zstd", "gzip"]],
  [1_048_576, ["zstd", "gzip"]],
];

for (const [length, codings] of LENGTHS) {
  Deno.test(`selectCodings: ${length} bytes → ${codings.join(", ") || "none"}`, () => {
    assertEquals(selectCodings(length), codings);
  });
}

const DECODERS: Readonly<Record<ContentCoding, (bytes: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
};

const random = createRandom(7);
const TEXT = "body{color:#123456;margin:0 auto}\n";

const CONTENTS: readonly [name: string, content: Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(65)],
  ["text", new TextEncoder().encode(TEXT.repeat(100))],
  ["text of many scripts", new TextEncoder().encode("naïve 日本語 🐟 ".repeat(200))],
  ["zeros", new Uint8Array(100_000)],
  ["every byte", Uint8Array.from({ length: 2_000 }, (_, i) => i & 0xff)],
  ["noise", Uint8Array.from({ length: 50_000 }, () => random(256))],
  ["a part of a larger buffer", new TextEncoder().encode(TEXT.repeat(100)).subarray(100, 3_000)],
  ["1 MiB of text", new TextEncoder().encode(TEXT.repeat(31_000)).subarray(0, 1 << 20)],
];

for (const coding of ["br", "zstd", "gzip"] as const) {
  for (const [name, content] of CONTENTS) {
    Deno.test(`compress: ${name} comes back from ${coding} (RFC 9110 section 8.4.1)`, () => {
      const before = content.slice();
      const coded = compress(content, coding);
      assertEquals(Uint8Array.from(DECODERS[coding](coded)), before);
      assertEquals(content, before, "the content is left as it was");
    });
  }

  Deno.test(`compress: ${coding} makes text a tenth, and the same bytes each time`, () => {
    const content = new TextEncoder().encode(TEXT.repeat(100));
    const [first, second] = [compress(content, coding), compress(content, coding)];
    assert(first.length < content.length / 10, `${first.length} of ${content.length}`);
    // Strong entity tags: two workers must come to the same bytes.
    assertEquals(first, second);
  });
}

Deno.test("compress: gzip is what the platform decodes, RFC 1952", async () => {
  for (const [, content] of CONTENTS) {
    const stream = new Blob([Uint8Array.from(compress(content, "gzip"))]).stream().pipeThrough(
      new DecompressionStream("gzip"),
    );
    assertEquals(new Uint8Array(await new Response(stream).arrayBuffer()), content.slice());
  }
});
