/**
 * A request of the server as a `Request` of the Fetch standard, whose parts are made when they are asked for: making a
 * whole one costs as much as all the rest of a small answer, and most handlers look at the method and the URL.
 *
 * What is not made here is asked of a real `Request`, which is made then and has the same body; so is what the runtime
 * itself asks, for `new Request(request)`, `fetch(request)` or `request.clone()`.
 *
 * @module
 */

import { formatAuthority } from "./authority.ts";
import { concat } from "./bytes.ts";
import { HttpError } from "./errors.ts";
import type { RequestHead } from "./message.ts";
import { FieldLines } from "./message.ts";
import type { RequestContext } from "./request_context.ts";

/**
 * URLs that are their own serialization: WHATWG URL section 4.5. No dot segments, no default port, no
 * port that may be too large, no upper case.
 */
const PLAIN_URL =
  /^http:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::(?!80\/)[1-9][0-9]{0,3})?(?:\/(?!%2[Ee])[\w~!$&()*+,;=:@%-][\w.~!$&()*+,;=:@%-]*)*\/?(?:\?[\w.~!$&()*+,;=:@%/?-]*)?$/;
/** What looks like a number is read as an IPv4 address, and what looks like Punycode has to be some. */
const ODD_HOST = /^http:\/\/(?:[^/]*\.)?(?:(?:[0-9]+|0x[0-9a-f]*)(?:[:/]|$)|xn--)/;

/** Methods whose body no `Request` may have. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** A `Request` in fact and by `instanceof`. */
class FetchRequest {
  readonly #head: RequestHead;
  readonly #open: () => RequestContext;
  #url: string | undefined;
  #headers: Headers | undefined;
  readonly #hasBody: boolean;
  /** Whether the body was read without a stream. */
  #isConsumed = false;
  #real: Request | undefined;

  /**
   * Makes a request of which nothing has been made yet.
   *
   * @param head The request.
   * @param open Opens what else there is of it.
   */
  constructor(head: RequestHead, open: () => RequestContext) {
    this.#head = head;
    this.#open = open;
    this.#hasBody = head.framing.kind !== "none" && !BODILESS.has(head.method);
  }

  /** The head of a request that was made here. */
  static readHead(request: object): RequestHead | undefined {
    return #head in request ? request.#head : undefined;
  }

  /** The method. */
  get method(): string {
    return this.#head.method;
  }

  /** The URL, serialized. */
  get url(): string {
    return this.#url ??= makeUrl(this.#head, this.#open);
  }

  /** The field lines. */
  get headers(): Headers {
    return this.#headers ??= this.#real?.headers ?? new Headers([...this.#head.fieldLines]);
  }

  /** Aborted when the client leaves before it has the answer. */
  get signal(): AbortSignal {
    return this.#open().signal;
  }

  /** The body as a stream; `null` where there is none. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#hasBody ? this.makeReal().body : null;
  }

  /** Whether the body was read, or begun. */
  get bodyUsed(): boolean {
    return this.#isConsumed || (this.#real?.bodyUsed ?? false);
  }

  /** Reads the body. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#hasBody) return new Uint8Array(0);
    if (this.#real !== undefined || this.#isConsumed) return await this.makeReal().bytes();
    this.#isConsumed = true;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let piece; (piece = await this.#open().body.next()) !== undefined;) pieces.push(piece);
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : concat(pieces);
  }

  /** Reads the body. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** Reads the body as UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Reads the body as JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /**
   * Makes the whole of it, once.
   *
   * @returns A `Request` with the same body.
   */
  makeReal(): Request {
    return this.#real ??= this.#makeReal();
  }

  #makeReal(): Request {
    const { method, url, headers, signal } = this;
    const body = this.#hasBody ? makeStream(this.#open()) : null;
    const real = new Request(url, { method, headers, signal, body });
    // By this it is one that was read.
    if (this.#isConsumed) void real.body?.cancel();
    return real;
  }
}

/** What is not defined above is asked of the real one: the rest of the interface, and the runtime's own view of it. */
function defineRest(): void {
  const own = FetchRequest.prototype;
  const sample = new Request("http://localhost/");
  const descriptors: [PropertyKey, PropertyDescriptor][] = Object.entries(
    Object.getOwnPropertyDescriptors(Request.prototype),
  );
  for (const [key, { value }] of descriptors) {
    if (Object.hasOwn(own, key)) continue;
    const get = typeof value === "function"
      ? function (this: FetchRequest) {
        return value.bind(this.makeReal());
      }
      : function (this: FetchRequest) {
        return Reflect.get(this.makeReal(), key);
      };
    Object.defineProperty(own, key, { get, configurable: true });
  }
  for (const key of Object.getOwnPropertySymbols(sample)) {
    Object.defineProperty(own, key, {
      get(this: FetchRequest) {
        return Reflect.get(this.makeReal(), key);
      },
      set(this: FetchRequest, value: unknown) {
        Reflect.set(this.makeReal(), key, value);
      },
      configurable: true,
    });
  }
  Object.setPrototypeOf(own, Request.prototype);
  // What it calls itself in a log, and to those who ask by its name.
  Object.defineProperty(own, "constructor", { value: Request, configurable: true, writable: true });
}

defineRest();

/**
 * Makes a `Request`.
 *
 * @param head The request.
 * @param open Opens what else there is of it.
 */
export function makeFetchRequest(head: RequestHead, open: () => RequestContext): Request {
  const request: unknown = new FetchRequest(head, open);
  if (!(request instanceof Request)) throw new TypeError("A request is no Request");
  return request;
}

/**
 * Reads a request as one of the server, without its body.
 *
 * @param request A request made here, or any other.
 */
export function readRequestHead(request: Request): RequestHead {
  const head = FetchRequest.readHead(request);
  if (head !== undefined) return head;
  const { pathname: path, search: query } = new URL(request.url);
  const requestLine = `${request.method} ${path}${query} HTTP/1.1`;
  return {
    method: request.method,
    target: { form: "origin", path, query },
    minorVersion: 1,
    fieldLines: FieldLines.from(request.headers),
    framing: { kind: "none" },
    persistent: true,
    expectsContinue: false,
    requestLine,
    text: `${requestLine}\r\n\r\n`,
  };
}

/** RFC 9110 section 7.1: the URI that is meant. */
function makeUrl({ target, fieldLines }: RequestHead, open: () => RequestContext): string {
  const host = target.form === "absolute" ? target.authority : fieldLines.get("host");
  const authority = host === undefined || host === "" ? formatAuthority(open().localAddr) : host;
  const path = target.form === "origin" || target.form === "absolute" ? target.path + target.query : "/";
  const text = `http://${authority}${path}`;
  if (PLAIN_URL.test(text) && !ODD_HOST.test(text)) return text;
  try {
    return new URL(text).href;
  } catch (cause) {
    throw new HttpError(400, `Cannot make a URL of ${JSON.stringify(text.slice(0, 80))}`, { cause });
  }
}

/** Each piece is read when it is asked for: who does not read slows the client. */
function makeStream({ body }: RequestContext): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const piece = await body.next();
      if (piece !== undefined) return controller.enqueue(piece);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  }, { highWaterMark: 0 });
}
