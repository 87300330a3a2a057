/**
 * The messages between the main thread and its workers. None is sent per request.
 *
 * @module
 */

import type { AdmissionMemory } from "./admission.ts";
import type { LogLevel, ServerOptions } from "./config.ts";
import type { Binding } from "./listener.ts";

/** Everything a worker needs; its first message. */
export interface StartMessage {
  /** Tells the messages apart. */
  readonly kind: "start";
  /** Its seat at the board of the hand-off, from 0. */
  readonly seat: number;
  /** The options of the server. */
  readonly options: ServerOptions;
  /** The sockets to accept from. */
  readonly bindings: readonly Binding[];
  /** The memory of the hand-off. */
  readonly board: SharedArrayBuffer;
  /** The memory of the heartbeats, with the same seats. */
  readonly heartbeats: SharedArrayBuffer;
  /** The memory of who gets in. */
  readonly admission: AdmissionMemory;
}

/** Accept nothing more, and say when the last connection is closed. */
export interface DrainMessage {
  /** Tells the messages apart. */
  readonly kind: "drain";
  /** Whether another worker accepts in its place. */
  readonly hasSuccessor: boolean;
}

/** What the main thread tells a worker. */
export type ToWorker = StartMessage | DrainMessage;

/** What a worker tells the main thread. */
export type FromWorker =
  /** It accepts connections. */
  | { readonly kind: "ready" }
  /** It cannot start, or ends by itself, and why. */
  | { readonly kind: "failed"; readonly message: string }
  /** After `drain`: its last connection is closed. */
  | { readonly kind: "drained" }
  /** Something for the event log. */
  | { readonly kind: "event"; readonly level: LogLevel; readonly message: string }
  /** Lines for the access log; the buffer is transferred. */
  | { readonly kind: "access"; readonly lines: Uint8Array<ArrayBuffer> };
