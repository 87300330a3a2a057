/**
 * What the server under test says about its files, asked once and filled into the requests of the rows: entity tags
 * and dates of last modification. The list of placeholders is in `row.ts`.
 */

import type { Endpoint } from "./client.ts";
import { encodeLatin1 } from "../octets.ts";
import { Client } from "./client.ts";
import type { Answer } from "./response.ts";
import { fieldValue } from "./response.ts";

/** The server lacks what a row builds on. */
export class FactError extends Error {
  /** The name of the class. */
  override readonly name: string = "FactError";
}

/** What is known of the server. */
export interface Server extends Endpoint {
  /** How long each wait may last, in milliseconds. */
  readonly patienceMs: number;
  /** Name of the folder beside the root; see `fixtures.ts`. */
  readonly outside: string;
}

/** Answers to what the rows' placeholders ask. */
export class Facts {
  readonly #server: Server;
  readonly #answers = new Map<string, Promise<Answer>>();

  /** Knows nothing yet. */
  constructor(server: Server) {
    this.#server = server;
  }

  /** What `Host` says. */
  get authority(): string {
    const { hostname, port } = this.#server;
    return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

  /**
   * Fills in a request.
   *
   * @param text Text with placeholders.
   * @returns The bytes to send.
   * @throws {FactError} Where the server lacks what is asked for.
   */
  async fill(text: string): Promise<Uint8Array<ArrayBuffer>> {
    let filled = "";
    let at = 0;
    for (const match of text.matchAll(/<<([^<>]*)>>/g)) {
      filled += text.slice(at, match.index) + await this.#fact(match[1]?.split(" ") ?? []);
      at = match.index + match[0].length;
    }
    return encodeLatin1(filled + text.slice(at));
  }

  /**
   * The entity tag of a file.
   *
   * @param path The path.
   * @param coding What to put in `Accept-Encoding`.
   */
  async entityTag(path: string, coding?: string): Promise<string> {
    const tag = fieldValue(await this.#get(path, coding), "etag");
    if (tag === undefined) throw new FactError(`the server gives ${path} no ETag`);
    return tag;
  }

  async #fact([kind = "", path = "", ...rest]: readonly string[]): Promise<string> {
    switch (kind) {
      case "host":
        return this.authority;
      case "outside":
        return this.#server.outside;
      case "now":
        return formatDate(Date.now() + 1000 * Number(path));
      case "etag":
        return await this.entityTag(path, rest[0]);
      case "opaque":
        return (await this.entityTag(path, rest[0])).replace(/^W\//, "");
      case "modified": {
        const form = rest.find((word) => /^[a-z]/.test(word));
        const seconds = Number(rest.find((word) => /^[+-]/.test(word)) ?? 0);
        return formatDate(await this.#modified(path) + 1000 * seconds, form);
      }
      default:
        throw new TypeError(`No such placeholder: ${kind}`);
    }
  }

  async #modified(path: string): Promise<number> {
    const value = fieldValue(await this.#get(path), "last-modified");
    if (value === undefined) throw new FactError(`the server gives ${path} no Last-Modified`);
    return Date.parse(value);
  }

  #get(path: string, coding?: string): Promise<Answer> {
    const key = `${path} ${coding}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) this.#answers.set(key, answer = this.#ask(path, coding));
    return answer;
  }

  async #ask(path: string, coding?: string): Promise<Answer> {
    using client = await Client.connect(this.#server, this.#server.patienceMs);
    const acceptEncoding = coding === undefined ? "" : `Accept-Encoding: ${coding}\r\n`;
    const fields = `Host: ${this.authority}\r\n${acceptEncoding}Connection: close\r\n`;
    await client.send(encodeLatin1(`HEAD ${path} HTTP/1.1\r\n${fields}\r\n`));
    const answer = await client.readAnswer({ method: "HEAD", minor: 1 });
    if (answer?.status !== 200) throw new FactError(`the server answers HEAD ${path} with ${answer?.status}`);
    return answer;
  }
}

/** The three forms of RFC 9110 section 5.6.7. */
function formatDate(timeMs: number, form?: string): string {
  const fixdate = new Date(timeMs).toUTCString();
  const [, weekday = "", day = "", month = "", year = "", time = ""] =
    /^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/.exec(fixdate) ?? [];
  switch (form) {
    case undefined:
      return fixdate;
    case "rfc850": {
      const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
      return `${days[new Date(timeMs).getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
    }
    case "asctime":
      return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
    default:
      throw new TypeError(`No such form of a date: ${form}`);
  }
}
