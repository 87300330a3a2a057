/**
 * WebSocket frames as a client makes and reads them, RFC 6455 section 5.2: written apart from `websocket_frames.ts`, so
 * that no fault of it hides behind itself. Payloads are ISO-8859-1 strings, one character for each byte.
 */

import { decodeLatin1 } from "./octets.ts";

/** How a frame differs from a whole, well-formed one. */
export interface FrameShape {
  /** Whether it is the last of its message; by default it is. */
  readonly fin?: boolean;
  /** The three reserved bits as a number from 0 to 7. */
  readonly rsv?: number;
  /** The masking key, four characters; by default one without zeros. */
  readonly key?: string;
  /** Whether it is not masked. */
  readonly isBare?: boolean;
  /** How many bytes the extended length takes, 0, 2 or 8; by default as few as can be. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What it says its length is. */
  readonly length?: bigint;
}

const KEY = "\x37\xfa\x21\x3d";

/** Makes a frame of a client. */
export function frame(opcode: number, payload = "", shape: FrameShape = {}): string {
  const { fin = true, rsv = 0, key = KEY, isBare = false, length = BigInt(payload.length) } = shape;
  const { lengthBytes = length > 65535n ? 8 : length > 125n ? 2 : 0 } = shape;
  const first = String.fromCharCode((fin ? 0x80 : 0) | rsv << 4 | opcode);
  const short = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const second = String.fromCharCode((isBare ? 0 : 0x80) | short);
  let extended = "";
  for (let byte = lengthBytes - 1; byte >= 0; byte--) {
    extended += String.fromCharCode(Number((length >> BigInt(8 * byte)) & 0xffn));
  }
  return first + second + extended + (isBare ? payload : key + mask(payload, key));
}

/** Masks, RFC 6455 section 5.3: octet i is XORed with octet i modulo 4 of the key. */
export function mask(payload: string, key: string): string {
  let masked = "";
  for (let i = 0; i < payload.length; i++) {
    masked += String.fromCharCode(payload.charCodeAt(i) ^ key.charCodeAt(i % 4));
  }
  return masked;
}

/** A text message. */
export function text(payload: string, shape: FrameShape = {}): string {
  return frame(0x1, payload, shape);
}

/** A binary message. */
export function binary(payload: string, shape: FrameShape = {}): string {
  return frame(0x2, payload, shape);
}

/** What continues a message. */
export function continuation(payload: string, shape: FrameShape = {}): string {
  return frame(0x0, payload, shape);
}

/** A Ping. */
export function ping(payload = "", shape: FrameShape = {}): string {
  return frame(0x9, payload, shape);
}

/** A Pong. */
export function pong(payload = "", shape: FrameShape = {}): string {
  return frame(0xa, payload, shape);
}

/** A Close with a code. */
export function close(code: number, reason = "", shape: FrameShape = {}): string {
  return frame(0x8, String.fromCharCode(code >> 8, code & 0xff) + reason, shape);
}

/** A message in fragments: what is cut out of it, each a frame. */
export function fragments(opcode: number, pieces: readonly string[], between = ""): string {
  return pieces.map((piece, i) => frame(i === 0 ? opcode : 0, piece, { fin: i === pieces.length - 1 })).join(between);
}

/** Cuts a payload into pieces of a length. */
export function cut(payload: string, length: number): string[] {
  return Array.from(
    { length: Math.ceil(payload.length / length) },
    (_, i) => payload.slice(i * length, (i + 1) * length),
  );
}

/** UTF-8 as a payload. */
export function utf8(message: string): string {
  return decodeLatin1(new TextEncoder().encode(message));
}

const NAMES = new Map([[0x1, "text"], [0x2, "binary"], [0x8, "close"], [0x9, "ping"], [0xa, "pong"]]);

/** One frame of a server: what it is, with `+deflate` where it is compressed, and its payload. */
export type ServerFrame = readonly [kind: string, payload: string];

/**
 * Takes the frames out of what a server sent. Each must be whole, final, and not masked, its length in as few bytes as
 * can be.
 *
 * @throws {Error} Where one is not.
 */
export function parseServerFrames(bytes: Uint8Array): ServerFrame[] {
  const frames: ServerFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const first = view.getUint8(at);
    const short = view.getUint8(at + 1);
    const name = NAMES.get(first & 0xf);
    if ((first & 0xb0) !== 0x80 || short > 127 || name === undefined) throw new Error(`Bad frame ${first} ${short}`);
    const length = short === 126 ? view.getUint16(at + 2) : short === 127 ? Number(view.getBigUint64(at + 2)) : short;
    if ((short === 126 && length < 126) || (short === 127 && length < 65536)) throw new Error("Bad length");
    const begin = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (begin + length > bytes.length) throw new Error("Frame is cut short");
    frames.push([(first & 0x40) === 0 ? name : `${name}+deflate`, decodeLatin1(bytes.subarray(begin, begin + length))]);
    at = begin + length;
  }
  return frames;
}
