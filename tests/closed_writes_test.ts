/**
 * Connections that are closed while a write waits in the runtime: the buffer of the write goes back to its pool and is
 * used for others at once, and no client gets a byte of another's answer.
 *
 * Each client asks for content of one byte of its own, 0x80 or above, which no head has.
 */

import { assert, assertEquals } from "@std/assert";
import type { OpenFile } from "../src/message.ts";
import { HttpResponse } from "../src/message.ts";
import { TestServer, until } from "./connection_server.ts";
import { createRandom } from "./random.ts";
import type { RawClient } from "./raw_client.ts";

const CLIENTS = 15;
/** More than the systems of both sides hold: what comes behind that was in the write that waited. */
const READ_BYTES = 9 << 20;
const FILE_BYTES = 1 << 30;

/** A file of one byte, read at once or beside the thread. */
class OneByteFile implements OpenFile {
  readonly isSlow: boolean;
  readonly #byte: number;

  constructor(byte: number, isSlow: boolean) {
    this.#byte = byte;
    this.isSlow = isSlow;
  }

  readSync(into: Uint8Array): number {
    into.fill(this.#byte);
    return into.length;
  }

  async read(into: Uint8Array): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return this.readSync(into);
  }

  seekSync(offset: number): number {
    return offset;
  }

  close(): void {}
}

/**
 * What answers leave in, and of how many the systems of both sides cannot hold all: a batch, a buffer for one, one write
 * of their own, pieces of a file, of a file that is slow.
 */
const KINDS: readonly [kind: string, requests: number][] = [
  ["small", 30_000],
  ["middle", 1_200],
  ["large", 60],
  ["file", 1],
  ["slow-file", 1],
];

function respond(kind: string, byte: number): HttpResponse {
  if (kind === "small") return new HttpResponse(200, [], new Uint8Array(300).fill(byte));
  if (kind === "middle") return new HttpResponse(200, [], new Uint8Array(9_000).fill(byte));
  if (kind === "large") return new HttpResponse(200, [], new Uint8Array(300_000).fill(byte));
  const file = new OneByteFile(byte, kind === "slow-file");
  return new HttpResponse(200, [], { file, pieces: [{ start: 0, end: FILE_BYTES }], length: FILE_BYTES });
}

/** The first byte of another client. */
function findForeign(received: Uint8Array, own: number): number | undefined {
  for (const byte of received) {
    if (byte >= 0x80 && byte !== own) return byte;
  }
  return undefined;
}

Deno.test("no client gets bytes of another when connections are closed amid their writes", async () => {
  const random = createRandom(7);
  await using server = new TestServer({
    handler: ({ requestLine }) => {
      const [, kind = "", byte = ""] = /^GET \/([a-z-]+)\/(\d+) /.exec(requestLine) ?? [];
      return respond(kind, Number(byte));
    },
  });
  const { connections } = server.context;
  const stalled = () => [...connections].filter((connection) => server.stageOf(connection) === "write");
  let closed = 0;
  for (let round = 0; round < 2; round++) {
    const clients: { client: RawClient; byte: number; asked: Promise<void> }[] = [];
    for (let n = 0; n < CLIENTS; n++) {
      const client = await server.connect();
      const byte = 0x80 + n;
      const [kind, requests] = KINDS[n % KINDS.length] ?? ["", 0];
      const asked = client.send(`GET /${kind}/${byte} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(requests)).catch(() => {});
      clients.push({ client, byte, asked });
    }
    await until(() => stalled().length === CLIENTS, "writes wait");
    for (const connection of stalled()) {
      if (random(2) === 0) continue;
      connection.close();
      closed++;
    }
    await Promise.all(clients.map(async ({ client, byte }) => {
      const received = await client.read(READ_BYTES).catch(() => new Uint8Array());
      assertEquals(findForeign(received, byte), undefined, `client ${byte} in round ${round}`);
    }));
    for (const { client } of clients) client.close();
    await Promise.all(clients.map(({ asked }) => asked));
    await until(() => connections.size === 0, "all are closed");
  }
  assert(closed > CLIENTS / 2);
});
