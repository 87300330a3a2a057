/**
 * What a client sees of an error: the status and its reason phrase, never the message, a path or a stack.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";
import { reasonPhrase } from "./http1.ts";
import type { FieldLine } from "./message.ts";
import { ReusableResponse } from "./message.ts";

const ENCODER = new TextEncoder();
const made = new Map<number, ReusableResponse>();

/**
 * Makes the answer to a request that failed.
 *
 * @param error What went wrong; its further field lines are sent too.
 * @returns A short text in the given status.
 */
export function errorResponse(error: HttpError): ReusableResponse {
  if (error.fields.length > 0) return makeResponse(error.status, error.fields);
  let response = made.get(error.status);
  if (response === undefined) made.set(error.status, response = makeResponse(error.status, []));
  return response;
}

function makeResponse(status: number, fields: readonly FieldLine[]): ReusableResponse {
  const text = `${status} ${reasonPhrase(status)}\n`;
  return new ReusableResponse(status, [["Content-Type", "text/plain; charset=utf-8"], ...fields], ENCODER.encode(text));
}
