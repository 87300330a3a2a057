/** What a reader makes of a stream of requests, in the form in which readers are compared. */

import type { FieldLine, RequestTarget } from "../../src/message.ts";

/** One message. */
export interface Message {
  /** As it was sent. */
  readonly requestLine: string;
  /** The method. */
  readonly method: string;
  /** The target, taken apart. */
  readonly target: RequestTarget;
  /** 0 or 1. */
  readonly minorVersion: number;
  /** Names and values. */
  readonly fields: readonly FieldLine[];
  /** Whether another may follow. */
  readonly persistent: boolean;
  /** Whether `100 (Continue)` is waited for. */
  readonly expectsContinue: boolean;
  /** The content, as far as it has come. */
  body: string;
  /** Names and values behind the last chunk. */
  readonly trailers: FieldLine[];
  /** Whether all of the body has come. */
  isWhole: boolean;
}

/** What is made of a stream. */
export interface Reading {
  /** The messages; only the last may be cut short. */
  readonly messages: readonly Message[];
  /** More may come; the last one was said to be the last; or the statuses of what is wrong. */
  readonly end: "open" | "closed" | readonly number[];
}
