/** Numbers that look random and are the same in every run. */

/**
 * Makes a generator (mulberry32, which is in the public domain).
 *
 * @param seed Where it begins.
 * @returns A function that returns a whole number from 0 to one less than its argument.
 */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
