/** The shared table of addresses, with several seats in one thread and time that passes by hand. */

import { assert, assertEquals, assertLess } from "@std/assert";
import { AddressTable, createAddressTable, UNCOUNTED } from "../src/address_table.ts";
import { createRandom } from "./random.ts";

const randomInteger = createRandom(1);

/** A point in time beyond what fits 32 bits. */
const NOW_US = 1_790_000_000_000_000;
const SECOND_US = 1_000_000;

/** The views of several workers on one table. */
function createTables(seats: number, addresses = 1_000): AddressTable[] {
  const memory = createAddressTable(seats, addresses);
  return Array.from({ length: seats }, (_, seat) => new AddressTable(memory, seats, seat));
}

function pair(): [AddressTable, AddressTable] {
  const [first, second] = createTables(2);
  assert(first !== undefined && second !== undefined);
  return [first, second];
}

Deno.test("AddressTable counts the connections of all workers by address", () => {
  const [first, second] = pair();
  const row = first.opened("192.0.2.1", NOW_US);
  assertEquals(second.opened("192.0.2.1", NOW_US), row);
  const other = second.opened("192.0.2.2", NOW_US);
  assertEquals([first.connections(row), second.connections(row), first.connections(other)], [2, 2, 1]);
  second.closed(row);
  assertEquals(first.connections(row), 1);
});

Deno.test("AddressTable.leave takes away the connections of a worker that has died, and no others", () => {
  const [first, second] = pair();
  const row = first.opened("192.0.2.1", NOW_US);
  second.opened("192.0.2.1", NOW_US);
  second.opened("192.0.2.1", NOW_US);
  second.leave();
  assertEquals(first.connections(row), 1);
});

/** When requests are made, in seconds from the first; and which of them are let through at 10/s with a burst of 5. */
const REQUESTS: readonly [name: string, seconds: readonly number[], allowed: number][] = [
  ["as many at once as may", [0, 0, 0, 0, 0], 5],
  ["more at once than may", [0, 0, 0, 0, 0, 0, 0, 0], 5],
  ["at the rate", Array.from({ length: 100 }, (_, n) => n / 10), 100],
  ["at twice the rate", Array.from({ length: 100 }, (_, n) => n / 20), 54],
  ["a burst after a pause", [...Array(8).fill(0), ...Array(8).fill(10)], 10],
  ["after the clock was set back", [...Array(5).fill(3600), ...Array(5).fill(0)], 10],
  ["after the time of all cells has gone round", [...Array(5).fill(0), ...Array(5).fill(4294.8)], 10],
  ["after it has gone round to where it was", [...Array(5).fill(0), ...Array(5).fill(4294.97)], 10],
  ["after it has gone round twice", [...Array(5).fill(0), ...Array(5).fill(2 * 4294.967 + 0.1)], 10],
  ["after pauses on the way round", [0, 0, 0, 0, 0, 1_000, 2_000, 3_000, 4_000, ...Array(5).fill(4294.97)], 14],
];

for (const [name, seconds, allowed] of REQUESTS) {
  Deno.test(`AddressTable.request lets ${allowed} through: ${name}`, () => {
    const [first, second] = pair();
    const rate = { perSecond: 10, burst: 5 };
    const row = first.opened("192.0.2.1", NOW_US);
    const outcomes = seconds.map((second_, n) => {
      return (n % 2 === 0 ? first : second).request(row, rate, NOW_US + Math.round(second_ * SECOND_US));
    });
    assertEquals(outcomes.filter((waitUs) => waitUs === 0).length, allowed);
    for (const waitUs of outcomes) assert(waitUs >= 0 && waitUs <= SECOND_US, `${waitUs}`);
  });
}

Deno.test("AddressTable.request counts the longest burst that may be set", () => {
  const [table] = pair();
  const row = table.opened("192.0.2.1", NOW_US);
  let allowed = 0;
  for (let n = 0; n < 3_000; n++) if (table.request(row, { perSecond: 1, burst: 1_000 }, NOW_US + n) === 0) allowed++;
  assertEquals(allowed, 1_000);
});

for (const minutes of [17, 18, 35, 36, 53, 54, 60, 71, 72, 89, 90, 120, 143, 1_440, 525_600]) {
  Deno.test(`AddressTable.request lets the longest burst through again after ${minutes} minutes`, () => {
    const [first, second] = pair();
    const rate = { perSecond: 1, burst: 1_000 };
    const row = first.opened("192.0.2.1", NOW_US);
    for (let n = 0; n < 1_000; n++) first.request(row, rate, NOW_US);
    const lateUs = NOW_US + minutes * 60 * SECOND_US;
    let allowed = 0;
    for (let n = 0; n < 1_001; n++) if (second.request(row, rate, lateUs) === 0) allowed++;
    assertEquals(allowed, 1_000);
  });
}

Deno.test("AddressTable takes a new address for one that has asked nothing, whoever had its row", () => {
  const [table] = createTables(1, 8);
  assert(table !== undefined);
  const rate = { perSecond: 1, burst: 10 };
  const rows = Array.from({ length: 8 }, (_, n) => table.opened(`192.0.2.${n}`, NOW_US));
  for (const row of rows) {
    for (let n = 0; n < 10; n++) table.request(row, rate, NOW_US);
    table.closed(row);
  }
  const row = table.opened("192.0.2.99", NOW_US);
  assertEquals(Array.from({ length: 10 }, () => table.request(row, rate, NOW_US)), Array(10).fill(0));
});

Deno.test("AddressTable.request tells when to ask again, and that is true", () => {
  const [table] = pair();
  const rate = { perSecond: 4, burst: 2 };
  const row = table.opened("192.0.2.1", NOW_US);
  table.request(row, rate, NOW_US);
  table.request(row, rate, NOW_US);
  const waitUs = table.request(row, rate, NOW_US);
  assertEquals(waitUs, SECOND_US / 4);
  assertEquals(table.request(row, rate, NOW_US + waitUs - 1), 1);
  assertEquals(table.request(row, rate, NOW_US + waitUs), 0);
});

Deno.test("AddressTable remembers how fast an address was when its last connection is closed", () => {
  const [table] = pair();
  const rate = { perSecond: 1, burst: 1 };
  const row = table.opened("192.0.2.1", NOW_US);
  assertEquals(table.request(row, rate, NOW_US), 0);
  table.closed(row);
  assertEquals(table.opened("192.0.2.1", NOW_US), row);
  assertEquals(table.request(row, rate, NOW_US), SECOND_US);
});

Deno.test("AddressTable never gives a row away whose address has a connection open", () => {
  const [first, second] = pair();
  const row = first.opened("192.0.2.1", NOW_US);
  for (let n = 0; n < 50_000; n++) {
    const other = second.opened(`198.51.${n >> 8}.${n & 255}`, NOW_US + n);
    assert(other !== row, `${n}`);
    second.closed(other);
  }
  assertEquals([first.opened("192.0.2.1", NOW_US), first.connections(row)], [row, 2]);
});

Deno.test("AddressTable does not count what it has no room for, and lets it through", () => {
  const [table] = createTables(1, 8);
  assert(table !== undefined);
  const rows = Array.from({ length: 20 }, (_, n) => table.opened(`192.0.2.${n}`, NOW_US));
  assertEquals(rows.filter((row) => row !== UNCOUNTED).length, 8);
  assertEquals([table.connections(UNCOUNTED), table.request(UNCOUNTED, { perSecond: 1, burst: 1 }, NOW_US)], [0, 0]);
  for (const row of rows) table.closed(row);
  assert(table.opened("192.0.2.99", NOW_US) !== UNCOUNTED);
});

Deno.test("AddressTable has room for nearly as many addresses as it was made for at half of them", () => {
  const [table] = createTables(1, 32_768);
  assert(table !== undefined);
  let lost = 0;
  for (let n = 0; n < 16_384; n++) if (table.opened(`10.0.${n >> 8}.${n & 255}`, NOW_US) === UNCOUNTED) lost++;
  assertLess(lost, 500);
});

Deno.test("AddressTable counts what several workers do in any order", () => {
  const tables = createTables(4, 64);
  const open: [table: AddressTable, row: number, address: number][] = [];
  for (let step = 0; step < 20_000; step++) {
    const table = tables[randomInteger(4)];
    assert(table !== undefined);
    if (open.length > 0 && randomInteger(2) === 0) {
      const [closed] = open.splice(randomInteger(open.length), 1);
      closed?.[0].closed(closed[1]);
    } else {
      const address = randomInteger(6);
      open.push([table, table.opened(`192.0.2.${address}`, NOW_US + step), address]);
    }
  }
  for (const [table, row, address] of open) {
    assertEquals(table.connections(row), open.filter(([, , other]) => other === address).length);
  }
});

Deno.test("createAddressTable takes no memory for no addresses", () => {
  assertEquals(createAddressTable(64, 0).byteLength, 4);
});
