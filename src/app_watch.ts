/**
 * Loads an application anew when something in its folder changes, and says so once for each time that it was loaded.
 *
 * The whole folder is watched, with all below it, since nothing tells which modules an application imports; what lies
 * elsewhere is not. What changes before a loading has begun is seen by that loading: it asks for no other one.
 *
 * @module
 */

import { dirname, fromFileUrl } from "@std/path";
import type { LogLevel } from "./config.ts";
import type { FileWatchOptions } from "./file_watch.ts";
import { FileWatch } from "./file_watch.ts";

/** What is done about changes, and how tests replace time and system. */
export interface AppWatchOptions extends Pick<FileWatchOptions, "ignored" | "setTimer" | "watch"> {
  /**
   * Loads the application.
   *
   * @returns Settled when that is done; the same promise for all who ask before it begins.
   */
  readonly reload: () => Promise<void>;
  /** Takes what is to be said. */
  readonly event: (level: LogLevel, message: string) => void;
}

/**
 * Watches the folder of an application.
 *
 * @param app The URL of its module.
 * @param options What is done about changes.
 * @returns The watch, to be closed; `undefined` where the module is no file.
 */
export function watchApp(app: string, options: AppWatchOptions): FileWatch | undefined {
  if (!app.startsWith("file:")) return undefined;
  const { reload, event } = options;
  let loading: Promise<void> | undefined;
  let changed = new Set<string>();
  const onChange = (paths: readonly string[]) => {
    const asked = reload();
    if (asked !== loading) {
      const own = changed = new Set();
      loading = asked;
      void asked.then(
        () => event("info", `The application was loaded anew: ${describeChange(own)}`),
        (error) =>
          event("error", `The application of before goes on: ${error instanceof Error ? error.message : error}`),
      );
    }
    for (const path of paths) changed.add(path);
  };
  const onProblem = (message: string) => event("error", message);
  return new FileWatch(dirname(fromFileUrl(app)), { ...options, onChange, onProblem });
}

function describeChange(paths: ReadonlySet<string>): string {
  const [first = ""] = paths;
  if (first === "") return "its folder has changed";
  if (paths.size === 1) return `${first} has changed`;
  return `${first} and ${paths.size === 2 ? "another one" : `${paths.size - 1} others`} have changed`;
}
