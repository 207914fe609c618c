/**
 * Promise: a client is who its connection comes from; only proxies that the configuration trusts are believed when
 * they say who is behind them, and what a client writes itself never counts.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { clientAddressOf } from '../../services/http/client-address.ts';

function from(peer: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
}

const PROXIES = ['10.0.0.0/8', '2001:db8:5::/48'];
const known = clientAddressOf(PROXIES);
const client = fc.oneof(
  fc.ipV4().filter((address) => !address.startsWith('10.')),
  fc.constantFrom('2001:db8:1::7', '::1', 'fe80::1'),
);
const proxy = fc.constantFrom('10.0.0.1', '10.255.255.255', '::ffff:10.1.2.3', '2001:db8:5::1');

describe('the address of a client', () => {
  it('is that of the connection when no proxy is trusted, whatever is said to be forwarded', () => {
    fc.assert(
      fc.property(client, fc.string(), (peer, forwarded) => {
        expect(clientAddressOf([])(from(peer, forwarded))).to.equal(peer);
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

  it('is the last that trusted proxies were spoken to by, however many stand in a row', () => {
    fc.assert(
      fc.property(proxy, fc.string(), client, fc.array(proxy), (peer, lies, real, between) => {
        const forwarded = [lies, real, ...between].join(', ');
        expect(known(from(peer, forwarded))).to.equal(real);
      }),
    );
  });

  it("is the proxy's own when it says nothing, or nothing that is an address", () => {
    for (const forwarded of [undefined, '', 'unknown', '_hidden', ' , ', '192.0.2.1:5000'])
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
});
