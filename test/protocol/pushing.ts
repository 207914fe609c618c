import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { type Content, type Descriptor, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { type Answer, send } from './wire.ts';

/** Pushes a blob with POST and PUT, and returns its descriptor. */
export async function pushBlob(
  url: string,
  name: string,
  bytes: Buffer,
  mediaType: string = MEDIA_TYPES.layer,
): Promise<Descriptor> {
  const begun = await send(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
  expect(begun.status, `${url}: ${begun.body}`).to.equal(202);
  const digest = sha256(bytes);
  const location = begun.headers.location ?? '';
  const target = location.startsWith('/') ? location : location.slice(new URL(location).origin.length);
  const closed = await send(url, `${target}${target.includes('?') ? '&' : '?'}digest=${digest}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  expect(closed.status, closed.body.toString()).to.equal(201);
  return { mediaType, digest, size: bytes.length };
}

/** Puts a manifest, whatever the answer. */
export function putManifest(
  url: string,
  name: string,
  reference: string,
  bytes: Buffer,
  mediaType?: string,
): Promise<Answer> {
  return send(url, `/v2/${name}/manifests/${reference}`, {
    method: 'PUT',
    headers: mediaType === undefined ? {} : { 'content-type': mediaType },
    body: bytes,
  });
}

/** Puts a manifest, which has to be taken; by its digest unless there is another reference. */
export async function pushManifest(
  url: string,
  name: string,
  { bytes, digest, mediaType }: Content,
  reference: string = digest,
): Promise<void> {
  const answer = await putManifest(url, name, reference, bytes, mediaType);
  expect(answer.status, answer.body.toString()).to.equal(201);
}

/** Pushes an image of a config and layers (one small one unless given), all new, and returns all of it. */
export async function pushImage(
  url: string,
  name: string,
  reference: string,
  layerContents: readonly Buffer[] = [newBytes()],
): Promise<Image> {
  const config = await pushBlob(url, name, newBytes(100), MEDIA_TYPES.config);
  const layers = [];
  for (const bytes of layerContents) layers.push(await pushBlob(url, name, bytes));
  const image = new Image({ config, layers });
  await pushManifest(url, name, image, reference);
  return image;
}

/** Pushes an index of manifests that the repository has. */
export async function pushIndex(
  url: string,
  name: string,
  reference: string,
  manifests: readonly Descriptor[],
): Promise<Content> {
  const index = manifestOf(MEDIA_TYPES.index, { manifests });
  await pushManifest(url, name, index, reference);
  return index;
}
