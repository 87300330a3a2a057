/**
 * The fuzzer. It keeps one invariant: what Sockeye accepts as requests, the grammar of RFC 9112 reads as the same
 * requests, wherever the bytes are cut, and another server either sees the same requests in the same bytes or refuses.
 *
 *     deno task fuzz [--seed N] [--from N] [--cases N] [--peers node,nginx,hyper]
 *
 * Without `--peers` only the grammar is asked. A case is told by seed and number, so `--seed 3 --from 1234 --cases 1`
 * repeats one. Ends with 1 where the invariant does not hold, after a report of every class of disagreement.
 */

import { parseArgs } from "@std/cli/parse-args";
import { DEFAULT_OPTIONS } from "../../src/config.ts";
import { findDifference } from "./compare.ts";
import { findDisagreement } from "./judge.ts";
import { KNOWN } from "./known.ts";
import { makeCase } from "./mutate.ts";
import type { Peer } from "./peers.ts";
import { PEERS } from "./peers.ts";
import { readAsSockeye } from "./subject.ts";

/** How many streams are on their way at once. */
const ABREAST = 8;
/** How many examples of a class are shown. */
const EXAMPLES = 3;

/** Disagreements of one kind. */
interface Class {
  count: number;
  readonly examples: string[];
}

/** What was found, class by class. */
class Report {
  readonly #classes = new Map<string, Class>();

  /** Adds one. */
  add(name: string, example: string): void {
    const found = this.#classes.get(name) ?? { count: 0, examples: [] };
    found.count++;
    if (found.examples.length < EXAMPLES) found.examples.push(example);
    this.#classes.set(name, found);
  }

  /** Prints all; returns how many break the invariant. */
  print(): number {
    let broken = 0;
    for (const [name, { count, examples }] of [...this.#classes].sort()) {
      const isKnown = name.includes("(known: ");
      if (!isKnown) broken += count;
      console.log(`${String(count).padStart(7)}  ${name}`);
      for (const example of isKnown ? [] : examples) console.log(`         ${example}`);
    }
    return broken;
  }
}

async function askPeers(peers: readonly Peer[], text: string, hint: string, report: Report): Promise<void> {
  const ours = readAsSockeye(text, DEFAULT_OPTIONS.limits);
  await Promise.all(peers.map(async (peer) => {
    const theirs = await peer.read(text);
    const difference = findDisagreement(ours, theirs);
    if (difference === undefined) return;
    const known = KNOWN.find((row) => row.peer === peer.name && row.difference === difference && row.isIt(ours, text));
    const reason = known === undefined ? "" : ` (known: ${known.reason})`;
    report.add(`${peer.name} ${difference}${reason}`, `${hint} ${JSON.stringify({ text, ours, theirs })}`);
  }));
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["seed", "from", "cases", "peers"] });
  const [seed, from, cases] = [args.seed ?? 1, args.from ?? 0, args.cases ?? 100_000].map(Number);
  if (![seed, from, cases].every(Number.isSafeInteger)) throw new Error("--seed, --from and --cases are whole numbers");
  const report = new Report();
  const peers: Peer[] = [];
  for (const name of (args.peers ?? "").split(",").filter((name) => name !== "")) {
    const start = PEERS[name];
    if (start === undefined) throw new Error(`--peers: there is no ${name}, but ${Object.keys(PEERS)}`);
    peers.push(await start());
  }
  let next = from ?? 0;
  const end = next + (cases ?? 0);
  const work = async () => {
    for (let number = next++; number < end; number = next++) {
      const text = makeCase(seed ?? 1, number);
      const hint = `case ${number} of seed ${seed}:`;
      const difference = findDifference(text, number);
      if (difference !== undefined) {
        report.add("the grammar disagrees", `${hint} ${JSON.stringify(text)}\n${difference}`);
      }
      if (peers.length > 0) await askPeers(peers, text, hint, report);
    }
  };
  await Promise.all(Array.from({ length: peers.length > 0 ? ABREAST : 1 }, work));
  for (const peer of peers) await peer[Symbol.asyncDispose]();
  const broken = report.print();
  console.log(
    `${cases} cases of seed ${seed}, ${
      [
        "grammar",
        ...peers.map(({ name }) => name),
      ].join(", ")
    }: ${broken} break the invariant`,
  );
  if (broken > 0) Deno.exit(1);
}

if (import.meta.main) await main();
