/**
 * Whom an address stands for, where clients are counted: an IPv4 address for itself, an IPv6 address for its first 64
 * bits, since that is what one customer gets at least and may choose from (RFC 6177, RFC 7934), and an IPv4 address in
 * the form of an IPv6 one (RFC 4291 section 2.5.5.2) for the IPv4 address.
 *
 * @module
 */

/**
 * Finds what an address is counted as.
 *
 * @param address The address, as the runtime writes it: RFC 5952 for IPv6.
 * @returns The IPv4 address, or the first four groups of the IPv6 address.
 */
export function selectCountedAddress(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [bare = ""] = address.split("%");
  const [before = "", after] = bare.split("::");
  const head = groupsOf(before);
  if (after !== undefined) {
    const tail = groupsOf(after);
    // An address of IPv4 at the end stands for two groups.
    const tailLength = tail.length + (after.includes(".") ? 1 : 0);
    for (let missing = 8 - head.length - tailLength; missing > 0; missing--) head.push("0");
    head.push(...tail);
  }
  return head.slice(0, 4).join(":");
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
}
