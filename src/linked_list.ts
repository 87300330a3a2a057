/**
 * Values that come and go often, in the order in which they came.
 *
 * A `Set` would keep what was removed from it: V8 leaves each table that a set has outgrown with what was in it and with
 * a reference to the next table, so one that has become old keeps all later ones, and what was in them, until the next
 * full collection. With a set of connections nearly every one that was closed soon was kept so.
 *
 * @module
 */

/** Where a value stands in its list. */
interface Place<Value> {
  readonly value: Value;
  before: Place<Value> | undefined;
  after: Place<Value> | undefined;
}

/** A list that a value leaves at no cost. */
export class LinkedList<Value> implements Iterable<Value> {
  #size = 0;
  #first: Place<Value> | undefined;
  #last: Place<Value> | undefined;

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a value at the end.
   *
   * @param value The value.
   * @returns Removes it, the first time it is called.
   */
  add(value: Value): () => void {
    const place: Place<Value> = { value, before: this.#last, after: undefined };
    if (place.before === undefined) this.#first = place;
    else place.before.after = place;
    this.#last = place;
    this.#size++;
    let isIn = true;
    return () => {
      if (isIn) this.#remove(place);
      isIn = false;
    };
  }

  /** The values, the first one first; the one at hand may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Value, void> {
    for (let place = this.#first; place !== undefined;) {
      const { value, after } = place;
      yield value;
      place = after;
    }
  }

  /** What is removed leads to no other place: once it is old it would keep them all. */
  #remove(place: Place<Value>): void {
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    place.before = place.after = undefined;
    this.#size--;
  }
}
