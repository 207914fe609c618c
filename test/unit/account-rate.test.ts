/** Promise: an account that asks too much is refused, from whatever address, and nobody else is. */
import { expect } from 'chai';
import type { Authenticator } from '../../services/http/access/authenticator.ts';
import { RequestLimits } from '../../services/http/request-limits.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';

describe('requests a second of an account', () => {
  const limited: string[] = [];
  const options = { perClient: undefined, perAccount: 1, trustedNetworks: ['10.0.0.0/8'] };
  const limits = new RequestLimits({ ...options, limited: (by) => void limited.push(by) });
  const ask = async (name: string, clientAddress: string) => {
    const authenticator = limits.countingAccounts({ authorize: async () => ({ name }) } as never);
    try {
      const ctx = { state: { clientAddress } } as Parameters<Authenticator['authorize']>[0];
      return (await authenticator.authorize(ctx, [])).name;
    } catch (error) {
      return error instanceof RegistryError ? error.kind : String(error);
    }
  };

  it('are refused beyond their number, and counted', async () => {
    for (let i = 0; i < 5; i++) expect(await ask('alice', `192.0.2.${i}`)).to.equal('alice');
    expect(await ask('alice', '192.0.2.99')).to.equal('TOO_MANY_REQUESTS');
    expect(limited).to.deep.equal(['account']);
  });

  it('are those of one account, and not of the anonymous or of trusted networks', async () => {
    expect(await ask('bob', '192.0.2.1')).to.equal('bob');
    for (let i = 0; i < 20; i++) {
      expect(await ask('', '192.0.2.1')).to.equal('');
      expect(await ask('alice', '10.1.2.3')).to.equal('alice');
    }
  });
});
