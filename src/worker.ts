/**
 * The entry of a worker: options → handler → accept loop. From `start` to `drain` it runs by itself: no message passes
 * between threads per request or per connection.
 *
 * @module
 */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { AccessLog } from "./access_log.ts";
import type { AdmissionOptions } from "./admission.ts";
import { Admission } from "./admission.ts";
import { appBeforeFiles, filesBeforeApp } from "./app_and_files.ts";
import { Clock } from "./clock.ts";
import type { LogLevel } from "./config.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { closeIdle, serveConnection } from "./connection.ts";
import { StartError } from "./errors.ts";
import { Handoff } from "./handoff.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { LinkedList } from "./linked_list.ts";
import { acceptConnections, cloneListener } from "./listener.ts";
import type { Handler } from "./request_context.ts";
import { siteHandler } from "./site_handler.ts";
import { SpareDescriptors } from "./spare_descriptors.ts";
import { Sweep, SWEEP_MS } from "./sweep.ts";
import { setTimer } from "./timer.ts";
import type { FromWorker, StartMessage, ToWorker } from "./worker_protocol.ts";

/** How long idle connections stay open after the order to drain, in milliseconds. */
const LAST_READ_MS = 50;

/** How often access lines are passed on, in milliseconds. */
const FLUSH_MS = 500;

/** How often the log is told how many were refused, in milliseconds. */
const REFUSALS_MS = 1_000;

let drain: ((hasSuccessor: boolean) => void) | undefined;

// To the main thread it is no event that a worker ends by Deno.exit or by close: nobody else would tell the pool.
const close = self.close.bind(self);
self.close = () => {
  sayGoodbye();
  close();
};
self.addEventListener("unload", sayGoodbye);

function sayGoodbye(): void {
  send({ kind: "failed", message: "The application has ended it" });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case "start":
      return start(data);
    case "drain":
      return drain?.(data.hasSuccessor);
    default:
      return data satisfies never;
  }
};

function send(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

async function start(message: StartMessage): Promise<void> {
  startHeartbeat(message.heartbeats, message.seat);
  try {
    drain = await serve(message);
    send({ kind: "ready" });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    send({ kind: "failed", message: error.message });
  }
}

/** Starts to serve. Returns what ends it. */
async function serve(
  { seat, options, bindings, board, admission }: StartMessage,
): Promise<(hasSuccessor: boolean) => void> {
  const { context, accessLog } = await createContext(options, { memory: admission, seat });
  const listeners = bindings.map(cloneListener);
  const handoff = new Handoff(board, seat);

  const sweep = new Sweep(context);
  const timers = [
    setInterval(() => sweep.run(), SWEEP_MS),
    setInterval(() => context.admission.report(context.report), REFUSALS_MS),
    ...(accessLog === undefined ? [] : [setInterval(() => accessLog.flush(), FLUSH_MS)]),
  ];

  const finishWhenDrained = () => {
    if (!context.isDraining || context.connections.size > 0) return;
    for (const timer of timers) clearInterval(timer);
    accessLog?.flush();
    send({ kind: "drained" });
  };

  if (!handoff.join()) throw new StartError("It was ended while it started");
  void handoff.answerQuestions();
  for (const listener of listeners) {
    void acceptConnections(listener, {
      handoff,
      report: context.report,
      onExhausted: () => context.admission.exhausted(),
      serve: (conn) => serveConnection(conn, context),
      onClosed: finishWhenDrained,
    });
  }

  return (hasSuccessor) => {
    context.isDraining = true;
    context.hasSuccessor = hasSuccessor;
    handoff.leave();
    for (const listener of listeners) listener.close();
    // What was sent before the signal is read first.
    setTimeout(() => {
      for (const connection of context.connections) connection.finish();
      finishWhenDrained();
    }, LAST_READ_MS);
  };
}

const LEVELS: readonly LogLevel[] = ["error", "info", "debug"];

async function createContext(
  options: StartMessage["options"],
  place: Pick<AdmissionOptions, "memory" | "seat">,
): Promise<{ context: ConnectionContext; accessLog?: AccessLog }> {
  const { limits, timeouts, logLevel } = options;
  const clock = new Clock();
  const accessLog = logLevel === "error"
    ? undefined
    : new AccessLog(clock, (lines) => send({ kind: "access", lines }, [lines.buffer]));
  const report = (level: LogLevel, message: string) => {
    if (LEVELS.indexOf(level) <= LEVELS.indexOf(logLevel)) send({ kind: "event", level, message });
  };
  const connections: ConnectionContext["connections"] = new LinkedList();
  const context: ConnectionContext = {
    admission: new Admission({ ...place, limits, makeRoom: () => closeIdle(connections) }),
    handler: await protect(await createHandler(options, { clock, report }), options, { clock, report }),
    hasBodies: options.app !== undefined || options.upload,
    limits,
    timeouts,
    clock,
    connections,
    isDraining: false,
    hasSuccessor: false,
    logExchange: accessLog && ((exchange) => accessLog.record(exchange)),
    report,
  };
  return accessLog === undefined ? { context } : { context, accessLog };
}

async function protect(
  handler: Handler,
  { auth, authFor }: StartMessage["options"],
  { clock, report }: Pick<ConnectionContext, "clock" | "report">,
): Promise<Handler> {
  if (auth === undefined) return handler;
  const { withBasicAuth } = await import("./basic_auth.ts");
  return withBasicAuth(handler, { path: auth, scope: authFor, clock, setTimer, report });
}

/** The files of the site, the application, or both. */
async function createHandler(
  options: StartMessage["options"],
  { clock, report }: Pick<ConnectionContext, "clock" | "report">,
): Promise<Handler> {
  const { root, app, appFirst, cache, workers } = options;
  if (app !== undefined) surviveApp(report);
  const answer = app === undefined ? undefined : await loadAppHandler(app);
  if (answer !== undefined && root === "") return answer;
  const spares = new SpareDescriptors(root);
  const siteOptions = {
    site: options,
    cache: { ...cache, bytes: cache.bytes / workers },
    clock,
    open: (path: string) => spares.open(path),
    report,
    unwatched: options.logFile === undefined ? [] : [options.logFile],
  };
  if (options.upload) {
    const { writableSiteHandler } = await import("./writable_site_handler.ts");
    return writableSiteHandler(siteOptions, options.limits.uploadBytes);
  }
  const files = siteHandler(siteOptions);
  if (answer === undefined) return files;
  return appFirst ? appBeforeFiles(answer, files) : filesBeforeApp(files, answer);
}

/** What a site of files does not need is not loaded: it would double the time to start. */
async function loadAppHandler(url: string): Promise<Handler> {
  const [{ loadApp }, { fetchHandler }] = await Promise.all([import("./app.ts"), import("./fetch_handler.ts")]);
  return fetchHandler(await loadApp(url));
}

/** What an application throws outside any request must not end the other requests of its worker. */
function surviveApp(report: ConnectionContext["report"]): void {
  const survive = (event: Event, error: unknown) => {
    event.preventDefault();
    report("error", `The application failed outside any request: ${error instanceof Error ? error.stack : error}`);
  };
  self.addEventListener("error", (event) => survive(event, event.error));
  self.addEventListener("unhandledrejection", (event) => survive(event, event.reason));
}
