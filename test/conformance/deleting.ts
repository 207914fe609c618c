import { type Target, Unsupported } from './check.ts';
import type { Answer } from './client.ts';
import { expectStatus } from './expectations.ts';
import { inTime } from './in-time.ts';
import { askForBlob, getManifest, headManifest } from './reading.ts';

/** Deletes a tag or a manifest, and holds it to be gone at once ("Deleting tags", "Deleting Manifests"). */
export async function expectManifestDeleted(
  on: Target,
  repository: string,
  reference: string,
): Promise<void> {
  const target = `/v2/${repository}/manifests/${reference}`;
  expectDeleted(await on.client.ask(target, { method: 'DELETE' }), reference);
  await inTime(on, async () => expectStatus(await headManifest(on, repository, reference), 404));
  await inTime(on, async () => expectStatus(await getManifest(on, repository, reference), 404));
}

/** Deletes a blob, and holds it to be gone at once ("Deleting Blobs"). */
export async function expectBlobDeleted(on: Target, repository: string, digest: string): Promise<void> {
  const target = `/v2/${repository}/blobs/${digest}`;
  expectDeleted(await on.client.ask(target, { method: 'DELETE' }), digest);
  await inTime(on, async () => expectStatus(await askForBlob(on, repository, digest, 'HEAD'), 404));
  await inTime(on, async () => expectStatus(await askForBlob(on, repository, digest), 404));
}

function expectDeleted(answer: Answer, what: string): void {
  // "If deletion is disabled, the registry MUST respond with either a 400 or a 405."
  if (answer.status === 400 || answer.status === 405)
    throw new Unsupported(`deleting ${what} is answered with ${answer.status}`);
  expectStatus(answer, 202);
}
