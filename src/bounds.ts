/**
 * The limits, time-outs and sizes that can be set, one row each: flag, field, unit, range, and what it is for. The command line,
 * its help, and the check of what `serve()` is given are made of it.
 *
 * @module
 */

import { DEFAULT_OPTIONS } from "./config.ts";
import type { CacheOptions, Limits, ServeOptions, Timeouts } from "./config.ts";
import { UsageError } from "./errors.ts";

/** One limit or time-out. */
export interface Bound {
  /** The name of the flag, without its dashes. */
  readonly flag: string;
  /** The field that it sets. */
  readonly field:
    | { readonly of: "limits"; readonly key: keyof Limits }
    | { readonly of: "timeouts"; readonly key: keyof Timeouts }
    | { readonly of: "cache"; readonly key: keyof CacheOptions };
  /** What one of the flag's unit is in that of the field. */
  readonly scale: number;
  /** The least value of the flag. */
  readonly least: number;
  /** The largest value of the flag. */
  readonly most: number;
  /** What it bounds, for the help. */
  readonly text: string;
  /** The default, where that is no number. */
  readonly fallback?: string;
}

const LARGEST = Number.MAX_SAFE_INTEGER;
/** A day, in seconds. */
const DAY = 86_400;

function limit(
  flag: string,
  key: keyof Limits,
  [least, most]: [number, number],
  text: string,
  fallback?: string,
): Bound {
  return {
    flag,
    field: { of: "limits", key },
    scale: 1,
    least,
    most,
    text,
    ...(fallback !== undefined && { fallback }),
  };
}

function timeout(flag: string, key: keyof Timeouts, text: string): Bound {
  return { flag, field: { of: "timeouts", key }, scale: 1000, least: 1, most: DAY, text };
}

/** Bounds of how long the steps of a connection may take; flags are in seconds, fields in milliseconds. */
export const TIMEOUT_BOUNDS: readonly Bound[] = [
  timeout("head-timeout", "headMs", "the whole head of a request, from its first byte"),
  timeout("idle-timeout", "idleMs", "a connection without a request"),
  timeout("body-timeout", "bodyIdleMs", "the next byte of a body"),
  timeout("handler-timeout", "handlerMs", "the answer of a handler; then 503"),
  timeout("write-timeout", "writeStallMs", "a client that takes nothing of its answer"),
  timeout("drain-timeout", "drainMs", "the rest of a body that nobody reads"),
  timeout("linger-timeout", "lingerMs", "the client to close after the last answer"),
];

/** Bounds of what clients may send, take and hold. */
export const LIMIT_BOUNDS: readonly Bound[] = [
  limit("max-connections", "connections", [1, 1_000_000], "connections open at once"),
  limit("max-per-address", "connectionsPerAddress", [0, 1_000_000], "the same for one address", "any"),
  limit("max-requests", "requestsPerConnection", [1, LARGEST], "requests on one connection"),
  limit("rate", "requestRate", [0, 100_000], "requests per second of one address", "any"),
  limit("burst", "requestBurst", [1, 100_000], "requests of one address at once", "as --rate"),
  limit("max-head", "headBytes", [1_024, 1 << 20], "bytes of request line and fields"),
  limit("max-fields", "fieldLines", [1, 10_000], "field lines of a request"),
  limit("max-target", "targetBytes", [64, 1 << 20], "bytes of the target of a request"),
  limit("max-body", "bodyBytes", [0, LARGEST], "bytes of the body of a request"),
  limit("min-body-rate", "bodyBytesPerSecond", [0, 1 << 30], "bytes per second of a body, over --body-timeout"),
  limit("min-write-rate", "writeBytesPerSecond", [0, 1 << 30], "bytes per second that a client takes"),
];

/** Bounds of what is kept in memory of files. */
export const CACHE_BOUNDS: readonly Bound[] = [
  {
    flag: "cache-size",
    field: { of: "cache", key: "bytes" },
    scale: 1 << 20,
    least: 0,
    most: 1 << 20,
    text: "MiB of small files in memory, all workers together",
  },
  {
    flag: "cache-ttl",
    field: { of: "cache", key: "freshMs" },
    scale: 1000,
    least: 0,
    most: DAY,
    text: "seconds until what is known of a file is looked at again",
  },
];

/** The bound of uploads, which makes no sense without them. */
export const UPLOAD_BOUND: Bound = limit("upload-limit", "uploadBytes", [0, LARGEST], "bytes that one upload may have");

/** All of them. */
export const BOUNDS: readonly Bound[] = [...TIMEOUT_BOUNDS, ...LIMIT_BOUNDS, ...CACHE_BOUNDS, UPLOAD_BOUND];

/** A burst that takes longer to make up for, in seconds, could not be counted in the cells of the shared table. */
const LONGEST_BURST_S = 1_000;

/**
 * Sets the field of a bound.
 *
 * @param options Where to.
 * @param bound Which one.
 * @param value In the unit of the flag.
 * @returns The options with it.
 */
export function withBound(options: ServeOptions, bound: Bound, value: number): ServeOptions {
  const { of, key } = bound.field;
  return { ...options, [of]: { ...options[of], [key]: value * bound.scale } };
}

/**
 * The default of a bound, as the help has it.
 *
 * @param bound Which one.
 */
export function defaultText(bound: Bound): string {
  if (bound.fallback !== undefined) return bound.fallback;
  return String((select(DEFAULT_OPTIONS, bound) ?? 0) / bound.scale);
}

function select(options: ServeOptions, { field }: Bound): number | undefined {
  switch (field.of) {
    case "limits":
      return options.limits?.[field.key];
    case "timeouts":
      return options.timeouts?.[field.key];
    case "cache":
      return options.cache?.[field.key];
    default:
      return field satisfies never;
  }
}

/**
 * Checks the bounds that a program has set: the command line checks its own.
 *
 * @param options The options.
 * @throws {UsageError} Where one has no meaning, with its name and range.
 */
export function checkBounds(options: ServeOptions): void {
  for (const bound of BOUNDS) {
    const value = select(options, bound);
    if (value === undefined) continue;
    const { field, scale } = bound;
    const [least, most] = [bound.least * scale, bound.most * scale];
    const name = `${field.of}.${field.key}`;
    if (field.of === "timeouts") {
      if (!(value > 0)) throw new UsageError(`${name} is a time above 0 in milliseconds, or Infinity, not ${value}`);
    } else if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new UsageError(`${name} is a whole number from ${least} to ${most}, not ${value}`);
    }
  }
  const { requestRate = 0, requestBurst = 0 } = options.limits ?? {};
  if (requestRate > 0 && requestBurst > LONGEST_BURST_S * requestRate) {
    throw new UsageError(`The burst of requests (--burst) is at most ${LONGEST_BURST_S} times the rate (--rate)`);
  }
}
