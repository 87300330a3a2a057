/**
 * WebSocket frames, RFC 6455 section 5: bytes of a client → messages, messages of the server → bytes.
 *
 * Sans-IO, like `http1.ts`, and as strict: a client masks every frame, lengths take the fewest bytes, reserved bits and
 * opcodes fail the connection, and so do control frames that are long or in fragments, text that is no UTF-8, and close
 * codes that must not be sent. A message is bounded by what its frames announce, before their payload arrives.
 *
 * Text is judged when it is complete (section 8.1), so invalid bytes in a first fragment fail the connection with the last.
 *
 * @module
 */

import { Buffer, isAscii } from "node:buffer";
import { WebSocketFailure } from "./errors.ts";
import { inflateMessage } from "./permessage_deflate.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** The kinds of frames, RFC 6455 section 5.2. */
export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** What a client says. */
export type ReceivedMessage =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "ping" | "pong"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** The code that stands for a Close frame without one, RFC 6455 section 7.4.1; never sent. */
export const NO_STATUS = 1005;
/** The longest close reason in bytes: a control frame holds 125, the code takes two (RFC 6455 section 5.5). */
export const REASON_BYTES = 123;

const FIN = 0x80, RSV1 = 0x40, RSV2_RSV3 = 0x30, OPCODE_BITS = 0x0f;
const MASKED = 0x80, LENGTH_BITS = 0x7f, LENGTH_16 = 126, LENGTH_64 = 127;
const CONTROL_BYTES = 125, KEY_BYTES = 4;
const KNOWN_OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE));

/** So much storage is made for a frame before its payload is there. */
const TRUSTED_BYTES = 65_536;

const NOTHING = new Uint8Array(0);
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A frame of which the payload is awaited. */
interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** Payload bytes that are still to come. */
  left: number;
  /** The masking key; its lowest byte is for the next payload byte. */
  key: number;
}

/** Takes the messages of a client out of a buffer. */
export class MessageDecoder {
  readonly #maximumBytes: number;
  readonly #canInflate: boolean;
  #frame: Frame | undefined;
  /** The opcode of the message whose fragments are coming in; 0 where there is none. */
  #opcode: number = OPCODE.continuation;
  #isDeflated = false;
  /** What came of the message, the first {@linkcode #length} bytes of it. */
  #payload: Uint8Array<ArrayBuffer> = NOTHING;
  #length = 0;

  /**
   * Makes a decoder for a connection.
   *
   * @param maximumBytes The longest message.
   * @param canInflate Whether `permessage-deflate` was agreed upon.
   */
  constructor(maximumBytes: number, canInflate: boolean) {
    this.#maximumBytes = maximumBytes;
    this.#canInflate = canInflate;
  }

  /**
   * Takes the next message from the front of a buffer. Once it has thrown, or returned a `close`, there is nothing
   * more to be asked for.
   *
   * @param buffer What was received; payload is unmasked in it.
   * @returns The message, which is no view into the buffer; `undefined` where more bytes are needed.
   * @throws {WebSocketFailure} 1002 for what the protocol forbids, 1007 for data that is not what it should be, 1009 for
   * a message that is too long.
   */
  next(buffer: ReceiveBuffer): ReceivedMessage | undefined {
    for (;;) {
      const frame = this.#frame ??= this.#takeHeader(buffer);
      if (frame === undefined) return undefined;
      const isControl = frame.opcode >= OPCODE.close;
      if (isControl && buffer.length < frame.left) return undefined;
      const piece = takePayload(buffer, frame);
      if (frame.left === 0) this.#frame = undefined;
      if (isControl) return decodeControl(frame.opcode, piece);
      if (frame.left === 0 && frame.isFinal) return this.#complete(piece, frame);
      this.#append(piece, frame);
      if (frame.left > 0) return undefined;
    }
  }

  /** RFC 6455 section 5.2. */
  #takeHeader(buffer: ReceiveBuffer): Frame | undefined {
    if (buffer.length < 2) return undefined;
    const { bytes, start } = buffer;
    const first = bytes[start] ?? 0;
    const second = bytes[start + 1] ?? 0;
    this.#checkFirst(first);
    if ((second & MASKED) === 0) throw new WebSocketFailure(1002, "Frame is not masked");
    const opcode = first & OPCODE_BITS;
    const length = second & LENGTH_BITS;
    if (opcode >= OPCODE.close && length > CONTROL_BYTES) throw new WebSocketFailure(1002, "Control frame is too long");
    const keyAt = length === LENGTH_64 ? 10 : length === LENGTH_16 ? 4 : 2;
    if (buffer.length < keyAt + KEY_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, keyAt + KEY_BYTES);
    const left = keyAt === 2 ? length : readLength(view, keyAt);
    if (opcode < OPCODE.close) this.#beginFragment(first, left);
    buffer.consume(keyAt + KEY_BYTES);
    return { opcode, isFinal: (first & FIN) !== 0, left, key: view.getUint32(keyAt, true) };
  }

  /** Sections 5.2, 5.4 and 5.5; RFC 7692 section 6.1 for RSV1. */
  #checkFirst(first: number): void {
    const opcode = first & OPCODE_BITS;
    const mayDeflate = this.#canInflate && (opcode === OPCODE.text || opcode === OPCODE.binary);
    if ((first & RSV2_RSV3) !== 0 || ((first & RSV1) !== 0 && !mayDeflate)) {
      throw new WebSocketFailure(1002, "Reserved bit is set");
    }
    if (!KNOWN_OPCODES.has(opcode)) throw new WebSocketFailure(1002, `Opcode ${opcode} is reserved`);
    if (opcode >= OPCODE.close) {
      if ((first & FIN) === 0) throw new WebSocketFailure(1002, "Control frame is in fragments");
    } else if ((opcode === OPCODE.continuation) === (this.#opcode === OPCODE.continuation)) {
      throw new WebSocketFailure(1002, opcode === 0 ? "Nothing is to be continued" : "Message is not continued");
    }
  }

  #beginFragment(first: number, payloadBytes: number): void {
    if (this.#length + payloadBytes > this.#maximumBytes) {
      throw new WebSocketFailure(1009, `Message is longer than ${this.#maximumBytes} bytes`);
    }
    const opcode = first & OPCODE_BITS;
    if (opcode === OPCODE.continuation) return;
    this.#opcode = opcode;
    this.#isDeflated = (first & RSV1) !== 0;
  }

  /**
   * Grows twofold as bytes arrive, not as they are announced: a message in fragments of one byte must not be copied for
   * each. Ends up exact where one frame is the message.
   */
  #append(piece: Uint8Array<ArrayBuffer>, { isFinal, left }: Frame): void {
    const length = this.#length + piece.length;
    const capacity = this.#payload.length;
    if (length > capacity) {
      const announced = length + left;
      const wanted = Math.max(length, capacity * 2, Math.min(announced, TRUSTED_BYTES));
      const grown = new Uint8Array(isFinal ? Math.min(wanted, announced) : wanted);
      grown.set(this.#payload.subarray(0, this.#length));
      this.#payload = grown;
    }
    this.#payload.set(piece, this.#length);
    this.#length = length;
  }

  /** The message ends with this piece, a view into the buffer. */
  #complete(piece: Uint8Array<ArrayBuffer>, frame: Frame): ReceivedMessage {
    const isText = this.#opcode === OPCODE.text;
    const isInPieces = this.#length > 0;
    if (isInPieces) this.#append(piece, frame);
    let payload = isInPieces ? this.#payload.subarray(0, this.#length) : piece;
    let isOwned = isInPieces && this.#payload.length === this.#length;
    this.#opcode = OPCODE.continuation;
    this.#payload = NOTHING;
    this.#length = 0;
    if (this.#isDeflated) {
      payload = inflateMessage(payload, this.#maximumBytes);
      isOwned = true;
    }
    if (isText) return { kind: "text", text: decodeText(payload) };
    return { kind: "binary", bytes: isOwned ? payload : payload.slice() };
  }
}

/** The fewest bytes must be used, and the first bit of eight is 0: RFC 6455 section 5.2. */
function readLength(view: DataView, keyAt: number): number {
  const isLong = keyAt > 4;
  const length = isLong ? view.getUint32(2) * 2 ** 32 + view.getUint32(6) : view.getUint16(2);
  if (length < (isLong ? 2 ** 16 : LENGTH_16) || length >= 2 ** 63) {
    throw new WebSocketFailure(1002, "Payload length is not encoded as it must be");
  }
  return length;
}

/** Takes what is there of a payload, as a view into the buffer. */
function takePayload(buffer: ReceiveBuffer, frame: Frame): Uint8Array<ArrayBuffer> {
  const length = Math.min(buffer.length, frame.left);
  const piece = buffer.bytes.subarray(buffer.start, buffer.start + length);
  buffer.consume(length);
  frame.key = unmask(piece, frame.key);
  frame.left -= length;
  return piece;
}

/** Below this a view of words costs more than it saves. */
const MINIMUM_WORD_BYTES = 48;

/**
 * Takes the mask off, RFC 6455 section 5.3, four bytes at once where that pays; all platforms of Deno are little-endian.
 *
 * @param bytes The payload, or a piece of it; changed in place.
 * @param key The masking key as a little-endian number, its lowest byte for the first byte.
 * @returns The key for what follows.
 */
export function unmask(bytes: Uint8Array<ArrayBuffer>, key: number): number {
  const { buffer, byteOffset, length } = bytes;
  let at = 0;
  if (length >= MINIMUM_WORD_BYTES) {
    const wordsAt = -byteOffset & 3;
    for (; at < wordsAt; at++, key = rotate(key)) bytes[at] = (bytes[at] ?? 0) ^ key;
    const words = new Uint32Array(buffer, byteOffset + at, (length - at) >> 2);
    for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ key;
    at += words.byteLength;
  }
  for (; at < length; at++, key = rotate(key)) bytes[at] = (bytes[at] ?? 0) ^ key;
  return key;
}

function rotate(key: number): number {
  return key >>> 8 | key << 24;
}

/** The decoder of the platform takes its time, and most text is ASCII. */
function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new WebSocketFailure(1007, "Text is not UTF-8");
  }
}

/** RFC 6455 section 5.5. */
function decodeControl(opcode: number, payload: Uint8Array<ArrayBuffer>): ReceivedMessage {
  if (opcode === OPCODE.ping) return { kind: "ping", bytes: payload.slice() };
  if (opcode === OPCODE.pong) return { kind: "pong", bytes: payload.slice() };
  const [high, low] = payload;
  if (high === undefined) return { kind: "close", code: NO_STATUS, reason: "" };
  const code = low === undefined ? 0 : high << 8 | low;
  if (!isCloseCode(code)) throw new WebSocketFailure(1002, "Close code is not valid");
  return { kind: "close", code, reason: decodeText(payload.subarray(2)) };
}

/**
 * Tells whether a Close frame may carry a code: those defined for it in RFC 6455 section 7.4.1 and IANA's registry, and
 * the ones left to libraries and applications (section 7.4.2).
 *
 * @param code The code.
 */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/**
 * Makes a frame, the only one of its message: a server does not mask (RFC 6455 section 5.1).
 *
 * @param opcode What it is.
 * @param payload What it carries; copied.
 * @param isDeflated Whether the payload is compressed, RFC 7692 section 6.
 */
export function encodeFrame(opcode: number, payload: Uint8Array, isDeflated = false): Uint8Array<ArrayBuffer> {
  const frame = beginFrame(isDeflated ? RSV1 | opcode : opcode, payload.length);
  frame.set(payload, frame.length - payload.length);
  return frame;
}

/**
 * Makes the frame of a text message. Most text is ASCII, and is written to its place at once.
 *
 * @param text The message.
 */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  const frame = beginFrame(OPCODE.text, text.length);
  const { read } = ENCODER.encodeInto(text, frame.subarray(frame.length - text.length));
  return read === text.length ? frame : encodeFrame(OPCODE.text, ENCODER.encode(text));
}

/** A frame without its payload. */
function beginFrame(first: number, payloadBytes: number): Uint8Array<ArrayBuffer> {
  const payloadAt = payloadBytes > 0xffff ? 10 : payloadBytes > CONTROL_BYTES ? 4 : 2;
  const frame = new Uint8Array(payloadAt + payloadBytes);
  frame[0] = FIN | first;
  if (payloadAt === 2) {
    frame[1] = payloadBytes;
  } else if (payloadAt === 4) {
    frame[1] = LENGTH_16;
    frame[2] = payloadBytes >> 8;
    frame[3] = payloadBytes;
  } else {
    frame[1] = LENGTH_64;
    new DataView(frame.buffer).setBigUint64(2, BigInt(payloadBytes));
  }
  return frame;
}

/**
 * Tells how much of a frame is payload.
 *
 * @param frame A frame of the server.
 */
export function payloadLength(frame: Uint8Array): number {
  const length = frame[1];
  return frame.length - (length === LENGTH_64 ? 10 : length === LENGTH_16 ? 4 : 2);
}

/**
 * Makes a Close frame, RFC 6455 section 5.5.1.
 *
 * @param code The code; {@linkcode NO_STATUS} for a frame without one.
 * @param reason At most {@linkcode REASON_BYTES} bytes.
 */
export function encodeClose(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (code === NO_STATUS) return encodeFrame(OPCODE.close, NOTHING);
  const text = ENCODER.encode(reason);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return encodeFrame(OPCODE.close, payload);
}
