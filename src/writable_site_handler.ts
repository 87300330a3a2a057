/**
 * The handler of a site whose files can be written: a module of its own, since few sites are, and a worker that starts
 * should not wait for what it does not use.
 *
 * @module
 */

import type { Handler } from "./request_context.ts";
import type { SiteHandlerOptions } from "./site_handler.ts";
import { withOthers, withReload } from "./site_handler.ts";
import { parseSiteOptions } from "./site_options.ts";
import { StaticSite } from "./static.ts";
import { withUploads } from "./upload.ts";

/**
 * Makes the handler of a site whose files can be written too.
 *
 * @param options What the site is, bounds, clock.
 * @param limitBytes What the body of a request that writes may have, in bytes.
 * @throws {UsageError} Where an option of the site has no meaning.
 */
export function writableSiteHandler(options: SiteHandlerOptions, limitBytes: number): Handler {
  const site = parseSiteOptions(options.site);
  // Whoever has written a file must find it, whichever worker answers.
  const context = { ...options, site, cache: { ...options.cache, freshMs: 0 } };
  const files = new StaticSite(site, context);
  const handler = withOthers(files, site);
  const reading = site.isDev ? withReload(handler, site, options) : handler;
  return withUploads(reading, { site: files, limitBytes, clock: options.clock });
}
