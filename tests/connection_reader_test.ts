/**
 * `ConnectionReader` where a read is begun ahead and answers wait to be sent: whatever comes first, nothing is lost, read
 * twice, or reported to nobody.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { ConnectionReader } from "../src/connection_reader.ts";
import { Deadline } from "../src/deadline.ts";
import { TransportError } from "../src/errors.ts";
import { HttpResponse } from "../src/message.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import { decode, encode } from "./raw_client.ts";

/** A socket whose reads and writes end when the test says so. */
class FakeSocket {
  readonly #reads: { into: Uint8Array; settle: PromiseWithResolvers<number | null> }[] = [];
  readonly #writes: PromiseWithResolvers<number>[] = [];

  read(into: Uint8Array): Promise<number | null> {
    const settle = Promise.withResolvers<number | null>();
    this.#reads.push({ into, settle });
    return settle.promise;
  }

  write(_bytes: Uint8Array): Promise<number> {
    const settle = Promise.withResolvers<number>();
    this.#writes.push(settle);
    return settle.promise;
  }

  /** How many reads wait. */
  get reading(): number {
    return this.#reads.length;
  }

  /** Bytes arrive. */
  receive(text: string): void {
    const read = this.#reads.shift();
    read?.into.set(encode(text));
    read?.settle.resolve(text.length);
  }

  /** The other side takes everything. */
  take(): void {
    this.#writes.shift()?.resolve(1 << 20);
  }

  /** The other side is gone. */
  reset(): void {
    for (const { settle } of this.#reads.splice(0)) settle.reject(new Deno.errors.ConnectionReset());
    for (const settle of this.#writes.splice(0)) settle.reject(new Deno.errors.ConnectionReset());
  }
}

/** A reader, and an answer that waits for company. */
function setUp(headBytes = 16_384): { socket: FakeSocket; reader: ConnectionReader } {
  const socket = new FakeSocket();
  const clock = new Clock();
  const deadline = new Deadline(clock);
  const writer = new ResponseWriter(socket, clock, { beforeWrite: () => {}, beforePiece: () => {} });
  writer.send(new HttpResponse(200, [], encode("a")), { persistent: true, headOnly: false, more: true });
  const owner = { deadline, writer, onLeave: () => {} };
  const reader = new ConnectionReader(socket, owner, { clock, limits: { headBytes } });
  return { socket, reader };
}

/** Lets all run that can. */
async function pass(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

function received({ received: { bytes, start, end } }: ConnectionReader): string {
  return decode(bytes.subarray(start, end));
}

const ORDERS: readonly [name: string, ...steps: ((socket: FakeSocket) => void)[]][] = [
  ["what was read ahead comes while answers are sent", (it) => it.receive("abc"), (it) => it.take()],
  ["what was read ahead comes when answers were sent", (it) => it.take(), (it) => it.receive("abc")],
];

for (const [name, ...steps] of ORDERS) {
  Deno.test(`ConnectionReader.read ends with the read that was begun: ${name}`, async () => {
    const { socket, reader } = setUp();
    reader.readAhead();
    const reading = reader.read("body", Infinity);
    for (const step of steps) {
      step(socket);
      await pass();
    }
    assertEquals([await reading, received(reader), socket.reading], [true, "abc", 0]);
  });
}

Deno.test("ConnectionReader.read asks for no more where what was read ahead has filled the buffer", async () => {
  const { socket, reader } = setUp(256);
  reader.readAhead();
  const reading = reader.read("drain", Infinity);
  socket.receive("a".repeat(256));
  await pass();
  socket.take();
  assertEquals([await reading, received(reader).length], [true, 256]);
});

Deno.test("ConnectionReader.read waits for the read that watching has begun while answers were sent", async () => {
  const { socket, reader } = setUp();
  const reading = reader.read("body", Infinity);
  reader.watch();
  socket.take();
  await pass();
  assertEquals(socket.reading, 1);
  socket.receive("abc");
  assertEquals([await reading, received(reader)], [true, "abc"]);
  // It goes on to watch.
  await pass();
  socket.reset();
});

Deno.test("ConnectionReader.read fails once where the client is gone while answers are sent", async () => {
  const { socket, reader } = setUp();
  reader.readAhead();
  const reading = reader.read("drain", Infinity);
  await pass();
  socket.reset();
  await assertRejects(() => reading, TransportError);
  // A failure that nobody hears of would end the worker here.
  await pass();
});

Deno.test("ConnectionReader.read tells of the end that came while answers were sent", async () => {
  const { socket, reader } = setUp();
  reader.readAhead();
  const reading = reader.read("drain", Infinity);
  socket.reset();
  socket.take();
  await assertRejects(() => reading, TransportError);
});
