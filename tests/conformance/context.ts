/** What a row runs against, whether it can, and how it went. */

import type { Facts, Server } from "./facts.ts";
import type { Row } from "./row.ts";

/** What the rows run against. */
export interface Context {
  /** The server. */
  readonly server: Server;
  /** What it says about its files. */
  readonly facts: Facts;
  /** The root in the file system, where it is known. */
  readonly root: string | undefined;
  /** Bound for the slow rows, in milliseconds; `undefined`: they are left out. */
  readonly slowMs: number | undefined;
}

/** How a row went. */
export interface Outcome {
  /** The verdict. */
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed or was left out. */
  readonly reasons: readonly string[];
  /** What was sent, one character per byte. */
  readonly sent: string;
  /** What was expected where it failed. */
  readonly expected: unknown;
  /** What was received, one character per byte. */
  readonly received: string;
  /** Whether it failed because the server did nothing. */
  readonly isTimeout?: true;
  /** How long it took. */
  readonly durationMs: number;
}

/**
 * Finds out what keeps a row from being run.
 *
 * @param row The row.
 * @param context What it would run against.
 * @returns The reason, or `undefined` where there is none.
 */
export async function findLack(row: Row, { slowMs, root, facts }: Context): Promise<string | undefined> {
  for (const need of row.needs ?? []) {
    if (need === "slow" && slowMs === undefined) return "needs --slow";
    if (need === "root" && root === undefined) return "needs --root";
    if (need.startsWith("strong ")) {
      const [, path = "", coding] = need.split(" ");
      const tag = await facts.entityTag(path, coding).catch(() => undefined);
      if (tag?.startsWith("W/")) return `the entity tag of ${path} is weak`;
    }
  }
  return undefined;
}
