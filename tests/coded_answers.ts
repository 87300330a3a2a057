/** Questions for files in content codings, and answers without them. */

import { assert } from "@std/assert";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { FieldLine } from "../src/message.ts";
import type { Answer } from "./ask.ts";
import { LONG_AGO } from "./site.ts";
import type { Site } from "./site.ts";

/** What browsers send. */
export const ALL: string = "gzip, deflate, br, zstd";
/** A moment after the time of the files of a site. */
export const LATER: Date = new Date(LONG_AGO.getTime() + 1);
/** A moment before it. */
export const EARLIER: Date = new Date(LONG_AGO.getTime() - 1);

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
  identity: (bytes) => bytes,
};

/** Text that becomes smaller by compression, each letter its own. */
export function textOf(letter: string, length: number): string {
  return Array.from({ length: Math.ceil(length / 10) }, (_, i) => `${letter}${i}`.padEnd(10)).join("").slice(0, length);
}

/** Asks for a file in one of some codings. */
export function askFor(site: Site, target: string, acceptEncoding?: string, fields: readonly FieldLine[] = []): Answer {
  const acceptLines = acceptEncoding === undefined ? [] : [["Accept-Encoding", acceptEncoding] as const];
  return site.ask(target, { fields: [...acceptLines, ...fields] });
}

/** The coding of an answer; `identity` where it has none. */
export function codingOf({ fields }: Answer): string {
  return fields["content-encoding"] ?? "identity";
}

/** The content without its coding. */
export function decodedOf(answer: Answer): string {
  const decode = DECODERS[codingOf(answer)];
  assert(decode !== undefined && answer.bytes !== undefined, codingOf(answer));
  return new TextDecoder().decode(decode(answer.bytes));
}
