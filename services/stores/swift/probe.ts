import { StoreNotWritableError } from '../../registry/storage/object-store.ts';
import type { SwiftClient } from './client.ts';
import { SwiftError } from './errors.ts';
import { putWhole } from './put.ts';

/** All probes use one name, so one that a killed process left behind goes with the next. */
const PROBE_KEY = 'roadstead/probes/write';

/** Writes an object and deletes it: rights are a container's, so one is enough. Throws StoreNotWritableError. */
export async function probeWrites(client: SwiftClient, signal?: AbortSignal): Promise<void> {
  const name = client.names.ofKey(PROBE_KEY);
  try {
    await putWhole(client, name, Buffer.from('written to see whether it is taken'), signal);
    await client.ask({ method: 'DELETE', name, expects: [204, 404], signal });
  } catch (error) {
    if (!(error instanceof SwiftError) || error.status !== 403) throw error;
    throw new StoreNotWritableError(
      `storage.swift.container = ${client.names.container}: this user may not write to it: give it a write ACL or a ` +
        'role, or set storage.maintenance.readonly.enabled: true to serve existing content',
      'denied',
      { cause: error },
    );
  }
}
