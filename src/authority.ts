/**
 * Addresses as URLs and permissions write them, RFC 3986 section 3.2.
 *
 * @module
 */

/**
 * Writes an address and a port.
 *
 * @param address The address or name; one of IPv6 with its brackets or without.
 * @returns `host:port`, an IPv6 address in brackets.
 */
export function formatAuthority({ hostname, port }: { readonly hostname: string; readonly port: number }): string {
  const isBare = hostname.includes(":") && !hostname.startsWith("[");
  return `${isBare ? `[${hostname}]` : hostname}:${port}`;
}
