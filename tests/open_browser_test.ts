/** `browser.ts`: the command that opens a browser, and what is said where there is none. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBrowser, selectBrowserCommand } from "../src/browser.ts";
import type { BrowserCommand } from "../src/browser.ts";
import { isGranted, testWith } from "./permissions.ts";

const URL = "http://localhost:8080/a?b=c&d=e";

const COMMANDS: readonly [os: typeof Deno.build.os, command: BrowserCommand][] = [
  ["linux", ["xdg-open", URL]],
  ["freebsd", ["xdg-open", URL]],
  ["darwin", ["open", URL]],
  ["windows", ["cmd", "/c", "start", "", "http://localhost:8080/a?b=c^&d=e"]],
];

for (const [os, command] of COMMANDS) {
  Deno.test(`selectBrowserCommand on ${os}`, () => assertEquals(selectBrowserCommand(os, URL), command));
}

Deno.test({
  name: "openBrowser without the permission: a hint, and no question",
  ignore: isGranted("run"),
  async fn() {
    const program = selectBrowserCommand(Deno.build.os, URL)[0];
    assertEquals(await openBrowser(URL), `--open needs --allow-run=${program}: open ${URL} yourself`);
  },
});

testWith(["run"], "openBrowser: a program that is not there is a hint", async () => {
  const hint = await openBrowser(URL, ["no-such-program-of-sockeye", URL]);
  assertMatch(hint ?? "", /^--open cannot start no-such-program-of-sockeye \(.+\): open http:.+ yourself$/);
});

/** Opens a browser in a process of its own; answers with what `openBrowser` said. */
async function openInProcess(permissions: readonly string[], command: BrowserCommand): Promise<string> {
  const code = `import { openBrowser } from ${JSON.stringify(import.meta.resolve("../src/browser.ts"))};
    console.log(await openBrowser(...${JSON.stringify([URL, command])}));`;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, dataUrl(code)],
    stdin: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

function dataUrl(code: string): string {
  return `data:application/typescript,${encodeURIComponent(code)}`;
}

for (const permissions of [[], ["--allow-run=cat"]]) {
  testWith(["read", "run"], `openBrowser with the permissions [${permissions}]`, async () => {
    const said = await openInProcess(permissions, ["xdg-open", URL]);
    assertEquals(said, `--open needs --allow-run=xdg-open: open ${URL} yourself`);
  });
}

testWith(["net", "read", "run"], "openBrowser starts the program with the URL; it outlives the server", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const browser = dataUrl(`const conn = await Deno.connect({ port: ${listener.addr.port} });
    await conn.read(new Uint8Array(1));
    await conn.write(new TextEncoder().encode(Deno.args[0]));`);
  const command = [Deno.execPath(), "run", "--allow-net", browser, URL] as const;
  assertEquals(await openInProcess([`--allow-run=${Deno.execPath()}`], command), "undefined");
  using conn = await listener.accept();
  await conn.write(new Uint8Array(1));
  const buffer = new Uint8Array(100);
  const count = await conn.read(buffer) ?? 0;
  assertEquals(new TextDecoder().decode(buffer.subarray(0, count)), URL);
});
