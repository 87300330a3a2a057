/**
 * Runs one row: its steps in order on a connection of its own, and what becomes of the connection afterwards.
 *
 * After the last answer a connection that may go on has to carry a whole further exchange, or end. So content where
 * there must be none, a length that is wrong, or a request body taken for a request fails the row that provoked it.
 */

import { join } from "@std/path";
import { Client, TimeoutError } from "./client.ts";
import type { Context, Outcome } from "./context.ts";
import { findLack } from "./context.ts";
import { FactError } from "./facts.ts";
import { FILES } from "./fixtures.ts";
import { findProblems, isEqual } from "./match.ts";
import type { Answer, Asked } from "./response.ts";
import { decodeLatin1 } from "../octets.ts";
import { fieldValue, ResponseError } from "./response.ts";
import type { Expectation, Row, Step } from "./row.ts";
import { get } from "./row.ts";

/** How long a request whose answer may need some time is sent again, and the pause between, in milliseconds. */
const EVENTUALLY_MS = 5000;
const PAUSE_MS = 50;
/** More than the kernels of both sides can hold of an answer that nobody reads. */
const STALLED_BYTES = 64 << 20;

/** Ends a row. */
class RowFailure extends Error {
  readonly expected: unknown;

  constructor(reasons: readonly string[], expected: unknown) {
    super(reasons.join("; "));
    this.expected = expected;
  }
}

/**
 * Runs a row.
 *
 * @param row The row.
 * @param context What to run it against.
 */
export async function runRow(row: Row, context: Context): Promise<Outcome> {
  const startMs = performance.now();
  const lacking = await findLack(row, context);
  const outcome = (rest: Omit<Outcome, "durationMs">) => ({ ...rest, durationMs: performance.now() - startMs });
  if (lacking !== undefined) {
    return outcome({ verdict: "skipped", reasons: [lacking], sent: "", expected: undefined, received: "" });
  }
  for (let round = 0;; round++) {
    const run = new Run(row, context);
    try {
      await run.run();
      // Once more where nothing is changed: the second answer may come from the server's memory.
      if (round > 0 || row.needs?.some((need) => need === "root" || need === "slow")) {
        return outcome({ verdict: "passed", reasons: [], expected: undefined, ...run.transcript });
      }
    } catch (error) {
      if (!isVerdict(error)) throw error;
      const expected = error instanceof RowFailure ? error.expected : undefined;
      return outcome({
        verdict: "failed",
        reasons: [error.message],
        expected,
        ...run.transcript,
        ...(error instanceof TimeoutError ? { isTimeout: true } : {}),
      });
    } finally {
      run.close();
    }
  }
}

function isVerdict(error: unknown): error is Error {
  return error instanceof RowFailure || error instanceof FactError || error instanceof ResponseError ||
    error instanceof TimeoutError || error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset;
}

/** One run of a row. */
class Run {
  readonly #row: Row;
  readonly #context: Context;
  readonly #answers: Answer[] = [];
  #client: Client | undefined;
  #asked: Asked = { method: "GET", minor: 1 };
  #mustEnd = false;
  #isUsable = true;
  #lastSend = "";
  #sent = "";
  #received = "";

  constructor(row: Row, context: Context) {
    this.#row = row;
    this.#context = context;
  }

  /** What went over the wire. */
  get transcript(): { sent: string; received: string } {
    return { sent: this.#sent, received: this.#received + (this.#client?.unread ?? "") };
  }

  /** Does the steps, then looks at the connection. */
  async run(): Promise<void> {
    for (const step of this.#row.steps) await this.#step(step);
    await this.#end();
  }

  /** Closes the connection. */
  close(): void {
    this.#client?.close();
  }

  async #step(step: Step): Promise<void> {
    if ("send" in step) return await this.#send(step.send, step.bytewise ?? false);
    if ("answer" in step) {
      return await (step.eventually ? this.#eventually(step.answer) : this.#answer(step.answer, step));
    }
    if ("halfClose" in step) return await (await this.#connect()).closeWrite();
    if ("compare" in step) return this.#compare(step);
    if ("compareContent" in step) return this.#compareContent(...step.compareContent);
    if ("write" in step) return await this.#write(step.write, step.content);
    if ("untilClosed" in step) return await this.#untilClosed(step.dribble, step.everyMs);
    return await this.#untilStalled();
  }

  async #connect(): Promise<Client> {
    const { server, slowMs } = this.#context;
    const isSlow = this.#row.needs?.includes("slow") ?? false;
    return this.#client ??= await Client.connect(server, isSlow ? slowMs ?? 0 : server.patienceMs);
  }

  async #send(text: string, bytewise: boolean): Promise<void> {
    if (this.#mustEnd) {
      this.#client?.close();
      this.#client = undefined;
    }
    this.#lastSend = text;
    const bytes = await this.#context.facts.fill(text);
    const filled = decodeLatin1(bytes);
    this.#sent += filled;
    this.#asked = {
      method: /^(?:\r\n)?(\S+) /.exec(filled)?.[1] ?? "GET",
      minor: / HTTP\/1\.0\r\n/.test(filled.slice(0, 16_384)) ? 0 : 1,
    };
    this.#mustEnd = /^connection:.*\bclose\b/im.test(filled) ||
      (this.#asked.minor === 0 && !/^connection:.*\bkeep-alive\b/im.test(filled));
    const client = await this.#connect();
    for (let at = 0; bytewise && at < bytes.length; at++) await client.send(bytes.subarray(at, at + 1));
    if (!bytewise) await client.send(bytes);
  }

  /** The answers that did not fit do not count. */
  async #eventually(expectation: Expectation): Promise<void> {
    const endMs = performance.now() + EVENTUALLY_MS;
    for (;;) {
      try {
        return await this.#answer(expectation, {});
      } catch (error) {
        if (!(error instanceof RowFailure) || performance.now() > endMs) throw error;
      }
      this.#answers.pop();
      await pause(PAUSE_MS);
      this.#sent = this.#received = "";
      await this.#send(this.#lastSend, false);
    }
  }

  async #answer(expectation: Expectation, { to, head: headOnly }: { to?: string; head?: true }): Promise<void> {
    const client = await this.#connect();
    const asked = { ...this.#asked, method: to ?? this.#asked.method };
    const answer = headOnly ? await client.readHead() : await client.readAnswer(asked);
    const alternatives = Array.isArray(expectation) ? expectation : [expectation];
    if (answer === undefined) {
      this.#isUsable = false;
      if (alternatives.includes("closed")) return;
      throw new RowFailure(["the connection was closed without an answer"], expectation);
    }
    this.#answers.push(answer);
    this.#received += answer.head + decodeLatin1(answer.body.subarray(0, 2048));
    if (!answer.persistent || answer.framing === "close") this.#mustEnd = true;
    if (headOnly) this.#isUsable = false;
    let problems: string[] | undefined;
    for (const expected of alternatives) {
      if (expected === "closed") continue;
      const found = findProblems(answer, expected, this.#context.facts.authority);
      if (found.length === 0) return;
      if (problems === undefined || found.length < problems.length) problems = found;
    }
    throw new RowFailure(problems ?? ["there is an answer"], expectation);
  }

  #compare({ compare, of: [a, b], as }: Extract<Step, { compare: readonly string[] }>): void {
    const [one, other] = [this.#answers[a], this.#answers[b]];
    if (one === undefined || other === undefined) throw new RowFailure(["there is no answer to compare"], undefined);
    const problems = compare.filter((name) => {
      const [left, right] = [fieldValue(one, name), fieldValue(other, name)];
      if (as === "distinct") return left === undefined || right === undefined || left === right;
      return left !== right && !(as === "equal or absent" && right === undefined);
    }).map((name) => `${name}: ${fieldValue(one, name)} in answer ${a}, ${fieldValue(other, name)} in answer ${b}`);
    if (problems.length > 0) throw new RowFailure(problems, `${compare.join(", ")} ${as}`);
  }

  #compareContent(a: number, b: number): void {
    const [one, other] = [this.#answers[a], this.#answers[b]];
    if (one === undefined || other === undefined) throw new RowFailure(["there is no answer to compare"], undefined);
    const tag = fieldValue(one, "etag");
    if (isEqual(one.body, other.body) || tag === undefined || tag.startsWith("W/")) return;
    if (tag === fieldValue(other, "etag")) throw new RowFailure([`two contents with ${tag}`], "distinct entity tags");
  }

  async #write(path: string, content: string | null): Promise<void> {
    const { root } = this.#context;
    if (root === undefined) throw new TypeError("A row that changes files needs the root");
    if (content === null) await Deno.remove(join(root, path)).catch(() => undefined);
    else await Deno.writeTextFile(join(root, path), content);
  }

  /** Whatever comes on the way, a 408 for one, is not looked at. */
  async #untilClosed(dribble = "", everyMs = 0): Promise<void> {
    const client = await this.#connect();
    const limitMs = this.#context.slowMs ?? 0;
    const endMs = performance.now() + limitMs;
    this.#isUsable = false;
    const closed = client.discard(Infinity);
    let isClosed = false;
    closed.then(() => isClosed = true, () => undefined);
    for (const character of dribble) {
      await Promise.race([pause(everyMs), closed.catch(() => undefined)]);
      if (isClosed) return;
      if (performance.now() > endMs) throw new RowFailure([`still open after ${limitMs} ms`], "the connection closes");
      this.#sent += character;
      await client.send(Uint8Array.of(character.charCodeAt(0)));
    }
    await closed;
  }

  async #untilStalled(): Promise<void> {
    const client = await this.#connect();
    this.#isUsable = false;
    await pause(this.#context.slowMs ?? 0);
    if (!(await client.discard(STALLED_BYTES))) {
      throw new RowFailure([`sending goes on after ${this.#context.slowMs} ms`], "the connection closes");
    }
  }

  async #end(): Promise<void> {
    const { ends } = this.#row;
    if (ends === "unchecked" || this.#client === undefined) return;
    if (!this.#isUsable) return;
    if (ends === "closed") return await this.#client.readEnd();
    if (this.#mustEnd) {
      if (ends === "open") throw new RowFailure(["the connection ends"], "the connection stays open");
      return await this.#client.readEnd();
    }
    await this.#client.send(await this.#context.facts.fill(get("/sentinel.txt", "Connection: close")));
    const answer = await this.#client.readAnswer({ method: "GET", minor: 1 });
    if (answer === undefined) {
      if (ends === "open") throw new RowFailure(["the connection was closed"], "the connection stays open");
      return;
    }
    const content = FILES.get("/sentinel.txt");
    if (answer.status !== 200 || content === undefined || !isEqual(answer.body, content)) {
      this.#received += answer.head + decodeLatin1(answer.body.subarray(0, 2048));
      throw new RowFailure(["the next exchange on the connection went wrong"], "200 with /sentinel.txt");
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
