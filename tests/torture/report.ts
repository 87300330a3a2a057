/**
 * The report of a long run: rows that say what was done, what should hold and what was seen, as Markdown or as JSON, with
 * the machine and the day; and how rows get into `docs/reliability.md`.
 */

import { fillMarks } from "../../bench/docs.ts";
import { machine } from "../../bench/proc.ts";

const DOCUMENT = "docs/reliability.md";

/** One thing that was done. */
export interface Row {
  /** What. */
  readonly done: string;
  /** What should hold. */
  readonly expected: string;
  /** The figure that was seen. */
  readonly seen: string;
  /** Whether it held; a row that was not run says why in `seen`. */
  readonly outcome: "ok" | "FAILED" | "not run";
}

/** All rows, and where they come from. */
export interface Report {
  /** Processor, cores, kernel, Deno. */
  readonly machine: string;
  /** When it began, such as `2026-11-27`. */
  readonly date: string;
  /** The rows. */
  readonly rows: readonly Row[];
}

/** Puts rows together with the machine and the day. */
export async function makeReport(rows: readonly Row[]): Promise<Report> {
  const { cpu, cores, kernel } = await machine();
  const date = new Date().toISOString().slice(0, 10);
  return { machine: `${cpu}, ${cores} cores, ${kernel}, Deno ${Deno.version.deno}`, date, rows };
}

/** The report as Markdown. */
export function render({ machine, date, rows }: Report): string {
  const cells = rows.map(({ done, expected, seen, outcome }) => [done, expected, seen, outcome]);
  const table = [["done", "should hold", "seen", ""], ["---", "---", "---", "---"], ...cells];
  const text = table.map((row) => `| ${row.map(escapeCell).join(" | ")} |`).join("\n");
  const failed = rows.filter(({ outcome }) => outcome === "FAILED").length;
  return `${date}; ${machine}. ${rows.length} rows, ${failed} failed.\n\n${text}`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/**
 * Writes a report into the documentation.
 *
 * @param name Name of the marks there.
 * @param report The report.
 */
export async function writeReport(name: string, report: Report): Promise<void> {
  const document = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, fillMarks(document, name, render(report)));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCUMENT], stdin: "null" }).output();
}

/** Prints a report. Returns the exit status: 1 where a row failed. */
export function printReport(report: Report, isJson: boolean): number {
  console.log(isJson ? JSON.stringify(report, undefined, 2) : render(report));
  return report.rows.some(({ outcome }) => outcome === "FAILED") ? 1 : 0;
}

/** The value below which a share of the values is; `NaN` of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

// Writes reports that were printed with --json into the documentation: NAME FILE [FILE...]
if (import.meta.main) {
  const [name = "", ...files] = Deno.args;
  const reports: Report[] = await Promise.all(files.map(async (file) => JSON.parse(await Deno.readTextFile(file))));
  const [first] = reports;
  if (first === undefined) throw new Error("usage: report.ts NAME FILE [FILE...]");
  await writeReport(name, { ...first, rows: reports.flatMap(({ rows }) => rows) });
}
