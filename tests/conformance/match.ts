/**
 * An answer against what it has to be → what is wrong with it.
 *
 * Ranges are judged by what they cover: a server may send one part, several, joined ones or the whole (RFC 9110
 * sections 14.2 and 15.3.7), and every byte it sends has to be the right one.
 */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { FILES } from "./fixtures.ts";
import type { Answer } from "./response.ts";
import { decodeLatin1 } from "../octets.ts";
import { fieldTokens, fieldValue } from "./response.ts";
import type { BodyPattern, Expected, FieldPattern, StatusPattern } from "./row.ts";
import { checkRanges } from "./ranges.ts";

const SUFFIX: Readonly<Record<string, string>> = { gzip: ".gz", br: ".br", zstd: ".zst" };

/**
 * Judges an answer.
 *
 * @param answer The answer.
 * @param expected What it has to be.
 * @param authority What `Host` said.
 * @returns What is wrong, empty where nothing is.
 */
export function findProblems(answer: Answer, expected: Expected, authority: string): string[] {
  const problems: string[] = [];
  const allowed = Array.isArray(expected.status) ? expected.status : [expected.status];
  if (!allowed.some((pattern) => isStatus(answer.status, pattern))) problems.push(`status is ${answer.status}`);
  if (expected.minor !== undefined && answer.minor !== expected.minor) problems.push(`version is 1.${answer.minor}`);
  for (const [name, pattern] of Object.entries(expected.fields ?? {})) {
    if (!isField(answer, name, pattern)) {
      problems.push(`${name} is ${JSON.stringify(fieldValue(answer, name) ?? null)}`);
    }
  }
  if (expected.body !== undefined) problems.push(...checkBody(answer, expected.body));
  if (expected.location !== undefined) problems.push(...checkLocation(answer, expected.location, authority));
  if (expected.sameSite) problems.push(...checkSite(answer, authority));
  if (expected.framing?.includes(answer.framing) === false) problems.push(`framing is ${answer.framing}`);
  if (expected.interim !== undefined && answer.interim.join() !== expected.interim.join()) {
    problems.push(`interim answers are [${answer.interim}]`);
  }
  if (expected.close === answer.persistent) problems.push(`end of the connection announced: ${!answer.persistent}`);
  if (expected.dateWithin !== undefined) problems.push(...checkDate(answer, expected.dateWithin));
  return problems;
}

function isStatus(status: number, pattern: StatusPattern): boolean {
  return typeof pattern === "number" ? status === pattern : `${status}`[0] === pattern[0];
}

function isField(answer: Answer, name: string, pattern: FieldPattern): boolean {
  const value = fieldValue(answer, name);
  if (pattern === null) return value === undefined;
  if (typeof pattern === "string") return value === pattern;
  if (pattern instanceof RegExp) return value !== undefined && pattern.test(value);
  if ("not" in pattern) return value === undefined || !pattern.not.test(value);
  if ("optional" in pattern) return value === undefined || pattern.optional.test(value);
  const members = fieldTokens(answer, name);
  return pattern.has.every((member) => members.includes(member.toLowerCase()));
}

function checkBody(answer: Answer, pattern: BodyPattern): string[] {
  const { body } = answer;
  const text = () => decodeLatin1(body);
  if (typeof pattern === "string") return text() === pattern ? [] : ["content is different"];
  if (pattern instanceof RegExp) return pattern.test(text()) ? [] : ["content is different"];
  if ("not" in pattern) return pattern.not.test(text()) ? [`content matches ${pattern.not}`] : [];
  if ("atMost" in pattern) return body.length <= pattern.atMost ? [] : [`content has ${body.length} bytes`];
  if ("file" in pattern) {
    const [first, last] = pattern.range ?? [0, Infinity];
    return isEqual(body, contentOf(pattern.file).subarray(first, last + 1)) ? [] : ["content is not that of the file"];
  }
  const coding = fieldValue(answer, "content-encoding")?.toLowerCase();
  if ("decoded" in pattern) {
    const decoded = decodeContent(body, coding);
    if (typeof decoded === "string") return [decoded];
    return isEqual(decoded, contentOf(pattern.decoded)) ? [] : ["decoded content is not that of the file"];
  }
  const suffix = coding === undefined ? "" : SUFFIX[coding];
  const whole = suffix === undefined ? undefined : FILES.get(pattern.of + suffix);
  if (whole === undefined) return [`content coding ${coding} has no neighbour`];
  return checkRanges(answer, pattern, whole);
}

function contentOf(path: string): Uint8Array<ArrayBuffer> {
  const content = FILES.get(path);
  if (content === undefined) throw new TypeError(`No such fixture: ${path}`);
  return content;
}

function decodeContent(body: Uint8Array, coding: string | undefined): Uint8Array | string {
  try {
    switch (coding) {
      case undefined:
        return body;
      case "gzip":
      case "x-gzip":
        return new Uint8Array(gunzipSync(body));
      case "br":
        return new Uint8Array(brotliDecompressSync(body));
      case "zstd":
        return new Uint8Array(zstdDecompressSync(body));
      default:
        return `content coding ${coding} was not asked for`;
    }
  } catch (error) {
    return `content is not ${coding}: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * Compares bytes.
 *
 * @param a One.
 * @param b The other.
 */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function checkLocation(answer: Answer, wanted: string, authority: string): string[] {
  const location = fieldValue(answer, "location");
  if (location === undefined) return ["location is absent"];
  const requested = `http://${authority}${wanted}`;
  const base = requested.replace(/[^/]*\/?(\?.*)?$/, "");
  const url = URL.parse(location, base);
  if (url?.host !== authority) return [`location leads to ${url?.host}: ${location}`];
  return url.pathname + url.search === wanted ? [] : [`location is ${location}`];
}

/** As browsers resolve it: they take `\\` for `/`. */
function checkSite(answer: Answer, authority: string): string[] {
  const location = fieldValue(answer, "location");
  if (location === undefined) return [];
  const url = URL.parse(location, `http://${authority}/`);
  return url?.host === authority ? [] : [`location leads to ${url?.host}: ${location}`];
}

function checkDate(answer: Answer, seconds: number): string[] {
  const value = fieldValue(answer, "date");
  if (value === undefined) return ["date is absent"];
  const offMs = Math.abs(Date.parse(value) - Date.now());
  return offMs <= 1000 * (seconds + 1) ? [] : [`date is ${Math.round(offMs / 1000)} s off`];
}
