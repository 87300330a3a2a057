/**
 * Listening sockets: binding them, sharing one among threads, accepting from it.
 *
 * A connection cannot be posted to a worker, so the kernel hands them over: every listener that a process opens on the
 * same requested address with `loadBalanced` is a clone of one socket with one queue (`deno serve --parallel` stands on
 * it). Whichever thread accepts next takes the next connection, and a connection that waits in the queue outlives the
 * worker that dies. `reusePort`, the documented option, gives each worker a queue of its own, whose connections are
 * reset when that worker dies and wait while it is busy.
 *
 * @module
 */

import type { LogLevel } from "./config.ts";
import { StartError } from "./errors.ts";
import type { Handoff } from "./handoff.ts";

/** A burst of connections waits in a queue of this length; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4096;
/** How long accepting pauses when no descriptor is left, in milliseconds. */
const EXHAUSTED_PAUSE_MS = 100;

/** How often a port is chosen anew that turns out to be taken on a second address. */
const CHOICES = 16;

/** An address to listen on. */
export interface Binding {
  /** Address or name, as it was requested: clones of a socket are found under it. */
  readonly hostname: string;
  /** The port, never 0. */
  readonly port: number;
}

/** A listener that holds a queue, and where. */
export interface BoundListener {
  /** The listener. */
  readonly listener: Deno.TcpListener;
  /** Its address. */
  readonly binding: Binding;
}

/** `loadBalanced` is in no type declaration of Deno; {@linkcode cloneListener} finds out whether it does its work. */
type SharedListenOptions = Deno.TcpListenOptions & { loadBalanced: boolean };

function listenShared({ hostname, port }: Binding): Deno.TcpListener {
  const options: SharedListenOptions = { hostname, port, tcpBacklog: BACKLOG, loadBalanced: true };
  return Deno.listen(options);
}

/**
 * Binds the addresses that a host name stands for. As long as the listeners are open the queues live, whatever happens
 * to the workers; nothing is accepted from these.
 *
 * @param hostname Name or address; `localhost` is 127.0.0.1 and, where the machine has it, ::1.
 * @param port Port; 0 lets the system choose one, the same for all addresses.
 * @returns The listeners.
 * @throws {StartError} Where one cannot be bound; then none is.
 */
export function bind(hostname: string, port: number): BoundListener[] {
  for (let choice = 1;; choice++) {
    const bound: BoundListener[] = [];
    try {
      if (hostname !== "localhost") return [bindOne(hostname, port)];
      bound.push(bindOne("127.0.0.1", port));
      return bound.concat(bindLoopback6(bound[0]?.binding.port ?? port));
    } catch (error) {
      for (const { listener, binding } of bound) {
        listener.close();
        giveUp(binding);
      }
      const isTaken = error instanceof Deno.errors.AddrInUse && port === 0 && choice < CHOICES;
      if (!isTaken) throw describeListenError(error, hostname, port);
    }
  }
}

/** What servers of this process have bound: a second one would share the socket, and get half of the connections. */
const taken = new Set<string>();

function bindOne(hostname: string, port: number): BoundListener {
  const binding = { hostname, port: port === 0 ? choosePort(hostname) : port };
  if (taken.has(formatBinding(binding))) throw new Deno.errors.AddrInUse("A server of this process has the address");
  const listener = listenShared(binding);
  taken.add(formatBinding(binding));
  return { listener, binding };
}

function choosePort(hostname: string): number {
  using probe = Deno.listen({ hostname, port: 0 });
  return probe.addr.port;
}

function formatBinding({ hostname, port }: Binding): string {
  return `${hostname} ${port}`;
}

/**
 * Another server of this process may bind an address now.
 *
 * @param binding The address.
 */
export function giveUp(binding: Binding): void {
  taken.delete(formatBinding(binding));
}

/** A machine without ::1 does without. */
function bindLoopback6(port: number): BoundListener[] {
  try {
    return [bindOne("::1", port)];
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return [];
  }
}

/**
 * Opens a further listener on a socket that {@linkcode bind} bound.
 *
 * @param binding The address.
 * @returns A listener on the same queue.
 * @throws {StartError} Where the runtime does not share the socket.
 */
export function cloneListener(binding: Binding): Deno.TcpListener {
  try {
    return listenShared(binding);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw describeListenError(error, binding.hostname, binding.port);
    throw new StartError("This Deno does not share a listening socket among workers: use 2.9 or later", {
      cause: error,
    });
  }
}

function describeListenError(error: unknown, hostname: string, port: number): StartError {
  const describe = () => {
    if (error instanceof Deno.errors.AddrInUse) return `Port ${port} is in use: choose another with -p, or 0 for any`;
    if (error instanceof Deno.errors.PermissionDenied) {
      return `Port ${port} needs privileges that this user does not have: choose one above 1023 with -p`;
    }
    if (error instanceof Deno.errors.NotCapable) {
      return `Deno may not listen on ${hostname}, port ${port}: start it with --allow-net`;
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      return `This machine does not have the address ${hostname}: choose another with -h, 0.0.0.0 for all`;
    }
    const reason = error instanceof Error ? error.message : String(error);
    return `Cannot listen on host ${JSON.stringify(hostname)}, port ${port}: ${reason}`;
  };
  return new StartError(describe(), { cause: error });
}

/** What {@linkcode acceptConnections} needs beside the listener. */
export interface AcceptOptions {
  /** The seat of this worker. */
  readonly handoff: Handoff;
  /** Takes each connection over; never throws. */
  readonly serve: (conn: Deno.TcpConn) => Promise<void>;
  /** Called when one has ended. */
  readonly onClosed: () => void;
  /** Told when there is no descriptor for a connection. */
  readonly onExhausted?: () => void;
  /** Reports an event. */
  readonly report: (level: LogLevel, message: string) => void;
}

/**
 * Accepts connections until the listener is closed, each when it is this worker's turn. No error ends it: `for await`
 * over a listener would stop at the first connection that was reset in the queue.
 *
 * @param listener The listener.
 * @param options What happens with the connections.
 */
export async function acceptConnections(listener: Deno.TcpListener, options: AcceptOptions): Promise<void> {
  const { handoff, serve, onClosed, report } = options;
  const closed = () => {
    handoff.closed();
    onClosed();
  };
  let isExhausted = false;
  for (;;) {
    await handoff.awaitTurn();
    try {
      const conn = await listener.accept();
      isExhausted = false;
      handoff.opened();
      void serve(conn).then(closed);
    } catch (error) {
      if (LISTENER_CLOSED.some((type) => error instanceof type)) return;
      if (CLIENT_GONE.some((type) => error instanceof type)) continue;
      if (!isExhausted) report("error", `Cannot accept connections: ${error instanceof Error ? error.message : error}`);
      isExhausted = true;
      options.onExhausted?.();
      await new Promise((resolve) => setTimeout(resolve, EXHAUSTED_PAUSE_MS));
    }
  }
}

/** What `accept` throws when its listener is closed, before it or meanwhile. */
const LISTENER_CLOSED = [Deno.errors.BadResource, Deno.errors.Interrupted];
/** What it throws for one connection that was reset while it waited; a flood of them must not hold up the others. */
const CLIENT_GONE = [Deno.errors.NotConnected, Deno.errors.ConnectionReset, Deno.errors.ConnectionAborted];
