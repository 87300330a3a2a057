/**
 * A program, not a test: swaps names for links that lead out of a root, as fast as it can, until its standard input
 * ends. `swap.ts link FOLDER` points the link `FOLDER/name` in and out; `swap.ts folder FOLDER` puts a link out of the
 * root in the place of the folder `FOLDER/name`, and the folder back.
 */

import { join } from "@std/path";

/** Prints a line when it has begun, so that nobody waits for nothing. */
async function swap(step: () => void): Promise<void> {
  let hasEnded = false;
  void Deno.stdin.read(new Uint8Array(1)).then(() => hasEnded = true);
  console.log("swapping");
  while (!hasEnded) {
    for (let count = 0; count < 50; count++) step();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

if (import.meta.main) {
  const [kind, folder = "."] = Deno.args;
  const path = (name: string) => join(folder, name);
  let isOut = false;
  const swapLink = () => {
    Deno.symlinkSync(isOut ? "inside" : "../outside", path("next"));
    Deno.renameSync(path("next"), path("name"));
    isOut = !isOut;
  };
  const swapFolder = () => {
    Deno.renameSync(path("name"), path("away"));
    Deno.symlinkSync("../outside", path("name"));
    Deno.removeSync(path("name"));
    Deno.renameSync(path("away"), path("name"));
  };
  await swap(kind === "link" ? swapLink : swapFolder);
}
