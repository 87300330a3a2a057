/**
 * Who gets in: bounds the connections of all workers together, and the connections and requests of one address.
 *
 * A server that is full first closes connections that wait for no answer (RFC 9112 section 9.5 allows it), then turns new
 * ones away with 503. An address that has too many connections, or asks too fast, gets 429 (RFC 6585 section 4); both
 * with `Retry-After`. Under a flood most are closed without an answer, which would cost more than it helps, and the log
 * has a line per second.
 *
 * Where descriptors run out before the bound is reached, new connections wait in the queue of the system, and idle ones
 * are closed for them too. The number of descriptors itself cannot be asked for without further permissions.
 *
 * @module
 */

import type { Rate } from "./address_table.ts";
import { AddressTable, createAddressTable, UNCOUNTED } from "./address_table.ts";
import { selectCountedAddress } from "./client_address.ts";
import type { Limits, LogLevel } from "./config.ts";
import { HttpError } from "./errors.ts";

/** How many clients of one worker may be told at once that they are not let in. */
const TOLD_AT_ONCE = 64;
/** Where descriptors have run out, one in so many connections may be closed at once. */
const SPARE_PART = 32;

/** The shared memory of all workers. */
export interface AdmissionMemory {
  /** Connections by worker. */
  readonly counts: SharedArrayBuffer;
  /** Connections and requests by address. */
  readonly addresses: SharedArrayBuffer;
}

/**
 * Makes the shared memory.
 *
 * @param seats Number of workers that may live at the same time.
 * @param limits The bounds.
 */
export function createAdmissionMemory(seats: number, limits: Limits): AdmissionMemory {
  return {
    counts: new SharedArrayBuffer(seats * Int32Array.BYTES_PER_ELEMENT),
    addresses: createAddressTable(seats, isCountingAddresses(limits) ? 2 * limits.connections : 0),
  };
}

/**
 * Takes away what a worker has counted that has died, or has not begun.
 *
 * @param memory The shared memory.
 * @param seat The seat of the worker.
 */
export function releaseSeat({ counts, addresses }: AdmissionMemory, seat: number): void {
  const cells = new Int32Array(counts);
  Atomics.store(cells, seat, 0);
  new AddressTable(addresses, cells.length, seat).leave();
}

function isCountingAddresses({ connectionsPerAddress, requestRate }: Limits): boolean {
  return connectionsPerAddress > 0 || requestRate > 0;
}

/** What {@linkcode Admission} needs. */
export interface AdmissionOptions {
  /** The shared memory. */
  readonly memory: AdmissionMemory;
  /** The seat of this worker. */
  readonly seat: number;
  /** The bounds. */
  readonly limits: Limits;
  /** Closes an idle connection of this worker; `false` where there is none. */
  readonly makeRoom: () => boolean;
  /**
   * The time of day, in milliseconds.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/** Lets connections and requests of one worker in. */
export class Admission {
  /** Whether requests are counted. */
  readonly isCountingRequests: boolean;
  readonly #limits: Limits;
  readonly #rate: Rate;
  readonly #counts: Int32Array<SharedArrayBuffer>;
  readonly #addresses: AddressTable;
  readonly #isCountingAddresses: boolean;
  readonly #seat: number;
  readonly #makeRoom: () => boolean;
  readonly #now: () => number;
  /** Clients that are being told that they are not let in. */
  #told = 0;
  /** What was refused since the last report, by reason. */
  readonly #refusals = new Map<string, { readonly status: number; readonly count: number }>();

  /**
   * Begins with no connection.
   *
   * @param options What it needs.
   */
  constructor({ memory, seat, limits, makeRoom, now = Date.now }: AdmissionOptions) {
    this.#limits = limits;
    this.#counts = new Int32Array(memory.counts);
    this.#addresses = new AddressTable(memory.addresses, this.#counts.length, seat);
    this.#isCountingAddresses = isCountingAddresses(limits);
    this.isCountingRequests = limits.requestRate > 0;
    this.#rate = { perSecond: limits.requestRate, burst: limits.requestBurst ?? limits.requestRate };
    this.#seat = seat;
    this.#makeRoom = makeRoom;
    this.#now = now;
  }

  /** Number of connections of all workers. */
  get connections(): number {
    let sum = 0;
    for (let seat = 0; seat < this.#counts.length; seat++) sum += Atomics.load(this.#counts, seat);
    return sum;
  }

  /**
   * A connection was accepted. {@linkcode closed} is called at its end, or when it is not let in.
   *
   * @param address The address of the client.
   * @returns The row of the address.
   */
  opened(address: string): number {
    Atomics.add(this.#counts, this.#seat, 1);
    return this.#isCountingAddresses ? this.#addresses.opened(selectCountedAddress(address), this.#nowUs()) : UNCOUNTED;
  }

  /**
   * A connection was closed.
   *
   * @param row The row of its address.
   */
  closed(row: number): void {
    Atomics.sub(this.#counts, this.#seat, 1);
    this.#addresses.closed(row);
  }

  /**
   * Decides on a connection that was just {@linkcode opened}.
   *
   * @param row The row of its address.
   * @returns The answer that it gets instead of service; nothing where it is let in.
   */
  checkConnection(row: number): HttpError | undefined {
    const { connections, connectionsPerAddress } = this.#limits;
    if (connectionsPerAddress > 0 && this.#addresses.connections(row) > connectionsPerAddress) {
      return this.#refuse(429, `connections of addresses that have ${connectionsPerAddress} (--max-per-address)`);
    }
    if (this.connections <= connections || this.#makeRoom()) return undefined;
    return this.#refuse(503, `connections above ${connections} (--max-connections)`);
  }

  /**
   * Decides on a request.
   *
   * @param row The row of its address.
   * @throws {HttpError} 429 where the address asks too fast.
   */
  checkRequest(row: number): void {
    const waitUs = this.#addresses.request(row, this.#rate, this.#nowUs());
    if (waitUs === 0) return;
    throw this.#refuse(429, `requests above ${this.#rate.perSecond}/s (--rate)`, Math.ceil(waitUs / 1e6));
  }

  /** Whether a client that is not let in may be told so. Where it is, {@linkcode toldOff} follows. */
  mayTell(): boolean {
    if (this.#told >= TOLD_AT_ONCE) return false;
    this.#told++;
    return true;
  }

  /** A client knows that it is not let in. */
  toldOff(): void {
    this.#told--;
  }

  /** There was no descriptor for a connection: closes some that are idle. */
  exhausted(): void {
    for (let some = Math.ceil(this.connections / SPARE_PART); some > 0 && this.#makeRoom(); some--);
  }

  /**
   * Tells the log what was refused.
   *
   * @param report Takes the lines; only what concerns the server as a whole is an error.
   */
  report(report: (level: LogLevel, message: string) => void): void {
    for (const [what, { status, count }] of this.#refusals) {
      report(status === 503 ? "error" : "info", `Refused with ${status}: ${count} ${what}`);
    }
    this.#refusals.clear();
  }

  #refuse(status: number, what: string, retryAfterS = 1): HttpError {
    this.#refusals.set(what, { status, count: (this.#refusals.get(what)?.count ?? 0) + 1 });
    return new HttpError(status, `Refused: ${what}`, { fields: [["Retry-After", String(retryAfterS)]] });
  }

  #nowUs(): number {
    return Math.round(this.#now() * 1000);
  }
}
