/** The application that `bench/app.ts` measures. */

import { Hono } from "hono";

const hono = new Hono();
hono.get("/users/:id/posts/:post", (context) => context.json(context.req.param()));

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/json":
        return Response.json(await request.json());
      case "/upload": {
        let length = 0;
        if (request.body !== null) { for await (const piece of request.body) length += piece.length; }
        return new Response(String(length));
      }
      default:
        return await hono.fetch(request);
    }
  },
};
