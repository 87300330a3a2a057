/**
 * Clients that mean harm, each for as long as the server lets it or until it is told to stop: they hold connections and
 * send as little, as late or as wrongly as they can. None of them needs an answer; that others get theirs is what counts.
 */

import { encode } from "../raw_client.ts";
import { type Address, isConnectionError } from "./client.ts";

/** What a hostile client needs to know. */
export interface Target {
  /** The server. */
  readonly address: Address;
  /** Path of a file that is larger than the buffers of the system. */
  readonly largePath: string;
  /** Path that takes a body. */
  readonly bodyPath: string;
  /** Time between two bytes, in milliseconds. */
  readonly dribbleMs: number;
}

type Deed = (conn: Deno.TcpConn, target: Target, signal: AbortSignal) => Promise<void>;

/** Waits; less long where the signal comes. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

async function dribble(conn: Deno.TcpConn, begin: string, { dribbleMs }: Target, signal: AbortSignal): Promise<void> {
  await conn.write(encode(begin));
  while (!signal.aborted) {
    await pause(dribbleMs, signal);
    await conn.write(encode("x"));
  }
}

/** Does nothing, until the server or the signal ends that. */
async function hold(conn: Deno.TcpConn, signal: AbortSignal): Promise<void> {
  const end = () => conn.close();
  signal.addEventListener("abort", end);
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

const GARBAGE = crypto.getRandomValues(new Uint8Array(1_000));

/** The ways to be hostile, by name. */
export const DEEDS: Readonly<Record<string, Deed>> = {
  "slow head": (conn, target, signal) => dribble(conn, "GET / HTTP/1.1\r\nHost: a\r\nX: ", target, signal),
  "slow body": (conn, target, signal) =>
    dribble(conn, `POST ${target.bodyPath} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`, target, signal),
  "no reading": async (conn, { largePath }, signal) => {
    await conn.write(encode(`GET ${largePath} HTTP/1.1\r\nHost: a\r\n\r\n`));
    await pause(120_000, signal);
  },
  "half-closed": async (conn, { largePath }, signal) => {
    await conn.write(encode(`GET ${largePath} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9999\r\n\r\n`));
    await conn.closeWrite();
    await hold(conn, signal);
  },
  "garbage": async (conn, _target, signal) => {
    await conn.write(GARBAGE);
    await hold(conn, signal);
  },
  "reset": async (conn, { largePath, dribbleMs }, signal) => {
    await conn.write(encode(`GET ${largePath} HTTP/1.1\r\nHost: a\r\n\r\n`));
    await conn.read(new Uint8Array(100));
    await pause(dribbleMs, signal);
  },
  "pipelined, no reading": async (conn, { largePath }, signal) => {
    await conn.write(encode(`GET ${largePath} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9999\r\n\r\n`.repeat(50)));
    await pause(120_000, signal);
  },
  "silent": (conn, _target, signal) => hold(conn, signal),
};

/**
 * One hostile client: connects, does its deed, closes. That the server ends the connection is no error.
 *
 * @param name Which of {@linkcode DEEDS}.
 * @param target Whom it is done to.
 * @param signal Ends it.
 * @returns Whether it got as far as to be connected.
 */
export async function attack(name: string, target: Target, signal: AbortSignal): Promise<boolean> {
  const deed = DEEDS[name];
  if (deed === undefined) throw new Error(`there is no deed ${name}`);
  let conn: Deno.TcpConn | undefined;
  try {
    conn = await Deno.connect(target.address);
    await deed(conn, target, signal);
  } catch (error) {
    if (!isConnectionError(error)) throw error;
  }
  try {
    conn?.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // the signal closed it
  }
  return conn !== undefined;
}
