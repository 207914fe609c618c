import ipaddr from 'ipaddr.js';
import type { Mirror } from './mirror.ts';
import type { MirrorState } from './mirror-states.ts';

/** Why a mirror was preferred: the tiers of MirrorManager, nearest first. */
export type Tier = 'netblock' | 'anywhere';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** The nearest tier that has a mirror for this client, and its mirrors. */
export function nearestTier(
  states: readonly MirrorState[],
  clientAddress: string | undefined,
): { tier: Tier; states: readonly MirrorState[] } {
  const anywhere = { tier: 'anywhere', states } as const;
  const hasNetblocks = states.some((state) => state.mirror.netblocks.length > 0);
  if (!hasNetblocks || clientAddress === undefined || !ipaddr.isValid(clientAddress)) return anywhere;
  const client = ipaddr.process(clientAddress);
  const local = states.filter((state) => isInside(client, networksOf(state.mirror)));
  return local.length > 0 ? { tier: 'netblock', states: local } : anywhere;
}

function isInside(client: Address, networks: readonly Network[]): boolean {
  const kind = client.kind();
  return networks.some((network) => network[0].kind() === kind && client.match(network as never));
}

/** Parsed once per mirror, not once per request. */
const parsed = new WeakMap<Mirror, readonly Network[]>();

function networksOf(mirror: Mirror): readonly Network[] {
  let networks = parsed.get(mirror);
  if (!networks) {
    networks = mirror.netblocks.map((text) => ipaddr.parseCIDR(text));
    parsed.set(mirror, networks);
  }
  return networks;
}
