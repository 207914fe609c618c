import { expect } from 'chai';
import type { AccountSource, Authentication, Credentials } from '../../services/registry/access/account.ts';
import { AccountSources } from '../../services/registry/access/accounts.ts';
import { identityOf, PATIENT } from './accounts.ts';

/** A source that knows everyone by the password `right`, and remembers what it was asked. */
function source(name: string): AccountSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    ...{ name, asked },
    async authenticate({ username, password }: Credentials): Promise<Authentication> {
      asked.push(username);
      if (password !== `right of ${name}`) return { outcome: 'unknown' };
      const memberships = [
        { project: 'web', roles: ['member'] },
        { project: 'web@oidc', roles: ['member'] },
      ];
      const identity = { kind: 'user', name: username, groups: ['staff'], memberships } as const;
      return { outcome: 'known', identity };
    },
    async [Symbol.asyncDispose]() {},
  };
}

describe('sources of accounts', () => {
  const both = () => {
    const [first, second] = [source('keystone'), source('oidc')];
    return { first, second, accounts: new AccountSources({ sources: [first, second] }) };
  };
  const login = (username: string, password: string) => [{ username, password }, PATIENT] as const;

  it('are asked in turn; names of all but the first end in @<source>, and groups of all', async () => {
    const { accounts } = both();
    const one = identityOf(await accounts.authenticate(...login('alice', 'right of keystone')));
    expect([one.name, one.groups]).to.deep.equal(['alice', ['staff@keystone']]);
    expect(one.memberships).to.deep.equal([{ project: 'web', roles: ['member'] }]);
    const other = identityOf(await accounts.authenticate(...login('alice', 'right of oidc')));
    expect([other.name, other.groups]).to.deep.equal(['alice@oidc', ['staff@oidc']]);
    expect(other.memberships).to.deep.equal([{ project: 'web@oidc', roles: ['member'] }]);
  });

  it('hear nothing of the password for a name that ends in @<another source>', async () => {
    const { accounts, first, second } = both();
    const known = identityOf(await accounts.authenticate(...login('alice@oidc', 'right of oidc')));
    expect(known.name).to.equal('alice@oidc');
    const { outcome } = await accounts.authenticate(...login('alice@oidc', 'right of keystone'));
    expect(outcome).to.equal('unknown');
    expect([first.asked, second.asked]).to.deep.equal([[], ['alice', 'alice']]);
  });

  it('are believed no name that ends in @<source> by itself, however it is spelled', async () => {
    const { accounts } = both();
    for (const name of ['alice@keystone', '@oidc', 'alice@keystone@oidc', 'alice@oidc@oidc'])
      for (const password of ['right of keystone', 'right of oidc']) {
        const answer = await accounts.authenticate(...login(name, password));
        expect(answer.outcome, `${name} ${password}`).to.equal('unknown');
      }
  });

  it('may know somebody by other means than a password, by the same rules of names', () => {
    const { accounts } = both();
    const identity = { kind: 'user', groups: ['staff', 'x@oidc', 'robot+x'], memberships: [] } as const;
    const believed = accounts.mapIdentity('oidc', { ...identity, name: 'alice' });
    expect([believed?.name, believed?.groups]).to.deep.equal(['alice@oidc', ['staff@oidc']]);
    expect(accounts.mapIdentity('keystone', { ...identity, name: 'alice' })?.name).to.equal('alice');
    for (const name of ['', 'robot+ci', 'alice@oidc', 'alice@keystone'])
      expect(accounts.mapIdentity('oidc', { ...identity, name }), name).to.equal(undefined);
    expect(accounts.mapIdentity('another', { ...identity, name: 'alice' })).to.equal(undefined);
  });
});
