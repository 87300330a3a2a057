/** `turns.ts`: long work in turns with others, and one after another. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import type { Steps } from "../src/steps.ts";
import { atOnce } from "../src/steps.ts";
import { inTurns, WaitingLine } from "../src/turns.ts";

function* count(steps: number): Steps<number> {
  for (let step = 0; step < steps; step++) yield;
  return steps;
}

for (const steps of [0, 1, 100]) {
  Deno.test(`atOnce and inTurns do all of ${steps} steps`, async () => {
    assertEquals(atOnce(count(steps)), steps);
    assertEquals(await inTurns(count(steps), 0), steps);
    assertEquals(await inTurns(count(steps), 1_000), steps);
  });
}

Deno.test("inTurns ends with what a step throws", async () => {
  const fail = function* (): Steps<void> {
    yield;
    throw new RangeError("no more");
  };
  await assertRejects(() => inTurns(fail(), 0), RangeError, "no more");
});

Deno.test("inTurns lets sockets have their turn, each time", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const rounds = 10;
  let isAnswered = false;
  const serving = (async () => {
    using conn = await listener.accept();
    const byte = new Uint8Array(1);
    while (await conn.read(byte) !== null) await conn.write(byte);
  })();
  const asking = (async () => {
    using conn = await Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" });
    for (let round = 0; round < rounds; round++) {
      await conn.write(new Uint8Array(1));
      await conn.read(new Uint8Array(1));
    }
    isAnswered = true;
  })();
  const work = function* (): Steps<number> {
    for (let turns = 1;; turns++) {
      if (isAnswered || turns === 1_000) return turns;
      yield;
    }
  };
  const turns = await inTurns(work(), 0);
  // Two looks at the sockets for each round trip. A turn of one round of the loop would make it 61 times as many.
  assert(turns < 100, `${turns} turns`);
  await asking;
  await serving;
});

Deno.test("WaitingLine begins work when all before it has ended, also where it has failed", async () => {
  const line = new WaitingLine(10);
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await inTurns(count(3), 0);
    events.push(`${name} ends`);
    if (name === "b") throw new RangeError(name);
    return name;
  };
  const results = await Promise.allSettled(["a", "b", "c"].map((name) => line.run(work(name))));
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(events, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

Deno.test("WaitingLine refuses what is too much with 503, RFC 9110 section 15.6.4", async () => {
  const line = new WaitingLine(2);
  const work = () => inTurns(count(1), 0);
  const admitted = [line.run(work), line.run(work)];
  const error = assertThrows(() => line.run(work), HttpError);
  assertEquals([error.status, error.fields], [503, [["Retry-After", "5"]]]);
  assertEquals(await Promise.all(admitted), [1, 1]);
  assertEquals(await line.run(work), 1);
});
