/**
 * The files of a site as Fetch handlers: for applications that serve some themselves, with everything that the server
 * knows of files. On this server the request is not taken apart twice, and the answer is sent as the files gave it.
 *
 * @module
 */

import { resolve } from "@std/path";
import { Clock } from "./clock.ts";
import type { SiteOptions } from "./config.ts";
import { DEFAULT_OPTIONS } from "./config.ts";
import { errorResponse } from "./error_response.ts";
import { toHttpError } from "./errors.ts";
import { readRequestHead } from "./fetch_request.ts";
import { makeFetchResponse } from "./fetch_response.ts";
import type { HttpResponse, RequestHead } from "./message.ts";
import { settle } from "./settle.ts";
import { fileHandler } from "./site_handler.ts";
import { parseSiteOptions } from "./site_options.ts";

/** A Fetch handler that answers at once, but for the listing of a large folder. */
export type FileHandler = (request: Request) => Response | Promise<Response>;

/**
 * Makes a Fetch handler that serves a folder, or one file at every path that stands for it.
 *
 * @param root The folder or file; a relative path is one from the working directory.
 * @param options What the site is otherwise, as for `serve`; `base` is the path below which the handler is mounted.
 * @throws {UsageError} Where an option has no meaning.
 */
export function serveDir(
  root: string,
  options: Partial<Omit<SiteOptions, "root" | "dev" | "upload">> = {},
): FileHandler {
  const clock = new Clock();
  const { cache } = DEFAULT_OPTIONS;
  const site = parseSiteOptions({ ...DEFAULT_OPTIONS, ...options, root: resolve(root) });
  const handler = fileHandler({ site, cache, clock, open: (path) => Deno.openSync(path) });
  return (request) => {
    clock.read();
    const head = readRequestHead(request);
    return settle(() => handler(head), makeFetchResponse, (thrown) => makeFetchResponse(answerError(head, thrown)));
  };
}

/**
 * Makes a Fetch handler that answers every request with one file, whatever its path.
 *
 * @param path The file; a relative path is one from the working directory.
 * @param options What the site is otherwise, as for `serve`.
 * @throws {UsageError} Where an option has no meaning.
 */
export function serveFile(
  path: string,
  options: Partial<Omit<SiteOptions, "root" | "base" | "dev" | "upload">> = {},
): FileHandler {
  const handler = serveDir(path, options);
  return (request) => handler(new Request(new URL("/", request.url), request));
}

function answerError({ fieldLines }: RequestHead, thrown: unknown): HttpResponse {
  const error = toHttpError(thrown);
  if (error.status === 500) throw thrown;
  return error.page ?? errorResponse(error, fieldLines.getList("accept"));
}
