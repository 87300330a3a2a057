/**
 * Opens the user's browser, where the permission to start it is given.
 *
 * It never asks for the permission, and never waits for the browser: whatever goes wrong is a hint for the user. The
 * browser gets a process group of its own, so that Ctrl-C in the terminal does not end it along with the server.
 *
 * @module
 */

/** A program and its arguments. */
export type BrowserCommand = readonly [program: string, ...args: string[]];

/**
 * Selects the command that opens a URL in the default browser.
 *
 * @param os The operating system.
 * @param url The URL.
 */
export function selectBrowserCommand(os: typeof Deno.build.os, url: string): BrowserCommand {
  switch (os) {
    case "darwin":
      return ["open", url];
    case "windows":
      // The first argument of `start` in quotes is a title; & would begin another command.
      return ["cmd", "/c", "start", "", url.replaceAll("&", "^&")];
    default:
      return ["xdg-open", url];
  }
}

/**
 * Opens a URL in the default browser.
 *
 * @param url The URL.
 * @param command The command that does it; by default that of the system.
 * @returns Why it was not opened and what to do, or `undefined`.
 */
export async function openBrowser(
  url: string,
  command: BrowserCommand = selectBrowserCommand(Deno.build.os, url),
): Promise<string | undefined> {
  const [program, ...args] = command;
  const { state } = await Deno.permissions.query({ name: "run", command: program });
  if (state !== "granted") return `--open needs --allow-run=${program}: open ${url} yourself`;
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null", detached: true } as const;
    new Deno.Command(program, options).spawn().unref();
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `--open cannot start ${program} (${reason}): open ${url} yourself`;
  }
}
