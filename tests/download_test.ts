/**
 * Downloads with curl that were cut off and are resumed, RFC 9110 sections 13.1 and 14.
 *
 * `curl -C -` sends `Range` and no condition, so it cannot notice that the file has changed. A user who wants to be sure
 * adds a condition; each is tried on the file as it was and on the file as it is now.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { TempDir } from "./chromium.ts";
import { testWithProgram } from "./permissions.ts";
import { ServerProcess } from "./server_process.ts";

const CURLS = ["/usr/bin/curl", "/usr/local/bin/curl"];
/** Exit codes of curl. */
const TOO_SHORT = 18;
const FAILED = 22;
const NOT_RESUMED = 33;
const RESET = 56;

/** More than the kernel and curl can hold together, so that the cut is in the middle for both sides. */
const LARGE_BYTES = 32 << 20;
const SMALL_BYTES = 100_000;
/** How much of a small file is there already. */
const PART_BYTES = 40_000;

for (const end of ["curl", "the server"] as const) {
  testWithProgram(CURLS, `curl resumes after ${end} was killed, RFC 9110 section 14.2`, async (curl) => {
    await using folder = await TempDir.create();
    const content = makeContent(LARGE_BYTES, 1);
    await writeFile(join(folder.path, "root", "file.bin"), content, "2026-11-22T10:00:00Z");
    const file = join(folder.path, "download.bin");
    const options = ["-r", join(folder.path, "root"), "-v", "-w", "1"];

    await using first = await ServerProcess.start(options);
    const part = await cutOff(curl, first, end);
    assertSame(part, content.subarray(0, part.length));
    await Deno.writeFile(file, part);

    await using second = await ServerProcess.start(options);
    const args = ["-C", "-", "-o", file, `${second.origin}/file.bin`];
    assertEquals(await run(curl, args), 0);
    assertSame(await Deno.readFile(file), content);
    assertEquals(await run(curl, args), 0, "there is nothing left to get");
    assertSame(await Deno.readFile(file), content);
    const [resumed, ended] = statuses((await second.stop()).stderr);
    assertEquals([resumed, ended?.status], [{ status: 206, bytes: LARGE_BYTES - part.length }, 416]);
  });
}

/** What a user can add to `-C -`, made from the validators of the file as it was. */
const CONDITIONS: Readonly<Record<string, (entityTag: string, lastModified: string) => readonly string[]>> = {
  "no condition": () => [],
  "If-Range: entity tag": (entityTag) => ["-H", `If-Range: ${entityTag}`],
  "If-Range: date": (_, lastModified) => ["-H", `If-Range: ${lastModified}`],
  "If-Match": (entityTag) => ["-H", `If-Match: ${entityTag}`],
  "If-Unmodified-Since": (_, lastModified) => ["-z", `-${lastModified}`],
};

/** The same file at three times: as it was when the first part came, changed, and changed to less than that part. */
type Version = "same" | "changed" | "shorter";

/** Condition, file as it is now, status of the answer, exit code, and what is on the disk then. */
const ROWS: readonly [string, Version, number, number, "part" | "whole" | "part of both"][] = [
  ["no condition", "same", 206, 0, "whole"],
  ["If-Range: entity tag", "same", 206, 0, "whole"],
  ["If-Range: date", "same", 206, 0, "whole"],
  ["If-Match", "same", 206, 0, "whole"],
  ["If-Unmodified-Since", "same", 206, 0, "whole"],
  ["no condition", "changed", 206, 0, "part of both"],
  ["If-Range: entity tag", "changed", 200, NOT_RESUMED, "part"],
  ["If-Range: date", "changed", 200, NOT_RESUMED, "part"],
  ["If-Match", "changed", 412, FAILED, "part"],
  ["If-Unmodified-Since", "changed", 412, FAILED, "part"],
  ["no condition", "shorter", 416, FAILED, "part"],
  ["If-Range: entity tag", "shorter", 200, NOT_RESUMED, "part"],
];

testWithProgram(CURLS, "curl resumes nothing that has changed, RFC 9110 sections 13.1 and 14.2", async (curl, t) => {
  await using folder = await TempDir.create();
  const root = join(folder.path, "root");
  const versions = {
    same: makeContent(SMALL_BYTES, 1),
    changed: makeContent(SMALL_BYTES, 2),
    shorter: makeContent(PART_BYTES / 2, 3),
  };
  await writeFile(join(root, "same.bin"), versions.same, "2026-11-22T10:00:00Z");
  await writeFile(join(root, "changed.bin"), versions.changed, "2026-11-22T11:00:00Z");
  await writeFile(join(root, "shorter.bin"), versions.shorter, "2026-11-22T12:00:00Z");
  const part = versions.same.subarray(0, PART_BYTES);
  const file = join(folder.path, "download.bin");

  await using server = await ServerProcess.start(["-r", root, "-v", "-w", "1"]);
  const { headers } = await fetch(`${server.origin}/same.bin`, { method: "HEAD" });
  for (const [condition, version, , code, left] of ROWS) {
    await t.step(`${condition}, ${version}`, async () => {
      await Deno.writeFile(file, part);
      const args = CONDITIONS[condition]?.(headers.get("etag") ?? "", headers.get("last-modified") ?? "") ?? [];
      const url = `${server.origin}/${version}.bin`;
      assertEquals(await run(curl, ["--fail", "-C", "-", ...args, "-o", file, url]), code);
      const rest = left === "part" ? [] : versions[version].subarray(PART_BYTES);
      assertSame(await Deno.readFile(file), Uint8Array.from([...part, ...rest]));
      assertEquals(await run(curl, ["--fail", "-o", file, url]), 0, "starts over");
      assertSame(await Deno.readFile(file), versions[version]);
    });
  }
  const answers = statuses((await server.stop()).stderr).map(({ status }) => status);
  assertEquals(answers, [200, ...ROWS.flatMap(([, , status]) => [status, 200])]);
});

/** Begins a download and kills one of the two in the middle of it; gives what had arrived. */
async function cutOff(curl: string, server: ServerProcess, end: "curl" | "the server"): Promise<Uint8Array> {
  const args = ["-q", "-sS", "-o", "-", `${server.origin}/file.bin`];
  const child = new Deno.Command(curl, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const pieces: Uint8Array[] = [];
  for await (const piece of child.stdout) {
    if (pieces.push(piece) > 1) continue;
    if (end === "curl") child.kill("SIGKILL");
    else server.kill("SIGKILL");
  }
  const { code, signal } = await child.status;
  if (end === "curl") assertEquals(signal, "SIGKILL");
  else assert(code === TOO_SHORT || code === RESET, `curl ended with ${code}`);
  return new Uint8Array(await new Blob(pieces.map((piece) => piece.slice())).arrayBuffer());
}

/** Runs curl without the settings of the user; gives its exit code. */
async function run(curl: string, args: readonly string[]): Promise<number> {
  const command = new Deno.Command(curl, {
    args: ["-q", "-s", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return (await command.output()).code;
}

/** Status and number of body bytes of each access line. */
function statuses(log: string): { status: number; bytes: number }[] {
  return [...log.matchAll(/ HTTP\/1\.1" (\d{3}) (\d+) "/g)].map(([, status, bytes]) => {
    return { status: Number(status), bytes: Number(bytes) };
  });
}

/** Every four bytes tell where they belong, and to which version. */
function makeContent(lengthBytes: number, version: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(lengthBytes / 4);
  for (let at = 0; at < words.length; at++) words[at] = (version << 28) | at;
  return new Uint8Array(words.buffer);
}

/** Writes a file that has not changed for long, so that its validators are strong ones. */
async function writeFile(path: string, content: Uint8Array, time: string): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(path, content);
  await Deno.utime(path, new Date(time), new Date(time));
}

/** Says where two contents differ; showing millions of bytes would help nobody. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length, "length");
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assertEquals(at, -1, "first byte that differs");
}
