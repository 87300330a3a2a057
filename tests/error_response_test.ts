/** `error_response.ts`: what a client sees of an error, and what it never sees. */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { errorResponse } from "../src/error_response.ts";
import { HttpError } from "../src/errors.ts";
import { ReusableResponse } from "../src/message.ts";
import { decodeLatin1 } from "./feed.ts";

const TEXT_PLAIN = ["Content-Type", "text/plain; charset=utf-8"] as const;

function textOf({ body }: ReusableResponse): string {
  assert(body instanceof Uint8Array);
  return decodeLatin1(body);
}

const ROWS: readonly [status: number, text: string][] = [
  [400, "400 Bad Request\n"],
  [403, "403 Forbidden\n"],
  [404, "404 Not Found\n"],
  [405, "405 Method Not Allowed\n"],
  [408, "408 Request Timeout\n"],
  [413, "413 Content Too Large\n"],
  [414, "414 URI Too Long\n"],
  [417, "417 Expectation Failed\n"],
  [431, "431 Request Header Fields Too Large\n"],
  [500, "500 Internal Server Error\n"],
  [501, "501 Not Implemented\n"],
  [503, "503 Service Unavailable\n"],
  [505, "505 HTTP Version Not Supported\n"],
];

for (const [status, text] of ROWS) {
  Deno.test(`errorResponse: ${status} is its reason phrase as plain text (RFC 9110 section 15)`, () => {
    const response = errorResponse(new HttpError(status, "/srv/secret"));
    assertEquals([response.status, response.fields, textOf(response)], [status, [TEXT_PLAIN], text]);
  });
}

Deno.test("errorResponse shows neither message, cause nor stack", () => {
  const cause = new Error("secret cause");
  const error = new HttpError(500, "secret message", { cause, fields: [["Retry-After", "1"]] });
  const response = errorResponse(error);
  assert(!/secret|cause|Error:|\.ts/.test(textOf(response) + JSON.stringify(response.fields)));
});

Deno.test("errorResponse is made once for each status, whatever the message", () => {
  const first = errorResponse(new HttpError(404, "one"));
  assert(first instanceof ReusableResponse);
  assertStrictEquals(errorResponse(new HttpError(404, "two")), first);
  assertStrictEquals(errorResponse(new HttpError(404, "three", { close: true, fields: [] })), first);
  assertNotStrictEquals(errorResponse(new HttpError(403, "one")), first);
});

Deno.test("errorResponse sends the field lines of an error, and only with that error", () => {
  const allow = ["Allow", "GET, HEAD"] as const;
  const response = errorResponse(new HttpError(405, "", { fields: [allow] }));
  assertEquals(response.fields, [TEXT_PLAIN, allow]);
  const other = new HttpError(405, "", { fields: [["Allow", "PUT"]] });
  assertEquals(errorResponse(other).fields, [TEXT_PLAIN, ["Allow", "PUT"]]);
  assertEquals(errorResponse(new HttpError(405, "")).fields, [TEXT_PLAIN]);
});

Deno.test("HttpError closes where the end of the message is not known, unless told otherwise", () => {
  for (let status = 400; status < 600; status++) {
    const closes = [400, 408, 413, 414, 417, 431, 505].includes(status);
    assertEquals(new HttpError(status, "").close, closes, `${status}`);
    assertEquals(new HttpError(status, "", { close: !closes }).close, !closes, `${status}`);
  }
});
