/** An address of this machine, as node:os tells it. */
export type Interface = { name: string; address: string; internal: boolean };

const LOCAL = ["localhost", "127.0.0.1", "::1", "[::1]"];
const ALL_IPV4 = "0.0.0.0";
const ALL = ["::", "[::]", ALL_IPV4];
const MOST = 8;

/**
 * By which addresses other machines may reach a master, best first. Where it listens on all of this machine's, these
 * are the names in its certificate, the machine's own name, which outlives addresses, and then the addresses.
 */
export function masterUrls(of: {
  scheme: "http" | "https";
  host: string;
  port: number;
  hostname: string;
  certificate_names: string[];
  interfaces: Interface[];
}): string[] {
  const { scheme, host, port } = of;
  const hosts = ALL.includes(host)
    ? [...of.certificate_names, of.hostname, ...addresses(of.interfaces, host !== ALL_IPV4)]
    : [...of.certificate_names.filter(() => !LOCAL.includes(host)), host];
  const distinct = [...new Set(hosts)].slice(0, MOST);
  return distinct.map((one) => `${scheme}://${/^[^[].*:/.test(one) ? `[${one}]` : one}:${port}`);
}

/** Networks that containers and virtual machines of this machine have among themselves come last. */
function addresses(interfaces: Interface[], withIPv6: boolean): string[] {
  const rank = ({ name, address }: Interface) =>
    (/^(docker|br-|veth|virbr|cni|flannel|podman|vmnet|vEthernet)/.test(name) ? 2 : 0) +
    (address.includes(":") ? 1 : 0);
  return interfaces
    .filter(({ address, internal }) => !internal && !/^(169\.254\.|fe80:)/i.test(address))
    .filter(({ address }) => withIPv6 || !address.includes(":"))
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ address }) => address);
}
