/**
 * Holds what Sockeye accepts against what another server made of the same stream. What Sockeye refuses is of no
 * interest: it closes the connection, so nothing behind it is ever taken for a request.
 */

import type { RequestTarget } from "../../src/message.ts";
import type { PeerReading, SeenRequest } from "./peers.ts";
import type { Message, Reading } from "./reading.ts";

/**
 * Looks for what would let a request pass one of the two unseen.
 *
 * @param ours What Sockeye made of the stream.
 * @param theirs What the other server made of it.
 * @returns In a few words what is different, or nothing.
 */
export function findDisagreement(ours: Reading, theirs: PeerReading): string | undefined {
  const { messages, end } = ours;
  for (const [at, seen] of theirs.requests.entries()) {
    const message = messages[at];
    if (message === undefined) return typeof end === "string" ? describeMore(ours) : undefined;
    const isLast = at === theirs.requests.length - 1;
    const difference = findDifference(message, seen, isLast && theirs.isRefused);
    if (difference !== undefined) return difference;
    // What is wrong in this body ends the connection.
    if (!message.isWhole && typeof end !== "string") return undefined;
  }
  const wholeCount = messages.filter(({ isWhole }) => isWhole).length;
  if (theirs.requests.length < wholeCount && !theirs.isRefused) return "sees fewer requests, and refuses none";
  return undefined;
}

function describeMore({ messages, end }: Reading): string {
  if (end === "closed") return "goes on behind the last request";
  return messages.at(-1)?.isWhole === false ? "sees a request in a body" : "sees a request in a head";
}

function findDifference(message: Message, seen: SeenRequest, isRefused: boolean): string | undefined {
  if (message.method !== seen.method) return "sees another method";
  if (seen.target !== undefined && seen.target !== formatTarget(message.target, seen.target)) {
    return "sees another target";
  }
  if (seen.isWhole === true && !message.isWhole) return "sees the end of a body that goes on";
  if (seen.isWhole === false && message.isWhole) return isRefused ? undefined : "misses the end of a body";
  const isBodyKnown = seen.body !== undefined && message.isWhole;
  if (isBodyKnown && seen.body !== message.body) return "sees another body";
  return undefined;
}

/** Some servers tell the path where the target was in absolute-form, others all of it. */
function formatTarget(target: RequestTarget, seen: string): string {
  switch (target.form) {
    case "origin":
      return target.path + target.query;
    case "absolute":
      return seen.startsWith("/") ? target.path + target.query : seen;
    case "authority":
    case "asterisk":
      return seen;
    default:
      return target satisfies never;
  }
}
