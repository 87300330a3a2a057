/**
 * The document root and the servers that are measured on it.
 *
 * @module
 */
import { Client, pause } from "./client.ts";

/** A file of the document root and the load it gets. */
export interface Workload {
  /** Name in the table. */
  name: string;
  /** Path of the file, from the root. */
  path: string;
  /** Size of the file. */
  bytes: number;
  /** Connections of the load generator. */
  connections: number;
}

/** How to start a server. */
export interface Launch {
  /** Name in the table. */
  name: string;
  /** Program to run. */
  command: string;
  /** Its arguments. */
  args: string[];
  /** Port it is going to listen on, at 127.0.0.1. */
  port: number;
}

/** What every server is measured with. */
export const WORKLOADS: readonly Workload[] = [
  { name: "hello 13 B", path: "/hello.txt", bytes: 13, connections: 64 },
  { name: "page 4 KB", path: "/page.html", bytes: 4096, connections: 64 },
  { name: "script 268 KB", path: "/script.js", bytes: 268_381, connections: 64 },
  { name: "document 955 KB", path: "/document.html", bytes: 954_824, connections: 100 },
];

/** Worker threads or processes of each server. */
export const WORKERS = 2;

/** Longest wait for a server to come up or to go, in milliseconds. */
const START_MS = 20_000;
const STOP_MS = 3000;

/** Characters kept of what a server writes to its error output. */
const STDERR_CHARS = 4096;

/** Content of a file of the root: numbered lines, cut at the size, the same on every run. */
function content(bytes: number): Uint8Array {
  if (bytes === 13) return new TextEncoder().encode("hello, world\n");
  let text = "";
  for (let line = 0; text.length < bytes; line++) text += `<p>line ${line}: the quick brown fox jumps</p>\n`;
  return new TextEncoder().encode(text.slice(0, bytes));
}

/**
 * Makes the document root.
 *
 * @param folder Existing folder; the root is made in it.
 * @returns Path of the root.
 */
export async function makeRoot(folder: string): Promise<string> {
  const root = `${folder}/root`;
  await Deno.mkdir(root);
  // nginx started by root reads with another user's rights.
  await Deno.chmod(folder, 0o755);
  for (const { path, bytes } of WORKLOADS) await Deno.writeFile(root + path, content(bytes), { mode: 0o644 });
  return root;
}

/** A port nothing listens on at the moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * How to start this project's server.
 *
 * @param root Document root.
 * @param port Port to listen on.
 */
export function sockeye(root: string, port: number): Launch {
  const server = ["main.ts", "-h", "127.0.0.1", "-p", `${port}`, "-r", root, "-w", `${WORKERS}`];
  return { name: "sockeye", command: Deno.execPath(), args: ["run", "--allow-net", "--allow-read", ...server], port };
}

/** Configuration for nginx: same files, no access log, nothing outside the folder. */
function nginxConfig(folder: string, root: string, port: number, connections: number): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `worker_processes ${WORKERS};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.err;
worker_rlimit_nofile ${connections};
events { worker_connections ${connections}; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 1s;
  types { text/plain txt; text/html html; text/javascript js; }
${temp.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  server { listen 127.0.0.1:${port} reuseport; root ${root}; }
}
`;
}

/**
 * How to start nginx.
 *
 * @param command Name or path of the program.
 * @param folder Folder for its configuration and files.
 * @param root Document root.
 * @param port Port to listen on.
 * @param connections Connections each of its workers must be able to hold.
 */
export async function nginx(
  command: string,
  folder: string,
  root: string,
  port: number,
  connections: number,
): Promise<Launch> {
  const config = `${folder}/nginx.conf`;
  await Deno.writeTextFile(config, nginxConfig(folder, root, port, connections));
  return { name: "nginx", command, args: ["-c", config], port };
}

/** A server that is running; disposing of it ends it. */
export class Server implements AsyncDisposable {
  /** Name in the table. */
  readonly name: string;
  /** Port it listens on, at 127.0.0.1. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #drained: Promise<void>;
  #errors = "";
  #ended = false;

  private constructor(launch: Launch) {
    this.name = launch.name;
    this.port = launch.port;
    this.#child = new Deno.Command(launch.command, {
      args: launch.args,
      cwd: new URL("..", import.meta.url),
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#child.status.then(() => this.#ended = true);
    this.#drained = this.#drain();
  }

  /**
   * Starts a server and waits until it answers every workload with the right number of bytes.
   *
   * @param launch How to start it.
   * @returns The server; it rejects, and nothing is left running, where the server does not come up or answers wrongly.
   */
  static async start(launch: Launch): Promise<Server> {
    const server = new Server(launch);
    try {
      await server.#listening();
      for (const workload of WORKLOADS) await server.#check(workload);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${launch.name}: ${reason}\n${server.#errors}`.trimEnd());
    }
  }

  /** Process id of the root of the server's processes. */
  get pid(): number {
    return this.#child.pid;
  }

  /** `false` once the server has ended. */
  get running(): boolean {
    return !this.#ended;
  }

  /** Keeps the end of what the server writes to its error output. */
  async #drain(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors = (this.#errors + text).slice(-STDERR_CHARS);
    }
  }

  /** Waits until the port accepts connections. */
  async #listening(): Promise<void> {
    const end = Date.now() + START_MS;
    while (Date.now() < end && !this.#ended) {
      try {
        using _client = await Client.connect(this.port);
        return;
      } catch {
        await pause(20);
      }
    }
    throw new Error(this.#ended ? "ended while starting" : "did not come up");
  }

  /** Compares the answer to one workload with what it must be. */
  async #check({ path, bytes }: Workload): Promise<void> {
    using client = await Client.connect(this.port);
    const { status, length } = await client.get(path);
    if (status === 200 && length === bytes) return;
    throw new Error(`${path} answered with status ${status} and ${length} bytes instead of 200 and ${bytes}`);
  }

  /** Sends a signal, unless the server is gone. */
  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      const gone = error instanceof TypeError || error instanceof Deno.errors.NotFound;
      if (!gone) throw error;
    }
  }

  /** Ends the server, by force where it does not go by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), STOP_MS);
    await this.#child.status;
    clearTimeout(timer);
    await this.#drained;
  }
}
