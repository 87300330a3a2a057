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
import type { Content } from "./content.ts";
import { copyContent, readContent } from "./content.ts";
import { compress, selectCodings } from "./content_coding.ts";
import { StaleFileError } from "./errors.ts";
import { FileState } from "./file_state.ts";
import type { FieldLine, OpenFile } from "./message.ts";
import type { ContentCoding } from "./negotiation.ts";
import { CONTENT_CODINGS, selectContentCoding } from "./negotiation.ts";
import type { StoredContent } from "./representation.ts";
import { Representation } from "./representation.ts";
import type { SharedContent, SharedContents } from "./shared_contents.ts";
import { SharedFile } from "./shared_file.ts";

/** The suffix of a neighbour in each coding. */
const SUFFIXES: Readonly<Record<ContentCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

const HTML = /^text\/html\b/;

const VARY: FieldLine = ["Vary", "Accept-Encoding"];
/** Content is what its type says, not what a browser guesses: WHATWG Fetch section "nosniff". */
const NOSNIFF: FieldLine = ["X-Content-Type-Options", "nosniff"];
const IDENTITY_FIELDS: readonly FieldLine[] = [NOSNIFF];
const NO_NEIGHBOURS: Readonly<Partial<Record<ContentCoding, KnownFile>>> = Object.freeze({});

/** A regular file below the root, as it was when it was looked at. */
export interface FoundFile {
  /** Its real path. */
  readonly path: string;
  /** Its state. */
  readonly info: Deno.FileInfo;
  /** Stands for the state of its directory; absent where that is not known. */
  readonly directory?: object | undefined;
  /** As of when it is surely what its path stands for, on the clock; absent: as of when it was looked at. */
  readonly asOfMs?: number;
}

/** The same, as it is kept. */
export interface KnownFile extends Omit<FoundFile, "info" | "asOfMs"> {
  /** Its state. */
  readonly state: FileState;
}

/** How resources are made. */
export interface ResourceOptions {
  /** Largest content that is kept in memory, in bytes. */
  readonly entryBytes: number;
  /** Contents of what is kept. */
  readonly contents: SharedContents;
  /** Whether content is compressed, and neighbours are looked for. */
  readonly isCompressing: boolean;
  /** Selects the `Content-Type` of a file by its path. */
  readonly selectMediaType: (sitePath: string) => string;
  /** Selects the `Cache-Control` of a file by its path and type. */
  readonly selectCacheControl: (sitePath: string, mediaType: string) => string;
  /** Changes HTML that is wanted as a page; absent where it is sent as it is. */
  readonly changePage?: Change | undefined;
  /** Finds a regular file below the root by its path; `undefined` where there is none. */
  readonly findFile: (path: string) => FoundFile | undefined;
  /** Tells as of when a file is surely what it was, by its own path; absent where nothing can be told. */
  readonly confirm?: ((sitePath: string, file: KnownFile) => number | undefined) | undefined;
  /** Tells of a file that was just opened whether it is where it was found. */
  readonly isInPlace: (path: string, isSame: (info: Deno.FileInfo) => boolean) => boolean;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /** The time of the worker. */
  readonly clock: Clock;
}

/** What sets a representation of a file apart: its content coding, or that it was changed as a page. */
type Variant = ContentCoding | "identity" | "changed";

/** Makes a variant of a content. */
export type Change = (content: Uint8Array<ArrayBuffer>) => Uint8Array;

/** One file and its neighbours, as of one look at them. */
export class Resource {
  /** Whether a later change of the files is sure to show in the fingerprint. */
  readonly isSettled: boolean;
  /** As of when it surely is what its path stands for, on the clock; `undefined`: as of when it was looked at. */
  asOfMs: number | undefined;
  /** Memory that the content takes with the room for its head, in bytes, also where it is shared. */
  heldBytes: number = 0;
  readonly #options: ResourceOptions;
  #file: KnownFile;
  readonly #sitePath: string;
  /** The value of `Content-Type`. */
  readonly contentType: string;
  #neighbours: Readonly<Partial<Record<ContentCoding, KnownFile>>>;
  /** Neighbours first: who made them took the time to make them small. */
  readonly #codings: readonly ContentCoding[];
  /** Contents that it holds while it is kept. */
  readonly #contents: SharedContent[] = [];
  #isKept = false;
  readonly #representations: Partial<Record<Variant, Representation>> = {};
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
    this.#file = toKnown(file);
    this.asOfMs = file.asOfMs;
    this.#options = options;
    this.contentType = options.selectMediaType(sitePath);
    const isNegotiated = options.isCompressing && isCompressible(this.contentType);
    this.#neighbours = isNegotiated ? this.#findNeighbours() : NO_NEIGHBOURS;
    const { size } = this.#file.state;
    const compressed = isNegotiated && size <= options.entryBytes ? selectCodings(size) : [];
    const ready = CONTENT_CODINGS.filter((coding) => this.#neighbours[coding] !== undefined);
    this.#codings = ready.length === 0 ? compressed : [...new Set([...ready, ...compressed])];
    this.isSettled = this.#files.every(({ state }) => state.isSettled);
  }

  /** Tells this state of the files from any other one. */
  get fingerprint(): string {
    return [this.#sitePath, ...this.#files.map(({ path, state }) => `${path} ${state}`)].join();
  }

  /** From now on it is kept, and its contents are for others, too. */
  enter(): void {
    this.#isKept = true;
    for (const shared of this.#contents) this.#options.contents.hold(shared);
  }

  /** From now on it is not kept. */
  leave(): void {
    this.#isKept = false;
    for (const shared of this.#contents) this.#options.contents.release(shared);
  }

  get #files(): KnownFile[] {
    return [this.#file, ...Object.values(this.#neighbours)];
  }

  /** The real path of the file. */
  get path(): string {
    return this.#file.path;
  }

  /**
   * Takes over from a later look at the same state what it says of the directories, by which files are confirmed.
   *
   * @param later The resource of that look.
   */
  adopt(later: Resource): void {
    this.asOfMs = later.asOfMs;
    this.#file = later.#file;
    this.#neighbours = later.#neighbours;
    this.#hasCandidates = later.#hasCandidates;
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
    if (this.#neighbours === NO_NEIGHBOURS) return asOfMs;
    for (const coding of CONTENT_CODINGS) {
      const neighbour = this.#neighbours[coding];
      if (asOfMs === undefined || neighbour === undefined) continue;
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
    let representation = this.#representations[variant];
    if (representation === undefined) {
      representation = this.#makeRepresentation(coding, variant);
      this.#representations[variant] = representation;
    }
    return representation;
  }

  #findNeighbours(): Partial<Record<ContentCoding, KnownFile>> {
    const { path, state } = this.#file;
    let neighbours: Partial<Record<ContentCoding, KnownFile>> = NO_NEIGHBOURS;
    for (const coding of CONTENT_CODINGS) {
      const neighbourPath = path + SUFFIXES[coding];
      // Most files have none, and an exception costs seven times as much.
      if (!existsSync(neighbourPath)) continue;
      const found = this.#options.findFile(neighbourPath);
      const neighbour = found && toKnown(found);
      const isUsable = neighbour !== undefined && neighbour.state.mtimeMs >= state.mtimeMs &&
        isReadable(neighbour.path, this.#options.open);
      if (isUsable) neighbours = { ...neighbours, [coding]: neighbour };
      else this.#hasCandidates = true;
    }
    return neighbours;
  }

  get #isChangeable(): boolean {
    return this.#options.changePage !== undefined && HTML.test(this.contentType);
  }

  #makeRepresentation(coding: ContentCoding | "identity", variant: Variant): Representation {
    const neighbour = coding === "identity" ? undefined : this.#neighbours[coding];
    const file = neighbour ?? this.#file;
    const isCompressed = coding !== "identity" && neighbour === undefined;
    const { size, mtimeMs, isYoung } = file.state;
    const isSmall = size <= this.#options.entryBytes;
    const change = isCompressed ? compressTo(coding) : variant === "changed" ? this.#options.changePage : undefined;
    const content = isSmall ? this.#loadContent(file, change && { variant, change }) : this.#describeFile(file);
    const cacheControl = this.#options.selectCacheControl(this.#sitePath, this.contentType);
    return new Representation({
      contentType: this.contentType,
      content,
      validators: {
        entityTag: makeEntityTag({
          mtimeMs,
          size,
          isYoung,
          ...(variant !== "identity" && { variant }),
        }),
        // RFC 9110 section 8.8.2.1: never later than the time of the answer.
        lastModifiedMs: Math.min(mtimeMs, this.#options.clock.second * 1000),
      },
      cacheFields: [["Cache-Control", cacheControl], ...(this.#codings.length > 0 ? [VARY] : [])],
      contentFields: coding === "identity" ? IDENTITY_FIELDS : [NOSNIFF, ["Content-Encoding", coding]],
      hold: (bytes) => this.heldBytes += bytes,
    });
  }

  /** The file is opened also where its content is shared: by this path, too, it must be what was described. */
  #loadContent(file: KnownFile, changed?: { readonly variant: Variant; readonly change: Change }): Content {
    using opened = openFile(file, this.#options);
    const load = () => readWhole(opened, file);
    const make = changed === undefined ? load : () => copyContent(changed.change(load().bytes));
    const shared = this.#options.contents.find(file.state, changed?.variant ?? "identity", make);
    this.#contents.push(shared);
    if (this.#isKept) this.#options.contents.hold(shared);
    return shared.content;
  }

  #describeFile(file: KnownFile): StoredContent {
    checkInPlace(file, this.#options);
    return { length: file.state.size, open: this.#makeOpen(file), mostKeptBytes: this.#options.entryBytes };
  }

  #makeOpen(file: KnownFile): () => OpenFile {
    const shared = new SharedFile({
      open: () => openFile(file, this.#options),
      check: () => checkUnchanged(file),
      now: () => performance.now(),
    });
    return () => shared.open();
  }
}

type OpenOptions = Pick<ResourceOptions, "open" | "isInPlace">;

/** Opens the very file that was described; its name may have changed hands since, to a FIFO even. */
function openFile(found: KnownFile, { open, isInPlace }: OpenOptions): Deno.FsFile {
  checkUnchanged(found);
  try {
    const file = open(found.path);
    let isSame = false;
    try {
      isSame = found.state.isOf(file.statSync()) && isInPlace(found.path, (info) => found.state.isOf(info));
    } finally {
      if (!isSame) file.close();
    }
    if (isSame) return file;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new StaleFileError(`File has changed: ${found.path}`);
}

/** A path whose file has the same state leads to the same content. */
function checkUnchanged({ path, state }: KnownFile): void {
  try {
    if (state.isOf(Deno.statSync(path))) return;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new StaleFileError(`File has changed: ${path}`);
}

function readWhole(file: OpenFile, { path, state }: KnownFile): Content {
  const content = readContent(file, state.size);
  if (content === undefined) throw new StaleFileError(`File has become shorter: ${path}`);
  return content;
}

function compressTo(coding: ContentCoding): Change {
  return (content) => compress(content, coding);
}

/** What is told of a file without opening it is told of one below the root only. */
function checkInPlace({ path, state }: KnownFile, { isInPlace }: OpenOptions): void {
  if (!isInPlace(path, (info) => state.isOf(info))) throw new StaleFileError(`File is not in place: ${path}`);
}

function isReadable(path: string, open: ResourceOptions["open"]): boolean {
  try {
    open(path).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Keeps of a file that was found what tells its state.
 *
 * @param found The file.
 */
export function toKnown({ path, info, directory }: FoundFile): KnownFile {
  return { path, directory, state: new FileState(info) };
}
