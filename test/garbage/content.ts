import { expect } from 'chai';
import { pushArtifact } from '../check/stores.ts';
import { pullAll } from '../compat/pulling.ts';
import { pushBlob, pushImage, pushIndex, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { hexOf } from '../support/digest.ts';
import { type Descriptor, type Image, MEDIA_TYPES } from '../support/image.ts';

/** What was pushed to a registry, sorted by what collections make of it. */
export interface Content {
  /** `repository reference`: what a tag leads to, or what is attached to that, to any depth. */
  readonly reachable: readonly (readonly [string, string])[];
  /** Manifests in `candidate/app` that no tag leads to, with their blobs. */
  readonly untagged: readonly Image[];
  /** Blobs that no manifest names. */
  readonly orphans: readonly Descriptor[];
  /** Blobs of an image that was promoted, and of which no repository has a tag any more. */
  readonly published: readonly Descriptor[];
}

const APP = 'candidate/app';

/** Pushes some of everything. The registry promotes, and lets tags be deleted. */
export async function pushEverything(url: string): Promise<Content> {
  const earlier = await pushImage(url, APP, '1');
  const image = await pushImage(url, APP, '1');
  const children = [];
  for (const _ of [1, 2]) children.push(await pushImage(url, APP, 'temporary'));
  const index = await pushIndex(url, APP, 'multi', children);
  const inner = await pushImage(url, APP, 'temporary');
  const innerIndex = await pushIndex(url, APP, 'temporary', [inner]);
  const outer = await pushIndex(url, APP, 'nested', [innerIndex]);
  await putManifest(url, APP, 'temporary', image.bytes, MEDIA_TYPES.image);
  // A signature of an image in an index, and an attestation of that signature.
  const signature = await pushArtifact(url, APP, children[0] ?? image);
  const attestation = await pushArtifact(url, APP, signature);
  const cosign = await pushImage(url, APP, `sha256-${hexOf(image.digest)}.sig`);
  // Listed as clients do where there is no API, in a tag; without a subject of its own.
  const listed = await pushImage(url, APP, 'temporary');
  await pushIndex(url, APP, `sha256-${hexOf(earlier.digest)}`, [listed]);
  await putManifest(url, APP, 'temporary', image.bytes, MEDIA_TYPES.image);
  const lost = await pushArtifact(url, APP, earlier);
  const orphans = [
    await pushBlob(url, APP, newBytes(5000)),
    await pushBlob(url, 'candidate/new', newBytes()),
  ];
  expect((await promote(url, `${APP}:multi`, 'app:1')).lines.at(-1)?.event).to.equal('done');
  // Promoted, then forgotten everywhere.
  const retired = await pushImage(url, 'candidate/retired', '1');
  expect((await promote(url, 'candidate/retired:1', 'app:old')).lines.at(-1)?.event).to.equal('done');
  expect((await promote(url, `${APP}:1`, 'app:old')).lines.at(-1)?.event).to.equal('done');
  const forgotten = await send(url, '/v2/candidate/retired/manifests/1', { method: 'DELETE' });
  expect(forgotten.status).to.equal(202);
  const inApp = [
    ...['1', 'multi', 'nested', `sha256-${hexOf(image.digest)}.sig`, `sha256-${hexOf(earlier.digest)}`],
    ...[image, index, ...children, inner, innerIndex, outer, signature, attestation, cosign, listed].map(
      ({ digest }) => digest,
    ),
  ];
  return {
    reachable: [
      ...inApp.map((reference) => [APP, reference] as const),
      ...['1', 'old', index.digest, signature.digest, attestation.digest].map(
        (reference) => ['app', reference] as const,
      ),
    ],
    untagged: [earlier, lost],
    orphans,
    published: [retired.config, ...retired.layers],
  };
}

/** Pulls all of it, to the last byte. */
export async function pullEverything(url: string, { reachable }: Content): Promise<void> {
  for (const [name, reference] of reachable) await pullAll(url, name, reference);
}
