/**
 * Promise: a registry with accounts records every change of state with who made it, from where and by which rule,
 * whatever it is and whichever way it comes; `roadstead audit` shows and verifies it, and what cannot be recorded is not
 * done.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { auditRecordKey } from '../../services/registry/storage/layout.ts';
import { type Answer, expectError, type Sent, send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { entriesTold } from './acknowledged.ts';
import { SECRET } from './world.ts';

const PASSWORD = 'a password of alice';
const authorization = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`;
const LOCAL = { kind: 'local', name: `local:${userInfo().username}` };
const ALICE = { kind: 'user', name: 'alice' };

describe('the audit record of a registry', () => {
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  before(async function () {
    this.timeout(30_000);
    const home = held.use(await tempDir('audit'));
    const path = join(home.path, 'htpasswd');
    await writeFile(path, `alice:${hashSync(PASSWORD, 4)}\n`);
    registry = held.use(
      await startRegistry({
        delete: true,
        config: (config) => ({
          ...config,
          http: { ...(config['http'] as object), secret: SECRET },
          auth: { htpasswd: { realm: 'a registry', path } },
          access: {
            groups: { releasers: ['user:alice'] },
            rules: [
              {
                name: 'alice-pushes',
                allow: ['pull', 'push', 'delete'],
                subjects: ['user:alice'],
                repositories: ['@candidates'],
              },
              {
                name: 'alice-releases',
                allow: ['pull', 'promote'],
                subjects: ['group:releasers'],
                repositories: ['@stable'],
              },
              { name: 'all-pull', allow: ['pull'], subjects: ['everyone'] },
            ],
          },
        }),
      }),
    );
  });
  after(() => held.disposeAsync());

  const ask = (method: string, target: string, { headers = {}, ...sent }: Sent = {}): Promise<Answer> =>
    send(registry.url, target, { method, headers: { authorization, ...headers }, ...sent });

  async function pushBlob(name: string, bytes: Buffer, mediaType: string): Promise<Content> {
    const blob = new Content(bytes, mediaType);
    const answer = await ask('POST', `/v2/${name}/blobs/uploads/?digest=${blob.digest}`, { body: bytes });
    expect(answer.status, answer.body.toString()).to.equal(201);
    return blob;
  }

  async function imageOf(name: string): Promise<Buffer> {
    const config = await pushBlob(name, newBytes(100), MEDIA_TYPES.config);
    const layers = [await pushBlob(name, newBytes(1000), MEDIA_TYPES.layer)];
    return new Image({ config, layers }).bytes;
  }

  function put(name: string, reference: string, body: Buffer, headers = {}): Promise<Answer> {
    return ask('PUT', `/v2/${name}/manifests/${reference}`, {
      headers: { 'content-type': MEDIA_TYPES.image, ...headers },
      body,
    });
  }

  /** Entries since a moment, oldest first, without what differs from run to run. */
  async function since(seq: number) {
    const entries = (await entriesTold(registry)).toReversed().filter((entry) => entry.seq > seq);
    return entries.map(({ seq: _, at: __, requestId: ___, ...rest }): Record<string, unknown> => rest);
  }

  async function lastSeq(): Promise<number> {
    return (await entriesTold(registry))[0]?.seq ?? 0;
  }

  it('records who pushed, mounted and deleted, from where, and by which rule', async function () {
    this.timeout(60_000);
    const before = await lastSeq();
    const image = await imageOf('candidate/a');
    const { config, layers } = JSON.parse(image.toString()) as { config: Descriptor; layers: [Descriptor] };
    const digest = sha256(image);
    const pushed = await put('candidate/a', `${digest}?tag=1&tag=2`, image);
    expect(pushed.status).to.equal(201);
    expect((await put('candidate/a', '1', image, { 'if-match': `"${digest}"` })).status).to.equal(201);
    const mount = `/v2/candidate/b/blobs/uploads/?mount=${config.digest}&from=candidate/a`;
    expect((await ask('POST', mount)).status).to.equal(201);
    expect((await ask('DELETE', '/v2/candidate/a/manifests/2')).status).to.equal(202);
    expect((await ask('DELETE', `/v2/candidate/a/manifests/${digest}`)).status).to.equal(202);
    expect((await ask('DELETE', `/v2/candidate/a/blobs/${layers[0].digest}`)).status).to.equal(202);
    const all = { actor: ALICE, address: '127.0.0.1', rule: 'alice-pushes' };
    const a = { ...all, repository: 'candidate/a' };
    expect(await since(before)).to.deep.equal([
      { ...a, action: 'blob.push', digest: config.digest },
      { ...a, action: 'blob.push', digest: layers[0].digest },
      { ...a, action: 'manifest.push', digest, tags: ['1', '2'] },
      { ...a, action: 'manifest.push', digest, tags: ['1'], details: { condition: 'one-of' } },
      {
        ...all,
        repository: 'candidate/b',
        action: 'blob.mount',
        digest: config.digest,
        details: { from: 'candidate/a' },
      },
      { ...a, action: 'tag.delete', tags: ['2'] },
      { ...a, action: 'manifest.delete', digest, tags: ['1'] },
      { ...a, action: 'blob.delete', digest: layers[0].digest },
    ]);
    const [entry] = (await entriesTold(registry)).filter(
      ({ requestId }) => requestId === pushed.headers['x-request-id'],
    );
    expect(entry?.action).to.equal('manifest.push');
  });

  it('records for a promotion what became public, and what the tag names', async function () {
    this.timeout(60_000);
    const image = await imageOf('candidate/p');
    await put('candidate/p', '1', image);
    const before = await lastSeq();
    const { status, body } = await send(registry.url, '/api/v1/promotions', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ source: 'candidate/p:1', target: 'p:1', actor: 'mallory' })),
    });
    expect(status, body.toString()).to.equal(200);
    const digest = sha256(image);
    const all = { actor: ALICE, address: '127.0.0.1', rule: 'alice-releases', repository: 'p', digest };
    expect(await since(before)).to.deep.equal([
      { ...all, action: 'promotion.publish', details: { source: 'candidate/p:1', actor: 'alice' } },
      { ...all, action: 'promotion.tag', tags: ['1'], details: { source: 'candidate/p:1', publication: 1 } },
    ]);
  });

  it('records no refused requests, reads or cancelled uploads', async function () {
    this.timeout(60_000);
    const image = await imageOf('candidate/q');
    await put('candidate/q', '1', image);
    const before = await lastSeq();
    const begun = await ask('POST', '/v2/candidate/q/blobs/uploads/');
    const { pathname } = new URL(begun.headers.location ?? '', registry.url);
    expect((await ask('DELETE', pathname)).status).to.equal(204);
    expect((await ask('GET', '/v2/candidate/q/manifests/1')).status).to.equal(200);
    expect((await put('stable', '1', image)).status).to.equal(403);
    // Another one: what the tag names already is pushed, whatever the condition.
    const other = Buffer.concat([image, Buffer.from('\n')]);
    const condition = { 'if-match': `"sha256:${'0'.repeat(64)}"` };
    expect((await put('candidate/q', '1', other, condition)).status).to.equal(412);
    expect((await put('candidate/elsewhere', '1', image)).status).to.equal(400);
    expect((await ask('DELETE', '/v2/candidate/q/manifests/nothing')).status).to.equal(404);
    expect((await promote(registry.url, 'candidate/q:1', 'q:1')).status).to.equal(401);
    expect(await since(before)).to.deep.equal([]);
  });

  it('records which user of the machine ran a command', async function () {
    this.timeout(60_000);
    const before = await lastSeq();
    await registry.offline(['read-only', 'on', '--reason', 'a move']);
    await registry.offline(['read-only', 'off']);
    await registry.offline(['garbage-collect', '--quiet', '--grace', '0']);
    const digest = `sha256:${'a'.repeat(64)}`;
    await registry.offline(['gc', 'restore', digest], { allowFailure: true });
    const told = await since(before);
    const counts = told[2]?.['details'] as Record<string, unknown>;
    expect(told.map(({ details: _, ...rest }) => rest)).to.deep.equal([
      { actor: LOCAL, action: 'read-only.on' },
      { actor: LOCAL, action: 'read-only.off' },
      { actor: LOCAL, action: 'garbage.delete' },
      { actor: LOCAL, action: 'garbage.restore', digest },
    ]);
    expect(told[0]?.['details']).to.deep.equal({ reason: 'a move' });
    expect(counts).to.include.keys('blobs', 'bytes', 'manifests', 'layers', 'digests');
  });

  it('is shown filtered by actor, repository and time, and as JSON', async function () {
    this.timeout(60_000);
    const { stdout } = await registry.offline([
      'audit',
      '--actor',
      'alice',
      '--repository',
      'candidate/*',
      '--limit',
      '1',
    ]);
    const [head, row, ...more] = stdout.trimEnd().split('\n');
    expect(head).to.match(/^TIME +ACTOR +FROM +ACTION +WHAT +RULE/);
    expect(row).to.match(
      /^\S+Z +user:alice +127\.0\.0\.1 +manifest\.push +candidate\/q:1@sha256:\w+ +alice-pushes/,
    );
    expect(more).to.deep.equal([]);
    const byKind = await registry.offline(['audit', '--actor', 'user:alice', '--limit', '1']);
    expect(byKind.stdout).to.match(/^\S+Z +user:alice /m);
    expect((await registry.offline(['audit', '--actor', 'robot:alice'])).stdout).to.match(/no entries\n$/);
    const none = await registry.offline(['audit', '--until', '2020-01-01', '--json']);
    expect(none.stdout).to.equal('');
    const bad = await registry.offline(['audit', '--since', 'yesterday'], { allowFailure: true });
    expect(bad.code).to.equal(1);
    expect(bad.stderr).to.include('expected a day');
  });

  it('is verified by the command and by roadstead check', async function () {
    this.timeout(60_000);
    const { stdout } = await registry.offline(['audit', '--verify']);
    expect(stdout).to.match(
      /^complete: records 1 to \d+ .*, all of which have a valid seal\nend of the record: \d+:[0-9a-f]{64}\n$/,
    );
    const expected = /end of the record: (\S+)/.exec(stdout)?.[1] ?? '';
    await registry.offline(['audit', '--verify', '--expect', expected]);
    const later = `${Number(expected.split(':')[0]) + 1}:${expected.split(':')[1]}`;
    const cut = await registry.offline(['audit', '--verify', '--expect', later], { allowFailure: true });
    expect(cut.code).to.equal(2);
    expect(cut.stdout).to.match(/^truncated: Record \d+ is missing: the record was cut off\./);
    await registry.offline(['check', '--json']);
    const file = join(registry.rootDirectory, auditRecordKey(3));
    await rename(file, `${file}.away`);
    const broken = await registry.offline(['check', '--json'], { allowFailure: true });
    await rename(`${file}.away`, file);
    expect(broken.code).to.equal(2);
    expect(broken.stdout).to.include(`"kind":"audit-gap","severity":"error","key":"${auditRecordKey(3)}"`);
    const named = registry.log().find(({ msg }) => msg === 'audit record: current end');
    expect(named?.['expect']).to.match(/^\d+:[0-9a-f]{64}$/);
  });

  it('prevents changes that cannot be recorded', async function () {
    this.timeout(60_000);
    const image = await imageOf('candidate/z');
    await put('candidate/z', '1', image);
    const other = await imageOf('candidate/z');
    const before = await entriesTold(registry);
    const directory = join(registry.rootDirectory, 'roadstead/audit');
    await rename(directory, `${directory}.away`);
    // Where a directory has to be.
    await writeFile(directory, '');
    try {
      for (const answer of [
        await put('candidate/z', '1', other),
        await ask('DELETE', '/v2/candidate/z/manifests/1'),
        await ask('DELETE', `/v2/candidate/z/manifests/${sha256(image)}`),
        await ask('POST', `/v2/candidate/z/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`, {
          body: Buffer.from('x'),
        }),
        await ask(
          'POST',
          `/v2/candidate/y/blobs/uploads/?mount=${(JSON.parse(image.toString()) as { config: Descriptor }).config.digest}&from=candidate/z`,
        ),
      ]) {
        const { message } = expectError(answer, 503, 'UNAVAILABLE');
        expect(message).to.include('could not be written into the audit record');
        expect(answer.headers['retry-after']).to.equal('2');
      }
      const command = await registry.offline(['read-only', 'on'], { allowFailure: true });
      expect(command.code).to.equal(1);
      const loud = registry
        .log()
        .filter(
          ({ level, msg }) =>
            String(level).match(/^(?:error|50)$/) &&
            String(msg).startsWith('audit record: cannot be written'),
        );
      expect(loud.length).to.be.at.least(5);
    } finally {
      await rm(directory, { force: true });
      await rename(`${directory}.away`, directory);
    }
    const still = await ask('GET', '/v2/candidate/z/manifests/1');
    expect(sha256(still.body)).to.equal(sha256(image));
    expect((await ask('HEAD', `/v2/candidate/z/manifests/${sha256(other)}`)).status).to.equal(404);
    expect((await ask('HEAD', `/v2/candidate/z/blobs/${sha256(Buffer.from('x'))}`)).status).to.equal(404);
    expect((await put('candidate/z', '1', other)).status).to.equal(201);
    expect((await entriesTold(registry)).length).to.equal(before.length + 1);
  });
});

describe('a registry without accounts', () => {
  it('records nothing by default, and if enabled, the actor that a promotion names', async function () {
    this.timeout(60_000);
    await using silent = await startRegistry();
    await send(silent.url, `/v2/candidate/a/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`, {
      ...{ method: 'POST', body: Buffer.from('x') },
    });
    expect(await entriesTold(silent)).to.deep.equal([]);
    expect((await silent.offline(['audit', '--verify'])).stdout).to.equal('no records\n');
    await using asked = await startRegistry({
      config: (config) => ({ ...config, audit: { enabled: true } }),
    });
    await send(asked.url, `/v2/candidate/a/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`, {
      ...{ method: 'POST', body: Buffer.from('x') },
    });
    const [entry] = await entriesTold(asked);
    expect(entry).to.deep.include({
      actor: { kind: 'anonymous', name: '' },
      action: 'blob.push',
      address: '127.0.0.1',
    });
    expect((await asked.offline(['audit', '--verify'])).stdout).to.include(
      '0 of which have a seal, which cannot be verified',
    );
  });
});
