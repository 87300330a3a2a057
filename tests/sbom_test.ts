/** `scripts/sbom.ts`: the bill of materials names every package of the lock file, and each reference in it leads somewhere. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import lockText from "../deno.lock" with { type: "text" };
import { makeSbom } from "../scripts/sbom.ts";

const { npm: LOCKED } = JSON.parse(lockText);
const DIGEST = `sha512-${new Uint8Array(64).fill(0xab).toBase64()}`;

Deno.test("makeSbom lists each package of deno.lock with the digest that is in it", () => {
  const { components, dependencies, metadata } = makeSbom({
    packages: LOCKED,
    required: new Set(["multipasta@0.2.8"]),
    findLicence: () => undefined,
  });
  const ids = components.map(({ group, name, version }) =>
    `${group === undefined ? "" : `${group}/`}${name}@${version}`
  );
  assertEquals(ids, Object.keys(LOCKED).sort());
  assertEquals(components.filter(({ scope }) => scope === "required").map(({ name }) => name), ["multipasta"]);
  const refs = new Set([metadata.component["bom-ref"], ...components.map((component) => component["bom-ref"])]);
  assertEquals(refs.size, components.length + 1);
  for (const { ref, dependsOn } of dependencies) {
    for (const each of [ref, ...dependsOn]) assert(refs.has(each), each);
  }
  for (const { hashes } of components) assertMatch(hashes?.[0]?.content ?? "", /^[0-9a-f]{128}$/);
});

Deno.test("makeSbom tells what needs what, also where the lock file names versions", () => {
  const packages = {
    "@a/b@1.0.0": { integrity: DIGEST, dependencies: ["c", "d@2.0.0"] },
    "c@1.0.0": { integrity: DIGEST },
    "d@1.0.0": { integrity: DIGEST },
    "d@2.0.0": { integrity: DIGEST },
  };
  const sbom = makeSbom({ packages, required: new Set(), findLicence: (id) => id === "c@1.0.0" ? "ISC" : undefined });
  assertEquals(sbom.dependencies.slice(1), [
    { ref: "pkg:npm/%40a/b@1.0.0", dependsOn: ["pkg:npm/c@1.0.0", "pkg:npm/d@2.0.0"] },
    { ref: "pkg:npm/c@1.0.0", dependsOn: [] },
    { ref: "pkg:npm/d@1.0.0", dependsOn: [] },
    { ref: "pkg:npm/d@2.0.0", dependsOn: [] },
  ]);
  assertEquals(sbom.dependencies[0]?.dependsOn, ["pkg:npm/%40a/b@1.0.0", "pkg:npm/d@1.0.0"]);
  assertEquals(sbom.components.map(({ licenses }) => licenses), [
    undefined,
    [{ expression: "ISC" }],
    undefined,
    undefined,
  ]);
});

Deno.test("makeSbom refuses a package without a digest", () => {
  const packages = { "a@1.0.0": { integrity: "" } };
  assertThrows(
    () => makeSbom({ packages, required: new Set(), findLicence: () => undefined }),
    Error,
    "no digest of a@1",
  );
});
