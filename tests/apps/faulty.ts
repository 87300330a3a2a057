/** An application that does everything wrong, one thing for each path. */

const ID = crypto.randomUUID();

const FAULTS: Readonly<Record<string, (request: Request) => Response | Promise<Response>>> = {
  "/fine": () => new Response("fine"),
  "/throws": () => {
    throw new Error("thrown by the handler");
  },
  "/rejects": () => Promise.reject(new Error("rejected by the handler")),
  "/recurses": function recurse(request): Response {
    return new Response(recurse(request).body);
  },
  "/returns-nothing": () => undefined as unknown as Response,
  "/reads": async (request) => new Response(`${(await request.bytes()).length}`),
  "/never": () => new Promise(() => {}),
  /** Until a file of the given name is there, at most for half a minute. */
  "/blocks": (request) => {
    const path = new URL(request.url).searchParams.get("until") ?? "";
    const endMs = performance.now() + 30_000;
    console.error("The worker is blocked");
    const cell = new Int32Array(new SharedArrayBuffer(4));
    while (performance.now() < endMs && !exists(path)) Atomics.wait(cell, 0, 0, 10);
    return new Response("unblocked");
  },
  "/throws-later": () => {
    setTimeout(() => {
      throw new Error("thrown outside any request");
    }, 0);
    return new Response("soon");
  },
  "/rejects-later": () => {
    setTimeout(() => void Promise.reject(new Error("rejected outside any request")), 0);
    return new Response("soon");
  },
  "/exits": () => Deno.exit(0),
  "/closes": () => {
    self.close();
    return new Response("never sent");
  },
  /** Rests in between: what it takes of the machine is not the point. */
  "/loops": () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (;;) Atomics.wait(cell, 0, 0, 10);
  },
  /** Takes what memory there is. */
  "/fills": () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1_000).fill({}));
  },
  /** Longer under way than the shortest time that the watchdog waits. */
  "/slow": () => new Promise((resolve) => setTimeout(() => resolve(new Response("slow")), 4_500)),
  /** Tells the workers apart. */
  "/worker": () => new Response(ID),
  "/events": () => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const body = new ReadableStream<string>({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue("data: tick\n\n"), 10);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body.pipeThrough(new TextEncoderStream()), {
      headers: { "Content-Type": "text/event-stream" },
    });
  },
};

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    const answer = FAULTS[new URL(request.url).pathname];
    return answer === undefined ? new Response("not found", { status: 404 }) : answer(request);
  },
};
