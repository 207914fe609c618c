/**
 * Promise: the origin path serves what is public now: blobs that a repository has published from which clients without
 * credentials may pull at their address by today's rules. Everything else looks like what is not there.
 */
import { rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

const BASIC = `Basic ${Buffer.from('alice:the password of alice').toString('base64')}`;
/** Larger than what nodes always serve themselves. */
const LAYER_BYTES = 100_000;
const pathOf = (digest: string) =>
  `docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`;
const everyone = (name: string, more: object = {}) => ({
  ...{ name, allow: ['pull'], subjects: ['everyone'], repositories: [`${name}/**`] },
  ...more,
});

describe('the origin path', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  /** Blobs by the repositories that have published them, in this order. */
  const blobs: Record<'closed' | 'open' | 'inside' | 'closed, open' | 'closed, inside', string> = {
    ...{ closed: '', open: '', inside: '', 'closed, open': '', 'closed, inside': '' },
  };
  let home: string;
  let rootDirectory: string;
  let open: TestRegistry;

  /** Another registry over the same store, with these rules, or with none. */
  function guarded(rules: readonly object[] | undefined, more: object = {}): Promise<TestRegistry> {
    return startRegistry({
      rootDirectory,
      config: (config) => ({
        ...config,
        ...(rules && { access: { standard: false, rules } }),
        auth: { htpasswd: { realm: 'tests', path: join(home, 'htpasswd') } },
        ...more,
      }),
    });
  }

  /** A GET of a blob at the origin path, from an address of this machine. */
  function get(registry: TestRegistry, digest: string, localAddress = '127.0.0.1') {
    return new Promise<{ status: number; cache: string | undefined; body: string }>((resolve, reject) => {
      const url = `${registry.url}/origin/${pathOf(digest)}`;
      const outgoing = request(url, { localAddress, agent: false }, async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, cache: headers['cache-control'], body: Buffer.concat(chunks).toString('latin1') });
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
  }

  before(async () => {
    home = held.use(await tempDir('origin')).path;
    await writeFile(join(home, 'htpasswd'), `alice:${hashSync('the password of alice', 4)}\n`);
    open = held.use(await startRegistry());
    ({ rootDirectory } = open);
    for (const publishers of Object.keys(blobs) as (keyof typeof blobs)[]) {
      const candidate = `candidate/${publishers.replace(', ', '-')}`;
      const { layers } = await pushImage(open.url, candidate, '1', [newBytes(LAYER_BYTES)]);
      blobs[publishers] = layers[0]?.digest ?? '';
      for (const publisher of publishers.split(', '))
        await open.cli(['promote', `${candidate}:1`, `${publisher}/app:1`]);
    }
  });
  after(() => held.disposeAsync());

  it('serves all that is published where everyone may do everything', async () => {
    for (const digest of Object.values(blobs)) {
      const { status, cache } = await get(open, digest);
      expect(status).to.equal(200);
      expect(cache).to.equal('public, max-age=31536000, immutable');
    }
  });

  it('serves nothing any more from repositories that rules have closed, and what others published, too', async () => {
    await using registry = await guarded([everyone('open')]);
    for (const name of ['open', 'closed, open'] as const)
      expect((await get(registry, blobs[name])).status, name).to.equal(200);
    const absent = `sha256:${'0'.repeat(64)}`;
    const unknown = await get(registry, absent);
    for (const name of ['closed', 'inside', 'closed, inside'] as const) {
      const answer = await get(registry, blobs[name]);
      expect(answer.status, name).to.equal(404);
      expect(answer.cache).to.equal('no-store');
      expect(answer.body.replaceAll(blobs[name], absent)).to.equal(unknown.body);
    }
  });

  it('serves by the address of the client, and then to no shared cache', async () => {
    const networks = ['127.0.0.2/32'];
    await using registry = await guarded([everyone('open'), everyone('inside', { networks })]);
    for (const name of ['inside', 'closed, inside'] as const) {
      expect((await get(registry, blobs[name])).status, name).to.equal(404);
      const { status, cache } = await get(registry, blobs[name], '127.0.0.2');
      expect(status, name).to.equal(200);
      expect(cache).to.equal('private, max-age=31536000, immutable');
    }
    expect((await get(registry, blobs.open, '127.0.0.2')).cache).to.match(/^public/);
    expect((await get(registry, blobs.closed, '127.0.0.2')).status).to.equal(404);
  });

  it('serves nothing that a denial by address keeps away, and to no shared cache what it lets through', async () => {
    const deny = {
      ...{ name: 'not there', deny: ['pull'], subjects: ['everyone'] },
      ...{ repositories: ['open/**'], networks: ['127.0.0.2/32'] },
    };
    await using registry = await guarded([deny, everyone('open')]);
    expect((await get(registry, blobs.open, '127.0.0.2')).status).to.equal(404);
    expect((await get(registry, blobs.open)).cache).to.match(/^private/);
  });

  it('serves nothing where nobody may do anything without a login', async () => {
    await using registry = await guarded(undefined);
    for (const digest of Object.values(blobs)) expect((await get(registry, digest)).status).to.equal(404);
  });

  it('gives by a mount without a source what is public now, and nothing else', async () => {
    await using registry = await guarded([
      everyone('open'),
      { name: 'own', allow: ['pull', 'push'], subjects: ['user:alice'], repositories: ['candidate/mine'] },
    ]);
    const mount = async (digest: string) => {
      const path = `/v2/candidate/mine/blobs/uploads/?mount=${digest}`;
      return (await send(registry.url, path, { method: 'POST', headers: { authorization: BASIC } })).status;
    };
    for (const name of ['open', 'closed, open'] as const)
      expect(await mount(blobs[name]), name).to.equal(201);
    for (const name of ['closed', 'inside', 'closed, inside'] as const)
      expect(await mount(blobs[name]), name).to.equal(202);
  });

  it('serves again what an earlier version promoted without noting it, once the image is promoted again', async () => {
    const digest = blobs['closed, open'];
    const records = `roadstead/publishers/default/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
    await rm(join(rootDirectory, records), { recursive: true });
    const status = async () => {
      await using registry = await guarded([everyone('open')]);
      return (await get(registry, digest)).status;
    };
    expect(await status()).to.equal(404);
    const { stdout } = await open.cli(['promote', 'candidate/closed-open:1', 'open/app:1']);
    expect(stdout).to.include('already');
    expect(await status()).to.equal(200);
  });

  it('is not needed by those who may pull: a mirror serves them, and the node what the mirror has lost', async () => {
    const port = await freePort();
    const directory = join(home, 'mirror');
    const serve = `127.0.0.1:${port}`;
    const mirror = { name: 'near', url: `http://${serve}`, sameoperator: true, serve, write: { directory } };
    await using registry = await guarded(
      [{ name: 'all', allow: ['pull'], subjects: ['authenticated'], repositories: ['**'] }],
      { mirrors: [mirror] },
    );
    const headers = { authorization: BASIC };
    const path = `/v2/closed/app/blobs/${blobs.closed}`;
    const asked = () => send(registry.url, path, { headers });
    let location = '';
    await eventually('the mirror is chosen', async () => {
      const { status, headers: got } = await asked();
      location = got.location ?? '';
      return status === 302;
    });
    expect((await fetch(location)).status).to.equal(200);
    await rm(join(directory, pathOf(blobs.closed)));
    const bounced = await fetch(location, { redirect: 'manual' });
    expect(bounced.headers.get('location')).to.equal(`${registry.url}/origin/${pathOf(blobs.closed)}`);
    expect((await fetch(location)).status).to.equal(404);
    // Who asks again has been sent to a mirror in vain.
    await eventually('the node serves it itself', async () => (await asked()).status === 200);
    expect((await send(registry.url, path)).status).to.equal(401);
  });
});
