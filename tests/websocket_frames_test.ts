/**
 * `websocket_frames.ts`: RFC 6455 sections 5 to 8. A row is the bytes of a client and what comes of them: its messages,
 * and the code with which the connection fails, if it does. Each row is fed in every way (`feed.ts`).
 */

import { assertEquals } from "@std/assert";
import { WebSocketFailure } from "../src/errors.ts";
import type { ReceiveBuffer } from "../src/receive_buffer.ts";
import type { ReceivedMessage } from "../src/websocket_frames.ts";
import {
  encodeClose,
  encodeFrame,
  encodeText,
  isCloseCode,
  MessageDecoder,
  OPCODE,
  payloadLength,
  unmask,
} from "../src/websocket_frames.ts";
import { assertFed, feed } from "./feed.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import type { Taker } from "./feed.ts";
import { createRandom } from "./random.ts";
import {
  binary,
  close,
  continuation,
  cut,
  fragments,
  frame,
  mask,
  parseServerFrames,
  ping,
  pong,
  text,
  utf8,
} from "./web_socket_frames.ts";

interface Found {
  readonly messages: readonly (readonly string[])[];
  readonly failure?: number;
}

const MAXIMUM_BYTES = 1000;

/** Takes messages as a connection does: after a Close or a failure the rest is not looked at. */
class MessageTaker implements Taker<Found> {
  readonly #decoder: MessageDecoder;
  readonly #messages: string[][] = [];
  #failure: number | undefined;
  #isEnded = false;

  constructor(maximumBytes = MAXIMUM_BYTES, canInflate = false) {
    this.#decoder = new MessageDecoder(maximumBytes, canInflate);
  }

  take(buffer: ReceiveBuffer): void {
    while (!this.#isEnded) {
      const message = this.#next(buffer);
      if (message === undefined) break;
      this.#messages.push(describe(message));
      this.#isEnded = message.kind === "close";
    }
    if (this.#isEnded) buffer.consume(buffer.length);
  }

  found(): Found {
    return { messages: this.#messages, ...(this.#failure === undefined ? {} : { failure: this.#failure }) };
  }

  #next(buffer: ReceiveBuffer): ReceivedMessage | undefined {
    try {
      return this.#decoder.next(buffer);
    } catch (error) {
      if (!(error instanceof WebSocketFailure)) throw error;
      this.#failure = error.code;
      this.#isEnded = true;
      return undefined;
    }
  }
}

function describe(message: ReceivedMessage): string[] {
  switch (message.kind) {
    case "text":
      return ["text", message.text];
    case "close":
      return ["close", String(message.code), message.reason];
    default:
      return [message.kind, decodeLatin1(message.bytes)];
  }
}

type Row = readonly [name: string, bytes: string, messages: readonly (readonly string[])[], failure?: number];

const HELLO = ["text", "Hello"];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  "section 5.7, the examples": [
    ["text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", [HELLO]],
    ["text that is not masked", "\x81\x05\x48\x65\x6c\x6c\x6f", [], 1002],
    ["pong", "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", [["pong", "Hello"]]],
  ],
  "section 5.2, lengths": [
    ["0", text(""), [["text", ""]]],
    ["125", binary("b".repeat(125)), [["binary", "b".repeat(125)]]],
    ["126", binary("b".repeat(126)), [["binary", "b".repeat(126)]]],
    ["1000", text("t".repeat(1000)), [["text", "t".repeat(1000)]]],
    ["two messages", text("Hello") + binary("\x00\xff"), [HELLO, ["binary", "\x00\xff"]]],
    ["2 bytes for 125", text("t".repeat(125), { lengthBytes: 2 }), [], 1002],
    ["2 bytes for 0", text("", { lengthBytes: 2 }), [], 1002],
    ["8 bytes for 126", text("t".repeat(126), { lengthBytes: 8 }), [], 1002],
    ["8 bytes for 65535", binary("", { lengthBytes: 8, length: 65535n }), [], 1002],
    ["65536, too many", binary("", { length: 65536n }), [], 1009],
    ["2 ** 53, too many", binary("", { length: 1n << 53n }), [], 1009],
    ["2 ** 63 - 1, too many", binary("", { length: (1n << 63n) - 1024n }), [], 1009],
    ["2 ** 63", binary("", { length: 1n << 63n }), [], 1002],
  ],
  "section 5.2, reserved bits and opcodes": [
    ...[1, 2, 3, 4, 5, 6, 7].map((rsv): Row => [`RSV ${rsv}`, text("Hello") + text("", { rsv }), [HELLO], 1002]),
    ["RSV of a Ping", ping("", { rsv: 4 }), [], 1002],
    ["RSV of a continuation", frame(1, "", { fin: false }) + continuation("", { rsv: 4 }), [], 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Row => [`opcode ${opcode}`, frame(opcode, ""), [], 1002]),
  ],
  "section 5.3, masking": [
    ["key 0", text("Hello", { key: "\0\0\0\0" }), [HELLO]],
    ["key with high bits", binary("\x80\x7f\xff\x00\x01", { key: "\xff\x80\xfe\x81" }), [[
      "binary",
      "\x80\x7f\xff\x00\x01",
    ]]],
    ["no mask on a Close", frame(8, "", { isBare: true }), [], 1002],
    ["no mask on a continuation", frame(1, "", { fin: false }) + frame(0, "", { isBare: true }), [], 1002],
  ],
  "section 5.4, fragments": [
    ["two", fragments(1, ["Hel", "lo"]), [HELLO]],
    ["three, the first and the last empty", fragments(1, ["", "Hello", ""]), [HELLO]],
    ["three, all empty", fragments(2, ["", "", ""]), [["binary", ""]]],
    ["each of one byte", fragments(2, [..."\x01\x02\x03\x04\x05"]), [["binary", "\x01\x02\x03\x04\x05"]]],
    ["with pings between", fragments(1, ["Hel", "l", "o"], ping("p")), [["ping", "p"], ["ping", "p"], HELLO]],
    ["a Close between", frame(1, "Hel", { fin: false }) + close(1000) + continuation("lo"), [["close", "1000", ""]]],
    ["two messages", fragments(1, ["He", "llo"]) + fragments(2, ["a", "b"]), [HELLO, ["binary", "ab"]]],
    ["nothing to continue", continuation("lo"), [], 1002],
    ["nothing to continue, and more to come", continuation("lo", { fin: false }), [], 1002],
    ["nothing to continue any more", text("Hello") + continuation("lo"), [HELLO], 1002],
    ["not continued", frame(1, "Hel", { fin: false }) + text("lo"), [], 1002],
    ["begun twice", frame(1, "", { fin: false }) + frame(2, "", { fin: false }), [], 1002],
    ["a Ping in fragments", ping("", { fin: false }), [], 1002],
    ["a Close in fragments", close(1000, "", { fin: false }), [], 1002],
  ],
  "section 5.5, control frames": [
    ["empty", ping() + pong(), [["ping", ""], ["pong", ""]]],
    ["125 bytes", ping("p".repeat(125)), [["ping", "p".repeat(125)]]],
    ["126 bytes", ping("p".repeat(126)), [], 1002],
    ["Pong of 126 bytes", pong("p".repeat(126)), [], 1002],
    ["8 bytes for the length", ping("p", { lengthBytes: 8 }), [], 1002],
    ["payload that is no UTF-8", ping("\xff\xfe"), [["ping", "\xff\xfe"]]],
  ],
  "section 5.5.1, Close": [
    ["empty", frame(8), [["close", "1005", ""]]],
    ["code", close(1001), [["close", "1001", ""]]],
    ["code and reason", close(3000, utf8("Grüße")), [["close", "3000", "Grüße"]]],
    ["reason of 123 bytes", close(1000, "r".repeat(123)), [["close", "1000", "r".repeat(123)]]],
    ["reason of 124 bytes", close(1000, "r".repeat(124)), [], 1002],
    ["half a code", frame(8, "\x03"), [], 1002],
    ["reason that is no UTF-8", close(1000, "\xce\xba\xe1"), [], 1007],
    ["what follows is ignored", close(1000) + "\xff\xff\xff", [["close", "1000", ""]]],
  ],
  "section 8.1, text": [
    ["κόσμε", text(utf8("κόσμε")), [["text", "κόσμε"]]],
    ["κόσμε in bytes", fragments(1, [...utf8("κόσμε")]), [["text", "κόσμε"]]],
    ["a byte order mark stays", text(utf8("\ufeffa")), [["text", "\ufeffa"]]],
    ["NUL", text("\0"), [["text", "\0"]]],
    ["ASCII and more", text("a".repeat(100) + utf8("😀")), [["text", "a".repeat(100) + "😀"]]],
    ["cut short", text("\xce\xba\xe1\xbd"), [], 1007],
    ["cut short, in fragments", fragments(1, ["\xce", "\xba\xe1\xbd"]), [], 1007],
    ["surrogate", text("\xed\xa0\x80"), [], 1007],
    ["overlong", text("\xc0\xaf"), [], 1007],
    ["binary may be anything", binary("\xc0\xaf"), [["binary", "\xc0\xaf"]]],
  ],
  "section 10.4, limits": [
    ["1001 bytes", text("t".repeat(1001)), [], 1009],
    ["1001 bytes that do not come", binary("", { length: 1001n }), [], 1009],
    ["1000 bytes in fragments", fragments(1, cut("t".repeat(1000), 300)), [["text", "t".repeat(1000)]]],
    ["1001 bytes in fragments", fragments(1, cut("t".repeat(1001), 300)), [], 1009],
    ["the limit is of each message", text("t".repeat(600)) + text("Hello") + text("t".repeat(600)), [
      ["text", "t".repeat(600)],
      HELLO,
      ["text", "t".repeat(600)],
    ]],
  ],
};

for (const [group, rows] of Object.entries(ROWS)) {
  for (const [name, bytes, messages, failure] of rows) {
    Deno.test(`MessageDecoder ${group}: ${name}`, () => {
      const found = { messages, ...(failure === undefined ? {} : { failure }) };
      assertFed(bytes, { found, rest: "" }, () => new MessageTaker());
    });
  }
}

Deno.test("MessageDecoder waits for what is missing, and leaves it in the buffer (section 5.2)", () => {
  const waits: readonly [bytes: string, rest: string][] = [
    ["\x81", "\x81"],
    ["\x81\xfe\x01", "\x81\xfe\x01"],
    ["\x81\x85\x37\xfa\x21", "\x81\x85\x37\xfa\x21"],
    [ping("pong").slice(0, -1), mask("pong", "\x37\xfa\x21\x3d").slice(0, -1)],
    [text("Hello").slice(0, -1), ""],
  ];
  for (const [bytes, rest] of waits) assertFed(bytes, { found: { messages: [] }, rest }, () => new MessageTaker());
});

Deno.test("MessageDecoder gives bytes that belong to nobody else (section 5.6)", () => {
  const decoder = new MessageDecoder(100_000, false);
  const messages: ReceivedMessage[] = [];
  const taker: Taker<number> = {
    take(buffer) {
      for (let message; (message = decoder.next(buffer)) !== undefined;) messages.push(message);
    },
    found: () => messages.length,
  };
  const payloads = ["a".repeat(3), "b".repeat(40_000), "c".repeat(3)];
  const bytes = payloads.map((payload) => binary(payload)).join("") + fragments(2, ["d".repeat(60_000), "e"]) +
    ping("f");
  feed(cut(bytes, 16_384).map(encodeLatin1), taker, 16_384);
  const texts = messages.map((message) => "bytes" in message ? decodeLatin1(message.bytes) : message.kind);
  assertEquals(texts, [...payloads, "d".repeat(60_000) + "e", "f"]);
  for (const message of messages) {
    if ("bytes" in message) assertEquals(message.bytes.byteLength, message.bytes.buffer.byteLength);
  }
});

Deno.test("MessageDecoder finds the same in random bytes, however they are cut (section 5)", () => {
  const random = createRandom(1);
  const kinds = [0, 0, 1, 1, 2, 8, 9, 10, 3];
  for (let round = 0; round < 300; round++) {
    let bytes = "";
    for (let i = random(6); i >= 0; i--) {
      const payload = Array.from({ length: random(140) }, () => String.fromCharCode(random(4) ? 97 : random(256))).join(
        "",
      );
      const rsv = random(20) === 0 ? random(8) : 0;
      bytes += frame(kinds[random(kinds.length)] ?? 0, payload, { fin: random(3) > 0, rsv });
    }
    const whole = feed([encodeLatin1(bytes)], new MessageTaker(), 16_384);
    for (let way = 0; way < 5; way++) {
      const pieces = cut(bytes, 1 + random(50)).map(encodeLatin1);
      assertEquals(feed(pieces, new MessageTaker(), 16_384), whole);
    }
  }
});

Deno.test("unmask does what section 5.3 says, from every place and on after every cut", () => {
  const key = "\x12\x93\xa4\xf5";
  const number = 0xf5a49312 | 0;
  for (let offset = 0; offset < 5; offset++) {
    for (let length = 0; length < 140; length++) {
      const payload = Array.from({ length }, (_, i) => String.fromCharCode((i * 7 + 200) & 0xff)).join("");
      const bytes = new Uint8Array(offset + length + 3);
      bytes.set(encodeLatin1(mask(payload, key)), offset);
      const middle = offset + Math.floor(length / 3);
      const next = unmask(bytes.subarray(offset, middle), number);
      unmask(bytes.subarray(middle, offset + length), next);
      assertEquals(decodeLatin1(bytes), "\0".repeat(offset) + payload + "\0\0\0");
    }
  }
});

Deno.test("encodeFrame uses as few bytes for the length as can be (section 5.2)", () => {
  const heads: readonly [length: number, head: string][] = [
    [0, "\x82\x00"],
    [125, "\x82\x7d"],
    [126, "\x82\x7e\x00\x7e"],
    [65535, "\x82\x7e\xff\xff"],
    [65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"],
  ];
  for (const [length, head] of heads) {
    const encoded = encodeFrame(OPCODE.binary, new Uint8Array(length).fill(7));
    assertEquals(decodeLatin1(encoded.subarray(0, head.length)), head);
    assertEquals([encoded.length, payloadLength(encoded)], [head.length + length, length]);
    assertEquals(parseServerFrames(encoded), [["binary", "\x07".repeat(length)]]);
  }
  assertEquals(parseServerFrames(encodeFrame(OPCODE.text, encodeLatin1("a"), true)), [["text+deflate", "a"]]);
});

Deno.test("encodeText encodes UTF-8, and replaces what is no text (section 5.6)", () => {
  const texts = ["", "Hello", "a".repeat(126), "ü", "a".repeat(125) + "ü", "κόσμε 😀", "a".repeat(70_000)];
  for (const message of texts) {
    const encoded = encodeText(message);
    assertEquals(parseServerFrames(encoded), [["text", utf8(message)]]);
    assertEquals(payloadLength(encoded), utf8(message).length);
  }
  assertEquals(parseServerFrames(encodeText("a\ud800b")), [["text", "a\xef\xbf\xbdb"]]);
});

Deno.test("encodeClose encodes code and reason, or neither (section 5.5.1)", () => {
  assertEquals(parseServerFrames(encodeClose(1005, "")), [["close", ""]]);
  assertEquals(parseServerFrames(encodeClose(1000, "")), [["close", "\x03\xe8"]]);
  assertEquals(parseServerFrames(encodeClose(4999, "ü")), [["close", "\x13\x87\xc3\xbc"]]);
});

Deno.test("isCloseCode knows the codes that a Close frame may carry (section 7.4)", () => {
  const ranges = [[1000, 1003], [1007, 1014], [3000, 4999]] as const;
  const isInRange = (code: number) => ranges.some(([first, last]) => first <= code && code <= last);
  const codes = [...Array(65536).keys()];
  assertEquals(codes.filter(isCloseCode), codes.filter(isInRange));
});
