/**
 * `fetch_request.ts`: the URL of a request, as `URL` has it, or 400: an authority that RFC 3986 allows need not be one of
 * an address. The rest of a request is tested over connections (`fetch_bridge_test.ts`).
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import { makeFetchRequest, readRequestHead } from "../src/fetch_request.ts";
import { requestHead } from "./ask.ts";
import { createRandom } from "./random.ts";

const NOT_OPENED = () => {
  throw new Error("nobody opens the request");
};

const ROWS: readonly [target: string, url: string | 400][] = [
  ["/a?b", "http://localhost/a?b"],
  ["//evil.example/a", "http://localhost//evil.example/a"],
  ["/a/%2e%2e/../b", "http://localhost/b"],
  ["/%2e%2e/b", "http://localhost/b"],
  ["/a/%2E./b", "http://localhost/b"],
  ["/a/%2eb", "http://localhost/a/%2eb"],
  ["/%00%0d%0a", "http://localhost/%00%0d%0a"],
  ["http://b/c", "http://b/c"],
  ["http://b:80/c", "http://b/c"],
  ["http://B%41/", "http://ba/"],
  ["http://[::1]:8080/", "http://[::1]:8080/"],
  ["http://127.1/", "http://127.0.0.1/"],
  ["http://0x7f000001/", "http://127.0.0.1/"],
  ["http://[::::]/", 400],
  ["http://[.]/", 400],
  ["http://[1:2]/", 400],
  ["http://b:65536/", 400],
  ["http://b:65535/", "http://b:65535/"],
  ["http://b:8080/", "http://b:8080/"],
  ["http://b:99999999999/", 400],
  ["http://xn--/", 400],
  ["http://a.xn--a/", 400],
  ["http://xn--bcher-kva/", "http://xn--bcher-kva/"],
  ["http://1.2.3.4.5/", 400],
  ["http://256.0.0.1/", 400],
  ["http://b%00c/", 400],
  ["http://b%2Fc/", 400],
  ["http://%ff/", 400],
];

for (const [target, url] of ROWS) {
  Deno.test(`makeFetchRequest: the URL of ${target} is ${url} (RFC 9110 section 7.1)`, () => {
    const request = makeFetchRequest(requestHead(`GET ${target} HTTP/1.1`), NOT_OPENED);
    if (url === 400) assertEquals(assertThrows(() => request.url, HttpError).status, 400);
    else assertEquals([request.url, new URL(request.url).href], [url, url]);
  });
}

Deno.test("makeFetchRequest: whatever an authority and a path are put together of, the URL is its own one, or 400", () => {
  const random = createRandom(1);
  const parts =
    "a|b-|-|.|..|1|0|0x|0x1|255|xn--|xn--a|bcher-kva|:|:80|:8|:65535|:65536|[::1]|%41|%|%2e|~|!|_|/|//|?|/.|/%2e".split(
      "|",
    );
  let refused = 0;
  for (let count = 0; count < 20_000; count++) {
    const target = `http://${Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join("")}`;
    let head;
    try {
      head = requestHead(`GET ${target} HTTP/1.1`);
    } catch {
      continue;
    }
    try {
      const { url } = makeFetchRequest(head, NOT_OPENED);
      assertEquals(new URL(url).href, url, target);
      assertEquals(url, new URL(target).href);
    } catch (error) {
      if (!(error instanceof HttpError)) throw new Error(target, { cause: error });
      refused++;
    }
  }
  assert(refused > 100, `${refused}`);
});

Deno.test("readRequestHead reads a request of the runtime as one of the server", () => {
  const { method, target, fieldLines, requestLine } = readRequestHead(
    new Request("http://a/b%20c?d", { method: "PUT", headers: { "X-Y": "z" } }),
  );
  assertEquals([method, target, fieldLines.get("x-y"), requestLine], [
    "PUT",
    { form: "origin", path: "/b%20c", query: "?d" },
    "z",
    "PUT /b%20c?d HTTP/1.1",
  ]);
});
