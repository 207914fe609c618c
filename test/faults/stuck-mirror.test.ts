import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Image } from '../support/image.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { childrenOf, holdChildren } from './held-children.ts';
import { startStaticMirror } from './static-mirror.ts';

/** More than libuv has threads for by default. */
const LAYERS = 6;
const AT_ONCE_MS = 5000;

/**
 * A mirror whose file system does not answer: the process that works there does nothing, as if a call into a network file
 * system waited for its server.
 */
describe('a directory mirror whose file system hangs', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let image: Image;
  let home: string;

  before(async () => {
    home = held.use(await tempDir('stuck')).path;
    const mirrors = [];
    for (const name of ['good', 'hanging']) {
      mkdirSync(join(home, name));
      const { url } = held.use(await startStaticMirror(join(home, name)));
      mirrors.push({ name, url, sameoperator: true, write: { directory: join(home, name) } });
    }
    registry = held.use(await startRegistry({ port: await freePort(), mirrors }));
    const layers = Array.from({ length: LAYERS }, () => newBytes(70_000));
    image = await pushImage(registry.url, 'candidate/app', '1', layers);
    held.use(holdChildren(registry.daemon.pid, join(home, 'hanging')));
  });
  after(() => held.disposeAsync());

  it('does not keep a promotion from the other mirror', async () => {
    const { stdout } = await registry.cli(['promote', 'candidate/app:1', 'app:1', '--wait-mirrors', '1']);
    expect(stdout).to.include('promoted');
    expect(readdirSync(join(home, 'good'))).to.not.deep.equal([]);
    expect(readdirSync(join(home, 'hanging'))).to.deep.equal([]);
  });

  it('delays no pull, no push, no list and no probe', async () => {
    const took: Record<string, number> = {};
    const timed = async (what: string, act: () => Promise<unknown>) => {
      const startedAt = performance.now();
      await act();
      took[what] = Math.round(performance.now() - startedAt);
    };
    const get = async (path: string) => {
      const answer = await fetch(registry.url + path);
      expect(answer.status, path).to.equal(200);
      await answer.arrayBuffer();
    };
    await timed('manifest', () => get('/v2/app/manifests/1'));
    await timed('blob', () => get(`/v2/candidate/app/blobs/${image.layers[0]?.digest}`));
    await timed('tags', () => get('/v2/app/tags/list'));
    await timed('readyz', () => get('/readyz'));
    await timed('mirrors', () => get('/api/v1/mirrors'));
    await timed('push', () => pushBlob(registry.url, 'candidate/app', newBytes()));
    console.log(`      ms while it hangs: ${JSON.stringify(took)}`);
    for (const [what, ms] of Object.entries(took)) expect(ms, what).to.be.below(AT_ONCE_MS);
  });

  it('does not keep SIGTERM from ending the process, nor its children', async () => {
    const startedAt = performance.now();
    const children = childrenOf(registry.daemon.pid);
    expect(children, 'one process for each directory').to.have.lengthOf(2);
    await registry.stop();
    const tookMs = performance.now() - startedAt;
    console.log(`      SIGTERM took ${Math.round(tookMs)} ms`);
    expect(tookMs).to.be.below(20_000);
    expect((await registry.daemon.exit).reason).to.equal('exit code 0');
    await eventually('the children have gone', () => children.every((pid) => !existsSync(`/proc/${pid}`)));
  });
});
