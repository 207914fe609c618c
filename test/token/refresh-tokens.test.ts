/** Promise: a refresh token ends, by its own time and by its source's, and is for the account that it was made for. */
import { expect } from 'chai';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { RefreshTokens } from '../../services/token/refresh-tokens.ts';

const HOUR_MS = 3_600_000;
const NOW = new Date('2020-01-01T12:00:00Z');
const later = (ms: number) => new Date(NOW.getTime() + ms);
const tokensOf = (secret: string, purpose = 'tests') =>
  new RefreshTokens(new SecretBox([secret.padEnd(32, '.')], purpose), HOUR_MS);
const seed = { source: 'htpasswd', value: 'alice' };

describe('a refresh token', () => {
  const tokens = tokensOf('ours');

  it('holds what its source has said, and for whom, until its time is over', () => {
    const token = tokens.make('alice', seed, NOW);
    const { account, seed: held } = tokens.read(token, later(HOUR_MS - 1000));
    expect([account, held.source, held.value]).to.deep.equal(['alice', 'htpasswd', 'alice']);
    for (const ms of [HOUR_MS, 2 * HOUR_MS]) expect(() => tokens.read(token, later(ms))).to.throw(/expired/);
  });

  it('ends earlier where its source says so', () => {
    const expiresAt = later(HOUR_MS / 2).getTime() / 1000;
    const token = tokens.make('alice', { ...seed, expiresAt }, NOW);
    expect(tokens.read(token, later(HOUR_MS / 2 - 1000)).seed.expiresAt).to.equal(expiresAt);
    expect(() => tokens.read(token, later(HOUR_MS / 2))).to.throw(/expired/);
  });

  it('is refused under another secret, or sealed for another purpose', () => {
    for (const other of [tokensOf('theirs'), tokensOf('ours', 'audit')])
      expect(() => tokens.read(other.make('alice', seed, NOW), NOW)).to.throw(/expired/);
  });
});
