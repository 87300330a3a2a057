/**
 * Writes the figures of the benchmarks into the documentation: draws each curve, and puts tables and sentences between
 * the marks of `docs/performance.md`. What stands outside the marks is left as it is.
 *
 * ```sh
 * deno task bench --json docs/bench.json      # the table of workloads
 * deno task bench:curves --docs               # the curves; calls this at its end
 * deno task bench:docs                        # both once more, without measuring
 * ```
 *
 * The exit status is 0, or 1 where a file cannot be read or the document lacks a mark.
 *
 * @module
 */
import { drawChart } from "./chart.ts";
import type { Curve, CurveFile } from "./curve.ts";
import { drawCurve } from "./curve_chart.ts";
import { renderCurve } from "./curve_text.ts";
import { Failure, runCommand } from "./flags.ts";
import { type Figures, render } from "./report.ts";

/** Folder of the documentation. */
export const DOCS = "docs";

/** Figures of all curves. */
export const CURVES_FILE = `${DOCS}/curves.json`;

const BENCH_FILE = `${DOCS}/bench.json`;
const DOCUMENT = `${DOCS}/performance.md`;

/**
 * Puts text between the marks of a document.
 *
 * @param document The document.
 * @param name Name of the marks.
 * @param content The text.
 * @throws {Failure} There are no such marks.
 */
export function fillMarks(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- figures: ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Failure(`the document has no marks for ${name}: ${begin} and ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}

/** What a JSON file holds; `undefined` where there is none. */
async function readJson<Content>(path: string): Promise<Content | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * The curves that were measured before.
 *
 * @param path The file.
 */
export async function readCurves(path: string): Promise<readonly Curve[]> {
  return (await readJson<CurveFile>(path))?.curves ?? [];
}

/** Draws an image, and gives the Markdown that shows it. */
async function writeImage(name: string, title: string, svg: string | undefined): Promise<string> {
  if (svg === undefined) return "";
  await Deno.writeTextFile(`${DOCS}/${name}.svg`, svg);
  return `![${title}](${name}.svg)\n\n`;
}

/** Writes all figures that there are into the documentation. */
export async function writeDocs(): Promise<void> {
  let document = await Deno.readTextFile(DOCUMENT);
  const figures = await readJson<Figures>(BENCH_FILE);
  if (figures) {
    const image = await writeImage("bench", "CPU time per request in relation to nginx", drawChart(figures));
    document = fillMarks(document, "bench", image + render(figures));
  }
  for (const curve of await readCurves(CURVES_FILE)) {
    const image = await writeImage(`curve-${curve.name}`, curve.title, drawCurve(curve));
    document = fillMarks(document, curve.name, image + renderCurve(curve));
  }
  await Deno.writeTextFile(DOCUMENT, document);
  const format = new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCS], stdin: "null" });
  if (!(await format.output()).success) throw new Failure(`${DOCS} could not be formatted`);
}

if (import.meta.main) {
  Deno.exit(
    await runCommand(async () => {
      await writeDocs();
      return 0;
    }),
  );
}
