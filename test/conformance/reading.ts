import { expect } from 'chai';
import type { Target } from './check.ts';
import type { Answer } from './client.ts';
import { TYPES } from './content.ts';
import type { ManifestItem } from './data-set.ts';
import { expectBody, expectDigestHeader, expectStatus } from './expectations.ts';

/** What a client of ours takes. */
export const ACCEPT = { accept: `${TYPES.index}, ${TYPES.image}` };

/** Asks for a manifest, by tag or digest. */
export function getManifest(on: Target, repository: string, reference: string): Promise<Answer> {
  return on.client.ask(`/v2/${repository}/manifests/${reference}`, { headers: ACCEPT });
}

/** Asks whether there is a manifest. */
export function headManifest(on: Target, repository: string, reference: string): Promise<Answer> {
  return on.client.ask(`/v2/${repository}/manifests/${reference}`, { method: 'HEAD', headers: ACCEPT });
}

/** Holds GET of a manifest to the bytes and the type that were pushed ("Pulling manifests"). */
export async function expectManifest(
  on: Target,
  repository: string,
  reference: string,
  { bytes, mediaType, digest }: ManifestItem,
): Promise<void> {
  const answer = await getManifest(on, repository, reference);
  expectStatus(answer, 200);
  expect(answer.get('content-type')).to.equal(mediaType);
  expectBody(answer, bytes);
  expectDigestHeader(on, answer, digest);
}

/** Holds HEAD of a manifest to what GET would say ("Checking if content exists in the registry"). */
export async function expectManifestExists(
  on: Target,
  repository: string,
  reference: string,
  { bytes, mediaType, digest }: ManifestItem,
): Promise<void> {
  const answer = await headManifest(on, repository, reference);
  expectStatus(answer, 200);
  expect(answer.get('content-type')).to.equal(mediaType);
  expect(answer.get('content-length')).to.equal(String(bytes.length));
  expect(answer.body).to.have.length(0);
  expectDigestHeader(on, answer, digest);
}

/** Asks for a blob, or with HEAD for whether there is one. */
export function askForBlob(
  on: Target,
  repository: string,
  digest: string,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Answer> {
  return on.client.ask(`/v2/${repository}/blobs/${digest}`, { method });
}

/** Holds GET of a blob to the bytes that were pushed ("Pulling blobs"). */
export async function expectBlob(
  on: Target,
  repository: string,
  { digest, bytes }: { readonly digest: string; readonly bytes: Buffer },
): Promise<void> {
  const answer = await askForBlob(on, repository, digest);
  expectStatus(answer, 200);
  expectBody(answer, bytes);
  expectDigestHeader(on, answer, digest);
}

/** Holds HEAD of a blob to its size and digest. */
export async function expectBlobExists(
  on: Target,
  repository: string,
  { digest, bytes }: { readonly digest: string; readonly bytes: Buffer },
): Promise<void> {
  const answer = await askForBlob(on, repository, digest, 'HEAD');
  expectStatus(answer, 200);
  expect(answer.get('content-length')).to.equal(String(bytes.length));
  expect(answer.body).to.have.length(0);
  expectDigestHeader(on, answer, digest);
}
