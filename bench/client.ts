/**
 * A keep-alive client small enough to hold thousands of, and the count of idle connections made with it.
 *
 * @module
 */
import { memory, processTree } from "./proc.ts";

/** A complete answer. */
export interface Answer {
  /** Status code. */
  status: number;
  /** Bytes of the body. */
  length: number;
  /** Status line and field lines. */
  head: string;
}

/** What a number of idle connections costs a server. */
export interface IdleCost {
  /** Connections that did a request and were left open. */
  connections: number;
  /** Connections that could not be made or got no complete answer with status 200. */
  failed: number;
  /** Connections the server closed before the memory was read. */
  closed: number;
  /** Growth of the server's proportional set per connection, in KB. */
  kbPerConnection: number;
}

/** Connections made at the same time while the idle ones are opened. */
const BATCH = 32;

/** Time given to the server to settle before its memory is read, in milliseconds. */
const SETTLE_MS = 1000;

/** Longest wait for a connection, and for one answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Waits.
 *
 * @param ms Milliseconds.
 */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One character per byte. */
const LATIN1 = new TextDecoder("latin1");

/** Length of the body behind a head; it throws where none is announced. */
function contentLength(head: string): number {
  if (head.startsWith("HTTP/1.1 304 ")) return 0;
  const match = /^content-length:\s*(\d+)/im.exec(head);
  if (!match) throw new Error("answer without Content-Length");
  return Number(match[1]);
}

/** One connection to a server on the loopback address, one request at a time. */
export class Client implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /**
   * Connects.
   *
   * @param port Port of the server on 127.0.0.1.
   * @returns The client; it rejects where the server takes no connections.
   */
  static async connect(port: number): Promise<Client> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ANSWER_MS);
    try {
      return new Client(await Deno.connect({ hostname: "127.0.0.1", port, signal: limit.signal }));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Sends a GET request and reads the whole answer.
   *
   * @param path Path to ask for.
   * @param fields Field lines beside `Host`.
   * @returns The answer; it rejects where the server closes early or sends no length.
   */
  async get(path: string, fields: readonly string[] = []): Promise<Answer> {
    const timer = setTimeout(() => this[Symbol.dispose](), ANSWER_MS);
    try {
      const lines = [`GET ${path} HTTP/1.1`, "Host: 127.0.0.1", ...fields, "", ""];
      const request = new TextEncoder().encode(lines.join("\r\n"));
      for (let sent = 0; sent < request.length;) sent += await this.#conn.write(request.subarray(sent));
      return await this.#read();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads one answer: its head, then as many bytes as the head announces. */
  async #read(): Promise<Answer> {
    const buffer = new Uint8Array(32_768);
    let head = "";
    let end = -1;
    let total = 0;
    for (let expected = Infinity; total < expected;) {
      const count = await this.#conn.read(buffer);
      if (count === null) throw new Deno.errors.UnexpectedEof("connection closed before the answer was complete");
      total += count;
      if (end >= 0) continue;
      head += LATIN1.decode(buffer.subarray(0, count));
      end = head.indexOf("\r\n\r\n");
      if (end >= 0) expected = end + 4 + contentLength(head.slice(0, end));
    }
    return { status: Number(head.slice(9, 12)), length: total - end - 4, head: head.slice(0, end + 2) };
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** `true` where the connection answers a request in full. */
async function answers(client: Client, path: string): Promise<boolean> {
  try {
    return (await client.get(path)).status === 200;
  } catch {
    return false;
  }
}

/**
 * Opens connections, a batch at a time, each doing one request; those that fail are left out. A batch that fails as a
 * whole is the last, since each of its connections may have taken the longest wait.
 */
async function openIdle(port: number, path: string, count: number, signal: AbortSignal): Promise<Client[]> {
  const clients: Client[] = [];
  const open = async (): Promise<void> => {
    const client = await Client.connect(port).catch(() => undefined);
    if (client && await answers(client, path)) clients.push(client);
    else client?.[Symbol.dispose]();
  };
  for (let left = count, before = -1; left > 0 && clients.length > before && !signal.aborted; left -= BATCH) {
    before = clients.length;
    await Promise.all(Array.from({ length: Math.min(BATCH, left) }, open));
  }
  return clients;
}

/** How many of the connections no longer answer. */
async function countClosed(clients: Client[], path: string): Promise<number> {
  let closed = 0;
  for (let start = 0; start < clients.length; start += BATCH) {
    const alive = await Promise.all(clients.slice(start, start + BATCH).map((client) => answers(client, path)));
    closed += alive.filter((ok) => !ok).length;
  }
  return closed;
}

/**
 * Holds connections open, each after one request, and tells what they cost the server.
 *
 * The kernel's socket buffers are in no process's memory and so not counted, for any server. A server that still holds
 * memory from earlier load may put the connections there: with few of them the growth can be zero or less.
 *
 * @param server Process id of the server and the port it listens on.
 * @param path Path of a small file.
 * @param count Connections to hold.
 * @param signal Ends the count early.
 */
export async function idleCost(
  server: { pid: number; port: number },
  path: string,
  count: number,
  signal: AbortSignal,
): Promise<IdleCost> {
  const pids = await processTree(server.pid);
  await pause(SETTLE_MS);
  const before = await memory(pids);
  const clients = await openIdle(server.port, path, count, signal);
  try {
    await pause(SETTLE_MS);
    const after = await memory(pids);
    signal.throwIfAborted();
    return {
      connections: clients.length,
      failed: count - clients.length,
      closed: await countClosed(clients, path),
      kbPerConnection: (after.pss - before.pss) / clients.length,
    };
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}
