/**
 * HTTP/1.1 messages on the wire, RFC 9112: bytes → request head and framing, response head → bytes.
 *
 * Sans-IO: no socket, no clock, nothing awaited. A parser has three outcomes: a value, `undefined` (more bytes are
 * needed) or an `HttpError`; any split of the input leads to the same one. Where leniency lets
 * two servers disagree about where a message ends, the message is refused (RFC 9112 section 11.2): bare LF, bare CR,
 * obs-fold, white space before the colon, control characters, ambiguous lengths.
 *
 * Not here: the chunked coding (`body_decoder.ts`), what a method or path means (the handlers).
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { HttpError } from "./errors.ts";
import type { Limits } from "./config.ts";
import type { FieldLine, HttpResponse, MessageFraming, RequestHead, RequestTarget, ResponseBody } from "./message.ts";
import { FieldLines } from "./message.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

const HTAB = 0x09, LF = 0x0a, CR = 0x0d, SP = 0x20, COLON = 0x3a;

/** tchar, RFC 9110 section 5.6.2. */
const TCHAR = 1;
/** What a field value may hold: HTAB, SP, VCHAR, obs-text; RFC 9110 section 5.5. */
const FIELD_TEXT = 2;
/** What a request target may hold: VCHAR without "#", since a fragment is never sent; RFC 9110 section 7.1. */
const TARGET_TEXT = 4;

const CHARACTER_CLASS = new Uint8Array(256).map((_, code) =>
  (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)) ? TCHAR : 0) |
  (code === HTAB || (code >= 0x20 && code !== 0x7f) ? FIELD_TEXT : 0) |
  (code > 0x20 && code < 0x7f && code !== 0x23 ? TARGET_TEXT : 0)
);

/** field-name and field-value as a whole, for what is sent; RFC 9110 section 5. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** uri-host [ ":" port ], RFC 9110 section 7.2 with RFC 3986 section 3.2.2. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?$/;
/** uri-host ":" port, RFC 9112 section 3.2.3. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+):[0-9]+$/;
/** absolute-form of the two schemes that reach an HTTP server, without userinfo; RFC 9112 section 3.2.2. */
const ABSOLUTE = /^https?:\/\/([^/?@]+)(\/[^?]*)?(\?.*)?$/i;

const NO_BODY: MessageFraming = Object.freeze({ kind: "none" });
const CHUNKED_BODY: MessageFraming = Object.freeze({ kind: "chunked" });

const REASON_PHRASES: Readonly<Record<number, string>> = STATUS_TEXT;

const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/**
 * Takes one request head from the front of a buffer.
 *
 * @param buffer What was received; a whole head is consumed, a part of one is left as it is.
 * @param limits Bounds of the head.
 * @param previous The head before it, under the same bounds: where they are the same, byte for byte, it is not parsed
 * again, since clients repeat themselves.
 * @returns The head, or `undefined` where its end has not arrived.
 * @throws {HttpError} 400, 414, 417, 431, 501 or 505; where the message ends is then not known.
 */
export function parseRequestHead(
  buffer: ReceiveBuffer,
  limits: Limits,
  previous?: RequestHead,
): RequestHead | undefined {
  if (previous !== undefined && beginsWith(buffer, previous.text)) {
    buffer.consume(previous.text.length);
    return previous;
  }
  if (!skipEmptyLine(buffer)) return undefined;
  const end = findHeadEnd(buffer, limits);
  if (end === undefined) return undefined;
  const head = parseHead(buffer.bytes.subarray(buffer.start, end), limits);
  buffer.consume(end - buffer.start);
  return head;
}

/** Other texts mostly differ in their first characters; to decode the rest is quicker than to look at each of it. */
const COMPARED_CHARACTERS = 64;

/** Whether a buffer begins with the bytes of a head that was decoded to a text; where no end was found there it does not. */
function beginsWith({ bytes, start, length, scanned }: ReceiveBuffer, text: string): boolean {
  if (length < text.length || scanned >= start + text.length) return false;
  const compared = Math.min(text.length, COMPARED_CHARACTERS);
  for (let at = 0; at < compared; at++) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return compared === text.length || decodeLatin1(bytes.subarray(start, start + text.length)) === text;
}

/**
 * Skips one empty line before the request line, which some clients send after a body (RFC 9112 section 2.2), and
 * refuses at once what cannot begin a request: a TLS handshake, white space, a second empty line.
 *
 * @returns Whether a request line begins at the front of the buffer.
 */
function skipEmptyLine(buffer: ReceiveBuffer): boolean {
  const { bytes, start } = buffer;
  if (buffer.length === 0) return false;
  if (hasClass(bytes[start], TCHAR)) return true;
  if (bytes[start] !== CR) throw new HttpError(400, "Cannot parse request line: expected a method");
  if (buffer.length < 2) return false;
  if (bytes[start + 1] !== LF) throw new HttpError(400, "Cannot parse request line: bare CR");
  if (buffer.length < 3) return false;
  if (!hasClass(bytes[start + 2], TCHAR)) throw new HttpError(400, "Cannot parse request line: expected a method");
  buffer.consume(2);
  return true;
}

/** Finds the index behind the empty line that ends a head, and refuses a line that ends without CR. */
function findHeadEnd(buffer: ReceiveBuffer, limits: Limits): number | undefined {
  const { bytes, start } = buffer;
  const end = Math.min(buffer.end, start + limits.headBytes);
  for (let at = buffer.scanned; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (at === start || bytes[at - 1] !== CR) throw new HttpError(400, "Cannot parse head: bare LF");
    if (at >= start + 3 && bytes[at - 2] === LF) return at + 1;
  }
  if (buffer.length < limits.headBytes) {
    buffer.scanned = end;
    return undefined;
  }
  const requestLineEnd = bytes.indexOf(LF, start);
  throw requestLineEnd >= 0 && requestLineEnd < end
    ? new HttpError(431, `Head is longer than ${limits.headBytes} bytes`)
    : new HttpError(414, `Request line is longer than ${limits.headBytes} bytes`);
}

/**
 * Parses a complete head: request-line *( field-line CRLF ) CRLF, RFC 9112 section 2.1. Bytes are looked at, and the
 * text of the same length is cut: to look at its characters costs several times as much.
 */
function parseHead(bytes: Uint8Array, limits: Limits): RequestHead {
  const text = decodeLatin1(bytes);
  const methodEnd = skipClass(bytes, 0, TCHAR);
  if (bytes[methodEnd] !== SP) throw badRequestLine(text);
  const targetEnd = skipClass(bytes, methodEnd + 1, TARGET_TEXT);
  if (targetEnd === methodEnd + 1 || bytes[targetEnd] !== SP) throw badRequestLine(text);
  if (targetEnd - methodEnd - 1 > limits.targetBytes) {
    throw new HttpError(414, `Request target is longer than ${limits.targetBytes} bytes`);
  }
  const minorVersion = parseMinorVersion(text, targetEnd + 1);
  const offsets = NO_OFFSETS.slice();
  const lineEnd = targetEnd + " HTTP/1.1".length;
  for (let at = lineEnd + 2; at < bytes.length - 2;) {
    if (offsets.length >= 4 * limits.fieldLines) {
      throw new HttpError(431, `More than ${limits.fieldLines} field lines`);
    }
    const next = scanFieldLine(bytes, at, offsets);
    if (next === undefined) throw badFieldLine(text, at);
    at = next;
  }
  const fieldLines = new FieldLines(text, offsets);
  checkHost(fieldLines, minorVersion);
  return new ParsedHead(text.slice(0, lineEnd), methodEnd, minorVersion, fieldLines, text);
}

/**
 * A head whose lines have been found. Heads that come again live long, and where what a literal makes lives long V8
 * allocates all that it makes later among the old objects: so neither a head nor what it usually has is made by one.
 */
class ParsedHead implements RequestHead {
  readonly method: string;
  readonly target: RequestTarget;
  readonly minorVersion: 0 | 1;
  readonly fieldLines: FieldLines;
  readonly framing: MessageFraming;
  readonly persistent: boolean;
  readonly expectsContinue: boolean;
  readonly requestLine: string;
  readonly text: string;

  constructor(requestLine: string, methodEnd: number, minorVersion: 0 | 1, fieldLines: FieldLines, text: string) {
    const method = requestLine.slice(0, methodEnd);
    this.method = method;
    this.target = parseRequestTarget(method, requestLine.slice(methodEnd + 1, -" HTTP/1.1".length));
    this.minorVersion = minorVersion;
    this.fieldLines = fieldLines;
    this.framing = decideFraming(method, fieldLines, minorVersion);
    // Where CONNECT is refused the client may have begun to use the tunnel: what it sends is no request.
    this.persistent = method !== "CONNECT" && isPersistent(fieldLines, minorVersion);
    this.expectsContinue = parseExpect(fieldLines, minorVersion);
    this.requestLine = requestLine;
    this.text = text;
  }
}

/** A copy of it is no literal, see {@linkcode ParsedHead}. */
const NO_OFFSETS: readonly number[] = [];

class OriginTarget {
  readonly form = "origin";
  readonly path: string;
  readonly query: string;

  constructor(path: string, query: string) {
    this.path = path;
    this.query = query;
  }
}

/** HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive, RFC 9112 section 2.3. */
function parseMinorVersion(text: string, at: number): 0 | 1 {
  if (!/HTTP\/[0-9]\.[0-9]\r\n/y.test(text.slice(at, at + 10))) throw badRequestLine(text);
  if (text[at + 5] !== "1") throw new HttpError(505, `HTTP version ${text.slice(at, at + 8)} is not spoken here`);
  return text[at + 7] === "0" ? 0 : 1;
}

/**
 * Parses field-line = field-name ":" OWS field-value OWS, RFC 9112 section 5.
 *
 * @param text The head or trailer section.
 * @param at Where the line begins.
 * @param offsets Where begin and end of name and value are appended.
 * @returns Where the next line begins.
 * @throws {HttpError} 400 for an empty name, white space before the colon, obs-fold, or a control character.
 */
export function parseFieldLine(text: string, at: number, offsets: number[]): number {
  const next = scanFieldLine(encodeLatin1(text), at, offsets);
  if (next === undefined) throw badFieldLine(text, at);
  return next;
}

/** What {@linkcode parseFieldLine} does, in bytes. Returns nothing where the line is malformed. */
function scanFieldLine(bytes: Uint8Array, at: number, offsets: number[]): number | undefined {
  const nameEnd = skipClass(bytes, at, TCHAR);
  if (nameEnd === at || bytes[nameEnd] !== COLON) return undefined;
  const lineEnd = skipClass(bytes, nameEnd + 1, FIELD_TEXT);
  if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return undefined;
  let valueStart = nameEnd + 1;
  let valueEnd = lineEnd;
  while (valueStart < valueEnd && isBlank(bytes[valueStart])) valueStart++;
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
  offsets.push(at, nameEnd, valueStart, valueEnd);
  return lineEnd + 2;
}

/** RFC 9112 section 3.2. */
function parseRequestTarget(method: string, target: string): RequestTarget {
  if (method === "CONNECT") {
    if (AUTHORITY.test(target)) return { form: "authority", authority: target };
    throw new HttpError(400, `Cannot parse target of CONNECT ${quote(target)}: expected uri-host ":" port`);
  }
  if (target.charCodeAt(0) === 0x2f) {
    const mark = target.indexOf("?");
    return mark < 0 ? new OriginTarget(target, "") : new OriginTarget(target.slice(0, mark), target.slice(mark));
  }
  if (target === "*" && method === "OPTIONS") return { form: "asterisk" };
  const absolute = ABSOLUTE.exec(target);
  const authority = absolute?.[1];
  if (absolute === null || authority === undefined || !HOST.test(authority) || authority.startsWith(":")) {
    throw new HttpError(400, `Cannot parse request target ${quote(target)}`);
  }
  if (method === "OPTIONS" && absolute[2] === undefined && absolute[3] === undefined) return { form: "asterisk" };
  return { form: "absolute", authority, path: absolute[2] ?? "/", query: absolute[3] ?? "" };
}

/**
 * RFC 9112 section 6.3, with everything refused that two readers could understand differently: a repeated
 * Content-Length is a list, which is no 1*DIGIT; CONNECT has no content, and some do not look for any (RFC 9110 section
 * 9.3.6).
 */
function decideFraming(method: string, fieldLines: FieldLines, minorVersion: 0 | 1): MessageFraming {
  const contentLength = fieldLines.getList("content-length");
  const transferEncoding = fieldLines.getList("transfer-encoding");
  if (method === "CONNECT" && (contentLength ?? transferEncoding) !== undefined) {
    throw new HttpError(400, "Content-Length or Transfer-Encoding of CONNECT");
  }
  if (transferEncoding !== undefined) {
    if (minorVersion === 0) throw new HttpError(400, "Transfer-Encoding in an HTTP/1.0 request");
    if (contentLength !== undefined) throw new HttpError(400, "Content-Length beside Transfer-Encoding");
    checkTransferEncoding(transferEncoding);
    return CHUNKED_BODY;
  }
  if (contentLength === undefined) return NO_BODY;
  if (!/^[0-9]+$/.test(contentLength) || !Number.isSafeInteger(Number(contentLength))) {
    throw new HttpError(400, `Cannot parse Content-Length ${quote(contentLength)}: expected 1*DIGIT, once`);
  }
  return { kind: "fixed", contentLength: Number(contentLength) };
}

/**
 * Only "chunked", once and alone, is spoken: RFC 9112 sections 6.1 and 7. Where it is not the last coding the length of
 * the body is unknown, which is 400 (section 6.3). Empty list elements are refused: other recipients trip over them.
 */
function checkTransferEncoding(value: string): void {
  const codings = value.split(",").map((coding) => trimBlank(coding).toLowerCase());
  if (codings.length === 1 && codings[0] === "chunked") return;
  if (codings.pop() !== "chunked" || codings.includes("chunked") || codings.includes("")) {
    throw new HttpError(400, `Transfer-Encoding ${quote(value)}: chunked must be the last coding, once`);
  }
  throw new HttpError(501, `Transfer coding ${quote(value)} is not implemented`, { close: true });
}

/** RFC 9112 section 3.2: one line with a valid value, which no list of two is; HTTP/1.0 may do without. */
function checkHost(fieldLines: FieldLines, minorVersion: 0 | 1): void {
  const host = fieldLines.getList("host");
  if (host === undefined && minorVersion === 1) throw new HttpError(400, "Host is missing");
  if (host !== undefined && !HOST.test(host)) throw new HttpError(400, `Cannot parse Host ${quote(host)}`);
}

/** RFC 9112 section 9.3. */
function isPersistent(fieldLines: FieldLines, minorVersion: 0 | 1): boolean {
  const connection = fieldLines.getList("connection");
  if (connection === undefined) return minorVersion === 1;
  const options = connection.toLowerCase().split(",").map(trimBlank);
  if (options.includes("close")) return false;
  return minorVersion === 1 || options.includes("keep-alive");
}

/** RFC 9110 section 10.1.1: 100-continue is the only expectation there is, and HTTP/1.0 has none. */
function parseExpect(fieldLines: FieldLines, minorVersion: 0 | 1): boolean {
  const value = fieldLines.getList("expect") ?? "";
  if (value === "" || minorVersion === 0) return false;
  if (value.toLowerCase() === "100-continue") return true;
  throw new HttpError(417, `Expectation ${quote(value)} is not known`);
}

/** RFC 9110 section 15.2.2. */
const SWITCHING_PROTOCOLS = 101;

/** What the encoder must know beside the response itself. */
export interface ResponseContext {
  /** The value of `Date`, an IMF-fixdate (RFC 9110 section 5.6.7). */
  readonly date: string;
  /** Whether the connection goes on after this answer. */
  readonly persistent: boolean;
  /**
   * The version of the request, which decides about chunks.
   *
   * @default {1}
   */
  readonly minorVersion?: 0 | 1;
}

/**
 * The registered reason phrase, RFC 9112 section 4.
 *
 * @param status Status code.
 * @returns The phrase, empty for a code that has none.
 */
export function reasonPhrase(status: number): string {
  return REASON_PHRASES[status] ?? "";
}

/**
 * Whether an answer with this status has content and a length, RFC 9110 section 6.4.1.
 *
 * @param status Status code.
 * @param headOnly Whether it answers HEAD.
 */
export function hasContent(status: number, headOnly: boolean): boolean {
  return !headOnly && status >= 200 && status !== 204 && status !== 304;
}

/**
 * How the end of a response body is told to the client, RFC 9112 section 6.3. HTTP/1.0 knows no chunks: there a body of
 * unknown length ends with the connection. Where there is none, in the answer to HEAD, nothing needs to be told.
 *
 * @param body The body.
 * @param minorVersion The version of the request.
 */
export function selectFraming(body: ResponseBody, minorVersion: 0 | 1): "length" | "chunks" | "close" | "none" {
  if (body.length !== undefined) return "length";
  if (!("stream" in body)) return "none";
  return minorVersion === 1 ? "chunks" : "close";
}

/**
 * Encodes the head of a response, the only place where one is made. `Server`, `Date`, `Connection`, `Content-Length` and
 * `Transfer-Encoding` are set here.
 *
 * @param response The response.
 * @param context Date and fate of the connection.
 * @returns Status line, field lines and the empty line, RFC 9112 section 2.1.
 * @throws {TypeError} Where a field name is not a token, or a value holds CR, LF, NUL or another control character.
 */
export function encodeResponseHead(response: HttpResponse, context: ResponseContext): Uint8Array<ArrayBuffer> {
  return encodeLatin1(formatResponseHead(response, context));
}

/**
 * The same as {@linkcode encodeResponseHead}, as text with a character for each byte.
 *
 * @param response The response.
 * @param context Date and fate of the connection.
 * @returns The head, to be encoded with {@linkcode encodeInto}.
 * @throws {TypeError} Where a field breaks the rules of a head.
 */
export function formatResponseHead(response: HttpResponse, context: ResponseContext): string {
  const { status } = response;
  let text = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nServer: sockeye\r\nDate: ${context.date}\r\n`;
  // Where protocols are switched it is among the fields of the response, RFC 9110 section 7.8.
  if (status !== SWITCHING_PROTOCOLS) text += `Connection: ${context.persistent ? "keep-alive" : "close"}\r\n`;
  if (hasContent(status, false)) text += encodeFraming(response.body, context.minorVersion ?? 1);
  return `${text}${encodeFields(response.fields)}\r\n`;
}

/**
 * Encodes an interim response, RFC 9110 section 15.2.
 *
 * @param status 100 to 199.
 * @param fields Its field lines.
 * @throws {TypeError} Where a field name is not a token, or a value holds a control character.
 */
export function encodeInterimResponse(status: number, fields: readonly FieldLine[]): Uint8Array<ArrayBuffer> {
  return encodeLatin1(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${encodeFields(fields)}\r\n`);
}

function encodeFields(fields: readonly FieldLine[]): string {
  let text = "";
  for (const [name, value] of fields) {
    if (!FIELD_NAME.test(name)) throw new TypeError(`Bad field name ${quote(name)}`);
    if (!FIELD_VALUE.test(value)) throw new TypeError(`Bad value of ${name}: ${quote(value)}`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

function encodeFraming(body: ResponseBody, minorVersion: 0 | 1): string {
  const framing = selectFraming(body, minorVersion);
  switch (framing) {
    case "length":
      return `Content-Length: ${body.length}\r\n`;
    case "chunks":
      return "Transfer-Encoding: chunked\r\n";
    case "close":
    case "none":
      return "";
    default:
      return framing satisfies never;
  }
}

function badRequestLine(text: string): HttpError {
  return new HttpError(400, `Cannot parse request line ${quote(text.slice(0, text.indexOf("\r")))}`);
}

function badFieldLine(text: string, at: number): HttpError {
  return new HttpError(400, `Cannot parse field line ${quote(text.slice(at, text.indexOf("\n", at) - 1))}`);
}

/** Makes received text fit for a message: escaped, and not too long. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * Takes off OWS, which is less than what `String.trim` takes off: RFC 9110 section 5.6.3. An expression for it would take
 * time quadratic in a run of blanks that is not at the end.
 *
 * @param text The text.
 */
export function trimBlank(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number | undefined): boolean {
  return code === SP || code === HTAB;
}

function hasClass(code: number | undefined, characterClass: number): boolean {
  return code !== undefined && ((CHARACTER_CLASS[code] ?? 0) & characterClass) !== 0;
}

/** Index of the first byte, from `at` on, that is not in the class. */
function skipClass(bytes: Uint8Array, at: number, characterClass: number): number {
  while (hasClass(bytes[at], characterClass)) at++;
  return at;
}

/** How many arguments a function is given at once. */
const SLICE = 4_096;

/**
 * Decodes bytes one to one, so that the bytes of a field value survive (RFC 9110 section 5.5). The decoder of the
 * platform is several times faster than the general way and agrees on ASCII, which nearly every head is.
 *
 * @param bytes The bytes.
 */
export function decodeLatin1(bytes: Uint8Array): string {
  const text = UTF8.decode(bytes);
  if (text.length === bytes.length && !text.includes("\ufffd")) return text;
  let decoded = "";
  for (let at = 0; at < bytes.length; at += SLICE) {
    decoded += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  }
  return decoded;
}

/**
 * The inverse of {@linkcode decodeLatin1}.
 *
 * @param text Text whose characters stand for bytes.
 */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  encodeInto(text, bytes);
  return bytes;
}

/**
 * Encodes text whose characters stand for bytes.
 *
 * @param text The text.
 * @param bytes Where to, from the beginning; there is room for all.
 */
export function encodeInto(text: string, bytes: Uint8Array): void {
  const { read, written } = ENCODER.encodeInto(text, bytes);
  if (read === text.length && written === read) return;
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
}
