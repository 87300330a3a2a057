/**
 * What a WebSocket has to send: frames in the order they were given, one write at a time.
 *
 * What is given in one turn, or while a write is under way, leaves together, so that many small messages cost few
 * writes. The queue itself has no bound: whoever fills it looks at {@linkcode FrameWriter.queuedBytes}.
 *
 * @module
 */

import type { Duplex } from "./message.ts";
import { payloadLength } from "./websocket_frames.ts";

/** A whole frame, or several. */
export type Frame = Uint8Array<ArrayBuffer>;

/** Frames that leave with one write, or one that is still being made. */
interface Chunk {
  bytes: Frame | Promise<Frame>;
  /** How much of the bytes is filled. */
  length: number;
  messageBytes: number;
}

/** How much is joined to one write. */
const CHUNK_BYTES = 65_536;
/** What frames a message at most. */
const HEADER_BYTES = 10;
/** How many Pongs wait at most; of further pings only the last is answered, as RFC 6455 section 5.5.3 allows. */
const WAITING_PONGS = 64;

/** Serialises writes. */
export class FrameWriter {
  /** Bytes of messages that were not yet written: `bufferedAmount` of the interface `WebSocket`. */
  messageBytes = 0;
  /** Bytes that wait, with all that frames them; those of the present write no longer count. */
  queuedBytes = 0;
  /** Whether the client has taken something that had to wait for it; to be reset by whoever asks. */
  hasProgressed = false;
  #queue: Chunk[] = [];
  #pongs = 0;
  #lastPong: Frame | undefined;
  #duplex: Duplex | undefined;
  #writing: Promise<void> | undefined;
  #onError: (error: unknown) => void = () => {};

  /**
   * Begins to write, also what was given before.
   *
   * @param duplex Where to.
   * @param onError Called where writing fails; what waits is then thrown away.
   */
  start(duplex: Duplex, onError: (error: unknown) => void): void {
    this.#duplex = duplex;
    this.#onError = onError;
    this.#wake();
  }

  /**
   * Adds a control frame.
   *
   * @param frame The frame; its memory belongs to the writer from now on.
   */
  push(frame: Frame): void {
    this.#add(frame, frame.length, 0);
  }

  /**
   * Adds the last frame, a Close: nothing may follow it, RFC 6455 section 5.5.1.
   *
   * @param frame The frame; its memory belongs to the writer from now on.
   */
  pushLast(frame: Frame): void {
    this.#lastPong = undefined;
    this.push(frame);
  }

  /**
   * Adds a message.
   *
   * @param frame Its frame; the memory belongs to the writer from now on.
   */
  pushMessage(frame: Frame): void {
    this.#add(frame, frame.length, payloadLength(frame));
  }

  /**
   * Adds a Pong: a client that sends pings and reads nothing does not fill the queue.
   *
   * @param frame The frame.
   */
  pushPong(frame: Frame): void {
    if (this.#pongs === WAITING_PONGS) {
      this.#lastPong = frame;
      return;
    }
    this.#pongs++;
    this.push(frame);
  }

  /**
   * Adds a message that is still being made; later ones wait for it.
   *
   * @param frame The frame to come; where it fails, so does writing.
   * @param messageBytes The length of the message.
   */
  pushLater(frame: Promise<Frame>, messageBytes: number): void {
    frame.catch(() => {}); // It may fail before its turn.
    this.#add(frame, messageBytes + HEADER_BYTES, messageBytes);
  }

  /** Throws away what waits, but not what is being written: a frame is not cut. */
  clear(): void {
    this.#queue = [];
    this.queuedBytes = 0;
  }

  /** Waits until nothing is left to be written. */
  async drained(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #add(bytes: Frame | Promise<Frame>, length: number, messageBytes: number): void {
    this.messageBytes += messageBytes;
    this.queuedBytes += length;
    const last = this.#queue.at(-1);
    if (last === undefined || !join(last, bytes)) this.#queue.push({ bytes, length, messageBytes });
    else last.messageBytes += messageBytes;
    this.#wake();
  }

  #wake(): void {
    if (this.#duplex === undefined || this.#queue.length === 0) return;
    this.#writing ??= this.#drain(this.#duplex);
  }

  async #drain(duplex: Duplex): Promise<void> {
    try {
      await undefined; // What is sent in the same turn leaves together.
      for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
        this.queuedBytes -= chunk.length;
        this.#takePong();
        const bytes = chunk.bytes instanceof Uint8Array ? chunk.bytes.subarray(0, chunk.length) : await chunk.bytes;
        await this.#write(duplex, bytes);
        this.messageBytes -= chunk.messageBytes;
      }
    } catch (error) {
      this.#duplex = undefined;
      this.clear();
      this.#onError(error);
    } finally {
      this.#writing = undefined;
    }
  }

  #takePong(): void {
    this.#pongs = 0;
    const pong = this.#lastPong;
    this.#lastPong = undefined;
    if (pong !== undefined) this.pushPong(pong);
  }

  async #write(duplex: Duplex, bytes: Frame): Promise<void> {
    let at = await duplex.write(bytes);
    while (at < bytes.length) {
      at += await duplex.write(bytes.subarray(at));
      this.hasProgressed = true;
    }
  }
}

/** Adds a frame to a chunk, where it has room. Returns whether it has. */
function join(chunk: Chunk, frame: Frame | Promise<Frame>): boolean {
  if (!(chunk.bytes instanceof Uint8Array) || !(frame instanceof Uint8Array)) return false;
  const length = chunk.length + frame.length;
  if (length > CHUNK_BYTES) return false;
  if (length > chunk.bytes.length) {
    const grown = new Uint8Array(Math.min(length * 2, CHUNK_BYTES));
    grown.set(chunk.bytes.subarray(0, chunk.length));
    chunk.bytes = grown;
  }
  chunk.bytes.set(frame, chunk.length);
  chunk.length = length;
  return true;
}
