/**
 * The log of the server: events through LogTape, access lines as they come, both to one file or to standard error.
 *
 * Only the main thread writes, and it never waits for it: a reader that is slow or gone, or a full disk, costs lines and
 * not the server. How many were lost is said when the log can be written again.
 *
 * @module
 */

import { configureSync, getConfig, getLogger, getTextFormatter } from "@logtape/logtape";
import { concat } from "./bytes.ts";
import type { LogLevel } from "./config.ts";
import { StartError } from "./errors.ts";

const ENCODER = new TextEncoder();
const LF = 0x0a;

/** What may wait to be written; lines beyond it are lost. */
const QUEUE_BYTES = 1 << 20;
/** How long closing waits for what is left, in milliseconds. */
const CLOSE_MS = 1_000;

/** Where events and access lines go. */
export interface Log {
  /**
   * Writes an event, if its level is wanted.
   *
   * @param level How urgent it is.
   * @param message What happened; control characters are escaped.
   */
  event(level: LogLevel, message: string): void;
  /**
   * Writes access lines.
   *
   * @param lines Whole lines, encoded.
   */
  access(lines: Uint8Array): void;
  /**
   * Opens the log file anew by its name, which may have been given to another file or to none; what waits to be written
   * goes there. Where that fails the file of before is written on, and the reason is in it.
   *
   * @returns Settled when the file of before is given back.
   */
  reopen(): Promise<void>;
  /** Writes what is left, within a second, and gives the file back. */
  close(): Promise<void>;
}

/** The logs of this process by their LogTape category: LogTape is configured once for all of them. */
const logs = new Map<string, { readonly level: LogLevel; readonly write: (bytes: Uint8Array) => void }>();
let opened = 0;

/**
 * Opens the log.
 *
 * @param level What is written.
 * @param filePath The file to append to; standard error where it is absent.
 * @throws {StartError} Where the file cannot be opened.
 */
export function openLog(level: LogLevel, filePath: string | undefined): Log {
  let file = filePath === undefined ? undefined : openFile(filePath);
  const queue = new WriteQueue(file ?? Deno.stderr);
  const id = String(++opened);
  logs.set(id, { level, write: (bytes) => queue.add(bytes) });
  configureOnce();
  const logger = getLogger(["sockeye", id]);
  const event: Log["event"] = (eventLevel, message) => logger[eventLevel]("{message}", { message });
  return {
    event,
    access: (lines) => queue.add(lines),
    async reopen(): Promise<void> {
      if (filePath === undefined || !logs.has(id)) return;
      const former = file;
      try {
        file = openFile(filePath);
      } catch (error) {
        return event(
          "error",
          `The log file of before is written on. ${error instanceof Error ? error.message : error}`,
        );
      }
      await queue.redirect(file);
      former?.close();
    },
    async close(): Promise<void> {
      if (!logs.delete(id)) return;
      await queue.finish(CLOSE_MS);
      file?.close();
    },
  };
}

/** A program that has configured LogTape itself gets the events under the category "sockeye". */
function configureOnce(): void {
  if (getConfig() !== null) return;
  const format = getTextFormatter({ value: (value) => escapeControls(String(value)) });
  configureSync({
    sinks: {
      output: (record) => {
        const log = logs.get(record.category[1] ?? "");
        if (log === undefined || LEVELS.indexOf(record.level) > LEVELS.indexOf(log.level)) return;
        log.write(ENCODER.encode(format({ ...record, category: ["sockeye"] })));
      },
    },
    loggers: [
      { category: ["sockeye"], lowestLevel: "debug", sinks: ["output"] },
      { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: [] },
    ],
  });
}

/** From the most to the least urgent; the server uses three of them. */
const LEVELS: readonly string[] = ["fatal", "error", "warning", "info", "debug", "trace"];

/** Where bytes can be written, in part. */
interface Output {
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes one thing after the other without holding up who adds to it. */
class WriteQueue {
  #output: Output;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lostLines = 0;
  /** The output that ends in the midst of a line, if one does. */
  #torn: Output | undefined;
  #writing: Promise<void> | undefined;
  #writingOne: Promise<void> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  add(bytes: Uint8Array): void {
    if (this.#waitingBytes + bytes.length > QUEUE_BYTES) {
      this.#lostLines += countLines(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Writes to another output from now on. Settled when the one of before is no longer written to. */
  async redirect(output: Output): Promise<void> {
    this.#output = output;
    await this.#writingOne;
  }

  async finish(withinMs: number): Promise<void> {
    let timer;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, withinMs));
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      this.#writingOne = this.#write(this.#output, bytes);
      await this.#writingOne;
      this.#waitingBytes -= bytes.length;
    }
    // In the same turn in which nothing was found waiting: a line that came between would wait for the next one.
    this.#writing = undefined;
  }

  /** Writes lines, behind how many were lost before them. */
  async #write(output: Output, lines: Uint8Array): Promise<void> {
    const lost = this.#lostLines;
    const notice = lost === 0 ? "" : `sockeye: ${lost} lines of the log were lost\n`;
    const prefix = ENCODER.encode((this.#torn === output ? "\n" : "") + notice);
    const bytes = prefix.length === 0 ? lines : concat([prefix, lines]);
    let sent = 0;
    try {
      while (sent < bytes.length) sent += await output.write(bytes.subarray(sent));
    } catch {
      // They are counted.
    }
    if (sent >= prefix.length) this.#lostLines -= lost;
    this.#lostLines += countLines(bytes.subarray(Math.max(sent, prefix.length)));
    if (sent > 0) this.#torn = bytes[sent - 1] === LF ? undefined : output;
  }
}

function countLines(bytes: Uint8Array): number {
  return bytes.reduce((lines, byte) => byte === LF ? lines + 1 : lines, 0);
}

/**
 * Keeps a message on its line, whatever somebody put into it.
 *
 * @param text The message.
 * @returns The message with control characters as `\\uXXXX`.
 */
export function escapeControls(text: string): string {
  // deno-lint-ignore no-control-regex -- controls are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function openFile(filePath: string): Deno.FsFile {
  if (Deno.permissions.querySync({ name: "write", path: filePath }).state !== "granted") {
    throw new StartError(`A log file needs the permission to write it: add --allow-write=${filePath}`);
  }
  if (isFifo(filePath)) {
    throw new StartError(`The log file ${filePath} is a FIFO: redirect standard error to it instead`);
  }
  try {
    return Deno.openSync(filePath, { append: true, create: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`Cannot open the log file ${filePath}: ${reason}`, { cause: error });
  }
}

/** Opening one would wait for its reader. */
function isFifo(filePath: string): boolean {
  try {
    return Deno.statSync(filePath).isFifo === true;
  } catch {
    return false;
  }
}
