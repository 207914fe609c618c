/**
 * Promise: a blob is sent to the nearest mirror that is known to hold it, by the whole rule: size, publication,
 * watermark, missing set, health, netblocks, weights, and what the client recently met. The twin below says the same as plainly as possible.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import {
  type Decision,
  type LocateRequest,
  locate,
} from '../../services/registry/publishing/mirrors/locate.ts';
import type { MirrorState } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import { rendezvousScore } from '../../services/registry/publishing/mirrors/rank.ts';
import { UNTROUBLED } from '../../services/registry/publishing/mirrors/trouble/history.ts';

/** An address as a number, and how many bits it has; IPv4 in the clothes of IPv6 is IPv4. */
function bitsOf(address: string): { bits: 32 | 128; value: bigint } | undefined {
  const four = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (four) {
    const value = four.slice(1).reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { bits: 32, value };
  }
  if (!/^[0-9a-f:]+$/.test(address)) return undefined;
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [front, back] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0');
  const value = [...front, ...zeros, ...back].reduce(
    (sum, group) => sum * 65_536n + BigInt(`0x${group}`),
    0n,
  );
  return { bits: 128, value };
}

function isIn(address: string | undefined, network: string): boolean {
  const [base = '', length = ''] = network.split('/');
  const [a, b] = [bitsOf(address ?? ''), bitsOf(base)];
  if (a === undefined || b === undefined || a.bits !== b.bits) return false;
  const shift = BigInt(a.bits - Number(length));
  return a.value >> shift === b.value >> shift;
}

function locateByHand(request: LocateRequest): Decision {
  const { digest, publication, sizeBytes, clientAddress, mirrors, smallBlobMaxBytes } = request;
  const { excluded, tried, attempt, isOriginSpent } = request.history;
  if (sizeBytes <= smallBlobMaxBytes) return { kind: 'serve', reason: 'small' };
  if (mirrors.length === 0) return { kind: 'serve', reason: 'no-mirrors' };
  if (publication === 0) return { kind: 'serve', reason: 'unpublished' };
  const up = mirrors.filter((state) => state.healthy);
  const caughtUp = up.filter((state) => state.watermark >= publication);
  const able = caughtUp.filter((state) => !state.missing.has(digest));
  if (up.length === 0) return { kind: 'serve', reason: 'unhealthy' };
  if (caughtUp.length === 0) return { kind: 'serve', reason: 'behind' };
  if (able.length === 0) return { kind: 'serve', reason: 'missing' };
  const near = able.filter((state) => state.mirror.netblocks.some((network) => isIn(clientAddress, network)));
  const weight = ({ mirror }: MirrorState) => mirror.weight * (request.factors?.get(mirror.name) ?? 1);
  const score = (each: MirrorState) => rendezvousScore(each.mirror.name, weight(each), digest);
  const byScore = (states: MirrorState[]) => states.toSorted((a, b) => score(b) - score(a));
  const inTurn = [...byScore(near), ...byScore(able.filter((state) => !near.includes(state)))];
  const names = inTurn.map((state) => state.mirror.name);
  const allowed = names.filter((name) => !excluded.has(name));
  const chosen = [
    ...allowed.filter((name) => !tried.has(name)),
    ...allowed.filter((name) => tried.has(name)),
    ...(isOriginSpent ? [names[attempt % names.length]] : []),
  ][0];
  if (chosen === undefined) return { kind: 'serve', reason: 'retried' };
  const best = inTurn.find((state) => state.mirror.name === chosen);
  const hex = digest.slice('sha256:'.length);
  return {
    kind: 'redirect',
    url: `${best?.mirror.url}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
    mirror: best?.mirror.name ?? '',
    rule: best && near.includes(best) ? 'netblock' : 'anywhere',
  };
}

const DIGESTS = Array.from({ length: 4 }, (_, i) => digestOf(Buffer.from(`blob ${i}`)));
const NETWORKS = [
  '192.0.2.0/24',
  '192.0.2.128/25',
  '198.51.100.7/32',
  '0.0.0.0/0',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '::/0',
  '10.0.0.0/9',
];
const CLIENTS = [
  undefined,
  'nonsense',
  '192.0.2.1',
  '192.0.2.200',
  '198.51.100.7',
  '198.51.100.8',
  '10.128.0.1',
  '2001:db8:1::7',
  '2001:db8:2::7',
  '2001:db9::1',
  '::1',
  '::ffff:192.0.2.1',
];

const state = fc.record({
  watermark: fc.nat(4),
  healthy: fc.boolean(),
  missing: fc.subarray(DIGESTS).map((digests) => new Set(digests)),
  weight: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(0.001, 1_000_000)),
  netblocks: fc.subarray(NETWORKS, { maxLength: 3 }),
});
const NAMES = Array.from({ length: 8 }, (_, i) => `m${i}`);
const names = fc.subarray(NAMES).map((each) => new Set(each));
const history = fc.record({
  attempt: fc.oneof(fc.constant(0), fc.nat(40)),
  excluded: fc.oneof(fc.constant(new Set<string>()), names, fc.constant(new Set(NAMES))),
  tried: fc.oneof(fc.constant(new Set<string>()), names),
  isOriginSpent: fc.boolean(),
});
const request: fc.Arbitrary<LocateRequest> = fc.record({
  digest: fc.constantFrom(...DIGESTS),
  publication: fc.nat(4),
  sizeBytes: fc.constantFrom(0, 65_536, 65_537, 5_000_000_000),
  clientAddress: fc.oneof(
    fc.constantFrom(...CLIENTS),
    fc.ipV4(),
    fc.ipV4().map((four) => `::ffff:${four}`),
  ),
  smallBlobMaxBytes: fc.constant(65_536),
  history,
  factors: fc.subarray(NAMES).map((each) => new Map(each.map((name) => [name, 0.25]))),
  mirrors: fc.array(state, { maxLength: 8 }).map((states) =>
    states.map(({ weight, netblocks, ...facts }, i) => ({
      ...facts,
      mirror: { name: `m${i}` as MirrorName, url: `https://m${i}.example.net`, weight, netblocks },
      reason: undefined,
      ledger: undefined,
      cleared: new Map(),
    })),
  ),
});

describe('locate and its dull twin', () => {
  it('decide alike, down to the reason, whatever the mirrors, the blob and the client', () => {
    fc.assert(
      fc.property(request, (each) => {
        expect(locate(each)).to.deep.equal(locateByHand(each));
      }),
      { numRuns: 5000 },
    );
  });

  it('decide alike when asked again: every node sends a blob the same way', () => {
    fc.assert(
      fc.property(request, (each) => {
        const shuffled = { ...each, mirrors: each.mirrors.toReversed() };
        expect(locate(shuffled)).to.deep.equal(locate(each));
      }),
    );
  });

  it('send only the blobs of a mirror that falls out elsewhere', () => {
    fc.assert(
      fc.property(request, fc.nat(7), (asked, gone) => {
        const each = { ...asked, history: UNTROUBLED };
        const before = locate(each);
        const mirrors = each.mirrors.filter((_, i) => i !== gone);
        if (before.kind === 'redirect' && before.mirror !== `m${gone}`)
          expect(locate({ ...each, mirrors })).to.deep.equal(before);
      }),
    );
  });
});
