/** A connection and a clock for tests: bytes come in when the test says so, leave as it allows, and time passes by hand. */

import { assert } from "@std/assert";
import type { SetTimer } from "../src/timer.ts";
import type { Duplex } from "../src/message.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import { concat } from "./raw_client.ts";
import { parseServerFrames } from "./web_socket_frames.ts";
import type { ServerFrame } from "./web_socket_frames.ts";

/** Both ends of a connection. */
export class FakeDuplex implements Duplex {
  /** How many bytes the other side takes; what is above waits. */
  window = Infinity;
  /** How many writes were begun. */
  writes = 0;
  /** What has happened to it, in order. */
  readonly events: string[] = [];
  readonly #written: Uint8Array[] = [];
  #incoming: Uint8Array = new Uint8Array(0);
  #hasEnded = false;
  #isClosed = false;
  #wake = Promise.withResolvers<void>();

  /** Lets bytes arrive. */
  receive(bytes: string): void {
    this.#incoming = concat([this.#incoming, encodeLatin1(bytes)]);
    this.#notify();
  }

  /** The other side closes its end. */
  end(): void {
    this.#hasEnded = true;
    this.#notify();
  }

  /** The other side takes more. */
  open(window: number): void {
    this.window = window;
    this.#notify();
  }

  /** What was written, as frames; the last may be cut only where the window says so. */
  get frames(): ServerFrame[] {
    return parseServerFrames(concat(this.#written));
  }

  /** What was written, as it is. */
  get written(): string {
    return decodeLatin1(concat(this.#written));
  }

  async read(into: Uint8Array): Promise<number | null> {
    await this.#until(() => this.#incoming.length > 0 || this.#hasEnded);
    if (this.#incoming.length === 0) return null;
    const count = Math.min(into.length, this.#incoming.length);
    into.set(this.#incoming.subarray(0, count));
    this.#incoming = this.#incoming.slice(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#until(() => this.window > 0);
    const count = Math.min(bytes.length, this.window);
    this.window -= count;
    this.#written.push(bytes.slice(0, count));
    return count;
  }

  closeWrite(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error("The connection is closed"));
    this.events.push("closeWrite");
    return Promise.resolve();
  }

  close(): void {
    assert(!this.#isClosed, "closed twice");
    this.#isClosed = true;
    this.events.push("close");
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (;;) {
      if (this.#isClosed) throw new Error("The connection is closed");
      if (isSo()) return;
      await this.#wake.promise;
    }
  }
}

/** Timers that run when the test says so. */
export class FakeTimers {
  readonly #waiting = new Set<{ run: () => void; dueMs: number }>();
  #nowMs = 0;

  /** What the code under test gets. */
  readonly setTimer: SetTimer = (run, delayMs) => {
    const timer = { run, dueMs: this.#nowMs + delayMs };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  };

  /** How many timers wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Lets time pass, and then whatever follows of it. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = next.dueMs;
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await undefined;
}
