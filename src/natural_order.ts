/**
 * The order in which people expect names: `file2` before `file10`, capitals beside small letters, `é` beside `e`.
 *
 * Names are compared by keys, not by `Intl.Collator`: sorting 100,000 names takes 0.1 s that way and 0.6 to 1 s with a
 * collator, and the order does not depend on the locale of the machine.
 *
 * @module
 */

const ASCII = /^[\0-\x7f]*$/;

/**
 * Sorts by name.
 *
 * @param items What has names.
 * @returns The same items in a new array; names that differ only in case, accents or leading zeros are in code unit order.
 */
export function sortNaturally<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ key: naturalKey(item.name), item }));
  return keyed.sort((a, b) => compare(a.key, b.key) || compare(a.item.name, b.item.name)).map(({ item }) => item);
}

/**
 * Makes the key by which a name is sorted.
 *
 * @param name The name.
 * @returns The name without case and accents, each number preceded by how many digits it has.
 */
export function naturalKey(name: string): string {
  return fold(name).replace(/[0-9]+/g, (digits) => {
    const number = digits.replace(/^0+(?=[0-9])/, "");
    return `${number.length}`.padStart(3, "0") + number;
  });
}

/**
 * Takes from a text what does not count when names are searched: case, accents, and how characters are composed.
 *
 * @param text The text.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
