/**
 * `upgradeWebSocket`, as `Deno` has it: a request → the response that tells the server to switch protocols, and the
 * socket.
 *
 * Unlike Fetch, Deno lets a `Response` be made with status 101. Which socket belongs to it stands in a table here, from
 * which the server takes it; a copy of the response has none.
 *
 * @module
 */

import type { Duplex } from "./message.ts";
import { ServerWebSocket } from "./web_socket.ts";
import type { WebSocketContext } from "./web_socket.ts";
import { acceptHandshake } from "./websocket_handshake.ts";

/** How a request is upgraded. */
export interface UpgradeWebSocketOptions {
  /** The subprotocol, one of those that the client offers. */
  readonly protocol?: string;
  /**
   * How long the client may say nothing, not even in answer to a ping, in seconds up to 2,000,000; 0 for ever.
   *
   * @default {30}
   */
  readonly idleTimeout?: number;
  /**
   * Whether messages of 1 KB and more are compressed for clients that want it (RFC 7692).
   *
   * @default {false}
   */
  readonly compress?: boolean;
}

/** What the application gets. */
export interface WebSocketUpgrade {
  /** What the handler has to return. */
  readonly response: Response;
  /** The socket; it opens once the response was sent. */
  readonly socket: WebSocket;
}

/** What the server gets: the connection after the answer 101. */
export interface Upgrade {
  /** The fields of the 101, those that the application has added included. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /**
   * Drives the connection to its end and closes it. To be called also where the 101 could not be sent, so that the
   * application hears of it. Never throws.
   *
   * @param duplex The connection; owned by this call.
   * @param leftover What was received behind the request.
   * @param context What the server gives to it.
   */
  run(duplex: Duplex, leftover: Uint8Array, context: WebSocketContext): Promise<void>;
  /** The server stops: closes the connection with 1001 (going away). */
  shutdown(): void;
}

const DEFAULT_IDLE_SECONDS = 30;
/** Timers of the runtime count no further than 2 ** 31 milliseconds. */
const MAXIMUM_IDLE_SECONDS = 2_000_000;

const sockets = new WeakMap<Response, ServerWebSocket>();

/**
 * Upgrades a request to a WebSocket.
 *
 * @param request The request.
 * @param options How.
 * @throws {RangeError} For an idle time-out out of bounds.
 * @throws {HttpError} Where the request is no handshake, or not as it must be: 400, 405 or 426, for the server to answer
 * with.
 */
export function upgradeWebSocket(request: Request, options: UpgradeWebSocketOptions = {}): WebSocketUpgrade {
  const { method, url } = request;
  const { idleTimeout = DEFAULT_IDLE_SECONDS, compress } = options;
  if (!(idleTimeout >= 0 && idleTimeout <= MAXIMUM_IDLE_SECONDS)) {
    throw new RangeError(`idleTimeout must be from 0 to ${MAXIMUM_IDLE_SECONDS} seconds: received ${idleTimeout}`);
  }
  const protocol = options.protocol || undefined;
  const { fields, deflate } = acceptHandshake({ method, get: (name) => request.headers.get(name) }, {
    protocol,
    compress,
  });
  const headers = fields.map(([name, value]): [string, string] => [name, value]);
  const response = new Response(null, { status: 101, headers });
  const socket = new ServerWebSocket({
    url: url.replace(/^http/, "ws"),
    protocol: protocol ?? "",
    deflate,
    idleMs: idleTimeout * 1000,
  });
  sockets.set(response, socket);
  return { response, socket };
}

/**
 * Takes the socket that belongs to a response.
 *
 * @param response What a handler has returned.
 * @returns The connection to be; `undefined` for any other response, and for one that was taken already.
 */
export function takeUpgrade(response: Response): Upgrade | undefined {
  const socket = sockets.get(response);
  if (socket === undefined) return undefined;
  sockets.delete(response);
  return {
    fields: [...response.headers],
    run: (duplex, leftover, context) => socket.run(duplex, leftover, context),
    shutdown: () => socket.shutdown(),
  };
}
