/** Promise: tokens are accepted only with the configured signature algorithms, whatever else their keys could do. */
import { expect } from 'chai';
import { trusted } from '../../services/http/access/tokens/trusted-keys.ts';
import { TokenVerifier } from '../../services/http/access/tokens/verifier.ts';
import { makeParty, sign } from './forge.ts';
import { ISSUER, SERVICE } from './registry.ts';

describe('the configured signature algorithms', () => {
  const rsa = makeParty('rsa');
  const verifierOf = (...algorithms: string[]) =>
    new TokenVerifier({
      keys: { find: () => trusted(rsa.publicKey), onChange: () => undefined },
      ...{ issuer: ISSUER, audience: SERVICE, algorithms },
    });
  const outcomeOf = async (verifier: TokenVerifier, alg: string) => {
    const token = await sign(rsa, {}, { alg });
    try {
      return (await verifier.verify(token)).kind;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('are the only ones that a token may have', async () => {
    const verifier = verifierOf('RS256');
    expect(await outcomeOf(verifier, 'RS256')).to.equal('user');
    expect(await outcomeOf(verifier, 'PS256')).to.match(/not valid/);
    expect(await outcomeOf(verifierOf('PS256'), 'PS256')).to.equal('user');
  });
});
