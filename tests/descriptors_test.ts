/**
 * File descriptors of the real server process: running out of them delays connections and does no harm, and none is kept
 * for a client that has left.
 */

import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { basename, dirname } from "@std/path";
import { testWith } from "./permissions.ts";
import { countDescriptors, measureCpuMs } from "./process_figures.ts";
import { RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";

const FIXTURES = new URL("fixtures/", import.meta.url).pathname;
const KEEP = "GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n";

/** A server, and the process that it is. */
interface ObservedServer extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly pid: number;
}

/** Starts the command below a limit of descriptors, and finds out which process it is. */
async function start(root: string, limit: number): Promise<ObservedServer> {
  const shell = `ulimit -n ${limit}; echo "pid $$" >&2; exec "$@"`;
  const server = await ServerProcess.start(["-h", "127.0.0.1", "-w", "2", "-r", root], { shell });
  const [pid = ""] = /\d+/.exec(await server.logged(/^pid \d+\n/)) ?? [];
  return { server, pid: Number(pid), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asserts what a process comes to: on a busy machine the runtime has one more while a file is read beside the thread. */
async function assertDescriptors(pid: number, expected: number, what: string): Promise<void> {
  let count = NaN;
  for (let i = 0; i < 200 && count !== expected; i++) {
    await pause(10);
    count = await countDescriptors(pid);
  }
  assertEquals(count, expected, what);
}

if (Deno.build.os === "linux") {
  testWith(["net", "read", "run"], "a server without descriptors delays connections, rests, and goes on", async () => {
    await using observed = await start(FIXTURES, 64);
    const { server, pid } = observed;
    const clients: RawClient[] = [];
    for (let i = 0; i < 100; i++) {
      const client = await RawClient.connect(server.address);
      clients.push(client);
      await client.send(KEEP);
    }
    await server.logged(/Cannot accept connections: .*Too many open files/);
    assertGreater(await countDescriptors(pid), 60);

    const [usedMs, sinceMs] = [await measureCpuMs(pid), performance.now()];
    await pause(1_500);
    assertLess(await measureCpuMs(pid) - usedMs, 0.1 * (performance.now() - sinceMs), "milliseconds of processor time");

    for (const client of clients) {
      // Where there is no descriptor for the file either, it may say so.
      const { status } = await client.readAnswer();
      assert(status === 200 || status === 503, `status ${status}`);
      client.close();
    }
    using last = await RawClient.connect(server.address);
    await last.send(KEEP);
    assertEquals((await last.readAnswer()).status, 200);
    const { code, stderr } = await server.stop();
    assertEquals(code, 0);
    assertLess(stderr.split("\n").length, 150, stderr);
  });

  testWith(["net", "read", "run"], "200 clients that leave in mid-download leave no descriptor behind", async () => {
    // The one large file that is surely there.
    const executable = Deno.realPathSync(Deno.execPath());
    assertGreater(Deno.statSync(executable).size, 50 << 20);
    await using observed = await start(dirname(executable), 1_024);
    const { server, pid } = observed;
    const request = `GET /${basename(executable)} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const before = await countDescriptors(pid);

    const clients: RawClient[] = [];
    for (let i = 0; i < 200; i++) {
      const client = await RawClient.connect(server.address);
      clients.push(client);
      await client.send(request);
      assertMatch(new TextDecoder().decode(await client.read(15)), /^HTTP\/1\.1 200 OK/);
    }
    await assertDescriptors(pid, before + 202, "a connection for each, and a file for each worker");
    for (const client of clients) client.close();
    await assertDescriptors(pid, before, "nothing is left");

    for (let i = 0; i < 200; i++) {
      using client = await RawClient.connect(server.address);
      await client.send(request);
      if (i % 2 === 0) await client.read(1);
    }
    await assertDescriptors(pid, before, "nothing is left of those that came and went");
    assertEquals((await server.stop()).code, 0);
  });
} else {
  Deno.test.ignore("descriptors of the server process (needs /proc)", () => {});
}
