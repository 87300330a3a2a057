/**
 * Who takes the next connection: keeps the numbers of open connections of the workers close together.
 *
 * All workers accept from one queue, and left alone one quick worker may take everything in it. So each publishes how
 * many connections it has open, in memory that all share, and one that is ahead of another stands back until somebody
 * has opened or closed one. Standing back for a colleague who is stuck would keep a client waiting: so it asks the
 * colleague for a sign of life, and goes on without one. Where nothing happens for a while it stops standing back, so
 * that a quiet server sleeps.
 *
 * @module
 */

/** How far ahead of another one may be and still accept. At 0 each connection would wake a second thread. */
const SLACK = 1;
/** How long a worker stands back before it asks, and how long it then waits for the sign of life; in milliseconds. */
const PATIENCE_MS = 7;
/** After this long with no connection opened or closed anywhere, standing back ends; in milliseconds. */
const QUIET_MS = 5_000;

/** The load of an empty seat, and of a worker that drains or was ended; no real load is as large. */
export const ABSENT = 0x4000_0000;
/** The load of a seat whose worker starts. */
const RESERVED = 0x6000_0000;

/** The cell that counts connections opened and closed. Behind it: a load per worker, then a question per worker. */
const CHANGES = 0;

/**
 * Makes the shared memory for a number of workers, all of them absent.
 *
 * @param workers Number of workers.
 * @returns Memory for one {@linkcode Handoff} per worker.
 */
export function createBoard(workers: number): SharedArrayBuffer {
  const board = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (1 + 2 * workers));
  new Int32Array(board).fill(ABSENT, 1, 1 + workers);
  return board;
}

/** The seat of one worker at the board. */
export class Handoff {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #workers: number;
  readonly #loadCell: number;

  /**
   * Takes a seat, not yet joining.
   *
   * @param board Memory made by {@linkcode createBoard}.
   * @param index Index of the worker.
   */
  constructor(board: SharedArrayBuffer, index: number) {
    this.#cells = new Int32Array(board);
    this.#workers = (this.#cells.length - 1) / 2;
    this.#loadCell = 1 + index;
  }

  /** Number of connections this worker has open; a very large number while it accepts none. */
  get load(): number {
    return Atomics.load(this.#cells, this.#loadCell);
  }

  /** A worker is about to start at this seat. */
  reserve(): void {
    Atomics.store(this.#cells, this.#loadCell, RESERVED);
  }

  /**
   * From now on this worker accepts; it has nothing open.
   *
   * @returns Whether it may: an ended thread runs on for a while, and would leave a load behind that nobody works off.
   */
  join(): boolean {
    const isReserved = Atomics.compareExchange(this.#cells, this.#loadCell, RESERVED, 0) === RESERVED;
    if (isReserved) this.#tellChange();
    return isReserved;
  }

  /** From now on this worker accepts nothing; nobody stands back for it. */
  leave(): void {
    Atomics.store(this.#cells, this.#loadCell, ABSENT);
    this.#tellChange();
  }

  /** A connection was opened. */
  opened(): void {
    if (this.load < ABSENT) Atomics.add(this.#cells, this.#loadCell, 1);
    this.#tellChange();
  }

  /** A connection was closed. */
  closed(): void {
    if (this.load < ABSENT) Atomics.sub(this.#cells, this.#loadCell, 1);
    this.#tellChange();
  }

  /** Waits while this worker is ahead of one that could take the next connection. */
  async awaitTurn(): Promise<void> {
    const cells = this.#cells;
    let rivalCell = this.#loadCell;
    let rivalSinceMs = 0;
    let seenChanges = -1;
    let quietSinceMs = 0;
    for (;;) {
      const changes = Atomics.load(cells, CHANGES);
      const leastCell = this.#findLeastLoaded();
      if (this.load <= Atomics.load(cells, leastCell) + SLACK) return;

      // The wall clock may jump, and a worker would then wait for its turn by as much.
      const nowMs = performance.now();
      if (changes !== seenChanges) quietSinceMs = nowMs;
      else if (nowMs - quietSinceMs > QUIET_MS) return;
      seenChanges = changes;

      if (leastCell !== rivalCell) rivalSinceMs = nowMs;
      else if (nowMs - rivalSinceMs >= PATIENCE_MS) {
        this.#ask(leastCell);
        rivalSinceMs = nowMs;
      }
      rivalCell = leastCell;
      await Atomics.waitAsync(cells, CHANGES, changes, PATIENCE_MS).value;
    }
  }

  /** Gives the sign of life whenever a colleague asks for it; runs as long as the thread. */
  async answerQuestions(): Promise<never> {
    const cells = this.#cells;
    const questionCell = this.#loadCell + this.#workers;
    for (;;) {
      await Atomics.waitAsync(cells, questionCell, 0).value;
      Atomics.store(cells, questionCell, 0);
      Atomics.notify(cells, CHANGES);
    }
  }

  /** The cell of the least loaded worker that does not owe a sign of life. */
  #findLeastLoaded(): number {
    const cells = this.#cells;
    let least = this.#loadCell;
    for (let cell = 1; cell <= this.#workers; cell++) {
      const askedMs = Atomics.load(cells, cell + this.#workers);
      const isStuck = askedMs !== 0 && ((timestamp() - askedMs) & 0x3fff_ffff) >= PATIENCE_MS;
      if (!isStuck && Atomics.load(cells, cell) < Atomics.load(cells, least)) least = cell;
    }
    return least;
  }

  #ask(loadCell: number): void {
    const questionCell = loadCell + this.#workers;
    if (Atomics.compareExchange(this.#cells, questionCell, 0, timestamp()) === 0) {
      Atomics.notify(this.#cells, questionCell);
    }
  }

  #tellChange(): void {
    Atomics.add(this.#cells, CHANGES, 1);
    Atomics.notify(this.#cells, CHANGES);
  }
}

/** Milliseconds in the range of a cell, never 0. */
function timestamp(): number {
  return (Date.now() & 0x3fff_ffff) + 1;
}
