/**
 * Where a request body ends, RFC 9112 sections 6 and 7: takes the content out of the bytes that were received.
 *
 * Sans-IO, like `http1.ts`, and as strict: a chunk size is 1*HEXDIG, every line ends in CRLF, a chunk is followed by
 * CRLF and nothing else, extensions and trailers are bounded. Chunk extensions are checked and ignored, trailers
 * checked and kept apart (RFC 9112 sections 7.1.1 and 7.1.2).
 *
 * @module
 */

import type { Limits } from "./config.ts";
import { HttpError } from "./errors.ts";
import { decodeLatin1, parseFieldLine } from "./http1.ts";
import type { FieldLine, MessageFraming } from "./message.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

const LF = 0x0a, CR = 0x0d;

/** token, RFC 9110 section 5.6.2. */
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.source;
/** quoted-string, RFC 9110 section 5.6.4. */
const QUOTED_STRING = /"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"/.source;
/** chunk-size [ chunk-ext ], RFC 9112 sections 7.1 and 7.1.1. */
const CHUNK_SIZE = new RegExp(
  `^([0-9A-Fa-f]+)(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED_STRING}))?)*$`,
);

/** What the line of a chunk may take beside its data, which also makes up for some of it: as in Go's `net/http`. */
const FAIR_LINE_BYTES = 16;

const NO_TRAILERS: readonly FieldLine[] = Object.freeze([]);

/** Takes one body out of a buffer, piece by piece. */
export interface BodyDecoder {
  /** Whether the whole body has been taken. */
  readonly done: boolean;
  /** The trailer fields that have come, apart from the fields of the head: RFC 9110 section 6.5.1. */
  readonly trailers: readonly FieldLine[];
  /**
   * Takes the next piece of content, and whatever frames it, from the front of a buffer.
   *
   * @param buffer What was received.
   * @returns A view into the buffer, valid until its next read; `undefined` where more bytes are needed or, with
   * {@linkcode done}, where the body has ended.
   * @throws {HttpError} 400 where the framing is broken, 431 where the trailer section is too large.
   */
  next(buffer: ReceiveBuffer): Uint8Array | undefined;
}

/**
 * Selects the decoder of a body.
 *
 * @param framing How the body is delimited.
 * @param limits Bounds of chunk-size lines and trailers.
 */
export function createBodyDecoder(framing: MessageFraming, limits: Limits): BodyDecoder {
  switch (framing.kind) {
    case "none":
      return new FixedDecoder(0);
    case "fixed":
      return new FixedDecoder(framing.contentLength);
    case "chunked":
      return new ChunkedDecoder(limits);
    default:
      return framing satisfies never;
  }
}

/** RFC 9112 section 6.2. */
class FixedDecoder implements BodyDecoder {
  readonly trailers: readonly FieldLine[] = NO_TRAILERS;
  #left: number;

  constructor(contentLength: number) {
    this.#left = contentLength;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  next(buffer: ReceiveBuffer): Uint8Array | undefined {
    const piece = take(buffer, this.#left);
    this.#left -= piece?.length ?? 0;
    return piece;
  }
}

/** RFC 9112 section 7.1. Each state is what the next bytes must be. */
class ChunkedDecoder implements BodyDecoder {
  readonly trailers: FieldLine[] = [];
  readonly #limits: Limits;
  #expects: "size line" | "data" | "data end" | "trailer line" | "nothing" = "size line";
  #left = 0;
  /** How much longer the lines were than the chunks explain. */
  #excessBytes = 0;
  #trailerBytes = 0;
  #trailerLines = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#expects === "nothing";
  }

  next(buffer: ReceiveBuffer): Uint8Array | undefined {
    for (;;) {
      switch (this.#expects) {
        case "data": {
          const piece = take(buffer, this.#left);
          this.#left -= piece?.length ?? 0;
          if (this.#left === 0) this.#expects = "data end";
          return piece;
        }
        case "size line":
          if (!this.#takeSizeLine(buffer)) return undefined;
          break;
        case "data end":
          if (!this.#takeDataEnd(buffer)) return undefined;
          break;
        case "trailer line":
          if (!this.#takeTrailerLine(buffer)) return undefined;
          break;
        case "nothing":
          return undefined;
        default:
          return this.#expects satisfies never;
      }
    }
  }

  /** chunk-size [ chunk-ext ] CRLF */
  #takeSizeLine(buffer: ReceiveBuffer): boolean {
    const line = takeLine(buffer, this.#limits.chunkLineBytes, 400, "chunk-size line");
    if (line === undefined) return false;
    const [, size = ""] = CHUNK_SIZE.exec(line) ?? [];
    const length = Number.parseInt(size, 16);
    if (!Number.isSafeInteger(length)) {
      throw new HttpError(400, `Cannot parse chunk size ${JSON.stringify(line)}: expected 1*HEXDIG`);
    }
    this.#excessBytes = Math.max(0, this.#excessBytes + line.length - FAIR_LINE_BYTES - 2 * length);
    if (this.#excessBytes > this.#limits.headBytes) {
      throw new HttpError(400, "Chunk extensions are out of proportion to the data");
    }
    this.#left = length;
    this.#expects = length === 0 ? "trailer line" : "data";
    return true;
  }

  #takeDataEnd(buffer: ReceiveBuffer): boolean {
    const { bytes, start } = buffer;
    const isBad = (buffer.length >= 1 && bytes[start] !== CR) || (buffer.length >= 2 && bytes[start + 1] !== LF);
    if (isBad) throw new HttpError(400, "Chunk data is not followed by CRLF");
    if (buffer.length < 2) return false;
    buffer.consume(2);
    this.#expects = "size line";
    return true;
  }

  /** trailer-section CRLF, RFC 9112 section 7.1.2 */
  #takeTrailerLine(buffer: ReceiveBuffer): boolean {
    const line = takeLine(buffer, this.#limits.headBytes - this.#trailerBytes, 431, "trailer section");
    if (line === undefined) return false;
    if (line === "") {
      this.#expects = "nothing";
      return true;
    }
    this.#trailerBytes += line.length + 2;
    if (++this.#trailerLines > this.#limits.fieldLines) {
      throw new HttpError(431, `More than ${this.#limits.fieldLines} trailer lines`);
    }
    const offsets: number[] = [];
    parseFieldLine(`${line}\r\n`, 0, offsets);
    this.trailers.push([line.slice(offsets[0], offsets[1]), line.slice(offsets[2], offsets[3])]);
    return true;
  }
}

function take(buffer: ReceiveBuffer, atMost: number): Uint8Array | undefined {
  const length = Math.min(buffer.length, atMost);
  if (length === 0) return undefined;
  const piece = buffer.bytes.subarray(buffer.start, buffer.start + length);
  buffer.consume(length);
  return piece;
}

/** Takes a line that ends in CRLF and returns it without. */
function takeLine(buffer: ReceiveBuffer, limit: number, status: number, what: string): string | undefined {
  const { bytes, start } = buffer;
  const found = bytes.indexOf(LF, buffer.scanned);
  const isComplete = found >= 0 && found < buffer.end;
  if ((isComplete ? found - start : buffer.length) >= limit) throw new HttpError(status, `Too long: ${what}`);
  if (!isComplete) {
    buffer.scanned = buffer.end;
    return undefined;
  }
  if (found === start || bytes[found - 1] !== CR) throw new HttpError(400, `Cannot parse ${what}: bare LF`);
  const line = decodeLatin1(bytes.subarray(start, found - 1));
  buffer.consume(found + 1 - start);
  return line;
}
