/**
 * Names that are swapped for links out of the root while they are served, by another process and as fast as it can:
 * never a byte from outside. Files are found anew each time here, also where the look at their directory is remembered,
 * which is the hardest case; how often, is a matter of time, but not what must not happen.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Clock } from "../../src/clock.ts";
import { DEFAULT_OPTIONS } from "../../src/config.ts";
import { HttpError } from "../../src/errors.ts";
import { parseSiteOptions } from "../../src/site_options.ts";
import { staticHandler } from "../../src/static.ts";
import { readFileBody, requestHead } from "../ask.ts";
import { testWith } from "../permissions.ts";
import { Site } from "../site.ts";

const PROGRAM = fromFileUrl(new URL("swap.ts", import.meta.url));
/** How long a name is swapped, in milliseconds; `deno task test:swaps` has more time: the first leak took 900 once. */
const SWAPPING_MS = Number(Deno.args[0] ?? 400);
/** How long it may take until the swaps are seen, on a busy machine. */
const PATIENCE_MS = 10_000;
const SECRET = "SECRET";

/** A process that swaps names until the end. */
class Swapper implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(kind: string, folder: string) {
    const args = ["run", "--no-prompt", "--allow-read", "--allow-write", PROGRAM, kind, folder];
    this.#child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  }

  /** Starts it, and waits until it swaps. */
  static async start(kind: string, folder: string): Promise<Swapper> {
    const swapper = new Swapper(kind, folder);
    const reader = swapper.#child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    return swapper;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    assertEquals((await this.#child.status).success, true, "the names were swapped to the end");
  }
}

const ROWS = [
  { kind: "link", target: "/name/file.txt" },
  { kind: "folder", target: "/name/file.txt" },
  { kind: "folder", target: "/name/file.txt", freshMs: 10, stepMs: 0.2 },
  { kind: "folder", target: "/name/" },
  { kind: "folder", target: "/name/?archive=zip" },
];

for (const { kind, target, freshMs = 0, stepMs = 200 } of ROWS) {
  testWith(
    ["read", "run", "write"],
    `staticHandler sends nothing from outside while a ${kind} is swapped: ${target}, trusted for ${freshMs} ms`,
    async () => {
      using site = new Site();
      site.write("inside/file.txt", "inside");
      site.write(`../outside/file.txt`, SECRET);
      site.write(`../outside/${SECRET}.txt`, SECRET);
      if (kind === "folder") site.write("name/file.txt", "inside");
      else site.link("name", "inside");
      const clock = new Clock();
      const handler = staticHandler({
        site: parseSiteOptions({
          ...DEFAULT_OPTIONS,
          compress: false,
          list: true,
          archive: true,
          root: site.path("www"),
        }),
        cache: { bytes: 0, entryBytes: 4_096, freshMs },
        clock,
        open: (path) => Deno.openSync(path),
      });
      let others = 0;
      {
        await using _swapper = await Swapper.start(kind, site.path("www"));
        const startMs = Date.now();
        const isOver = () => Date.now() - startMs > (others > 10 ? SWAPPING_MS : PATIENCE_MS);
        while (!isOver()) {
          clock.nowMs += stepMs;
          const { status, text } = await askOnce(target, handler);
          if (status !== 200) others++;
          assert(!text.includes(SECRET), `${target} leads out of the root: ${text.slice(0, 200)}`);
        }
      }
      assert(others > 10, `the swaps were seen, ${others} times`);
      if (kind === "link") site.relink("name", "inside");
      clock.nowMs += 200;
      const { status, text } = await askOnce(target, handler);
      assertEquals(
        [status, text.includes("file.txt") || text.includes("inside")],
        [200, true],
        "what is inside is served",
      );
    },
  );
}

async function askOnce(
  target: string,
  handler: ReturnType<typeof staticHandler>,
): Promise<{ status: number; text: string }> {
  const head = requestHead(`GET ${target} HTTP/1.1`);
  let status = 200;
  let text = "";
  try {
    const { status: answered, body } = await handler(head);
    status = answered;
    if (body instanceof Uint8Array) text = new TextDecoder("latin1").decode(body);
    else if ("file" in body) text = new TextDecoder("latin1").decode(readFileBody(body));
    else if ("stream" in body) {
      for (let step = await body.stream.next(); !step.done; step = await body.stream.next()) {
        text += new TextDecoder("latin1").decode(step.value);
      }
    }
  } catch (error) {
    // An archive that cannot be completed is cut off.
    if (!(error instanceof HttpError) && !target.includes("archive")) throw error;
    status = error instanceof HttpError ? error.status : 404;
  }
  return { status, text };
}
