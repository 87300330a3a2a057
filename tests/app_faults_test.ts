/** An application that fails takes down no other request than its own: the real command, its workers, and faults. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { EXIT_STUCK } from "../src/config.ts";
import { exchange } from "./http_client.ts";
import { testWith } from "./permissions.ts";
import { RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";

const APP = ["--app", "tests/apps/faulty.ts"];

/** Faults of one request, on a single worker: its status, and what the log says. */
const FAULTS: readonly { path: string; status: number; logged: RegExp }[] = [
  { path: "/throws", status: 500, logged: /Error: thrown by the handler.*faulty\.ts/ },
  { path: "/rejects", status: 500, logged: /Error: rejected by the handler.*faulty\.ts/ },
  { path: "/recurses", status: 500, logged: /RangeError: Maximum call stack size exceeded/ },
  { path: "/returns-nothing", status: 500, logged: /A handler must return a Response, and returned undefined/ },
  { path: "/never", status: 503, logged: /The handler has not answered in time/ },
  { path: "/throws-later", status: 200, logged: /outside any request: Error: thrown outside any request.*faulty\.ts/ },
  {
    path: "/rejects-later",
    status: 200,
    logged: /outside any request: Error: rejected outside any request.*faulty\.ts/,
  },
];

testWith(["net", "read", "run"], "an application that fails in one request answers all others", async (t) => {
  await using server = await ServerProcess.start([...APP, "-w", "1", "--handler-timeout", "1"]);
  // This goes on while all the rest happens.
  const events = await fetch(`${server.origin}/events`);
  assert(events.body !== null);
  const reader = events.body.getReader();
  for (const { path, status, logged } of FAULTS) {
    await t.step(path, async () => {
      const [fault, ...others] = await Promise.all([path, "/fine", "/fine"].map((path) => ask(server, path)));
      assertEquals(fault?.status, status);
      assertEquals(others.map(({ text }) => text), ["fine", "fine"]);
      assertMatch(await server.logged(logged), logged);
      assert(fault !== undefined && !/thrown|rejected|faulty/.test(fault.text), fault?.text);
      assertEquals((await ask(server, "/fine")).text, "fine");
      const { value } = await reader.read();
      assertMatch(new TextDecoder().decode(value), /^(data: tick\n\n)+$/);
    });
  }
  await reader.cancel();
  const { code, stderr } = await server.stop();
  assertEquals(code, 0);
  assert(!stderr.includes("died"), stderr);
});

testWith(["net", "read", "run", "write"], "while a handler blocks its worker the other one answers", async () => {
  await using server = await ServerProcess.start([...APP, "-w", "2"]);
  const folder = await Deno.makeTempDir({ prefix: "sockeye-" });
  try {
    const file = `${folder}/go`;
    let isBlocked = true;
    const blocked = ask(server, `/blocks?until=${encodeURIComponent(file)}`).finally(() => isBlocked = false);
    blocked.catch(() => {});
    await server.logged(/^The worker is blocked$/m);
    for (let count = 0; count < 20; count++) assertEquals((await ask(server, "/fine")).text, "fine");
    const many = await Promise.all(Array.from({ length: 50 }, () => ask(server, "/fine")));
    assertEquals(many.filter(({ text }) => text === "fine").length, 50);
    assert(isBlocked, "it blocks all the time");
    await Deno.writeTextFile(file, "");
    assertEquals((await blocked).text, "unblocked");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const path of ["/exits", "/closes"]) {
  testWith(["net", "read", "run"], `an application that ends its worker gets a new one: ${path}`, async () => {
    await using server = await ServerProcess.start([...APP, "-w", "1"]);
    for (let time = 1; time <= 2; time++) {
      await assertRejects(() => ask(server, path));
      assertEquals((await ask(server, "/fine")).text, "fine");
    }
    await server.logged(/Worker 1 died and is replaced in \d+ ms: The application has ended it/);
    assertEquals((await server.stop()).code, 0);
  });
}

testWith(
  ["net", "read", "run"],
  "a handler that loops ends the server with 75, when the answers of other workers are finished",
  async () => {
    await using server = await ServerProcess.start([...APP, "-w", "2", "--watchdog", "3"]);
    const [first, second] = await connectToTwo(server);
    using slow = first;
    using looping = second;
    await looping.send(get("/loops"));
    await slow.send(get("/slow"));
    assertEquals(new TextDecoder().decode((await slow.readAnswer()).body), "slow");
    assertEquals(await looping.readToEnd().catch(() => new Uint8Array(0)), new Uint8Array(0));
    const { code, stderr } = await server.ended();
    assertEquals(code, EXIT_STUCK);
    assertMatch(stderr, /\[ERR\].*Worker [12] stands still, for 3 s now, since \d{4}-/);
    assertMatch(stderr, /^sockeye: Worker [12] stands still, for 3 s, and cannot be ended. The server ends with 75/m);
  },
);

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** Connections to two workers. On a busy machine many may come to one of them first. */
async function connectToTwo({ address }: ServerProcess): Promise<[RawClient, RawClient]> {
  const byWorker = new Map<string, RawClient>();
  const others: RawClient[] = [];
  while (byWorker.size < 2) {
    assert(others.length < 1_000, "all connections have come to one worker");
    const client = await RawClient.connect(address);
    await client.send(get("/worker"));
    const worker = new TextDecoder().decode((await client.readAnswer()).body);
    if (byWorker.has(worker)) others.push(client);
    else byWorker.set(worker, client);
  }
  for (const client of others) client.close();
  const [first, second] = byWorker.values();
  assert(first !== undefined && second !== undefined);
  return [first, second];
}

async function ask(server: ServerProcess, path: string): Promise<{ status: number; text: string }> {
  const { status, body } = await exchange(server.origin, { path });
  return { status, text: new TextDecoder().decode(body) };
}
