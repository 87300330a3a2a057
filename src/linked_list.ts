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
export class Place<Value> {
  /** The value. */
  readonly value: Value;
  /** The place before it; `undefined` where it is the first. */
  before: Place<Value> | undefined;
  /** The place behind it; `undefined` where it is the last. */
  after: Place<Value> | undefined = undefined;

  /**
   * Makes the last place of a list.
   *
   * @param value The value.
   * @param before The place before it.
   */
  constructor(value: Value, before: Place<Value> | undefined) {
    this.value = value;
    this.before = before;
  }
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
   * @returns Where it stands, for {@linkcode remove}.
   */
  add(value: Value): Place<Value> {
    const place = new Place(value, this.#last);
    if (place.before === undefined) this.#first = place;
    else place.before.after = place;
    this.#last = place;
    this.#size++;
    return place;
  }

  /**
   * Removes a value.
   *
   * @param place Where it stands; nothing happens where it was left already.
   */
  remove(place: Place<Value>): void {
    const { before, after } = place;
    if (before === undefined && this.#first !== place) return;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // It leads to no other place any more: once it is old it would keep them all.
    place.before = place.after = undefined;
    this.#size--;
  }

  /** The values, the first one first; the one at hand may be removed meanwhile, and no other. */
  *[Symbol.iterator](): Generator<Value, void> {
    for (let place = this.#first; place !== undefined;) {
      const { value, after } = place;
      yield value;
      place = after;
    }
  }
}
