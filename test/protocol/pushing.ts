import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { sha256 } from '../support/digest.ts';
import { type Answer, send } from './wire.ts';

export const MEDIA_TYPES = {
  image: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerImage: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** An OCI descriptor, as it stands in a manifest. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The descriptor of bytes. */
export function descriptorOf(bytes: Buffer, mediaType: string): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

/** Bytes that no registry has. */
export function newBytes(sizeBytes = 1000): Buffer {
  return randomBytes(sizeBytes);
}

/** Pushes a blob with POST and PUT, and returns its descriptor. */
export async function pushBlob(
  url: string,
  name: string,
  bytes: Buffer,
  mediaType: string = MEDIA_TYPES.layer,
): Promise<Descriptor> {
  const begun = await send(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
  expect(begun.status).to.equal(202);
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

/** An image that was pushed. */
export interface Pushed extends Descriptor {
  readonly bytes: Buffer;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Pushes an image of a config and layers (one small one unless given), all new, and returns all of it. */
export async function pushImage(
  url: string,
  name: string,
  reference: string,
  layerContents: readonly Buffer[] = [newBytes()],
): Promise<Pushed> {
  const config = await pushBlob(url, name, newBytes(100), MEDIA_TYPES.config);
  const layers = [];
  for (const bytes of layerContents) layers.push(await pushBlob(url, name, bytes));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.image, config, layers }),
  );
  const answer = await putManifest(url, name, reference, bytes, MEDIA_TYPES.image);
  expect(answer.status, answer.body.toString()).to.equal(201);
  return { ...descriptorOf(bytes, MEDIA_TYPES.image), bytes, config, layers };
}

/** Pushes an index of manifests that the repository has. */
export async function pushIndex(
  url: string,
  name: string,
  reference: string,
  manifests: readonly Descriptor[],
): Promise<Descriptor & { readonly bytes: Buffer }> {
  const listed = manifests.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: listed }),
  );
  const answer = await putManifest(url, name, reference, bytes, MEDIA_TYPES.index);
  expect(answer.status, answer.body.toString()).to.equal(201);
  return { ...descriptorOf(bytes, MEDIA_TYPES.index), bytes };
}
