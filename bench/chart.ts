/**
 * Draws the figures of the benchmark as an SVG image: per workload the processor time of a request in relation to
 * nginx, as a bar. It names machine, programs and date, and is readable on a light and on a dark page.
 *
 * ```sh
 * deno task bench:chart figures.json > figures.svg
 * ```
 *
 * The exit status is 0, or 1 where the file cannot be read or has nothing to compare, or 2 for wrong arguments.
 *
 * @module
 */
import { type Figures, ratio, REFERENCE, SUBJECT } from "./report.ts";
import { frame, NOTE, text } from "./svg.ts";

const WIDTH = 760;
const MARGIN = 20;
/** Where the bars begin and where the longest ends. */
const BAR_LEFT = 230;
const BAR_RIGHT = WIDTH - 64;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 16;
/** Above the first bar: title, explanation, scale. */
const HEAD_HEIGHT = 92;
/** Below the last bar: two lines about the machine. */
const FOOT_HEIGHT = 62;

/** Where a value is drawn, from the left. */
type Scale = (ratio: number) => number;

/** One bar. */
interface Bar {
  readonly name: string;
  readonly ratio: number;
  /** Where its row begins, from above. */
  readonly top: number;
}

/** A vertical line through the bars. */
function rule(x: number, bottom: number, kind: string): string {
  return `<line class="${kind}" x1="${x}" x2="${x}" y1="${HEAD_HEIGHT - 6}" y2="${bottom}"/>`;
}

/** Marks of the scale: few enough to be read. */
function selectMarks(longest: number): number[] {
  const step = [0.25, 0.5, 1, 2, 5, 10].find((size) => longest / size <= 8) ?? longest;
  return Array.from({ length: Math.floor(longest / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** Name and bar. */
function drawBar({ name, ratio, top }: Bar, scale: Scale): string {
  const kind = ratio <= 1 ? "less" : "more";
  const width = Math.max(1, scale(ratio) - BAR_LEFT).toFixed(1);
  const bar = `<rect class="${kind}" x="${BAR_LEFT}" y="${top + 2}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`;
  return text(BAR_LEFT - 10, top + 14.5, name, 'text-anchor="end"') + bar;
}

/**
 * Draws the figures.
 *
 * @param figures What was measured.
 * @returns The image; `undefined` where nothing can be compared.
 */
export function drawChart(figures: Figures): string | undefined {
  const { rows, machine, versions, options, date } = figures;
  const names = [...new Set(rows.map(({ workload }) => workload))];
  const bars: readonly Bar[] = names.map((name) => ({ name, ratio: ratio(rows, name) }))
    .filter(({ ratio }) => Number.isFinite(ratio))
    .map((bar, row) => ({ ...bar, top: HEAD_HEIGHT + row * ROW_HEIGHT }));
  if (bars.length === 0) return undefined;
  const longest = Math.max(1.25, ...bars.map(({ ratio }) => ratio));
  const scale: Scale = (ratio) => BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * ratio / longest;
  const bottom = HEAD_HEIGHT + bars.length * ROW_HEIGHT;
  const height = bottom + FOOT_HEIGHT;
  const title = `Processor time per request: ${SUBJECT} in relation to ${REFERENCE}`;
  const measures = bars.map(({ name, ratio }) => `${name}: ${ratio.toFixed(2)}`).join("; ");
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const marks = selectMarks(longest);
  const description = `${REFERENCE} is 1, less is better. ${measures}.`;
  return frame({ width: WIDTH, height, title, description }, [
    text(MARGIN, 32, title, 'class="title"'),
    text(MARGIN, 54, `${REFERENCE} is 1, less is better`, NOTE),
    ...marks.map((mark) => rule(scale(mark), bottom, "grid")),
    ...marks.map((mark) => text(scale(mark), HEAD_HEIGHT - 12, `${mark}`, `${NOTE} text-anchor="middle"`)),
    ...bars.map((bar) => drawBar(bar, scale)),
    rule(scale(1), bottom, "reference"),
    ...bars.map(({ ratio, top }) => text(scale(ratio) + 6, top + 14.5, ratio.toFixed(2), 'class="value"')),
    text(MARGIN, bottom + 28, `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}`, NOTE),
    text(MARGIN, bottom + 46, `${programs}; ${options.workers} workers each; ${date.slice(0, 10)}`, NOTE),
  ]);
}

/** Draws the file that is given as the argument. */
async function main([file, ...rest]: readonly string[]): Promise<number> {
  if (file === undefined || rest.length > 0) {
    console.error("usage: deno task bench:chart FIGURES.json > FIGURES.svg");
    return 2;
  }
  try {
    const chart = drawChart(JSON.parse(await Deno.readTextFile(file)));
    if (chart === undefined) throw new Error(`${file} has nothing to compare: it was measured without ${REFERENCE}`);
    await Deno.stdout.write(new TextEncoder().encode(chart));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
