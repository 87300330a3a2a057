/** The documents on security name tests: each is there, and has a test of that name. */

import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { testWith } from "./permissions.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));

for (const path of ["docs/threat-model.md", "SECURITY.md"]) {
  testWith(["read"], `${path} names tests and files that are there`, () => {
    const text = Deno.readTextFileSync(PROJECT + path);
    const rows = [...text.matchAll(/`((?:tests|docs|\.ci|scripts)\/[\w./-]+)`(?: "([^"]+)")?/g)];
    assert(rows.length > 0, "it names some");
    for (const [, file = "", name = ""] of rows) {
      assert(Deno.readTextFileSync(PROJECT + file).includes(name), `${file} has no test "${name}"`);
    }
    for (const [, task = ""] of text.matchAll(/`deno task ([\w:]+)/g)) {
      assert(Deno.readTextFileSync(`${PROJECT}deno.json`).includes(`"${task}": {`), `there is no task ${task}`);
    }
  });
}
