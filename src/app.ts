/**
 * An application of the user's: a module whose default export is a Fetch handler, or an object that has one as `fetch`,
 * as `deno serve` takes it.
 *
 * @module
 */

import { StartError } from "./errors.ts";
import type { FetchHandler } from "./fetch_handler.ts";
import { upgradeWebSocket } from "./websocket_upgrade.ts";

/**
 * Loads an application.
 *
 * @param url The URL of its module.
 * @returns Its handler, bound to the object that has it.
 * @throws {StartError} In one line, with file and position, where it does not load or is none.
 */
export async function loadApp(url: string): Promise<FetchHandler> {
  // The runtime's own one knows the requests of its own server only.
  Object.defineProperty(Deno, "upgradeWebSocket", { value: upgradeWebSocket, configurable: true });
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (error) {
    throw new StartError(`The application does not load: ${describe(error)}`, { cause: error });
  }
  const app = module.default;
  if (isHandler(app)) return app;
  if (typeof app === "object" && app !== null && "fetch" in app && isHandler(app.fetch)) return app.fetch.bind(app);
  const found = app === undefined ? "has no default export" : `exports ${typeof app === "object" ? "an object" : app}`;
  throw new StartError(`The application ${url} ${found}: export default { fetch } is needed`);
}

function isHandler(value: unknown): value is FetchHandler {
  return typeof value === "function";
}

/** SGR sequences, with which the runtime colours positions. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** The message, and where it happened: the message of an error of syntax says it itself, any other one by its stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message.replace(COLOURS, "");
  const place = /\bat (?:.*\()?(\w+:\/\/[^\s)]+:\d+:\d+)/;
  const at = place.exec(message)?.[1] ?? place.exec(error.stack?.replace(COLOURS, "").slice(message.length) ?? "")?.[1];
  const [first = ""] = message.split("\n");
  return `${first.replace(/\.$/, "")}${at === undefined ? "" : `, at ${at}`}`;
}
