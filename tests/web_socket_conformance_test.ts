/**
 * A WebSocket on a real socket, judged by what comes back: the cases that the Autobahn test suite has, by its numbers.
 *
 * The server sends back every message. A row is what the client sends, what it gets, and the code of the Close that it
 * gets in the end: that of the failure, or 1000 in answer to the client's own Close, which is added to such rows. Each
 * row is sent whole, and short ones also byte by byte.
 */

import { assertEquals } from "@std/assert";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import { RawClient } from "./raw_client.ts";
import {
  binary,
  close,
  continuation,
  cut,
  fragments,
  frame,
  parseServerFrames,
  ping,
  pong,
  text,
  utf8,
} from "./web_socket_frames.ts";
import type { ServerFrame } from "./web_socket_frames.ts";
import { WebSocketServer } from "./web_socket_server.ts";
import type { WebSocketServerOptions } from "./web_socket_server.ts";

/** A code, or the whole payload of a Close. */
type Ending = number | string;
type Row = readonly [id: string, sent: string, received: readonly ServerFrame[], ending?: Ending];

/** Up to this length a row is also sent byte by byte. */
const CHOPPED_BYTES = 400;
const CLOSED = 1000, PROTOCOL_ERROR = 1002, INVALID_DATA = 1007, TOO_BIG = 1009;

function echoed(message: string): ServerFrame {
  return ["text", message];
}

function of(length: number, character = "*"): string {
  return character.repeat(length);
}

/** Numbers rows: `6.5.1`, `6.5.2` and so on. */
function each(id: string, payloads: readonly string[], makeRow: (payload: string) => [string, ServerFrame[], Ending?]) {
  return payloads.map((payload, i): Row => [`${id}.${i + 1}`, ...makeRow(payload)]);
}

const MESSAGE_LENGTHS = [0, 125, 126, 127, 128, 65535, 65536];
const FRAMING: readonly Row[] = [
  ...each("1.1", MESSAGE_LENGTHS.map((length) => of(length)), (payload) => [text(payload), [echoed(payload)]]),
  ...each("1.2", MESSAGE_LENGTHS.map((length) => of(length, "\xfe")), (payload) => {
    return [binary(payload), [["binary", payload]]];
  }),
];

const PAYLOAD = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
const TEN = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
const PINGS: readonly Row[] = [
  ["2.1", ping(), [["pong", ""]]],
  ["2.2", ping("Hello, world!"), [["pong", "Hello, world!"]]],
  ["2.3", ping(PAYLOAD), [["pong", PAYLOAD]]],
  ["2.4", ping(of(125, "\xfe")), [["pong", of(125, "\xfe")]]],
  ["2.5", ping(of(126, "\xfe")), [], PROTOCOL_ERROR],
  ["2.7", pong(), []],
  ["2.8", pong("unsolicited"), []],
  ["2.9", pong("unsolicited") + ping("payload"), [["pong", "payload"]]],
  ["2.10", TEN.map((payload) => ping(payload)).join(""), TEN.map((payload): ServerFrame => ["pong", payload])],
];

const RESERVED_BITS: readonly Row[] = [
  ["3.1", text("Hello", { rsv: 1 }), [], PROTOCOL_ERROR],
  ["3.2", text("Hello") + text("Hello", { rsv: 2 }) + ping(), [echoed("Hello")], PROTOCOL_ERROR],
  ["3.4", text("Hello") + text("Hello", { rsv: 3 }) + ping(), [echoed("Hello")], PROTOCOL_ERROR],
  ["3.5", binary(PAYLOAD, { rsv: 4 }), [], PROTOCOL_ERROR],
  ["3.6", ping(PAYLOAD, { rsv: 5 }), [], PROTOCOL_ERROR],
  ["3.7", close(1000, "", { rsv: 7 }), [], PROTOCOL_ERROR],
];

const OPCODES: readonly Row[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Row[] => [
  [`4 opcode ${opcode}`, frame(opcode, "payload"), [], PROTOCOL_ERROR],
  [`4 text and opcode ${opcode}`, text("Hello") + frame(opcode, "") + ping(), [echoed("Hello")], PROTOCOL_ERROR],
]);

const open = { fin: false };
const FRAGMENTS: readonly Row[] = [
  ["5.1", frame(9, "fragment1", open) + continuation("fragment2"), [], PROTOCOL_ERROR],
  ["5.2", frame(10, "fragment1", open) + continuation("fragment2"), [], PROTOCOL_ERROR],
  ["5.3", fragments(1, ["fragment1", "fragment2"]), [echoed("fragment1fragment2")]],
  ["5.6", fragments(1, ["fragment1", "fragment2"], ping("p")), [["pong", "p"], echoed("fragment1fragment2")]],
  ["5.9", continuation("non-continuation") + text("Hello"), [], PROTOCOL_ERROR],
  ["5.12", continuation("non-continuation", open) + text("Hello"), [], PROTOCOL_ERROR],
  [
    "5.15",
    fragments(1, ["fragment1", "fragment2"]) + continuation("fragment3", open) + text("fragment4"),
    [echoed("fragment1fragment2")],
    PROTOCOL_ERROR,
  ],
  ["5.16", continuation("fragment1", open) + text("fragment2"), [], PROTOCOL_ERROR],
  ["5.17", continuation("fragment1") + text("fragment2"), [], PROTOCOL_ERROR],
  ["5.18", text("fragment1", open) + text("fragment2"), [], PROTOCOL_ERROR],
  ["5.19", fragments(1, TEN, ping("p")), [...TEN.slice(1).map((): ServerFrame => ["pong", "p"]), echoed(TEN.join(""))]],
];

/** Text as in Markus Kuhn's "UTF-8 decoder capability and stress test", which the suite follows. */
const KOSME = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((last) => plane << 16 | last))
  .flat();
const GOOD_TEXTS = [
  ...["hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", KOSME],
  ...["\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"],
  ...["\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc"],
  ...NONCHARACTERS.map((code) => utf8(String.fromCodePoint(code))),
];
const CUT_SEQUENCES = [
  ...["\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80"],
  ...["\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"],
];
const SURROGATES = ["\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbf\xbf"];
const BAD_TEXTS = [
  ...[1, 3, 4, 6, 8, 10].map((length) => KOSME.slice(0, length)),
  ...[
    "\xf8\x88\x80\x80\x80",
    "\xfc\x84\x80\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    "\xfb\xbf\xbf\xbf\xbf",
    "\xf4\x90\x80\x80",
  ],
  ...[1, 2, 3, 4, 5, 6].map((length) => "\x80\xbf\x80\xbf\x80\xbf".slice(0, length)),
  ...Array.from({ length: 0x3e }, (_, i) => String.fromCharCode(0xc0 + i, 0x20)),
  ...[...CUT_SEQUENCES, CUT_SEQUENCES.join(""), "\xfe", "\xff", "\xfe\xfe\xff\xff"],
  ...["\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"],
  ...["\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"],
  ...["\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"],
  ...[...SURROGATES, ...SURROGATES.slice(0, 4).flatMap((high) => SURROGATES.slice(4).map((low) => high + low))],
];
const EDITED = `${KOSME}\xed\xa0\x80edited`;
const TEXT: readonly Row[] = [
  ["6.1.1", text(""), [echoed("")]],
  ["6.1.2", fragments(1, ["", "", ""]), [echoed("")]],
  ["6.1.3", fragments(1, ["", "middle", ""]), [echoed("middle")]],
  ["6.2.1", text(utf8("Hello-µ@ßöäüàá-UTF-8!!")), [echoed(utf8("Hello-µ@ßöäüàá-UTF-8!!"))]],
  ["6.2.3", fragments(1, [...utf8("Hello-µ@ßöäüàá-UTF-8!!")]), [echoed(utf8("Hello-µ@ßöäüàá-UTF-8!!"))]],
  ["6.3.1", text(EDITED), [], INVALID_DATA],
  ["6.3.2", fragments(1, [...EDITED]), [], INVALID_DATA],
  ["6.4.1", fragments(1, [KOSME, "\xf4\x90\x80\x80", "edited"]), [], INVALID_DATA],
  ...each("6.5 good", GOOD_TEXTS, (payload) => [text(payload), [echoed(payload)]]),
  ...each("6.5 bad", BAD_TEXTS, (payload) => [text(payload), [], INVALID_DATA]),
];

const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];
const BEHIND = [ping(), text("after")].join("");
const CLOSES: readonly Row[] = [
  ["7.1.1", text("Hello"), [echoed("Hello")]],
  ["7.1.2", close(1000) + close(1000), [], CLOSED],
  ["7.1.3", close(1000) + ping(), [], CLOSED],
  ["7.1.4", close(1000) + text("after"), [], CLOSED],
  ["7.1.5", text("fragment1", open) + close(1000) + continuation("fragment2"), [], CLOSED],
  ["7.1.6", text(of(262144)) + text("Hello") + close(1000) + ping(), [echoed(of(262144)), echoed("Hello")], CLOSED],
  ["7.3.1", frame(8) + BEHIND, [], ""],
  ["7.3.2", frame(8, "a") + BEHIND, [], PROTOCOL_ERROR],
  ["7.3.3", close(1000) + BEHIND, [], CLOSED],
  ["7.3.4", close(1000, "Hello, world!"), [], "\x03\xe8Hello, world!"],
  ["7.3.5", close(1000, of(123)), [], `\x03\xe8${of(123)}`],
  ["7.3.6", close(1000, of(124)), [], PROTOCOL_ERROR],
  ["7.5.1", close(1000, EDITED), [], INVALID_DATA],
  ...GOOD_CODES.map((code): Row => [`7.7 ${code}`, close(code), [], code]),
  ...BAD_CODES.map((code): Row => [`7.9 ${code}`, close(code), [], PROTOCOL_ERROR]),
];

const LARGE = of(1 << 18);
const HUGE = of(1 << 20, "\xf5");
const SIZES: readonly Row[] = [
  ["9.1", text(LARGE), [echoed(LARGE)]],
  ["9.2", binary(HUGE), [["binary", HUGE]]],
  ["9.3 of 64", fragments(1, cut(LARGE, 64)), [echoed(LARGE)]],
  ["9.4 of 65536", fragments(2, cut(HUGE, 65536)), [["binary", HUGE]]],
  ["9.7", of(1000, text("Hello")), Array.from({ length: 1000 }, () => echoed("Hello"))],
  ["10.1", fragments(1, cut(of(65536), 1300)), [echoed(of(65536))]],
];

const LIMITS: readonly Row[] = [
  ["a message as long as may be", text(of(1000)), [echoed(of(1000))]],
  ["a longer one", text(of(1001)), [], TOO_BIG],
  ["a longer one that is announced", binary("", { length: 1n << 40n }), [], TOO_BIG],
  ["a longer one in fragments", fragments(2, [of(500), of(501)]), [], TOO_BIG],
  ["many of them", of(20, text(of(900))), Array.from({ length: 20 }, () => echoed(of(900)))],
];

const GROUPS: readonly [group: string, rows: readonly Row[], options?: WebSocketServerOptions][] = [
  ["1, framing", FRAMING],
  ["2, pings and pongs", PINGS],
  ["3, reserved bits", RESERVED_BITS],
  ["4, opcodes", OPCODES],
  ["5, fragments", FRAGMENTS],
  ["6, text", TEXT],
  ["7, closing", CLOSES],
  ["9 and 10, sizes", SIZES],
  ["10.4 of the RFC, limits", LIMITS, { limits: { messageBytes: 1000, bufferedBytes: 1 << 20, closeMs: 5000 } }],
];

for (const [group, rows, options] of GROUPS) {
  Deno.test(`ServerWebSocket answers as it must, Autobahn section ${group}`, async () => {
    await using server = new WebSocketServer(options);
    for (const row of rows) {
      await check(server, row, 1 << 30);
      if (row[1].length <= CHOPPED_BYTES) await check(server, row, 1);
    }
    assertEquals(server.reported, []);
  });
}

async function check(server: WebSocketServer, [id, sent, received, ending]: Row, pieceBytes: number): Promise<void> {
  const bytes = ending === undefined ? sent + close(1000) : sent;
  const found = await exchange(server, cut(bytes, pieceBytes).map(encodeLatin1));
  const last = found.pop();
  const expected = typeof ending === "string" ? ending : codeOf(ending ?? CLOSED);
  const payload = typeof ending === "string" ? last?.[1] : last?.[1].slice(0, 2);
  assertEquals([last?.[0], payload], ["close", expected], id);
  // A large payload that differs is not to be printed.
  assertEquals(found.length, received.length, id);
  for (const [i, [kind, message]] of received.entries()) {
    if (found[i]?.[0] !== kind || found[i]?.[1] !== message) assertEquals(brief(found[i]), brief([kind, message]), id);
  }
}

function codeOf(code: number): string {
  return String.fromCharCode(code >> 8, code & 0xff);
}

function brief(frame: ServerFrame | undefined): unknown {
  return frame && [frame[0], frame[1].length, frame[1].slice(0, 100)];
}

const HEAD = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** Opens a connection, sends, and reads to the end. */
async function exchange(server: WebSocketServer, pieces: readonly Uint8Array[], fields = ""): Promise<ServerFrame[]> {
  using client = await RawClient.connect(server.address);
  await client.send(`${HEAD}${fields}\r\n`);
  for (let head = ""; !head.endsWith("\r\n\r\n");) head += decodeLatin1(await client.read(1));
  const sending = sendAll(client, pieces);
  const received = await client.readToEnd();
  await sending;
  return parseServerFrames(received);
}

async function sendAll(client: RawClient, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) await client.send(piece);
}

Deno.test("ServerWebSocket takes what came with the handshake (section 4.2.2)", async () => {
  await using server = new WebSocketServer();
  using client = await RawClient.connect(server.address);
  await client.send(`${HEAD}\r\n${text("early")}${close(1000)}`);
  const received = decodeLatin1(await client.readToEnd());
  const frames = received.slice(received.indexOf("\r\n\r\n") + 4);
  assertEquals(parseServerFrames(encodeLatin1(frames)), [["text", "early"], ["close", codeOf(1000)]]);
});

function deflated(message: string, cutAt?: number): string {
  const payload = decodeLatin1(deflateRawSync(encodeLatin1(message), { finishFlush: constants.Z_SYNC_FLUSH }));
  const whole = payload.slice(0, -4);
  if (cutAt === undefined) return text(whole, { rsv: 4 });
  return text(whole.slice(0, cutAt), { rsv: 4, fin: false }) + ping() + continuation(whole.slice(cutAt));
}

function inflate([kind, payload]: ServerFrame): ServerFrame {
  if (!kind.endsWith("+deflate")) return [kind, payload];
  const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff";
  return [kind, decodeLatin1(inflateRawSync(encodeLatin1(payload + tail)))];
}

const JSON_TEXT = JSON.stringify(Array.from({ length: 2000 }, (_, id) => ({ id, name: `name ${id % 17}` })));
/** What is sent compressed. A short answer is not compressed. */
const COMPRESSED: readonly Row[] = [
  ...[0, 16, 64, 256, 1023].map((length): Row => {
    return [`12 ${length}`, deflated(JSON_TEXT.slice(0, length)), [echoed(JSON_TEXT.slice(0, length))]];
  }),
  ...[1024, 8192, 50_000].map((length): Row => {
    return [`12 ${length}`, deflated(JSON_TEXT.slice(0, length)), [["text+deflate", JSON_TEXT.slice(0, length)]]];
  }),
  ["12 in fragments", deflated(JSON_TEXT, 100), [["pong", ""], ["text+deflate", JSON_TEXT]]],
  ["12 not compressed", text("Hello"), [echoed("Hello")]],
  ["12 RSV1 of a continuation", text("", open) + continuation("", { rsv: 4 }), [], PROTOCOL_ERROR],
  ["12 RSV1 of a Ping", ping("", { rsv: 4 }), [], PROTOCOL_ERROR],
  ["12 RSV2", text("", { rsv: 2 }), [], PROTOCOL_ERROR],
  ["12 no compressed data", text("\xff\xff", { rsv: 4 }), [], INVALID_DATA],
  ["12 no UTF-8 in it", deflated("\xc0\xaf"), [], INVALID_DATA],
  ["12 too much in it", deflated(of(100_001)), [], TOO_BIG],
];

Deno.test("ServerWebSocket answers as it must, Autobahn sections 12 and 13, compression", async () => {
  const limits = { messageBytes: 100_000, bufferedBytes: 1 << 20, closeMs: 5000 };
  await using server = new WebSocketServer({ limits, compress: true });
  const offers = [
    "permessage-deflate",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=15",
  ];
  for (const offer of offers) {
    for (const [id, sent, received, ending = CLOSED] of COMPRESSED) {
      const bytes = encodeLatin1(sent + close(1000));
      const frames = await exchange(server, [bytes], `Sec-WebSocket-Extensions: ${offer}\r\n`);
      const found = frames.map(inflate).map((
        [kind, payload],
      ) => [kind, kind === "close" ? payload.slice(0, 2) : payload]);
      assertEquals(found, [...received, ["close", codeOf(Number(ending))]], `${id} after ${offer}`);
    }
  }
});
