/**
 * What a `ResponseWriter` writes to and reads from, in memory.
 *
 * The sink looks at the bytes only after a moment, as the system does, so a buffer that is used again too early shows.
 */

import { assert, assertEquals } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { encodeResponseHead } from "../src/http1.ts";
import { HttpResponse } from "../src/message.ts";
import type { FileBody, OpenFile } from "../src/message.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import type { ByteSink, SendOptions } from "../src/response_writer.ts";
import { decodeLatin1, encodeLatin1 } from "./octets.ts";
import { createRandom } from "./random.ts";

/** What goes to one connection is joined with its head up to this length. */
export const JOINED_BYTES: number = 16_384;
/** What is collected of pipelined answers before it leaves. */
export const BATCH_BYTES: number = 65_536;

/** How many bytes the n-th write takes, counted from 0, of those it is given. Throws where the client is gone. */
export type Taking = (given: number, n: number) => number;

/** Takes all that it is given. */
export function everything(given: number): number {
  return given;
}

/** Takes so many bytes at a time. */
export function atMost(count: number): Taking {
  return (given) => Math.min(given, count);
}

/** Is gone at a write, counted from 0. */
export function failingAt(failing: number, taking: Taking = everything): Taking {
  return (given, n) => {
    if (n === failing) throw new Deno.errors.BrokenPipe("gone");
    return taking(given, n);
  };
}

/** Takes now more, now less. */
export function atRandom(seed: number, most: number): Taking {
  const random = createRandom(seed);
  return (given) => 1 + random(Math.min(given, most));
}

/** A connection that takes what it is told to. */
export class FakeSink implements ByteSink {
  /** The lengths of what it was given to write. */
  readonly sizes: number[] = [];
  #received: Uint8Array[] = [];
  readonly #taking: Taking;

  /** Takes everything, if nothing else is said. */
  constructor(taking: Taking = everything) {
    this.#taking = taking;
  }

  /** Takes some of the bytes, after a moment. */
  async write(bytes: Uint8Array): Promise<number> {
    const n = this.sizes.length;
    this.sizes.push(bytes.length);
    await Promise.resolve();
    const count = this.#taking(bytes.length, n);
    this.#received.push(bytes.slice(0, count));
    return count;
  }

  /** All that it has taken. */
  get text(): string {
    return this.#received.map(decodeLatin1).join("");
  }
}

/** An open file in memory that notes its closing. `chunk` bounds what one read gives. */
export class FakeFile implements OpenFile {
  /** How often it was closed. */
  closed = 0;
  /** How often it was read. */
  reads = 0;
  /** How often it was moved in. */
  seeks = 0;
  /** The most that was asked for at once, in bytes. */
  largestRead = 0;
  /** What is in it; may be changed. */
  content: Uint8Array;
  #position = 0;
  readonly #chunk: number;

  /** `chunk` bytes at the most for each read. */
  constructor(content: Uint8Array, chunk = Infinity) {
    this.content = content;
    this.#chunk = chunk;
  }

  /** Reads. */
  readSync(into: Uint8Array): number | null {
    assertEquals(this.closed, 0, "read after close");
    assert(into.length > 0, "a read of nothing looks like the end");
    this.reads++;
    this.largestRead = Math.max(this.largestRead, into.length);
    const count = Math.min(into.length, this.content.length - this.#position, this.#chunk);
    if (count <= 0) return null;
    into.set(this.content.subarray(this.#position, this.#position + count));
    this.#position += count;
    return count;
  }

  /** Moves to a place. */
  seekSync(offset: number, whence: 0): number {
    assertEquals([this.closed, whence], [0, 0]);
    assert(offset >= 0, "seek before the beginning");
    this.seeks++;
    return this.#position = offset;
  }

  /** Closes it. */
  close(): void {
    this.closed++;
  }
}

/** An answer that another request may follow. */
export const SEND: SendOptions = { persistent: true, headOnly: false, more: false };
/** One that another request, received already, waits behind. */
export const MORE: SendOptions = { ...SEND, more: true };

/** A writer to a sink. */
export function createWriter(
  sink: ByteSink,
  clock: Clock = new Clock(),
  beforeWrite: () => void = () => {},
): ResponseWriter {
  return new ResponseWriter(sink, clock, { beforeWrite, beforePiece: () => {} });
}

/** Bytes that differ from place to place, so that a piece in the wrong place shows. */
export function contentOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 0xff);
}

/** A file as the body, from its beginning. */
export function fileBody(file: OpenFile, length: number): FileBody {
  return { file, pieces: [{ start: 0, end: length }], length };
}

/** The head that a response has to be sent with. */
export function headOf(response: HttpResponse, clock: Clock, persistent = true): string {
  return decodeLatin1(encodeResponseHead(response, { date: clock.date, persistent }));
}

/** A response with a text. */
export function answer(text: string, status = 200): HttpResponse {
  return new HttpResponse(status, [["X", "y"]], encodeLatin1(text));
}
