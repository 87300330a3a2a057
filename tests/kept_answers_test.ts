/**
 * Answers that many connections send at once from the same bytes, while the date in them is renewed: whatever the order
 * in which the connections take them, and however little at once, each client gets whole answers, its own.
 *
 * The connections here read the bytes as late as they can, when a write ends, as those of the runtime may.
 */

import { assert, assertEquals } from "@std/assert";
import { Clock } from "../src/clock.ts";
import { HEAD_ROOM_BYTES } from "../src/content.ts";
import { decodeLatin1, encodeLatin1, encodeResponseHead } from "../src/http1.ts";
import { HttpResponse, ReusableResponse } from "../src/message.ts";
import { changeFields } from "../src/response_fields.ts";
import type { ByteSink } from "../src/response_writer.ts";
import { ResponseWriter } from "../src/response_writer.ts";
import { createRandom } from "./random.ts";

const CONNECTIONS = 6;
const ANSWERS = 40;
const DATE = /(?<=\r\nDate: )[^\r]*/g;

type Random = ReturnType<typeof createRandom>;

/** Writes of all connections that are under way, and take what they take when they are told to. */
class Network {
  readonly #writes: (() => void)[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  connect(): { sink: ByteSink; read: () => string } {
    let text = "";
    const write = (bytes: Uint8Array) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      this.#writes.push(() => {
        const most = this.#random(2) === 0 ? bytes.length : Math.min(bytes.length, 700);
        const count = 1 + this.#random(most);
        text += decodeLatin1(bytes.subarray(0, count));
        resolve(count);
      });
      return promise;
    };
    return { sink: { write }, read: () => text };
  }

  step(): void {
    this.#writes.splice(this.#random(this.#writes.length), 1)[0]?.();
  }
}

function setSecond(clock: Clock, second: number): void {
  clock.second = second;
  clock.date = new Date(second * 1000).toUTCString();
  clock.dateBytes = encodeLatin1(clock.date);
}

function content(length: number, roomBytes = 0): Uint8Array<ArrayBuffer> {
  return new Uint8Array(roomBytes + length).subarray(roomBytes).fill(0x61 + length % 26);
}

function makeResponses(): HttpResponse[] {
  const whole = new ReusableResponse(200, [["X", "whole"]], content(30_000, HEAD_ROOM_BYTES), { holder: undefined });
  const small = new ReusableResponse(200, [["X", "small"]], content(100, HEAD_ROOM_BYTES), { holder: undefined });
  return [
    whole,
    changeFields(whole, { set: [["Y", "changed"]], removed: [] }),
    small,
    changeFields(small, { set: [["Y", "changed too"]], removed: ["x"] }),
    new ReusableResponse(404, [["X", "without room"]], content(700)),
    new ReusableResponse(404, [["X", "large, without room"]], content(20_000)),
    new ReusableResponse(304, [["X", "no content"]], content(0)),
    new HttpResponse(206, [["X", "a part of another one"]], whole.body.subarray(10, 5_000)),
    new HttpResponse(200, [["X", "once"]], content(40_000)),
  ];
}

for (let seed = 1; seed <= 12; seed++) {
  Deno.test(`answers that are kept reach ${CONNECTIONS} connections whole, whatever their order (seed ${seed})`, async () => {
    const random = createRandom(seed);
    const network = new Network(random);
    const clock = new Clock();
    const seconds = new Set<string>();
    const jump = () => {
      setSecond(clock, random(2_000_000_000));
      seconds.add(clock.date);
    };
    jump();
    const responses = makeResponses();
    let open = CONNECTIONS;

    const run = async () => {
      const { sink, read } = network.connect();
      const writer = new ResponseWriter(sink, clock, { beforeWrite: () => {}, beforePiece: () => {} });
      let expected = "";
      for (let left = ANSWERS; left > 0; left--) {
        const response = responses[random(responses.length)];
        assert(response !== undefined);
        const options = { persistent: random(3) > 0, headOnly: random(4) === 0, more: random(3) === 0 };
        expected += textOf(response, options, clock);
        await writer.send(response, options);
        if (random(2) === 0) await writer.flush();
      }
      await writer.flush();
      open--;
      const text = read();
      assert(text.replace(DATE, "") === expected.replace(DATE, ""));
      for (const [date] of text.matchAll(DATE)) assert(seconds.has(date), `the date ${date} is of two seconds`);
    };

    const runs = Array.from({ length: CONNECTIONS }, run);
    for (let steps = 0; open > 0; steps++) {
      if (steps > 200_000) throw new Error("A connection stands still");
      if (random(20) === 0) jump();
      network.step();
      for (let turns = random(4); turns >= 0; turns--) await Promise.resolve();
    }
    await Promise.all(runs);
    for (const response of responses) {
      if (!(response instanceof ReusableResponse)) continue;
      const { keepAliveMessage, closeMessage } = response;
      assertEquals([keepAliveMessage?.pendingHeads ?? 0, closeMessage?.pendingHeads ?? 0], [0, 0]);
    }
  });
}

function textOf(
  response: HttpResponse,
  { persistent, headOnly }: { persistent: boolean; headOnly: boolean },
  { date }: Clock,
): string {
  const head = decodeLatin1(encodeResponseHead(response, { date, persistent }));
  const hasBody = !headOnly && response.status !== 304 && response.body instanceof Uint8Array;
  return head + (hasBody && response.body instanceof Uint8Array ? decodeLatin1(response.body) : "");
}
