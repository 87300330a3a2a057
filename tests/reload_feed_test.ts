/** `reload_feed.ts`: what a stream of server-sent events carries and when (HTML Standard section 9.2). */

import { assertEquals } from "@std/assert";
import { ReloadFeed } from "../src/reload_feed.ts";
import { ManualTimers } from "./manual_timers.ts";

type Stream = ReturnType<ReloadFeed["subscribe"]>;

const PING = ": ping\n\n";

/** A message as it goes over the wire. */
function message(now: number, page: number, style: number): string {
  return `retry: 500\ndata: {"now":${now},"page":${page},"style":${style}}\n\n`;
}

function createFeed(): { feed: ReloadFeed; timers: ManualTimers } {
  const timers = new ManualTimers();
  const feed = new ReloadFeed({ pageMs: 1, styleMs: 2 }, {
    readClock: () => timers.nowMs,
    setTimer: timers.setTimer,
  });
  return { feed, timers };
}

/** The next piece as text; `undefined` at the end. */
async function read(stream: Stream): Promise<string | undefined> {
  const { done, value } = await stream.next();
  return done ? undefined : new TextDecoder().decode(value);
}

Deno.test("ReloadFeed.subscribe: the first message is there at once", async () => {
  const { feed, timers } = createFeed();
  timers.pass(7);
  assertEquals(await read(feed.subscribe()), message(7, 1, 2));
  assertEquals(timers.count, 0);
});

Deno.test("ReloadFeed.publish reaches everybody who waits", async () => {
  const { feed, timers } = createFeed();
  const streams = [feed.subscribe(), feed.subscribe(), feed.subscribe()];
  await Promise.all(streams.map(read));
  const pieces = streams.map(read);
  assertEquals([feed.readers, timers.count], [3, 3]);
  feed.publish({ pageMs: 3, styleMs: 2 });
  assertEquals(await Promise.all(pieces), Array(3).fill(message(0, 3, 2)));
  assertEquals(timers.count, 0);
});

Deno.test("ReloadFeed.publish: a slow reader gets the latest message only, and holds back nobody", async () => {
  const { feed } = createFeed();
  const slow = feed.subscribe();
  const quick = feed.subscribe();
  await read(slow);
  await read(quick);
  for (let ms = 3; ms < 1_000; ms++) {
    const piece = read(quick);
    feed.publish({ pageMs: ms, styleMs: 2 });
    assertEquals(await piece, message(0, ms, 2));
  }
  assertEquals(await read(slow), message(0, 999, 2));
  const next = read(slow);
  feed.publish({ pageMs: 1_000, styleMs: 2 });
  assertEquals(await next, message(0, 1_000, 2));
});

Deno.test("ReloadFeed.publish before the first read: one message says it all", async () => {
  const { feed, timers } = createFeed();
  const stream = feed.subscribe();
  feed.publish({ pageMs: 3, styleMs: 2 });
  assertEquals(await read(stream), message(0, 3, 2));
  const next = read(stream);
  timers.pass(25_000);
  assertEquals(await next, PING);
});

Deno.test("ReloadFeed: a comment after 25 s of silence, counted from the last piece", async () => {
  const { feed, timers } = createFeed();
  const stream = feed.subscribe();
  await read(stream);
  const pieces: (string | undefined)[] = [];
  let next = read(stream).then((piece) => pieces.push(piece));
  timers.pass(24_999);
  await Promise.resolve();
  assertEquals(pieces, []);
  timers.pass(1);
  await next;
  next = read(stream).then((piece) => pieces.push(piece));
  timers.pass(20_000);
  feed.publish({ pageMs: 3, styleMs: 2 });
  await next;
  next = read(stream).then((piece) => pieces.push(piece));
  timers.pass(25_000);
  await next;
  assertEquals(pieces, [PING, message(45_000, 3, 2), PING]);
});

/** What ends a stream. */
const ENDS: readonly [name: string, end: (feed: ReloadFeed, stream: Stream) => unknown][] = [
  ["its own return", (_, stream) => stream.return?.()],
  ["ReloadFeed.close", (feed) => feed.close()],
  ["both, twice", async (feed, stream) => {
    feed.close();
    await stream.return?.();
    await stream.return?.();
    feed.close();
  }],
];

for (const [name, end] of ENDS) {
  Deno.test(`ReloadFeed: a stream that waits is ended by ${name}, and leaves nothing behind`, async () => {
    const { feed, timers } = createFeed();
    const stream = feed.subscribe();
    await read(stream);
    const next = read(stream);
    await end(feed, stream);
    assertEquals(await next, undefined);
    assertEquals(await read(stream), undefined);
    feed.publish({ pageMs: 3, styleMs: 2 });
    assertEquals(await read(stream), undefined);
    assertEquals([feed.readers, timers.count], [0, 0]);
  });

  Deno.test(`ReloadFeed: a stream that nobody reads is ended by ${name}`, async () => {
    const { feed, timers } = createFeed();
    const stream = feed.subscribe();
    await end(feed, stream);
    assertEquals(await read(stream), undefined);
    assertEquals([feed.readers, timers.count], [0, 0]);
  });
}

Deno.test("ReloadFeed: the end of one stream does not end another", async () => {
  const { feed } = createFeed();
  const [one, other] = [feed.subscribe(), feed.subscribe()];
  await one.return?.();
  assertEquals(await read(other), message(0, 1, 2));
  assertEquals(feed.readers, 1);
});

Deno.test("ReloadFeed.subscribe after close ends at once", async () => {
  const { feed } = createFeed();
  feed.close();
  assertEquals(await read(feed.subscribe()), undefined);
  assertEquals(feed.readers, 0);
});

Deno.test("ReloadFeed: the loop `for await` ends a stream when it is left, with the timers of the runtime", async () => {
  const feed = new ReloadFeed({ pageMs: 1, styleMs: 2 });
  let pieces = 0;
  for await (const _ of feed.subscribe()) {
    if (++pieces === 2) break;
    setTimeout(() => feed.publish({ pageMs: 3, styleMs: 2 }), 0);
  }
  assertEquals(feed.readers, 0);
  for await (const _ of feed.subscribe()) setTimeout(() => feed.close(), 0);
  assertEquals(feed.readers, 0);
});
