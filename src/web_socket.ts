/**
 * The server's end of a WebSocket, as the application sees it: the standard interface, driven by the server.
 *
 * It follows the WebSockets Standard and, where that speaks of browsers only, what `Deno.upgradeWebSocket` gives:
 * `binaryType` is "arraybuffer", any close code of RFC 6455 section 7.4 may be sent, and a client that says nothing for
 * half of the idle time-out is pinged. Different is that `url` is known, that a connection which ends without a Close of
 * the client has code 1006, and that what listeners throw ends nothing.
 *
 * The state machine is `run`: read until both sides have said Close, or one is at fault; then send what waits, close, and
 * give the client time to close too (RFC 6455 section 7.1.1).
 *
 * @module
 */

import type { Duplex } from "./message.ts";
import type { WebSocketLimits } from "./config.ts";
import { WEB_SOCKET_LIMITS } from "./config.ts";
import { TransportError, WebSocketFailure } from "./errors.ts";
import { GuardedEventTarget } from "./guarded_event_target.ts";
import type { DeflateParameters } from "./permessage_deflate.ts";
import { deflateMessage } from "./permessage_deflate.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { setTimer } from "./timer.ts";
import type { SetTimer } from "./timer.ts";
import type { ReceivedMessage } from "./websocket_frames.ts";
import {
  encodeClose,
  encodeFrame,
  encodeText,
  isCloseCode,
  MessageDecoder,
  NO_STATUS,
  OPCODE,
  REASON_BYTES,
} from "./websocket_frames.ts";
import { FrameWriter } from "./websocket_writer.ts";

/** What the server gives to a connection. */
export interface WebSocketContext {
  /** Reports what a listener has thrown. */
  readonly report: (error: unknown) => void;
  /**
   * Bounds.
   *
   * @default {WEB_SOCKET_LIMITS}
   */
  readonly limits?: WebSocketLimits;
  /**
   * Timers.
   *
   * @default {setTimer}
   */
  readonly setTimer?: SetTimer;
}

/** What the handshake has made of a connection. */
export interface WebSocketOptions {
  /** Where the client has connected to, with the scheme `ws` or `wss`. */
  readonly url: string;
  /** The subprotocol; the empty text for none. */
  readonly protocol: string;
  /** What was agreed about compression; absent: none. */
  readonly deflate?: DeflateParameters | undefined;
  /** How long the client may be silent before it is given up, in milliseconds; 0 for ever. */
  readonly idleMs: number;
}

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

/** What a connection reads into grows to this, and stays so while messages come that need it. */
const RECEIVE_BYTES = 65_536;
const SMALL_READS = 2;
/** The code of a connection that ended without a Close frame, RFC 6455 section 7.1.5; never sent. */
const ABNORMAL = 1006;
const GOING_AWAY = 1001, TRY_AGAIN_LATER = 1013;

const ENCODER = new TextEncoder();
const NOTHING = new Uint8Array(0);
/** Where everybody reads what nobody looks at. */
const IGNORED = new Uint8Array(RECEIVE_BYTES);

/** The server's end of a WebSocket. */
export class ServerWebSocket extends GuardedEventTarget implements WebSocket {
  /** `readyState` before {@linkcode run}. */
  static readonly CONNECTING: typeof CONNECTING = CONNECTING;
  /** `readyState` while messages can be sent. */
  static readonly OPEN: typeof OPEN = OPEN;
  /** `readyState` from the first Close on. */
  static readonly CLOSING: typeof CLOSING = CLOSING;
  /** `readyState` of a connection that has ended. */
  static readonly CLOSED: typeof CLOSED = CLOSED;
  /** See the constant of the class. */
  declare readonly CONNECTING: 0;
  /** See the constant of the class. */
  declare readonly OPEN: 1;
  /** See the constant of the class. */
  declare readonly CLOSING: 2;
  /** See the constant of the class. */
  declare readonly CLOSED: 3;
  /** Called when the connection has been opened. */
  declare onopen: WebSocket["onopen"];
  /** Called for each message. */
  declare onmessage: WebSocket["onmessage"];
  /** Called when the connection has ended. */
  declare onclose: WebSocket["onclose"];
  /** Called before it ends otherwise than by a Close of both sides. */
  declare onerror: WebSocket["onerror"];
  /** Where the client has connected to. */
  readonly url: string;
  /** The subprotocol; the empty text for none. */
  readonly protocol: string;
  /** The extensions in use; the empty text for none. */
  readonly extensions: string;

  readonly #deflate: DeflateParameters | undefined;
  readonly #idleMs: number;
  readonly #writer = new FrameWriter();
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #binaryType: BinaryType = "arraybuffer";
  #limits: WebSocketLimits = WEB_SOCKET_LIMITS;
  #setTimer: SetTimer = setTimer;
  #stopTimer: () => void = () => {};
  /** Ends the connection at once; whatever waits on it then fails. */
  #abort: () => void = () => {};
  /** Whether anything came in since the timer was set. */
  #isAlive = false;
  #hasPinged = false;
  /** Why it ends, where it does not end as it should. */
  #failure: Error | undefined;

  static {
    for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
      Object.defineProperty(this.prototype, name, { value, enumerable: true });
    }
    this.defineHandlers(this.prototype, ["open", "message", "close", "error"]);
  }

  /**
   * Makes a socket that is not connected yet.
   *
   * @param options What the handshake has made of it.
   */
  constructor({ url, protocol, deflate, idleMs }: WebSocketOptions) {
    super();
    this.url = url;
    this.protocol = protocol;
    this.extensions = deflate?.response ?? "";
    this.#deflate = deflate;
    this.#idleMs = idleMs;
  }

  /** The state of the connection, one of the constants. */
  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  /** Bytes of messages that {@linkcode send} was given and that were not yet written; never reset. */
  get bufferedAmount(): number {
    return this.#writer.messageBytes;
  }

  /** What binary messages come as. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  /** What `Object.prototype.toString` says. */
  get [Symbol.toStringTag](): string {
    return "WebSocket";
  }

  /**
   * Sends a message. Where more waits than the server holds for a client, the connection is closed with 1013 instead.
   *
   * @param data The message: text, or bytes, which are copied.
   * @throws {DOMException} `InvalidStateError` before the connection is open.
   */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.#readyState === CONNECTING) throw new DOMException("'readyState' not OPEN", "InvalidStateError");
    if (data instanceof Blob) return this.#sendBlob(data);
    const message = isBuffer(data) || ArrayBuffer.isView(data) ? toBytes(data) : String(data);
    if (this.#canSend()) this.#writer.pushMessage(this.#encode(message));
    else this.#writer.messageBytes += typeof message === "string" ? ENCODER.encode(message).length : message.length;
  }

  /**
   * Begins to close the connection, RFC 6455 section 7.1.2; what was sent before still leaves.
   *
   * @param code A code that may be sent, 1000 where only a reason is given.
   * @param reason At most 123 bytes of UTF-8.
   * @throws {DOMException} `InvalidAccessError` for another code, `SyntaxError` for a longer reason.
   */
  close(code?: number, reason?: string): void {
    if (code !== undefined && !isCloseCode(code)) {
      throw new DOMException(`The close code must be one that may be sent: received ${code}`, "InvalidAccessError");
    }
    if (reason !== undefined && ENCODER.encode(reason).length > REASON_BYTES) {
      throw new DOMException(`The close reason may not be longer than ${REASON_BYTES} bytes`, "SyntaxError");
    }
    this.#sendClose(code ?? (reason === undefined ? NO_STATUS : 1000), reason ?? "");
  }

  /** The server stops: closes the connection with 1001. */
  shutdown(): void {
    this.#sendClose(GOING_AWAY, "");
  }

  /**
   * Drives the connection to its end and closes it. Never throws.
   *
   * @param duplex The connection, on which the answer to the handshake was sent; owned by this call.
   * @param leftover What was received behind the request.
   * @param context What the server gives to it.
   */
  async run(duplex: Duplex, leftover: Uint8Array, context: WebSocketContext): Promise<void> {
    this.report = context.report;
    this.#limits = context.limits ?? WEB_SOCKET_LIMITS;
    this.#setTimer = context.setTimer ?? setTimer;
    this.#abort = closeOnce(duplex);
    try {
      await this.#serve(duplex, leftover);
    } catch (error) {
      this.report(error);
    } finally {
      this.#stopTimer();
      this.#abort();
    }
  }

  async #serve(duplex: Duplex, leftover: Uint8Array): Promise<void> {
    this.#writer.start(duplex, (error) => this.#lose(error));
    this.#open();
    let close: CloseEventInit = { code: ABNORMAL };
    try {
      close = await this.#receive(duplex, leftover);
    } catch (error) {
      this.#lose(error);
    }
    await this.#writer.drained();
    this.#end(close);
    await this.#linger(duplex);
  }

  #open(): void {
    if (this.#readyState === CLOSING) return this.#startTimer(this.#limits.closeMs);
    this.#readyState = OPEN;
    this.#startTimer(this.#idleMs / 2);
    this.dispatchEvent(new Event("open"));
  }

  /** Reads until the client says Close. Returns what it says. */
  async #receive(duplex: Duplex, leftover: Uint8Array): Promise<CloseEventInit> {
    const received = new ReceiveBuffer(RECEIVE_BYTES, SMALL_READS);
    const decoder = new MessageDecoder(this.#limits.messageBytes, this.#deflate !== undefined);
    for (let left = leftover;;) {
      for (let message = decoder.next(received); message !== undefined; message = decoder.next(received)) {
        if (message.kind === "close") return this.#takeClose(message.code, message.reason);
        if (this.#readyState === OPEN) this.#take(message);
      }
      const room = received.room();
      const count = left.length > 0 ? copy(left, room) : await duplex.read(room);
      if (count === null) throw new TransportError("The client has closed without a Close frame");
      left = left.subarray(count);
      received.received(count);
      this.#isAlive = true;
    }
  }

  #take(message: Exclude<ReceivedMessage, { kind: "close" }>): void {
    switch (message.kind) {
      case "text":
        this.dispatchEvent(new MessageEvent("message", { data: message.text }));
        return;
      case "binary": {
        const data = this.#binaryType === "blob" ? new Blob([message.bytes]) : message.bytes.buffer;
        this.dispatchEvent(new MessageEvent("message", { data }));
        return;
      }
      case "ping":
        return this.#writer.pushPong(encodeFrame(OPCODE.pong, message.bytes));
      case "pong":
        return;
      default:
        return message satisfies never;
    }
  }

  /** The answer repeats the code, RFC 6455 section 5.5.1. */
  #takeClose(code: number, reason: string): CloseEventInit {
    this.#sendClose(code, reason);
    return { code, reason, wasClean: true };
  }

  /** Says Close, unless that was done already. */
  #sendClose(code: number, reason: string): void {
    if (this.#readyState >= CLOSING) return;
    const isRunning = this.#readyState === OPEN;
    this.#readyState = CLOSING;
    this.#writer.pushLast(encodeClose(code, reason));
    if (isRunning) this.#startTimer(this.#limits.closeMs);
  }

  /** The first fault is the one that is told; a client that is at fault hears of it, one that is gone does not. */
  #lose(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    if (error instanceof WebSocketFailure) this.#sendClose(error.code, error.message);
    else this.#abort();
  }

  #end(close: CloseEventInit): void {
    this.#readyState = CLOSED;
    const error = close.wasClean === true ? undefined : this.#failure;
    if (error !== undefined) this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
    this.dispatchEvent(new CloseEvent("close", close));
  }

  /** Closing while bytes wait unread would reset the connection, and with it what was sent last. */
  async #linger(duplex: Duplex): Promise<void> {
    this.#stopTimer();
    this.#stopTimer = this.#setTimer(this.#abort, this.#limits.closeMs);
    try {
      await duplex.closeWrite();
      while (await duplex.read(IGNORED) !== null);
    } catch {
      // The client is gone, or the time is over.
    }
  }

  /** Looks again and again whether the client is there. */
  #startTimer(periodMs: number): void {
    this.#stopTimer();
    if (periodMs === 0) return;
    this.#isAlive = false;
    this.#writer.hasProgressed = false;
    this.#stopTimer = this.#setTimer(() => {
      const isAlive = this.#writer.hasProgressed || (this.#isAlive && this.#readyState === OPEN);
      if (isAlive) this.#hasPinged = false;
      else if (this.#readyState !== OPEN) return this.#lose(new TransportError("Time-out while closing"));
      else if (this.#hasPinged) return this.#lose(new WebSocketFailure(GOING_AWAY, "No response from ping frame."));
      else this.#ping();
      this.#startTimer(periodMs);
    }, periodMs);
  }

  #ping(): void {
    this.#hasPinged = true;
    this.#writer.push(encodeFrame(OPCODE.ping, NOTHING));
  }

  /** Whether a message may be sent now. The WebSockets Standard has it too that a full queue closes the connection. */
  #canSend(): boolean {
    if (this.#readyState === OPEN && this.#writer.queuedBytes > this.#limits.bufferedBytes) {
      this.#writer.clear();
      this.#lose(new WebSocketFailure(TRY_AGAIN_LATER, "The client takes too little of what it is sent"));
    }
    return this.#readyState === OPEN;
  }

  #encode(message: string | Uint8Array): Uint8Array<ArrayBuffer> {
    const isText = typeof message === "string";
    const deflated = this.#deflate && deflateMessage(message, this.#deflate);
    if (deflated !== undefined) return encodeFrame(isText ? OPCODE.text : OPCODE.binary, deflated, true);
    return isText ? encodeText(message) : encodeFrame(OPCODE.binary, message);
  }

  #sendBlob(blob: Blob): void {
    if (!this.#canSend()) {
      this.#writer.messageBytes += blob.size;
      return;
    }
    const frame = blob.bytes().then((bytes) => this.#encode(bytes));
    this.#writer.pushLater(frame, blob.size);
  }
}

function isBuffer(data: unknown): data is ArrayBufferLike {
  return data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
}

function toBytes(data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Copies as much as there is room for. Returns how much that is. */
function copy(from: Uint8Array, into: Uint8Array): number {
  const count = Math.min(from.length, into.length);
  into.set(from.subarray(0, count));
  return count;
}

/** A `Deno.Conn` throws when it is closed twice. */
function closeOnce(duplex: Duplex): () => void {
  let isClosed = false;
  return () => {
    if (isClosed) return;
    isClosed = true;
    duplex.close();
  };
}
