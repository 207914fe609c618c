/**
 * Promise: who is told that a change is recorded finds it in the record, once; who is told otherwise finds it there once
 * at most. What comes at once is written together, and the end is found whatever the record's length.
 */
import { expect } from 'chai';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { findEnd } from '../../services/registry/audit/end.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { auditRecordKey } from '../../services/registry/storage/layout.ts';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { counting } from './counting.ts';
import { changeOf, entriesOf, placeOf, recorderOver, sealer, writeRecords } from './world.ts';

type Creation = () => Promise<'created' | 'exists'>;

/** A store that does something else at some creations: `fault` is asked before each, by number from 1. */
function faultyStore() {
  let creations = 0;
  const faults = { fault: (_creation: number, create: Creation) => create() };
  const objects = intercepted(new MemoryStore(), ({ name, proceed }) =>
    name === 'putIfAbsent' ? faults.fault(++creations, proceed as Creation) : proceed(),
  );
  return Object.assign(faults, { objects });
}

describe('recording changes', () => {
  it('stores who, what, from where, when, and by which rule', async () => {
    const objects = new MemoryStore();
    const { recorder } = recorderOver(objects);
    const digest = `sha256:${'a'.repeat(64)}`;
    const before = Date.now();
    await recorder.record({
      action: 'manifest.push',
      actor: { kind: 'robot', name: 'robot+ci' },
      address: '192.0.2.7',
      requestId: 'an id',
      rule: 'builders',
      repository: 'candidate/a',
      tags: ['1', 'latest'],
      digest,
      details: { condition: 'absent' },
    });
    const [entry, ...more] = await entriesOf(objects);
    const { at, ...rest } = entry ?? { at: '' };
    expect(Date.parse(at)).to.be.within(before, Date.now());
    expect(rest).to.deep.equal({
      ...{
        seq: 1,
        action: 'manifest.push',
        actor: { kind: 'robot', name: 'robot+ci' },
        address: '192.0.2.7',
      },
      ...{ requestId: 'an id', rule: 'builders', repository: 'candidate/a', tags: ['1', 'latest'], digest },
      details: { condition: 'absent' },
    });
    expect(more).to.deep.equal([]);
  });

  it('costs one create per consecutive change, and nothing else', async () => {
    const { store, asked } = counting(new MemoryStore());
    const { recorder } = recorderOver(store);
    await recorder.record(changeOf(0));
    const before = { ...asked };
    for (let i = 1; i <= 100; i++) await recorder.record(changeOf(i));
    expect(asked).to.deep.equal({ ...before, putIfAbsent: before.putIfAbsent + 100 });
  });

  it('writes concurrent changes together, in their order', async () => {
    const { store, asked } = counting(new MemoryStore());
    const { recorder } = recorderOver(store);
    await Promise.all(Array.from({ length: 500 }, (_, i) => recorder.record(changeOf(i))));
    expect(asked.putIfAbsent).to.equal(2);
    const ids = (await entriesOf(store)).map(({ requestId }) => requestId);
    expect(ids).to.deep.equal(Array.from({ length: 500 }, (_, i) => `request ${i}`));
  });

  it('splits batches that are too large, and counts the tags that it leaves out', async () => {
    const objects = new MemoryStore();
    const { recorder } = recorderOver(objects);
    const tags = Array.from({ length: 12_000 }, (_, i) => `${i}`.padStart(128, 't'));
    await Promise.all(
      [1, 2, 3].map((i) => recorder.record(changeOf(i, { action: 'manifest.delete', tags }))),
    );
    const entries = await entriesOf(objects);
    expect(entries.map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
    for (const entry of entries) {
      expect(entry.tags).to.have.length(10_000);
      expect(entry.details).to.deep.equal({ tagsLeftOut: 2000 });
    }
    expect((await verifyAudit(objects)).faults).to.deep.equal([]);
  });

  it('refuses changes while the store fails, logs an error, and recovers', async () => {
    const faulty = faultyStore();
    const { objects } = faulty;
    const counted: string[] = [];
    const { recorder, lines } = recorderOver(objects, {
      count: (outcome, entries) => counted.push(`${outcome} ${entries}`),
    });
    faulty.fault = () => Promise.reject(new StoreUnavailableError('a secret bucket is away'));
    const error = await recorder.record(changeOf('refused')).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(RegistryError);
    expect((error as RegistryError).kind).to.equal('UNRECORDED');
    expect((error as RegistryError).message).to.not.include('bucket');
    const loud = lines.filter(({ level }) => level === 'error');
    expect(loud.map(({ message }) => message)).to.deep.equal([
      'audit record: cannot be written; changes are refused until it can',
    ]);
    faulty.fault = (_, create) => create();
    await recorder.record(changeOf('taken'));
    expect((await entriesOf(objects)).map(({ requestId }) => requestId)).to.deep.equal(['request taken']);
    expect(counted).to.deep.equal(['failed 1', 'written 1']);
  });

  it('recognises its own record after a lost answer', async () => {
    const faulty = faultyStore();
    const { objects } = faulty;
    const { recorder } = recorderOver(objects);
    faulty.fault = async (creation, create) => {
      const outcome = await create();
      return creation === 2 ? 'exists' : outcome;
    };
    for (let i = 1; i <= 3; i++) await recorder.record(changeOf(i));
    const ids = (await entriesOf(objects)).map(({ seq, requestId }) => `${seq} ${requestId}`);
    expect(ids).to.deep.equal(['1 request 1', '2 request 2', '3 request 3']);
  });

  it('has at most one entry for a refused change, even if the create succeeds late', async () => {
    const faulty = faultyStore();
    const { objects } = faulty;
    const { recorder } = recorderOver(objects);
    let late: (() => Promise<unknown>) | undefined;
    faulty.fault = (creation, create) => {
      if (creation !== 2) return create();
      late = create;
      return Promise.reject(new StoreUnavailableError('no answer'));
    };
    await recorder.record(changeOf(1));
    await recorder.record(changeOf('refused')).catch(() => undefined);
    await late?.();
    await recorder.record(changeOf(3));
    const ids = (await entriesOf(objects)).map(({ seq, requestId }) => `${seq} ${requestId}`);
    expect(ids).to.deep.equal(['1 request 1', '2 request refused', '3 request 3']);
    expect((await verifyAudit(objects)).faults).to.deep.equal([]);
  });

  it('appends behind a damaged record, and logs it', async () => {
    const objects = new MemoryStore();
    await writeRecords(objects, 3, { sealer });
    await objects.put(auditRecordKey(3), Buffer.from('{"half of'));
    const { recorder, lines } = recorderOver(objects, { sealer });
    await recorder.record(changeOf(4));
    expect(lines.map(({ level, message }) => `${level} ${message.split('.')[0]}`)).to.include(
      'error audit record: a record is damaged',
    );
    expect((await verifyAudit(objects, { sealer })).faults.map(({ seq }) => seq)).to.deep.equal([3]);
  });

  it('logs the end of the record now and then, and when it stops', async () => {
    const objects = new MemoryStore();
    const { recorder, lines } = recorderOver(objects);
    for (let i = 1; i <= 5; i++) await recorder.record(changeOf(i));
    await recorder[Symbol.asyncDispose]();
    const told = lines.map(({ message, fields }) => `${message} ${fields['expect']}`);
    const [first, last] = [await placeOf(objects, 1), await placeOf(objects, 5)];
    expect(told).to.deep.equal([
      `audit record: current end ${first.seq}:${first.hash}`,
      `audit record: current end ${last.seq}:${last.hash}`,
    ]);
  });

  it('finds the end of a long record in logarithmically many requests', async () => {
    const objects = new MemoryStore();
    // Only the end is looked into.
    for (let seq = 1; seq <= 5000; seq++) await objects.put(auditRecordKey(seq), Buffer.from(`${seq}`));
    const { store, asked } = counting(objects);
    expect((await findEnd(store)).seq).to.equal(5000);
    expect(asked.stat).to.be.at.most(2 * Math.ceil(Math.log2(5000)) + 2);
    expect(asked.read + asked.list).to.be.at.most(2);
  });

  it('costs nothing if it is off', async () => {
    expect(NO_AUDIT.isOn).to.equal(false);
    await NO_AUDIT.record(changeOf(1));
  });

  it('works with processes that start at the same moment', async () => {
    const objects = new MemoryStore();
    await writeRecords(objects, 10);
    const recorders = Array.from({ length: 5 }, () => recorderOver(objects).recorder);
    await Promise.all(recorders.map((recorder, i) => recorder.record(changeOf(`late ${i}`))));
    const entries = await entriesOf(objects);
    expect(entries.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(new Set(entries.map(({ requestId }) => requestId)).size).to.equal(15);
  });
});
