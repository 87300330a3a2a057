/** `error_response.ts`: what a client sees of an error in each of the three forms, and what it never sees. */

import { assert, assertEquals, assertMatch, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { errorFields, errorResponse, STYLE } from "../src/error_response.ts";
import { HttpError } from "../src/errors.ts";
import type { FieldLine } from "../src/message.ts";
import { ReusableResponse } from "../src/message.ts";
import { decodeLatin1 } from "./octets.ts";

const HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const JSON_ONLY = "application/json";

const NOSNIFF: FieldLine = ["X-Content-Type-Options", "nosniff"];
/** Behind the fields of the error. */
const LAST: readonly FieldLine[] = [["Cache-Control", "no-cache"], ["Vary", "Accept"]];

/** The value of `Content-Type` of each form, and an `Accept` that leads to it. */
const FORMS: readonly [form: string, contentType: string, accept: string | undefined][] = [
  ["html", "text/html; charset=utf-8", HTML],
  ["json", "application/problem+json", JSON_ONLY],
  ["text", "text/plain; charset=utf-8", undefined],
];

function textOf({ body }: ReusableResponse): string {
  assert(body instanceof Uint8Array);
  return decodeLatin1(body);
}

/** The policy of the page, which stands behind all other fields. */
function policyOf(response: ReusableResponse): string {
  const [name, value] = response.fields.at(-1) ?? [];
  assertEquals(name, "Content-Security-Policy");
  return value ?? "";
}

const ROWS: readonly [status: number, title: string][] = [
  [400, "400 Bad Request"],
  [403, "403 Forbidden"],
  [404, "404 Not Found"],
  [405, "405 Method Not Allowed"],
  [408, "408 Request Timeout"],
  [412, "412 Precondition Failed"],
  [413, "413 Content Too Large"],
  [414, "414 URI Too Long"],
  [416, "416 Range Not Satisfiable"],
  [417, "417 Expectation Failed"],
  [431, "431 Request Header Fields Too Large"],
  [500, "500 Internal Server Error"],
  [501, "501 Not Implemented"],
  [503, "503 Service Unavailable"],
  [505, "505 HTTP Version Not Supported"],
];

for (const [status, title] of ROWS) {
  const error = new HttpError(status, "/srv/secret");
  /** The sentence of the page and of the problem. */
  const detail = () => {
    const { detail } = JSON.parse(textOf(errorResponse(error, JSON_ONLY)));
    assertMatch(detail, /^[A-Z][^.]+\.(?: [A-Z][^.]+\.)?$/, "a sentence or two");
    return detail;
  };

  Deno.test(`errorResponse: ${status} is its reason phrase as plain text (RFC 9110 section 15)`, () => {
    const response = errorResponse(error, undefined);
    const fields = [["Content-Type", "text/plain; charset=utf-8"], NOSNIFF, ...LAST];
    assertEquals([response.status, response.fields], [status, fields]);
    assertEquals(textOf(response), `${title}\n`);
  });

  Deno.test(`errorResponse: ${status} is a problem as JSON (RFC 9457 section 3)`, () => {
    const response = errorResponse(error, JSON_ONLY);
    assertEquals([response.status, response.fields], [
      status,
      [["Content-Type", "application/problem+json"], NOSNIFF, ...LAST],
    ]);
    assertEquals(JSON.parse(textOf(response)), { status, title: title.slice(4), detail: detail() });
    assert(textOf(response).endsWith("}\n"));
  });

  Deno.test(`errorResponse: ${status} is a page`, () => {
    const response = errorResponse(error, HTML);
    assertEquals([response.status, response.fields.slice(0, -1)], [
      status,
      [["Content-Type", "text/html; charset=utf-8"], NOSNIFF, ...LAST],
    ]);
    const text = textOf(response);
    assertMatch(text, /^<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n/);
    assert(text.includes('<meta name="viewport" content="width=device-width">'), "fits a phone");
    assert(text.includes(`<title>${title}</title>`));
    assertEquals(/<main>\n(.*)\n<\/main>/s.exec(text)?.[1], `<h1>${title}</h1>\n<p>${detail()}</p>`);
    assert(!/<(?!\/?(?:!doctype|html|meta|title|style|main|h1|p)\b)|\b(?:src|href|on\w+|style)=/.test(text), text);
  });
}

Deno.test("errorResponse: its page needs no more than its one style sheet, and the policy allows no more", async () => {
  const response = errorResponse(new HttpError(404, ""), HTML);
  const styles = [...textOf(response).matchAll(/<style>(.*?)<\/style>/gs)].map(([, style]) => style);
  assertEquals(styles, [STYLE]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE))).toBase64();
  assertEquals(policyOf(response).split("; ").sort(), [
    "base-uri 'none'",
    "default-src 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    `style-src 'sha256-${digest}'`,
  ]);
});

Deno.test("errorResponse: the style sheet of its page follows the scheme of the system and loads nothing", () => {
  assert(STYLE.includes("color-scheme:light dark"));
  assert(!/url\(|@import|</.test(STYLE));
});

const ACCEPTS: readonly [accept: string | undefined, contentType: string][] = [
  [undefined, "text/plain; charset=utf-8"],
  ["*/*", "text/plain; charset=utf-8"],
  ["image/avif,image/webp,*/*;q=0.8", "text/plain; charset=utf-8"],
  ["text/plain", "text/plain; charset=utf-8"],
  ["nonsense", "text/plain; charset=utf-8"],
  [HTML, "text/html; charset=utf-8"],
  ["text/html", "text/html; charset=utf-8"],
  ["application/json, text/plain, */*", "application/problem+json"],
  ["application/json", "application/problem+json"],
  ["application/json;q=0.5, text/html;q=0.9", "text/html; charset=utf-8"],
];

for (const [accept, contentType] of ACCEPTS) {
  Deno.test(`errorResponse: Accept ${accept ?? "absent"} gets ${contentType} (RFC 9110 section 12.5.1)`, () => {
    const { fields } = errorResponse(new HttpError(404, ""), accept);
    assertEquals(fields[0], ["Content-Type", contentType]);
  });
}

for (const [form, , accept] of FORMS) {
  Deno.test(`errorResponse shows neither message, cause nor stack as ${form}`, () => {
    const cause = new Error("secret cause");
    const error = new HttpError(500, "secret message", { cause, fields: [["Retry-After", "1"]] });
    const response = errorResponse(error, accept);
    assert(!/secret|cause|Error:|\.ts/.test(textOf(response) + JSON.stringify(response.fields)));
  });

  Deno.test(`errorResponse is made once for each status as ${form}, whatever the message`, () => {
    const first = errorResponse(new HttpError(404, "one"), accept);
    assert(first instanceof ReusableResponse);
    assertStrictEquals(errorResponse(new HttpError(404, "two"), accept), first);
    assertStrictEquals(errorResponse(new HttpError(404, "three", { close: true, fields: [] }), accept), first);
    assertNotStrictEquals(errorResponse(new HttpError(403, "one"), accept), first);
    for (const [other, , otherAccept] of FORMS) {
      if (other !== form) assertNotStrictEquals(errorResponse(new HttpError(404, "one"), otherAccept), first);
    }
  });

  Deno.test(`errorResponse sends the field lines of an error as ${form}, and only with that error`, () => {
    const fieldsOf = (fields: readonly FieldLine[]) =>
      errorResponse(new HttpError(405, "", { fields }), accept).fields.filter(([name]) => /^(?:Allow|X-A)$/.test(name));
    assertEquals(fieldsOf([["Allow", "GET, HEAD"], ["X-A", "a"]]), [["Allow", "GET, HEAD"], ["X-A", "a"]]);
    assertEquals(fieldsOf([["Allow", "PUT"]]), [["Allow", "PUT"]]);
    assertEquals(fieldsOf([]), []);
  });
}

Deno.test("errorFields puts the fields of the error between its own, and never keeps its caching rule", () => {
  const fields: readonly FieldLine[] = [
    ["Content-Range", "bytes */3"],
    ["Cache-Control", "public, max-age=31536000, immutable"],
    ["Vary", "Accept-Encoding"],
  ];
  const expected = [
    ["Content-Type", "text/html"],
    NOSNIFF,
    ["Content-Range", "bytes */3"],
    ["Vary", "Accept-Encoding"],
    ...LAST,
  ];
  assertEquals(errorFields("text/html", fields), expected);
  const { fields: answered } = errorResponse(new HttpError(416, "", { fields }), HTML);
  assertEquals(answered.slice(1, -1), expected.slice(1));
});

Deno.test("HttpError closes where the end of the message is not known, unless told otherwise", () => {
  for (let status = 400; status < 600; status++) {
    const closes = [400, 408, 413, 414, 417, 431, 505].includes(status);
    assertEquals(new HttpError(status, "").close, closes, `${status}`);
    assertEquals(new HttpError(status, "", { close: !closes }).close, !closes, `${status}`);
  }
});
