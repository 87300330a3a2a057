/**
 * Another time of day. When a file was described can't be set as the time of its content can, so what a test has written
 * has not settled before it is later.
 */

const LATER_MS = 60_000;

/** While there is one, it is a minute later. Nothing that is changed meanwhile is sure to show. */
export class Later implements Disposable {
  readonly #now = Date.now;

  /** Goes there. */
  constructor() {
    Date.now = () => this.#now() + LATER_MS;
  }

  /** Comes back. */
  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}
