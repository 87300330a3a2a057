/** `websocket_handshake.ts`: RFC 6455 section 4.2. A row is what differs from a good request, and what comes of it. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import type { HandshakeOptions } from "../src/websocket_handshake.ts";
import { acceptHandshake } from "../src/websocket_handshake.ts";

/** The request of section 1.3. */
const REQUEST: Readonly<Record<string, string>> = {
  ":method": "GET",
  "upgrade": "websocket",
  "connection": "Upgrade",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

type Change = Readonly<Record<string, string | null>>;

function accept(change: Change, options?: HandshakeOptions) {
  const fields: Change = { ...REQUEST, ...change };
  return acceptHandshake({ method: fields[":method"] ?? "", get: (name) => fields[name] }, options);
}

const UPGRADE = [["Upgrade", "websocket"], ["Connection", "Upgrade"]] as const;
const VERSION = ["Sec-WebSocket-Version", "13"] as const;
const PLAIN = [...UPGRADE, ["Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]] as const;

Deno.test("acceptHandshake computes the key of the example (section 1.3)", () => {
  assertEquals(accept({}), { fields: PLAIN.map(([name, value]): [string, string] => [name, value]) });
});

const GOOD: readonly [name: string, change: Change][] = [
  ["names in any case, among others", { upgrade: "h2c, WebSocket", connection: "keep-alive, upgrade" }],
  ["offers of subprotocols that nobody wants", { "sec-websocket-protocol": "chat, superchat" }],
  ["empty elements of lists", { "sec-websocket-protocol": " ,chat,, superchat ,", "connection": ",Upgrade," }],
  ["extensions that are not known", { "sec-websocket-extensions": 'foo; bar=1; baz="2" ,x-y' }],
  ["empty lists", { "sec-websocket-extensions": "", "sec-websocket-protocol": "" }],
];

for (const [name, change] of GOOD) {
  Deno.test(`acceptHandshake accepts ${name} (section 4.2.1)`, () => {
    assertEquals(accept(change).fields.map(([field]) => field), ["Upgrade", "Connection", "Sec-WebSocket-Accept"]);
  });
}

type Fields = readonly (readonly [name: string, value: string])[];

const BAD: readonly [name: string, change: Change, status: number, fields: Fields][] = [
  ["POST", { ":method": "POST" }, 405, [["Allow", "GET"]]],
  ["HEAD", { ":method": "HEAD" }, 405, [["Allow", "GET"]]],
  ["no Upgrade", { upgrade: null }, 426, [...UPGRADE, VERSION]],
  ["another Upgrade", { upgrade: "h2c, xwebsocket" }, 426, [...UPGRADE, VERSION]],
  ["no Connection", { connection: null }, 400, []],
  ["Connection that does not name Upgrade", { connection: "keep-alive" }, 400, []],
  ["no version", { "sec-websocket-version": null }, 426, [...UPGRADE, VERSION]],
  ["version 8", { "sec-websocket-version": "8" }, 426, [...UPGRADE, VERSION]],
  ["two versions", { "sec-websocket-version": "13, 8" }, 426, [...UPGRADE, VERSION]],
  ["no key", { "sec-websocket-key": null }, 400, []],
  ["key of 15 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j" }, 400, []],
  ["key of 17 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZTE=" }, 400, []],
  ["key that is no base64", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZ!==" }, 400, []],
  ["two keys", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" }, 400, []],
  ["subprotocol that is no token", { "sec-websocket-protocol": "chat, super chat" }, 400, []],
  ["extension that is no token", { "sec-websocket-extensions": "foo;;bar" }, 400, []],
  ["extension with a quoted value that is no token", { "sec-websocket-extensions": 'foo; a="b c"' }, 400, []],
  ["extension without its value", { "sec-websocket-extensions": "foo; a=" }, 400, []],
];

for (const [name, change, status, fields] of BAD) {
  Deno.test(`acceptHandshake refuses ${name} (section 4.2.1)`, () => {
    const error = assertThrows(() => accept(change), HttpError);
    assertEquals([error.status, error.fields], [status, fields]);
  });
}

Deno.test("acceptHandshake selects the subprotocol that the application wants (section 4.2.2)", () => {
  const { fields } = accept({ "sec-websocket-protocol": "chat,superchat" }, { protocol: "superchat" });
  assertEquals(fields, [...PLAIN, ["Sec-WebSocket-Protocol", "superchat"]]);
});

Deno.test("acceptHandshake refuses where the client does not offer that subprotocol (section 4.1)", () => {
  for (const offers of [null, "chat", "Superchat", "superchat2"]) {
    const error = assertThrows(
      () => accept({ "sec-websocket-protocol": offers }, { protocol: "superchat" }),
      HttpError,
    );
    assertEquals(error.status, 400);
  }
});

Deno.test("acceptHandshake agrees upon compression only where it is wanted (RFC 7692 section 5)", () => {
  const offer = { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" };
  assertEquals(accept(offer), accept({}));
  assertEquals(accept({}, { compress: true }), accept({}));
  const { fields, deflate } = accept(offer, { compress: true });
  assert(deflate !== undefined);
  assertEquals(fields, [...PLAIN, ["Sec-WebSocket-Extensions", deflate.response]]);
});
