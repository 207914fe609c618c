/**
 * Promise: docker is told to get a pass only where its password cannot be read on the way and the URL can be reached.
 */

import { expect } from 'chai';
import { passesBoxOf } from '../../services/config/rules.ts';
import { OPEN_AUTHENTICATOR } from '../../services/http/access/authenticator.ts';
import { passUrlsOf } from '../../services/http/access/pass-url.ts';
import { Passes, passRoute } from '../../services/http/access/passes.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { MINIMAL, parse } from '../config/configs.ts';

type Sent = { peer?: string; encrypted?: boolean; headers?: Record<string, string> };

/** The URL of a pass for a request from 192.0.2.7, unless it says otherwise. */
function urlFor({ peer = '192.0.2.7', encrypted, headers = {} }: Sent, host?: string): string | undefined {
  const urlOf = passUrlsOf({ host, prefix: '' });
  const req = { socket: { remoteAddress: peer, encrypted }, headers: { host: 'r.example', ...headers } };
  return urlOf({ req: req as never });
}

describe('the URL of passes', () => {
  it('is that of http.host, when that is https or this machine', () => {
    expect(urlFor({}, 'https://reg.example')).to.equal('https://reg.example/v2/_token');
    expect(urlFor({}, 'http://localhost:5000')).to.equal('http://localhost:5000/v2/_token');
    expect(urlFor({ encrypted: true }, 'http://reg.example')).to.equal(undefined);
  });

  it('is nowhere that only a request says, by TLS or through a proxy', () => {
    const said = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };
    for (const peer of ['192.0.2.7', '10.0.0.1', '127.0.0.1'])
      for (const encrypted of [true, false])
        for (const headers of [{}, said, { forwarded: 'proto=https;host=evil.example' }])
          expect(urlFor({ peer, encrypted, headers })).to.equal(undefined);
  });

  it('is of this machine for local clients, but not for a proxy there', () => {
    const local = { peer: '::ffff:127.0.0.1', headers: { host: '127.0.0.1:5000' } };
    expect(urlFor(local)).to.equal('http://127.0.0.1:5000/v2/_token');
    expect(urlFor({ ...local, headers: { ...local.headers, 'x-forwarded-for': '192.0.2.7' } })).to.equal(
      undefined,
    );
    expect(urlFor({ ...local, peer: '192.0.2.7' })).to.equal(undefined);
  });

  it('is warned of at the start when http.host is missing and others than this machine come', () => {
    const rules = 'access: {rules: [{name: p, allow: [pull], subjects: [everyone]}]}';
    const noticesWith = (http: string) =>
      parse(
        `${MINIMAL.replace('"127.0.0.1:5000"', http)}\nauth: {htpasswd: {realm: r, path: /h}}\n${rules}`,
      ).notices.filter((notice) => notice.startsWith('http.host'));
    expect(noticesWith('":5000", tls: {certificate: /c, key: /k}')).to.have.length(1);
    expect(noticesWith('":5000", tls: {certificate: /c, key: /k}, host: "https://r.example"')).to.be.empty;
    expect(noticesWith('"127.0.0.1:5000"')).to.be.empty;
  });
});

describe('the key of passes', () => {
  const TLS = '":5000", tls: {certificate: /c, key: /k}';
  const configWith = (http: string) =>
    parse(
      `${MINIMAL.replace('"127.0.0.1:5000"', http)}\nauth: {htpasswd: {realm: r, path: /h}}\n` +
        'access: {rules: [{name: p, allow: [pull], subjects: [everyone]}]}',
    );

  it('is the same on every node that has the same http.secret, however short', () => {
    const [one, other] = [1, 2].map(() => passesBoxOf(configWith(`${TLS}, secret: short`)));
    const sealed = one?.seal(Buffer.from('x'), 'pass') ?? '';
    expect(other?.open(sealed, 'pass')?.toString()).to.equal('x');
  });

  it('is random on a machine of its own only; elsewhere there are no passes, and the start warns', () => {
    expect(passesBoxOf(configWith('"127.0.0.1:5000"'))).not.to.equal(undefined);
    const open = configWith(TLS);
    expect(passesBoxOf(open)).to.equal(undefined);
    expect(open.notices.filter((notice) => notice.startsWith('http.secret is missing'))).to.have.length(1);
  });
});

describe('the route of passes', () => {
  it('seals no pass into another', async () => {
    const passes = new Passes(new SecretBox(['s'.repeat(32)], 'passes'));
    const ctx = { req: { headers: { authorization: `Bearer ${passes.make(undefined, Date.now())}` } } };
    const answer = Promise.resolve(
      passRoute(OPEN_AUTHENTICATOR, passes).handle({ ...ctx, set: () => undefined } as never),
    );
    const error = await answer.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RegistryError);
  });
});
