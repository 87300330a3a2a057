/**
 * A representation of a file, and which response to a request is made of it: RFC 9110 sections 8, 13 and 14.
 *
 * The order is that of RFC 9110 section 13.2.2: preconditions, then ranges, then the whole.
 *
 * @module
 */

import { concat } from "./bytes.ts";
import type { Validators } from "./conditional.ts";
import { evaluatePreconditions, isRangeApplicable } from "./conditional.ts";
import { Content, readContent } from "./content.ts";
import { HttpError } from "./errors.ts";
import { formatHttpDate } from "./http_date.ts";
import { KeptParts } from "./kept_parts.ts";
import type { FieldLine, OpenFile, RequestHead } from "./message.ts";
import { HttpResponse, ReusableResponse } from "./message.ts";
import type { ByteRange } from "./range.ts";
import { formatContentRange, formatUnsatisfiedRange, multipartByteranges, selectRanges } from "./range.ts";

/** More ranges than this get the whole; a reader of a document asks for few. */
const RANGE_LIMITS = { ranges: 64, unorderedRanges: 8 } as const;

const ACCEPT_RANGES: FieldLine = ["Accept-Ranges", "bytes"];
const NO_CONTENT = new Uint8Array(0);

/** A content that is not in memory. */
export interface StoredContent {
  /** Its length in bytes. */
  readonly length: number;
  /** Opens it. */
  readonly open: () => OpenFile;
  /** Memory that parts of it may take where they are asked for again, in bytes. */
  readonly mostKeptBytes: number;
}

/** What a representation is made of. */
export interface RepresentationOptions {
  /** The value of `Content-Type`. */
  readonly contentType: string;
  /** Entity tag and time of change. */
  readonly validators: Validators;
  /** The content. */
  readonly content: Content | StoredContent;
  /** Fields of 200, 206 and 304 alike: `Cache-Control`, `Vary`. */
  readonly cacheFields: readonly FieldLine[];
  /** Fields of 200 and 206: `Content-Encoding` and the like. */
  readonly contentFields: readonly FieldLine[];
  /** Told how much more memory is held from now on, in bytes; less, where it is negative. */
  readonly hold: (bytes: number) => void;
}

/** One form of a file, in one content coding, as of one state of the file. */
export class Representation {
  readonly #contentType: string;
  readonly #validators: Validators;
  readonly #content: Content | StoredContent;
  readonly #cacheFields: readonly FieldLine[];
  readonly #fields: readonly FieldLine[];
  #whole: ReusableResponse | undefined;
  #notModified: ReusableResponse | undefined;
  readonly #parts: KeptParts | undefined;

  /**
   * Describes a representation.
   *
   * @param options What it is made of.
   */
  constructor({ contentType, validators, content, cacheFields, contentFields, hold }: RepresentationOptions) {
    this.#contentType = contentType;
    this.#validators = validators;
    this.#content = content;
    this.#cacheFields = cacheFields;
    if (content instanceof Content) hold(content.heldBytes);
    else if (content.mostKeptBytes > 0) this.#parts = new KeptParts(content.mostKeptBytes, hold);
    this.#fields = [
      ...contentFields,
      ["Last-Modified", formatHttpDate(validators.lastModifiedMs)],
      ["ETag", validators.entityTag],
      ACCEPT_RANGES,
      ...cacheFields,
    ];
  }

  /** The content where it is in memory. */
  get content(): Uint8Array<ArrayBuffer> | undefined {
    const content = this.#content;
    return content instanceof Content ? content.bytes : undefined;
  }

  /**
   * Selects the response to a GET or HEAD.
   *
   * @param request The request.
   * @param nowMs The present time in milliseconds since the epoch.
   * @returns 200, 206 or 304.
   * @throws {HttpError} 412 or 416.
   */
  select(request: RequestHead, nowMs: number): HttpResponse {
    const { method, fieldLines } = request;
    const validators = this.#validators;
    const result = evaluatePreconditions(method, fieldLines, validators, nowMs);
    if (result === "not modified") return this.#notModified ??= this.#makeNotModified();
    if (result === "precondition failed") {
      throw new HttpError(412, "Precondition failed", { fields: this.#cacheFields });
    }

    const range = method === "GET" ? fieldLines.getList("range") : undefined;
    if (range === undefined || !isRangeApplicable(fieldLines, validators, nowMs)) return this.#makeWhole(method);
    const { length } = this.#content;
    const selection = selectRanges(range, length, RANGE_LIMITS);
    switch (selection.kind) {
      case "whole":
        return this.#makeWhole(method);
      case "unsatisfiable": {
        const fields = [["Content-Range", formatUnsatisfiedRange(length)], ...this.#cacheFields] as const;
        throw new HttpError(416, `No byte of ${length} is in the range`, { fields });
      }
      case "single":
        return this.#makePart(selection.range);
      case "several":
        return this.#makeParts(selection.ranges);
      default:
        return selection satisfies never;
    }
  }

  /** RFC 9110 section 15.4.5: what tells caches apart and guides them, and nothing else. */
  #makeNotModified(): ReusableResponse {
    return new ReusableResponse(304, [["ETag", this.#validators.entityTag], ...this.#cacheFields], NO_CONTENT);
  }

  #makeWhole(method: string): HttpResponse {
    if (this.#whole !== undefined) return this.#whole;
    const content = this.#content;
    const fields = [["Content-Type", this.#contentType], ...this.#fields] as const;
    if (content instanceof Content) return this.#whole = new ReusableResponse(200, fields, content.bytes, content);
    if (method === "HEAD") return new HttpResponse(200, fields, { length: content.length });
    const { length } = content;
    return new HttpResponse(200, fields, { file: content.open(), pieces: [{ start: 0, end: length }], length });
  }

  #makePart(range: ByteRange): HttpResponse {
    const content = this.#content;
    const contentRange = formatContentRange(range, content.length);
    const kept = this.#parts?.get(contentRange);
    if (kept !== undefined) return kept;
    const fields = [["Content-Type", this.#contentType], ["Content-Range", contentRange], ...this.#fields] as const;
    const { start, end } = range;
    if (content instanceof Content) return new HttpResponse(206, fields, content.bytes.subarray(start, end));
    const length = end - start;
    const part = this.#parts?.isWanted(contentRange, length) ? readPart(content, range) : undefined;
    if (part === undefined) return new HttpResponse(206, fields, { file: content.open(), pieces: [range], length });
    const response = new ReusableResponse(206, fields, part.bytes, part);
    this.#parts?.keep(contentRange, response);
    return response;
  }

  #makeParts(ranges: readonly ByteRange[]): HttpResponse {
    const content = this.#content;
    const multipart = multipartByteranges(ranges, content.length, this.#contentType, crypto.randomUUID());
    const fields = [["Content-Type", multipart.contentType], ...this.#fields] as const;
    const pieces = [...multipart.parts.flatMap(({ head, range }) => [head, range]), multipart.trailer];
    if (!(content instanceof Content)) {
      return new HttpResponse(206, fields, { file: content.open(), pieces, length: multipart.length });
    }
    const { bytes: whole } = content;
    const bytes = pieces.map((piece) => piece instanceof Uint8Array ? piece : whole.subarray(piece.start, piece.end));
    return new HttpResponse(206, fields, concat(bytes));
  }
}

/** Where that takes long, or the file has become shorter, it is left to whoever sends the answer. */
function readPart({ open }: StoredContent, { start, end }: ByteRange): Content | undefined {
  const file = open();
  try {
    if (file.isSlow) return undefined;
    file.seekSync(start, 0);
    return readContent(file, end - start);
  } finally {
    file.close();
  }
}
