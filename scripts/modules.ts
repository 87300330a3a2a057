/**
 * The modules of `src/` and what each may import: the architecture as a table, kept by `lint_architecture.ts`.
 *
 * A row may name only rows above it, so imports go one way and there are no cycles. A pure module is a function of its
 * arguments: no I/O, no clock, no timer, no waiting. `main.ts` and `mod.ts` stand above the table: they may import any
 * module, and no module imports them.
 */

/** One row of the table. */
export interface ModuleRule {
  /** Whether the module must not touch the outside world. */
  readonly pure?: boolean;
  /** The modules of `src/` and the packages that it may import. */
  readonly imports: readonly string[];
}

/** The table, lowest layer first. */
export const MODULES: Readonly<Record<string, ModuleRule>> = {
  // Values and tables.
  config: { pure: true, imports: [] },
  range: { pure: true, imports: [] },
  message: { pure: true, imports: ["range"] },
  errors: { pure: true, imports: ["message"] },
  receive_buffer: { pure: true, imports: [] },

  // The protocol, without I/O.
  http1: { pure: true, imports: ["config", "errors", "message", "receive_buffer", "@std/http/status"] },
  body_decoder: { pure: true, imports: ["config", "errors", "http1", "message", "receive_buffer"] },
  http_date: { pure: true, imports: [] },
  conditional: { pure: true, imports: ["http_date", "message"] },
  negotiation: { pure: true, imports: [] },
  cors: { pure: true, imports: ["errors", "message"] },
  error_response: { pure: true, imports: ["errors", "http1", "message", "negotiation"] },
  path: { pure: true, imports: ["errors"] },
  media_type: { pure: true, imports: ["@std/media-types", "@std/path"] },

  // One connection.
  clock: { imports: [] },
  buffer_pool: { imports: [] },
  response_writer: { imports: ["buffer_pool", "clock", "errors", "http1", "message", "range"] },
  connection: {
    imports: [
      ...["body_decoder", "clock", "config", "error_response", "errors", "http1", "message", "receive_buffer"],
      "response_writer",
    ],
  },
  access_log: { imports: ["clock", "connection"] },

  // Files.
  path_pattern: { pure: true, imports: [] },
  content_hash: { pure: true, imports: [] },
  cache_policy: { pure: true, imports: ["content_hash", "errors", "path_pattern"] },
  rules_file: { pure: true, imports: ["path_pattern"] },
  headers_file: { pure: true, imports: ["message", "path_pattern", "rules_file"] },
  redirects_file: { pure: true, imports: ["errors", "path", "path_pattern", "rules_file"] },
  compressible: { pure: true, imports: [] },
  content_coding: { pure: true, imports: ["negotiation", "node:zlib"] },
  representation: { imports: ["conditional", "errors", "http_date", "message", "range"] },
  resource: {
    imports: [
      ...[
        "cache_policy",
        "clock",
        "compressible",
        "conditional",
        "content_coding",
        "media_type",
        "message",
        "negotiation",
      ],
      ...["representation", "node:fs"],
    ],
  },
  natural_order: { pure: true, imports: [] },
  listing: { pure: true, imports: [] },
  listing_page: { pure: true, imports: ["listing", "media_type", "@std/html/entities"] },
  directory: { imports: ["listing", "natural_order", "resource", "@std/path"] },
  listing_response: {
    imports: ["conditional", "directory", "errors", "listing", "listing_page", "message", "negotiation"],
  },
  file_cache: { imports: ["config"] },
  spare_descriptors: { imports: [] },
  file_tree: { imports: ["errors", "resource", "@std/path"] },
  static: {
    imports: [
      ...[
        "cache_policy",
        "clock",
        "config",
        "directory",
        "error_response",
        "errors",
        "file_cache",
        "file_tree",
        "listing_response",
      ],
      ...["message", "negotiation", "path", "resource"],
    ],
  },

  // Listening, workers and the main thread.
  handoff: { imports: [] },
  listener: { imports: ["config", "errors", "handoff"] },
  log: { imports: ["config", "errors", "@logtape/logtape"] },
  worker_protocol: { imports: ["config", "listener"] },
  worker: {
    imports: [
      ...[
        "access_log",
        "cache_policy",
        "clock",
        "config",
        "connection",
        "errors",
        "handoff",
        "listener",
        "spare_descriptors",
        "static",
      ],
      "worker_protocol",
    ],
  },
  worker_pool: { imports: ["config", "errors", "handoff", "listener", "worker_protocol"] },
  server: { imports: ["config", "errors", "listener", "log", "worker_pool", "@std/path"] },
  cli: { imports: ["cache_policy", "config", "errors", "@std/cli/parse-args"] },
};
