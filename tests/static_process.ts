/**
 * `static_probe.ts` as a process of its own: for what would block, starve or be allowed everything in the process of
 * the tests.
 */

import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";

const PROBE = fromFileUrl(new URL("static_probe.ts", import.meta.url));
/** Ends a probe that hangs; it takes a fifth of a second. */
const PATIENCE_MS = 20_000;

/** Runs the probe as `"$@"` of the line `shell`, and gives what it printed. */
export async function probe(shell: string, args: readonly string[]): Promise<unknown> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--allow-read", PROBE, ...args];
  const child = new Deno.Command("sh", {
    args: ["-c", shell, "sh", ...deno],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const alarm = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const { stdout, signal } = await child.output();
  clearTimeout(alarm);
  assert(signal !== "SIGKILL", "the probe hung");
  return JSON.parse(new TextDecoder().decode(stdout));
}
