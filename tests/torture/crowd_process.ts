/**
 * The crowd, a program of its own: many connections at once, half of them hostile, the others idle after one answer. Each
 * that the server ends comes again. It is told what to do by its argument, in JSON, and prints what came of it when
 * SIGTERM ends it.
 *
 * @module
 */

import { Client, isConnectionError } from "./client.ts";
import { attack, DEEDS, pause, type Target } from "./hostile.ts";

/** What the crowd is told. */
export interface CrowdOrder {
  /** Whom it is done to. */
  readonly target: Target;
  /** Connections at once. */
  readonly connections: number;
  /** When it ends by itself, in seconds. */
  readonly seconds: number;
}

/** What it tells. */
export interface CrowdNews {
  /** Connections that are open. */
  readonly open: number;
  /** How many there were since the start. */
  readonly opened: number;
  /** How many could not be opened. */
  readonly refused: number;
}

/** How many a second come at most, so that it is the crowd that is measured and not its coming. */
const PER_SECOND = 1_500;

const news = { open: 0, opened: 0, refused: 0 };

async function beIdle(target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    using client = await Client.connect(target.address);
    await client.ask("GET", "/small.bin");
    await pause(3_600_000, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return false;
  }
}

async function takePart(n: number, { target }: CrowdOrder, signal: AbortSignal): Promise<void> {
  const names = Object.keys(DEEDS);
  const name = names[Math.floor(n / 2) % names.length] ?? "";
  while (!signal.aborted) {
    news.open++;
    news.opened++;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(20_000 + 7 * (n % 1_000))]);
    const got = n % 2 === 0 ? await attack(name, target, patience).catch(failed) : await beIdle(target, signal);
    news.open--;
    if (!got) news.refused++;
    await pause(1_000 + n % 1_000, signal);
  }
}

function failed(error: unknown): boolean {
  if (!isConnectionError(error)) console.error(error);
  return false;
}

async function run(order: CrowdOrder, signal: AbortSignal): Promise<void> {
  const all: Promise<void>[] = [];
  for (let n = 0; n < order.connections && !signal.aborted; n++) {
    all.push(takePart(n, order, signal));
    if (n % (PER_SECOND / 20) === 0) await pause(50, signal);
  }
  await Promise.all(all);
}

if (import.meta.main) {
  const order: CrowdOrder = JSON.parse(Deno.args[0] ?? "");
  Deno.addSignalListener("SIGTERM", () => {
    console.log(JSON.stringify(news));
    Deno.exit(0);
  });
  await run(order, AbortSignal.timeout(order.seconds * 1_000));
}
