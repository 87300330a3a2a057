/** An application on itty-router, which keeps what it finds in properties of the request itself. */

import type { IRequest } from "itty-router";
import { AutoRouter, cors, error, json, StatusError, withContent, withCookies } from "itty-router";

const { preflight, corsify } = cors({ origin: "https://app.example", allowMethods: ["GET", "POST"] });

const router = AutoRouter({ before: [preflight], finally: [corsify] });

router
  .get("/hello/:name", ({ name }) => `Hello, ${name}!`)
  .get("/query", ({ query }) => query)
  .get("/files/:path+", ({ params }) => params)
  .get("/cookies", withCookies, ({ cookies }) => cookies)
  .post("/content", withContent, ({ content, headers }) => ({ content, type: headers.get("content-type") }))
  .post("/proxied", async (request: IRequest) => ({ text: await request.text(), method: request.method }))
  .get("/address", (_request: IRequest, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => info.remoteAddr.hostname)
  .get("/created", () => json({ id: 1 }, { status: 201, headers: { Location: "/things/1" } }))
  .get("/fails", () => {
    throw new StatusError(409, { error: "conflict" });
  })
  .get("/bug", () => {
    throw new TypeError("told by the router");
  })
  .all("/any", ({ method }) => method)
  .get("/error", () => error(410, "Gone for good"));

export default { ...router };
