/**
 * Asks for a name and a password before a handler is asked: Basic authentication, RFC 7617, against a file of users.
 *
 * A password is verified once in a while, since that is made to be slow, and then remembered by a digest under a key
 * that only this worker knows. Verifications wait for each other, so guessing takes no more than one processor; a
 * failure is told with a delay, and a name that does not exist takes as long as one that does.
 *
 * The password travels as it is: without TLS in front whoever can listen can read it.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { LogLevel } from "./config.ts";
import { HttpError } from "./errors.ts";
import { FileState } from "./file_state.ts";
import type { FieldLine, HttpResponse, RequestHead } from "./message.ts";
import type { PasswordHash } from "./password_hash.ts";
import { verifyPassword } from "./password_hash.ts";
import type { Handler } from "./request_context.ts";
import { changeFields } from "./response_fields.ts";
import type { SetTimer } from "./timer.ts";
import type { Users } from "./users_file.ts";
import { parseUsers } from "./users_file.ts";

/** How long a verified password is believed, in milliseconds. */
const REMEMBERED_MS = 300_000;
/** How many are remembered; then all are forgotten. */
const MOST_REMEMBERED = 1_000;
/** How long a failure is not told, in milliseconds. */
const FAILURE_DELAY_MS = 1_000;
/** How many verifications may wait. */
const MOST_WAITING = 32;
/** How often the file of users is looked at, in milliseconds. */
const LOOK_MS = 1_000;

/** RFC 7617 section 2.1. */
const CHALLENGE: FieldLine = ["WWW-Authenticate", 'Basic realm="Sockeye", charset="UTF-8"'];

/** credentials, RFC 7617 section 2: the scheme is compared without case. */
const CREDENTIALS = /^basic +([A-Za-z0-9+/]+=*)$/i;

const DECODER = new TextDecoder("utf-8", { fatal: true });

/** Stands in for the hash of a name that does not exist. */
const NOBODY: PasswordHash = {
  logCost: 15,
  blockSize: 8,
  parallelization: 3,
  salt: new Uint8Array(randomBytes(16)),
  hash: new Uint8Array(randomBytes(32)),
};

/** How a name and a password are asked for. */
export interface BasicAuthOptions {
  /** The file of users. */
  readonly path: string;
  /** For which requests: all, or those with a method that is not safe (RFC 9110 section 9.2.1). */
  readonly scope: "all" | "write";
  /** The time of the worker. */
  readonly clock: Pick<Clock, "nowMs">;
  /** Runs the delay of a failure. */
  readonly setTimer: SetTimer;
  /** Told where the file has mistakes. */
  readonly report: (level: LogLevel, message: string) => void;
}

/**
 * Asks for a name and a password before a handler is asked.
 *
 * @param handler The handler.
 * @param options Of whom, and for what.
 */
export function withBasicAuth(handler: Handler, options: BasicAuthOptions): Handler {
  const gate = new Gate(options);
  return (head, open) => {
    if (options.scope === "write" && isSafe(head.method)) return handler(head, open);
    const admission = gate.admit(head.fieldLines.getList("authorization"));
    if (admission instanceof Promise) return admission.then(() => answer(handler, head, open, options));
    return answer(handler, head, open, options);
  };
}

function answer(
  handler: Handler,
  head: RequestHead,
  open: Parameters<Handler>[1],
  { scope }: BasicAuthOptions,
): HttpResponse | Promise<HttpResponse> {
  const response = handler(head, open);
  if (scope === "write") return response;
  return response instanceof Promise ? response.then(keepPrivate) : keepPrivate(response);
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE";
}

/** The same changes for the same value, so that a response that is used again is changed once. */
const privateChanges = new Map<string, { readonly set: readonly FieldLine[]; readonly removed: readonly [] }>();

/** RFC 9111 section 3.5: caches that are shared keep an answer to somebody with a password only where that is public. */
function keepPrivate(response: HttpResponse): HttpResponse {
  const value = response.fields.find(([name]) => name.toLowerCase() === "cache-control")?.[1];
  if (value === undefined || !SHARED.test(value)) return response;
  let changes = privateChanges.get(value);
  if (changes === undefined) {
    const kept = value.split(",").map((directive) => directive.trim()).filter((directive) => !SHARED.test(directive));
    changes = { set: [["Cache-Control", ["private", ...kept].join(", ")]], removed: [] };
    if (privateChanges.size < MOST_REMEMBERED) privateChanges.set(value, changes);
  }
  return changeFields(response, changes);
}

const SHARED = /\b(?:public|s-maxage|must-revalidate)\b/i;

/** Knows who may pass. */
class Gate {
  readonly #options: BasicAuthOptions;
  readonly #key = randomBytes(32);
  /** Until when credentials are believed, by their digests. */
  readonly #known = new Map<string, number>();
  /** Verifications under way, by the digests of the credentials. */
  readonly #verifying = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();
  #users: Users = new Map();
  /** The file as it was when it was read last. */
  #state: FileState | undefined;
  /** Whether it was sure then that a later change would show. */
  #isSettled = false;
  #text: string | undefined;
  #isMissing = false;
  #lookedMs = -Infinity;

  constructor(options: BasicAuthOptions) {
    this.#options = options;
    this.#refresh();
  }

  /**
   * Lets somebody pass, at once where they are known.
   *
   * @throws {HttpError} 401, or 503 where too many wait.
   */
  admit(authorization: string | undefined): Promise<void> | undefined {
    this.#refresh();
    if (authorization === undefined) throw unauthorized("There are no credentials");
    const digest = createHmac("sha256", this.#key).update(authorization).digest("base64");
    const untilMs = this.#known.get(digest);
    if (untilMs !== undefined && this.#options.clock.nowMs < untilMs) return undefined;
    return this.#verify(authorization, digest);
  }

  async #verify(authorization: string, digest: string): Promise<void> {
    const credentials = parseCredentials(authorization);
    if (credentials === undefined) throw unauthorized("Cannot parse the credentials");
    let verifying = this.#verifying.get(digest);
    if (verifying === undefined) {
      if (this.#verifying.size >= MOST_WAITING) {
        throw new HttpError(503, "Too many passwords wait to be verified", { fields: [["Retry-After", "5"]] });
      }
      verifying = this.#enqueue(credentials.name, credentials.password, digest);
      this.#verifying.set(digest, verifying);
    }
    if (await verifying) return;
    await new Promise<void>((resolve) => this.#options.setTimer(resolve, FAILURE_DELAY_MS));
    throw unauthorized(`The password of ${JSON.stringify(credentials.name)} is wrong`);
  }

  async #enqueue(name: string, password: string, digest: string): Promise<boolean> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      const users = this.#users;
      const hash = users.get(name);
      const isRight = await verifyPassword(password, hash ?? NOBODY) && hash !== undefined;
      // Where the file has changed meanwhile, the next request verifies anew.
      if (isRight && users === this.#users) this.#remember(digest);
      return isRight;
    } finally {
      this.#verifying.delete(digest);
      resolve();
    }
  }

  #remember(digest: string): void {
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(digest, this.#options.clock.nowMs + REMEMBERED_MS);
  }

  /** Reads the file again where it has changed. With mistakes in it, or without it, the users of before stay. */
  #refresh(): void {
    const { path, clock, report } = this.#options;
    if (clock.nowMs < this.#lookedMs + LOOK_MS) return;
    this.#lookedMs = clock.nowMs;
    try {
      const state = new FileState(Deno.statSync(path));
      if (this.#isSettled && this.#state?.equals(state)) return;
      this.#isSettled = state.isSettled;
      const text = Deno.readTextFileSync(path);
      this.#state = state;
      this.#isMissing = false;
      if (text === this.#text) return;
      this.#text = text;
      const { users, mistakes } = parseUsers(text);
      for (const mistake of mistakes) report("error", `${path}:${mistake}`);
      if (mistakes.length > 0) return;
      this.#users = users;
      this.#known.clear();
    } catch (error) {
      if (!this.#isMissing) {
        report("error", `Cannot read the users: ${error instanceof Error ? error.message : error}`);
      }
      this.#isMissing = true;
      this.#state = undefined;
    }
  }
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, message, { fields: [CHALLENGE] });
}

function parseCredentials(authorization: string): { readonly name: string; readonly password: string } | undefined {
  const [, token] = CREDENTIALS.exec(authorization) ?? [];
  if (token === undefined) return undefined;
  try {
    const text = DECODER.decode(Uint8Array.fromBase64(token));
    const colon = text.indexOf(":");
    return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return undefined;
  }
}
