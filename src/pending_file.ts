/**
 * A file that is being received: it has a hidden, random name in the folder where it belongs, and gets its own name
 * when it is complete. Until then nobody sees it, and what is not published is removed.
 *
 * One of a process that was killed stays behind; names of that kind are never served (`path.ts`).
 *
 * @module
 */

import { join } from "@std/path";
import { HttpError } from "./errors.ts";
import { toFileError } from "./file_tree.ts";
import { PENDING_PREFIX } from "./path.ts";

/** A file on its way. */
export class PendingFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #isOpen = true;
  #isPublished = false;

  /**
   * Opens a new file.
   *
   * @param folder The real path of the folder.
   * @throws {HttpError} 403, 503 or 507.
   */
  constructor(folder: string) {
    this.#path = join(folder, PENDING_PREFIX + crypto.randomUUID());
    try {
      this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
    } catch (error) {
      throw toWriteError(error);
    }
  }

  /**
   * Appends bytes. This is waited for: a slow disk slows the client, and nobody else.
   *
   * @param bytes The bytes; not to be changed before the end.
   * @throws {HttpError} 507 where there is no room.
   */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    } catch (error) {
      throw toWriteError(error);
    }
  }

  /** The content is complete. */
  close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  /**
   * Gives the file its name, in place of the file that had it.
   *
   * @param path The whole path.
   * @throws {HttpError} 403 or 507.
   */
  replace(path: string): void {
    this.close();
    try {
      Deno.renameSync(this.#path, path);
    } catch (error) {
      throw toWriteError(error);
    }
    this.#isPublished = true;
  }

  /**
   * Gives the file a name that nothing has.
   *
   * @param path The whole path.
   * @returns Whether it was free.
   * @throws {HttpError} 403 or 507.
   */
  publish(path: string): boolean {
    try {
      // Renaming would replace; this takes the name, or fails, in one step.
      Deno.openSync(path, { write: true, createNew: true }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw toWriteError(error);
    }
    this.replace(path);
    return true;
  }

  /** Removes what was not published. */
  [Symbol.dispose](): void {
    this.close();
    if (this.#isPublished) return;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // Somebody else has removed it, or the folder.
    }
  }
}

/** RFC 4918 section 11.5: the method could not be performed because there is no room. */
const NO_ROOM: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Makes statuses of errors that come of writing. What is not listed stays a bug.
 *
 * @param cause What was thrown.
 * @returns An `HttpError`, or what was thrown.
 */
export function toWriteError(cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (NO_ROOM.has(code)) return new HttpError(507, "There is no room for the file", { cause });
  if (code === "EROFS" || code === "EPERM") {
    return new HttpError(403, "The file system lets nothing be written", { cause });
  }
  if (code === "ENAMETOOLONG") return new HttpError(400, "The name is too long", { cause, close: false });
  return toFileError(cause);
}
