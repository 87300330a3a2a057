/** `queue_keeper.ts`: the main thread listens when it has to, and the address is the server's until it stops. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StartError } from "../src/errors.ts";
import { bind, cloneListener } from "../src/listener.ts";
import { QueueKeeper } from "../src/queue_keeper.ts";

const HOST = "127.0.7.132";

Deno.test("QueueKeeper listens, gives way, and listens again", async () => {
  const keeper = new QueueKeeper(bind(HOST, 0));
  const [{ port } = { port: 0 }] = keeper.bindings;
  const connect = async () => (await Deno.connect({ hostname: HOST, port })).close();
  await connect();
  keeper.release();
  await assertRejects(connect, Deno.errors.ConnectionRefused);
  keeper.hold();
  keeper.hold();
  await connect();
  keeper.release();
  keeper.release();
  await assertRejects(connect, Deno.errors.ConnectionRefused);
  keeper.close();
  keeper.hold();
  await assertRejects(connect, Deno.errors.ConnectionRefused);
});

Deno.test("QueueKeeper.hold joins the queue of whoever listens still", async () => {
  const keeper = new QueueKeeper(bind(HOST, 0));
  const [binding = { hostname: HOST, port: 0 }] = keeper.bindings;
  const worker = cloneListener(binding);
  keeper.release();
  keeper.hold();
  const accepted = worker.accept();
  using _client = await Deno.connect(binding);
  (await accepted).close();
  worker.close();
  keeper.close();
});

Deno.test("QueueKeeper: an address is bound by one server of the process, until that closes it", () => {
  const keeper = new QueueKeeper(bind(HOST, 0));
  const [{ port } = { port: 0 }] = keeper.bindings;
  for (const change of [() => {}, () => keeper.release(), () => keeper.hold()]) {
    change();
    assertThrows(() => bind(HOST, port), StartError, `Port ${port} is in use`);
  }
  keeper.close();
  const next = new QueueKeeper(bind(HOST, port));
  keeper.close();
  assertThrows(() => bind(HOST, port), StartError, `Port ${port} is in use`);
  next.close();
});

Deno.test("bind opens its socket once: nobody who connects meanwhile is refused", () => {
  const { listen } = Deno;
  const ports: (number | undefined)[] = [];
  const probe = listen({ hostname: HOST, port: 0 });
  const { port } = probe.addr;
  probe.close();
  try {
    Deno.listen = ((options: Deno.TcpListenOptions) => {
      ports.push(options.port);
      return listen(options);
    }) as typeof Deno.listen;
    new QueueKeeper(bind(HOST, port)).close();
  } finally {
    Deno.listen = listen;
  }
  assertEquals(ports, [port]);
});
