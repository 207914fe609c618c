/** Promise: what interrupted writes left on a mirror is removed by the worker that comes next; what is being written is not. */
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { awaitComplete, layerSizes, releaseImage } from './scene.ts';

/** Where writes put a blob until it is whole. */
const INCOMING = '.incoming';
const LEFT_BYTES = 100_000;
const TWO_DAYS_S = 2 * 24 * 60 * 60;
const SWEPT_MS = 15_000;

/** Ways to write to a mirror, and what each leaves behind that a later worker may still be writing. */
const WAYS = {
  webdav: { isYoungKept: false, title: 'written over WebDAV' },
  directory: { isYoungKept: true, title: 'written as a directory' },
} as const;
type Way = keyof typeof WAYS;

requires(['nginx'])('leftovers of interrupted writes', function () {
  this.timeout(60_000);
  for (const [way, { isYoungKept, title }] of Object.entries(WAYS))
    describe(`on a mirror that is ${title}`, () => {
      const held = new AsyncDisposableStack();
      let mirror: NginxMirror;
      let registry: TestRegistry;

      before(async () => {
        const port = await freePort();
        mirror = held.use(
          await startNginxMirror({
            root: join(held.use(await tempDir('mirror')).path, 'root'),
            originUrl: `http://127.0.0.1:${port}`,
          }),
        );
        const write = (way as Way) === 'webdav' ? { webdav: mirror.davUrl } : { directory: mirror.root };
        const entry = { name: 'swept', url: mirror.url, sameoperator: true, write };
        registry = held.use(await startRegistry({ port, mirrors: [entry] }));
        await releaseImage({ node: registry, release: registry }, '1', layerSizes(2));
        await awaitComplete(registry.url, ['swept']);
        await registry.stop();
      });
      after(() => held.disposeAsync());

      const names = async () => (await readdir(join(mirror.root, INCOMING)).catch(() => [])).sort();

      it('are removed, and blobs are written as before', async () => {
        const folder = join(mirror.root, INCOMING);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'old'), newBytes(LEFT_BYTES));
        const longAgo = Date.now() / 1000 - TWO_DAYS_S;
        await utimes(join(folder, 'old'), longAgo, longAgo);
        await writeFile(join(folder, 'young'), newBytes(LEFT_BYTES));
        await registry.start();
        const left = isYoungKept ? ['young'] : [];
        const areSwept = async () => JSON.stringify(await names()) === JSON.stringify(left);
        await eventually(names, areSwept, SWEPT_MS);
        await releaseImage({ node: registry, release: registry }, '2', layerSizes(2));
        await awaitComplete(registry.url, ['swept']);
        expect(await names()).to.deep.equal(left);
      });
    });
});
