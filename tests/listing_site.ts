/** Folders for the tests of listings in a browser: names of all kinds, an empty one, one that takes two pages. */

import { join } from "@std/path";

const LONG = "a rather long name that has to be wrapped on a phone ".repeat(3).trim();

/** The names in the folder `strange`. */
export const STRANGE: readonly string[] = [
  ...[`"><img onerror=alert(1)>.txt`, "a?b#c%.txt", "javascript:alert(1)", " ", "new\nline.txt", "🐟.png"],
  ...["photo\u202egpj.exe", "שלום.txt", "&lt;", "x".repeat(200), LONG],
];

/** Number of files in the folder `many`: two pages. */
const MANY = 1_010;

/**
 * Makes the folders `sixty`, `sixty/empty`, `strange` and `many`.
 *
 * @param root Where they are made.
 */
export function makeListingSite(root: string): void {
  const write = (name: string, size: number) => {
    Deno.writeFileSync(join(root, name), new Uint8Array(size));
    Deno.utimeSync(join(root, name), new Date("2026-11-22T23:30:00Z"), new Date("2026-11-22T23:30:00Z"));
  };
  for (const name of ["sixty", "sixty/empty", "strange", "many"]) Deno.mkdirSync(join(root, name));
  write("favicon.ico", 0);
  for (let at = 1; at < 60; at++) write(`sixty/run ${at}.${["txt", "png", "mp4", "zip"][at % 4]}`, 2 ** (at % 24));
  for (const name of STRANGE) write(join("strange", name), 1);
  for (let at = 1; at <= MANY; at++) write(`many/fish ${at}`, 1);
}
