/** The curves of the benchmark: what is made of figures, as text, as an image and in a document. */

import { assert, assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Axis,
  type Curve,
  curveProblems,
  formatFigure,
  mergeCurves,
  type Point,
  ratioAt,
} from "../bench/curve.ts";
import { drawCurve } from "../bench/curve_chart.ts";
import { curveTable, summarize } from "../bench/curve_text.ts";
import { fillMarks } from "../bench/docs.ts";
import { Failure, parseWhole } from "../bench/flags.ts";

const CONNECTIONS: Axis = { name: "connections", unit: "", isLog: true };
const MICROS: Axis = { name: "CPU per request", unit: "µs", isLog: true };
const MINUTES: Axis = { name: "uptime", unit: "min", isLog: false };
const MEGABYTES: Axis = { name: "memory", unit: "MB", isLog: false };

function points(...pairs: (readonly [x: number, y: number])[]): Point[] {
  return pairs.map(([x, y]) => ({ x, y }));
}

function curve(own: Point[], other: Point[], rest: Partial<Curve> = {}): Curve {
  return {
    name: "connections",
    title: "Connections",
    setting: "a file of 4 KB",
    x: CONNECTIONS,
    y: MICROS,
    series: [{ server: "sockeye", points: own }, { server: "nginx", points: other }],
    date: "2026-11-27T00:00:00.000Z",
    machine: "Processor <1>, 2 cores, Linux 6",
    programs: "sockeye 1, nginx 2",
    ...rest,
  };
}

const LOAD = curve(points([1, 10], [100, 20], [10_000, 60]), points([1, 20], [100, 20], [10_000, 15]));

Deno.test("formatFigure shows few digits and sizes with a unit", () => {
  const rows: readonly (readonly [number, Axis["unit"], string])[] = [
    [1, "", "1"],
    [10_000, "", "10,000"],
    [0.5, "KB", "0.5"],
    [13.04, "KB", "13"],
    [14.26, "µs", "14.3"],
    [1_234.5, "µs", "1,235"],
    [1, "bytes", "1 B"],
    [999, "bytes", "999 B"],
    [1_000, "bytes", "1 KB"],
    [2_500_000, "bytes", "2.5 MB"],
    [1e9, "bytes", "1 GB"],
    [NaN, "µs", "-"],
  ];
  for (const [value, unit, expected] of rows) assertStrictEquals(formatFigure(value, { unit }), expected);
});

Deno.test("ratioAt compares at the same place only", () => {
  const partial = curve(points([1, 10], [2, 30]), points([1, 20]));
  assertStrictEquals(ratioAt(partial, 1), 0.5);
  assert(Number.isNaN(ratioAt(partial, 2)));
});

Deno.test("mergeCurves replaces what was measured anew, keeps the rest, and orders all", () => {
  const [one, two, new1] = [{ ...LOAD, name: "one" }, { ...LOAD, name: "two" }, {
    ...LOAD,
    name: "one",
    date: "later",
  }];
  assertEquals(mergeCurves([two, one], new1, ["one", "two"]), [new1, two]);
  assertEquals(mergeCurves([], one, ["one", "two"]), [one]);
});

Deno.test("curveProblems names server and place", () => {
  const broken = curve([{ x: 3, y: 1, problem: "2 socket errors" }], points([3, 1]));
  assertEquals(curveProblems(broken), ["connections, sockeye, connections 3: 2 socket errors"]);
  assertEquals(curveProblems(LOAD), []);
});

Deno.test("curveTable has a row for each place, the ratio, and a dash for what is missing", () => {
  const rated = curve([{ x: 1, y: 10, rps: 12_345.6 }], [{ x: 1, y: 20, rps: 1.25 }, { x: 2, y: 2_000.4 }]);
  const lines = curveTable(rated).split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assertEquals([lines[0], ...lines.slice(2)], [
    ["connections", "CPU µs sockeye", "CPU µs nginx", "ratio", "requests/s sockeye", "requests/s nginx"],
    ["1", "10.0", "20.0", "0.50", "12,346", "1.3"],
    ["2", "-", "2,000", "-", "-", "-"],
  ]);
});

Deno.test("curveTable leaves out rows of long curves, but neither the first nor the last", () => {
  const long = Array.from({ length: 181 }, (_, i) => ({ x: i, y: 100 + i }));
  const rows = curveTable(curve(long, [], { x: MINUTES, y: MEGABYTES })).split("\n").slice(2);
  assertStrictEquals(rows.length, 14);
  assertStringIncludes(rows[0] ?? "", "100.0");
  assertStringIncludes(rows.at(-1) ?? "", "280.0");
});

Deno.test("curveTable shows the cost per MB of large files only", () => {
  const sizes = curve(points([1_000, 10], [1e7, 500]), points([1_000, 10], [1e7, 250]), {
    x: { name: "file size", unit: "bytes", isLog: true },
  });
  const rows = curveTable(sizes).split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assertEquals(rows[0]?.slice(5, 7), ["CPU µs per MB sockeye", "CPU µs per MB nginx"]);
  assertEquals(rows[2]?.slice(5, 7), ["-", "-"]);
  assertEquals(rows[3]?.slice(5, 7), ["50", "25"]);
});

Deno.test("summarize tells both ends and the least and the greatest ratio", () => {
  assertStrictEquals(
    summarize(LOAD),
    "From 1 to 10,000 connections sockeye goes from 10 µs to 60 µs (6.0 times) and nginx goes from 20 µs to 15 µs " +
      "(0.8 times); the ratio lies between 0.50 (at 1) and 4.00 (at 10,000).",
  );
});

Deno.test("summarize tells the trend of the second half of a curve over time", () => {
  const grows = Array.from({ length: 21 }, (_, i) => ({ x: i, y: i < 10 ? i * 50 : 500 + i }));
  const flat = Array.from({ length: 21 }, (_, i) => ({ x: i, y: i < 10 ? i : 10 }));
  assertStrictEquals(
    summarize(curve(grows, flat, { x: MINUTES, y: MEGABYTES })),
    "In the second half of 20 minutes sockeye lies between 510 MB and 520 MB, its trend is +60.0 MB per hour; " +
      "nginx lies between 10 MB and 10 MB, its trend is +0.0 MB per hour.",
  );
});

/** Where the marks of a line are, from the left and from above. */
function places(svg: string, index: number): number[][] {
  const line = new RegExp(`class="line line-${index}" points="([^"]*)"`).exec(svg)?.[1] ?? "";
  return line.split(" ").map((pair) => pair.split(",").map(Number));
}

Deno.test("drawCurve places equal factors at equal steps, on both axes", () => {
  const svg = drawCurve(LOAD) ?? "";
  const [first, second, third] = places(svg, 0);
  assertStrictEquals((first?.[0] ?? 0) + (third?.[0] ?? 0), 2 * (second?.[0] ?? 0));
  const equal = places(drawCurve(curve(points([1, 1], [2, 10], [4, 100]), [])) ?? "", 0);
  assertStrictEquals((equal[0]?.[1] ?? 0) + (equal[2]?.[1] ?? 0), 2 * (equal[1]?.[1] ?? 0));
});

Deno.test("drawCurve names axes with units, servers, machine and day, escaped", () => {
  const svg = drawCurve(LOAD) ?? "";
  for (const part of [">CPU per request, µs<", ">connections<", ">sockeye<", ">nginx<", "; 2026-11-27<"]) {
    assertStringIncludes(svg, part);
  }
  assertStringIncludes(svg, "Processor &lt;1&gt;, 2 cores");
  assertStringIncludes(svg, "prefers-color-scheme: dark");
  for (const at of ["1", "10", "100", "1,000", "10,000"]) assertStringIncludes(svg, `text-anchor="middle">${at}<`);
});

Deno.test("drawCurve stays within its frame, whatever the figures", () => {
  const rows: readonly Curve[] = [
    LOAD,
    curve(points([1, 5]), points([1, 5])),
    curve(points([1, 1], [1e9, 1e9]), []),
    curve(points([0, 0], [30, 0]), [], { x: MINUTES, y: MEGABYTES }),
    curve(points([0, 130], [0.25, 290]), [], { x: MINUTES, y: MEGABYTES }),
    curve(points([100, -0.5], [10_000, 12]), [], { y: { ...MEGABYTES, unit: "KB" } }),
  ];
  for (const row of rows) {
    const svg = drawCurve(row) ?? "";
    assert(!/NaN|Infinity|undefined/.test(svg), svg);
    for (const [x = NaN, y = NaN] of places(svg, 0)) {
      assert(x >= 84 && x <= 730 && y >= 92 && y <= 318, `${row.setting}: ${x}, ${y}`);
    }
  }
});

Deno.test("drawCurve leaves out what cannot be drawn", () => {
  assertStrictEquals(drawCurve(curve([], [])), undefined);
  assertStrictEquals(drawCurve(curve(points([1, NaN], [2, 0]), [])), undefined);
  assertStrictEquals(places(drawCurve(curve(points([1, NaN], [2, 3], [4, 5]), [])) ?? "", 0).length, 2);
});

Deno.test("fillMarks replaces what stands between the marks, again and again, and nothing else", () => {
  const empty = "a\n\n<!-- figures: x -->\n\n<!-- end of x -->\n\nb\n";
  const once = fillMarks(empty, "x", "old");
  assertStrictEquals(once, "a\n\n<!-- figures: x -->\n\nold\n\n<!-- end of x -->\n\nb\n");
  assertStrictEquals(fillMarks(once, "x", "new $& $1"), once.replace("old", () => "new $& $1"));
  for (const document of ["", "<!-- figures: x -->", "<!-- end of x --><!-- figures: x -->"]) {
    assertThrows(() => fillMarks(document, "x", "new"), Failure, "no marks for x");
  }
});

Deno.test("parseWhole takes whole numbers within bounds", () => {
  const rule = { fallback: 7, min: 1, max: 20 };
  assertStrictEquals(parseWhole("n", undefined, rule), 7);
  for (const text of ["1", "20", "007"]) assertStrictEquals(parseWhole("n", text, rule), Number(text));
  for (const text of ["", "0", "21", "1.5", "0x2", " 3", "-1", "1e1"]) {
    const failure = assertThrows(() => parseWhole("n", text, rule), Failure, "--n must be a whole number from 1 to 20");
    assertStrictEquals(failure.status, 2);
  }
});
