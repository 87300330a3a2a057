/**
 * A response that is used again, in the form in which it is sent: its head is encoded once, and then only the date in it
 * is renewed, in place. Where there is room in front of the content the head stands there.
 *
 * A write reads the bytes when the connection takes them, which may be later: while one may not have taken the head, the
 * head is not touched. So what stands in the room is always the message that is kept, and no copy of it.
 *
 * Several responses may have one content, and the room is for one head. It stays as long as it is sent now and then.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { encodeLatin1, formatResponseHead } from "./http1.ts";
import type { EncodedMessage, ReusableResponse } from "./message.ts";

const DATE = "\r\nDate: ";

/** From when on the room of a head that is not sent any more is for another one, in seconds. */
const UNUSED_S = 10;

/**
 * Tells how a response is sent now.
 *
 * @param response The response.
 * @param options Whether the connection goes on after it, and whether no content follows.
 * @param clock The time.
 * @returns The message, whose head must be copied, or counted in `pendingHeads` until it was taken.
 * @throws {TypeError} Where the response breaks the rules of a head.
 */
export function selectMessage(
  response: ReusableResponse,
  { persistent, headOnly }: { readonly persistent: boolean; readonly headOnly: boolean },
  clock: Clock,
): EncodedMessage {
  const kept = persistent ? response.keepAliveMessage : response.closeMessage;
  // A connection that goes on may need it often.
  const isForRoom = persistent && !headOnly && canHaveRoom(response, clock);
  if (kept === undefined || isForRoom) {
    const alone = encodeMessage(response, persistent, clock);
    const message = isForRoom ? placeBeforeContent(alone, response) : alone;
    if (persistent) response.keepAliveMessage = message;
    else response.closeMessage = message;
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
  const bytes = encodeLatin1(text);
  return { bytes, headLength: bytes.length, dateAt: text.indexOf(DATE) + DATE.length, second, pendingHeads: 0 };
}

function canHaveRoom(response: ReusableResponse, { second }: Clock): boolean {
  const { room } = response;
  if (room === undefined || room.holder === response) return false;
  const inRoom = room.holder?.keepAliveMessage;
  return inRoom === undefined || (inRoom.pendingHeads === 0 && inRoom.second + UNUSED_S <= second);
}

/** Whose head is too long does not ask again. */
function placeBeforeContent(message: EncodedMessage, response: ReusableResponse): EncodedMessage {
  const { body, room } = response;
  const { bytes: head, headLength } = message;
  if (room === undefined || headLength > body.byteOffset) {
    response.room = undefined;
    return message;
  }
  if (room.holder !== undefined) room.holder.keepAliveMessage = undefined;
  room.holder = response;
  const bytes = new Uint8Array(body.buffer, body.byteOffset - headLength, headLength + body.length);
  bytes.set(head);
  return { ...message, bytes };
}
