/**
 * Promise: a process that may open few files accepts fewer connections instead of failing under them, and says so; the
 * offline collector needs few files, whatever a manifest lists.
 */
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestBy, digestOf } from '../../services/registry/oci/digest.ts';
import { OCI_INDEX, parseManifest } from '../../services/registry/oci/manifest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { blobDataKey, layerLinkKey } from '../../services/registry/storage/layout.ts';
import { connectionsOfPort, maxOpenFiles } from '../../services/serve/descriptors.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { putManifest } from '../support/library-pushes.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { run, startDaemon } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

const FILES_MAX = 256;
const CHILDREN = 4000;
/** A shell that starts a program with few descriptors. */
const limited = (args: readonly string[]) =>
  ['-c', `ulimit -n ${FILES_MAX}; exec "$@"`, 'sh', process.execPath, ...CLI, ...args] as const;

describe('a process that may open few files', function () {
  this.timeout(60_000);

  it('accepts half as many connections, warns, and serves while they are all taken', async () => {
    await using registry = await startRegistry({ promotion: false });
    await registry.stop();
    const probe = async () => (await fetch(`${registry.url}/readyz`)).ok;
    await using daemon = await startDaemon('sh', limited(['serve', registry.configPath]), { ready: probe });
    const warning = daemon
      .output()
      .split('\n')
      .find((line) => line.includes('limits.connections is'));
    expect(JSON.parse(warning ?? '{}')).to.include({
      level: 'warn',
      descriptors: FILES_MAX,
      connections: 128,
    });
    const { hostname, port } = new URL(registry.url);
    const sockets: Socket[] = [];
    try {
      // More than there are descriptors: half of them is one client's share.
      for (let i = 0; i < 2 * FILES_MAX; i++)
        sockets.push(createConnection({ host: hostname, port: Number(port) }).on('error', () => undefined));
      await eventually(
        'some were refused',
        () => sockets.filter((socket) => socket.closed).length > FILES_MAX,
      );
      expect(await (await fetch(`${registry.debugUrl}/debug/health`)).json()).to.deep.equal({});
      expect(daemon.output(1000)).to.not.include('EMFILE');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('collects offline, though an index lists one child by SHA-512 thousands of times', async () => {
    await using home = await tempDir('few-files');
    const rootDirectory = join(home.path, 'root');
    await using store = await FilesystemStore.open({ rootDirectory, sync: false });
    const [content, name] = [contentOf(store), parseRepositoryName('hello')];
    const bytes = Buffer.from('a layer of a cache');
    const [canonical, digest] = [digestOf(bytes), digestBy('sha512', bytes)];
    await store.put(blobDataKey(canonical), bytes);
    for (const named of [canonical, digest])
      await store.put(layerLinkKey(name, named), Buffer.from(canonical));
    const manifests = Array(CHILDREN).fill({ mediaType: 'a/b', digest, size: bytes.length });
    const json = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    const index = parseManifest(Buffer.from(JSON.stringify(json)));
    await putManifest(content, name, index);
    await content.tags.move(name, parseTag('1'), index, OPEN_FENCE);
    await using registry = await startRegistry({ promotion: false, rootDirectory });
    await registry.stop();
    await run('sh', limited(['garbage-collect', '-m', registry.configPath]), { timeoutMs: 50_000 });
    expect(await store.stat(blobDataKey(canonical))).to.include({ sizeBytes: bytes.length });
    expect((await content.manifests.get(name, index.digest))?.bytes.equals(index.bytes)).to.equal(true);
  });
});

describe('the connections of a port', () => {
  it('are as many as configured, or half of the descriptors, shared by the ports', () => {
    expect(connectionsOfPort(10_000, 1, undefined)).to.equal(10_000);
    expect(connectionsOfPort(10_000, 1, 1_048_576)).to.equal(10_000);
    expect(connectionsOfPort(10_000, 1, 1024)).to.equal(512);
    expect(connectionsOfPort(10_000, 3, 1024)).to.equal(170);
    expect(connectionsOfPort(50, 1, 1024)).to.equal(50);
  });

  it('are read from what Linux says of the process', () => {
    const text = 'Limit                     Soft Limit           Hard Limit           Units     \n';
    expect(
      maxOpenFiles(`${text}Max open files            1024                 4096                 files     \n`),
    ).to.equal(1024);
    expect(
      maxOpenFiles(`${text}Max open files            unlimited            unlimited            files     \n`),
    ).to.equal(undefined);
    expect(maxOpenFiles(text)).to.equal(undefined);
  });
});
