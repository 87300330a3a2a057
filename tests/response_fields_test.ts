/** `changeFields`: what a site wants to be changed in the fields of responses that know nothing of it. */

import { assertEquals, assertInstanceOf, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import type { FieldLine } from "../src/message.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import type { FieldChanges } from "../src/response_fields.ts";
import { changeFields, NO_CHANGES } from "../src/response_fields.ts";

const OWN: readonly FieldLine[] = [
  ["Content-Type", "text/html"],
  ["X-Content-Type-Options", "nosniff"],
  ["Cache-Control", "no-cache"],
  ["Vary", "Accept-Encoding"],
];
const [TYPE, NOSNIFF, CACHE, VARY] = OWN as [FieldLine, FieldLine, FieldLine, FieldLine];
const PARTS: FieldLine = ["Content-Type", "multipart/byteranges; boundary=a"];
const BODY = new Uint8Array(0);

type Row = readonly [name: string, own: readonly FieldLine[], set: FieldLine[], removed: string[], fields: FieldLine[]];

const ROWS: readonly Row[] = [
  ["replaces, whatever the case", OWN, [["cache-control", "a"]], [], [TYPE, NOSNIFF, ["cache-control", "a"], VARY]],
  ["adds", OWN, [["X-A", "1"], ["X-A", "2"]], [], [TYPE, NOSNIFF, CACHE, ["X-A", "1"], ["X-A", "2"], VARY]],
  ["removes", OWN, [], ["cache-control", "content-type"], [NOSNIFF, VARY]],
  ["removes what is not there", OWN, [], ["x-a"], [...OWN]],
  ["removes before it sets", OWN, [["X-A", "1"]], ["x-a"], [TYPE, NOSNIFF, CACHE, ["X-A", "1"], VARY]],
  ["adds to Vary, RFC 9110 section 12.5.5", OWN, [["Vary", "Origin, accept-encoding"]], [], [
    ...[TYPE, NOSNIFF, CACHE],
    ["Vary", "Accept-Encoding, Origin"],
  ]],
  ["joins lines of Vary", [["Vary", "A"], ["vary", "b, A"]], [["VARY", "c"]], [], [["Vary", "A, b, c"]]],
  ["keeps the server's Vary", OWN, [], ["vary"], [...OWN]],
  ["sets Vary where there is none", [TYPE], [["Vary", "Origin"]], [], [TYPE, ["Vary", "Origin"]]],
  ["keeps the type of several ranges", [PARTS], [["Content-Type", "text/plain"]], [], [PARTS]],
];

for (const [name, own, set, removed, fields] of ROWS) {
  Deno.test(`changeFields ${name}`, () => {
    const response = changeFields(new HttpResponse(200, own, BODY), { set, removed });
    assertEquals([response.status, response.fields, response.body], [200, fields, BODY]);
  });
}

Deno.test("changeFields says nothing of the content in a 304, RFC 9110 section 15.4.5", () => {
  const changes: FieldChanges = { set: [["content-type", "text/plain"], ["X-A", "1"]], removed: [] };
  assertEquals(changeFields(new HttpResponse(304, [CACHE], BODY), changes).fields, [CACHE, ["X-A", "1"]]);
});

Deno.test("changeFields gives back the very same response where there is nothing to do", () => {
  const response = new HttpResponse(200, OWN, BODY);
  assertStrictEquals(changeFields(response, NO_CHANGES), response);
});

Deno.test("changeFields changes a response that is used again once", () => {
  const response = new ReusableResponse(200, OWN, BODY);
  const changes: FieldChanges = { set: [["X-A", "1"]], removed: [] };
  const changed = changeFields(response, changes);
  assertInstanceOf(changed, ReusableResponse);
  assertStrictEquals(changeFields(response, changes), changed);
  assertNotStrictEquals(changeFields(response, { ...changes }), changed);
  assertEquals(response.fields, OWN);
});
