/** Promise: a login that a browser has begun ends after a while, and its cookie is good for nothing else. */
import { expect } from 'chai';
import type { RouteContext } from '../../services/http/context.ts';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { PendingCookie } from '../../services/token/login/pending-cookie.ts';

const URL_OF_ANSWER = 'https://registry.example.org/auth/login/callback';
const pending = { state: 's', nonce: 'n', codeVerifier: 'v', redirectUri: URL_OF_ANSWER };
const SECRET = 'a secret that nobody can guess, for tests';

describe('the cookie of a login', () => {
  const box = new SecretBox([SECRET], 'pending logins');
  const cookie = new PendingCookie(box);
  const read = (value: string) =>
    cookie.get({ cookies: { get: () => value } } as unknown as RouteContext, URL_OF_ANSWER);
  const sealed = (more: object, context = 'pending login', by = box) =>
    by.seal(Buffer.from(JSON.stringify({ ...pending, ...more })), context);

  it('holds what was begun, for a quarter of an hour', () => {
    const headers: string[] = [];
    const ctx = { append: (_: string, value: string) => headers.push(value) };
    cookie.set(ctx as unknown as RouteContext, pending);
    const [header = ''] = headers;
    expect(header).to.match(/^__Host-roadstead-login=[\w-]+; Path=\/; Max-Age=900; /);
    expect(read(header.slice(header.indexOf('=') + 1, header.indexOf(';')))).to.deep.equal(pending);
  });

  it('is nothing once its time is over, whatever the browser keeps', () => {
    expect(read(sealed({ endsAt: Date.now() + 5000 }))).to.deep.equal(pending);
    for (const endsAt of [Date.now(), Date.now() - 1000, 0])
      expect(read(sealed({ endsAt }))).to.equal(undefined);
  });

  it('is nothing if it was sealed for something else, or is too long', () => {
    const endsAt = Date.now() + 5000;
    expect(read(sealed({ endsAt }, 'pass'))).to.equal(undefined);
    expect(read(sealed({ endsAt }, undefined, new SecretBox([SECRET], 'passes')))).to.equal(undefined);
    expect(read(sealed({ endsAt, nonce: 'n'.repeat(3000) }))).to.equal(undefined);
  });
});
