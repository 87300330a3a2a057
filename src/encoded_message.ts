/**
 * A response that is used again, in the form in which it is sent: its head is encoded once, and then only the date in it
 * is renewed, in place. Where there is room in front of the content the head stands there.
 *
 * A write reads the bytes when the connection takes them, which may be later: while one may not have taken the head, the
 * head is not touched.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { encodeLatin1, formatResponseHead } from "./http1.ts";
import type { EncodedMessage, ReusableResponse } from "./message.ts";

const DATE = "\r\nDate: ";

/**
 * Tells how a response is sent now.
 *
 * @param response The response.
 * @param persistent Whether the connection goes on after it.
 * @param clock The time.
 * @returns The message, whose head must be copied, or counted in `pendingHeads` until it was taken.
 * @throws {TypeError} Where the response breaks the rules of a head.
 */
export function selectMessage(response: ReusableResponse, persistent: boolean, clock: Clock): EncodedMessage {
  const { encoded } = response;
  const kept = persistent ? encoded.keepAlive : encoded.close;
  if (kept === undefined) {
    const message = encodeMessage(response, persistent, clock);
    if (persistent) encoded.keepAlive = message;
    else encoded.close = message;
    return message;
  }
  if (kept.second === clock.second) return kept;
  if (kept.pendingHeads > 0) return encodeMessage(response, persistent, clock);
  kept.bytes.set(clock.dateBytes, kept.dateAt);
  kept.second = clock.second;
  return kept;
}

function encodeMessage(response: ReusableResponse, persistent: boolean, { second, date }: Clock): EncodedMessage {
  const text = formatResponseHead(response, { date, persistent });
  const head = encodeLatin1(text);
  const bytes = persistent ? placeBeforeContent(head, response) ?? head : head;
  const dateAt = text.indexOf(DATE) + DATE.length;
  return { bytes, headLength: head.length, dateAt, second, pendingHeads: 0 };
}

/** There is room for one head, and a connection that goes on may need it often. */
function placeBeforeContent(head: Uint8Array, response: ReusableResponse): Uint8Array<ArrayBuffer> | undefined {
  const { body } = response;
  if (head.length > body.byteOffset || !takeRoom(response)) return undefined;
  const bytes = new Uint8Array(body.buffer, body.byteOffset - head.length, head.length + body.length);
  bytes.set(head);
  return bytes;
}

/** What is new takes over, as what was before may be sent no more; and never back, or two would take turns. */
function takeRoom(response: ReusableResponse): boolean {
  const { room, encoded } = response;
  if (room === undefined || encoded.hadRoom) return false;
  const before = room.holder?.encoded;
  if (before?.keepAlive !== undefined) {
    if (before.keepAlive.pendingHeads > 0) return false;
    delete before.keepAlive;
  }
  room.holder = response;
  encoded.hadRoom = true;
  return true;
}
