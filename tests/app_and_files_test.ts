/** `app_and_files.ts`: who answers, the files or the application; and what nobody sends is let go. */

import { assertEquals } from "@std/assert";
import { appBeforeFiles, filesBeforeApp } from "../src/app_and_files.ts";
import { HttpError } from "../src/errors.ts";
import { HttpResponse } from "../src/message.ts";
import type { RequestHead } from "../src/message.ts";
import type { StaticHandler } from "../src/message.ts";
import { requestHead } from "./ask.ts";

/** What a side does: the status of its answer, or of what it throws where that is negative. */
type Side = number;

/** Method, files, application, and the answer: who gave it and its status; files, then application first. */
const ROWS: readonly [method: string, files: Side, app: Side, filesFirst: string, appFirst: string][] = [
  ["GET", 200, 200, "files 200", "app 200"],
  ["HEAD", 200, 200, "files 200", "app 200"],
  ["POST", 200, 200, "app 200", "app 200"],
  ["OPTIONS", 200, 204, "app 204", "app 204"],
  ["GET", 304, 404, "files 304", "files 304"],
  ["HEAD", 308, 404, "files 308", "files 308"],
  ["POST", 200, 404, "app 404", "app 404"],
  ["GET", -404, 200, "app 200", "app 200"],
  ["GET", -404, 404, "app 404", "app 404"],
  ["GET", -403, 200, "files threw 403", "app 200"],
  ["GET", -403, 404, "files threw 403", "files threw 403"],
  ["GET", -400, 404, "files threw 400", "files threw 400"],
  ["GET", 200, 500, "files 200", "app 500"],
  ["GET", -404, -500, "app threw 500", "app threw 500"],
  ["POST", 200, -413, "app threw 413", "app threw 413"],
];

/** Answers with a stream, to see whether one that is not sent is ended. */
function makeSide(name: string, side: Side, open: Set<string>): (head: RequestHead) => HttpResponse {
  return () => {
    if (side < 0) throw new HttpError(-side, `${name} threw`);
    open.add(name);
    const stream = {
      next: () => Promise.resolve({ done: true as const, value: undefined }),
      return: () => {
        open.delete(name);
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    return new HttpResponse(side, [["X-Side", name]], { stream, isEndless: false });
  };
}

async function show(answer: () => HttpResponse | Promise<HttpResponse>): Promise<string> {
  try {
    const { status, fields } = await answer();
    return `${fields[0]?.[1]} ${status}`;
  } catch (error) {
    if (error instanceof HttpError) return `${error.message} ${error.status}`;
    throw error;
  }
}

const NOT_OPENED = () => {
  throw new Error("no side opens the request");
};

for (const [method, files, app, filesFirst, appFirst] of ROWS) {
  for (const [order, expected] of [["files", filesFirst], ["app", appFirst]] as const) {
    Deno.test(`${order} first: ${method}, files ${files}, application ${app}: ${expected}`, async (t) => {
      for (const when of ["at once", "later"]) {
        await t.step(`the files answer ${when}`, async () => {
          const open = new Set<string>();
          const [filesSide, appSide] = [makeSide("files", files, open), makeSide("app", app, open)];
          const side: StaticHandler = when === "at once" ? filesSide : (head) => Promise.try(filesSide, head);
          const handler = order === "files" ? filesBeforeApp(side, appSide) : appBeforeFiles(appSide, side);
          assertEquals(await show(() => handler(requestHead(`${method} / HTTP/1.1`), NOT_OPENED)), expected);
          const sent = expected.includes("threw") ? [] : [expected.split(" ")[0] ?? ""];
          assertEquals([...open], sent, "what is not sent is ended");
        });
      }
    });
  }
}
