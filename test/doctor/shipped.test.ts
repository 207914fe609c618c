/** Promise: each configuration that the project ships keeps a mirror's contract, and is filled by a real registry. */
import { join } from 'node:path';
import { expect } from 'chai';
import { examine } from '../../services/mirrors/doctor/doctor.ts';
import { findExample } from '../../services/mirrors/doctor/example.ts';
import type { Finding } from '../../services/mirrors/doctor/finding.ts';
import { pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { CLI } from '../support/cli.ts';
import { startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { checksWith, expectFaults } from './findings.ts';
import { CADDY, HTTPD, type ShippedMirror, startShipped, varnish } from './shipped-mirror.ts';

const LAYER_BYTES = 300_000;
const TEST_MS = 90_000;

/** A mirror, and a registry that has filled it with an image. */
interface World {
  readonly mirror: ShippedMirror;
  readonly registry: TestRegistry;
}

async function startNginx(held: AsyncDisposableStack, originUrl: string): Promise<ShippedMirror> {
  const root = join(held.use(await tempDir('nginx-mirror')).path, 'public');
  return held.use(await startNginxMirror({ root, originUrl }));
}

async function fill(
  held: AsyncDisposableStack,
  start: (originUrl: string) => Promise<ShippedMirror>,
): Promise<World> {
  const port = await freePort();
  const mirror = await start(`http://127.0.0.1:${port}`);
  const write = mirror.davUrl === undefined ? { directory: mirror.root } : { webdav: mirror.davUrl };
  const registry = held.use(
    await startRegistry({ port, mirrors: [{ name: 'one', url: mirror.url, sameoperator: true, write }] }),
  );
  await pushImage(registry.url, 'candidate/hello', '1', [newBytes(LAYER_BYTES)]);
  await registry.cli(['promote', 'candidate/hello:1', 'hello:1', '--wait-mirrors', '1', '--timeout', '60']);
  return { mirror, registry };
}

/** Examines a mirror with a blob that the registry has published. */
async function examineWith(registry: TestRegistry, url: string, isHeld?: boolean): Promise<Finding[]> {
  const [mirror, server] = [new URL(url), new URL(registry.url)];
  const found = await findExample({ registry: server, mirror });
  if (!found) return expect.fail('nothing is published');
  const example = { ...found, isHeld: isHeld ?? found.isHeld };
  expect(example).to.include({ isHeld: true, sizeBytes: LAYER_BYTES });
  return examine({ url: mirror, registry: server, example });
}

/** Everything is tried but IPv6, which this address has not. */
function expectSound(findings: readonly Finding[]): void {
  expectFaults(findings, []);
  expect(checksWith(findings, 'warning')).to.deep.equal([]);
  expect(checksWith(findings, 'skipped')).to.deep.equal(['ipv6']);
}

for (const [name, program, start] of [
  ['nginx.conf', 'nginx', startNginx],
  ['httpd.conf', 'apache2', async (held, url) => held.use(await startShipped(HTTPD, url))],
  ['Caddyfile', 'caddy', async (held, url) => held.use(await startShipped(CADDY, url))],
] as const satisfies readonly [string, string, typeof startNginx][])
  requires([program])(`a mirror with ${name}`, function () {
    this.timeout(TEST_MS);
    const held = new AsyncDisposableStack();
    let world: World;
    before(async () => {
      world = await fill(held, (originUrl) => start(held, originUrl));
    });
    after(() => held.disposeAsync());

    it('is filled, and keeps the contract', async () => {
      expectSound(await examineWith(world.registry, world.mirror.url));
    });

    it('shows no upload in progress, and refuses writes of clients', async () => {
      const ask = async (path: string, method: string) => {
        const body = method === 'PUT' ? { body: 'x' } : {};
        return (await fetch(`${world.mirror.url}${path}`, { method, redirect: 'manual', ...body })).status;
      };
      expect(await ask('/.incoming/x', 'GET')).to.equal(404);
      expect(await ask('/.incoming/x', 'PUT')).to.be.within(403, 405);
      expect(await ask(`/docker/registry/v2/blobs/sha256/00/${'0'.repeat(64)}/data`, 'DELETE')).to.equal(405);
    });
  });

describe('a mirror that the sync process serves', function () {
  this.timeout(TEST_MS);
  it('keeps the contract', async () => {
    await using held = new AsyncDisposableStack();
    const root = held.use(await tempDir('served')).path;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const serve = `127.0.0.1:${port}`;
    const mirrors = [{ name: 'demo', url, sameoperator: true, serve, write: { directory: root } }];
    const registry = held.use(await startRegistry({ mirrors }));
    await pushImage(registry.url, 'candidate/hello', '1', [newBytes(LAYER_BYTES)]);
    await registry.cli(['promote', 'candidate/hello:1', 'hello:1', '--wait-mirrors', '1', '--timeout', '60']);
    expectSound(await examineWith(registry, url));
  });
});

requires(['nginx', 'varnishd'])('Varnish with varnish.vcl', function () {
  this.timeout(TEST_MS);
  const held = new AsyncDisposableStack();
  let world: World;
  before(async () => {
    world = await fill(held, (originUrl) => startNginx(held, originUrl));
  });
  after(() => held.disposeAsync());

  it('keeps the contract in front of a mirror, and still has a blob when the mirror is gone', async () => {
    const { mirror, registry } = world;
    const edge = held.use(await startShipped(varnish(new URL(mirror.url)), registry.url));
    expectSound(await examineWith(registry, edge.url, true));
    await (mirror as unknown as { stop(): Promise<void> }).stop();
    // What is not in the cache is bounced by Varnish itself now.
    expectSound(await examineWith(registry, edge.url, true));
  });

  it('keeps the contract in front of the origin path', async () => {
    const { registry } = world;
    const edge = held.use(await startShipped(varnish(new URL(registry.url), true), registry.url));
    expectSound(await examineWith(registry, edge.url, true));
  });
});

requires(['nginx'])('roadstead mirrors doctor', function () {
  this.timeout(TEST_MS);
  const held = new AsyncDisposableStack();
  let world: World;
  before(async () => {
    world = await fill(held, (originUrl) => startNginx(held, originUrl));
  });
  after(() => held.disposeAsync());

  const doctor = (...args: string[]) =>
    run(process.execPath, [...CLI, 'mirrors', 'doctor', ...args], { allowFailure: true });

  it('exits with 0 for a sound mirror, in a table and in JSON', async () => {
    const { mirror, registry } = world;
    const shown = await doctor(mirror.url, '--registry', registry.url);
    expect(shown.code, shown.stdout + shown.stderr).to.equal(0);
    expect(shown.stdout).to.match(/^bytes +pass +300000 bytes with the right digest$/m);
    expect(shown.stdout).to.include(`${mirror.url}/ keeps the contract; 1 check left out`);
    const { stdout } = await doctor(mirror.url, '--registry', registry.url, '--json');
    expect(JSON.parse(stdout)).to.include({ url: `${mirror.url}/`, ok: true });
  });

  it('exits with 2 if the mirror lacks the blob that is named', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const { code, stdout } = await doctor(world.mirror.url, '--blob', digest, '--size', '5');
    expect(code).to.equal(2);
    expect(stdout).to.match(/^held +fault +the example is bounced \(307\)/m);
  });

  it('says what is left out without an example', async () => {
    const { code, stdout } = await doctor(world.mirror.url);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^held +skipped +no example blob: name one with --registry, or with --blob and --size$/m,
    );
    expect(stdout).to.match(/^range +skipped +not tried, because of the check held$/m);
  });

  it('exits with 1 if it cannot find an example, or is called wrongly', async () => {
    const noRegistry = await doctor(world.mirror.url, '--registry', `${world.mirror.url}/x`);
    expect(noRegistry).to.include({ code: 1, stdout: '' });
    expect(noRegistry.stderr).to.include('is answered with 404: give the address of the release service');
    const noSize = await doctor(world.mirror.url, '--blob', `sha256:${'0'.repeat(64)}`);
    expect(noSize).to.include({ code: 1, stdout: '' });
    expect(noSize.stderr).to.include('--blob and --size belong together');
    const withServer = await doctor(world.mirror.url, '--server', 'http://127.0.0.1:9');
    expect(withServer.code).to.equal(1);
  });

  it('leaves roadstead mirrors as it was', async () => {
    const { stdout } = await world.registry.cli(['mirrors']);
    expect(stdout).to.match(/^MIRROR .*\none +up/);
  });
});
