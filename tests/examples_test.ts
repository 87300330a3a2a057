/** The applications in `examples/`, started as they say and asked as their clients would. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Ask, Reply } from "./http_client.ts";
import { exchange } from "./http_client.ts";
import { testWith } from "./permissions.ts";
import { ServerProcess } from "./server_process.ts";

const REPOSITORY = new URL("../", import.meta.url);

/** The arguments that an example names in its own first comment. */
async function start(name: string): Promise<ServerProcess> {
  const source = await Deno.readTextFile(new URL(`examples/${name}.ts`, REPOSITORY));
  const [, args = ""] = /^ \* {5}deno run --allow-net --allow-read main\.ts (.*)$/m.exec(source) ?? [];
  assertMatch(args, /--app examples\/\w+\.ts$/);
  return await ServerProcess.start(args.split(" "));
}

function field({ fields }: Reply, wanted: string): string | undefined {
  return fields.find(([name]) => name === wanted)?.[1];
}

function text({ body }: Reply): string {
  return new TextDecoder().decode(body);
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** One after the other. */
const API: readonly { ask: Ask; status: number; text?: string | RegExp; fields?: Record<string, string> }[] = [
  { ask: { path: "/notes" }, status: 200, text: "[]" },
  {
    ask: { method: "POST", path: "/notes", fields: JSON_TYPE, body: '{"text":"Buy salt"}' },
    status: 201,
    text: '{"id":1,"version":1,"text":"Buy salt","done":false}',
    fields: { location: "/notes/1", etag: '"1"' },
  },
  { ask: { path: "/notes/1" }, status: 200, text: /"Buy salt"/, fields: { etag: '"1"' } },
  { ask: { method: "HEAD", path: "/notes/1" }, status: 200, text: "", fields: { etag: '"1"' } },
  {
    ask: {
      method: "PUT",
      path: "/notes/1",
      fields: { ...JSON_TYPE, "If-Match": '"1"' },
      body: '{"text":"Buy salt","done":true}',
    },
    status: 200,
    text: '{"id":1,"version":2,"text":"Buy salt","done":true}',
    fields: { etag: '"2"' },
  },
  {
    ask: { method: "PUT", path: "/notes/1", fields: { ...JSON_TYPE, "If-Match": '"1"' }, body: '{"text":"Lost"}' },
    status: 412,
    text: /"detail":"The note has changed: this is version 2 of it"/,
    fields: { "content-type": "application/problem+json" },
  },
  { ask: { method: "PUT", path: "/notes/9", fields: JSON_TYPE, body: '{"text":"No"}' }, status: 404 },
  { ask: { method: "POST", path: "/notes", fields: JSON_TYPE, body: '{"text":' }, status: 400 },
  { ask: { method: "POST", path: "/notes", fields: JSON_TYPE, body: '{"text":""}' }, status: 422 },
  { ask: { method: "POST", path: "/notes", fields: JSON_TYPE, body: '{"text":"a","done":1}' }, status: 422 },
  { ask: { method: "POST", path: "/notes", body: "text" }, status: 415 },
  { ask: { method: "POST", path: "/notes", fields: JSON_TYPE, body: "x".repeat(2 << 20) }, status: 413 },
  { ask: { method: "PATCH", path: "/notes/1" }, status: 405, fields: { allow: "GET, HEAD, PUT, DELETE, OPTIONS" } },
  { ask: { method: "DELETE", path: "/notes/1", fields: { "If-Match": '"1"' } }, status: 412 },
  { ask: { method: "DELETE", path: "/notes/1" }, status: 204, text: "" },
  { ask: { path: "/notes/1" }, status: 404, fields: { "content-type": "application/problem+json" } },
];

testWith(["net", "read", "run"], "examples/api.ts", async (t) => {
  await using server = await start("api");
  for (const { ask, status, text: expected, fields = {} } of API) {
    await t.step(`${ask.method ?? "GET"} ${ask.path}: ${status}`, async () => {
      const reply = await exchange(server.origin, ask);
      assertEquals(reply.status, status, text(reply));
      if (typeof expected === "string") assertEquals(text(reply), expected);
      else if (expected !== undefined) assertMatch(text(reply), expected);
      for (const [name, value] of Object.entries(fields)) assertEquals(field(reply, name), value, name);
    });
  }
});

/** SHA-256 of "abc", FIPS 180-2 appendix B.1. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

testWith(["net", "read", "run"], "examples/upload.ts", async () => {
  await using server = await start("upload");
  const { origin } = server;
  const streamed = await exchange(origin, { method: "PUT", path: "/files/a%20%C3%A9.txt", body: ["a", "bc"] });
  assertEquals(JSON.parse(text(streamed)), { name: "a é.txt", size: 3, sha256: ABC });
  const long = await exchange(origin, { method: "PUT", path: "/files/long", body: new Uint8Array(8 << 20) });
  assertEquals(JSON.parse(text(long)).size, 8 << 20);

  const form = new FormData();
  form.append("file", new File(["abc"], "<b>.txt"));
  form.append("file", new File([new Uint8Array(2 << 20)], "two"));
  const page = await exchange(origin, { method: "POST", path: "/", body: form });
  assertMatch(text(page), new RegExp(`<b>&lt;b&gt;.txt</b> <span>3 bytes</span> <code>${ABC}</code>`));
  assertMatch(text(page), /<b>two<\/b> <span>2,097,152 bytes<\/span>/);
});

testWith(["net", "read", "run"], "examples/hono.ts", async () => {
  await using server = await start("hono");
  const page = await exchange(server.origin, { path: "/", fields: { "X-Test": "<i>" } });
  assertMatch(text(page), /<dt>x-test<dd>&lt;i&gt;<\/div>/);
  assertMatch(field(page, "set-cookie") ?? "", /^visits=1; /);
  const again = await exchange(server.origin, { path: "/", fields: { Cookie: "visits=41" } });
  assertMatch(text(again), /This is visit 42\./);
  const told = await exchange(server.origin, { path: "/request.json", fields: { Cookie: "visits=3" } });
  const { address, method, visits } = JSON.parse(text(told));
  assertEquals([address, method, visits], ["127.0.0.1", "GET", 3]);
  for (
    const [path, status, expected] of [
      ["/hello?name=Ada", 200, "Hello, Ada!"],
      ["/hello?name=", 400, "A name has 1 to 40 characters."],
      ["/nowhere", 404, "There is nothing at /nowhere."],
    ] as const
  ) {
    const reply = await exchange(server.origin, { path });
    assertEquals([reply.status, text(reply)], [status, expected]);
  }
  const style = await exchange(server.origin, { path: "/style.css" });
  const known = { "If-None-Match": field(style, "etag") ?? "" };
  assertEquals((await exchange(server.origin, { path: "/style.css", fields: known })).status, 304);
});

testWith(["net", "read", "run"], "examples/live.ts", async () => {
  await using server = await start("live");
  const response = await fetch(`${server.origin}/events`);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assert(response.body !== null);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let events = "";
  while (!/(data: .*\n\n){2}$/.test(events)) events += (await reader.read()).value ?? "";
  assertMatch(
    events,
    /^retry: 1000\n\n(data: \{"memoryBytes":\d+,"heapBytes":\d+,"delayMs":[\d.e-]+,"streams":1\}\n\n)+$/,
  );
  // The server does not wait for streams without end: it cuts them.
  const [{ code }] = await Promise.all([server.stop(), assertRejects(() => reader.closed)]);
  assertEquals(code, 0);
});
