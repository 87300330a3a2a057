/**
 * A disk that fails under the files that are served: the request fails, the next one is answered, and no file stays open,
 * which the sanitizers would find.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "./permissions.ts";
import { ENTRY_BYTES, FRESH_MS, Site, siteTest } from "./site.ts";

/** A file whose methods can be made to fail. */
type Failing = Partial<Pick<Deno.FsFile, "readSync" | "statSync">>;

function failWith(code: string): () => never {
  return () => {
    throw Object.assign(new Error(`${code} on purpose`), { code });
  };
}

const FAULTS: readonly [name: string, fault: Failing, status: number, logged: RegExp | undefined][] = [
  ["does not tell the size", { statSync: failWith("EIO") }, 500, /Error: EIO on purpose/],
  ["does not give the content", { readSync: failWith("EIO") }, 500, /Error: EIO on purpose/],
  ["has no descriptor to tell the size", { statSync: failWith("EMFILE") }, 503, undefined],
  ["ends the content early", { readSync: () => null }, 503, undefined],
];

/** What is asked for, and whether it is read before the answer begins. */
const FILES: readonly [name: string, length: number, isRead: boolean][] = [
  ["small.txt", 2_000, true],
  ["large.txt", ENTRY_BYTES + 1, false],
];

for (const [name, fault, status, logged] of FAULTS) {
  for (const [file, length, isRead] of FILES) {
    testWith(["read", "write"], `staticHandler, where a disk ${name}: ${file}`, () => {
      let failing: Failing = {};
      using site = new Site({ compress: false, open: (path) => Object.assign(Deno.openSync(path), failing) });
      const text = "a".repeat(length);
      site.write(file, text);
      for (const again of [false, true]) {
        failing = fault;
        // The writer reads what is streamed, later; its own tests let it fail.
        if (isRead || fault.readSync === undefined) assertEquals(site.ask(`/${file}`).status, status);
        failing = {};
        assertEquals(site.get(`/${file}`), text, again ? "the second time" : "the first time");
        // Looked at anew, from then on.
        site.write(file, text, new Date(Date.now() - 60_000));
        site.clock.nowMs += FRESH_MS;
      }
      for (const event of site.events) assertMatch(event, logged ?? /^debug/);
    });
  }
}

siteTest("has no rules, and tells of none, while there is no root or a file in its place", (site) => {
  site.write("a.txt", "a");
  site.write("_headers", "/*\n  X-A: b\n");
  for (let time = 0; time < 2; time++) {
    assertEquals(site.ask("/a.txt").fields["x-a"], "b");
    Deno.renameSync(site.path("www"), site.path("../away"));
    site.clock.nowMs += FRESH_MS;
    assertEquals(site.get("/a.txt"), 404);
    Deno.writeTextFileSync(site.path("www"), "a file");
    site.clock.nowMs += FRESH_MS;
    assertEquals(site.get("/a.txt"), 404);
    Deno.removeSync(site.path("www"));
    Deno.renameSync(site.path("../away"), site.path("www"));
    site.clock.nowMs += FRESH_MS;
    assertEquals(site.get("/a.txt"), "a");
  }
  assertEquals(site.events.filter((event) => !event.startsWith("debug")), []);
});
