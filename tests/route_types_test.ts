/**
 * What the types of routes say, checked by `deno task check` and by `deno task test`: a line that must not
 * compile is marked as an expected error, which is an error itself where the line compiles.
 */

import type { Middleware, RouteContext, RouteHandler } from "../mod.ts";
import { route } from "../mod.ts";
import type { Params } from "../src/route_params.ts";

/** Compiles where both types are the same. */
function same<Left, Right>(
  ..._: (<T>() => T extends Left ? 1 : 2) extends (<T>() => T extends Right ? 1 : 2) ? [] : ["the types differ"]
): void {}

const ok = () => new Response();

Deno.test("Params has the names of a pattern, and undefined for those that may be missing", () => {
  same<Params<"/">, Record<never, never>>();
  same<Params<"/users/:id">, { readonly id: string }>();
  same<Params<"/users/:id/posts/:post_$1">, { readonly id: string; readonly post_$1: string }>();
  same<Params<"/:name.json">, { readonly name: string }>();
  same<Params<"/:from-:to">, { readonly from: string; readonly to: string }>();
  same<Params<"/:é/x">, { readonly é: string }>();
  same<Params<"/files/*">, { readonly 0: string }>();
  same<
    Params<"/*/:x/(\\d+)/*.js">,
    { readonly 0: string; readonly x: string; readonly 1: string; readonly 2: string }
  >();
  same<Params<"/:id(\\d+)/:x((?:a|b\\))+)y">, { readonly id: string; readonly x: string }>();
  same<
    Params<"/:a?/:b*/:c+">,
    { readonly a: string | undefined; readonly b: string | undefined; readonly c: string }
  >();
  same<Params<"/:a(x)?/**">, { readonly a: string | undefined; readonly 0: string | undefined }>();
  same<Params<"{/:lang}?/:x{/:y}">, { readonly lang: string | undefined; readonly x: string; readonly y: string }>();
  same<Params<"/a\\:b/\\*">, Record<never, never>>();
  same<Params<string>, Readonly<Record<string, string | undefined>>>();
});

Deno.test("route types the parameters of each handler from its key, prefixes included", () => {
  const show: RouteHandler<"/users/:id"> = (_request, { params }) => new Response(params.id);
  route({
    "GET /users/:id": (_request, { params }) => {
      same<typeof params, { readonly id: string }>();
      return new Response(params.id);
    },
    "PUT /users/:id": show,
    "POST /users/:id": ok,
    "/orgs/:org": route({
      "GET /": async (_request, { params }) => {
        same<typeof params, { readonly org: string }>();
        return await Promise.resolve(new Response(params.org));
      },
      "/deep/:x": route({ use: [(_request, _context, next) => next()] }, {
        "/:y?": (_request, { params }) => {
          same<typeof params, { readonly org: string; readonly x: string; readonly y: string | undefined }>();
          return new Response(params.org);
        },
      }),
    }),
  });
  // Without a handler beside them that could help TypeScript on its way.
  route({
    "/a/:a": route({
      "/b/:b": route({ use: [] }, {
        "/c/:c": route({
          "GET /:d": (_request, { params }) => {
            same<typeof params, { readonly a: string; readonly b: string; readonly c: string; readonly d: string }>();
            return new Response(params.a);
          },
        }),
      }),
    }),
    "/z": route({ "/": ok }),
  });
  // @ts-expect-error: no such parameter
  route({ "GET /users/:id": (_request, { params }) => new Response(params.name) });
  // @ts-expect-error: no such parameter in the group, nor in its prefix
  route({ "/orgs/:org": route({ "/:id": (_request, { params }) => new Response(params.name) }) });
  // @ts-expect-error: parameters do not change
  route({ "/:id": (_request, { params }) => new Response(params.id = "") });
  // @ts-expect-error: a handler for another path
  route({ "/posts/:post": show });
});

Deno.test("route types its keys and values", () => {
  // @ts-expect-error: an unknown method
  void (() => route({ "GTE /": ok }));
  // @ts-expect-error: no slash
  void (() => route({ "users": ok }));
  // @ts-expect-error: no handler
  void (() => route({ "/": "text" }));
  // @ts-expect-error: no response
  void (() => route({ "/": () => "text" }));
  // @ts-expect-error: a group with a method
  void (() => route({ "GET /": route({ "/": ok }) }));
});

Deno.test("route types the state by what makes it, in groups too", () => {
  interface State {
    user?: string;
  }
  const authenticate: Middleware<State> = (_request, { state }, next) => {
    state.user = "x";
    return next();
  };
  const log: Middleware = async (_request, _context, next) => await next();
  const handler = (_request: Request, { state }: RouteContext<string, State>) => new Response(state.user);
  const group = route({ state: (): State => ({}), use: [authenticate, log] }, { "/": handler });
  route({ state: () => ({ user: "", count: 1 }), onError: (_error, _request, { state }) => new Response(state.user) }, {
    "/a": (_request, { state }) => {
      same<typeof state, { user: string; count: number }>();
      return new Response(state.user);
    },
    "/b": group,
    "/c": route({ use: [log] }, {
      "/": (_request, { state }) => {
        same<typeof state, { user: string; count: number }>();
        return new Response(state.user);
      },
    }),
  });
  route({ state: () => ({ count: 1 }) }, {
    "/:a": route({
      "/:b": route({
        "/": (_request, { params, state }) => {
          same<typeof state, { count: number }>();
          return new Response(params.a);
        },
      }),
    }),
  });
  route({ "/": (_request, { state }) => Response.json(state.anything) });
  route({ use: [authenticate] }, { "/": (_request, { state }) => Response.json(state.user) });
  const needy: Middleware<{ user: string }> = (_request, _context, next) => next();
  // @ts-expect-error: nothing makes what the middleware needs
  route({ use: [needy] }, { "/": ok });
  // @ts-expect-error: nothing makes what the group needs
  route({ state: () => ({ user: 1 }) }, { "/": group });
  // @ts-expect-error: no such state
  route({ state: () => ({ user: "" }) }, { "/": (_request, { state }) => new Response(state.name) });
});
