/**
 * Bytes → the answers in them, or what is wrong with them: RFC 9112 sections 4 to 7 read from the client's side, with
 * no leniency. The parser is itself a check: an answer that another reader could understand differently is refused.
 *
 * No socket and no clock here. Fields whose grammar every client depends on (dates, entity tags, lengths, media types)
 * are checked on every answer, whatever was asked.
 */

import { concat, decodeLatin1 } from "../octets.ts";

/** A field line; the name in lower case. */
export type FieldLine = readonly [name: string, value: string];

/** How the end of the content was found, RFC 9112 section 6.3. */
export type Framing = "none" | "length" | "chunked" | "close";

/** One final answer with the interim ones before it. */
export interface Answer {
  /** Status code. */
  readonly status: number;
  /** Minor version: 0 or 1. */
  readonly minor: number;
  /** Field lines in their order. */
  readonly fields: readonly FieldLine[];
  /** Status codes of the 1xx answers that came first. */
  readonly interim: readonly number[];
  /** The content, without its transfer coding. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** How its end was found. */
  readonly framing: Framing;
  /** Whether the head allows a further request on this connection, RFC 9112 section 9.3. */
  readonly persistent: boolean;
  /** The head as received. */
  readonly head: string;
}

/** What has to be known of the request to read its answer. */
export interface Asked {
  /** The method. */
  readonly method: string;
  /** Minor version: after an HTTP/1.0 request no transfer coding may come. */
  readonly minor: number;
}

/** Something in the answer is against the grammar. */
export class ResponseError extends Error {
  /** The name of the class. */
  override readonly name: string = "ResponseError";
}

/** IMF-fixdate, RFC 9110 section 5.6.7. */
const IMF_FIXDATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PARAMETER = `[ \\t]*;[ \\t]*(?:${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?`;

/** Grammar of single fields, checked wherever they appear. */
const GRAMMAR: Readonly<Record<string, RegExp>> = {
  "content-length": /^\d+$/,
  "content-range": /^bytes (?:(?:\d+-\d+)\/(?:\d+|\*)|\*\/\d+)$/,
  "content-type": new RegExp(`^${TOKEN}/${TOKEN}(?:${PARAMETER})*$`),
  "date": IMF_FIXDATE,
  "last-modified": IMF_FIXDATE,
  "etag": /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/,
  "location": /^[\x21-\x7e]*$/,
  "allow": new RegExp(`^(?:${TOKEN})?(?:[ \\t]*,[ \\t]*${TOKEN})*$`),
  "vary": new RegExp(`^${TOKEN}(?:[ \\t]*,[ \\t]*${TOKEN})*$`),
  "accept-ranges": new RegExp(`^${TOKEN}(?:[ \\t]*,[ \\t]*${TOKEN})*$`),
  "transfer-encoding": /^chunked$/i,
};

/** Fields that may come once only: RFC 9110 section 5.3, where they are not lists. */
const SINGLETONS = new Set([
  ...["content-length", "content-range", "content-type", "date", "last-modified", "etag", "location", "server"],
  ...["retry-after", "age", "expires", "transfer-encoding", "content-location"],
]);

/** Answers longer than this are not read. */
const MAXIMUM_BODY_BYTES = 64 << 20;

/**
 * The value of a field, several lines joined.
 *
 * @param answer The answer, or anything with field lines.
 * @param name The name in lower case.
 * @returns The value, or `undefined` where the field is absent.
 */
export function fieldValue({ fields }: { readonly fields: readonly FieldLine[] }, name: string): string | undefined {
  const values = fields.filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/**
 * The members of a field that is a list of tokens, in lower case.
 *
 * @param answer The answer.
 * @param name The name of the field in lower case.
 */
export function fieldTokens(answer: { readonly fields: readonly FieldLine[] }, name: string): string[] {
  return (fieldValue(answer, name) ?? "").toLowerCase().split(",").map((token) => token.trim()).filter(Boolean);
}

/**
 * Takes one final answer from the front of what was received.
 *
 * @param received The bytes.
 * @param asked What was asked.
 * @param ended Whether the server has closed its side.
 * @returns The answer and its length, or `undefined` where more has to come.
 * @throws {ResponseError} Where the bytes are no answer, or end within one.
 */
export function parseAnswer(
  received: Uint8Array<ArrayBuffer>,
  asked: Asked,
  ended: boolean,
): { readonly answer: Answer; readonly length: number } | undefined {
  const interim: number[] = [];
  for (let at = 0;;) {
    const headEnd = findHeadEnd(received, at);
    if (headEnd === undefined) return stop(ended, "within the head", received.subarray(at));
    const head = parseHead(decodeLatin1(received.subarray(at, headEnd)), asked);
    if (head.status >= 200) {
      const body = parseBody(received.subarray(headEnd), head, asked, ended);
      if (body === undefined) return undefined;
      return { answer: { ...head, interim, body: body.content, framing: body.framing }, length: headEnd + body.length };
    }
    if (head.status === 101) throw new ResponseError("101: switches protocols, and nobody asked for it");
    if (asked.minor === 0) throw new ResponseError(`${head.status}: an interim answer to an HTTP/1.0 request`);
    interim.push(head.status);
    at = headEnd;
  }
}

function stop(ended: boolean, where: string, rest: Uint8Array): undefined {
  if (ended) throw new ResponseError(`connection closed ${where}: ${JSON.stringify(decodeLatin1(rest.slice(0, 80)))}`);
  return undefined;
}

/** Also finds the first byte that cannot begin an answer, so that garbage is told at once. */
function findHeadEnd(bytes: Uint8Array, from: number): number | undefined {
  const start = decodeLatin1(bytes.subarray(from, from + 7));
  if (!"HTTP/1.".startsWith(start)) throw new ResponseError(`no status line: ${quote(bytes.subarray(from))}`);
  for (let at = bytes.indexOf(0x0a, from); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at - 1] !== 0x0d) throw new ResponseError(`bare LF in the head: ${quote(bytes.subarray(from, at + 1))}`);
    if (bytes[at - 2] === 0x0a) return at + 1;
  }
  return undefined;
}

type Head = Omit<Answer, "interim" | "body" | "framing">;

function parseHead(text: string, asked: Asked): Head {
  const [statusLine = "", ...lines] = text.slice(0, -4).split("\r\n");
  const match = /^HTTP\/1\.([01]) ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/.exec(statusLine);
  if (match === null) throw new ResponseError(`bad status line: ${JSON.stringify(statusLine)}`);
  const status = Number(match[2]);
  const minor = Number(match[1]);
  const fields = lines.map(parseFieldLine);
  checkFields(fields, status, asked);
  const connection = fieldTokens({ fields }, "connection");
  const persistent = !connection.includes("close") && (minor === 1 || connection.includes("keep-alive"));
  return { status, minor, fields, persistent, head: text };
}

const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*)$`);

function parseFieldLine(line: string): FieldLine {
  const [, name = "", value = ""] = FIELD_LINE.exec(line) ?? [];
  if (name === "") throw new ResponseError(`bad field line: ${JSON.stringify(line)}`);
  return [name.toLowerCase(), value.trimEnd()];
}

function checkFields(fields: readonly FieldLine[], status: number, asked: Asked): void {
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    if (seen.has(name) && SINGLETONS.has(name)) throw new ResponseError(`${name} is repeated`);
    seen.add(name);
    if (GRAMMAR[name]?.test(value) === false) throw new ResponseError(`bad value of ${name}: ${JSON.stringify(value)}`);
  }
  const hasLength = seen.has("content-length");
  const isCoded = seen.has("transfer-encoding");
  if (hasLength && isCoded) throw new ResponseError("Content-Length beside Transfer-Encoding");
  if ((status < 200 || status === 204) && (hasLength || isCoded)) {
    throw new ResponseError(`${status} with Content-Length or Transfer-Encoding`);
  }
  if (isCoded && asked.minor === 0) throw new ResponseError("Transfer-Encoding in the answer to an HTTP/1.0 request");
}

interface Body {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly length: number;
  readonly framing: Framing;
}

/** RFC 9112 section 6.3. */
function parseBody(rest: Uint8Array<ArrayBuffer>, head: Head, asked: Asked, ended: boolean): Body | undefined {
  if (asked.method === "HEAD" || head.status === 204 || head.status === 304) {
    return { content: new Uint8Array(0), length: 0, framing: "none" };
  }
  if (fieldValue(head, "transfer-encoding") !== undefined) return parseChunked(rest, ended);
  const announced = fieldValue(head, "content-length");
  const length = Number(announced);
  if (announced === undefined) {
    return ended ? { content: rest.slice(), length: rest.length, framing: "close" } : undefined;
  }
  if (length > MAXIMUM_BODY_BYTES) throw new ResponseError(`content of ${length} bytes is not read`);
  if (rest.length < length) return stop(ended, `after ${rest.length} of ${length} bytes`, rest.subarray(0, 0));
  return { content: rest.slice(0, length), length, framing: "length" };
}

/** RFC 9112 section 7.1; trailer fields are checked and dropped. */
function parseChunked(rest: Uint8Array<ArrayBuffer>, ended: boolean): Body | undefined {
  const pieces: Uint8Array[] = [];
  let at = 0;
  const line = (): string | undefined => {
    const end = rest.indexOf(0x0a, at);
    if (end < 0) return undefined;
    const text = decodeLatin1(rest.subarray(at, end + 1));
    if (!/^[^\r\n]*\r\n$/.test(text)) {
      throw new ResponseError(`bad line end in chunked content: ${JSON.stringify(text)}`);
    }
    at = end + 1;
    return text.slice(0, -2);
  };
  for (;;) {
    const sizeLine = line();
    if (sizeLine === undefined) return stop(ended, "within chunked content", rest.subarray(at));
    const [, digits] = /^([0-9A-Fa-f]{1,12})(?:[ \t]*;.*)?$/.exec(sizeLine) ?? [];
    if (digits === undefined) throw new ResponseError(`bad chunk size: ${JSON.stringify(sizeLine)}`);
    const size = parseInt(digits, 16);
    if (size === 0) break;
    if (rest.length < at + size + 2) return stop(ended, "within a chunk", rest.subarray(at, at));
    pieces.push(rest.subarray(at, at + size));
    at += size;
    if (rest[at] !== 0x0d || rest[at + 1] !== 0x0a) throw new ResponseError("chunk data is not followed by CRLF");
    at += 2;
  }
  for (let trailer = line(); trailer !== ""; trailer = line()) {
    if (trailer === undefined) return stop(ended, "within the trailer section", rest.subarray(at));
    parseFieldLine(trailer);
  }
  return { content: concat(pieces), length: at, framing: "chunked" };
}

function quote(bytes: Uint8Array): string {
  return JSON.stringify(decodeLatin1(bytes.subarray(0, 120)));
}
