/**
 * The rule of the hand-off, with several seats in one thread: who may accept when, and whom nobody waits for.
 *
 * The board measures silence in real milliseconds, a few of them. That somebody goes on standing back is therefore
 * shown by what happened meanwhile, such as questions that were answered, and not by waiting for a time.
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { createBoard, Handoff } from "../src/handoff.ts";

/** Open connections per seat; `undefined` is a seat that has not joined. */
type Loads = readonly (number | undefined)[];

/** How long a turn that has to come may take, in milliseconds. */
const PATIENCE_MS = 5_000;

/** A board, and what the tests do with it. */
class Table implements AsyncDisposable {
  readonly #board: SharedArrayBuffer;
  readonly #seats: Handoff[];
  readonly #turns: Turn[] = [];
  /** Ends a wait that should have ended; and `Atomics.waitAsync` alone does not keep a thread going. */
  readonly #alarm = setTimeout(() => this.#giveUp(), PATIENCE_MS);
  #isLate = false;

  constructor(loads: Loads) {
    this.#board = createBoard(loads.length);
    this.#seats = loads.map((load, index) => {
      const handoff = new Handoff(this.#board, index);
      handoff.reserve();
      if (load === undefined) handoff.leave();
      else handoff.join();
      for (let i = 0; i < (load ?? 0); i++) handoff.opened();
      return handoff;
    });
  }

  /** The seat with an index. */
  seat(index: number): Handoff {
    const handoff = this.#seats[index];
    assert(handoff !== undefined);
    return handoff;
  }

  /** Takes a seat of a worker that is gone. */
  takeOver(index: number): Handoff {
    return this.#seats[index] = new Handoff(this.#board, index);
  }

  /** Starts to wait for a turn. */
  awaitTurn(index: number): Turn {
    const turn = new Turn(this.seat(index));
    this.#turns.push(turn);
    return turn;
  }

  /** Nobody stands back for an empty seat, so this ends all waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const handoff of this.#seats) handoff.leave();
    await Promise.all(this.#turns.map(({ come }) => come));
    clearTimeout(this.#alarm);
    assert(!this.#isLate, `A turn has not come for ${PATIENCE_MS} ms`);
  }

  #giveUp(): void {
    this.#isLate = true;
    for (const handoff of this.#seats) handoff.leave();
  }
}

/** Waiting for a turn, as seen from outside. */
class Turn {
  /** Whether the turn has come. */
  hasCome = false;
  /** Settled when it has. */
  readonly come: Promise<void>;

  constructor(handoff: Handoff) {
    this.come = handoff.awaitTurn().then(() => {
      this.hasCome = true;
    });
  }

  /** Whether it comes without a further event: lets all run that can. */
  async comesAtOnce(): Promise<boolean> {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    return this.hasCome;
  }
}

/** Lets other tasks of this thread run, such as those that a notification woke. */
async function pass(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const AT_ONCE: readonly [loads: Loads, accepting: readonly number[]][] = [
  [[0], [0]],
  [[500], [0]],
  [[0, 0], [0, 1]],
  [[1, 0], [0, 1]],
  [[2, 0], [1]],
  [[0, 2], [0]],
  [[500, 0], [1]],
  [[500, 499], [0, 1]],
  [[500, 498], [1]],
  [[3, 2, 1, 1], [1, 2, 3]],
  [[0, 1, 2, 3], [0, 1]],
  [[9, 9, 9, 9], [0, 1, 2, 3]],
  [[9, undefined], [0]],
  [[9, undefined, undefined, 7], [3]],
  [[undefined, undefined], [0, 1]],
];

for (const [loads, accepting] of AT_ONCE) {
  Deno.test(`Handoff.awaitTurn with loads ${Deno.inspect(loads)} lets ${Deno.inspect(accepting)} accept`, async () => {
    for (const index of loads.keys()) {
      await using table = new Table(loads);
      assertEquals(await table.awaitTurn(index).comesAtOnce(), accepting.includes(index), `seat ${index}`);
    }
  });
}

Deno.test("Handoff.load counts open connections of a seat that is taken", () => {
  const [board, index] = [createBoard(2), 1];
  const handoff = new Handoff(board, index);
  const absent = handoff.load;
  assertGreater(absent, 1e9);
  handoff.reserve();
  handoff.join();
  assertEquals(handoff.load, 0);
  handoff.opened();
  handoff.opened();
  handoff.closed();
  assertEquals([handoff.load, new Handoff(board, 0).load], [1, absent]);
  handoff.leave();
  handoff.closed();
  handoff.opened();
  assertEquals(handoff.load, absent, "a worker that drains stays out of the way");
  const heir = new Handoff(board, index);
  heir.reserve();
  handoff.closed();
  handoff.opened();
  assertEquals([heir.join(), handoff.load], [true, 0], "whoever takes the seat has nothing open");
});

const JOINING: readonly [what: string, before: readonly ("reserve" | "join" | "leave")[], joins: boolean][] = [
  ["a worker that starts", ["reserve"], true],
  ["one that was ended while it started", ["reserve", "leave"], false],
  ["one that was ended, and its seat is free", [], false],
  ["one that was ended, and its seat is taken", ["reserve", "join"], false],
  ["one that follows it at the seat", ["reserve", "join", "leave", "reserve"], true],
];

for (const [what, before, joins] of JOINING) {
  Deno.test(`Handoff.join: ${what} ${joins ? "joins" : "does not join"}`, () => {
    const handoff = new Handoff(createBoard(1), 0);
    for (const step of before) handoff[step]();
    const { load } = handoff;
    assertEquals([handoff.join(), handoff.load], [joins, joins ? 0 : load]);
  });
}

const NEWS: readonly [what: string, happens: (table: Table) => void, comes: boolean][] = [
  ["closes one", (table) => table.seat(0).closed(), true],
  ["is joined by the other opening one", (table) => table.seat(1).opened(), true],
  ["sees the other leave", (table) => table.seat(1).leave(), true],
  ["leaves with the other", (table) => [0, 1].forEach((index) => table.seat(index).leave()), true],
  ["opens one", (table) => table.seat(0).opened(), false],
  ["sees the other close one", (table) => table.seat(1).closed(), false],
];

for (const [what, happens, comes] of NEWS) {
  Deno.test(`Handoff.awaitTurn ${comes ? "ends" : "goes on"} when a worker that stands back ${what}`, async () => {
    await using table = new Table([5, 3]);
    void table.seat(1).answerQuestions();
    const turn = table.awaitTurn(0);
    assertEquals(await turn.comesAtOnce(), false);
    happens(table);
    if (comes) await turn.come;
    else for (let i = 0; i < 5; i++) await pass();
    assertEquals(turn.hasCome, comes);
  });
}

Deno.test("Handoff.awaitTurn hears news at once, without looking for it", async () => {
  let shortestMs = Infinity;
  for (let i = 0; i < 20; i++) {
    await using table = new Table([5, 3]);
    const turn = table.awaitTurn(0);
    await turn.comesAtOnce();
    const startMs = performance.now();
    table.seat(0).closed();
    await turn.come;
    shortestMs = Math.min(shortestMs, performance.now() - startMs);
  }
  assertLess(shortestMs, 3, "milliseconds, the best of 20");
});

Deno.test("Handoff.awaitTurn wakes all who stand back", async () => {
  await using table = new Table([3, 3, 3, 1]);
  void table.seat(3).answerQuestions();
  const turns = [0, 1, 2].map((index) => table.awaitTurn(index));
  for (const turn of turns) assertEquals(await turn.comesAtOnce(), false);
  table.seat(3).opened();
  await Promise.all(turns.map(({ come }) => come));
});

Deno.test("Handoff.awaitTurn asks a silent worker for a sign of life and then passes it over", async () => {
  await using table = new Table([5, 0]);
  const startMs = performance.now();
  await table.awaitTurn(0).come;
  const waitedMs = performance.now() - startMs;
  assertGreater(waitedMs, 5, "it is asked first");
  assertLess(waitedMs, 500, "long before the quiet end");
  assert(await table.awaitTurn(0).comesAtOnce(), "it is not waited for again");
  assert(await table.awaitTurn(1).comesAtOnce(), "its own turn it has still");
});

Deno.test("Handoff.answerQuestions ends being passed over", async () => {
  await using table = new Table([5, 0]);
  await table.awaitTurn(0).come;
  void table.seat(1).answerQuestions();
  await pass();
  assertEquals(await table.awaitTurn(0).comesAtOnce(), false);
});

Deno.test("Handoff.awaitTurn goes on standing back for a worker that answers", async () => {
  await using table = new Table([5, 0]);
  void table.seat(1).answerQuestions();
  const turn = table.awaitTurn(0);
  const endMs = performance.now() + 100; // Many times what a silent worker gets.
  while (performance.now() < endMs) await pass();
  assertEquals(turn.hasCome, false);
});

Deno.test("Handoff.awaitTurn passes over silent workers and still stands back for one that answers", async () => {
  await using table = new Table([5, 0, 1]);
  void table.seat(2).answerQuestions();
  const turn = table.awaitTurn(0);
  const endMs = performance.now() + 100;
  while (performance.now() < endMs) await pass();
  assertEquals(turn.hasCome, false);
  for (let i = 0; i < 3; i++) table.seat(2).opened();
  await turn.come;
});

Deno.test("Handoff.awaitTurn passes a silent worker over although others are busy opening and closing", async () => {
  await using table = new Table([50, 0, 50]);
  void table.seat(2).answerQuestions();
  const turn = table.awaitTurn(0);
  const endMs = performance.now() + 300; // Less than the half second for which a worker may be blocked.
  while (!turn.hasCome && performance.now() < endMs) {
    table.seat(2).opened();
    await pass();
    table.seat(2).closed();
    await pass();
  }
  assert(turn.hasCome, "a connection waits for as long as the others are busy");
});

Deno.test("Handoff.join does not inherit the silence of the worker that died at the seat", async () => {
  await using table = new Table([5, 0]);
  await table.awaitTurn(0).come;
  table.seat(1).leave();
  const heir = table.takeOver(1);
  heir.reserve();
  heir.join();
  void heir.answerQuestions();
  await pass();
  assertEquals(await table.awaitTurn(0).comesAtOnce(), false);
});

Deno.test("Handoff.awaitTurn ends where nothing happens for long, so that a quiet server sleeps", async () => {
  await using table = new Table([5, 0]);
  void table.seat(1).answerQuestions();
  const turn = table.awaitTurn(0);
  const now = performance.now.bind(performance);
  try {
    performance.now = () => now() + 3_600_000;
    const endMs = now() + 200;
    while (!turn.hasCome && now() < endMs) await pass();
  } finally {
    performance.now = now;
  }
  assert(turn.hasCome);
});

for (const [way, jumpMs] of [["back", -3_600_000], ["forward", 3_600_000]] as const) {
  Deno.test(`Handoff.awaitTurn passes a silent worker over although the wall clock jumps ${way}`, async () => {
    await using table = new Table([5, 0]);
    const { now } = Date;
    const turn = table.awaitTurn(0);
    try {
      Date.now = () => now() + jumpMs;
      const endMs = performance.now() + 500;
      while (!turn.hasCome && performance.now() < endMs) await pass();
    } finally {
      Date.now = now;
    }
    assert(turn.hasCome);
  });
}

Deno.test("createBoard and the rule spread connections evenly, whoever is quickest", async () => {
  for (const workers of [2, 4]) {
    for (const connections of [8, 64, 1_000]) {
      await using table = new Table(Array(workers).fill(0));
      for (let i = 0; i < connections; i++) {
        // The first one that may takes it: the worst case of a race that one worker always wins.
        for (let index = 0; index < workers; index++) {
          if (!(await table.awaitTurn(index).comesAtOnce())) continue;
          table.seat(index).opened();
          break;
        }
      }
      const largest = Math.max(...Array.from({ length: workers }, (_, index) => table.seat(index).load));
      assertLess(largest, 1.2 * connections / workers + 1 + 1e-9, `${connections} connections, ${workers} workers`);
    }
  }
});
