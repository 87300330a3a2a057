/** Tables of routes: which handler answers what, methods, groups, middleware, errors, and mistakes in a table. */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { AnyFetchHandler, Middleware, RouteHandler, Router } from "../mod.ts";
import { route } from "../mod.ts";

/** A handler that answers with a text and the parameters. */
function say(text: string): RouteHandler {
  return (_request, { params }) => new Response([text, ...Object.values(params)].join(" "));
}

const TABLE = route({
  "/": say("root"),
  "GET /users": say("list"),
  "POST /users": say("create"),
  "GET /users/:id": say("show"),
  "GET /users/me": say("me"),
  "HEAD /users/me": () => new Response(null, { headers: { "X-Head": "1" } }),
  "DELETE /users/:id": say("delete"),
  "OPTIONS /custom": say("options"),
  "PUT /custom": say("custom"),
  "/any/:x": say("any"),
  "GET /any/:x": say("get"),
  "POST /files/upload": say("upload"),
  "GET /files/*": say("file"),
  "GET /numbers/:n(\\d+)": say("number"),
  "{/:language}?/about": say("about"),
});

/** A request and its answer; `allow` is the field `Allow`. */
const ANSWERS: readonly [request: string, status: number, body: string, allow?: string][] = [
  ["GET /", 200, "root"],
  ["PATCH /", 200, "root"],
  ["PROPFIND /", 200, "root"],
  ["OPTIONS /", 200, "root"],
  ["HEAD /", 200, ""],
  ["GET /?a=b#c", 200, "root"],
  ["GET /users", 200, "list"],
  ["GET /users?x=/users/7", 200, "list"],
  ["GET /users#/7", 200, "list"],
  ["POST /users", 200, "create"],
  ["GET /users/7", 200, "show 7"],
  ["GET /users/J%C3%BCrgen%2F", 200, "show J%C3%BCrgen%2F"],
  ["GET /users/Jürgen", 200, "show J%C3%BCrgen"],
  ["GET /users/me", 200, "me"],
  ["GET /users/../users/./me", 200, "me"],
  ["DELETE /users/me", 200, "delete me"],
  ["HEAD /users/7", 200, ""],
  ["GET /any/1", 200, "get 1"],
  ["POST /any/1", 200, "any 1"],
  ["GET /files/", 200, "file "],
  ["GET /files/a/b", 200, "file a/b"],
  ["GET /files/upload", 200, "file upload"],
  ["POST /files/upload", 200, "upload"],
  ["GET /numbers/12", 200, "number 12"],
  ["GET /about", 200, "about "],
  ["GET /en/about", 200, "about en"],
  // No pattern matches.
  ["GET /users/", 404, "Not Found"],
  ["GET /Users", 404, "Not Found"],
  ["GET //users", 404, "Not Found"],
  ["GET /numbers/x", 404, "Not Found"],
  ["OPTIONS /nowhere", 404, "Not Found"],
  ["HEAD /nowhere", 404, ""],
  // No pattern that matches has the method: RFC 9110 sections 9.3.7 and 15.5.6.
  ["PUT /users", 405, "Method Not Allowed", "GET, HEAD, POST, OPTIONS"],
  ["get /users", 200, "list"],
  ["PROPFIND /users", 405, "Method Not Allowed", "GET, HEAD, POST, OPTIONS"],
  ["POST /users/me", 405, "Method Not Allowed", "GET, HEAD, DELETE, OPTIONS"],
  ["HEAD /custom", 405, "", "PUT, OPTIONS"],
  ["PUT /files/upload", 405, "Method Not Allowed", "GET, HEAD, POST, OPTIONS"],
  ["PUT /files/other", 405, "Method Not Allowed", "GET, HEAD, OPTIONS"],
  ["OPTIONS /users", 204, "", "GET, HEAD, POST, OPTIONS"],
  ["OPTIONS /users/7", 204, "", "GET, HEAD, DELETE, OPTIONS"],
  ["OPTIONS /custom", 200, "options"],
];

for (const [request, status, body, allow] of ANSWERS) {
  Deno.test(`route answers ${request} with ${status} ${JSON.stringify(body)}`, async () => {
    const [method = "", path = ""] = request.split(" ");
    const response = await TABLE.handle(path, { method });
    assertEquals([response.status, await response.text()], [status, body]);
    assertEquals(response.headers.get("Allow") ?? undefined, allow);
  });
}

Deno.test("Router.handle answers HEAD with the fields of GET, and cancels its body, RFC 9110 section 9.3.2", async () => {
  const canceled: string[] = [];
  const bodyOf = (name: string) => new ReadableStream({ cancel: () => void canceled.push(name) });
  const init = { status: 203, statusText: "Partly", headers: { "Content-Length": "7", ETag: '"a"' } };
  const app = route({
    "GET /now": () => new Response(bodyOf("now"), init),
    "GET /later": async () => await Promise.resolve(new Response(bodyOf("later"), init)),
    "HEAD /own": () => new Response(bodyOf("own"), init),
    "GET /method": ({ method }) => new Response(null, { headers: { "X-Method": method } }),
  });
  for (const name of ["now", "later", "own"]) {
    const response = await app.handle(`/${name}`, { method: "HEAD" });
    assertEquals([response.status, response.statusText, response.body], [203, "Partly", null]);
    assertEquals([...response.headers], [["content-length", "7"], ["etag", '"a"']]);
  }
  assertEquals(canceled, ["now", "later", "own"]);
  assertEquals((await app.handle("/method", { method: "HEAD" })).headers.get("X-Method"), "HEAD");
});

Deno.test("route gives a Fetch handler that is its own fetch, and hands over the request and what the server says", async () => {
  const seen: unknown[] = [];
  const app = route({
    "/": (request, { info }) => {
      seen.push(request, info);
      return new Response("ok");
    },
  });
  const handler: AnyFetchHandler = app;
  assertStrictEquals(handler, app.fetch);
  app satisfies Deno.ServeDefaultExport;
  const request = new Request("http://localhost/");
  const info = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 }, more: true } as const;
  const response = app(request, info);
  assert(response instanceof Response, "at once, where nothing waits");
  assertEquals(await (await app.handle(request)).text(), "ok");
  await app.handle(new URL("http://example.com/?a"));
  assertStrictEquals(seen[0], request);
  assertStrictEquals(seen[1], info);
  assertStrictEquals(seen[2], request);
  assertEquals([seen[3], seen[5]], [undefined, undefined]);
  assert(seen[4] instanceof Request && seen[4].url === "http://example.com/?a");
});

Deno.test("route serves under Deno.serve", async () => {
  const app = route({ "GET /port": (_request, { info }) => new Response(`${info?.remoteAddr.hostname}`) });
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app);
  const url = `http://127.0.0.1:${server.addr.port}/port`;
  assertEquals(await (await fetch(url)).text(), "127.0.0.1");
  const response = await fetch(url, { method: "POST" });
  assertEquals([response.status, response.headers.get("Allow")], [405, "GET, HEAD, OPTIONS"]);
  await response.body?.cancel();
  const head = await fetch(url, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("Content-Length"), await head.text()], [200, "9", ""]);
});

/** Middleware that writes its name before and after what is further in. */
function trace(name: string): Middleware<{ steps: string[] }> {
  return async (_request, { state, params }, next) => {
    state.steps.push(`${name}(${Object.values(params)})`);
    const response = await next();
    state.steps.push(`/${name}`);
    response.headers.set("X-Steps", state.steps.join(" "));
    return response;
  };
}

const GROUPS = route({ state: () => ({ steps: [] as string[] }), use: [trace("a"), trace("b")] }, {
  "GET /": say("root"),
  "/orgs/:org": route({ use: [trace("c")] }, {
    "GET /": say("org"),
    "GET /users/:id": (_request, { params, state }) => new Response(`${params.org} ${params.id} ${state.steps.length}`),
    "/deep": route({ use: [trace("d"), trace("e")] }, { "GET /": say("deep"), "/*": say("rest") }),
    "/plain": route({ "GET /x": say("plain") }),
  }),
  "PUT /orgs/:org/users/:id": say("outer"),
  "/empty": route({}),
  "/end/": say("slash"),
  "/": route({ "/inner": say("inner") }),
});

/** What answers a request, and what it passes on the way. */
const PASSES: readonly [request: string, body: string, steps: string][] = [
  ["GET /", "root", "a() b() /b /a"],
  ["GET /inner", "inner", "a() b() /b /a"],
  ["GET /orgs/x", "org x", "a(x) b(x) c(x) /c /b /a"],
  ["GET /orgs/x/users/7", "x 7 3", "a(x,7) b(x,7) c(x,7) /c /b /a"],
  ["PUT /orgs/x/users/7", "outer x 7", "a(x,7) b(x,7) /b /a"],
  ["GET /orgs/x/deep", "deep x", "a(x) b(x) c(x) d(x) e(x) /e /d /c /b /a"],
  ["GET /orgs/x/deep/y/z", "rest y/z x", "a(y/z,x) b(y/z,x) c(y/z,x) d(y/z,x) e(y/z,x) /e /d /c /b /a"],
  ["GET /orgs/x/plain/x", "plain x", "a(x) b(x) c(x) /c /b /a"],
  // Without a route, and without the method: what all routes for the path are in.
  ["GET /orgs/x/", "Not Found", "a() b() /b /a"],
  ["GET /orgs/x/plain", "Not Found", "a() b() /b /a"],
  ["GET /empty", "Not Found", "a() b() /b /a"],
  ["POST /orgs/x", "Method Not Allowed", "a(x) b(x) c(x) /c /b /a"],
  ["OPTIONS /orgs/x/plain/x", "", "a(x) b(x) c(x) /c /b /a"],
  ["POST /orgs/x/users/7", "Method Not Allowed", "a(x,7) b(x,7) /b /a"],
];

for (const [request, body, steps] of PASSES) {
  Deno.test(`route passes ${request} through ${steps}`, async () => {
    const [method = "", path = ""] = request.split(" ");
    const response = await GROUPS.handle(path, { method });
    assertEquals([await response.text(), response.headers.get("X-Steps")], [body, steps]);
  });
}

Deno.test("route lets middleware answer alone, and change what comes back", async () => {
  let ran = 0;
  const app = route({
    use: [
      (request, _context, next) => request.headers.has("Authorization") ? next() : new Response("", { status: 401 }),
    ],
  }, {
    "/": () => {
      ran++;
      return new Response("in");
    },
  });
  assertEquals((await app.handle("/")).status, 401);
  assertEquals((await app.handle("/nowhere")).status, 401);
  assertEquals(ran, 0);
  assertEquals(await (await app.handle("/", { headers: { Authorization: "x" } })).text(), "in");
});

Deno.test("route makes a state for each request, by the outermost table", async () => {
  const made: string[] = [];
  const stateOf = (name: string) => () => {
    made.push(name);
    return { name };
  };
  const inner = route({ state: stateOf("inner") }, { "GET /": (_request, { state }) => new Response(state.name) });
  const outer = route({ state: stateOf("outer") }, { "/in": inner });
  assertEquals(await (await inner.handle("/")).text(), "inner");
  assertEquals(await (await outer.handle("/in")).text(), "outer");
  assertEquals(made, ["inner", "outer"]);
  const bag = route({
    use: [(_request, { state }, next) => {
      state.count = Number(state.count ?? 0) + 1;
      return next();
    }],
  }, { "/": (_request, { state }) => new Response(String(state.count)) });
  for (let i = 0; i < 2; i++) assertEquals(await (await bag.handle("/")).text(), "1");
});

Deno.test("route calls the fallback where no pattern matches, inside of the middleware", async () => {
  const app = route({
    use: [async (_request, _context, next) => {
      const response = await next();
      response.headers.set("X-Passed", "1");
      return response;
    }],
    fallback: ({ url }, { params }) => new Response(`${url} ${Object.keys(params)}`, { status: 203 }),
  }, { "GET /a": say("a") });
  const response = await app.handle("/b");
  assertEquals([response.status, await response.text()], [203, "http://localhost/b "]);
  assertEquals(response.headers.get("X-Passed"), "1");
  assertEquals((await app.handle("/b", { method: "HEAD" })).body, null);
  assertEquals((await app.handle("/a", { method: "PUT" })).status, 405);
});

const fail = (name: string) => () => {
  throw new Error(name);
};
const FAILING: Router = route({
  onError: (error, { url }, { params }) =>
    new Response(
      `outer: ${error instanceof Error ? error.message : error} ${new URL(url).pathname} ${params.id ?? "-"}`,
    ),
  use: [async (request, _context, next) => {
    if (request.headers.has("X-Fail")) throw new Error("middleware");
    const response = await next();
    response.headers.set("X-Passed", "1");
    return response;
  }],
  fallback: fail("fallback"),
}, {
  "/now/:id": fail("now"),
  "/later": () => Promise.reject("later"),
  "/group": route({ onError: (error) => new Response(`inner: ${error}`) }, { "GET /": fail("group") }),
  "/rethrown": route({ onError: fail("rethrown") }, { "GET /": fail("first") }),
  "/without": route({ "GET /": fail("without") }),
});

/** What answers where something is thrown; `passed` tells whether the outer middleware saw the answer. */
const FAILURES: readonly [path: string, body: string, passed: boolean, fields?: Record<string, string>][] = [
  ["/now/7", "outer: now /now/7 7", false],
  ["/later", "outer: later /later -", false],
  ["/nowhere", "outer: fallback /nowhere -", false],
  ["/group", "inner: Error: group", true],
  ["/group", "outer: middleware /group -", false, { "X-Fail": "1" }],
  ["/rethrown", "outer: rethrown /rethrown -", false],
  ["/without", "outer: without /without -", false],
];

for (const [path, body, passed, headers = {}] of FAILURES) {
  Deno.test(`route gives errors to onError: ${body}`, async () => {
    const response = await FAILING.handle(path, { headers });
    assertEquals([await response.text(), response.headers.has("X-Passed")], [body, passed]);
  });
}

Deno.test("route leaves errors to the server where there is no onError", async () => {
  const app = route({ "/now": fail("now"), "/later": () => Promise.reject(new Error("later")) });
  await assertRejects(() => app.handle("/now"), Error, "now");
  await assertRejects(() => app.handle("/later"), Error, "later");
  assertThrows(() => app(new Request("http://localhost/now")), Error, "now");
  const caught = route({
    use: [(_request, _context, next) => next().catch((error) => new Response(`caught ${error.message}`))],
  }, { "/": fail("now") });
  assertEquals(await (await caught.handle("/")).text(), "caught now", "a throw at once rejects next(), too");
});

const ok = () => new Response();

/** Tables as somebody may write them without types, and what is said about them. */
const MISTAKES: readonly [table: Record<string, unknown>, message: string][] = [
  [{ users: ok }, `"users": the path must begin with a slash`],
  [{ "": ok }, `"": the path must begin with a slash`],
  [{ "*": ok }, `"*": the path must begin with a slash`],
  [{ ":id": ok }, `":id": the path must begin with a slash`],
  [{ "GET users": ok }, `"GET users": the path must begin with a slash`],
  [{ GET: ok }, `"GET": the path must begin with a slash`],
  [{ "GET  /": ok }, `"GET  /": the path must begin with a slash`],
  [{ "GTE /": ok }, `"GTE /": unknown method GTE, expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS`],
  [{ "get /": ok }, `"get /": unknown method get, expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS`],
  [{ "TRACE /": ok }, `"TRACE /": unknown method TRACE, expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS`],
  [{ "/": { GET: ok } }, `"/": it has neither a handler nor a group`],
  [{ "/": "text" }, `"/": it has neither a handler nor a group`],
  [{ "/": undefined }, `"/": it has neither a handler nor a group`],
  [{ "/": null }, `"/": it has neither a handler nor a group`],
  [
    { "/:x/:x": ok },
    `"/:x/:x": Failed to parse pathname from "/:x/:x": parser error: pattern contains duplicate name x`,
  ],
  [
    { "/(a": ok },
    `"/(a": Failed to parse pathname from "/(a": tokenizer error: invalid regex: missing closing ) (at char 1)`,
  ],
  [{ "/a": ok, "/./a": ok }, `"/./a": "/a" matches the same paths`],
  [{ "GET /a/:x": ok, "GET /a/:y": ok }, `"GET /a/:y": "/a/:x" matches the same paths`],
  [{ "/a": ok, "/": route({ "/a": ok }) }, `"/a": "/a" matches the same paths`],
  [{ "GET /a": route({ "/": ok }) }, `"GET /a": a group has no method, its routes have`],
  [{ "/a/": route({ "/": ok }) }, `"/a/": a prefix ends without a slash`],
  [{ "/a/*": route({ "/": ok }) }, `"/a/*": a prefix ends without *`],
  [{ "/a": route({ fallback: ok }, { "/": ok }) }, `"/a": a group has no fallback: give it a route "/*"`],
  [{ "/:id": route({ "GET /a/:id": ok }) }, `"GET /:id/a/:id": Failed to parse pathname`],
];

for (const [table, message] of MISTAKES) {
  Deno.test(`route refuses ${message}`, () => {
    assertThrows(() => route(table as Record<"/", RouteHandler>), TypeError, `Cannot define the route ${message}`);
  });
}
