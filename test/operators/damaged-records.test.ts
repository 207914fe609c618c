/** Promise: one stored record that cannot be read hides no other from a list, and can be revoked. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { OPEN_ACCESS } from '../../services/registry/access/grants.ts';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { PublicationLog } from '../../services/registry/publishing/publication/log.ts';
import type { PublishedBlobs } from '../../services/registry/publishing/publication/published.ts';
import { publicationKey } from '../../services/registry/storage/layout.ts';
import { getPublications } from '../../services/release/publications.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { type Guarded, startGuarded } from '../accounts/guarded.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { tempDir } from '../support/temp.ts';

const ADMINISTER = 'registry:access:administer';
const ADMIN = { username: 'admin', password: 'administers' };
const HOOK = { name: 'hook', url: 'http://127.0.0.1:9/', timeout: '1s', threshold: 1, backoff: '1h' };

/** Records that no version of this program can read. */
const BROKEN: Readonly<Record<string, string | Buffer>> = {
  'half of one': '{"version": 1, "kind": "rob',
  'one of a later version': '{"version": 2}',
  'one without content': '',
  'one that is far too large': Buffer.alloc(300 * 1024, ' '),
  'one that ends in the year 13434': JSON.stringify({
    ...{ version: 1, kind: 'robot', name: 'robot+late', groups: [], createdBy: 'x' },
    createdAt: '2024-01-01T00:00:00.000Z',
    secrets: [
      {
        id: 'x',
        sha256: 'a'.repeat(64),
        createdAt: '2024-01-01T00:00:00Z',
        expiresAt: '+013434-11-09T00:00:00Z',
      },
    ],
  }),
};

/** An entry of the publication log. */
const publication = (seq: number) => ({
  ...{ version: 1, seq, time: '2024-01-01T00:00:00Z', actor: 'rita', kind: 'promotion' },
  source: { repository: 'candidate/a', reference: '1' },
  target: { repository: 'a', tag: '1' },
  manifestDigest: digestOf(Buffer.from(String(seq))),
  collections: {},
});

describe('a record that cannot be read', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let registry: Guarded;
  const put = async (key: string, bytes: string | Buffer) => {
    const path = join(registry.rootDirectory, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  const offline = (...args: string[]) => registry.offline(args, { allowFailure: true });
  const api = (method: string, path: string, body?: object) =>
    registry.as(ADMIN, ADMINISTER, method, `/auth/robots${path}`, body);

  before(async () => {
    const home = held.use(await tempDir('damaged'));
    const path = join(home.path, 'htpasswd');
    await writeFile(path, `admin:${hashSync(ADMIN.password, 4)}\n`);
    registry = held.use(
      await startGuarded({
        accounts: [{ htpasswd: { path } }],
        access: { groups: { operators: ['user:admin'] } },
        notifications: { endpoints: [HOOK] },
      }),
    );
    await using objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    const issued = new IssuedCredentials(objects);
    await issued.create({ kind: 'robot', name: 'robot+sound', groups: ['builders'], by: 'x' });
    await issued.add({ kind: 'user', name: 'sound', groups: [], by: 'x' });
  });
  after(() => held.disposeAsync());

  for (const [i, [what, bytes]] of Object.entries(BROKEN).entries())
    it(`of a robot, ${what}, lets the others be listed, logs nobody in, and can be revoked`, async () => {
      const name = `robot+broken-${i}`;
      await put(`roadstead/credentials/robot/robot_2bbroken-${i}/0000000001.json`, bytes);
      const { robots } = (await (await api('GET', '')).json()) as { robots: { username: string }[] };
      expect(robots).to.deep.include({ username: name, damaged: true });
      expect(robots.map(({ username }) => username)).to.include('robot+sound');
      expect((await registry.logIn({ username: name, password: 'rsr_x' })).status).to.equal(401);
      expect((await api('POST', `/broken-${i}/rotate`, {})).status).to.equal(409);
      expect((await api('POST', '', { name: `broken-${i}` })).status).to.equal(409);
      expect((await api('DELETE', `/broken-${i}`)).status).to.equal(204);
      expect((await api('POST', '', { name: `broken-${i}` })).status).to.equal(201);
    });

  it('of a robot can be listed and revoked by commands, and is then forgotten by the check', async () => {
    await put('roadstead/credentials/robot/robot_2bbroken/0000000001.json', '{');
    const listed = await offline('robots', 'list');
    expect(listed.code, listed.stderr).to.equal(0);
    expect(listed.stdout)
      .to.match(/^robot\+sound /m)
      .and.match(/^robot\+broken .*damaged: cannot be read/m);
    const json = JSON.parse((await offline('robots', 'list', '--json')).stdout) as unknown[];
    expect(json).to.deep.include({ name: 'robot+broken', damaged: true });
    expect((await offline('robots', 'revoke', 'broken')).code).to.equal(0);
    expect((await offline('robots', 'list')).stdout).to.match(/^robot\+broken .* revoked /m);
    expect((await offline('check')).stdout).to.not.include('credential-unreadable');
  });

  it('of a person lets the others be listed, and can be revoked', async () => {
    await put('roadstead/credentials/user/broken_40example/0000000001.json', '{');
    const listed = await offline('credentials', 'list');
    expect(listed.code, listed.stderr).to.equal(0);
    expect(listed.stdout)
      .to.match(/^sound /m)
      .and.match(/^broken@example .*damaged/m);
    expect((await offline('credentials', 'revoke', 'broken@example')).code).to.equal(0);
  });

  it('of a key lets the others be listed', async () => {
    await put('roadstead/keys/0000000007.json', '{');
    const { code, stdout, stderr } = await offline('keys', 'list');
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/ ES256 +signs /);
  });

  it('of the publication log is named by the command, page by page, and counts towards its limit', async () => {
    const [published, broken] = [120, [118, 5]];
    for (let seq = 1; seq <= published; seq++)
      await put(publicationKey(seq), broken.includes(seq) ? '{' : JSON.stringify(publication(seq)));
    const shown = async (...args: string[]) => {
      const { username, password } = ADMIN;
      const env = { ROADSTEAD_USERNAME: username, ROADSTEAD_PASSWORD: password };
      return registry.cli(['publications', ...args], { allowFailure: true, env });
    };
    const listed = await shown('--limit', String(published));
    expect(listed.stdout).to.match(/^119 /m).and.match(/^1 /m);
    expect(listed.stderr).to.include('cannot be read: 118, 5; run roadstead check');
    expect(listed.code).to.equal(2);
    const { publications, ...rest } = JSON.parse((await shown('--limit', '110', '--json')).stdout) as {
      publications: readonly unknown[];
    };
    expect(publications).to.have.length(109);
    expect(rest).to.deep.equal({ head: published, damaged: [118], next: 11 });
  });

  it('among dead letters, or of their delivery, lets the others be listed and sent again', async () => {
    const root = 'roadstead/notifications/hook';
    const item = (tick: string, id: string) => `${root}/dead/029000000/${tick}-${id}-c1`;
    const event = JSON.stringify({ action: 'push', target: { repository: 'r/1', tag: 'x' } });
    const death = { reason: 'it answers 410', at: '2024-01-01T00:00:00Z' };
    const letter = `${JSON.stringify({ version: 1, death })}\n${event}\n`;
    await put(item('01740000000000001', '00000000-0000-4000-8000-000000000001'), letter);
    await put(item('01740000000000002', '00000000-0000-4000-8000-000000000002'), '{"version": 9');
    await put(
      item('01740000000000003', '00000000-0000-4000-8000-000000000003'),
      letter.replace('{"action', '{"a'),
    );
    const shown = await offline('notifications');
    expect(shown.code, shown.stderr).to.equal(2);
    expect(shown.stdout).to.include('push r/1:x').and.include('cannot be read: delete it, or repair it');
    expect(shown.stdout).to.include('an event that cannot be read');
    expect((await offline('notifications', '--json')).stdout).to.include('"repository": "r/1"');
    const again = await offline('notifications', '--retry-dead', 'hook');
    expect(again.stdout)
      .to.include('2 events of hook are queued again')
      .and.include('1 dead letters cannot be read');
    expect(again.code).to.equal(2);

    await registry.stop();
    await put(`${root}/delivery/9999999999.json`, '{');
    const broken = await offline('notifications');
    expect(broken.stdout, broken.stderr).to.match(/^hook .*the record of its delivery cannot be read/m);
    expect(broken.code).to.equal(2);
  });

  it('of the collector is reported in a sentence', async () => {
    await put('roadstead/garbage/worker/9999999999.json', '{');
    const { code, stderr } = await offline('gc', 'status');
    expect(code).to.equal(2);
    expect(stderr).to.equal("the collector's status in the store cannot be read: run roadstead check\n");
  });

  it('of the audit record lets the others be shown', async () => {
    await put('roadstead/audit/000000000/000000000001.jsonl', '{');
    const { code, stdout } = await offline('audit');
    expect(code).to.equal(2);
    expect(stdout).to.match(/robot\.revoke/);
  });

  it('of the publication log lets the others be listed', async () => {
    const objects = new MemoryStore();
    const log = new PublicationLog(objects, {} as PublishedBlobs);
    for (const seq of [1, 2, 3]) {
      const entry = seq === 2 ? '{' : JSON.stringify(publication(seq));
      await objects.put(publicationKey(seq), Buffer.from(entry));
    }
    const ask = async (search: string) => {
      const ctx = { req: {}, querystring: search, state: { principal: OPEN_ACCESS }, body: undefined };
      await getPublications({ content: { log } } as never, ctx as never);
      return ctx.body as unknown as { publications: { seq: number }[]; damaged?: number[]; next?: number };
    };
    const { publications, damaged } = await ask('');
    expect(publications.map(({ seq }) => seq)).to.deep.equal([3, 1]);
    expect(damaged).to.deep.equal([2]);
    expect(await ask('before=3&limit=1')).to.deep.include({ publications: [], damaged: [2], next: 2 });
  });
});
