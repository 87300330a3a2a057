/** `serveDir` and `serveFile`: the files of a site as Fetch handlers, without a server and through one. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { serveDir, serveFile } from "../mod.ts";
import { UsageError } from "../src/errors.ts";
import type { FetchHandler } from "../src/fetch_handler.ts";
import { fetchHandler } from "../src/fetch_handler.ts";
import { TestServer } from "./connection_server.ts";
import { testWith } from "./permissions.ts";
import { parseAnswers } from "./raw_client.ts";
import { Site } from "./site.ts";

const LARGE = new Uint8Array(3 << 20).map((_, at) => (at * 31 + (at >> 8)) & 0xff);

function makeSite(): Site {
  const site = new Site();
  for (const name of ["index.html", "about.html", "404.html", "docs/index.html"]) site.write(name, name);
  site.write("large.bin", LARGE);
  return site;
}

const ROWS: readonly [path: string, init: RequestInit, status: number, text: string, field?: [string, string]][] = [
  ["/", {}, 200, "index.html", ["content-type", "text/html"]],
  ["/about", {}, 200, "about.html"],
  ["/about.html?q", {}, 308, "", ["location", "./about?q"]],
  ["/docs", {}, 308, "", ["location", "./docs/"]],
  ["/none", {}, 404, "404.html"],
  ["/none", { headers: { accept: "application/json" } }, 404, '{"status":404'],
  ["/", { method: "POST" }, 405, "405 ", ["allow", "GET, HEAD, OPTIONS"]],
  ["/", { method: "OPTIONS" }, 204, "", ["allow", "GET, HEAD, OPTIONS"]],
  ["/", { method: "HEAD" }, 200, ""],
  ["/", { headers: { range: "bytes=0-4" } }, 206, "index", ["content-range", "bytes 0-4/10"]],
  ["/", { headers: { "if-none-match": "*" } }, 304, ""],
  ["/%2e%2e/secret", {}, 404, "404.html"],
];

testWith(["read", "write"], "serveDir answers as the server does", async (t) => {
  using site = makeSite();
  const handler = serveDir(site.path("www"), { cleanUrls: true });
  for (const [path, init, status, text, field] of ROWS) {
    await t.step(`${init.method ?? "GET"} ${path} → ${status}`, async () => {
      const response = await handler(new Request(`http://localhost${path}`, init));
      assertEquals(response.status, status);
      assertEquals((await response.text()).startsWith(text), true);
      if (field !== undefined) assertEquals(response.headers.get(field[0]), field[1]);
    });
  }
});

testWith(["read", "write"], "serveDir gives large files as a stream, which can be ended", async () => {
  using site = makeSite();
  const handler = serveDir(site.path("www"));
  const url = "http://localhost/large.bin";
  assertEquals(await (await handler(new Request(url))).bytes(), LARGE);
  await (await handler(new Request(url))).body?.cancel();
  const copy = (await handler(new Request(url))).clone();
  assertEquals((await copy.bytes()).length, LARGE.length);
});

testWith(["read", "write"], "serveDir lives below a base, and refuses options without meaning", async () => {
  using site = makeSite();
  const handler = serveDir(site.path("www"), { base: "/files" });
  assertEquals(await (await handler(new Request("http://localhost/files/about.html"))).text(), "about.html");
  assertEquals((await handler(new Request("http://localhost/about.html"))).status, 404);
  assertThrows(() => serveDir(".", { base: "files" }), UsageError, "--base");
});

testWith(["read", "write"], "serveFile answers every path with one file", async () => {
  using site = makeSite();
  const handler = serveFile(site.path("about.html"));
  for (const path of ["/", "/a/b?c", "/index.html"]) {
    const response = await handler(new Request(`http://localhost${path}`));
    assertEquals([response.status, await response.text()], [200, "about.html"]);
  }
  const options = { headers: { range: "bytes=0-1" } };
  assertEquals(await (await handler(new Request("http://localhost/x", options))).text(), "ab");
});

testWith(
  ["net", "read", "write"],
  "serveDir passes through the server, with the fields that a handler adds",
  async () => {
    using site = makeSite();
    const files = serveDir(site.path("www"));
    const app: FetchHandler = async (request) => {
      const response = await files(request);
      response.headers.set("X-A", "1");
      return response;
    };
    await using server = new TestServer({ handler: fetchHandler(app), hasBodies: true });
    using client = await server.connect();
    const ask = (path: string, rest = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${rest}\r\n`;
    await client.send(ask("/large.bin") + ask("/about.html") + ask("/none", "Connection: close\r\n"));
    const [large, about, none] = parseAnswers(await client.readToEnd());
    assertEquals([large?.status, large?.body.length, large?.fields.get("x-a")], [200, LARGE.length, "1"]);
    assertEquals(large?.body.findIndex((byte, at) => byte !== LARGE[at]), -1);
    assertEquals([about?.status, about?.fields.get("content-length")], [200, "10"]);
    assertMatch(new TextDecoder().decode(none?.body), /^404/);
    assertEquals(server.events.filter((event) => event.startsWith("error")), []);
  },
);
