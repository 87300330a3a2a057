/**
 * What a Fetch handler may do with its request, and what it may return: by the Fetch standard where that says something,
 * else as `deno serve` has it. The connection is a real one, and the client is Node's.
 */

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestServer } from "./connection_server.ts";
import type { FetchHandler } from "../src/fetch_handler.ts";
import { fetchHandler } from "../src/fetch_handler.ts";
import type { Ask, Reply } from "./http_client.ts";
import { exchange } from "./http_client.ts";

interface Row {
  readonly name: string;
  /** GET where nothing is said of it. */
  readonly ask?: Omit<Ask, "path"> & { readonly path?: string };
  readonly fetch: FetchHandler;
  readonly expected: {
    /** 200 where nothing is said of it. */
    readonly status?: number;
    /** Fields that must be there, or not. */
    readonly fields?: Readonly<Record<string, string | undefined>>;
    /** The content. */
    readonly text?: string;
    /** Whether the connection breaks before the answer is whole. */
    readonly isCut?: boolean;
  };
  /** What the log says, level first. */
  readonly logged?: RegExp;
  /** Why `Deno.serve` answers otherwise; where nothing is said of it, it answers the same. */
  readonly own?: string;
}

const post = (body: NonNullable<Ask["body"]>, fields: Record<string, string> = {}): Omit<Ask, "path"> => ({
  method: "POST",
  fields,
  body,
});
const LOCAL = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;

const BYTES = new TextEncoder().encode("bytes");

/** What went wrong, in two words. */
async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
    return "none";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** What takes a turn of the event loop for each of its pieces; an error among them is thrown. */
async function* slowly<T>(...pieces: readonly T[]): AsyncGenerator<T> {
  for (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

function slowStreamOf(...pieces: readonly unknown[]): ReadableStream {
  return ReadableStream.from(slowly(...pieces));
}

const REQUESTS: readonly Row[] = [
  {
    name: "a request is a Request",
    fetch: (request) => Response.json([request instanceof Request, Object.prototype.toString.call(request)]),
    expected: { text: '[true,"[object Request]"]' },
  },
  {
    name: "method, URL and fields",
    ask: { method: "DELETE", path: "/a%20b?c=%C3%A9", fields: { Host: "example.org:81", "X-A": "b" } },
    fetch: ({ method, url, headers }) => Response.json([method, url, headers.get("x-a")]),
    expected: { text: '["DELETE","http://example.org:81/a%20b?c=%C3%A9","b"]' },
  },
  {
    name: "new Request(request) has all of it",
    ask: { ...post("content", { "X-A": "b" }), path: "/path" },
    fetch: async (request) => {
      const copy = new Request(request);
      return Response.json([
        copy.method,
        new URL(copy.url).pathname,
        copy.headers.get("x-a"),
        await copy.text(),
        request.bodyUsed,
      ]);
    },
    expected: { text: '["POST","/path","b","content",true]' },
  },
  {
    name: "new Request(url, request) has all but the URL",
    ask: post("content"),
    fetch: async (request) => {
      const copy = new Request("http://other.example/x", request);
      return Response.json([copy.method, copy.url, await copy.text()]);
    },
    expected: { text: '["POST","http://other.example/x","content"]' },
  },
  {
    name: "new Request(request, { body }) where the body was read as a stream",
    ask: post("content"),
    fetch: async (request) => {
      await Array.fromAsync(request.body ?? []);
      return Response.json([request.bodyUsed, await new Request(request, { body: "another" }).text()]);
    },
    expected: { text: '[true,"another"]' },
  },
  {
    name: "new Request(request, { body }) where the body was read at once",
    ask: post("content"),
    fetch: async (request) => {
      await request.bytes();
      return Response.json([request.bodyUsed, await new Request(request, { body: "another" }).text()]);
    },
    expected: { text: '[true,"another"]' },
  },
  {
    name: "new Request(request) is refused where the body was read",
    ask: post("content"),
    fetch: async (request) => {
      await request.text();
      return Response.json([await failure(() => new Request(request)), await failure(() => request.clone())]);
    },
    expected: { text: '["TypeError","TypeError"]' },
  },
  {
    name: "a clone and the original both have the body",
    ask: post("content"),
    fetch: async (request) => {
      const clone = request.clone();
      return Response.json([await clone.text(), await request.text(), request.bodyUsed]);
    },
    expected: { text: '["content","content",true]' },
  },
  {
    name: "the two branches of a body both have it",
    ask: post(["one", "two"]),
    fetch: async (request) => {
      const [one, two] = request.body?.tee() ?? [];
      return Response.json([await new Response(one).text(), await new Response(two).text(), request.bodyUsed]);
    },
    expected: { text: '["onetwo","onetwo",true]' },
  },
  {
    name: "a body is read once",
    ask: post("content"),
    fetch: async (request) => {
      const first = await request.text();
      const second = [];
      for (const how of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const) {
        second.push(await failure(() => request[how]()));
      }
      return Response.json([first, request.bodyUsed, ...second]);
    },
    expected: { text: `["content",true${',"TypeError"'.repeat(6)}]` },
  },
  {
    name: "a body is read once, also where it is empty or read by another way",
    ask: post("{}"),
    fetch: async (request) => {
      await request.json();
      return Response.json([await failure(() => request.blob()), await failure(() => request.text())]);
    },
    expected: { text: '["TypeError","TypeError"]' },
  },
  {
    name: "a body that was read has a stream that is used up",
    ask: post("content"),
    fetch: async (request) => {
      await request.text();
      const { body } = request;
      return Response.json([body instanceof ReadableStream, await failure(() => new Response(body).text())]);
    },
    expected: { text: '[true,"TypeError"]' },
  },
  {
    name: "no body: null, and every way to read it gives nothing, several times",
    fetch: async (request) =>
      Response.json([
        request.body,
        await request.text(),
        await request.text(),
        (await request.blob()).size,
        request.bodyUsed,
      ]),
    expected: { text: '[null,"","",0,false]' },
  },
  {
    name: "the content of a GET is none of the handler's",
    ask: { body: "content", fields: { "Content-Length": "7" } },
    fetch: async (request) => Response.json([request.body, await request.text(), request.clone().method]),
    expected: { text: '[null,"","GET"]' },
  },
  {
    name: "a body of length 0 is one",
    ask: { method: "POST", fields: { "Content-Length": "0" } },
    fetch: async (request) => Response.json([await request.text()]),
    expected: { text: '[""]' },
  },
  {
    name: "blob() has the type",
    ask: post("abc", { "Content-Type": "text/x-test" }),
    fetch: async (request) => {
      const blob = await request.blob();
      return Response.json([blob.type, await blob.text()]);
    },
    expected: { text: '["text/x-test","abc"]' },
  },
  {
    name: "formData() with files",
    ask: post(
      formOf([["a", "1"], ["f", new File([new Uint8Array([0, 255, 13, 10])], "ö.bin", { type: "x/y" })], ["a", "2"]]),
    ),
    fetch: async (request) => {
      const form = await request.formData();
      const file = form.get("f");
      assert(file instanceof File);
      return Response.json([form.getAll("a"), file.name, file.type, [...await file.bytes()]]);
    },
    expected: { text: '[["1","2"],"ö.bin","x/y",[0,255,13,10]]' },
  },
  {
    name: "formData() of a form that is URL-encoded",
    ask: post("a=1+2&b=%C3%A9", { "Content-Type": "application/x-www-form-urlencoded" }),
    fetch: async (request) => Response.json([...await request.formData()]),
    expected: { text: '[["a","1 2"],["b","é"]]' },
  },
  {
    name: "formData() of what is no form is the handler's to catch",
    ask: post("text", { "Content-Type": "text/plain" }),
    fetch: async (request) => Response.json(await failure(() => request.formData())),
    expected: { text: '"TypeError"' },
  },
  {
    name: "json() of what is none is the handler's to catch",
    ask: post("{"),
    fetch: async (request) => Response.json(await failure(() => request.json())),
    expected: { text: '"SyntaxError"' },
  },
  {
    name: "a byte-order mark is no text",
    ask: post("\ufeffabc"),
    fetch: async (request) => Response.json((await request.text()).length),
    expected: { text: "3" },
  },
  {
    name: "a reader with buffers of its own",
    own: "its streams are not byte streams",
    ask: post("content"),
    fetch: async (request) => {
      const reader = request.body?.getReader({ mode: "byob" });
      const { value } = await reader?.read(new Uint8Array(3)) ?? {};
      return Response.json([...value ?? []]);
    },
    expected: { text: "[99,111,110]" },
  },
  {
    name: "what the handler adds to a request stays",
    ask: post("content"),
    fetch: async (request) => {
      Object.assign(request, { params: { id: 1 } });
      return Response.json([Reflect.get(request, "params"), await request.clone().text()]);
    },
    expected: { text: '[{"id":1},"content"]' },
  },
  {
    name: "methods that no new Request may have",
    own: "it makes a stream where there is no body",
    ask: { method: "TRACE" },
    fetch: (request) => Response.json([request.method, request.body, request.bodyUsed]),
    expected: { text: '["TRACE",null,false]' },
  },
  {
    name: "the rest of the interface",
    own: "redirect is null",
    fetch: ({ redirect, mode, credentials, cache, referrer, integrity, keepalive, constructor }) =>
      Response.json([redirect, mode, credentials, cache, referrer, integrity, keepalive, constructor === Request]),
    expected: { text: '["follow","cors","same-origin","default","about:client","",false,true]' },
  },
  {
    name: "a request is shown in a log",
    fetch: (request) => new Response(Deno.inspect(request).split("\n")[0] ?? null),
    expected: { text: "Request {" },
  },
];

const RESPONSES: readonly Row[] = [
  {
    name: "a text",
    fetch: () => new Response("Grüße"),
    expected: { fields: { "content-length": "7", "content-type": "text/plain;charset=UTF-8" }, text: "Grüße" },
  },
  {
    name: "no content",
    fetch: () => new Response(),
    expected: { fields: { "content-length": "0", "content-type": undefined }, text: "" },
  },
  {
    name: "bytes, and a view of some of them",
    fetch: () => new Response(new TextEncoder().encode("abcdef").subarray(2, 4)),
    expected: { fields: { "content-length": "2", "content-type": undefined }, text: "cd" },
  },
  {
    name: "an ArrayBuffer and a DataView",
    fetch: () => new Response(new DataView(new TextEncoder().encode("abcdef").buffer, 1, 2)),
    expected: { fields: { "content-length": "2" }, text: "bc" },
  },
  {
    name: "a Blob",
    fetch: () => new Response(new Blob(["ab"], { type: "text/x-test" })),
    expected: { fields: { "content-type": "text/x-test" }, text: "ab" },
  },
  {
    name: "URLSearchParams",
    fetch: () => new Response(new URLSearchParams({ a: "1 2", b: "é" })),
    expected: { fields: { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }, text: "a=1+2&b=%C3%A9" },
  },
  {
    name: "FormData",
    fetch: async () => {
      const response = new Response(formOf([["a", "1"]]));
      const type = response.headers.get("content-type") ?? "";
      const form = await new Response(await response.bytes(), { headers: { "Content-Type": type } }).formData();
      return new Response(`${/^multipart\/form-data; ?boundary=/.test(type)} ${form.get("a")}`);
    },
    expected: { text: "true 1" },
  },
  {
    name: "FormData as it is",
    fetch: () => new Response(formOf([["a", "1"]]), { headers: { "Content-Type": "text/x-own" } }),
    expected: { fields: { "content-type": "text/x-own" } },
  },
  {
    name: "JSON",
    fetch: () => Response.json({ a: [1] }, { status: 201 }),
    expected: { status: 201, fields: { "content-type": "application/json", "content-length": "9" }, text: '{"a":[1]}' },
  },
  {
    name: "an async iterable",
    fetch: () => new Response(slowly(BYTES, BYTES)),
    expected: { fields: { "content-length": undefined, "transfer-encoding": "chunked" }, text: "bytesbytes" },
  },
  {
    name: "a stream that is there at once is sent with its length",
    fetch: () => new Response(new Blob(["content"]).stream()),
    expected: { text: "content" },
  },
  {
    name: "a stream of several pieces",
    fetch: () => new Response(ReadableStream.from([BYTES, BYTES])),
    expected: { fields: { "transfer-encoding": "chunked" }, text: "bytesbytes" },
  },
  {
    name: "empty pieces end nothing",
    fetch: () => new Response(ReadableStream.from([new Uint8Array(0), BYTES, new Uint8Array(0), BYTES])),
    expected: { text: "bytesbytes" },
  },
  {
    name: "a stream that is empty",
    fetch: () => new Response(ReadableStream.from([])),
    expected: { text: "" },
  },
  {
    name: "a stream whose length the handler tells",
    fetch: () => new Response(slowStreamOf(BYTES, BYTES), { headers: { "Content-Length": "10" } }),
    expected: { fields: { "content-length": "10", "transfer-encoding": undefined }, text: "bytesbytes" },
  },
  {
    name: "a stream that is shorter than the length that the handler tells",
    fetch: () => new Response(slowStreamOf(BYTES), { headers: { "Content-Length": "10" } }),
    expected: { isCut: true },
    logged: /^error .*A stream gave 5 bytes, and 10 were promised/m,
  },
  {
    name: "a stream that is longer than the length that the handler tells",
    fetch: () => new Response(slowStreamOf(BYTES, BYTES), { headers: { "Content-Length": "7" } }),
    expected: { isCut: true },
    logged: /^error .*A stream gave 10 bytes, and 7 were promised/m,
    own: "it cuts what is too long",
  },
  {
    name: "a text whose length the handler gets wrong",
    fetch: () => new Response("content", { headers: { "Content-Length": "6" } }),
    expected: { status: 500 },
    logged: /^error .*Content-Length is 6, and the body has 7 bytes/m,
    own: "it sends its own length",
  },
  {
    name: "a length that is none",
    fetch: () => new Response("content", { headers: { "Content-Length": "+7" } }),
    expected: { status: 500 },
    logged: /^error .*Content-Length "\+7" is no length/m,
    own: "it sends its own length",
  },
  {
    name: "a stream of strings, the first of them there at once",
    fetch: () => new Response(ReadableStream.from(["text"]) as ReadableStream<never>),
    expected: { status: 500 },
    logged: /^error .*A stream of a body gave a string instead of a Uint8Array/m,
    own: "it has sent the head",
  },
  {
    name: "a stream of strings, later",
    fetch: () => new Response(slowStreamOf(BYTES, "text")),
    expected: { isCut: true },
    logged: /^error .*A stream of a body gave a string instead of a Uint8Array/m,
    own: "it cuts too, and writes to the console",
  },
  {
    name: "a stream that fails at once",
    fetch: () => new Response(slowStreamOf(new Error("secret"))),
    expected: { isCut: true },
    logged: /^error .*secret/m,
    own: "it cuts too, and writes to the console",
  },
  {
    name: "a stream that fails in the middle",
    fetch: () => new Response(slowStreamOf(BYTES, new Error("secret"))),
    expected: { isCut: true },
    logged: /^error .*secret/m,
    own: "it cuts too, and writes to the console",
  },
  {
    name: "a stream that fails in the middle, with a length",
    fetch: () => new Response(slowStreamOf(BYTES, new Error("secret")), { headers: { "Content-Length": "10" } }),
    expected: { isCut: true },
    logged: /^error .*secret/m,
    own: "it cuts too, and writes to the console",
  },
  {
    name: "several Set-Cookie",
    fetch: () => new Response("", { headers: [["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2, c"]] }),
    expected: { fields: { "set-cookie": "a=1; Path=/ | b=2, c" } },
  },
  {
    name: "other fields that are there twice become a list",
    fetch: () => new Response("", { headers: [["X-A", "1"], ["X-A", "2"]] }),
    expected: { fields: { "x-a": "1, 2" } },
    own: "it keeps them apart",
  },
  {
    name: "204 with fields of a body",
    fetch: () => new Response(null, { status: 204, headers: { "Content-Length": "5", "Content-Type": "text/plain" } }),
    expected: { status: 204, fields: { "content-length": undefined, "content-type": "text/plain" }, text: "" },
    own: "it sends the length",
  },
  {
    name: "304 with fields of a body",
    fetch: () => new Response(null, { status: 304, headers: { "Content-Length": "5", ETag: '"a"' } }),
    expected: { status: 304, fields: { "transfer-encoding": undefined, etag: '"a"' }, text: "" },
  },
  {
    name: "205 has no content",
    fetch: () => new Response(null, { status: 205 }),
    expected: { status: 205, fields: { "content-length": "0" }, text: "" },
    own: "it tells no length",
  },
  {
    name: "a redirect",
    fetch: () => Response.redirect("http://other.example/a b", 307),
    expected: { status: 307, fields: { location: "http://other.example/a%20b", "content-length": "0" } },
  },
  {
    name: "statuses that nobody knows",
    fetch: () => new Response("content", { status: 599 }),
    expected: { status: 599, text: "content" },
  },
  {
    name: "fields of the connection are not the handler's",
    fetch: () =>
      new Response("content", {
        headers: {
          Connection: "X-A",
          "Keep-Alive": "timeout=5",
          "Transfer-Encoding": "gzip",
          Upgrade: "h2c",
          "X-A": "1",
        },
      }),
    expected: {
      fields: {
        "transfer-encoding": undefined,
        "content-length": "7",
        upgrade: undefined,
        "keep-alive": undefined,
        "x-a": "1",
      },
      text: "content",
    },
    own: "it sends some of them",
  },
  {
    name: "a value outside of ASCII",
    fetch: () => new Response("", { headers: { "X-A": "é" } }),
    expected: { fields: { "x-a": "é" } },
  },
  {
    name: "HEAD of a text has its length",
    ask: { method: "HEAD" },
    fetch: () => new Response("content"),
    expected: { fields: { "content-length": "7", "content-type": "text/plain;charset=UTF-8" }, text: "" },
  },
  {
    name: "HEAD of a text with fields has its length",
    ask: { method: "HEAD" },
    fetch: () => new Response("content", { headers: { "X-A": "b" } }),
    expected: { fields: { "content-length": "7", "x-a": "b" }, text: "" },
  },
  {
    name: "HEAD where the handler tells the length",
    ask: { method: "HEAD" },
    fetch: () => new Response(null, { headers: { "Content-Length": "1234" } }),
    expected: { fields: { "content-length": "1234" }, text: "" },
  },
  {
    name: "HEAD where nobody knows the length",
    ask: { method: "HEAD" },
    fetch: () => new Response(null),
    expected: { fields: { "content-length": undefined, "transfer-encoding": undefined }, text: "" },
    own: "it says 0",
  },
  ...[new Error("secret"), undefined].map((reason): Row => ({
    name: `HEAD where the stream ${reason ? "fails" : "hangs"} when it is cancelled`,
    ask: { method: "HEAD" },
    fetch: () =>
      new Response(new ReadableStream({ cancel: () => reason ? Promise.reject(reason) : new Promise(() => {}) })),
    expected: { text: "" },
    own: "only this is in question",
  })),
  {
    name: "a response that was made of another one",
    fetch: () => new Response(new Response("content").body, { status: 201 }),
    expected: { status: 201, text: "content" },
  },
  {
    name: "a clone whose original is not read",
    fetch: () => new Response("content", { headers: { "X-A": "b" } }).clone(),
    expected: { text: "content" },
  },
  {
    name: "the answer of another server",
    fetch: async () => {
      await using other = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        () => new Response("from there"),
      );
      return new Response(await (await fetch(`http://127.0.0.1:${other.addr.port}`)).bytes());
    },
    expected: { text: "from there" },
  },
  {
    name: "Response.error()",
    fetch: () => Response.error(),
    expected: { status: 500 },
    logged: /^error .*ResponseRuleError: A handler returned Response\.error\(\), which is no answer/m,
  },
  {
    name: "a response whose body was read",
    fetch: async () => {
      const response = new Response("content");
      await response.text();
      return response;
    },
    expected: { status: 500 },
    logged: /^error .*ResponseRuleError: .*body was read already/m,
  },
  {
    name: "a response whose body is being read",
    fetch: () => {
      const response = new Response(slowStreamOf(BYTES));
      response.body?.getReader();
      return response;
    },
    expected: { status: 500 },
    logged: /^error .*ResponseRuleError: .*body is read by something else/m,
  },
  ...[undefined, null, "text", { status: 200 }, new Request("http://localhost/")].map((given): Row => ({
    name: `no response but ${Deno.inspect(given).split(" ")[0]}`,
    fetch: () => given as Response,
    expected: { status: 500 },
    logged:
      /^error .*ResponseRuleError: A handler must return a Response, and returned (undefined|null|a string|Object|Request)/m,
  })),
  {
    name: "a handler that throws",
    fetch: () => {
      throw new Error("secret");
    },
    expected: {
      status: 500,
      fields: { "content-type": "text/plain; charset=utf-8" },
      text: "500 Internal Server Error\n",
    },
    logged: /^error .*secret/m,
    own: "its text is another one",
  },
  {
    name: "a handler that rejects with no error",
    fetch: () => Promise.reject(undefined),
    expected: { status: 500 },
    logged: /^error .*500: HttpError: Handler failed/m,
  },
];

function formOf(entries: readonly (readonly [string, string | File])[]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value);
  return form;
}

for (const row of REQUESTS) Deno.test(`fetchHandler, the request: ${row.name}`, () => check(row));
for (const row of RESPONSES) Deno.test(`fetchHandler, the response: ${row.name}`, () => check(row));

async function check(row: Row): Promise<void> {
  await using server = new TestServer({ hasBodies: true, handler: fetchHandler(row.fetch) });
  await checkAnswer(row, server.origin, server.events);
  if (row.logged !== undefined) assertMatch(server.events.join("\n"), row.logged);
  if (row.own === undefined) await checkReference(row);
}

/** The runtime's own server answers the same. */
async function checkReference(row: Row): Promise<void> {
  const onError = () => new Response("Internal Server Error", { status: 500 });
  const options = { hostname: "127.0.0.1", port: 0, onListen() {}, onError };
  await using server = Deno.serve(options, (request, info) => row.fetch(request, Object.assign(info, NO_INFO)));
  await checkAnswer(row, `http://127.0.0.1:${server.addr.port}`, ["answered by Deno.serve"]);
}

/** What it does not have. */
const NO_INFO = {
  trailers: new Headers(),
  localAddr: LOCAL,
  maxBodyBytes: 0,
  hint: () => Promise.reject(new Error("There are no hints")),
};

async function checkAnswer({ ask, expected }: Row, origin: string, events: readonly string[]): Promise<void> {
  const { status = 200, fields = {}, text, isCut = false } = expected;
  let reply;
  try {
    reply = await exchange(origin, { path: "/", ...ask });
  } catch (error) {
    assert(isCut, `the answer is whole: ${error}; ${events}`);
    return;
  }
  assert(!isCut, "the answer is cut short");
  const found = {
    status: reply.status,
    ...(text !== undefined && { text: new TextDecoder().decode(reply.body) }),
    fields: Object.fromEntries(Object.keys(fields).map((name) => [name, join(reply.fields, name)])),
  };
  assertEquals(found, { status, ...(text !== undefined && { text }), fields }, events.join("\n"));
}

function join(fields: Reply["fields"], wanted: string): string | undefined {
  const values = fields.filter(([name]) => name === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(" | ");
}

/** `fetch` takes these codings off, and leaves the fields that tell of them. */
for (const [coding, encode] of [["gzip", gzipSync], ["br", brotliCompressSync], ["deflate", deflateSync]] as const) {
  Deno.test(`fetchHandler passes on what fetch has got from another server with the coding ${coding}`, async () => {
    const text = "from there ".repeat(100);
    const coded = new Uint8Array(encode(text));
    const headers = { "Content-Encoding": coding, "X-Other": "yes" };
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using other = Deno.serve(options, () => new Response(coded, { headers }));
    const isDecoded = coding !== "deflate";
    for (const method of ["GET", "HEAD"]) {
      await check({
        name: coding,
        ask: { method },
        fetch: () => fetch(`http://127.0.0.1:${other.addr.port}/`, { method }),
        expected: {
          fields: { "content-encoding": isDecoded ? undefined : coding, "x-other": "yes" },
          ...(method === "HEAD" ? { text: "" } : isDecoded && { text }),
        },
      });
    }
  });
}
