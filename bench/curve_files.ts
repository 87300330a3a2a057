/**
 * The files that curves are measured with, and whether this machine has room for them.
 *
 * @module
 */

/** Files of a folder, where there are many. */
const FOLDER_FILES = 1_000;

/** Bytes a small file takes on a disk, at least. */
const BLOCK_BYTES = 4_096;

/** Most of a resource that files may take. */
const SHARE = 0.5;

/** When the files were last changed: long ago, so that no server takes them for files that are still being written. */
const CHANGED = new Date("2026-01-01T00:00:00Z");

const PIECE = new TextEncoder().encode("the quick brown fox jumps over the lazy dog 0123456789\n".repeat(20_000));

/** Room for files. */
export interface Room {
  /** Bytes that a single file may have: it is to stay in memory. */
  readonly fileBytes: number;
  /** Small files that may be made. */
  readonly files: number;
}

/** What a program prints. */
async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args, stdin: "null", stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/**
 * How much room there is.
 *
 * @param folder Where files will be made.
 */
export async function findRoom(folder: string): Promise<Room> {
  const [blocks = 0, blockBytes = 0, inodes = 0] = (await output("stat", "-f", "-c", "%a %S %d", folder)).split(" ")
    .map(Number);
  const memoryBytes = 1024 * Number(/^MemAvailable:\s+(\d+)/m.exec(await output("cat", "/proc/meminfo"))?.[1] ?? 0);
  const diskBytes = blocks * blockBytes * SHARE;
  // A file system that counts no inodes says 0.
  const counted = inodes > 0 ? inodes * SHARE : Infinity;
  return {
    fileBytes: Math.min(diskBytes, memoryBytes * SHARE),
    files: Math.floor(Math.min(counted, diskBytes / BLOCK_BYTES)),
  };
}

/** Writes a file of a size. */
function writeFile(path: string, bytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true, mode: 0o644 });
  for (let left = bytes; left > 0;) left -= file.writeSync(PIECE.subarray(0, Math.min(left, PIECE.length)));
  file.utimeSync(CHANGED, CHANGED);
}

/**
 * Makes one file.
 *
 * @param root Document root.
 * @param path Its path in the root.
 * @param bytes Its size.
 */
export function makeFile(root: string, path: string, bytes: number): void {
  Deno.mkdirSync(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
  writeFile(root + path, bytes);
}

/**
 * Path of one of many files.
 *
 * @param index Its number.
 */
export function manyPath(index: number): string {
  return `/many/${Math.floor(index / FOLDER_FILES)}/${index % FOLDER_FILES}.txt`;
}

/**
 * Asks for one of the first of many files at random; the same sequence in every run.
 *
 * @param files How many.
 * @returns A script in Lua.
 */
export function manyScript(files: number): string {
  return `math.randomseed(7)
request = function()
  local i = math.random(0, ${files - 1})
  return wrk.format("GET", "/many/" .. math.floor(i / ${FOLDER_FILES}) .. "/" .. (i % ${FOLDER_FILES}) .. ".txt")
end`;
}

/**
 * Makes many files, in folders of a thousand.
 *
 * @param root Document root.
 * @param files How many.
 * @param bytes Size of each.
 * @param signal Ends it early.
 */
export async function makeMany(root: string, files: number, bytes: number, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < files; i++) {
    if (i % FOLDER_FILES === 0) {
      // Signals arrive only between tasks.
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      Deno.mkdirSync(`${root}/many/${i / FOLDER_FILES}`, { recursive: true });
    }
    writeFile(root + manyPath(i), bytes);
  }
}
