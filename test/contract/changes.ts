/** Promise: what `services/registry/storage/changes.ts` says in words, held in code for every way of telling. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parseSha256 } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import type { Change, Changes } from '../../services/registry/storage/changes.ts';
import { eventually } from '../support/eventually.ts';
import { digest, repositoryName, sha512Digest, tag } from '../unit/arbitraries.ts';

/** The processes of one registry; where they cannot be several, both are the same. */
export interface OpenedChanges extends AsyncDisposable {
  readonly here: Changes;
  readonly there: Changes;
}

const shortKey = fc.stringMatching(/^[\w-]{1,16}$/);
const mirrorName = fc.stringMatching(/^[a-z0-9]{1,64}$/);

/** Any change that one process tells another. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('tag-moved' as const), repository: repositoryName, tag }),
  fc.record({
    ...{ kind: fc.constant('content-removed' as const), repository: repositoryName },
    digest: fc.oneof(digest, sha512Digest),
  }),
  fc.constant({ kind: 'published' as const }),
  fc.constant({ kind: 'mirrors-changed' as const }),
  fc.record({
    ...{ kind: fc.constant('blobs-redirected' as const), by: fc.uuid() },
    redirects: fc.array(fc.record({ key: shortKey, blob: shortKey, mirror: mirrorName }), { maxLength: 25 }),
  }),
  fc.record(
    {
      ...{
        kind: fc.constant('mirror-doubted' as const),
        mirror: mirrorName,
        digest: digest.map(parseSha256),
      },
      ...{ by: fc.uuid(), key: shortKey },
    },
    { requiredKeys: ['kind', 'mirror', 'digest'] },
  ),
  fc.record({
    ...{ kind: fc.constant('pull-restarted' as const), by: fc.uuid() },
    ...{ key: shortKey, repository: shortKey, mirrors: fc.array(mirrorName, { maxLength: 16 }) },
  }),
);

/** A change that no other test tells. */
export function someMove(): Change {
  const repository = parseRepositoryName('app');
  return { kind: 'tag-moved', repository, tag: parseTag(crypto.randomUUID()) };
}

/** What is heard from now on; a resync is not a change, and may come at any time. */
export function hearing(changes: Changes): { heard: Change[]; stop: () => void } {
  const heard: Change[] = [];
  const stop = changes.subscribe((change) => {
    if (change.kind !== 'resync') heard.push(change);
  });
  return { heard, stop };
}

/** The contract of {@link Changes}, as a suite. */
export function describeChanges(title: string, open: () => Promise<OpenedChanges>): void {
  describe(`changes ${title}`, () => {
    let opened: OpenedChanges;
    before(async function () {
      this.timeout(60_000);
      opened = await open();
    });
    after(() => opened[Symbol.asyncDispose]());

    it('are heard here before publishing returns, once, by everyone', async () => {
      const [one, other, there] = [hearing(opened.here), hearing(opened.here), hearing(opened.there)];
      const change = someMove();
      opened.here.publish(change);
      expect([one.heard, other.heard]).to.deep.equal([[change], [change]]);
      one.stop();
      other.stop();
      await eventually(
        () => there.heard,
        () => there.heard.length > 0,
        15_000,
      );
      there.stop();
    });

    it('are heard there soon, each once', async () => {
      const [here, there] = [hearing(opened.here), hearing(opened.there)];
      const moves = Array.from({ length: 200 }, someMove);
      for (const move of moves) opened.here.publish(move);
      const last = someMove();
      await eventually(
        () => there.heard.length,
        () => there.heard.length >= moves.length,
        15_000,
      );
      // A second delivery would have come by the time that an answer is back.
      opened.there.publish(last);
      await eventually(
        () => here.heard.length,
        () => here.heard.includes(last) || here.heard.length > moves.length,
        15_000,
      );
      expect(new Set(there.heard.map((move) => JSON.stringify(move))).size).to.equal(moves.length + 1);
      expect(there.heard).to.have.deep.members([...moves, last]);
      expect(here.heard).to.deep.equal([...moves, last]);
      here.stop();
      there.stop();
    });

    it('arrive whole, whatever they are', async () => {
      const there = hearing(opened.there);
      const changes = fc.sample(anyChange, 300);
      for (const change of changes) opened.here.publish(change);
      await eventually(
        () => there.heard.length,
        () => there.heard.length >= changes.length,
        15_000,
      );
      expect(there.heard).to.have.deep.members(changes);
      there.stop();
    });

    it('are not heard by a listener that stopped, not even if it stops during a message', async () => {
      const told: Change[] = [];
      const stop = opened.here.subscribe((change) => {
        told.push(change);
        stop();
      });
      const there = hearing(opened.there);
      there.stop();
      const witness = hearing(opened.there);
      const moves = [someMove(), someMove()];
      for (const move of moves) opened.here.publish(move);
      await eventually(
        () => witness.heard,
        () => witness.heard.length >= moves.length,
        15_000,
      );
      expect({ told, there: there.heard }).to.deep.equal({ told: moves.slice(0, 1), there: [] });
      witness.stop();
    });
  });
}
