import { expect } from 'chai';
import { IssuedSource } from '../../services/accounts/issued/issued-source.ts';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import { robotName } from '../../services/registry/access/issued/robots.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';
import { rejection } from '../contract/area.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { identityOf, PATIENT } from './accounts.ts';

const ROBOT = { kind: 'robot', name: 'robot+ci', groups: ['builders'], by: 'admin' } as const;

describe('credentials that the registry issues', () => {
  let objects: MemoryStore;
  /** What the clock shows. */
  let nowMs: number;
  const now = () => nowMs;
  let issued: IssuedCredentials;
  /** A source of its own, which remembers nothing. */
  const ask = async (password: string, username = 'robot+ci') => {
    const source = new IssuedSource({ name: 'robots', kind: 'robot', objects, now });
    return source.authenticate({ username, password }, PATIENT);
  };
  const outcome = async (password: string, username?: string) => (await ask(password, username)).outcome;
  const kindOf = (error: unknown) => (error instanceof RegistryError ? error.kind : String(error));

  beforeEach(() => {
    objects = new MemoryStore();
    nowMs = Date.now();
    issued = new IssuedCredentials(objects, { now });
  });

  it('are accepted with their secret, and have their groups', async () => {
    const { secret, expiresAt } = await issued.create(ROBOT);
    expect(secret).to.match(/^rsr_[\w-]{43}$/);
    expect(expiresAt).to.equal(undefined);
    expect(identityOf(await ask(secret))).to.deep.equal({
      ...{ kind: 'robot', name: 'robot+ci', groups: ['builders'], memberships: [] },
    });
    for (const wrong of [`${secret}x`, secret.slice(0, -1), secret.toUpperCase(), 'x'])
      expect(await outcome(wrong), wrong).to.equal('unknown');
    expect(await outcome(secret, 'robot+other')).to.equal('unknown');
    expect(await outcome(secret, 'ci')).to.equal('unknown');
  });

  it('leave no secret in the store', async () => {
    const secrets = [(await issued.create(ROBOT)).secret, (await issued.rotate('robot', ROBOT.name)).secret];
    let read = 0;
    for await (const { key } of listAll(objects, { prefix: '' })) {
      const text = `${key} ${await objects.read(key, 1e6)}`;
      for (const secret of secrets) {
        expect(text).to.not.contain(secret);
        expect(text).to.not.contain(secret.slice(4));
      }
      read++;
    }
    expect(read).to.equal(2);
  });

  it('end when they are rotated, or a while later', async () => {
    const first = (await issued.create(ROBOT)).secret;
    const second = (await issued.rotate('robot', ROBOT.name)).secret;
    expect(await outcome(first)).to.equal('unknown');
    const third = (await issued.rotate('robot', ROBOT.name, { overlapMs: 2000 })).secret;
    expect(await outcome(second)).to.equal('known');
    expect(await outcome(third)).to.equal('known');
    nowMs += 1999;
    expect(await outcome(second)).to.equal('known');
    nowMs += 1;
    expect(await outcome(second)).to.equal('unknown');
    expect(await outcome(third)).to.equal('known');
  });

  it('end when their time is over, and a new secret lasts as long as the last one', async () => {
    const { secret, expiresAt } = await issued.create({ ...ROBOT, lifetimeMs: 2000 });
    expect(Date.parse(expiresAt ?? '') - nowMs).to.equal(2000);
    nowMs += 1999;
    expect(await outcome(secret)).to.equal('known');
    nowMs += 1;
    expect(await outcome(secret)).to.equal('unknown');
    const rotated = await issued.rotate('robot', ROBOT.name);
    expect(Date.parse(rotated.expiresAt ?? '') - nowMs).to.equal(2000);
  });

  it('end when they are revoked, and what comes after has nothing of it', async () => {
    const { secret } = await issued.create(ROBOT);
    await issued.revoke('robot', ROBOT.name);
    expect(await outcome(secret)).to.equal('unknown');
    const failed = [
      await issued.rotate('robot', ROBOT.name).catch(kindOf),
      await issued.revoke('robot', ROBOT.name).catch(kindOf),
      await issued.rotate('robot', 'robot+nobody').catch(kindOf),
    ];
    expect(failed).to.deep.equal(['CREDENTIAL_UNKNOWN', 'CREDENTIAL_UNKNOWN', 'CREDENTIAL_UNKNOWN']);
    const again = await issued.create({ ...ROBOT, groups: [] });
    expect(await outcome(secret)).to.equal('unknown');
    expect(identityOf(await ask(again.secret)).groups).to.deep.equal([]);
  });

  it('are not made twice', async () => {
    await issued.create(ROBOT);
    expect(await issued.create(ROBOT).catch(kindOf)).to.equal('CREDENTIAL_EXISTS');
    const racing = await Promise.all(
      Array.from({ length: 10 }, () => issued.create({ ...ROBOT, name: 'robot+new' }).catch(kindOf)),
    );
    expect(racing.filter((each) => each === 'CREDENTIAL_EXISTS')).to.have.lengthOf(9);
  });

  it('lose nothing when changes race: of ten rotations that keep the old ones, all eleven secrets are good', async () => {
    const first = (await issued.create(ROBOT)).secret;
    const nodes = Array.from({ length: 10 }, () => new IssuedCredentials(objects));
    const made = await Promise.all(
      nodes.map((node) => node.rotate('robot', ROBOT.name, { overlapMs: 60_000 })),
    );
    for (const secret of [first, ...made.map((each) => each.secret)])
      expect(await outcome(secret)).to.equal('known');
  });

  it('are revoked for good when that races with rotations', async () => {
    for (let i = 0; i < 20; i++) {
      const name = `robot+r${i}`;
      const { secret } = await issued.create({ ...ROBOT, name });
      const rotating = issued.rotate('robot', name, { overlapMs: 60_000 }).catch(kindOf);
      await new IssuedCredentials(objects).revoke('robot', name);
      const rotated = await rotating;
      expect(await outcome(secret, name)).to.equal('unknown');
      if (typeof rotated !== 'string') expect(await outcome(rotated.secret, name)).to.equal('unknown');
    }
  });

  it('are not made by one who asked before they were revoked', async () => {
    const woken = Promise.withResolvers<void>();
    const paused = intercepted<ObjectStore>(objects, async ({ name, proceed }) => {
      if (name === 'putIfAbsent') await woken.promise;
      return proceed();
    });
    const late = rejection(new IssuedCredentials(paused, { now }).create(ROBOT));
    await issued.create(ROBOT);
    await issued.revoke('robot', ROBOT.name);
    woken.resolve();
    expect(kindOf(await late)).to.equal('UNAVAILABLE');
    expect((await issued.find('robot', ROBOT.name))?.secrets).to.deep.equal([]);
  });

  it('keep nothing of before for one who asked before they were revoked and made again', async () => {
    await issued.create(ROBOT);
    const woken = Promise.withResolvers<void>();
    const paused = intercepted<ObjectStore>(objects, async ({ name, proceed }) => {
      if (name === 'putIfAbsent') await woken.promise;
      return proceed();
    });
    const late = rejection(new IssuedCredentials(paused, { now }).add({ ...ROBOT, groups: ['admins'] }));
    await issued.revoke('robot', ROBOT.name);
    nowMs += 1000;
    await issued.create(ROBOT);
    woken.resolve();
    expect(kindOf(await late)).to.equal('UNAVAILABLE');
    expect((await issued.find('robot', ROBOT.name))?.groups).to.deep.equal(['builders']);
  });

  it('say what they are to the loser of two equal changes', async () => {
    await issued.create(ROBOT);
    const revoked = await Promise.allSettled([1, 2].map(() => issued.revoke('robot', ROBOT.name)));
    const created = await Promise.allSettled([1, 2].map(() => issued.create(ROBOT)));
    const kindsOf = (ends: readonly PromiseSettledResult<unknown>[]) =>
      ends.map((end) => (end.status === 'rejected' ? kindOf(end.reason) : 'done')).sort();
    expect(kindsOf(revoked)).to.deep.equal(['CREDENTIAL_UNKNOWN', 'done']);
    expect(kindsOf(created)).to.deep.equal(['CREDENTIAL_EXISTS', 'done']);
  });

  it('are taken for what they were for five seconds at most', async () => {
    const { secret } = await issued.create(ROBOT);
    let ageMs = 0;
    const monotonicNow = () => ageMs;
    const source = new IssuedSource({ name: 'robots', kind: 'robot', objects, monotonicNow });
    const login = async () =>
      (await source.authenticate({ username: ROBOT.name, password: secret }, PATIENT)).outcome;
    expect(await login()).to.equal('known');
    await issued.revoke('robot', ROBOT.name);
    ageMs = 2500;
    expect(await login(), 'from memory').to.equal('known');
    ageMs = 5001;
    expect(await login()).to.equal('unknown');
  });

  it('can be asked for again without the secret, for as long as that is good', async () => {
    const { secret } = await issued.create(ROBOT);
    const answer = await ask(secret);
    const seed = answer.outcome === 'known' ? answer.refresh : undefined;
    if (!seed) throw new Error('no seed');
    expect(JSON.stringify(seed)).to.not.contain(secret);
    const again = () => new IssuedSource({ name: 'robots', kind: 'robot', objects }).refresh(seed, PATIENT);
    expect((await again()).outcome).to.equal('known');
    await issued.rotate('robot', ROBOT.name);
    expect((await again()).outcome).to.equal('unknown');
  });

  it('of people are valid side by side, one for each machine, up to a limit', async () => {
    const person = { kind: 'user', name: 'Alice/@ß', groups: [], by: 'an OpenID provider' } as const;
    const secrets: string[] = [];
    for (let i = 0; i < 25; i++) secrets.push((await issued.add({ ...person, groups: [`g${i}`] })).secret);
    const source = new IssuedSource({ name: 'oidc', kind: 'user', objects });
    const known = await Promise.all(
      secrets.map((password) => source.authenticate({ username: person.name, password }, PATIENT)),
    );
    expect(known.map(({ outcome: each }) => each)).to.deep.equal([
      ...Array<string>(5).fill('unknown'),
      ...Array<string>(20).fill('known'),
    ]);
    const [last] = known.slice(-1);
    expect(last && identityOf(last)).to.deep.include({ kind: 'user', name: person.name, groups: ['g24'] });
  });

  it('have names that can be used in a key, a command and a rule', () => {
    expect(robotName('ci')).to.equal('robot+ci');
    expect(robotName('robot+ci-2.x_y')).to.equal('robot+ci-2.x_y');
    for (const text of ['', 'CI', 'a/b', '../x', '-a', 'a-', 'a b', 'a+b', 'a@b', 'x'.repeat(64), 'robot+'])
      expect(() => robotName(text), text).to.throw('a robot needs a name');
  });
});
