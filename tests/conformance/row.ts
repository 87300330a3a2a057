/**
 * The form of a row: what is sent and what has to come back, as data, with the sentence it stands on.
 *
 * Requests are text, one character per byte, with placeholders in `<<…>>` that `facts.ts` fills in:
 *
 * - `<<host>>` the authority of the server
 * - `<<etag PATH [CODING]>>` the entity tag the server gives PATH, with `Accept-Encoding: CODING`
 * - `<<opaque PATH [CODING]>>` the same without `W/`
 * - `<<modified PATH [SECONDS] [rfc850|asctime]>>` its `Last-Modified`, moved by so many seconds, in that form
 * - `<<now SECONDS>>` the time, moved by so many seconds
 * - `<<outside>>` the name of the folder beside the root that holds what must not be served
 */

/** `4xx` stands for a class of status codes. */
export type StatusPattern = number | "2xx" | "3xx" | "4xx" | "5xx";

/**
 * What a field has to be: exactly this, like this, absent (`null`), a list with these members, not like this (absent
 * is fine), or absent or like this.
 */
export type FieldPattern =
  | string
  | RegExp
  | null
  | { readonly has: readonly string[] }
  | { readonly not: RegExp }
  | { readonly optional: RegExp };

/** First and last position of a range of bytes, both included. */
export type ByteRange = readonly [first: number, last: number];

/** What the content has to be. */
export type BodyPattern =
  | string
  | RegExp
  | { readonly not: RegExp }
  /** So many bytes at most. */
  | { readonly atMost: number }
  /** The bytes of a fixture, or a part of them with both ends included. */
  | { readonly file: string; readonly range?: ByteRange }
  /** Decoded as Content-Encoding says, the bytes of a fixture. */
  | { readonly decoded: string }
  /**
   * The ranges of a fixture, in whatever form the RFC allows: one part, several parts, joined ones, the whole. With a
   * content coding they are ranges of the neighbour with that coding. `inOrder`: parts that were not joined come in
   * the order of the request.
   */
  | { readonly ranges: readonly ByteRange[]; readonly of: string; readonly inOrder?: true };

/** What an answer has to be. */
export interface Expected {
  /** The status code, or all that are right. */
  readonly status: StatusPattern | readonly StatusPattern[];
  /** Fields by name in lower case. */
  readonly fields?: Readonly<Record<string, FieldPattern>>;
  /** Minor version of the answer. */
  readonly minor?: number;
  /** The content. */
  readonly body?: BodyPattern;
  /** Where the answer redirects to: path and query on the same authority. */
  readonly location?: string;
  /** Whether a redirect, if there is one, has to stay on the same authority. */
  readonly sameSite?: true;
  /** How the end of the content has to be found. */
  readonly framing?: readonly ("none" | "length" | "chunked" | "close")[];
  /** The interim answers that have to come first. */
  readonly interim?: readonly number[];
  /** Whether the head has to announce the end of the connection. */
  readonly close?: boolean;
  /** How far `Date` may be from the present, in seconds. */
  readonly dateWithin?: number;
}

/** One alternative, or several; `"closed"`: the connection ends without an answer. */
export type Expectation = Expected | "closed" | readonly (Expected | "closed")[];

/** One thing done on the connection. A row's answers are numbered from 0. */
export type Step =
  /** Sends; on a new connection where the last answer ended the old one. */
  | { readonly send: string; readonly bytewise?: true }
  /**
   * Reads an answer; `to`: the method, where it is not that of the last `send`; `head`: leaves the content unread;
   * `eventually`: the server may need some time to get there, so the last `send` is repeated until time is up.
   */
  | { readonly answer: Expectation; readonly to?: string; readonly head?: true; readonly eventually?: true }
  /** Ends the sending side. */
  | { readonly halfClose: true }
  /** Compares fields of two answers; in `allowed` the second may lack them. */
  | {
    readonly compare: readonly string[];
    readonly of: readonly [number, number];
    readonly as: "equal" | "distinct" | "equal or absent";
  }
  /** Checks: where the contents of the two answers differ, strong entity tags differ too. */
  | { readonly compareContent: readonly [number, number] }
  /** Changes a file of the root; `null` removes it. */
  | { readonly write: string; readonly content: string | null }
  /** Waits for the server to close, sending a part of the text every so often; answers on the way are read away. */
  | { readonly untilClosed: true; readonly dribble?: string; readonly everyMs?: number }
  /** Reads nothing for the whole time limit; then the connection has to be closed. */
  | { readonly untilStalled: true };

/**
 * What a row cannot do without: the slow ones a time limit, others the root in the file system, or a server whose
 * entity tag for a path is strong.
 */
export type Need = "slow" | "root" | `strong ${string}`;

/**
 * What becomes of the connection after the last answer. Where nothing is said: an answer that ends the connection is
 * followed by its end, any other either by its end or by a whole further exchange.
 */
export type Ending = "open" | "closed" | "unchecked";

/** One observable behaviour. */
export interface Row {
  /** Group and name, unique. */
  readonly id: string;
  /** The group it is counted in. */
  readonly group: string;
  /** Where the rule is written. */
  readonly section: string;
  /** The rule in own words. */
  readonly rule: string;
  /** What is done. */
  readonly name: string;
  /** How it is done. */
  readonly steps: readonly Step[];
  /** Its number among the sixty core behaviours that servers are compared by; several rows may share one. */
  readonly core?: number;
  /** What it cannot do without. */
  readonly needs?: readonly Need[];
  /** What becomes of the connection. */
  readonly ends?: Ending;
}

/** What a rule's rows are written as: one exchange, or steps. */
export type RowData =
  & Pick<Row, "name" | "core" | "needs" | "ends">
  & ({ readonly send: string; readonly expect: Expectation } | { readonly steps: readonly Step[] });

/** A rule with its rows. */
export interface Rule {
  /** Where it is written. */
  readonly section: string;
  /** The rule in own words. */
  readonly rule: string;
  /** What stands on it. */
  readonly rows: readonly RowData[];
}

/**
 * Writes a rule down.
 *
 * @param section Where it is written: `RFC 9110 section 14.2`.
 * @param rule The rule in own words.
 * @param rows What stands on it.
 */
export function rule(section: string, rule: string, rows: readonly RowData[]): Rule {
  return { section, rule, rows };
}

/**
 * Makes the rows of a group.
 *
 * @param name The name of the group.
 * @param rules Its rules.
 */
export function group(name: string, rules: readonly Rule[]): Row[] {
  const rows = rules.flatMap(({ section, rule, rows }) =>
    rows.map((data) => {
      const { name: rowName, core, needs, ends } = data;
      const steps = "steps" in data ? data.steps : exchange(data.send, data.expect);
      return {
        id: `${name}/${escapeControls(rowName)}`,
        group: name,
        section,
        rule,
        name: escapeControls(rowName),
        steps,
        ...(core === undefined ? {} : { core }),
        ...(needs === undefined ? {} : { needs }),
        ...(ends === undefined ? {} : { ends }),
      };
    })
  );
  const [twice] = rows.filter(({ id }, at) => rows.findIndex((row) => row.id === id) < at);
  if (twice !== undefined) throw new TypeError(`Two rows are called ${twice.id}`);
  return rows;
}

function escapeControls(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, (character) => JSON.stringify(character).slice(1, -1));
}

/** One request and its answer. */
export function exchange(send: string, answer: Expectation): readonly Step[] {
  return [{ send }, { answer }];
}

/** One request, repeated until it gets its answer or time is up. */
export function eventually(send: string, answer: Expectation): readonly Step[] {
  return [{ send }, { answer, eventually: true }];
}

/**
 * A request with a line of one's own and no Host of its own accord.
 *
 * @param line The request line.
 * @param fieldLines Field lines without their line ends.
 */
export function raw(line: string, ...fieldLines: readonly string[]): string {
  return [line, ...fieldLines, "", ""].join("\r\n");
}

/**
 * An HTTP/1.1 request with Host.
 *
 * @param method The method.
 * @param target The request target.
 * @param fieldLines Further field lines.
 */
export function request(method: string, target: string, ...fieldLines: readonly string[]): string {
  return raw(`${method} ${target} HTTP/1.1`, "Host: <<host>>", ...fieldLines);
}

/** A GET request; see {@linkcode request}. */
export function get(target: string, ...fieldLines: readonly string[]): string {
  return request("GET", target, ...fieldLines);
}

/** A HEAD request; see {@linkcode request}. */
export function head(target: string, ...fieldLines: readonly string[]): string {
  return request("HEAD", target, ...fieldLines);
}
