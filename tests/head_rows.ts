/**
 * Rows of heads: each is fed to `parseRequestHead` in every way (`feed.ts`), by itself and between other bytes: behind a
 * request that is already waiting, and before bytes that must stay in the buffer. A refusal always closes the connection.
 */

import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { Limits } from "../src/config.ts";
import { parseRequestHead } from "../src/http1.ts";
import type { MessageFraming, RequestHead } from "../src/message.ts";
import type { ReceiveBuffer } from "../src/receive_buffer.ts";
import { assertFed, feed } from "./feed.ts";
import { encodeLatin1 } from "./octets.ts";
import type { Outcome, Taker } from "./feed.ts";

/** A head by name, its bytes, and the value, the status or `undefined` that comes of it. */
export type Row<T> = readonly [name: string, bytes: string, expected: T | number | undefined];

/** A request that is waiting already. */
export const BEFORE: string = "GET /1 HTTP/1.1\r\nHost: 1\r\n\r\n";
/** What must stay in the buffer: no parser would take it. */
export const BEHIND: string = "\x16\x03\r\n\r\n";

/** Those of a server where nothing is said. */
export const LIMITS: Limits = DEFAULT_OPTIONS.limits;

/** Takes a number of heads and shows each as a value. */
export class HeadTaker<T> implements Taker<readonly T[]> {
  readonly #view: (head: RequestHead) => T;
  readonly #limits: Limits;
  readonly #heads: T[] = [];
  #left: number;
  #previous: RequestHead | undefined;

  /** Takes no more than `count` heads. */
  constructor(view: (head: RequestHead) => T, limits: Limits, count: number) {
    this.#view = view;
    this.#limits = limits;
    this.#left = count;
  }

  /** Takes the heads that are complete. */
  take(buffer: ReceiveBuffer): void {
    for (; this.#left > 0; this.#left--) {
      const head = parseRequestHead(buffer, this.#limits, this.#previous);
      if (head === undefined) return;
      this.#previous = head;
      this.#heads.push(this.#view(head));
    }
  }

  /** What `view` shows of those that were taken. */
  found(): readonly T[] {
    return this.#heads;
  }
}

/** What comes of a row behind the heads that were found before it. */
export function outcomeOf<T>(
  bytes: string,
  expected: T | number | undefined,
  heads: readonly T[] = [],
  behind = "",
): Outcome<readonly T[]> {
  if (typeof expected === "number") return { found: heads, refused: { status: expected, close: true } };
  if (expected === undefined) return { found: heads, rest: bytes.replace(/^\r\n(?=.)/s, "") };
  return { found: [...heads, expected], rest: behind };
}

/** Asserts what comes of a row, however it is cut and whatever stands around it. */
export function assertHead<T>(
  view: (head: RequestHead) => T,
  [, bytes, expected]: Row<T>,
  limits: Limits = LIMITS,
): void {
  const { headBytes } = limits;
  assertFed(bytes, outcomeOf(bytes, expected), () => new HeadTaker(view, limits, 1), headBytes);
  const { found } = feed([encodeLatin1(BEFORE)], new HeadTaker(view, limits, 1), headBytes);
  const behind = expected === undefined ? "" : BEHIND;
  const outcome = outcomeOf(bytes, expected, found, behind);
  assertFed(BEFORE + bytes + behind, outcome, () => new HeadTaker(view, limits, 2), headBytes);
}

/** Registers a test for each row: what `view` shows of the head is compared. */
export function testHeads<T>(
  section: string,
  view: (head: RequestHead) => T,
  rows: readonly Row<T>[],
  limits = LIMITS,
): void {
  for (const row of rows) {
    Deno.test(`parseRequestHead: ${row[0]} (${section})`, () => assertHead(view, row, limits));
  }
}

/** Registers a test that puts every one of the 256 bytes into one place of a field line. */
export function testEveryByte<T>(
  name: string,
  view: (head: RequestHead) => T,
  line: (byte: string) => string,
  expect: (byte: string) => T | number,
): void {
  Deno.test(`parseRequestHead: every byte ${name}`, () => {
    for (let code = 0; code < 256; code++) {
      const byte = String.fromCharCode(code);
      const bytes = fields(line(byte), "Some-Padding: or else it is cut in three");
      assertFed(bytes, outcomeOf(bytes, expect(byte)), () => new HeadTaker(view, LIMITS, 1));
    }
  });
}

/** A head with a request line. */
export function requestLine(line: string): string {
  return `${line}\r\nHost: a\r\n\r\n`;
}

/** A head with field lines beside `Host`. */
export function fields(...lines: string[]): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

/** The same in HTTP/1.0. */
export function fields10(...lines: string[]): string {
  return fields(...lines).replace("HTTP/1.1", "HTTP/1.0");
}

/** RFC 9110 section 5.6.2. */
export const TCHAR: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;

/** The request line of a head. */
export function showLine(head: RequestHead): string {
  return head.requestLine;
}

/** How a head says where its body ends. */
export function showFraming(head: RequestHead): MessageFraming {
  return head.framing;
}

/** A body of a length that is said. */
export function fixed(contentLength: number): MessageFraming {
  return { kind: "fixed", contentLength };
}
