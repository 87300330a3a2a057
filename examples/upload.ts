/**
 * Uploads with progress. A file of any size is read as it comes, piece by piece, and never kept: the answer is its size
 * and its SHA-256. Without JavaScript the form sends its files as `multipart/form-data`, which is read into memory, so
 * there is less room.
 *
 *     deno run --allow-net --allow-read main.ts --app examples/upload.ts
 */

import { createHash } from "node:crypto";
import { escape } from "@std/html/entities";
import { route } from "../mod.ts";
import page from "./upload.html" with { type: "text" };

const MOST_STREAMED_BYTES = 100 * 2 ** 30;
const MOST_FORM_BYTES = 64 * 2 ** 20;

/** What is told of a file. */
interface Digest {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

async function digest(name: string, content: ReadableStream<Uint8Array> | null): Promise<Digest> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of content ?? []) {
    hash.update(piece);
    size += piece.length;
  }
  return { name, size, sha256: hash.digest("hex") };
}

/** The page, with what was sent by the form. */
function show(digests: readonly Digest[] = []): Response {
  const items = digests.map(({ name, size, sha256 }) =>
    `<li><b>${escape(name)}</b> <span>${size.toLocaleString("en")} bytes</span> <code>${sha256}</code></li>`
  );
  const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache" };
  return new Response(page.replace("<!-- files -->", () => items.join("\n")), { headers });
}

export default route({
  "GET /": () => show(),
  "POST /": async (request, { info }) => {
    if (info !== undefined) info.maxBodyBytes = MOST_FORM_BYTES;
    const files = (await request.formData()).getAll("file").filter((value) => value instanceof File);
    return show(await Promise.all(files.map((file) => digest(file.name, file.stream()))));
  },
  "PUT /files/:name": async (request, { params, info }) => {
    if (info !== undefined) info.maxBodyBytes = MOST_STREAMED_BYTES;
    return Response.json(await digest(decodeURIComponent(params.name), request.body));
  },
});
