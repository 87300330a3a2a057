/**
 * Access lines: Combined Log Format and the duration in seconds, one per answer, collected and passed on in batches.
 *
 *     127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "GET / HTTP/1.1" 200 5120 "-" "curl/8.5.0" 0.000214
 *
 * What a client sent is escaped so that it stays within its quotes and its line. Time is UTC.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Exchange } from "./connection_context.ts";

/**
 * Lines are passed on when this many bytes have come together, or at each {@linkcode AccessLog.flush}. A batch wakes
 * another thread, which costs as much as hundreds of lines.
 */
const BATCH_BYTES = 65_536;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ENCODER = new TextEncoder();

/** Collects the access lines of one worker. */
export class AccessLog {
  readonly #clock: Clock;
  readonly #pass: (lines: Uint8Array<ArrayBuffer>) => void;
  /** ASCII, so that its length is that in bytes. */
  #lines = "";
  #second = -1;
  #timestamp = "";

  /**
   * Makes an empty log.
   *
   * @param clock The time of the worker.
   * @param pass Takes over a batch of lines, whole ones.
   */
  constructor(clock: Clock, pass: (lines: Uint8Array<ArrayBuffer>) => void) {
    this.#clock = clock;
    this.#pass = pass;
  }

  /**
   * Adds the line of one answer.
   *
   * @param exchange What was asked and answered.
   */
  record({ remote, head, status, bodyBytes, durationMs }: Exchange): void {
    this.#lines += `${remote} - - [${this.#formatTime()}] "${escapeText(head?.requestLine)}" ${status} ${bodyBytes} ` +
      `"${escapeText(head?.fieldLines.get("referer"))}" "${escapeText(head?.fieldLines.get("user-agent"))}" ` +
      `${(durationMs / 1000).toFixed(6)}\n`;
    if (this.#lines.length >= BATCH_BYTES) this.flush();
  }

  /** Passes on what has come together. */
  flush(): void {
    if (this.#lines === "") return;
    const lines = ENCODER.encode(this.#lines);
    this.#lines = "";
    this.#pass(lines);
  }

  #formatTime(): string {
    const { second } = this.#clock;
    if (second === this.#second) return this.#timestamp;
    this.#second = second;
    const [date = "", time = ""] = new Date(second * 1000).toISOString().split(/[T.]/);
    const [year, month, day] = date.split("-");
    return this.#timestamp = `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
  }
}

/** Quotes, backslashes, control characters and bytes beyond ASCII become \xHH; what is missing becomes "-". */
function escapeText(text: string | undefined): string {
  if (text === undefined || text === "") return "-";
  // deno-lint-ignore no-control-regex -- controls are what is looked for
  return text.replace(/[\x00-\x1f"\\\x7f-\uffff]/g, (character) => {
    return `\\x${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
