/** Promise: an operator sees what waits, what is dead and why, and can have it sent again. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { EndpointConfig } from '../../services/registry/notifications/endpoint.ts';
import { inspectEndpoint } from '../../services/registry/notifications/inspect.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/process.ts';
import { endpointAt, FACTS, type OutboxWorld, outboxWorld, push } from './outbox-world.ts';
import { startReceiver } from './receiver.ts';

const PROGRAM = fileURLToPath(new URL('./command-program.ts', import.meta.url));

describe('roadstead notifications', () => {
  const command = (world: OutboxWorld, endpoints: readonly EndpointConfig[], ...args: string[]) =>
    run(
      process.execPath,
      [PROGRAM, world.rootDirectory, JSON.stringify({ includereferences: false, endpoints }), ...args],
      { allowFailure: true },
    );

  it('shows queues, dead letters and the last error, and sends dead letters again', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer(() => 410);
    const refusing = endpointAt(receiver.url, { name: 'builds', threshold: 100, backoff: 1 });
    const idle = endpointAt(receiver.url, { name: 'idle' });
    const endpoints = [refusing, idle];
    const notifier = world.notifier([refusing]);
    await notifier.changed([push(1)], FACTS);
    {
      await using _ = world.worker(refusing);
      await eventually('it is dead', async () => (await inspectEndpoint(world.objects, 'builds')).dead === 1);
    }
    await notifier.changed([push(2)], FACTS);

    const shown = await command(world, endpoints);
    expect(shown.code).to.equal(2);
    const [head, first, second, title, letter] = shown.stdout.split('\n');
    expect(head).to.match(/^ENDPOINT +QUEUED +OLDEST +DEAD +LAST DELIVERED +FAILURES +LAST ERROR$/);
    expect(first).to.match(/^builds +1 +\d+ s +1 +- +10 +\S+Z it answers 410$/);
    expect(second).to.match(/^idle +0 +- +0 +- +0 +-$/);
    expect(title).to.equal(
      'dead letters of builds, newest first (queue them again with --retry-dead builds):',
    );
    expect(letter).to.match(/^ {2}\S+Z {2}it answers 410 {2}push r\/1@sha256:[0-9a-f]{12}$/);

    const json = JSON.parse((await command(world, endpoints, '--json')).stdout);
    expect(json.endpoints[0]).to.include({ endpoint: 'builds', queued: 1, dead: 1 });
    expect(json.endpoints[0].newestDead[0].events[0].target.repository).to.equal('r/1');
    expect(json.forgotten).to.deep.equal([]);

    const unknown = await command(world, endpoints, '--retry-dead', 'bulids');
    expect(unknown.code).to.equal(1);
    expect(unknown.stderr).to.equal('no endpoint is called bulids; configured: builds, idle\n');
    const retried = await command(world, endpoints, '--retry-dead', 'builds');
    expect(retried).to.include({ code: 0, stdout: '1 events of builds are queued again\n' });

    receiver.answer(() => 200);
    world.worker(refusing);
    await eventually('both are delivered', () => receiver.accepted().length === 2);
    await eventually(
      'it says so',
      async () => (await inspectEndpoint(world.objects, 'builds')).delivery?.failures === 0,
    );
    const after = await command(world, endpoints);
    expect(after.code).to.equal(0);
    expect(after.stdout).to.match(/^builds +0 +- +0 +\S+Z +0 +\S+Z it answers 410$/m);
  });

  it('names outboxes that belong to no endpoint, and says when there is none', async () => {
    await using world = await outboxWorld();
    await world.notifier([endpointAt('http://127.0.0.1:9/', { name: 'gone' })]).changed([push(1)], FACTS);
    const { stdout, code } = await command(world, []);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^no notification endpoints are configured\nroadstead\/notifications\/gone\/ belongs to no/,
    );
  });
});
