/**
 * Range requests, RFC 9110 section 14: the value of `Range` → the bytes to send, and how they are described.
 *
 * Pure. A range that no honest client asks for gets the whole representation instead: a server "MAY ignore" what is
 * invalid, what overlaps more than once, and many ranges out of order (sections 14.2 and 17.15). The ranges of an
 * answer never overlap, so it is hardly longer than the representation, whatever is asked for.
 *
 * Not here: whether `Range` counts. It does only for GET, after the preconditions, and where `If-Range` lets it
 * (`conditional.ts`).
 *
 * @module
 */

/** Bytes of a representation, at least one. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position behind the last byte: one more than last-pos. */
  readonly end: number;
}

/** Bounds for what a client may ask for; beyond them it gets the whole representation. */
export interface RangeLimits {
  /** Number of ranges. */
  readonly ranges: number;
  /** Number of ranges that are not in ascending order. */
  readonly unorderedRanges: number;
}

/** What `Range` selects: 200, 416, 206 with one part, or 206 with `multipart/byteranges`. */
export type RangeSelection =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "single"; readonly range: ByteRange }
  | { readonly kind: "several"; readonly ranges: readonly ByteRange[] };

/** One part of `multipart/byteranges`. */
export interface BytesPart {
  /** What comes before the bytes: delimiter and fields of the part. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The bytes. */
  readonly range: ByteRange;
}

/** The content of a 206 with several ranges, all but the bytes themselves. */
export interface MultipartByteranges {
  /** The value of `Content-Type`. */
  readonly contentType: string;
  /** The parts in the order in which they are sent. */
  readonly parts: readonly BytesPart[];
  /** What comes behind the bytes of the last part. */
  readonly trailer: Uint8Array<ArrayBuffer>;
  /** The value of `Content-Length`: heads, bytes and trailer together. */
  readonly length: number;
}

const WHOLE: RangeSelection = Object.freeze({ kind: "whole" });
const UNSATISFIABLE: RangeSelection = Object.freeze({ kind: "unsatisfiable" });

/** "The typical overhead between each part […] is around 80 bytes": a smaller gap is sent, RFC 9110 section 15.3.7.2. */
const PART_OVERHEAD_BYTES = 80;

/**
 * range-unit "=" and what may stand before the first range-spec: empty list elements, and the blank that the grammar
 * has not but its own example has (`bytes= 0-999, 4500-5499, -1000`, RFC 9110 section 14.1.2). Units are
 * case-insensitive (section 14.1).
 */
const BYTES_UNIT = /^bytes=[\t ,]*/i;

/** int-range or suffix-range with what separates it from the next, RFC 9110 sections 14.1.1 and 5.6.1.2. */
const RANGE_SPEC = /([0-9]*)-([0-9]*)[\t ]*(?:,[\t ,]*|$)/y;

/** What may stand in an unquoted boundary; quoted ones are handled "incorrectly" by some, RFC 9110 section 14.6. */
const BOUNDARY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,70}$/;

/** field-content, RFC 9110 section 5.5. */
const FIELD_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

const ENCODER = new TextEncoder();

/**
 * Selects the bytes that `Range` asks for.
 *
 * The parts keep the client's order, as a server "SHOULD send the parts in the same order that the corresponding
 * range-spec appeared in the received Range header field, excluding those ranges that were deemed unsatisfiable or that
 * were coalesced into other ranges" (RFC 9110 section 15.3.7.2); coalesced ranges take the place of the first of them.
 *
 * @param value The field value, all lines joined, or `undefined`.
 * @param length Length of the representation in bytes, after content coding.
 * @param limits Bounds of the request.
 * @returns The whole where there is nothing to select, or what is asked for is malformed, unknown or egregious; never
 * `several` for what is one range, neither as sent (section 15.3.7.2) nor after coalescing.
 */
export function selectRanges(value: string | undefined, length: number, limits: RangeLimits): RangeSelection {
  // "MAY ignore a Range header field when the selected representation has no content", section 14.2: there is no
  // Content-Range for no bytes.
  if (value === undefined || length === 0) return WHOLE;
  const asked = parseByteRanges(value, length, limits.ranges);
  const ranges = asked === undefined || asked.length < 2 ? asked : coalesce(asked, limits.unorderedRanges);
  if (ranges === undefined) return WHOLE;
  const [range] = ranges;
  if (range === undefined) return UNSATISFIABLE;
  return ranges.length === 1 ? { kind: "single", range } : { kind: "several", ranges };
}

/**
 * Parses ranges-specifier = range-unit "=" 1#range-spec.
 *
 * @returns The satisfiable ranges, cut to the representation, or `undefined` where the specifier is invalid, has an
 * unknown unit or more ranges than `maximum`.
 */
function parseByteRanges(value: string, length: number, maximum: number): ByteRange[] | undefined {
  const unit = BYTES_UNIT.exec(value);
  if (unit === null || unit[0].length === value.length) return undefined;
  const ranges: ByteRange[] = [];
  let count = 0;
  for (let at = unit[0].length; at < value.length; at = RANGE_SPEC.lastIndex) {
    RANGE_SPEC.lastIndex = at;
    const [, first = "", last = ""] = RANGE_SPEC.exec(value) ?? [];
    if (++count > maximum || !isValidSpec(first, last)) return undefined;
    const start = first === "" ? Math.max(0, length - Number(last)) : Number(first);
    const end = first === "" || last === "" ? length : Math.min(Number(last) + 1, length);
    if (start < end) ranges.push({ start, end });
  }
  return ranges;
}

/**
 * "An int-range is invalid if the last-pos value is present and less than first-pos", RFC 9110 section 14.1.1. Numerals
 * of any length are safe: beyond 2^53 they become the nearest double or infinity, and no file is that long.
 */
function isValidSpec(first: string, last: string): boolean {
  return first === "" ? last !== "" : last === "" || Number(first) <= Number(last);
}

/**
 * Merges ranges that overlap or nearly touch, "regardless of the order" they came in; RFC 9110 section 15.3.7.2.
 *
 * @returns The merged ranges in the order of the first of each, or `undefined` where the set is egregious.
 */
function coalesce(ranges: readonly ByteRange[], maximumUnordered: number): ByteRange[] | undefined {
  const sorted = ranges.map(({ start, end }, place) => ({ start, end, place })).sort((a, b) => a.start - b.start);
  const isOrdered = sorted.every(({ place }, index) => place === index);
  if (!isOrdered && ranges.length > maximumUnordered) return undefined;
  const merged: typeof sorted = [];
  let overlaps = 0;
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.start - last.end >= PART_OVERHEAD_BYTES) {
      merged.push(range);
      continue;
    }
    // "more than two overlapping ranges", section 14.2: the first overlap is of two, the second makes more.
    if (range.start < last.end && ++overlaps > 1) return undefined;
    last.end = Math.max(last.end, range.end);
    last.place = Math.min(last.place, range.place);
  }
  return merged.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

/**
 * Formats `Content-Range` of a part, RFC 9110 section 14.4.
 *
 * @param range The bytes of the part.
 * @param length Length of the whole representation in bytes.
 */
export function formatContentRange(range: ByteRange, length: number): string {
  return `bytes ${range.start}-${range.end - 1}/${length}`;
}

/**
 * Formats `Content-Range` of 416 (Range Not Satisfiable), RFC 9110 section 14.4.
 *
 * @param length Length of the whole representation in bytes.
 */
export function formatUnsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}

/**
 * Describes several ranges as `multipart/byteranges`, RFC 9110 section 14.6 and RFC 2046 section 5.1. The answer has
 * no `Content-Range` of its own (RFC 9110 section 15.3.7.2).
 *
 * @param ranges The parts.
 * @param length Length of the whole representation in bytes.
 * @param contentType What `Content-Type` of the whole would be; `undefined` where it would have none.
 * @param boundary What the content must not contain: a token of 1 to 70 characters, best a long random one.
 * @returns Everything but the bytes, and how long it all is.
 * @throws {TypeError} Where the boundary is not such a token, or the content type is no field value.
 */
export function multipartByteranges(
  ranges: readonly ByteRange[],
  length: number,
  contentType: string | undefined,
  boundary: string,
): MultipartByteranges {
  if (!BOUNDARY.test(boundary)) throw new TypeError(`Bad boundary ${JSON.stringify(boundary)}`);
  if (contentType !== undefined && !FIELD_TEXT.test(contentType)) {
    throw new TypeError(`Bad content type ${JSON.stringify(contentType)}`);
  }
  const typeLine = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const parts = ranges.map((range, index) => {
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    const fields = `${typeLine}Content-Range: ${formatContentRange(range, length)}\r\n\r\n`;
    return { head: ENCODER.encode(delimiter + fields), range };
  });
  const trailer = ENCODER.encode(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    parts,
    trailer,
    length: parts.reduce((sum, { head, range }) => sum + head.length + range.end - range.start, trailer.length),
  };
}
