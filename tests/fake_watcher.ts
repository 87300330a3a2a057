/** Stands in for `Deno.FsWatcher`: tells of changes when a test says so. */

import { assert } from "@std/assert";
import type { Watcher } from "../src/file_watch.ts";

/** A watcher of files. */
export class FakeWatcher implements Watcher {
  /** What it watches. */
  readonly path: string;
  /** Whether it has been closed. */
  isClosed = false;
  readonly #events: (Deno.FsEvent | Error)[] = [];
  #wake = () => {};

  /** Watches a path. */
  constructor(path: string) {
    this.path = path;
  }

  /** Lets events, or an error, come. */
  async tell(...events: (Deno.FsEvent | Error)[]): Promise<void> {
    this.#events.push(...events);
    this.#wake();
    // A turn of the event loop: every promise of the iteration is settled then.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Ends it. */
  close(): void {
    assert(!this.isClosed, "a watcher is closed once");
    this.isClosed = true;
    this.#wake();
  }

  /** What is told. */
  [Symbol.asyncIterator](): AsyncIterator<Deno.FsEvent, undefined> {
    const next = async (): Promise<IteratorResult<Deno.FsEvent, undefined>> => {
      while (!this.isClosed) {
        const event = this.#events.shift();
        if (event instanceof Error) throw event;
        if (event !== undefined) return { done: false, value: event };
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
      return { done: true, value: undefined };
    };
    return { next };
  }
}
