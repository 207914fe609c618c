/**
 * Promise: a client is who its connection comes from; only proxies that the configuration trusts are believed when
 * they say who is behind them, and what a client writes itself never counts.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { clientAddressOf } from '../../services/http/client-address.ts';
import { networkTest } from '../../services/registry/access/networks.ts';
import { cpuMsOf } from '../support/cpu.ts';

function from(peer: string, forwarded?: string, byRfc7239?: string): IncomingMessage {
  const headers = {
    ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
    ...(byRfc7239 !== undefined && { forwarded: byRfc7239 }),
  };
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
}

/** An address as RFC 7239 wants it, in `for=`. */
function quoted(address: string, port = ''): string {
  return address.includes(':') ? `"[${address}]${port}"` : port ? `"${address}${port}"` : address;
}

const PROXIES = ['10.0.0.0/8', '2001:db8:5::/48'];
const isTrusted = networkTest(PROXIES);
const known = clientAddressOf({ isTrusted, header: 'x-forwarded-for' });
/** Behind proxies that write Forwarded. */
const knownByRfc7239 = clientAddressOf({ isTrusted, header: 'forwarded' });
const client = fc.oneof(
  fc.ipV4().filter((address) => !address.startsWith('10.')),
  fc.constantFrom('2001:db8:1::7', '::1', 'fe80::1'),
);
const proxy = fc.constantFrom('10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3', '2001:db8:5::1');

describe('the address of a client', () => {
  it('is that of the connection when no proxy is trusted, whatever is said to be forwarded', () => {
    fc.assert(
      fc.property(client, fc.string(), (peer, forwarded) => {
        expect(
          clientAddressOf({ isTrusted: () => false, header: 'x-forwarded-for' })(from(peer, forwarded)),
        ).to.equal(peer);
      }),
    );
  });

  it('is that of the connection when it does not come from a trusted proxy', () => {
    fc.assert(
      fc.property(client, client, (peer, forwarded) => {
        expect(known(from(peer, forwarded))).to.equal(peer);
      }),
    );
  });

  it('is the last peer of the trusted proxies, however many there are in a row', () => {
    fc.assert(
      fc.property(proxy, fc.string(), client, fc.array(proxy), (peer, lies, real, between) => {
        const forwarded = [lies, real, ...between].join(', ');
        expect(known(from(peer, forwarded))).to.equal(real);
      }),
    );
  });

  it("is the proxy's own when it says nothing, or nothing that is an address", () => {
    for (const forwarded of [undefined, '', 'unknown', '_hidden', ' , ', '192.0.2.1:', '1', '0x7f.1', '[::1'])
      expect(known(from('10.0.0.1', forwarded)), String(forwarded)).to.equal('10.0.0.1');
  });

  it('is an IPv4 address when it is one in the clothes of IPv6, in either notation', () => {
    for (const clothed of [
      '::ffff:192.0.2.7',
      '::ffff:c000:207',
      '::FFFF:192.0.2.7',
      '0:0:0:0:0:ffff:c000:207',
    ]) {
      expect(known(from(clothed)), clothed).to.equal('192.0.2.7');
      expect(known(from('::ffff:10.0.0.1', clothed)), `forwarded ${clothed}`).to.equal('192.0.2.7');
    }
  });

  it('is an address whatever is said to be forwarded', () => {
    const piece = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), proxy, fc.constant('::ffff:c000:207'));
    const forwarded = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(','));
    fc.assert(
      fc.property(proxy, forwarded, (peer, text) => {
        expect(isIP(known(from(peer, text))), known(from(peer, text))).not.to.equal(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read with a port, as some proxies write it', () => {
    for (const [forwarded, address] of [
      ['192.0.2.1:5000', '192.0.2.1'],
      ['[2001:db8:1::7]:5000', '2001:db8:1::7'],
      ['[2001:db8:1::7]', '2001:db8:1::7'],
    ] as const)
      expect(known(from('10.0.0.1', forwarded)), forwarded).to.equal(address);
  });

  it('is what Forwarded says: the examples of RFC 7239, and what else is seen', () => {
    for (const [forwarded, address] of [
      ['for=192.0.2.43', '192.0.2.43'],
      ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
      ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
      ['for=192.0.2.43, for=198.51.100.17', '198.51.100.17'],
      ['for=192.0.2.43, for="10.0.0.9:_port"', '192.0.2.43'],
      ['host="a,b;for=192.0.2.9";FOR="192.0.2.43:47011"', '192.0.2.43'],
      ['for="192.0.2.\\4\\3"', '192.0.2.43'],
      ['by=203.0.113.43; for=192.0.2.43 ; proto=https', '192.0.2.43'],
      // What tells no address is the last that can be known: the proxy's own.
      ['for=unknown', '10.0.0.1'],
      ['for=192.0.2.43, for=_gazonk', '10.0.0.1'],
      ['for="_gazonk:4711"', '10.0.0.1'],
      ['for=192.0.2.43;for=192.0.2.44', '10.0.0.1'],
      ['for="192.0.2.43', '10.0.0.1'],
      ['for=192.0.2.43 proto=http', '10.0.0.1'],
      ['proto=https;host=registry.example.org', '10.0.0.1'],
      ['', '10.0.0.1'],
    ] as const)
      expect(knownByRfc7239(from('10.0.0.1', undefined, forwarded)), forwarded).to.equal(address);
  });

  it('is the last in Forwarded that is no trusted proxy, whatever a client wrote before it', () => {
    const port = fc.constantFrom('', ':443', ':_hidden');
    const lies = fc.string({ unit: fc.constantFrom('"', '\\', ',', ';', '=', 'for', '10.0.0.1', ' ', 'x') });
    fc.assert(
      fc.property(proxy, lies, client, port, fc.array(proxy), (peer, lie, real, at, between) => {
        const elements = [
          `for=${quoted(real, at)};proto=https`,
          ...between.map((hop) => `for=${quoted(hop)}`),
        ];
        const forwarded = [lie, ...elements].join(', ');
        expect(knownByRfc7239(from(peer, undefined, forwarded)), forwarded).to.equal(real);
      }),
      { numRuns: 1000 },
    );
  });

  it('is looked for behind 64 proxies, and behind no more', () => {
    for (const [proxies, address] of [
      [63, '192.0.2.7'],
      [64, '10.0.0.1'],
    ] as const) {
      const rest = Array<string>(proxies).fill('10.0.0.2');
      expect(known(from('10.0.0.1', ['192.0.2.7', ...rest].join(', ')))).to.equal(address);
      const elements = ['192.0.2.7', ...rest].map((hop) => `for=${hop}`);
      expect(knownByRfc7239(from('10.0.0.1', undefined, elements.join(', ')))).to.equal(address);
    }
  });

  it('is found before a quoted text that has quotes', () => {
    const forwarded = 'for=192.0.2.7, for=10.0.0.2;by="x\\""';
    expect(knownByRfc7239(from('10.0.0.1', undefined, forwarded))).to.equal('192.0.2.7');
  });

  it('is what the header of the proxies says, never the other one, which they pass on as clients wrote it', () => {
    const both = ['192.0.2.7', 'for=198.51.100.1'] as const;
    expect(known(from('10.0.0.1', ...both))).to.equal('192.0.2.7');
    expect(known(from('10.0.0.1', undefined, both[1]))).to.equal('10.0.0.1');
    expect(known(from('10.0.0.1', 'unknown', both[1]))).to.equal('10.0.0.1');
    expect(knownByRfc7239(from('10.0.0.1', ...both))).to.equal('198.51.100.1');
    expect(knownByRfc7239(from('10.0.0.1', both[0]))).to.equal('10.0.0.1');
  });

  it('is found without a throw, and an address, whatever is in either header', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('for=', '"', '\\', ',', ';', '=', 'unknown', '_x', '[', ']', ':'),
      fc.ipV6().map((address) => `for="[${address}]:1"`),
      proxy.map((address) => `for=${quoted(address)}`),
    );
    const header = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(proxy, fc.option(header, { nil: undefined }), header, (peer, forwarded, byRfc7239) => {
        for (const address of [known, knownByRfc7239].map((of) => of(from(peer, forwarded, byRfc7239))))
          expect(isIP(address), address).not.to.equal(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('costs no more than a glance, however long a client makes the headers', () => {
    const long = 16 * 1024;
    const of = (piece: string) => piece.repeat(Math.ceil(long / piece.length)).slice(0, long);
    for (const piece of [
      ',',
      '"',
      '\\',
      '\\"',
      '";',
      '=',
      ' ',
      '10.0.0.1,',
      'for=10.0.0.1,',
      'for=10.0.0.1;',
      'a="',
      ':',
      '[',
    ]) {
      const usedMs = cpuMsOf(() => {
        for (let i = 0; i < 20; i++) {
          known(from('10.0.0.1', of(piece)));
          knownByRfc7239(from('10.0.0.1', undefined, of(piece)));
          knownByRfc7239(from('10.0.0.1', undefined, `for="${of(piece)}`));
        }
      });
      expect(usedMs / 60, JSON.stringify(piece)).to.be.below(5);
    }
  });
});
