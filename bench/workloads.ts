/**
 * What the servers are asked for, and the document root that it is asked of.
 *
 * The files are the same in every run. Their times lie in the past, so that no server takes them for files that are
 * still being written.
 *
 * @module
 */
import { gzipSync } from "node:zlib";

/** One kind of load. */
export interface Workload {
  /** Name in the table. */
  readonly name: string;
  /** Path that is asked for. */
  readonly path: string;
  /** Connections of the load generator. */
  readonly connections: number;
  /** Status of a right answer; 200 where absent. */
  readonly status?: number;
  /** Bytes of the body of a right answer; absent where they are the server's own choice. */
  readonly bytes?: number;
  /** Field lines of the request beside `Host`. */
  readonly fields?: readonly string[];
  /** Whether the request names the entity tag that the server gave the file. */
  readonly isRevalidation?: boolean;
  /** Whether the server writes an access log meanwhile. */
  readonly isLogged?: boolean;
  /** A script in Lua that makes the requests of the load generator, where they are not all alike. */
  readonly script?: string;
}

const HELLO_BYTES = 13;
const PAGE_BYTES = 4_096;
const SCRIPT_BYTES = 268_381;
const DOCUMENT_BYTES = 954_824;
const BIG_BYTES = 100 << 20;
const RANGE_BYTES = 65_536;

/** Small files, and the folders they lie in. */
const MANY = 5_000;
const FOLDERS = 50;

const BROWSER_CODINGS = "Accept-Encoding: gzip, deflate, br, zstd";

const SCRIPT = lines(SCRIPT_BYTES, (i) => `const v${i * 7919 % 10_007} = f(${i}, "${i * 31 % 97}");\n`);
const SCRIPT_GZIP = gzipSync(SCRIPT, { level: 9 });

/** One of the small files at random; the same sequence in every run. */
const RANDOM_FILE = `math.randomseed(7)
request = function()
  local i = math.random(0, ${MANY - 1})
  return wrk.format("GET", "/many/" .. (i % ${FOLDERS}) .. "/" .. i .. ".html")
end`;

const PIPELINE = `local requests
init = function()
  requests = string.rep(wrk.format("GET"), 16)
end
request = function() return requests end`;

/** What every server is measured with. */
export const WORKLOADS: readonly Workload[] = [
  { name: "13 B", path: "/hello.txt", bytes: HELLO_BYTES, connections: 64 },
  { name: "4 KB", path: "/page.html", bytes: PAGE_BYTES, connections: 64 },
  { name: "268 KB", path: "/script.js", bytes: SCRIPT_BYTES, connections: 64 },
  { name: "955 KB", path: "/document.html", bytes: DOCUMENT_BYTES, connections: 100 },
  { name: "100 MB", path: "/big.bin", bytes: BIG_BYTES, connections: 4 },
  {
    name: "64 KB range of 100 MB",
    path: "/big.bin",
    fields: [`Range: bytes=50000000-${50_000_000 + RANGE_BYTES - 1}`],
    status: 206,
    bytes: RANGE_BYTES,
    connections: 64,
  },
  {
    name: "268 KB, gzip file beside it",
    path: "/script.js",
    fields: [BROWSER_CODINGS],
    bytes: SCRIPT_GZIP.length,
    connections: 64,
  },
  { name: "5,000 files of 4 KB", path: "/many/0/0.html", bytes: PAGE_BYTES, connections: 64, script: RANDOM_FILE },
  { name: "304 Not Modified", path: "/page.html", isRevalidation: true, status: 304, bytes: 0, connections: 64 },
  { name: "404 Not Found", path: "/nope/nothing.html", status: 404, connections: 64 },
  {
    name: "4 KB, new connection each",
    path: "/page.html",
    fields: ["Connection: close"],
    bytes: PAGE_BYTES,
    connections: 64,
  },
  { name: "13 B, 16 pipelined", path: "/hello.txt", bytes: HELLO_BYTES, connections: 64, script: PIPELINE },
  { name: "4 KB, access log", path: "/page.html", bytes: PAGE_BYTES, connections: 64, isLogged: true },
];

/** When the files were last changed. */
const CHANGED = new Date("2026-01-01T00:00:00Z");

/** Text made of numbered lines, cut at a size. */
function lines(bytes: number, line: (index: number) => string): Uint8Array {
  let text = "";
  for (let i = 0; text.length < bytes; i++) text += line(i);
  return new TextEncoder().encode(text.slice(0, bytes));
}

/** A page of numbered paragraphs. */
function page(bytes: number): Uint8Array {
  return lines(bytes, (i) => `<p>line ${i}: the quick brown fox jumps</p>\n`);
}

/**
 * Makes the document root.
 *
 * @param folder Existing folder; the root is made in it.
 * @returns Path of the root.
 */
export function makeRoot(folder: string): string {
  const root = `${folder}/root`;
  // nginx started by root reads with another user's rights.
  Deno.chmodSync(folder, 0o755);
  for (let i = 0; i < FOLDERS; i++) Deno.mkdirSync(`${root}/many/${i}`, { recursive: true });
  const write = (path: string, content: Uint8Array, times = 1): void => {
    using file = Deno.openSync(root + path, { write: true, create: true, mode: 0o644 });
    for (let i = 0; i < times; i++) file.writeSync(content);
    file.utimeSync(CHANGED, CHANGED);
  };
  write("/hello.txt", new TextEncoder().encode("hello, world\n"));
  write("/page.html", page(PAGE_BYTES));
  write("/script.js", SCRIPT);
  write("/script.js.gz", SCRIPT_GZIP);
  write("/document.html", page(DOCUMENT_BYTES));
  write("/big.bin", page(1 << 20), BIG_BYTES >> 20);
  const small = page(PAGE_BYTES);
  for (let i = 0; i < MANY; i++) write(`/many/${i % FOLDERS}/${i}.html`, small);
  return root;
}
