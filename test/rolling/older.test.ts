/**
 * Promise: the version before this one works beside it over one store and one Redis, and a store that it has written is
 * served, checked, collected and extended by this one, and the other way round.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { checkOutOlderVersion, withOlderVersion } from './older-version.ts';
import { describeSideBySide, type Version } from './suite.ts';

requires(['redis-server', 'redis-cli', 'git', 'tar'])('the older version', () => {
  describeSideBySide(
    withOlderVersion,
    'and this one over one store',
    async (held) => ({ program: held.use(await checkOutOlderVersion()).program }),
    () => undefined,
  );
});

/** What one version has left in a store. */
interface Left {
  readonly kept: Image;
  readonly deleted: Image;
  readonly upload: { readonly path: string; readonly bytes: Buffer };
  readonly publications: number;
}

withOlderVersion('a store written by one version alone', function () {
  this.timeout(300_000);
  const held = new AsyncDisposableStack();
  let start: (version: Version) => Promise<TestRegistry>;
  let older: Version;
  before(async () => {
    const home = held.use(await tempDir('older-store'));
    const mirrored = join(home.path, 'mirror');
    await mkdir(mirrored);
    const mirror = held.use(await startStaticMirror(mirrored));
    older = { program: held.use(await checkOutOlderVersion()).program };
    start = (version) =>
      startRegistry({
        ...{ rootDirectory: join(home.path, 'store'), delete: true, ...version },
        mirrors: [{ name: 'near', url: mirror.url, sameoperator: true, write: { directory: mirrored } }],
        config: (config) => ({ ...config, audit: { enabled: true } }),
      });
  });
  after(() => held.disposeAsync());

  for (const [from, to, name] of [
    ['the older version', 'this one', 'first'],
    ['this one', 'the older version', 'second'],
    ['the older version', 'this one', 'third'],
  ] as const) {
    it(`by ${from}, is served, extended, checked and collected by ${to} (${name})`, async () => {
      const versionOf = (which: string) => (which === 'this one' ? {} : older);
      const left = await use(versionOf(from), (registry) => write(registry, name));
      await use(versionOf(to), (registry) => extend(registry, name, left));
    });
  }

  /** Runs one version alone for a while. */
  async function use<T>(version: Version, act: (registry: TestRegistry) => Promise<T>): Promise<T> {
    await using registry = await start(version);
    const result = await act(registry);
    expect(registry.log().filter(({ level }) => level === 'error')).to.deep.equal([]);
    return result;
  }
});

async function write(registry: TestRegistry, name: string): Promise<Left> {
  const { url } = registry;
  const kept = await pushImage(url, `candidate/${name}`, 'kept', [newBytes(100_000)]);
  const deleted = await pushImage(url, `candidate/${name}`, 'deleted');
  await registry.cli(['promote', `candidate/${name}:kept`, `${name}:kept`, '--wait-mirrors', '1']);
  await send(url, `/v2/candidate/${name}/manifests/${deleted.digest}`, { method: 'DELETE' });
  const begun = await send(url, `/v2/candidate/${name}/blobs/uploads/`, { method: 'POST' });
  const bytes = newBytes();
  const patched = await send(url, begun.headers.location ?? '', { method: 'PATCH', body: bytes });
  expect(patched.status).to.equal(202);
  const { pathname, search } = new URL(patched.headers.location ?? '', url);
  return {
    kept,
    deleted,
    upload: { path: `${pathname}${search}`, bytes },
    publications: await publicationsOf(registry),
  };
}

async function extend(registry: TestRegistry, name: string, left: Left): Promise<void> {
  const { url } = registry;
  const layer = left.kept.layers[0]?.digest ?? '';
  for (const path of [`/v2/${name}/manifests/kept`, `/v2/${name}/manifests/${left.kept.digest}`])
    expect(sha256((await send(url, path)).body), path).to.equal(left.kept.digest);
  const pulled = await send(url, `/v2/candidate/${name}/blobs/${layer}`, { headers: { range: 'bytes=0-9' } });
  expect(pulled.status).to.be.oneOf([206, 302]);

  const more = newBytes();
  const whole = sha256(Buffer.concat([left.upload.bytes, more]));
  const separator = left.upload.path.includes('?') ? '&' : '?';
  const closed = await send(url, `${left.upload.path}${separator}digest=${whole}`, {
    method: 'PUT',
    body: more,
  });
  expect(closed.status, closed.body.toString()).to.equal(201);

  await pushImage(url, `candidate/${name}`, 'next');
  await registry.cli(['promote', `candidate/${name}:next`, `${name}:kept`, '--wait-mirrors', '1']);
  expect(await publicationsOf(registry)).to.equal(left.publications + 1);

  await registry.stop();
  const collecting = { allowFailure: true };
  const collected = await registry.offline(['garbage-collect', '--grace', '0s'], collecting);
  expect(collected.code, `${collected.stdout}${collected.stderr}`).to.equal(0);
  const checked = await registry.offline(['check', '--deep'], { allowFailure: true });
  expect(findingsOf(checked.stdout)).to.deep.equal([]);
  const verified = await registry.offline(['audit', '--verify'], { allowFailure: true });
  expect(verified.code, verified.stdout).to.equal(0);
  await registry.start();
  expect((await send(url, `/v2/candidate/${name}/blobs/${left.deleted.layers[0]?.digest}`)).status).to.equal(
    404,
  );
  expect((await send(url, `/v2/candidate/${name}/manifests/${left.kept.digest}`)).status).to.equal(200);
}

/**
 * What a check found. The older version does not know the turns of repositories and the boards of mirrors, and takes them
 * for strays.
 */
function findingsOf(output: string): string[] {
  return output
    .split(/^(?=(?:warning|error) \S)/m)
    .slice(1)
    .filter((finding) => !/^warning stray .*\/_roadstead\/changes\/\d{12}$/ms.test(finding))
    .filter((finding) => !/^warning stray .*\broadstead\/boards\/$/ms.test(finding));
}

/** The highest number in the publication log. */
async function publicationsOf(registry: TestRegistry): Promise<number> {
  const { stdout } = await registry.cli(['publications', '--limit', '1', '--json']);
  const { publications } = JSON.parse(stdout) as { publications: readonly { seq: number }[] };
  return publications[0]?.seq ?? 0;
}
