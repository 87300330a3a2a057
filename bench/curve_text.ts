/**
 * Curves as Markdown: a table, and a sentence with the figures that it comes down to.
 *
 * @module
 */
import {
  type Axis,
  axisTitle,
  type Curve,
  curveProblems,
  findPoint,
  formatFigure,
  listX,
  type Point,
  ratioAt,
  type Series,
} from "./curve.ts";
import { number, table } from "./report.ts";

/** Rows of a table; of more points some are left out. */
const MOST_ROWS = 14;

const MEGABYTE = 1e6;
const MINUTES_PER_HOUR = 60;

/** Some of many, the first and the last among them, evenly. */
function thinOut(all: readonly number[]): number[] {
  if (all.length <= MOST_ROWS) return [...all];
  const step = (all.length - 1) / (MOST_ROWS - 1);
  return Array.from({ length: MOST_ROWS }, (_, row) => all[Math.round(row * step)] ?? NaN);
}

/**
 * The table of a curve.
 *
 * @param curve The curve.
 */
export function curveTable(curve: Curve): string {
  const servers = curve.series.map(({ server }) => server);
  const cells = (title: string, show: (server: string, x: number) => string) =>
    servers.map((server) => ({ title: `${title} ${server}`, show: (x: number) => show(server, x) }));
  const { unit } = curve.y;
  const columns = [
    ...cells(unit === "µs" ? "CPU µs" : unit, (server, x) => cost(findPoint(curve, server, x)?.y ?? NaN)),
  ];
  if (unit === "µs") columns.push({ title: "ratio", show: (x) => number(ratioAt(curve, x), 2) });
  if (curve.x.unit === "bytes") {
    columns.push(...cells("CPU µs per MB", (server, x) => {
      return x < MEGABYTE ? "-" : number((findPoint(curve, server, x)?.y ?? NaN) / (x / MEGABYTE), 0);
    }));
  }
  if (unit === "µs") {
    columns.push(...cells("requests/s", (server, x) => rate(findPoint(curve, server, x))));
  }
  return table(
    [axisTitle(curve.x), ...columns.map(({ title }) => title)],
    thinOut(listX(curve)).map((x) => [formatFigure(x, curve.x), ...columns.map(({ show }) => show(x))]),
  );
}

/** Requests per second; few are told with a decimal. */
function rate(point: Point | undefined): string {
  const rps = point?.rps ?? NaN;
  return number(rps, rps < 100 ? 1 : 0);
}

/** A cost; large ones are told without decimals. */
function cost(value: number): string {
  return number(value, value < 1_000 ? 1 : 0);
}

/** A figure with its unit. */
function withUnit(value: number, axis: Axis): string {
  return `${formatFigure(value, axis)}${axis.unit === "bytes" || axis.unit === "" ? "" : ` ${axis.unit}`}`;
}

/** Where the line of a server begins and ends, in words. */
function growth({ server, points }: Series, axis: Axis): string {
  const [first, last] = [points[0]?.y ?? NaN, points.at(-1)?.y ?? NaN];
  return `${server} goes from ${withUnit(first, axis)} to ${withUnit(last, axis)} (${cost(last / first)} times)`;
}

/** Growth per hour of the line through the points that fits best. */
function slopePerHour(points: readonly Point[]): number {
  const mean = (pick: (point: Point) => number) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = mean(({ x }) => (x - meanX) ** 2);
  return mean(({ x, y }) => (x - meanX) * (y - meanY)) / spread * MINUTES_PER_HOUR;
}

/** What the second half of a curve over time comes down to. */
function flatness({ server, points }: Series, axis: Axis): string {
  const half = points.slice(points.length >> 1);
  const values = half.map(({ y }) => y);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const slope = slopePerHour(half);
  return `${server} lies between ${withUnit(least, axis)} and ${withUnit(most, axis)}, ` +
    `its trend is ${slope < 0 ? "" : "+"}${number(slope, 1)} ${axis.unit} per hour`;
}

/**
 * The figures that a curve comes down to, as a sentence.
 *
 * @param curve The curve.
 */
export function summarize(curve: Curve): string {
  const { series, x, y } = curve;
  const all = listX(curve);
  const [first = NaN, last = NaN] = [all[0], all.at(-1)];
  if (x.unit === "min") {
    const parts = series.map((one) => flatness(one, y));
    return `In the second half of ${formatFigure(last, x)} minutes ${parts.join("; ")}.`;
  }
  const parts = series.map((one) => growth(one, y));
  const from = `From ${formatFigure(first, x)} to ${formatFigure(last, x)}${x.unit === "bytes" ? "" : ` ${x.name}`}`;
  const ratios = all.map((at) => ({ at, ratio: ratioAt(curve, at) })).filter(({ ratio }) => Number.isFinite(ratio))
    .sort((a, b) => a.ratio - b.ratio);
  const [low, high] = [ratios[0], ratios.at(-1)];
  if (low === undefined || high === undefined) return `${from} ${parts.join(" and ")}.`;
  const between = [low, high].map(({ at, ratio }) => `${number(ratio, 2)} (at ${formatFigure(at, x)})`).join(" and ");
  return `${from} ${parts.join(" and ")}; the ratio lies between ${between}.`;
}

/**
 * A curve as Markdown, with what went wrong.
 *
 * @param curve The curve.
 */
export function renderCurve(curve: Curve): string {
  return [
    curveTable(curve),
    "",
    summarize(curve),
    "",
    `_${curve.setting}. ${curve.machine}; ${curve.programs}; ${curve.date.slice(0, 10)}._`,
    ...curveProblems(curve).map((problem) => `\n**Not to be trusted:** ${problem}`),
  ].join("\n");
}
