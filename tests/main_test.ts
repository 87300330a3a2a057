/**
 * The real command as a process of its own: what it prints, how it refuses to start, how it ends. Everything goes
 * through the arguments, the two outputs, signals and sockets; nothing of the source is reached into.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import metadata from "../deno.json" with { type: "json" };
import { HELP } from "../src/cli.ts";
import { isGranted, testWith } from "./permissions.ts";
import { until } from "./pool_server.ts";
import { RawClient } from "./raw_client.ts";
import type { RunOptions } from "./server_process.ts";
import { runCommand, ServerProcess } from "./server_process.ts";
import { UNPRIVILEGED } from "./unprivileged.ts";

/** Large enough that neither kernel nor client can hold the half of it; every word tells where it is. */
const LARGE_BYTES = 96 << 20;

/** A directory with a site in `www`, gone with the test. */
class Directory implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "sockeye-main-" });
  readonly root = join(this.path, "www");

  constructor() {
    Deno.mkdirSync(this.root);
    Deno.writeTextFileSync(join(this.root, "index.html"), "<h1>index</h1>\n");
  }

  writeLarge(): void {
    Deno.writeFileSync(join(this.root, "large.bin"), new Uint8Array(countUp().buffer));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function countUp(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(LARGE_BYTES / 4);
  for (let i = 0; i < words.length; i++) words[i] = i;
  return words;
}

function processTest(name: string, fn: (directory: Directory) => Promise<void>): void {
  testWith(["net", "read", "run", "write"], `main ${name}`, async () => {
    using directory = new Directory();
    await fn(directory);
  });
}

const GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const GET_LARGE = "GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
const GET_MISSING = 'GET /missing?a=b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: "test"\r\nReferer: http://a/\r\n\r\n';

/** Gets the content of a file that is there. */
async function get(server: ServerProcess, path: string, hostname = "127.0.0.1"): Promise<string> {
  using client = await RawClient.connect({ ...server.address, hostname });
  await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const { status, body } = await client.readAnswer();
  assertEquals(status, 200, path);
  return new TextDecoder().decode(body);
}

/** Whether this machine has an IPv6 loopback address. */
function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

// Starting.

processTest("sends Cache-Control by the rules of --cache", async ({ root }) => {
  await using server = await ServerProcess.start(["-w", "1", "--cache", "*.txt=max-age=60", root]);
  Deno.writeTextFileSync(join(root, "a.txt"), "a");
  using client = await RawClient.connect(server.address);
  await client.send("GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals((await client.readAnswer()).fields.get("cache-control"), "max-age=60");
});

processTest("prints one line when it serves: root, URL, workers", async ({ root }) => {
  const rows: (readonly [args: readonly string[], line: RegExp])[] = [
    [["-r", root, "-w", "2"], /^http:\/\/localhost:(\d+) with 2 workers$/],
    [["-r", root, "-w", "1", "-h", "127.0.0.1"], /^http:\/\/127\.0\.0\.1:(\d+) with 1 worker$/],
    [[root], /^http:\/\/localhost:(\d+) with \d+ workers?$/],
    [
      ["-w", "1", "-h", "0.0.0.0", root],
      /^http:\/\/localhost:(\d+) \(and all other addresses of this machine\) with 1 worker$/,
    ],
  ];
  if (hasIpv6()) rows.push([["-w", "1", "-h", "::1", root], /^http:\/\/\[::1\]:(\d+) with 1 worker$/]);
  for (const [args, pattern] of rows) {
    await using server = await ServerProcess.start(args);
    const { code, stdout, stderr } = await server.stop();
    const prefix = `Sockeye serves ${root} on `;
    assert(stdout.startsWith(prefix) && stdout.endsWith("\n"), stdout);
    const [, port] = pattern.exec(stdout.slice(prefix.length, -1)) ?? [];
    assert(Number(port) >= 1024, `${stdout} is not like ${pattern}`);
    assertEquals([code, stderr], [0, ""]);
  }
});

processTest("serves with the permissions of the README, on the port that it prints", async ({ root }) => {
  await using server = await ServerProcess.start(["-r", root]);
  const hostnames = hasIpv6() ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  for (const hostname of hostnames) {
    assertEquals(await get(server, "/", hostname), "<h1>index</h1>\n");
  }
});

processTest("serves the working directory where no root is given", async () => {
  await using server = await ServerProcess.start(["-w", "1"]);
  assertEquals(JSON.parse(await get(server, "/deno.json")).version, metadata.version);
});

processTest("--no-compress sends files as they are; by default they are compressed", async ({ root }) => {
  const page = "<p>line</p>\n".repeat(200);
  Deno.writeTextFileSync(join(root, "page.html"), page);
  for (
    const [args, coding, vary] of [[[], "br", "Accept-Encoding"], [["--no-compress"], undefined, undefined]] as const
  ) {
    await using server = await ServerProcess.start(["-w", "1", ...args, root]);
    using client = await RawClient.connect(server.address);
    await client.send("GET /page.html HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\n\r\n");
    const { status, fields, body } = await client.readAnswer();
    assertEquals([status, fields.get("content-encoding"), fields.get("vary")], [200, coding, vary]);
    if (coding === undefined) assertEquals(new TextDecoder().decode(body), page);
    else assert(body.length < page.length / 10);
  }
});

processTest("--help and --version need no permission", async () => {
  const help = await runCommand(["--help"], { permissions: [] });
  const version = await runCommand(["--version"], { permissions: [] });
  assertEquals(help, { code: 0, stdout: `${HELP}\n`, stderr: "" });
  assertEquals(version, { code: 0, stdout: `sockeye ${metadata.version}\n`, stderr: "" });
});

// Not starting.

/** A row: what is wrong, the exit code, what the line says, the arguments, how it is run. */
type Refusal = readonly [
  name: string,
  code: 1 | 2,
  says: RegExp,
  args: (directory: Directory) => readonly string[],
  options?: (directory: Directory) => RunOptions,
];

const REFUSALS: readonly Refusal[] = [
  ["an unknown flag", 2, /--nope\b.*--help/, () => ["--nope"]],
  ["a bad port", 2, /--port .*65535.*"http"/, ({ root }) => ["-p", "http", "-r", root]],
  ["a port too high", 2, /--port .*65535.*"65536"/, ({ root }) => ["-p", "65536", "-r", root]],
  ["a bad number of workers", 2, /--workers .*"0"/, ({ root }) => ["-w", "0", "-r", root]],
  ["a bad time of grace", 2, /--grace .*"soon"/, ({ root }) => ["--grace", "soon", "-r", root]],
  ["a missing value", 2, /--root needs a value/, () => ["-p", "0", "-r"]],
  ["two roots", 2, /several: .*www, www2/, ({ root }) => ["-p", "0", root, "www2"]],
  ["an empty root", 2, /needs a value/, () => ["-p", "0", ""]],
  ["line breaks in an argument", 2, /Unknown option --no\\?n?/, () => ["--no\nsuch"]],
  ["a rule without meaning", 2, /--cache: "\*\.css" is not of the form/, ({ root }) => ["--cache", "*.css", root]],
  ["uploads without permission", 1, /--allow-write=\S*www$/m, ({ root }) => ["-p", "0", "--upload", root]],
  ["uploads into a file", 1, /needs a folder/, ({ root }) => ["-p", "0", "--upload", join(root, "index.html")]],
  ["users that are not there", 1, /users of --auth, .*\/nobody/, ({ root, path }) => [
    ...["-p", "0", "--auth", join(path, "nobody"), root],
  ]],
  ["users in the root", 1, /lie in the root/, ({ root }) => ["-p", "0", "--auth", join(root, "index.html"), root]],
  ["a base without meaning", 2, /--base "app"/, ({ root }) => ["-p", "0", "--base", "app", root]],
  ["a missing root", 1, /root .*\/nowhere does not exist/, ({ path }) => ["-p", "0", "-r", join(path, "nowhere")]],
  ["a missing root with a line break", 1, /root .*does not exist/, ({ path }) => ["-p", "0", "-r", `${path}/a\nb`]],
  ["a root that is neither", 1, /root .*neither a directory nor a file/, () => ["-p", "0", "/dev/null"]],
  ["a root below a file", 1, /root /, ({ root }) => ["-p", "0", join(root, "index.html", "x")]],
  ["a root that is a dangling link", 1, /root .*does not exist/, ({ path }) => {
    Deno.symlinkSync("nowhere", join(path, "link"));
    return ["-p", "0", "-r", join(path, "link")];
  }],
  ["a root that is a link in a circle", 1, /root /, ({ path }) => {
    Deno.symlinkSync("circle", join(path, "circle"));
    return ["-p", "0", "-r", join(path, "circle")];
  }],
  ["a host that cannot be resolved", 1, /"host\.invalid"/, ({ root }) => ["-p", "0", "-h", "host.invalid", root]],
  ["an address of another machine", 1, /192\.0\.2\.1\b.*-h/, ({ root }) => ["-p", "0", "-h", "192.0.2.1", root]],
  ["a host that is no name", 1, /host/i, ({ root }) => ["-p", "0", "-h", "a b", root]],
  [
    "a log file without permission",
    1,
    /--allow-write=\S*a\.log/,
    ({ root, path }) => ["-p", "0", "-l", join(path, "a.log"), root],
  ],
  [
    "a log file with permission for another",
    1,
    /--allow-write=\S*a\.log/,
    ({ root, path }) => ["-p", "0", "-l", join(path, "a.log"), root],
    ({ path }) => ({ permissions: ["--allow-net", "--allow-read", `--allow-write=${join(path, "b.log")}`] }),
  ],
  [
    "a log file in a missing folder",
    1,
    /log file .*\/nowhere\/a\.log/,
    ({ root, path }) => ["-p", "0", "-l", join(path, "nowhere", "a.log"), root],
    () => ({ permissions: ["--allow-net", "--allow-read", "--allow-write"] }),
  ],
  [
    "a log file that is a FIFO, whose opening would wait",
    1,
    /FIFO/,
    ({ root, path }) => {
      new Deno.Command("mkfifo", { args: [join(path, "fifo")] }).outputSync();
      return ["-p", "0", "-l", join(path, "fifo"), root];
    },
    () => ({ permissions: ["--allow-net", "--allow-read", "--allow-write"] }),
  ],
  [
    "a log file that is a folder",
    1,
    /log file /,
    ({ root, path }) => ["-p", "0", "-l", path, root],
    () => ({ permissions: ["--allow-net", "--allow-read", "--allow-write"] }),
  ],
  [
    "no permission for the network",
    1,
    /--allow-net/,
    ({ root }) => ["-p", "0", root],
    () => ({ permissions: ["--allow-read"] }),
  ],
  [
    "no permission to read",
    1,
    /--allow-read/,
    ({ root }) => ["-p", "0", root],
    () => ({ permissions: ["--allow-net"] }),
  ],
  [
    "permission to read only another folder",
    1,
    /--allow-read/,
    ({ root }) => ["-p", "0", root],
    ({ path }) => ({ permissions: ["--allow-net", `--allow-read=${join(path, "other")}`] }),
  ],
  [
    "permission to read only the root, so not the source of a worker",
    1,
    /--allow-read/,
    ({ root }) => ["-p", "0", root],
    ({ root }) => ({ permissions: ["--allow-net", `--allow-read=${root}`] }),
  ],
  ["no permission at all", 1, /--allow-/, ({ root }) => ["-p", "0", root], () => ({ permissions: [] })],
];

async function checkRefusal(
  { code, says, args, options }: { code: number; says: RegExp; args: readonly string[]; options?: RunOptions },
): Promise<void> {
  const outcome = await runCommand(args, options);
  assertMatch(outcome.stderr, /^sockeye: [^\n]+\n$/, "one line");
  assertMatch(outcome.stderr, says);
  assert(!/\.ts:\d+|^\s+at /m.test(outcome.stderr), outcome.stderr);
  assertEquals([outcome.code, outcome.stdout], [code, ""]);
}

for (const [name, code, says, args, options] of REFUSALS) {
  processTest(`ends with ${code} and one line for ${name}`, async (directory) => {
    await checkRefusal({ code, says, args: args(directory), ...(options && { options: options(directory) }) });
    assertEquals([...Deno.readDirSync(directory.path)].filter(({ name }) => name.endsWith(".log")), []);
  });
}

processTest("ends with 1 and a line for each mistake in the rules of the site", async ({ root }) => {
  Deno.writeTextFileSync(join(root, "_headers"), "/*\n X-A\n");
  Deno.writeTextFileSync(join(root, "_redirects"), "/a /b 301\n/a /b 999\n/a\n");
  const { code, stdout, stderr } = await runCommand(["-p", "0", root]);
  const lines = [/^sockeye: The rules of the site have mistakes:$/, /^ {2}_headers:2: /, /^ {2}_redirects:2: /];
  for (const [at, line] of [...lines, /^ {2}_redirects:3: /].entries()) assertMatch(stderr.split("\n")[at] ?? "", line);
  assertEquals([code, stdout], [1, ""]);
});

processTest(
  "uploads with the password of a user that hash has made, and all workers serve it",
  async ({ root, path }) => {
    const { code, stdout } = await runCommand(["hash", "ann"], { permissions: [], shell: 'printf "secret\\n" | "$@"' });
    assertEquals(code, 0);
    Deno.writeTextFileSync(join(path, "users"), stdout);
    const permissions = ["--allow-net", "--allow-read", `--allow-write=${root}`];
    const args = ["--upload", "--auth", join(path, "users"), "--auth-for", "write", "-w", "3", root];
    await using server = await ServerProcess.start(args, { permissions });
    const put = async (password: string) => {
      const headers = { Authorization: `Basic ${btoa(`ann:${password}`)}` };
      const response = await fetch(`${server.origin}/new.txt`, { method: "PUT", body: "new", headers });
      await response.body?.cancel();
      return response.status;
    };
    for (let turn = 0; turn < 6; turn++) {
      using client = await RawClient.connect(server.address);
      await client.send("GET /new.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertEquals((await client.readAnswer()).status, 404);
    }
    assertEquals([await put("wrong"), await put("secret"), await put("secret")], [401, 201, 204]);
    for (let turn = 0; turn < 6; turn++) assertEquals(await get(server, "/new.txt"), "new");
  },
);

processTest("serves one file", async ({ root }) => {
  await using server = await ServerProcess.start([join(root, "index.html"), "--base", "/a"]);
  assertEquals(await get(server, "/a/"), "<h1>index</h1>\n");
  assertEquals(await get(server, "/a/index.html"), "<h1>index</h1>\n");
});

processTest("explains a request and ends", async ({ root }) => {
  const { code, stdout, stderr } = await runCommand(["explain", "/x", root, "--spa", "--field", "Accept: text/html"]);
  assertMatch(stdout, /^GET \/x HTTP\/1\.1\nAccept: text\/html\n\n- .*\n- The file is .*\n\nHTTP\/1\.1 200 OK\n/);
  assertEquals([code, stderr], [0, ""]);
});

processTest("ends with 1 and one line for a port in use", async ({ root }) => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const says = new RegExp(`${port}.*in use.*-p`);
  for (const host of [[], ["-h", "127.0.0.1"], ["-h", "0.0.0.0"]]) {
    await checkRefusal({ code: 1, says, args: ["-p", String(port), ...host, root] });
  }
});

processTest("ends with 1 and one line for a port in use on ::1 only", async ({ root }) => {
  if (!hasIpv6()) return;
  using other = Deno.listen({ hostname: "::1", port: 0 });
  const { port } = other.addr;
  await checkRefusal({ code: 1, says: new RegExp(`${port}.*in use`), args: ["-p", String(port), root] });
});

processTest("ends with 1 and one line for the port of another Sockeye, which goes on", async ({ root }) => {
  await using server = await ServerProcess.start(["-w", "2", root]);
  const { port } = server.address;
  await checkRefusal({ code: 1, says: new RegExp(`${port}.*in use`), args: ["-p", String(port), root] });
  for (let i = 0; i < 4; i++) assertEquals(await get(server, "/"), "<h1>index</h1>\n");
  assertEquals((await server.stop()).code, 0);
});

/** Whether a port below 1024 can be made to be refused here. */
function canBeRefusedLowPort(): boolean {
  if (!isGranted("run") || !isGranted("read")) return true;
  const script = `test "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 7 && set -- true && ${UNPRIVILEGED}`;
  return new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).outputSync().success;
}

if (canBeRefusedLowPort()) {
  processTest("ends with 1 and one line for a low port without privilege", async ({ root }) => {
    const options = { shell: UNPRIVILEGED };
    for (const host of [[], ["-h", "127.0.0.1"]]) {
      await checkRefusal({ code: 1, says: /\b7 .*privilege.*-p/, args: ["-p", "7", ...host, root], options });
    }
  });
  processTest("ends with 1 and one line for a log file that may not be written", async ({ root, path }) => {
    const logFile = join(path, "closed.log");
    Deno.writeTextFileSync(logFile, "");
    Deno.chmodSync(logFile, 0o400);
    const options = { shell: UNPRIVILEGED, permissions: ["--allow-net", "--allow-read", "--allow-write"] };
    await checkRefusal({ code: 1, says: /log file .*closed\.log/, args: ["-p", "0", "-l", logFile, root], options });
  });
} else {
  Deno.test.ignore("main ends with 1 and one line for a low port without privilege (needs setpriv)", () => {});
  Deno.test.ignore("main ends with 1 and one line for a log file that may not be written (needs setpriv)", () => {});
}

// Logs.

/** What follows the address in a line of Combined Log Format with the duration. */
const LINE_OF_GET =
  /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/ HTTP\/1\.1" 200 15 "-" "-" 0\.\d{6}$/m;
const LINE_OF_MISSING =
  /^127\.0\.0\.1 .* "GET \/missing\?a=b HTTP\/1\.1" 404 \d+ "http:\/\/a\/" "\\x22test\\x22" \d+\.\d{6}$/m;
/** Of what was no request. */
const LINE_OF_NOTHING = /^127\.0\.0\.1 .* "-" 400 \d+ "-" "-" \d+\.\d{6}$/m;
const REASON_OF_NOTHING = /INF.*127\.0\.0\.1 400: Cannot parse request line/;
const EVENT_OF_MISSING = /DBG.*127\.0\.0\.1 404: /;

/** A good request, one for a file that is not there, and one that is none; each answered. */
async function exchangeThree(server: ServerProcess): Promise<void> {
  for (const [message, expected] of [[GET, 200], [GET_MISSING, 404], ["\n", 400]] as const) {
    using client = await RawClient.connect(server.address);
    await client.send(message);
    assertEquals((await client.readAnswer()).status, expected);
  }
}

processTest("logs nothing of ordinary answers by default", async ({ root }) => {
  await using server = await ServerProcess.start(["-w", "1", root]);
  await exchangeThree(server);
  const { stdout, stderr } = await server.stop();
  assertEquals(stderr, "");
  assertEquals(stdout.split("\n").length, 2);
});

processTest("-v writes an access line per answer and the reason of what was no request", async ({ root }) => {
  await using server = await ServerProcess.start(["-v", "-w", "2", root]);
  await exchangeThree(server);
  await server.logged(LINE_OF_GET); // without waiting for the end of the server
  const { code, stdout, stderr } = await server.stop();
  assertMatch(stderr, LINE_OF_GET);
  assertMatch(stderr, LINE_OF_MISSING);
  assertMatch(stderr, LINE_OF_NOTHING);
  assertMatch(stderr, REASON_OF_NOTHING);
  assert(!EVENT_OF_MISSING.test(stderr), stderr);
  assertEquals(stderr.match(/^127\.0\.0\.1 /gm)?.length, 3, stderr);
  assertEquals([code, stdout.split("\n").length], [0, 2]);
});

processTest("-v writes an access line of a download that the client left, with the bytes sent", async (directory) => {
  directory.writeLarge();
  await using server = await ServerProcess.start(["-v", "-w", "1", directory.root]);
  using client = await RawClient.connect(server.address);
  await client.send(GET_LARGE);
  await client.read(1_000);
  client.close();
  using next = await RawClient.connect(server.address);
  await next.send(GET);
  await next.readAnswer();
  const { stderr } = await server.stop();
  const [, bytes] = /"GET \/large\.bin HTTP\/1\.1" 200 (\d+) /.exec(stderr) ?? [];
  assert(Number(bytes) >= 1_000 && Number(bytes) < LARGE_BYTES, stderr);
});

processTest("-d writes more", async ({ root }) => {
  await using server = await ServerProcess.start(["-d", "-w", "2", root]);
  await exchangeThree(server);
  const { stderr } = await server.stop();
  for (const line of [LINE_OF_GET, LINE_OF_MISSING, REASON_OF_NOTHING, EVENT_OF_MISSING]) assertMatch(stderr, line);
});

processTest("-l appends access lines and events to a file, and nothing to the terminal", async ({ root, path }) => {
  const logFile = join(path, "access log.txt");
  Deno.writeTextFileSync(logFile, "before\n");
  const permissions = ["--allow-net", "--allow-read", `--allow-write=${logFile}`];
  await using server = await ServerProcess.start(["-v", "-w", "2", "-l", logFile, root], { permissions });
  await exchangeThree(server);
  const { code, stdout, stderr } = await server.stop();
  const text = Deno.readTextFileSync(logFile);
  assert(text.startsWith("before\n"), text);
  for (const line of [LINE_OF_GET, LINE_OF_MISSING, LINE_OF_NOTHING, REASON_OF_NOTHING]) assertMatch(text, line);
  assertEquals([code, stdout.split("\n").length, stderr], [0, 2, ""]);
});

processTest("-l without -v makes the file and writes no access line", async ({ root, path }) => {
  const logFile = join(path, "a.log");
  const permissions = ["--allow-net", "--allow-read", `--allow-write=${path}`];
  await using server = await ServerProcess.start(["-w", "1", "-l", logFile, root], { permissions });
  await exchangeThree(server);
  await server.stop();
  assertEquals(Deno.readTextFileSync(logFile), "");
});

processTest("the log of a client's bytes cannot break lines or steer a terminal", async ({ root }) => {
  await using server = await ServerProcess.start(["-d", "-w", "1", root]);
  const attacks = [
    `GET /%0a%1b[2J HTTP/1.1\r\nHost: a\r\nUser-Agent: \x9b2J"\r\n\r\n`,
    "GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n",
    "\x1b[31mGET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a\x1b[2J\r\n\r\n",
    "GET /\x85\x9b HTTP/1.1\r\nHost: a\x9b\r\n\r\n",
    'GET /%zz"\\ HTTP/1.1\r\nHost: a\r\n\r\n',
  ];
  for (const attack of attacks) {
    using client = await RawClient.connect(server.address);
    await client.send(attack);
    assert((await client.readAnswer()).status >= 400);
  }
  const { stderr } = await server.stop();
  assert(/^[\x20-\x7e\n\u00a0-\uffff]*$/.test(stderr), JSON.stringify(stderr));
  for (const line of stderr.trimEnd().split("\n")) assertMatch(line, /^(127\.0\.0\.1 - - \[|\d{4}-\d\d-\d\d )/);
});

for (const signal of ["SIGHUP", "SIGUSR2"] as const) {
  processTest(`${signal} opens the log file anew, and the server goes on`, async ({ root, path }) => {
    const logFile = join(path, "a.log");
    const permissions = ["--allow-net", "--allow-read", `--allow-write=${logFile}`];
    await using server = await ServerProcess.start(["-v", "-w", "2", "-l", logFile, root], { permissions });
    const rotated: string[] = [];
    for (const name of ["1", "2", "3"]) {
      await exchangeThree(server);
      await until(() => countLines(logFile) === 3, "the lines are written");
      Deno.renameSync(logFile, `${logFile}.${name}`);
      rotated.push(`${logFile}.${name}`);
      server.kill(signal);
      await until(() => exists(logFile), "there is a new file");
    }
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr, Deno.readTextFileSync(logFile)], [0, "", ""]);
    assertEquals(rotated.map(countLines), [3, 3, 3]);
  });
}

processTest(
  "SIGUSR2 without a log file does nothing, and SIGHUP, which a closed terminal sends, ends it",
  async ({ root }) => {
    await using server = await ServerProcess.start(["-w", "1", root]);
    server.kill("SIGUSR2");
    await exchangeThree(server);
    server.kill("SIGHUP");
    assertEquals((await server.ended()).code, 129);
  },
);

processTest("goes on where the log file is on a full disk", async ({ root }) => {
  if (Deno.build.os !== "linux") return;
  const permissions = ["--allow-all"];
  await using server = await ServerProcess.start(["-d", "-w", "2", "-l", "/dev/full", root], { permissions });
  for (let turn = 0; turn < 20; turn++) await exchangeThree(server);
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr], [0, ""]);
});

/** Number of access lines in a log file. */
function countLines(logFile: string): number {
  return Deno.readTextFileSync(logFile).match(/^127\.0\.0\.1 .*$/gm)?.length ?? 0;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

// Ending.

/** How long an action took, in milliseconds. */
async function measure(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  processTest(`ends within a second of ${signal} when idle, with 0`, async ({ root }) => {
    await using server = await ServerProcess.start(["-w", "2", root]);
    server.kill(signal); // at once: the line says that it is ready, for this too
    const elapsedMs = await measure(async () => assertEquals((await server.ended()).code, 0));
    assert(elapsedMs < 1_000, `${elapsedMs} ms`);
  });

  processTest(`closes idle connections at ${signal}`, async ({ root }) => {
    await using server = await ServerProcess.start(["-w", "2", root]);
    using silent = await RawClient.connect(server.address);
    using used = await RawClient.connect(server.address);
    await used.send(GET);
    assertEquals((await used.readAnswer()).fields.get("connection"), "keep-alive");
    server.kill(signal);
    const elapsedMs = await measure(async () => {
      assertEquals(await used.readToEnd(), new Uint8Array(0));
      assertEquals(await silent.readToEnd(), new Uint8Array(0));
      assertEquals((await server.ended()).code, 0);
    });
    assert(elapsedMs < 1_000, `${elapsedMs} ms`);
  });
}

/** Waits until the server has noticed a signal: it then closes the idle connection. */
async function awaitNoticed(idle: RawClient): Promise<void> {
  assertEquals(await idle.readToEnd(), new Uint8Array(0));
}

async function isRefused(address: Deno.ConnectOptions): Promise<boolean> {
  try {
    (await Deno.connect(address)).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset) return true;
    throw error;
  }
}

processTest("finishes a download after SIGTERM and takes no new connection meanwhile", async (directory) => {
  directory.writeLarge();
  await using server = await ServerProcess.start(["-w", "2", directory.root]);
  using idle = await RawClient.connect(server.address);
  using client = await RawClient.connect(server.address);
  await client.send(GET_LARGE);
  const first = await client.read(LARGE_BYTES / 4);
  server.kill("SIGTERM");
  await awaitNoticed(idle);

  // The idle connection may close a moment before the socket does.
  let refused = false;
  for (let i = 0; i < 50 && !refused; i++) {
    refused = await isRefused(server.address);
    if (!refused) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  const rest = await client.readToEnd();
  const head = new TextDecoder().decode(first.subarray(0, 1_000)).split("\r\n\r\n")[0] ?? "";
  assertStringIncludes(head, `Content-Length: ${LARGE_BYTES}`);
  const body = new Uint8Array(LARGE_BYTES);
  const firstBody = first.subarray(head.length + 4);
  assertEquals(firstBody.length + rest.length, LARGE_BYTES);
  body.set(firstBody);
  body.set(rest, firstBody.length);
  assert(new Uint32Array(body.buffer).every((word, i) => word === i), "every byte in its place");
  assertEquals((await server.ended()).code, 0);
  assert(refused, "a new connection was taken after the signal");
});

processTest("--grace ends what is stuck, with 0", async (directory) => {
  directory.writeLarge();
  await using server = await ServerProcess.start(["-w", "2", "--grace", "1", directory.root]);
  using client = await RawClient.connect(server.address);
  await client.send(GET_LARGE);
  await client.read(1_000);
  server.kill("SIGTERM");
  const elapsedMs = await measure(async () => assertEquals((await server.ended()).code, 0));
  assert(elapsedMs > 900 && elapsedMs < 2_500, `${elapsedMs} ms`);
});

for (const [first, second] of [["SIGTERM", "SIGTERM"], ["SIGINT", "SIGINT"], ["SIGTERM", "SIGINT"]] as const) {
  processTest(`ends at once at ${second} after ${first}, with 1`, async (directory) => {
    directory.writeLarge();
    await using server = await ServerProcess.start(["-w", "2", directory.root]);
    using idle = await RawClient.connect(server.address);
    using client = await RawClient.connect(server.address);
    await client.send(GET_LARGE);
    await client.read(1_000);
    server.kill(first);
    await awaitNoticed(idle);
    server.kill(second);
    const elapsedMs = await measure(async () => assertEquals((await server.ended()).code, 1));
    assert(elapsedMs < 1_000, `${elapsedMs} ms`);
  });
}

processTest("answers the request that was being sent when the signal came, and closes", async ({ root }) => {
  await using server = await ServerProcess.start(["-w", "2", root]);
  using idle = await RawClient.connect(server.address);
  using client = await RawClient.connect(server.address);
  await client.send(GET + GET.slice(0, 20));
  assertEquals((await client.readAnswer()).status, 200);
  server.kill("SIGTERM");
  await awaitNoticed(idle);
  await client.send(GET.slice(20));
  const { status, fields } = await client.readAnswer();
  assertEquals([status, fields.get("connection")], [200, "close"]);
  assertEquals(await client.readToEnd(), new Uint8Array(0));
  client.close(); // else the server waits for it
  assertEquals((await server.ended()).code, 0);
});
