/**
 * Types of `@std/assert`, written by hand for the untyped npm module.
 *
 * Every assertion throws {@linkcode AssertionError} when it does not hold; `msg` is added to the error's message.
 */

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  /** Makes the error with its message. */
  constructor(message: string, options?: ErrorOptions);
}

/** Asserts that a value is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr;

/** Asserts that two values are equal, compared deeply. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that a value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;

/** A value that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Asserts that a value is falsy. */
export function assertFalse(expr: unknown, msg?: string): asserts expr is Falsy;

/** Asserts that `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is T;

/** Asserts that `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that a string matches a regular expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void;

/** Asserts that two values are not equal, compared deeply. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that a string does not match a regular expression. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;

/** Asserts that two values are not the same, by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that a function's promise rejects, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;

/** Asserts that a function's promise rejects with an error of a class, and resolves to it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;

/** Asserts that two values are the same, by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T;

/** Asserts that a string contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void;

/** Asserts that a function throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;

/** Asserts that a function throws an error of a class, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;

/** Throws always, for code that must not be reached. */
export function fail(msg?: string): never;
