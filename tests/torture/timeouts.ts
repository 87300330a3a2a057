/**
 * Every time-out on the wire, with the real program and its times shortened by flags: a client that is too slow is gone
 * within its time and a second and not before its time, and those beside it notice nothing.
 */

import { RawClient } from "../raw_client.ts";
import { Arena } from "./arena.ts";
import { isConnectionError } from "./client.ts";
import { pause } from "./hostile.ts";
import { measureLatency } from "./load.ts";
import type { Row } from "./report.ts";

const SECONDS = { head: 2, idle: 4, body: 3, handler: 3, write: 5, drain: 2, linger: 2 };
const FLAGS = Object.entries(SECONDS).flatMap(([name, seconds]) => [`--${name}-timeout`, `${seconds}`]);
/** How late the end may be, in milliseconds. */
const LATE_MS = 1_000;
const QUIET_SECONDS = 6;
const CRLF = "\r\n";

interface Slow {
  readonly done: string;
  readonly timeout: keyof typeof SECONDS;
  readonly send: string;
  /** Sends a byte every 400 ms. */
  readonly dribbles?: boolean;
  /** Reads nothing: the log tells when it is over. */
  readonly reads?: false;
}

const SLOW: readonly Slow[] = [
  { done: "a silent connection", timeout: "idle", send: "" },
  {
    done: "an idle keep-alive connection",
    timeout: "idle",
    send: `GET /small.bin HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}`,
  },
  { done: "a head that stops", timeout: "head", send: "GET / HT" },
  { done: "a byte of a head every 0.4 s", timeout: "head", send: `GET / HTTP/1.1${CRLF}X: `, dribbles: true },
  {
    done: "a body that stops",
    timeout: "body",
    send: `POST /reads HTTP/1.1${CRLF}Host: a${CRLF}Content-Length: 99${CRLF}${CRLF}x`,
  },
  {
    done: "a byte of a body every 0.4 s",
    timeout: "body",
    send: `POST /reads HTTP/1.1${CRLF}Host: a${CRLF}Content-Length: 999${CRLF}${CRLF}`,
    dribbles: true,
  },
  {
    done: "a body that nobody reads, byte by byte",
    timeout: "drain",
    send: `POST /fine HTTP/1.1${CRLF}Host: a${CRLF}Content-Length: 999${CRLF}${CRLF}`,
    dribbles: true,
  },
  { done: "a handler that never answers", timeout: "handler", send: `GET /never HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}` },
  {
    done: "a client that stops reading",
    timeout: "write",
    send: `GET /large.bin HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}`,
    reads: false,
  },
];

/** Sends what a slow client sends, and waits until the server ends the connection. Returns the milliseconds. */
async function outlast({ server }: Arena, { send, dribbles, reads }: Slow): Promise<number> {
  using client = await RawClient.connect(server.address);
  const startMs = performance.now();
  await client.send(send);
  let isOver = false;
  const dribbling = (async () => {
    while (dribbles && !isOver) {
      await pause(400);
      await client.send("x");
    }
  })().catch((error) => {
    if (!isConnectionError(error)) throw error;
  });
  if (reads === false) await server.logged(/closed: [^\n]* while waiting for write/);
  else await client.readToEnd().catch(() => {});
  const elapsedMs = performance.now() - startMs;
  isOver = true;
  client.close();
  await dribbling;
  return elapsedMs;
}

/** Runs all of them at once, with normal clients beside them. */
export async function* runTimeouts(): AsyncGenerator<Row> {
  await using arena = await Arena.start([...FLAGS, "-v"], 120_000);
  const quiet = await measureLatency(arena.asked, AbortSignal.timeout(QUIET_SECONDS * 1_000));
  const end = new AbortController();
  const measuring = measureLatency(arena.asked, end.signal);
  const elapsed = await Promise.all(SLOW.map((slow) => outlast(arena, slow)));
  end.abort();
  const beside = await measuring;
  for (const [n, { done, timeout }] of SLOW.entries()) {
    const [seen = NaN, least] = [elapsed[n], SECONDS[timeout] * 1_000];
    yield {
      done,
      expected: `closed ${SECONDS[timeout]} to ${SECONDS[timeout] + 1} s (--${timeout}-timeout ${SECONDS[timeout]})`,
      seen: `${(seen / 1_000).toFixed(2)} s`,
      outcome: seen >= least && seen <= least + LATE_MS ? "ok" : "FAILED",
    };
  }
  const most = 2 * quiet.p99Ms + 5;
  yield {
    done: "normal clients beside all of these",
    expected: "no wrong answer; p99 at most twice the quiet one and 5 ms",
    seen: `p99 ${beside.p99Ms.toFixed(1)} ms, quiet ${quiet.p99Ms.toFixed(1)} ms; ${beside.answers} answers, ` +
      `${beside.wrong.length} wrong`,
    outcome: beside.wrong.length + quiet.wrong.length === 0 && beside.p99Ms <= most ? "ok" : "FAILED",
  };
}
