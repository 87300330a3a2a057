/**
 * Serves the files of a site. One request takes these steps, and stops at the first that answers it:
 *
 * 1. method: GET and HEAD go on, OPTIONS is answered, the rest is refused (RFC 9110 section 9)
 * 2. path: decoded once, dot segments resolved, hidden names refused (`path.ts`); what is not below the base is not here
 * 3. redirects and rewrites of the site itself (`site_rules.ts`), where they come before a file or there is none
 * 4. entry: a file, a directory that is listed or archived, or another path, from memory or from the file system
 *    (`site.ts`, `listing_response.ts`, `archive.ts`)
 * 5. shell: it stands in for a page that does not exist, where the site is one application (`navigation.ts`)
 * 6. representation: the content coding that the client wants most (`resource.ts`)
 * 7. preconditions, then ranges, then the whole (`representation.ts`)
 * 8. fields: what the site wants to be changed (`site_rules.ts`, `response_fields.ts`)
 *
 * What fails is answered with the site's own page for that status, where it has one: `404.html`, `50x.html` in the root.
 *
 * @module
 */

import { archive, ArchiveMemory } from "./archive.ts";
import { REVALIDATE } from "./cache_policy.ts";
import { formatAttachment } from "./content_disposition.ts";
import type { Directory } from "./directory.ts";
import { errorFields, errorResponse } from "./error_response.ts";
import { HttpError, StaleFileError, toHttpError } from "./errors.ts";
import { toFileError } from "./file_tree.ts";
import { listingResponse } from "./listing_response.ts";
import { isPageRequest } from "./live_reload.ts";
import { findMediaType } from "./media_type.ts";
import type { FieldLine, RequestHead, StaticHandler } from "./message.ts";
import { HttpResponse } from "./message.ts";
import { isNavigation, NAVIGATION_VARY } from "./navigation.ts";
import { selectErrorType } from "./negotiation.ts";
import type { PathOptions } from "./path.ts";
import { encodePath, encodeReference, resolvePath, siteReference } from "./path.ts";
import type { RedirectMatch } from "./redirects_file.ts";
import { Resource } from "./resource.ts";
import { changeFields, NO_CHANGES } from "./response_fields.ts";
import type { SiteContext, SiteEntry } from "./site.ts";
import { Redirect, Site } from "./site.ts";
import type { ParsedSiteOptions } from "./site_options.ts";
import type { SiteRulesContext } from "./site_rules.ts";
import { REDIRECTS_FILE, SiteRules } from "./site_rules.ts";

/** Without uploads; with them what a path may be written with comes behind. */
const ALLOWED = "GET, HEAD, OPTIONS";
const NO_CONTENT = new Uint8Array(0);

/** Methods that are known and not allowed on files: RFC 9110 section 9.3, RFC 5789. */
const OTHER_METHODS: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]);

/** What the archive of the whole site is called; the name of the root is nobody's business. */
const ROOT_NAME = "files";

/** How often a request is tried again whose file was changed just then. */
const TRIES = 3;

/** What the choice of the shell depends on. */
const SHELL_VARY: FieldLine = ["Vary", NAVIGATION_VARY];

/** What the handler needs to know. */
export interface StaticOptions extends SiteContext, Omit<SiteRulesContext, "cache"> {
  /** What the site is. */
  readonly site: ParsedSiteOptions;
  /**
   * Whether names mean what they mean on Windows.
   *
   * @default {Deno.build.os === "windows"}
   */
  readonly isWindows?: boolean;
  /**
   * What archives may hold.
   *
   * @default {new ArchiveMemory()}
   */
  readonly archiveMemory?: ArchiveMemory;
}

/** A request for a path of the site. */
interface Asked {
  readonly head: RequestHead;
  /** The path below the base, resolved. */
  readonly path: string;
  /** The path as sent. */
  readonly sentPath: string;
  /** The query with its `?`, or the empty string. */
  readonly query: string;
}

/**
 * Makes the handler that serves a site.
 *
 * @param options What the site is, bounds, clock.
 * @returns A handler that throws `HttpError` where there is nothing to serve.
 */
export function staticHandler({ site, ...context }: StaticOptions): StaticHandler {
  const staticSite = new StaticSite(site, context);
  return (head) => staticSite.handle(head);
}

/** One site and the steps of a request. */
export class StaticSite {
  readonly #options: ParsedSiteOptions;
  readonly #context: Omit<StaticOptions, "site">;
  readonly #site: Site;
  readonly #rules: SiteRules;
  readonly #archiveMemory: ArchiveMemory;
  readonly #pathOptions: PathOptions;
  /** What may be written is asked later. */
  readonly #writtenOptions: PathOptions;
  /** What stands in for something else has a caching rule of its own. */
  readonly #standIn: { readonly set: readonly FieldLine[]; readonly removed: readonly [] };
  readonly #shell: { readonly set: readonly FieldLine[]; readonly removed: readonly [] };

  /**
   * Reads the rules of the site.
   *
   * @param options What the site is.
   * @param context Bounds, clock.
   */
  constructor(options: ParsedSiteOptions, context: Omit<StaticOptions, "site">) {
    const { isWindows = Deno.build.os === "windows", archiveMemory = new ArchiveMemory() } = context;
    this.#options = options;
    this.#context = context;
    this.#archiveMemory = archiveMemory;
    this.#site = new Site(options, context);
    this.#rules = new SiteRules(options, this.#site.tree, context);
    this.#rules.refresh();
    this.#pathOptions = { isHidingDots: !options.hasDotfiles, isWindows };
    this.#writtenOptions = { isHidingDots: false, isWindows };
    const policy: FieldLine = ["Cache-Control", options.isDev ? "no-store" : REVALIDATE];
    this.#standIn = { set: [policy], removed: [] };
    this.#shell = { set: [policy, SHELL_VARY], removed: [] };
  }

  /** What its paths stand for. */
  get files(): Site {
    return this.#site;
  }

  /**
   * Answers a request. Where a file was changed just then, it tries again.
   *
   * @param head The request.
   * @throws {HttpError} What answers it.
   */
  handle(head: RequestHead): HttpResponse | Promise<HttpResponse> {
    this.#rules.refresh();
    for (let attempt = 1;; attempt++) {
      let response;
      try {
        response = this.#serve(head);
      } catch (thrown) {
        if (thrown instanceof StaleFileError && attempt < TRIES) continue;
        throw this.fail(head, thrown);
      }
      if (response instanceof HttpError) throw this.fail(head, response);
      return response instanceof Promise ? this.#awaitListing(head, response) : response;
    }
  }

  /**
   * Gives an answer that is not from a file the fields that the site wants.
   *
   * @param head The request.
   * @param response The answer.
   */
  finish(head: RequestHead, response: HttpResponse): HttpResponse {
    return changeFields(response, this.#rules.selectChanges(this.#pathOf(head)).other);
  }

  /**
   * Makes the error that answers a request, with the page that the site has for it.
   *
   * @param head The request.
   * @param thrown What was thrown.
   */
  fail(head: RequestHead, thrown: unknown): HttpError {
    const error = toHttpError(toFileError(thrown));
    error.page = this.#makePage(head, error);
    return error;
  }

  /**
   * Resolves the path that a request wants to be written; whether it may is another question.
   *
   * @param head The request.
   * @returns The path below the base.
   * @throws {HttpError} 400 or 404.
   */
  resolveWritten(head: RequestHead): string {
    return this.#parseTarget(head, this.#writtenOptions).path;
  }

  /**
   * Tells which methods a path has, RFC 9110 section 10.2.1.
   *
   * @param head A request for the path.
   */
  allow(head: RequestHead): FieldLine {
    const { isUploading, isListing } = this.#options;
    const path = head.target.form === "asterisk" ? "/*" : this.#pathOf(head, this.#writtenOptions);
    const ofFile = path.endsWith("/") ? "" : ", PUT, DELETE";
    const ofFolder = isListing && /\/\*?$/.test(path) ? ", POST" : "";
    return ["Allow", isUploading ? ALLOWED + ofFile + ofFolder : ALLOWED];
  }

  async #awaitListing(head: RequestHead, response: Promise<HttpResponse>): Promise<HttpResponse> {
    try {
      return await response;
    } catch (thrown) {
      throw this.fail(head, thrown);
    }
  }

  #serve(head: RequestHead): HttpResponse | HttpError | Promise<HttpResponse> {
    if (head.method !== "GET" && head.method !== "HEAD") {
      return this.finish(head, answerOtherMethod(head.method, this.allow(head)));
    }
    const asked = this.#parseTarget(head);
    if (asked.path === "") return this.#redirectTo("/", asked);
    const rule = this.#rules.hasRedirects ? this.#findRule(asked) : undefined;
    switch (rule?.kind) {
      case undefined:
        return this.#serveEntry(asked);
      case "redirect":
        this.#context.note?.(`${REDIRECTS_FILE}:${rule.line} redirects it`);
        return this.#redirect(asked, rule.status, this.#locate(rule.location));
      case "rewrite":
        this.#context.note?.(`${REDIRECTS_FILE}:${rule.line} answers it with ${rule.path}`);
        return this.#serveRewritten(asked, rule);
      default:
        return rule satisfies never;
    }
  }

  #parseTarget(head: RequestHead, pathOptions: PathOptions = this.#pathOptions): Asked {
    const { target } = head;
    if (target.form !== "origin" && target.form !== "absolute") throw new HttpError(404, "Target has no path");
    const resolved = resolvePath(target.path, pathOptions);
    const { base } = this.#options;
    const isBase = resolved.length === base.length - 1 && base.startsWith(resolved);
    if (!isBase && !resolved.startsWith(base)) throw new HttpError(404, `Path is not below ${base}`);
    const path = resolved.slice(base.length - 1);
    return { head, path, sentPath: target.path, query: target.query };
  }

  /** A rule does not send a client round in circles, be it with the redirects of the server or by itself. */
  #findRule({ path, query }: Asked): RedirectMatch | undefined {
    const rule = this.#rules.match({ path, query, exists: () => this.#exists(path) });
    if (rule?.kind !== "redirect" || !rule.location.startsWith("/")) return rule;
    const target = this.#resolveLocation(rule.location);
    if (target === undefined) return rule;
    const entry = this.#tryFind(target);
    if (entry instanceof Redirect && entry.path === path) return undefined;
    const next = entry === undefined && this.#rules.match({ path: target, query: "", exists: () => false });
    return next && next.line === rule.line ? undefined : rule;
  }

  #resolveLocation(location: string): string | undefined {
    try {
      return resolvePath(location.replace(/[?#].*$/s, ""), this.#pathOptions);
    } catch {
      return undefined;
    }
  }

  #tryFind(path: string): SiteEntry | undefined {
    try {
      const entry = this.#site.find(path);
      return entry instanceof HttpError ? undefined : entry;
    } catch {
      return undefined;
    }
  }

  /** Whether a rule that is not forced stands back. What may not be read exists. */
  #exists(path: string): boolean {
    try {
      const entry = this.#site.find(path);
      return !(entry instanceof HttpError && entry.status === 404);
    } catch {
      return true;
    }
  }

  #serveEntry(asked: Asked): HttpResponse | HttpError | Promise<HttpResponse> {
    const entry = this.#site.find(asked.path);
    if (entry instanceof HttpError) return entry.status === 404 ? this.#serveShell(asked, entry) : entry;
    if (entry instanceof Resource) {
      const response = this.#select(asked.head, asked.path, entry);
      return changeFields(response, this.#rules.selectChanges(asked.path).file);
    }
    if (entry instanceof Redirect) return this.#redirectTo(entry.path, asked);
    return this.#serveListing(asked, entry);
  }

  #serveListing(asked: Asked, directory: Directory): HttpResponse | Promise<HttpResponse> {
    const { isArchiving, isUploading } = this.#options;
    if (isArchiving && new URLSearchParams(asked.query).get("archive") === "zip") return this.#serveArchive(asked);
    this.#context.note?.("It is a directory without an index file, and is listed");
    const { head, path, query } = asked;
    const base = encodePath(this.#options.base);
    const sentPath = asked.sentPath.startsWith(base) ? asked.sentPath.slice(base.length - 1) : encodePath(path);
    const listing = { directory, path, sentPath, query, isArchiving, isUploading };
    try {
      const response = listingResponse(head, listing, this.#nowMs);
      if (!(response instanceof Promise)) return this.#finishListing(path, response);
      return response.then((response) => this.#finishListing(path, response));
    } catch (error) {
      if (error instanceof StaleFileError) this.#site.forget(path);
      throw error;
    }
  }

  #finishListing(path: string, response: HttpResponse): HttpResponse {
    this.#site.weigh(path);
    return changeFields(response, this.#rules.selectChanges(path).file);
  }

  #serveArchive({ path }: Asked): HttpResponse {
    this.#context.note?.("It is a directory without an index file, and is sent as an archive");
    const name = path.split("/").at(-2) || ROOT_NAME;
    const { tree } = this.#site;
    const { open } = this.#context;
    const memory = this.#archiveMemory;
    if (memory.isScarce) {
      throw new HttpError(503, "Archives under way hold too much", { fields: [["Retry-After", "30"]] });
    }
    const stream = archive({ tree, folder: path, name, open, memory, isShown: (below) => this.#site.isShown(below) });
    const fields: readonly FieldLine[] = [
      ["Content-Type", "application/zip"],
      ["X-Content-Type-Options", "nosniff"],
      ["Content-Disposition", formatAttachment(`${name}.zip`)],
      ["Cache-Control", "no-store"],
    ];
    const response = new HttpResponse(200, fields, { stream, isEndless: false });
    return changeFields(response, this.#rules.selectChanges(path).other);
  }

  #select(head: RequestHead, path: string, resource: Resource): HttpResponse {
    this.#context.note?.(`The file is ${resource.path}`);
    const isPage = this.#options.isDev && isPageRequest(head.fieldLines.getList("accept"));
    const { heldBytes } = resource;
    try {
      return resource.select(head.fieldLines.getList("accept-encoding"), isPage).select(head, this.#nowMs);
    } catch (error) {
      if (error instanceof StaleFileError) this.#site.forget(path);
      throw error;
    } finally {
      if (resource.heldBytes !== heldBytes) this.#site.weigh(path);
    }
  }

  #serveRewritten(asked: Asked, { status, path, line }: RedirectMatch & { readonly kind: "rewrite" }): HttpResponse {
    if (status === 404) throw new HttpError(404, `${REDIRECTS_FILE}:${line} says so`, { pagePath: path });
    // Captured text may have made a name that the path of the request had not.
    const resolved = resolvePath(encodePath(path), { ...this.#pathOptions, isHidingDots: false });
    const file = this.#site.findFile(resolved) ?? this.#site.findFile(`${path}/`);
    if (file === undefined) throw new HttpError(404, `${REDIRECTS_FILE}:${line} names ${path}, which is no file`);
    const response = changeFields(this.#select(asked.head, file.path, file.resource), this.#standIn);
    return changeFields(response, this.#rules.selectChanges(asked.path).other);
  }

  #serveShell({ head, path }: Asked, error: HttpError): HttpResponse | HttpError {
    const { shell, mediaTypes } = this.#options;
    if (shell === undefined) return error;
    if (!isNavigation(head, findMediaType(path, mediaTypes))) {
      return new HttpError(404, `${error.message}; and this is no navigation`, { cause: error, fields: [SHELL_VARY] });
    }
    this.#context.note?.(`${error.message}; a navigation gets the shell`);
    const file = this.#site.findFile(shell);
    if (file === undefined) return new HttpError(404, `There is no shell ${shell}`, { cause: error });
    const response = changeFields(this.#select(head, file.path, file.resource), this.#shell);
    return changeFields(response, this.#rules.selectChanges(path).other);
  }

  /** Another path of the site is the one for what was asked for; the query stays. */
  #redirectTo(target: string, asked: Asked): HttpResponse {
    this.#context.note?.(`The path for it is ${target}`);
    const { base } = this.#options;
    const reference = siteReference(target, { path: asked.sentPath, resolved: asked.path, base });
    return this.#redirect(asked, 308, encodeReference(reference + asked.query));
  }

  #redirect({ path }: Asked, status: number, location: string): HttpResponse {
    const fields = [["Location", location], ["Cache-Control", REVALIDATE]] as const;
    const response = new HttpResponse(status, fields, NO_CONTENT);
    return changeFields(response, this.#rules.selectChanges(path).other);
  }

  /** Rules know nothing of the base. */
  #locate(location: string): string {
    return location.startsWith("/") ? encodePath(this.#options.base.slice(0, -1)) + location : location;
  }

  /** The page that the site has for an error; absent: the one that the server makes, where no field of it changes. */
  #makePage(head: RequestHead, error: HttpError): HttpResponse | undefined {
    const accept = head.fieldLines.getList("accept");
    const page = selectErrorType(accept) === "json" ? undefined : this.#findPage(error, accept);
    if (!this.#rules.hasFields) return page;
    const changes = this.#rules.selectChanges(this.#pathOf(head)).other;
    return changes === NO_CHANGES ? page : changeFields(page ?? errorResponse(error, accept), changes);
  }

  /** `404.html` and the like, or `50x.html` for all 5xx, in the root: sent with the status of the error. */
  #findPage({ status, fields, pagePath }: HttpError, accept: string | undefined): HttpResponse | undefined {
    const isPage = this.#options.isDev && isPageRequest(accept);
    const own = pagePath === undefined ? [] : [pagePath, `${pagePath}/`];
    const usual = status < 500 ? [`/${status}.html`] : [`/${status}.html`, "/50x.html"];
    for (const path of [...own, ...usual]) {
      const file = this.#site.findFile(path);
      if (file === undefined) continue;
      try {
        const { content } = file.resource.select(undefined, isPage);
        if (content === undefined) continue;
        return new HttpResponse(status, errorFields(file.resource.contentType, fields), content);
      } catch {
        // The site has no such page now.
      } finally {
        this.#site.weigh(file.path);
      }
    }
    return undefined;
  }

  /** What has no path gets the fields of the root. */
  #pathOf(head: RequestHead, pathOptions: PathOptions = this.#pathOptions): string {
    try {
      return this.#parseTarget(head, pathOptions).path || "/";
    } catch {
      return "/";
    }
  }

  get #nowMs(): number {
    return this.#context.clock.second * 1000;
  }
}

/** RFC 9110 sections 9.3.7, 15.5.6 and 15.6.2. */
function answerOtherMethod(method: string, allow: FieldLine): HttpResponse {
  if (method === "OPTIONS") return new HttpResponse(204, [allow], NO_CONTENT);
  if (OTHER_METHODS.has(method)) throw new HttpError(405, `${method} is not allowed here`, { fields: [allow] });
  throw new HttpError(501, "Method is not known");
}
