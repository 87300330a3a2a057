/** `permessage_deflate.ts`: RFC 7692. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { WebSocketFailure } from "../src/errors.ts";
import { acceptDeflate, deflateMessage, inflateMessage } from "../src/permessage_deflate.ts";
import { encodeLatin1 } from "./octets.ts";
import { createRandom } from "./random.ts";

const BARE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** An offer, and the answer to it; `undefined` where it is declined. */
const OFFERS: readonly [offers: string, response: string | undefined, windowBits?: number][] = [
  ["permessage-deflate", BARE, 15],
  ["permessage-deflate; client_max_window_bits", BARE, 15],
  ["permessage-deflate; client_max_window_bits=8", BARE, 15],
  ["permessage-deflate;server_no_context_takeover;client_no_context_takeover", BARE, 15],
  ["permessage-deflate; server_max_window_bits=15", `${BARE}; server_max_window_bits=15`, 15],
  ["permessage-deflate; server_max_window_bits=9", `${BARE}; server_max_window_bits=9`, 9],
  ['permessage-deflate; server_max_window_bits = "10"', `${BARE}; server_max_window_bits=10`, 10],
  ["permessage-deflate; server_max_window_bits=8", undefined],
  ["permessage-deflate; server_max_window_bits=8, permessage-deflate", BARE, 15],
  ["foo, permessage-deflate; x=1, permessage-deflate; client_max_window_bits=12", BARE, 15],
  ["", undefined],
  ["x-webkit-deflate-frame", undefined],
  ["permessage-deflate; server_max_window_bits", undefined],
  ["permessage-deflate; server_max_window_bits=16", undefined],
  ["permessage-deflate; server_max_window_bits=7", undefined],
  ["permessage-deflate; server_max_window_bits=09", undefined],
  ["permessage-deflate; client_max_window_bits=16", undefined],
  ["permessage-deflate; server_no_context_takeover=1", undefined],
  ["permessage-deflate; client_no_context_takeover; client_no_context_takeover", undefined],
  ["permessage-deflate; constructor", undefined],
];

for (const [offers, response, windowBits] of OFFERS) {
  Deno.test(`acceptDeflate ${response === undefined ? "declines" : "accepts"} ${offers} (section 7.1)`, () => {
    const expected = response === undefined || windowBits === undefined ? undefined : { response, windowBits };
    assertEquals(acceptDeflate(offers), expected);
  });
}

/** The examples of section 7.2.3; those that refer to the message before are not among them. */
const EXAMPLES: readonly [name: string, payload: string][] = [
  ["one block with fixed Huffman codes (7.2.3.1)", "\xf2\x48\xcd\xc9\xc9\x07\x00"],
  ["one block without compression (7.2.3.3)", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"],
  ["a last block (7.2.3.4)", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"],
  ["two blocks (7.2.3.5)", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"],
];

for (const [name, payload] of EXAMPLES) {
  Deno.test(`inflateMessage takes ${name}`, () => {
    assertEquals(new TextDecoder().decode(inflateMessage(encodeLatin1(payload), 5)), "Hello");
  });
}

Deno.test("inflateMessage takes the empty message (section 7.2.3.6)", () => {
  assertEquals(inflateMessage(encodeLatin1("\x00"), 5).length, 0);
});

function failureOf(payload: Uint8Array, maximumBytes: number): number {
  return assertThrows(() => inflateMessage(payload, maximumBytes), WebSocketFailure).code;
}

Deno.test("inflateMessage refuses what is not compressed data (section 7.2.2)", () => {
  const payloads = ["", "\xff\xff", "\x01\x02\x03", "\xf2\x48\xcd\xc9\xc9", "\x00\x05\x00\xfa\xff"];
  for (const payload of payloads) assertEquals(failureOf(encodeLatin1(payload), 100), 1007, JSON.stringify(payload));
});

Deno.test("inflateMessage stops at the limit (RFC 6455 section 10.4)", () => {
  const bomb = deflateRawSync(new Uint8Array(1 << 24), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  assertEquals(failureOf(bomb, (1 << 24) - 1), 1009);
  assertEquals(failureOf(bomb, 1), 1009);
  assertEquals(inflateMessage(bomb, 1 << 24).length, 1 << 24);
});

const PARAMETERS = { response: "", windowBits: 15 };

Deno.test("deflateMessage makes what inflateMessage takes, with every window (section 7.2.1)", () => {
  const message = JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ id: i, name: `Käse ${i % 97}` })));
  const bytes = new TextEncoder().encode(message);
  for (let windowBits = 9; windowBits <= 15; windowBits++) {
    for (const form of [message, bytes]) {
      const payload = deflateMessage(form, { ...PARAMETERS, windowBits });
      assert(payload !== undefined && payload.length < bytes.length / 2);
      assertEquals(inflateMessage(payload, bytes.length), bytes);
      const finishFlush = constants.Z_SYNC_FLUSH;
      assertEquals(new Uint8Array(inflateRawSync(payload, { windowBits, finishFlush })), bytes, "in this window");
    }
  }
});

Deno.test("deflateMessage leaves alone what is short, or gets no shorter", () => {
  const random = createRandom(1);
  assertEquals(deflateMessage("a".repeat(1023), PARAMETERS), undefined);
  assert(deflateMessage("a".repeat(1024), PARAMETERS) !== undefined);
  assertEquals(deflateMessage(Uint8Array.from({ length: 5000 }, () => random(256)), PARAMETERS), undefined);
});
