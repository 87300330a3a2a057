/**
 * Sockeye as a library: starts a server from a program; routes and files for applications.
 *
 * @example Serve a directory until the program ends it
 * ```ts ignore
 * import { serve } from "@sockeye/sockeye";
 *
 * const server = await serve({ root: "/srv/www", list: true, port: 0 });
 * console.log(server.urls);
 * await server.stop();
 * ```
 *
 * @module
 */

export { DEFAULT_OPTIONS } from "./src/config.ts";
export type {
  CacheOptions,
  Limits,
  LogLevel,
  ServeOptions,
  ServerOptions,
  SiteOptions,
  SymlinkPolicy,
  Timeouts,
} from "./src/config.ts";
export { StartError, UsageError } from "./src/errors.ts";
export type { FetchHandler, ServeInfo } from "./src/fetch_handler.ts";
export { route } from "./src/route.ts";
export type {
  AnyFetchHandler,
  Middleware,
  RouteContext,
  RouteErrorHandler,
  RouteGroup,
  RouteHandler,
  RouteOptions,
  Router,
} from "./src/route.ts";
export { serveDir, serveFile } from "./src/serve_dir.ts";
export type { FileHandler } from "./src/serve_dir.ts";
export { upgradeWebSocket } from "./src/websocket_upgrade.ts";
export type { UpgradeWebSocketOptions, WebSocketUpgrade } from "./src/websocket_upgrade.ts";
export { serve } from "./src/server.ts";
export type { Server } from "./src/server.ts";
