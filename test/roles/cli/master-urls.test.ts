import { expect, test } from "bun:test";
import { masterUrls } from "../../../src/roles/cli/master-urls.ts";

const machine = {
  scheme: "http" as const,
  host: "0.0.0.0",
  port: 8080,
  hostname: "nas",
  certificate_names: [],
  interfaces: [
    { name: "lo", address: "127.0.0.1", internal: true },
    { name: "docker0", address: "172.17.0.1", internal: false },
    { name: "eth0", address: "2001:db8::5", internal: false },
    { name: "eth0", address: "fe80::1", internal: false },
    { name: "eth0", address: "192.0.2.5", internal: false },
    { name: "eth1", address: "169.254.3.4", internal: false },
    { name: "wlan0", address: "198.51.100.7", internal: false },
  ],
};

test.each<[string, Partial<Parameters<typeof masterUrls>[0]>, string[]]>([
  [
    "all of IPv4",
    {},
    ["http://nas:8080", "http://192.0.2.5:8080", "http://198.51.100.7:8080", "http://172.17.0.1:8080"],
  ],
  [
    "everything",
    { host: "::", port: 9 },
    [
      "http://nas:9",
      "http://192.0.2.5:9",
      "http://198.51.100.7:9",
      "http://[2001:db8::5]:9",
      "http://172.17.0.1:9",
    ],
  ],
  ["one address", { host: "192.0.2.5" }, ["http://192.0.2.5:8080"]],
  ["one address of IPv6", { host: "2001:db8::5" }, ["http://[2001:db8::5]:8080"]],
  ["a name", { host: "storage" }, ["http://storage:8080"]],
  ["this machine alone", { host: "127.0.0.1" }, ["http://127.0.0.1:8080"]],
  ["this machine alone, by IPv6", { host: "::1" }, ["http://[::1]:8080"]],
  ["no network", { interfaces: [] }, ["http://nas:8080"]],
  [
    "a certificate of an authority's: its names first",
    { scheme: "https", certificate_names: ["vc.example.org", "nas"], interfaces: [] },
    ["https://vc.example.org:8080", "https://nas:8080"],
  ],
  [
    "such a certificate, at one address",
    { scheme: "https", certificate_names: ["vc.example.org"], host: "192.0.2.5" },
    ["https://vc.example.org:8080", "https://192.0.2.5:8080"],
  ],
])("where the master listens on %s", (_, more, urls) =>
  expect(masterUrls({ ...machine, ...more })).toEqual(urls),
);

test("no more than a line can hold", () => {
  const interfaces = Array.from({ length: 50 }, (_, n) => ({
    ...{ name: `eth${n}`, address: `192.0.2.${n}`, internal: false },
  }));
  expect(masterUrls({ ...machine, interfaces })).toHaveLength(8);
});
