/**
 * Tests that need more than the network.
 *
 * The rule: `deno test --allow-net` passes on its own. A test that also reads files, starts programs and so on says so
 * through {@linkcode testWith}; where a permission it names is not granted it is reported as ignored, never left out
 * in silence. `deno task test` grants them all, so there nothing is ignored for this reason.
 */

/** The permissions that a test may need. */
export type NeededPermission = "env" | "net" | "read" | "run" | "sys" | "write";

/**
 * Tells whether a permission is granted as a whole.
 *
 * @param name The permission.
 * @returns `false` also when it is granted for some paths, programs or variables only.
 */
export function isGranted(name: NeededPermission): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/**
 * Registers a test that is ignored unless all the permissions it needs are granted.
 *
 * @param permissions What the test needs; `net` may be left out.
 * @param name The name of the test.
 * @param fn The test.
 */
export function testWith(
  permissions: readonly NeededPermission[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, ignore: !permissions.every(isGranted), fn });
}

/**
 * Registers a test that also needs a program of the machine; where there is none the test is ignored.
 *
 * @param paths Where the program may be; the first that exists is used.
 * @param name The name of the test.
 * @param fn The test; it may use the network, read, write, and run programs.
 */
export function testWithProgram(
  paths: readonly string[],
  name: string,
  fn: (path: string, t: Deno.TestContext) => Promise<void>,
): void {
  const found = isGranted("read") ? paths.find(isFile) : paths[0];
  if (found === undefined) return Deno.test.ignore(`${name} (needs ${paths[0]})`, () => {});
  testWith(["net", "read", "run", "write"], name, (t) => fn(found, t));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
