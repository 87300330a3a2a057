/**
 * The command: arguments → options → server → exit code.
 *
 *     deno run --allow-net --allow-read main.ts -p 8080 -r ./www
 *
 * Exit codes: 0 stopped by a signal, 1 cannot start or cut off by a second signal, 2 the command line cannot be
 * understood, 75 a worker stands still and the process is to be started again.
 *
 * @module
 */

import metadata from "./deno.json" with { type: "json" };
import { HELP, parseCommand } from "./src/cli.ts";
import type { ServerOptions } from "./src/config.ts";
import { EXIT_STUCK } from "./src/config.ts";
import { StartError, UsageError } from "./src/errors.ts";
import { escapeControls } from "./src/log.ts";
import { findNetworkUrls } from "./src/network_addresses.ts";
import type { Server } from "./src/server.ts";
import { checkSite, completeOptions, isEveryAddress, startServer } from "./src/server.ts";
import { checkUserName } from "./src/users_file.ts";

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  switch (command.kind) {
    case "help":
      return console.log(HELP);
    case "version":
      return console.log(`sockeye ${metadata.version}`);
    case "explain": {
      const options = completeOptions(command.options);
      checkSite(options);
      const { explain } = await import("./src/explain.ts");
      for (const line of await explain(options, command.request)) console.log(escapeControls(line));
      return;
    }
    case "hash":
      return console.log(await makeUserLine(command.name));
    case "serve":
      return await serve({ ...completeOptions(command.options), sandbox: true });
    default:
      return command satisfies never;
  }
}

/** The password comes by standard input, so that no list of processes and no history of a shell tells it. */
async function makeUserLine(name: string): Promise<string> {
  const fault = checkUserName(name);
  if (fault !== undefined) throw new UsageError(`${JSON.stringify(name)} is no name of a user: ${fault}`);
  if (Deno.stdin.isTerminal()) console.error(`Password for ${name}, and Enter (it can be seen):`);
  let text = "";
  for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes("\n")) break;
  }
  const [password = ""] = text.split(/\r?\n/);
  if (password === "") throw new UsageError("There is no password on standard input");
  const { hashPassword } = await import("./src/password_hash.ts");
  return `${name}:${await hashPassword(password)}`;
}

async function serve(options: ServerOptions): Promise<void> {
  const starting = startServer(options);
  let signals = 0;
  const stop = async () => {
    if (++signals > 1) Deno.exit(1);
    await (await starting).stop();
    Deno.exit(0);
  };
  const stopping: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of stopping) Deno.addSignalListener(signal, stop);
  if (Deno.build.os !== "windows") reopenLogOnSignals(options, starting);

  const server = await starting;
  void server.stuck.then(async (reason) => {
    console.error(`sockeye: ${reason}. The server ends with ${EXIT_STUCK}, to be started again`);
    await server.stop();
    // A thread that loops would keep the process.
    Deno.exit(EXIT_STUCK);
  });
  const workers = options.workers === 1 ? "1 worker" : `${options.workers} workers`;
  const everywhere = isEveryAddress(options.hostname) ? " (and all other addresses of this machine)" : "";
  const what = [options.app, options.root].filter((part) => part !== undefined && part !== "").join(" and ");
  console.log(`Sockeye serves ${what} on ${server.urls.join(" and ")}${everywhere} with ${workers}`);
  if (options.dev) await printNetworkUrls(options.hostname, server.urls);
}

/**
 * A terminal that is closed sends SIGHUP: without a log file the process ends by it, as ever. Never SIGUSR1: a listener
 * for that opens the inspector of the runtime to the whole machine.
 */
function reopenLogOnSignals({ logFile }: ServerOptions, starting: Promise<Server>): void {
  const reopen = () => void starting.then((server) => server.reopenLog(), () => {});
  Deno.addSignalListener("SIGUSR2", reopen);
  if (logFile !== undefined) Deno.addSignalListener("SIGHUP", reopen);
}

/** For the other devices in the room. */
async function printNetworkUrls(hostname: string, [first = ""]: readonly string[]): Promise<void> {
  const { port, pathname } = new URL(first);
  const { urls, hint } = await findNetworkUrls({ hostname, port: Number(port || 80) });
  for (const url of urls) console.log(`On your network: ${url}${pathname === "/" ? "" : pathname}`);
  if (hint !== undefined) console.log(hint);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error;
    console.error(`sockeye: ${escapeControls(error.message)}`);
    for (const detail of error instanceof StartError ? error.details : []) console.error(`  ${escapeControls(detail)}`);
    Deno.exit(error instanceof UsageError ? 2 : 1);
  }
}
