/** Requests for a `TestServer`, and its answers to them. */

import type { TestServer } from "./connection_server.ts";
import { decode, parseAnswers } from "./raw_client.ts";
import type { Answer } from "./raw_client.ts";

/** A request that must never be taken for one. */
export const SMUGGLED: string = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** A request without a body. */
export function get(path: string, fields = "", method = "GET"): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A request with a body of a length that is told. */
export function fixed(path: string, body: string, fields = ""): string {
  return `${get(path, `${fields}Content-Length: ${body.length}\r\n`)}${body}`;
}

/** A request with a body in chunks. */
export function chunked(path: string, chunks: readonly string[], fields = "", trailer = ""): string {
  const lines = [...chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`), `0\r\n${trailer}\r\n`];
  return get(path, `${fields}Transfer-Encoding: chunked\r\n`) + lines.join("");
}

/** Sends everything, ends the sending side, and reads all answers. */
export async function exchange(
  server: TestServer,
  message: string | Uint8Array,
  methods?: string[],
): Promise<Answer[]> {
  using client = await server.connect();
  const received = client.readToEnd();
  await client.send(message);
  await client.closeWrite();
  return parseAnswers(await received, methods);
}

/** Status and content of answers with short contents, one line each. */
export function lines(answers: readonly Answer[]): string[] {
  return answers.map(({ status, body }) => `${status} ${decode(body).trimEnd()}`);
}
