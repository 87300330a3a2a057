/**
 * Other servers as readers of request streams: nginx, Node (llhttp), and Deno's own (hyper). They run on this machine
 * only, on loopback or on pipes, and end with the fuzzer.
 */

import { fromFileUrl, join } from "@std/path";
import { decode, encode } from "../raw_client.ts";

/** One request, as another server saw it. */
export interface SeenRequest {
  /** The method. */
  readonly method: string;
  /** The target as it was sent; absent where the server does not tell. */
  readonly target?: string;
  /** The content; absent where the server does not tell. */
  readonly body?: string;
  /** Whether its end was seen; absent where the server does not tell. */
  readonly isWhole?: boolean;
}

/** What another server made of a stream. */
export interface PeerReading {
  /** The requests, in their order. */
  readonly requests: readonly SeenRequest[];
  /** Whether it found something wrong at the end of them. */
  readonly isRefused: boolean;
}

/** Another server. */
export interface Peer extends AsyncDisposable {
  /** What it is called. */
  readonly name: string;
  /** Reads one stream. */
  read(stream: string): Promise<PeerReading>;
}

/** The field in which a server tells what it saw. */
const SEEN = "X-Seen";
/** How long a server may be silent, in milliseconds; it answers in one. */
const PATIENCE_MS = 2_000;

/** Sends a stream, ends the sending side, and returns all that is answered. */
async function exchange(port: number, stream: string): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const alarm = setTimeout(() => conn.close(), PATIENCE_MS);
  let answers = "";
  try {
    const bytes = encode(stream);
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    await conn.closeWrite();
    const piece = new Uint8Array(16_384);
    for (let count = await conn.read(piece); count !== null; count = await conn.read(piece)) {
      answers += decode(piece.subarray(0, count));
    }
  } catch {
    // It closed before all was sent: what it answered is what counts.
  } finally {
    clearTimeout(alarm);
  }
  return answers;
}

/** The answers to what was accepted are 204 and so have no content; what comes behind another one does not matter. */
function readAnswers(answers: string): { readonly seen: readonly string[]; readonly isRefused: boolean } {
  const seen: string[] = [];
  for (const head of answers.split("\r\n\r\n")) {
    if (head.startsWith("HTTP/1.1 100 ")) continue;
    if (!/^HTTP\/1\.[01] 204 /.test(head)) return { seen, isRefused: head !== "" };
    seen.push(new RegExp(`^${SEEN}: (.*)$`, "im").exec(head)?.[1] ?? "");
  }
  return { seen, isRefused: false };
}

const NGINX = "/usr/sbin/nginx";

/** nginx: it tells method and target, and skips bodies as they are framed. */
class Nginx implements Peer {
  readonly name: string = "nginx";
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.#folder = Deno.makeTempDirSync({ prefix: "sockeye-fuzz-" });
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path tmp;`);
    Deno.writeTextFileSync(
      join(this.#folder, "nginx.conf"),
      `daemon off; master_process off; pid nginx.pid; error_log /dev/null crit; events {}
      http {
        access_log off; ${temporary.join(" ")} keepalive_requests 1000000;
        server {
          listen 127.0.0.1:${port};
          add_header ${SEEN} "$request_method $request_uri" always;
          location / { return 204; }
        }
      }`,
    );
    const args = ["-p", this.#folder, "-c", join(this.#folder, "nginx.conf"), "-e", "/dev/null"];
    this.#child = new Deno.Command(NGINX, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  }

  async read(stream: string): Promise<PeerReading> {
    const { seen, isRefused } = readAnswers(await exchange(this.#port, stream));
    const requests = seen.map((text) => {
      const at = text.indexOf(" ");
      return { method: text.slice(0, at), target: text.slice(at + 1) };
    });
    return { requests, isRefused };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** Starts nginx on a port that is free just now, and waits until it answers. */
async function startNginx(): Promise<Peer> {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const nginx = new Nginx(port);
  for (let tries = 0; tries < 100; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return nginx;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  await nginx[Symbol.asyncDispose]();
  throw new Error("nginx does not start");
}

/** Deno's own server, whose parser is hyper: it tells method and content, but for methods that have none in Fetch. */
class Hyper implements Peer {
  readonly name: string = "hyper";
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { method } = request;
    try {
      const body = decode(await request.bytes());
      const seen = JSON.stringify(method === "GET" || method === "HEAD" ? { method } : { method, body });
      return new Response(null, { status: 204, headers: { [SEEN]: encode(seen).toBase64() } });
    } catch {
      return new Response(null, { status: 400 });
    }
  });

  async read(stream: string): Promise<PeerReading> {
    const { seen, isRefused } = readAnswers(await exchange(this.#server.addr.port, stream));
    const requests = seen.map((text) => JSON.parse(decode(Uint8Array.fromBase64(text))));
    return { requests, isRefused };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Node's server on a pipe: it tells method, target and content. */
class Node implements Peer {
  readonly name: string = "node";
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting: ((reading: PeerReading) => void)[] = [];
  readonly #reading: Promise<void>;

  constructor() {
    const program = fromFileUrl(new URL("node_peer.mjs", import.meta.url));
    const child = new Deno.Command("node", { args: [program], stdin: "piped", stdout: "piped", stderr: "null" });
    this.#child = child.spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = this.#takeLines();
  }

  async read(stream: string): Promise<PeerReading> {
    const { promise, resolve } = Promise.withResolvers<PeerReading>();
    this.#waiting.push(resolve);
    await this.#writer.write(encode(`${encode(stream).toBase64()}\n`));
    return await promise;
  }

  async #takeLines(): Promise<void> {
    let text = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + piece).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#waiting.shift()?.(JSON.parse(line));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reading;
    await this.#child.status;
  }
}

/** How each is started. */
export const PEERS: Readonly<Record<string, () => Promise<Peer>>> = {
  node: () => Promise.resolve(new Node()),
  nginx: startNginx,
  hyper: () => Promise.resolve(new Hyper()),
};
