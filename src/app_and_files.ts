/**
 * A site of files and an application on one address: who is asked first, and what the other one answers.
 *
 * @module
 */

import { HttpError } from "./errors.ts";
import type { HttpResponse, RequestHead, StaticHandler } from "./message.ts";
import type { Handler } from "./request_context.ts";
import { releaseBody } from "./response_writer.ts";
import { settle } from "./settle.ts";

/**
 * Asks the files first: what they do not have is the application's, and every method that is not for files.
 *
 * @param files The files.
 * @param app The application.
 */
export function filesBeforeApp(files: StaticHandler, app: Handler): Handler {
  return (head, open) => {
    if (!isForFiles(head)) return app(head, open);
    return settle(() => files(head), (response) => response, (error) => {
      if (isNotFound(error)) return app(head, open);
      throw error;
    });
  };
}

/**
 * Asks the application first: what it answers with 404 is tried as a file.
 *
 * @param app The application.
 * @param files The files.
 */
export function appBeforeFiles(app: Handler, files: StaticHandler): Handler {
  return async (head, open) => {
    const response = await app(head, open);
    if (response.status !== 404 || !isForFiles(head)) return response;
    let file: HttpResponse;
    try {
      file = await files(head);
    } catch (error) {
      if (isNotFound(error)) return response;
      releaseBody(response.body);
      throw error;
    }
    releaseBody(response.body);
    return file;
  };
}

function isNotFound(error: unknown): boolean {
  return error instanceof HttpError && error.status === 404;
}

function isForFiles({ method }: RequestHead): boolean {
  return method === "GET" || method === "HEAD";
}
