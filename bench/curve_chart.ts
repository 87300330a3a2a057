/**
 * Draws a curve as an SVG image: a line for each server, axes with their units, and machine, programs and date below.
 *
 * @module
 */
import { type Axis, axisTitle, type Curve, formatFigure, listX, type Series } from "./curve.ts";
import { frame, NOTE, text } from "./svg.ts";

const WIDTH = 760;
const MARGIN = 20;
/** Where the lines are drawn. */
const PLOT = { left: 84, right: WIDTH - 30, top: 92, bottom: 318 };
/** Characters of a line of notes. */
const NOTE_CHARS = 112;
/** From this many points on they have no marks. */
const MANY_POINTS = 40;
/** A scale that spans less than this factor has a mark for each point measured, or finer ones. */
const NARROW = 200;

/** One axis as it is drawn. */
interface Scale {
  /** Where a figure lies, in pixels. */
  readonly place: (value: number) => number;
  /** Figures that are written beside the axis. */
  readonly marks: readonly number[];
}

/** `true` for powers of ten. */
function isPower(step: number): boolean {
  return Number.isInteger(Math.round(Math.log10(step) * 1e9) / 1e9);
}

/**
 * Figures of a logarithmic axis, from one that is not above the least to one that is not below the greatest. The wider
 * the range, the fewer of each power of ten.
 */
function logMarks(min: number, max: number): number[] {
  const digits = max / min < 10 ? [1, 1.5, 2, 3, 4, 5, 7] : [1, 2, 5];
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    steps.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  }
  const first = steps.findLastIndex((step) => step <= min);
  const last = steps.findIndex((step) => step >= max);
  const marks = steps.slice(first, Math.max(last, first + 1) + 1);
  return max / min < NARROW ? marks : marks.filter((step, i) => isPower(step) || i === 0 || i === marks.length - 1);
}

/** Figures of a linear axis that begins with zero. */
function linearMarks(max: number): number[] {
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [0.1, 0.2, 0.5, 1, 2, 5].map((digit) => digit * power).find((size) => max / size <= 6) ?? max;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/** The scale between two places, which its first and its last mark take. What lies below it is drawn at its edge. */
function makeScale(axis: Axis, values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const marks = axis.isLog ? logMarks(least, most) : linearMarks(most > 0 ? most : 1);
  const measure = axis.isLog ? Math.log10 : (value: number) => value;
  const [low, high] = [measure(marks[0] ?? 0), measure(marks.at(-1) ?? 1)];
  return { marks, place: (value) => from + (to - from) * Math.max(0, (measure(value) - low) / (high - low)) };
}

/** The first axis ends where the measurements do, and a few points are its marks. */
function makeXScale(axis: Axis, values: readonly number[]): Scale {
  const range = [PLOT.left, PLOT.right] as const;
  const [first = 1, last = 1] = [values[0], values.at(-1)];
  if (!axis.isLog) {
    const marks = linearMarks(last).filter((mark) => mark <= last);
    return { marks, place: (value) => PLOT.left + (PLOT.right - PLOT.left) * value / last };
  }
  const { marks } = makeScale(axis, values, range);
  const span = Math.log10(last / first) || 1;
  return {
    marks: last / first < NARROW ? values : marks.filter((mark) => mark >= first && mark <= last && isPower(mark)),
    place: (value) => PLOT.left + (PLOT.right - PLOT.left) * Math.log10(value / first) / span,
  };
}

/** Points that can be drawn. */
function drawable({ points }: Series, { y }: Curve): Series["points"] {
  return points.filter((point) => Number.isFinite(point.y) && (!y.isLog || point.y > 0));
}

/** Line and marks of a server. */
function drawSeries(series: Series, index: number, curve: Curve, x: Scale, y: Scale): string[] {
  const places = drawable(series, curve).map((point) => [x.place(point.x).toFixed(1), y.place(point.y).toFixed(1)]);
  const line = `<polyline class="line line-${index}" points="${places.map((place) => place.join()).join(" ")}"/>`;
  if (places.length >= MANY_POINTS) return [line];
  return [line, ...places.map(([x, y]) => `<circle class="mark-${index}" cx="${x}" cy="${y}" r="3.5"/>`)];
}

/** Which line is which server. */
function drawLegend(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const left = PLOT.left + index * 120;
    return [
      `<line class="line line-${index}" x1="${left}" x2="${left + 28}" y1="74" y2="74"/>`,
      `<circle class="mark-${index}" cx="${left + 14}" cy="74" r="3.5"/>`,
      text(left + 36, 78.5, name),
    ];
  });
}

/** Grid, figures and titles of both axes. */
function drawAxes(curve: Curve, x: Scale, y: Scale): string[] {
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return [
    ...y.marks.flatMap((mark) => {
      const at = y.place(mark).toFixed(1);
      return [
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/>`,
        text(PLOT.left - 8, Number(at) + 4, formatFigure(mark, curve.y), `${NOTE} text-anchor="end"`),
      ];
    }),
    ...x.marks.flatMap((mark) => {
      const at = Number(x.place(mark).toFixed(1));
      return [
        `<line class="grid" x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`,
        text(at, PLOT.bottom + 18, formatFigure(mark, curve.x), `${NOTE} text-anchor="middle"`),
      ];
    }),
    `<path class="axis" fill="none" d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}"/>`,
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 40, axisTitle(curve.x), 'text-anchor="middle"'),
    text(26, middle, axisTitle(curve.y), `text-anchor="middle" transform="rotate(-90 26 ${middle})"`),
  ];
}

/** Text in lines of a length that fits. */
function wrap(content: string): string[] {
  const lines = [""];
  for (const word of content.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length < NOTE_CHARS) lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The curve in words. */
function describe(curve: Curve): string {
  const lines = curve.series.map((series) => {
    const points = drawable(series, curve);
    const ends = points.length > MANY_POINTS ? [points[0], points.at(-1)] : points;
    const figures = ends.flatMap((point) =>
      point ? [`${formatFigure(point.x, curve.x)}: ${formatFigure(point.y, curve.y)}`] : []
    );
    return `${series.server}, ${axisTitle(curve.y)} by ${axisTitle(curve.x)}: ${figures.join("; ")}.`;
  });
  return lines.join(" ");
}

/**
 * Draws a curve.
 *
 * @param curve The curve.
 * @returns The image; `undefined` where there is nothing to draw.
 */
export function drawCurve(curve: Curve): string | undefined {
  const values = curve.series.flatMap((series) => drawable(series, curve).map(({ y }) => y));
  if (values.length === 0) return undefined;
  const x = makeXScale(curve.x, listX(curve));
  const y = makeScale(curve.y, values, [PLOT.bottom, PLOT.top]);
  const notes = [
    ...wrap(curve.setting),
    ...wrap(`${curve.machine}; ${curve.date.slice(0, 10)}`),
    ...wrap(curve.programs),
  ];
  const height = PLOT.bottom + 56 + notes.length * 18 + 6;
  return frame({ width: WIDTH, height, title: curve.title, description: describe(curve) }, [
    text(MARGIN, 32, curve.title, 'class="title"'),
    text(MARGIN, 54, `${axisTitle(curve.y)}; less is better`, NOTE),
    ...drawLegend(curve.series.map(({ server }) => server)),
    ...drawAxes(curve, x, y),
    ...curve.series.flatMap((series, index) => drawSeries(series, index, curve, x, y)),
    ...notes.map((note, index) => text(MARGIN, PLOT.bottom + 68 + index * 18, note, NOTE)),
  ]);
}
