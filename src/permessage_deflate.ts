/**
 * Compressed messages, RFC 7692 (`permessage-deflate`): what of an offer is accepted, and the two transformations.
 *
 * No message refers to the one before (`no_context_takeover` in both directions), so nothing is kept per connection,
 * and what a message becomes is bounded while it is inflated. An offer that asks for a window of 256 bytes is declined:
 * zlib has none.
 *
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { WebSocketFailure } from "./errors.ts";

/** What was agreed upon. */
export interface DeflateParameters {
  /** The value of `Sec-WebSocket-Extensions` in the answer. */
  readonly response: string;
  /** Base-2 logarithm of the window that the server may use, RFC 7692 section 7.1.2.1. */
  readonly windowBits: number;
}

/** Shorter messages, in bytes or characters, do not gain what they cost. */
const MINIMUM_LENGTH = 1024;
const LEVEL = 1;

/** What a sender takes off, RFC 7692 section 7.2.1, and then an empty last block, so that a cut message is an error. */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff);
const REMOVED_BYTES = 4;

/** The parameters of an offer and what their values may be, RFC 7692 section 7.1. */
const PARAMETERS: ReadonlyMap<string, RegExp> = new Map([
  ["server_no_context_takeover", /^$/],
  ["client_no_context_takeover", /^$/],
  ["server_max_window_bits", /^(?:[89]|1[0-5])$/],
  ["client_max_window_bits", /^(?:|[89]|1[0-5])$/],
]);

/**
 * Selects the first offer that can be accepted, RFC 7692 sections 5.1 and 7.1.
 *
 * @param offers The value of `Sec-WebSocket-Extensions`, of which the grammar was checked.
 * @returns What is agreed upon, or `undefined` where no offer is accepted.
 */
export function acceptDeflate(offers: string): DeflateParameters | undefined {
  for (const offer of offers.split(",")) {
    const [name, ...parameters] = offer.split(";").map((part) => part.trim());
    const accepted = name === "permessage-deflate" ? acceptOffer(parameters) : undefined;
    if (accepted !== undefined) return accepted;
  }
  return undefined;
}

/** An unknown, repeated or malformed parameter declines the offer, RFC 7692 section 7. */
function acceptOffer(parameters: readonly string[]): DeflateParameters | undefined {
  const values = new Map<string, string>();
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.replaceAll(/[" \t]/g, "").split("=");
    if (values.has(name) || PARAMETERS.get(name)?.test(value) !== true) return undefined;
    values.set(name, value);
  }
  const windowBits = values.get("server_max_window_bits");
  if (windowBits === "8") return undefined;
  const response = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  return windowBits === undefined
    ? { response, windowBits: 15 }
    : { response: `${response}; server_max_window_bits=${windowBits}`, windowBits: Number(windowBits) };
}

/**
 * Compresses a message, RFC 7692 section 7.2.1.
 *
 * @param message The message.
 * @param parameters What was agreed upon.
 * @returns The payload, or `undefined` where the message is better sent as it is.
 */
export function deflateMessage(message: string | Uint8Array, parameters: DeflateParameters): Uint8Array | undefined {
  if (message.length < MINIMUM_LENGTH) return undefined;
  const { windowBits } = parameters;
  const deflated = deflateRawSync(message, { level: LEVEL, windowBits, finishFlush: constants.Z_SYNC_FLUSH });
  return deflated.length - REMOVED_BYTES < message.length ? deflated.subarray(0, -REMOVED_BYTES) : undefined;
}

/**
 * Decompresses a message, RFC 7692 section 7.2.2.
 *
 * @param payload The payload of all its frames.
 * @param maximumBytes What it may become.
 * @throws {WebSocketFailure} 1007 where it is not compressed data, 1009 where it becomes more.
 */
export function inflateMessage(payload: Uint8Array, maximumBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(payload.length + TAIL.length);
  whole.set(payload);
  whole.set(TAIL, payload.length);
  try {
    return new Uint8Array(inflateRawSync(whole, { maxOutputLength: maximumBytes }));
  } catch (error) {
    if (isTooLarge(error)) throw new WebSocketFailure(1009, `Message becomes longer than ${maximumBytes} bytes`);
    throw new WebSocketFailure(1007, "Cannot inflate message");
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
