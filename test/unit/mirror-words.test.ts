/** Promise: an operator reads in words what a mirror lacks and why, in few lines, and no digest to fetch anything by. */
import { expect } from 'chai';
import {
  type LackedBlob,
  type MirrorAccount,
  notesOf,
  problemsOf,
} from '../../services/release/mirror-words.ts';

const WELL: MirrorAccount = {
  ...{ name: 'south', healthy: true, watermark: 30, lacks: [], warnings: [] },
};
const TOO_LARGE = 'PUT was answered with 413: it takes no blob this large';
const FULL = 'PUT was answered with 507: its disk is full';
const LATER = '2024-05-01T10:00:00.000Z';

const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, 'a')}`;
const blob = (n: number, more: Partial<LackedBlob> = {}): LackedBlob => ({
  ...{ digest: digestOf(n), sizeBytes: 1_000_000, seq: 17, reason: FULL },
  ...more,
});
const lacking = (...lacks: LackedBlob[]): MirrorAccount => ({ ...WELL, lacks });

describe('words about a mirror', () => {
  it('are missing if nothing is wrong', () => {
    expect(notesOf(WELL)).to.deep.equal([]);
    expect(problemsOf(WELL)).to.deep.equal([]);
    expect(notesOf({ ...WELL, confirmed: 30 })).to.deep.equal([]);
  });

  it('name a blob that it cannot take, with its size, its publication and the reason', () => {
    const mirror = lacking(blob(1, { sizeBytes: 300_000_000, reason: TOO_LARGE, retryAt: LATER }));
    expect(notesOf(mirror)).to.deep.equal([
      `mirror south lacks 1 blob (300.0 MB): sha256:aaaaaaaaaaaa… (300.0 MB, publication 17): ${TOO_LARGE}; tried again at ${LATER}`,
    ]);
    expect(problemsOf(mirror)).to.deep.equal([`mirror south lacks 1 blob (300.0 MB): ${TOO_LARGE}`]);
  });

  it('put blobs with one reason together, the most frequent reason first', () => {
    const mirror = lacking(
      blob(1, { reason: TOO_LARGE, sizeBytes: 300_000_000 }),
      blob(2, { seq: 19, retryAt: '2024-05-01T11:00:00.000Z' }),
      blob(3, { seq: 18, retryAt: LATER }),
    );
    expect(notesOf(mirror)).to.deep.equal([
      'mirror south lacks 3 blobs (302.0 MB):',
      `  2 blobs, such as sha256:aaaaaaaaaaaa… (2.0 MB, publications 18 to 19): ${FULL}; tried again from ${LATER} on`,
      `  sha256:aaaaaaaaaaaa… (300.0 MB, publication 17): ${TOO_LARGE}`,
    ]);
    expect(problemsOf(mirror)).to.deep.equal([
      `mirror south lacks 3 blobs (302.0 MB): ${FULL}, and for 1 other reason`,
    ]);
  });

  it('are few, however many blobs and reasons there are', () => {
    const many = Array.from({ length: 1000 }, (_, n) => blob(n, { reason: `reason ${n % 100}` }));
    const notes = notesOf(lacking(...many));
    expect(notes).to.have.length(7);
    expect(notes[0]).to.equal('mirror south lacks 1000 blobs (1.0 GB):');
    expect(notes[6]).to.equal('  950 blobs (950.0 MB) for other reasons');
    expect(problemsOf(lacking(...many))).to.deep.equal([
      'mirror south lacks 1000 blobs (1.0 GB): reason 0, and for 99 other reasons',
    ]);
  });

  it('say how far a mirror was looked through after an absence', () => {
    const mirror = { ...WELL, confirmed: 12 };
    expect(notesOf(mirror)).to.deep.equal([
      'mirror south is being looked through after an absence: clients are sent there for publications up to 12 of 30',
    ]);
    // Nobody has to do anything.
    expect(problemsOf(mirror)).to.deep.equal([]);
  });

  it('have trouble, warnings and health, and no digest in full', () => {
    const bad = {
      ...WELL,
      ...{ healthy: false, reason: `${digestOf(7)} is answered with 404`, trouble: 'no space' },
      warnings: ['its certificate ends in 6 days'],
    };
    const trouble = [
      'mirror south cannot be published to: no space',
      'mirror south: its certificate ends in 6 days',
    ];
    expect(problemsOf(bad)).to.deep.equal([
      'mirror south gets no clients: sha256:aaaaaaaaaaaa… is answered with 404',
      ...trouble,
    ]);
    expect(notesOf(bad)).to.deep.equal(trouble);
    const hidden = lacking(blob(1, { reason: `${digestOf(1)} has 20 bytes there` }));
    for (const line of [...notesOf(hidden), ...problemsOf(hidden)]) expect(line).to.not.match(/[0-9a-f]{13}/);
  });
});
