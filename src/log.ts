/**
 * The log of the server: events through LogTape, access lines as they come, both to one file or to standard error.
 *
 * Only the main thread writes. That the log cannot be written (disk full, file system gone) is said once on standard
 * error and never stops the server.
 *
 * @module
 */

import { configureSync, getLogger, getTextFormatter } from "@logtape/logtape";
import type { LogLevel } from "./config.ts";
import { StartError } from "./errors.ts";

const ENCODER = new TextEncoder();

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
  /** Gives the file back. */
  close(): void;
}

/**
 * Opens the log.
 *
 * @param level What is written.
 * @param filePath The file to append to; standard error where it is absent.
 * @throws {StartError} Where the file cannot be opened.
 */
export function openLog(level: LogLevel, filePath: string | undefined): Log {
  const output = filePath === undefined ? undefined : openFile(filePath);
  let isBroken = false;
  const write = (bytes: Uint8Array) => {
    try {
      writeAll(output ?? Deno.stderr, bytes);
      isBroken = false;
    } catch (error) {
      if (!isBroken && output !== undefined) console.error(`Cannot write to ${filePath}: ${describe(error)}`);
      isBroken = true;
    }
  };
  const format = getTextFormatter({ value: (value) => escapeControls(String(value)) });
  configureSync({
    reset: true,
    sinks: { output: (record) => write(ENCODER.encode(format(record))) },
    loggers: [
      { category: ["sockeye"], lowestLevel: level, sinks: ["output"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["output"] },
    ],
  });
  const logger = getLogger(["sockeye"]);
  return {
    event: (eventLevel, message) => logger[eventLevel]("{message}", { message }),
    access: write,
    close: () => output?.close(),
  };
}

/**
 * Keeps a message on its line, whatever somebody put into it.
 *
 * @param text The message.
 * @returns The message with control characters as `\\uXXXX`.
 */
export function escapeControls(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function openFile(filePath: string): Deno.FsFile {
  if (Deno.permissions.querySync({ name: "write", path: filePath }).state !== "granted") {
    throw new StartError(`A log file needs the permission to write it: add --allow-write=${filePath}`);
  }
  try {
    return Deno.openSync(filePath, { append: true, create: true });
  } catch (error) {
    throw new StartError(`Cannot open the log file ${filePath}: ${describe(error)}`, { cause: error });
  }
}

function writeAll(output: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += output.writeSync(bytes.subarray(written));
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
