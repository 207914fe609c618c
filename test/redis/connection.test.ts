/** Promise: every kind of Redis is reached as the configuration says, and one that is not there keeps nobody from work. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { openRedis } from '../../services/redis/open.ts';
import { hearing, someMove } from '../contract/changes.ts';
import { makePair, type Pair } from '../http/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startCluster, startRedis, startSentinels } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { type Opened, openParts, openWorking, resyncsOf, settingsOf, Witness } from './opened.ts';

const PASSWORD = 'hunter2-secret';

/** Fails unless what is told here is heard there within the time. */
async function expectTold(here: Opened, there: Opened, timeoutMs = 15_000): Promise<void> {
  const { heard, stop } = hearing(there.changes);
  const isHeard = () => {
    if (heard.length === 0) here.changes.publish(someMove());
    return heard.length > 0;
  };
  await eventually('something is heard', isHeard, timeoutMs, 50);
  stop();
}

function expectNoSecret(...opened: readonly { witness: Witness }[]): void {
  for (const { witness } of opened) expect(JSON.stringify(witness.lines)).not.to.include(PASSWORD);
}

requires(['redis-server', 'redis-cli', 'openssl'])('a connection to Redis', () => {
  describe('with a user of its own', () => {
    let server: RedisServer;
    before(async () => {
      server = await startRedis({ password: 'of-the-operator' });
    });
    after(() => server[Symbol.asyncDispose]());

    it('needs no more rights than docs/decisions/0008-redis.md names', async () => {
      const rights = '+@connection +info +publish +subscribe +eval +get +set +del +pexpire +time';
      const user = ['roadstead', 'on', `>${PASSWORD}`, '~roadstead:*', 'resetchannels', '&roadstead:*'];
      expect(await server.cli('ACL', 'SETUSER', ...user, ...rights.split(' '))).to.equal('OK');
      const section = { addrs: [server.address], username: 'roadstead', password: PASSWORD };
      await using here = await openWorking(section, { ttlMs: 300 });
      await using there = await openWorking(section);
      await expectTold(here, there);
      expect(await here.locks.withLock('a', async () => 'held')).to.equal('held');
      expect(await here.attempts.add('pair:a', 2, 60_000)).to.equal(2);
      expect(await there.attempts.add('pair:a', -1, 60_000)).to.equal(1);
      expect(await here.attempts.pass('pair:a', 60_000)).to.equal(0);
      await here.attempts.mark('known:a', 60_000);
      expect(await there.attempts.read('known:a')).to.equal(1);
      await there.attempts.forget('pair:a');
      expect(await server.cli('ACL', 'LOG'), 'what Redis refused').to.equal('');
    });

    it('that is refused says so in one line, without the password, and works when the user is there', async () => {
      await server.cli('ACL', 'SETUSER', 'late', 'on', '>other', '~*', '&*', '+@all');
      await using here = await openParts({ addrs: [server.address], username: 'late', password: PASSWORD });
      await eventually(
        () => here.witness,
        () => (here.witness.failures.get('connection') ?? 0) > 3,
        5000,
      );
      expect(here.witness.lines.map(({ level, message }) => [level, message.slice(0, 23)])).to.deep.equal([
        ['error', 'Redis refuses the login'],
      ]);
      expect(here.witness.lines[0]?.fields['reason']).to.match(/^WRONGPASS/);
      await server.cli('ACL', 'SETUSER', 'late', `>${PASSWORD}`);
      await eventually(
        () => here.witness,
        () => here.witness.isUp,
        5000,
      );
      expect(here.witness.lines.map(({ message }) => message)[1]).to.equal('Redis is up again');
      expectNoSecret(here);
    });
  });

  it('never shows the password, not even of a server that repeats what it does not understand', async () => {
    const acl = ['--rename-command', 'HELLO', 'HULLO', '--rename-command', 'AUTH', 'OUGHT'];
    await using server = await startRedis({ args: acl });
    await using here = await openParts({ addr: server.address, password: PASSWORD });
    await eventually(
      () => here.witness,
      () => here.witness.lines.length > 0,
      5000,
    );
    expect(here.witness.lines[0]?.fields['reason']).to.match(/'auth'.*\(not shown\)/);
    expectNoSecret(here);
  });

  describe('over TLS', () => {
    let home: TempDir;
    let authority: Pair;
    let server: RedisServer;
    let client: Pair;
    before(async () => {
      home = await tempDir('redis-tls');
      authority = await makePair(home.path, { name: 'authority' });
      const of = await makePair(home.path, { name: 'server', by: authority });
      client = await makePair(home.path, { name: 'client', by: authority });
      server = await startRedis({ tls: { ...of, ca: authority.certificate, asksClients: true } });
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    });

    it('shows its certificate, and trusts the configured authorities', async () => {
      const section = {
        addrs: [`localhost:${server.port}`],
        tls: { ...client, rootcas: [authority.certificate] },
      };
      await using here = await openWorking(section);
      await using there = await openWorking(section);
      await expectTold(here, there);
    });

    it('is refused where the authority is not known', async () => {
      await using here = await openParts({ addrs: [server.address], tls: { ...client } });
      await eventually(
        () => here.witness,
        () => here.witness.lines.length > 0,
        5000,
      );
      expect(here.witness.isUp).to.equal(false);
      expect(here.witness.lines[0]?.fields['reason']).to.match(/certificate/);
    });

    it('may be given up at any moment of being refused', async () => {
      // A second error of a socket would be nobody's, and end the process: mocha would fail this test for it.
      for (let i = 0; i < 60; i++) {
        const here = await openParts({ addrs: [server.address], tls: { ...client } });
        await sleep(5 + Math.random() * 60);
        await here[Symbol.asyncDispose]();
      }
      await sleep(200);
    });

    it('does not begin with files that cannot be read or used', async () => {
      const swapped = { certificate: client.key, key: client.certificate };
      const useless = await openParts({ addrs: [server.address], tls: swapped }).catch(
        (thrown: unknown) => thrown,
      );
      expect(String(useless)).to.match(/redis\.tls: expected a certificate/);
      const section = { addrs: [server.address], tls: { rootcas: [join(home.path, 'none.pem')] } };
      const error = await openParts(section).catch((thrown: unknown) => thrown);
      expect(error)
        .to.be.instanceOf(Error)
        .with.property('message')
        .match(/^redis\.tls\.rootcas = .*none\.pem: cannot be read/);
    });
  });

  it('to a Redis that is down lets the process start, and is up when it comes', async () => {
    await using server = await startRedis();
    await server.signal('SIGKILL');
    const witness = new Witness();
    const startedAt = performance.now();
    await using opened = await openRedis(settingsOf({ addr: server.address }), witness.logger, witness.hooks);
    expect(performance.now() - startedAt).to.be.below(1500);
    expect(witness.lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ['warn', 'Redis does not answer; continuing without it'],
    ]);
    const here = hearing(opened.changes);
    const [before, later] = [someMove(), someMove()];
    opened.changes.publish(before);
    expect(here.heard).to.deep.equal([before]);

    await server.start();
    await eventually(
      () => witness,
      () => witness.isUp,
      5000,
    );
    await using there = await openWorking({ addr: server.address });
    const heard = hearing(there.changes);
    opened.changes.publish(later);
    await eventually(
      () => witness,
      () => heard.heard.length > 0,
      5000,
    );
    expect(heard.heard).to.deep.equal([later]);
    expect(witness.lines.map(({ message }) => message)).to.deep.equal([
      'Redis does not answer; continuing without it',
      'Redis is up again',
    ]);
  });

  it('to nobody at all does not hold a process up', async () => {
    const witness = new Witness();
    const settings = settingsOf({ addrs: [`127.0.0.1:${await freePort()}`], mastername: 'main' });
    const startedAt = performance.now();
    await using opened = await openRedis(settings, witness.logger, witness.hooks);
    opened.changes.publish(someMove());
    expect(performance.now() - startedAt).to.be.below(1500);
    expect(witness.isUp).to.equal(false);
  });

  it('is up again even if its client has given up', async () => {
    await using server = await startRedis();
    await using here = await openWorking({ addr: server.address });
    await using there = await openWorking({ addr: server.address });
    for (const client of [here.connection.commands, there.connection.subscriber]) {
      // As no part of ours does: ioredis then calls the end final.
      client.disconnect();
      await eventually(
        () => client.status,
        () => client.status === 'end',
        5000,
      );
    }
    await expectTold(here, there);
  });

  it('follows Sentinels to the next master', async function () {
    this.timeout(60_000);
    await using group = await startSentinels(PASSWORD, 500);
    const section = { addrs: group.addresses, mastername: 'main', sentinelpassword: PASSWORD };
    await using here = await openWorking(section, { ttlMs: 500 });
    await using there = await openWorking(section);
    await expectTold(here, there);
    const resyncs = resyncsOf(there);
    await group.master.signal('SIGKILL');
    await eventually(
      () => here.witness,
      () => !here.witness.isUp && !there.witness.isUp,
      5000,
    );
    await expectTold(here, there, 30_000);
    expect(await group.replica.cli('role')).to.match(/^master/);
    await eventually(
      () => there.witness,
      () => resyncs.count > 0,
      5000,
    );
    expect(await here.locks.withLock('a', async () => 'held')).to.equal('held');
    expectNoSecret(here, there);
  });

  it('to a cluster outlives any node of it', async function () {
    this.timeout(120_000);
    await using cluster = await startCluster();
    const section = { addrs: cluster.nodes.map(({ address }) => address) };
    await using here = await openWorking(section);
    await using there = await openWorking(section);
    const resyncs = resyncsOf(there);
    for (const [go, come] of [
      [(node: RedisServer) => node.signal('SIGKILL'), (node: RedisServer) => node.start()],
      [(node: RedisServer) => node.signal('SIGSTOP'), (node: RedisServer) => node.signal('SIGCONT')],
    ] as const)
      for (const node of cluster.nodes) {
        await go(node);
        await expectTold(here, there, 30_000);
        await come(node);
      }
    await eventually(
      () => there.witness,
      () => resyncs.count > 0,
      5000,
    );
    await eventually(
      () => [here.witness, there.witness],
      () => here.witness.isUp && there.witness.isUp,
      10_000,
    );
  });
});
