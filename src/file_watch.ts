/**
 * Notices changes of the files below the document root, and tells of those that belong together at once.
 *
 * The system watches folders by their identity, not by their name. So once a second it is looked whether the root is
 * still the folder that is watched: it may be a symbolic link that is switched, or be deleted and made again by a
 * build. While there is no root nothing is told. Folders outside that a link in the root leads to are not watched, as
 * nothing in them is served.
 *
 * @module
 */

import { relative, SEPARATOR } from "@std/path";
import { isSitePath } from "./site_change.ts";
import { setTimer } from "./timer.ts";
import type { SetTimer } from "./timer.ts";

/** Changes are told when nothing has changed for so long, in milliseconds. */
const QUIET_MS = 50;
/** Of a file that changes all the time it is told as often as this, in milliseconds. */
const LONGEST_MS = 500;
/** How often the root is looked at, in milliseconds. */
const LOOK_MS = 1_000;

/** What the system tells of changes; `Deno.FsWatcher` is one. */
export interface Watcher extends AsyncIterable<Deno.FsEvent> {
  /** Ends it. */
  close(): void;
}

/** What a {@linkcode FileWatch} tells, and how tests replace time and system. */
export interface FileWatchOptions {
  /**
   * Files have changed.
   *
   * @param paths Their paths below the root, with slashes between; the empty one stands for the whole.
   */
  readonly onChange: (paths: readonly string[]) => void;
  /**
   * Changes cannot be noticed, or not all of them.
   *
   * @param message Why, and what to do.
   */
  readonly onProblem: (message: string) => void;
  /**
   * Files whose changes do not count, by their absolute paths: a log in the root would make pages reload for ever.
   *
   * @default {[]}
   */
  readonly ignored?: readonly string[];
  /**
   * Starts to watch a folder and all below it.
   *
   * @default {Deno.watchFs}
   */
  readonly watch?: (path: string) => Watcher;
  /**
   * Timers.
   *
   * @default {setTimer}
   */
  readonly setTimer?: SetTimer;
}

/** Watches a root until it is closed. */
export class FileWatch implements Disposable {
  readonly #root: string;
  readonly #options: FileWatchOptions;
  readonly #ignored: ReadonlySet<string>;
  readonly #burst: Burst;
  /** What is watched; absent while there is no root, or until the next look where watching has failed. */
  #watched: Watched | undefined;
  #problem = "";
  #stopLook = () => {};

  /**
   * Starts to watch. The thread stands still meanwhile: about a second for 20,000 folders.
   *
   * @param root The document root, an absolute path.
   * @param options Whom to tell.
   */
  constructor(root: string, options: FileWatchOptions) {
    this.#root = root;
    this.#options = options;
    this.#ignored = new Set(options.ignored?.map((path) => findRealPath(path) ?? path));
    this.#burst = new Burst((paths) => this.#tell(paths), options.setTimer ?? setTimer);
    this.#watchRoot();
    this.#lookLater();
  }

  /** Ends it; nothing is told any more. */
  close(): void {
    this.#stopLook();
    this.#burst.clear();
    this.#unwatch();
  }

  /** The same as {@linkcode FileWatch.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #lookLater(): void {
    this.#stopLook = (this.#options.setTimer ?? setTimer)(() => {
      this.#lookAtRoot();
      this.#lookLater();
    }, LOOK_MS);
  }

  #lookAtRoot(): void {
    if (this.#watchRoot()) this.#burst.add("");
  }

  /** Watches the root as it is now; answers whether there is one and it was not watched yet. */
  #watchRoot(): boolean {
    const found = identify(this.#root);
    if (found?.id === this.#watched?.id) return false;
    this.#unwatch();
    if (found === undefined) return false;
    this.#watched = { ...found, watcher: undefined };
    try {
      const watcher = (this.#options.watch ?? Deno.watchFs)(found.path);
      this.#watched = { ...found, watcher };
      this.#follow(watcher);
    } catch (error) {
      this.#tellProblem(error);
    }
    return true;
  }

  #unwatch(): void {
    this.#watched?.watcher?.close();
    this.#watched = undefined;
  }

  async #follow(watcher: Watcher): Promise<void> {
    for (;;) {
      try {
        for await (const event of watcher) this.#note(event);
        return;
      } catch (error) {
        if (this.#watched?.watcher !== watcher) return;
        this.#tellProblem(error);
        // New folders could not be added; what was watched before still is.
        if (!isLimitReached(error)) return this.#unwatch();
      }
    }
  }

  #note({ kind, paths, flag }: Deno.FsEvent): void {
    const root = this.#watched?.path;
    if (root === undefined || kind === "access") return;
    if (flag === "rescan") this.#burst.add("");
    for (const path of paths) {
      if (path === root) {
        this.#burst.add("");
        if (kind === "remove" || kind === "rename") this.#unwatch();
      } else if (!this.#ignored.has(path)) {
        const sitePath = relative(root, path).replaceAll(SEPARATOR, "/");
        if (isSitePath(sitePath)) this.#burst.add(sitePath);
      }
    }
  }

  /** Where the root was switched meanwhile it is told of the whole a moment later. */
  #tell(paths: readonly string[]): void {
    const watched = this.#watched;
    this.#lookAtRoot();
    if (watched !== undefined && watched === this.#watched) this.#options.onChange(paths);
  }

  #tellProblem(error: unknown): void {
    const problem = describeProblem(this.#root, error);
    if (problem !== this.#problem) this.#options.onProblem(problem);
    this.#problem = problem;
  }
}

interface Watched {
  /** Differs for two folders that had the same path one after the other. */
  readonly id: string;
  /** The real path. */
  readonly path: string;
  /** Absent where watching has failed for good. */
  readonly watcher: Watcher | undefined;
}

/** Changes in quick succession, which are told of at once. */
class Burst {
  readonly #tell: (paths: readonly string[]) => void;
  readonly #setTimer: SetTimer;
  readonly #paths = new Set<string>();
  #stopQuiet: (() => void) | undefined;
  #stopLongest: (() => void) | undefined;

  constructor(tell: (paths: readonly string[]) => void, setTimer: SetTimer) {
    this.#tell = tell;
    this.#setTimer = setTimer;
  }

  add(path: string): void {
    this.#paths.add(path);
    this.#stopQuiet?.();
    this.#stopQuiet = this.#setTimer(() => this.#end(), QUIET_MS);
    this.#stopLongest ??= this.#setTimer(() => this.#end(), LONGEST_MS);
  }

  clear(): void {
    this.#paths.clear();
    this.#stopQuiet?.();
    this.#stopLongest?.();
    this.#stopLongest = undefined;
  }

  #end(): void {
    const paths = [...this.#paths];
    this.clear();
    this.#tell(paths);
  }
}

function identify(root: string): Omit<Watched, "watcher"> | undefined {
  const path = findRealPath(root);
  if (path === undefined) return undefined;
  try {
    const { dev, ino } = Deno.statSync(path);
    return { id: `${dev} ${ino} ${path}`, path };
  } catch {
    return undefined;
  }
}

function findRealPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

/** The runtime has no error classes for these: inotify's limits of folders, and of programs that watch. */
function isLimitReached(error: unknown): boolean {
  return error instanceof Error && /watch limit|os error 24\b|os error 28\b/.test(error.message);
}

function describeProblem(root: string, error: unknown): string {
  if (!isLimitReached(error)) return `Cannot watch ${root}: ${error instanceof Error ? error.message : String(error)}`;
  return `Cannot watch all of ${root}, so pages may not reload: the system's limit is reached. ` +
    "On Linux raise it with sysctl fs.inotify.max_user_watches and fs.inotify.max_user_instances";
}
