/**
 * A program, not a test: asks the static handler in a process of its own, for what would block, starve or be allowed
 * everything in the process of the tests.
 *
 *     deno run --allow-read static_probe.ts [--exhaust | --accept CODINGS] ROOT TARGET...
 *
 * Prints one line of JSON: the status of each answer, and behind it the content coding where there is one. `--exhaust`
 * uses up the file descriptors first; `--accept` is the value of `Accept-Encoding`.
 */

import { Clock } from "../src/clock.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { parseSiteOptions } from "../src/site_options.ts";
import { staticHandler } from "../src/static.ts";
import { ask } from "./ask.ts";

if (import.meta.main) {
  const isExhausting = Deno.args[0] === "--exhaust";
  const acceptEncoding = Deno.args[0] === "--accept" ? Deno.args[1] : undefined;
  const [root = ".", ...targets] = Deno.args.slice(isExhausting ? 1 : acceptEncoding === undefined ? 0 : 2);
  const handler = staticHandler({
    site: parseSiteOptions({ ...DEFAULT_OPTIONS, root }),
    cache: DEFAULT_OPTIONS.cache,
    clock: new Clock(),
    open: (path) => Deno.openSync(path),
  });
  const askOne = (target: string) => {
    const fields = acceptEncoding === undefined ? [] : [["Accept-Encoding", acceptEncoding] as const];
    const { status, fields: answered } = ask(handler, target, { fields });
    const coding = answered["content-encoding"];
    return coding === undefined ? status : `${status} ${coding}`;
  };
  const held = isExhausting ? exhaust(root) : [];
  const statuses = targets.map(askOne);
  for (const file of held) file.close();
  const after = held.length > 0 ? targets.map(askOne) : [];
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
