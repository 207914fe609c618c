/**
 * Promise: URLs in answers lead back to where the client is: below the public URL, or relative, or on this machine, and
 * never where a header of a request says. What a client calls the registry is a URL, or nothing.
 */

import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Proxies } from '../../services/http/forwarded.ts';
import { listen } from '../../services/http/listen.ts';
import { calledUrlsOf, type UrlOptions, urlsOf } from '../../services/http/urls.ts';
import { networkTest } from '../../services/registry/access/networks.ts';

const isTrusted = networkTest(['10.0.0.0/8']);
const PROXIES = { isTrusted, header: 'x-forwarded-for' } as const;
const PATH = '/v2/hello/blobs/uploads/1';
const [PROXY, CLIENT] = ['10.0.0.1', '192.0.2.7'];
const FROM_REQUEST = { relativeUrls: false, prefix: '' };

interface Asked {
  readonly from?: string;
  readonly encrypted?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

function requestOf({ from = CLIENT, encrypted = false, headers = {} }: Asked = {}): IncomingMessage {
  return { socket: { remoteAddress: from, encrypted }, headers } as unknown as IncomingMessage;
}

function urlFor(options: UrlOptions, asked: Asked = {}): string {
  return urlsOf(options)({ req: requestOf(asked) }, PATH);
}

/** What a client calls the registry, with a path after it. */
function calledFor(prefix: string, asked: Asked, header: Proxies['header'] = 'x-forwarded-for'): string {
  return `${calledUrlsOf({ prefix }, { isTrusted, header })({ req: requestOf(asked) })}${PATH}`;
}

describe('the URL in an answer', () => {
  it('is relative, with the prefix, unless something else is said', () => {
    const headers = { host: 'registry.example.org' };
    expect(urlFor({ prefix: '' }, { headers })).to.equal(PATH);
    expect(urlFor({ prefix: '/registry' }, { headers })).to.equal(`/registry${PATH}`);
    const host = 'https://registry.example.org';
    expect(urlFor({ prefix: '/registry', host, relativeUrls: true })).to.equal(`/registry${PATH}`);
  });

  it('is below the public URL where there is one, whatever the request says', () => {
    const asked = { from: PROXY, headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } };
    for (const [host, prefix, base] of [
      ['https://registry.example.org', '', 'https://registry.example.org'],
      ['https://registry.example.org/', '', 'https://registry.example.org'],
      ['https://registry.example.org:8443', '/registry', 'https://registry.example.org:8443/registry'],
      ['https://example.org/a/b', '/registry', 'https://example.org/a/b/registry'],
      ['https://registry', '/registry', 'https://registry/registry'],
      // Distribution needs the prefix in both places: it stands in the URL once.
      ['https://example.org/registry/', '/registry', 'https://example.org/registry'],
    ] as const)
      for (const relativeUrls of [undefined, false])
        expect(urlFor({ host, prefix, relativeUrls }, asked)).to.equal(`${base}${PATH}`);
  });

  it('follows no name that a request says: it is relative, but for clients on this machine', () => {
    for (const host of ['localhost', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000']) {
      for (const from of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
        expect(urlFor(FROM_REQUEST, { from, headers: { host } })).to.equal(`http://${host}${PATH}`);
      expect(urlFor(FROM_REQUEST, { from: '::1', encrypted: true, headers: { host } })).to.equal(
        `https://${host}${PATH}`,
      );
      expect(urlFor(FROM_REQUEST, { headers: { host } })).to.equal(PATH);
    }
    const said = {
      ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      forwarded: 'host=evil.example;proto=https',
    };
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'localhost@evil'])
      for (const from of [PROXY, CLIENT, '127.0.0.1'])
        for (const encrypted of [true, false])
          expect(urlFor(FROM_REQUEST, { from, encrypted, headers: { host, ...said } }), host).to.equal(PATH);
  });
});

describe('what a client calls the registry', () => {
  it('is below the public URL where there is one', () => {
    const called = calledUrlsOf({ host: 'https://r.example/', prefix: '/p' }, PROXIES);
    expect(called({ req: requestOf({ headers: { host: 'evil.example' } }) })).to.equal('https://r.example/p');
  });

  it('is where the request went', () => {
    for (const [host, origin] of [
      ['registry.example.org', 'http://registry.example.org'],
      ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
      ['[2001:db8::1]:5000', 'http://[2001:db8::1]:5000'],
      ['my_registry', 'http://my_registry'],
    ] as const) {
      expect(calledFor('', { headers: { host } })).to.equal(`${origin}${PATH}`);
      const encrypted = calledFor('/p', { headers: { host }, encrypted: true });
      expect(encrypted).to.equal(`${origin.replace('http', 'https')}/p${PATH}`);
    }
  });

  it('is where the outermost trusted proxy was asked', () => {
    const host = 'inner:5000';
    for (const [what, headers, origin, header] of [
      [
        'nginx, host passed on',
        { host: 'r.example.org', 'x-forwarded-proto': 'https' },
        'https://r.example.org',
      ],
      [
        'replaced',
        { host, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example.org' },
        'https://r.example.org',
      ],
      [
        'RFC 7239',
        { host, forwarded: 'for=192.0.2.7;proto=https;host="r.example.org:8443"' },
        'https://r.example.org:8443',
        'forwarded',
      ],
      [
        'a row of proxies, behind what the client wrote',
        {
          host,
          forwarded:
            'host=evil.example, for=192.0.2.7;host=r.example.org;proto=https, for=10.0.0.2;host=mid;proto=http',
        },
        'https://r.example.org',
        'forwarded',
      ],
      [
        'a row of proxies that append, behind what the client wrote',
        {
          host,
          'x-forwarded-for': '10.0.0.9, 192.0.2.7, 10.0.0.2',
          'x-forwarded-proto': 'http, https, http',
          'x-forwarded-host': 'evil.example, r.example.org, mid',
        },
        'https://r.example.org',
      ],
      [
        'a row of which one replaces',
        {
          host,
          'x-forwarded-for': '192.0.2.7, 10.0.0.2',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'r.example.org',
        },
        'https://r.example.org',
      ],
      [
        'a Forwarded that the client wrote',
        { host: 'r.example.org', 'x-forwarded-for': '192.0.2.7', forwarded: 'host=evil.example;proto=https' },
        'http://r.example.org',
      ],
      [
        'an X-Forwarded-Host that the client wrote',
        { host: 'r.example.org', 'x-forwarded-host': 'evil.example', forwarded: 'for=192.0.2.7;proto=https' },
        'https://r.example.org',
        'forwarded',
      ],
    ] as const)
      expect(calledFor('', { from: PROXY, headers }, header), what).to.equal(`${origin}${PATH}`);
  });

  it('does not listen to a client that is not a trusted proxy', () => {
    const headers = {
      host: 'r.example.org',
      ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      forwarded: 'host=evil.example;proto=https',
    };
    expect(calledFor('', { headers })).to.equal(`http://r.example.org${PATH}`);
  });

  it('is nothing when there is no host, or none that is one', () => {
    const good = { host: 'r.example.org' };
    for (const headers of [
      {},
      ...[
        '',
        ' ',
        'a b',
        'a/b',
        'a\\b',
        'user@evil',
        'a?',
        'a#',
        'a:b',
        'a:99999',
        'a:',
        '[::1',
        '[g::1]',
        '::1',
      ].map((host) => ({ host })),
      ...['a,b', 'a..b', '-a', 'a\r\nSet-Cookie: b', '\u0430.example', 'x'.repeat(64), 'a.'.repeat(200)].map(
        (host) => ({ host }),
      ),
      { ...good, 'x-forwarded-proto': 'javascript' },
      { ...good, 'x-forwarded-host': 'a/b' },
    ])
      expect(calledFor('', { from: PROXY, headers }), JSON.stringify(headers)).to.equal(PATH);
    const headers = { ...good, forwarded: 'host="a/b"' };
    expect(calledFor('', { from: PROXY, headers }, 'forwarded')).to.equal(PATH);
  });

  it('names the host, or nothing, whatever the headers hold: nothing else gets into it', () => {
    const host = fc.oneof(
      fc.string(),
      fc.domain(),
      fc.webAuthority({ withPort: true, withUserInfo: true, withIPv6: true }),
      fc.string({ unit: fc.constantFrom(...'ab1.:/@[]#?%\\"\r\n -_,;=', 'http', '::') }),
    );
    const proto = fc.oneof(fc.constantFrom('http', 'https', 'HTTPS'), fc.string());
    const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const headers = fc.record({
      host: optional(host),
      'x-forwarded-host': optional(host),
      'x-forwarded-proto': optional(proto),
      forwarded: optional(fc.tuple(host, proto).map(([h, p]) => `host="${h}";proto=${p}`)),
    });
    const peer = fc.constantFrom(PROXY, CLIENT);
    const header = fc.constantFrom('x-forwarded-for' as const, 'forwarded' as const);
    let absolute = 0;
    fc.assert(
      fc.property(headers, fc.boolean(), peer, header, (given, encrypted, from, by) => {
        const url = calledFor('/p', { from, encrypted, headers: given as Record<string, string> }, by);
        if (url === `/p${PATH}`) return;
        absolute++;
        expect(url).to.match(/^https?:\/\/[A-Za-z0-9_.:[\]-]+\/p\/v2\//);
        const { pathname, username, password, search, hash } = new URL(url);
        expect([pathname, username, password, search, hash]).to.deep.equal([`/p${PATH}`, '', '', '', '']);
      }),
      { numRuns: 3000 },
    );
    expect(absolute, 'some hosts are good').to.be.above(100);
  });

  it('comes right out of real requests', async () => {
    const url = urlsOf(FROM_REQUEST);
    await using listener = await listen((req, response) => response.end(url({ req }, PATH)), {
      host: '127.0.0.1',
      port: 0,
    });
    const ask = async (head: string) => {
      const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
      socket.write(`${head}Connection: close\r\n\r\n`);
      return (await text(socket)).split('\r\n\r\n')[1];
    };
    expect(await ask('GET / HTTP/1.1\r\nHost: localhost:1\r\n')).to.include(`http://localhost:1${PATH}`);
    for (const host of ['a/b', 'a b', 'a@b', 'a"b'])
      expect(await ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n`)).to.include('invalid Host header');
    expect(await ask('GET / HTTP/1.1\r\nHost: a:b:c\r\n'))
      .to.include(PATH)
      .and.not.include('http');
    expect(await ask('GET / HTTP/1.0\r\n')).to.equal(PATH);
  });
});
