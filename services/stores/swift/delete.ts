import { z } from 'zod';
import type { Fence } from '../../registry/storage/fence.ts';
import { forEachSettled } from '../each.ts';
import type { SwiftClient } from './client.ts';

const CONCURRENCY = 8;
/** Fewer objects than this are deleted faster one by one. */
const BULK_MIN = 16;
/** Swift deletes two objects at a time: larger requests would take very long. */
const BULK_MAX = 1000;
/** Fewer under a fence: a request must be over within the time after which a late one is ruled out. */
const BULK_FENCED_MAX = 100;
const BULK_TIMEOUT_MS = 5 * 60_000;

const BulkSchema = z.object({
  'Response Status': z.string(),
  'Number Deleted': z.int(),
  'Number Not Found': z.int(),
  Errors: z.array(z.tuple([z.string(), z.string()])),
});

/** Deletes objects, and manifests without their segments; missing ones are not an error. */
export async function deleteObjects(
  client: SwiftClient,
  names: readonly string[],
  signal?: AbortSignal,
  fence?: Fence,
): Promise<void> {
  const step = Math.min(client.capabilities.bulkDeletesMax, fence ? BULK_FENCED_MAX : BULK_MAX);
  if (step < BULK_MIN || names.length < BULK_MIN) return deleteEach(client, names, signal, fence);
  for (let first = 0; first < names.length; first += step)
    await deleteInBulk(client, names.slice(first, first + step), signal, fence);
}

async function deleteEach(
  client: SwiftClient,
  names: readonly string[],
  signal: AbortSignal | undefined,
  fence: Fence | undefined,
): Promise<void> {
  const remove = (name: string) => client.ask({ method: 'DELETE', name, expects: [204, 404], signal, fence });
  await forEachSettled(names, remove, { concurrency: CONCURRENCY, signal });
}

/** docs.openstack.org/swift/latest/middleware.html#bulk-delete: the status is in the body. */
async function deleteInBulk(
  client: SwiftClient,
  names: readonly string[],
  signal: AbortSignal | undefined,
  fence: Fence | undefined,
): Promise<void> {
  const answer = await client.call(
    {
      method: 'POST',
      ofAccount: true,
      query: '?bulk-delete',
      headers: { 'content-type': 'text/plain', accept: 'application/json' },
      body: Buffer.from(names.map((name) => client.names.path(name).slice(1)).join('\n')),
      expects: [200],
      signal,
      headersTimeoutMs: BULK_TIMEOUT_MS,
      fence,
    },
    async (response) => {
      try {
        return BulkSchema.parse(await response.body.json());
      } catch (error) {
        fence?.doubt();
        throw error;
      }
    },
  );
  const reported = answer['Number Deleted'] + answer['Number Not Found'];
  const refused = answer.Errors.filter(([, status]) => status.startsWith('4')).length;
  if (reported + refused < names.length) fence?.doubt();
  // Failed deletes are repeated one by one, which yields their errors.
  if (answer.Errors.length > 0 || reported !== names.length) await deleteEach(client, names, signal, fence);
}
