/** Outcomes → text for people and JSON for programs. */

import type { Outcome } from "./context.ts";
import type { Row } from "./row.ts";
import { CORE_COUNT } from "./rows.ts";

/** A row and how it went. */
export interface Result {
  /** The row. */
  readonly row: Row;
  /** How it went. */
  readonly outcome: Outcome;
}

/** Characters shown of what was sent and received. */
const SHOWN = 400;

/**
 * Describes a row that failed.
 *
 * @param result The row and how it went.
 */
export function renderFailure({ row, outcome }: Result): string {
  const lines = [
    `FAILED ${row.id}${row.core === undefined ? "" : ` (core ${row.core})`}`,
    `  rule      ${row.section}: ${row.rule}`,
    `  sent      ${escapeText(outcome.sent)}`,
  ];
  if (outcome.expected !== undefined) lines.push(`  expected  ${describe(outcome.expected)}`);
  lines.push(`  received  ${escapeText(outcome.received) || "nothing"}`, `  problem   ${outcome.reasons.join("; ")}`);
  return lines.join("\n");
}

/**
 * Renders the table by group, the score of the core, and the totals as the last line.
 *
 * @param results All rows that were run.
 */
export function renderTable(results: readonly Result[]): string {
  const groups = [...new Set(results.map(({ row }) => row.group))];
  const rows = groups.map((group) =>
    [group, ...countVerdicts(results.filter(({ row }) => row.group === group))] as const
  );
  const width = Math.max(5, ...groups.map((group) => group.length));
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, at) => at === 0 ? String(cell).padEnd(width) : String(cell).padStart(7)).join("  ");
  const [passed, failed, skipped] = countVerdicts(results);
  return [
    line(["group", "passed", "failed", "skipped"]),
    ...rows.map(line),
    "",
    `core: ${countCore(results, "passed")} of ${CORE_COUNT} passed, ${countCore(results, "skipped")} skipped`,
    `${passed} passed, ${failed} failed, ${skipped} skipped`,
  ].join("\n");
}

function countVerdicts(results: readonly Result[]): [passed: number, failed: number, skipped: number] {
  const count = (verdict: string) => results.filter(({ outcome }) => outcome.verdict === verdict).length;
  return [count("passed"), count("failed"), count("skipped")];
}

/** A core behaviour is passed where all its rows are, and so on. */
function countCore(results: readonly Result[], verdict: Outcome["verdict"]): number {
  const core = Map.groupBy(results.filter(({ row }) => row.core !== undefined), ({ row }) => row.core);
  return [...core.values()].filter((rows) => rows.every(({ outcome }) => outcome.verdict === verdict)).length;
}

/**
 * Renders everything as JSON.
 *
 * @param server What was tested.
 * @param results All rows that were run.
 */
export function renderJson(server: string, results: readonly Result[]): string {
  const [passed, failed, skipped] = countVerdicts(results);
  const rows = results.map(({ row: { id, group, name, section, rule, core }, outcome }) => {
    const { verdict, reasons, sent, received, durationMs } = outcome;
    const details = verdict === "failed"
      ? { sent: sent.slice(0, 4096), expected: describe(outcome.expected), received: received.slice(0, 4096) }
      : {};
    return { id, group, name, section, rule, core, verdict, reasons, durationMs: Math.round(durationMs), ...details };
  });
  return JSON.stringify({ server, passed, failed, skipped, core: countCore(results, "passed"), rows }, undefined, 1) +
    "\n";
}

function escapeText(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} bytes)` : text;
  return cut.replaceAll(/[^\x20-\x7e…]/g, (character) => {
    const names: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };
    return names[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

function describe(expected: unknown): string {
  if (typeof expected === "string") return expected;
  const text = JSON.stringify(expected, (_, value) => value instanceof RegExp ? String(value) : value) ?? "";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
