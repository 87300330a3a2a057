/**
 * Heartbeats: each worker counts up in memory that it shares with the main thread, which so notices one whose thread
 * stands still: in a loop of an application, or in a call to a file system that does not come back.
 *
 * No clock is compared. Silence is the number of looks at an unchanged count, and the main thread looks by a timer: a
 * process that was suspended, or a machine that slept, has not looked meanwhile, so that time does not count.
 *
 * @module
 */

/** How often a worker beats, in milliseconds. */
const BEAT_MS = 500;

/** How often the main thread looks, in milliseconds: less often than a worker beats. */
export const LOOK_MS = 1_000;

/** A silence of so many milliseconds is worth a line in the log. */
const NOTICE_MS = 5_000;

/**
 * Makes the shared memory for a number of workers.
 *
 * @param seats Number of workers that may live at the same time.
 */
export function createHeartbeats(seats: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * seats);
}

/**
 * Beats as long as this thread lives and does not stand still, at once for the first time.
 *
 * @param heartbeats Memory made by {@linkcode createHeartbeats}.
 * @param seat The seat of this worker.
 */
export function startHeartbeat(heartbeats: SharedArrayBuffer, seat: number): void {
  const counts = new Int32Array(heartbeats);
  const beat = () => Atomics.add(counts, seat, 1);
  beat();
  setInterval(beat, BEAT_MS);
}

/** What a look has found out that is worth telling. */
export interface PulseChange {
  /** Silent for long; beating again after that; silent for so long that the worker is lost. */
  readonly kind: "silent" | "back" | "lost";
  /** How long the silence is, or was, in milliseconds. */
  readonly silentMs: number;
}

/** The heartbeat of one worker, as the main thread feels it. */
export class Pulse {
  readonly #counts: Int32Array;
  readonly #seat: number;
  readonly #limitMs: number;
  #lastCount: number;
  #hasBeaten = false;
  #silentMs = 0;

  /**
   * Begins with a worker that has not beaten yet.
   *
   * @param heartbeats Memory made by {@linkcode createHeartbeats}.
   * @param seat The seat of the worker.
   * @param limitMs From this silence on it is lost, in milliseconds; 0: never.
   */
  constructor(heartbeats: SharedArrayBuffer, seat: number, limitMs: number) {
    this.#counts = new Int32Array(heartbeats);
    this.#seat = seat;
    this.#limitMs = limitMs;
    this.#lastCount = Atomics.load(this.#counts, seat);
  }

  /** Whether the worker has been silent for too long, and still is. */
  get isLost(): boolean {
    return this.#limitMs > 0 && this.#silentMs >= this.#limitMs;
  }

  /** Whether it has beaten between the last two looks. */
  get isBeating(): boolean {
    return this.#hasBeaten && this.#silentMs === 0;
  }

  /**
   * Looks, to be called once every {@linkcode LOOK_MS}. Before its first beat a worker loads its modules: how long that
   * may take is not decided here.
   */
  look(): PulseChange | undefined {
    const count = Atomics.load(this.#counts, this.#seat);
    if (count !== this.#lastCount) return this.#hear(count);
    if (!this.#hasBeaten) return undefined;
    const wasLost = this.isLost;
    const silentMs = this.#silentMs += LOOK_MS;
    if (this.isLost) return wasLost ? undefined : { kind: "lost", silentMs };
    return silentMs === NOTICE_MS ? { kind: "silent", silentMs } : undefined;
  }

  #hear(count: number): PulseChange | undefined {
    const silentMs = this.#silentMs;
    const wasTold = silentMs >= NOTICE_MS || this.isLost;
    this.#lastCount = count;
    this.#hasBeaten = true;
    this.#silentMs = 0;
    return wasTold ? { kind: "back", silentMs } : undefined;
  }
}
