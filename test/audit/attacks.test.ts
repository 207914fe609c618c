/**
 * Promise: whoever writes to the store, and does not know the nodes' secret, cannot alter, remove, reorder, forge or add
 * a record without its being told, and where; what they can do, cut the end off, is told by a place written down
 * elsewhere. The same attacks are played on a record without seals: what is lost without them is stated.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeRecord } from '../../services/registry/audit/record.ts';
import { Sealer } from '../../services/registry/audit/seal.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { auditRecordKey } from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';
import {
  alter,
  bytesOf,
  changeOf,
  placeOf,
  recorderOver,
  rewrite,
  SECRET,
  sealer,
  sealerOf,
  writeRecords,
} from './world.ts';

const RECORDS = 12;

/** What is found wrong: `kind seq`, with the secret where there is one. */
async function foundIn(
  objects: MemoryStore,
  options: Parameters<typeof verifyAudit>[1] = {},
): Promise<string[]> {
  return (await verifyAudit(objects, options)).faults.map(({ kind, seq }) => `${kind} ${seq}`);
}

async function recorded(isSealed: boolean, records = RECORDS): Promise<MemoryStore> {
  const objects = new MemoryStore();
  await writeRecords(objects, records, isSealed ? { sealer } : {});
  return objects;
}

for (const isSealed of [true, false]) {
  const options = isSealed ? { sealer } : {};
  describe(`an audit record ${isSealed ? 'with' : 'without'} seals`, () => {
    it('is complete if nobody has touched it', async () => {
      const found = await verifyAudit(await recorded(isSealed), options);
      expect(found).to.deep.include({ faults: [], first: 1, records: RECORDS, entries: RECORDS });
      expect(found.sealed).to.equal(isSealed ? RECORDS : 0);
    });

    it('shows which record was altered', async () => {
      for (const seq of [1, 5, RECORDS - 1]) {
        const objects = await recorded(isSealed);
        await alter(objects, seq);
        expect((await foundIn(objects, options))[0]).to.match(new RegExp(`^(?:altered|forged) ${seq}$`));
      }
    });

    it('shows which records were removed', async () => {
      for (const [gone, first] of [
        [[1], 1],
        [[4], 4],
        [[4, 5, 6], 4],
        [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 1],
      ] as const) {
        const objects = await recorded(isSealed);
        await objects.delete(gone.map(auditRecordKey));
        expect(await foundIn(objects, options)).to.deep.equal([`removed ${first}`]);
      }
    });

    it('shows a record in the place of another', async () => {
      const objects = await recorded(isSealed);
      const [one, other] = [await bytesOf(objects, 4), await bytesOf(objects, 8)];
      await objects.put(auditRecordKey(4), other);
      await objects.put(auditRecordKey(8), one);
      expect(await foundIn(objects, options)).to.deep.equal(['reordered 4', 'reordered 8']);
    });

    it('shows a record that was forged at the end', async () => {
      const objects = await recorded(isSealed);
      const seq = RECORDS + 1;
      const entry = JSON.stringify({
        at: new Date().toISOString(),
        actor: { kind: 'user', name: 'bob' },
        action: 'blob.push',
      });
      const forge = (prev: string) => encodeRecord({ seq, prev, id: 'x', node: 'y' }, [entry], undefined);
      await objects.put(auditRecordKey(seq), forge('f'.repeat(64)));
      expect(await foundIn(objects, options)).to.satisfy((found: string[]) =>
        found.some((fault) => fault.startsWith(isSealed ? 'altered 13' : 'altered 12')),
      );
      // With the right hash it takes a seal to tell.
      await objects.put(auditRecordKey(seq), forge((await placeOf(objects, RECORDS)).hash));
      expect(await foundIn(objects, options)).to.deep.equal(isSealed ? [`unsealed ${seq}`] : []);
    });

    it('shows that its end was cut off, with an expected place', async () => {
      const objects = await recorded(isSealed);
      const end = await placeOf(objects, RECORDS);
      await objects.delete([auditRecordKey(RECORDS), auditRecordKey(RECORDS - 1)]);
      expect(await foundIn(objects, options), 'without it').to.deep.equal([]);
      expect(await foundIn(objects, { ...options, expect: [end] })).to.deep.equal([
        `truncated ${RECORDS - 1}`,
      ]);
      await objects.delete(Array.from({ length: RECORDS }, (_, i) => auditRecordKey(i + 1)));
      expect(await foundIn(objects, { ...options, expect: [end] })).to.deep.equal(['truncated 1']);
    });

    it('shows a cut-off end once a node has appended behind its last known record', async () => {
      const objects = await recorded(isSealed);
      const { recorder } = recorderOver(objects, options);
      await recorder.record(changeOf('known'));
      await objects.delete([auditRecordKey(RECORDS + 1), auditRecordKey(RECORDS)]);
      await recorder.record(changeOf('behind'));
      expect(await foundIn(objects, options)).to.deep.equal([`removed ${RECORDS}`]);
    });

    it('shows objects among the records that are not records', async () => {
      const objects = await recorded(isSealed);
      await objects.put('roadstead/audit/000000000/000000000001.txt', Buffer.from('x'));
      await objects.put('roadstead/audit/000000001/000000000002.jsonl', Buffer.from('x'));
      expect((await foundIn(objects, options)).map((fault) => fault.split(' ')[0])).to.deep.equal([
        'stray',
        'stray',
      ]);
    });

    it('shows that it was rewritten: by the seals, or with an expected place', async () => {
      const objects = await recorded(isSealed);
      const end = await placeOf(objects, RECORDS);
      await alter(objects, 5);
      await rewrite(objects, 5);
      const found = await foundIn(objects, options);
      if (isSealed) expect(found[0]).to.equal('unsealed 5');
      else expect(found).to.deep.equal([]);
      expect(await foundIn(objects, { ...options, expect: [end] })).to.include(`altered ${RECORDS}`);
    });

    it('shows a change of any byte of any record', async () => {
      const objects = await recorded(isSealed, 6);
      const end = await placeOf(objects, 6);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6 }),
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          async (seq, at, flip) => {
            const right = await bytesOf(objects, seq);
            const wrong = Buffer.from(right);
            const position = at % wrong.length;
            wrong[position] = (wrong[position] ?? 0) ^ flip;
            await objects.put(auditRecordKey(seq), wrong);
            const found = await foundIn(objects, { ...options, expect: [end] });
            await objects.put(auditRecordKey(seq), right);
            expect(found, `record ${seq}, byte ${position}`).to.not.deep.equal([]);
          },
        ),
        { numRuns: 300 },
      );
    });
  });
}

describe("the audit record's seals", () => {
  it('cannot be made with another secret, nor omitted from some record on', async () => {
    const stranger = sealerOf('another secret that is long enough to be one');
    const objects = await recorded(true);
    await alter(objects, 5);
    await rewrite(objects, 5, stranger);
    expect((await foundIn(objects, { sealer }))[0]).to.equal('forged 5');
  });

  it('cover the whole record: the newest cannot be altered either, not even to another of its length', async () => {
    const objects = await recorded(true);
    const text = (await bytesOf(objects, RECORDS)).toString('utf8');
    await objects.put(auditRecordKey(RECORDS), Buffer.from(text.replace('"alice"', '"mallo"')));
    expect(await foundIn(objects, { sealer })).to.deep.equal([`forged ${RECORDS}`]);
  });

  it('show that all of them were removed', async () => {
    const objects = await recorded(true);
    const { sealed: before } = await verifyAudit(objects, { sealer });
    await rewrite(objects, 1);
    const found = await verifyAudit(objects, { sealer });
    expect([before, found.sealed, found.faults.length]).to.deep.equal([RECORDS, 0, 0]);
    // The next record that a node writes bears one; and a node says what it goes on behind.
    const { recorder, lines } = recorderOver(objects, { sealer });
    await recorder.record(changeOf('next'));
    expect(
      lines.filter(({ level }) => level === 'warn').map(({ message }) => message.split(':')[1]),
    ).to.deep.equal([' a record has no seal']);
  });

  it('stay valid after a change of the secret, while the old one is listed', async () => {
    const renewed = sealerOf('the secret that comes after the first', { secret: SECRET });
    const objects = await recorded(true);
    await writeRecords(objects, 3, { first: 100, sealer: renewed });
    expect(await foundIn(objects, { sealer: renewed })).to.deep.equal([]);
    const forgetful = sealerOf('the secret that comes after the first');
    expect((await foundIn(objects, { sealer: forgetful }))[0]).to.equal('forged 1');
  });

  it('begin when a secret is set, and cannot end', async () => {
    const objects = await recorded(false, 4);
    await writeRecords(objects, 4, { first: 5, sealer });
    expect(await foundIn(objects, { sealer })).to.deep.equal([]);
    await writeRecords(objects, 1, { first: 9 });
    expect(await foundIn(objects, { sealer })).to.deep.equal(['unsealed 9']);
  });

  describe('made with a secret that was replaced', () => {
    const NEW = 'the secret that comes after the first';
    const renewed = sealerOf(NEW, { secret: SECRET });
    /** Records 1 to 4 of the old secret, 5 to 8 of the new one. */
    const rotated = async () => {
      const objects = await recorded(true, 4);
      await writeRecords(objects, 4, { first: 5, sealer: renewed });
      return objects;
    };

    it('cannot rewrite the record from any place on', async () => {
      for (const from of [1, 3, 5, 6, 8]) {
        const objects = await rotated();
        await alter(objects, from);
        await rewrite(objects, from, sealer);
        expect(await foundIn(objects, { sealer: renewed }), `from ${from}`).to.not.deep.equal([]);
      }
    });

    it('cannot take the place of records that were cut off', async () => {
      const objects = await rotated();
      await objects.delete([7, 8].map(auditRecordKey));
      await writeRecords(objects, 2, { first: 20, sealer });
      expect(await foundIn(objects, { sealer: renewed })).to.deep.equal(['forged 7']);
    });

    it('may come between newer ones, while nodes change theirs one after the other', async () => {
      const objects = await rotated();
      await writeRecords(objects, 2, { first: 20, sealer });
      await writeRecords(objects, 1, { first: 30, sealer: renewed });
      expect(await foundIn(objects, { sealer: renewed })).to.deep.equal([]);
    });

    it('are worth nothing once a node has appended behind a forged record, if the last place of the secret is configured', async () => {
      const objects = await rotated();
      const { lastOfOld } = await verifyAudit(objects, { sealer: renewed });
      expect(lastOfOld).to.deep.equal([await placeOf(objects, 4)]);
      const bound = sealerOf(NEW, { secret: SECRET, until: lastOfOld[0] });
      expect(await foundIn(objects, { sealer: bound })).to.deep.equal([]);
      await objects.delete([5, 6, 7, 8].map(auditRecordKey));
      await alter(objects, 2);
      await rewrite(objects, 2, sealer);
      await writeRecords(objects, 2, { first: 40, sealer: bound });
      expect(await foundIn(objects, { sealer: renewed }), 'without it').to.deep.equal([]);
      expect(await foundIn(objects, { sealer: bound })).to.deep.equal(['altered 4']);
      await writeRecords(objects, 1, { first: 50, sealer });
      await writeRecords(objects, 1, { first: 51, sealer: bound });
      expect(await foundIn(objects, { sealer: bound })).to.deep.equal(['altered 4', 'forged 7']);
    });
  });

  it('are not made with a secret that is too short', () => {
    expect(Sealer.of('short')).to.equal(undefined);
    expect(Sealer.of(undefined, [{ secret: SECRET }])).to.equal(undefined);
  });
});
