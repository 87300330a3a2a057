/**
 * Routes: a table of handlers by method and path, made into one Fetch handler.
 *
 * @example A routes file
 * ```ts ignore
 * import { route } from "@sockeye/sockeye";
 *
 * export default route({
 *   "/": () => new Response("Hello"),
 *   "GET /users/:id": (_request, { params }) => Response.json({ id: params.id }),
 *   "/orgs/:org": route({ use: [authenticate] }, {
 *     "GET /": (_request, { params }) => Response.json({ org: params.org }),
 *     "DELETE /members/:id": removeMember,
 *   }),
 * });
 * ```
 *
 * A key is a pattern as of `new URLPattern({ pathname })`, with a method in front or for all methods. Which route a
 * request takes depends on the table and not on its order: see `route_tree.ts`. So the table is an object and not a
 * chain of calls, in which each would seem to come before the next.
 *
 * - Nothing for the path: the `fallback`, or 404. A pattern that does not have the method is passed over; where all are,
 *   405 with `Allow`, or 204 with `Allow` for OPTIONS (RFC 9110 sections 9.3.7, 10.2.1 and 15.5.6).
 * - HEAD is answered by the handler for GET where it has none (section 9.3.2).
 * - A key whose value is another `route(...)` is a prefix: a group. `/` in a group is the prefix itself.
 * - Middleware runs from the outside in, and in a group in the order of `use`. That of the outermost table runs for every
 *   request, also for those with no route; that of a group for the paths of its routes.
 * - `onError` gets what is thrown by the middleware and the handlers of its table, and not caught by a group in it.
 *   Middleware further out sees the answer; without any `onError` the error is the server's.
 *
 * @module
 */

import type { ServeInfo } from "./fetch_handler.ts";
import type { Params } from "./route_params.ts";
import type { Groups, Method, RouteMatch } from "./route_tree.ts";
import { METHODS, RouteTree } from "./route_tree.ts";

/** What a handler gets beside the request. */
export interface RouteContext<Path extends string = string, State = unknown> {
  /** What the pattern captured, by name or number; percent-encoded, as `URLPattern` has it. */
  readonly params: Params<Path>;
  /** What the server handed over with the request, untouched: other servers have less, and tests nothing. */
  readonly info: ServeInfo | undefined;
  /** For middleware to tell handlers something; one for each request. */
  readonly state: State;
}

/** Answers requests for a path. */
export type RouteHandler<Path extends string = string, State = unknown> = (
  request: Request,
  context: RouteContext<Path, State>,
) => Response | Promise<Response>;

/** Stands around handlers: `next` runs what is further in, and gives its answer. */
export type Middleware<State = unknown> = (
  request: Request,
  context: RouteContext<string, State>,
  next: () => Promise<Response>,
) => Response | Promise<Response>;

/** Answers where something was thrown. */
export type RouteErrorHandler<State = unknown> = (
  error: unknown,
  request: Request,
  context: RouteContext<string, State>,
) => Response | Promise<Response>;

/** What holds for all routes of a table. */
export interface RouteOptions<State = Record<string, unknown>> {
  /**
   * Makes the state of a request. In a group it is the outermost table that does, whose state must have what the group
   * expects.
   *
   * @default {() => ({})}
   */
  readonly state?: () => State;
  /** Middleware, the outer before the inner. */
  readonly use?: readonly Middleware<NoInfer<State>>[];
  /** Answers where middleware or a handler of the table throws. */
  readonly onError?: RouteErrorHandler<NoInfer<State>>;
  /**
   * Answers where no pattern matches; not for groups, which have patterns such as `/*` instead.
   *
   * @default {404 (Not Found)}
   */
  readonly fallback?: RouteHandler<string, NoInfer<State>>;
}

/** A pattern; the brace begins one whose first segment may be missing, as in `{/:language}?/about`. */
export type RoutePath = `/${string}` | `{/${string}`;

/** A pattern, with the method in front where it is not for all. */
export type RouteKey = RoutePath | `${Method} ${RoutePath}`;

/** The pattern in a key. */
export type PathOf<Key extends string> = Key extends `${Method} ${infer Path}` ? Path : Key;

/** A path under a prefix, which is `never` where TypeScript has yet to find out that there is none. */
export type Under<Prefix extends string, Path extends string> = [Prefix] extends [never] ? Path : `${Prefix}${Path}`;

/** Handlers and groups by their keys. `Prefix` is what the table is under, if known. */
export type RouteTable<Key extends string, Prefix extends string, State> = {
  readonly [K in Key]:
    | RouteHandler<Under<NoInfer<Prefix>, PathOf<K>>, NoInfer<State>>
    | (K extends RoutePath ? RouteGroup<Under<NoInfer<Prefix>, K>, NoInfer<State>> : never);
};

/** A Fetch handler for any server. */
export type AnyFetchHandler = (
  request: Request,
  info?: Pick<Deno.ServeHandlerInfo, "remoteAddr">,
) => Response | Promise<Response>;

/** The middleware and the error handler of one table. */
export interface RouteLevel<State> {
  /** The middleware, the outer before the inner. */
  readonly use: readonly Middleware<State>[];
  /** The error handler around it. */
  readonly onError: RouteErrorHandler<State> | undefined;
}

/** One handler of a table, and where it is. */
export interface Route<State> {
  /** The method; `undefined` for all that have no route of their own. */
  readonly method: Method | undefined;
  /** The pattern, with the prefixes of groups. */
  readonly path: string;
  /** The handler. */
  readonly handler: RouteHandler<string, State>;
  /** The tables that it is in, the outer before the inner. */
  readonly levels: readonly RouteLevel<State>[];
}

/** Routes that another table can put under a prefix. */
export interface RouteGroup<Prefix extends string, State> {
  /** The routes, as they are without the prefix. */
  readonly routes: readonly Route<State>[];
  /** Whether they have a fallback, which a group must not have. */
  readonly hasFallback: boolean;
  /** Never there: ties the type of a group to the prefix whose parameters its handlers expect. */
  readonly prefix?: Prefix | "";
}

/** A table made ready: a Fetch handler, a default export for `deno serve` and `--app`, and a group for other tables. */
export interface Router<Prefix extends string = "", State = Record<string, unknown>>
  extends AnyFetchHandler, RouteGroup<Prefix, State> {
  /** The same handler. Servers leave out the body of its answer to HEAD, and send its length. */
  readonly fetch: AnyFetchHandler;
  /**
   * Answers a request without a server, for tests; the arguments are those of the global `fetch`.
   *
   * @param input A request, a URL, or a path on `http://localhost`.
   * @param init Method, fields and body, where `input` is not a request.
   * @returns What a client would get.
   */
  handle(input: Request | URL | string, init?: RequestInit): Promise<Response>;
}

/** A route, ready to run. */
interface ReadyRoute<State> {
  readonly run: RouteHandler<string, State>;
  readonly levels: readonly RouteLevel<State>[];
}

/** A value in a table. */
type Entry<State> = RouteHandler<string, State> | RouteGroup<string, State>;

const NO_GROUPS: Groups = Object.freeze(Object.create(null));

/**
 * Makes a Fetch handler of a table of routes.
 *
 * @param routes Handlers and groups by pattern, as in `"/about"`, `"GET /users/:id"` and `"/files/*"`.
 * @returns The handler, which can also be a group of another table.
 * @throws {TypeError} Where a key is no pattern, a value no handler, or two routes are for the same requests.
 */
export function route<Key extends RouteKey, Prefix extends string = "", State = Record<string, unknown>>(
  routes: RouteTable<Key, Prefix, State>,
): Router<Prefix, State>;
/**
 * Makes a Fetch handler of a table of routes, with middleware and error handling.
 *
 * @param options What holds for all of them.
 * @param routes Handlers and groups by pattern, as in `"/about"`, `"GET /users/:id"` and `"/files/*"`.
 * @returns The handler, which can also be a group of another table.
 * @throws {TypeError} Where a key is no pattern, a value no handler, or two routes are for the same requests.
 */
export function route<Key extends RouteKey, Prefix extends string = "", State = Record<string, unknown>>(
  options: RouteOptions<State>,
  routes: RouteTable<Key, Prefix, State>,
): Router<Prefix, State>;
export function route<Key extends RouteKey, Prefix extends string, State>(
  ...args: [RouteTable<Key, Prefix, State>] | [RouteOptions<State>, RouteTable<Key, Prefix, State>]
): Router<Prefix, State> {
  const [options, table] = args.length === 1 ? [{}, args[0]] : args;
  const level = { use: options.use ?? [], onError: options.onError };
  // The types have done their work: each handler will get the parameters of its own path.
  const entries = Object.entries(table as Record<string, Entry<State>>);
  const routes = entries.flatMap(([key, entry]) => define(key, () => readEntry(key, entry, level)));
  const tree = new RouteTree<ReadyRoute<State>>();
  for (const { method, path, handler, levels } of routes) {
    const ready = { run: surround(handler, levels), levels };
    define(method === undefined ? path : `${method} ${path}`, () => tree.add(method, path, ready));
  }
  const answer = createFetchHandler(tree, level, options);
  return Object.assign(answer, {
    fetch: answer,
    handle: async (input: Request | URL | string, init?: RequestInit) => {
      const request = makeRequest(input, init);
      const response = await answer(request);
      return request.method === "HEAD" ? withoutBody(response) : response;
    },
    routes,
    hasFallback: options.fallback !== undefined,
  });
}

/** Says which key an error is about. */
function define<Result>(key: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    // What `URLPattern` says goes on with lines that point at the place.
    const [reason] = error instanceof Error ? error.message.split("\n") : [];
    throw new TypeError(`Cannot define the route "${key}": ${reason}`, { cause: error });
  }
}

/** The routes that an entry of a table stands for. */
function readEntry<State>(key: string, entry: Entry<State>, level: RouteLevel<State>): Route<State>[] {
  const { method, path } = parseKey(key);
  // What `route` makes is a function, too.
  if (typeof entry !== "function") throw new TypeError("it has neither a handler nor a group");
  if (!isGroup(entry)) return [{ method, path, handler: entry, levels: [level] }];
  if (method !== undefined) throw new TypeError("a group has no method, its routes have");
  if (path.endsWith("*")) throw new TypeError("a prefix ends without *");
  if (path.endsWith("/") && path !== "/") throw new TypeError("a prefix ends without a slash");
  if (entry.hasFallback) throw new TypeError('a group has no fallback: give it a route "/*"');
  return entry.routes.map((inner) => ({ ...inner, path: join(path, inner.path), levels: [level, ...inner.levels] }));
}

function isGroup<State>(entry: Entry<State>): entry is RouteGroup<string, State> {
  return "routes" in entry;
}

function parseKey(key: string): { readonly method: Method | undefined; readonly path: string } {
  const [, name, path = ""] = /^(?:([^/{ ]+) )?(.*)$/su.exec(key) ?? [];
  const method = METHODS.find((known) => known === name);
  if (name !== undefined && method === undefined) {
    throw new TypeError(`unknown method ${name}, expected one of ${METHODS.join(", ")}`);
  }
  if (!path.startsWith("/") && !path.startsWith("{/")) throw new TypeError("the path must begin with a slash");
  return { method, path };
}

/** Puts a path under a prefix; `/` is the prefix itself. */
function join(prefix: string, path: string): string {
  if (prefix === "/") return path;
  return path === "/" ? prefix : prefix + path;
}

/** Puts a handler inside of middleware and error handlers. */
function surround<State>(
  handler: RouteHandler<string, State>,
  levels: readonly RouteLevel<State>[],
): RouteHandler<string, State> {
  let run = handler;
  for (const { use, onError } of levels.toReversed()) {
    for (const middleware of use.toReversed()) run = goThrough(middleware, run);
    if (onError !== undefined) run = catchErrors(run, onError);
  }
  return run;
}

function goThrough<State>(
  middleware: Middleware<State>,
  inner: RouteHandler<string, State>,
): RouteHandler<string, State> {
  return (request, context) => middleware(request, context, async () => await inner(request, context));
}

function catchErrors<State>(
  run: RouteHandler<string, State>,
  onError: RouteErrorHandler<State>,
): RouteHandler<string, State> {
  return async (request, context) => {
    try {
      return await run(request, context);
    } catch (error) {
      return await onError(error, request, context);
    }
  };
}

function createFetchHandler<State>(
  tree: RouteTree<ReadyRoute<State>>,
  level: RouteLevel<State>,
  options: RouteOptions<State>,
): AnyFetchHandler {
  const missing = { value: { run: surround(options.fallback ?? notFound, [level]) }, groups: NO_GROUPS };
  return (request, info) => {
    const path = pathOf(request.url);
    const { value, groups } = tree.find(request.method, path) ?? findOtherMethods(tree, request.method, path) ??
      missing;
    return value.run(request, {
      params: groups,
      // The server that runs the handlers is the one that they are written for.
      info: info as ServeInfo | undefined,
      // Without `state` nothing in the types says what is in it.
      state: options.state === undefined ? {} as State : options.state(),
    });
  };
}

/** What answers a method that the patterns for a path do not have: it stands in the tables that all of them are in. */
function findOtherMethods<State>(
  tree: RouteTree<ReadyRoute<State>>,
  method: string,
  path: string,
): RouteMatch<Pick<ReadyRoute<State>, "run">> | undefined {
  const found = tree.findAll(path);
  const [first, ...others] = found.values();
  if (first === undefined) return undefined;
  const levels = first.value.levels.filter((level, i) => others.every(({ value }) => value.levels[i] === level));
  const allow = [...new Set([...found.keys(), "OPTIONS"])].join(", ");
  const handler = () =>
    method === "OPTIONS"
      ? new Response(null, { status: 204, headers: { Allow: allow } })
      : new Response("Method Not Allowed", { status: 405, headers: { Allow: allow } });
  return { value: { run: surround(handler, levels) }, groups: first.groups };
}

function notFound(): Response {
  return new Response("Not Found", { status: 404 });
}

/** The path of a URL as `Request.url` has it, which is what the URL parser made of it. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** The same answer without its body, which is told that nobody wants it. */
function withoutBody(response: Response): Response {
  if (response.body === null) return response;
  response.body.cancel().catch(() => {});
  return new Response(null, response);
}

function makeRequest(input: Request | URL | string, init: RequestInit | undefined): Request {
  if (input instanceof Request) return input;
  return new Request(typeof input === "string" && input.startsWith("/") ? `http://localhost${input}` : input, init);
}
