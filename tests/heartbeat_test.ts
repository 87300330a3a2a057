/** What looks at a heartbeat find out, and that a thread which stands still is noticed in a real pool. */

import { assertEquals, assertMatch } from "@std/assert";
import { createHeartbeats, LOOK_MS, Pulse } from "../src/heartbeat.ts";
import { testWith } from "./permissions.ts";
import { PoolServer, until } from "./pool_server.ts";
import { RawClient } from "./raw_client.ts";

/** Looks: `b` after a beat, `.` after none; what each finds out that is worth telling, by number, and its seconds. */
const ROWS: readonly [name: string, limitMs: number, looks: string, told: readonly string[]][] = [
  ["a worker that beats is never told of", 30_000, "bbbbbbbbbb", []],
  ["nor one whose beats come late", 30_000, "b....b....b....b", []],
  ["nor one that has never beaten: it is still loading", 3_000, "..........", []],
  ["silence is told after five seconds, once", 30_000, "b..........", ["5: silent 5"]],
  ["and its end", 30_000, "b.......b..b", ["5: silent 5", "8: back 7"]],
  ["silence begins anew with each beat", 6_000, "b....b.....b.....", ["10: silent 5", "11: back 5", "16: silent 5"]],
  ["a worker that is silent for the limit is lost, once", 7_000, "b..........", ["5: silent 5", "7: lost 7"]],
  ["a limit below five seconds holds", 3_000, "b........", ["3: lost 3"]],
  ["a lost worker may come back", 3_000, "b....b....", ["3: lost 3", "5: back 4", "8: lost 3"]],
  ["a limit of 0 is none", 0, `b${".".repeat(100)}b`, ["5: silent 5", "101: back 100"]],
];

for (const [name, limitMs, looks, told] of ROWS) {
  Deno.test(`Pulse.look: ${name}`, () => {
    const heartbeats = createHeartbeats(3);
    const counts = new Int32Array(heartbeats);
    counts.fill(7);
    const pulse = new Pulse(heartbeats, 1, limitMs);
    const changes = [...looks].flatMap((look, number) => {
      if (look === "b") counts[1] = (counts[1] ?? 0) + 1;
      counts[2] = (counts[2] ?? 0) + 1;
      const change = pulse.look();
      return change === undefined ? [] : `${number}: ${change.kind} ${change.silentMs / LOOK_MS}`;
    });
    assertEquals(changes, told);
    assertEquals(pulse.isLost, told.at(-1)?.includes("lost") ?? false);
  });
}

Deno.test("Pulse.look notices a count that has gone round", () => {
  const heartbeats = createHeartbeats(1);
  const counts = new Int32Array(heartbeats).fill(0x7fff_ffff);
  const pulse = new Pulse(heartbeats, 0, 1_000);
  Atomics.add(counts, 0, 1);
  assertEquals(pulse.look(), undefined);
  assertEquals(pulse.look()?.kind, "lost");
});

testWith(["net", "read"], "a pool tells of a worker that stands still, the others go on, and it may too", async () => {
  await using server = await PoolServer.start("127.0.7.110", 2, { watchdogMs: LOOK_MS });
  const blocked = await server.block(0);
  assertEquals(await server.stuck, "Worker 1 stands still, for 1 s, and cannot be ended");
  for (let time = 0; time < 3; time++) {
    using client = await RawClient.connect(server.address);
    await client.send("GET /hello.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assertEquals((await client.readAnswer()).status, 200);
  }
  blocked[Symbol.dispose]();
  await until(() => server.log.includes("goes on"), "the worker goes on");
  assertMatch(
    server.log,
    /Worker 1 stands still, for 1 s now, since [-0-9T:.]+Z\n.*Worker 1 goes on, after .* \d s\n$/,
  );
  assertEquals(server.generation, 2, "nothing was replaced");
});

testWith(["net", "read"], "Server.stop does not wait for a worker that is lost", async () => {
  await using server = await PoolServer.start("127.0.7.111", 2, { watchdogMs: LOOK_MS });
  using _ = await server.block(1);
  await server.stuck;
  const startMs = performance.now();
  await server.stop();
  assertEquals(performance.now() - startMs < 5_000, true, "the time of grace is ten seconds");
});
