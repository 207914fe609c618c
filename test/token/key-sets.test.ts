/** Promise: a key set has public keys only, that can sign tokens; what is wrong with it is said without quoting it. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { parseKeySet } from '../../services/http/access/tokens/jwks-keys.ts';

const jwkOf = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
const good = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'good' };
const setOf = (...keys: object[]) => JSON.stringify({ keys });

describe('a key set', () => {
  it('is taken with public keys, and each key is for the algorithms of its type, or for the one that it names', () => {
    const rsa = jwkOf(2048);
    const keys = parseKeySet(setOf(good, { ...rsa, kid: 'any' }, { ...rsa, kid: 'one', alg: 'PS256' }));
    expect([...keys.keys()]).to.deep.equal(['good', 'any', 'one']);
    expect(keys.get('good')?.algorithms).to.deep.equal(['EdDSA']);
    expect(keys.get('any')?.algorithms).to.include('RS256').and.not.include('EdDSA');
    expect(keys.get('one')?.algorithms).to.deep.equal(['PS256']);
  });

  for (const [what, key, problem] of [
    ['a shared secret', { kty: 'oct', k: 'aHVudGVyMg' }, /^key 2 is a shared secret/],
    ['a shared secret for encryption', { kty: 'oct', k: 'aHVudGVyMg', use: 'enc' }, /^key 2 is a shared/],
    ['an RSA key that is too small', jwkOf(1024), /^key 2 cannot be used: .*RSA of 2048 bits/],
    ['a key for an algorithm of another type', { ...good, alg: 'RS256' }, /^key 2 cannot be used/],
    ['a key of no type', { kty: 'hunter2' }, /^key 2 cannot be used/],
  ] as const)
    it(`is refused with ${what}`, () => {
      expect(() => parseKeySet(setOf(good, key)))
        .to.throw(problem)
        .and.not.match(/hunter2|aHVudGVyMg/);
    });

  it('is refused without keys for signatures', () => {
    expect(() => parseKeySet(setOf({ ...good, use: 'enc' }))).to.throw(/no keys for signatures/);
  });
});
