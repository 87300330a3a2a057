/**
 * Asks a handler without a connection: a request line goes through the real parser, and what the handler gives or
 * throws comes back as one flat value that tests can compare. Files are read to the promised length and closed.
 */

import { assert } from "@std/assert";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { HttpError } from "../src/errors.ts";
import { parseRequestHead } from "../src/http1.ts";
import type { FieldLine, FileBody, RequestHead } from "../src/message.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import { ReceiveBuffer } from "../src/receive_buffer.ts";
import { encodeLatin1 } from "./octets.ts";

/** What a handler answered. */
export interface Answer {
  /** Status code, also of a thrown `HttpError`. */
  readonly status: number;
  /** Field lines that the handler set, names in lower case; a field that is set twice has both values, joined. */
  readonly fields: Readonly<Record<string, string>>;
  /** The content as text; absent where the handler threw or gave none. */
  readonly text?: string;
  /** The content as bytes; absent where the text is. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Where the content was: in memory to be used again, in memory once, in an open file, or nowhere. */
  readonly source: "reusable" | "once" | "file" | "absent" | "error";
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
  const bytes = encodeLatin1(`${requestLine}\r\nHost: localhost\r\n${fieldLines}\r\n`);
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

/** How a handler is asked. */
export interface AskOptions {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  readonly method?: string;
  /**
   * Field lines beside `Host`.
   *
   * @default {[]}
   */
  readonly fields?: readonly FieldLine[];
}

/**
 * Asks a handler that answers at once.
 *
 * @param handler The handler.
 * @param target The request target.
 * @param options Method and field lines.
 */
export function ask(
  handler: (head: RequestHead) => HttpResponse | Promise<HttpResponse>,
  target: string,
  { method = "GET", fields = [] }: AskOptions = {},
): Answer {
  const head = requestHead(`${method} ${target} HTTP/1.1`, formatFields(fields));
  let response;
  try {
    response = handler(head);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.page === undefined) {
      return { status: error.status, fields: collectFields(error.fields), source: "error", close: error.close };
    }
    response = error.page;
  }
  assert(response instanceof HttpResponse, "the handler answers at once");
  return { status: response.status, fields: collectFields(response.fields), response, ...readBody(response) };
}

/**
 * Writes field lines as a request has them.
 *
 * @param fields The lines.
 */
export function formatFields(fields: readonly FieldLine[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

function collectFields(fields: readonly FieldLine[]): Record<string, string> {
  const collected: Record<string, string> = {};
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    collected[key] = key in collected ? `${collected[key]}, ${value}` : value;
  }
  return collected;
}

/** The content, and where it was; a file is read and closed. */
function readBody(response: HttpResponse): Pick<Answer, "bytes" | "source" | "text"> {
  const { body } = response;
  const isInMemory = body instanceof Uint8Array;
  if (!isInMemory && !("file" in body)) return { source: "absent" };
  const bytes = isInMemory ? body : readFileBody(body);
  const source = !isInMemory ? "file" : response instanceof ReusableResponse ? "reusable" : "once";
  return { text: new TextDecoder().decode(bytes), bytes, source };
}

/**
 * Reads the pieces of a body, each up to its end or to the end of a file that has become shorter, and closes the file.
 *
 * @param body The body.
 */
export function readFileBody({ file, pieces, length }: FileBody): Uint8Array<ArrayBuffer> {
  try {
    const content = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        content.set(piece, at);
        at += piece.length;
        continue;
      }
      const end = at + piece.end - piece.start;
      file.seekSync(piece.start, 0);
      for (let count: number | null = 1; at < end && count !== null; at += count ?? 0) {
        count = file.readSync(content.subarray(at, end));
      }
    }
    return content.subarray(0, at);
  } finally {
    file.close();
  }
}
