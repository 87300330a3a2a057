/**
 * The files that the rows ask for: known contents, fixed times, and what must not be served beside them.
 *
 * The contents are the same wherever they are made, so a server on another root with these files can be tested too. All
 * files are old enough for a strong validator (RFC 9110 section 8.8.2.2).
 */

import { basename, dirname, join } from "@std/path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";

/** When the files were changed last, unless the table says otherwise. */
export const MODIFIED: Date = new Date("2024-02-03T04:05:06Z");

/** Size of the sparse file; offsets into it do not fit 32 bits. */
export const HUGE_BYTES: number = 5 * 2 ** 30 + 123;

/** Where the marks in the sparse file are. */
export const HUGE_MARKS: readonly (readonly [offset: number, text: string])[] = [
  [2 ** 31 - 2, "TWOG"],
  [2 ** 32 - 2, "FOUR"],
  [HUGE_BYTES - 3, "END"],
];

/** What stands in every file that must not be served. */
export const SECRET = "top-secret-7d1f";

const ENCODER = new TextEncoder();

function numberedLines(count: number): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(Array.from({ length: count }, (_, i) => `line ${i}: static files over HTTP\n`).join(""));
}

const CODED = numberedLines(400);
/** A PNG of one pixel. */
const PIXEL = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);
const PAGE = ENCODER.encode(`<!doctype html><title>Page</title>\n${"<p>A compressible paragraph.</p>\n".repeat(300)}`);

/** Levels that a server would not choose, so that a neighbour can be told from a coding made on the fly. */
const neighbours = (path: string, content: Uint8Array): readonly (readonly [string, Uint8Array<ArrayBuffer>])[] => [
  [`${path}.br`, new Uint8Array(brotliCompressSync(content))],
  [`${path}.zst`, new Uint8Array(zstdCompressSync(content))],
  [`${path}.gz`, new Uint8Array(gzipSync(content, { level: 2 }))],
];

/** Contents by path as it is in the file system. */
export const FILES: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map([
  ["/index.html", ENCODER.encode("<!doctype html><title>Root</title>\n<p>root index</p>\n")],
  ["/ten.txt", ENCODER.encode("0123456789")],
  ["/other.txt", ENCODER.encode("abcdefghij")],
  ["/sentinel.txt", ENCODER.encode("still in step\n")],
  ["/empty.txt", new Uint8Array(0)],
  ["/bytes.bin", Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31 + (i >> 8) * 17) & 255)],
  ["/page.html", PAGE],
  ["/coded.txt", CODED],
  ...neighbours("/coded.txt", CODED),
  ["/gzipped.txt", CODED],
  ["/gzipped.txt.gz", new Uint8Array(gzipSync(CODED, { level: 2 }))],
  ["/stale.txt", CODED],
  ["/stale.txt.gz", new Uint8Array(gzipSync(ENCODER.encode("what it was before the last change\n".repeat(100))))],
  ["/future.txt", ENCODER.encode("from the future\n")],
  ["/fraction.txt", ENCODER.encode("between two seconds\n")],
  ["/style.css", ENCODER.encode("body { color: black }\n")],
  ["/script.js", ENCODER.encode("console.log(1);\n")],
  ["/module.mjs", ENCODER.encode("export {};\n")],
  ["/data.json", ENCODER.encode('{"a":1}\n')],
  ["/image.svg", ENCODER.encode('<svg xmlns="http://www.w3.org/2000/svg"/>\n')],
  ["/photo.png", PIXEL],
  ["/code.wasm", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
  ["/noextension", ENCODER.encode("plain words\n")],
  ["/dir/index.html", ENCODER.encode("<!doctype html><title>Dir</title>\n<p>dir index</p>\n")],
  ["/dir/inner.txt", ENCODER.encode("inner\n")],
  ["/dir/.hidden", ENCODER.encode(SECRET)],
  ["/noindex/inner.txt", ENCODER.encode("inner\n")],
  ["/noindex/.hidden", ENCODER.encode(SECRET)],
  ["/sp ace.txt", ENCODER.encode("space\n")],
  ["/ünïcode.txt", ENCODER.encode("unicode\n")],
  ["/percent%41.txt", ENCODER.encode("percent\n")],
  ["/plus+sign.txt", ENCODER.encode("plus\n")],
  ["/semi;colon.txt", ENCODER.encode("semicolon\n")],
  ["/question?mark.txt", ENCODER.encode("question\n")],
  ["/hash#tag.txt", ENCODER.encode("hash\n")],
  ["/[brackets].txt", ENCODER.encode("brackets\n")],
  ["/~tilde.txt", ENCODER.encode("tilde\n")],
  ["/.env", ENCODER.encode(SECRET)],
  ["/.git/config", ENCODER.encode(SECRET)],
  ["/.well-known/security.txt", ENCODER.encode("Contact: mailto:nobody@example.org\n")],
]);

/** Times of the files that differ from {@linkcode MODIFIED}. */
const TIMES: ReadonlyMap<string, Date> = new Map([
  ["/future.txt", new Date("2099-01-01T00:00:00Z")],
  ["/fraction.txt", new Date(MODIFIED.getTime() + 789)],
  ["/stale.txt.gz", new Date(MODIFIED.getTime() - 86_400_000)],
]);

/**
 * The folder beside a root that holds what must not be served. Its name begins like the root's.
 *
 * @param root The root.
 */
export function outsideOf(root: string): string {
  return join(dirname(root), `${basename(root)}-outside`);
}

/**
 * Writes the files, and a folder beside the root.
 *
 * @param root The root, an absolute path; made where it is not there.
 */
export async function makeRoot(root: string): Promise<void> {
  const outside = outsideOf(root);
  await Deno.mkdir(outside, { recursive: true });
  await Deno.writeTextFile(join(outside, "secret.txt"), SECRET);
  for (const [path, content] of FILES) {
    const name = join(root, path);
    await Deno.mkdir(dirname(name), { recursive: true, mode: 0o755 });
    await Deno.writeFile(name, content, { mode: 0o644 });
    const time = TIMES.get(path) ?? MODIFIED;
    await Deno.utime(name, time, time);
  }
  await makeHuge(join(root, "huge.bin"));
  await makeLink("ten.txt", join(root, "link-inside.txt"));
  await makeLink(join(outside, "secret.txt"), join(root, "link-outside.txt"));
  await makeLink(outside, join(root, "linkdir-outside"));
  await makeLink("nothing.txt", join(root, "link-dangling.txt"));
  await makeLink("link-loop.txt", join(root, "link-loop.txt"));
}

/** Sparse: it takes a few blocks. */
async function makeHuge(name: string): Promise<void> {
  {
    using file = await Deno.open(name, { write: true, create: true });
    await file.truncate(HUGE_BYTES);
    for (const [offset, text] of HUGE_MARKS) {
      await file.seek(offset, Deno.SeekMode.Start);
      await file.write(ENCODER.encode(text));
    }
  }
  await Deno.utime(name, MODIFIED, MODIFIED);
}

async function makeLink(target: string, name: string): Promise<void> {
  await Deno.remove(name).catch(() => undefined);
  await Deno.symlink(target, name);
}
