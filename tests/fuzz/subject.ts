/** The parser under test as a reader of streams: heads, bodies, and where they end, fed in pieces. */

import { createBodyDecoder } from "../../src/body_decoder.ts";
import type { BodyDecoder } from "../../src/body_decoder.ts";
import type { Limits } from "../../src/config.ts";
import { parseRequestHead } from "../../src/http1.ts";
import type { ReceiveBuffer } from "../../src/receive_buffer.ts";
import { feed } from "../feed.ts";
import { decodeLatin1, encodeLatin1 } from "../octets.ts";
import type { RequestHead } from "../../src/message.ts";
import type { Taker } from "../feed.ts";
import type { Message, Reading } from "./reading.ts";

/** Takes messages as a connection does: none behind the last. */
class MessageTaker implements Taker<{ messages: Message[]; isClosed: boolean }> {
  readonly #limits: Limits;
  readonly #messages: Message[] = [];
  #decoder: BodyDecoder | undefined;
  #previous: RequestHead | undefined;
  #isClosed = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  take(buffer: ReceiveBuffer): void {
    while (!this.#isClosed) {
      if (this.#decoder === undefined && !this.#takeHead(buffer)) return;
      if (!this.#takeBody(buffer)) return;
    }
    buffer.consume(buffer.length);
  }

  found(): { messages: Message[]; isClosed: boolean } {
    return { messages: this.#messages, isClosed: this.#isClosed };
  }

  #takeHead(buffer: ReceiveBuffer): boolean {
    const head = parseRequestHead(buffer, this.#limits, this.#previous);
    if (head === undefined) return false;
    this.#previous = head;
    const { requestLine, method, target, minorVersion, fieldLines, persistent, expectsContinue, framing } = head;
    const fields = [...fieldLines];
    const rest = { body: "", trailers: [], isWhole: false };
    this.#messages.push({ requestLine, method, target, minorVersion, fields, persistent, expectsContinue, ...rest });
    this.#decoder = createBodyDecoder(framing, this.#limits);
    return true;
  }

  #takeBody(buffer: ReceiveBuffer): boolean {
    const message = this.#messages.at(-1);
    if (message === undefined || this.#decoder === undefined) return false;
    for (let piece = this.#decoder.next(buffer); piece !== undefined; piece = this.#decoder.next(buffer)) {
      message.body += decodeLatin1(piece);
    }
    message.isWhole = this.#decoder.done;
    if (!message.isWhole) return false;
    message.trailers.push(...this.#decoder.trailers);
    this.#isClosed = !message.persistent;
    this.#decoder = undefined;
    return true;
  }
}

/**
 * Reads a stream.
 *
 * @param text The stream, one character for each byte.
 * @param limits Bounds of heads and of what frames bodies.
 * @param cuts Where it is cut into pieces, in rising order.
 */
export function readAsSockeye(text: string, limits: Limits, cuts: readonly number[] = []): Reading {
  const bytes = encodeLatin1(text);
  const pieces = [...cuts, bytes.length].map((end, i) => bytes.subarray(cuts[i - 1] ?? 0, end));
  const { found: { messages, isClosed }, refused } = feed(pieces, new MessageTaker(limits), limits.headBytes);
  return { messages, end: refused === undefined ? (isClosed ? "closed" : "open") : [refused.status] };
}
