/**
 * Promise: the secret can be changed again and again, as docs/cluster.md says, and no step of it makes an honest audit
 * record look forged; and then no earlier secret can forge one.
 */
import { expect } from 'chai';
import { stringify } from 'yaml';
import { sealerOf } from '../../services/config/rules.ts';
import type { Place } from '../../services/registry/audit/place.ts';
import type { Sealer } from '../../services/registry/audit/seal.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { auditRecordKey } from '../../services/registry/storage/layout.ts';
import { parse } from '../config/configs.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { alter, bytesOf, changeOf, recorderOver, rewrite, writeRecords } from './world.ts';

const [A, B, C] = ['first', 'second', 'third'].map(
  (which) => `the ${which} secret of all nodes together`,
) as [string, string, string];

/** The sealer of a node with these lines in its configuration. */
function nodeWith(secret: string, oldsecrets: readonly string[] = [], ends: readonly string[] = []): Sealer {
  const { http, audit } = parse(
    stringify({
      ...{ version: 0.1, storage: { filesystem: { rootdirectory: '/srv/registry' } } },
      http: { addr: '127.0.0.1:5000', secret, oldsecrets },
      audit: { oldsecretsuntil: ends },
    }),
  );
  const sealer = sealerOf({ http, audit } as Parameters<typeof sealerOf>[0]);
  if (sealer === undefined) throw new Error('the secret is too short');
  return sealer;
}

const printed = ({ seq, hash }: Place) => `${seq}:${hash}`;

/** Two nodes over one store, whose secret is changed by the book. */
class Rotation {
  readonly objects = new MemoryStore();
  readonly #isBusy: boolean;
  #nodes: readonly [Sealer, Sealer] = [nodeWith(A), nodeWith(A)];
  steps = 0;

  /** In a cluster that is not busy, nothing is recorded between the steps. */
  constructor(isBusy: boolean) {
    this.#isBusy = isBusy;
  }

  /** Gives both nodes this configuration, one after the other; each of them sees no fault at any time. */
  async to(node: Sealer): Promise<void> {
    const [, other] = this.#nodes;
    for (const nodes of [
      [node, other],
      [node, node],
    ] as const) {
      this.#nodes = nodes;
      await this.#check();
      // Each behind the other one.
      for (const each of this.#isBusy ? [nodes[0], nodes[1], nodes[0], nodes[1]] : []) {
        await this.append(each);
        await this.#check();
      }
    }
  }

  async append(sealer: Sealer): Promise<void> {
    const { recorder, lines } = recorderOver(this.objects, { sealer });
    await recorder.record(changeOf(++this.steps));
    await recorder[Symbol.asyncDispose]();
    expect(lines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
  }

  /** Changes the secret; answers with the place of the old one, as it is printed in the end. */
  async change(from: string, to: string, older: readonly string[], ends: readonly string[]): Promise<string> {
    await this.to(nodeWith(from, [to, ...older], ['in-use', ...ends]));
    await this.to(nodeWith(to, [from, ...older], ['in-use', ...ends]));
    const [last] = (await verifyAudit(this.objects, { sealer: this.#nodes[0] })).lastOfOld;
    if (last === undefined) throw new Error('the old secret sealed nothing');
    await this.to(nodeWith(to, [from, ...older], [printed(last), ...ends]));
    return printed(last);
  }

  async #check(): Promise<void> {
    for (const sealer of this.#nodes)
      expect((await verifyAudit(this.objects, { sealer })).faults, `after ${this.steps}`).to.deep.equal([]);
  }
}

async function rotatedTwice(isBusy: boolean) {
  const rotation = new Rotation(isBusy);
  await writeRecords(rotation.objects, 3, { sealer: nodeWith(A) });
  const ofA = await rotation.change(A, B, [], []);
  await rotation.append(nodeWith(B, [A], [ofA]));
  const ofB = await rotation.change(B, C, [A], [ofA]);
  const sealer = nodeWith(C, [B, A], [ofB, ofA]);
  await rotation.append(sealer);
  return { objects: rotation.objects, sealer, ends: [ofB, ofA].map((end) => Number(end.split(':')[0])) };
}

describe('the secret of the audit record, changed twice', () => {
  for (const isBusy of [true, false])
    it(`makes no honest record look forged at any step, ${isBusy ? 'while nodes record changes' : 'or if nothing is recorded'}`, async () => {
      const { objects, sealer, ends } = await rotatedTwice(isBusy);
      const found = await verifyAudit(objects, { sealer });
      expect(found.faults).to.deep.equal([]);
      expect(found.sealed).to.equal(found.records);
      expect(ends[0]).to.be.above(ends[1] ?? 0);
    });

  it('is of no use to forgers in its earlier values, wherever they begin', async () => {
    const { objects: honest, sealer } = await rotatedTwice(true);
    const { records } = await verifyAudit(honest);
    for (const secret of [A, B])
      for (let from = 1; from <= records; from++) {
        const objects = new MemoryStore();
        for (let seq = 1; seq <= records; seq++)
          await objects.put(auditRecordKey(seq), await bytesOf(honest, seq));
        await alter(objects, from);
        await rewrite(objects, from, nodeWith(secret));
        // A node continues behind what it finds.
        await writeRecords(objects, 1, { first: 1000, sealer });
        const { faults } = await verifyAudit(objects, { sealer });
        expect(faults, `${secret}, from ${from}`).to.not.deep.equal([]);
      }
  });

  it('is of no use in the earlier values that have their places yet, while it is changed again', async () => {
    const { objects, ends } = await rotatedTwice(true);
    const last = (await verifyAudit(objects, { sealer: nodeWith(C, [B, A]) })).lastOfOld.map((place) =>
      place ? printed(place) : '',
    );
    const next = 'the fourth secret of all nodes together';
    const changing = nodeWith(C, [next, B, A], ['in-use', ...last]);
    expect((await verifyAudit(objects, { sealer: changing })).faults).to.deep.equal([]);
    await writeRecords(objects, 1, { first: 1000, sealer: nodeWith(B) });
    const { faults, end } = await verifyAudit(objects, { sealer: changing });
    expect(faults.map(({ kind, seq }) => `${kind} ${seq}`)).to.deep.equal([`forged ${end?.seq}`]);
    expect(end?.seq).to.be.above(ends[0] ?? 0);
  });
});
