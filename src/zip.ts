/**
 * The format of zip archives, written in one pass and without I/O: an encoder is told of each entry, and returns the
 * bytes that stand before, behind and after the contents. PKWARE's APPNOTE.TXT 6.3.10, whose sections are cited.
 *
 * Contents are stored as they are (method 0). One whose checksum is known only when it has been sent is followed by a
 * data descriptor. Zip64 is used where a length or an offset needs more than 32 bits or the number of entries more than
 * 16, and only there, since old programs do not know it. Paths are UTF-8 and say so. Times stand twice: as MS-DOS had
 * them, here in UTC so that the bytes do not depend on the machine, and in the extra field of Info-ZIP in seconds.
 *
 * Not here: compression, encryption, comments, archives of several disks.
 *
 * @module
 */

/** The largest values of 16 and 32 bits: they say that the value is in a record of Zip64. */
const MAX_16 = 0xffff;
const MAX_32 = 0xffff_ffff;

const LOCAL_HEADER_BYTES = 30;
const CENTRAL_HEADER_BYTES = 46;

/** Section 4.4.4: bit 3, a data descriptor follows; bit 11, the path is UTF-8. */
const DESCRIPTOR_FLAG = 1 << 3;
const UTF8_FLAG = 1 << 11;

/** Section 4.4.3: folders need version 2.0 of the format, Zip64 needs 4.5. */
const VERSION = 20;
const ZIP64_VERSION = 45;
/** Section 4.4.2: the attributes are those of UNIX. */
const MADE_BY = (3 << 8) | ZIP64_VERSION;

/** Section 4.5.3. */
const ZIP64_FIELD = 0x0001;
/** Info-ZIP's extended timestamp, APPNOTE section 4.6.1; here with the time of modification and no other. */
const TIME_FIELD = 0x5455;
const TIME_FIELD_BYTES = 9;

/** The years that MS-DOS has. */
const FIRST_MS = Date.UTC(1980, 0);
const LAST_MS = Date.UTC(2107, 11, 31, 23, 59, 58);

const FOLDER_MODE = 0o040755;
const PROGRAM_MODE = 0o100755;
const FILE_MODE = 0o100644;

/** The central directory grows by as much; in bytes. */
const BLOCK_BYTES = 65_536;

const SLASH = 0x2f;

/** What an archive tells of a file or a folder, beside the content. */
export interface ZipEntry {
  /** The path in UTF-8, relative, with `/` between the names; a folder has one at the end. */
  readonly path: Uint8Array;
  /** Modification time in milliseconds since the epoch; `undefined` where it is not known. */
  readonly modifiedMs: number | undefined;
  /** Whether it is a program; of permissions no more is kept. */
  readonly isExecutable: boolean;
}

/** What an archive tells of a content. */
export interface ZipContent {
  /** Its length in bytes. */
  readonly length: number;
  /** Its CRC-32, as an unsigned number. */
  readonly crc32: number;
}

/** An entry whose content is being sent. */
interface OpenEntry {
  readonly entry: ZipEntry;
  readonly length: number;
  readonly offset: number;
}

/** An entry with all that the central directory says of it. */
interface FinishedEntry extends ZipContent {
  readonly entry: ZipEntry;
  readonly offset: number;
  readonly flags: number;
}

/** Encodes one archive. The order is that of the bytes: header, content, header, content, and the directory at the end. */
export class ZipEncoder {
  #offset = 0;
  #entries = 0;
  #open: OpenEntry | undefined;
  readonly #directory = new Blocks();

  /** What the central directory takes by now, in bytes of memory. */
  get directoryBytes(): number {
    return this.#directory.length;
  }

  /**
   * Adds a folder, or a file whose content is known.
   *
   * @param entry The entry.
   * @param content The content, shorter than 4 GiB; a folder has none.
   * @returns What stands before the content.
   * @throws {RangeError} Where the path is too long for the format.
   */
  add(entry: ZipEntry, content: ZipContent = { length: 0, crc32: 0 }): Uint8Array<ArrayBuffer> {
    const header = encodeLocalHeader(entry, { ...content, flags: UTF8_FLAG });
    this.#finish({ entry, offset: this.#offset, flags: UTF8_FLAG, ...content });
    this.#offset += header.length + content.length;
    return header;
  }

  /**
   * Begins a file whose content is sent before its checksum is known.
   *
   * @param entry The entry.
   * @param length The length of the content in bytes.
   * @returns What stands before the content.
   * @throws {RangeError} Where the path is too long for the format.
   */
  begin(entry: ZipEntry, length: number): Uint8Array<ArrayBuffer> {
    const header = encodeLocalHeader(entry, { length, crc32: 0, flags: UTF8_FLAG | DESCRIPTOR_FLAG });
    this.#open = { entry, length, offset: this.#offset };
    this.#offset += header.length + length;
    return header;
  }

  /**
   * Ends the file that was begun.
   *
   * @param crc32 The checksum of its content.
   * @returns What stands behind the content.
   */
  end(crc32: number): Uint8Array<ArrayBuffer> {
    if (this.#open === undefined) throw new TypeError("Cannot end a file that was not begun");
    const content = { length: this.#open.length, crc32 };
    const descriptor = encodeDataDescriptor(content);
    this.#finish({ ...this.#open, ...content, flags: UTF8_FLAG | DESCRIPTOR_FLAG });
    this.#offset += descriptor.length;
    this.#open = undefined;
    return descriptor;
  }

  /** Ends the archive: the central directory, part by part, and the records that tell where it is. */
  *close(): Generator<Uint8Array<ArrayBuffer>, void, void> {
    yield* this.#directory;
    yield encodeEnd({ entries: this.#entries, length: this.#directory.length, offset: this.#offset });
  }

  #finish(finished: FinishedEntry): void {
    this.#directory.push(encodeCentralHeader(finished));
    this.#entries++;
  }
}

/**
 * Tells the length of what stands before a content that is known.
 *
 * @param entry The entry.
 * @returns The length in bytes.
 */
export function headerLength(entry: ZipEntry): number {
  return LOCAL_HEADER_BYTES + entry.path.length + timeFieldBytes(entry.modifiedMs);
}

/** Many short records in a few large arrays, since an array takes more memory than such a record. */
class Blocks {
  length = 0;
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  #block = new Uint8Array(BLOCK_BYTES);
  #used = 0;

  push(record: Uint8Array): void {
    if (this.#used + record.length > this.#block.length) {
      this.#full.push(this.#block.subarray(0, this.#used));
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES, record.length));
      this.#used = 0;
    }
    this.#block.set(record, this.#used);
    this.#used += record.length;
    this.length += record.length;
  }

  *[Symbol.iterator](): Generator<Uint8Array<ArrayBuffer>, void, void> {
    yield* this.#full;
    yield this.#block.subarray(0, this.#used);
  }
}

/** What local and central header tell of an entry in the same way. */
interface HeaderFields {
  readonly entry: ZipEntry;
  readonly flags: number;
  readonly crc32: number;
  /** As it stands in the header. */
  readonly length: number;
  /** Values that are too large for the header, in the order lengths, offset. */
  readonly large: readonly number[];
}

/** Section 4.4: the fields from the version to the length of the extra fields, with path and extra fields at the end. */
function encodeHeader(
  { signature, fixedBytes, fieldsAt }: { signature: number; fixedBytes: number; fieldsAt: number },
  { entry, flags, crc32, length, large }: HeaderFields,
): { bytes: Uint8Array<ArrayBuffer>; view: DataView } {
  const { path, modifiedMs } = entry;
  if (path.length > MAX_16) throw new RangeError("Path is too long for a zip archive");
  const extraBytes = timeFieldBytes(modifiedMs) + zip64FieldBytes(large);
  const bytes = new Uint8Array(fixedBytes + path.length + extraBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  view.setUint16(fieldsAt, large.length > 0 ? ZIP64_VERSION : VERSION, true);
  view.setUint16(fieldsAt + 2, flags, true);
  view.setUint32(fieldsAt + 6, toDosTime(modifiedMs), true);
  view.setUint32(fieldsAt + 10, crc32, true);
  view.setUint32(fieldsAt + 14, length, true);
  view.setUint32(fieldsAt + 18, length, true);
  view.setUint16(fieldsAt + 22, path.length, true);
  view.setUint16(fieldsAt + 24, extraBytes, true);
  bytes.set(path, fixedBytes);
  const extraAt = fixedBytes + path.length;
  writeZip64Field(view, extraAt, large);
  writeTimeField(view, extraAt + zip64FieldBytes(large), modifiedMs);
  return { bytes, view };
}

/** Sections 4.3.7 and 4.4.4: in front of a content with a descriptor checksum and lengths are zero. */
function encodeLocalHeader(
  entry: ZipEntry,
  { length, crc32, flags }: ZipContent & { readonly flags: number },
): Uint8Array<ArrayBuffer> {
  const stated = flags & DESCRIPTOR_FLAG ? 0 : length;
  const isZip64 = length >= MAX_32;
  const fields = { entry, flags, crc32, length: isZip64 ? MAX_32 : stated, large: isZip64 ? [stated, stated] : [] };
  return encodeHeader({ signature: 0x04034b50, fixedBytes: LOCAL_HEADER_BYTES, fieldsAt: 4 }, fields).bytes;
}

/** Section 4.3.9. The lengths have 64 bits exactly where the local header has a field of Zip64. */
function encodeDataDescriptor({ length, crc32 }: ZipContent): Uint8Array<ArrayBuffer> {
  const isZip64 = length >= MAX_32;
  const bytes = new Uint8Array(isZip64 ? 24 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x08074b50, true);
  view.setUint32(4, crc32, true);
  if (isZip64) {
    view.setBigUint64(8, BigInt(length), true);
    view.setBigUint64(16, BigInt(length), true);
  } else {
    view.setUint32(8, length, true);
    view.setUint32(12, length, true);
  }
  return bytes;
}

/** Section 4.3.12. */
function encodeCentralHeader({ entry, offset, flags, length, crc32 }: FinishedEntry): Uint8Array<ArrayBuffer> {
  const large = [...(length >= MAX_32 ? [length, length] : []), ...(offset >= MAX_32 ? [offset] : [])];
  const { bytes, view } = encodeHeader(
    { signature: 0x02014b50, fixedBytes: CENTRAL_HEADER_BYTES, fieldsAt: 6 },
    { entry, flags, crc32, length: Math.min(length, MAX_32), large },
  );
  const isFolder = entry.path.at(-1) === SLASH;
  view.setUint16(4, MADE_BY, true);
  // The bit by which MS-DOS knows a folder, and the mode of UNIX.
  view.setUint16(38, isFolder ? 0x10 : 0, true);
  view.setUint16(40, isFolder ? FOLDER_MODE : entry.isExecutable ? PROGRAM_MODE : FILE_MODE, true);
  view.setUint32(42, Math.min(offset, MAX_32), true);
  return bytes;
}

/** Where the central directory is. */
interface DirectoryPlace {
  readonly entries: number;
  readonly length: number;
  readonly offset: number;
}

/** Section 4.3.16, with the records of sections 4.3.14 and 4.3.15 before it where a value does not fit. */
function encodeEnd(place: DirectoryPlace): Uint8Array<ArrayBuffer> {
  const { entries, length, offset } = place;
  const isZip64 = entries >= MAX_16 || length >= MAX_32 || offset >= MAX_32;
  const zip64Bytes = isZip64 ? 76 : 0;
  const bytes = new Uint8Array(zip64Bytes + 22);
  const view = new DataView(bytes.buffer);
  if (isZip64) writeZip64End(view, place);
  view.setUint32(zip64Bytes, 0x06054b50, true);
  view.setUint16(zip64Bytes + 8, Math.min(entries, MAX_16), true);
  view.setUint16(zip64Bytes + 10, Math.min(entries, MAX_16), true);
  view.setUint32(zip64Bytes + 12, Math.min(length, MAX_32), true);
  view.setUint32(zip64Bytes + 16, Math.min(offset, MAX_32), true);
  return bytes;
}

function writeZip64End(view: DataView, { entries, length, offset }: DirectoryPlace): void {
  view.setUint32(0, 0x06064b50, true);
  // The length of the record without its first 12 bytes.
  view.setBigUint64(4, 44n, true);
  view.setUint16(12, MADE_BY, true);
  view.setUint16(14, ZIP64_VERSION, true);
  view.setBigUint64(24, BigInt(entries), true);
  view.setBigUint64(32, BigInt(entries), true);
  view.setBigUint64(40, BigInt(length), true);
  view.setBigUint64(48, BigInt(offset), true);
  // The locator: where this record begins, and that there is one disk.
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(offset + length), true);
  view.setUint32(72, 1, true);
}

function zip64FieldBytes(large: readonly number[]): number {
  return large.length === 0 ? 0 : 4 + 8 * large.length;
}

/** Section 4.5.3: only the values that do not fit. */
function writeZip64Field(view: DataView, at: number, large: readonly number[]): void {
  if (large.length === 0) return;
  view.setUint16(at, ZIP64_FIELD, true);
  view.setUint16(at + 2, 8 * large.length, true);
  for (const [index, value] of large.entries()) view.setBigUint64(at + 4 + 8 * index, BigInt(value), true);
}

/** A time that 32 bits do not hold is left to the field of MS-DOS. */
function timeFieldBytes(modifiedMs: number = NaN): number {
  const seconds = Math.floor(modifiedMs / 1000);
  return seconds === (seconds | 0) ? TIME_FIELD_BYTES : 0;
}

/** The same in local and central header. */
function writeTimeField(view: DataView, at: number, modifiedMs: number = NaN): void {
  if (timeFieldBytes(modifiedMs) === 0) return;
  view.setUint16(at, TIME_FIELD, true);
  view.setUint16(at + 2, TIME_FIELD_BYTES - 4, true);
  // There is a time of modification, and no other.
  view.setUint8(at + 4, 1);
  view.setInt32(at + 5, Math.floor(modifiedMs / 1000), true);
}

/** Section 4.4.6, the date in the upper half; the nearest that MS-DOS has. */
function toDosTime(modifiedMs: number = NaN): number {
  const time = new Date(modifiedMs >= FIRST_MS ? Math.min(modifiedMs, LAST_MS) : FIRST_MS);
  const date = (time.getUTCFullYear() - 1980) << 9 | (time.getUTCMonth() + 1) << 5 | time.getUTCDate();
  return date << 16 | time.getUTCHours() << 11 | time.getUTCMinutes() << 5 | time.getUTCSeconds() >> 1;
}
