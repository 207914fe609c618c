/**
 * Promise: below http.prefix the registry is what it is elsewhere at the root; there is nothing beside it but the
 * health checks, and what stands behind the prefix reaches the routes byte for byte.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import { withHeaders } from '../../services/http/extra-headers.ts';
import { type Listener, listen } from '../../services/http/listen.ts';
import { stripPrefix } from '../../services/http/prefix.ts';
import { expectError, send } from '../protocol/wire.ts';

/** What the routes would see of a target; undefined when it does not reach them. */
function seen(target: string, prefix = '/registry'): string | undefined {
  let url: string | undefined;
  const request = { url: target, method: 'GET', complete: true } as IncomingMessage;
  const response = { setHeader() {}, writeHead() {}, write() {}, end() {} } as unknown as ServerResponse;
  stripPrefix(prefix, ({ url: got }) => {
    url = got;
  })(request, response);
  return url;
}

describe('a prefix', () => {
  let listener: Listener;
  before(async () => {
    const echo = stripPrefix('/registry', (request, response) => response.end(request.url));
    listener = await listen(withHeaders({ 'X-Frame-Options': ['DENY'] }, echo), {
      host: '127.0.0.1',
      port: 0,
    });
  });
  after(() => listener[Symbol.asyncDispose]());
  const ask = async (target: string) => {
    const { status, body } = await send(listener.url, target);
    return status === 200 ? body.toString() : status;
  };

  it('is taken off, and nothing else is changed', async () => {
    for (const [target, rest] of [
      ['/registry/v2/', '/v2/'],
      ['/registry', '/'],
      ['/registry/', '/'],
      ['/registry?n=1', '/?n=1'],
      ['/registry/v2/a%2Fb/tags/list?n=1&last=%2f', '/v2/a%2Fb/tags/list?n=1&last=%2f'],
      ['/registry/registry/v2/', '/registry/v2/'],
      ['/registry//v2/', '//v2/'],
      ['/registry/../v2/', '/../v2/'],
      ['/registry/%2e%2e/v2/', '/%2e%2e/v2/'],
      ['/registry//evil.example/v2/', '//evil.example/v2/'],
      ['http://evil.example/registry/v2/?x', '/v2/?x'],
      ['HTTPS://evil.example:1/registry', '/'],
    ] as const)
      expect(await ask(target), target).to.equal(rest);
    // A host has no user.
    expect(await ask('HTTPS://a:b@evil.example:1/registry')).to.equal(400);
  });

  it('is needed for all but the health checks, of which / is one', async () => {
    for (const target of [
      ...['/v2/', '/registryv2/', '/REGISTRY/v2/', '//registry/v2/', '/x/registry/v2/', '/./registry/v2/'],
      ...['/%72egistry/v2/', '/registry%2Fv2/', '/livez/', '/livez/../v2/', '//livez', '/readyz%20'],
      ...['http://registry/v2/', 'http://x/v2/', 'ftp://x/registry/v2/'],
    ])
      expect(await ask(target), target).to.equal(404);
    // Node's own parser refuses these.
    for (const target of ['http:/registry/v2/', 'registry/v2/'])
      expect(await ask(target), target).to.equal(400);
    for (const target of ['/', '/livez', '/readyz', '/livez?verbose', '/registry/livez'])
      expect(await ask(target), target).to.equal(target.replace('/registry', ''));
    for (const [target, seenThere] of [
      ['http://x/readyz', '/readyz'],
      ['/?/registry/', '/?/registry/'],
      ['http://x', '/'],
      ['http://x?/registry/v2/', '/?/registry/v2/'],
    ] as const)
      expect(await ask(target), target).to.equal(seenThere);
  });

  it('is asked for in the words of the specification, with the extra headers, after whatever was sent', async () => {
    const body = Buffer.alloc(3_000_000, 7);
    for (const method of ['GET', 'PUT'] as const) {
      const answer = await send(listener.url, '/v2/x', { method, ...(method === 'PUT' && { body }) });
      expect(expectError(answer, 404, 'UNSUPPORTED').message).to.include('/registry/');
      expect(answer.headers['x-frame-options']).to.equal('DENY');
      expect(answer.headers['x-content-type-options']).to.equal('nosniff');
    }
    const head = await send(listener.url, '/v2/x', { method: 'HEAD' });
    expect([head.status, head.body.length]).to.deep.equal([404, 0]);
  });

  it('is cut from every target that begins with it, and no other gets by', () => {
    const part = fc.string({
      unit: fc.constantFrom(...'/.%?#:@\\ab2', '..', '//', '/registry', 'http://', '/v2/'),
    });
    fc.assert(
      fc.property(part, (rest) => {
        expect(seen(`/registry/${rest}`)).to.equal(`/${rest}`);
        const got = seen(rest);
        // `/` is the page that load balancers ask for.
        if (got === undefined || /^\/(?:\?|$)/.test(got)) return;
        expect(got).to.match(/^\//);
        const path = rest.replace(/^http:\/\/[^/?#]+/, '');
        expect(path).to.match(/^\/registry(?:[/?]|$)/);
      }),
      { numRuns: 3000 },
    );
  });

  it('that is empty changes nothing', () => {
    for (const target of ['/v2/', 'http://x/v2/', '//x']) expect(seen(target, '')).to.equal(target);
  });
});
