/** Promise: a registry that npm started drains at a signal to npm, and leaves no process that keeps the port. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { ends } from './installed.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

requires(['npm'])('npm start', function () {
  this.timeout(120_000);

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`drains at ${signal} to npm`, async () => {
      await using home = await tempDir('start');
      const [port, debug, mirror] = [await freePort(), await freePort(), await freePort()];
      await using npm = await startDaemon('npm', ['start'], {
        cwd: ROOT,
        env: {
          REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
          REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${debug}`,
          REGISTRY_MIRRORS_0_URL: `http://127.0.0.1:${mirror}`,
          REGISTRY_MIRRORS_0_SERVE: `127.0.0.1:${mirror}`,
          REGISTRY_MIRRORS_0_WRITE_DIRECTORY: join(home.path, 'mirror'),
          REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(home.path, 'registry'),
        },
        ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
      });
      await ends(npm, signal);
      expect(await isListening(port)).to.equal(false);
    });
});
