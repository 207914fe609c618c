import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pMap from 'p-map';
import type { RegistryServer } from '../servers/server.ts';
import { LINK, linkKey, type TagStore } from './tag-store.ts';

/** A registry that runs already; it goes on when this is disposed. */
export function filesystemTags(server: RegistryServer): TagStore {
  return {
    title: 'a file system',
    server,
    async makeTags(repository, tags) {
      await pMap(
        tags,
        async (tag) => {
          const path = join(server.rootDirectory, linkKey(repository, tag));
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, LINK);
        },
        { concurrency: 16 },
      );
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
