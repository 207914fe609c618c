/**
 * Promise: what is asked for of the record is what a plain look at all of it would find, newest first, at a cost that
 * grows with what is shown; and an old part that was pruned leaves a record that is whole, and that nodes go on with.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { printActor, readActor } from '../../services/registry/audit/actor.ts';
import { pruneAudit } from '../../services/registry/audit/prune.ts';
import { type AuditQuery, readAudit } from '../../services/registry/audit/read.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import { AUDIT_PRUNED_KEY, auditRecordKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { counting } from './counting.ts';
import { type Made, writeDaily, writeEntries } from './daily.ts';
import { changeOf, entriesOf, placeOf, recorderOver, sealer } from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const ACTORS = ['alice', 'bob', 'robot+ci', ''];
const REPOSITORIES = ['candidate/a', 'candidate/b', 'a', undefined];

async function ids(objects: ObjectStore, query: AuditQuery): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of readAudit(objects, query))
    found.push('lost' in entry ? 'lost' : `${entry.requestId}`);
  return found;
}

describe('reading the audit record', () => {
  it('finds the same entries as a full scan, whatever the clocks of nodes', async () => {
    const made = fc.record({
      /** Minutes after the record before it; clocks differ by five minutes either way. */
      later: fc.nat(30),
      skew: fc.integer({ min: -5, max: 5 }),
      actor: fc.constantFrom(...ACTORS),
      repository: fc.constantFrom(...REPOSITORIES),
    });
    const query = fc.record({
      since: fc.option(fc.nat(600)),
      until: fc.option(fc.nat(600)),
      actor: fc.option(fc.constantFrom('alice', 'robot+ci', 'anonymous')),
      repository: fc.option(fc.constantFrom('a', 'candidate/*', '**')),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 40 }), query, async (steps, wanted) => {
        const beginning = Date.UTC(2026, 0, 1);
        let minute = 0;
        const entries = steps.map(({ later, skew, ...rest }) => {
          minute += later;
          return { ...rest, at: beginning + (minute + skew) * MINUTE_MS };
        });
        const objects = new MemoryStore();
        await writeEntries(objects, entries);
        const moment = (minutes: number | null) =>
          minutes === null ? undefined : beginning + minutes * MINUTE_MS;
        const [since, until] = [moment(wanted.since), moment(wanted.until)];
        const fits = ({ at, actor, repository }: Made) =>
          (since === undefined || at >= since) &&
          (until === undefined || at <= until) &&
          (wanted.actor === null || (actor || 'anonymous') === wanted.actor) &&
          (wanted.repository === null ||
            (repository !== undefined &&
              (wanted.repository === '**' ||
                repository === wanted.repository ||
                (wanted.repository === 'candidate/*' && repository.startsWith('candidate/')))));
        const right = entries.flatMap((entry, i) => (fits(entry) ? [`${i + 1}`] : [])).reverse();
        const found = await ids(objects, {
          since: since === undefined ? undefined : new Date(since),
          until: until === undefined ? undefined : new Date(until),
          isByActor: wanted.actor === null ? undefined : readActor(wanted.actor),
          repository: wanted.repository === null ? undefined : parseRepositoryPattern(wanted.repository),
        });
        expect(found).to.deep.equal(right);
      }),
      { numRuns: 300 },
    );
  });

  it('finds and shows actors of one name apart, by their kind', async () => {
    const actors = [
      { kind: 'user', name: 'garbage-collection' },
      { kind: 'system', name: 'garbage-collection' },
      { kind: 'user', name: 'anonymous' },
      { kind: 'anonymous', name: '' },
      { kind: 'user', name: 'local:root' },
      { kind: 'local', name: 'local:root' },
      { kind: 'user', name: 'alice' },
      { kind: 'user', name: 'user:alice' },
      { kind: 'robot', name: 'robot+ci' },
      { kind: 'system', name: 'token' },
    ] as const;
    const objects = new MemoryStore();
    const { recorder } = recorderOver(objects);
    for (const actor of actors) await recorder.record(changeOf('', { actor }));
    const foundBy = async (text: string) => {
      const found: unknown[] = [];
      for await (const entry of readAudit(objects, { isByActor: readActor(text) }))
        if (!('lost' in entry)) found.push(entry.actor);
      return found;
    };
    for (const actor of actors) expect(await foundBy(printActor(actor))).to.deep.equal([actor]);
    const [, collector, , anonymous, , local, alice, , robot, token] = actors;
    expect(await foundBy('garbage-collection')).to.deep.equal([collector]);
    expect(await foundBy('token')).to.deep.equal([token]);
    expect(await foundBy('anonymous')).to.deep.equal([anonymous]);
    expect(await foundBy('local:root')).to.deep.equal([local]);
    expect(await foundBy('alice')).to.deep.equal([alice]);
    expect(await foundBy('robot+ci')).to.deep.equal([robot]);
    expect(await foundBy('')).to.deep.equal([]);
  });

  it('costs reads for the entries shown, not for the whole record', async () => {
    const objects = new MemoryStore();
    const beginning = Date.UTC(2026, 0, 1);
    const entries = Array.from({ length: 4000 }, (_, i) => ({
      ...{ at: beginning + i * MINUTE_MS, actor: 'alice', repository: 'a' },
    }));
    await writeEntries(objects, entries);
    const newest = counting(objects);
    for await (const _ of readAudit(newest.store, {})) break;
    expect(newest.asked.read).to.be.below(60);
    const old = counting(objects);
    const from = new Date(beginning + 1000 * MINUTE_MS);
    const found = await ids(old.store, { since: from, until: new Date(from.getTime() + 5 * MINUTE_MS) });
    expect(found).to.deep.equal(['1006', '1005', '1004', '1003', '1002', '1001']);
    expect(old.asked.read).to.be.below(120);
  });

  it('continues past damaged or missing records, and reports them', async () => {
    const objects = new MemoryStore();
    await writeEntries(
      objects,
      Array.from({ length: 5 }, (_, i) => ({ at: Date.now() + i, actor: '', repository: 'a' })),
    );
    await objects.put(auditRecordKey(4), Buffer.from('half'));
    await objects.delete([auditRecordKey(2)]);
    expect(await ids(objects, {})).to.deep.equal(['5', 'lost', '3', 'lost', '1']);
  });
});

describe('pruning the audit record', () => {
  const now = Date.now();
  /** A record a day, the newest now. */
  async function tenDays(): Promise<MemoryStore> {
    const objects = new MemoryStore();
    await writeDaily(objects, 10, now);
    return objects;
  }
  /** What is older than so many days and an hour goes. */
  async function prune(objects: ObjectStore, days: number) {
    const { recorder } = recorderOver(objects, { sealer });
    return pruneAudit(objects, {
      before: new Date(now - days * DAY_MS - 60 * MINUTE_MS),
      sealer,
      record: (change) => recorder.record({ ...change, actor: { kind: 'local', name: 'local:root' } }),
    });
  }

  it('leaves a complete record that can be read, pruned again and appended to', async () => {
    const objects = await tenDays();
    const five = await placeOf(objects, 5);
    expect(await prune(objects, 4)).to.deep.equal({ outcome: 'pruned', deleted: 5, upTo: 5 });
    const found = await verifyAudit(objects, { sealer, expect: [five, await placeOf(objects, 6)] });
    expect(found).to.deep.include({ faults: [], first: 6, records: 6 });
    expect((await ids(objects, {})).slice(1)).to.deep.equal(['10', '9', '8', '7', '6']);
    const { recorder } = recorderOver(objects, { sealer });
    await recorder.record(changeOf('next'));
    expect(await prune(objects, 2)).to.deep.equal({ outcome: 'pruned', deleted: 2, upTo: 7 });
    expect(await prune(objects, 2)).to.deep.equal({ outcome: 'pruned', deleted: 0, upTo: 7 });
    expect((await verifyAudit(objects, { sealer })).faults).to.deep.equal([]);
    expect((await entriesOf(objects)).map(({ seq }) => seq)).to.deep.equal([8, 9, 10, 11, 12, 13]);
  });

  it('is finished by a second run, wherever the first was interrupted', async () => {
    for (let dies = 1; dies <= 3; dies++) {
      const objects = await tenDays();
      let writes = 0;
      const mortal = intercepted(objects, ({ name, proceed }) => {
        if (name === 'delete' && writes + 1 === dies)
          // Some of one call, in no order.
          return objects
            .delete([auditRecordKey(2), auditRecordKey(4)])
            .then(() => Promise.reject(new Error('dead')));
        if (['put', 'putIfAbsent', 'delete'].includes(String(name)) && ++writes > dies - 1)
          return Promise.reject(new Error('dead'));
        return proceed();
      });
      await prune(mortal, 4).catch(() => undefined);
      expect((await verifyAudit(objects, { sealer })).faults, `died at write ${dies}`).to.deep.equal([]);
      const { recorder } = recorderOver(objects, { sealer });
      await recorder.record(changeOf('meanwhile'));
      await prune(objects, 4);
      expect((await verifyAudit(objects, { sealer })).faults).to.deep.equal([]);
      expect(Math.min(...(await entriesOf(objects)).map(({ seq }) => seq))).to.equal(6);
    }
  });

  it('prunes no broken record, and nothing younger than a day', async () => {
    const objects = await tenDays();
    await objects.delete([auditRecordKey(3)]);
    expect((await prune(objects, 4)).outcome).to.equal('broken');
    expect((await entriesOf(objects)).length).to.equal(9);
    const young = await prune(await tenDays(), 0).catch((error: Error) => error.message);
    expect(young).to.include('a day');
  });

  it('cannot be faked: without its entry in the chain, missing records are a fault', async () => {
    const objects = await tenDays();
    const five = await placeOf(objects, 5);
    await objects.put(AUDIT_PRUNED_KEY, Buffer.from(JSON.stringify({ version: 1, upTo: five })));
    await objects.delete([1, 2, 3, 4, 5].map(auditRecordKey));
    const { faults } = await verifyAudit(objects, { sealer });
    expect(faults.map(({ kind, seq }) => `${kind} ${seq}`)).to.deep.equal(['removed 1']);
  });

  it('does not confuse a node that was suspended since before', async () => {
    const objects = await tenDays();
    const { recorder } = recorderOver(objects, { sealer });
    const clock = Date.now;
    try {
      // It met the end eleven days ago, when that was record 3.
      const later = [4, 5, 6, 7, 8, 9, 10].map(auditRecordKey);
      const kept = await Promise.all(later.map((key) => objects.read(key, 1 << 20)));
      await objects.delete(later);
      await recorder.record(changeOf('long ago'));
      await objects.delete([auditRecordKey(4)]);
      await Promise.all(later.map((key, i) => objects.put(key, kept[i] ?? Buffer.alloc(0))));
      await prune(objects, 4);
      Date.now = () => clock() + 11 * DAY_MS;
      await recorder.record(changeOf('awake'));
    } finally {
      Date.now = clock;
    }
    const last = (await entriesOf(objects)).at(-1);
    expect([last?.seq, last?.requestId]).to.deep.equal([12, 'request awake']);
    expect((await verifyAudit(objects, { sealer })).faults).to.deep.equal([]);
  });

  it('is found without its note of what was pruned', async () => {
    const objects = await tenDays();
    await prune(objects, 4);
    await objects.delete([AUDIT_PRUNED_KEY]);
    const { recorder } = recorderOver(objects, { sealer });
    await recorder.record(changeOf('next'));
    expect((await verifyAudit(objects, { sealer })).faults).to.deep.equal([]);
  });
});
