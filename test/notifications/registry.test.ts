/**
 * Promise: what a client changed is told, at least once, whatever becomes of the registry or of who listens; and
 * nobody who pushes or pulls waits for a receiver.
 */
import { expect } from 'chai';
import type { NotificationEvent } from '../../services/registry/notifications/event.ts';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Receiver, startReceiver } from './receiver.ts';

describe('notifications of a registry', () => {
  let receiver: Receiver;
  let registry: TestRegistry;
  before(async () => {
    receiver = await startReceiver();
    registry = await startRegistry({
      delete: true,
      config: (config) => ({
        ...config,
        notifications: {
          endpoints: [{ name: 'hook', url: receiver.url, timeout: '20s', threshold: 2, backoff: '200ms' }],
        },
      }),
    });
  });
  after(async () => {
    await registry?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  const told = (action: string, digest: string) =>
    receiver
      .accepted()
      .filter((event) => event.action === action && event.target.digest === digest)
      .map((event) => event.target);
  const hears = async (action: string, digest: string): Promise<NotificationEvent['target']> => {
    await eventually(`${action} of ${digest}`, () => told(action, digest).length > 0);
    return told(action, digest)[0] as NotificationEvent['target'];
  };

  it('reports pushes, mounts, pulls and deletes, with what a receiver needs', async () => {
    const name = 'candidate/told';
    const image = await pushImage(registry.url, name, '1');
    const pushed = await hears('push', image.digest);
    expect(pushed).to.deep.include({ repository: name, tag: '1', mediaType: image.mediaType });
    expect(pushed.url).to.equal(`${registry.url}/v2/${name}/manifests/${image.digest}`);
    const layer = image.layers[0]?.digest ?? '';
    expect(await hears('push', layer)).to.deep.include({ repository: name, size: image.layers[0]?.size });

    const mount = `/v2/candidate/other/blobs/uploads/?mount=${layer}&from=${name}`;
    expect((await send(registry.url, mount, { method: 'POST' })).status).to.equal(201);
    expect(await hears('mount', layer)).to.deep.include({
      ...{ repository: 'candidate/other', fromRepository: name },
    });

    await send(registry.url, `/v2/${name}/manifests/1`);
    expect(await hears('pull', image.digest)).to.deep.include({ repository: name, tag: '1' });
    await send(registry.url, `/v2/${name}/blobs/${layer}`);
    await hears('pull', layer);

    const gone = await send(registry.url, `/v2/${name}/manifests/${image.digest}`, { method: 'DELETE' });
    expect(gone.status).to.equal(202);
    await hears('delete', image.digest);
    const untagged = () =>
      receiver.accepted().some(({ action, target }) => action === 'delete' && target.tag === '1');
    await eventually('delete of the tag', untagged);
  });

  it('reports a promotion as a push, with who promoted', async () => {
    const image = await pushImage(registry.url, 'candidate/promoted', '1');
    await promote(registry.url, 'candidate/promoted:1', 'promoted:1', { actor: 'release engineer' });
    const isTold = () =>
      receiver
        .accepted()
        .some(
          ({ target, actor }) =>
            target.repository === 'promoted' &&
            target.digest === image.digest &&
            actor.name === 'release engineer',
        );
    await eventually('push into the stable repository', isTold);
  });

  it('loses nothing while the receiver is down and the registry is killed', async () => {
    receiver.answer(() => 503);
    const blobs = [];
    for (let i = 0; i < 5; i++) blobs.push(await pushBlob(registry.url, 'candidate/killed', newBytes()));
    await registry.stop('SIGKILL');
    await registry.start();
    const { stdout } = await registry.offline(['notifications'], { allowFailure: true });
    expect(stdout).to.match(/hook/);
    receiver.answer(() => 200);
    for (const { digest } of blobs) await hears('push', digest);
  });
});
