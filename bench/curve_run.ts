/**
 * What all curves of a run share, and the servers that are measured, started together.
 *
 * @module
 */
import type { Curve, Point, Series } from "./curve.ts";
import type { Room } from "./curve_files.ts";
import type { Program } from "./programs.ts";
import { type Launch, nginx, Server, type Setting, sockeye } from "./servers.ts";

/** What all curves of a run share. */
export interface CurveRun {
  /** Length of a round in seconds. */
  readonly seconds: number;
  /** Rounds of each point; the best counts. */
  readonly rounds: number;
  /** Length of the curve over time in seconds. */
  readonly uptimeSeconds: number;
  /** Most files to make. */
  readonly files: number;
  /** Most connections to hold. */
  readonly connections: number;
  /** Room for files. */
  readonly room: Room;
  /** Folder for the files of this curve, which is empty at first. */
  readonly folder: string;
  /** The server to compare with; absent where it is not installed. */
  readonly peer?: Program;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** What measuring a curve gives; the rest of a {@linkcode Curve} is the same for all of a run. */
export type Measured = Omit<Curve, "name" | "date" | "machine" | "programs">;

/** What a curve's servers are to serve. */
export type CurveSetting = Omit<Setting, "folder" | "isLogged">;

/**
 * How to start each of the servers.
 *
 * @param run The run.
 * @param wanted What they are to serve.
 */
export function listLaunches(
  { folder, peer }: CurveRun,
  wanted: CurveSetting,
): (() => Launch | Promise<Launch>)[] {
  const setting: Setting = { ...wanted, folder, isLogged: false };
  return [() => sockeye(setting), ...(peer ? [() => nginx(peer.command, setting)] : [])];
}

/**
 * Starts the servers.
 *
 * @param run The run.
 * @param wanted What they are to serve.
 * @returns The servers; disposing of it ends them.
 */
export async function startAll(
  run: CurveRun,
  wanted: CurveSetting,
): Promise<AsyncDisposableStack & { servers: Server[] }> {
  await using stack = new AsyncDisposableStack();
  const servers: Server[] = [];
  for (const launch of listLaunches(run, wanted)) servers.push(stack.use(await Server.start(await launch(), [])));
  return Object.assign(stack.move(), { servers });
}

/** Collects the points of several servers. */
export class Points {
  readonly #points: Map<string, Point[]> = new Map();

  /**
   * Adds a point.
   *
   * @param server Name of the server.
   * @param point The point.
   */
  add(server: string, point: Point): void {
    this.#points.set(server, [...this.#points.get(server) ?? [], point]);
  }

  /** All points, in the order in which they came. */
  get series(): Series[] {
    return [...this.#points].map(([server, points]) => ({ server, points }));
  }
}
