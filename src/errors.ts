/**
 * The two ways a request can fail, told apart by one question: can it still be answered?
 *
 * An `HttpError` can: its status is chosen where the fault is found, its `message` is for the log, and the client gets
 * no more than the reason phrase and `advice`. A `TransportError` cannot: the peer is gone or the connection is no
 * longer in a known state, so it is closed. Whatever else is thrown is a bug and becomes 500.
 *
 * @module
 */

import type { HttpResponse } from "./message.ts";

/** What may be said about an {@linkcode HttpError} beside its status and its message for the log. */
export interface HttpErrorOptions {
  /**
   * Whether the connection cannot be used for a further request.
   *
   * @default {true} for 400, 408, 413, 414, 417, 431, 505; {false} for the rest
   */
  readonly close?: boolean;
  /** Further field lines of the answer, such as `Allow` (RFC 9110 section 15.5.6). */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** The page of the site that tells of it, a resolved path; absent: the one that the site has for the status. */
  readonly pagePath?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** After these the end of the message is not known, or not worth waiting for. */
const CLOSING: ReadonlySet<number> = new Set([400, 408, 413, 414, 417, 431, 505]);

/** A request that gets an error answer. The message is for the log and never reaches the client. */
export class HttpError extends Error {
  /** The name of the class. */
  override readonly name: string = "HttpError";
  /** The status code of the answer, RFC 9110 section 15. */
  readonly status: number;
  /** Whether the connection closes after the answer. */
  readonly close: boolean;
  /** Further field lines of the answer. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The page of the site that tells of it, where it is not the one for the status. */
  readonly pagePath: string | undefined;
  /** The answer that the site has for it; absent: the one that the server makes. */
  page: HttpResponse | undefined;

  /**
   * Makes an error; throwing it is the answer.
   *
   * @param status Status code of the answer, 400 to 599.
   * @param message What is wrong, for the log: `Cannot parse chunk size "0x10": expected 1*HEXDIG`.
   * @param options What happens to the connection, and further field lines.
   */
  constructor(status: number, message: string, options: HttpErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.close = options.close ?? CLOSING.has(status);
    this.fields = options.fields ?? [];
    this.pagePath = options.pagePath;
  }
}

/**
 * Makes an answer of whatever was thrown: what is not meant for the client is a bug, and becomes 500.
 *
 * @param error What was thrown.
 */
export function toHttpError(error: unknown): HttpError {
  return error instanceof HttpError ? error : new HttpError(500, "Handler failed", { cause: error, close: true });
}

/** A connection that can carry nothing any more: reset, closed, or cut off by a time-out. */
export class TransportError extends Error {
  /** The name of the class. */
  override readonly name: string = "TransportError";
}

/** A file was changed after it was described: what was said of it is not true any more. */
export class StaleFileError extends Error {
  /** The name of the class. */
  override readonly name: string = "StaleFileError";
}

/** What makes an endpoint fail a WebSocket connection, RFC 6455 section 7.1.7. The message becomes the close reason. */
export class WebSocketFailure extends Error {
  /** The name of the class. */
  override readonly name: string = "WebSocketFailure";
  /** The code of the Close frame, RFC 6455 section 7.4.1. */
  readonly code: number;

  /**
   * Makes an error.
   *
   * @param code The code of the Close frame.
   * @param message What is wrong; the client gets it too, so it holds at most 123 bytes and nothing of the server.
   */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Why the server cannot start: one line that says what to do. Ends the process with exit code 1. */
export class StartError extends Error {
  /** The name of the class. */
  override readonly name: string = "StartError";
  /** What is wrong in detail, one line each, such as `_headers:3: …`. */
  readonly details: readonly string[];

  /**
   * Makes an error.
   *
   * @param message What is wrong, and what to do.
   * @param options The error that led to it, and what is wrong in detail, one line each.
   */
  constructor(message: string, options: ErrorOptions & { readonly details?: readonly string[] } = {}) {
    super(message, options);
    this.details = options.details ?? [];
  }
}

/** A command line that cannot be understood: one line that says what to do. Ends the process with exit code 2. */
export class UsageError extends Error {
  /** The name of the class. */
  override readonly name: string = "UsageError";
}
