import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Descriptor, MEDIA_TYPES } from '../../support/image.ts';
import { type BenchImage, TAG } from '../image.ts';
import { askFor } from './http.ts';

/** Bytes to upload. */
export interface Upload {
  readonly digest: string;
  readonly sizeBytes: number;
  open(): Readable;
}

/** Uploads a blob as docker does: POST, one PATCH, PUT. */
export async function uploadBlob(url: string, repository: string, upload: Upload): Promise<void> {
  const begun = await askFor(202, `${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const patched = await askFor(202, locationOf(begun, url), {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': upload.sizeBytes },
    body: upload.open(),
  });
  const closing = new URL(locationOf(patched, url));
  closing.searchParams.set('digest', upload.digest);
  await askFor(201, closing.href, { method: 'PUT', headers: { 'Content-Length': 0 } });
}

/** Pushes an image; its large blob is not part of it. */
export async function pushImage(url: string, repository: string, image: BenchImage): Promise<void> {
  for (const blob of image.manifest.blobs) await uploadBlob(url, repository, uploadOf(image, blob));
  await askFor(201, `${url}/v2/${repository}/manifests/${TAG}`, {
    method: 'PUT',
    headers: { 'Content-Type': MEDIA_TYPES.image },
    body: image.manifest.bytes,
  });
}

/** Pushes the large blob, if there is one. */
export async function pushLarge(url: string, repository: string, image: BenchImage): Promise<void> {
  const { large } = image;
  if (large) await uploadBlob(url, repository, uploadOf(image, large));
}

function uploadOf(image: BenchImage, blob: Descriptor): Upload {
  const { digest, size } = blob;
  return { digest, sizeBytes: size, open: () => createReadStream(image.fileOf(blob)) };
}

function locationOf(answer: { headers: { location?: string | undefined } }, base: string): string {
  return new URL(answer.headers.location ?? '', base).href;
}
