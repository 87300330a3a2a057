/**
 * What the connections of one worker share, and what they tell of themselves.
 *
 * @module
 */

import type { Admission } from "./admission.ts";
import type { Clock } from "./clock.ts";
import type { Limits, LogLevel, Timeouts } from "./config.ts";
import type { LinkedList } from "./linked_list.ts";
import type { RequestHead } from "./message.ts";
import type { Handler } from "./request_context.ts";

/** One answer, as the access log tells it. */
export interface Exchange {
  /** Address of the client. */
  readonly remote: string;
  /** The request, or `undefined` where none could be parsed. */
  readonly head: RequestHead | undefined;
  /** Status code of the answer. */
  readonly status: number;
  /** Number of body bytes sent. */
  readonly bodyBytes: number;
  /** From the arrival of the head's last bytes to the end of the answer, in milliseconds. */
  readonly durationMs: number;
}

/** An open connection, as the sweep of deadlines and the shutdown of its worker see it. */
export interface OpenConnection {
  /** When the present wait must be over, on the clock of the worker. */
  readonly deadlineMs: number;
  /** Number of bytes that were received and not yet taken. */
  readonly waitingBytes: number;
  /** Whether it has waited for a request for a while, and nothing of one has come. */
  readonly isIdle: boolean;
  /** The deadline has passed. */
  expire(): void;
  /**
   * Some time has passed: a client that is too slow is treated as if its deadline had.
   *
   * @param elapsedMs How long.
   */
  tick(elapsedMs: number): void;
  /** The server stops: what is idle closes now, the rest when its answer is sent. */
  finish(): void;
  /** Closes the connection; whatever waits on it then fails. */
  close(): void;
}

/** What the connections of one worker share. */
export interface ConnectionContext {
  /** Who gets in. */
  readonly admission: Admission;
  /** Answers the requests. */
  readonly handler: Handler;
  /** Whether the handler may want the bodies of requests; where it does not they are read, and checked, before it. */
  readonly hasBodies: boolean;
  /** Bounds for what a client may send. */
  readonly limits: Limits;
  /** Bounds for how long it may take. */
  readonly timeouts: Timeouts;
  /** The time of the worker. */
  readonly clock: Clock;
  /** The open connections: for the sweep of deadlines, and for draining. */
  readonly connections: LinkedList<OpenConnection>;
  /** Whether the server is stopping: every answer is then the last of its connection. */
  isDraining: boolean;
  /** Whether the server goes on without this worker: a request that may be on its way is then waited for. */
  hasSuccessor: boolean;
  /** Writes a line of the access log; absent where none is wanted. */
  readonly logExchange: ((exchange: Exchange) => void) | undefined;
  /** Reports an event. */
  readonly report: (level: LogLevel, message: string) => void;
}
