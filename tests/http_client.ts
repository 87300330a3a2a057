/**
 * Node's HTTP client, for tests that have to see an answer as it came: codings are left as they are, fields keep their
 * order and their number, interim answers and trailers are told. Its parser is not ours.
 */

import { Buffer } from "node:buffer";
import { request } from "node:http";
import type { IncomingMessage, InformationEvent } from "node:http";

/** What is asked. */
export interface Ask {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  readonly method?: string;
  /** Path and query. */
  readonly path: string;
  /** Field lines beside those of the connection. */
  readonly fields?: Readonly<Record<string, string>>;
  /** The content; one in pieces is sent in chunks, and a form as `multipart/form-data`. */
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData | readonly string[];
}

/** What was answered. */
export interface Reply {
  /** Status code. */
  readonly status: number;
  /** Field lines in their order, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The content, as it was sent. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Status code and fields of the interim answers. */
  readonly interim: readonly { readonly status: number; readonly fields: Readonly<Record<string, unknown>> }[];
}

/**
 * Sends one request on a connection of its own.
 *
 * @param origin The server, such as `http://127.0.0.1:8080`.
 * @param ask What is asked.
 * @throws {Error} Where the answer is cut short.
 */
export async function exchange(origin: string, { method = "GET", path, fields = {}, body }: Ask): Promise<Reply> {
  const [content, type] = await encodeContent(body);
  const headers = { ...(type !== undefined && { "Content-Type": type }), ...fields };
  const interim: Reply["interim"][number][] = [];
  const answered = Promise.withResolvers<IncomingMessage>();
  const client = request(origin + path, { method, headers, agent: false }, answered.resolve);
  client.on("error", answered.reject);
  client.on("information", ({ statusCode, headers }: InformationEvent) => {
    interim.push({ status: statusCode, fields: headers });
  });
  if (content.length === 1) client.end(content[0]);
  else {
    for (const piece of content) client.write(piece);
    client.end();
  }
  const answer = await answered.promise;
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return {
    status: answer.statusCode ?? 0,
    fields: pairUp(answer.rawHeaders),
    body: new Uint8Array(Buffer.concat(pieces)),
    interim,
  };
}

async function encodeContent(body: Ask["body"]): Promise<[readonly (string | Uint8Array)[], string | undefined]> {
  if (body === undefined) return [[], undefined];
  if (body instanceof FormData) {
    const form = new Response(body);
    return [[await form.bytes()], form.headers.get("content-type") ?? undefined];
  }
  return [typeof body === "string" || body instanceof Uint8Array ? [body] : body, undefined];
}

function pairUp(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at]?.toLowerCase() ?? "", raw[at + 1] ?? ""]);
  return pairs;
}
