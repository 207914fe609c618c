/**
 * Promise: a web page of another origin cannot make a real browser change anything, be it in a registry that is open on
 * this machine or with a password that the browser remembers; the registry's own pages work there.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { startOidcWorld } from '../accounts/oidc-world.ts';
import { type Sent, send } from '../protocol/wire.ts';
import { type Chromium, startChromium, type Tab } from '../support/chromium.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const ALICE = { username: 'alice', password: 'what alice types once' };
const BASIC = `Basic ${Buffer.from(`${ALICE.username}:${ALICE.password}`).toString('base64')}`;
/** As a form with one field writes it: `name=value`, and the end of a line. */
const BYTES = Buffer.from('evil=bytes\r\n');
const DIGEST = sha256(BYTES);
const SECRET = 'a secret that nobody guesses, of many characters';

/** A web server of its own origin, whose one page runs nothing until the test says so. */
async function startSite(address: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>a page</title>');
  });
  const port = await freePort();
  server.listen(port, address);
  await once(server, 'listening');
  return {
    url: `http://${address}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

requires(['chromium'])('a web page in Chromium', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let chromium: Chromium;
  let [evil, ui] = ['', ''];
  let open: TestRegistry;
  let guarded: TestRegistry;
  let page: Tab;

  before(async () => {
    chromium = held.use(await startChromium());
    evil = held.use(await startSite('127.0.0.2')).url;
    ui = held.use(await startSite('127.0.0.3')).url;
    const home = held.use(await tempDir('pages'));
    const path = join(home.path, 'htpasswd');
    await writeFile(path, `${ALICE.username}:${hashSync(ALICE.password, 4)}\n`);
    const start = async (http: object, more: object) =>
      held.use(
        await startRegistry({
          ...{ delete: true, promotion: false },
          config: (config) => ({
            ...config,
            http: { ...(config['http'] as object), secret: SECRET, ...http },
            audit: { enabled: true },
            ...more,
          }),
        }),
      );
    open = await start({}, {});
    const headers = {
      'Access-Control-Allow-Origin': [ui],
      'Access-Control-Allow-Methods': ['GET, DELETE'],
      'Access-Control-Allow-Headers': ['Authorization'],
      'Access-Control-Allow-Credentials': ['true'],
    };
    guarded = await start({ headers }, { auth: { htpasswd: { realm: 'here', path } } });
  });
  beforeEach(async () => {
    page = await chromium.newTab();
    await page.open(evil);
  });
  after(() => held.disposeAsync());

  const isStored = async ({ url }: TestRegistry, name: string, headers: Sent['headers'] = {}) =>
    (await send(url, `/v2/${name}/blobs/${DIGEST}`, { headers })).status === 200;
  /** What its audit record holds, a line of JSON each. */
  const changes = async (registry: TestRegistry) =>
    (await registry.offline(['audit', '--json'])).stdout.split('\n').filter((line) => line !== '');
  /** The statuses of its answers to requests of one method. */
  const answers = (registry: TestRegistry, method: string) =>
    registry.log().flatMap((line) => (line['method'] === method ? [line['status']] : []));
  const text = (tab: Tab) => tab.evaluate('document.body?.innerText ?? ""').then(String);
  /** The same while it may be on its way to another page, where nothing can be asked. */
  const textSoon = (tab: Tab) => text(tab).catch(() => '');

  it('pushes nothing into an open registry of this machine by a request in the background', async () => {
    const upload = `${open.url}/v2/somebody/evil/blobs/uploads/?digest=${DIGEST}`;
    const request = `{method: 'POST', mode: 'no-cors', body: ${JSON.stringify(BYTES.toString())}}`;
    const answer = await page.evaluate(`fetch(${JSON.stringify(upload)}, ${request}).then(({type}) => type)`);
    expect(answer).to.equal('opaque');
    expect(await isStored(open, 'somebody/evil')).to.equal(false);
    expect(await changes(open)).to.deep.equal([]);
    await eventually('it is logged', () => answers(open, 'POST').length > 0);
    expect(answers(open, 'POST')).to.deep.equal([403]);
    const { pathname, search } = new URL(upload);
    const pushed = await send(open.url, pathname + search, { method: 'POST', body: BYTES });
    expect(pushed.status, 'the same without a browser').to.equal(201);
    expect(await isStored(open, 'somebody/evil')).to.equal(true);
  });

  it('pushes nothing by a form with the password that the browser remembers', async () => {
    await page.open(`${guarded.url}/v2/`, ALICE);
    expect(await text(page)).to.equal('{}');
    await page.open(evil);
    const upload = `${guarded.url}/v2/alice/evil/blobs/uploads/?digest=${DIGEST}`;
    await page.evaluate(`document.body.innerHTML = '<form method=post enctype=text/plain action="${upload}">' +
      '<input name=evil value=bytes></form>'; document.forms[0].submit()`);
    await eventually('it is answered', () => answers(guarded, 'POST').length > 0);
    expect(await isStored(guarded, 'alice/evil', { authorization: BASIC })).to.equal(false);
    expect(await changes(guarded)).to.deep.equal([]);
    expect(answers(guarded, 'POST')).to.deep.equal([403]);
    await eventually('the answer is shown', async () =>
      (await textSoon(page)).includes('web pages of other'),
    );
    // The browser does send the password, without a prompt: a link there is answered as alice's.
    await page.evaluate(`location.href = ${JSON.stringify(`${guarded.url}/v2/alice/evil/tags/list`)}`);
    await eventually('the link was followed', async () => (await textSoon(page)).includes('NAME_UNKNOWN'));
    const listing = () => guarded.log().find(({ path }) => String(path).endsWith('/tags/list'));
    await eventually('it is logged', () => listing() !== undefined);
    expect(listing()).to.include({ user: 'alice' });
  });

  it('sends no PUT, PATCH or DELETE, as its preflight is not granted', async () => {
    for (const [registry, name] of [
      [open, 'somebody/evil'],
      [guarded, 'alice/evil'],
    ] as const)
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const url = JSON.stringify(`${registry.url}/v2/${name}/manifests/1`);
        const options = `{method: '${method}', credentials: 'include', body: 'x'}`;
        const failure = await page.evaluate(
          `fetch(${url}, ${options}).then(() => 'answered', ({name}) => name)`,
        );
        expect(failure, `${method} ${url}`).to.equal('TypeError');
        expect(answers(registry, method)).to.deep.equal([]);
      }
    await eventually('preflights are logged', () => answers(open, 'OPTIONS').includes(405));
    await eventually('preflights are logged', () => answers(guarded, 'OPTIONS').includes(200));
  });

  it('changes what it may when its origin is named for CORS, or is the registry’s own', async () => {
    await page.open(`${guarded.url}/v2/`, ALICE);
    const target = `/v2/alice/own/blobs/uploads/?digest=${DIGEST}`;
    const body = JSON.stringify(BYTES.toString());
    const pushed = await page.evaluate(
      `fetch(${JSON.stringify(target)}, {method: 'POST', body: ${body}}).then(({status}) => status)`,
    );
    expect(pushed).to.equal(201);
    expect(await isStored(guarded, 'alice/own', { authorization: BASIC })).to.equal(true);
    await page.open(ui);
    const url = JSON.stringify(`${guarded.url}/v2/alice/own/blobs/${DIGEST}`);
    const deleted = await page.evaluate(
      `fetch(${url}, {method: 'DELETE', headers: {Authorization: '${BASIC}'}}).then(({status}) => status)`,
    );
    expect(deleted).to.equal(202);
    expect(
      (await changes(guarded)).map((line) => (JSON.parse(line) as { action: string }).action),
    ).to.deep.equal(['blob.delete', 'blob.push']);
  });

  it('of ours leads through a login at a provider to a password', async () => {
    await using world = await startOidcWorld({ promotion: false });
    await page.open(`${world.registry.url}/`);
    expect(await text(page)).to.include('This is a container registry');
    await page.open(world.loginUrl);
    await page.evaluate(`document.querySelector('[name=login]').value = 'alice';
      document.querySelector('[name=password]').value = 'any will do'; document.forms[0].submit()`);
    await eventually('the provider asks for consent', async () =>
      /consent|authorize/i.test(await textSoon(page)),
    );
    await page.evaluate('document.forms[0].submit()');
    await eventually('the password is shown', async () =>
      (await textSoon(page)).includes('Your password for'),
    );
    expect(await page.evaluate('location.href')).to.match(new RegExp(`^${world.callbackUrl}`));
    expect(await text(page)).to.match(/docker login .* -u alice -p rsr_/);
  });
});
