/** A worker that was passed over, because its thread got no time, has as many connections as the others soon after. */

import { assertEquals, assertLess } from "@std/assert";
import { testWith } from "./permissions.ts";
import { PoolServer, until } from "./pool_server.ts";
import { RawClient } from "./raw_client.ts";

/** Opens so many connections, each when the one before was accepted. */
async function open(server: PoolServer, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let n = 0; n < count; n++) {
    const { open } = server;
    clients.push(await RawClient.connect(server.address));
    await until(() => server.open > open, "the connection is accepted");
  }
  return clients;
}

/** How far the numbers of connections are apart. */
function distance({ loads }: PoolServer): number {
  return Math.max(...loads) - Math.min(...loads);
}

for (const [workers, hostname] of [[2, "127.0.7.124"], [4, "127.0.7.125"]] as const) {
  testWith(["net", "read"], `a worker of ${workers} that was passed over catches up`, async () => {
    await using server = await PoolServer.start(hostname, workers);
    const blocked = await server.block(0);
    const clients = await open(server, 8 * (workers - 1));
    assertEquals(server.loads[0], 0);
    blocked[Symbol.dispose]();
    await until(() => blocked.goesOn(), "the worker goes on");
    // Eight do where the machine has time for all; a thread that gets none is passed over again, as it should be.
    for (let more = 0; more < 64 && distance(server) >= 4; more++) clients.push(...await open(server, 1));
    const { loads } = server;
    assertLess(distance(server), 4, `${loads}`);
    for (const client of clients) client.close();
  });
}
