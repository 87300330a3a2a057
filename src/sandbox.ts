/**
 * The second wall: the permissions that a worker gets, the least of those of the process with which it can do its work.
 *
 * The first wall is the check of each path in `file_tree.ts`. Should that fail, Deno itself refuses what lies outside the
 * root, and any address but the server's own. What it does not stop are symbolic links below the root that lead out of
 * it: Deno looks at the name that is opened, not at the file that it leads to.
 *
 * @module
 */

import { dirname } from "@std/path";
import { formatAuthority } from "./authority.ts";
import type { ServerOptions } from "./config.ts";
import type { Binding } from "./listener.ts";

/** What a worker may do; all that is not named is refused. */
export type WorkerPermissions = Required<Pick<Deno.PermissionOptionsObject, "net" | "read" | "write">>;

/**
 * Selects the permissions of the workers.
 *
 * @param options The options of the server.
 * @param bindings Where it listens.
 * @returns What they may do; `undefined` where that is all that the process may: an application was given its rights by
 * whoever started it.
 */
export function selectPermissions(
  options: ServerOptions,
  bindings: readonly Binding[],
): WorkerPermissions | undefined {
  if (options.app !== undefined) return undefined;
  const net = bindings.map(formatAuthority);
  const folder = findFolder(options);
  if (folder === undefined) return { read: "inherit", write: options.upload ? "inherit" : [], net };
  const read = [folder, options.auth, options.dev ? options.logFile : undefined];
  return { read: read.filter((path) => path !== undefined), write: options.upload ? [folder] : [], net };
}

/**
 * Tells whether the configuration of the program is one that switches the unstable feature on: by a mark that
 * can be imported. The feature itself cannot be asked for, and to use it where it is off ends the process.
 */
export function isSandboxAvailable(): boolean {
  try {
    import.meta.resolve("#worker-options");
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder in which all files lie. There is none where links may lead anywhere: one that is the root, or on the way to
 * it, may be switched at any time.
 */
function findFolder({ root, symlinks }: ServerOptions): string | undefined {
  if (symlinks === "follow") return undefined;
  try {
    if (Deno.realPathSync(root) !== root) return undefined;
    return Deno.statSync(root).isFile ? dirname(root) : root;
  } catch {
    return undefined;
  }
}
