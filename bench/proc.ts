/**
 * What Linux tells about a process and the machine, read from `/proc`.
 *
 * Deno asks for all permissions before it opens a file below `/proc`, so the files are read through `cat`: this
 * keeps the benchmark's own rights to a short list of programs.
 *
 * @module
 */

/** Resident memory of a group of processes, in KB. */
export interface Memory {
  /** Sum of the resident sets: pages shared between the processes are counted in each. */
  rss: number;
  /**
   * Sum of the proportional sets: a page that two processes of the machine share counts half in each. Programs outside
   * the group make it smaller, so a server on Deno seems to need less while other Deno programs run.
   */
  pss: number;
}

/** The machine the figures belong to. */
export interface Machine {
  /** Processor model as the kernel names it. */
  cpu: string;
  /** Logical processors. */
  cores: number;
  /** Kernel name and release. */
  kernel: string;
}

/** Microseconds per tick of the times in `/proc/PID/stat`: Linux shows 100 ticks a second to programs. */
const TICK_MICROS = 10_000;

/** Joined content of the files; a file that is missing adds nothing. */
async function read(...paths: string[]): Promise<string> {
  const command = new Deno.Command("cat", { args: paths, stdin: "null", stderr: "null" });
  return new TextDecoder().decode((await command.output()).stdout);
}

/** `true` where the kernel shows the files this module needs. */
export async function procAvailable(): Promise<boolean> {
  try {
    return (await read(`/proc/${Deno.pid}/smaps_rollup`)).includes("Pss:");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * The process and all its descendants.
 *
 * @param pid Process id of the root of the tree.
 * @returns The ids, root first.
 */
export async function processTree(pid: number): Promise<number[]> {
  const found = [pid];
  for (const parent of found) {
    const children = await read(`/proc/${parent}/task/${parent}/children`);
    found.push(...children.split(" ").filter((word) => /^\d+$/.test(word)).map(Number));
  }
  return found;
}

/**
 * Processor time the processes used so far, user and system, all threads.
 *
 * @param pids Process ids.
 * @returns Microseconds.
 */
export async function cpuMicros(pids: number[]): Promise<number> {
  return sumTicks(await read(...pids.map((pid) => `/proc/${pid}/stat`))) * TICK_MICROS;
}

/** What a server and its load generator did so far. */
export interface Progress {
  /** Processor time of the server's processes in microseconds. */
  readonly cpuMicros: number;
  /** Bytes the load generator read. */
  readonly bytesRead: number;
}

/**
 * What a server and its load generator did so far, both read at the same moment.
 *
 * @param pids Process ids of the server.
 * @param reader Process id of the load generator.
 */
export async function progress(pids: number[], reader: number): Promise<Progress> {
  const text = await read(...pids.map((pid) => `/proc/${pid}/stat`), `/proc/${reader}/io`);
  const bytesRead = Number(/^rchar: (\d+)/m.exec(text)?.[1] ?? NaN);
  return { cpuMicros: sumTicks(text.slice(0, text.indexOf("rchar:"))) * TICK_MICROS, bytesRead };
}

/** Ticks of processor time in the text of `/proc/PID/stat` of several processes. */
function sumTicks(text: string): number {
  let ticks = 0;
  for (const line of text.trimEnd().split("\n")) {
    // The second field is the program's name in brackets, which may hold anything; utime and stime are 14th and 15th.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks;
}

/**
 * Resident memory of the processes.
 *
 * @param pids Process ids.
 * @returns The sums over all of them.
 */
export async function memory(pids: number[]): Promise<Memory> {
  const text = await read(...pids.map((pid) => `/proc/${pid}/smaps_rollup`));
  const sum = (name: string): number => {
    let total = 0;
    for (const [, kb] of text.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))) total += Number(kb);
    return total;
  };
  return { rss: sum("Rss"), pss: sum("Pss") };
}

/** How many files this process may hold open. */
export async function openFileLimit(): Promise<number> {
  const limits = await read(`/proc/${Deno.pid}/limits`);
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
}

/** Describes the machine. */
export async function machine(): Promise<Machine> {
  const info = await read("/proc/cpuinfo");
  const release = await read("/proc/sys/kernel/osrelease");
  return {
    cpu: /^(?:model name|Model|Processor)\s*:\s*(.+)$/m.exec(info)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    kernel: `Linux ${release.trim()}`,
  };
}
