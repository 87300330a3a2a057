/**
 * The torture: does to the real program what a hostile network and a failing machine do, and prints one report.
 *
 * ```sh
 * deno task torture                               # all parts, about ten minutes
 * deno task torture --only crowd,tools            # some: faults, memory, timeouts, crowd, tools
 * deno task torture --seconds 5 --rounds 1        # shorter
 * deno task torture --docs                        # and write the table into docs/reliability.md
 * ```
 *
 * The exit status is 0, 1 where something did not hold, or 2 for wrong options. Linux only.
 */

import { parseArgs } from "@std/cli/parse-args";
import { Failure, parseWhole, runCommand } from "../../bench/flags.ts";
import { FAULT_CASES } from "../slow/faults.ts";
import { MEMORY_CASES } from "../slow/memory.ts";
import { type CrowdOptions, runCrowd } from "./crowd.ts";
import { makeReport, printReport, type Row, writeReport } from "./report.ts";
import { runTimeouts } from "./timeouts.ts";
import { runTools } from "./tools.ts";

interface Case {
  readonly name: string;
  run(): Promise<string>;
}

/** Cases that throw where something does not hold. */
async function* runCases(cases: readonly Case[], expected: string): AsyncGenerator<Row> {
  for (const { name, run } of cases) {
    try {
      const seen = await run();
      yield { done: name, expected, seen, outcome: seen.startsWith("not run") ? "not run" : "ok" };
    } catch (error) {
      yield { done: name, expected, seen: error instanceof Error ? error.message : String(error), outcome: "FAILED" };
    }
  }
}

const PARTS: Readonly<Record<string, (options: CrowdOptions) => AsyncGenerator<Row>>> = {
  faults: () => runCases(FAULT_CASES, "goes on, or ends as documented; keeps no descriptor, thread or memory"),
  memory: () => runCases(MEMORY_CASES, "answers are right, memory stays within its bound"),
  timeouts: runTimeouts,
  crowd: runCrowd,
  tools: runTools,
};

async function main(signal: AbortSignal): Promise<number> {
  const flags = parseArgs(Deno.args, {
    string: ["only", "seconds", "rounds", "connections"],
    boolean: ["docs", "json"],
    unknown: (flag) => {
      throw new Failure(`${flag} is no option`, 2);
    },
  });
  const options = {
    seconds: parseWhole("seconds", flags.seconds, { fallback: 15, min: 1, max: 3_600 }),
    rounds: parseWhole("rounds", flags.rounds, { fallback: 3, min: 1, max: 100 }),
    connections: parseWhole("connections", flags.connections, { fallback: 10_000, min: 2, max: 60_000 }),
  };
  const rows: Row[] = [];
  for (const name of flags.only?.split(",") ?? Object.keys(PARTS)) {
    const part = PARTS[name];
    if (part === undefined) throw new Failure(`--only ${name}: the parts are ${Object.keys(PARTS).join(", ")}`, 2);
    for await (const row of part(options)) {
      rows.push(row);
      console.error(`${row.outcome}: ${row.done}: ${row.seen}`);
      signal.throwIfAborted();
    }
  }
  const report = await makeReport(rows);
  if (flags.docs) await writeReport("torture", report);
  return printReport(report, flags.json);
}

if (import.meta.main) Deno.exit(await runCommand(main));
