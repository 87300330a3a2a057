/**
 * Numbers of the server that change while one looks at them, by server-sent events. The browser connects again by
 * itself, and each stream ends when its client leaves.
 *
 *     deno run --allow-net --allow-read main.ts --app examples/live.ts
 */

import { route } from "../mod.ts";
import page from "./live.html" with { type: "text" };

const INTERVAL_MS = 500;
/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

/** The streams of this worker. */
let streams = 0;

/** Process and worker, as they are now. */
function measure(delayMs: number): Record<string, number> {
  const { rss, heapUsed } = Deno.memoryUsage();
  return { memoryBytes: rss, heapBytes: heapUsed, delayMs: Math.max(0, delayMs), streams };
}

function events(): Response {
  let timer: ReturnType<typeof setInterval> | undefined;
  let lastMs = performance.now();
  const body = new ReadableStream<string>({
    start(controller) {
      streams++;
      controller.enqueue(`retry: ${RETRY_MS}\n\n`);
      timer = setInterval(() => {
        const nowMs = performance.now();
        controller.enqueue(`data: ${JSON.stringify(measure(nowMs - lastMs - INTERVAL_MS))}\n\n`);
        lastMs = nowMs;
      }, INTERVAL_MS);
    },
    cancel() {
      clearInterval(timer);
      streams--;
    },
  });
  const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store" };
  return new Response(body.pipeThrough(new TextEncoderStream()), { headers });
}

export default route({
  "GET /": () => new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } }),
  "GET /events": events,
});
