/**
 * The URLs under which other machines of the local network reach a server that listens on all addresses.
 *
 * Left out is what they cannot use: loopback, link-local addresses (RFC 3927, RFC 4291 section 2.5.6), which need a zone
 * in IPv6, and the bridges of containers and virtual machines as far as their names tell. Private IPv4 addresses
 * (RFC 1918) come first: they are what a telephone in the same network can type.
 *
 * @module
 */

/** What is needed of a `Deno.NetworkInterfaceInfo`. */
export type NetworkInterface = Pick<Deno.NetworkInterfaceInfo, "name" | "family" | "address">;

/** Where a server listens. */
export interface ListenAddress {
  /** The address; only `0.0.0.0` and `::` stand for all. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** URLs, or why there are none. */
export interface NetworkUrls {
  /** The URLs, those of private IPv4 addresses first. */
  readonly urls: readonly string[];
  /** What to do to get them, where they cannot be found. */
  readonly hint?: string;
}

/** Docker, Podman, LXC, Kubernetes, libvirt, VirtualBox, VMware, Parallels, Hyper-V and WSL. */
const VIRTUAL =
  /^(?:docker|br-[0-9a-f]{12}$|veth|podman|cni|flannel|cali|kube|lxcbr|lxdbr|incusbr|virbr|vboxnet|vmnet|vnic|bridge1\d\d$|vethernet \()/i;

const PRIVATE = /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;
const NOT_REACHABLE = /^(?:127\.|169\.254\.|0\.|::1?$|fe[89ab][0-9a-f]:)/i;

/**
 * Selects the URLs that other machines can use.
 *
 * @param interfaces The addresses of this machine.
 * @param address Where the server listens; `::` takes IPv4 too.
 * @returns The URLs, none where the server does not listen on all addresses.
 */
export function selectNetworkUrls(interfaces: readonly NetworkInterface[], address: ListenAddress): string[] {
  const { hostname, port } = address;
  if (hostname !== "0.0.0.0" && hostname !== "::") return [];
  const usable = interfaces.filter(({ name, family, address }) =>
    !VIRTUAL.test(name) && !NOT_REACHABLE.test(address) && (family === "IPv4" || hostname === "::")
  );
  const addresses = usable.toSorted((a, b) => rank(a) - rank(b)).map(({ family, address }) =>
    family === "IPv6" ? `[${address}]` : address
  );
  return [...new Set(addresses)].map((address) => `http://${address}:${port}`);
}

function rank({ family, address }: NetworkInterface): number {
  if (family === "IPv6") return 2;
  return PRIVATE.test(address) ? 0 : 1;
}

/**
 * Finds the URLs that other machines can use. It never asks for the permission to look.
 *
 * @param address Where the server listens.
 */
export async function findNetworkUrls(address: ListenAddress): Promise<NetworkUrls> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "networkInterfaces" });
  if (state === "granted") return { urls: selectNetworkUrls(Deno.networkInterfaces(), address) };
  return { urls: [], hint: "The addresses in the local network are shown with --allow-sys=networkInterfaces" };
}
