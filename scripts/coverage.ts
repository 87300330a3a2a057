/**
 * Runs all tests once and tells how much of `src/` they reach: lines, branches and functions of each module, and the
 * lines that nothing reached. Ends with 1 where a test fails, or less than the bound of lines is reached.
 *
 *     deno task coverage
 *
 * What runs in processes of its own (`main_test.ts` and the like) is not counted, since what ends by a signal leaves no
 * record; the figures are lower than the truth for the modules that only a whole server uses.
 */

import { join, relative } from "@std/path";

/** The least part of lines that is reached, in percent. */
const LEAST_LINES = 95;

/** As `deno task test`; types are checked by `deno task check`. */
const TEST = [
  "test",
  "--no-check",
  "--parallel",
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-run",
];

/** How much of one module was reached, of how much. */
export interface Reach {
  /** Its path. */
  readonly path: string;
  /** Numbers of the lines that were not reached. */
  readonly missed: readonly number[];
  /** Reached lines, and all. */
  readonly lines: readonly [number, number];
  /** Reached branches, and all. */
  readonly branches: readonly [number, number];
}

/**
 * Reads a report in the format of lcov.
 *
 * @param text The report.
 */
export function parseLcov(text: string): Reach[] {
  return text.split("end_of_record").flatMap((record) => {
    const number = (key: string) => Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) return [];
    const missed = [...record.matchAll(/^DA:(\d+),0$/gm)].map(([, line]) => Number(line));
    return [{ path, missed, lines: [number("LH"), number("LF")], branches: [number("BRH"), number("BRF")] }];
  });
}

/**
 * Writes numbers as ranges: 1, 2, 3, 5 is `1-3, 5`.
 *
 * @param numbers In rising order.
 */
export function formatRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(", ");
}

/** A worker that is terminated leaves an empty file, at which the report would end. */
function removeEmptyFiles(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (Deno.statSync(path).size === 0) Deno.removeSync(path);
  }
}

function percent([reached, all]: readonly [number, number]): number {
  return all === 0 ? 100 : 100 * reached / all;
}

function print(reaches: readonly Reach[]): number {
  const show = (pair: readonly [number, number]) => percent(pair).toFixed(1).padStart(6);
  console.log("\n lines branches  module, and the lines that no test reached");
  for (const { path, missed, lines, branches } of reaches) {
    console.log(`${show(lines)}   ${show(branches)}  ${relative("src", path)} ${formatRanges(missed)}`.trimEnd());
  }
  const sum = (key: "lines" | "branches") =>
    reaches.reduce<[number, number]>(([a, b], reach) => [a + reach[key][0], b + reach[key][1]], [0, 0]);
  console.log(`${show(sum("lines"))}   ${show(sum("branches"))}  of src/`);
  return percent(sum("lines"));
}

async function run(args: readonly string[], stdout: "inherit" | "piped"): Promise<Deno.CommandOutput> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], stdin: "null", stdout, stderr: "inherit" });
  return stdout === "piped" ? await command.output() : { ...await command.spawn().status, ...NOTHING };
}

const NOTHING = { stdout: new Uint8Array(), stderr: new Uint8Array() };

async function main(): Promise<number> {
  const folder = Deno.makeTempDirSync({ prefix: "sockeye-coverage-" });
  try {
    const raw = [`--coverage=${folder}`, "--coverage-raw-data-only", ...Deno.args];
    const { success } = await run([...TEST, ...raw], "inherit");
    removeEmptyFiles(folder);
    const source = `^${new URL("../src/", import.meta.url).href}`;
    const { stdout } = await run(["coverage", "--lcov", `--include=${source}`, folder], "piped");
    const lines = print(parseLcov(new TextDecoder().decode(stdout)));
    if (lines < LEAST_LINES) console.log(`Less than ${LEAST_LINES} % of lines are reached`);
    return success && lines >= LEAST_LINES ? 0 : 1;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
