/**
 * A hostile crowd: up to 10,000 connections, half of them hostile, and normal clients beside them. In each round their
 * waiting is measured without the crowd and with it, on the same server; the medians of the rounds are compared.
 *
 * A crowd comes from elsewhere: this one is a process of the lowest priority, so that its own work takes as little time
 * as may be from the server and its clients. How much of the waiting is the machine's nonetheless, which all of them
 * share, shows where the crowd goes to another server. That is told, and is no excuse: the row is judged by the first two.
 */

import { fromFileUrl } from "@std/path";
import { openFileLimit } from "../../bench/proc.ts";
import { Arena } from "./arena.ts";
import type { CrowdNews, CrowdOrder } from "./crowd_process.ts";
import { pause, type Target } from "./hostile.ts";
import { type Latency, measureLatency } from "./load.ts";
import { quantile, type Row } from "./report.ts";

/** How much is done. */
export interface CrowdOptions {
  /** Connections at once; fewer where the machine allows fewer descriptors. */
  readonly connections: number;
  /** Rounds. */
  readonly rounds: number;
  /** Seconds that each of the two measurements of a round takes. */
  readonly seconds: number;
}

/** Descriptors that programs need beside their connections. */
const SPARE_DESCRIPTORS = 400;

const PROGRAM = fromFileUrl(new URL("crowd_process.ts", import.meta.url));

/** Starts the crowd. Returns what ends it, and tells what came of it. */
function startCrowd(order: CrowdOrder): () => Promise<CrowdNews> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--allow-net=127.0.0.1", PROGRAM, JSON.stringify(order)];
  const child = new Deno.Command("nice", { args: ["-n", "19", ...deno], stdin: "null", stdout: "piped" }).spawn();
  return async () => {
    child.kill("SIGTERM");
    const { stdout } = await child.output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
}

async function measureFor(arena: Arena, seconds: number): Promise<Latency> {
  return await measureLatency(arena.asked, AbortSignal.timeout(seconds * 1_000));
}

async function measureWithin(arena: Arena, target: Target, connections: number, seconds: number) {
  const comingMs = 1_000 * (2 + connections / 1_400);
  const end = startCrowd({ target, connections, seconds: comingMs / 1_000 + seconds + 30 });
  await pause(comingMs);
  const latency = await measureFor(arena, seconds);
  return { latency, news: await end() };
}

/** Runs the rounds. */
export async function* runCrowd({ connections: wanted, rounds, seconds }: CrowdOptions): AsyncGenerator<Row> {
  const connections = Math.min(wanted, await openFileLimit() - SPARE_DESCRIPTORS);
  await using arena = await Arena.start([], rounds * (seconds * 3 + 90) * 1_000 + 60_000);
  const quiet: Latency[] = [];
  const beside: Latency[] = [];
  const elsewhere: Latency[] = [];
  await using other = await Arena.start([], rounds * (seconds * 3 + 90) * 1_000 + 60_000);
  let seen: CrowdNews | undefined;
  for (let round = 0; round < rounds; round++) {
    quiet.push(await measureFor(arena, seconds));
    const { latency, news } = await measureWithin(arena, arena.target, connections, seconds);
    beside.push(latency);
    seen = news;
    await pause(3_000);
    elsewhere.push((await measureWithin(arena, other.target, connections, seconds)).latency);
    await pause(3_000);
  }
  const told = ({ p99Ms }: Latency) => p99Ms.toFixed(1);
  const median = (all: readonly Latency[]) => quantile(all.map(({ p99Ms }) => p99Ms), 0.5);
  const ratio = median(beside) / median(quiet);
  const done = `a crowd of ${connections} connections, half of them hostile`;
  yield {
    done,
    expected: "p99 of normal clients at most twice the quiet one",
    seen: `p99 ${beside.map(told).join(", ")} ms, quiet ${quiet.map(told).join(", ")} ms: ${ratio.toFixed(2)} times ` +
      `(medians of ${rounds} rounds); with the same crowd at another server of this machine ` +
      `${elsewhere.map(told).join(", ")} ms: ${
        (median(elsewhere) / median(quiet)).toFixed(2)
      } times; ${seen?.open} open at the end of the last, ${seen?.opened} in it`,
    outcome: ratio <= 2 ? "ok" : "FAILED",
  };
  const wrong = [...quiet, ...beside, ...elsewhere].flatMap(({ wrong }) => wrong);
  const answers = [...quiet, ...beside, ...elsewhere].reduce((sum, { answers }) => sum + answers, 0);
  yield {
    done,
    expected: "no normal request fails",
    seen: `${answers} answers, ${wrong.length} wrong${wrong.length > 0 ? `, the first: ${wrong[0]}` : ""}`,
    outcome: wrong.length === 0 ? "ok" : "FAILED",
  };
}
