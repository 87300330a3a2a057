/** What a silent or slow client costs: RFC 9112 section 9.5, RFC 9110 section 15.5.9. Bounded by `--slow-limit`. */

import { get, group, request, type Row, rule } from "../row.ts";

const SLOW = { needs: ["slow"], ends: "unchecked" } as const;
const PIECES = "X-Dribble: 1\r\n".repeat(100);

/** Rows about time-outs. */
export const TIMEOUTS: readonly Row[] = group("time-outs", [
  rule("RFC 9112 section 9.5", "A server does not wait for ever", [
    { name: "a silent connection is closed", steps: [{ untilClosed: true }], core: 56, ...SLOW },
    {
      name: "a head that comes a byte at a time is cut off",
      steps: [{ send: get("/ten.txt").slice(0, -2) }, { untilClosed: true, dribble: PIECES, everyMs: 4000 }],
      core: 57,
      ...SLOW,
    },
    {
      name: "an idle connection is closed",
      steps: [
        { send: get("/ten.txt") },
        { answer: { status: 200, body: { file: "/ten.txt" } } },
        { untilClosed: true },
      ],
      core: 58,
      ...SLOW,
    },
    {
      name: "a body that does not come is not waited for",
      steps: [{ send: request("POST", "/ten.txt", "Content-Length: 1000") + "begin" }, { untilClosed: true }],
      core: 59,
      ...SLOW,
    },
    {
      name: "a client that does not read is left",
      steps: [{ send: get("/huge.bin") }, { untilStalled: true }],
      core: 60,
      ...SLOW,
    },
    {
      name: "half a request line is cut off",
      steps: [{ send: "GET /ten" }, { untilClosed: true }],
      ...SLOW,
    },
    {
      name: "a chunked body that stalls is cut off",
      steps: [
        { send: request("POST", "/ten.txt", "Transfer-Encoding: chunked") + "5\r\nhel" },
        { untilClosed: true },
      ],
      ...SLOW,
    },
    {
      name: "a body that comes a byte at a time is cut off",
      steps: [
        { send: request("POST", "/ten.txt", "Content-Length: 100000") },
        { untilClosed: true, dribble: "x".repeat(100), everyMs: 4000 },
      ],
      ...SLOW,
    },
  ]),
]);
