/**
 * Promise: beyond this machine, metrics are shown only to clients with the operator's certificate or token, over TLS, unless the
 * file says plainly that everyone may read them. Health is shown without a token.
 */
import { readFile, rename } from 'node:fs/promises';
import { expect } from 'chai';
import { Agent, request } from 'undici';
import { daysFromNow, makePair, type Pair } from '../http/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const TOKEN = '4f7c2a91d05e8b36a1f09c7d52e8b34a';
const ENDS = /^roadstead_tls_certificate_not_after_seconds\{section="http.debug.tls"\} (\d+)$/m;

requires(['openssl'])('a scrape from another machine', () => {
  const held = new AsyncDisposableStack();
  let home: TempDir;
  let authority: Pair;
  let server: Pair;

  before(async () => {
    home = held.use(await tempDir('scrapes'));
    authority = await makePair(home.path, { name: 'authority' });
    server = await makePair(home.path, { name: 'server', by: authority, isAuthority: false });
  });
  after(() => held.disposeAsync());

  /** A registry whose debug port is on every interface; its plain HTTP API is on loopback. */
  const startWith = (debug: object): Promise<TestRegistry> =>
    startRegistry({
      config: ({ http, ...config }) => {
        const { debug: standard, ...rest } = http as { debug: { addr: string } };
        const addr = standard.addr.replace('127.0.0.1', '');
        return { ...config, http: { ...rest, debug: { addr, ...debug } } };
      },
    });

  /** A scraper with this certificate, if any; it trusts the authority. */
  async function scraper(certificate?: Pair) {
    const connect = {
      // Requests come under another name than that of the certificate, which the authority vouches for all the same.
      checkServerIdentity: () => undefined,
      ca: await readFile(authority.certificate),
      ...(certificate && {
        cert: await readFile(certificate.certificate),
        key: await readFile(certificate.key),
      }),
    };
    return held.adopt(new Agent({ connect }), (agent) => agent.destroy());
  }

  async function get(registry: TestRegistry, path: string, options: { token?: string; agent?: Agent } = {}) {
    const { token, agent } = options;
    const url = agent ? registry.debugUrl.replace('http:', 'https:') : registry.debugUrl;
    // Prometheus comes under the name that its operator gave the machine.
    const headers = {
      host: 'node1.example',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const {
      statusCode,
      body,
      headers: answered,
    } = await request(`${url}${path}`, {
      ...{ headers, ...(agent && { dispatcher: agent }) },
    });
    return { status: statusCode, text: await body.text(), challenge: answered['www-authenticate'] };
  }

  it('over TLS shows the token, and nothing without it; health asks for none', async () => {
    await using registry = await startWith({ tls: server, bearertoken: TOKEN });
    const agent = await scraper();
    expect((await get(registry, '/metrics', { agent, token: TOKEN })).text).to.match(/^roadstead_ready 1$/m);
    for (const token of [undefined, '', TOKEN.slice(1), `${TOKEN}0`, TOKEN.toUpperCase()]) {
      const answer = await get(registry, '/metrics', { agent, ...(token !== undefined && { token }) });
      expect(answer.status, String(token)).to.equal(401);
      expect(answer.challenge).to.equal('Bearer realm="metrics"');
      expect(answer.text).not.to.include('roadstead_');
    }
    for (const path of ['/livez', '/readyz', '/debug/health'])
      expect((await get(registry, path, { agent })).status, path).to.equal(200);
    await get(registry, '/metrics', { agent, token: 'x' });
    expect(JSON.stringify(registry.log())).not.to.include(TOKEN);
  });

  it('with clientcas shows a certificate of theirs, or gets no connection', async () => {
    const client = await makePair(home.path, { name: 'prometheus', by: authority, isAuthority: false });
    const stranger = await makePair(home.path, { name: 'stranger' });
    await using registry = await startWith({ tls: { ...server, clientcas: [authority.certificate] } });
    const known = await scraper(client);
    expect((await get(registry, '/metrics', { agent: known })).text).to.match(/^roadstead_ready 1$/m);
    for (const certificate of [undefined, stranger]) {
      const agent = await scraper(certificate);
      const refused = await get(registry, '/metrics', { agent }).then(
        () => false,
        () => true,
      );
      expect(refused).to.equal(true);
    }
  });

  it('gets a new certificate without a restart, and its end', async function () {
    this.timeout(60_000);
    const first = await makePair(home.path, { name: 'first', by: authority, isAuthority: false });
    await using registry = await startWith({ tls: first, bearertoken: TOKEN });
    const endNow = async () => {
      const agent = await scraper();
      return Number(ENDS.exec((await get(registry, '/metrics', { agent, token: TOKEN })).text)?.[1]);
    };
    const before = await endNow();
    const to = daysFromNow(20);
    const next = await makePair(home.path, { name: 'next', by: authority, isAuthority: false, to });
    await rename(next.key, first.key);
    await rename(next.certificate, first.certificate);
    await eventually(
      'the new certificate is in use',
      async () => (await endNow()) > before + 86_400,
      30_000,
      200,
    );
    expect(await endNow()).to.be.closeTo(to.getTime() / 1000, 2);
  });

  it('without TLS needs the switch, which the start warns of', async () => {
    await using registry = await startWith({ plain: true });
    expect((await get(registry, '/metrics')).text).to.match(/^roadstead_ready 1$/m);
    const said = registry.log().map(({ msg }) => String(msg));
    expect(said.filter((text) => text.startsWith('http.debug.plain = true:'))).to.have.lengthOf(1);
    const refused = await startWith({}).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(refused).to.include('metrics reveal the names and loads of mirrors: expected http.debug.tls');
  });
});
