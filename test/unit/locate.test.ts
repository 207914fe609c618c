import { expect } from 'chai';
import { digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import {
  type Decision,
  type LocateRequest,
  locate,
} from '../../services/registry/publishing/mirrors/locate.ts';
import type { MirrorState } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import { bestOf, rendezvousScore } from '../../services/registry/publishing/mirrors/rank.ts';
import {
  type ClientHistory,
  UNTROUBLED,
} from '../../services/registry/publishing/mirrors/trouble/history.ts';

/** Mirror choice case by case; `locate-twin.test.ts` holds the whole rule against a dull twin. */

const DIGESTS = Array.from({ length: 5 }, (_, i) => digestOf(Buffer.from(`blob ${i}`)));
const digest = (i: number): Sha256Digest => DIGESTS[i] as Sha256Digest;

function mirror(
  name: string,
  facts: Partial<MirrorState> & { weight?: number; netblocks?: string[] } = {},
): MirrorState {
  const { weight = 100, netblocks = [], ...state } = facts;
  return {
    mirror: { name: name as MirrorName, url: `https://${name}.example`, weight, netblocks },
    watermark: 10,
    missing: new Set(),
    healthy: true,
    reason: undefined,
    ledger: undefined,
    cleared: new Map(),
    ...state,
  };
}

function ask(mirrors: MirrorState[], facts: Partial<LocateRequest> = {}): Decision {
  return locate({
    digest: digest(0),
    publication: 1,
    sizeBytes: 1_000_000,
    clientAddress: undefined,
    mirrors,
    smallBlobMaxBytes: 65_536,
    history: UNTROUBLED,
    ...facts,
  });
}

describe('locate', () => {
  it("sends to the path that Distribution's redirect middleware uses", () => {
    const decision = ask([mirror('a')]);
    const hex = digest(0).slice(7);
    expect(decision).to.deep.equal({
      kind: 'redirect',
      mirror: 'a',
      rule: 'anywhere',
      url: `https://a.example/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
    });
  });

  describe('for a client in trouble', () => {
    const mirrors = [
      mirror('far'),
      mirror('down', { healthy: false }),
      mirror('near', { netblocks: ['192.0.2.0/24'] }),
    ];
    const decideFor = (history: Partial<ClientHistory>) => {
      const decision = ask(mirrors, {
        history: { ...UNTROUBLED, ...history },
        clientAddress: '192.0.2.7',
      });
      return decision.kind === 'redirect' ? `${decision.mirror} (${decision.rule})` : decision.reason;
    };
    const [near, far] = ['near (netblock)', 'far (anywhere)'];
    const both = new Set(['near', 'far']);

    it('chooses no mirror that failed it, near ones first, and then none', () => {
      expect(decideFor({})).to.equal(near);
      expect(decideFor({ excluded: new Set(['near']) })).to.equal(far);
      expect(decideFor({ excluded: new Set(['far', 'down']) })).to.equal(near);
      expect(decideFor({ excluded: both })).to.equal('retried');
    });

    it('prefers a mirror that it has not tried to one that it has, and this one to none', () => {
      expect(decideFor({ tried: new Set(['near']) })).to.equal(far);
      expect(decideFor({ tried: both })).to.equal(near);
      expect(decideFor({ tried: new Set(['near']), excluded: new Set(['far']) })).to.equal(near);
    });

    it('takes the mirrors in turn when the node has answered often enough', () => {
      const turns = [16, 17, 18].map((attempt) =>
        decideFor({ attempt, excluded: both, isOriginSpent: true }),
      );
      expect(turns).to.deep.equal([near, far, near]);
    });
  });

  it('sends fewer blobs to a mirror in doubt, and all the others as before', () => {
    const mirrors = [mirror('a'), mirror('b'), mirror('c')];
    const blobs = Array.from({ length: 3000 }, (_, i) => digestOf(Buffer.from(`doubt ${i}`)));
    const chosen = (each: Sha256Digest, factors?: LocateRequest['factors']) => {
      const decision = ask(mirrors, { digest: each, ...(factors && { factors }) });
      return decision.kind === 'redirect' ? decision.mirror : decision.reason;
    };
    let kept = 0;
    for (const blob of blobs) {
      const [before, after] = [chosen(blob), chosen(blob, new Map([['b', 0.25]]))];
      if (after === 'b') kept++;
      if (before !== 'b') expect(after).to.equal(before);
    }
    // A quarter of the weight beside two whole ones: one in nine.
    expect(kept / blobs.length).to.be.closeTo(1 / 9, 0.03);
  });

  for (const [what, mirrors, facts, reason] of [
    ['a small blob', [mirror('a')], { sizeBytes: 65_536 }, 'small'],
    ['an unpublished blob', [mirror('a')], { publication: 0 }, 'unpublished'],
    ['a blob without mirrors', [], {}, 'no-mirrors'],
    ['a blob ahead of every watermark', [mirror('a')], { publication: 11 }, 'behind'],
    ['a blob that a crawl missed', [mirror('a', { missing: new Set([digest(0)]) })], {}, 'missing'],
    ['a blob whose mirrors are all down', [mirror('a', { healthy: false })], {}, 'unhealthy'],
  ] as const) {
    it(`serves ${what} from the node and says so`, () => {
      expect(ask([...mirrors], facts)).to.deep.equal({ kind: 'serve', reason });
    });
  }

  it('prefers a mirror in whose netblock the client is, by IPv4 and IPv6', () => {
    const mirrors = [
      mirror('four', { netblocks: ['192.0.2.0/24'], weight: 1 }),
      mirror('six', { netblocks: ['2001:db8::/32'], weight: 1 }),
      mirror('big', { weight: 1_000_000 }),
    ];
    const chosen = (clientAddress: string) => {
      const decision = ask(mirrors, { clientAddress });
      return decision.kind === 'redirect' ? `${decision.mirror} ${decision.rule}` : decision.reason;
    };
    expect(chosen('192.0.2.7')).to.equal('four netblock');
    expect(chosen('::ffff:192.0.2.7')).to.equal('four netblock');
    expect(chosen('2001:db8:1::7')).to.equal('six netblock');
    expect(chosen('198.51.100.7')).to.match(/ anywhere$/);
    expect(chosen('not an address')).to.match(/ anywhere$/);
  });

  it('does not prefer a near mirror that lacks the blob', () => {
    const near = mirror('near', { netblocks: ['192.0.2.0/24'], watermark: 0 });
    expect(ask([near, mirror('far')], { clientAddress: '192.0.2.7' })).to.include({ mirror: 'far' });
  });
});

describe('rendezvous hashing', () => {
  const blobs = Array.from({ length: 20_000 }, (_, i) => digestOf(Buffer.from(String(i))));

  it('gives each mirror its share by weight', () => {
    const states = [mirror('a', { weight: 100 }), mirror('b', { weight: 300 }), mirror('c', { weight: 600 })];
    const shares: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (const blob of blobs)
      shares[bestOf(states, blob)?.mirror.name ?? ''] =
        (shares[bestOf(states, blob)?.mirror.name ?? ''] ?? 0) + 1;
    expect((shares['a'] ?? 0) / blobs.length).to.be.closeTo(0.1, 0.01);
    expect((shares['b'] ?? 0) / blobs.length).to.be.closeTo(0.3, 0.015);
    expect((shares['c'] ?? 0) / blobs.length).to.be.closeTo(0.6, 0.015);
  });

  it('moves only the blobs of a mirror that leaves', () => {
    const states = ['a', 'b', 'c', 'd'].map((name) => mirror(name));
    const without = states.filter((state) => state.mirror.name !== 'b');
    for (const blob of blobs.slice(0, 2000)) {
      const before = bestOf(states, blob)?.mirror.name;
      if (before !== 'b') expect(bestOf(without, blob)?.mirror.name).to.equal(before);
    }
  });

  it('scores are finite and positive', () => {
    for (const blob of blobs.slice(0, 2000))
      expect(rendezvousScore('a', 1, blob))
        .to.be.greaterThan(0)
        .and.below(1e18);
  });
});
