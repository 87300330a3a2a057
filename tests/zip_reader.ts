/**
 * A reader of zip archives for tests, written from APPNOTE.TXT and not from the encoder. It is strict: every byte has to
 * belong to a record, both headers of an entry have to agree, Zip64 has to be used where it is needed and nowhere else.
 */

import { assert, assertEquals } from "@std/assert";

const MAX_16 = 0xffff;
const MAX_32 = 0xffff_ffff;

/** Bytes at some offset. A file of gigabytes need not be in memory. */
export type ZipSource = (offset: number, length: number) => Uint8Array;

/** An entry as both of its headers have it. */
export interface ReadEntry {
  readonly path: string;
  /** `undefined` where only MS-DOS's time is there. */
  readonly modifiedSeconds: number | undefined;
  /** As `2020-02-02T02:02:02`. */
  readonly dosTime: string;
  readonly mode: number;
  readonly isDosFolder: boolean;
  readonly crc32: number;
  readonly length: number;
  /** Where the local header and the content begin. */
  readonly offset: number;
  readonly contentOffset: number;
  /** Whether a data descriptor follows the content. */
  readonly isStreamed: boolean;
  /** Whether the local header, and the central one, have a field of Zip64. */
  readonly zip64: { readonly local: boolean; readonly central: boolean };
}

/** An archive without its contents. */
export interface ReadZip {
  readonly entries: readonly ReadEntry[];
  /** Whether it ends with the records of Zip64. */
  readonly isZip64: boolean;
}

/**
 * Reads all but the contents of an archive.
 *
 * @param source The archive.
 * @param size Its length in bytes.
 */
export function readZip(source: ZipSource, size: number): ReadZip {
  const end = new Record(source(size - 22, 22));
  assertEquals(end.u32(0), 0x06054b50, "end of central directory");
  assertEquals([end.u16(4), end.u16(6), end.u16(20)], [0, 0, 0], "one disk, no comment");
  assertEquals(end.u16(8), end.u16(10));
  const short = { count: end.u16(10), length: end.u32(12), offset: end.u32(16) };
  const isZip64 = size >= 98 && new Record(source(size - 42, 4)).u32(0) === 0x07064b50;
  const place = isZip64 ? readZip64End(source, size) : short;
  assertEquals(
    isZip64,
    place.count >= MAX_16 || place.length >= MAX_32 || place.offset >= MAX_32,
    "Zip64 where needed",
  );
  assertEquals(short, {
    count: Math.min(place.count, MAX_16),
    length: Math.min(place.length, MAX_32),
    offset: Math.min(place.offset, MAX_32),
  });
  assertEquals(place.offset + place.length, size - (isZip64 ? 98 : 22), "nothing behind the central directory");

  const directory = source(place.offset, place.length);
  const entries: ReadEntry[] = [];
  let next = 0;
  for (let at = 0; at < directory.length;) {
    const { entry, length } = readCentralHeader(new Record(directory.subarray(at)), source);
    at += length;
    assertEquals(entry.offset, next, "nothing between entries");
    next = entry.contentOffset + entry.length + (entry.isStreamed ? checkDescriptor(entry, source) : 0);
    entries.push(entry);
  }
  assertEquals(next, place.offset, "nothing in front of the central directory");
  assertEquals(entries.length, place.count);
  return { entries, isZip64 };
}

/**
 * Reads an archive that is in memory, and checks every checksum.
 *
 * @param bytes The archive.
 * @returns The entries, and their contents by path.
 */
export function unzip(bytes: Uint8Array): ReadZip & { readonly contents: ReadonlyMap<string, Uint8Array> } {
  const zip = readZip((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
  const contents = new Map<string, Uint8Array>();
  for (const { path, contentOffset, length, crc32 } of zip.entries) {
    const content = bytes.subarray(contentOffset, contentOffset + length);
    assertEquals(checksum(content), crc32, `checksum of ${path}`);
    assert(!contents.has(path), `${path} is there once`);
    contents.set(path, content);
  }
  return { ...zip, contents };
}

/** Numbers in little-endian order. */
class Record {
  readonly #view: DataView;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  i32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  u64(at: number): number {
    const value = Number(this.#view.getBigUint64(at, true));
    assert(Number.isSafeInteger(value));
    return value;
  }
}

function readZip64End(source: ZipSource, size: number): { count: number; length: number; offset: number } {
  const locator = new Record(source(size - 42, 20));
  assertEquals([locator.u32(4), locator.u64(8), locator.u32(16)], [0, size - 98, 1]);
  const record = new Record(source(size - 98, 56));
  assertEquals([record.u32(0), record.u64(4)], [0x06064b50, 44]);
  assertEquals([record.u16(14), record.u32(16), record.u32(20)], [45, 0, 0]);
  assertEquals(record.u64(24), record.u64(32));
  return { count: record.u64(32), length: record.u64(40), offset: record.u64(48) };
}

/** Fields from the version to the length of the extra fields: the same in both headers. */
function readCommonFields(header: Record, at: number) {
  return {
    version: header.u16(at),
    flags: header.u16(at + 2),
    method: header.u16(at + 4),
    time: header.u32(at + 6),
    crc32: header.u32(at + 10),
    compressed: header.u32(at + 14),
    length: header.u32(at + 18),
    pathLength: header.u16(at + 22),
    extraLength: header.u16(at + 24),
  };
}

function readCentralHeader(header: Record, source: ZipSource): { entry: ReadEntry; length: number } {
  assertEquals(header.u32(0), 0x02014b50, "central header");
  const fields = readCommonFields(header, 6);
  assertEquals([header.u16(4) >> 8, header.u16(32), header.u16(34), header.u16(36)], [3, 0, 0, 0]);
  assertEquals([fields.method, fields.compressed], [0, fields.length], "stored");
  const extraAt = 46 + fields.pathLength;
  const length = extraAt + fields.extraLength;
  const { zip64, modifiedSeconds } = readExtraFields(header.bytes.subarray(extraAt, length));
  const large = [...zip64];
  const content = fields.length === MAX_32 ? large.splice(0, 2) : [fields.length, fields.length];
  const [offset = NaN] = header.u32(42) === MAX_32 ? large.splice(0, 1) : [header.u32(42)];
  assertEquals(large, [], "no more than what does not fit");
  assert(zip64.every((value) => value >= MAX_32), "no more than what does not fit");
  assertEquals(content[0], content[1]);
  assertEquals(fields.version, zip64.length > 0 ? 45 : 20);
  const path = header.bytes.subarray(46, extraAt);
  const entry = {
    path: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(path),
    modifiedSeconds,
    dosTime: formatDosTime(fields.time),
    mode: header.u16(40),
    isDosFolder: header.u16(38) === 0x10,
    crc32: fields.crc32,
    length: content[0] ?? NaN,
    offset,
    isStreamed: (fields.flags & 8) !== 0,
  };
  const local = readLocalHeader(source, entry, { ...fields, path, modifiedSeconds });
  return {
    entry: {
      ...entry,
      contentOffset: offset + local.length,
      zip64: { local: local.isZip64, central: zip64.length > 0 },
    },
    length,
  };
}

interface Expected {
  readonly flags: number;
  readonly time: number;
  readonly path: Uint8Array;
  readonly modifiedSeconds: number | undefined;
}

function readLocalHeader(
  source: ZipSource,
  entry: { offset: number; length: number; crc32: number; isStreamed: boolean },
  expected: Expected,
): { length: number; isZip64: boolean } {
  const fixed = new Record(source(entry.offset, 30));
  assertEquals(fixed.u32(0), 0x04034b50, "local header");
  const { version, flags, method, time, crc32, compressed, length, pathLength, extraLength } = readCommonFields(
    fixed,
    4,
  );
  assertEquals([flags, method, time], [expected.flags, 0, expected.time]);
  assertEquals(flags & ~8, 0x0800, "UTF-8");
  const rest = source(entry.offset + 30, pathLength + extraLength);
  assertEquals(rest.subarray(0, pathLength), expected.path);
  const { zip64, modifiedSeconds } = readExtraFields(rest.subarray(pathLength));
  assertEquals(modifiedSeconds, expected.modifiedSeconds);
  const isZip64 = entry.length >= MAX_32;
  const stated = entry.isStreamed ? 0 : entry.length;
  assertEquals(zip64, isZip64 ? [stated, stated] : []);
  assertEquals(version, isZip64 ? 45 : 20);
  assertEquals([compressed, length], isZip64 ? [MAX_32, MAX_32] : [stated, stated]);
  assertEquals(crc32, entry.isStreamed ? 0 : entry.crc32);
  return { length: 30 + pathLength + extraLength, isZip64 };
}

function readExtraFields(bytes: Uint8Array): { zip64: number[]; modifiedSeconds: number | undefined } {
  const extra = new Record(bytes);
  const zip64: number[] = [];
  let modifiedSeconds: number | undefined;
  for (let at = 0; at < bytes.length; at += 4 + extra.u16(at + 2)) {
    const [id, length] = [extra.u16(at), extra.u16(at + 2)];
    switch (id) {
      case 0x0001:
        for (let value = 0; value < length; value += 8) zip64.push(extra.u64(at + 4 + value));
        break;
      case 0x5455:
        assertEquals([length, bytes[at + 4]], [5, 1]);
        modifiedSeconds = extra.i32(at + 5);
        break;
      default:
        throw new Error(`Extra field ${id} is not known`);
    }
  }
  return { zip64, modifiedSeconds };
}

function checkDescriptor({ contentOffset, length, crc32, zip64 }: ReadEntry, source: ZipSource): number {
  const size = zip64.local ? 24 : 16;
  const descriptor = new Record(source(contentOffset + length, size));
  assertEquals([descriptor.u32(0), descriptor.u32(4)], [0x08074b50, crc32], "data descriptor");
  const lengths = zip64.local ? [descriptor.u64(8), descriptor.u64(16)] : [descriptor.u32(8), descriptor.u32(12)];
  assertEquals(lengths, [length, length]);
  return size;
}

function formatDosTime(time: number): string {
  const two = (value: number) => `${value}`.padStart(2, "0");
  const date = [1980 + (time >>> 25), two(time >>> 21 & 15), two(time >>> 16 & 31)];
  return `${date.join("-")}T${two(time >>> 11 & 31)}:${two(time >>> 5 & 63)}:${two((time & 31) * 2)}`;
}

/** CRC-32 of ISO 3309, a bit at a time for each of the 256 bytes there are. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** The CRC-32 of some bytes. */
export function checksum(bytes: Uint8Array): number {
  let remainder = MAX_32;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ byte) & 0xff] ?? 0);
  return (remainder ^ MAX_32) >>> 0;
}
