import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { KeystoneSource } from '../../services/accounts/keystone/keystone-source.ts';
import { AccountSources } from '../../services/registry/access/accounts.ts';
import type { Membership } from '../../services/registry/access/subject.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { eventually } from '../support/eventually.ts';
import { MIGRATION_TIMEOUT_MS } from '../support/keystone.ts';
import { requires } from '../support/requirements.ts';
import { identityOf, PATIENT, recordingLog } from './accounts.ts';
import { KEYSTONE_PROGRAMS, PARTNER, type People, startPeople, USER1, USER2 } from './people.ts';

const CACHE_MS = 200;

requires(KEYSTONE_PROGRAMS)('accounts of Keystone', function () {
  this.timeout(60_000);
  let people: People;
  let log: ReturnType<typeof recordingLog>;
  let source: KeystoneSource;
  const options = (authurl: string) => ({
    ...{ authurl, domain: 'Default', cache: CACHE_MS, timeout: 20_000, maxprojects: 20 },
    ...{ refreshtokens: true, rootcas: [] },
  });
  const ask = (username: string, password: string) => source.authenticate({ username, password }, PATIENT);
  const who = async (username: string, password: string) => identityOf(await ask(username, password));
  const sorted = (memberships: readonly Membership[]) =>
    memberships.map(({ project, roles }) => `${project}: ${[...roles].sort().join(' ')}`).sort();

  before(async function () {
    this.timeout(MIGRATION_TIMEOUT_MS);
    people = await startPeople();
  });
  after(() => people?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    log = recordingLog();
    source = await KeystoneSource.open(options(people.keystone.authUrl), log);
  });
  afterEach(async () => {
    await source[Symbol.asyncDispose]();
    expect(log.lines.join('\n')).to.not.contain(USER1.password);
  });

  it('are known with their roles in every project of theirs', async () => {
    const identity = await who('user1', USER1.password);
    expect(identity).to.include({ kind: 'user', name: 'user1' });
    // Keystone's member is a reader, too.
    expect(sorted(identity.memberships)).to.deep.equal(['alpha: member reader', 'beta: reader']);
    expect(sorted((await who('user2', USER2.password)).memberships)).to.deep.equal(['beta: member reader']);
    expect((await who('guest', 'guest')).memberships).to.deep.equal([]);
    const admin = await who('admin', people.keystone.admin.password);
    expect(sorted(admin.memberships)[0]).to.match(/^admin: admin /);
  });

  it('are known in one project only when the login name spells it', async () => {
    expect(sorted((await who('alpha/user1', USER1.password)).memberships)).to.deep.equal([
      'alpha: member reader',
    ]);
    expect(sorted((await who('alpha@Default/user1@Default', USER1.password)).memberships)).to.deep.equal([
      'alpha: member reader',
    ]);
    expect((await ask('alpha/user2', USER2.password)).outcome, 'not their project').to.equal('unknown');
    expect((await ask('delta/user1', USER1.password)).outcome, 'no such project').to.equal('unknown');
  });

  it('are distinguished by their domains', async () => {
    const partner = await who('user1@Partners', PARTNER.password);
    expect(partner).to.include({ kind: 'user', name: 'user1@Partners' });
    expect(sorted(partner.memberships)).to.deep.equal(['alpha@Partners: member reader']);
    expect((await ask('user1', PARTNER.password)).outcome).to.equal('unknown');
    expect((await ask('user1@Partners', USER1.password)).outcome).to.equal('unknown');
    expect((await who('odd%40n%2Fme@Partners', 'odd')).name).to.equal('odd%40n%2Fme@Partners');
    expect((await who('alpha@Partners/odd%40n%2Fme@Partners', 'odd')).memberships).to.have.lengthOf(1);
  });

  it('are not known by a wrong password, name, domain or spelling', async () => {
    for (const [username, password] of [
      ['user1', 'wrong'],
      ['user1', `${USER1.password} `],
      ['USER1', USER1.password],
      ['nobody', USER1.password],
      ['user1@Nowhere', USER1.password],
      ['a/b/user1', USER1.password],
      ['/user1', USER1.password],
      ['user1@', USER1.password],
      ['user1%4', USER1.password],
      ['x'.repeat(256), USER1.password],
      ['user1', 'x'.repeat(10_000)],
      ['user1\0', USER1.password],
      ['appcred+', 'x'],
      ['appcred+0123456789abcdef0123456789abcdef', 'x'],
      ['appcred+../../users', 'x'],
      ['keystone-token', 'bogus'],
      ['keystone-token', 'with blanks\r\nx-header: y'],
    ] as const)
      expect((await ask(username, password)).outcome, username.slice(0, 40)).to.equal('unknown');
  });

  it('are in the groups of their domain', async () => {
    const { keystone, users } = people;
    const group = await keystone.make('/groups', 'group', { name: 'builders', domain_id: 'default' });
    await keystone.asAdmin('PUT', `/groups/${group}/users/${users.user2}`);
    expect((await who('user2', USER2.password)).groups).to.deep.equal(['builders']);
    expect((await who('user1', USER1.password)).groups).to.deep.equal([]);
  });

  it('end when they are disabled: at once for who comes, within the cache for who was there', async () => {
    const { keystone } = people;
    const id = await keystone.make('/users', 'user', {
      name: 'leaver',
      password: 'pw',
      domain_id: 'default',
    });
    expect((await ask('leaver', 'pw')).outcome).to.equal('known');
    await keystone.asAdmin('PATCH', `/users/${id}`, { user: { enabled: false } });
    const isRefused = async () => (await ask('leaver', 'pw')).outcome !== 'known';
    await eventually('the user is refused', isRefused, CACHE_MS + 15_000, 20);
    expect((await ask('leaver', 'pw')).outcome).to.equal('unknown');
  });

  it('may show an application credential: a robot with its roles in its project, and nothing of its owner', async () => {
    const { id, secret } = await people.applicationCredential('ci');
    const identity = await who(`appcred+${id}`, secret);
    expect(identity).to.include({ kind: 'robot', name: 'appcred+user1+ci' });
    expect(sorted(identity.memberships)).to.deep.equal(['alpha: member']);
    expect((await ask(`appcred+${id}`, `x${secret}`)).outcome).to.equal('unknown');
    await people.drop(`/users/${people.users.user1}/application_credentials/${id}`);
    await sleep(CACHE_MS);
    expect((await ask(`appcred+${id}`, secret)).outcome, 'after it was deleted').to.equal('unknown');
  });

  it('may not show an application credential that was made for calls of another service', async () => {
    const rules = [{ path: '/v1/**', method: 'GET', service: 'object-store' }];
    const { id, secret } = await people.applicationCredential('narrow', { access_rules: rules });
    expect((await ask(`appcred+${id}`, secret)).outcome).to.equal('unknown');
  });

  it('may show a token of Keystone: for nothing, for a project, of an application credential', async () => {
    const whole = await who('keystone-token', await people.token(USER1));
    expect(whole).to.include({ kind: 'user', name: 'user1' });
    expect(sorted(whole.memberships)).to.deep.equal(['alpha: member reader', 'beta: reader']);
    const scoped = await who('keystone-token', await people.token(USER1, 'beta'));
    expect(sorted(scoped.memberships)).to.deep.equal(['beta: reader']);
  });

  it('may act by a trust: a robot with the roles that were handed on, and not the one who did', async () => {
    const trust = await people.trust();
    const login = () => ask(`trust+${trust}/user2`, USER2.password);
    const identity = identityOf(await login());
    expect(identity).to.include({ kind: 'robot', name: `trust+user1+${trust}` });
    expect(sorted(identity.memberships)).to.deep.equal(['alpha: member reader']);
    expect((await ask(`trust+${trust}/user1`, USER1.password)).outcome, 'who handed it on').to.equal(
      'unknown',
    );
    await people.drop(`/OS-TRUST/trusts/${trust}`);
    await sleep(CACHE_MS);
    expect((await login()).outcome, 'after the trust was taken back').to.equal('unknown');
  });

  it('may show the token of a trust where a service may validate it, which that itself may not', async () => {
    const { keystone } = people;
    const trust = await people.trust();
    const token = await people.trustToken(trust);
    expect((await ask('keystone-token', token)).outcome, 'without a service').to.equal('unknown');
    const { id, secret } = await people.serviceCredential();
    await using asService = await KeystoneSource.open(
      {
        ...options(keystone.authUrl),
        ...{ applicationcredentialid: id, applicationcredentialsecret: secret },
      },
      log,
    );
    const show = (password: string) =>
      asService.authenticate({ username: 'keystone-token', password }, PATIENT);
    const identity = identityOf(await show(token));
    expect(identity).to.include({ kind: 'robot', name: `trust+user1+${trust}` });
    expect(sorted(identity.memberships)).to.deep.equal(['alpha: member reader']);
    expect((await show('bogus')).outcome).to.equal('unknown');
    expect(identityOf(await show(await people.token(USER2))).name).to.equal('user2');
    await people.drop(`/OS-TRUST/trusts/${trust}`);
    await sleep(CACHE_MS);
    expect((await show(token)).outcome, 'after the trust was taken back').to.equal('unknown');
  });

  it('end with a token that is revoked, within the cache', async () => {
    const token = await people.token(USER1);
    expect((await ask('keystone-token', token)).outcome).to.equal('known');
    await people.revoke(token);
    await sleep(CACHE_MS);
    expect((await ask('keystone-token', token)).outcome).to.equal('unknown');
  });

  it('can be asked for again by a token of Keystone, for as long as that is good', async () => {
    const answer = await ask('user1', USER1.password);
    const seed = answer.outcome === 'known' ? answer.refresh : undefined;
    if (!seed) throw new Error('no seed');
    expect(seed.expiresAt).to.be.above(Date.now() / 1000);
    expect(JSON.stringify(seed)).to.not.contain(USER1.password);
    const again = identityOf(await source.refresh(seed, PATIENT));
    expect(again).to.include({ kind: 'user', name: 'user1' });
    expect(again.memberships).to.have.lengthOf(2);
    await people.revoke(seed.value);
    expect((await source.refresh(seed, PATIENT)).outcome).to.equal('unknown');
  });

  it('ask Keystone once for many who come with the same at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('beta/user2', USER2.password)));
    expect(new Set(answers).size, 'one answer for all').to.equal(1);
  });

  for (const [what, port] of [
    ['nobody listens', () => 'http://127.0.0.1:1/v3'],
    ['another server answers', () => `${people.keystone.url}/static/v3`],
  ] as const)
    it(`say that logins fail now if ${what}, and log it once`, async () => {
      await using lost = await KeystoneSource.open(options(port()), log);
      for (let i = 0; i < 3; i++) {
        const error = await lost
          .authenticate({ username: `user${i}`, password: 'x' }, PATIENT)
          .catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(RegistryError);
        expect((error as RegistryError).kind).to.equal('UNAVAILABLE');
        expect((error as RegistryError).message).to.contain('logins fail now');
      }
      expect(log.lines.filter((line) => line.startsWith('error'))).to.have.lengthOf(1);
    });

  it('of two sources, are called after theirs where they are not the first', async () => {
    const htpasswd = {
      name: 'htpasswd',
      authenticate: async () => ({ outcome: 'unknown' as const }),
      [Symbol.asyncDispose]: async () => undefined,
    };
    const accounts = new AccountSources({ sources: [htpasswd, source] });
    const answer = await accounts.authenticate({ username: 'user2', password: USER2.password }, PATIENT);
    const identity = identityOf(answer);
    expect(identity.name).to.equal('user2@keystone');
    expect(sorted(identity.memberships)).to.deep.equal(['beta@keystone: member reader']);
  });
});
