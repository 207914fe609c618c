import ipaddr from 'ipaddr.js';

/** Whether an address lies in one of some networks. */
export type NetworkTest = (address: string) => boolean;

/** The test for networks in CIDR notation. Throws when one is none. */
export function networkTest(networks: readonly string[]): NetworkTest {
  const parsed = networks.map((text) => ipaddr.parseCIDR(text));
  if (parsed.length === 0) return () => false;
  return (text) => {
    if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return false;
    const address = ipaddr.process(text);
    return parsed.some((network) => network[0].kind() === address.kind() && address.match(network as never));
  };
}
