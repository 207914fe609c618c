/**
 * Promise: a HEAD of a blob whose deletion was begun is answered at once to clients that cannot push there, with what is
 * there; a client that may push, and would skip an upload because of it, waits until it is certain what became of it.
 */
import { expect } from 'chai';
import {
  announcedKey,
  deletingKey,
  listKey,
  RESCUED_PREFIX,
  rangeOf,
} from '../../services/registry/content/quarantine/keys.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { DigestList } from '../../services/registry/storage/digest-list.ts';
import { blobDataKey, layerLinkKey } from '../../services/registry/storage/layout.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { startGuardedRegistry, tokenFor } from '../edge/guarded-registry.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';

const NAME = 'candidate/app' as RepositoryName;

describe('a HEAD of a blob whose deletion was begun, by a worker that was killed', function () {
  this.timeout(60_000);

  it('waits only if the client may push', async () => {
    await using registry = await startGuardedRegistry();
    await using objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    const bytes = Buffer.from('a layer');
    const digest = digestOf(bytes);
    const list = `0000000000001-00000000-${rangeOf(digest, digest)}`;
    const flag = deletingKey(list, rangeOf(digest, digest));
    await objects.put(blobDataKey(digest), bytes);
    await objects.put(layerLinkKey(NAME, digest), Buffer.from(digest));
    await objects.put(listKey(list), DigestList.of([digest]).bytes);
    await objects.put(announcedKey(list), Buffer.from('1'));
    await objects.put(flag, Buffer.alloc(0));
    const head = async (actions: string) => {
      const authorization = `Bearer ${await tokenFor(registry.url, `repository:${NAME}:${actions}`)}`;
      const path = `/v2/${NAME}/blobs/${digest}`;
      return (await send(registry.url, path, { method: 'HEAD', headers: { authorization } })).status;
    };
    const rescues = async () => (await objects.list({ prefix: RESCUED_PREFIX, limit: 10 })).keys;

    expect(await head('pull')).to.equal(200);
    expect(await rescues(), 'it was not asked to stay').to.deep.equal([]);
    const pushing = head('pull,push');
    await eventually('it is asked to stay', async () => (await rescues()).length === 1);
    expect(await head('pull')).to.equal(200);
    await objects.delete([flag]);
    expect(await pushing).to.equal(200);
  });
});
