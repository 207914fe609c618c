/** Promise: Redis is found in the shape of Distribution 2.8 and in that of 3, and both come to the same settings. */
import { expect } from 'chai';
import type { Config } from '../../services/config/schema.ts';
import type { RedisSettings } from '../../services/redis/settings.ts';
import { parse, problemOf, withSection } from './configs.ts';

const redisOf = (section: string): Config['redis'] => parse(withSection(`redis: ${section}`)).redis;

/** What nobody has to say. */
const STANDARD = {
  ...{ username: undefined, password: undefined, database: 0, tls: undefined, clientName: undefined },
  ...{ connectTimeoutMs: 5000, commandTimeoutMs: 1000, prefix: 'roadstead:' },
};
const address = { host: 'redis.example.org', port: 6379 };

describe('the section redis', () => {
  it('names one server, in either shape', () => {
    const expected: RedisSettings = {
      ...STANDARD,
      ...{ servers: { kind: 'single', address }, password: 'hunter2', database: 3 },
    };
    expect(redisOf('{addr: "redis.example.org:6379", password: hunter2, db: 3}')).to.deep.equal(expected);
    expect(redisOf('{addrs: ["redis.example.org:6379"], password: hunter2, db: 3}')).to.deep.equal(expected);
  });

  it('names Sentinels, by the name of a master', () => {
    const section =
      '{addrs: ["redis.example.org:6379", ":26379"], mastername: main, sentinelusername: watch, ' +
      'sentinelpassword: hunter2, username: registry, password: hunter3}';
    expect(redisOf(section)).to.deep.equal({
      ...STANDARD,
      ...{ username: 'registry', password: 'hunter3' },
      servers: {
        ...{ kind: 'sentinel', masterName: 'main', username: 'watch', password: 'hunter2' },
        addresses: [address, { host: 'localhost', port: 26379 }],
      },
    });
  });

  it('names a cluster, by several addresses and no master; it has no other database than 0', () => {
    const other = { host: '::1', port: 7001 };
    expect(redisOf('{addrs: ["redis.example.org:6379", "[::1]:7001"], db: 5}')).to.deep.equal({
      ...{ ...STANDARD, servers: { kind: 'cluster', addresses: [address, other] } },
    });
  });

  it('asks for TLS by a switch (2.8), by a certificate or by authorities (3)', () => {
    const none = { certificate: undefined, key: undefined, rootCas: undefined };
    expect(redisOf('{addr: "a:1", tls: {enabled: yes}}')?.tls).to.deep.equal(none);
    expect(redisOf('{addr: "a:1", tls: {enabled: no}}')?.tls).to.equal(undefined);
    expect(redisOf('{addrs: ["a:1"], tls: {certificate: /c, key: /k}}')?.tls).to.deep.equal({
      ...{ ...none, certificate: '/c', key: '/k' },
    });
    expect(redisOf('{addrs: ["a:1"], tls: {rootcas: [/ca]}}')?.tls).to.deep.equal({
      ...none,
      rootCas: ['/ca'],
    });
    expect(problemOf(withSection('redis: {addrs: ["a:1"], tls: {key: /k}}'))).to.match(
      /^redis\.tls\.certificate.*expected a certificate and its key, or neither/,
    );
  });

  it('keeps limits of time where they help', () => {
    const limits = (section: string) => {
      const { connectTimeoutMs, commandTimeoutMs } = redisOf(section) ?? {};
      return [connectTimeoutMs, commandTimeoutMs];
    };
    expect(limits('{addr: "a:1", dialtimeout: 2s, readtimeout: 1500ms}')).to.deep.equal([2000, 1500]);
    expect(limits('{addr: "a:1", dialtimeout: 1h, readtimeout: 1h}')).to.deep.equal([10_000, 3000]);
    expect(limits('{addr: "a:1", dialtimeout: 0, readtimeout: 0}')).to.deep.equal([5000, 1000]);
  });

  it('accepts only prefixes without a meaning for clusters and patterns', () => {
    expect(redisOf('{addr: "a:1", prefix: "one/"}')?.prefix).to.equal('one/');
    for (const prefix of ['', '{a}', 'a*', 'a b'])
      expect(problemOf(withSection(`redis: {addr: "a:1", prefix: "${prefix}"}`))).to.match(/^redis\.prefix/);
  });

  it('is ignored with a warning without an address', () => {
    for (const section of [
      '{password: hunter2}',
      '{addr: "", db: 1}',
      '{addrs: [], tls: {rootcas: [/ca]}}',
    ]) {
      const config = parse(withSection(`redis: ${section}`));
      expect(config.redis).to.equal(undefined);
      expect(config.notices).to.have.length(1);
      expect(config.notices[0]).to.match(/^redis: it has no address/);
    }
  });
});
