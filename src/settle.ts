/**
 * What is known at once most of the time, and else promised: a promise for each would cost what it spares.
 *
 * @module
 */

/**
 * Goes on with what a call returns or throws, at once where it is no promise.
 *
 * @param call The call.
 * @param onValue Told what it returned, or what was promised.
 * @param onError Told what it threw, or why the promise is not kept.
 * @returns What these return; a promise where the call returned one.
 */
export function settle<Value, Result>(
  call: () => Value | Promise<Value>,
  onValue: (value: Value) => Result | Promise<Result>,
  onError: (error: unknown) => Result | Promise<Result>,
): Result | Promise<Result> {
  let value;
  try {
    value = call();
  } catch (error) {
    return onError(error);
  }
  return value instanceof Promise ? value.then(onValue, onError) : onValue(value);
}
