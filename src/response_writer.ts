/**
 * Sends responses on one connection, in order, and counts what it sends.
 *
 * An answer that is used again, or is small, leaves in one write. While more requests wait in the receive buffer their
 * answers are collected and leave together. Another large body follows its head: one from memory in one further write, one from a file in pieces read
 * into a shared buffer, large for a client that keeps up and small for one that does not, so that a slow client holds
 * little memory. A body that is made while it is sent leaves in chunks (RFC 9112 section 7.1), each at once, and the next
 * is asked for when the client has taken it. Bytes promised are bytes sent: a file that shrinks, or a stream that fails,
 * ends the connection.
 *
 * @module
 */

import { BufferPool } from "./buffer_pool.ts";
import { concat } from "./bytes.ts";
import type { Clock } from "./clock.ts";
import { TransportError } from "./errors.ts";
import {
  encodeInterimResponse,
  encodeInto,
  encodeLatin1,
  encodeResponseHead,
  formatResponseHead,
  hasContent,
} from "./http1.ts";
import { selectMessage } from "./encoded_message.ts";
import type {
  Duplex,
  EncodedMessage,
  FieldLine,
  FileBody,
  HttpResponse,
  OpenFile,
  ResponseBody,
  StreamBody,
} from "./message.ts";
import { ReusableResponse } from "./message.ts";
import type { ByteRange } from "./range.ts";

const NOTHING = new Uint8Array(0);
const ENCODER = new TextEncoder();
/** Behind a chunk, RFC 9112 section 7.1. */
const CRLF = ENCODER.encode("\r\n");
/** The last chunk, without trailer fields. */
const LAST_CHUNK = ENCODER.encode("0\r\n\r\n");

/** Up to this, head and body are joined: copying is then cheaper than a second system call. */
const JOINED_BYTES = 16_384;

/** Answers to pipelined requests that leave together. */
const BATCH_BYTES = 65_536;
const batches = new BufferPool(BATCH_BYTES, 32);
/** One answer; as many wait for the system as connections have been found readable at once. */
const SMALL_ANSWER_BYTES = 1_536;
const smallAnswers = new BufferPool(SMALL_ANSWER_BYTES, 1_024);
const answers = new BufferPool(JOINED_BYTES, 256);
/**
 * Pieces of files: large for clients that keep up, as far as there are any, small for those that do not, and never much
 * larger than needed. Behind a piece that was not taken whole the next one is sure to wait: that is a very small one.
 */
const PROBE_BYTES = 4_096;
const SMALL_PIECE_BYTES = 32_768;
const MEDIUM_PIECE_BYTES = 81_920;
const largePieces = new BufferPool(262_144, 16);
const mediumPieces = new BufferPool(MEDIUM_PIECE_BYTES, 64);
/** How many small pieces in a row a client must take whole before it gets large ones. */
const KEEPS_UP_PIECES = 16;
const smallPieces = new BufferPool(SMALL_PIECE_BYTES, 64);
const probes = new BufferPool(PROBE_BYTES, 1_024);

/** What sending needs of a `Deno.Conn`. */
export interface ByteSink {
  /** Hands over some of the bytes and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How one response is sent. */
export interface SendOptions {
  /** Whether the connection goes on after it. */
  readonly persistent: boolean;
  /** Whether only the head is sent: the answer to HEAD. */
  readonly headOnly: boolean;
  /** Whether a further request is waiting already, so that the answer may wait for company. */
  readonly more: boolean;
  /** The version of the request; HTTP/1.1 where it is absent. */
  readonly minorVersion?: 0 | 1;
}

/** What the head of a response depends on beside the response. */
interface HeadVersion {
  readonly persistent: boolean;
  readonly minorVersion: 0 | 1;
}

/** Told what sending waits for: the place to set deadlines. */
export interface WaitObserver {
  /** Called before each system call, which waits for the client. */
  beforeWrite(): void;
  /** Called before a stream is asked for its next piece. */
  beforePiece(): void;
}

/** The sending side of one connection. */
export class ResponseWriter {
  /** Body bytes of the last response: those the connection has taken, or that wait to leave with others. */
  bodyBytes: number = 0;
  /** All bytes that the connection has taken. */
  takenBytes: number = 0;
  readonly #sink: ByteSink;
  readonly #clock: Clock;
  readonly #observer: WaitObserver;
  #stopWaiting: ((reason: TransportError) => void) | undefined;
  #batch: Uint8Array<ArrayBuffer> | undefined;
  #batched = 0;

  /**
   * Makes a writer that has sent nothing.
   *
   * @param sink Where the bytes go.
   * @param clock Source of `Date`.
   * @param observer Told what sending waits for.
   */
  constructor(sink: ByteSink, clock: Clock, observer: WaitObserver) {
    this.#sink = sink;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Whether answers wait for company; {@linkcode flush} sends them. */
  get isWaiting(): boolean {
    return this.#batch !== undefined;
  }

  /**
   * Sends a response. A file body is closed, and a stream ended, in every case.
   *
   * @param response The response.
   * @param options How it is sent.
   * @returns Settled when the connection has taken it all; nothing where it leaves with a later one.
   * @throws {TypeError} At once, with nothing sent, where the response breaks the rules of a head.
   * @throws {TransportError} Where the client is gone.
   * @throws {Error} Where a file cannot be read up to the length that was promised, or a stream fails; the connection
   * is then unusable.
   */
  send(
    response: HttpResponse,
    { persistent, headOnly, more, minorVersion = 1 }: SendOptions,
  ): Promise<void> | undefined {
    if (response instanceof ReusableResponse) return this.#sendReusable(response, { persistent, headOnly, more });
    const { body } = response;
    const hasBody = hasContent(response.status, headOnly);
    const version = { persistent, minorVersion };
    if (body instanceof Uint8Array) {
      const content = hasBody ? body : NOTHING;
      const head = formatResponseHead(response, { date: this.#clock.date, ...version });
      if (head.length + content.length <= JOINED_BYTES) return this.#sendJoined(head, content, more);
      return this.#sendLarge(encodeLatin1(head), content);
    }
    const head = this.#encodeOrClose(response, version);
    if ("file" in body) return this.#sendFileAndClose(head, body, !hasBody);
    if ("stream" in body) return this.#sendStreamAndEnd(head, body, { isHeadOnly: !hasBody, minorVersion });
    return head.length > JOINED_BYTES ? this.#sendLarge(head, NOTHING) : this.#sendJoined(head, NOTHING, more);
  }

  /**
   * Sends an interim response at once, RFC 9110 section 15.2.
   *
   * @param status 100 to 199.
   * @param fields Its field lines.
   * @throws {TypeError} Where a field breaks the rules of a head.
   * @throws {TransportError} Where the client is gone.
   */
  async inform(status: number, fields: readonly FieldLine[]): Promise<void> {
    const bytes = encodeInterimResponse(status, fields);
    await this.flush();
    await this.#writeAll(bytes);
  }

  /**
   * Sends the answers that were waiting for company.
   *
   * @throws {TransportError} Where the client is gone.
   */
  flush(): Promise<void> {
    const batch = this.#batch;
    if (batch === undefined) return Promise.resolve();
    const length = this.#batched;
    this.#batch = undefined;
    this.#batched = 0;
    const pool = selectAnswerPool(batch.length);
    return this.#writeAll(batch.subarray(0, length)).then(() => pool.give(batch), (error) => {
      pool.give(batch);
      throw error;
    });
  }

  /** Gives up waiting for the next piece of a stream. */
  abort(): void {
    this.#stopWaiting?.(new TransportError("Cannot send the rest: the connection is closed"));
  }

  #encodeOrClose(response: HttpResponse, version: HeadVersion): Uint8Array {
    try {
      return this.#encode(response, version);
    } catch (error) {
      releaseBody(response.body);
      throw error;
    }
  }

  #encode(response: HttpResponse, version: HeadVersion): Uint8Array {
    return encodeResponseHead(response, { date: this.#clock.date, ...version });
  }

  /** Where head and content stand together already they leave as they are. */
  #sendReusable(
    response: ReusableResponse,
    { persistent, headOnly, more }: SendOptions,
  ): Promise<void> | undefined {
    const message = selectMessage(response, { persistent, headOnly }, this.#clock);
    const { bytes, headLength } = message;
    const content = hasContent(response.status, headOnly) ? response.body : NOTHING;
    const length = headLength + content.length;
    const isWhole = length === bytes.length;
    if (isWhole && (length > JOINED_BYTES || (!more && this.#batch === undefined))) return this.#sendWhole(message);
    const head = bytes.subarray(0, headLength);
    return length > JOINED_BYTES ? this.#sendLarge(head.slice(), content) : this.#sendJoined(head, content, more);
  }

  /** Most connections take all of it at once; what an asynchronous function allocates costs more than that. */
  #sendWhole(message: EncodedMessage): Promise<void> {
    const { bytes, headLength } = message;
    this.bodyBytes = 0;
    const writing = this.#batch === undefined ? this.#write(bytes) : this.flush().then(() => this.#write(bytes));
    message.pendingHeads++;
    return writing.then((sent) => {
      if (sent < headLength) return this.#sendRestOfHead(message, sent);
      message.pendingHeads--;
      this.bodyBytes = sent - headLength;
      return sent < bytes.length ? this.#sendBody(bytes.subarray(headLength)) : undefined;
    }, (error) => {
      message.pendingHeads--;
      throw error;
    });
  }

  async #sendRestOfHead(message: EncodedMessage, sent: number): Promise<void> {
    const { bytes, headLength } = message;
    try {
      while (sent < headLength) sent += await this.#write(bytes.subarray(sent));
    } finally {
      message.pendingHeads--;
    }
    this.bodyBytes = sent - headLength;
    await this.#sendBody(bytes.subarray(headLength));
  }

  /** What of it was not sent yet. */
  async #sendBody(body: Uint8Array): Promise<void> {
    while (this.bodyBytes < body.length) this.bodyBytes += await this.#write(body.subarray(this.bodyBytes));
  }

  /**
   * Head and content are put where answers are collected, and leave from there: no buffer is allocated. One that leaves
   * alone gets a buffer of about its size. A head in bytes may be another's when this has returned.
   */
  #sendJoined(head: string | Uint8Array, body: Uint8Array, more: boolean): Promise<void> | undefined {
    const length = head.length + body.length;
    if (this.#batched + length > BATCH_BYTES) {
      const kept = typeof head === "string" ? head : head.slice();
      return this.flush().then(() => this.#sendJoined(kept, body, more));
    }
    const isAlone = !more && this.#batch === undefined;
    const batch = this.#batch ??= (more ? batches : selectAnswerPool(length)).take();
    const start = this.#batched;
    this.#batched += length;
    if (typeof head === "string") encodeInto(head, start === 0 ? batch : batch.subarray(start));
    else batch.set(head, start);
    batch.set(body, start + head.length);
    this.bodyBytes = body.length;
    return isAlone ? this.flush() : undefined;
  }

  async #sendLarge(head: Uint8Array, body: Uint8Array): Promise<void> {
    this.bodyBytes = 0;
    await this.flush();
    await this.#writeAll(head);
    await this.#sendBody(body);
  }

  async #sendFileAndClose(head: Uint8Array, body: FileBody, isHeadOnly: boolean): Promise<void> {
    try {
      await this.#sendFile(head, isHeadOnly ? { ...body, pieces: [] } : body);
    } finally {
      body.file.close();
      this.bodyBytes = Math.max(0, this.bodyBytes);
    }
  }

  async #sendFile(head: Uint8Array, { file, pieces }: FileBody): Promise<void> {
    if (this.#batch !== undefined) await this.flush();
    // The head is counted as it is sent, and is no part of the body.
    this.bodyBytes = -head.length;
    let prefix = head;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) prefix = concat([prefix, piece]);
      else {
        await this.#sendStretch(prefix, file, piece);
        prefix = NOTHING;
      }
    }
    if (prefix.length > 0) await this.#sendStretch(prefix, file, { start: 0, end: 0 });
  }

  /** The prefix leaves with the first bytes. What the client did not take at once is read again, not held. */
  async #sendStretch(prefix: Uint8Array, file: OpenFile, { start, end }: ByteRange): Promise<void> {
    if (prefix.length > JOINED_BYTES) {
      await this.#writeAll(prefix);
      this.bodyBytes += prefix.length;
      prefix = NOTHING;
    }
    let at = start;
    let position = -1;
    let wholePieces = KEEPS_UP_PIECES;
    while (prefix.length > 0 || at < end) {
      const pool = selectPool(wholePieces, prefix.length, end - at);
      const buffer = pool.take();
      try {
        buffer.set(prefix);
        if (position !== at && at < end) file.seekSync(at, 0);
        const place = buffer.subarray(prefix.length, prefix.length + end - at);
        const reading = place.length === 0 ? 0 : readPiece(file, place);
        const read = typeof reading === "number" ? reading : await reading;
        position = at + read;
        const sent = await this.#write(buffer.subarray(0, prefix.length + read));
        this.bodyBytes += sent;
        at += Math.max(0, sent - prefix.length);
        prefix = prefix.subarray(sent);
        wholePieces = at < position ? 0 : wholePieces + 1;
      } finally {
        pool.give(buffer);
      }
    }
  }

  async #sendStreamAndEnd(
    head: Uint8Array,
    { stream, length }: StreamBody,
    { isHeadOnly, minorVersion }: { isHeadOnly: boolean; minorVersion: 0 | 1 },
  ): Promise<void> {
    this.bodyBytes = 0;
    const isChunked = length === undefined && minorVersion === 1;
    let isEnded = false;
    try {
      await this.flush();
      await this.#writeAll(head);
      while (!isHeadOnly) {
        const piece = await this.#nextPiece(stream);
        isEnded = piece === undefined;
        const promised = this.bodyBytes + (piece?.length ?? 0);
        const isWrong = length !== undefined && (isEnded ? promised !== length : promised > length);
        if (isWrong) throw new Error(`A stream gave ${promised} bytes, and ${length} were promised`);
        if (piece === undefined) break;
        await this.#sendPiece(piece, isChunked);
      }
      if (isEnded && isChunked) await this.#writeAll(LAST_CHUNK);
    } finally {
      if (!isEnded) endStream(stream);
    }
  }

  /** Can be given up, unlike the promise of an iterator. */
  #nextPiece(stream: StreamBody["stream"]): Promise<Uint8Array | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    this.#stopWaiting = reject;
    this.#observer.beforePiece();
    stream.next().then(({ value }) => resolve(value ?? undefined), reject);
    return promise.finally(() => this.#stopWaiting = undefined);
  }

  /** An empty chunk would be the last one. */
  async #sendPiece(piece: Uint8Array, isChunk: boolean): Promise<void> {
    if (piece.length === 0) return;
    if (!isChunk) {
      await this.#writeAll(piece);
    } else if (piece.length <= JOINED_BYTES) {
      await this.#writeAll(concat([encodeChunkSize(piece), piece, CRLF]));
    } else {
      await this.#writeAll(encodeChunkSize(piece));
      await this.#writeAll(piece);
      await this.#writeAll(CRLF);
    }
    this.bodyBytes += piece.length;
  }

  #writeAll(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes).then((sent) => sent < bytes.length ? this.#writeRest(bytes, sent) : undefined);
  }

  async #writeRest(bytes: Uint8Array, sent: number): Promise<void> {
    while (sent < bytes.length) sent += await this.#write(bytes.subarray(sent));
  }

  /**
   * Sends some bytes of another protocol, which the connection has been switched to.
   *
   * @param bytes The bytes, which are not to be changed before the end.
   * @returns How many the connection has taken.
   * @throws {TransportError} Where the client is gone.
   */
  pass(bytes: Uint8Array): Promise<number> {
    return this.#write(bytes);
  }

  #write(bytes: Uint8Array): Promise<number> {
    this.#observer.beforeWrite();
    return this.#sink.write(bytes).then((count) => {
      this.takenBytes += count;
      return count;
    }, failWrite);
  }
}

function failWrite(cause: unknown): never {
  throw new TransportError("Cannot write: the connection is gone", { cause });
}

function selectAnswerPool(bytes: number): BufferPool {
  if (bytes <= SMALL_ANSWER_BYTES) return smallAnswers;
  return bytes <= JOINED_BYTES ? answers : batches;
}

/** A buffer that is much too large costs more than what is done with it. */
function selectPool(wholePieces: number, prefixBytes: number, bytes: number): BufferPool {
  if (wholePieces === 0 && prefixBytes < PROBE_BYTES) return probes;
  const length = prefixBytes + bytes;
  if (wholePieces < KEEPS_UP_PIECES || length <= SMALL_PIECE_BYTES) return smallPieces;
  const pool = length <= MEDIUM_PIECE_BYTES ? mediumPieces : largePieces;
  return pool.isSpent ? smallPieces : pool;
}

/**
 * Reads what a file has at its position, at once where that is quick.
 *
 * @param file The file.
 * @param into Where to; not empty.
 * @returns How many bytes.
 * @throws {Error} Where the file has ended.
 */
export function readPiece(file: OpenFile, into: Uint8Array): number | Promise<number> {
  return file.isSlow && file.read !== undefined ? file.read(into).then(checkPiece) : checkPiece(file.readSync(into));
}

function checkPiece(count: number | null): number {
  if (count === null) throw new Error("File has become shorter than the length that was promised");
  return count;
}

/** The line in front of a chunk, RFC 9112 section 7.1. */
function encodeChunkSize(chunk: Uint8Array): Uint8Array {
  return ENCODER.encode(`${chunk.length.toString(16)}\r\n`);
}

/** For whoever was promised a connection, and does not get it. */
const NO_CONNECTION: Duplex = {
  read: () => Promise.resolve(null),
  write: () => Promise.reject(new TransportError("There is no connection")),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

/**
 * Gives back what a body holds, where it is not sent.
 *
 * @param body The body.
 */
export function releaseBody(body: ResponseBody): void {
  if ("run" in body) void body.run(NO_CONNECTION, () => {});
  if ("file" in body) body.file.close();
  if ("stream" in body) endStream(body.stream);
}

/** Nobody waits for it: what it holds is given back when it gets to know, and a failure then is of no interest. */
function endStream(stream: StreamBody["stream"]): void {
  stream.return?.().catch(() => {});
}
