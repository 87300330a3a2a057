/**
 * The opening handshake of a WebSocket as the server sees it, RFC 6455 section 4.2: the fields of a request → what is
 * wrong with it, or the fields of the 101.
 *
 * `Origin` is not judged: which pages may connect is for the application to say (section 10.2).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { HttpError } from "./errors.ts";
import type { DeflateParameters } from "./permessage_deflate.ts";
import { acceptDeflate } from "./permessage_deflate.ts";

/** The little that is needed of a request; its `Headers` have `get`. */
export interface HandshakeRequest {
  /** The method, case-sensitive. */
  readonly method: string;
  /**
   * The value of a field, lines of the same name joined with a comma.
   *
   * @param name The field name in lower case.
   */
  get(name: string): string | null | undefined;
}

/** What the application wants. */
export interface HandshakeOptions {
  /** The subprotocol, one of those that the client offers. */
  readonly protocol?: string | undefined;
  /** Whether messages may be compressed. */
  readonly compress?: boolean | undefined;
}

/** A handshake that was accepted. */
export interface Handshake {
  /** The fields of the 101. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** What was agreed about compression; absent: none. */
  readonly deflate?: DeflateParameters;
}

const VERSION = ["Sec-WebSocket-Version", "13"] as const;
const UPGRADE = [["Upgrade", "websocket"], ["Connection", "Upgrade"]] as const;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A nonce of 16 bytes in base64, section 4.1. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** token, RFC 9110 section 5.6.2. */
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.source;
const TOKENS = list(TOKEN);
/** extension, section 9.1: also a quoted value must be a token. */
const EXTENSIONS = list(`${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|"${TOKEN}"))?)*`);

/** 1#element, RFC 9110 section 5.6.1.2: a recipient takes empty elements too. */
function list(element: string): RegExp {
  return new RegExp(`^[ \\t,]*${element}(?:[ \\t]*,[ \\t,]*${element})*[ \\t,]*$`);
}

/**
 * Accepts a handshake, RFC 6455 section 4.2.2.
 *
 * @param request The request.
 * @param options What the application wants.
 * @throws {HttpError} 405 for a method other than GET, 426 where another protocol or version is spoken, 400 where
 * anything else is not as it must be.
 */
export function acceptHandshake(request: HandshakeRequest, options: HandshakeOptions = {}): Handshake {
  checkRequest(request);
  const { protocol, compress = false } = options;
  checkProtocols(request.get("sec-websocket-protocol"), protocol);
  const extensions = request.get("sec-websocket-extensions") ?? "";
  if (extensions !== "" && !EXTENSIONS.test(extensions)) throw bad("Sec-WebSocket-Extensions", extensions);
  const deflate = compress ? acceptDeflate(extensions) : undefined;
  const fields: [name: string, value: string][] = [
    ...UPGRADE.map(([name, value]): [string, string] => [name, value]),
    ["Sec-WebSocket-Accept", encodeAccept(request.get("sec-websocket-key") ?? "")],
  ];
  if (protocol !== undefined) fields.push(["Sec-WebSocket-Protocol", protocol]);
  if (deflate === undefined) return { fields };
  fields.push(["Sec-WebSocket-Extensions", deflate.response]);
  return { fields, deflate };
}

/** RFC 6455 sections 4.2.1 and 4.4; RFC 9110 section 15.5.22 for the fields of a 426. */
function checkRequest(request: HandshakeRequest): void {
  if (request.method !== "GET") {
    throw new HttpError(405, `WebSocket with method ${request.method}`, { fields: [["Allow", "GET"]] });
  }
  if (!includes(request.get("upgrade"), "websocket")) {
    throw new HttpError(426, "Upgrade does not name websocket", { fields: [...UPGRADE, VERSION] });
  }
  if (!includes(request.get("connection"), "upgrade")) throw new HttpError(400, "Connection does not name Upgrade");
  const version = request.get("sec-websocket-version");
  if (version !== VERSION[1]) {
    throw new HttpError(426, `WebSocket version is ${version}`, { fields: [...UPGRADE, VERSION] });
  }
  const key = request.get("sec-websocket-key") ?? "";
  if (!KEY.test(key)) throw bad("Sec-WebSocket-Key", key);
}

/** A client that asks for a subprotocol and gets another, or none, must give up: section 4.1. */
function checkProtocols(offered: string | null | undefined, wanted: string | undefined): void {
  const offers = offered ?? "";
  if (offers !== "" && !TOKENS.test(offers)) throw bad("Sec-WebSocket-Protocol", offers);
  if (wanted === undefined) return;
  if (!offers.split(",").some((offer) => offer.trim() === wanted)) {
    throw new HttpError(400, `The client does not offer the subprotocol ${JSON.stringify(wanted)}`);
  }
}

/** Section 4.2.2, step 5.4. */
function encodeAccept(key: string): string {
  return createHash("sha1").update(key + GUID).digest("base64");
}

/** Whether a list holds an element, in any case. */
function includes(value: string | null | undefined, element: string): boolean {
  return (value ?? "").split(",").some((part) => part.trim().toLowerCase() === element);
}

function bad(name: string, value: string): HttpError {
  return new HttpError(400, `Cannot parse ${name} ${JSON.stringify(value.slice(0, 80))}`);
}
