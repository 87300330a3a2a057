/**
 * An application on [Hono](https://hono.dev): what a browser tells of itself, as a page and as JSON, with a cookie that
 * counts visits, and greetings that are validated.
 *
 *     deno run --allow-net --allow-read main.ts --app examples/hono.ts
 */

import type { Context } from "hono";
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { getConnInfo } from "hono/deno";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import { validator } from "hono/validator";
import style from "./hono.css" with { type: "text" };

const LONGEST_NAME = 40;

/** What a request tells. */
function describe(c: Context): { address: string; method: string; visits: number; fields: Record<string, string> } {
  return {
    address: getConnInfo(c).remote.address ?? "unknown",
    method: c.req.method,
    visits: Number(getCookie(c, "visits") ?? 0),
    fields: c.req.header(),
  };
}

const app = new Hono();

app.use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], imgSrc: ["data:"] } }));

app.get("/style.css", etag(), (c) => c.body(style, 200, { "Content-Type": "text/css", "Cache-Control": "no-cache" }));

app.get("/", (c) => {
  const told = describe(c);
  const visits = told.visits + 1;
  setCookie(c, "visits", String(visits), { httpOnly: true, sameSite: "Lax", maxAge: 86_400 });
  return c.html(html`
    <!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>What you sent</title>
      <link rel="icon" href="data:,">
      <link rel="stylesheet" href="style.css">
      <main>
        <h1>What you sent</h1>
        <p>From <b>${told.address}</b>, with <b>${told.method}</b>. ${visits === 1
          ? "Welcome."
          : `This is visit ${visits}.`}</p>
        <dl>${Object.entries(told.fields).map(([name, value]) =>
          html`
            <div>
              <dt>${name}<dd>${value}</div>
          `
        )}</dl>
        <form action="hello">
          <label>Your name <input name="name" autocomplete="given-name" maxlength="${LONGEST_NAME}" required></label>
          <button>Say hello</button>
        </form>
        <p><a href="request.json">The same as JSON</a></p>
      </main>
    </html>
  `);
});

app.get("/request.json", (c) => c.json(describe(c)));

const hasName = validator("query", ({ name }, c) => {
  const isName = typeof name === "string" && name.trim() !== "" && name.length <= LONGEST_NAME;
  return isName ? { name: name.trim() } : c.text(`A name has 1 to ${LONGEST_NAME} characters.`, 400);
});
app.get("/hello", hasName, (c) => c.text(`Hello, ${c.req.valid("query").name}!`));

app.notFound((c) => c.text(`There is nothing at ${c.req.path}.`, 404));

export default app;
