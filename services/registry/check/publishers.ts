import { isSha256 } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/names.ts';
import { laterPublisherKey, PUBLISHERS_PREFIX } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import type { Finding } from './finding.ts';

/** The records of repositories that published blobs after others: nothing else is among them. */
export async function* checkPublishers({ reader }: Scope): AsyncGenerator<Finding> {
  for await (const key of reader.keys(PUBLISHERS_PREFIX)) {
    const [collection = '', algorithm, , hex, ...rest] = key.slice(PUBLISHERS_PREFIX.length).split('/');
    const digest = `${algorithm}:${hex}`;
    const name = rest.slice(0, -1).join('/');
    const isRecord =
      isSha256(digest) && isRepositoryName(name) && key === laterPublisherKey(collection, digest, name);
    if (!isRecord) yield strayFinding(key);
  }
}
