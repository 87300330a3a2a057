/**
 * How long a server takes from the start of its process to its first answer.
 *
 * @module
 */
import { Client, pause } from "./client.ts";
import { type Launch, Server } from "./servers.ts";

/** Time between two looks whether the server is there, in milliseconds: what the figures are exact to. */
const POLL_MS = 1;

/** Longest wait for the first answer, in milliseconds. */
const ANSWER_MS = 20_000;

/** Asks for a file until there is an answer: a connection to a server that is still starting may be refused or reset. */
async function askUntilAnswered(server: Server, path: string): Promise<void> {
  for (const end = performance.now() + ANSWER_MS;;) {
    try {
      using client = await Client.connect(server.port);
      const { status } = await client.get(path);
      if (status === 200) return;
      throw new Error(`${server.name}: ${path} answered with ${status}`);
    } catch (error) {
      const isEarly = error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.UnexpectedEof;
      if (!isEarly || !server.running || performance.now() > end) throw error;
      await pause(POLL_MS);
    }
  }
}

/**
 * Starts a server, asks it for a file and stops it.
 *
 * @param launch How to start it.
 * @param path Path of the file.
 * @returns Milliseconds from the start of the process to the end of the first answer.
 */
export async function firstAnswerMs(launch: Launch, path: string): Promise<number> {
  const begin = performance.now();
  await using server = await Server.start(launch, [], POLL_MS);
  await askUntilAnswered(server, path);
  return performance.now() - begin;
}

/**
 * Starts servers again and again, taking turns. The first start of each is left out: it finds less in memory.
 *
 * @param servers Makes the way to start each server anew.
 * @param path Path of the file to ask for.
 * @param times Starts that count.
 * @param signal Ends it early.
 * @returns Milliseconds to the first answer, of each server in the given order, the shortest first.
 */
export async function measureStarts(
  servers: readonly (() => Launch | Promise<Launch>)[],
  path: string,
  times: number,
  signal: AbortSignal,
): Promise<number[][]> {
  const starts: number[][] = servers.map(() => []);
  for (let round = 0; round <= times; round++) {
    for (const [index, launch] of servers.entries()) {
      signal.throwIfAborted();
      const ms = await firstAnswerMs(await launch(), path);
      if (round > 0) starts[index]?.push(ms);
    }
  }
  return starts.map((all) => all.sort((a, b) => a - b));
}
