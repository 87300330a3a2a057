/**
 * A file as a resource: its representations in each content coding, made when they are first asked for.
 *
 * A coded representation is a neighbour of the file (`app.js.br`, `app.js.zst`, `app.js.gz`) that is not older than it,
 * else the content compressed here, once. A neighbour has an entity tag of its own. Content up to a bound is kept in
 * memory; what is larger is read for each answer, and only while it is still the file that was described.
 *
 * @module
 */

import { existsSync } from "node:fs";
import type { Clock } from "./clock.ts";
import { isCompressible } from "./compressible.ts";
import { makeEntityTag } from "./conditional.ts";
import { allocateContent, copyContent } from "./content.ts";
import { compress, selectCodings } from "./content_coding.ts";
import type { FieldLine, OpenFile } from "./message.ts";
import type { ContentCoding } from "./negotiation.ts";
import { CONTENT_CODINGS, selectContentCoding } from "./negotiation.ts";
import { Representation } from "./representation.ts";
import { SharedFile } from "./shared_file.ts";

/** The suffix of a neighbour in each coding. */
const SUFFIXES: Readonly<Record<ContentCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/** Time stamps of files are coarse: two changes within this time may look like one; in milliseconds. */
const COARSE_MTIME_MS = 2_000;

const HTML = /^text\/html\b/;

const VARY: FieldLine = ["Vary", "Accept-Encoding"];
/** Content is what its type says, not what a browser guesses: WHATWG Fetch section "nosniff". */
const NOSNIFF: FieldLine = ["X-Content-Type-Options", "nosniff"];

/** A regular file below the root, as it was when it was looked at. */
export interface FoundFile {
  /** Its real path. */
  readonly path: string;
  /** Its state. */
  readonly info: Deno.FileInfo;
  /** Stands for the state of its directory; absent where that is not known. */
  readonly directory?: object | undefined;
}

/** How resources are made. */
export interface ResourceOptions {
  /** Largest content that is kept in memory, in bytes. */
  readonly entryBytes: number;
  /** Whether content is compressed, and neighbours are looked for. */
  readonly isCompressing: boolean;
  /** Selects the `Content-Type` of a file by its path. */
  readonly selectMediaType: (sitePath: string) => string;
  /** Selects the `Cache-Control` of a file by its path and type. */
  readonly selectCacheControl: (sitePath: string, mediaType: string) => string;
  /** Changes HTML that is wanted as a page; absent where it is sent as it is. */
  readonly changePage?: ((html: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | undefined;
  /** Finds a regular file below the root by its path; `undefined` where there is none. */
  readonly findFile: (path: string) => FoundFile | undefined;
  /** Tells as of when a file is surely what it was, by its own path; absent where nothing can be told. */
  readonly confirm?: ((sitePath: string, file: FoundFile) => number | undefined) | undefined;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /** The time of the worker. */
  readonly clock: Clock;
}

/** What sets a representation of a file apart: its content coding, or that it was changed as a page. */
type Variant = ContentCoding | "identity" | "changed";

/** A file was changed after it was described: what was said of it is not true any more. */
export class StaleFileError extends Error {
  /** The name of the class. */
  override readonly name: string = "StaleFileError";
}

/** One file and its neighbours, as of one look at them. */
export class Resource {
  /** Tells this state of the files from any other one. */
  readonly fingerprint: string;
  /** Whether a later change of the files is sure to show in the fingerprint. */
  readonly isSettled: boolean;
  /** Memory that the content takes with the room for its head, in bytes. */
  heldBytes: number = 0;
  readonly #options: ResourceOptions;
  readonly #file: FoundFile;
  readonly #sitePath: string;
  /** The value of `Content-Type`. */
  readonly contentType: string;
  readonly #neighbours = new Map<ContentCoding, FoundFile>();
  /** Neighbours first: who made them took the time to make them small. */
  readonly #codings: readonly ContentCoding[];
  readonly #representations = new Map<Variant, Representation>();
  /** Whether a name beside it could become a neighbour without any name coming or going. */
  #hasCandidates = false;

  /**
   * Looks for the neighbours of a file.
   *
   * @param sitePath The path of the file below the root, with a leading `/`: its type is that of its name, not of what
   * the name links to.
   * @param file The file.
   * @param options How resources are made.
   */
  constructor(sitePath: string, file: FoundFile, options: ResourceOptions) {
    this.#sitePath = sitePath;
    this.#file = file;
    this.#options = options;
    this.contentType = options.selectMediaType(sitePath);
    const isNegotiated = options.isCompressing && isCompressible(this.contentType);
    if (isNegotiated) this.#findNeighbours();
    const { size } = file.info;
    const compressed = isNegotiated && size <= options.entryBytes ? selectCodings(size) : [];
    this.#codings = [...new Set([...this.#neighbours.keys(), ...compressed])];
    const files = [file, ...this.#neighbours.values()];
    this.fingerprint = files.map(describeFile).join();
    this.isSettled = !files.some(({ info }) => isYoung(toMs(info)));
  }

  /** The real path of the file. */
  get path(): string {
    return this.#file.path;
  }

  /**
   * Looks whether all files are as they were, which costs less than to find them anew.
   *
   * @returns As of when that is sure, on the clock; `undefined` where it is not.
   */
  confirm(): number | undefined {
    const { confirm } = this.#options;
    if (confirm === undefined || this.#hasCandidates) return undefined;
    let asOfMs = confirm(this.#sitePath, this.#file);
    for (const [coding, neighbour] of this.#neighbours) {
      if (asOfMs === undefined) return undefined;
      const neighbourMs = confirm(this.#sitePath + SUFFIXES[coding], neighbour);
      asOfMs = neighbourMs === undefined ? undefined : Math.min(asOfMs, neighbourMs);
    }
    return asOfMs;
  }

  /**
   * Selects the representation that a client wants.
   *
   * @param acceptEncoding The value of `Accept-Encoding`.
   * @param isPage Whether it is wanted as a page, to be looked at.
   * @throws {StaleFileError} Where a file was changed meanwhile.
   */
  select(acceptEncoding: string | undefined, isPage: boolean = false): Representation {
    const coding = selectContentCoding(acceptEncoding, this.#codings);
    const variant = isPage && this.#isChangeable ? "changed" : coding;
    let representation = this.#representations.get(variant);
    if (representation === undefined) {
      representation = this.#makeRepresentation(coding, variant);
      this.#representations.set(variant, representation);
      this.heldBytes += representation.content?.buffer.byteLength ?? 0;
    }
    return representation;
  }

  #findNeighbours(): void {
    const { path, info } = this.#file;
    for (const coding of CONTENT_CODINGS) {
      const neighbourPath = path + SUFFIXES[coding];
      // Most files have none, and an exception costs seven times as much.
      if (!existsSync(neighbourPath)) continue;
      const neighbour = this.#options.findFile(neighbourPath);
      const isUsable = neighbour !== undefined && toMs(neighbour.info) >= toMs(info) &&
        isReadable(neighbour.path, this.#options.open);
      if (isUsable) this.#neighbours.set(coding, neighbour);
      else this.#hasCandidates = true;
    }
  }

  get #isChangeable(): boolean {
    return this.#options.changePage !== undefined && HTML.test(this.contentType);
  }

  #makeRepresentation(coding: ContentCoding | "identity", variant: Variant): Representation {
    const neighbour = coding === "identity" ? undefined : this.#neighbours.get(coding);
    const file = neighbour ?? this.#file;
    const isCompressed = coding !== "identity" && neighbour === undefined;
    const read = file.info.size <= this.#options.entryBytes
      ? readFile(file, this.#options.open)
      : { length: file.info.size };
    const change = variant === "changed" ? this.#options.changePage : undefined;
    const whole = change !== undefined && read instanceof Uint8Array ? copyContent(change(read)) : read;
    const content = isCompressed && whole instanceof Uint8Array ? copyContent(compress(whole, coding)) : whole;
    const mtimeMs = toMs(file.info);
    const shared = new SharedFile({
      open: () => openFile(file, this.#options.open),
      check: () => checkUnchanged(file),
    });
    const cacheControl = this.#options.selectCacheControl(this.#sitePath, this.contentType);
    return new Representation({
      contentType: this.contentType,
      content,
      validators: {
        entityTag: makeEntityTag({
          mtimeMs,
          size: file.info.size,
          isYoung: isYoung(mtimeMs),
          ...(variant !== "identity" && { variant }),
        }),
        // RFC 9110 section 8.8.2.1: never later than the time of the answer.
        lastModifiedMs: Math.min(mtimeMs, this.#options.clock.second * 1000),
      },
      open: () => shared.open(),
      cacheFields: [["Cache-Control", cacheControl], ...(this.#codings.length > 0 ? [VARY] : [])],
      contentFields: [NOSNIFF, ...(coding === "identity" ? [] : [["Content-Encoding", coding] as const])],
    });
  }
}

/** Opens the very file that was described; its name may have changed hands since, to a FIFO even. */
function openFile(found: FoundFile, open: ResourceOptions["open"]): Deno.FsFile {
  checkUnchanged(found);
  try {
    const file = open(found.path);
    if (isSameState(file.statSync(), found.info)) return file;
    file.close();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new StaleFileError(`File has changed: ${found.path}`);
}

/** A path whose file has the same state leads to the same content. */
function checkUnchanged({ path, info }: FoundFile): void {
  try {
    if (isSameState(Deno.statSync(path), info)) return;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new StaleFileError(`File has changed: ${path}`);
}

function isReadable(path: string, open: ResourceOptions["open"]): boolean {
  try {
    open(path).close();
    return true;
  } catch {
    return false;
  }
}

function readFile(found: FoundFile, open: ResourceOptions["open"]): Uint8Array<ArrayBuffer> {
  const file: OpenFile = openFile(found, open);
  try {
    const content = allocateContent(found.info.size);
    for (let length = 0; length < content.length;) {
      const count = file.readSync(content.subarray(length));
      if (count === null) throw new StaleFileError(`File has become shorter: ${found.path}`);
      length += count;
    }
    return content;
  } finally {
    file.close();
  }
}

/**
 * Tells one state of a file from any other: another name, file, content or permissions all show.
 *
 * @param found The file.
 */
export function describeFile({ path, info }: FoundFile): string {
  const { dev, ino, size, mode, uid, gid } = info;
  return `${path} ${dev} ${ino} ${size} ${toMs(info)} ${info.ctime?.getTime()} ${mode} ${uid} ${gid}`;
}

/**
 * Compares what {@linkcode describeFile} tells, but for the path, without writing it down.
 *
 * @param one A state of a file.
 * @param other Another one, or the same.
 */
export function isSameState(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.size === other.size && toMs(one) === toMs(other) &&
    one.ctime?.getTime() === other.ctime?.getTime() && one.mode === other.mode && one.uid === other.uid &&
    one.gid === other.gid;
}

function toMs(info: Deno.FileInfo): number {
  return info.mtime?.getTime() ?? 0;
}

/**
 * Tells whether a further change could show the same time stamp. A file of the future is younger than any.
 *
 * @param mtimeMs Its modification time, in milliseconds since the epoch.
 */
export function isYoung(mtimeMs: number): boolean {
  return Date.now() - mtimeMs < COARSE_MTIME_MS;
}
