/**
 * What finding a route costs, by how many there are: `deno run bench/route.ts`, a minute.
 *
 * Each figure is the best of many short rounds, since other programs share the processors. Requests go to ten routes
 * from all over the table, and to all of it in turn: the difference is what the caches of the processor do not hold.
 */

import { route } from "../src/route.ts";
import { RouteTree } from "../src/route_tree.ts";

const COUNTS = [10, 100, 1_000, 10_000];
const ROUNDS = 100;
const MATCHES = 10_000;

/** Kinds of routes: the pattern of the one with a number, and a path for it. */
const KINDS: readonly (readonly [name: string, pattern: (i: number) => string, path: (i: number) => string])[] = [
  ["text", (i) => `/v${i % 7}/text${i}/latest/all`, (i) => `/v${i % 7}/text${i}/latest/all`],
  ["two names", (i) => `/v${i % 7}/text${i}/:text/notes/:note`, (i) => `/v${i % 7}/text${i}/a-title/notes/${i}`],
  ["a wildcard", (i) => `/files${i}/*`, (i) => `/files${i}/css/main.css`],
  ["an expression", (i) => `/v${i % 7}/text${i}/:id(\\d+)`, (i) => `/v${i % 7}/text${i}/${i}`],
  ["not found", (i) => `/v${i % 7}/text${i}/:id`, (i) => `/v${i % 7}/text${i}/a/b`],
];

/** The best time of a call, in microseconds. */
function measure(run: (i: number) => unknown): number {
  let bestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let i = 0; i < MATCHES; i++) run(i);
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs / MATCHES * 1_000;
}

/** The time of a match, to ten routes and to all in turn. */
function measureTree([, patternOf, pathOf]: typeof KINDS[number], count: number): string {
  const tree = new RouteTree<number>();
  for (let i = 0; i < count; i++) tree.add("GET", patternOf(i), i);
  const all = Array.from({ length: count }, (_, i) => pathOf(i));
  const ten = Array.from({ length: 10 }, (_, i) => pathOf(Math.floor(i * count / 10)));
  const figures = [ten, all].map((paths) => measure((i) => tree.find("GET", paths[i % paths.length] ?? "")));
  return figures.map((micros) => micros.toFixed(2)).join(" / ");
}

console.log(["µs per match", ...COUNTS].join(" | "));
for (const kind of KINDS) console.log([kind[0], ...COUNTS.map((count) => measureTree(kind, count))].join(" | "));

const startMs = performance.now();
route(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`/text${i}/:id` as const, () => new Response()])));
console.log(`10,000 routes are made ready in ${(performance.now() - startMs).toFixed(0)} ms`);

const response = new Response();
const request = new Request("http://localhost/users/7?a=b");
const table = { "GET /users/:id": () => response };
const plain = route(table);
const wrapped = route({ use: [(_request, _context, next) => next()] }, table);
console.log(`a whole call: ${measure(() => plain(request)).toFixed(2)} µs`);
console.log(`with one middleware: ${measure(() => wrapped(request)).toFixed(2)} µs, until it returns`);
