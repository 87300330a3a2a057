/**
 * The bridge to applications: a Fetch handler as a handler of the server. `Request` and `Response` live on its other
 * side only; the files of a site never pass it.
 *
 * @module
 */

import { makeFetchRequest } from "./fetch_request.ts";
import { makeHttpResponse, makeStaticResponse } from "./fetch_response.ts";
import type { HttpResponse, RequestHead } from "./message.ts";
import type { Handler, RequestContext } from "./request_context.ts";

/** What a handler can know of a request beside the `Request`, as `Deno.ServeHandlerInfo` has it. */
export interface ServeInfo {
  /** The address of the client. */
  readonly remoteAddr: Deno.NetAddr;
  /** The address that it connected to. */
  readonly localAddr: Deno.NetAddr;
  /** Settled when the answer has been sent; rejected where it could not be. */
  readonly completed: Promise<void>;
  /** The most bytes that the body may have; may be set until it is read. */
  maxBodyBytes: number;
  /** The trailer fields behind a body in chunks, when all of it was read; whatever they say of the message is not heeded. */
  readonly trailers: Headers;
  /**
   * Sends `103 (Early Hints)` before the answer, RFC 8297.
   *
   * @param headers Its fields, such as `{ Link: "</style.css>; rel=preload; as=style" }`.
   */
  hint(headers: Readonly<Record<string, string>>): Promise<void>;
}

/** An application: the function that `export default { fetch }` has. */
export type FetchHandler = (request: Request, info: ServeInfo) => Response | Promise<Response>;

/** What a handler can know, asked for as little as it is used. */
class Info implements ServeInfo {
  readonly #open: () => RequestContext;

  constructor(open: () => RequestContext) {
    this.#open = open;
  }

  get remoteAddr(): Deno.NetAddr {
    return this.#open().remoteAddr;
  }

  get localAddr(): Deno.NetAddr {
    return this.#open().localAddr;
  }

  get completed(): Promise<void> {
    return this.#open().completed;
  }

  get maxBodyBytes(): number {
    return this.#open().body.limitBytes;
  }

  set maxBodyBytes(bytes: number) {
    this.#open().body.limitBytes = bytes;
  }

  get trailers(): Headers {
    return new Headers([...this.#open().body.trailers].map(([...line]) => line));
  }

  async hint(headers: Readonly<Record<string, string>>): Promise<void> {
    await this.#open().hint(Object.entries(headers));
  }
}

/**
 * Makes a handler of the server of a Fetch handler.
 *
 * @param fetch The Fetch handler.
 */
export function fetchHandler(fetch: FetchHandler): Handler {
  return (head, open) => {
    const answer = fetch(makeFetchRequest(head, open), new Info(open));
    return (answer instanceof Response && makeStaticResponse(answer)) || makeLater(answer, head);
  };
}

async function makeLater(answer: Response | Promise<Response>, { method }: RequestHead): Promise<HttpResponse> {
  return await makeHttpResponse(await answer, method);
}
