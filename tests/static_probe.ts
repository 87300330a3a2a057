/**
 * A program, not a test: asks the static handler in a process of its own, for what would block, starve or be allowed
 * everything in the process of the tests.
 *
 *     deno run --allow-read static_probe.ts [--exhaust] ROOT TARGET...
 *
 * Prints one line of JSON: the status of each answer. `--exhaust` uses up the file descriptors first.
 */

import { Clock } from "../src/clock.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { staticHandler } from "../src/static.ts";
import { ask } from "./ask.ts";

if (import.meta.main) {
  const isExhausting = Deno.args[0] === "--exhaust";
  const [root = ".", ...targets] = Deno.args.slice(isExhausting ? 1 : 0);
  const handler = staticHandler({ root, cache: DEFAULT_OPTIONS.cache, clock: new Clock() });
  const held = isExhausting ? exhaust(root) : [];
  const statuses = targets.map((target) => ask(handler, target).status);
  for (const file of held) file.close();
  const after = held.length > 0 ? targets.map((target) => ask(handler, target).status) : [];
  console.log(JSON.stringify([...statuses, ...after]));
}

function exhaust(path: string): Deno.FsFile[] {
  const held: Deno.FsFile[] = [];
  for (;;) {
    try {
      held.push(Deno.openSync(path));
    } catch {
      return held;
    }
  }
}
