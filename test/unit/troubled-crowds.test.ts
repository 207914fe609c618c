/**
 * Promise: with one bad mirror, the second try of a pull succeeds, whatever the client does between: alone, with many layers,
 * with one node or three, and for ten clients behind one address. A crowd of healthy clients behind one address costs the
 * nodes a few dozen answers, and then the mirrors carry it.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { ORIGIN, someBlobs, TroubleLab } from './trouble-lab.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/** How a client pulls. */
const habits = fc.record({
  /** Asks for all layers before it looks at the first answer; otherwise it gives up at the first bad one. */
  isParallel: fc.boolean(),
  /** Keeps what arrived well, and asks only for the rest at its second try. */
  keepsLayers: fc.boolean(),
  /** How often it asks again for a layer before it gives up. */
  repeats: fc.nat(2),
});

const scene = fc.record({
  habits,
  mirrors: fc.integer({ min: 2, max: NAMES.length }).map((count) => NAMES.slice(0, count)),
  layers: fc.integer({ min: 1, max: 20 }),
  salt: fc.string({ maxLength: 8 }),
  nodes: fc.constantFrom(1, 3),
  /** Each request goes to the next one of these. */
  route: fc.array(fc.nat(2), { minLength: 1, maxLength: 10 }),
});

/** One try of a pull; the layers that arrived. */
function pull(
  lab: TroubleLab,
  client: string,
  layers: readonly Sha256Digest[],
  how: { isParallel: boolean; repeats: number; isBad: (from: string) => boolean; nextNode: () => number },
): Set<Sha256Digest> {
  const arrived = new Set<Sha256Digest>();
  for (const layer of layers) {
    let tries = 0;
    let from: string;
    do {
      lab.nowMs += 20;
      from = lab.ask(client, layer, { node: how.nextNode() });
    } while (how.isBad(from) && tries++ < how.repeats);
    if (!how.isBad(from)) arrived.add(layer);
    else if (!how.isParallel) break;
  }
  return arrived;
}

describe('clients with one bad mirror among several', () => {
  it('succeed at the second try', () => {
    fc.assert(
      fc.property(scene, ({ habits: { keepsLayers, ...habit }, mirrors, layers, salt, nodes, route }) => {
        using lab = new TroubleLab({ mirrors, nodes });
        const image = someBlobs(layers, salt);
        let turn = 0;
        const nextNode = () => (route[turn++ % route.length] ?? 0) % nodes;
        const how = { ...habit, nextNode, isBad: (from: string) => from === 'a' };
        const arrived = pull(lab, 'client', image, how);
        if (arrived.size === image.length) return;
        lab.nowMs += 500;
        const rest = keepsLayers ? image.filter((layer) => !arrived.has(layer)) : image;
        expect(pull(lab, 'client', rest, { ...how, repeats: 0 }).size).to.equal(rest.length);
      }),
      { numRuns: 400 },
    );
  });

  it('are few at the origin: a client that asks again for one layer costs the node no more than its pull', () => {
    fc.assert(
      fc.property(scene, ({ mirrors, layers, salt }) => {
        using lab = new TroubleLab({ mirrors });
        const image = someBlobs(layers, salt);
        let own = 0;
        for (const layer of image) {
          let from = lab.ask('client', layer);
          if (from === 'a') {
            from = lab.ask('client', layer);
            lab.nowMs += 1000;
            for (const { mirror, digest } of lab.doubts.splice(0))
              (mirror === 'a' ? lab.prove : lab.refute).call(lab, { mirror, digest });
          }
          expect(from).not.to.equal('a');
          if (from === ORIGIN) own++;
        }
        expect(own).to.be.at.most(1);
      }),
      { numRuns: 300 },
    );
  });

  it('succeed at the second try also when ten of them share an address, before anything is proved', () => {
    fc.assert(
      fc.property(scene, ({ habits: { keepsLayers, ...habit }, mirrors, layers, salt, nodes, route }) => {
        using lab = new TroubleLab({ mirrors, nodes });
        const image = someBlobs(layers, salt);
        let turn = 0;
        const nextNode = () => (route[turn++ % route.length] ?? 0) % nodes;
        const how = { ...habit, repeats: 0, nextNode, isBad: (from: string) => from === 'a' };
        const failed: Sha256Digest[][] = [];
        for (let client = 0; client < 10; client++) {
          const arrived = pull(lab, 'address', image, how);
          const rest = keepsLayers ? image.filter((layer) => !arrived.has(layer)) : image;
          if (arrived.size < image.length) failed.push(rest);
        }
        for (const rest of failed) expect(pull(lab, 'address', rest, how).size).to.equal(rest.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a thousand healthy clients behind one address', () => {
  /** The sync worker refutes each doubt a second after it was raised. */
  function crowd(mirrors: readonly string[], clients: number, everyMs: number): Map<string, number> {
    using lab = new TroubleLab({ mirrors });
    const [blob] = someBlobs(1) as [Sha256Digest];
    const from = new Map<string, number>();
    for (let i = 0; i < clients; i++) {
      lab.nowMs += everyMs;
      while (lab.doubts[0] && lab.nowMs - lab.doubts[0].atMs >= 1000) {
        const [doubt] = lab.doubts.splice(0, 1);
        if (doubt) lab.refute(doubt);
      }
      const answer = lab.ask('address', blob);
      from.set(answer, (from.get(answer) ?? 0) + 1);
    }
    return from;
  }

  for (const [what, everyMs] of [
    ['in two seconds', 2],
    ['in a minute', 60],
  ] as const)
    it(`${what} cost the node sixteen answers; each mirror carries its part`, () => {
      const from = crowd(['a', 'b', 'c'], 1000, everyMs);
      expect(from.get(ORIGIN) ?? 0).to.be.at.most(16);
      for (const mirror of ['a', 'b', 'c']) expect(from.get(mirror)).to.be.at.least(100);
    });

  it('in a quarter of an hour cost no more than sixteen answers in two minutes', () => {
    const from = crowd(['a', 'b', 'c'], 1000, 900);
    expect(from.get(ORIGIN) ?? 0).to.be.at.most(16 * 8);
  });

  it('are spread over the mirrors even if no doubt is ever refuted: none is stuck at a bad one', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b', 'c'] });
    const [blob] = someBlobs(1) as [Sha256Digest];
    const answers = Array.from({ length: 1000 }, () => lab.ask('address', blob));
    for (let i = 100; i < 900; i++)
      expect(new Set(answers.slice(i, i + 3))).to.deep.equal(new Set(['a', 'b', 'c']));
  });
});
