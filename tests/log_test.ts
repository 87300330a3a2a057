/** The log writes every line, whenever it comes. */

import { assertEquals } from "@std/assert";
import { openLog } from "../src/log.ts";

/** Standard error that takes what is written when the test wants it to. */
class SlowStandardError implements Disposable {
  text = "";
  take = () => {};
  readonly #write = Deno.stderr.write;

  constructor() {
    Deno.stderr.write = (bytes) =>
      new Promise((resolve) => {
        this.take = () => {
          this.text += new TextDecoder().decode(bytes);
          resolve(bytes.length);
        };
      });
  }

  [Symbol.dispose](): void {
    Deno.stderr.write = this.#write;
  }
}

/** More turns of the microtask queue than it takes to go from one line to the next. */
const MOST_TURNS = 20;

for (let turns = 0; turns < MOST_TURNS; turns++) {
  Deno.test(`openLog writes a line that comes ${turns} microtasks after the one before was taken`, async () => {
    using output = new SlowStandardError();
    const log = openLog("error", undefined);
    log.event("error", "first");
    output.take();
    for (let turn = 0; turn < turns; turn++) await undefined;
    output.take = () => {};
    log.event("error", "second");
    await new Promise((resolve) => setTimeout(resolve, 0));
    output.take();
    await log.close();
    assertEquals(output.text.match(/first|second/g), ["first", "second"]);
  });
}
