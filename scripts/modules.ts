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
  bounds: { pure: true, imports: ["config", "errors"] },
  receive_buffer: { pure: true, imports: [] },
  bytes: { pure: true, imports: [] },
  linked_list: { pure: true, imports: [] },
  authority: { pure: true, imports: [] },

  // The protocol, without I/O.
  http1: { pure: true, imports: ["config", "errors", "message", "receive_buffer", "@std/http/status"] },
  body_decoder: { pure: true, imports: ["config", "errors", "http1", "message", "receive_buffer"] },
  http_date: { pure: true, imports: [] },
  conditional: { pure: true, imports: ["http_date", "message"] },
  negotiation: { pure: true, imports: [] },
  response_fields: { pure: true, imports: ["message"] },
  error_response: { pure: true, imports: ["errors", "http1", "message", "negotiation"] },
  settle: { pure: true, imports: [] },
  cors: { pure: true, imports: ["error_response", "errors", "message", "response_fields", "settle"] },
  path: { pure: true, imports: ["errors"] },
  media_type: { pure: true, imports: ["@std/media-types", "@std/path"] },

  // One connection.
  clock: { imports: [] },
  client_address: { pure: true, imports: [] },
  address_table: { imports: [] },
  admission: { imports: ["address_table", "client_address", "config", "errors"] },
  buffer_pool: { imports: [] },
  encoded_message: { imports: ["clock", "http1", "message"] },
  response_writer: {
    imports: ["buffer_pool", "bytes", "clock", "encoded_message", "errors", "http1", "message", "range"],
  },
  request_context: { imports: ["body_decoder", "config", "errors", "message", "receive_buffer"] },
  deadline: { imports: ["clock"] },
  pace: { pure: true, imports: [] },
  connection_reader: { imports: ["clock", "deadline", "errors", "receive_buffer", "response_writer"] },
  connection_context: { imports: ["admission", "clock", "config", "linked_list", "message", "request_context"] },
  current_request: {
    imports: [
      ...["connection_context", "connection_reader", "deadline", "errors", "message", "receive_buffer"],
      ...["request_context", "response_writer"],
    ],
  },
  sweep: { imports: ["connection_context"] },
  connection: {
    imports: [
      ...["connection_context", "connection_reader", "current_request", "deadline", "error_response", "errors"],
      ...["http1", "message", "pace", "request_context", "response_writer"],
    ],
  },
  access_log: { imports: ["clock", "connection_context"] },

  // WebSockets.
  timer: { imports: [] },
  permessage_deflate: { pure: true, imports: ["errors", "node:zlib"] },
  websocket_frames: { pure: true, imports: ["errors", "permessage_deflate", "receive_buffer", "node:buffer"] },
  websocket_handshake: { pure: true, imports: ["errors", "permessage_deflate", "node:crypto"] },
  guarded_event_target: { imports: [] },
  websocket_writer: { imports: ["message", "websocket_frames"] },
  web_socket: {
    imports: [
      ...["config", "errors", "guarded_event_target", "message", "permessage_deflate", "receive_buffer", "timer"],
      ...["websocket_frames", "websocket_writer"],
    ],
  },
  websocket_upgrade: { imports: ["message", "web_socket", "websocket_handshake"] },

  // Files.
  path_pattern: { pure: true, imports: [] },
  content_hash: { pure: true, imports: [] },
  navigation: { pure: true, imports: ["message", "negotiation"] },
  cache_policy: { pure: true, imports: ["content_hash", "errors", "path_pattern"] },
  rules_file: { pure: true, imports: ["http1", "path_pattern"] },
  headers_file: { pure: true, imports: ["http1", "message", "path_pattern", "response_fields", "rules_file"] },
  redirects_file: { pure: true, imports: ["errors", "http1", "path", "path_pattern", "rules_file"] },
  compressible: { pure: true, imports: [] },
  content: { imports: ["message"] },
  content_coding: { pure: true, imports: ["negotiation", "node:zlib"] },
  kept_parts: { pure: true, imports: ["message"] },
  representation: {
    imports: ["bytes", "conditional", "content", "errors", "http_date", "kept_parts", "message", "range"],
  },
  shared_file: { imports: ["message"] },
  file_state: { imports: [] },
  shared_contents: { imports: ["content", "file_state"] },
  resource: {
    imports: [
      ...["clock", "compressible", "conditional", "content", "content_coding", "errors", "file_state", "message"],
      ...["negotiation", "representation", "shared_contents", "shared_file", "node:fs"],
    ],
  },
  steps: { pure: true, imports: [] },
  natural_order: { pure: true, imports: ["steps"] },
  listing: { pure: true, imports: ["steps"] },
  upload_form: { pure: true, imports: [] },
  listing_page: { pure: true, imports: ["listing", "media_type", "upload_form", "@std/html/entities"] },
  turns: { imports: ["errors", "steps", "node:timers"] },
  directory_names: { imports: ["listing", "natural_order", "steps", "turns"] },
  directory_reader: { imports: ["config", "directory_names", "errors", "steps", "turns"] },
  directory: {
    imports: [
      ...["directory_names", "directory_reader", "file_state", "listing", "natural_order", "resource", "steps"],
      "@std/path",
    ],
  },
  listing_response: {
    imports: ["conditional", "directory", "errors", "listing", "listing_page", "message", "negotiation"],
  },
  detached_text: { pure: true, imports: [] },
  file_cache: { imports: ["config", "detached_text"] },
  spare_descriptors: { imports: [] },
  seen_directories: { imports: ["clock", "file_state"] },
  in_place: { imports: ["file_state", "@std/path"] },
  file_tree: { imports: ["clock", "config", "errors", "in_place", "resource", "seen_directories", "@std/path"] },
  walk: { imports: ["errors", "file_tree", "resource"] },
  zip: { pure: true, imports: [] },
  content_disposition: { pure: true, imports: [] },
  archive: { imports: ["file_tree", "turns", "walk", "zip", "node:zlib"] },
  live_reload: { pure: true, imports: ["@std/html/entities"] },
  site_change: { pure: true, imports: [] },
  file_watch: { imports: ["site_change", "timer", "@std/path"] },
  reload_feed: { imports: ["site_change", "timer"] },

  // A site.
  site_options: {
    pure: true,
    imports: ["cache_policy", "config", "cors", "errors", "headers_file", "media_type", "message", "path"],
  },
  site_rules: {
    imports: [
      ...["clock", "config", "detached_text", "file_state", "file_tree", "headers_file", "message", "redirects_file"],
      ...["response_fields", "rules_file", "site_options"],
    ],
  },
  site: {
    imports: [
      ...["cache_policy", "clock", "config", "detached_text", "directory", "directory_reader", "errors", "file_cache"],
      ...[
        "file_tree",
        "live_reload",
        "media_type",
        "path",
        "resource",
        "shared_contents",
        "site_options",
        "site_rules",
      ],
      "walk",
    ],
  },
  static: {
    imports: [
      ...["archive", "cache_policy", "content_disposition", "directory", "error_response", "errors", "file_tree"],
      ...["listing_response", "live_reload"],
      ...["media_type", "message", "navigation", "negotiation", "path", "redirects_file", "resource"],
      ...["response_fields", "site", "site_options", "site_rules"],
    ],
  },
  pending_file: { imports: ["errors", "file_tree", "path", "@std/path"] },
  multipart_form: { pure: true, imports: ["errors", "multipasta"] },
  upload: {
    imports: [
      ...["clock", "conditional", "errors", "file_state", "message", "multipart_form", "negotiation", "pending_file"],
      ...["request_context", "static", "@std/path"],
    ],
  },
  site_handler: {
    imports: [
      ...["config", "cors", "file_watch", "live_reload", "message", "reload_feed", "site_change", "site_options"],
      "static",
    ],
  },
  writable_site_handler: { imports: ["request_context", "site_handler", "site_options", "static", "upload"] },

  // Applications.
  static_response: { pure: true, imports: [] },
  encode_text: { imports: [] },
  fetch_response: {
    imports: ["encode_text", "message", "range", "response_writer", "static_response", "websocket_upgrade"],
  },
  fetch_request: { imports: ["authority", "bytes", "errors", "message", "request_context"] },
  fetch_handler: { imports: ["fetch_request", "fetch_response", "message", "request_context"] },
  serve_dir: {
    imports: [
      ...["clock", "config", "error_response", "errors", "fetch_request", "fetch_response", "message", "settle"],
      ...["site_handler", "site_options", "@std/path"],
    ],
  },
  route_params: { pure: true, imports: [] },
  route_tree: { pure: true, imports: [] },
  route: { imports: ["fetch_handler", "route_params", "route_tree"] },
  app: { imports: ["errors", "fetch_handler", "websocket_upgrade"] },
  app_and_files: { imports: ["errors", "message", "request_context", "response_writer", "settle"] },

  // Users.
  password_hash: { imports: ["node:crypto"] },
  users_file: { imports: ["password_hash"] },
  basic_auth: {
    imports: [
      ...["clock", "config", "errors", "file_state", "message", "password_hash", "request_context", "response_fields"],
      ...["timer", "users_file", "node:crypto"],
    ],
  },

  // Listening, workers and the main thread.
  handoff: { imports: [] },
  heartbeat: { imports: [] },
  listener: { imports: ["config", "errors", "handoff"] },
  queue_keeper: { imports: ["listener"] },
  log: { imports: ["bytes", "config", "errors", "@logtape/logtape"] },
  sandbox: { imports: ["authority", "config", "listener", "@std/path"] },
  worker_protocol: { imports: ["admission", "config", "listener"] },
  worker: {
    imports: [
      ...["access_log", "admission", "app", "app_and_files", "basic_auth", "clock", "config", "connection"],
      ...["connection_context", "errors", "fetch_handler", "handoff", "heartbeat", "linked_list", "listener"],
      ...["timer", "request_context", "site_handler", "spare_descriptors", "sweep", "worker_protocol"],
      "writable_site_handler",
    ],
  },
  worker_pool: {
    imports: ["admission", "config", "errors", "handoff", "heartbeat", "queue_keeper", "sandbox", "worker_protocol"],
  },
  browser: { imports: [] },
  app_watch: { imports: ["config", "file_watch", "@std/path"] },
  server: {
    imports: [
      ...[
        "app_watch",
        "authority",
        "bounds",
        "browser",
        "clock",
        "config",
        "errors",
        "file_tree",
        "listener",
        "log",
        "path",
        "queue_keeper",
        "site_options",
      ],
      ...["site_rules", "users_file", "worker_pool", "@std/path"],
    ],
  },

  // The command.
  network_addresses: { imports: [] },
  cli: { imports: ["bounds", "config", "errors", "@std/cli/parse-args"] },
  explain: {
    imports: [
      ...["cli", "clock", "config", "error_response", "errors", "http1", "message", "receive_buffer", "site_handler"],
      "site_options",
    ],
  },
};
