/**
 * The time of one worker: read once per request and once per sweep, and then the same for everybody.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/** Monotonic time for durations, and the wall clock as HTTP writes it. */
export class Clock {
  /** Milliseconds on a clock that never jumps, as of the last {@linkcode read}. */
  nowMs = 0;
  /** Seconds since the epoch, as of the last {@linkcode read}. */
  second: number = -1;
  /** The value of `Date` for {@linkcode second}: an IMF-fixdate, RFC 9110 section 5.6.7. */
  date = "";
  /** The same as bytes, which are not changed any more. */
  dateBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor() {
    this.read();
  }

  /** Reads both clocks. */
  read(): void {
    this.nowMs = performance.now();
    const second = Math.floor(Date.now() / 1000);
    if (second === this.second) return;
    this.second = second;
    this.date = new Date(second * 1000).toUTCString();
    this.dateBytes = ENCODER.encode(this.date);
  }
}
