/**
 * What a course-work suite for web servers asks for, over raw sockets against the real command: the behaviour that any
 * client can rely on, whatever the source looks like inside. One server and one connection per row.
 *
 * `parseAnswers` checks of every answer that it carries `Server`, `Date` and `Connection`, errors included.
 */

import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { FieldLine } from "../src/message.ts";
import { formatFields } from "./ask.ts";
import { parseMultipart } from "./multipart.ts";
import { testWith } from "./permissions.ts";
import type { Answer } from "./raw_client.ts";
import { parseAnswers, RawClient } from "./raw_client.ts";
import { ServerProcess } from "./server_process.ts";

const PAGE = "<html><body>A page</body></html>\n";
const INDEX = "<html>The index</html>\n";
const SECRET = "do not tell";

/** As large as the page that such suites measure with; every line differs, so that no byte can move unseen. */
const LARGE = makeLines(954_824); // more than a buffer, a window or a pipe holds

function makeLines(bytes: number): string {
  const lines = Array.from({ length: Math.ceil(bytes / 19) }, (_, i) => `<p>line ${String(i).padStart(6, "0")}</p>\n`);
  return lines.join("").slice(0, bytes);
}

/** Files by name below the temporary directory; the root is `site`. */
const FILES: Readonly<Record<string, string>> = {
  "secret.txt": SECRET,
  "site-secret/secret.txt": SECRET,
  "site/folder/index.html": INDEX,
  "site/folder/page.html": PAGE,
  "site/bare/nested/deeply/found.txt": "found it\n",
  "site/a name with spaces.txt": "spaces\n",
  "site/two..dots.txt": "hello",
  "site/large.html": LARGE,
  "site/medium.html": LARGE.slice(0, 2_000),
  "site/.hidden": SECRET,
  "site/empty.html": "",
};

const TYPES: readonly [name: string, types: readonly string[]][] = [
  ["style.css", ["text/css"]],
  ["script.js", ["text/javascript"]],
  ["module.mjs", ["text/javascript"]],
  ["photo.jpg", ["image/jpeg"]],
  ["photo.jpeg", ["image/jpeg"]],
  ["drawing.png", ["image/png"]],
  ["drawing.gif", ["image/gif"]],
  ["drawing.svg", ["image/svg+xml"]],
  ["drawing.webp", ["image/webp"]],
  ["film.swf", ["application/x-shockwave-flash"]],
  ["film.mp4", ["video/mp4"]],
  ["data.json", ["application/json"]],
  ["program.wasm", ["application/wasm"]],
  ["font.woff2", ["font/woff2"]],
  ["paper.pdf", ["application/pdf"]],
  ["plain.txt", ["text/plain; charset=utf-8"]],
  ["notes.md", ["text/markdown; charset=utf-8"]],
  ["table.csv", ["text/csv; charset=utf-8"]],
  ["page.html", ["text/html"]],
  ["page.htm", ["text/html"]],
  ["icon.ico", ["image/x-icon", "image/vnd.microsoft.icon"]],
  ["feed.xml", ["text/xml", "application/xml"]],
  ["unknown.thing", ["application/octet-stream"]],
  ["Makefile", ["application/octet-stream"]],
];

/** Small files of which only the name matters. */
const typeBody = (name: string) => `content of ${name}`;

type Step = (name: string, fn: (server: ServerProcess) => Promise<void>) => Promise<void>;

/** One group of rows: a server of its own, and a step for each. */
function group(name: string, fn: (step: Step) => Promise<void>): void {
  testWith(["net", "read", "run", "write"], `conformance: ${name}`, async (t) => {
    const directory = Deno.makeTempDirSync({ prefix: "sockeye-conformance-" });
    try {
      for (const [path, content] of Object.entries(FILES)) write(join(directory, path), content);
      for (const [file] of TYPES) write(join(directory, "site", "types", file), typeBody(file));
      await using server = await ServerProcess.start(["-h", "127.0.0.1", "-w", "2", join(directory, "site")]);
      await fn(async (stepName, stepFn) => {
        await t.step(stepName, () => stepFn(server));
      });
      const { code, stderr } = await server.stop();
      assertEquals([code, stderr], [0, ""]);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

function write(path: string, content: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, content);
}

/** Sends bytes, says that this was all, and gives the one answer; the server has to close behind it. */
async function exchange(server: ServerProcess, message: string, method = "GET"): Promise<Answer> {
  using client = await RawClient.connect(server.address);
  await client.send(message);
  const answers = parseAnswers(await client.readToEnd(), [method]);
  const [answer] = answers;
  assert(answer !== undefined && answers.length === 1, `${answers.length} answers`);
  return answer;
}

function request(target: string, method = "GET", fields: readonly FieldLine[] = []): string {
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${formatFields(fields)}\r\n`;
}

function text({ body }: Answer): string {
  return new TextDecoder().decode(body);
}

async function checkFound(server: ServerProcess, target: string, content: string): Promise<void> {
  const answer = await exchange(server, request(target));
  assertEquals(answer.status, 200);
  assertEquals(answer.fields.get("content-length"), String(content.length));
  assert(text(answer) === content, "every byte in its place");
}

group("files are found", async (step) => {
  const rows: readonly [name: string, target: string, content: string][] = [
    ["directory index", "/folder/", INDEX],
    ["nested folders", "/bare/nested/deeply/found.txt", "found it\n"],
    ["query string", "/folder/page.html?name=value&other=value", PAGE],
    ["query string behind a directory", "/folder/?name=value", INDEX],
    ["spaces in a name", "/a%20name%20with%20spaces.txt", "spaces\n"],
    ["percent-encoded name", "/folder/%70%61%67%65%2e%68%74%6d%6c", PAGE],
    ["percent-encoded in capitals", "/%66older/page%2Ehtml", PAGE],
    ["two dots in a name", "/two..dots.txt", "hello"],
    ["page of 954,824 bytes", "/large.html", LARGE],
    ["empty file", "/empty.html", ""],
  ];
  for (const [name, target, content] of rows) await step(name, (server) => checkFound(server, target, content));
});

group("what is not there is 404", async (step) => {
  const rows: readonly [name: string, target: string][] = [
    ["missing file", "/a-file-that-nobody-made.html"],
    ["missing folder", "/nowhere/a.html"],
    ["directory without index", "/bare/"],
    ["root without index", "/"],
    ["slash behind a file name", "/folder/page.html/"],
    ["name below a file", "/folder/page.html/x"],
    ["hidden file", "/.hidden"],
  ];
  for (const [name, target] of rows) {
    await step(name, async (server) => {
      const answer = await exchange(server, request(target));
      assertEquals(answer.status, 404);
      assertEquals(answer.fields.get("content-length"), String(answer.body.length));
      assert(!text(answer).includes(target.slice(1) || "site"), "the page does not repeat what was asked for");
    });
  }
});

group("nothing outside the root", async (step) => {
  const up = "../".repeat(13);
  const targets = [
    `/folder/${up}etc/passwd`,
    `/${up}etc/passwd`,
    `/${encodeURIComponent(up)}etc/passwd`,
    `/${up.replaceAll(".", "%2e")}etc/passwd`,
    `/folder/${up.replaceAll("..", ".%2E")}etc/passwd`,
    "/../secret.txt",
    "/..//secret.txt",
    "/.././secret.txt",
    "/folder/../../secret.txt",
    "/../site-secret/secret.txt",
    "/%2e%2e/secret.txt",
    "/%252e%252e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/..%00/secret.txt",
    "/..%c0%afsecret.txt",
    "/..%ef%bc%8fsecret.txt",
    "/%uff0e%uff0e/secret.txt",
    "/..;/secret.txt",
    "/-secret/secret.txt",
    "//etc/passwd",
    "/.hidden",
    "/%2ehidden",
    "/folder/../.hidden",
    "http://localhost/../secret.txt",
    "http://localhost/%2e%2e/secret.txt",
    "../secret.txt",
    "..",
    "secret.txt",
    "file:///etc/passwd",
    "/folder/../../secret.txt?x=/../..",
    "/?/../../secret.txt",
  ];
  for (const target of targets) {
    await step(target, async (server) => {
      const answer = await exchange(server, request(target));
      assert([400, 403, 404].includes(answer.status), `status ${answer.status}`);
      assert(!/do not tell|root:/.test(text(answer)), "nothing of the file");
    });
  }
});

group("methods", async (step) => {
  await step("POST is refused with 405", async (server) => {
    const answer = await exchange(server, request("/folder/page.html", "POST"));
    assertEquals([answer.status, answer.fields.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  });
  await step("POST with a body is refused with 405", async (server) => {
    const message = "POST /folder/page.html HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b";
    assertEquals((await exchange(server, message)).status, 405);
  });
  await step("HEAD over HTTP/1.0 without fields: length, no content, end", async (server) => {
    const answer = await exchange(server, "HEAD /folder/page.html HTTP/1.0\r\n\r\n", "HEAD");
    assertEquals([answer.status, answer.fields.get("content-length")], [200, String(PAGE.length)]);
    assertEquals([answer.fields.get("content-type"), answer.fields.get("connection")], ["text/html", "close"]);
  });
  await step("HEAD of a large file and of a missing one", async (server) => {
    const large = await exchange(server, request("/large.html", "HEAD"), "HEAD");
    assertEquals([large.status, large.fields.get("content-length")], [200, "954824"]);
    const missing = await exchange(server, request("/nowhere", "HEAD"), "HEAD");
    assertEquals([missing.status, Number(missing.fields.get("content-length")) > 0], [404, true]);
  });
  await step("GET over HTTP/1.0: content, end", async (server) => {
    const answer = await exchange(server, "GET /folder/page.html HTTP/1.0\r\n\r\n");
    assertEquals([answer.status, text(answer)], [200, PAGE]);
  });
  await step("GET over HTTP/1.0 with keep-alive: more than one", async (server) => {
    using client = await RawClient.connect(server.address);
    for (const connection of ["keep-alive", "keep-alive", "close"]) {
      await client.send(`GET /folder/ HTTP/1.0\r\nConnection: ${connection}\r\n\r\n`);
      const answer = await client.readAnswer();
      assertEquals([answer.status, answer.fields.get("connection")], [200, connection]);
    }
    assertEquals((await client.readToEnd()).length, 0);
  });
  await step("GET over HTTP/1.1: many on one connection, errors among them", async (server) => {
    using client = await RawClient.connect(server.address);
    const rows = [["/folder/", 200], ["/nowhere", 404], ["/large.html", 200], ["/folder", 308], ["/%zz", 400]] as const;
    for (const [target, status] of [...rows, ...rows]) {
      await client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const answer = await client.readAnswer();
      assertEquals([answer.status, answer.fields.get("connection")], [status, "keep-alive"], target);
    }
  });
  await step("HEAD and GET in one go are answered in order", async (server) => {
    using client = await RawClient.connect(server.address);
    const methods = ["HEAD", "GET", "HEAD", "GET"];
    const targets = ["/large.html", "/folder/page.html", "/nowhere", "/large.html"];
    const messages = methods.map((method, i) => `${method} ${targets[i]} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.send(messages.join(""));
    await client.closeWrite();
    const answers = parseAnswers(await client.readToEnd(), methods);
    assertEquals(answers.map(({ status }) => status), [200, 200, 404, 200]);
    assertEquals(answers.map(({ body }) => body.length), [0, PAGE.length, 0, LARGE.length]);
  });
});

group("conditional requests", async (step) => {
  for (const [name, target] of [["small", "/folder/page.html"], ["large", "/large.html"]] as const) {
    await step(`a ${name} file that is known is 304 without content, and the connection goes on`, async (server) => {
      using client = await RawClient.connect(server.address);
      await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const { fields } = await client.readAnswer();
      const etag = fields.get("etag") ?? "";
      const lastModified = fields.get("last-modified") ?? "";
      const conditions: readonly FieldLine[] = [
        ["If-None-Match", etag],
        ["If-None-Match", `"x", ${etag}`],
        ["If-Modified-Since", lastModified],
      ];
      for (const condition of conditions) {
        for (const method of ["GET", "HEAD"]) {
          await client.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\n${formatFields([condition])}\r\n`);
          const answer = await client.readAnswer(method);
          assertEquals([answer.status, answer.fields.get("etag")?.replace("W/", "")], [304, etag.replace("W/", "")]);
          assertEquals(answer.fields.get("content-length"), undefined);
        }
      }
      await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\nIf-Match: "x"\r\n\r\n`);
      assertEquals((await client.readAnswer()).status, 412);
    });
  }
});

group("ranges", async (step) => {
  const rows: readonly [range: string, start: number, end: number][] = [
    ["bytes=0-0", 0, 1],
    ["bytes=-1", 954_823, 954_824],
    ["bytes=500000-", 500_000, 954_824],
    ["bytes=100000-899999", 100_000, 900_000],
    ["bytes=954000-9999999", 954_000, 954_824],
    ["bytes=0-", 0, 954_824],
  ];
  for (const [range, start, end] of rows) {
    await step(range, async (server) => {
      const answer = await exchange(server, request("/large.html", "GET", [["Range", range]]));
      assertEquals([answer.status, answer.fields.get("content-range")], [206, `bytes ${start}-${end - 1}/954824`]);
      assert(text(answer) === LARGE.slice(start, end), "every byte in its place");
    });
  }
  await step("several", async (server) => {
    const stretches = [[700_000, 800_000], [0, 10], [954_800, 954_824]] as const;
    const range = `bytes=${stretches.map(([start, end]) => `${start}-${end - 1}`)}`;
    const answer = await exchange(server, request("/large.html", "GET", [["Range", range]]));
    assertEquals([answer.status, answer.fields.get("content-range")], [206, undefined]);
    const parts = parseMultipart(answer.fields.get("content-type") ?? "", answer.body);
    assertEquals(parts.length, 3);
    for (const [i, [start, end]] of stretches.entries()) {
      assert(new TextDecoder().decode(parts[i]?.bytes) === LARGE.slice(start, end), "every byte in its place");
    }
  });
  await step("none that exists", async (server) => {
    const answer = await exchange(server, request("/large.html", "GET", [["Range", "bytes=954824-"]]));
    assertEquals([answer.status, answer.fields.get("content-range")], [416, "bytes */954824"]);
  });
  await step("HEAD ignores them", async (server) => {
    const answer = await exchange(server, request("/large.html", "HEAD", [["Range", "bytes=0-0"]]), "HEAD");
    assertEquals([answer.status, answer.fields.get("content-length")], [200, "954824"]);
  });
  await step("a download in two halves", async (server) => {
    const whole = await exchange(server, request("/large.html", "HEAD"), "HEAD");
    const validator = whole.fields.get("last-modified") ?? "";
    const halves = await Promise.all(
      ["bytes=0-400000", "bytes=400001-"].map((range) =>
        exchange(server, request("/large.html", "GET", [["Range", range], ["If-Unmodified-Since", validator]]))
      ),
    );
    assert(halves.map(text).join("") === LARGE, "every byte in its place");
  });
});

group("content codings", async (step) => {
  const decoders = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };
  for (const [coding, decode] of [["zstd", decoders.zstd], ["gzip", decoders.gzip]] as const) {
    await step(`a page of 954,824 bytes as ${coding}`, async (server) => {
      const answer = await exchange(server, request("/large.html", "GET", [["Accept-Encoding", coding]]));
      assertEquals([answer.status, answer.fields.get("content-encoding")], [200, coding]);
      assertEquals(answer.fields.get("vary"), "Accept-Encoding");
      assert(new TextDecoder().decode(decode(answer.body)) === LARGE, "every byte in its place");
    });
  }
  await step("a page of 2,000 bytes as browsers want it", async (server) => {
    const wish: FieldLine = ["Accept-Encoding", "gzip, deflate, br, zstd"];
    const answer = await exchange(server, request("/medium.html", "GET", [wish]));
    assertEquals([answer.status, answer.fields.get("content-encoding")], [200, "br"]);
    assertEquals(new TextDecoder().decode(decoders.br(answer.body)), LARGE.slice(0, 2_000));
    const head = await exchange(server, request("/medium.html", "HEAD", [wish]), "HEAD");
    assertEquals(head.fields.get("content-length"), String(answer.body.length));
    assertEquals(head.fields.get("etag"), answer.fields.get("etag"));
  });
});

group("forms of errors", async (step) => {
  const rows: readonly [accept: string, type: string][] = [
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"],
    ["application/json", "application/problem+json"],
    ["*/*", "text/plain; charset=utf-8"],
  ];
  for (const [accept, type] of rows) {
    await step(`Accept: ${accept} → ${type}`, async (server) => {
      for (const method of ["GET", "HEAD"]) {
        const { status, fields, body } = await exchange(
          server,
          request("/nowhere", method, [["Accept", accept]]),
          method,
        );
        assertEquals([status, fields.get("content-type"), fields.get("vary")], [404, type, "Accept"]);
        assertEquals(fields.get("x-content-type-options"), "nosniff");
        assertEquals(body.length > 0, method === "GET");
      }
    });
  }
});

group("media types", async (step) => {
  for (const [name, types] of TYPES) {
    await step(`${name} is ${types[0]}`, async (server) => {
      const answer = await exchange(server, request(`/types/${name}`));
      assertEquals([answer.status, text(answer)], [200, typeBody(name)]);
      const type = answer.fields.get("content-type") ?? "";
      assert(types.includes(type), type);
    });
  }
});

group("broken clients", async (step) => {
  const rows: readonly [name: string, message: string][] = [
    ["a lone line feed", "\n"],
    ["a request line that ends in a line feed", "GET / HTTP/1.1\n"],
    ["a head without its end", "GET / HTTP/1.1\r\nHost: localhost\r\n"],
    ["nothing", ""],
    ["zeros", "\0\0\0\0"],
    ["a TLS handshake", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a request of HTTP/0.9", "GET /folder/page.html\r\n"],
  ];
  for (const [name, message] of rows) {
    await step(`${name}, sent and closed: the next client is served`, async (server) => {
      using client = await RawClient.connect(server.address);
      await client.send(message);
      client.close();
      await checkFound(server, "/folder/page.html", PAGE);
    });
    await step(`${name}, half-closed: an error or nothing, and the end`, async (server) => {
      using client = await RawClient.connect(server.address);
      await client.send(message);
      await client.closeWrite();
      const answers = parseAnswers(await client.readToEnd());
      assert(answers.length <= 1, "at most one answer");
      for (const { status } of answers) assert(status === 400 || status === 505, `status ${status}`);
    });
  }
  await step("a lone line feed is answered with 400 at once", async (server) => {
    const { status, fields } = await exchange(server, "\n");
    assertEquals([status, fields.get("connection")], [400, "close"]);
  });
  await step("a client that leaves in mid-download disturbs nobody", async (server) => {
    for (let i = 0; i < 20; i++) {
      using client = await RawClient.connect(server.address);
      await client.send(request("/large.html"));
      await client.read(10);
    }
    await checkFound(server, "/large.html", LARGE);
  });
  await step("forty clients at once get every byte", async (server) => {
    await Promise.all(Array.from({ length: 40 }, () => checkFound(server, "/large.html", LARGE)));
  });
});
