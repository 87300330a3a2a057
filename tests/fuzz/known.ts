/** Classes of disagreement with other servers that were looked at: who is right, and why they do no harm. */

import type { Reading } from "./reading.ts";

/** One class. */
export interface KnownDisagreement {
  /** Which server. */
  readonly peer: string;
  /** What `findDisagreement` says. */
  readonly difference: string;
  /** Why it does no harm. */
  readonly reason: string;
  /** Tells whether a case belongs to it. */
  readonly isIt: (ours: Reading, text: string) => boolean;
}

/** Whether a `Connection` says anything that could be taken for an end, or for none. */
function hasConnection({ messages }: Reading): boolean {
  const isSpoken = (name: string, value: string) => /^connection$/i.test(name) && /close|keep-alive/i.test(value);
  return messages.some(({ fields }) => fields.some(([name, value]) => isSpoken(name, value)));
}

/** Whether there is a tab behind the size of a chunk. */
function hasTabInExtension(_: Reading, text: string): boolean {
  return /^[0-9a-f]+[ \t;][^\r\n]*\t|^[0-9a-f]+\t/im.test(text);
}

function endsWithConnect({ messages }: Reading): boolean {
  return messages.at(-1)?.method === "CONNECT";
}

function hasUpgrade({ messages }: Reading): boolean {
  return messages.some(({ fields }) => fields.some(([name]) => /^upgrade$/i.test(name)));
}

/** The table. */
export const KNOWN: readonly KnownDisagreement[] = [
  {
    peer: "nginx",
    difference: "sees fewer requests, and refuses none",
    reason: "it looks for close anywhere in Connection, not for an element of the list, and closes",
    isIt: hasConnection,
  },
  {
    peer: "nginx",
    difference: "goes on behind the last request",
    reason:
      "it takes keep-alive for the answer where close is said, too, or where it is part of a word; here it is closed",
    isIt: hasConnection,
  },
  {
    peer: "node",
    difference: "sees fewer requests, and refuses none",
    reason:
      "it reads nothing behind a request with Upgrade; RFC 9110 section 7.8: until 101 the next bytes are of HTTP/1.1",
    isIt: hasUpgrade,
  },
  {
    peer: "hyper",
    difference: "sees fewer requests, and refuses none",
    reason: "it closes at a tab in a chunk extension, which RFC 9112 section 7.1.1 allows",
    isIt: hasTabInExtension,
  },
  {
    peer: "hyper",
    difference: "goes on behind the last request",
    reason: "it goes on behind a CONNECT that is refused; here it is closed, since a tunnel may have begun",
    isIt: endsWithConnect,
  },
];
