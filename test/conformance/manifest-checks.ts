import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { check, type Group, group, Unsupported } from './check.ts';
import { TYPES } from './content.ts';
import { type DataSet, DataSetBuilder, type ManifestItem } from './data-set.ts';
import { sparseImage, sparseIndex } from './data-sets.ts';
import { expectManifestDeleted } from './deleting.ts';
import { expectStatus } from './expectations.ts';
import { type Profile, REPOSITORY } from './profile.ts';
import { putManifest } from './put-manifest.ts';
import { expectManifest, getManifest, headManifest } from './reading.ts';
import { UPLOADS } from './uploads.ts';

const BAD_DIGESTS = ['sha256:baddigeststring', `sha512:${'0'.repeat(64)}`, `sha256:${'g'.repeat(64)}`];

/** Manifests that are missing, misnamed, too large or incomplete, and what a push may say of its own. */
export function manifestChecks(profile: Profile): Group {
  return group('manifests', [
    missing(),
    misnamed(),
    unusual(),
    incomplete(sparseImage()),
    incomplete(sparseIndex()),
    profile.version === 'dev' && manyTags(),
    proxied(),
  ]);
}

function imageSet(title: string): { set: DataSet; manifest: ManifestItem } {
  const builder = new DataSetBuilder(title);
  builder.image({ layers: [] });
  const set = builder.build();
  const [manifest] = set.manifests;
  if (!manifest) throw new Error('the set has a manifest');
  return { set, manifest };
}

function missing(): Group {
  const references = [`missing-${newBytes(6).toString('hex')}`, sha256(newBytes(9))];
  return group('that are missing', [
    ...references.flatMap((reference) => {
      const kind = reference.startsWith('sha256:') ? 'digest' : 'tag';
      return [
        check(`are not found by GET of a ${kind}`, async (on) =>
          expectStatus(await getManifest(on, REPOSITORY, reference), 404),
        ),
        check(`are not found by HEAD of a ${kind}`, async (on) =>
          expectStatus(await headManifest(on, REPOSITORY, reference), 404),
        ),
      ];
    }),
    check('are not found in a repository that does not exist', async (on) => {
      for (const reference of references)
        expectStatus(await getManifest(on, 'conformance/nowhere', reference), 404);
    }),
    check('are not found by DELETE in a repository that does not exist', async (on) => {
      const target = `/v2/conformance/nowhere/manifests/${references[1]}`;
      const answer = await on.client.ask(target, { method: 'DELETE' });
      if (answer.status === 405) throw new Unsupported('deleting is answered with 405');
      expectStatus(answer, 404);
    }),
  ]);
}

function misnamed(): Group {
  const { set, manifest } = imageSet('bad-digest-image');
  const longer = { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from('  ')]) };
  return group('bad-digest-image', [
    check('is refused under the digest of other bytes, and not kept', async (on) => {
      for (const blob of set.blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
      expectStatus(await putManifest(on, REPOSITORY, manifest.digest, longer), 400);
      expectStatus(await getManifest(on, REPOSITORY, manifest.digest), 404);
    }),
    ...BAD_DIGESTS.flatMap((digest) => [
      check(`is refused under ${digest.slice(0, 22)}, which is no digest`, async (on) =>
        expectStatus(await putManifest(on, REPOSITORY, digest, manifest), 400),
      ),
      check(`is not found under ${digest.slice(0, 22)}`, async (on) =>
        expectStatus(await getManifest(on, REPOSITORY, digest), 400, 404),
      ),
    ]),
  ]);
}

function unusual(): Group {
  const { set, manifest } = imageSet('unusual');
  const sized = (bytes: number): ManifestItem => {
    const text = manifest.bytes.toString('utf8').replace(/\}$/, ',"annotations":{"org.example.filler":""}}');
    const filled = Buffer.from(text.replace('""}}', `"${'x'.repeat(bytes - text.length)}"}}`));
    return { ...manifest, bytes: filled, digest: sha256(filled) };
  };
  return group('pushed with an unusual', [
    check('parameter of the Content-Type are taken, and come back without it', async (on) => {
      for (const blob of set.blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
      const typed = { ...manifest, mediaType: `${manifest.mediaType}; charset=utf-8` };
      expectStatus(await putManifest(on, REPOSITORY, 'parameter', typed), 201);
      await expectManifest(on, REPOSITORY, 'parameter', manifest);
    }),
    check('form, spaces and line ends and all, come back in it', async (on) => {
      const text = JSON.stringify(JSON.parse(manifest.bytes.toString('utf8')), null, '\t ');
      const bytes = Buffer.from(`\n${text}\r\n`);
      const spaced = { ...manifest, bytes, digest: sha256(bytes) };
      expectStatus(await putManifest(on, REPOSITORY, spaced.digest, spaced), 201);
      await expectManifest(on, REPOSITORY, spaced.digest, spaced);
      await expectManifestDeleted(on, REPOSITORY, spaced.digest);
    }),
    check('size of 4,000,000 bytes are taken', async (on) => {
      const large = sized(4_000_000);
      expectStatus(await putManifest(on, REPOSITORY, large.digest, large), 201);
      await expectManifest(on, REPOSITORY, large.digest, large);
      await expectManifestDeleted(on, REPOSITORY, large.digest);
    }),
    check('size of 16,000,000 bytes are refused with 413', async (on) => {
      const huge = sized(16_000_000);
      expectStatus(await putManifest(on, REPOSITORY, huge.digest, huge), 413);
    }),
    check('Content-Type and no mediaType come back as that type', async (on) => {
      const { mediaType: _, ...json } = JSON.parse(manifest.bytes.toString('utf8')) as Record<
        string,
        unknown
      >;
      const bytes = Buffer.from(JSON.stringify(json));
      const untyped = { ...manifest, bytes, digest: sha256(bytes) };
      expectStatus(await putManifest(on, REPOSITORY, untyped.digest, untyped), 201);
      await expectManifest(on, REPOSITORY, untyped.digest, untyped);
      await expectManifestDeleted(on, REPOSITORY, untyped.digest);
    }),
  ]);
}

/** "A registry MAY reject … When rejected for this reason, it MUST result in one or more MANIFEST_BLOB_UNKNOWN." */
function incomplete(set: DataSet): Group {
  return group(set.title, [
    check('finds its blobs pushed', async (on) => {
      for (const blob of set.blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
    }),
    ...set.manifests.map((manifest) =>
      check(`${manifest.label} is taken, or refused for what is missing`, async (on) => {
        const answer = await putManifest(on, REPOSITORY, manifest.digest, manifest);
        if (answer.status === 201) return;
        expectStatus(answer, 400, 404);
        const { errors } = JSON.parse(answer.body.toString('utf8')) as { errors: { code: string }[] };
        expect(errors.map(({ code }) => code)).to.include('MANIFEST_BLOB_UNKNOWN');
        expectStatus(await getManifest(on, REPOSITORY, manifest.digest), 404);
      }),
    ),
  ]);
}

/** "SHOULD support pushing at least 10 tags per request", and may refuse too many. */
function manyTags(): Group {
  const { set, manifest } = imageSet('many tags');
  const tags = (count: number) => Array.from({ length: count }, (_, i) => `many-${count}-${i}`);
  return group('with many tags', [
    check('are given ten at once', async (on) => {
      for (const blob of set.blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
      const answer = await putManifest(on, REPOSITORY, manifest.digest, manifest, tags(10));
      expectStatus(answer, 201);
      if (answer.all('oci-tag').length === 0) throw new Unsupported('no OCI-Tag');
      expect(answer.all('oci-tag').sort()).to.deep.equal(tags(10).sort());
      for (const tag of tags(10)) await expectManifest(on, REPOSITORY, tag, manifest);
    }),
    check('are given a thousand, or refused with 414 or 431', async (on) => {
      const answer = await putManifest(on, REPOSITORY, manifest.digest, manifest, tags(1000));
      expectStatus(answer, 201, 414, 431);
      for (const tag of answer.all('oci-tag').slice(0, 20))
        expectStatus(await headManifest(on, REPOSITORY, tag), 200);
    }),
    check('lose all of them with the manifest', async (on) => {
      await expectManifestDeleted(on, REPOSITORY, manifest.digest);
      for (const tag of tags(10)) expectStatus(await headManifest(on, REPOSITORY, tag), 404);
    }),
  ]);
}

/** "A registry MAY choose to ignore the `ns` query parameter"; one that heeds it says so. */
function proxied(): Group {
  const { set, manifest } = imageSet('proxied');
  const ns = 'registry.example.org';
  return group('asked for with ns', [
    check('are the same', async (on) => {
      for (const blob of set.blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
      expectStatus(await putManifest(on, REPOSITORY, 'ns', manifest), 201);
      const headers = { accept: TYPES.image };
      const target = `/v2/${REPOSITORY}/manifests/ns`;
      const answer = await on.client.ask(target, { headers, query: { ns } });
      expectStatus(answer, 200);
      expect(answer.body.equals(manifest.bytes)).to.equal(true);
      expect(answer.get('oci-namespace')).to.be.oneOf([undefined, ns]);
      await expectManifestDeleted(on, REPOSITORY, manifest.digest);
    }),
  ]);
}
