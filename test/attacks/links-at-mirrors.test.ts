/** Promise: a symbolic link in a mirror's directory makes no mirror serve a file from elsewhere. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { pathOnMirror } from '../clients/mirrored.ts';
import { sha256 } from '../support/digest.ts';
import { startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry } from '../support/registry.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const ORIGIN = 'http://127.0.0.1:9';
const SECRET = 'not published';
const BYTES = Buffer.from('published');
const PATH = pathOnMirror(sha256(BYTES));

interface Server extends AsyncDisposable {
  readonly url: string;
}

/** The ways in which this project serves a directory. */
const SERVERS: Readonly<Record<string, (root: string) => Promise<Server>>> = {
  'nginx with the configuration for mirrors': (root) => startNginxMirror({ root, originUrl: ORIGIN }),
  'the sync process (mirrors.*.serve)': async (root) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const registry = await startRegistry({
      mirrors: [
        { name: 'demo', url, sameoperator: true, serve: `127.0.0.1:${port}`, write: { directory: root } },
      ],
    });
    return { url, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
  },
};

for (const [name, start] of Object.entries(SERVERS))
  describe(`a link in a directory that is served by ${name}`, () => {
    let home: TempDir;
    let server: Server;
    let root: string;
    let outside: string;

    before(async () => {
      home = await tempDir('links');
      // The root itself may be one.
      await mkdir(join(home.path, 'real'));
      root = join(home.path, 'root');
      await symlink(join(home.path, 'real'), root);
      outside = join(home.path, 'outside');
      server = await start(root);
    });
    after(async () => {
      await server?.[Symbol.asyncDispose]();
      await home?.[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      await rename(join(root, 'docker'), join(root, `old-${performance.now()}`)).catch(() => undefined);
      await mkdir(dirname(join(root, PATH)), { recursive: true });
      await writeFile(join(root, PATH), BYTES);
    });
    async function get(): Promise<{ status: number; text: string }> {
      const answer = await fetch(`${server.url}/${PATH}`, { redirect: 'manual' });
      return { status: answer.status, text: await answer.text() };
    }

    it('is not needed for files that are there', async () => {
      expect(await get()).to.deep.equal({ status: 200, text: 'published' });
    });

    it('is not followed in the place of a file', async () => {
      await writeFile(outside, SECRET);
      await rename(join(root, PATH), join(root, 'aside'));
      await symlink(outside, join(root, PATH));
      await expectRedirect();
    });

    for (const depth of [1, 3, 6])
      it(`is not followed in the place of a directory, ${depth} below the root`, async () => {
        const directory = join(root, PATH.split('/').slice(0, depth).join('/'));
        const moved = join(home.path, `moved-${depth}`);
        await rename(directory, moved);
        await symlink(moved, directory);
        await expectRedirect();
      });

    async function expectRedirect(): Promise<void> {
      const { status, text } = await get();
      expect(status).to.equal(307);
      expect(text).to.not.include(SECRET).and.not.include('published');
    }
  });
