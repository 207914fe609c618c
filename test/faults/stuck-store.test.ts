import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Fifo, makeFifo } from './fifo.ts';

/** More than libuv has threads for by default. */
const HANGING = 6;
const CALL_TIMEOUT_MS = 10_000;
const AT_ONCE_MS = 5000;

/** A store some of whose files never open: a FIFO in the place of a repository's link, where open(2) waits for a writer. */
describe('a store that hangs in places', function () {
  this.timeout(60_000);
  const fifos: { readonly fifo: Fifo; readonly path: string }[] = [];
  let registry: TestRegistry;
  let image: Image;
  let healthy: Image;

  before(async () => {
    registry = await startRegistry({
      promotion: false,
      config: (config) => ({
        ...config,
        storage: {
          filesystem: { rootdirectory: rootOf(config), sync: false, calltimeout: `${CALL_TIMEOUT_MS}ms` },
        },
      }),
    });
    const layers = Array.from({ length: HANGING }, () => newBytes(70_000));
    image = await pushImage(registry.url, 'app', '1', layers);
    healthy = await pushImage(registry.url, 'other', '1', [newBytes(70_000)]);
    await registry.stop();
    for (const { digest } of image.layers) {
      const hex = digest.slice('sha256:'.length);
      const links = 'docker/registry/v2/repositories/app/_layers/sha256';
      const path = join(registry.rootDirectory, links, hex, 'link');
      renameSync(path, `${path}.aside`);
      fifos.push({ fifo: makeFifo(path), path });
    }
    await registry.start();
  });
  after(async () => {
    for (const { fifo } of fifos) fifo[Symbol.dispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  async function get(path: string): Promise<{ status: number; ms: number; retryAfter: string | null }> {
    const startedAt = performance.now();
    const answer = await fetch(registry.url + path);
    await answer.arrayBuffer();
    const ms = Math.round(performance.now() - startedAt);
    return { status: answer.status, ms, retryAfter: answer.headers.get('retry-after') };
  }
  const hung = () => image.layers.map(({ digest }) => get(`/v2/app/blobs/${digest}`));

  it('answers everything else at once during that', async () => {
    const waiting = hung();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const took: Record<string, number> = {};
    const others = [
      '/v2/other/manifests/1',
      `/v2/other/blobs/${healthy.layers[0]?.digest}`,
      '/v2/app/tags/list',
    ];
    for (const path of [...others, '/readyz', '/livez']) {
      const { status, ms } = await get(path);
      expect(status, path).to.equal(200);
      took[path.replace(/sha256:.*/, '…')] = ms;
    }
    const startedAt = performance.now();
    await pushBlob(registry.url, 'other', newBytes());
    took['push'] = Math.round(performance.now() - startedAt);
    console.log(`      ms while ${HANGING} files hang: ${JSON.stringify(took)}`);
    for (const [what, ms] of Object.entries(took)) expect(ms, what).to.be.below(AT_ONCE_MS);
    const answers = await Promise.all(waiting);
    console.log(
      `      the files that hang: ${answers.map(({ status, ms }) => `${status} after ${ms} ms`).join(', ')}`,
    );
    for (const { status, ms, retryAfter } of answers) {
      expect({ status, retryAfter }).to.deep.equal({ status: 503, retryAfter: '5' });
      expect(ms).to.be.below(CALL_TIMEOUT_MS + 8000);
    }
  });

  it('refuses at once what is known to hang', async () => {
    for (const answer of await Promise.all(hung())) {
      expect(answer.status).to.equal(503);
      expect(answer.ms).to.be.below(AT_ONCE_MS);
    }
  });

  it('is left by SIGTERM within the drain time, which the log explains', async () => {
    const startedAt = performance.now();
    await registry.stop();
    const tookMs = performance.now() - startedAt;
    console.log(`      SIGTERM took ${Math.round(tookMs)} ms, draintimeout is 5000 ms`);
    expect(tookMs).to.be.below(20_000);
    expect((await registry.daemon.exit).reason).to.equal('signal SIGKILL');
    // The last line may still be on its way into the file.
    const end = () => registry.log().find(({ msg }) => /ended by force/.test(String(msg)));
    await eventually('the log says how it ended', () => end() !== undefined);
    expect(JSON.stringify(end()?.['unfinished'])).to.match(/open .*link/);
  });

  it('recovers by itself when the file system comes back', async () => {
    await registry.start();
    for (const { status } of await Promise.all(hung())) expect(status).to.equal(503);
    for (const { fifo, path } of fifos) fifo.replaceWith(`${path}.aside`);
    const isServed = async () => (await Promise.all(hung())).every(({ status }) => status === 200);
    await eventually('all are served', isServed, 40_000);
  });
});

function rootOf({ storage }: Readonly<Record<string, unknown>>): string {
  return (storage as { filesystem: { rootdirectory: string } }).filesystem.rootdirectory;
}
