/**
 * Applications that were not written for this server run on it as on `deno serve`: each row is asked of both, with the
 * same module, and the answers are compared.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Program } from "./chromium.ts";
import type { Ask, Reply } from "./http_client.ts";
import { exchange } from "./http_client.ts";
import { testWith } from "./permissions.ts";
import { ServerProcess } from "./server_process.ts";

interface Row {
  readonly name: string;
  /** GET where nothing is said of the method. */
  readonly ask: Ask;
  /** 200 where nothing is said of it. */
  readonly status?: number;
  /** The content. */
  readonly text?: string | RegExp;
  /** Fields that must be there; several values have a line each. */
  readonly fields?: Readonly<Record<string, string | RegExp>>;
}

/**
 * The server's own: who it is, and how it frames a message. A stream that is there at once has a length here, and
 * `deno serve` says of the answer to HEAD that it has none where a framework gives it none.
 */
const OF_THE_SERVER = new Set(["connection", "content-length", "date", "server", "transfer-encoding"]);

const AUTHORIZATION = { Authorization: `Basic ${btoa("ada:lovelace")}` };
const FROM_APP = { Origin: "https://app.example" };
const PREFLIGHT = { ...FROM_APP, "Access-Control-Request-Method": "PUT" };

function json(path: string, content: string, method = "POST"): Ask {
  return { method, path, fields: { "Content-Type": "application/json" }, body: content };
}

function form(path: string, content: string, fields: Record<string, string> = {}): Ask {
  return {
    method: "POST",
    path,
    fields: { "Content-Type": "application/x-www-form-urlencoded", ...fields },
    body: content,
  };
}

function multipart(path: string, entries: readonly (readonly [string, string | File])[]): Ask {
  const body = new FormData();
  for (const [name, value] of entries) body.append(name, value);
  return { method: "POST", path, fields: { Origin: "http://server.example" }, body };
}

const HONO: readonly Row[] = [
  { name: "text", ask: { path: "/" }, text: "Hello", fields: { "content-type": "text/plain;charset=UTF-8" } },
  { name: "HEAD", ask: { method: "HEAD", path: "/" }, text: "" },
  { name: "parameters", ask: { path: "/users/ada/7" }, text: '{"id":"7","name":"ada"}' },
  {
    name: "parameters that do not match",
    ask: { path: "/users/ada/x" },
    status: 404,
    text: '{"missing":"/users/ada/x"}',
  },
  { name: "any path, decoded", ask: { path: "/any/a%20b/%C3%A9" }, text: "/any/a b/é" },
  { name: "query", ask: { path: "/query?a=1&a=2&b=%20" }, text: '{"one":"1","all":["1","2"],"url":"?a=1&a=2&b=%20"}' },
  { name: "pretty JSON", ask: { path: "/json/list?pretty" }, text: '[\n  {\n    "a": 1\n  }\n]' },
  {
    name: "HTML",
    ask: { path: "/html" },
    text: "<h1>Grüße</h1>",
    fields: { "content-type": "text/html; charset=UTF-8" },
  },
  { name: "no content", ask: { path: "/empty" }, status: 204, text: "" },
  { name: "redirect", ask: { path: "/redirect" }, status: 303, fields: { location: "/users/ada/1" } },
  {
    name: "fields",
    ask: { path: "/header", fields: { "X-Test": "a value" } },
    text: "a value",
    fields: { "x-answer": "yes" },
  },
  { name: "the address of the client", ask: { path: "/address" }, text: '"127.0.0.1"' },
  {
    name: "CORS",
    ask: { path: "/cors/data", fields: FROM_APP },
    fields: { "access-control-allow-origin": "https://app.example" },
  },
  {
    name: "CORS preflight",
    ask: { method: "OPTIONS", path: "/cors/data", fields: PREFLIGHT },
    status: 204,
    fields: { "access-control-allow-methods": "GET,PUT", "access-control-max-age": "600" },
  },
  { name: "entity tag", ask: { path: "/etag/text" }, text: "always the same", fields: { etag: /^"[0-9a-f]{40}"$/ } },
  {
    name: "entity tag that is known",
    ask: { path: "/etag/text", fields: { "If-None-Match": '"b8df3cd5237bb0ad84cf5ad76b3ea2dafc45f3f7"' } },
    status: 304,
    text: "",
  },
  {
    name: "compressed with gzip",
    ask: { path: "/compressed/long", fields: { "Accept-Encoding": "gzip" } },
    fields: { "content-encoding": "gzip" },
  },
  {
    name: "compressed with deflate",
    ask: { path: "/compressed/long", fields: { "Accept-Encoding": "deflate" } },
    fields: { "content-encoding": "deflate" },
  },
  {
    name: "not compressed",
    ask: { path: "/compressed/long" },
    text: /^(abc ){1000}$/,
    fields: { "content-length": "4000" },
  },
  {
    name: "basic authentication that is missing",
    ask: { path: "/private/data" },
    status: 401,
    fields: { "www-authenticate": /^Basic / },
  },
  { name: "basic authentication", ask: { path: "/private/data", fields: AUTHORIZATION }, text: "secret" },
  { name: "secure headers", ask: { path: "/secure/page" }, fields: { "x-frame-options": "SAMEORIGIN" } },
  { name: "a time-out of the framework", ask: { path: "/slow/answer" }, status: 504 },
  { name: "language", ask: { path: "/language", fields: { "Accept-Language": "de" } }, text: "de" },
  {
    name: "a method that is overridden",
    ask: { method: "POST", path: "/override/thing", fields: { "X-Method": "PUT" }, body: "content" },
    text: '{"method":"PUT","text":"content"}',
  },
  { name: "methods of one's own", ask: { method: "PURGE", path: "/cache" }, text: "PURGE" },
  { name: "a mounted handler", ask: { path: "/mounted/a/b" }, text: "/a/b" },
  { name: "a mounted application", ask: { path: "/api/things" }, text: "[]" },
  { name: "DELETE", ask: { method: "DELETE", path: "/api/things/1" }, status: 204 },
  { name: "text in", ask: { method: "POST", path: "/echo/text", body: "Grüße" }, text: "Grüße" },
  { name: "text in chunks", ask: { method: "POST", path: "/echo/text", body: ["a", "b", "c"] }, text: "abc" },
  { name: "JSON in", ask: json("/echo/json", '{"a":[1]}', "PUT"), text: '{"got":{"a":[1]}}' },
  { name: "JSON that is none", ask: json("/echo/json", '{"a":', "PUT"), status: 500, text: '{"error":"handled"}' },
  { name: "bytes in", ask: { method: "POST", path: "/echo/bytes", body: new Uint8Array([0, 97, 10]) }, text: "\0a\n" },
  { name: "a stream through", ask: { method: "POST", path: "/echo/stream", body: ["one", "two"] }, text: "onetwo" },
  { name: "a stream of nothing", ask: { method: "POST", path: "/echo/stream" }, text: "" },
  {
    name: "within the limit",
    ask: { method: "POST", path: "/small/echo", body: "0123456789abcdef" },
    text: "0123456789abcdef",
  },
  {
    name: "above the limit",
    ask: { method: "POST", path: "/small/echo", body: "0123456789abcdefg" },
    status: 413,
    text: "Too much",
  },
  {
    name: "within the limit, in chunks",
    ask: { method: "POST", path: "/small/echo", body: ["0123456789", "abcdef"] },
    text: "0123456789abcdef",
  },
  {
    name: "above the limit, in chunks",
    ask: { method: "POST", path: "/small/echo", body: ["0123456789", "abcdefg"] },
    status: 413,
    text: "Too much",
  },
  { name: "a body that is read twice", ask: json("/twice", '{"a":1}'), text: '["{\\"a\\":1}",{"a":1}]' },
  { name: "a body that is cloned", ask: { method: "POST", path: "/clone", body: "copy" }, text: '["copy","copy"]' },
  {
    name: "a form with a file",
    ask: multipart("/form/fields", [
      ["name", "Ada"],
      ["file", new File(["some text"], "a é.txt", { type: "text/plain" })],
      ["many", "1"],
      ["many", "2"],
    ]),
    text: '{"name":"Ada","file":["a é.txt","text/plain",9,"some text"],"many":["1","2"]}',
  },
  {
    name: "a form",
    ask: form("/form/fields", "name=a+b%20c", { Origin: "http://server.example" }),
    text: '{"name":"a b c"}',
  },
  {
    name: "a form of another site",
    ask: form("/form/fields", "name=a", { Origin: "http://evil.example" }),
    status: 403,
  },
  { name: "a validator", ask: json("/order", '{"amount":3}'), status: 201, text: '{"amount":3}' },
  { name: "a validator that refuses", ask: json("/order", '{"amount":0}'), status: 400, text: '{"error":"amount"}' },
  { name: "a validator that cannot parse", ask: json("/order", "{"), status: 400 },
  {
    name: "cookies out",
    ask: { path: "/cookie/set" },
    fields: {
      "set-cookie":
        /^a=1; Path=\/; HttpOnly\nb=zwei%20drei; Max-Age=60; Path=\/; SameSite=Lax\nc=signed\.[\w%]+; Path=\/$/,
    },
  },
  {
    name: "cookies in",
    ask: {
      path: "/cookie/get",
      fields: { Cookie: "a=1; b=zwei%20drei; c=signed.MqHy3Ae50oMma3GJitt6eJKIdvAOqM3TTWGvZBDP%2BUU%3D" },
    },
    text: /^\{"all":\{"a":"1","b":"zwei drei","c":.*\},"signed":"signed"\}$/,
    fields: { "set-cookie": "a=; Max-Age=0; Path=/" },
  },
  {
    name: "a stream of text",
    ask: { path: "/stream/text" },
    text: "one\ntwo\nthree\n",
    fields: { "transfer-encoding": "chunked" },
  },
  { name: "a stream of bytes", ask: { path: "/stream/bytes" }, text: "\0\x01\x02\ufffdpiped" },
  {
    name: "server-sent events",
    ask: { path: "/events" },
    text: /^(event: tick\ndata: line \d\ndata: more\nid: \d\n\n){3}$/,
    fields: { "content-type": "text/event-stream" },
  },
  { name: "HEAD of server-sent events", ask: { method: "HEAD", path: "/events" }, text: "" },
  {
    name: "a file",
    ask: { path: "/static/hello.txt" },
    text: "Hello from the tests of Sockeye.\n",
    fields: { "content-type": "text/plain; charset=utf-8" },
  },
  { name: "a file that is not there", ask: { path: "/static/none.txt" }, status: 404 },
  { name: "a handler that throws", ask: { path: "/fails/error" }, status: 500, text: '{"error":"handled"}' },
  { name: "a handler that throws a status", ask: { path: "/fails/status" }, status: 418, text: "I'm a teapot" },
  { name: "nothing there", ask: { path: "/nowhere" }, status: 404, text: '{"missing":"/nowhere"}' },
];

const ITTY: readonly Row[] = [
  { name: "parameters", ask: { path: "/hello/Ada" }, text: '"Hello, Ada!"' },
  { name: "query", ask: { path: "/query?a=1&a=2&b=" }, text: '{"a":["1","2"],"b":""}' },
  { name: "the rest of a path", ask: { path: "/files/a/b/c.txt" }, text: '{"path":"a/b/c.txt"}' },
  { name: "cookies", ask: { path: "/cookies", fields: { Cookie: "a=1; b=2" } }, text: '{"a":"1","b":"2"}' },
  { name: "JSON in", ask: json("/content", '{"a":1}'), text: '{"content":{"a":1},"type":"application/json"}' },
  { name: "text in", ask: { method: "POST", path: "/content", body: "text" }, text: '{"content":"text","type":null}' },
  { name: "a form", ask: form("/content", "a=b"), text: /"content":\{\}/ },
  {
    name: "the request behind its proxy",
    ask: { method: "POST", path: "/proxied", body: "text" },
    text: '{"text":"text","method":"POST"}',
  },
  { name: "the address of the client", ask: { path: "/address" }, text: '"127.0.0.1"' },
  { name: "created", ask: { path: "/created" }, status: 201, text: '{"id":1}', fields: { location: "/things/1" } },
  { name: "a status that is thrown", ask: { path: "/fails" }, status: 409, text: '{"status":409,"error":"conflict"}' },
  {
    name: "an error that is thrown",
    ask: { path: "/bug" },
    status: 500,
    text: '{"status":500,"error":"told by the router"}',
  },
  { name: "an error that is returned", ask: { path: "/error" }, status: 410 },
  { name: "nothing there", ask: { path: "/none" }, status: 404, text: '{"status":404,"error":"Not Found"}' },
  { name: "any method", ask: { method: "DELETE", path: "/any" }, text: '"DELETE"' },
  { name: "HEAD", ask: { method: "HEAD", path: "/any" }, text: "", fields: { "content-length": "6" } },
  {
    name: "CORS",
    ask: { path: "/hello/Ada", fields: FROM_APP },
    fields: { "access-control-allow-origin": "https://app.example" },
  },
  {
    name: "CORS preflight",
    ask: { method: "OPTIONS", path: "/hello/Ada", fields: PREFLIGHT },
    status: 204,
    fields: { "access-control-allow-methods": "GET,POST" },
  },
];

const H3: readonly Row[] = [
  { name: "text", ask: { path: "/" }, text: "Hello" },
  { name: "HEAD", ask: { method: "HEAD", path: "/" }, text: "" },
  { name: "parameters", ask: { path: "/users/ada/7" }, text: '{"name":"ada","id":"7"}' },
  { name: "query", ask: { path: "/query?a=1&a=2" }, text: '{"a":["1","2"]}' },
  {
    name: "HTML",
    ask: { path: "/html" },
    text: "<h1>Grüße</h1>",
    fields: { "content-type": "text/html; charset=utf-8" },
  },
  { name: "no content", ask: { path: "/nothing" }, status: 204, text: "" },
  { name: "redirect", ask: { path: "/redirect" }, status: 303, fields: { location: "/users/ada/1" } },
  { name: "a number", ask: { path: "/number" }, text: "42" },
  { name: "bytes", ask: { path: "/bytes" }, text: "\0\x01\n", fields: { "content-length": "3" } },
  { name: "a Blob", ask: { path: "/blob" }, text: "a blob", fields: { "content-type": "text/x-blob" } },
  { name: "a Response", ask: { path: "/response" }, status: 202, text: "a response", fields: { "x-own": "yes" } },
  {
    name: "an iterable",
    ask: { path: "/iterable" },
    text: "one two three",
  },
  {
    name: "server-sent events",
    ask: { path: "/events" },
    text: "event: tick\ndata: one\n\nevent: tick\ndata: two\n\n",
    fields: { "content-type": "text/event-stream" },
  },
  {
    name: "basic authentication that is missing",
    ask: { path: "/private/data" },
    status: 401,
    fields: { "www-authenticate": /^Basic / },
  },
  { name: "basic authentication", ask: { path: "/private/data", fields: AUTHORIZATION }, text: "secret" },
  {
    name: "CORS",
    ask: { path: "/cors/data", fields: FROM_APP },
    text: '{"ok":true}',
    fields: { "access-control-allow-origin": "https://app.example" },
  },
  {
    name: "CORS preflight",
    ask: { method: "OPTIONS", path: "/cors/data", fields: PREFLIGHT },
    status: 204,
    fields: { "access-control-allow-methods": "GET,PUT" },
  },
  {
    name: "status and fields of the answer",
    ask: { path: "/marked/here" },
    status: 201,
    text: "marked",
    fields: { "x-mark": "201", "set-cookie": "a=1\nb=2" },
  },
  { name: "a hook on what is not there", ask: { path: "/marked/none" }, status: 404, fields: { "x-mark": "404" } },
  {
    name: "cookies",
    ask: { path: "/cookie", fields: { Cookie: "old=1; x=y" } },
    text: '{"old":"1","x":"y"}',
    fields: { "set-cookie": /^seen=yes; Path=\/\nold=; Max-Age=0/ },
  },
  { name: "JSON in", ask: json("/echo/body", '{"a":1}'), text: '{"got":{"a":1}}' },
  { name: "a form in", ask: form("/echo/body", "a=1&b=2"), text: '{"got":{"a":"1","b":"2"}}' },
  { name: "text in chunks", ask: { method: "POST", path: "/echo/text", body: ["a", "b"] }, text: "ab" },
  { name: "a stream through", ask: { method: "POST", path: "/echo/stream", body: ["a", "b"] }, text: "ab" },
  {
    name: "a form with a file",
    ask: multipart("/form", [["name", "Ada"], ["file", new File(["some text"], "a.txt", { type: "text/plain" })]]),
    text: '{"name":"Ada","file":["a.txt","text/plain","some text"]}',
  },
  { name: "a validator", ask: json("/order", '{"amount":3}'), text: '{"amount":3}' },
  { name: "a validator that refuses", ask: json("/order", "{}"), status: 400, text: /Validation failed/ },
  { name: "a validator that cannot parse", ask: json("/order", "{"), status: 400, text: /Invalid JSON body/ },
  { name: "a handler that throws", ask: { path: "/fails/error" }, status: 500, text: /^((?!secret).)*$/ },
  {
    name: "a handler that throws a status",
    ask: { path: "/fails/status" },
    status: 418,
    text: /"data":\{"brew":false\}/,
  },
  { name: "a hook on errors", ask: { path: "/fails/handled" }, text: '{"handled":409}' },
  { name: "nothing there", ask: { path: "/nowhere" }, status: 404, text: /\[GET\] http:\/\/server\.example\/nowhere/ },
];

/** What they need beside the network and files: h3 looks for colours of the terminal. */
const APPS = [
  { name: "Hono", module: "tests/apps/hono.ts", permissions: [], rows: HONO },
  { name: "itty-router", module: "tests/apps/itty.ts", permissions: [], rows: ITTY },
  { name: "h3", module: "tests/apps/h3.ts", permissions: ["--allow-env=TERM,NO_COLOR,FORCE_COLOR"], rows: H3 },
] as const;

for (const { name, module, permissions, rows } of APPS) {
  testWith(["net", "read", "run"], `an application on ${name} runs as it does on deno serve`, async (t) => {
    const allowed = ["--no-prompt", "--allow-net", "--allow-read", ...permissions];
    await using server = await ServerProcess.start(["-w", "1", "--app", module], { permissions: allowed });
    await using reference = await startReference(allowed, module);
    for (const row of rows) await t.step(row.name, () => check(row, server.origin, reference.found));
  });
}

/** The runtime's own server. */
function startReference(permissions: readonly string[], module: string): Promise<Program> {
  const args = ["serve", ...permissions, "--host", "127.0.0.1", "--port", "0", module];
  return Program.start(Deno.execPath(), args, "stderr", /http:\/\/127\.0\.0\.1:\d+/, "SIGTERM");
}

async function check({ ask, status = 200, text, fields = {} }: Row, ours: string, theirs: string) {
  const asked = { ...ask, fields: { Host: "server.example", ...ask.fields } };
  const [answer, reference] = [await exchange(ours, asked), await exchange(theirs, asked)];
  const content = new TextDecoder().decode(answer.body);
  assertEquals(answer.status, status, content);
  if (text !== undefined) matches(content, text);
  const found = collect(answer.fields);
  for (const [name, value] of Object.entries(fields)) matches(found[name] ?? "", value, name);

  assertEquals([answer.status, content], [reference.status, new TextDecoder().decode(reference.body)]);
  const expected = collect(reference.fields);
  for (const name of new Set([...Object.keys(found), ...Object.keys(expected)])) {
    if (!OF_THE_SERVER.has(name)) assertEquals(found[name], expected[name], name);
  }
}

function matches(found: string, expected: string | RegExp, what = "content"): void {
  if (typeof expected === "string") assertEquals(found, expected, what);
  else assertMatch(found, expected, what);
}

/** The values of a field that is there several times have a line each. */
function collect(fields: Reply["fields"]): Record<string, string> {
  const collected: Record<string, string> = {};
  for (const [name, value] of fields) collected[name] = name in collected ? `${collected[name]}\n${value}` : value;
  return collected;
}
