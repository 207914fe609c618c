import ipaddr from 'ipaddr.js';

/** Whether an address lies in one of some networks. */
export type NetworkTest = (address: string) => boolean;

/**
 * True when `text` is an IP address as it is written: `192.0.2.7`, `2001:db8::7`; not `0x7f.1` or `010.0.0.1`, nor
 * `::192.0.2.7`, which means no address of IPv4 (RFC 4291, section 2.5.5.1) and would be read as one.
 */
export function isAddress(text: string): boolean {
  if (/^::\d+\./.test(text)) return false;
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/**
 * True when `text` is a network as it is written, such as `192.0.2.0/24` or `2001:db8::/32`. Octal and hexadecimal
 * numbers and short forms are none: `010.0.0.0/8` would be 8.0.0.0/8.
 */
export function isNetwork(text: string): boolean {
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text);
}

/** Whether only this machine can reach a host: a name, an address, or one in brackets as URLs have it. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return address === 'localhost' || (isAddress(address) && ipaddr.parse(address).range() === 'loopback');
}

/** The test for networks in CIDR notation. Throws when one is none. */
export function networkTest(networks: readonly string[]): NetworkTest {
  const parsed = networks.map(parseNetwork);
  if (parsed.length === 0) return () => false;
  return (text) => {
    if (!isAddress(text)) return false;
    const address = ipaddr.process(text);
    return parsed.some((network) => network[0].kind() === address.kind() && address.match(network as never));
  };
}

/** Whether all of one network lies in another one. */
export function networkWithin(narrow: string, wide: string): boolean {
  const [[address, bits], [other, otherBits]] = [parseNetwork(narrow), parseNetwork(wide)];
  return address.kind() === other.kind() && bits >= otherBits && address.match([other, otherBits] as never);
}

/** `::ffff:192.0.2.0/120` is 192.0.2.0/24: addresses of that form are taken for those of IPv4, too. */
function parseNetwork(text: string): ReturnType<typeof ipaddr.parseCIDR> {
  const [address, bits] = ipaddr.parseCIDR(text);
  if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || bits < 96)
    return [address, bits];
  return [address.toIPv4Address(), bits - 96];
}
