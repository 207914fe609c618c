/**
 * Promise: a token is taken only when a trusted key has signed it, by an algorithm of that key's type, for this registry,
 * by its issuer, and now; nothing that a token brings along makes a key trusted, and no server is asked for one.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { type JSONWebKeySet, SignJWT } from 'jose';
import { makePair } from '../http/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { forge, goodClaims, hmac, keySetOf, makeParty, type Party, sign } from './forge.ts';
import { askToken, claimsOf, ISSUER, SERVICE, startTokenRegistry, type TokenRegistry } from './registry.ts';

const NOW = () => Math.floor(Date.now() / 1000);

describe('a token that was tampered with', () => {
  const held = new AsyncDisposableStack();
  /** A registry that believes the tokens of another server. */
  let foreign: TestRegistry;
  /** A registry with a token service of its own. */
  let own: TokenRegistry;
  let trusted: Party;
  let rsa: Party;
  let certificate: string;
  const stranger = makeParty();
  let fetched: string[];
  let trapUrl: string;

  const statusOf = async (token: string, url = foreign.url, path = '/v2/user1/a/tags/list') =>
    (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).status;
  /** 401, and the challenge says why. */
  const expectRefused = async (token: string, url?: string) => {
    const response = await fetch(`${url ?? foreign.url}/v2/user1/a/tags/list`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.match(/error="invalid_token"$/);
  };

  before(async () => {
    trusted = makeParty();
    rsa = makeParty('rsa');
    const home = held.use(await tempDir('attacks')).path;
    const jwks = join(home, 'jwks.json');
    await writeFile(jwks, keySetOf(trusted, rsa));
    const authority = await makePair(home, { name: 'authority' });
    certificate = authority.certificate;
    foreign = held.use(
      await startRegistry({
        config: (config) => ({
          ...config,
          auth: {
            token: {
              ...{ realm: 'http://127.0.0.1:1/token', service: SERVICE, issuer: ISSUER },
              ...{ jwks, rootcertbundle: certificate },
            },
          },
        }),
      }),
    );
    own = held.use(await startTokenRegistry());
    fetched = [];
    const trap = createServer((request, response) => {
      fetched.push(request.url ?? '');
      response.end(keySetOf(stranger));
    });
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    held.defer(() => void trap.close());
    trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  });
  after(() => held.disposeAsync());

  it('is distinguished from one that was not: that is accepted', async () => {
    expect(await statusOf(await sign(trusted))).to.equal(404);
    expect(await statusOf(await sign(rsa))).to.equal(404);
    expect(await statusOf(await sign(rsa, {}, { alg: 'RS256' }))).to.equal(404);
  });

  it('with other claims under the same signature is refused', async () => {
    const [header = '', , signature = ''] = (await sign(trusted)).split('.');
    const claims = { ...goodClaims(), access: [{ type: 'repository', name: 'user1/a', actions: ['*'] }] };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    await expectRefused(`${header}.${payload}.${signature}`);
  });

  for (const alg of ['none', 'None', 'NONE', 'nOnE', ''])
    it(`by the algorithm "${alg}" is refused`, async () => {
      for (const kid of [trusted.kid, undefined])
        await expectRefused(forge({ alg, typ: 'JWT', kid }, goodClaims()));
      const signed = await sign(trusted);
      await expectRefused(`${signed.split('.').slice(0, 2).join('.')}.`);
    });

  it('signed with a public key as if that were a shared secret is refused: algorithm confusion', async () => {
    const { keys } = (await (await fetch(`${own.registry.url}/auth/jwks.json`)).json()) as JSONWebKeySet;
    const [ownKey] = keys;
    for (const { url, party } of [
      { url: foreign.url, party: trusted },
      { url: foreign.url, party: rsa },
    ]) {
      const pem = party.publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const der = party.publicKey.export({ type: 'spki', format: 'der' });
      const jwk = JSON.stringify(party.publicKey.export({ format: 'jwk' }));
      for (const secret of [pem, pem.trim(), der, jwk])
        for (const [alg, hash] of [
          ['HS256', 'sha256'],
          ['HS384', 'sha384'],
          ['HS512', 'sha512'],
        ] as const)
          await expectRefused(
            forge({ alg, typ: 'JWT', kid: party.kid }, goodClaims(), hmac(hash, secret)),
            url,
          );
    }
    const secret = JSON.stringify(ownKey);
    const header = { alg: 'HS256', typ: 'JWT', kid: ownKey?.kid };
    await expectRefused(forge(header, goodClaims(), hmac('sha256', secret)), own.registry.url);
  });

  it('by a key of another type than its algorithm is refused', async () => {
    await expectRefused(forge({ alg: 'RS256', kid: trusted.kid }, goodClaims(), () => 'AAAA'));
    await expectRefused(forge({ alg: 'ES384', kid: trusted.kid }, goodClaims(), () => 'AAAA'));
    // A key that says what it is for is for nothing else.
    await expectRefused(await sign(rsa, {}, { alg: 'PS256' }));
    await expectRefused(await sign(rsa, {}, { alg: 'RS512' }));
  });

  it('by a key that is not known is refused, whatever it calls itself', async () => {
    await expectRefused(await sign(stranger));
    await expectRefused(await sign(stranger, {}, { kid: trusted.kid }));
    await expectRefused(
      await new SignJWT(goodClaims()).setProtectedHeader({ alg: 'ES256' }).sign(trusted.privateKey),
    );
    for (const kid of [
      '',
      '../../../etc/passwd',
      '__proto__',
      'constructor',
      "' OR 1=1 --",
      'x'.repeat(2000),
    ])
      await expectRefused(await sign(stranger, {}, { kid }));
    for (const kid of [1, null, {}, ['a'], true])
      await expectRefused(forge({ alg: 'ES256', kid }, goodClaims(), () => 'A'.repeat(86)));
    await expectRefused(await sign(stranger), own.registry.url);
  });

  it('of another service or issuer is refused', async () => {
    for (const aud of ['elsewhere', '', SERVICE.toUpperCase(), `${SERVICE}.`, [], ['elsewhere']])
      await expectRefused(await sign(trusted, { aud }));
    for (const iss of ['elsewhere', '', ISSUER.toUpperCase(), `${ISSUER} `])
      await expectRefused(await sign(trusted, { iss }));
    const { aud: _, ...noAudience } = goodClaims();
    const { iss: __, ...noIssuer } = goodClaims();
    for (const claims of [noAudience, noIssuer])
      await expectRefused(
        await new SignJWT(claims)
          .setProtectedHeader({ alg: trusted.algorithm, kid: trusted.kid })
          .sign(trusted.privateKey),
      );
    expect(await statusOf(await sign(trusted, { aud: ['elsewhere', SERVICE] }))).to.equal(404);
  });

  it('that has expired, is not valid yet, or never ends is refused', async () => {
    await expectRefused(await sign(trusted, { exp: NOW() - 61 }));
    await expectRefused(await sign(trusted, { nbf: NOW() + 65 }));
    const { exp: _, ...endless } = goodClaims();
    await expectRefused(
      await new SignJWT(endless)
        .setProtectedHeader({ alg: trusted.algorithm, kid: trusted.kid })
        .sign(trusted.privateKey),
    );
    for (const exp of ['tomorrow', null, {}] as never[]) {
      const signed = await new SignJWT({ ...endless, exp })
        .setProtectedHeader({ alg: trusted.algorithm, kid: trusted.kid })
        .sign(trusted.privateKey)
        .catch(() => undefined);
      if (signed) await expectRefused(signed);
    }
    // Clocks may differ by a minute, as in Distribution.
    expect(await statusOf(await sign(trusted, { exp: NOW() - 30, nbf: NOW() + 30 }))).to.equal(404);
  });

  it('is refused once it has expired although it was taken before', async function () {
    this.timeout(20_000);
    const token = await sign(trusted, { exp: NOW() - 56 });
    expect(await statusOf(token)).to.equal(404);
    const end = (claimsOf(token)['exp'] as number) + 60;
    await eventually('the token has expired', () => NOW() > end);
    await expectRefused(token);
  });

  it('that brings a key along, or says where there is one, is refused, and nobody asks there', async () => {
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    for (const extra of [
      { jwk },
      { jku: `${trapUrl}/keys` },
      { x5u: `${trapUrl}/certificate` },
      { jwk, kid: trusted.kid },
      { jku: `${trapUrl}/keys`, kid: trusted.kid },
      { x5u: `${trapUrl}/certificate`, kid: trusted.kid },
      { jku: `file://${certificate}`, kid: trusted.kid },
    ]) {
      await expectRefused(await sign(stranger, {}, extra as never));
      await expectRefused(await sign(stranger, {}, extra as never), own.registry.url);
    }
    expect(fetched).to.deep.equal([]);
    // A good signature is not made bad by what stands beside it, nor is it looked at.
    expect(await statusOf(await sign(trusted, {}, { jku: `${trapUrl}/keys`, jwk } as never))).to.equal(404);
    expect(fetched).to.deep.equal([]);
  });

  it('with certificates that lead to nobody is refused', async () => {
    await using home = await tempDir('stranger');
    const self = await makePair(home.path, { name: 'authority' });
    const leaf = new X509Certificate(await readFile(self.certificate));
    const ours = new X509Certificate(await readFile(certificate));
    const party = { ...stranger, privateKey: createPrivateKey(await readFile(self.key)) };
    const der = leaf.raw.toString('base64');
    for (const x5c of [[der], [der, ours.raw.toString('base64')], ['AAAA'], [''], ['x'.repeat(5000)]])
      for (const kid of [party.kid, trusted.kid]) await expectRefused(await sign(party, {}, { x5c, kid }));
    // Our certificate is no proof of having its key.
    await expectRefused(await sign(stranger, {}, { x5c: [ours.raw.toString('base64')] }));
  });

  it('that asks for extensions nobody knows is refused', async () => {
    await expectRefused(
      await new SignJWT(goodClaims())
        .setProtectedHeader({ alg: 'ES256', kid: trusted.kid, crit: ['exp'], exp: 1 } as never)
        .sign(trusted.privateKey, { crit: { exp: true } }),
    );
    await expectRefused(
      forge({ alg: 'ES256', kid: trusted.kid, b64: false, crit: ['b64'] }, goodClaims(), () => 'AA'),
    );
  });

  it('of odd access claims gives no more than what it says, or nothing', async () => {
    for (const access of [
      'repository:user1/a:pull',
      { type: 'repository', name: 'user1/a', actions: ['pull'] },
      [['repository', 'user1/a', 'pull']],
      [{ type: 'repository', name: 'user1/a', actions: 'pull' }],
      [{ type: ['repository'], name: 'user1/a', actions: ['pull'] }],
      [{ type: 'repository', name: 'user1/a' }],
    ])
      await expectRefused(await sign(trusted, { access }));
    const path = '/v2/user1/a/tags/list';
    for (const access of [
      undefined,
      null,
      [],
      [{ type: 'repository', name: '*', actions: ['*'] }],
      [{ type: '*', name: 'user1/a', actions: ['pull'] }],
      [{ type: 'repository', name: 'user1', actions: ['pull'] }],
      [{ type: 'repository', name: 'user1/a', actions: ['push', 'delete'] }],
      [{ type: 'repository', name: 'user1/a:pull', actions: ['pull'] }],
      [{ type: 'registry', name: 'user1/a', actions: ['pull'] }],
      [{ type: 'repository', name: 'USER1/A', actions: ['pull'] }],
      [{ type: 'repository', name: 'user1/a', actions: ['PULL'] }],
    ])
      expect(
        await statusOf(await sign(trusted, { access }), foreign.url, path),
        JSON.stringify(access),
      ).to.equal(401);
  });

  it('for everything in a repository does not promote', async () => {
    const access = [
      { type: 'repository', name: 'stable/a', actions: ['*'] },
      { type: 'repository', name: 'candidate/a', actions: ['*'] },
    ];
    const response = await fetch(`${foreign.url}/api/v1/promotions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await sign(trusted, { access })}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ source: 'candidate/a:1', target: 'stable/a:1' }),
    });
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.include('repository:stable/a:promote');
  });

  it('that is no token is refused', async () => {
    for (const token of [
      'x',
      '.',
      '..',
      '...',
      'a.b.c',
      'a.b.c.d.e',
      '%00',
      'eyJ9.e30.',
      `${await sign(trusted)}x`,
    ])
      await expectRefused(token);
    for (const authorization of ['Bearer', 'Bearer ', 'bearer a b', 'Token x', 'Basic dXNlcjE6eA==', ','])
      expect(
        (await fetch(`${foreign.url}/v2/user1/a/tags/list`, { headers: { authorization } })).status,
        authorization,
      ).to.equal(401);
  });

  it('that is too large is refused, or its request is', async () => {
    await expectRefused(`${await sign(trusted, { padding: 'x'.repeat(15_000) })}x`);
    expect(await statusOf('x'.repeat(40_000))).to.equal(431);
    const nested = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    const input = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(nested).toString('base64url')}`;
    await expectRefused(`${input.slice(0, 30_000)}.AAAA`);
    expect(await statusOf(await sign(trusted))).to.equal(404);
  });

  it('of our own service is taken by nobody else, nor after its end', async () => {
    const { token } = await askToken(own.registry.url, ['repository:user1/a:pull'], 'user1');
    expect(await statusOf(token, own.registry.url)).to.equal(404);
    await expectRefused(token);
    await expectRefused(await sign(trusted), own.registry.url);
  });
});
