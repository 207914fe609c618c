import { expect } from 'chai';
import { type Check, check, type Group, group, type Target, Unsupported } from './check.ts';
import type { Answer } from './client.ts';
import type { DataSet, ManifestItem } from './data-set.ts';
import { expectBlobDeleted, expectManifestDeleted } from './deleting.ts';
import { expectDigestHeader, expectPullable, expectStatus } from './expectations.ts';
import { REPOSITORY } from './profile.ts';
import { putManifest } from './put-manifest.ts';
import { ACCEPT, expectBlob, expectBlobExists, expectManifest, expectManifestExists } from './reading.ts';
import { filterChecks, referrerChecks } from './referrer-checks.ts';
import { listTags } from './tag-list.ts';
import { UPLOAD_WAYS, UPLOADS } from './uploads.ts';

/** The life of a data set: pushed, listed, pulled, asked about, deleted. */
export function dataSetChecks(set: DataSet, at: number): Group {
  const { title, blobs, manifests, tags } = set;
  return group(title, [
    group('push', [
      ...blobs.map((blob, i) => pushBlob(blob, at + i)),
      ...manifests.flatMap((manifest) => pushManifest(set, manifest)),
      ...(set.tagging === 'by tag' ? tags.map(({ tag, manifest }) => pushTag(tag, manifest)) : []),
    ]),
    tags.length > 0 && group('tag list', tagLists(set)),
    group('HEAD', [
      ...tags.map(({ tag, manifest }) =>
        check(`of the tag ${tag}`, (on) => expectManifestExists(on, REPOSITORY, tag, manifest)),
      ),
      ...manifests.map((manifest) =>
        check(`of the ${manifest.label}`, (on) =>
          expectManifestExists(on, REPOSITORY, manifest.digest, manifest),
        ),
      ),
      ...blobs.map((blob) => check(`of the ${blob.label}`, (on) => expectBlobExists(on, REPOSITORY, blob))),
    ]),
    group('GET', [
      ...tags.map(({ tag, manifest }) =>
        check(`of the tag ${tag}`, (on) => expectManifest(on, REPOSITORY, tag, manifest)),
      ),
      ...manifests.map((manifest) =>
        check(`of the ${manifest.label}`, (on) => expectManifest(on, REPOSITORY, manifest.digest, manifest)),
      ),
      ...blobs.map((blob) => check(`of the ${blob.label}`, (on) => expectBlob(on, REPOSITORY, blob))),
    ]),
    set.referrers.size > 0 && group('referrers', [...referrerChecks(set), ...filterChecks(set)]),
    group('DELETE', [
      ...tags.map(({ tag }) =>
        check(`of the tag ${tag}, which is then unknown`, (on) => expectManifestDeleted(on, REPOSITORY, tag)),
      ),
      ...manifests
        .toReversed()
        .map(({ label, digest }) =>
          check(`of the ${label}, which is then unknown`, (on) =>
            expectManifestDeleted(on, REPOSITORY, digest),
          ),
        ),
      ...blobs.map(({ label, digest }) =>
        check(`of the ${label}, which is then unknown`, (on) => expectBlobDeleted(on, REPOSITORY, digest)),
      ),
    ]),
    set.referrers.size > 0 && group('after that', referrerChecks({ ...set, referrers: emptied(set) })),
  ]);
}

function emptied({ referrers }: DataSet): DataSet['referrers'] {
  return new Map([...referrers.keys()].map((subject) => [subject, []]));
}

/** Each blob another way, so that over all sets every way carries everything. */
function pushBlob(blob: DataSet['blobs'][number], turn: number): Check {
  const way = UPLOAD_WAYS[turn % UPLOAD_WAYS.length] ?? 'POST and PUT';
  return check(`of the ${blob.label} by ${way}`, async (on) => {
    const answer = await UPLOADS[way](on, REPOSITORY, blob);
    expectStatus(answer, 201);
    expectDigestHeader(on, answer, blob.digest);
    await expectPullable(on, answer, blob.bytes);
  });
}

function pushManifest(set: DataSet, manifest: ManifestItem): Check[] {
  const { label, digest } = manifest;
  const tags =
    set.tagging === 'by tag'
      ? []
      : set.tags.filter((each) => each.manifest === manifest).map(({ tag }) => tag);
  let answer: Answer | undefined;
  const pushed = check(`of the ${label} by digest`, async (on) => {
    answer = await putManifest(on, REPOSITORY, digest, manifest, tags);
    await expectCreated(on, answer, manifest);
  });
  const told = check(`of the ${label} tells the tags that it took, each in a header`, async () => {
    // Commas would be as good by RFC 9110, section 5; the official suite takes lines only.
    const names = answer?.all('oci-tag') ?? [];
    if (names.length === 0) throw new Unsupported('no OCI-Tag');
    expect([...names].sort()).to.deep.equal([...tags].sort());
  });
  const subject = check(`of the ${label} tells the subject that it was given`, async () => {
    expect(answer?.get('oci-subject'), 'OCI-Subject').to.equal(manifest.subject);
  });
  return [pushed, ...(tags.length > 0 ? [told] : []), ...(manifest.subject === undefined ? [] : [subject])];
}

function pushTag(tag: string, manifest: ManifestItem): Check {
  return check(`of the ${manifest.label} as ${tag}`, async (on) => {
    const answer = await putManifest(on, REPOSITORY, tag, manifest);
    await expectCreated(on, answer, manifest);
    if (manifest.subject !== undefined) expect(answer.get('oci-subject')).to.equal(manifest.subject);
  });
}

async function expectCreated(on: Target, answer: Answer, manifest: ManifestItem): Promise<void> {
  expectStatus(answer, 201);
  expectDigestHeader(on, answer, manifest.digest);
  const pulled = await expectPullable(on, answer, manifest.bytes, ACCEPT);
  expect(pulled.get('content-type')).to.equal(manifest.mediaType);
}

function tagLists({ tags }: DataSet): Check[] {
  const names = tags.map(({ tag }) => tag);
  return [
    check('names what was tagged, in order', async (on) => {
      const listed = await listTags(on, REPOSITORY);
      expect(listed).to.include.members(names);
      expect(listed).to.deep.equal([...listed].sort());
    }),
    check('goes on after `last`', async (on) => {
      const listed = await listTags(on, REPOSITORY);
      for (const last of names)
        expect(await listTags(on, REPOSITORY, { last })).to.deep.equal(listed.filter((tag) => tag > last));
    }),
  ];
}
