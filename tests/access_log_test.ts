/**
 * Access lines byte for byte: Combined Log Format and the duration. What a client sent must stay within its quotes and
 * its line, whatever it is and however long.
 */

import { assert, assertEquals } from "@std/assert";
import { AccessLog } from "../src/access_log.ts";
import { Clock } from "../src/clock.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import type { Exchange } from "../src/connection_context.ts";
import type { RequestHead } from "../src/message.ts";
import { requestHead } from "./ask.ts";

/** 22 November 2026, 13:56:19 UTC. */
const SECOND = Date.UTC(2026, 10, 22, 13, 56, 19) / 1000;

/** A log whose batches are collected as text, each byte a character. */
class Bench {
  readonly clock = new Clock();
  readonly batches: string[] = [];
  readonly log = new AccessLog(this.clock, (lines) => {
    this.batches.push(Array.from(lines, (byte) => String.fromCharCode(byte)).join(""));
  });

  constructor(second = SECOND) {
    this.clock.second = second;
  }

  record(different: Partial<Exchange> = {}): void {
    this.log.record({
      remote: "127.0.0.1",
      head: undefined,
      status: 200,
      bodyBytes: 5120,
      durationMs: 0.214,
      ...different,
    });
  }

  /** The one line that an exchange makes. */
  line(different: Partial<Exchange>): string {
    this.record(different);
    this.log.flush();
    return this.batches.splice(0).join("");
  }
}

/** A head whose request line is what the test says, also what the parser would refuse. */
function headWith(requestLine: string, fieldLines = ""): RequestHead {
  return { ...requestHead("GET / HTTP/1.1", fieldLines), requestLine };
}

const LINES: readonly [name: string, exchange: Partial<Exchange>, line: string][] = [
  [
    "an answer",
    { head: requestHead("GET / HTTP/1.1", "User-Agent: curl/8.5.0\r\n") },
    `127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "GET / HTTP/1.1" 200 5120 "-" "curl/8.5.0" 0.000214\n`,
  ],
  [
    "referer and query",
    {
      remote: "2001:db8::1",
      head: requestHead("HEAD /a%20b?x=%22y HTTP/1.0", "REFERER: http://a/?b\r\nuser-agent: Mozilla/5.0 (X; Y)\r\n"),
      status: 304,
      bodyBytes: 0,
      durationMs: 1_234.5678,
    },
    `2001:db8::1 - - [22/Nov/2026:13:56:19 +0000] "HEAD /a%20b?x=%22y HTTP/1.0" 304 0 "http://a/?b" ` +
    `"Mozilla/5.0 (X; Y)" 1.234568\n`,
  ],
  [
    "no request",
    { status: 400, bodyBytes: 16, durationMs: 0 },
    `127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "-" 400 16 "-" "-" 0.000000\n`,
  ],
  [
    "empty fields",
    { head: requestHead("GET / HTTP/1.1", "Referer:\r\nUser-Agent: \t\r\n") },
    `127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "GET / HTTP/1.1" 200 5120 "-" "-" 0.000214\n`,
  ],
  [
    "repeated fields",
    { head: requestHead("GET / HTTP/1.1", "User-Agent: first\r\nUser-Agent: second\r\n") },
    `127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "GET / HTTP/1.1" 200 5120 "-" "first" 0.000214\n`,
  ],
  [
    "many bytes and a long time",
    { bodyBytes: 5_000_000_000, durationMs: 3_600_000 },
    `127.0.0.1 - - [22/Nov/2026:13:56:19 +0000] "-" 200 5000000000 "-" "-" 3600.000000\n`,
  ],
];

for (const [name, exchange, line] of LINES) {
  Deno.test(`AccessLog.record writes the line of ${name}`, () => assertEquals(new Bench().line(exchange), line));
}

const TIMES: readonly [time: number, text: string][] = [
  [Date.UTC(1970, 0, 1), "01/Jan/1970:00:00:00 +0000"],
  [Date.UTC(2024, 1, 29, 23, 59, 59), "29/Feb/2024:23:59:59 +0000"],
  [Date.UTC(2026, 11, 31, 9, 8, 7), "31/Dec/2026:09:08:07 +0000"],
];

for (const [time, text] of TIMES) {
  Deno.test(`AccessLog.record writes the time ${text}`, () => {
    const line = new Bench(time / 1000).line({});
    assertEquals(line.slice(line.indexOf("[") + 1, line.indexOf("]")), text);
  });
}

Deno.test("AccessLog.record follows the clock", () => {
  const bench = new Bench();
  bench.line({});
  bench.clock.second++;
  assert(bench.line({}).includes("[22/Nov/2026:13:56:20 +0000]"));
});

const ESCAPES: readonly [name: string, text: string, escaped: string][] = [
  ["double quotes", `a"b"`, String.raw`a\x22b\x22`],
  ["backslashes", String.raw`a\b\x22`, String.raw`a\x5Cb\x5Cx22`],
  ["line feeds", `a\nb`, String.raw`a\x0Ab`],
  ["a forged line", `x" 200 0\r\n127.0.0.1 - - [`, String.raw`x\x22 200 0\x0D\x0A127.0.0.1 - - [`],
  ["NUL, ESC, DEL", "\0\x1b[2J\x7f", String.raw`\x00\x1B[2J\x7F`],
  ["tabs", "a\tb", String.raw`a\x09b`],
  ["C1 controls", "\x80\x85\x9b", String.raw`\x80\x85\x9B`],
  ["obs-text", "caf\xc3\xa9 \xff", String.raw`caf\xC3\xA9 \xFF`],
  ["nothing of plain text", " !#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~", " !#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~"],
];

/** A head with the text in the request line and in both fields; through the parser only where that accepts it. */
function headHolding(text: string): RequestHead {
  const isFieldText = [...text].every((c) => c === "\t" || (c >= " " && c !== "\x7f"));
  const value = isFieldText ? text : "";
  return headWith(text, `Referer: ${value}|\r\nUser-Agent: ${value}|\r\n`);
}

for (const [name, text, escaped] of ESCAPES) {
  Deno.test(`AccessLog.record escapes ${name}`, () => {
    const line = new Bench().line({ head: headHolding(text) });
    assert(/^[\x20-\x7e]*\n$/.test(line), JSON.stringify(line));
    const [, requestLine, , referer, , userAgent, rest, ...more] = line.split('"');
    assertEquals(requestLine, escaped);
    assertEquals([rest, more], [" 0.000214\n", []]);
    if (headHolding(text).fieldLines.get("referer") === "|") return;
    assertEquals([referer, userAgent], [`${escaped}|`, `${escaped}|`].map((value) => value.trimStart()));
  });
}

Deno.test("AccessLog.record escapes every byte to one line of ASCII", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  const line = new Bench().line({ head: headWith(all) });
  assert(/^[\x20-\x7e]*\n$/.test(line), JSON.stringify(line));
  assertEquals(line.split('"').length, 7);
});

Deno.test("AccessLog.record collects lines until flush", () => {
  const { log, batches, clock } = new Bench();
  for (let i = 0; i < 10; i++) {
    log.record({ remote: `10.0.0.${i}`, head: undefined, status: 200, bodyBytes: 0, durationMs: clock.nowMs });
  }
  assertEquals(batches, []);
  log.flush();
  assertEquals(batches.length, 1);
  assertEquals(batches[0]?.match(/^10\.0\.0\.\d/gm)?.length, 10);
  log.flush();
  assertEquals(batches.length, 1);
});

Deno.test("AccessLog.record passes whole lines on in batches, none lost, none twice, in order", () => {
  const bench = new Bench();
  for (let i = 0; i < 5_000; i++) bench.record({ bodyBytes: i });
  const early = bench.batches.length;
  bench.log.flush();
  assert(early >= 5 && early <= 50, `${early} batches before the flush`);
  for (const batch of bench.batches) assert(batch.endsWith("\n"), "a batch ends with a line");
  const lines = bench.batches.join("").trimEnd().split("\n");
  assertEquals(lines.length, 5_000);
  for (const [i, line] of lines.entries()) assert(line.includes(`"-" 200 ${i} "-"`), line);
});

Deno.test("AccessLog.record hands over bytes that it does not write to again", () => {
  const passed: Uint8Array<ArrayBuffer>[] = [];
  const clock = new Clock();
  const log = new AccessLog(clock, (lines) => passed.push(lines));
  const exchange = { remote: "10.0.0.1", head: undefined, status: 200, bodyBytes: 0, durationMs: 0 };
  log.record(exchange);
  log.flush();
  const before = passed[0]?.slice();
  log.record({ ...exchange, remote: "10.0.0.2" });
  log.flush();
  assertEquals(passed[0], before);
  // It is transferred to another thread: that must not take the rest with it.
  structuredClone(passed[1], { transfer: passed[1] === undefined ? [] : [passed[1].buffer] });
  log.record(exchange);
  log.flush();
  assertEquals(passed[2], before);
});

/** The longest values that fit in a head beside the rest of it. */
const LONGEST = DEFAULT_OPTIONS.limits.headBytes - 100;

const LONG: readonly [name: string, head: RequestHead][] = [
  ["a long target", requestHead(`GET /${"a".repeat(8_000)} HTTP/1.1`)],
  ["a long plain field", requestHead("GET / HTTP/1.1", `Referer: ${"a".repeat(LONGEST)}\r\n`)],
  ["a long field of quotes", requestHead("GET / HTTP/1.1", `User-Agent: ${'"'.repeat(LONGEST)}\r\n`)],
  ["a long field of obs-text", requestHead("GET / HTTP/1.1", `Referer: ${"\xff".repeat(LONGEST)}\r\n`)],
  [
    "two long fields",
    requestHead(
      "GET / HTTP/1.1",
      `Referer: ${"\x80".repeat(LONGEST / 2 - 20)}\r\nUser-Agent: ${"\\".repeat(LONGEST / 2 - 20)}\r\n`,
    ),
  ],
];

for (const [name, head] of LONG) {
  Deno.test(`AccessLog.record neither cuts nor drops the line of ${name}`, () => {
    const bench = new Bench();
    bench.record({ bodyBytes: 1 });
    bench.record({ head, bodyBytes: 2 });
    bench.record({ bodyBytes: 3 });
    bench.log.flush();
    const lines = bench.batches.join("").split("\n");
    assertEquals(lines.length, 4, "three lines and the end");
    for (const [i, line] of lines.slice(0, 3).entries()) {
      assertEquals(line.split('"').length, 7, "three pairs of quotes");
      assert(line.includes(` 200 ${i + 1} `) && line.endsWith(" 0.000214"), line.slice(-60));
    }
    const escaped = (text: string | undefined) => text?.replace(/[^!#-[\]-~]/g, "....").replace(/["\\]/g, "....");
    const [, , , referer, , userAgent] = lines[1]?.split('"') ?? [];
    const { fieldLines } = head;
    assertEquals(referer?.length, escaped(fieldLines.get("referer"))?.length ?? 1);
    assertEquals(userAgent?.length, escaped(fieldLines.get("user-agent"))?.length ?? 1);
  });
}

Deno.test("AccessLog.record keeps what was collected when a line longer than a batch comes", () => {
  const bench = new Bench();
  const head = requestHead("GET / HTTP/1.1", `Referer: ${"\xff".repeat(LONGEST)}\r\n`);
  for (let i = 0; i < 20; i++) bench.record({ head, bodyBytes: i });
  bench.log.flush();
  const lines = bench.batches.join("").trimEnd().split("\n");
  assertEquals(lines.map((line) => / 200 (\d+) /.exec(line)?.[1]), Array.from({ length: 20 }, (_, i) => String(i)));
});
