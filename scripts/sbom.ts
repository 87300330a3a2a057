/**
 * The bill of materials: what is in `deno.lock`, as CycloneDX 1.6 JSON (ECMA-424), on standard output.
 *
 *     deno task sbom > sbom.cdx.json
 *
 * The same lock file makes the same bytes: there is no time and no serial number in it. What the server itself is made of
 * is required; packages that only tests and examples use are excluded. Names of licences are read from the packages.
 */

import config from "../deno.json" with { type: "json" };
import lockText from "../deno.lock" with { type: "text" };

/** From here all modules of the server are reached. */
const ENTRIES = ["main.ts", "mod.ts", "src/worker.ts"];

/** One package, as the lock file has it. */
export interface LockedPackage {
  /** `sha512-` and the digest in base64. */
  readonly integrity: string;
  /** Names, or names with their versions, of what it needs. */
  readonly dependencies?: readonly string[];
}

/** What the bill is made of. */
export interface SbomOptions {
  /** The packages of the lock file by name and version. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
  /** Those of them that the server itself uses, or what it uses needs. */
  readonly required: ReadonlySet<string>;
  /** Finds the SPDX expression of the licence of a package. */
  readonly findLicence: (id: string) => string | undefined;
}

/** A component, CycloneDX 1.6. */
export interface Component {
  readonly type: "application" | "library";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly scope?: "required" | "excluded";
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly { readonly expression: string }[];
  readonly purl: string;
}

/** A bill of materials, CycloneDX 1.6. */
export interface Sbom {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** `@scope/name@1.2.3` in its parts. */
function splitId(id: string): { readonly group?: string; readonly name: string; readonly version: string } {
  const [, group, name = "", version = ""] = /^(?:(@[^/]+)\/)?([^@]+)@([^_]+)/.exec(id) ?? [];
  return { ...(group !== undefined && { group }), name, version };
}

/** Package URL of the type npm. */
function toPurl(id: string): string {
  const { group, name, version } = splitId(id);
  return `pkg:npm/${group === undefined ? "" : `${encodeURIComponent(group)}/`}${name}@${version}`;
}

function toComponent(id: string, { packages, required, findLicence }: SbomOptions): Component {
  const [, digest = ""] = /^sha512-(.+)$/.exec(packages[id]?.integrity ?? "") ?? [];
  if (digest === "") throw new Error(`deno.lock has no digest of ${id}`);
  const licence = findLicence(id);
  return {
    type: "library",
    "bom-ref": toPurl(id),
    ...splitId(id),
    scope: required.has(id) ? "required" : "excluded",
    hashes: [{ alg: "SHA-512", content: Uint8Array.fromBase64(digest).toHex() }],
    ...(licence !== undefined && { licenses: [{ expression: licence }] }),
    purl: toPurl(id),
  };
}

/**
 * Makes the bill of materials.
 *
 * @param options The packages.
 */
export function makeSbom(options: SbomOptions): Sbom {
  const ids = Object.keys(options.packages).sort();
  const purl = `pkg:generic/${config.name.replace(/^.*\//, "")}@${config.version}`;
  // The lock file names a version only where there are several of a package.
  const find = (dependency: string) =>
    ids.find((id) => id === dependency || id.startsWith(`${dependency}@`)) ?? dependency;
  const needed = new Set(ids.flatMap((id) => (options.packages[id]?.dependencies ?? []).map(find)));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": purl,
        name: "sockeye",
        version: config.version,
        licenses: [{ expression: config.license }],
        purl,
      },
    },
    components: ids.map((id) => toComponent(id, options)),
    dependencies: [
      { ref: purl, dependsOn: ids.filter((id) => !needed.has(id)).map(toPurl) },
      ...ids.map((id) => ({
        ref: toPurl(id),
        dependsOn: (options.packages[id]?.dependencies ?? []).map(find).map(toPurl),
      })),
    ],
  };
}

/** What `deno info` tells of the modules of an entry. */
interface Info {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<
    Record<string, { readonly dependencies: readonly string[]; readonly localPath?: string }>
  >;
}

async function readInfo(entry: string): Promise<Info> {
  const args = ["info", "--json", entry];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot read the modules of ${entry}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Adds what a package needs, and what that needs. */
function addNeeded(id: string, { npmPackages }: Info, into: Set<string>): void {
  if (into.has(id)) return;
  into.add(id);
  for (const dependency of npmPackages[id]?.dependencies ?? []) {
    addNeeded(dependency, { modules: [], npmPackages }, into);
  }
}

function readLicence(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    const { license } = JSON.parse(Deno.readTextFileSync(`${path}/package.json`));
    return typeof license === "string" ? license : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const required = new Set<string>();
  const paths = new Map<string, string | undefined>();
  for (const entry of ENTRIES) {
    const info = await readInfo(entry);
    for (const { npmPackage } of info.modules) if (npmPackage !== undefined) addNeeded(npmPackage, info, required);
    for (const [id, { localPath }] of Object.entries(info.npmPackages)) paths.set(id, localPath);
  }
  const sbom = makeSbom({
    packages: JSON.parse(lockText).npm,
    required,
    findLicence: (id) => readLicence(paths.get(id)),
  });
  console.log(JSON.stringify(sbom, null, 2));
}
