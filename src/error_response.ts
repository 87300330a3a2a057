/**
 * What a client sees of an error: the status and its reason phrase, as a page, as JSON or as text, whichever it
 * accepts; never the message, a path or a stack.
 *
 * @module
 */

import type { HttpError } from "./errors.ts";
import { reasonPhrase } from "./http1.ts";
import type { FieldLine } from "./message.ts";
import { ReusableResponse } from "./message.ts";
import { selectErrorType } from "./negotiation.ts";

/** Nothing but the one style sheet of the page may take effect; its digest is kept true by a test. */
const POLICY =
  "default-src 'none'; style-src 'sha256-eojVGrHE4Z2692b5qFeo2ROvupiSdh9t5CySSy7B4Mk='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The style sheet of the page. */
export const STYLE: string = ":root{color-scheme:light dark}" +
  "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:18vh auto 0;padding:0 1.5rem}" +
  "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}p{margin:0}";

/** What may help, in a sentence. */
const ADVICE: Readonly<Record<number, string>> = {
  400: "The request could not be understood.",
  401: "This needs a name and a password.",
  403: "This is not allowed.",
  404: "There is nothing here under this address.",
  405: "This method is not allowed here.",
  408: "The request took too long to arrive.",
  409: "This does not fit what is here already.",
  412: "This has changed, or is not what was expected.",
  413: "The request is too large.",
  414: "The address is too long.",
  415: "Content of this kind is not taken.",
  416: "The file has no such range.",
  417: "What is expected here cannot be done.",
  429: "This is more than one client may ask for. Trying again soon may help.",
  431: "The request has too many or too large fields.",
  500: "The server failed. Trying again may help.",
  501: "The server does not know how to do this.",
  503: "The server is busy. Trying again soon may help.",
  505: "This version of HTTP is not spoken here.",
  507: "There is no room for this.",
};

const ENCODER = new TextEncoder();
const made = new Map<string, ReusableResponse>();

/**
 * Makes the answer to a request that failed.
 *
 * @param error What went wrong; its further field lines are sent too.
 * @param accept The value of `Accept`.
 */
export function errorResponse(error: HttpError, accept: string | undefined): ReusableResponse {
  const type = selectErrorType(accept);
  if (error.fields.length > 0) return makeResponse(error.status, type, error.fields);
  const key = `${error.status} ${type}`;
  let response = made.get(key);
  if (response === undefined) made.set(key, response = makeResponse(error.status, type, []));
  return response;
}

/**
 * The field lines of every error answer: it is no answer to the next request, and its form depends on `Accept`.
 *
 * @param contentType The value of `Content-Type`.
 * @param fields Those that belong to the error.
 */
export function errorFields(contentType: string, fields: readonly FieldLine[]): FieldLine[] {
  return [
    ["Content-Type", contentType],
    ["X-Content-Type-Options", "nosniff"],
    ...fields.filter(([name]) => name !== "Cache-Control"),
    ["Cache-Control", "no-cache"],
    ["Vary", "Accept"],
  ];
}

function makeResponse(status: number, type: "html" | "json" | "text", fields: readonly FieldLine[]): ReusableResponse {
  const reason = reasonPhrase(status);
  const detail = ADVICE[status] ?? "";
  switch (type) {
    case "html": {
      const contentType = "text/html; charset=utf-8";
      const body = ENCODER.encode(formatPage(`${status} ${reason}`, detail));
      return new ReusableResponse(
        status,
        [...errorFields(contentType, fields), ["Content-Security-Policy", POLICY]],
        body,
      );
    }
    case "json": {
      const body = ENCODER.encode(`${JSON.stringify({ status, title: reason, detail })}\n`);
      return new ReusableResponse(status, errorFields("application/problem+json", fields), body);
    }
    case "text": {
      const body = ENCODER.encode(`${status} ${reason}\n`);
      return new ReusableResponse(status, errorFields("text/plain; charset=utf-8", fields), body);
    }
    default:
      return type satisfies never;
  }
}

function formatPage(title: string, detail: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
<main>
<h1>${title}</h1>
<p>${detail}</p>
</main>
</html>
`;
}
