/**
 * Tools that others wrote, against the real program: slowhttptest in all its modes, ab, wrk, h2load and curl. While one
 * is at work a probe asks once a second on a connection of its own. One that is not installed gives a row that says so.
 */

import { stripVTControlCharacters } from "node:util";
import { isInstalled } from "../installed.ts";
import { decodeLatin1 } from "../octets.ts";
import { Arena } from "./arena.ts";
import { Client } from "./client.ts";
import { pause } from "./hostile.ts";
import type { Row } from "./report.ts";

/** How much is done. */
export interface ToolOptions {
  /** Seconds for each mode of slowhttptest, and each load. */
  readonly seconds: number;
}

interface Tool {
  readonly program: string;
  readonly args: (url: string, seconds: number) => readonly string[];
  readonly expected: string;
  /** What the tool found, in words; throws where that is not what is expected. */
  readonly read: (output: string, arena: Arena) => string;
}

/** How long a probe may take, in milliseconds. */
const PROBE_MS = 1_000;
const REQUESTS = 20_000;

function find(output: string, pattern: RegExp): string {
  const [, found] = pattern.exec(output) ?? [];
  if (found === undefined) throw new Error(`${pattern} is not in: ${output.slice(-400)}`);
  return found.trim();
}

function demand(isRight: boolean, message: string): void {
  if (!isRight) throw new Error(message);
}

/** Slow clients: as many as a machine of any kind can have. */
function slow(name: string, mode: string, path: string, ...more: string[]): Tool {
  return {
    program: "slowhttptest",
    args: (url, seconds) => [mode, "-c", "1000", "-r", "200", "-l", `${seconds}`, "-p", "3", ...more, "-u", url + path],
    expected: `${name}: the service stays available`,
    read: (output) => {
      const plain = stripVTControlCharacters(output);
      const told = [...plain.matchAll(/service available:\s+(YES|NO)/g)].map(([, word]) => word);
      demand(told.length > 0 && !told.includes("NO"), `it told ${told.join(", ")}: ${plain.slice(-300)}`);
      return `available in all ${told.length} of its looks`;
    },
  };
}

const TOOLS: readonly Tool[] = [
  slow("slow heads", "-H", "/small.bin", "-i", "5"),
  slow("slow bodies", "-B", "/reads", "-i", "5"),
  slow("many ranges", "-R", "/large.bin"),
  slow("slow reading", "-X", "/large.bin", "-w", "10", "-y", "512", "-n", "2", "-z", "32"),
  ...[["-k"], []].map((keep): Tool => ({
    program: "ab",
    args: (url) => [...keep, "-q", "-n", `${REQUESTS}`, "-c", "50", `${url}/small.bin`],
    expected: `${REQUESTS} requests${keep.length > 0 ? ", kept connections" : ""}: none fails`,
    read: (output) => {
      demand(find(output, /Complete requests:\s+(\d+)/) === `${REQUESTS}`, output);
      demand(find(output, /Failed requests:\s+(\d+)/) === "0" && !output.includes("Non-2xx"), output);
      return `${find(output, /Requests per second:\s+(\d+)/)} requests/s, 0 failed`;
    },
  })),
  {
    program: "wrk",
    args: (url, seconds) => ["-t", "1", "-c", "64", "-d", `${Math.min(seconds, 5)}s`, `${url}/small.bin`],
    expected: "no error, no status but 200",
    read: (output) => {
      demand(!/Non-2xx|Socket errors/.test(output), output);
      return `${find(output, /Requests\/sec:\s+(\d+)/)} requests/s`;
    },
  },
  {
    program: "h2load",
    args: (url) => ["--h1", "-n", `${REQUESTS}`, "-c", "50", `${url}/small.bin`],
    expected: `${REQUESTS} requests in HTTP/1.1: none fails`,
    read: (output) => {
      demand(find(output, /status codes: (\d+) 2xx/) === `${REQUESTS}`, output);
      demand(/\b0 failed, 0 errored, 0 timeout/.test(output), output);
      return `${find(output, /, ([\d.]+) req\/s/)} requests/s, 0 failed`;
    },
  },
  ...(["", "0-9", "4000-"] as const).map((range): Tool => ({
    program: "curl",
    args: (url) => ["-sS", "--fail", "-o", "-", ...(range ? ["-r", range] : []), `${url}/small.bin`],
    expected: range ? `the bytes ${range} of a file` : "the bytes of a file",
    read: (output, { asked: { content } }) => {
      const [start = 0, end = content.length - 1] = range.split("-").map((text) => text ? Number(text) : undefined);
      const expected = decodeLatin1(content.subarray(start, end + 1));
      demand(output === expected, `${output.length} bytes, or others`);
      return `${output.length} bytes, the right ones`;
    },
  })),
];

async function runTool({ program, args }: Tool, url: string, seconds: number): Promise<string> {
  const command = ["-k", "5", `${seconds + 60}`, program, ...args(url, seconds)];
  const { stdout, stderr } = await new Deno.Command("timeout", { args: command, stdin: "null" }).output();
  // With the error first, since what a tool prints last is its result.
  return decodeLatin1(stderr) + decodeLatin1(stdout);
}

/** Asks once a second. Returns the milliseconds of each answer; infinite where it was wrong or none. */
async function probe({ asked }: Arena, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  do {
    const startMs = performance.now();
    try {
      using client = await Client.connect(asked.address);
      const { status, body } = await client.ask("GET", asked.path);
      const isRight = status === 200 && decodeLatin1(body) === decodeLatin1(asked.content);
      times.push(isRight ? performance.now() - startMs : Infinity);
    } catch {
      times.push(Infinity);
    }
    await pause(1_000, signal);
  } while (!signal.aborted);
  return times;
}

async function runProbed(tool: Tool, arena: Arena, seconds: number): Promise<{ seen: string; holds: boolean }> {
  const end = new AbortController();
  const probing = probe(arena, end.signal);
  let seen: string;
  let holds = true;
  try {
    seen = tool.read(await runTool(tool, arena.server.origin, seconds), arena);
  } catch (error) {
    holds = false;
    seen = error instanceof Error ? error.message : String(error);
  }
  end.abort();
  const times = await probing;
  const late = times.filter((ms) => ms > PROBE_MS).length;
  const probes = `${times.length} probes beside it, ${late} late or wrong, the longest ${
    Math.max(...times).toFixed(0)
  } ms`;
  return { seen: `${seen}; ${probes}`, holds: holds && late === 0 };
}

/** Runs all tools, one after the other. */
export async function* runTools({ seconds }: ToolOptions): AsyncGenerator<Row> {
  await using arena = await Arena.start([], TOOLS.length * (seconds + 70) * 1_000);
  for (const tool of TOOLS) {
    const { program, args, expected } = tool;
    const done = [program, ...args("", seconds)].join(" ");
    if (!await isInstalled(program)) {
      yield { done, expected, seen: `${program} is not installed`, outcome: "not run" };
      continue;
    }
    const { seen, holds } = await runProbed(tool, arena, seconds);
    yield { done, expected, seen, outcome: holds ? "ok" : "FAILED" };
    await pause(1_000);
  }
}
