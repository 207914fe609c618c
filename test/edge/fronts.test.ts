/**
 * Promise: behind the proxies that are shipped as recipes, a client is who it is: what it says itself of its address, its
 * scheme or the registry's name reaches no node. Without a name of its own, the registry believes none.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type FrontOptions, type ShippedFront, startShippedFront } from '../cluster/shipped-front.ts';
import { startShippedHaproxy } from '../cluster/shipped-haproxy.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { startTokenRegistry, type TokenRegistry } from '../token/registry.ts';
import { startNginxFront } from './nginx-front.ts';

const HOST = 'registry.example.net';
const [INSIDE, PROXY] = ['10.1.2.3', '127.0.0.0/8'];
/** All that a client may say of itself and of the registry. */
const LIES = {
  'x-forwarded-for': INSIDE,
  'x-forwarded-proto': 'ftp',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-port': '1',
  'x-real-ip': INSIDE,
  forwarded: `for=${INSIDE};host=evil.example;proto=https`,
  host: 'evil.example',
};
const LIST = '/v2/inside/tags/list';

/** A registry behind proxies on this machine; from inside, everyone may pull. */
function startBehind(http: object): Promise<TokenRegistry> {
  return startTokenRegistry({
    http: { trustedproxies: [PROXY], host: `https://${HOST}`, ...http },
    more: {
      access: {
        standard: false,
        rules: [{ name: 'inside', allow: ['pull'], subjects: ['everyone'], networks: [`${INSIDE}/32`] }],
      },
    },
  });
}

/** A server that answers every request with its name. */
async function startNamed(held: AsyncDisposableStack, name: string): Promise<string> {
  const node = createServer((_, response) => response.end(name));
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
  held.defer(() => {
    node.close();
    node.closeAllConnections();
  });
  return `127.0.0.1:${(node.address() as AddressInfo).port}`;
}

type Start = (nodes: readonly string[], options?: Pick<FrontOptions, 'tokens'>) => Promise<ShippedFront>;

const RECIPES: readonly (readonly [string, string, Start])[] = [
  ['nginx', 'infra/front/nginx.conf', startShippedFront],
  ['haproxy', 'infra/front/haproxy.cfg', startShippedHaproxy],
];

for (const [program, recipe, startFront] of RECIPES)
  requires([program])(`behind ${recipe}`, function () {
    this.timeout(60_000);

    it('nodes are sent what the proxy says, and nothing that the client says', async () => {
      await using held = new AsyncDisposableStack();
      const heard: IncomingHttpHeaders[] = [];
      const node = createServer(({ url, headers }, response) => {
        if (url === LIST) heard.push(headers);
        response.end();
      });
      node.listen(0, '127.0.0.1');
      await once(node, 'listening');
      held.defer(() => {
        node.close();
        node.closeAllConnections();
      });
      const front = held.use(await startFront([`127.0.0.1:${(node.address() as AddressInfo).port}`]));
      for (const headers of [LIES, { ...LIES, 'x-forwarded-for': [INSIDE, INSIDE] }])
        expect((await send(front.url, LIST, { headers })).status).to.equal(200);
      expect(heard).to.have.length(2);
      for (const { host, forwarded, ...headers } of heard) {
        expect({ host, forwarded }).to.deep.equal({ host: HOST, forwarded: undefined });
        const said = Object.entries(headers).filter(([name]) => /^x-(?:forwarded|real)/.test(name));
        expect(Object.fromEntries(said.filter(([, value]) => value !== ''))).to.deep.equal({
          ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' },
        });
      }
    });

    it('a client stays with one node, and finds the token service', async () => {
      await using held = new AsyncDisposableStack();
      const start = (name: string) => startNamed(held, name);
      const nodes = await Promise.all(['node 1', 'node 2', 'node 3'].map(start));
      const front = held.use(await startFront(nodes, { tokens: [await start('tokens')] }));
      const ask = async (path: string, method = 'GET') =>
        String((await send(front.url, path, { method })).body);
      const answers = new Set<string>();
      for (let i = 0; i < 20; i++) answers.add(await ask(LIST));
      expect(answers).to.have.property('size', 1);
      expect([...answers][0]).to.match(/^node /);
      for (const method of ['GET', 'POST', 'DELETE'])
        expect(await ask('/auth/token', method)).to.equal('tokens');
      expect(await ask('/v2/auth/token/tags/list')).to.match(/^node /);
    });

    it('nobody gets in by an address that they make up, nor names the place that passwords go to', async () => {
      await using behind = await startBehind({});
      const { registry } = behind;
      await using front = await startFront([registry.host]);
      // As a proxy would say it of a client there.
      expect((await send(registry.url, LIST, { headers: { 'x-forwarded-for': INSIDE } })).status).to.equal(
        404,
      );
      for (const headers of [LIES, { ...LIES, 'x-forwarded-for': [INSIDE, INSIDE] }]) {
        const answer = await send(front.url, LIST, { headers });
        expect(answer.status).to.equal(401);
        expect(answer.headers['www-authenticate']).to.include(`realm="https://${HOST}/auth/token"`);
        expect(answer.headers['www-authenticate']).not.to.include('evil');
      }
      const warnings = registry.log().filter(({ msg }) => String(msg).includes('http.forwardedheader'));
      expect(warnings).to.deep.equal([]);
    });
  });

requires(['nginx'])('a proxy that does not say whom it serves', function () {
  this.timeout(60_000);

  it('is warned of once; what clients write into the header that it does not is not believed', async () => {
    await using behind = await startBehind({ forwardedheader: 'forwarded' });
    const { registry } = behind;
    const { host } = registry;
    // It passes on X-Forwarded-For as it comes, and removes Forwarded.
    await using front = await startNginxFront({ upstream: host, location: 'proxy_set_header Forwarded "";' });
    const url = `http://127.0.0.1:${front.port}`;
    for (let i = 0; i < 3; i++) expect((await send(url, LIST, { headers: LIES })).status).to.equal(401);
    const warnings = () => registry.log().filter(({ msg }) => String(msg).includes('http.forwardedheader'));
    await eventually('the warning is logged', () => warnings().length > 0);
    expect(warnings()).to.have.length(1);
    expect(warnings()[0]).to.include({ level: 'warn', proxy: '127.0.0.1', path: LIST });
  });
});

describe('a registry without a name of its own', () => {
  it('sends clients nowhere that their requests say', async () => {
    await using registry = await startRegistry({
      promotion: false,
      config: (config) => ({
        ...config,
        auth: 'none',
        http: { ...(config['http'] as object), relativeurls: false, trustedproxies: [PROXY] },
      }),
    });
    const { status, headers } = await send(registry.url, '/v2/hello/blobs/uploads/', {
      method: 'POST',
      headers: { ...LIES, 'x-forwarded-proto': 'https' },
    });
    expect(status).to.equal(202);
    expect(headers.location).to.match(/^\/v2\/hello\/blobs\/uploads\//);
  });
});
