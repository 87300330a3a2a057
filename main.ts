/**
 * The command: arguments → options → server → exit code.
 *
 *     deno run --allow-net --allow-read main.ts -p 8080 -r ./www
 *
 * Exit codes: 0 stopped by a signal, 1 cannot start or cut off by a second signal, 2 the command line cannot be understood.
 *
 * @module
 */

import { resolve } from "@std/path";
import metadata from "./deno.json" with { type: "json" };
import { HELP, parseCommand } from "./src/cli.ts";
import { DEFAULT_OPTIONS } from "./src/config.ts";
import type { ServerOptions } from "./src/config.ts";
import { StartError, UsageError } from "./src/errors.ts";
import { escapeControls } from "./src/log.ts";
import { startServer } from "./src/server.ts";

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  switch (command.kind) {
    case "help":
      return console.log(HELP);
    case "version":
      return console.log(`sockeye ${metadata.version}`);
    case "serve":
      return await serve({
        ...DEFAULT_OPTIONS,
        workers: navigator.hardwareConcurrency,
        ...command.options,
        root: resolve(command.options.root),
      });
    default:
      return command satisfies never;
  }
}

async function serve(options: ServerOptions): Promise<void> {
  const starting = startServer(Object.freeze(options));
  let isStopping = false;
  const stop = async () => {
    if (isStopping) Deno.exit(1);
    isStopping = true;
    await (await starting).stop();
    Deno.exit(0);
  };
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);

  const server = await starting;
  const workers = options.workers === 1 ? "1 worker" : `${options.workers} workers`;
  console.log(`Sockeye serves ${options.root} on ${server.urls.join(" and ")} with ${workers}`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error;
    console.error(`sockeye: ${escapeControls(error.message)}`);
    Deno.exit(error instanceof UsageError ? 2 : 1);
  }
}
