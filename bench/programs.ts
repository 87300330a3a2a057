/**
 * Which of the programs that a benchmark needs or compares with are installed, and in which version.
 *
 * @module
 */
import { Failure } from "./flags.ts";
import { openFileLimit, procAvailable } from "./proc.ts";

/** A program that is installed. */
export interface Program {
  /** Name or path. */
  readonly command: string;
  /** Its version. */
  readonly version: string;
}

/** Open files a benchmark needs besides its connections. */
export const SPARE_FILES = 200;

/** Debian keeps servers outside the search path of ordinary users. */
const FOLDERS = ["", "/usr/sbin/"];

/** Version a program tells about itself; `undefined` where it is not there or may not be run. */
async function versionOf(command: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "run", command });
  if (state !== "granted") return undefined;
  try {
    const { stdout, stderr } = await new Deno.Command(command, { args: ["-v"], stdin: "null" }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Finds a program.
 *
 * @param name Its name.
 * @returns `undefined` where it is not installed.
 */
export async function findProgram(name: string): Promise<Program | undefined> {
  for (const folder of FOLDERS) {
    const command = folder + name;
    const version = await versionOf(command);
    if (version) return { command, version };
  }
  return undefined;
}

/** What a benchmark has to work with. */
export interface Means {
  /** Version of the load generator. */
  readonly wrk: string;
  /** Connections that one process may hold. */
  readonly connections: number;
}

/**
 * Checks that a benchmark can run here.
 *
 * @throws {Failure} Something is missing.
 */
export async function checkMeans(): Promise<Means> {
  const wrk = await versionOf("wrk");
  if (!wrk) throw new Failure("wrk was not found: install it (on Debian and Ubuntu: apt install wrk) and try again");
  if (!await procAvailable()) throw new Failure("the benchmark reads /proc and so runs on Linux only");
  return { wrk, connections: Math.max(0, await openFileLimit() - SPARE_FILES) };
}
