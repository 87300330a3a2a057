/** Whom an address is counted as, as a table. */

import { assertEquals } from "@std/assert";
import { selectCountedAddress } from "../src/client_address.ts";

const ROWS: readonly [address: string, counted: string][] = [
  ["192.0.2.1", "192.0.2.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:192.0.2.1", "192.0.2.1"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::1", "2001:db8:1:2"],
  ["2001:DB8:1:2::", "2001:db8:1:2"],
  ["2001:0db8:0001:0002:0000:0000:0000:0001", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:db8:1::2:3:4:5", "2001:db8:1:0"],
  ["2001:db8::2:3:4:5:6", "2001:db8:0:2"],
  ["1::2:3:4:5:6:7", "1:0:2:3"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
];

for (const [address, counted] of ROWS) {
  Deno.test(`selectCountedAddress of ${address} is ${counted}`, () => {
    assertEquals(selectCountedAddress(address), counted);
  });
}
