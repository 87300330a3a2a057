/** What a process holds and uses, of what /proc tells. Deno itself does not read that, so programs do. */

import { assert } from "@std/assert";

async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, { args }).output();
  assert(success, `${program} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

/** Number of descriptors that a process has open. */
export async function countDescriptors(pid: number): Promise<number> {
  return (await output("ls", `/proc/${pid}/fd`)).trim().split("\n").length;
}

/** Processor time that a process has used, in milliseconds: clock ticks are hundredths of a second on Linux. */
export async function measureCpuMs(pid: number): Promise<number> {
  const stat = await output("cat", `/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Number of its threads. */
export async function countThreads(pid: number): Promise<number> {
  return (await output("ls", `/proc/${pid}/task`)).trim().split("\n").length;
}

/** Its memory that is in use, in bytes. */
export async function measureMemoryBytes(pid: number): Promise<number> {
  const [, kib = ""] = /^VmRSS:\s+(\d+) kB$/m.exec(await output("cat", `/proc/${pid}/status`)) ?? [];
  return 1024 * Number(kib);
}

/** The most memory that it had in use since {@linkcode forgetPeakMemory}, or ever; in bytes. */
export async function measurePeakMemoryBytes(pid: number): Promise<number> {
  const [, kib = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(await output("cat", `/proc/${pid}/status`)) ?? [];
  return 1024 * Number(kib);
}

/** From now on the peak of its memory is found anew. */
export async function forgetPeakMemory(pid: number): Promise<void> {
  await output("sh", "-c", `echo 5 > /proc/${pid}/clear_refs`);
}
