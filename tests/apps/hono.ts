/**
 * An application on Hono, as its documentation has it: routes, validators, cookies, streams, server-sent events, files,
 * and the middleware that looks closely at requests and changes responses.
 */

import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { getConnInfo, serveStatic } from "hono/deno";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { languageDetector } from "hono/language";
import { methodOverride } from "hono/method-override";
import { prettyJSON } from "hono/pretty-json";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timeout } from "hono/timeout";
import { validator } from "hono/validator";

const app = new Hono();

app.use("/json/*", prettyJSON());
app.use(
  "/cors/*",
  cors({ origin: "https://app.example", allowMethods: ["GET", "PUT"], maxAge: 600, credentials: true }),
);
app.use("/etag/*", etag());
app.use("/compressed/*", compress());
app.use("/private/*", basicAuth({ username: "ada", password: "lovelace" }));
app.use("/small/*", bodyLimit({ maxSize: 16, onError: (c) => c.text("Too much", 413) }));
app.use("/form/*", csrf());
app.use("/secure/*", secureHeaders());
app.use("/slow/*", timeout(20));
app.use("/language", languageDetector({ supportedLanguages: ["en", "de"], fallbackLanguage: "en" }));
app.use("/override/*", methodOverride({ app, header: "X-Method" }));
app.use(
  "/static/*",
  serveStatic({ root: `${import.meta.dirname}/../fixtures`, rewriteRequestPath: (path) => path.slice(7) }),
);

app.get("/", (c) => c.text("Hello"));
app.get("/users/:name/:id{[0-9]+}", (c) => c.json(c.req.param()));
app.get("/any/*", (c) => c.text(c.req.path));
app.get("/query", (c) => c.json({ one: c.req.query("a"), all: c.req.queries("a"), url: new URL(c.req.url).search }));
app.get("/json/list", (c) => c.json([{ a: 1 }]));
app.get("/html", (c) => c.html("<h1>Grüße</h1>"));
app.get("/empty", (c) => c.body(null, 204));
app.get("/redirect", (c) => c.redirect("/users/ada/1", 303));
app.get("/header", (c) => c.text(c.req.header("X-Test") ?? "none", 200, { "X-Answer": "yes" }));
app.get("/address", (c) => c.json(getConnInfo(c).remote.address));
app.get("/cors/data", (c) => c.json({ ok: true }));
app.get("/etag/text", (c) => c.text("always the same"));
app.get("/compressed/long", (c) => c.text("abc ".repeat(1000)));
app.get("/private/data", (c) => c.text("secret"));
app.get("/secure/page", (c) => c.html("<p>safe</p>"));
app.get("/slow/answer", async (c) => {
  await new Promise((resolve) => c.req.raw.signal.addEventListener("abort", resolve));
  return c.text("too late");
});
app.get("/language", (c) => c.text(c.get("language")));
app.put("/override/thing", async (c) => c.json({ method: c.req.method, text: await c.req.text() }));
app.on(["PURGE", "LINK"], "/cache", (c) => c.text(c.req.method));
app.mount("/mounted", (request: Request) => new Response(new URL(request.url).pathname));
app.route("/api", new Hono().get("/things", (c) => c.json([])).delete("/things/:id", (c) => c.body(null, 204)));

app.post("/echo/text", async (c) => c.text(await c.req.text()));
app.put("/echo/json", async (c) => c.json({ got: await c.req.json() }));
app.post("/echo/bytes", async (c) => c.body(await c.req.arrayBuffer(), 200, { "Content-Type": "application/x-test" }));
app.post("/echo/stream", (c) => new Response(c.req.raw.body));
app.post("/small/echo", async (c) => c.text(await c.req.text()));
app.post("/twice", async (c) => c.json([await c.req.text(), await c.req.json()]));
app.post("/clone", async (c) => {
  const copy = c.req.raw.clone();
  return c.json([await copy.text(), await c.req.raw.text()]);
});
app.post("/form/fields", async (c) => {
  const { name, file, many } = await c.req.parseBody({ all: true });
  const described = file instanceof File ? [file.name, file.type, file.size, await file.text()] : file;
  return c.json({ name, file: described, many });
});
const isPositive = validator("json", (value, c) => {
  const { amount } = value as { amount?: unknown };
  return typeof amount === "number" && amount > 0 ? { amount } : c.json({ error: "amount" }, 400);
});
app.post("/order", isPositive, (c) => c.json(c.req.valid("json"), 201));

app.get("/cookie/set", async (c) => {
  setCookie(c, "a", "1", { path: "/", httpOnly: true });
  setCookie(c, "b", "zwei drei", { maxAge: 60, sameSite: "Lax" });
  await setSignedCookie(c, "c", "signed", "a secret");
  return c.text("set");
});
app.get("/cookie/get", async (c) => {
  deleteCookie(c, "a");
  return c.json({ all: getCookie(c), signed: await getSignedCookie(c, "a secret", "c") });
});

app.get("/stream/text", (c) =>
  streamText(c, async (out) => {
    for (const word of ["one", "two", "three"]) {
      await out.writeln(word);
      await out.sleep(1);
    }
  }));
app.get("/stream/bytes", (c) =>
  stream(c, async (out) => {
    await out.write(new Uint8Array([0, 1, 2, 255]));
    await out.pipe(new Blob(["piped"]).stream());
  }));
app.get("/events", (c) =>
  streamSSE(c, async (out) => {
    for (let id = 1; id <= 3; id++) await out.writeSSE({ id: String(id), event: "tick", data: `line ${id}\nmore` });
  }));

app.get("/fails/error", () => {
  throw new Error("secret");
});
app.get("/fails/status", () => {
  throw new HTTPException(418, { message: "I'm a teapot" });
});
app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.json({ error: "handled" }, 500));
app.notFound((c) => c.json({ missing: c.req.path }, 404));

export default app;
