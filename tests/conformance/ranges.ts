/**
 * The answer to a request for ranges against the bytes of the representation: RFC 9110 sections 14.4, 14.6 and 15.3.7.
 */

import type { Answer } from "./response.ts";
import { decodeLatin1 } from "../octets.ts";
import { fieldValue } from "./response.ts";
import type { ByteRange } from "./row.ts";

/** One part: where it belongs, and its bytes as text. */
interface Part {
  readonly range: ByteRange;
  readonly total: number;
  readonly content: string;
}

/**
 * Checks that an answer has the ranges that were asked for and that every byte is right.
 *
 * @param answer The answer, 206 or 200.
 * @param wanted The satisfiable ranges of the request, and whether their order counts.
 * @param whole The representation.
 * @returns What is wrong, empty where nothing is.
 */
export function checkRanges(
  answer: Answer,
  { ranges: wanted, inOrder = false }: { readonly ranges: readonly ByteRange[]; readonly inOrder?: boolean },
  whole: Uint8Array,
): string[] {
  const text = decodeLatin1(whole);
  if (answer.status === 200) return decodeLatin1(answer.body) === text ? [] : ["content is not the whole"];
  const parts = parseParts(answer);
  if (typeof parts === "string") return [parts];
  const problems: string[] = [];
  for (const { range: [first, last], total, content } of parts) {
    const name = `part ${first}-${last}/${total}`;
    if (total !== whole.length) problems.push(`${name}: the representation has ${whole.length} bytes`);
    if (content !== text.slice(first, last + 1)) problems.push(`${name}: content is different`);
  }
  for (const [first, last] of wanted) {
    const isCovered = parts.some(({ range }) => range[0] <= first && last <= range[1]);
    if (!isCovered) problems.push(`no part has ${first}-${last}`);
  }
  if (parts.length > wanted.length) problems.push(`${parts.length} parts for ${wanted.length} ranges`);
  const isJoined = parts.length < wanted.length;
  if (inOrder && !isJoined && wanted.some(([first], at) => parts[at]?.range[0] !== first)) {
    problems.push(`parts come as ${parts.map(({ range }) => range.join("-"))}`);
  }
  return problems;
}

function parseParts(answer: Answer): Part[] | string {
  const contentType = fieldValue(answer, "content-type") ?? "";
  const contentRange = fieldValue(answer, "content-range");
  const [, quoted, plain] = /^multipart\/byteranges\s*;\s*boundary=(?:"([^"]+)"|([^\s;"]+))$/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) {
    const part = makePart(contentRange, decodeLatin1(answer.body));
    return typeof part === "string" ? part : [part];
  }
  if (contentRange !== undefined) return "content-range beside multipart/byteranges";
  if (boundary.length > 70) return "boundary has more than 70 characters";
  return parseMultipart(decodeLatin1(answer.body), boundary);
}

/** RFC 2046 section 5.1.1: preamble, delimiters at line starts, close-delimiter, epilogue. */
function parseMultipart(text: string, boundary: string): Part[] | string {
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`);
  if (pieces.length < 3) return "multipart content has no part";
  const epilogue = pieces.pop();
  if (!epilogue?.startsWith("--")) return "multipart content is not closed";
  const parts: Part[] = [];
  for (const piece of pieces.slice(1)) {
    const [, fieldText = "", content = ""] = /^[ \t]*\r\n((?:[^\r\n]+\r\n)*)\r\n([^]*)$/.exec(piece) ?? [];
    const fields = new Map(
      fieldText.split("\r\n").slice(0, -1).map((line) => {
        const [, name = "", value = ""] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
        return [name.toLowerCase(), value];
      }),
    );
    if (!fields.has("content-type")) return "a part has no content-type";
    const part = makePart(fields.get("content-range"), content);
    if (typeof part === "string") return part;
    parts.push(part);
  }
  return parts;
}

function makePart(contentRange: string | undefined, content: string): Part | string {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(contentRange ?? "") ?? [];
  if (first === undefined) return `content-range is ${JSON.stringify(contentRange ?? null)}`;
  const part = { range: [Number(first), Number(last)], total: Number(total), content } as const;
  const length = part.range[1] - part.range[0] + 1;
  return length === content.length ? part : `part ${first}-${last} has ${content.length} bytes`;
}
