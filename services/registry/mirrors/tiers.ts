import ipaddr from 'ipaddr.js';
import type { MirrorState } from './board.ts';

/** Why a mirror was preferred to others: the tiers of MirrorManager, nearest first. */
export type Tier = 'netblock' | 'anywhere';

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];
const parsed = new WeakMap<object, readonly Network[]>();

/** The nearest tier that has a mirror for this client, and its mirrors. */
export function nearestTier(
  states: readonly MirrorState[],
  clientAddress: string | undefined,
): { tier: Tier; states: readonly MirrorState[] } {
  const local = states.filter((state) => isInNetblocks(state, clientAddress));
  return local.length > 0 ? { tier: 'netblock', states: local } : { tier: 'anywhere', states };
}

function isInNetblocks({ mirror }: MirrorState, clientAddress: string | undefined): boolean {
  if (mirror.netblocks.length === 0 || clientAddress === undefined || !ipaddr.isValid(clientAddress))
    return false;
  const client = ipaddr.process(clientAddress);
  return networksOf(mirror).some(
    (network) => network[0].kind() === client.kind() && client.match(network as never),
  );
}

/** Parsed once for each mirror's configuration, not once a request. */
function networksOf(mirror: MirrorState['mirror']): readonly Network[] {
  let networks = parsed.get(mirror);
  if (!networks) {
    networks = mirror.netblocks.map((text) => ipaddr.parseCIDR(text));
    parsed.set(mirror, networks);
  }
  return networks;
}
