/** `network_addresses.ts`: which addresses of a machine others can use. */

import { assertEquals } from "@std/assert";
import { findNetworkUrls, selectNetworkUrls } from "../src/network_addresses.ts";
import type { NetworkInterface } from "../src/network_addresses.ts";

function addressOf(name: string, address: string): NetworkInterface {
  return { name, family: address.includes(":") ? "IPv6" : "IPv4", address };
}

/** Interfaces of one machine and the addresses that are left, in order, where it listens on `::`. */
const MACHINES: readonly [name: string, interfaces: readonly (readonly [string, string])[], urls: readonly string[]][] =
  [
    ["nothing but loopback", [["lo", "127.0.0.1"], ["lo", "::1"]], []],
    [
      "Linux with Docker",
      [
        ...[["lo", "127.0.0.1"], ["docker0", "172.17.0.1"], ["br-0123456789ab", "172.18.0.1"]] as const,
        ...[["veth1a2b3c4", "fe80::1"], ["eth0", "192.168.1.7"], ["eth0", "fe80::2"], ["eth0", "2001:db8::7"]] as const,
      ],
      ["http://192.168.1.7:80", "http://[2001:db8::7]:80"],
    ],
    ["private before public", [["eth0", "203.0.113.5"], ["wlan0", "10.0.0.2"]], [
      "http://10.0.0.2:80",
      "http://203.0.113.5:80",
    ]],
    [
      "what is private, RFC 1918",
      [["a", "172.15.0.1"], ["a", "172.16.0.1"], ["a", "172.31.0.1"], ["a", "172.32.0.1"], ["a", "192.169.0.1"]],
      ["172.16.0.1", "172.31.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1"].map((address) => `http://${address}:80`),
    ],
    ["an overlay network", [["tailscale0", "100.101.102.103"]], ["http://100.101.102.103:80"]],
    ["link-local", [["eth0", "169.254.1.2"], ["eth0", "fe80::1"], ["eth0", "FEBF::1"]], []],
    ["a unique local address, RFC 4193", [["eth0", "fd00::2"]], ["http://[fd00::2]:80"]],
    ["macOS with a virtual machine", [["bridge100", "192.168.64.1"], ["en0", "192.168.0.4"]], [
      "http://192.168.0.4:80",
    ]],
    ["a bridge with a name of its own", [["br-lan", "192.168.1.1"], ["bridge0", "10.1.1.1"]], [
      "http://192.168.1.1:80",
      "http://10.1.1.1:80",
    ]],
    ["Windows with WSL", [["vEthernet (WSL)", "172.20.0.1"], ["Wi-Fi", "192.168.0.9"]], ["http://192.168.0.9:80"]],
    ["an address twice", [["en0", "192.168.0.4"], ["en1", "192.168.0.4"]], ["http://192.168.0.4:80"]],
    ["an address that begins like loopback", [["eth0", "::1234:5"]], ["http://[::1234:5]:80"]],
  ];

for (const [name, interfaces, urls] of MACHINES) {
  Deno.test(`selectNetworkUrls: ${name}`, () => {
    const addresses = interfaces.map(([interfaceName, address]) => addressOf(interfaceName, address));
    assertEquals(selectNetworkUrls(addresses, { hostname: "::", port: 80 }), urls);
    const ipv4 = urls.filter((url) => !url.includes("["));
    assertEquals(selectNetworkUrls(addresses, { hostname: "0.0.0.0", port: 80 }), ipv4);
    assertEquals(selectNetworkUrls(addresses, { hostname: "127.0.0.1", port: 80 }), []);
    assertEquals(selectNetworkUrls(addresses, { hostname: "localhost", port: 80 }), []);
  });
}

Deno.test("findNetworkUrls looks at this machine, or says which permission that needs", async () => {
  const isGranted = (await Deno.permissions.query({ name: "sys", kind: "networkInterfaces" })).state === "granted";
  const address = { hostname: "::", port: 8080 };
  const expected = isGranted
    ? { urls: selectNetworkUrls(Deno.networkInterfaces(), address) }
    : { urls: [], hint: "The addresses in the local network are shown with --allow-sys=networkInterfaces" };
  assertEquals(await findNetworkUrls(address), expected);
});
