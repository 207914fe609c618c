/**
 * Promise: a mirror's certificate may be signed by a private authority; if nobody was told of it, the reason is in words. A
 * certificate that goes bad is noticed, whatever connections there are.
 */
import { expect } from 'chai';
import { makePair, type Pair } from '../http/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { redirectedTo } from './asker.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { awaitComplete, layerSizes, mirrorView, releaseImage } from './scene.ts';

/** What a worker needs until its connection is too old, and for two looks. */
const NOTICED_MS = 10_000;

requires(['openssl'])('a mirror with a certificate of a private authority', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let authority: Pair;
  let server: Pair;
  let unknown: Pair;

  before(async () => {
    const home = held.use(await tempDir('authority')).path;
    authority = await makePair(home, { name: 'authority' });
    server = await makePair(home, { name: 'mirror', by: authority, isAuthority: false });
    unknown = await makePair(home, { name: 'unknown' });
  });
  after(() => held.disposeAsync());

  async function registryWith(more: Readonly<Record<string, unknown>>): Promise<[TestRegistry, FaultMirror]> {
    const mirror = held.use(await startFaultMirror({ tls: server }));
    const registry = held.use(await startRegistry({ mirrors: [mirror.entry('private', more)] }));
    return [registry, mirror];
  }

  it('is not used without `rootcas`, and the reason is in words', async () => {
    const [registry, mirror] = await registryWith({});
    const { layers } = await releaseImage({ node: registry, release: registry }, '1', layerSizes(2));
    const why = async () => {
      const { reason = '', trouble = '' } = await mirrorView(registry.url, 'private');
      return `${reason}\n${trouble}`;
    };
    await eventually('the reason is shown', async () => /certificate/.test(await why()));
    expect(await why())
      .to.match(/authority|signed|issuer/)
      .and.not.match(/[A-Z]+_[A-Z_]+/);
    expect((await mirrorView(registry.url, 'private')).healthy).to.equal(false);
    expect(await redirectedTo(mirror.url, registry.url, 'app', layers)).to.deep.equal([]);
  });

  it('is used with `rootcas`', async () => {
    const [registry, mirror] = await registryWith({ rootcas: [authority.certificate] });
    const { layers } = await releaseImage({ node: registry, release: registry }, '1', layerSizes(2));
    await awaitComplete(registry.url, ['private']);
    const isUsed = async () => (await redirectedTo(mirror.url, registry.url, 'app', layers)).length === 2;
    await eventually('it is used', isUsed);
  });

  it('is not used once its certificate is a bad one, though connections to it stay open', async () => {
    const [registry, mirror] = await registryWith({ rootcas: [authority.certificate] });
    // One blob, the config: no two requests need two connections.
    await releaseImage({ node: registry, release: registry }, '1', []);
    await awaitComplete(registry.url, ['private']);
    mirror.showCertificate(unknown);
    const isDown = async () => (await mirrorView(registry.url, 'private')).healthy === false;
    await eventually('it is out of use', isDown, NOTICED_MS);
    expect((await mirrorView(registry.url, 'private')).reason).to.match(/certificate/);
  });
});
