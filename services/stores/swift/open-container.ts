import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { absent, StoreAbsentError, type StoreMode } from '../../registry/storage/object-store.ts';
import type { SwiftClient } from './client.ts';
import { SwiftError } from './errors.ts';

/** Makes the container if it does not exist, as Distribution does, but not for reading. Throws an OperatorError. */
export async function openContainer(client: SwiftClient, mode: StoreMode): Promise<void> {
  const { container } = client.names;
  try {
    const { status } = await client.ask({ method: 'HEAD', expects: [200, 204, 404] });
    if (status === 404 && mode === 'read')
      throw new StoreAbsentError(`storage.swift.container = ${container}: ${absent('container')}`);
    if (status === 404) await client.ask({ method: 'PUT', expects: [201, 202] });
  } catch (error) {
    if (error instanceof SwiftError && error.status === 403)
      throw new OperatorError(
        `storage.swift.container = ${container}: this user may neither read nor make it: expected a user who may read ` +
          'and write it, by storage.swift.username, or a container that is theirs',
        { cause: error },
      );
    throw error;
  }
}
