/**
 * HTTP messages as values: what the parser returns, what a handler gets and gives back, what the encoder takes.
 *
 * Field lines stay an ordered list with duplicates, as they were sent: merging them into a map before framing is
 * decided is how request smuggling hides (RFC 9112 section 11.2).
 *
 * @module
 */

import type { ByteRange } from "./range.ts";

/** The four forms of a request target, RFC 9112 section 3.2, decided once by the parser. */
export type RequestTarget =
  | { readonly form: "origin"; readonly path: string; readonly query: string }
  | { readonly form: "absolute"; readonly authority: string; readonly path: string; readonly query: string }
  | { readonly form: "authority"; readonly authority: string }
  | { readonly form: "asterisk" };

/** How the length of a request body is known, RFC 9112 section 6.3. */
export type MessageFraming =
  | { readonly kind: "none" }
  | { readonly kind: "fixed"; readonly contentLength: number }
  | { readonly kind: "chunked" };

/** The field lines of a request in the order they came, duplicates included; values are decoded as ISO-8859-1. */
export class FieldLines {
  readonly #text: string;
  readonly #offsets: readonly number[];

  /**
   * Wraps what the parser found.
   *
   * @param text The text that holds the field section.
   * @param offsets Four per line: begin and end of the name, begin and end of the value, as indices into `text`.
   */
  constructor(text: string, offsets: readonly number[]) {
    this.#text = text;
    this.#offsets = offsets;
  }

  /**
   * Makes field lines of names and values.
   *
   * @param lines The lines, in their order.
   */
  static from(lines: Iterable<readonly [name: string, value: string]>): FieldLines {
    let text = "";
    const offsets: number[] = [];
    for (const [name, value] of lines) {
      const start = text.length + name.length;
      offsets.push(text.length, start, start, start + value.length);
      text += name + value;
    }
    return new FieldLines(text, offsets);
  }

  /** Number of field lines. */
  get size(): number {
    return this.#offsets.length / 4;
  }

  /**
   * Finds the first line of a field.
   *
   * @param name The field name in lower case.
   * @returns The value without surrounding white space, or `undefined`.
   */
  get(name: string): string | undefined {
    const at = this.#offsets;
    for (let i = 0; i + 3 < at.length; i += 4) {
      if (this.#isNamed(i, name)) return this.#text.slice(at[i + 2], at[i + 3]);
    }
    return undefined;
  }

  /**
   * Joins all lines of a field to one list, RFC 9110 section 5.3. A field that must not be a list then no longer parses
   * where it was sent twice.
   *
   * @param name The field name in lower case.
   * @returns The values in the order they came, with ", " between them, or `undefined` where there is none.
   */
  getList(name: string): string | undefined {
    const at = this.#offsets;
    let list: string | undefined;
    for (let i = 0; i + 3 < at.length; i += 4) {
      if (!this.#isNamed(i, name)) continue;
      const value = this.#text.slice(at[i + 2], at[i + 3]);
      list = list === undefined ? value : `${list}, ${value}`;
    }
    return list;
  }

  /** Whether the line whose offsets begin at `i` has the name, which is in lower case; letters are those of ASCII. */
  #isNamed(i: number, name: string): boolean {
    const begin = this.#offsets[i] ?? 0;
    const end = this.#offsets[i + 1] ?? 0;
    if (end - begin !== name.length) return false;
    for (let at = 0; at < name.length; at++) {
      const code = this.#text.charCodeAt(begin + at);
      const isUpperCase = code >= 0x41 && code <= 0x5a;
      if ((isUpperCase ? code + 0x20 : code) !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** All lines as name and value, spelled as they were sent. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    const at = this.#offsets;
    for (let i = 0; i + 3 < at.length; i += 4) {
      yield [this.#text.slice(at[i], at[i + 1]), this.#text.slice(at[i + 2], at[i + 3])];
    }
  }
}

/** A request as far as its head tells: everything that decides how it is framed and answered. */
export interface RequestHead {
  /** The method, case-sensitive, RFC 9110 section 9.1. */
  readonly method: string;
  /** What is asked for. */
  readonly target: RequestTarget;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and any later minor version (RFC 9110 section 2.5). */
  readonly minorVersion: 0 | 1;
  /** The field section. */
  readonly fieldLines: FieldLines;
  /** How the body that follows is delimited. */
  readonly framing: MessageFraming;
  /** Whether the client lets the connection go on after this exchange, RFC 9112 section 9.3. */
  readonly persistent: boolean;
  /** Whether the client waits for `100 (Continue)` before it sends the body, RFC 9110 section 10.1.1. */
  readonly expectsContinue: boolean;
  /** The request line as it was sent, for the access log. */
  readonly requestLine: string;
  /** The whole head as it was sent, decoded as ISO-8859-1. */
  readonly text: string;
}

/** The little of an open file that sending it needs; `Deno.FsFile` has it. */
export interface OpenFile {
  /** Reads from the current position; `null` at the end. */
  readSync(into: Uint8Array): number | null;
  /** The same without blocking the thread, at several times the cost. */
  read?(into: Uint8Array): Promise<number | null>;
  /** Whether reading takes so long that the thread must not wait for it; where it is absent it does not. */
  readonly isSlow?: boolean;
  /** Moves the current position; `whence` 0 counts from the beginning. */
  seekSync(offset: number, whence: 0): number;
  /** Gives the descriptor back. */
  close(): void;
}

/** A body that comes from an open file, whole or in pieces. Whoever takes it closes the file. */
export interface FileBody {
  /** The open file. */
  readonly file: OpenFile;
  /** What is sent, in this order: bytes as they are, and stretches of the file. */
  readonly pieces: readonly (Uint8Array | ByteRange)[];
  /** Number of bytes promised to the client. */
  readonly length: number;
}

/** A body that is made while it is sent. Whoever takes it ends the iteration, also where nothing of it is sent. */
export interface StreamBody {
  /** Its pieces; one is not touched any more once the next is asked for. */
  readonly stream: AsyncIterator<Uint8Array, void>;
  /** Number of bytes promised; absent where it is not known before the end. */
  readonly length?: number;
  /** Whether it goes on as long as the client stays, so that a server that stops does not wait for it. */
  readonly isEndless: boolean;
}

/** A connection in both directions; a `Deno.Conn` is one. */
export interface Duplex {
  /** Reads some bytes; `null` once the other side has closed. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes, which are not to be changed before the end, and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes the sending side. */
  closeWrite(): Promise<void>;
  /** Closes both; what waits then fails. */
  close(): void;
}

/** What comes behind 101 (Switching Protocols), RFC 9110 section 7.8. */
export interface UpgradeBody {
  /**
   * Drives the connection to its end and closes it; called also where the answer could not be sent. Never throws.
   *
   * @param duplex The connection; owned by this call.
   * @param report Told what goes wrong.
   */
  readonly run: (duplex: Duplex, report: (error: unknown) => void) => Promise<void>;
  /** The server stops: asks the other side to end. */
  readonly shutdown: () => void;
  /** There is no content. */
  readonly length: 0;
}

/** A body of which the answer to HEAD needs no more than its length. */
export interface AbsentBody {
  /** What `Content-Length` says; `undefined` where it is not known. */
  readonly length: number | undefined;
}

/** The content of a response. */
export type ResponseBody = Uint8Array<ArrayBuffer> | FileBody | StreamBody | UpgradeBody | AbsentBody;

/** One field line of a response. */
export type FieldLine = readonly [name: string, value: string];

/** An answer as a value: status, field lines and body. Framing and connection fields are added by the encoder. */
export class HttpResponse {
  /** Status code, RFC 9110 section 15. */
  readonly status: number;
  /** Field lines beside the ones that the encoder sets. */
  readonly fields: readonly FieldLine[];
  /** The body; `length`, where it has one, is what `Content-Length` says, also in the answer to HEAD. */
  readonly body: ResponseBody;

  /**
   * Makes a response.
   *
   * @param status Status code.
   * @param fields Field lines beside `Server`, `Date`, `Connection`, `Content-Length` and `Transfer-Encoding`.
   * @param body The content.
   */
  constructor(status: number, fields: readonly FieldLine[], body: ResponseBody) {
    this.status = status;
    this.fields = fields;
    this.body = body;
  }
}

/** Answers a request without a body, at once in most cases: only the listing of a large folder is promised. */
export type StaticHandler = (head: RequestHead) => HttpResponse | Promise<HttpResponse>;

/** A response in the form in which it is sent. It belongs to the writer, which renews its date. */
export interface EncodedMessage {
  /** The head, and behind it the content where both leave in one write. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of the head. */
  readonly headLength: number;
  /** Where in the head the value of `Date` begins. */
  readonly dateAt: number;
  /** The second that its `Date` names, since the epoch. */
  second: number;
  /** How many writes may not have taken the head yet: it must not be changed meanwhile. */
  pendingHeads: number;
}

/** The room in front of a content (`content.ts`), where the head of one response can stand. */
export interface HeadRoom {
  /** The response whose head stands there. */
  holder: ReusableResponse | undefined;
}

/** A response that is sent many times: the writer keeps it in the form in which it is sent. */
export class ReusableResponse extends HttpResponse {
  /** The content. */
  declare readonly body: Uint8Array<ArrayBuffer>;
  /** The room in front of the content, where there is enough. */
  room: HeadRoom | undefined;
  /** What was sent last where the connection goes on; it belongs to the writer. */
  keepAliveMessage: EncodedMessage | undefined = undefined;
  /** What was sent last where the connection ends; it belongs to the writer. */
  closeMessage: EncodedMessage | undefined = undefined;

  /**
   * Makes a response.
   *
   * @param status Status code.
   * @param fields Field lines, as of any response.
   * @param body The content.
   * @param room The room in front of it.
   */
  constructor(status: number, fields: readonly FieldLine[], body: Uint8Array<ArrayBuffer>, room?: HeadRoom) {
    super(status, fields, body);
    this.room = room;
  }
}
