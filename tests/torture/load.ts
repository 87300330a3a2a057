/** Clients that ask for a small file at a fixed rate, and how long they wait: what others do must not show in it. */

import { type Address, Client } from "./client.ts";
import { pause } from "./hostile.ts";
import { quantile } from "./report.ts";

/** What the clients saw. */
export interface Latency {
  /** Answers. */
  readonly answers: number;
  /** Answers that were wrong or did not come, in words. */
  readonly wrong: readonly string[];
  /** Half of the answers took at most this, in milliseconds. */
  readonly p50Ms: number;
  /** 99 of 100 took at most this. */
  readonly p99Ms: number;
}

/** What is asked for. */
export interface Asked {
  /** The server. */
  readonly address: Address;
  /** Path of the file. */
  readonly path: string;
  /** Its content. */
  readonly content: Uint8Array;
}

const CLIENTS = 8;
const EVERY_MS = 20;

async function askOften({ address, path, content }: Asked, signal: AbortSignal, timesMs: number[], wrong: string[]) {
  let client: Client | undefined;
  while (!signal.aborted) {
    const startMs = performance.now();
    try {
      if (!client?.isOpen) client = await Client.connect(address);
      const { status, body } = await client.ask("GET", path);
      if (status !== 200 || body.length !== content.length || !body.every((byte, at) => byte === content[at])) {
        wrong.push(`status ${status}, ${body.length} bytes`);
      }
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
      client = undefined;
      await pause(100, signal);
    }
    timesMs.push(performance.now() - startMs);
    await pause(Math.max(0, EVERY_MS - (performance.now() - startMs)), signal);
  }
  client?.close();
}

/** Asks until the signal comes: 400 requests a second. */
export async function measureLatency(asked: Asked, signal: AbortSignal): Promise<Latency> {
  const timesMs: number[] = [];
  const wrong: string[] = [];
  await Promise.all(Array.from({ length: CLIENTS }, () => askOften(asked, signal, timesMs, wrong)));
  return { answers: timesMs.length, wrong, p50Ms: quantile(timesMs, 0.5), p99Ms: quantile(timesMs, 0.99) };
}
