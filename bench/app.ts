/**
 * Measures applications side by side with `deno serve --parallel`, which runs the same modules: processor time per
 * request of the whole process, servers taking turns, the best round of each.
 *
 * ```sh
 * deno task bench:app
 * ```
 *
 * @module
 */
import { APP_WORKLOADS, measureApp } from "./app_workloads.ts";
import { runCommand } from "./flags.ts";
import { machine } from "./proc.ts";
import { WORKERS } from "./servers.ts";

const LENGTH = { seconds: 2, rounds: 4 };

/** Measures all rows, and prints each as soon as it is known. */
async function main(signal: AbortSignal): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "sockeye-bench-" });
  const { cpu, cores } = await machine();
  console.log(`${cpu}, ${cores} cores, ${WORKERS} workers each; CPU µs per request\n`);
  console.log(`${"".padEnd(26)}${"sockeye".padStart(10)}${"deno serve".padStart(12)}${"ratio".padStart(8)}`);
  try {
    for (const row of APP_WORKLOADS) {
      const { own, other } = await measureApp(row, { ...LENGTH, folder, signal });
      const figures = [
        own.toFixed(1).padStart(10),
        other.toFixed(1).padStart(12),
        (own / other).toFixed(2).padStart(8),
      ];
      console.log(row.name.padEnd(26) + figures.join(""));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return 0;
}

if (import.meta.main) Deno.exit(await runCommand(main));
