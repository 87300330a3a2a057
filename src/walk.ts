/**
 * Everything below a folder that the path of a request can name, folder by folder, in the order of the file system.
 *
 * A name counts where a listing shows it: one that may be asked for, without a backslash, of a regular file or a folder
 * that may be read. Symbolic links are followed as for a request, so a file comes under each of its paths, within the
 * bounds of the system on the length of a path and the number of its links; a folder that is one of those above it does
 * not come again, so cycles end. What the server would answer with 404 or 403 is left out, any other error of the file
 * system ends the walk.
 *
 * Names are read asynchronously, since then the runtime hands them over one by one; all at once, those of a million files
 * take two seconds without a pause and 0.6 GB. So each folder stays open while the walk is below it.
 *
 * @module
 */

import { HttpError } from "./errors.ts";
import { toFileError } from "./file_tree.ts";
import type { FoundFile } from "./resource.ts";

/** How a folder is walked. */
export interface WalkOptions {
  /** Looks at what a path of the site leads to, and throws where that is not to be seen. */
  readonly look: (path: string) => FoundFile;
  /** Whether a path of the site may be asked for; a folder is named without a slash at the end. */
  readonly isShown: (path: string) => boolean;
}

/** A file or a folder on the way. */
export interface Step {
  /** The names from the folder down, with `/` between them; that of a folder ends with one, or is empty for the first. */
  readonly path: string;
  /** What the path leads to. */
  readonly found: FoundFile;
}

/** A folder that is open. */
interface Level extends Step {
  readonly entries: AsyncIterator<Deno.DirEntry>;
  /** The next one of the entries. */
  upcoming: IteratorResult<Deno.DirEntry>;
}

/**
 * Walks through a folder.
 *
 * @param folder The path of the folder in the site, resolved, with a slash at the end.
 * @param options How it is walked.
 * @returns A step for each file and folder, the folder itself first, each folder before what is in it. `undefined` stands
 * for a name that is left out, so that a caller can rest also where there are only such.
 * @throws {Error} Where the folder cannot be read, the file system fails, the folder is gone at its end, or it or one in
 * it is another one then: much was left out, or mixed.
 */
export async function* walk(
  folder: string,
  { look, isShown }: WalkOptions,
): AsyncGenerator<Step | undefined, void, void> {
  const top = await enter("", look(folder));
  const levels = [top];
  try {
    yield top;
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const { done, value: entry } = level.upcoming;
      if (done) {
        levels.pop();
        checkLeft(level);
        continue;
      }
      level.upcoming = await level.entries.next();
      const path = level.path + entry.name;
      yield !entry.name.includes("\\") && isShown(folder + path) ? await follow(path) : undefined;
    }
  } finally {
    for (const { entries } of levels) await entries.return?.();
  }

  /** Where a link was switched, what was found is of two folders. A folder that is gone is left out, but not all of them. */
  function checkLeft({ path, found }: Level): void {
    const now = unlessRefused(() => look(folder + path));
    const isLeft = now === undefined ? path !== "" : isSameFile(now.info, found.info);
    if (!isLeft) throw new Error(`Folder is gone, or another one: ${folder}${path}`);
  }

  async function follow(path: string): Promise<Step | undefined> {
    const found = unlessRefused(() => look(folder + path));
    if (!found?.info.isDirectory) return found?.info.isFile ? { path, found } : undefined;
    if (levels.some((above) => above.found.path === found.path)) return undefined;
    try {
      const level = await enter(`${path}/`, found);
      levels.push(level);
      return level;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }
}

async function enter(path: string, found: FoundFile): Promise<Level> {
  const entries = Deno.readDir(found.path)[Symbol.asyncIterator]();
  return { path, found, entries, upcoming: await entries.next() };
}

/**
 * Runs what calls the file system.
 *
 * @param run What to run.
 * @returns Its result, or `undefined` where the server would answer 404 or 403.
 * @throws {Error} Where the file system fails.
 */
export function unlessRefused<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function isRefusal(cause: unknown): boolean {
  const error = toFileError(cause);
  return error instanceof HttpError && error.status < 500;
}

/**
 * Tells whether two looks were at the same file, whatever its name and content.
 *
 * @param a The one.
 * @param b The other.
 */
export function isSameFile(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
