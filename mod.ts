/**
 * Sockeye as a library: starts a server from a program.
 *
 * @example Serve a directory until the program ends it
 * ```ts ignore
 * import { DEFAULT_OPTIONS, startServer } from "@sockeye/sockeye";
 *
 * const server = await startServer({ ...DEFAULT_OPTIONS, root: "/srv/www", workers: 2 });
 * console.log(server.urls);
 * await server.stop();
 * ```
 *
 * @module
 */

export { DEFAULT_OPTIONS } from "./src/config.ts";
export type { CacheOptions, Limits, LogLevel, ServerOptions, Timeouts } from "./src/config.ts";
export { StartError } from "./src/errors.ts";
export { startServer } from "./src/server.ts";
export type { Server } from "./src/server.ts";
