/**
 * Files that change under load: whatever is answered is one version of the file, whole, and one that was true a second
 * before the request or later.
 *
 * A version is so many times one byte; both tell versions apart. Files are replaced by a rename, as a careful writer
 * does, deleted, made again, and cut in place.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { testWith } from "./permissions.ts";
import { createRandom } from "./random.ts";
import { ServerProcess } from "./server_process.ts";

/** How long what is known of a file is believed, in milliseconds. */
const TTL_MS = 1_000;
const TEST_MS = 2_500;
const CLIENTS = 8;
/** A small one, one that is kept in memory whole, one that is read for each answer; in bytes. */
const SIZES: Readonly<Record<string, number>> = { "small.txt": 1_000, "kept.bin": 300_000, "large.bin": 3_000_000 };

/** What a file was from a moment on; without a length it was not there. */
interface Version {
  readonly sinceMs: number;
  readonly byte: number;
  readonly length: number | undefined;
}

/** One file, and all that it has been. */
class ChangingFile {
  readonly name: string;
  readonly versions: Version[] = [];
  readonly #path: string;
  readonly #sizeBytes: number;

  constructor(root: string, name: string, sizeBytes: number) {
    this.name = name;
    this.#path = join(root, name);
    this.#sizeBytes = sizeBytes;
    this.replace();
  }

  get #last(): Version {
    return this.versions.at(-1) ?? { sinceMs: 0, byte: 0, length: undefined };
  }

  replace(): void {
    const byte = (this.#last.byte + 1) % 256;
    const length = this.#sizeBytes + this.versions.length;
    Deno.writeFileSync(`${this.#path}.next`, new Uint8Array(length).fill(byte));
    this.#become({ byte, length }, () => Deno.renameSync(`${this.#path}.next`, this.#path));
  }

  remove(): void {
    const { byte, length } = this.#last;
    if (length !== undefined) this.#become({ byte, length: undefined }, () => Deno.removeSync(this.#path));
  }

  cut(): void {
    const { byte, length } = this.#last;
    if (length === undefined) return;
    const shorter = length - 1 - Math.floor(this.#sizeBytes / 10);
    this.#become({ byte, length: shorter }, () => Deno.truncateSync(this.#path, shorter));
  }

  /** The version is true at some time while it is made, so it counts from before, and the one before it to the end. */
  #become(version: Omit<Version, "sinceMs">, make: () => void): void {
    this.versions.push({ ...version, sinceMs: performance.now() });
    make();
    this.versions[this.versions.length - 1] = { ...version, sinceMs: this.#last.sinceMs };
  }

  /** The versions that an answer to a request of that time may be of. */
  between(fromMs: number, toMs: number): Version[] {
    return this.versions.filter(({ sinceMs }, at) =>
      sinceMs <= toMs && (this.versions[at + 1]?.sinceMs ?? Infinity) >= fromMs
    );
  }
}

testWith(
  ["net", "read", "write", "run"],
  "files that change under load are answered whole, and soon as they are",
  async () => {
    const root = await Deno.makeTempDir();
    try {
      const files = Object.entries(SIZES).map(([name, sizeBytes]) => new ChangingFile(root, name, sizeBytes));
      await using server = await ServerProcess.start(["-r", root, "-w", "2"]);
      const endMs = performance.now() + TEST_MS;
      const answered = Promise.all(Array.from(
        { length: CLIENTS },
        (_, seed) => ask(server.origin, files, { seed, endMs }),
      ));
      // What is wrong is told where it is awaited.
      answered.catch(() => {});
      const random = createRandom(99);
      while (performance.now() < endMs) {
        const file = files[random(files.length)];
        const kind = random(6);
        if (kind === 0) file?.remove();
        else if (kind === 1) file?.cut();
        else file?.replace();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const counts = (await answered).flat();
      for (const status of [200, 206, 404]) assert(counts.includes(status), `no answer was ${status}`);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);

/** Asks for one file after the other, and checks each answer; returns the statuses. */
async function ask(
  url: string,
  files: readonly ChangingFile[],
  { seed, endMs }: { seed: number; endMs: number },
): Promise<number[]> {
  const random = createRandom(seed);
  const statuses = [];
  while (performance.now() < endMs) {
    const file = files[random(files.length)];
    if (file === undefined) break;
    const headers: HeadersInit = random(3) === 0 ? { range: "bytes=100-199" } : {};
    const fromMs = performance.now() - TTL_MS - 1;
    let status = 0;
    let body;
    let total;
    try {
      const response = await fetch(new URL(file.name, url), { headers });
      status = response.status;
      body = await response.bytes();
      total = response.headers.get("content-range")?.split("/")[1];
    } catch {
      // Cut while it was sent: what was promised is not there any more.
    }
    const versions = file.between(fromMs, performance.now());
    if (body === undefined) {
      assert(versions.length > 1, `${file.name} did not change, and its answer was cut`);
      continue;
    }
    statuses.push(status);
    check(file.name, versions, { status, body, length: Number(total ?? body.length) });
  }
  return statuses;
}

function check(
  name: string,
  versions: readonly Version[],
  { status, body, length }: { status: number; body: Uint8Array; length: number },
): void {
  const seen = JSON.stringify({ status, byte: body[0], length, versions });
  if (status === 404) return assert(versions.some((version) => version.length === undefined), `${name} ${seen}`);
  assert(status === 200 || status === 206, `${name} ${seen}`);
  assert(body.every((byte) => byte === body[0]), `${name} is of two versions: ${seen}`);
  const isOne = versions.some((version) => version.byte === body[0] && version.length === length);
  assert(isOne, `${name} is of no version: ${seen}`);
  if (status === 206) assertEquals(body.length, 100);
}
