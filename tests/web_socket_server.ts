/**
 * A server for tests that does nothing but upgrade: it reads a head until its empty line, answers 101, and lets the
 * socket run. What listeners throw is kept.
 */

import type { WebSocketLimits } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import type { Upgrade, UpgradeWebSocketOptions } from "../src/websocket_upgrade.ts";
import { takeUpgrade, upgradeWebSocket } from "../src/websocket_upgrade.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";

/** How sockets are made, and what they do. */
export interface WebSocketServerOptions extends UpgradeWebSocketOptions {
  /** Called for each socket before it opens; by default it sends back what it gets. */
  readonly onSocket?: (socket: WebSocket) => void;
  /** Bounds. */
  readonly limits?: WebSocketLimits;
}

/** Sends back what it gets. */
export function echo(socket: WebSocket): void {
  socket.onmessage = ({ data }) => socket.send(data);
}

/** The server. */
export class WebSocketServer implements AsyncDisposable {
  /** What listeners have thrown. */
  readonly reported: unknown[] = [];
  /** The connections that run. */
  readonly upgrades: Set<Upgrade> = new Set();
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: WebSocketServerOptions;
  readonly #tasks = new Set<Promise<void>>();

  /** Starts it. */
  constructor(options: WebSocketServerOptions = {}) {
    this.#options = options;
    this.#tasks.add(this.#accept());
  }

  /** Where it listens. */
  get address(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Stops it, and waits for its connections to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const upgrade of this.upgrades) upgrade.shutdown();
    await Promise.all(this.#tasks);
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        return;
      }
      conn.setNoDelay(true);
      this.#tasks.add(this.#serve(conn));
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const received = await readHead(conn);
    const [head = "", leftover = ""] = splitOnce(received, "\r\n\r\n");
    const response = this.#answer(head);
    const upgrade = response && takeUpgrade(response);
    if (upgrade === undefined) return conn.close();
    const fields = upgrade.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await conn.write(encodeLatin1(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`));
    this.upgrades.add(upgrade);
    const { limits } = this.#options;
    const report = (error: unknown) => this.reported.push(error);
    await upgrade.run(conn, encodeLatin1(leftover), { report, ...(limits === undefined ? {} : { limits }) });
    this.upgrades.delete(upgrade);
  }

  #answer(head: string): Response | undefined {
    const [requestLine = "", ...lines] = head.split("\r\n");
    const [method = "", target = ""] = requestLine.split(" ");
    const headers = lines.map((line) => splitOnce(line, ":").map((part) => part.trim()));
    try {
      const request = new Request(`http://127.0.0.1${target}`, { method, headers });
      const { response, socket } = upgradeWebSocket(request, this.#options);
      (this.#options.onSocket ?? echo)(socket);
      return response;
    } catch (error) {
      if (error instanceof HttpError) return undefined;
      throw error;
    }
  }
}

async function readHead(conn: Deno.TcpConn): Promise<string> {
  const bytes = new Uint8Array(4096);
  let received = "";
  while (!received.includes("\r\n\r\n")) {
    const count = await conn.read(bytes);
    if (count === null) break;
    received += decodeLatin1(bytes.subarray(0, count));
  }
  return received;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
