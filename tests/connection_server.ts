/**
 * `serveConnection` on a real socket with a handler for tests: no worker, no file system. Deadlines never pass by
 * themselves: each stage of a connection has its own far-off time-out, which tells the stage, and the test lets it
 * expire.
 */

import { assert } from "@std/assert";
import { Admission, createAdmissionMemory } from "../src/admission.ts";
import { Clock } from "../src/clock.ts";
import type { Limits, Timeouts } from "../src/config.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { closeIdle, serveConnection } from "../src/connection.ts";
import { LinkedList } from "../src/linked_list.ts";
import type { ConnectionContext, Exchange, OpenConnection } from "../src/connection_context.ts";
import { HttpError } from "../src/errors.ts";
import type { FileBody, OpenFile, RequestHead } from "../src/message.ts";
import type { Handler } from "../src/request_context.ts";
import { HttpResponse } from "../src/message.ts";
import { encode, RawClient } from "./raw_client.ts";

const STAGE_MS = 1e9;
const STAGES = ["request", "head", "drain", "write", "linger", "handler", "body"] as const;
const TIMEOUTS = {
  idleMs: 1e9,
  headMs: 2e9,
  drainMs: 3e9,
  writeStallMs: 4e9,
  lingerMs: 5e9,
  handlerMs: 6e9,
  bodyIdleMs: 7e9,
};

/** A file that exists only as a rule for its bytes. */
export class FakeFile implements OpenFile {
  /** How often it was read. */
  reads = 0;
  /** Whether it was given back. */
  isClosed = false;
  readonly #length: number;
  #position = 0;

  constructor(length: number) {
    this.#length = length;
  }

  /** The byte at a position. */
  static byteAt(position: number): number {
    return (position * 31 + (position >> 8)) & 0xff;
  }

  readSync(into: Uint8Array): number | null {
    assert(!this.isClosed, "read after close");
    this.reads++;
    const count = Math.min(into.length, this.#length - this.#position);
    if (count === 0) return null;
    for (let i = 0; i < count; i++) into[i] = FakeFile.byteAt(this.#position + i);
    this.#position += count;
    return count;
  }

  seekSync(offset: number, whence: 0): number {
    assert(whence === 0);
    return this.#position = offset;
  }

  close(): void {
    assert(!this.isClosed, "closed twice");
    this.isClosed = true;
  }
}

/** Waits, in bounded steps, for what the other side of a socket brings about. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 5_000; turn++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`Never happened: ${what}`);
}

/** What the handler of a {@linkcode TestServer} answers with at `/large`. */
export const LARGE = new Uint8Array(3 << 20).map((_, position) => FakeFile.byteAt(position));

/** Answers with the target, unless the path asks for something else. */
function answer(server: TestServer, request: RequestHead): HttpResponse | Promise<HttpResponse> {
  const { target } = request;
  const path = target.form === "origin" ? target.path : "";
  switch (path) {
    case "/large":
      return new HttpResponse(200, [], LARGE);
    case "/file":
      return new HttpResponse(200, [], server.openFile(1 << 20));
    case "/long-file":
      return new HttpResponse(200, [], server.openFile(16 << 20));
    case "/huge":
      return new HttpResponse(200, [], server.openFile(2 ** 40));
    case "/shrunk":
      return new HttpResponse(200, [], {
        ...server.openFile(100_000),
        pieces: [{ start: 0, end: 100_001 }],
        length: 100_001,
      });
    case "/empty":
      return new HttpResponse(204, [], new Uint8Array(0));
    case "/missing":
      throw new HttpError(404, "secret-path");
    case "/refused":
      throw new HttpError(400, "secret-path");
    case "/bug":
      throw new Error("secret-stack");
    case "/bug-later":
      return Promise.reject(new Error("secret-stack"));
    case "/bad-field":
      return new HttpResponse(200, [["X", "secret\r\nvalue"]], new Uint8Array(0));
    case "/later":
      return server.gate.promise.then(() => respond(path));
    default:
      return respond(path);
  }
}

function respond(text: string): HttpResponse {
  return new HttpResponse(200, [], encode(`${text}\n`));
}

/** Serves connections until it is disposed of; then none of them is left. */
export class TestServer implements AsyncDisposable {
  /** The targets of the requests that reached the handler. */
  readonly handled: string[] = [];
  /** What the access log was told. */
  readonly exchanges: Exchange[] = [];
  /** What was reported, level first. */
  readonly events: string[] = [];
  /** The files that were opened. */
  readonly files: FakeFile[] = [];
  /** Resolving it answers the requests for `/later`. */
  readonly gate: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** What its connections share. */
  readonly context: ConnectionContext;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting: Promise<void>;
  readonly #serving = new Set<Promise<void>>();

  constructor(
    options: { limits?: Partial<Limits>; timeouts?: Timeouts; handler?: Handler; hasBodies?: boolean } = {},
  ) {
    const handler = options.handler ?? ((request) => answer(this, request));
    const limits = { ...DEFAULT_OPTIONS.limits, ...options.limits };
    const memory = createAdmissionMemory(1, limits);
    const connections: ConnectionContext["connections"] = new LinkedList();
    this.context = {
      admission: new Admission({ memory, seat: 0, limits, makeRoom: () => closeIdle(connections) }),
      handler: (request, open) => {
        this.handled.push(request.requestLine);
        return handler(request, open);
      },
      hasBodies: options.hasBodies ?? false,
      limits,
      timeouts: options.timeouts ?? TIMEOUTS,
      clock: new Clock(),
      connections,
      isDraining: false,
      hasSuccessor: false,
      logExchange: (exchange) => this.exchanges.push(exchange),
      report: (level, message) => this.events.push(`${level} ${message}`),
    };
    this.#accepting = this.#accept();
  }

  /** Where its paths begin, without a slash at the end. */
  get origin(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Opens a connection to it. */
  async connect(): Promise<RawClient> {
    return await RawClient.connect(this.#listener.addr);
  }

  /** Opens a file that lives as long as the answer it is in. */
  openFile(length: number): FileBody {
    const file = new FakeFile(length);
    this.files.push(file);
    return { file, pieces: [{ start: 0, end: length }], length };
  }

  /** Waits until its only connection is in a stage, and returns it. */
  async connectionIn(stage: typeof STAGES[number]): Promise<OpenConnection> {
    let found: OpenConnection | undefined;
    const find = () => [...this.context.connections].find((connection) => this.stageOf(connection) === stage);
    await until(() => (found = find()) !== undefined, `a connection that waits for ${stage}`);
    assert(found !== undefined);
    return found;
  }

  /** What a connection waits for; `undefined` where it waits without a time-out. */
  stageOf({ deadlineMs }: OpenConnection): typeof STAGES[number] | undefined {
    return STAGES[Math.floor(deadlineMs / STAGE_MS) - 1];
  }

  /** Waits until all connections are closed. */
  async idle(): Promise<void> {
    await until(() => this.context.connections.size === 0, "all connections closed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.gate.resolve();
    for (const connection of this.context.connections) connection.close();
    await this.#accepting;
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      conn.setNoDelay(true);
      const served = serveConnection(conn, this.context);
      this.#serving.add(served);
      void served.then(() => this.#serving.delete(served));
    }
  }
}
