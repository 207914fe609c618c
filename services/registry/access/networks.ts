import ipaddr from 'ipaddr.js';

/** Whether an address is in one of a set of networks. */
export type NetworkTest = (address: string) => boolean;

/**
 * True if `text` is an IP address in its usual form: `192.0.2.7`, `2001:db8::7`. Not `0x7f.1` or `010.0.0.1`, nor
 * `::192.0.2.7`, which is not an IPv4 address (RFC 4291, section 2.5.5.1) but would be parsed as one.
 */
export function isAddress(text: string): boolean {
  if (/^::\d+\./.test(text)) return false;
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/**
 * True if `text` is a network in its usual form, such as `192.0.2.0/24` or `2001:db8::/32`; not with octal or
 * hexadecimal numbers or in a short form: `010.0.0.0/8` would be 8.0.0.0/8.
 */
export function isNetwork(text: string): boolean {
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text);
}

/** The usual answers, without parsing: every request asks for its Host, and a parse is a tenth of a pull's time. */
const USUAL_LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** Whether only this machine can reach a host: a name, an address, or one in brackets as URLs have it. */
export function isLoopback(host: string): boolean {
  if (USUAL_LOOPBACK.has(host)) return true;
  const address = host.replace(/^\[|\]$/g, '');
  return isAddress(address) && ipaddr.parse(address).range() === 'loopback';
}

const LOCAL_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'unspecified']);

/**
 * Whether a host is a loopback, private or link-local address, in brackets or not. A name never is one: it is not looked
 * up.
 */
export function isLocalAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return isAddress(address) && LOCAL_RANGES.has(ipaddr.process(address).range());
}

/** Makes a {@link NetworkTest} for networks in CIDR notation. Throws if one is invalid. */
export function networkTest(networks: readonly string[]): NetworkTest {
  const parsed = networks.map(parseNetwork);
  if (parsed.length === 0) return () => false;
  return (text) => {
    if (!isAddress(text)) return false;
    const address = ipaddr.process(text);
    return parsed.some((network) => network[0].kind() === address.kind() && address.match(network as never));
  };
}

/** Whether one network contains all of another. */
export function networkWithin(narrow: string, wide: string): boolean {
  const [[address, bits], [other, otherBits]] = [parseNetwork(narrow), parseNetwork(wide)];
  return address.kind() === other.kind() && bits >= otherBits && address.match([other, otherBits] as never);
}

/** Whether a network is the whole internet, or half of it or so. */
export function isEverybody(network: string): boolean {
  return parseNetwork(network)[1] < 4;
}

const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
];

/** Whether a network is wider than a few public addresses: the proxies of a site are fewer. */
export function isPublic(network: string): boolean {
  const [address, bits] = parseNetwork(network);
  return (
    bits < (address.kind() === 'ipv4' ? 16 : 32) && !PRIVATE.some((wide) => networkWithin(network, wide))
  );
}

/** `::ffff:192.0.2.0/120` is 192.0.2.0/24, as IPv4-mapped addresses count as IPv4. */
function parseNetwork(text: string): ReturnType<typeof ipaddr.parseCIDR> {
  const [address, bits] = ipaddr.parseCIDR(text);
  if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || bits < 96)
    return [address, bits];
  return [address.toIPv4Address(), bits - 96];
}
