/**
 * The servers that are measured: how each is started, checked and stopped.
 *
 * @module
 */
import { type Answer, Client, pause } from "./client.ts";
import type { Workload } from "./workloads.ts";
import { WORKLOADS } from "./workloads.ts";

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
  /** Whether it ends with a signal to its whole process group, and so is to have one of its own. */
  endsGroup?: boolean;
}

/** What a server is to serve, and how. */
export interface Setting {
  /** Folder for its own files. */
  readonly folder: string;
  /** Document root. */
  readonly root: string;
  /** Connections it must be able to hold. */
  readonly connections: number;
  /** Whether it writes an access log, to a file in the folder. */
  readonly isLogged: boolean;
  /** Worker threads or processes; {@linkcode WORKERS} where absent. */
  readonly workers?: number;
}

/** Worker threads or processes of each server, where nothing else is asked for. */
export const WORKERS = 2;

/** Longest wait for a server to come up or to go, in milliseconds. */
const START_MS = 20_000;
const STOP_MS = 3000;

/** Time between two looks whether a server is there, in milliseconds. */
const POLL_MS = 20;

/** Connections that may wait to be accepted, as many as this project's server lets wait. */
const BACKLOG = 4096;

/** What nginx remembers of files: more than there are, with a missing neighbour of each. */
const CACHED_FILES = 20_000;

/** Characters kept of what a server writes to its error output. */
const STDERR_CHARS = 4096;

/** A port nothing listens on at the moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * How to start this project's server.
 *
 * @param setting What it is to serve.
 */
export function sockeye({ folder, root, isLogged, workers = WORKERS }: Setting): Launch {
  const port = freePort();
  const log = `${folder}/sockeye.log`;
  const rights = ["--allow-net", "--allow-read", ...(isLogged ? [`--allow-write=${log}`] : [])];
  const options = ["-h", "127.0.0.1", "-p", `${port}`, "-r", root, "-w", `${workers}`];
  if (isLogged) options.push("-v", "-l", log);
  return { name: "sockeye", command: Deno.execPath(), args: ["run", ...rights, "main.ts", ...options], port };
}

/** Configuration for nginx: same files, nothing outside the folder, and whatever takes the least processor time. */
function nginxConfig({ folder, root, connections, isLogged, workers = WORKERS }: Setting, port: number): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `worker_processes ${workers};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.err;
worker_rlimit_nofile ${connections + CACHED_FILES};
events { worker_connections ${connections}; }
http {
  access_log ${isLogged ? `${folder}/nginx.log combined buffer=64k flush=1s` : "off"};
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  open_file_cache max=${CACHED_FILES} inactive=60s;
  open_file_cache_valid 1s;
  open_file_cache_errors on;
  gzip_static on;
  gzip_vary on;
  types { text/plain txt; text/html html; text/javascript js; application/octet-stream bin; }
${temp.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  server { listen 127.0.0.1:${port} reuseport backlog=${BACKLOG}; root ${root}; }
}
`;
}

/**
 * How to start nginx.
 *
 * @param command Name or path of the program.
 * @param setting What it is to serve.
 */
export async function nginx(command: string, setting: Setting): Promise<Launch> {
  const port = freePort();
  const config = `${setting.folder}/nginx.conf`;
  await Deno.writeTextFile(config, nginxConfig(setting, port));
  return { name: "nginx", command, args: ["-c", config], port };
}

/** Configuration for lighttpd, likewise. It has nothing that sends a compressed neighbour of a file. */
function lighttpdConfig({ folder, root, connections, isLogged, workers = WORKERS }: Setting, port: number): string {
  const log = `server.modules += ("mod_accesslog")\naccesslog.filename = "${folder}/lighttpd.log"`;
  return `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.listen-backlog = ${BACKLOG}
server.errorlog = "${folder}/lighttpd.err"
server.upload-dirs = ("${folder}")
server.max-worker = ${workers}
server.max-fds = ${connections * 2 + CACHED_FILES}
server.max-connections = ${connections}
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 600
mimetype.assign = (
  ".txt" => "text/plain", ".html" => "text/html", ".js" => "text/javascript", "" => "application/octet-stream"
)
${isLogged ? log : ""}
`;
}

/**
 * How to start lighttpd.
 *
 * @param command Name or path of the program.
 * @param setting What it is to serve.
 */
export async function lighttpd(command: string, setting: Setting): Promise<Launch> {
  const port = freePort();
  const config = `${setting.folder}/lighttpd.conf`;
  await Deno.writeTextFile(config, lighttpdConfig(setting, port));
  return { name: "lighttpd", command, args: ["-D", "-f", config], port, endsGroup: true };
}

/**
 * How to start a loop in Deno without HTTP.
 *
 * @param command Path of Deno.
 * @param setting What it is to serve.
 */
export function loop(command: string, { root, workers = WORKERS }: Setting): Promise<Launch> {
  const port = freePort();
  const args = ["run", "--unstable-net", "--allow-net", "--allow-read", "bench/loop.ts", `${port}`, root, `${workers}`];
  return Promise.resolve({ name: "loop", command, args, port });
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
      detached: launch.endsGroup ?? false,
    }).spawn();
    this.#child.status.then(() => this.#ended = true);
    this.#drained = this.#drain();
  }

  /**
   * Starts a server and waits until it answers every workload as it must.
   *
   * @param launch How to start it.
   * @param workloads What it must answer.
   * @param pollMs Time between two looks whether it is there, in milliseconds.
   * @returns The server; it rejects, and nothing is left running, where the server does not come up or answers wrongly.
   */
  static async start(
    launch: Launch,
    workloads: readonly Workload[] = WORKLOADS,
    pollMs: number = POLL_MS,
  ): Promise<Server> {
    const server = new Server(launch);
    try {
      await server.#listening(pollMs);
      for (const workload of workloads) await server.check(workload);
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

  /**
   * The field lines with which a workload is asked for here.
   *
   * @param workload The workload.
   */
  async selectFields({ fields = [], isRevalidation, path }: Workload): Promise<readonly string[]> {
    if (!isRevalidation) return fields;
    using client = await Client.connect(this.port);
    const { head } = await client.get(path);
    const entityTag = /^etag:[ \t]*(.+?)\r$/im.exec(head)?.[1];
    if (entityTag === undefined) throw new Error(`${path} was answered without an entity tag`);
    return [...fields, `If-None-Match: ${entityTag}`];
  }

  /** Keeps the end of what the server writes to its error output. */
  async #drain(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors = (this.#errors + text).slice(-STDERR_CHARS);
    }
  }

  /** Waits until the port accepts connections. */
  async #listening(pollMs: number): Promise<void> {
    const end = Date.now() + START_MS;
    while (Date.now() < end && !this.#ended) {
      try {
        using _client = await Client.connect(this.port);
        return;
      } catch {
        await pause(pollMs);
      }
    }
    throw new Error(this.#ended ? "ended while starting" : "did not come up");
  }

  /**
   * Compares the answer to one workload with what it must be.
   *
   * @param workload The workload.
   * @returns The answer; it rejects where that is a wrong one.
   */
  async check(workload: Workload): Promise<Answer> {
    const { path, status = 200, bytes } = workload;
    const fields = await this.selectFields(workload);
    using client = await Client.connect(this.port);
    const answer = await client.get(path, fields);
    if (answer.status === status && (bytes === undefined || answer.length === bytes)) return answer;
    const wanted = bytes === undefined ? status : `${status} with ${bytes} bytes`;
    throw new Error(`${path} answered with ${answer.status} and ${answer.length} bytes instead of ${wanted}`);
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
