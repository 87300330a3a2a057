/**
 * `Representation.select`: every method with every condition and every range, in memory and in a file; then what becomes
 * of the file. The order is that of RFC 9110 section 13.2.2; the single steps have tables of their own
 * (`conditional_test.ts`, `range_test.ts`).
 */

import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Clock } from "../src/clock.ts";
import { Content, copyContent } from "../src/content.ts";
import { HttpError, TransportError } from "../src/errors.ts";
import type { FieldLine, HttpResponse, OpenFile, ResponseBody } from "../src/message.ts";
import { ReusableResponse } from "../src/message.ts";
import { Representation } from "../src/representation.ts";
import type { RepresentationOptions } from "../src/representation.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import { formatFields, readFileBody, requestHead } from "./ask.ts";
import { parseMultipart } from "./multipart.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const LAST_MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER = "Sun, 06 Nov 1994 08:49:38 GMT";
const TAG = '"abc-br"';

const LENGTH = 10_000;
const CONTENT = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 31 + (i >> 8) * 17) & 0xff);

const CACHE_FIELDS: readonly FieldLine[] = [["Cache-Control", "max-age=1"], ["Vary", "Accept-Encoding"]];
const CONTENT_FIELDS: readonly FieldLine[] = [["X-Content-Type-Options", "nosniff"], ["Content-Encoding", "br"]];

/** Behind `Content-Type` and `Content-Range`, in 200 and 206. */
const REST: readonly FieldLine[] = [
  ...CONTENT_FIELDS,
  ["Last-Modified", LAST_MODIFIED],
  ["ETag", TAG],
  ["Accept-Ranges", "bytes"],
  ...CACHE_FIELDS,
];

/** A file that notes what becomes of it. */
class FakeFile implements OpenFile {
  closed = 0;
  #position = 0;

  readSync(into: Uint8Array): number | null {
    assertEquals(this.closed, 0, "read after close");
    const count = Math.min(into.length, LENGTH - this.#position, 3_000);
    into.set(CONTENT.subarray(this.#position, this.#position + count));
    this.#position += count;
    return count === 0 ? null : count;
  }

  seekSync(offset: number, whence: 0): number {
    assertEquals([this.closed, whence], [0, 0]);
    return this.#position = offset;
  }

  close(): void {
    this.closed++;
  }
}

/** What is not as usual; length and opening are those of a file. */
interface Different extends Partial<RepresentationOptions> {
  length?: number;
  open?: () => OpenFile;
}

/** A representation and the files that it has opened. */
class Bench {
  readonly opened: FakeFile[] = [];
  readonly representation: Representation;

  constructor(source: "memory" | "file", { length = LENGTH, open = () => this.#open(), ...different }: Different = {}) {
    this.representation = new Representation({
      contentType: "text/css",
      validators: { entityTag: TAG, lastModifiedMs: Date.parse(LAST_MODIFIED) + 999 },
      content: source === "memory" ? copyContent(CONTENT) : { length, open, mostKeptBytes: 0 },
      hold: () => {},
      cacheFields: CACHE_FIELDS,
      contentFields: CONTENT_FIELDS,
      ...different,
    });
  }

  #open(): FakeFile {
    const file = new FakeFile();
    this.opened.push(file);
    return file;
  }

  select(method: string, fields: readonly FieldLine[], nowMs = NOW_MS): HttpResponse {
    return this.representation.select(requestHead(`${method} / HTTP/1.1`, formatFields(fields)), nowMs);
  }
}

/** What a body is, in full. */
function contentOf(body: ResponseBody): Uint8Array | number {
  if (body instanceof Uint8Array) return body;
  assert(!("stream" in body), "a file is no stream");
  return "file" in body ? readFileBody(body) : body.length ?? NaN;
}

/** A row: field lines, and whether the answer is decided by them. */
type Condition = readonly [fields: readonly FieldLine[], outcome: 304 | 412 | "proceed"];

const CONDITIONS: readonly Condition[] = [
  [[], "proceed"],
  // section 13.1.1
  [[["If-Match", TAG]], "proceed"],
  [[["If-Match", `"x", ${TAG}`]], "proceed"],
  [[["If-Match", "*"]], "proceed"],
  [[["If-Match", '"x"']], 412],
  [[["If-Match", `W/${TAG}`]], 412],
  [[["If-Match", "malformed"]], 412],
  // section 13.1.4
  [[["If-Unmodified-Since", LAST_MODIFIED]], "proceed"],
  [[["If-Unmodified-Since", LATER]], "proceed"],
  [[["If-Unmodified-Since", EARLIER]], 412],
  [[["If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT"]], 412],
  [[["If-Unmodified-Since", "yesterday"]], "proceed"],
  [[["If-Match", TAG], ["If-Unmodified-Since", EARLIER]], "proceed"],
  // section 13.1.2
  [[["If-None-Match", TAG]], 304],
  [[["If-None-Match", `W/${TAG}`]], 304],
  [[["If-None-Match", `"x", ${TAG}, "y"`]], 304],
  [[["If-None-Match", '"x"'], ["If-None-Match", TAG]], 304],
  [[["If-None-Match", "*"]], 304],
  [[["If-None-Match", '"abc"']], "proceed"],
  [[["If-None-Match", '"abc-gzip"']], "proceed"],
  // section 13.1.3
  [[["If-Modified-Since", LAST_MODIFIED]], 304],
  [[["If-Modified-Since", LATER]], 304],
  [[["If-Modified-Since", "Sun Nov  6 08:49:37 1994"]], 304],
  [[["If-Modified-Since", EARLIER]], "proceed"],
  [[["If-Modified-Since", "yesterday"]], "proceed"],
  [[["If-None-Match", '"x"'], ["If-Modified-Since", LATER]], "proceed"],
  [[["If-None-Match", TAG], ["If-Modified-Since", EARLIER]], 304],
  // section 13.2.2: the order
  [[["If-None-Match", TAG], ["If-Match", '"x"']], 412],
  [[["If-None-Match", TAG], ["If-Match", TAG]], 304],
  [[["If-Modified-Since", LATER], ["If-Unmodified-Since", EARLIER]], 412],
  [[["If-Modified-Since", LATER], ["If-Unmodified-Since", LATER]], 304],
  [[["If-Match", TAG], ["If-Modified-Since", LATER]], 304],
];

type Stretch = readonly [start: number, end: number];

/** A row: field lines, and what they select of the content. */
type RangeRow = readonly [fields: readonly FieldLine[], outcome: "whole" | 416 | Stretch | readonly Stretch[]];

/** As many ranges as are answered, and one more. */
const MANY = Array.from({ length: 65 }, (_, i): Stretch => [i * 150, i * 150 + 2]);
const listOf = (stretches: readonly Stretch[]) => stretches.map(([start, end]) => `${start}-${end - 1}`).join(", ");

const RANGES: readonly RangeRow[] = [
  [[], "whole"],
  [[["Range", "bytes=0-0"]], [0, 1]],
  [[["Range", "bytes=0-"]], [0, LENGTH]],
  [[["Range", "bytes=9999-"]], [9_999, LENGTH]],
  [[["Range", "bytes=-1"]], [9_999, LENGTH]],
  [[["Range", "bytes=-99999"]], [0, LENGTH]],
  [[["Range", "bytes=9000-99999"]], [9_000, LENGTH]],
  [[["Range", "bytes=100-9899"]], [100, 9_900]],
  [[["Range", "Bytes=5-9"]], [5, 10]],
  [[["Range", "bytes=10000-"]], 416],
  [[["Range", "bytes=-0"]], 416],
  [[["Range", "bytes=10000-10001, 20000-"]], 416],
  [[["Range", "bytes=5-2"]], "whole"],
  [[["Range", "bytes=a-b"]], "whole"],
  [[["Range", "bytes="]], "whole"],
  [[["Range", "bytes"]], "whole"],
  [[["Range", ""]], "whole"],
  [[["Range", "items=0-1"]], "whole"],
  [[["Range", "bytes=0-1"], ["Range", "bytes=0-1"]], "whole"],
  // several
  [[["Range", "bytes=0-1,500-501"]], [[0, 2], [500, 502]]],
  [[["Range", "bytes=500-501,0-1,-1"]], [[500, 502], [0, 2], [9_999, LENGTH]]],
  [[["Range", "bytes=0-4999,9000-"]], [[0, 5_000], [9_000, LENGTH]]],
  [[["Range", "bytes=0-1,20000-"]], [0, 2]],
  [[["Range", "bytes=0-1,2-3"]], [0, 4]],
  [[["Range", "bytes=0-1,50-51"]], [0, 52]],
  [[["Range", `bytes=${listOf(MANY.slice(1))}`]], MANY.slice(1)],
  [[["Range", `bytes=${listOf(MANY)}`]], "whole"],
  // section 13.1.5
  [[["Range", "bytes=0-0"], ["If-Range", TAG]], [0, 1]],
  [[["Range", "bytes=0-0"], ["If-Range", LAST_MODIFIED]], [0, 1]],
  [[["Range", "bytes=0-0"], ["If-Range", '"x"']], "whole"],
  [[["Range", "bytes=0-0"], ["If-Range", `W/${TAG}`]], "whole"],
  [[["Range", "bytes=0-0"], ["If-Range", EARLIER]], "whole"],
  [[["Range", "bytes=0-0"], ["If-Range", LATER]], "whole"],
  [[["Range", "bytes=0-0"], ["If-Range", "malformed"]], "whole"],
  [[["Range", "bytes=10000-"], ["If-Range", '"x"']], "whole"],
  [[["Range", "bytes=10000-"], ["If-Range", TAG]], 416],
  [[["Range", "bytes=0-1,500-501"], ["If-Range", '"x"']], "whole"],
  [[["Range", "bytes=0-1,500-501"], ["If-Range", TAG]], [[0, 2], [500, 502]]],
  [[["If-Range", '"x"']], "whole"],
];

const isSeveral = (outcome: RangeRow[1]): outcome is readonly Stretch[] =>
  Array.isArray(outcome) && Array.isArray(outcome[0]);

function nameOf(fields: readonly FieldLine[]): string {
  const name = fields.map(([name, value]) => `${name}: ${value}`).join(", ") || "nothing";
  return name.length > 80 ? `${name.slice(0, 80)}...` : name;
}

/** Asserts an answer in full: status, field lines in their order, body, and what was opened. */
function check(bench: Bench, method: string, [conditions, condition]: Condition, [ranges, range]: RangeRow): void {
  const { opened } = bench;
  const fields = [...ranges, ...conditions];
  const isFile = bench.representation.content === undefined;
  const before = opened.length;
  if (condition === 412 || (condition === "proceed" && range === 416 && method === "GET")) {
    const error = assertThrows(() => bench.select(method, fields), HttpError);
    const contentRange: readonly FieldLine[] = condition === 412 ? [] : [["Content-Range", `bytes */${LENGTH}`]];
    assertEquals([error.status, error.fields], [condition === 412 ? 412 : 416, [...contentRange, ...CACHE_FIELDS]]);
    assertEquals([error.close, opened.length], [false, before]);
    return;
  }

  const response = bench.select(method, fields);
  const { body } = response;
  if (condition === 304) {
    assertEquals([response.status, response.fields], [304, [["ETag", TAG], ...CACHE_FIELDS]]);
    assertEquals([body, opened.length], [new Uint8Array(0), before]);
  } else if (method === "HEAD" || range === "whole" || range === 416) {
    assertEquals([response.status, response.fields], [200, [["Content-Type", "text/css"], ...REST]]);
    assertEquals(body.length, LENGTH);
    const isAbsent = isFile && method === "HEAD";
    assertEquals(contentOf(body), isAbsent ? LENGTH : CONTENT);
    assertEquals(opened.length, before + (isFile && !isAbsent ? 1 : 0));
  } else if (isSeveral(range)) {
    const [[, contentType] = ["", ""], ...rest] = response.fields;
    assertEquals([response.status, response.fields[0]?.[0], rest], [206, "Content-Type", REST]);
    const content = contentOf(body);
    assert(content instanceof Uint8Array);
    assertEquals(content.length, body.length, "Content-Length");
    const parts = range.map(([start, end]) => ({
      lines: ["Content-Type: text/css", `Content-Range: bytes ${start}-${end - 1}/${LENGTH}`],
      bytes: CONTENT.slice(start, end),
    }));
    assertEquals(parseMultipart(contentType, content), parts);
    assertEquals(opened.length, before + (isFile ? 1 : 0));
  } else {
    const [start, end] = range as Stretch;
    const contentRange: FieldLine = ["Content-Range", `bytes ${start}-${end - 1}/${LENGTH}`];
    assertEquals([response.status, response.fields], [206, [["Content-Type", "text/css"], contentRange, ...REST]]);
    assertEquals(body.length, end - start);
    assertEquals(contentOf(body), CONTENT.slice(start, end));
    assertEquals(opened.length, before + (isFile ? 1 : 0));
  }
}

for (const source of ["memory", "file"] as const) {
  for (const method of ["GET", "HEAD"]) {
    for (const condition of CONDITIONS) {
      Deno.test(`Representation.select: ${method} from ${source} with ${nameOf(condition[0])}, and each range`, () => {
        const bench = new Bench(source);
        for (const range of RANGES) {
          try {
            check(bench, method, condition, range);
          } catch (cause) {
            throw new Error(`with ${nameOf(range[0])}`, { cause });
          }
        }
        for (const { closed } of bench.opened) assertEquals(closed, 1);
        if (method === "HEAD") assertEquals(bench.opened, [], "HEAD opens no file");
      });
    }
  }
}

// Validators that are weak, content that is empty, content that is very long.

const WEAK: readonly [fields: readonly FieldLine[], status: number][] = [
  [[["If-None-Match", 'W/"a"']], 304],
  [[["If-None-Match", '"a"']], 304],
  [[["If-Match", 'W/"a"']], 412],
  [[["If-Match", '"a"']], 412],
  [[["If-Match", "*"]], 200],
  [[["Range", "bytes=0-0"]], 206],
  [[["Range", "bytes=0-0"], ["If-Range", 'W/"a"']], 200],
  [[["Range", "bytes=0-0"], ["If-Range", '"a"']], 200],
];

for (const [fields, status] of WEAK) {
  Deno.test(`Representation.select: weak tag, ${nameOf(fields)} → ${status} (RFC 9110 section 8.8.1)`, () => {
    const { representation } = new Bench("memory", {
      validators: { entityTag: 'W/"a"', lastModifiedMs: Date.parse(LAST_MODIFIED) },
    });
    const head = requestHead("GET / HTTP/1.1", formatFields(fields));
    if (status === 412) {
      assertEquals(assertThrows(() => representation.select(head, NOW_MS), HttpError).status, 412);
      return;
    }
    const response = representation.select(head, NOW_MS);
    assertEquals(response.status, status);
    assertEquals(response.fields.find(([name]) => name === "ETag")?.[1], 'W/"a"');
  });
}

Deno.test("Representation.select: the date of this very second is too weak for If-Range (RFC 9110 section 8.8.2.2)", () => {
  const bench = new Bench("memory");
  const fields: readonly FieldLine[] = [["Range", "bytes=0-0"], ["If-Range", LAST_MODIFIED]];
  const second = Date.parse(LAST_MODIFIED);
  const statuses = [second, second + 999, second + 1_000].map((nowMs) => bench.select("GET", fields, nowMs).status);
  assertEquals(statuses, [200, 200, 206]);
});

for (const value of ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0", "bytes=1-", "bytes=0-0,5-5"]) {
  Deno.test(`Representation.select: Range: ${value} of nothing is the whole (RFC 9110 section 14.2)`, () => {
    for (const bench of [new Bench("memory", { content: new Content(0) }), new Bench("file", { length: 0 })]) {
      const { status, fields, body } = bench.select("GET", [["Range", value]]);
      assertEquals([status, fields, body.length], [200, [["Content-Type", "text/css"], ...REST], 0]);
      if ("file" in body) body.file.close();
      for (const { closed } of bench.opened) assertEquals(closed, 1);
    }
  });
}

const LONG = 3 * 2 ** 32 + 7;
const LONG_RANGES: readonly [value: string, pieces: readonly { start: number; end: number }[]][] = [
  ["bytes=4294967295-4294967296", [{ start: 2 ** 32 - 1, end: 2 ** 32 + 1 }]],
  ["bytes=12884901888-", [{ start: 3 * 2 ** 32, end: LONG }]],
  ["bytes=-1", [{ start: LONG - 1, end: LONG }]],
  ["bytes=0-", [{ start: 0, end: LONG }]],
  ["bytes=0-0,8589934592-12884901887", [{ start: 0, end: 1 }, { start: 2 ** 33, end: 3 * 2 ** 32 }]],
];

for (const [value, pieces] of LONG_RANGES) {
  Deno.test(`Representation.select: Range: ${value} of more than 4 GiB`, () => {
    const bench = new Bench("file", { length: LONG });
    const { status, fields, body } = bench.select("GET", [["Range", value]]);
    assert("file" in body);
    body.file.close();
    assertEquals([status, body.pieces.filter((piece) => !(piece instanceof Uint8Array))], [206, [...pieces]]);
    const overhead = body.pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : 0), 0);
    assertEquals(body.length, pieces.reduce((sum, { start, end }) => sum + end - start, overhead));
    const [{ start, end } = { start: 0, end: 0 }] = pieces;
    const contentRange = fields.find(([name]) => name === "Content-Range")?.[1];
    assertEquals(contentRange, pieces.length === 1 ? `bytes ${start}-${end - 1}/12884901895` : undefined);
  });
}

// What is made once and what anew.

Deno.test("Representation.select makes the whole from memory and 304 once, for GET and HEAD alike", () => {
  const bench = new Bench("memory");
  for (const fields of [[], [["If-None-Match", TAG]]] as const) {
    const first = bench.select("GET", fields);
    assert(first instanceof ReusableResponse);
    assertStrictEquals(bench.select("HEAD", fields), first);
    assertStrictEquals(bench.select("GET", fields), first);
  }
  assertNotStrictEquals(bench.select("GET", []), bench.select("GET", [["If-None-Match", TAG]]));
});

Deno.test("Representation.select uses a boundary once: nobody can have put it into the content", () => {
  const bench = new Bench("memory");
  const types = Array.from({ length: 20 }, () => {
    return bench.select("GET", [["Range", "bytes=0-1,500-501"]]).fields[0]?.[1];
  });
  assertEquals(new Set(types).size, 20);
});

Deno.test("Representation.content is there where it is in memory", () => {
  assertEquals(new Bench("memory").representation.content, CONTENT);
  assertEquals(new Bench("file").representation.content, undefined);
});

Deno.test("Representation.select passes on what opening throws, and opens only where content is sent", () => {
  const open = () => {
    throw new TypeError("stale");
  };
  const bench = new Bench("file", { open });
  for (const value of ["bytes=0-0", "bytes=0-1,500-501", "whole"]) {
    assertThrows(() => bench.select("GET", [["Range", value]]), TypeError, "stale");
  }
  assertEquals(bench.select("HEAD", []).status, 200);
  assertEquals(bench.select("GET", [["If-None-Match", TAG]]).status, 304);
});

// The file is closed once, whatever becomes of the client.

const RESPONSES: readonly [name: string, status: number, fields: readonly FieldLine[]][] = [
  ["the whole", 200, []],
  ["a range", 206, [["Range", "bytes=100-8999"]]],
  ["several ranges", 206, [["Range", "bytes=0-3999,9000-"]]],
];

for (const [name, status, fields] of RESPONSES) {
  for (const failing of [0, 1, 3, Infinity]) {
    const end = failing === Infinity ? "a client that stays" : `a client that leaves at write ${failing}`;
    Deno.test(`Representation.select: the file of ${name} is closed once behind ${end}`, async () => {
      const bench = new Bench("file");
      const response = bench.select("GET", fields);
      let writes = 0;
      let sent = 0;
      const write = async (bytes: Uint8Array) => {
        await Promise.resolve();
        if (writes++ === failing) throw new Deno.errors.BrokenPipe("gone");
        const count = Math.min(bytes.length, 900);
        sent += count;
        return count;
      };
      const writer = new ResponseWriter({ write }, new Clock(), { beforeWrite: () => {}, beforePiece: () => {} });
      const sending = async () => {
        await writer.send(response, { persistent: true, headOnly: false, more: false });
      };
      if (failing === Infinity) await sending();
      else await assertRejects(sending, TransportError);
      assertEquals([response.status, bench.opened.map(({ closed }) => closed)], [status, [1]]);
      if (failing === Infinity) assert(sent > (response.body.length ?? NaN), "head and body");
    });
  }
}
