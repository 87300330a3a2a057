/**
 * The server in other folders than the clone: as a library and as a command of a project of its own, and as a command
 * that is installed. What the README says of it is done in a temporary folder, to the letter.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { testWith } from "./permissions.ts";

const CLONE = fromFileUrl(new URL("../", import.meta.url));
const PATIENCE_MS = 20_000;

/** The blocks of a section of the README, in their order. */
function readBlocks(section: string): { language: string; text: string }[] {
  const readme = Deno.readTextFileSync(join(CLONE, "README.md"));
  const [, after = ""] = readme.split(`\n## ${section}\n`);
  const [body = ""] = after.split("\n## ");
  return [...body.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({ language, text }));
}

/** A folder with the clone, as `sockeye`, and beside it a project that has a page. */
class Project implements Disposable {
  readonly #folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-linked-" }));
  readonly path = join(this.#folder, "project");

  constructor() {
    Deno.symlinkSync(CLONE, join(this.#folder, "sockeye"));
    Deno.mkdirSync(join(this.path, "www"), { recursive: true });
    this.write("www/page.html", "a page");
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(join(this.path, name), text);
  }

  /** Runs a line of the README; port 8080 may be in use here. */
  spawn(line: string, cwd = this.path): Deno.ChildProcess {
    const [program = "", ...args] = line.replace("-p 8080", "-p 0").trim().split(" ");
    return new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      cwd,
      // The installed command looks for deno.
      env: { NO_COLOR: "1", PATH: `${dirname(Deno.execPath())}:/usr/bin:/bin` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(line: string, cwd?: string): Promise<void> {
    const { success, stderr } = await this.spawn(line, cwd).output();
    assert(success, new TextDecoder().decode(stderr));
  }

  /** Runs a server, asks it, ends it; returns what it has printed on standard error. */
  async ask(line: string, answers: Readonly<Record<string, string>>): Promise<string> {
    const child = this.spawn(line);
    const alarm = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const stderr = new Response(child.stderr).text();
    let printed = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (let origin = ""; origin === "";) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`It has ended: ${printed}${await stderr}`);
      printed += value;
      origin = /http:\/\/localhost:\d+(?=.*\n)/.exec(printed)?.[0] ?? "";
      if (origin === "") continue;
      for (const [path, text] of Object.entries(answers)) assertEquals(await (await fetch(origin + path)).text(), text);
    }
    child.kill("SIGTERM");
    await child.status;
    await reader.cancel();
    clearTimeout(alarm);
    return await stderr;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

testWith(["net", "read", "run", "write"], "a project beside the clone serves as the README says", async (t) => {
  const [link, module, library, command, config, ...others] = readBlocks("In a project of your own");
  assertEquals([link, module, library, command, config].map((block) => block?.language), [
    "sh",
    "ts",
    "sh",
    "sh",
    "json",
  ]);
  assertEquals(others, []);
  using project = new Project();
  await t.step("it is linked", async () => {
    await project.run(link?.text ?? "");
    assertEquals(JSON.parse(Deno.readTextFileSync(join(project.path, "deno.json"))), { links: ["../sockeye"] });
  });
  project.write("main.ts", (module?.text ?? "").replace("port: 8080", "port: 0"));
  await t.step("the library", async () => {
    assertEquals(await project.ask(library?.text ?? "", { "/page.html": "a page" }), "");
  });
  await t.step("the command, with an application that imports by the configuration of the project", async () => {
    project.write("deno.json", `{ "links": ["../sockeye"], "imports": { "greeting": "./greeting.ts" } }`);
    project.write("greeting.ts", `export const greeting: string = "Hello";`);
    project.write(
      "app.ts",
      `import { greeting } from "greeting"; export default { fetch: () => new Response(greeting) };`,
    );
    assertEquals(await project.ask(command?.text ?? "", { "/page.html": "a page", "/": "Hello" }), "");
  });
  const files = (command?.text ?? "").replace("--app app.ts ", "");
  await t.step("without the feature, workers are as free as the process", async () => {
    const said = await project.ask(files, { "/page.html": "a page" });
    assertMatch(said, /The workers have all permissions of the process: .*"unstable": \["worker-options"\]/);
  });
  project.write("deno.json", config?.text ?? "");
  await t.step("with it they are not", async () => {
    assertEquals(await project.ask(files, { "/page.html": "a page" }), "");
  });
});

testWith(["net", "read", "run", "write"], "the command is installed as the README says, with its sandbox", async () => {
  const install = readBlocks("Start").findLast(({ language }) => language === "sh")?.text ?? "";
  using project = new Project();
  // Not among the programs of whoever runs the tests.
  await project.run(install.replace("--global", `--global --root ${project.path}`), CLONE);
  const command = `${project.path}/bin/sockeye -p 0 www`;
  assertEquals(await project.ask(command, { "/page.html": "a page" }), "");
});
