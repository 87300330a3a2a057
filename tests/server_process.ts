/**
 * The real command as a process of its own, for tests: started as the README says, awaited by the line that it prints,
 * and always ended by its handle, also where a test fails. Nothing is on its standard input, so a prompt would show.
 */

import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));

/** Ends a server that hangs; in milliseconds. */
const PATIENCE_MS = 20_000;
/** Ends a command that should have ended by itself; it takes a tenth of a second. */
const REFUSAL_PATIENCE_MS = 10_000;

/** The permissions of the README. */
const PERMISSIONS = ["--allow-net", "--allow-read"];

/** How the command is run. */
export interface RunOptions {
  /**
   * Options of `deno run`.
   *
   * @default {["--allow-net", "--allow-read"]}
   */
  readonly permissions?: readonly string[];
  /**
   * The folder that has the command.
   *
   * @default this project
   */
  readonly project?: string;
  /**
   * When the server is killed, whatever it does, in milliseconds.
   *
   * @default {20_000}
   */
  readonly patienceMs?: number;
  /** A shell script that the command is given to as `"$@"`. */
  readonly shell?: string;
}

/** How a process ended, and all that it printed. */
export interface Outcome {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

function spawn(
  args: readonly string[],
  { permissions = PERMISSIONS, project = PROJECT, shell }: RunOptions,
): Deno.ChildProcess {
  const deno = ["run", ...permissions, "main.ts", ...args];
  const [path, ...rest] = shell === undefined
    ? [Deno.execPath(), ...deno]
    : ["/bin/sh", "-c", shell, "sh", Deno.execPath(), ...deno];
  return new Deno.Command(path ?? "", {
    args: rest,
    cwd: project,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs the command where it is expected to end by itself.
 *
 * @param args Its arguments.
 * @param options How it is run.
 */
export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(args, options);
  const alarm = setTimeout(() => child.kill("SIGKILL"), REFUSAL_PATIENCE_MS);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(alarm);
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(signal !== "SIGKILL", `the command did not end; it said:\n${out}${err}`);
  return { code, stdout: out ?? "", stderr: err ?? "" };
}

/** Text that a process prints. */
class Output {
  text = "";
  readonly whole: Promise<void>;
  #news = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.whole = this.#collect(stream);
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      this.text += piece;
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
    this.#news.resolve();
  }

  /** Waits for text. Gives `undefined` where the process ends without it. */
  async find(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    let isWhole = false;
    void this.whole.then(() => isWhole = true);
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null) return found;
      if (isWhole) return undefined;
      await Promise.race([this.#news.promise, this.whole]);
    }
  }
}

/** A server that runs until it is told to end, at the latest where its `await using` ends. */
export class ServerProcess implements AsyncDisposable {
  /** What to connect to. */
  address: { hostname: string; port: number } = { hostname: "127.0.0.1", port: 0 };
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #alarm: ReturnType<typeof setTimeout>;
  #isLate = false;

  private constructor(child: Deno.ChildProcess, patienceMs: number) {
    this.#child = child;
    this.#stdout = new Output(child.stdout);
    this.#stderr = new Output(child.stderr);
    this.#alarm = setTimeout(() => {
      this.#isLate = true;
      child.kill("SIGKILL");
    }, patienceMs);
  }

  /**
   * Starts the command on a free port and waits until it serves.
   *
   * @param args Its arguments beside the port.
   * @param options How it is run.
   */
  static async start(args: readonly string[], options: RunOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(spawn(["-p", "0", ...args], options), options.patienceMs ?? PATIENCE_MS);
    const found = await server.#stdout.find(/^Sockeye serves .* on http:\/\/\S+:(\d+).*\n/);
    if (found === undefined) {
      const { code, stdout, stderr } = await server.ended();
      throw new Error(`The server did not start, exit code ${code}; it said:\n${stdout}${stderr}`);
    }
    server.address = { hostname: "127.0.0.1", port: Number(found[1]) };
    return server;
  }

  /** Where its paths begin, without a slash at the end. */
  get origin(): string {
    return `http://${this.address.hostname}:${this.address.port}`;
  }

  /** The number of the process; a `shell` is to `exec` the command. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until the server has printed something on standard error. */
  async logged(pattern: RegExp): Promise<string> {
    const [text] = await this.#stderr.find(pattern) ?? [];
    if (text === undefined) throw new Error(`The server did not log ${pattern}, but:\n${this.#stderr.text}`);
    return text;
  }

  /** Waits for the end of the process. */
  async ended(): Promise<Outcome> {
    const { code } = await this.#child.status;
    await Promise.all([this.#stdout.whole, this.#stderr.whole]);
    clearTimeout(this.#alarm);
    const { text: stdout } = this.#stdout;
    const { text: stderr } = this.#stderr;
    if (this.#isLate) throw new Error(`The server had to be killed; it said:\n${stdout}${stderr}`);
    return { code, stdout, stderr };
  }

  /** What it has printed on standard error so far. */
  get stderr(): string {
    return this.#stderr.text;
  }

  /** Asks the server to end as a service manager does, and waits until it has. */
  async stop(): Promise<Outcome> {
    this.kill("SIGTERM");
    return await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.ended();
  }
}
