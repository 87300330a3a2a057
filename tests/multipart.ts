/** Reads `multipart/byteranges` as a client does, with a parser of its own: RFC 9110 section 14.6, RFC 2046 section 5.1. */

import { assert } from "@std/assert";
import { decodeLatin1 } from "./octets.ts";

/** One part. */
export interface Part {
  /** Its field lines as they stand. */
  readonly lines: readonly string[];
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Parses the content of a 206 with several ranges. The length of each part is what its `Content-Range` says, so content
 * that looks like a delimiter cannot deceive it.
 *
 * @param contentType The value of `Content-Type`.
 * @param content The content.
 * @throws {AssertionError} Where a byte is not where it has to be.
 */
export function parseMultipart(contentType: string, content: Uint8Array): Part[] {
  const [, boundary] = /^multipart\/byteranges; boundary=([0-9A-Za-z'()+_,.\/:=?-]{1,70})$/.exec(contentType) ?? [];
  assert(boundary !== undefined, contentType);
  const parts: Part[] = [];
  const text = decodeLatin1(content);
  let at = 0;
  const expect = (expected: string) => {
    assert(text.startsWith(expected, at), `${JSON.stringify(expected)} at ${at}`);
    at += expected.length;
  };
  expect(`--${boundary}`);
  while (!text.startsWith("--", at)) {
    expect("\r\n");
    const headEnd = text.indexOf("\r\n\r\n", at);
    const lines = text.slice(at, headEnd).split("\r\n");
    at = headEnd + 4;
    const [, first, last] = /^Content-Range: bytes (\d+)-(\d+)\/\d+$/m.exec(lines.join("\n")) ?? [];
    const end = at + Number(last) - Number(first) + 1;
    parts.push({ lines, bytes: content.slice(at, end) });
    at = end;
    expect(`\r\n--${boundary}`);
  }
  expect("--\r\n");
  assert(at === text.length, "nothing stands behind the last delimiter");
  return parts;
}
