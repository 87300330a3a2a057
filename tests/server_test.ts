/** `serve`, the library's face: defaults, wishes, URLs. */

import { assertEquals, assertRejects } from "@std/assert";
import { DEFAULT_OPTIONS, serve, UsageError } from "../mod.ts";
import { completeOptions, isEveryAddress } from "../src/server.ts";
import { testWith } from "./permissions.ts";
import { Site } from "./site.ts";

testWith(["net", "read", "write"], "serve starts with wishes over the defaults, and stops", async () => {
  using site = new Site();
  site.write("index.html", "home");
  const server = await serve({ root: site.path("www"), hostname: "127.0.7.130", port: 0, workers: 1, base: "/a%20b" });
  try {
    assertEquals(server.urls.map((url) => url.replace(/:\d+/, "")), ["http://127.0.7.130/a%20b/"]);
    const answers = await Promise.all(["", "x"].map((path) => fetch(server.urls[0] + path)));
    assertEquals(await Promise.all(answers.map((answer) => answer.text())), ["home", "404 Not Found\n"]);
  } finally {
    await server.stop();
  }
});

testWith(["net", "read"], "serve refuses an option without meaning", async () => {
  await assertRejects(() => serve({ root: ".", port: 0, base: "a" }), UsageError, "--base");
});

Deno.test("completeOptions: with dev for the whole network, unless something else is said", () => {
  const pick = (wishes: Parameters<typeof completeOptions>[0]) => {
    const { hostname, workers, port } = completeOptions({ root: "/srv", ...wishes });
    return [hostname, workers, port];
  };
  const processors = navigator.hardwareConcurrency;
  assertEquals(pick({}), ["localhost", processors, DEFAULT_OPTIONS.port]);
  assertEquals(pick({ dev: true }), ["0.0.0.0", 1, 8080]);
  assertEquals(pick({ dev: true, hostname: "localhost", workers: 3 }), ["localhost", 3, 8080]);
});

Deno.test("isEveryAddress", () => {
  for (const name of ["0.0.0.0", "::", "[::]"]) assertEquals(isEveryAddress(name), true);
  for (const name of ["127.0.0.1", "::1", "localhost"]) assertEquals(isEveryAddress(name), false);
});
