/**
 * The site of the soak: files that are replaced whole while they are served, an application that is replaced too, and
 * what an answer may hold at a time: one whole version that was there when the request was under way, or within the
 * second for which the server trusts what it knows of a file.
 */

import { dirname, join } from "@std/path";
import { encode } from "../raw_client.ts";

/** For how long a version may be served after it was replaced, in milliseconds: `--cache-ttl`, and half as much. */
const TRUST_MS = 1_500;
/** How long a version is remembered, in milliseconds: longer than an answer may take. */
const MEMORY_MS = 40_000;

interface Version {
  readonly number: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fromMs: number;
  untilMs: number;
}

/** A file that is replaced again and again by one of the same length. */
export class ChangingFile {
  /** Its name. */
  readonly name: string;
  /** Its length, in bytes. */
  readonly length: number;
  readonly #path: string;
  #versions: Version[] = [];
  #count = 0;

  /**
   * Makes the file.
   *
   * @param folder Where.
   * @param name Its name; one with `.js` is text.
   * @param length Its length in bytes, a multiple of 4.
   */
  constructor(folder: string, name: string, length: number) {
    this.name = name;
    this.length = length;
    this.#path = join(folder, name);
    this.replace();
  }

  /** How often it was replaced. */
  get replacements(): number {
    return this.#count - 1;
  }

  /** Puts the next version in its place, at once and whole. */
  replace(): void {
    const number = ++this.#count;
    const bytes = this.name.endsWith(".js") ? lines(number, this.length) : words(number, this.length);
    // Outside the folder that is served, and on the same disk.
    const fresh = join(dirname(dirname(this.#path)), `${this.name}.new`);
    Deno.writeFileSync(fresh, bytes);
    const nowMs = performance.now();
    this.#versions.push({ number, bytes, fromMs: nowMs, untilMs: Infinity });
    Deno.renameSync(fresh, this.#path);
    const previous = this.#versions.at(-2);
    if (previous) previous.untilMs = performance.now();
    this.#versions = this.#versions.filter(({ untilMs }) => untilMs > nowMs - MEMORY_MS);
  }

  /**
   * The version that bytes are of.
   *
   * @param part What was received.
   * @param start Where in the file it begins.
   * @param sinceMs When the request was sent.
   * @returns Its number; `undefined` where the bytes are of no version that may be served, or of several.
   */
  versionOf(part: Uint8Array, start: number, sinceMs: number): number | undefined {
    return this.#versions.find(({ bytes, untilMs }) =>
      untilMs >= sinceMs - TRUST_MS && equal(bytes.subarray(start, start + part.length), part)
    )?.number;
  }

  /** Whether a version may be served in answer to a request. */
  mayServe(number: number, sinceMs: number): boolean {
    return this.#versions.some((version) => version.number === number && version.untilMs >= sinceMs - TRUST_MS);
  }
}

/** Every word tells where it is, and of which version. */
function words(version: number, length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint32Array(length / 4);
  for (let at = 0; at < all.length; at++) all[at] = Math.imul(version, 0x0100_0193) ^ at;
  return new Uint8Array(all.buffer);
}

function lines(version: number, length: number): Uint8Array<ArrayBuffer> {
  const line = `/* ${version} */`.padEnd(31) + "\n";
  return encode(line.repeat(Math.ceil(length / line.length)).slice(0, length));
}

/** Whether two pieces of bytes are the same. */
export function equal(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) {
    if (one[at] !== other[at]) return false;
  }
  return true;
}

/** An application that answers with its number, echoes, streams, and ends its worker when it is asked to. */
export class ChangingApp {
  /** The module. */
  readonly path: string;
  #numbers: { readonly number: number; untilMs: number }[] = [];

  /** Writes the module into a folder. */
  constructor(folder: string) {
    this.path = join(folder, "app.ts");
    this.replace();
  }

  /** Number of the newest version. */
  get newest(): number {
    return this.#numbers.length;
  }

  /** Puts the next version in its place. */
  replace(): void {
    const previous = this.#numbers.at(-1);
    if (previous) previous.untilMs = performance.now();
    this.#numbers.push({ number: this.newest + 1, untilMs: Infinity });
    Deno.writeTextFileSync(`${this.path}.new`, source(this.newest));
    Deno.renameSync(`${this.path}.new`, this.path);
  }

  /**
   * Whether a version may answer.
   *
   * @param number Its number.
   * @param sinceMs When the request was sent.
   * @param lagMs For how long an old one may go on.
   */
  mayAnswer(number: number, sinceMs: number, lagMs: number): boolean {
    return this.#numbers.some((version) => version.number === number && version.untilMs >= sinceMs - lagMs);
  }
}

function source(version: number): string {
  return `export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/app/version") return new Response("${version}");
    if (pathname === "/app/echo") return new Response(await request.bytes());
    if (pathname === "/app/pipe") return new Response(request.body);
    if (pathname === "/app/die") Deno.exit(0);
    if (pathname === "/app/stream") {
      let left = Number(searchParams.get("chunks"));
      return new Response(new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(1000).fill(left));
          else controller.close();
        },
      }));
    }
    return new Response("nothing here", { status: 404 });
  },
};
`;
}
