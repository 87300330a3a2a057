/**
 * A folder as a zip archive that is made while it is sent: `walk.ts` decides what is in it, `zip.ts` knows its bytes, and
 * here the files are read.
 *
 * A file that fits into a piece is read before its header is written, so small ones leave together. A larger one is sent
 * as it is read, up to the length it had when it was opened. Nothing is held but one piece and the central directory,
 * and nothing is open but the file that is being read and the folders above it.
 *
 * Never does an archive look complete that is not: what is gone when its turn comes is left out, but a large file that
 * becomes shorter under way, or an error of the file system, throws. What is written over meanwhile, without getting
 * shorter, is not noticed. The central directories of all archives share a bound.
 *
 * Contents are stored: most of what is large is compressed already, and where all the rest takes 0.15 ms of processor time
 * for 1 MiB, deflate takes 4 to 12 at its quickest.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { FileTree } from "./file_tree.ts";
import { TurnClock } from "./turns.ts";
import type { Step, WalkOptions } from "./walk.ts";
import { isSameFile, unlessRefused, walk } from "./walk.ts";
import type { ZipEntry } from "./zip.ts";
import { headerLength, ZipEncoder } from "./zip.ts";

/** Size of a piece, in bytes. */
const PIECE_BYTES = 262_144;

/** How long the work goes on before others have their turn, in milliseconds. */
const TURN_MS = 2;

/** How often a file is opened that is replaced by another one in the same moment. */
const TRIES = 3;

/**
 * What all archives that are under way hold for their ends: about 100 bytes for each entry. Links across a tree can lead
 * to any number of entries.
 */
export class ArchiveMemory {
  readonly #mostBytes: number;
  #heldBytes = 0;

  /**
   * Begins with nothing held.
   *
   * @param mostBytes What may be held, in bytes; the default is enough for 2.5 million entries.
   */
  constructor(mostBytes: number = 256 << 20) {
    this.#mostBytes = mostBytes;
  }

  /** Whether no further archive should be begun. */
  get isScarce(): boolean {
    return this.#heldBytes > this.#mostBytes / 2;
  }

  /**
   * Takes some.
   *
   * @param bytes How much, in bytes.
   * @throws {Error} Where it would be too much; nothing is taken then.
   */
  take(bytes: number): void {
    if (this.#heldBytes + bytes > this.#mostBytes) throw new Error("Too many files to archive");
    this.#heldBytes += bytes;
  }

  /**
   * Gives some back.
   *
   * @param bytes How much, in bytes.
   */
  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

/** What is archived, and how. */
export interface ArchiveOptions {
  /** The files of the site. */
  readonly tree: FileTree;
  /** The path of the folder in the site, resolved, with a slash at the end. */
  readonly folder: string;
  /** The name of the one folder that is in the archive, with all the rest in it. */
  readonly name: string;
  /** Opens a file. */
  readonly open: (path: string) => Deno.FsFile;
  /** Whether a path of the site may be asked for; a folder is named without a slash at the end. */
  readonly isShown: (path: string) => boolean;
  /** What it may hold for its end, together with others. */
  readonly memory: ArchiveMemory;
}

type Pieces = Generator<Uint8Array<ArrayBuffer>, void, void>;

/**
 * Archives a folder. Nothing is done before the first piece is asked for, and an end in the middle closes what is open.
 *
 * @param options What is archived, and how.
 * @returns The bytes of a zip archive. A piece is overwritten when the next one is asked for.
 * @throws {TypeError} At the first piece, where the name is not that of a folder.
 * @throws {Error} Where the folder cannot be read, a file becomes shorter while it is sent, the file system fails, or
 * there are too many files: what came so far is useless.
 */
export async function* archive(options: ArchiveOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const { tree, folder, isShown } = options;
  // The root may be switched to another release meanwhile, and the archive is of one of them.
  const look = tree.pin();
  using writer = new ArchiveWriter(options, look);
  const clock = new TurnClock(TURN_MS);
  for await (const step of walk(folder, { look, isShown })) {
    if (clock.isOver) await clock.pass();
    if (step !== undefined) yield* inTurns(writer.add(step), clock);
  }
  yield* inTurns(writer.close(), clock);
}

/** What happens between two pieces, here and in the consumer, may settle at once: others have their turn here. */
async function* inTurns(pieces: Pieces, clock: TurnClock): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (const piece of pieces) {
    if (clock.isOver) await clock.pass();
    yield piece;
  }
}

/** Reads the files, and writes the archive into pieces. */
class ArchiveWriter implements Disposable {
  readonly #options: ArchiveOptions;
  readonly #look: WalkOptions["look"];
  readonly #zip = new ZipEncoder();
  readonly #utf8 = new TextEncoder();
  readonly #buffer = new Uint8Array(PIECE_BYTES);
  #used = 0;
  /** What was taken of the memory for ends, in bytes. */
  #taken = 0;

  constructor(options: ArchiveOptions, look: WalkOptions["look"]) {
    const { name } = options;
    if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) {
      throw new TypeError(`Cannot name a folder ${JSON.stringify(name)}`);
    }
    this.#options = options;
    this.#look = look;
  }

  /** A piece comes when it is full: mostly none, and several for a large file. */
  *add(step: Step): Pieces {
    const { path, found } = step;
    if (found.info.isDirectory) yield* this.#write(this.#zip.add(this.#describe(path, found.info)));
    else yield* this.#addFile(step);
    const added = this.#zip.directoryBytes - this.#taken;
    this.#options.memory.take(added);
    this.#taken += added;
  }

  *close(): Pieces {
    for (const bytes of this.#zip.close()) yield* this.#write(bytes);
    yield this.#take();
  }

  [Symbol.dispose](): void {
    this.#options.memory.giveBack(this.#taken);
  }

  #describe(path: string, { mtime, mode }: Deno.FileInfo): ZipEntry {
    return {
      path: this.#utf8.encode(`${this.#options.name}/${path}`),
      modifiedMs: mtime?.getTime(),
      isExecutable: ((mode ?? 0) & 0o100) !== 0,
    };
  }

  /** Opens the very file that was found: its name may have changed hands since, to a FIFO even, or a link. */
  *#addFile({ path, found }: Step): Pieces {
    const { folder, open, tree } = this.#options;
    for (let tries = 1;; tries++) {
      const { path: realPath, info } = found;
      using file = unlessRefused(() => open(realPath));
      if (file === undefined) return;
      const opened = file.statSync();
      // A folder on the way to it may have become a link just before it was found.
      const isInPlace = isSameFile(opened, info) && tree.isInPlace(realPath, (other) => isSameFile(opened, other));
      if (isInPlace) return yield* this.#addContent(file, this.#describe(path, opened), opened.size);
      if (tries === TRIES) throw new Error(`File is being replaced: ${realPath}`);
      const other = unlessRefused(() => this.#look(folder + path));
      if (!other?.info.isFile) return;
      found = other;
    }
  }

  #addContent(file: Deno.FsFile, entry: ZipEntry, length: number): Pieces {
    const isSmall = headerLength(entry) + length <= PIECE_BYTES;
    return isSmall ? this.#addSmall(file, entry, length) : this.#addLarge(file, entry, length);
  }

  /** The content is read to where it stands in the piece, and its header is put before it. */
  *#addSmall(file: Deno.FsFile, entry: ZipEntry, length: number): Pieces {
    const start = headerLength(entry);
    if (start + length > this.#free.length) yield this.#take();
    const place = this.#free.subarray(start, start + length);
    const content = place.subarray(0, readUpTo(file, place));
    this.#free.set(this.#zip.add(entry, { length: content.length, crc32: crc32(content) }));
    this.#used += start + content.length;
  }

  *#addLarge(file: Deno.FsFile, entry: ZipEntry, length: number): Pieces {
    yield* this.#write(this.#zip.begin(entry, length));
    let checksum = 0;
    for (let left = length; left > 0;) {
      if (this.#free.length === 0) yield this.#take();
      const place = this.#free.subarray(0, left);
      const count = file.readSync(place);
      if (count === null) throw new Error("File has become shorter while it was archived");
      checksum = crc32(place.subarray(0, count), checksum);
      this.#used += count;
      left -= count;
    }
    yield* this.#write(this.#zip.end(checksum));
  }

  get #free(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#used);
  }

  /** No header, and no block of the central directory, is larger than a piece. */
  *#write(bytes: Uint8Array): Pieces {
    if (bytes.length > this.#free.length) yield this.#take();
    this.#free.set(bytes);
    this.#used += bytes.length;
  }

  #take(): Uint8Array<ArrayBuffer> {
    const piece = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return piece;
  }
}

/** Reads until the place is full or the file ends, and tells how much. */
function readUpTo(file: Deno.FsFile, place: Uint8Array): number {
  let length = 0;
  while (length < place.length) {
    const count = file.readSync(place.subarray(length));
    if (count === null) break;
    length += count;
  }
  return length;
}
