/**
 * Asks a handler without a connection: a request line goes through the real parser, and what the handler gives or
 * throws comes back as one flat value that tests can compare. Files are read to the promised length and closed.
 */

import { assert } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import { parseRequestHead } from "../src/http1.ts";
import type { FileBody, Handler, RequestHead } from "../src/message.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";

/** What a handler answered. */
export interface Answer {
  /** Status code, also of a thrown `HttpError`. */
  readonly status: number;
  /** Field lines that the handler set, names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** The content as text; absent where the handler threw. */
  readonly text?: string;
  /** Where the content was: in memory to be used again, in memory once, or in an open file. */
  readonly source: "reusable" | "once" | "file" | "error";
  /** The response itself, to see whether it is the same one. */
  readonly response?: HttpResponse;
  /** Whether the connection ends with it; for errors. */
  readonly close?: boolean;
}

/**
 * Makes a request head from a request line.
 *
 * @param requestLine Such as `GET / HTTP/1.1`.
 * @param fieldLines Further lines, each with its CRLF.
 */
export function requestHead(requestLine: string, fieldLines = ""): RequestHead {
  const bytes = Uint8Array.from(`${requestLine}\r\nHost: localhost\r\n${fieldLines}\r\n`, (c) => c.charCodeAt(0));
  const buffer = new ReceiveBuffer(DEFAULT_OPTIONS.limits.headBytes);
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + buffer.room().length);
    buffer.room().set(piece);
    buffer.received(piece.length);
    at += piece.length;
  }
  const head = parseRequestHead(buffer, DEFAULT_OPTIONS.limits);
  assert(head !== undefined, "the head is complete");
  return head;
}

/**
 * Asks a handler that answers at once.
 *
 * @param handler The handler.
 * @param target The request target.
 * @param method The method.
 */
export function ask(handler: Handler, target: string, method = "GET"): Answer {
  const head = requestHead(`${method} ${target} HTTP/1.1`);
  let response;
  try {
    response = handler(head);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { status: error.status, fields: collectFields(error.fields), source: "error", close: error.close };
  }
  assert(response instanceof HttpResponse, "the handler answers at once");
  const { status, body } = response;
  const isFile = !(body instanceof Uint8Array);
  return {
    status,
    fields: collectFields(response.fields),
    text: new TextDecoder().decode(isFile ? readFileBody(body) : body),
    source: isFile ? "file" : response instanceof ReusableResponse ? "reusable" : "once",
    response,
  };
}

function collectFields(fields: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Reads up to the promised length, or to the end of a file that has become shorter. */
function readFileBody({ file, length }: FileBody): Uint8Array {
  try {
    const content = new Uint8Array(length);
    let read = 0;
    for (let count: number | null = 1; read < length && count !== null; read += count ?? 0) {
      count = file.readSync(content.subarray(read));
    }
    return content.subarray(0, read);
  } finally {
    file.close();
  }
}
