/** `shared_contents.ts`: what is shared, and for how long. */

import { assertEquals } from "@std/assert";
import { Content } from "../src/content.ts";
import { FileState } from "../src/file_state.ts";
import type { SharedContent } from "../src/shared_contents.ts";
import { SharedContents } from "../src/shared_contents.ts";
import { OLD_FILE } from "./file_info.ts";

/** Finds, by its name: what is found, or made, under the names that were there before. */
interface Step {
  readonly find?: string;
  readonly form?: string;
  readonly info?: Partial<Deno.FileInfo>;
  readonly hold?: string;
  readonly release?: string;
  /** The one whose content it is; its own where that is absent. */
  readonly is?: string;
}

const ROWS: readonly [what: string, steps: readonly Step[]][] = [
  ["what nobody holds is not shared", [{ find: "a" }, { find: "b" }]],
  ["what is held is shared", [{ find: "a" }, { hold: "a" }, { find: "b", is: "a" }]],
  ["each form is a content of its own", [{ find: "a" }, { hold: "a" }, { find: "b", form: "br" }]],
  ["the same form is shared", [{ find: "a", form: "br" }, { hold: "a" }, { find: "b", form: "br", is: "a" }]],
  ["another file is another content", [{ find: "a" }, { hold: "a" }, { find: "b", info: { ino: 7 } }]],
  ["another state is another content", [{ find: "a" }, { hold: "a" }, { find: "b", info: { size: 7 } }]],
  ["a young file is not shared", [
    { find: "a", info: { mtime: new Date() } },
    { hold: "a" },
    { find: "b", info: { mtime: new Date() } },
  ]],
  ["a file without a number is not shared", [
    { find: "a", info: { ino: null } },
    { hold: "a" },
    { find: "b", info: { ino: null } },
    { release: "a" },
  ]],
  ["it is shared until the last one lets go", [
    ...[{ find: "a" }, { hold: "a" }, { find: "b", is: "a" }, { hold: "b" }, { release: "a" }],
    ...[{ find: "c", is: "a" }, { release: "b" }, { find: "d" }],
  ]],
  ["it can be held again", [
    ...[{ find: "a" }, { hold: "a" }, { release: "a" }, { hold: "a" }, { find: "b", is: "a" }],
  ]],
  ["the last state that is held is the one that is shared", [
    ...[{ find: "a" }, { hold: "a" }, { find: "b", info: { size: 7 } }, { hold: "b" }, { release: "a" }],
    ...[{ find: "c", info: { size: 7 }, is: "b" }, { find: "d" }],
  ]],
];

for (const [what, steps] of ROWS) {
  Deno.test(`SharedContents: ${what}`, () => {
    const contents = new SharedContents();
    const found = new Map<string, SharedContent>();
    const get = (name: string) => {
      const shared = found.get(name);
      if (shared === undefined) throw new Error(`No ${name} was found`);
      return shared;
    };
    for (const { find, form = "identity", info, hold, release, is = find } of steps) {
      if (hold !== undefined) contents.hold(get(hold));
      if (release !== undefined) contents.release(get(release));
      if (find === undefined || is === undefined) continue;
      const shared = contents.find(new FileState({ ...OLD_FILE, ...info }), form, () => new Content(1));
      found.set(find, shared);
      const [same] = [...found].find(([, { content }]) => content === shared.content) ?? [];
      assertEquals(same, is, find);
    }
  });
}
