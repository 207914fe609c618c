/**
 * Promise: what names a manifest as its subject is listed with it at once, in an OCI index, until it is deleted; of one
 * type when that is asked for, in pages when there is too much for one.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, pushImage, pushIndex, putManifest } from './pushing.ts';
import { type Answer, expectError, jsonOf, send } from './wire.ts';

const SBOM = 'application/vnd.example.sbom';
const SIGNATURE = 'application/vnd.example.signature';
const EMPTY = 'application/vnd.oci.empty.v1+json';

interface Listed extends Descriptor {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

describe('referrers', () => {
  let registry: TestRegistry;
  let subject: Image;
  let config: Descriptor;
  before(async () => {
    registry = await startRegistry({ promotion: false, delete: true });
    config = await pushBlob(registry.url, 'hello', Buffer.from('{}'), EMPTY);
  });
  after(() => registry[Symbol.asyncDispose]());
  beforeEach(async () => {
    subject = await pushImage(registry.url, 'hello', 'latest');
  });

  /** Attaches an artifact, and returns the descriptor that has to be listed. */
  async function attach(members: Record<string, unknown>, to: Descriptor = subject): Promise<Listed> {
    const annotations = { nonce: newBytes(6).toString('hex') };
    const referrer = new Image({ config, layers: [], subject: to, annotations, ...members });
    const answer = await putManifest(registry.url, 'hello', referrer.digest, referrer.bytes);
    expect(answer.status, answer.body.toString()).to.equal(201);
    expect(answer.headers['oci-subject']).to.equal(to.digest);
    const artifactType = (members['artifactType'] as string | undefined) ?? EMPTY;
    return { ...referrer, artifactType, annotations };
  }

  async function answered(
    digest: string,
    query = '',
    name = 'hello',
  ): Promise<{ answer: Answer; listed: Listed[] }> {
    const answer = await send(registry.url, `/v2/${name}/referrers/${digest}${query}`);
    expect(answer.status, answer.body.toString()).to.equal(200);
    expect(answer.headers['content-type']).to.equal(MEDIA_TYPES.index);
    const { schemaVersion, mediaType, manifests } = jsonOf(answer) as Record<string, unknown>;
    expect([schemaVersion, mediaType]).to.deep.equal([2, MEDIA_TYPES.index]);
    return { answer, listed: manifests as Listed[] };
  }

  const byDigest = (all: readonly Listed[]) => all.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));

  it('are empty for what nobody refers to, be it there or not', async () => {
    for (const [digest, name] of [
      [subject.digest, 'hello'],
      [sha256(newBytes()), 'hello'],
      [sha256(newBytes()), 'nobody'],
      [`sha512:${'a'.repeat(128)}`, 'hello'],
    ] as const)
      expect((await answered(digest, '', name)).listed).to.deep.equal([]);
  });

  it('are listed as what they are, with type and annotations, in the order of their digests', async () => {
    const all = [
      await attach({}),
      await attach({ artifactType: SBOM }),
      await attach({ artifactType: SIGNATURE }),
    ];
    expect((await answered(subject.digest)).listed).to.deep.equal(byDigest(all));
  });

  it('may be indexes, which have no type but their own', async () => {
    const index = manifestOf(MEDIA_TYPES.index, { manifests: [], subject });
    const answer = await putManifest(registry.url, 'hello', 'sbom', index.bytes, MEDIA_TYPES.index);
    expect(answer.headers['oci-subject']).to.equal(subject.digest);
    expect((await answered(subject.digest)).listed).to.deep.equal([{ ...index }]);
  });

  it('may come before their subject', async () => {
    const later = Buffer.from(
      JSON.stringify({ schemaVersion: 2, manifests: [], nonce: newBytes(6).toString('hex') }),
    );
    const attached = await attach({}, new Content(later, MEDIA_TYPES.index));
    expect((await answered(sha256(later))).listed).to.deep.equal([attached]);
    await putManifest(registry.url, 'hello', 'later', later, MEDIA_TYPES.index);
    expect((await answered(sha256(later))).listed).to.deep.equal([attached]);
  });

  it('are only those of this repository', async () => {
    await attach({});
    expect((await answered(subject.digest, '', 'other')).listed).to.deep.equal([]);
  });

  it('of one type are listed alone, and the answer says so', async () => {
    await attach({});
    const sboms = [await attach({ artifactType: SBOM }), await attach({ artifactType: SBOM })];
    const found = await answered(subject.digest, `?artifactType=${encodeURIComponent(SBOM)}`);
    expect(found.listed).to.deep.equal(byDigest(sboms));
    expect(found.answer.headers['oci-filters-applied']).to.equal('artifactType');
    expect((await answered(subject.digest, '?artifactType=none')).listed).to.deep.equal([]);
    expect((await answered(subject.digest)).answer.headers['oci-filters-applied']).to.equal(undefined);
  });

  for (const n of [1, 2, 3])
    it(`come in pages of ${n} that follow on one another by Link, a filter kept`, async () => {
      const all: Listed[] = [];
      for (let i = 0; i < 5; i++) all.push(await attach({ artifactType: i % 2 === 0 ? SBOM : SIGNATURE }));
      for (const type of [undefined, SBOM]) {
        const found: Listed[] = [];
        const filter = type === undefined ? '' : `&artifactType=${encodeURIComponent(type)}`;
        for (let query: string | undefined = `?n=${n}${filter}`; query !== undefined; ) {
          const { answer, listed } = await answered(subject.digest, query);
          expect(listed.length).to.be.within(1, n);
          found.push(...listed);
          const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1];
          query = link?.slice(link.indexOf('?'));
        }
        expect(found).to.deep.equal(byDigest(all.filter((each) => !type || each.artifactType === type)));
      }
    });

  it('that were deleted are not listed, and come back when they are pushed again', async () => {
    const [kept, gone] = [await attach({}), await attach({ artifactType: SBOM })];
    const target = `/v2/hello/manifests/${gone.digest}`;
    const bytes = (await send(registry.url, target)).body;
    expect((await send(registry.url, target, { method: 'DELETE' })).status).to.equal(202);
    expect((await answered(subject.digest)).listed).to.deep.equal([kept]);
    await putManifest(registry.url, 'hello', gone.digest, bytes, MEDIA_TYPES.image);
    expect((await answered(subject.digest)).listed).to.deep.equal(byDigest([kept, gone]));
  });

  it('outlive their subject', async () => {
    const attached = await attach({});
    await send(registry.url, `/v2/hello/manifests/${subject.digest}`, { method: 'DELETE' });
    expect((await answered(subject.digest)).listed).to.deep.equal([attached]);
  });

  it('that clients listed in the fallback tag are shown with the others', async () => {
    const attached = await attach({});
    const stranger = await pushImage(registry.url, 'hello', 'stranger');
    await pushIndex(registry.url, 'hello', subject.digest.replace(':', '-'), [attached, stranger]);
    const other = await attach({ artifactType: SBOM });
    expect((await answered(subject.digest)).listed).to.deep.equal(byDigest([attached, other]));
  });

  it('of what is no digest, in what is no repository, are refused', async () => {
    for (const digest of ['latest', 'sha256:x', `md5:${'a'.repeat(32)}`])
      expectError(await send(registry.url, `/v2/hello/referrers/${digest}`), 400, 'DIGEST_INVALID');
    expectError(await send(registry.url, `/v2/HELLO/referrers/${subject.digest}`), 400, 'NAME_INVALID');
    expectError(
      await send(registry.url, `/v2/hello/referrers/${subject.digest}`, { method: 'PUT' }),
      405,
      'UNSUPPORTED',
    );
  });
});
