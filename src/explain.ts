/**
 * `sockeye explain`: which rule, file, fields and status a request would get, and why, without a server. The handler is
 * asked as a worker asks it, and tells on its way what it decides.
 *
 * @module
 */

import type { ExplainedRequest } from "./cli.ts";
import { Clock } from "./clock.ts";
import type { ServerOptions } from "./config.ts";
import { errorResponse } from "./error_response.ts";
import { HttpError, toHttpError, UsageError } from "./errors.ts";
import { encodeResponseHead, parseRequestHead } from "./http1.ts";
import type { HttpResponse, RequestHead, ResponseBody } from "./message.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { fileHandler } from "./site_handler.ts";
import { parseSiteOptions } from "./site_options.ts";

/**
 * Explains the answer to a GET.
 *
 * @param options The options of the server.
 * @param request What is asked.
 * @returns Lines: the request, what was decided in its order, and the head of the answer.
 * @throws {UsageError} Where the request, or an option, has no meaning.
 */
export async function explain(options: ServerOptions, request: ExplainedRequest): Promise<string[]> {
  const lines = [`GET ${request.target} HTTP/1.1`, ...request.fieldLines, ""];
  const handler = fileHandler({
    site: parseSiteOptions(options),
    cache: options.cache,
    clock: new Clock(),
    open: (path) => Deno.openSync(path),
    report: (_level, message) => lines.push(`- ${message}`),
    note: (text) => lines.push(`- ${text}`),
  });
  const head = parseRequest(request, options);
  let response: HttpResponse;
  try {
    response = await handler(head);
  } catch (thrown) {
    const error = toHttpError(thrown);
    if (error.status === 500) throw thrown;
    lines.push(`- ${error.message}`);
    response = error.page ?? errorResponse(error, head.fieldLines.getList("accept"));
  }
  release(response.body);
  const { date } = new Clock();
  const answer = new TextDecoder().decode(encodeResponseHead(response, { date, persistent: head.persistent }));
  return [...lines, "", ...answer.trimEnd().split("\r\n")];
}

function parseRequest({ target, fieldLines }: ExplainedRequest, { limits }: ServerOptions): RequestHead {
  const text = [`GET ${target} HTTP/1.1`, "Host: localhost", ...fieldLines, "", ""].join("\r\n");
  const bytes = new TextEncoder().encode(text);
  const buffer = new ReceiveBuffer(limits.headBytes);
  try {
    for (let at = 0, room; at < bytes.length; at += room.length) {
      room = buffer.room().subarray(0, bytes.length - at);
      room.set(bytes.subarray(at, at + room.length));
      buffer.received(room.length);
    }
    const head = parseRequestHead(buffer, limits);
    if (head !== undefined) return head;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new UsageError(`The request would be refused with ${error.status}: ${error.message}`);
  }
  throw new UsageError("The request is not whole");
}

function release(body: ResponseBody): void {
  if ("file" in body) body.file.close();
  if ("stream" in body) void body.stream.return?.();
}
