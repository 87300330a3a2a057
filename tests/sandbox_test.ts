/**
 * The second wall: what workers may do, and that it holds where the first one is broken on purpose. For that a copy of
 * the program is changed, and run as the README says; without the second wall the same copy gives everything away.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import config from "../deno.json" with { type: "json" };
import type { ServerOptions } from "../src/config.ts";
import { DEFAULT_OPTIONS } from "../src/config.ts";
import { selectPermissions } from "../src/sandbox.ts";
import { exchange } from "./http_client.ts";
import { testWith } from "./permissions.ts";
import { RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));
const SECRET = "the secret outside the root";

/** A folder of its own: a root `www` with a file, a secret beside it, a link to that, and a copy of the program. */
class Scene implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sockeye-sandbox-" }));
  readonly root = join(this.path, "www");
  readonly project = join(this.path, "program");

  constructor() {
    Deno.mkdirSync(this.root);
    Deno.writeTextFileSync(join(this.root, "index.html"), "public");
    Deno.writeTextFileSync(join(this.path, "secret.txt"), SECRET);
    Deno.symlinkSync("../secret.txt", join(this.root, "link.txt"));
    Deno.symlinkSync("www", join(this.path, "current"));
    copy(["deno.json", "deno.lock", "main.ts", "src", "std"], this.project);
  }

  /** Changes the copy; what is to be changed must be there. */
  replace(file: string, before: string, after: string): void {
    const path = join(this.project, file);
    const text = Deno.readTextFileSync(path);
    assertEquals(text.split(before).length, 2, `${file} has once: ${before}`);
    Deno.writeTextFileSync(path, text.replace(before, after));
  }

  /** Paths are no longer resolved, and nothing is outside the root. */
  breakPathCheck(): void {
    this.replace("src/path.ts", "if (!isWindows && PLAIN.test(path)) return path;", "return decodeURIComponent(path);");
    this.replace("src/file_tree.ts", "return realPath === realRoot || ", "return true || ");
  }

  removeSandbox(): void {
    this.replace("main.ts", "sandbox: true", "sandbox: false");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function copy(names: readonly string[], target: string, source = PROJECT): void {
  Deno.mkdirSync(target);
  for (const name of names) {
    const [from, to] = [join(source, name), join(target, name)];
    if (Deno.statSync(from).isFile) Deno.copyFileSync(from, to);
    else copy([...Deno.readDirSync(from)].map((entry) => entry.name), to, from);
  }
}

function sceneTest(name: string, fn: (scene: Scene, t: Deno.TestContext) => Promise<void>): void {
  testWith(["net", "read", "run", "write"], name, async (t) => {
    using scene = new Scene();
    await fn(scene, t);
  });
}

/** Sends a request as it is, without a client that would tidy up its path. */
async function ask(server: ServerProcess, target: string, method = "GET"): Promise<{ status: number; text: string }> {
  using client = await RawClient.connect(server.address);
  await client.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
  const { status, body } = await client.readAnswer();
  return { status, text: new TextDecoder().decode(body) };
}

const ESCAPES: readonly string[] = [
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/x/../../secret.txt",
  "/..//..//..//..//..//etc/passwd",
  "/../",
  "/../../",
  "/../program/main.ts",
];

sceneTest("the sandbox holds where the check of paths is broken, and without it nothing does", async (scene, t) => {
  scene.breakPathCheck();
  const { root, project } = scene;
  await t.step("with it", async () => {
    await using server = await ServerProcess.start(["-w", "1", "--list", root], { project });
    for (const target of ESCAPES) {
      const { status, text } = await ask(server, target);
      assert(status === 403 || status === 404, `${status} for ${target}`);
      assert(!/secret|root:|export/.test(text), text);
    }
    assertEquals(await ask(server, "/"), { status: 200, text: "public" });
    const { stderr } = await server.stop();
    assertEquals(stderr, "", "a refusal is no failure");
  });
  await t.step("without it", async () => {
    scene.removeSandbox();
    await using server = await ServerProcess.start(["-w", "1", "--list", root], { project });
    for (const target of ["/../secret.txt", "/..%2fsecret.txt"]) {
      assertEquals(await ask(server, target), { status: 200, text: SECRET });
    }
    assertMatch((await ask(server, "/../")).text, /secret\.txt/);
  });
});

sceneTest(
  "a link that leads out is stopped by the check, by real paths, and by asking the open file",
  async (scene, t) => {
    const { root, project } = scene;
    const requestLink = async (status: number) => {
      await using server = await ServerProcess.start(["-w", "1", root], { project });
      for (let time = 0; time < 2; time++) assertEquals((await ask(server, "/link.txt")).status, status);
    };
    await t.step("nothing is broken", () => requestLink(404));
    scene.breakPathCheck();
    await t.step("no check", () => requestLink(403));
    const look = "const realPath = Deno.realPathSync(path);\n    if (!isWithin";
    scene.replace("src/file_tree.ts", look, "const realPath = path;\n    if (!isWithin");
    scene.replace("src/file_tree.ts", "Deno.lstatSync(realPath), directory };", "Deno.statSync(path), directory };");
    await t.step("no real paths: Deno tells nothing of a file that was opened by a link", () => requestLink(403));
    scene.replace(
      "src/resource.ts",
      "found.state.isOf(file.statSync()) && isInPlace(found.path, (info) => found.state.isOf(info))",
      "true",
    );
    await t.step("none of them: Deno itself follows the link", () => requestLink(200));
  },
);

sceneTest("the sandbox lets nothing be written outside the root", async (scene, t) => {
  scene.breakPathCheck();
  const { root, project, path } = scene;
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  const put = async () => {
    await using server = await ServerProcess.start(["-w", "1", "--upload", "--dotfiles", root], {
      project,
      permissions,
    });
    assertEquals((await ask(server, "/new.txt", "PUT")).status, 201);
    return (await ask(server, "/../new.txt", "PUT")).status;
  };
  await t.step("with it", async () => {
    assertEquals(await put(), 403);
    assert(![...Deno.readDirSync(path)].some(({ name }) => name === "new.txt"));
  });
  Deno.removeSync(join(root, "new.txt"));
  await t.step("without it", async () => {
    scene.removeSandbox();
    assertEquals(await put(), 201);
  });
});

sceneTest("with a configuration that does not switch the sandbox on the server starts, and says so", async (scene) => {
  const { imports, workspace } = config;
  Deno.writeTextFileSync(join(scene.project, "other.json"), JSON.stringify({ imports, workspace }));
  for (const other of ["-c other.json", "-c other.json --unstable-worker-options"]) {
    const permissions = [...other.split(" "), "--no-lock", "--allow-net", "--allow-read"];
    await using server = await ServerProcess.start(["-w", "1", scene.root], { project: scene.project, permissions });
    assertEquals(await ask(server, "/"), { status: 200, text: "public" });
    assertMatch((await server.stop()).stderr, /^[^\n]* The workers have all permissions of the process: [^\n]*\n$/);
  }
});

/** What a worker says of itself. */
const REPORT = `
const ask = (descriptor) => Deno.permissions.querySync(descriptor).state === "granted";
console.error("MAY " + JSON.stringify({
  all: ["read", "write", "net", "env", "run", "sys", "ffi", "import"].filter((name) => ask({ name })),
  read: [ROOT, ROOT + "/a", PATH, PATH + "/program/src", "/etc"].filter((path) => ask({ name: "read", path })),
  write: [ROOT, PATH].filter((path) => ask({ name: "write", path })),
  net: ["127.0.0.1:PORT", "127.0.0.1:1", "[::1]:PORT", "192.0.2.1:PORT"].filter((host) => ask({ name: "net", host })),
}));
`;

sceneTest("a worker may read the root, listen on the server's address, and nothing else", async (scene) => {
  const { root, path, project } = scene;
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const report = REPORT.replaceAll("ROOT", JSON.stringify(root)).replaceAll("PATH", JSON.stringify(path));
  Deno.writeTextFileSync(join(project, "src/worker.ts"), `// @ts-nocheck\n${report.replaceAll("PORT", `${port}`)}`, {
    append: true,
  });
  const may = { all: [], read: [root, `${root}/a`], write: [], net: [`127.0.0.1:${port}`] };
  const args = ["-h", "127.0.0.1", "-p", `${port}`, "-w", "1", root];
  const all = ["--allow-all"];
  const narrow = [`--allow-net=127.0.0.1:${port}`, `--allow-read=${root},${project}/src,${project}/std`];
  for (const permissions of [all, ["--allow-net", "--allow-read"], narrow]) {
    await using server = await ServerProcess.start(args, { project, permissions });
    const [, said = ""] = /MAY (.*)\n/.exec(await server.logged(/MAY .*\n/)) ?? [];
    assertEquals(JSON.parse(said), may, permissions.join(" "));
    assertEquals((await ask(server, "/")).status, 200);
  }
});

/** Servers whose workers get less or more than usual, and still have to work; and what the log says of it, once. */
const SETTINGS: readonly [
  name: string,
  args: (scene: Scene) => string[],
  permissions: (scene: Scene) => string[],
  logged?: RegExp,
][] = [
  ["the permissions of the README", ({ root }) => [root], () => ["--allow-net", "--allow-read"]],
  ["all permissions", ({ root }) => [root], () => ["--allow-all"]],
  [
    "the least permissions",
    ({ root }) => [root],
    ({ root, project }) => ["--allow-net=127.0.0.1,[::1]", `--allow-read=${root},${project}/src,${project}/std`],
  ],
  [
    "a part of the root denied",
    ({ root }) => [root],
    ({ root }) => ["--allow-net", "--allow-read", `--deny-read=${root}/private`],
    /^[^\n]*\[ERR\] sockeye: The workers may read all that the process may, since [^\n]*\n$/,
  ],
  ["a link as the root", ({ path }) => [join(path, "current")], () => ["--allow-net", "--allow-read"]],
  ["a file as the root", ({ root }) => [join(root, "index.html")], () => ["--allow-net", "--allow-read"]],
  ["all links followed", ({ root }) => ["--symlinks", "follow", root], () => ["--allow-net", "--allow-read"]],
  ["live reload", ({ root }) => ["--dev", "-h", "127.0.0.1", root], () => ["--allow-net", "--allow-read"]],
];

sceneTest("the server works in its sandbox", async (scene, t) => {
  for (const [name, args, permissions, logged = /^$/] of SETTINGS) {
    await t.step(name, async () => {
      const run = { project: scene.project, permissions: permissions(scene) };
      await using server = await ServerProcess.start(["-w", "2", ...args(scene)], run);
      const followed = args(scene).includes("follow");
      for (let time = 0; time < 2; time++) {
        assertEquals(await ask(server, "/"), { status: 200, text: "public" });
        assertEquals((await ask(server, "/link.txt")).status, followed ? 200 : 404);
        assertEquals((await ask(server, "/nothing")).status, 404);
      }
      assertMatch((await server.stop()).stderr, logged);
    });
  }
});

testWith(["net", "read", "run"], "the permissions of deno task start are those that it needs", async () => {
  const [, permissions = "", rest = ""] = /^deno run (.*) main\.ts (.*)$/.exec(config.tasks.start.command) ?? [];
  assertEquals(rest, "-r www");
  const list = permissions.replaceAll("'", "").split(" ");
  assertEquals(list, [
    "--v8-flags=--max-semi-space-size=4",
    "--no-prompt",
    "--allow-net=127.0.0.1,[::1]",
    "--allow-read=src,std,www",
  ]);
  await using server = await ServerProcess.start(rest.split(" "), { permissions: list });
  assertEquals((await exchange(server.origin, { path: "/" })).status, 200);
});

const ROOT = PROJECT.replace(/\/$/, "");
const BINDINGS = [{ hostname: "127.0.0.1", port: 80 }, { hostname: "::1", port: 80 }];
const NET = ["127.0.0.1:80", "[::1]:80"];

const SELECTED: readonly [
  name: string,
  options: Partial<ServerOptions>,
  expected: ReturnType<typeof selectPermissions>,
][] = [
  ["a folder", {}, { read: [ROOT], write: [], net: NET }],
  ["a file: also what lies beside it", { root: `${ROOT}/main.ts` }, { read: [ROOT], write: [], net: NET }],
  ["a root that is gone", { root: `${ROOT}/gone` }, { read: "inherit", write: [], net: NET }],
  ["links that are followed", { symlinks: "follow" }, { read: "inherit", write: [], net: NET }],
  ["links that are denied", { symlinks: "deny" }, { read: [ROOT], write: [], net: NET }],
  ["uploads", { upload: true }, { read: [ROOT], write: [ROOT], net: NET }],
  ["uploads behind a link", { upload: true, root: "/dev/fd" }, { read: "inherit", write: "inherit", net: NET }],
  ["users", { auth: "/etc/users" }, { read: [ROOT, "/etc/users"], write: [], net: NET }],
  ["a log, which workers do not write", { logFile: "/var/log/a" }, { read: [ROOT], write: [], net: NET }],
  ["a log that changes while files are watched", { logFile: "/var/log/a", dev: true }, {
    read: [ROOT, "/var/log/a"],
    write: [],
    net: NET,
  }],
  ["an application", { app: "file:///app.ts" }, undefined],
];

for (const [name, options, expected] of SELECTED) {
  testWith(["read"], `selectPermissions: ${name}`, () => {
    assertEquals(selectPermissions({ ...DEFAULT_OPTIONS, root: ROOT, workers: 1, ...options }, BINDINGS), expected);
  });
}
