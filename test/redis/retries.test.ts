/**
 * Promise: a client that comes back for a blob after a redirect is known at every node before it can be back, and by its
 * next pull, whatever token that brings: it is sent elsewhere. What it met is counted, logged and announced.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { clientKeyOf } from '../../services/registry/publishing/mirrors/trouble/client-key.ts';
import type { Change } from '../../services/registry/storage/changes.ts';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { type MirrorEntry, startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type Opened, openWorking } from './opened.ts';

const SERVICE = 'retries';
const CLIENTS = 20;
const ROUNDS_MAX = 5;

requires(['redis-server', 'redis-cli'])('a client that asks for a blob again', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let here: TestRegistry;
  let there: TestRegistry;
  let witness: Opened;
  let path: string;
  const heard: Change[] = [];
  before(async () => {
    const home = held.use(await tempDir('retries'));
    const mirrors: MirrorEntry[] = [];
    for (const name of ['one', 'two', 'three']) {
      const directory = join(home.path, name);
      await mkdir(directory);
      const { url } = held.use(await startStaticMirror(directory));
      mirrors.push({ name, url, sameoperator: true, write: { directory } });
    }
    const redis = held.use(await startRedis());
    const htpasswd = join(home.path, 'htpasswd');
    await writeFile(htpasswd, '');
    const start = async (command: 'serve' | 'api') =>
      held.use(
        await startRegistry({
          ...{ command, mirrors, rootDirectory: join(home.path, 'store') },
          config: (config) => ({
            ...config,
            redis: { addr: redis.address },
            http: {
              ...(config['http'] as object),
              secret: 'a secret that nobody guesses, of many characters',
            },
            auth: { token: { service: SERVICE, issuer: 'us', autoredirect: true } },
            token: {},
            accounts: [{ htpasswd: { path: htpasswd } }],
            access: { rules: [{ name: 'all', allow: ['*'], subjects: ['everyone'] }] },
          }),
        }),
      );
    here = await start('serve');
    there = await start('api');
    witness = held.use(await openWorking({ addr: redis.address }));
    witness.changes.subscribe((change) => heard.push(change));

    const image = await pushImage(here.url, 'candidate/app', '1', [newBytes(100_000)]);
    await here.cli(['promote', 'candidate/app:1', 'app:1', '--wait-mirrors', '3']);
    path = `/v2/app/blobs/${image.layers[0]?.digest}`;
    let prober = 0;
    for (const node of [here, there])
      await eventually('all mirrors are known', async () => {
        const client = `prober ${++prober}`;
        const mirrors = [await ask(node, client), await ask(node, client), await ask(node, client)];
        return mirrors.map(nameOf).toSorted().join() === 'one,three,two';
      });
  });
  after(() => held.disposeAsync());

  interface Sent {
    readonly decision: string;
    readonly location: string | undefined;
  }

  const ask = async (
    node: TestRegistry,
    client: string,
    more: Record<string, string> = {},
  ): Promise<Sent> => {
    const { headers } = await send(node.url, path, { headers: { 'user-agent': client, ...more } });
    return { decision: String(headers['roadstead-decision']), location: headers.location };
  };
  const nameOf = ({ decision }: Sent) =>
    /^(?:mirror=(\w+);|serve; reason=(\w+))/.exec(decision)?.slice(1).join('') ?? decision;

  /** As clients do it at the beginning of each pull. */
  const newToken = async () => {
    const answer = await fetch(`${here.url}/auth/token?service=${SERVICE}&scope=repository:app:pull`);
    const { token } = (await answer.json()) as { token: string };
    return { authorization: `Bearer ${token}` };
  };

  it('is sent to the next mirror, to the last one, and then served; another client is not', async () => {
    const best = nameOf(await ask(here, 'another'));
    const asked: Sent[] = [];
    for (let i = 0; i < 4; i++) asked.push(await ask(here, 'the client'));
    const names = asked.map(nameOf);
    expect(names[0]).to.equal(best);
    expect(new Set(names.slice(0, 3))).to.deep.equal(new Set(['one', 'two', 'three']));
    expect(names[3]).to.equal('retried');
    expect(asked.map(({ decision }) => /attempt=(\d+)$/.exec(decision)?.[1])).to.deep.equal([
      undefined,
      ...['1', '2', '3'],
    ]);
    const digest = path.slice(path.indexOf('sha256:'));
    const key = clientKeyOf({
      ...{ address: '127.0.0.1', userAgent: 'the client' },
      ...{ principalKind: 'anonymous', principalName: '' },
    });
    const doubted = () =>
      heard.flatMap((change) =>
        change.kind === 'mirror-doubted' && change.key === key && change.digest === digest
          ? [change.mirror]
          : [],
      );
    await eventually(doubted, () => doubted().length >= 3);
    expect(doubted()).to.deep.equal(names.slice(0, 3));
  });

  it('is known by its next pull, which has another token', async () => {
    const first = await newToken();
    const second = await newToken();
    expect(first.authorization).not.to.equal(second.authorization);
    const best = nameOf(await ask(here, 'puller', first));
    expect(nameOf(await ask(here, 'puller', second))).not.to.equal(best);
  });

  it('is not sent back to the mirror that broke off its download; parts of a download are no repetition', async () => {
    const best = nameOf(await ask(here, 'resumer'));
    expect(nameOf(await ask(here, 'resumer', { range: 'bytes=50000-' }))).not.to.equal(best);
    for (let i = 0; i < 10; i++)
      // Doubts of earlier clients, and that they were refuted, may move its share in between.
      expect(nameOf(await ask(here, 'fetcher', { range: `bytes=${i * 10}-${i * 10 + 9}` }))).to.be.oneOf([
        'one',
        'two',
        'three',
      ]);
    const logged = () => here.log().filter((line) => line['range'] !== undefined);
    await eventually(logged, () => logged().length >= 11);
    expect(logged().map((line) => line['range'])).to.deep.equal(['resume', ...Array(10).fill('part')]);
    expect(logged()[0]).to.include({ attempt: 1 });
    for (const part of logged().slice(1)) expect(part).to.not.have.property('attempt');
  });

  it('is known at the other node when it comes back from the mirror', async () => {
    // On a busy machine, Redis may be slower than the mirror for a while; nodes that collect such news never are in time.
    let known = 0;
    for (let round = 0; round < ROUNDS_MAX && known <= CLIENTS / 2; round++) {
      known = 0;
      for (let i = 0; i < CLIENTS; i++) {
        const client = `wanderer ${round}.${i}`;
        const sent = await ask(here, client);
        await fetch(sent.location ?? '').then((answer) => answer.arrayBuffer());
        if (nameOf(await ask(there, client)) !== nameOf(sent)) known++;
      }
    }
    expect(known).to.be.greaterThan(CLIENTS / 2);
  });

  it('is counted, by the mirror that it came back from', async () => {
    const metrics = await (await fetch(`${here.debugUrl}/metrics`)).text();
    expect(metrics).to.match(/^roadstead_blob_repeats_total\{mirror="(?:one|two|three)"\} [1-9]/m);
  });
});
