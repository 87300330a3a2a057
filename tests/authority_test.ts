/** `authority.ts`: addresses as URLs and permissions write them (RFC 3986 section 3.2). */

import { assertEquals } from "@std/assert";
import { formatAuthority } from "../src/authority.ts";

const ROWS: readonly [hostname: string, authority: string][] = [
  ["127.0.0.1", "127.0.0.1:80"],
  ["localhost", "localhost:80"],
  ["::1", "[::1]:80"],
  ["[::1]", "[::1]:80"],
  ["::", "[::]:80"],
];

for (const [hostname, authority] of ROWS) {
  Deno.test(`formatAuthority: ${hostname} is ${authority} (RFC 3986 section 3.2)`, () => {
    assertEquals(formatAuthority({ hostname, port: 80 }), authority);
  });
}
