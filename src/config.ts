/**
 * Every option, limit and time-out of the server in one table, with its unit and its default.
 *
 * Parsers and loops get the slice they need as an argument; nothing else in the source holds such a number. The whole
 * is plain data: it is frozen in the main thread and cloned into every worker.
 *
 * @module
 */

/** How much is written to the log; each level includes the ones before it. */
export type LogLevel = "error" | "info" | "debug";

/** Bounds for what clients may send, take and hold, in bytes unless the name or the comment says otherwise. */
export interface Limits {
  /** Connections open at once, of all workers together; idle ones are then closed for new ones, or these get 503. */
  readonly connections: number;
  /** Connections that one address may have open at once, for IPv6 one /64; more get 429. 0: no bound. */
  readonly connectionsPerAddress: number;
  /** Requests that one address may make per second in the long run; more get 429. 0: no bound. */
  readonly requestRate: number;
  /** Requests that it may make at once after a pause; absent: as many as in a second. */
  readonly requestBurst?: number;
  /** Requests on one connection; the last is answered with `Connection: close`. */
  readonly requestsPerConnection: number;
  /** The least speed of a body that a handler reads, over {@linkcode Timeouts.bodyIdleMs}; slower is 408. 0: none. */
  readonly bodyBytesPerSecond: number;
  /** The least speed at which a client takes its answer, over {@linkcode Timeouts.writeStallMs}. 0: none. */
  readonly writeBytesPerSecond: number;
  /** Request line and field section together; more is 431, or 414 where the request line alone is too long. */
  readonly headBytes: number;
  /** The request target; more is 414. RFC 9112 section 3 recommends at least 8000. */
  readonly targetBytes: number;
  /** Number of field lines; more is 431. */
  readonly fieldLines: number;
  /** A chunk-size line with its extensions, RFC 9112 section 7.1.1; more is 400. */
  readonly chunkLineBytes: number;
  /** A request body; more is 413. */
  readonly bodyBytes: number;
  /** The body of a request that uploads files; more is 413. */
  readonly uploadBytes: number;
  /** How much of a body that nobody wants is read and thrown away before the connection is closed instead. */
  readonly drainBytes: number;
}

/** How long each step may take, in milliseconds. A byte renews none but those that say so, and these have a rate. */
export interface Timeouts {
  /** From accept, or from the end of the last answer, to the first byte of the next request. */
  readonly idleMs: number;
  /** From the first byte of a request head to its last. */
  readonly headMs: number;
  /** Reading what is left of a body that nobody wants. */
  readonly drainMs: number;
  /** From the end of a request, or of the last piece of its body that was read, to the answer of its handler. */
  readonly handlerMs: number;
  /** Waiting for the next bytes of a body that a handler reads; also how far it may fall behind its least speed. */
  readonly bodyIdleMs: number;
  /** A write of which the client takes nothing; also how far it may fall behind the least speed of taking. */
  readonly writeStallMs: number;
  /** After the last answer: waiting for the client to close its side. */
  readonly lingerMs: number;
}

/** The memory that is spent on representations. */
export interface CacheOptions {
  /** All entries together, in bytes; each worker has an equal share. */
  readonly bytes: number;
  /** A larger file is streamed from its descriptor instead. */
  readonly entryBytes: number;
  /** How long an entry is trusted before the file is looked at again, in milliseconds. */
  readonly freshMs: number;
}

/** Bounds for the WebSockets of an application, RFC 6455. */
export interface WebSocketLimits {
  /** A message of a client, all its fragments together and without compression, in bytes; more is close code 1009. */
  readonly messageBytes: number;
  /** What may wait to be sent, in bytes; a further message then closes the connection with code 1013. */
  readonly bufferedBytes: number;
  /** How long the client may take for its part of closing, in milliseconds. */
  readonly closeMs: number;
}

/** Which symbolic links below the root are followed: all, those that stay inside the root, or none. */
export type SymlinkPolicy = "follow" | "inside" | "deny";

/** What a site is and how it is served; each field is the option of the command line with that name. */
export interface SiteOptions {
  /**
   * The document root, an absolute path: a directory, which may be a symbolic link that is followed anew for each file,
   * or a single file, which is then all there is. The empty text where an application answers everything.
   */
  readonly root: string;
  /** The path under which the site is reached: `/` or `/prefix`. */
  readonly base: string;
  /** What a directory stands for: the first of these names that it has. */
  readonly index: readonly string[];
  /** The file that stands in for pages that do not exist, below the root; the empty text where there is none. */
  readonly spa: string;
  /** Whether `/about` stands for `about.html`, and requests with the extension are redirected. */
  readonly cleanUrls: boolean;
  /** Whether directories without an index file are listed. */
  readonly list: boolean;
  /** Whether directories without an index file can be fetched as a zip archive; they are then listed too. */
  readonly archive: boolean;
  /** Whether files can be uploaded and deleted: PUT, DELETE, and POST of a form into a directory that is listed. */
  readonly upload: boolean;
  /** Media types by extension, as `ext=type`; they come before the table of the standard library. */
  readonly mime: readonly string[];
  /** The `charset` of all text, the empty text for none; absent: `utf-8` for plain text, Markdown and CSV alone. */
  readonly charset?: string;
  /** Whether names with a leading dot are served and listed. */
  readonly dotfiles: boolean;
  /** Which symbolic links are followed. */
  readonly symlinks: SymlinkPolicy;
  /** Whether content codings are used: neighbours such as `app.js.br`, and compression. */
  readonly compress: boolean;
  /** Rules for `Cache-Control`, as `--cache` has them; the empty text where there are none. */
  readonly cacheRules: string;
  /** Field lines for every answer, as `Name: value`. */
  readonly headers: readonly string[];
  /** The origins that may read answers, with commas between them; the empty text for all, absent for none. */
  readonly cors?: string;
  /** Whether pages are isolated from other origins: `Cross-Origin-Opener-Policy` and `-Embedder-Policy`. */
  readonly coi: boolean;
  /** Whether pages reload when a file of the site changes, and nothing is kept by caches. */
  readonly dev: boolean;
}

/** What the server does, complete: {@linkcode DEFAULT_OPTIONS} with the caller's wishes laid over it. */
export interface ServerOptions extends SiteOptions {
  /** Addresses to listen on; `localhost` stands for 127.0.0.1 and, where the machine has it, ::1. */
  readonly hostname: string;
  /** TCP port; 0 lets the system choose a free one. */
  readonly port: number;
  /** Number of Web Workers, at least 1. */
  readonly workers: number;
  /** The file that events and access lines are appended to; absent: standard error. */
  readonly logFile?: string;
  /** What is written to the log. */
  readonly logLevel: LogLevel;
  /** The module of an application, a path or URL; absent where there are files only. */
  readonly app?: string;
  /** The file of users, an absolute path: who asks must give a name and a password; absent where nobody must. */
  readonly auth?: string;
  /** For which requests: all, or those that write. */
  readonly authFor: "all" | "write";
  /** Whether the application is asked before the files: these then answer what it does not find. */
  readonly appFirst: boolean;
  /** Whether workers are replaced when the application changes. */
  readonly watch: boolean;
  /** How long answers under way may take after a signal to stop, in milliseconds. */
  readonly graceMs: number;
  /** How long the thread of a worker may stand still before the server gives up on it, in milliseconds; 0: for ever. */
  readonly watchdogMs: number;
  /**
   * Whether workers get less than the process may: read the root, listen on the server's address. It needs
   * `"unstable": ["worker-options"]`, and `"#worker-options": "data:,"` among `imports`, in the configuration of the
   * program; without the second they get what the process may, and the log says so; with the second alone the runtime
   * ends the process.
   */
  readonly sandbox: boolean;
  /** Whether the browser is opened when the server has started, where that is permitted. */
  readonly open: boolean;
  /** Bounds for what a client may send. */
  readonly limits: Limits;
  /** Bounds for how long it may take. */
  readonly timeouts: Timeouts;
  /** Bounds for the cache. */
  readonly cache: CacheOptions;
}

/** Exit code of the command when a worker stands still: a service manager is to start it again (EX_TEMPFAIL). */
export const EXIT_STUCK = 75;

/** What a caller wants to be otherwise than {@linkcode DEFAULT_OPTIONS}. */
export type ServeOptions = Partial<Omit<ServerOptions, "limits" | "timeouts" | "cache">> & {
  /** Bounds for what clients may send, take and hold. */
  readonly limits?: Partial<Limits>;
  /** Bounds for how long they may take. */
  readonly timeouts?: Partial<Timeouts>;
  /** Bounds for the cache. */
  readonly cache?: Partial<CacheOptions>;
};

/** The defaults of everything that has one. `root` and `workers` depend on the process and are found at start. */
export const DEFAULT_OPTIONS: Readonly<
  Omit<ServerOptions, "root" | "workers" | "logFile" | "charset" | "cors" | "app" | "auth">
> = Object.freeze({
  hostname: "localhost",
  port: 8080,
  logLevel: "error",
  graceMs: 10_000,
  watchdogMs: 30_000,
  sandbox: false,
  open: false,
  authFor: "all",
  appFirst: false,
  watch: false,
  base: "/",
  index: Object.freeze(["index.html"]),
  spa: "",
  cleanUrls: false,
  list: false,
  archive: false,
  upload: false,
  mime: Object.freeze([]),
  dotfiles: false,
  symlinks: "inside",
  compress: true,
  cacheRules: "",
  headers: Object.freeze([]),
  coi: false,
  dev: false,
  limits: Object.freeze({
    connections: 16_384,
    connectionsPerAddress: 0,
    requestRate: 0,
    requestsPerConnection: 1_000_000,
    bodyBytesPerSecond: 500,
    writeBytesPerSecond: 500,
    headBytes: 16_384,
    targetBytes: 8_192,
    fieldLines: 100,
    chunkLineBytes: 256,
    bodyBytes: 1 << 20,
    uploadBytes: 1 << 30,
    drainBytes: 65_536,
  }),
  timeouts: Object.freeze({
    idleMs: 75_000,
    headMs: 10_000,
    drainMs: 5_000,
    handlerMs: 60_000,
    bodyIdleMs: 30_000,
    writeStallMs: 60_000,
    lingerMs: 2_000,
  }),
  cache: Object.freeze({
    bytes: 96 << 20,
    entryBytes: 1 << 20,
    freshMs: 1_000,
  }),
});

/** Bounds for listing directories, in each worker. */
export interface ListingLimits {
  /** The names of one directory that are held, in bytes; of more the first are listed and the others counted. */
  readonly namesBytes: number;
  /** Entries that are looked at for one answer; where there are more only names are known, so nothing else sorts them. */
  readonly looks: number;
  /** A directory whose own size is more, or not told, is read in turns with others; in bytes. */
  readonly directoryBytes: number;
  /** Where there are more entries they are looked at, searched and sorted in turns with others. */
  readonly entriesAtOnce: number;
  /** How long one such turn takes, in milliseconds. */
  readonly turnMs: number;
  /** Listings that may wait for each other; more get 503. */
  readonly waiting: number;
}

/**
 * The defaults of {@linkcode ListingLimits}. A name counts for about 110 bytes, so 16 MiB are some 150,000; while they
 * are read the heap grows to six times that. Of 32 KiB a directory has at most 1,600 names, which are read in 4 ms; to
 * look at an entry takes 14 µs.
 */
export const LISTING_LIMITS: ListingLimits = Object.freeze({
  namesBytes: 16 << 20,
  looks: 10_000,
  directoryBytes: 32_768,
  entriesAtOnce: 200,
  turnMs: 2,
  waiting: 1_000,
});

/** The defaults of {@linkcode WebSocketLimits}. */
export const WEB_SOCKET_LIMITS: WebSocketLimits = Object.freeze({
  messageBytes: 16 << 20,
  bufferedBytes: 16 << 20,
  closeMs: 5_000,
});
