/** `file_state.ts`: what tells one state of a file from another, and when that is not sure. */

import { assertEquals } from "@std/assert";
import { FileState } from "../src/file_state.ts";
import { OLD_FILE } from "./file_info.ts";

const later = new Date((OLD_FILE.mtime?.getTime() ?? 0) + 1);

const OTHERS: readonly [what: string, other: Partial<Deno.FileInfo>, isSame: boolean, hasNumber: boolean][] = [
  ["the same", {}, true, true],
  ["one that was read", { atime: later }, true, true],
  ["one that has another name, too", { nlink: 2 }, true, true],
  ["another size", { size: 6 }, false, true],
  ["a later change", { mtime: later }, false, true],
  ["a later change of its description", { ctime: later }, false, true],
  ["another file", { ino: 3 }, false, true],
  ["another device", { dev: 2 }, false, true],
  ["other permissions", { mode: 0o100600 }, false, true],
  ["another owner", { uid: 5 }, false, true],
  ["another group", { gid: 5 }, false, true],
  ["a change just now", { mtime: new Date() }, false, false],
  ["a change just now whose time was set back", { ctime: new Date() }, false, false],
  ["a change in the future", { mtime: new Date("9999-01-01") }, false, false],
  ["a file without a number", { ino: null }, false, false],
  ["a file whose number is rounded", { ino: 2 ** 53 }, false, false],
];

for (const [what, other, isSame, hasNumber] of OTHERS) {
  Deno.test(`FileState: ${what} is ${isSame ? "the same state" : "another state"}${hasNumber ? "" : ", without a number"}`, () => {
    const info = { ...OLD_FILE, ...other };
    assertEquals(new FileState(OLD_FILE).isOf(info), isSame);
    assertEquals(new FileState(OLD_FILE).equals(new FileState(info)), isSame);
    assertEquals(new FileState(info).number, hasNumber ? info.ino : undefined);
  });
}
