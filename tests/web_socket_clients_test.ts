/** A WebSocket as clients that nobody here wrote see it: Deno's own, and that of the npm package `ws`. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { testWith } from "./permissions.ts";
import { WebSocketServer } from "./web_socket_server.ts";
import type { Seen } from "./ws_client.ts";

const LENGTHS = [0, 1, 125, 126, 1024, 65535, 65536, 1_000_000];

Deno.test("Deno's WebSocket gets back what it sends, and a clean end", async () => {
  await using server = new WebSocketServer({ protocol: "chat", compress: true });
  const messages = LENGTHS.flatMap((length) => ["ü".repeat(length), "a".repeat(length)]);
  const socket = new WebSocket(`ws://127.0.0.1:${server.address.port}/`, ["chat"]);
  socket.binaryType = "arraybuffer";
  const echoed: number[] = [];
  const closed = Promise.withResolvers<CloseEvent>();
  socket.onopen = () => messages.forEach((text, i) => socket.send(i % 4 < 2 ? text : new TextEncoder().encode(text)));
  socket.onmessage = ({ data }) => {
    const i = echoed.length;
    const text = i % 4 < 2 ? data : new TextDecoder().decode(data);
    echoed.push(text === messages[i] ? text.length : -1);
    if (echoed.length === messages.length) socket.close(4000, "that was all");
  };
  socket.onerror = () => closed.reject(new Error("The client has failed"));
  socket.onclose = closed.resolve;
  const { code, reason, wasClean } = await closed.promise;
  assertEquals(echoed, messages.map(({ length }) => length));
  assertEquals([socket.protocol, code, reason, wasClean], ["chat", 4000, "that was all", true]);
  assertEquals(server.reported, []);
});

Deno.test("Deno's WebSocket is told when the server stops (RFC 6455 section 7.4.1)", async () => {
  const server = new WebSocketServer();
  const socket = new WebSocket(`ws://127.0.0.1:${server.address.port}/`);
  await new Promise((resolve) => socket.onopen = resolve);
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  await server[Symbol.asyncDispose]();
  const { code, wasClean } = await closed;
  assertEquals([code, wasClean], [1001, true]);
});

const CLIENT = fromFileUrl(new URL("ws_client.ts", import.meta.url));

/** Runs the client of `ws` against a server. */
async function runClient({ address }: WebSocketServer): Promise<Seen[]> {
  const url = `ws://127.0.0.1:${address.port}/`;
  const args = ["run", "--no-prompt", "--allow-net=127.0.0.1", "--allow-env", CLIENT, url, ...LENGTHS.map(String)];
  const signal = AbortSignal.timeout(20_000);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit", signal }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

testWith(["run", "read"], "The client of ws gets back what it sends, also in fragments and compressed", async () => {
  await using server = new WebSocketServer({ compress: true });
  const seen = await runClient(server);
  const echoed = LENGTHS.flatMap((length) => [Math.floor(length / 2), length]);
  const expected = (extensions: string): Seen => {
    return { extensions, echoed, pong: "are you there?", close: [4000, "that was all"] };
  };
  assertEquals(seen, ["", "permessage-deflate", "permessage-deflate"].map(expected));
  assertEquals(server.reported, []);
});
