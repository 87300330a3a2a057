/**
 * The file of users: `name:hash` on each line, `#` before a comment.
 *
 * @module
 */

import type { PasswordHash } from "./password_hash.ts";
import { parsePasswordHash } from "./password_hash.ts";

/** The users by their names. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** What a file of users says. */
export interface ParsedUsers {
  /** The users. */
  readonly users: Users;
  /** What is wrong with it, one sentence for each line that has a mistake: `3: …`. */
  readonly mistakes: readonly string[];
}

// deno-lint-ignore no-control-regex -- RFC 7617 section 2: a user-id holds no control characters
const CONTROLS = /[\x00-\x1f\x7f]/;

/**
 * Parses a file of users.
 *
 * @param text The content of the file.
 */
export function parseUsers(text: string): ParsedUsers {
  const users = new Map<string, PasswordHash>();
  const mistakes: string[] = [];
  for (const [at, line] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const fault = addUser(users, line.trimEnd());
    if (fault !== undefined) mistakes.push(`${at + 1}: ${fault}`);
  }
  if (users.size === 0 && mistakes.length === 0) mistakes.push("1: there is no user");
  return { users, mistakes };
}

function addUser(users: Map<string, PasswordHash>, line: string): string | undefined {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  const fault = checkUserName(name);
  if (fault !== undefined) return fault;
  if (users.has(name)) return `${name} is there already`;
  const hash = parsePasswordHash(line.slice(colon + 1));
  if (typeof hash === "string") return hash;
  users.set(name, hash);
  return undefined;
}

/**
 * Tells what keeps a text from being the name of a user, RFC 7617 section 2.
 *
 * @param name The text.
 * @returns A sentence without its end, or `undefined` where it can be one.
 */
export function checkUserName(name: string): string | undefined {
  if (name === "") return "a line is name:hash";
  if (name.includes(":") || CONTROLS.test(name)) return "a name has neither a colon nor control characters";
  return undefined;
}
