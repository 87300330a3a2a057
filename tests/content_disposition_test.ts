/** `formatAttachment`, a table: RFC 6266 sections 4.1, 4.3 and appendix D, RFC 8187 section 3.2.1. */

import { assertEquals, assertMatch } from "@std/assert";
import { formatAttachment } from "../src/content_disposition.ts";
import { createRandom } from "./random.ts";

const NAMES: readonly [filename: string, expected: string][] = [
  ["photos.zip", `attachment; filename="photos.zip"`],
  ["a b;c,d='e'(f)*.zip", `attachment; filename="a b;c,d='e'(f)*.zip"`],
  [`"quoted".zip`, `attachment; filename="_quoted_.zip"; filename*=UTF-8''%22quoted%22.zip`],
  ["back\\slash.zip", `attachment; filename="back_slash.zip"`],
  ["../etc/x.zip", `attachment; filename=".._etc_x.zip"`],
  ["a\r\nSet-Cookie: b.zip", `attachment; filename="a__Set-Cookie: b.zip"`],
  ["a\0\t\x1b\x7f\x85.zip", `attachment; filename="a_____.zip"`],
  ["100%.zip", `attachment; filename="100_.zip"; filename*=UTF-8''100%25.zip`],
  ["a%41.zip", `attachment; filename="a_41.zip"; filename*=UTF-8''a%2541.zip`],
  ["Übung.zip", `attachment; filename="_bung.zip"; filename*=UTF-8''%C3%9Cbung.zip`],
  ["€ 1.zip", `attachment; filename="_ 1.zip"; filename*=UTF-8''%E2%82%AC%201.zip`],
  ["日本.zip", `attachment; filename="__.zip"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.zip`],
  ["😀.zip", `attachment; filename="_.zip"; filename*=UTF-8''%F0%9F%98%80.zip`],
  ["é'(*)!.zip", `attachment; filename="_'(*)!.zip"; filename*=UTF-8''%C3%A9%27%28%2A%29!.zip`],
  ["é/\n\\.zip", `attachment; filename="____.zip"; filename*=UTF-8''%C3%A9___.zip`],
  ["\ud800.zip", `attachment; filename="_.zip"; filename*=UTF-8''%EF%BF%BD.zip`],
  ["", `attachment; filename=""`],
];

for (const [filename, expected] of NAMES) {
  Deno.test(`formatAttachment(${JSON.stringify(filename)})`, () => assertEquals(formatAttachment(filename), expected));
}

/** RFC 9110 section 5.6.4 without quoted-pair; RFC 8187 section 3.2.1. */
const GRAMMAR = new RegExp(
  `^attachment; filename="[ !#-\\[\\]-~]*"` +
    `(?:; filename\\*=UTF-8''(?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_\`|~-])*)?$`,
);

Deno.test("formatAttachment keeps the grammar of RFC 6266 section 4.1 for any name", () => {
  const random = createRandom(1);
  for (let round = 0; round < 2_000; round++) {
    const length = random(12);
    const units = Array.from({ length }, () => random(4) === 0 ? random(0x10000) : random(0x100));
    const filename = String.fromCharCode(...units);
    assertMatch(formatAttachment(filename), GRAMMAR);
  }
});
