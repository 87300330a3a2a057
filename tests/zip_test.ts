/**
 * `ZipEncoder` without files: bounds of Zip64, times and modes, read back by a strict reader, and by Python where it is
 * there. Contents of gigabytes are only counted.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { ZipEntry } from "../src/zip.ts";
import { headerLength, ZipEncoder } from "../src/zip.ts";
import { concat } from "./octets.ts";
import { testWithProgram } from "./permissions.ts";
import type { ReadZip, ZipSource } from "./zip_reader.ts";
import { checksum, readZip, unzip } from "./zip_reader.ts";

const GIB = 2 ** 30;
const NOON = Date.UTC(2026, 10, 22, 12, 0, 1);

function describe(path: string, entry: Partial<Omit<ZipEntry, "path">> = {}): ZipEntry {
  return { modifiedMs: NOON, isExecutable: false, ...entry, path: new TextEncoder().encode(path) };
}

/** An archive of which only the bytes between the contents are kept. */
class SparseZip {
  readonly encoder = new ZipEncoder();
  readonly parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  size = 0;

  write(bytes: Uint8Array): void {
    this.parts.push({ at: this.size, bytes });
    this.size += bytes.length;
  }

  /** A file that is streamed; its content is never looked at. */
  stream(path: string, length: number): void {
    this.write(this.encoder.begin(describe(path), length));
    this.size += length;
    this.write(this.encoder.end(0x12345678));
  }

  add(path: string, text: string): void {
    const content = new TextEncoder().encode(text);
    this.write(this.encoder.add(describe(path), { length: content.length, crc32: checksum(content) }));
    this.write(content);
  }

  close(): void {
    for (const bytes of this.encoder.close()) this.write(bytes);
  }

  get source(): ZipSource {
    return (offset, length) => {
      const result = new Uint8Array(length);
      for (const { at, bytes } of this.parts) {
        if (at + bytes.length <= offset || at >= offset + length) continue;
        const part = bytes.subarray(Math.max(0, offset - at), offset + length - at);
        result.set(part, Math.max(0, at - offset));
      }
      return result;
    };
  }

  read(): ReadZip {
    return readZip(this.source, this.size);
  }
}

/** Lengths of streamed files, and which records have fields of Zip64. */
const LARGE: readonly [lengths: number[], local: boolean[], central: boolean[], end: boolean][] = [
  [[0, 1, 262_144], [false, false, false], [false, false, false], false],
  // The header, the path and the time take 43 bytes, the descriptor 16.
  [[2 ** 32 - 2, 1], [false, false], [false, true], true],
  [[2 ** 32 - 2 - 59, 1], [false, false], [false, false], true],
  [[2 ** 32 - 1 - 59, 1], [false, false], [false, true], true],
  [[2 ** 32 - 1 - 59], [false], [false], true],
  [[2 ** 32 - 2 - 59], [false], [false], false],
  [[2 ** 32 - 1], [true], [true], true],
  [[2 ** 32], [true], [true], true],
  [[1, 5 * GIB, 1, 7 * GIB], [false, true, false, true], [false, true, true, true], true],
  [[3 * GIB, 3 * GIB, 3 * GIB], [false, false, false], [false, false, true], true],
  [[2 ** 50, 1], [true, false], [true, true], true],
];

for (const [lengths, local, central, end] of LARGE) {
  Deno.test(`ZipEncoder uses Zip64 where a value needs it: files of ${lengths.join()} bytes`, () => {
    const zip = new SparseZip();
    for (const [at, length] of lengths.entries()) zip.stream(`f${at}.b`, length);
    zip.close();
    const { entries, isZip64 } = zip.read();
    assertEquals(entries.map(({ length }) => length), lengths);
    assertEquals(entries.map(({ zip64 }) => zip64.local), local);
    assertEquals(entries.map(({ zip64 }) => zip64.central), central);
    assertEquals(isZip64, end);
  });
}

for (const [count, expected] of [[0, false], [1, false], [65_534, false], [65_535, true]] as const) {
  Deno.test(`ZipEncoder counts ${count} entries, APPNOTE section 4.4.21`, () => {
    const encoder = new ZipEncoder();
    const parts: Uint8Array[] = [];
    for (let at = 0; at < count; at++) parts.push(encoder.add(describe(`${at}/`)));
    parts.push(...encoder.close());
    const { entries, isZip64 } = unzip(concat(parts));
    // One text: to compare two long lists takes longer than all the rest.
    assertEquals(entries.map(({ path }) => path).join(), Array.from({ length: count }, (_, at) => `${at}/`).join());
    assertEquals(isZip64, expected);
  });
}

/** Times, and how they are told. */
const TIMES: readonly [modifiedMs: number | undefined, seconds: number | undefined, dosTime: string][] = [
  [Date.UTC(2020, 1, 29, 23, 59, 58), 1_583_020_798, "2020-02-29T23:59:58"],
  [Date.UTC(2020, 1, 29, 23, 59, 59, 999), 1_583_020_799, "2020-02-29T23:59:58"],
  [Date.UTC(1980, 0, 1), 315_532_800, "1980-01-01T00:00:00"],
  [Date.UTC(1980, 0, 1) - 1, 315_532_799, "1980-01-01T00:00:00"],
  [0, 0, "1980-01-01T00:00:00"],
  [-1, -1, "1980-01-01T00:00:00"],
  [-(2 ** 31) * 1000, -(2 ** 31), "1980-01-01T00:00:00"],
  [-(2 ** 31) * 1000 - 1, undefined, "1980-01-01T00:00:00"],
  [(2 ** 31 - 1) * 1000 + 999, 2 ** 31 - 1, "2038-01-19T03:14:06"],
  [2 ** 31 * 1000, undefined, "2038-01-19T03:14:08"],
  [Date.UTC(2107, 11, 31, 23, 59, 59), undefined, "2107-12-31T23:59:58"],
  [Date.UTC(2108, 0, 1), undefined, "2107-12-31T23:59:58"],
  [8.64e15, undefined, "2107-12-31T23:59:58"],
  [NaN, undefined, "1980-01-01T00:00:00"],
  [undefined, undefined, "1980-01-01T00:00:00"],
];

for (const [modifiedMs, seconds, dosTime] of TIMES) {
  Deno.test(`ZipEncoder tells the time ${modifiedMs}, APPNOTE section 4.4.6`, () => {
    const encoder = new ZipEncoder();
    const entry = describe("a", { modifiedMs });
    const header = encoder.add(entry);
    assertEquals(headerLength(entry), header.length);
    const [read] = unzip(concat([header, ...encoder.close()])).entries;
    assertEquals([read?.modifiedSeconds, read?.dosTime], [seconds, dosTime]);
  });
}

const MODES: readonly [path: string, isExecutable: boolean, mode: number, isDosFolder: boolean][] = [
  ["file", false, 0o100644, false],
  ["program", true, 0o100755, false],
  ["folder/", false, 0o040755, true],
  ["folder/", true, 0o040755, true],
];

for (const [path, isExecutable, mode, isDosFolder] of MODES) {
  Deno.test(`ZipEncoder gives ${path} the mode 0${mode.toString(8)}`, () => {
    const encoder = new ZipEncoder();
    const [read] = unzip(concat([encoder.add(describe(path, { isExecutable })), ...encoder.close()])).entries;
    assertEquals([read?.path, read?.mode, read?.isDosFolder], [path, mode, isDosFolder]);
  });
}

Deno.test("ZipEncoder takes paths of up to 65,535 bytes, APPNOTE section 4.4.10", () => {
  const encoder = new ZipEncoder();
  const path = "é".repeat(32_767) + "a";
  const parts = [encoder.add(describe(path)), ...encoder.close()];
  assertEquals(unzip(concat(parts)).entries[0]?.path, path);
  assertThrows(() => encoder.add(describe(`${path}b`)), RangeError);
  assertThrows(() => encoder.begin(describe(`${path}b`), 1), RangeError);
});

Deno.test("ZipEncoder does not end a file that was not begun", () => {
  const encoder = new ZipEncoder();
  assertThrows(() => encoder.end(0), TypeError);
  encoder.begin(describe("a"), 0);
  encoder.end(0);
  assertThrows(() => encoder.end(0), TypeError);
});

/** What Python makes of an archive: a path, a length, the content where it is short. */
const PYTHON = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    print(json.dumps([[entry.filename, entry.file_size, archive.read(entry).decode() if entry.file_size < 99 else None]
                      for entry in archive.infolist()]))
`;

testWithProgram(["/usr/bin/python3"], "ZipEncoder writes offsets above 4 GiB as Python reads them", async (python) => {
  const zip = new SparseZip();
  zip.add("first.txt", "first");
  zip.stream("large.bin", 5 * GIB);
  zip.add("last.txt", "last");
  zip.close();
  const folder = await Deno.makeTempDir({ prefix: "sockeye-zip-" });
  try {
    const path = join(folder, "sparse.zip");
    using file = await Deno.open(path, { write: true, create: true });
    for (const { at, bytes } of zip.parts) {
      await file.seek(at, Deno.SeekMode.Start);
      assertEquals(await file.write(bytes), bytes.length);
    }
    const { success, stdout } = await new Deno.Command(python, { args: ["-c", PYTHON, path] }).output();
    assert(success);
    const expected = [["first.txt", 5, "first"], ["large.bin", 5 * GIB, null], ["last.txt", 4, "last"]];
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), expected);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
