/**
 * What the workers know together of the addresses of their clients: how many connections each has open, and how fast it
 * asks. A table of fixed size in shared memory, used without locks.
 *
 * An address has its row among the eight of a set, found by a hash under a secret of the process. Each worker counts its
 * connections in a column of its own, so that those of a worker that has died can be taken away. Requests are counted as
 * by a token bucket, in the form of the generic cell rate algorithm (ITU-T I.371): one number per address, the time at
 * which it has made up for all its requests. In microseconds that goes round every 72 minutes, so a second number tells
 * in which part of an hour it was set.
 *
 * Connections are counted before they are judged, so a bound is never passed; of two that reach it in the same moment
 * both may be turned away. Where all rows of a set belong to addresses with open connections a further one is not
 * counted: a table that has room for twice the connections makes that rare.
 *
 * @module
 */

/** Rows that an address may have. */
const WAYS = 8;
/**
 * Cells of a row before its columns: what the address hashes to, when it has made up for its requests, in µs, and the
 * epoch in which that was set.
 */
const TAG = 0, DUE = 1, EPOCH = 2, COLUMNS = 3;
/** Two of them, and the longest burst, are less than the cells tell apart. */
const EPOCH_US = 2 ** 30;
/** How often a row is looked for anew that another worker took in the same moment. */
const TRIES = 4;

/** The row of an address that is not counted. */
export const UNCOUNTED: number = -1;

/**
 * Makes the shared memory of a table.
 *
 * @param seats Number of workers that count.
 * @param addresses How many addresses there is room for; 0 for none.
 */
export function createAddressTable(seats: number, addresses: number): SharedArrayBuffer {
  const sets = addresses === 0 ? 0 : 2 ** Math.ceil(Math.log2(Math.max(addresses / WAYS, 1)));
  const table = new SharedArrayBuffer((1 + sets * WAYS * (COLUMNS + seats)) * Int32Array.BYTES_PER_ELEMENT);
  const [secret = 0] = crypto.getRandomValues(new Int32Array(1));
  new Int32Array(table)[0] = secret;
  return table;
}

/** What a request of an address is let through by. */
export interface Rate {
  /** Requests per second in the long run. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
}

/** The table, as one worker sees it. */
export class AddressTable {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #seats: number;
  readonly #seat: number;
  readonly #sets: number;

  /**
   * Looks at a table.
   *
   * @param table Memory made by {@linkcode createAddressTable}.
   * @param seats Number of workers that it was made for.
   * @param seat Which of them this is.
   */
  constructor(table: SharedArrayBuffer, seats: number, seat: number) {
    this.#cells = new Int32Array(table);
    this.#seats = seats;
    this.#seat = seat;
    this.#sets = (this.#cells.length - 1) / (WAYS * (COLUMNS + seats));
  }

  /**
   * Counts a connection.
   *
   * @param address Whose it is.
   * @param nowUs The time, in microseconds.
   * @returns The row of the address: good until {@linkcode closed}.
   */
  opened(address: string, nowUs: number): number {
    const row = this.#claim(address, nowUs);
    if (row !== UNCOUNTED) Atomics.add(this.#cells, row + COLUMNS + this.#seat, 1);
    return row;
  }

  /**
   * Counts a connection no more.
   *
   * @param row The row of its address.
   */
  closed(row: number): void {
    if (row !== UNCOUNTED) Atomics.sub(this.#cells, row + COLUMNS + this.#seat, 1);
  }

  /**
   * Tells how many connections an address has open.
   *
   * @param row The row of the address.
   */
  connections(row: number): number {
    if (row === UNCOUNTED) return 0;
    let sum = 0;
    for (let seat = 0; seat < this.#seats; seat++) sum += Atomics.load(this.#cells, row + COLUMNS + seat);
    return sum;
  }

  /**
   * Counts a request, unless there are too many.
   *
   * @param row The row of its address.
   * @param rate How many are let through.
   * @param nowUs The time, in microseconds.
   * @returns 0, or in how many microseconds the address may ask again.
   */
  request(row: number, { perSecond, burst }: Rate, nowUs: number): number {
    if (row === UNCOUNTED) return 0;
    const intervalUs = Math.round(1e6 / perSecond);
    for (;;) {
      const due = Atomics.load(this.#cells, row + DUE);
      const aheadUs = this.#aheadUs(row, due, nowUs);
      // No address can be further ahead: the clock was set back.
      const isStale = aheadUs < 0 || aheadUs > intervalUs * burst;
      const startUs = isStale ? 0 : aheadUs;
      const lackUs = startUs - intervalUs * (burst - 1);
      if (lackUs > 0) return lackUs;
      const next = (nowUs + startUs + intervalUs) | 0;
      // Before the other, so that whoever reads the other as it will be reads this as it is.
      Atomics.store(this.#cells, row + EPOCH, epochOf(nowUs));
      if (Atomics.compareExchange(this.#cells, row + DUE, due, next) === due) return 0;
    }
  }

  /** The worker of this seat has died: it has no connections any more. */
  leave(): void {
    const width = COLUMNS + this.#seats;
    for (let cell = 1 + COLUMNS + this.#seat; cell < this.#cells.length; cell += width) {
      Atomics.store(this.#cells, cell, 0);
    }
  }

  /** How far ahead of now an address is that will have made up for its requests when it is due. */
  #aheadUs(row: number, due: number, nowUs: number): number {
    const age = epochOf(nowUs) - Atomics.load(this.#cells, row + EPOCH);
    return Math.abs(age) > 1 ? -Infinity : (due - nowUs) | 0;
  }

  /** Finds the row of an address, or makes one in place of one that is not needed. */
  #claim(address: string, nowUs: number): number {
    if (this.#sets === 0) return UNCOUNTED;
    const width = COLUMNS + this.#seats;
    const secret = this.#cells[0] ?? 0;
    // 0 is the tag of a row that nobody has.
    const tag = hash(address, secret) || 1;
    const first = 1 + (hash(address, ~secret) & (this.#sets - 1)) * WAYS * width;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      let spare = UNCOUNTED;
      let spareTag = 0;
      let spareAheadUs = Infinity;
      for (let row = first; row < first + WAYS * width; row += width) {
        const rowTag = Atomics.load(this.#cells, row + TAG);
        if (rowTag === tag) return row;
        const due = Atomics.load(this.#cells, row + DUE);
        const aheadUs = rowTag === 0 ? -Infinity : this.#aheadUs(row, due, nowUs);
        if (aheadUs >= spareAheadUs || (rowTag !== 0 && this.connections(row) > 0)) continue;
        [spare, spareTag, spareAheadUs] = [row, rowTag, aheadUs];
      }
      if (spare === UNCOUNTED) return UNCOUNTED;
      if (Atomics.compareExchange(this.#cells, spare + TAG, spareTag, tag) !== spareTag) continue;
      Atomics.store(this.#cells, spare + EPOCH, epochOf(nowUs));
      Atomics.store(this.#cells, spare + DUE, nowUs | 0);
      return spare;
    }
    return UNCOUNTED;
  }
}

/** Which epoch a time is in, which fits a cell for long. */
function epochOf(nowUs: number): number {
  return Math.floor(nowUs / EPOCH_US);
}

/** FNV-1a over the characters, with the final mix of MurmurHash3. */
function hash(text: string, secret: number): number {
  let value = 0x811c9dc5 ^ secret;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
