/**
 * A slow reader of request streams, to hold the parser against: written from the grammar of RFC 9110, RFC 9112 and RFC
 * 3986 with expressions over the whole text, and with nothing of the parser in it.
 *
 * Where several things are wrong with a message it names the statuses of all of them, since their order is nobody's
 * rule. It departs from the grammar where the parser does so on purpose:
 *
 * - a target may hold every visible character but "#": browsers send `"<>\^{|}` and the backquote as they are, and what
 *   is broken in a path is found by who resolves it (RFC 9112 section 3.2 lets a server refuse, and does not ask it to);
 * - what stands in brackets in an authority is not checked to be an address (nothing is done with it);
 *   addresses of a future version (RFC 3986 section 3.2.2) are refused: there are none;
 * - white space and empty elements in lists that decide about framing are refused where RFC 9110 section 5.6.1 would
 *   have them ignored, as are lines that end in LF alone (RFC 9112 section 2.2 allows both);
 * - of several empty lines before a request (RFC 9112 section 2.2) one is skipped.
 */

import type { Limits } from "../../src/config.ts";
import type { FieldLine, RequestTarget } from "../../src/message.ts";
import type { Message, Reading } from "./reading.ts";

const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const REQUEST_LINE = new RegExp(`^(${TCHAR}+) ([!-"$-~]+) HTTP/([0-9])\\.([0-9])$`);
const FIELD_LINE = new RegExp(
  `^(${TCHAR}+):[ \\t]*((?:[!-~\\x80-\\xff](?:[ \\t!-~\\x80-\\xff]*[!-~\\x80-\\xff])?)?)[ \\t]*$`,
);
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const CHUNK_EXT = `[ \\t]*;[ \\t]*${TCHAR}+(?:[ \\t]*=[ \\t]*(?:${TCHAR}+|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`^([0-9a-fA-F]+)(?:${CHUNK_EXT})*$`);

const REG_NAME = "(?:[A-Za-z0-9\\-._~]|[!$&'()*+,;=]|%[0-9A-Fa-f]{2})";
const IP_LITERAL = "\\[[0-9A-Fa-f:.]+\\]";
const HOST = new RegExp(`^(?:${IP_LITERAL}|${REG_NAME}*)(?::[0-9]*)?$`);
/** With a host that is not empty: RFC 9110 section 4.2.1. */
const HTTP_AUTHORITY = `(?:${IP_LITERAL}|${REG_NAME}+)(?::[0-9]*)?`;
const ABSOLUTE_FORM = new RegExp(`^https?://(${HTTP_AUTHORITY})((?:/[^?#]*)?)((?:\\?[^#]*)?)$`, "i");
const AUTHORITY_FORM = new RegExp(`^(?:${IP_LITERAL}|${REG_NAME}+):[0-9]+$`);
const ORIGIN_FORM = /^(\/[^?#]*)((?:\?[^#]*)?)$/;

/** What is left to read, and what is wrong with what was read. */
interface Rest {
  readonly at: number;
  readonly wrong?: readonly number[];
}

/**
 * Reads a stream.
 *
 * @param text The stream, one character for each byte.
 * @param limits Bounds of heads and of what frames bodies.
 */
export function readByGrammar(text: string, limits: Limits): Reading {
  const messages: Message[] = [];
  for (let at = 0;;) {
    const found = readHead(text.slice(at), limits);
    if (found === "partial") return { messages, end: "open" };
    if (Array.isArray(found)) return { messages, end: found };
    const { message, length } = found as Head;
    messages.push(message);
    const rest = readBody(text, at + length, message, limits);
    if (rest === undefined) return { messages, end: "open" };
    if (rest.wrong !== undefined) return { messages, end: rest.wrong };
    message.isWhole = true;
    if (!message.persistent) return { messages, end: "closed" };
    at = rest.at;
  }
}

/** A head and how long it is. */
interface Head {
  readonly message: Message;
  readonly length: number;
}

function readHead(text: string, limits: Limits): Head | "partial" | number[] {
  if (/^(?:\r\n?)?$/.test(text)) return "partial";
  if (!new RegExp(`^(?:\\r\\n)?${TCHAR}`).test(text)) return [400];
  const skipped = text.startsWith("\r\n") ? 2 : 0;
  const rest = text.slice(skipped);
  const end = rest.indexOf("\r\n\r\n");
  const head = end < 0 ? rest : rest.slice(0, end + 4);
  const wrong = new Set<number>();
  if (/(?<!\r)\n/.test(head.slice(0, limits.headBytes))) wrong.add(400);
  const isLong = end < 0 ? rest.length >= limits.headBytes : head.length > limits.headBytes;
  if (isLong) wrong.add(head.slice(0, limits.headBytes).includes("\n") ? 431 : 414);
  if (end < 0 || isLong) return wrong.size > 0 ? [...wrong] : "partial";
  const [line = "", ...fieldLines] = rest.slice(0, end).split("\r\n");
  const message = readLines(line, fieldLines, limits, wrong);
  return wrong.size > 0 || message === undefined ? [...wrong] : { message, length: skipped + head.length };
}

function readLines(line: string, lines: string[], limits: Limits, wrong: Set<number>): Message | undefined {
  const [, method = "", target = "", major, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") wrong.add(400);
  else if (major !== "1") wrong.add(505);
  if ((line.split(" ")[1] ?? "").length > limits.targetBytes) wrong.add(414);
  if (lines.length > limits.fieldLines) wrong.add(431);
  const fields = lines.map(readFieldLine);
  if (fields.includes(undefined)) wrong.add(400);
  if (wrong.size > 0) return undefined;
  const known = fields.filter((field) => field !== undefined);
  const values = (name: string) => known.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
  const minorVersion = minor === "0" ? 0 : 1;
  const parsed = readTarget(method, target);
  if (parsed === undefined) wrong.add(400);
  checkHost(values("host"), minorVersion, wrong);
  // RFC 9110 section 9.3.6: CONNECT has no content, and a tunnel that is refused is the end.
  const isTunnel = method === "CONNECT";
  if (isTunnel && values("content-length").concat(values("transfer-encoding")).length > 0) wrong.add(400);
  checkFraming(values("content-length"), values("transfer-encoding"), minorVersion, wrong);
  const expect = values("expect").join(", ").toLowerCase();
  const expectsContinue = minorVersion === 1 && expect === "100-continue";
  if (minorVersion === 1 && expect !== "" && !expectsContinue) wrong.add(417);
  const options = values("connection").join(",").toLowerCase().split(",").map((option) =>
    option.replace(/^[ \t]+|[ \t]+$/g, "")
  );
  const persistent = !isTunnel && !options.includes("close") && (minorVersion === 1 || options.includes("keep-alive"));
  if (wrong.size > 0 || parsed === undefined) return undefined;
  const rest = { body: "", trailers: [], isWhole: false };
  return {
    requestLine: line,
    method,
    target: parsed,
    minorVersion,
    fields: known,
    persistent,
    expectsContinue,
    ...rest,
  };
}

function readFieldLine(line: string): FieldLine | undefined {
  const [, name, value = ""] = FIELD_LINE.exec(line) ?? [];
  return name === undefined ? undefined : [name, value];
}

/** RFC 9112 section 3.2. */
function readTarget(method: string, target: string): RequestTarget | undefined {
  if (method === "CONNECT") return AUTHORITY_FORM.test(target) ? { form: "authority", authority: target } : undefined;
  if (method === "OPTIONS" && target === "*") return { form: "asterisk" };
  const [, path, query = ""] = ORIGIN_FORM.exec(target) ?? [];
  if (path !== undefined) return { form: "origin", path, query };
  const [, authority, absolutePath = "", absoluteQuery = ""] = ABSOLUTE_FORM.exec(target) ?? [];
  if (authority === undefined) return undefined;
  // Section 3.2.4: the last proxy makes an asterisk of it, and so must who is asked without one.
  if (method === "OPTIONS" && absolutePath === "" && absoluteQuery === "") return { form: "asterisk" };
  return { form: "absolute", authority, path: absolutePath || "/", query: absoluteQuery };
}

function checkHost(values: readonly string[], minorVersion: number, wrong: Set<number>): void {
  const isMissing = values.length === 0 && minorVersion === 1;
  if (isMissing || values.length > 1 || values.some((value) => !HOST.test(value))) wrong.add(400);
}

/** RFC 9112 section 6.3. */
function checkFraming(lengths: readonly string[], codings: readonly string[], minor: number, wrong: Set<number>): void {
  if (codings.length > 0 && (lengths.length > 0 || minor === 0)) wrong.add(400);
  if (codings.length > 0 && codings.join().toLowerCase() !== "chunked") wrong.add(400).add(501);
  const isNumber = lengths.every((length) => /^[0-9]+$/.test(length) && BigInt(length) <= Number.MAX_SAFE_INTEGER);
  if (lengths.length > 1 || !isNumber) wrong.add(400);
}

/** Returns nothing where not all of it has come. */
function readBody(text: string, at: number, message: Message, limits: Limits): Rest | undefined {
  const value = (name: string) => message.fields.find(([n]) => n.toLowerCase() === name)?.[1];
  if (value("transfer-encoding") !== undefined) return readChunks(text, at, message, limits);
  const length = Number(value("content-length") ?? 0);
  message.body = text.slice(at, at + length);
  return message.body.length < length ? undefined : { at: at + length };
}

function readChunks(text: string, from: number, message: Message, limits: Limits): Rest | undefined {
  for (let at = from;;) {
    const line = readLine(text, at, limits.chunkLineBytes, 400);
    if (line === undefined) return undefined;
    if (typeof line === "number") return { at, wrong: [line] };
    const [, digits] = CHUNK_LINE.exec(line) ?? [];
    const size = digits === undefined ? Infinity : Number(BigInt(`0x${digits}`));
    if (!Number.isSafeInteger(size)) return { at, wrong: [400] };
    at += line.length + 2;
    if (size === 0) return readTrailers(text, at, message, limits);
    message.body += text.slice(at, at + size);
    at += size;
    const end = text.slice(at, at + 2);
    if (!"\r\n".startsWith(end)) return { at, wrong: [400] };
    if (end.length < 2) return undefined;
    at += 2;
  }
}

function readTrailers(text: string, from: number, message: Message, limits: Limits): Rest | undefined {
  const trailers: FieldLine[] = [];
  for (let at = from;;) {
    const line = readLine(text, at, limits.headBytes - (at - from), 431);
    if (line === undefined) return undefined;
    if (typeof line === "number") return { at, wrong: [line] };
    at += line.length + 2;
    if (line === "") {
      message.trailers.push(...trailers);
      return { at };
    }
    const trailer = readFieldLine(line);
    if (trailer === undefined || trailers.length === limits.fieldLines) {
      return { at, wrong: [trailer ? 431 : 400, 431] };
    }
    trailers.push(trailer);
  }
}

/** A line without its CRLF, nothing where its end has not come, or the status of what is wrong with it. */
function readLine(text: string, at: number, limit: number, status: number): string | number | undefined {
  const end = text.indexOf("\n", at);
  if ((end < 0 ? text.length - at : end - at) >= limit) return status;
  if (end < 0) return undefined;
  const line = text.slice(at, end + 1);
  return line.endsWith("\r\n") ? line.slice(0, -2) : 400;
}
