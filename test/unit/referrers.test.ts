/**
 * Promise: what is listed as attached to a manifest is what was pushed and not deleted, whatever the page size, with
 * what clients had listed in the fallback tag; a filter leaves out all else and nothing more.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import { fallbackTag } from '../../services/registry/content/fallback-referrers.ts';
import { type Digest, digestBy } from '../../services/registry/oci/digest.ts';
import { type Manifest, OCI_INDEX, parseManifest } from '../../services/registry/oci/manifest.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import type { Referrer } from '../../services/registry/oci/referrer.ts';
import { revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { putManifest } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';

const NAME = parseRepositoryName('hello');
const SUBJECTS = [
  digestBy('sha256', Buffer.from('a')),
  digestBy('sha512', Buffer.from('a')),
  digestBy('sha256', Buffer.from('b')),
] as const;
const TYPES = ['application/vnd.example.sbom', 'application/vnd.example.signature', undefined];

interface Attached {
  readonly subject: Digest;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly nonce: number;
  readonly by512: boolean;
  readonly fate: 'kept' | 'deleted' | 'deleted elsewhere' | 'by fallback' | 'by both';
}

const attached: fc.Arbitrary<Attached> = fc.record({
  subject: fc.constantFrom(...SUBJECTS),
  artifactType: fc.constantFrom(...TYPES),
  annotations: fc.option(
    fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { noNullPrototype: true }),
    {
      nil: undefined,
    },
  ),
  nonce: fc.nat(5),
  by512: fc.boolean(),
  fate: fc.constantFrom<Attached['fate'][]>(
    'kept',
    'kept',
    'deleted',
    'deleted elsewhere',
    'by fallback',
    'by both',
  ),
});

function manifestOf({ subject, artifactType, annotations, nonce, by512 }: Attached): Manifest {
  const json = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [],
    nonce,
    subject: { mediaType: OCI_INDEX, digest: subject, size: 1 },
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
  return parseManifest(Buffer.from(JSON.stringify(json)), undefined, by512 ? 'sha512' : 'sha256');
}

function shownOf(manifest: Manifest): Referrer {
  const json = JSON.parse(manifest.bytes.toString()) as Referrer;
  return {
    mediaType: OCI_INDEX,
    digest: manifest.digest,
    size: manifest.bytes.length,
    ...(json.artifactType !== undefined && { artifactType: json.artifactType }),
    ...(json.annotations !== undefined && { annotations: json.annotations }),
  };
}

/** Pushes them all as their fates say; answers with what is to be seen of each subject. */
async function push(content: Content, all: readonly Attached[]): Promise<Map<Digest, Referrer[]>> {
  const { manifests, tags } = content;
  const listed = new Map<Digest, object[]>();
  const kept = new Map<Digest, { subject: Digest; shown: Referrer }>();
  for (const each of all) {
    const manifest = manifestOf(each);
    await putManifest(content, NAME, manifest);
    kept.set(manifest.digest, { subject: each.subject, shown: shownOf(manifest) });
    if (each.fate === 'by fallback')
      await content.referrers.remove(NAME, each.subject, [manifest.digest], OPEN_FENCE);
    if (!each.fate.startsWith('by')) continue;
    const { mediaType, digest, bytes } = manifest;
    listed.set(each.subject, [
      ...(listed.get(each.subject) ?? []),
      { mediaType, digest, size: bytes.length },
    ]);
  }
  for (const [subject, children] of listed) {
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: children }),
    );
    const manifest = parseManifest(index);
    await putManifest(content, NAME, manifest);
    await tags.move(NAME, fallbackTag(subject), manifest, OPEN_FENCE);
  }
  for (const each of all.filter(({ fate }) => fate.startsWith('deleted'))) {
    const manifest = manifestOf(each);
    const { canonicalDigest, digest, bytes } = manifest;
    if (each.fate === 'deleted') await manifests.unlink(NAME, manifest, OPEN_FENCE);
    // As a registry does that knows nothing of referrers.
    else await content.objects.delete([revisionLinkKey(NAME, canonicalDigest)]);
    // Under whichever name: the other one has gone with it.
    for (const name of [digest, canonicalDigest, digestBy('sha512', bytes)]) kept.delete(name);
  }
  const shown = new Map<Digest, Referrer[]>(SUBJECTS.map((subject) => [subject, []]));
  for (const { subject, shown: referrer } of kept.values()) shown.get(subject)?.push(referrer);
  return shown;
}

async function listed(
  content: Content,
  subject: Digest,
  limit: number,
  artifactType?: string,
): Promise<Referrer[]> {
  const all: Referrer[] = [];
  for (let last: Digest | undefined; ; ) {
    const { referrers, next } = await content.referrers.list(NAME, subject, { artifactType, last, limit });
    expect(referrers.length).to.be.at.most(limit);
    all.push(...referrers);
    if (next === undefined) return all;
    expect(next > (last ?? ''), 'pages lead on').to.equal(true);
    last = next;
  }
}

describe('referrers', () => {
  it('are all that were pushed and not deleted, in any pages, of the type asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(attached, { maxLength: 20 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(...TYPES, 'application/none'),
        async (all, limit, artifactType) => {
          const content = contentOf(new MemoryStore());
          const shown = await push(content, all);
          for (const [subject, referrers] of shown) {
            const wanted = referrers
              .filter((each) => artifactType === undefined || each.artifactType === artifactType)
              .sort((a, b) => (a.digest < b.digest ? -1 : 1));
            expect(await listed(content, subject, limit, artifactType)).to.deep.equal(wanted);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are not what a fallback tag lists that names another subject, none, or nothing that is there', async () => {
    const content = contentOf(new MemoryStore());
    const [subject, , other] = SUBJECTS;
    const base = { artifactType: undefined, annotations: undefined, nonce: 0, by512: false } as const;
    const stranger = manifestOf({ ...base, subject: other, fate: 'kept' });
    await putManifest(content, NAME, stranger);
    const bare = parseManifest(Buffer.from(`{"schemaVersion":2,"manifests":[]}`));
    await putManifest(content, NAME, bare);
    const absent = digestBy('sha256', Buffer.from('nowhere'));
    const manifests = [stranger.digest, bare.digest, absent].map((digest) => ({
      mediaType: OCI_INDEX,
      digest,
      size: 1,
    }));
    const index = parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    await putManifest(content, NAME, index, { indexes: 'none', urls: { allow: [], deny: [] } });
    await content.tags.move(NAME, fallbackTag(subject), index, OPEN_FENCE);
    expect(await listed(content, subject, 100)).to.deep.equal([]);
    expect((await listed(content, other, 100)).map(({ digest }) => digest)).to.deep.equal([stranger.digest]);
  });

  it('never weigh more in one page than a manifest may, and still come whole', async function () {
    this.timeout(30_000);
    const content = contentOf(new MemoryStore());
    const [subject] = SUBJECTS;
    const base = { subject, artifactType: undefined, by512: false, fate: 'kept' } as const;
    const annotations = { long: '€'.repeat(400_000) };
    for (let nonce = 0; nonce < 8; nonce++)
      await putManifest(content, NAME, manifestOf({ ...base, annotations, nonce }));
    let last: Digest | undefined;
    let count = 0;
    do {
      const page = await content.referrers.list(NAME, subject, {
        artifactType: undefined,
        last,
        limit: 1000,
      });
      expect(Buffer.byteLength(JSON.stringify(page.referrers))).to.be.at.most(4 * 1024 * 1024);
      count += page.referrers.length;
      last = page.next;
    } while (last !== undefined);
    expect(count).to.equal(8);
  });
});
