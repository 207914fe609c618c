import type { SwiftClient } from './client.ts';
import { SwiftError } from './errors.ts';

/** Makes the container if it is not there, as Distribution does. Throws an Error that says what is not permitted. */
export async function openContainer(client: SwiftClient): Promise<void> {
  const { container } = client.names;
  try {
    const { status } = await client.ask({ method: 'HEAD', expects: [200, 204, 404] });
    if (status === 404) await client.ask({ method: 'PUT', expects: [201, 202] });
  } catch (error) {
    if (error instanceof SwiftError && error.status === 403)
      throw new Error(`Swift lets this user neither look at nor make the container ${container}`, {
        cause: error,
      });
    throw error;
  }
}
