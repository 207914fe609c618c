import { expect } from 'chai';
import { gatewaysOf, hostClients } from '../../services/http/host-clients.ts';
import { networkTest } from '../../services/registry/access/networks.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n';

describe('clients of a plain port in a container', () => {
  it('knows the default gateway from the table of routes', () => {
    const table = `${HEAD}eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\neth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n`;
    expect(gatewaysOf(table)).to.deep.equal(['172.17.0.1']);
  });

  it('knows none in a network without one, or over a line without an address', () => {
    expect(gatewaysOf('')).to.deep.equal([]);
    expect(gatewaysOf(`${HEAD}tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n`)).to.deep.equal([]);
    expect(gatewaysOf(`${HEAD}eth0\t0000000A\t010011AC\t0003\t0\t0\t0\t000000FF\n`)).to.deep.equal([]);
  });

  it('accepts loopback, its own address and trusted proxies, in either notation, and nobody else', async () => {
    const accepts = await hostClients(networkTest(['198.51.100.0/24']));
    const from = (remoteAddress: string | undefined, localAddress = '203.0.113.5') =>
      accepts({ remoteAddress, localAddress });
    for (const address of ['127.0.0.1', '::1', '203.0.113.5', '::ffff:203.0.113.5', '198.51.100.7'])
      expect(from(address), address).to.equal(true);
    for (const address of ['203.0.113.6', '::ffff:203.0.113.6', '2001:db8::1', undefined])
      expect(from(address), address).to.equal(false);
  });
});
