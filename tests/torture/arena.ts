/** A server with two files and an application for the torture: the real program, in a process of its own. */

import { fromFileUrl, join } from "@std/path";
import { ServerProcess } from "../server_process.ts";
import { Client } from "./client.ts";
import type { Target } from "./hostile.ts";
import type { Asked } from "./load.ts";

const APP = fromFileUrl(new URL("../apps/faulty.ts", import.meta.url));
const LARGE_BYTES = 64 << 20;

/** The server, its files and who is to attack what. */
export class Arena implements AsyncDisposable {
  /** The process. */
  readonly server: ServerProcess;
  readonly #folder: string;
  readonly #small: Uint8Array;

  private constructor(server: ServerProcess, folder: string, small: Uint8Array) {
    this.server = server;
    this.#folder = folder;
    this.#small = small;
  }

  /**
   * Starts it.
   *
   * @param args Options of the command.
   * @param patienceMs When it is ended by force.
   */
  static async start(args: readonly string[], patienceMs: number): Promise<Arena> {
    const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-torture-" }));
    const small = crypto.getRandomValues(new Uint8Array(4_096));
    Deno.writeFileSync(join(folder, "small.bin"), small);
    Deno.writeFileSync(join(folder, "large.bin"), new Uint8Array());
    Deno.truncateSync(join(folder, "large.bin"), LARGE_BYTES);
    const permissions = ["--v8-flags=--max-semi-space-size=4", "--allow-net=127.0.0.1", "--allow-read"];
    const all = ["-h", "127.0.0.1", "-w", "2", "--app", APP, ...args, folder];
    const server = await ServerProcess.start(all, { permissions, patienceMs });
    const arena = new Arena(server, folder, small);
    // Warm: what is measured is not the start.
    for (let n = 0; n < 500; n++) {
      using client = await Client.connect(server.address);
      await client.ask("GET", "/small.bin");
    }
    return arena;
  }

  /** What normal clients ask for. */
  get asked(): Asked {
    return { address: this.server.address, path: "/small.bin", content: this.#small };
  }

  /** What hostile clients do it to. */
  get target(): Target {
    return { address: this.server.address, largePath: "/large.bin", bodyPath: "/fine", dribbleMs: 4_000 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
