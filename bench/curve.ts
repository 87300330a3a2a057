/**
 * A curve: how a cost grows with one thing while all others stay as they are, for several servers beside each other.
 *
 * @module
 */
import { REFERENCE, SUBJECT } from "./report.ts";

/** What an axis shows. */
export interface Axis {
  /** What it is, as the singular heads a table: `connections`. */
  readonly name: string;
  /** Its unit: what stands behind a figure. Bytes are shown as KB, MB and GB. */
  readonly unit: "" | "bytes" | "µs" | "ms" | "KB" | "MB" | "min";
  /** Whether equal steps on it are equal factors. */
  readonly isLog: boolean;
}

/** One measurement. */
export interface Point {
  /** Where on the first axis. */
  readonly x: number;
  /** The cost. */
  readonly y: number;
  /** Answers per second, where there was load. */
  readonly rps?: number;
  /** 99th percentile of the latency in milliseconds, likewise; absent where the load generator cannot tell. */
  readonly p99?: number;
  /** What went wrong; with it the figures are not to be trusted. */
  readonly problem?: string;
}

/** The measurements of one server. */
export interface Series {
  /** Name of the server. */
  readonly server: string;
  /** From the least x to the greatest. */
  readonly points: readonly Point[];
}

/** A curve, and how it was measured. */
export interface Curve {
  /** Name by which it is asked for. */
  readonly name: string;
  /** What it shows, as a heading. */
  readonly title: string;
  /** What stays the same for all points. */
  readonly setting: string;
  /** The thing that grows. */
  readonly x: Axis;
  /** The cost. */
  readonly y: Axis;
  /** The servers. */
  readonly series: readonly Series[];
  /** When it was measured. */
  readonly date: string;
  /** Where it was measured. */
  readonly machine: string;
  /** Programs with their versions. */
  readonly programs: string;
}

/** Everything that was measured. */
export interface CurveFile {
  /** In the order of the document. */
  readonly curves: readonly Curve[];
}

/**
 * Puts a new curve in the place of an old one of the same name.
 *
 * @param old What was measured before.
 * @param fresh What was measured now.
 * @param order Names in the order of the result.
 */
export function mergeCurves(old: readonly Curve[], fresh: Curve, order: readonly string[]): Curve[] {
  return [...old.filter(({ name }) => name !== fresh.name), fresh]
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/**
 * The point of a server.
 *
 * @param curve The curve.
 * @param server Name of the server.
 * @param x Where.
 */
export function findPoint({ series }: Curve, server: string, x: number): Point | undefined {
  return series.find((one) => one.server === server)?.points.find((point) => point.x === x);
}

/**
 * Everything on the first axis that was measured for any server.
 *
 * @param curve The curve.
 */
export function listX({ series }: Curve): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
}

/**
 * The cost in relation to the reference.
 *
 * @param curve The curve.
 * @param x Where.
 * @returns NaN where one of the two was not measured.
 */
export function ratioAt(curve: Curve, x: number): number {
  return (findPoint(curve, SUBJECT, x)?.y ?? NaN) / (findPoint(curve, REFERENCE, x)?.y ?? NaN);
}

/**
 * What went wrong while a curve was measured.
 *
 * @param curve The curve.
 * @returns A line for each problem.
 */
export function curveProblems({ name, x: axis, series }: Curve): string[] {
  return series.flatMap(({ server, points }) =>
    points.filter(({ problem }) => problem !== undefined).map(({ x, problem }) =>
      `${name}, ${server}, ${axis.name} ${x}: ${problem}`
    )
  );
}

/** Sizes from the largest. */
const SIZES = [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]] as const;

/**
 * A figure of an axis as text, with few digits.
 *
 * @param value The figure.
 * @param axis The axis.
 */
export function formatFigure(value: number, { unit }: Pick<Axis, "unit">): string {
  if (!Number.isFinite(value)) return "-";
  const [size, name] = unit === "bytes" ? SIZES.find(([size]) => value >= size) ?? [1, "B"] : [1, ""];
  const figure = value / size;
  const decimals = Number.isInteger(figure) || Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 1 ? 1 : 2;
  const text = figure.toLocaleString("en-US", { maximumFractionDigits: decimals });
  return name === "" ? text : `${text} ${name}`;
}

/**
 * The title of an axis, with its unit.
 *
 * @param axis The axis.
 */
export function axisTitle({ name, unit }: Axis): string {
  return unit === "" || unit === "bytes" ? name : `${name}, ${unit}`;
}
