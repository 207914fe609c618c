import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { defineTests } from '../conformance/check.ts';
import { Client } from '../conformance/client.ts';
import type { Profile } from '../conformance/profile.ts';
import { conformance } from '../conformance/suite.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { sha256 } from '../support/digest.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import type { DefineSuite } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type Cluster, startCluster } from './cluster.ts';

const MIB = 1024 * 1024;

/** A store that every node can reach, as a `storage` section. */
export interface SharedStore extends AsyncDisposable {
  readonly storage: Readonly<Record<string, unknown>>;
}

const PROFILE: Profile = {
  version: 'dev',
  mountsFromAnywhere: ['sha256'],
  // Of links; tags follow within a second even without Redis (docs/architecture.md).
  lagMs: 10_000,
  ownErrorCodes: ['RANGE_INVALID', 'PAGINATION_NUMBER_INVALID'],
};

/**
 * Promise: any node answers any request. The whole of the specification against three nodes behind TLS, each request at
 * another one; real clients too; and an upload goes on when the node that took its last request has died.
 */
export function describeCluster(
  describeIt: DefineSuite,
  name: string,
  open: () => Promise<SharedStore>,
): void {
  describeIt(`three nodes over ${name}`, function () {
    this.timeout(120_000);
    const held = new AsyncDisposableStack();
    let cluster: Cluster;
    let client: Client;
    before(async () => {
      const store = held.use(await open());
      cluster = held.use(await startCluster(store.storage));
      client = held.use(new Client(`https://${cluster.tlsHost}`, { ca: cluster.certificate }));
    });
    after(() => held.disposeAsync());

    it('take an upload whose every request comes to another node', async () => {
      const chunks = [newBytes(6 * MIB), newBytes(1), newBytes(5 * MIB), newBytes(300_000)];
      const digest = await upload(cluster, 'spread', chunks);
      for (const { url } of cluster.nodes) {
        const got = await send(url, `/v2/spread/blobs/${digest}`);
        expect(got.body.equals(Buffer.concat(chunks))).to.equal(true);
      }
    });

    for (let victim = 0; victim < 3; victim++)
      it(`take it to its end although node ${victim + 1} is killed between any two requests`, async () => {
        const node = cluster.nodes[victim];
        const chunks = [newBytes(6 * MIB), newBytes(5 * MIB), newBytes(1000)];
        // POST, a PATCH for each chunk, PUT.
        for (let before = 1; before < chunks.length + 2; before++) {
          const name = `killed-${victim}-${before}`;
          const digest = await upload(cluster, name, chunks, async (request) => {
            if (request === before) await node?.stop('SIGKILL');
          });
          await node?.start();
          for (const { url } of cluster.nodes) {
            const got = await send(url, `/v2/${name}/blobs/${digest}`);
            expect(got.body.equals(Buffer.concat(chunks)), name).to.equal(true);
          }
        }
      });

    it('take images from skopeo, and give them to it, over TLS', async () => {
      await using home = await tempDir('cluster-image');
      await using skopeo = await Skopeo.open();
      const layout = await makeImageLayout(join(home.path, 'image'), { layerSizesMib: [1, 12] });
      const certificates = join(home.path, 'certificates');
      await mkdir(certificates);
      await writeFile(join(certificates, 'ca.crt'), cluster.certificate);
      const image = `docker://${cluster.tlsHost}/real/app:1`;
      const copy = (...words: string[]) => skopeo.run('copy', '--all', '--preserve-digests', ...words);
      await copy('--dest-cert-dir', certificates, `oci:${layout.directory}:multi`, image);
      const pulled = join(home.path, 'pulled');
      // It holds what comes to the digests itself.
      await copy('--src-cert-dir', certificates, image, `oci:${pulled}:multi`);
      const index = JSON.parse(await readFile(join(pulled, 'index.json'), 'utf8')) as {
        manifests: { digest: string }[];
      };
      expect(index.manifests.map(({ digest }) => digest)).to.deep.equal([layout.digests.multi]);
    });

    describe('are one registry', () =>
      defineTests(conformance(PROFILE), () => ({ client, profile: PROFILE })));
  });
}

/** Uploads through the front, and tries again as clients do: asks how far it came, and goes on there. */
async function upload(
  { url }: Cluster,
  name: string,
  chunks: readonly Buffer[],
  before: (request: number) => Promise<void> = async () => {},
): Promise<string> {
  const whole = Buffer.concat(chunks);
  const digest = sha256(whole);
  let request = 0;
  const ask = async (method: string, path: string, body?: Buffer, range?: string) => {
    await before(request++);
    for (let attempt = 0; ; attempt++) {
      const headers = {
        'content-type': 'application/octet-stream',
        ...(range !== undefined && { 'content-range': range }),
      };
      const answer = await send(url, path, { method, headers, ...(body && { body }) }).catch(() => undefined);
      const isOver = answer !== undefined && ![502, 503, 504].includes(answer.status);
      if (isOver || attempt === 5) return answer;
      if (method === 'PATCH') {
        // The bytes may have come, and only the answer been lost.
        const told = await send(url, path).catch(() => undefined);
        if (told?.headers['range'] === `0-${range?.split('-')[1]}`) return { ...told, status: 202 };
      }
    }
  };
  const begun = await ask('POST', `/v2/${name}/blobs/uploads/`);
  let target = begun?.headers.location ?? '';
  let at = 0;
  for (const chunk of chunks) {
    const answer = await ask('PATCH', target, chunk, `${at}-${at + chunk.length - 1}`);
    expect(answer?.status, answer?.body.toString()).to.equal(202);
    target = answer?.headers.location ?? target;
    at += chunk.length;
  }
  const closed = await ask('PUT', `${target}?digest=${digest}`);
  expect(closed?.status, closed?.body.toString()).to.equal(201);
  return digest;
}
