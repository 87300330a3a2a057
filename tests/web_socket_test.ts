/**
 * `web_socket.ts`, `websocket_writer.ts`, `websocket_upgrade.ts`: the standard interface on a connection that the test
 * plays, with time that passes by hand.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import type { WebSocketLimits } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import type { UpgradeWebSocketOptions } from "../src/websocket_upgrade.ts";
import { takeUpgrade, upgradeWebSocket } from "../src/websocket_upgrade.ts";
import { FakeDuplex, FakeTimers, settle } from "./fake_duplex.ts";
import { encodeLatin1 } from "./octets.ts";
import { binary, close, fragments, frame, parseServerFrames, ping, pong, text } from "./web_socket_frames.ts";

const LIMITS: WebSocketLimits = { messageBytes: 1000, bufferedBytes: 1000, closeMs: 5000 };

function handshake(fields: Record<string, string> = {}): Request {
  return new Request("http://localhost:8080/chat?room=1", {
    headers: {
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...fields,
    },
  });
}

/** A socket whose connection the test plays. */
class Stage {
  readonly duplex = new FakeDuplex();
  readonly timers = new FakeTimers();
  readonly reported: unknown[] = [];
  /** The events, as text. */
  readonly events: string[] = [];
  readonly socket: WebSocket;
  readonly response: Response;
  ended: Promise<void> | undefined;
  isEnded = false;

  constructor(options: UpgradeWebSocketOptions = {}, fields: Record<string, string> = {}) {
    const { socket, response } = upgradeWebSocket(handshake(fields), options);
    this.socket = socket;
    this.response = response;
    for (const type of ["open", "message", "error", "close"]) {
      socket.addEventListener(type, (event) => this.events.push(describe(event)));
    }
  }

  /** Starts to run. */
  async run(leftover = ""): Promise<this> {
    const upgrade = takeUpgrade(this.response);
    assert(upgrade !== undefined);
    const { setTimer } = this.timers;
    const report = (error: unknown) => this.reported.push(error);
    this.ended = upgrade.run(this.duplex, encodeLatin1(leftover), { limits: LIMITS, report, setTimer });
    this.ended.then(() => this.isEnded = true);
    await settle();
    return this;
  }

  /** Lets bytes arrive, and be acted upon. */
  async receive(bytes: string): Promise<void> {
    this.duplex.receive(bytes);
    await settle();
  }

  /** The client closes its end of the connection; then everything is over. */
  async end(): Promise<void> {
    this.duplex.end();
    await this.ended;
    assertEquals([this.socket.readyState, this.timers.size], [WebSocket.CLOSED, 0]);
    assertEquals(this.duplex.events.at(-1), "close");
  }
}

function describe(event: Event): string {
  if (event instanceof MessageEvent) {
    return `message ${typeof event.data === "string" ? event.data : typeof event.data}`;
  }
  if (event instanceof CloseEvent) return `close ${event.code} ${event.reason} ${event.wasClean ? "clean" : "unclean"}`;
  if (event instanceof ErrorEvent) return `error ${event.message}`;
  return event.type;
}

const NORMAL = ["close", "\x03\xe8"] as const;

Deno.test("ServerWebSocket goes through its states in order (WebSockets Standard section 3)", async () => {
  const stage = new Stage();
  const { socket } = stage;
  const states = [socket.readyState];
  for (const type of ["open", "message", "close"]) socket.addEventListener(type, () => states.push(socket.readyState));
  await stage.run();
  await stage.receive(text("Hello"));
  socket.close(1000, "bye");
  states.push(socket.readyState);
  await stage.receive(close(1000, "bye"));
  await stage.end();
  assertEquals(states, [0, 1, 1, 2, 3]);
  assertEquals(stage.events, ["open", "message Hello", "close 1000 bye clean"]);
  assertEquals(stage.duplex.frames, [["close", "\x03\xe8bye"]]);
  assertEquals(stage.duplex.events, ["closeWrite", "close"]);
  assertEquals(stage.reported, []);
});

Deno.test("ServerWebSocket has the constants and properties of the standard, and Deno's defaults", async () => {
  const { socket } = new Stage({}, { "Sec-WebSocket-Protocol": "chat" });
  assertEquals([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3]);
  assertEquals(Object.prototype.toString.call(socket), "[object WebSocket]");
  assertEquals(socket.url, "ws://localhost:8080/chat?room=1");
  assertEquals([socket.protocol, socket.extensions, socket.binaryType, socket.bufferedAmount], [
    "",
    "",
    "arraybuffer",
    0,
  ]);
  assertEquals([socket.onopen, socket.onmessage, socket.onclose, socket.onerror], [null, null, null, null]);
  const stage = new Stage({ protocol: "chat", compress: true }, {
    "Sec-WebSocket-Protocol": "superchat, chat",
    "Sec-WebSocket-Extensions": "permessage-deflate",
  });
  assertEquals(stage.socket.protocol, "chat");
  assert(stage.socket.extensions.startsWith("permessage-deflate; "));
  await stage.run();
  stage.socket.send("a".repeat(2000));
  await settle();
  const [[kind, payload] = ["", ""]] = stage.duplex.frames;
  assert(kind === "text+deflate" && payload.length < 50);
  await stage.end();
});

Deno.test("ServerWebSocket.send sends text and bytes, as they were at that moment (section 3.1)", async () => {
  const stage = await new Stage().run();
  const bytes = Uint8Array.of(1, 2, 3, 4);
  stage.socket.send("Grüße");
  stage.socket.send(bytes);
  stage.socket.send(bytes.buffer);
  stage.socket.send(bytes.subarray(1, 3));
  stage.socket.send(new DataView(bytes.buffer, 2, 1));
  bytes.fill(9);
  assertEquals(stage.socket.bufferedAmount, 7 + 4 + 4 + 2 + 1);
  await settle();
  assertEquals(stage.socket.bufferedAmount, 0);
  assertEquals(stage.duplex.frames, [
    ["text", "Gr\xc3\xbc\xc3\x9fe"],
    ["binary", "\x01\x02\x03\x04"],
    ["binary", "\x01\x02\x03\x04"],
    ["binary", "\x02\x03"],
    ["binary", "\x03"],
  ]);
  await stage.end();
});

Deno.test("ServerWebSocket.send keeps the order also where a Blob has to be read first", async () => {
  const stage = await new Stage().run();
  stage.socket.send("first");
  stage.socket.send(new Blob(["second"]));
  stage.socket.send("third");
  assertEquals(stage.socket.bufferedAmount, 16);
  stage.socket.close();
  await stage.receive(frame(8));
  await stage.end();
  assertEquals(stage.duplex.frames, [["text", "first"], ["binary", "second"], ["text", "third"], ["close", ""]]);
  assertEquals([stage.socket.bufferedAmount, stage.events.at(-1)], [0, "close 1005  clean"]);
});

Deno.test("ServerWebSocket.send throws before the connection is open, and does nothing after (section 3.1)", async () => {
  const stage = new Stage();
  assertEquals(assertThrows(() => stage.socket.send("early"), DOMException).name, "InvalidStateError");
  await stage.run();
  stage.socket.close();
  stage.socket.send("late");
  stage.socket.send(new Blob(["late"]));
  assertEquals(stage.socket.bufferedAmount, 8);
  await stage.receive(frame(8));
  await stage.end();
  stage.socket.send("ü");
  assertEquals(stage.socket.bufferedAmount, 10);
  assertEquals(stage.duplex.frames, [["close", ""]]);
});

Deno.test("ServerWebSocket gives bytes as an ArrayBuffer or a Blob, as binaryType says (section 3.1)", async () => {
  const stage = new Stage();
  const { socket } = stage;
  const received: unknown[] = [];
  socket.onmessage = ({ data }) => received.push(data);
  await stage.run();
  await stage.receive(binary("\x01\x02"));
  socket.binaryType = "blob";
  await stage.receive(binary("\x03") + text("text"));
  Object.assign(socket, { binaryType: "nothing" });
  assertEquals(socket.binaryType, "blob");
  const [buffer, blob, message] = received;
  assert(buffer instanceof ArrayBuffer && blob instanceof Blob);
  assertEquals([new Uint8Array(buffer), await blob.bytes(), message], [Uint8Array.of(1, 2), Uint8Array.of(3), "text"]);
  await stage.end();
});

const BAD_CLOSES: readonly [code: number | undefined, reason: string | undefined, name: string][] = [
  [1005, undefined, "InvalidAccessError"],
  [1006, undefined, "InvalidAccessError"],
  [999, undefined, "InvalidAccessError"],
  [5000, undefined, "InvalidAccessError"],
  [NaN, undefined, "InvalidAccessError"],
  [1000, "r".repeat(124), "SyntaxError"],
  [undefined, "ü".repeat(62), "SyntaxError"],
];

Deno.test("ServerWebSocket.close refuses codes and reasons that cannot be sent (section 3.1)", async () => {
  const stage = await new Stage().run();
  for (const [code, reason, name] of BAD_CLOSES) {
    assertEquals(assertThrows(() => stage.socket.close(code, reason), DOMException).name, name);
  }
  assertEquals(stage.socket.readyState, WebSocket.OPEN);
  await stage.end();
});

Deno.test("ServerWebSocket.close sends the code, 1000 where there is only a reason, once (RFC 6455 section 7.1.2)", async () => {
  const closes: readonly [args: [code?: number | undefined, reason?: string], payload: string][] = [
    [[], ""],
    [[1011], "\x03\xf3"],
    [[4000, "r".repeat(123)], "\x0f\xa0" + "r".repeat(123)],
    [[undefined, "bye"], "\x03\xe8bye"],
  ];
  for (const [args, payload] of closes) {
    const stage = await new Stage().run();
    stage.socket.close(...args);
    stage.socket.close(3000);
    await stage.receive(close(1000) + close(1001));
    await stage.end();
    assertEquals(stage.duplex.frames, [["close", payload]]);
    assertEquals(stage.events, ["open", "close 1000  clean"]);
  }
});

Deno.test("ServerWebSocket.close before the connection is there closes it without opening it", async () => {
  const stage = new Stage();
  stage.socket.close(1000);
  assertEquals(stage.socket.readyState, WebSocket.CLOSING);
  await stage.run();
  await stage.receive(text("ignored") + close(1000));
  await stage.end();
  assertEquals(stage.duplex.frames, [NORMAL]);
  assertEquals(stage.events, ["close 1000  clean"]);
});

Deno.test("ServerWebSocket that was closed before it ran does not wait for ever either", async () => {
  const stage = new Stage();
  stage.socket.close(1000);
  await stage.run();
  await stage.timers.pass(5_000);
  await stage.ended;
  assertEquals(stage.events.at(-1), "close 1006  unclean");
});

Deno.test("ServerWebSocket takes messages and pings no more once it is closing (section 3, RFC 6455 section 5.5.1)", async () => {
  const stage = new Stage();
  stage.socket.onmessage = () => stage.socket.close(1000);
  await stage.run(text("first") + text("second") + ping("p"));
  await stage.receive(text("third") + close(1000));
  await stage.end();
  assertEquals(stage.events, ["open", "message first", "close 1000  clean"]);
  assertEquals(stage.duplex.frames, [NORMAL]);
});

Deno.test("ServerWebSocket answers a Close of the client with its code (RFC 6455 section 5.5.1)", async () => {
  const stage = new Stage();
  stage.socket.onclose = () => stage.socket.send("too late");
  await stage.run();
  await stage.receive(close(4001, "why"));
  assertEquals([stage.events.at(-1), stage.isEnded], ["close 4001 why clean", false]);
  await stage.end();
  assertEquals(stage.duplex.frames, [["close", "\x0f\xa1why"]]);
});

Deno.test("ServerWebSocket tells the client what it did wrong, and the application too (RFC 6455 section 7.1.7)", async () => {
  const stage = await new Stage().run();
  await stage.receive(text("good") + text("\xff") + text("more"));
  assertEquals(stage.events, ["open", "message good", "error Text is not UTF-8", "close 1006  unclean"]);
  assertEquals(stage.duplex.frames, [["close", "\x03\xefText is not UTF-8"]]);
  assertEquals(stage.duplex.events, ["closeWrite"]);
  await stage.receive("whatever else it sends");
  await stage.end();
});

Deno.test("ServerWebSocket ends with 1006 where the client is gone without a Close (RFC 6455 section 7.1.5)", async () => {
  for (const leave of ["end", "close"] as const) {
    const stage = await new Stage().run();
    stage.duplex[leave]();
    if (leave === "close") stage.duplex.close = () => {};
    await stage.ended;
    assertEquals(stage.events.map((event) => event.split(" ", 2).join(" ").replace(/error .*/, "error")), [
      "open",
      "error",
      "close 1006",
    ]);
  }
});

Deno.test("ServerWebSocket reports what listeners throw or reject with, and goes on", async () => {
  const stage = new Stage();
  const { socket } = stage;
  socket.onmessage = ({ data }) => {
    socket.send(`${data} taken`);
    throw new Error("by a handler");
  };
  socket.addEventListener("message", () => Promise.reject(new Error("by a promise")));
  socket.addEventListener("message", {
    handleEvent() {
      throw new Error("by an object");
    },
  });
  socket.addEventListener("open", () => {
    throw new Error("at open");
  });
  socket.onclose = () => {
    throw new Error("at close");
  };
  await stage.run();
  await stage.receive(text("one"));
  await stage.receive(close(1000));
  await stage.end();
  const messages = stage.reported.map((error) => error instanceof Error ? error.message : "");
  assertEquals(messages, ["at open", "by a handler", "by an object", "by a promise", "at close"]);
  assertEquals(stage.duplex.frames, [["text", "one taken"], NORMAL]);
});

Deno.test("ServerWebSocket has listeners as an EventTarget, and handlers that keep their place (HTML section 8.1.8.1)", async () => {
  const stage = new Stage();
  const { socket } = stage;
  const called: string[] = [];
  const removed = () => called.push("removed");
  const twice = () => called.push("twice");
  socket.onmessage = () => called.push("replaced");
  socket.addEventListener("message", twice);
  socket.addEventListener("message", twice);
  socket.addEventListener("message", removed);
  socket.removeEventListener("message", removed);
  socket.addEventListener("message", () => called.push("once"), { once: true });
  const controller = new AbortController();
  socket.addEventListener("message", () => called.push("aborted"), { signal: controller.signal });
  controller.abort();
  const handler = function (this: WebSocket, event: Event) {
    assertStrictEquals(this, socket);
    assertStrictEquals(event.target, socket);
    called.push("handler");
  };
  socket.onmessage = handler;
  assertStrictEquals(socket.onmessage, handler);
  await stage.run();
  await stage.receive(text("one"));
  socket.onmessage = null;
  await stage.receive(text("two"));
  assertEquals(called, ["handler", "twice", "once", "twice"]);
  assertEquals(stage.reported, []);
  await stage.end();
});

Deno.test("ServerWebSocket pings a silent client, and gives it up when it does not answer (idleTimeout)", async () => {
  const stage = await new Stage({ idleTimeout: 30 }).run();
  await stage.timers.pass(14_999);
  assertEquals(stage.duplex.frames, []);
  await stage.timers.pass(1);
  assertEquals(stage.duplex.frames, [["ping", ""]]);
  await stage.receive(pong());
  await stage.timers.pass(15_000);
  assertEquals(stage.duplex.frames.length, 1, "it has just answered");
  await stage.timers.pass(30_000);
  assertEquals(stage.duplex.frames.slice(1), [["ping", ""], ["close", "\x03\xe9No response from ping frame."]]);
  assertEquals(stage.socket.readyState, WebSocket.CLOSING);
  await stage.timers.pass(5_000);
  await stage.ended;
  assertEquals(stage.events, ["open", "error No response from ping frame.", "close 1006  unclean"]);
  assertEquals(stage.timers.size, 0);
});

Deno.test("ServerWebSocket takes any bytes of a client for a sign of life, but none of its own (idleTimeout)", async () => {
  const stage = await new Stage({ idleTimeout: 30 }).run();
  for (const byte of text("Hello")) {
    await stage.receive(byte);
    await stage.timers.pass(14_000);
  }
  assertEquals(stage.duplex.frames, []);
  for (let i = 0; i < 3; i++) {
    await stage.timers.pass(14_000);
    stage.socket.send("are you there?");
    await settle();
  }
  await stage.ended;
  assertEquals(stage.events.at(-1), "close 1006  unclean");
});

Deno.test("ServerWebSocket waits for ever where idleTimeout is 0, and refuses what is no time", async () => {
  const stage = await new Stage({ idleTimeout: 0 }).run();
  await stage.timers.pass(1e9);
  assertEquals([stage.socket.readyState, stage.duplex.frames], [WebSocket.OPEN, []]);
  await stage.end();
  for (const idleTimeout of [-1, NaN, Infinity]) assertThrows(() => new Stage({ idleTimeout }), RangeError);
});

Deno.test("ServerWebSocket does not wait for ever for the Close of a client (RFC 6455 section 7.1.1)", async () => {
  const stage = await new Stage().run();
  stage.socket.close(1000);
  await stage.receive(text("not a Close"));
  await stage.timers.pass(4_999);
  assertEquals(stage.isEnded, false);
  await stage.timers.pass(1);
  await stage.ended;
  assertEquals(stage.events, ["open", "error Time-out while closing", "close 1006  unclean"]);
});

Deno.test("ServerWebSocket does not wait for ever for the end of a client, and reads what it sends until then", async () => {
  const stage = await new Stage().run();
  await stage.receive(close(1000));
  await stage.timers.pass(4_999);
  await stage.receive("still here");
  assertEquals([stage.isEnded, stage.duplex.events], [false, ["closeWrite"]]);
  await stage.timers.pass(1);
  await stage.ended;
  assertEquals(stage.duplex.events, ["closeWrite", "close"]);
});

Deno.test("FrameWriter makes one write of what is sent in one turn, and of what waits for a write", async () => {
  const stage = new Stage();
  stage.socket.onmessage = ({ data }) => stage.socket.send(data);
  await stage.run(text("a") + text("b") + ping("c"));
  assertEquals([stage.duplex.writes, stage.duplex.frames.length], [1, 3]);
  stage.duplex.window = 0;
  await stage.receive(text("d"));
  await stage.receive(text("e"));
  await stage.receive(text("f"));
  assertEquals([stage.duplex.writes, stage.socket.bufferedAmount], [2, 3]);
  stage.duplex.open(Infinity);
  await settle();
  assertEquals([stage.duplex.writes, stage.socket.bufferedAmount], [3, 0]);
  assertEquals(stage.duplex.frames.map(([, payload]) => payload), ["a", "b", "c", "d", "e", "f"]);
  await stage.end();
});

Deno.test("FrameWriter goes on where a write has taken a part, and joins no more than 64 KiB", async () => {
  const stage = await new Stage().run();
  stage.duplex.window = 0;
  const messages = ["first", "x".repeat(70_000), "y".repeat(20_000), "z".repeat(10_000), "u".repeat(60_000), "last"];
  // What may wait is bounded, but a single message may be longer.
  for (const message of messages.slice(0, 2)) stage.socket.send(message);
  await settle();
  for (let i = 0; i < 10; i++) {
    stage.duplex.open(10_001);
    await settle();
  }
  for (const message of messages.slice(2)) {
    stage.duplex.open(0);
    stage.socket.send(message);
    await settle();
    for (let i = 0; i < 8; i++) {
      stage.duplex.open(9_999);
      await settle();
    }
  }
  assertEquals(stage.duplex.frames.map(([, payload]) => payload), messages);
  await stage.end();
});

Deno.test("ServerWebSocket closes with 1013 where a client takes too little of what it is sent", async () => {
  const stage = await new Stage().run();
  stage.duplex.window = 10;
  stage.socket.send("a".repeat(20));
  await settle();
  for (let i = 0; i < 9; i++) stage.socket.send("b".repeat(120));
  assertEquals(stage.socket.readyState, WebSocket.OPEN, "1098 bytes, the last of them above the bound");
  stage.socket.send("c");
  assertEquals([stage.socket.readyState, stage.socket.bufferedAmount], [WebSocket.CLOSING, 1101]);
  stage.duplex.open(Infinity);
  await settle();
  const reason = "The client takes too little of what it is sent";
  assertEquals(stage.duplex.frames, [["text", "a".repeat(20)], ["close", `\x03\xf5${reason}`]]);
  await stage.receive(close(1013));
  await stage.end();
  assertEquals(stage.events, ["open", "close 1013  clean"]);
});

Deno.test("ServerWebSocket cuts off a client that takes nothing when it is closed, but not one that takes something", async () => {
  const stage = await new Stage({ idleTimeout: 0 }).run();
  stage.duplex.window = 10;
  stage.socket.send("a".repeat(100));
  stage.socket.close(1000);
  await settle();
  for (let i = 0; i < 5; i++) {
    await stage.timers.pass(4_000);
    stage.duplex.open(10);
    await settle();
  }
  assertEquals([stage.isEnded, stage.duplex.written.length], [false, 60]);
  await stage.timers.pass(10_000);
  await stage.ended;
  assertEquals(stage.events.at(-1), "close 1006  unclean");
});

Deno.test("ServerWebSocket keeps a slow client that takes something (idleTimeout)", async () => {
  const stage = await new Stage({ idleTimeout: 30 }).run();
  stage.duplex.window = 10;
  stage.socket.send("a".repeat(200));
  await settle();
  for (let i = 0; i < 15; i++) {
    await stage.timers.pass(14_000);
    stage.duplex.open(10);
    await settle();
  }
  assertEquals(stage.socket.readyState, WebSocket.OPEN);
  await stage.timers.pass(60_000);
  await stage.ended;
  assertEquals(stage.events.at(-1), "close 1006  unclean");
});

Deno.test("ServerWebSocket bounds the Pongs for a client that reads nothing (RFC 6455 section 5.5.3)", async () => {
  const stage = new Stage();
  stage.duplex.window = 0;
  await stage.run(ping("first"));
  for (let i = 0; i < 1000; i++) await stage.receive(ping(String(i)));
  stage.duplex.open(Infinity);
  await settle();
  const payloads = stage.duplex.frames.map(([kind, payload]) => kind === "pong" ? payload : kind);
  assertEquals(payloads, ["first", ...Array.from({ length: 64 }, (_, i) => String(i)), "999"]);
  await stage.end();
});

Deno.test("ServerWebSocket sends nothing behind a Close, also no Pong that waits (RFC 6455 section 5.5.1)", async () => {
  const stage = new Stage();
  stage.duplex.window = 0;
  await stage.run(ping("first"));
  for (let i = 0; i < 100; i++) await stage.receive(ping(String(i)));
  stage.socket.close(1000);
  stage.duplex.open(Infinity);
  await stage.receive(ping("late") + close(1000));
  await stage.end();
  assertEquals([stage.duplex.frames.length, stage.duplex.frames.at(-1)], [66, NORMAL]);
});

Deno.test("ServerWebSocket ends where a Blob cannot be read", async () => {
  const stage = await new Stage().run();
  const blob = new Blob(["lost"]);
  blob.bytes = () => Promise.reject(new Error("The file is gone"));
  stage.duplex.window = 0;
  stage.socket.send("before");
  await settle();
  stage.socket.send(blob);
  stage.socket.send("after");
  // It fails before its turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  stage.duplex.open(Infinity);
  await stage.ended;
  assertEquals(stage.events, ["open", "error The file is gone", "close 1006  unclean"]);
  assertEquals(stage.duplex.frames, [["text", "before"]]);
});

Deno.test("Upgrade.shutdown closes with 1001, and the connection still ends as it should (RFC 6455 section 7.4.1)", async () => {
  const { response, socket } = upgradeWebSocket(handshake());
  const upgrade = takeUpgrade(response);
  assert(upgrade !== undefined);
  const duplex = new FakeDuplex();
  const { setTimer } = new FakeTimers();
  const ended = upgrade.run(duplex, new Uint8Array(0), { report: () => {}, setTimer });
  await settle();
  upgrade.shutdown();
  upgrade.shutdown();
  assertEquals(socket.readyState, WebSocket.CLOSING);
  duplex.receive(close(1001));
  duplex.end();
  await ended;
  assertEquals(duplex.frames, [["close", "\x03\xe9"]]);
});

Deno.test("upgradeWebSocket makes a response that says 101, with the fields of the handshake and those added", () => {
  const { response, socket } = upgradeWebSocket(handshake({ "Sec-WebSocket-Protocol": "chat" }), { protocol: "chat" });
  assertEquals([response.status, response.ok, response.body], [101, false, null]);
  response.headers.append("Set-Cookie", "a=1");
  response.headers.append("Set-Cookie", "b=2");
  assertInstanceOf(socket, EventTarget);
  const upgrade = takeUpgrade(response);
  assertEquals(upgrade?.fields, [
    ["connection", "Upgrade"],
    ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    ["sec-websocket-protocol", "chat"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["upgrade", "websocket"],
  ]);
  assertEquals(takeUpgrade(response), undefined, "it can be taken once");
  assertEquals(takeUpgrade(new Response(null)), undefined);
});

Deno.test("upgradeWebSocket throws what the server answers with where the request is no handshake", () => {
  const error = assertThrows(() => upgradeWebSocket(new Request("http://localhost/")), HttpError);
  assertEquals(error.status, 426);
  assertEquals(assertThrows(() => upgradeWebSocket(handshake(), { protocol: "chat" }), HttpError).status, 400);
});

Deno.test("ServerWebSocket takes a message in fragments between what it sends", async () => {
  const stage = await new Stage().run();
  const whole = fragments(1, ["Hel", "lo"], ping());
  await stage.receive(whole.slice(0, 12));
  stage.socket.send("between");
  await stage.receive(whole.slice(12));
  assertEquals(stage.events.at(-1), "message Hello");
  assertEquals(parseServerFrames(encodeLatin1(stage.duplex.written)), [["text", "between"], ["pong", ""]]);
  await stage.end();
});
