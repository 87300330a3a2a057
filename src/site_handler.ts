/**
 * All that answers for a site, put together: its files, other origins, and pages that reload.
 *
 * @module
 */

import type { SiteOptions } from "./config.ts";
import { withCors } from "./cors.ts";
import { FileWatch } from "./file_watch.ts";
import { RELOAD_PATH, RELOAD_SCRIPT, RELOAD_SCRIPT_PATH } from "./live_reload.ts";
import type { RequestHead, StaticHandler } from "./message.ts";
import { HttpResponse } from "./message.ts";
import { ReloadFeed } from "./reload_feed.ts";
import { addChanges, changedAtStart } from "./site_change.ts";
import type { ParsedSiteOptions } from "./site_options.ts";
import { parseSiteOptions } from "./site_options.ts";
import type { StaticOptions } from "./static.ts";
import { StaticSite } from "./static.ts";

const ENCODER = new TextEncoder();
const NOT_KEPT = ["Cache-Control", "no-store"] as const;
const NOSNIFF = ["X-Content-Type-Options", "nosniff"] as const;

/** How the handler of a site is made. */
export interface SiteHandlerOptions extends Omit<StaticOptions, "site"> {
  /** What the site is. */
  readonly site: SiteOptions;
  /** Files whose changes reload no page, by their absolute paths. */
  readonly unwatched: readonly string[];
}

/**
 * Makes the handler of a site.
 *
 * @param options What the site is, bounds, clock.
 * @returns A handler that throws `HttpError` where there is nothing to serve.
 * @throws {UsageError} Where an option of the site has no meaning.
 */
export function siteHandler(options: SiteHandlerOptions): StaticHandler {
  const site = parseSiteOptions(options.site);
  if (!site.isDev) return fileHandler({ ...options, site });
  // A page that reloads at once must not get what was there a moment ago.
  const cache = { ...options.cache, freshMs: 0 };
  return withReload(fileHandler({ ...options, site, cache }), site, options);
}

/**
 * Makes the part of the handler that answers from files alone.
 *
 * @param options What the site is, bounds, clock.
 */
export function fileHandler(options: StaticOptions): StaticHandler {
  const { site, ...context } = options;
  return withOthers(new StaticSite(site, context), site);
}

/**
 * Lets pages of other origins read the answers, where the site allows that.
 *
 * @param files The files.
 * @param options The options of the site.
 */
export function withOthers(files: StaticSite, { cors }: ParsedSiteOptions): StaticHandler {
  const handler: StaticHandler = (head) => files.handle(head);
  return cors === undefined ? handler : withCors(handler, cors);
}

/**
 * Answers for the script and the stream that make pages reload.
 *
 * @param handler Answers for all the rest.
 * @param site The options of the site.
 * @param options What is not to be watched, and whom to tell of problems.
 */
export function withReload(
  handler: StaticHandler,
  { root, base }: ParsedSiteOptions,
  options: SiteHandlerOptions,
): StaticHandler {
  let last = changedAtStart(Date.now());
  const feed = new ReloadFeed(last);
  new FileWatch(root, {
    ignored: options.unwatched,
    onChange: (paths) => feed.publish(last = addChanges(last, paths, Date.now())),
    onProblem: (message) => options.report?.("error", message),
  });
  const prefix = base.slice(0, -1);
  return (head) => {
    switch (selectPath(head)) {
      case prefix + RELOAD_SCRIPT_PATH: {
        const fields = [["Content-Type", "text/javascript; charset=utf-8"], NOT_KEPT, NOSNIFF] as const;
        return new HttpResponse(200, fields, ENCODER.encode(RELOAD_SCRIPT));
      }
      case prefix + RELOAD_PATH: {
        const fields = [["Content-Type", "text/event-stream"], NOT_KEPT, NOSNIFF] as const;
        return new HttpResponse(200, fields, { stream: feed.subscribe(), isEndless: true });
      }
      default:
        return handler(head);
    }
  };
}

function selectPath({ method, target }: RequestHead): string | undefined {
  const hasPath = target.form === "origin" || target.form === "absolute";
  return hasPath && (method === "GET" || method === "HEAD") ? target.path : undefined;
}
