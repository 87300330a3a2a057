/**
 * All combinations of the four preconditions on GET and HEAD, and what comes before a range: RFC 9110 section 13.2.2.
 * The expected status is computed from the steps of that section.
 */

import { exchange, get, group, request, type Row, type RowData, rule } from "../row.ts";

/** A precondition: absent, holding or failing. */
type State = "absent" | "true" | "false";

const STATES: readonly State[] = ["absent", "true", "false"];

const FIELD_LINES: Readonly<Record<string, Readonly<Record<"true" | "false", string>>>> = {
  "If-Match": { true: "If-Match: *", false: 'If-Match: "other"' },
  "If-Unmodified-Since": {
    true: "If-Unmodified-Since: <<modified /ten.txt>>",
    false: "If-Unmodified-Since: <<modified /ten.txt -1>>",
  },
  "If-None-Match": { true: 'If-None-Match: "other"', false: "If-None-Match: <<etag /ten.txt>>" },
  "If-Modified-Since": {
    true: "If-Modified-Since: <<modified /ten.txt -1>>",
    false: "If-Modified-Since: <<modified /ten.txt>>",
  },
};

function selectStatus(ifMatch: State, ifUnmodifiedSince: State, ifNoneMatch: State, ifModifiedSince: State): number {
  if (ifMatch === "false") return 412;
  if (ifMatch === "absent" && ifUnmodifiedSince === "false") return 412;
  if (ifNoneMatch === "false") return 304;
  if (ifNoneMatch === "absent" && ifModifiedSince === "false") return 304;
  return 200;
}

function makeMatrix(): RowData[] {
  const rows: RowData[] = [];
  for (const method of ["GET", "HEAD"]) {
    for (const ifMatch of STATES) {
      for (const ifUnmodifiedSince of STATES) {
        for (const ifNoneMatch of STATES) {
          for (const ifModifiedSince of STATES) {
            rows.push(makeRow(method, [ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince]));
          }
        }
      }
    }
  }
  return rows;
}

function makeRow(method: string, states: readonly [State, State, State, State]): RowData {
  const fieldLines: string[] = [];
  const names: string[] = [];
  Object.entries(FIELD_LINES).forEach(([name, lines], at) => {
    const state = states[at];
    if (state === undefined || state === "absent") return;
    fieldLines.push(lines[state]);
    names.push(`${name} ${state}`);
  });
  const status = selectStatus(...states);
  const name = `${method}: ${names.join(", ") || "no precondition"} is ${status}`;
  return { name, send: request(method, "/ten.txt", ...fieldLines), expect: { status } };
}

const STALE = "If-Modified-Since: <<modified /ten.txt -1>>";
const RANGE = "Range: bytes=0-0";
const BEYOND = "Range: bytes=99-";

/** Rows about the order of preconditions. */
export const PRECEDENCE: readonly Row[] = group("precedence", [
  rule("RFC 9110 section 13.2.2", "If-Match, else If-Unmodified-Since; If-None-Match, else If-Modified-Since", [
    {
      name: "a matching If-None-Match wins over an old If-Modified-Since",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>", STALE),
      expect: { status: 304 },
      core: 7,
    },
    {
      name: "a failing If-None-Match wins over a future If-Modified-Since",
      steps: [
        ...exchange(get("/ten.txt", "If-None-Match: <<etag /ten.txt>>"), { status: 304 }),
        ...exchange(get("/ten.txt", 'If-None-Match: "other"', "If-Modified-Since: <<now +60>>"), { status: 200 }),
      ],
      core: 8,
    },
    {
      name: "If-Match: * switches If-Unmodified-Since off",
      steps: [
        ...exchange(get("/ten.txt", "If-Unmodified-Since: <<modified /ten.txt -1>>"), { status: 412 }),
        ...exchange(get("/ten.txt", "If-Match: *", "If-Unmodified-Since: <<modified /ten.txt -1>>"), { status: 200 }),
      ],
      core: 11,
    },
    {
      name: "the order of the lines does not matter",
      send: get("/ten.txt", STALE, "If-None-Match: <<etag /ten.txt>>"),
      expect: { status: 304 },
    },
    {
      name: "an invalid If-Modified-Since does not disturb If-None-Match",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>", "If-Modified-Since: never"),
      expect: { status: 304 },
    },
  ]),
  rule("RFC 9110 section 13.2.2", "Range comes after all preconditions", [
    {
      name: "412 before 416",
      send: get("/ten.txt", 'If-Match: "other"', BEYOND),
      expect: { status: 412 },
      core: 12,
    },
    {
      name: "412 before 206",
      send: get("/ten.txt", "If-Unmodified-Since: <<modified /ten.txt -1>>", RANGE),
      expect: { status: 412 },
    },
    {
      name: "304 before 206",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>", RANGE),
      expect: { status: 304, fields: { "content-range": null } },
      core: 13,
    },
    {
      name: "304 before 416",
      send: get("/ten.txt", "If-None-Match: *", BEYOND),
      expect: { status: 304, fields: { "content-range": null } },
    },
    {
      name: "304 by date before 206",
      send: get("/ten.txt", "If-Modified-Since: <<modified /ten.txt>>", RANGE),
      expect: { status: 304 },
    },
    {
      name: "304 before If-Range",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>", RANGE, 'If-Range: "other"'),
      expect: { status: 304 },
    },
    {
      name: "206 where the preconditions hold",
      send: get("/ten.txt", "If-Match: *", 'If-None-Match: "other"', RANGE),
      expect: { status: 206, body: "0" },
    },
    {
      name: "200 where they hold and If-Range does not",
      send: get("/ten.txt", "If-Match: *", RANGE, 'If-Range: "other"'),
      expect: { status: 200, body: { file: "/ten.txt" } },
    },
    {
      name: "404 before 412 and 416",
      send: get("/nothing", 'If-Match: "other"', BEYOND),
      expect: { status: 404 },
    },
  ]),
  rule(
    "RFC 9110 section 13.2.2",
    "The status follows from the steps of the section, for GET and HEAD alike",
    makeMatrix(),
  ),
]);
