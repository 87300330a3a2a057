/**
 * Writes the files of a site: PUT and DELETE of one file (RFC 9110 sections 9.3.4 and 9.3.5), POST of a form with files
 * into a folder (RFC 7578). It stands before the handler that reads, and leaves it all other methods.
 *
 * A file is received beside its place and put there when it is complete, so a broken upload leaves nothing behind, and
 * nobody reads the half of a file. What is written lies inside the root by its real path, whatever links are followed;
 * no link is written through, and no hidden name or file of rules is touched. Preconditions are looked at before the
 * body is read and again before the file takes its place. Pages of other origins may not write.
 *
 * Left out on purpose: making and removing folders, parts of files, and the bits that a file may be executed by.
 *
 * @module
 */

import { dirname, join } from "@std/path";
import type { Clock } from "./clock.ts";
import type { Validators } from "./conditional.ts";
import { evaluatePreconditions, hasEntityTag, makeEntityTag } from "./conditional.ts";
import { HttpError, TransportError } from "./errors.ts";
import type { FieldLines, RequestHead, StaticHandler } from "./message.ts";
import { HttpResponse } from "./message.ts";
import { MultipartForm } from "./multipart_form.ts";
import { CONTENT_CODINGS, selectListingType } from "./negotiation.ts";
import { PendingFile, toWriteError } from "./pending_file.ts";
import type { Handler, RequestBody } from "./request_context.ts";
import { isYoung } from "./file_state.ts";
import type { StaticSite } from "./static.ts";

const NO_CONTENT = new Uint8Array(0);
const ENCODER = new TextEncoder();

/** How many names are tried for a file of a form before it is refused. */
const MOST_NAMES = 1_000;

/** The body was not looked at: what follows on the connection is known. */
const KEEP = { close: false };

/** How files are written. */
export interface UploadOptions {
  /** The site that they are written to. */
  readonly site: StaticSite;
  /** What the body of a request may have, in bytes. */
  readonly limitBytes: number;
  /** The time of the worker. */
  readonly clock: Clock;
}

/** Methods that write. */
type WritingMethod = "PUT" | "POST" | "DELETE";

/** A folder inside the root. */
interface Folder {
  /** Its real path. */
  readonly path: string;
  /** The path of the site that this stands for, without a slash at the end. */
  readonly sitePath: string;
}

/**
 * Lets the files of a site be written.
 *
 * @param files The handler that reads them.
 * @param options How they are written.
 */
export function withUploads(files: StaticHandler, options: UploadOptions): Handler {
  const uploads = new Uploads(options);
  return (head, open) => {
    const { method } = head;
    if (method !== "PUT" && method !== "POST" && method !== "DELETE") return files(head);
    return uploads.handle(head, method, () => open().body);
  };
}

/** What is done for each method. */
class Uploads {
  readonly #site: StaticSite;
  readonly #limitBytes: number;
  readonly #clock: Clock;

  constructor({ site, limitBytes, clock }: UploadOptions) {
    this.#site = site;
    this.#limitBytes = limitBytes;
    this.#clock = clock;
  }

  async handle(head: RequestHead, method: WritingMethod, open: () => RequestBody): Promise<HttpResponse> {
    try {
      return this.#site.finish(head, await this.#write(head, method, open));
    } catch (thrown) {
      if (thrown instanceof TransportError) throw thrown;
      throw this.#site.fail(head, toWriteError(thrown));
    }
  }

  async #write(head: RequestHead, method: WritingMethod, open: () => RequestBody): Promise<HttpResponse> {
    checkOrigin(head);
    const path = this.#site.resolveWritten(head);
    const allow = this.#site.allow(head);
    if (!allow[1].split(", ").includes(method)) {
      throw new HttpError(405, `${method} is not allowed here`, { fields: [allow] });
    }
    switch (method) {
      case "PUT":
        return await this.#put(head, this.#locate(path), open);
      case "DELETE":
        return this.#delete(head, this.#locate(path));
      case "POST":
        return await this.#post(head, this.#findFolder(path), open);
      default:
        return method satisfies never;
    }
  }

  async #put(head: RequestHead, path: string, open: () => RequestBody): Promise<HttpResponse> {
    const { fieldLines } = head;
    // RFC 9110 section 14.4: the part would be taken for the whole.
    if (fieldLines.get("content-range") !== undefined) throw new HttpError(400, "PUT of a part", KEEP);
    if (fieldLines.get("content-encoding") !== undefined) {
      throw new HttpError(415, "PUT of coded content", { fields: [["Accept-Encoding", "identity"]] });
    }
    this.#check(head, path);
    const body = this.#limit(open());
    using pending = new PendingFile(dirname(path));
    for (let piece = await body.next(); piece !== undefined; piece = await body.next()) await pending.write(piece);
    const isNew = this.#check(head, path) === undefined;
    if (!isNew || fieldLines.get("if-none-match") === undefined) pending.replace(path);
    else if (!pending.publish(path)) throw new HttpError(412, "Somebody else was quicker");
    return new HttpResponse(isNew ? 201 : 204, [], NO_CONTENT);
  }

  #delete(head: RequestHead, path: string): HttpResponse {
    if (lookAt(path) === undefined) throw new HttpError(404, "There is nothing to delete");
    this.#check(head, path);
    Deno.removeSync(path);
    return new HttpResponse(204, [], NO_CONTENT);
  }

  /** The files of a form get their names when all of it was received. */
  async #post(head: RequestHead, folder: Folder, open: () => RequestBody): Promise<HttpResponse> {
    const form = new MultipartForm(head.fieldLines.getList("content-type") ?? "");
    const body = this.#limit(open());
    using received = new DisposableStack();
    const files: { readonly name: string; readonly pending: PendingFile }[] = [];
    for (let isMore = true; isMore;) {
      const piece = await body.next();
      isMore = piece !== undefined;
      for (const event of piece === undefined ? form.end() : form.write(piece)) {
        if (event.kind === "file") {
          const name = this.#checkName(folder, event.name);
          files.push({ name, pending: received.use(new PendingFile(folder.path)) });
        } else if (event.kind === "bytes") {
          await files.at(-1)?.pending.write(event.bytes);
        } else {
          files.at(-1)?.pending.close();
        }
      }
    }
    return answerForm(head, files.map(({ name, pending }) => publish(folder.path, name, pending)));
  }

  #limit(body: RequestBody): RequestBody {
    body.limitBytes = this.#limitBytes;
    body.checkLength();
    return body;
  }

  /** The whole path of a file that may be written. */
  #locate(path: string): string {
    const at = path.lastIndexOf("/") + 1;
    const folder = this.#findFolder(path.slice(0, at));
    return join(folder.path, this.#checkName(folder, path.slice(at)));
  }

  /** RFC 9110 section 15.5.10: that a folder is missing can be put right by the client. */
  #findFolder(path: string): Folder {
    const { files } = this.#site;
    if (!files.isWritable(path)) throw new HttpError(403, "A folder is hidden");
    try {
      const folder = files.tree.findFolder(path);
      if (files.isWritable(folder.sitePath)) return folder;
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 404) throw error;
      throw new HttpError(409, "There is no such folder", { cause: error });
    }
    throw new HttpError(403, "A link leads to a hidden folder");
  }

  #checkName({ sitePath }: Folder, name: string): string {
    if (this.#site.files.isWritable(`${sitePath}/${name}`)) return name;
    throw new HttpError(403, `${JSON.stringify(name)} is hidden`);
  }

  /** Looks at what has the name now, and at the preconditions. */
  #check({ method, fieldLines }: RequestHead, path: string): Deno.FileInfo | undefined {
    const info = lookAt(path);
    const validators = info && selectValidators(fieldLines, info);
    const nowMs = this.#clock.second * 1000;
    if (evaluatePreconditions(method, fieldLines, validators, nowMs) === "proceed") return info;
    throw new HttpError(412, "Precondition failed");
  }
}

/**
 * The state of the regular file that has a name.
 *
 * @throws {HttpError} 403 for a link, which could lead anywhere, or a device; 409 for a folder.
 */
function lookAt(path: string): Deno.FileInfo | undefined {
  let info;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (info.isDirectory) throw new HttpError(409, "The name is that of a folder");
  if (!info.isFile) throw new HttpError(403, "The name is that of a link or a device");
  return info;
}

/** A client may know the file by the tag of any of its content codings; the one that it names is the selected one. */
function selectValidators(fieldLines: FieldLines, { mtime, size }: Deno.FileInfo): Validators {
  const mtimeMs = mtime?.getTime() ?? 0;
  const state = { mtimeMs, size, isYoung: isYoung(mtimeMs) };
  const named = `${fieldLines.getList("if-match") ?? ""},${fieldLines.getList("if-none-match") ?? ""}`;
  const variant = CONTENT_CODINGS.find((coding) =>
    hasEntityTag(named, makeEntityTag({ ...state, variant: coding }), "weak")
  );
  return { entityTag: makeEntityTag({ ...state, variant }), lastModifiedMs: mtimeMs };
}

/**
 * Pages of other origins can send forms, and with them the password that the browser knows: Fetch Metadata section 2.3,
 * RFC 6454 section 7.
 */
function checkOrigin({ fieldLines, target }: RequestHead): void {
  const site = fieldLines.getList("sec-fetch-site") ?? "none";
  if (site !== "none" && site !== "same-origin") throw new HttpError(403, `The request comes from ${site}`);
  const origin = fieldLines.getList("origin");
  if (origin === undefined) return;
  const host = target.form === "absolute" ? target.authority : fieldLines.get("host");
  // A proxy that speaks TLS with the client leaves the host as it was, and not the scheme.
  const isOwn = URL.canParse(origin) && new URL(origin).host === hostOf(`${origin.split(":")[0]}://${host}`);
  if (!isOwn) throw new HttpError(403, `The request comes from ${origin}`);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** Never takes the place of a file: a number sets the name apart, as browsers do it for downloads. */
function publish(folder: string, name: string, pending: PendingFile): string {
  const dot = name.lastIndexOf(".");
  const at = dot > 0 ? dot : name.length;
  for (let number = 0; number < MOST_NAMES; number++) {
    const free = number === 0 ? name : `${name.slice(0, at)} (${number})${name.slice(at)}`;
    if (pending.publish(join(folder, free))) return free;
  }
  throw new HttpError(409, `There are ${MOST_NAMES} files called ${JSON.stringify(name)}`);
}

/** A browser goes back to the folder; a program that asks for JSON is told the names. */
function answerForm({ fieldLines }: RequestHead, names: readonly string[]): HttpResponse {
  if (selectListingType(fieldLines.getList("accept")) !== "json") {
    return new HttpResponse(303, [["Location", "./"]], NO_CONTENT);
  }
  const fields = [["Content-Type", "application/json"], ["Cache-Control", "no-store"]] as const;
  return new HttpResponse(201, fields, ENCODER.encode(`${JSON.stringify({ files: names })}\n`));
}
