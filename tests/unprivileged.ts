/** Tests that give up the privilege of root to read everything: without that nothing would be refused. */

import { isGranted, testWith } from "./permissions.ts";

/** A line for `sh -c` that runs its arguments without the privileges of root. */
export const UNPRIVILEGED =
  `[ "$(id -u)" != 0 ] || set -- setpriv --bounding-set=-all --inh-caps=-all -- "$@"; exec "$@"`;

const canDropPrivileges = isGranted("run") && isGranted("read") &&
  new Deno.Command("sh", { args: ["-c", UNPRIVILEGED, "sh", "true"], stderr: "null" }).outputSync().success;

/**
 * Registers a test of what may not be read; where this machine lets nobody give up privileges it is ignored.
 *
 * @param name The name of the test.
 * @param fn The test; it may use the network, read, write, and run programs.
 */
export function testUnprivileged(name: string, fn: () => Promise<void>): void {
  if (isGranted("run") && !canDropPrivileges) return Deno.test.ignore(`${name} (needs setpriv)`, () => {});
  testWith(["read", "run", "write"], name, fn);
}
