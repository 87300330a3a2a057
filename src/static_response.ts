/**
 * A short way to what is in a `Response` that was made of a text or of bytes and nothing else.
 *
 * By the standard its content can only be had as a stream, which costs 11 µs, and its fields by a `Headers` object, 3 µs;
 * an answer of the server costs 9 µs altogether. The runtime's own server looks at the parts directly, under symbols
 * that are not documented. They are looked for once, and tried on an example: where anything is not as expected, there
 * is no short way and everything goes the long one.
 *
 * @module
 */

/** What is in such a response. */
export interface StaticResponse {
  /** Status code. */
  readonly status: number;
  /** The value of `Content-Type`, where it has one. */
  readonly contentType: string | undefined;
  /** The content. */
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** By their meaning, the descriptions of the symbols. */
const DESCRIPTIONS = {
  status: "serve fast status",
  body: "serve fast body",
  kind: "serve fast header kind",
  contentType: "serve fast content type",
} as const;

type Symbols = Readonly<Record<keyof typeof DESCRIPTIONS, symbol>>;

/** The kinds of fields: none, the type of text, a type of its own. */
const NO_TYPE = 0, TEXT_TYPE = 1, OWN_TYPE = 2;
const TEXT = "text/plain;charset=UTF-8";

const symbols = findSymbols();

/**
 * Reads a response the short way.
 *
 * @param response The response; it is not marked as read.
 * @returns What is in it; `undefined` where it was not made of a text or of bytes alone, was read, or has other fields.
 */
export function readStaticResponse(response: Response): StaticResponse | undefined {
  return symbols === undefined ? undefined : read(response, symbols);
}

function read(response: Response, { status: statusKey, body: bodyKey, kind, contentType }: Symbols) {
  const status: unknown = Reflect.get(response, statusKey);
  if (typeof status !== "number" || status < 200 || response.bodyUsed) return undefined;
  const body: unknown = Reflect.get(response, bodyKey);
  if (typeof body !== "string" && !isBytes(body)) return undefined;
  switch (Reflect.get(response, kind)) {
    case NO_TYPE:
      return { status, contentType: undefined, body };
    case TEXT_TYPE:
      return { status, contentType: TEXT, body };
    case OWN_TYPE: {
      const type: unknown = Reflect.get(response, contentType);
      return typeof type === "string" ? { status, contentType: type, body } : undefined;
    }
    default:
      return undefined;
  }
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array && body.buffer instanceof ArrayBuffer;
}

/** The symbols, where the examples are read rightly with them. */
function findSymbols(): Symbols | undefined {
  const found = new Map(Object.getOwnPropertySymbols(new Response("a")).map((key) => [key.description, key]));
  const [status, body, kind, contentType] = [
    found.get(DESCRIPTIONS.status),
    found.get(DESCRIPTIONS.body),
    found.get(DESCRIPTIONS.kind),
    found.get(DESCRIPTIONS.contentType),
  ];
  if (status === undefined || body === undefined || kind === undefined || contentType === undefined) return undefined;
  const all: Symbols = { status, body, kind, contentType };
  const changed = new Response("a");
  changed.headers.set("a", "b");
  const examples: readonly [Response, string | undefined][] = [
    [new Response("é"), `200 ${TEXT} é`],
    [Response.json({ a: 1 }), '200 application/json {"a":1}'],
    [new Response(new Uint8Array([1, 2])), "200 undefined 1,2"],
    [changed, undefined],
    [new Response("a", { status: 201, headers: { a: "b" } }), undefined],
    [new Response(null), undefined],
    [new Response(new ReadableStream()), undefined],
  ];
  const isRight = examples.every(([response, expected]) => {
    const parts = read(response, all);
    return (parts && `${parts.status} ${parts.contentType} ${parts.body}`) === expected;
  });
  return isRight ? all : undefined;
}
