/**
 * A form with files as it is sent, `multipart/form-data`, RFC 7578: pieces of any size in, files out, nothing of their
 * content kept. What a file is called is a name of one segment afterwards, whatever the client said.
 *
 * The parser is multipasta. Fields that are no files are passed over.
 *
 * @module
 */

import { make } from "multipasta";
import { HttpError } from "./errors.ts";

/** How many parts a form may have. */
const MOST_PARTS = 1_000;
/** What a field that is no file may have, in bytes. */
const FIELD_BYTES = 65_536;

const HYPHEN = 0x2d;

/** A form with a boundary, RFC 2046 section 5.1.1. */
const FORM = /^multipart\/form-data[\t ]*;/i;

// deno-lint-ignore no-control-regex -- controls are what is looked for
const CONTROLS = /[\x00-\x1f\x7f]/;

/** What comes of a piece of the body, in its order. */
export type FormEvent =
  /** A file begins. */
  | { readonly kind: "file"; readonly name: string }
  /** More of its content. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** It is complete. */
  | { readonly kind: "end" };

/** One form, while it is received. */
export class MultipartForm {
  readonly #parser: ReturnType<typeof make>;
  #events: FormEvent[] = [];
  #failure: string | undefined;
  #isDone = false;
  /** Hyphens at the end of the last piece. */
  #held = new Uint8Array(0);

  /**
   * Makes a form of which nothing has been received.
   *
   * @param contentType The value of `Content-Type`.
   * @throws {HttpError} 415 where that is no form with files.
   */
  constructor(contentType: string) {
    if (!FORM.test(contentType)) {
      throw new HttpError(415, "The body is no form with files", { fields: [["Accept-Post", "multipart/form-data"]] });
    }
    this.#parser = make({
      headers: { "content-type": contentType },
      isFile: ({ headers }) => findFileName(headers) !== undefined,
      maxParts: MOST_PARTS,
      maxFieldSize: FIELD_BYTES,
      onField: () => {},
      onFile: ({ headers }) => this.#begin(findFileName(headers) ?? ""),
      // What comes behind the end is no failure.
      onError: ({ _tag }) => this.#failure ??= this.#isDone ? undefined : _tag,
      onDone: () => this.#isDone = true,
    });
    this.#check();
  }

  /**
   * Takes a piece of the body.
   *
   * @param piece The piece; parts of it are handed out.
   * @throws {HttpError} 400.
   */
  write(piece: Uint8Array): FormEvent[] {
    // What comes behind the last delimiter is to be ignored, RFC 2046 section 5.1.1.
    if (this.#isDone) return [];
    let bytes = piece;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + piece.length);
      bytes.set(this.#held);
      bytes.set(piece, this.#held.length);
    }
    // The parser takes the two hyphens of the last delimiter only where they come together.
    const end = bytes.length - (bytes.at(-1) !== HYPHEN ? 0 : bytes.at(-2) !== HYPHEN ? 1 : 2);
    this.#held = bytes.slice(end);
    return this.#feed(() => this.#parser.write(bytes.subarray(0, end)));
  }

  /**
   * Tells that the body has ended.
   *
   * @throws {HttpError} 400 where the form has not.
   */
  end(): FormEvent[] {
    const events = this.#feed(() => {
      if (this.#held.length > 0) this.#parser.write(this.#held);
      this.#parser.end();
    });
    if (!this.#isDone) throw new HttpError(400, "The form has no end", { close: false });
    return events;
  }

  #feed(feed: () => void): FormEvent[] {
    try {
      if (!this.#isDone) feed();
    } catch (cause) {
      // What a name is percent-encoded from may be no text.
      throw cause instanceof HttpError ? cause : new HttpError(400, "Cannot parse the form", { cause });
    }
    this.#check();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #check(): void {
    if (this.#failure !== undefined) throw new HttpError(400, `Cannot parse the form: ${this.#failure}`);
  }

  /** A form in which no file was chosen has one without name and content. */
  #begin(fileName: string): (bytes: Uint8Array | null) => void {
    if (fileName === "") return () => {};
    this.#events.push({ kind: "file", name: parseFileName(fileName) });
    return (bytes) => this.#events.push(bytes === null ? { kind: "end" } : { kind: "bytes", bytes });
  }
}

/** The parser finds no names beyond ISO-8859-1. `filename*` is not for forms: RFC 7578 section 4.2. */
const FILE_NAME = /;[\t ]*filename=(?:"((?:\\"|[^"])*)"|([^\t ";]*))[\t ]*(?:;|$)/i;

function findFileName(headers: Readonly<Record<string, string | string[]>>): string | undefined {
  const [, quoted, token] = FILE_NAME.exec(String(headers["content-disposition"] ?? "")) ?? [];
  return quoted?.replaceAll('\\"', "%22") ?? token;
}

/**
 * Parses the name of a file as a form has it, WHATWG HTML section "multipart form data": three characters are encoded.
 * Some clients send the whole path, be it of Windows: its last segment counts.
 *
 * @param text The value of `filename`.
 * @throws {HttpError} 400 where it cannot be a name.
 */
export function parseFileName(text: string): string {
  const decoded = text.replaceAll("%22", '"').replaceAll(/%0d/gi, "\r").replaceAll(/%0a/gi, "\n");
  const name = decoded.slice(Math.max(decoded.lastIndexOf("/"), decoded.lastIndexOf("\\")) + 1);
  if (name !== "" && name !== "." && name !== ".." && !CONTROLS.test(name)) return name;
  throw new HttpError(400, `${JSON.stringify(text)} is no file name`);
}
