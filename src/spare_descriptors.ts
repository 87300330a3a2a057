/**
 * Descriptors kept for opening files: connections may take all the others.
 *
 * Without them a server whose clients hold every descriptor could accept and not answer. A file that is read at once
 * borrows one for that moment.
 *
 * @module
 */

/** How many are kept by a worker. */
const SPARES = 4;

/** Opens files, with a spare descriptor where there is no other. */
export class SpareDescriptors {
  readonly #path: string;
  readonly #spares: Deno.FsFile[] = [];

  /**
   * Takes the spare descriptors.
   *
   * @param path What they are opened on: something that is there, such as the root.
   */
  constructor(path: string) {
    this.#path = path;
    this.#refill();
  }

  /**
   * Opens a file for reading.
   *
   * @param path The file.
   * @returns The open file; whoever takes it closes it.
   */
  open(path: string): Deno.FsFile {
    this.#refill();
    try {
      return Deno.openSync(path);
    } catch (error) {
      const spare = isExhausted(error) ? this.#spares.pop() : undefined;
      if (spare === undefined) throw error;
      spare.close();
      return Deno.openSync(path);
    }
  }

  #refill(): void {
    try {
      while (this.#spares.length < SPARES) this.#spares.push(Deno.openSync(this.#path));
    } catch {
      // None is left, or the root is gone: another time.
    }
  }
}

function isExhausted(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE");
}
