import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'bcrypt';
import { stringify } from 'yaml';
import { CLI } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { startDaemon } from '../../support/process.ts';
import { STABLE } from '../image.ts';
import { ask } from '../load/http.ts';
import type { RegistryServer } from '../servers/server.ts';

/** What `htpasswd -B` and most others make. */
const BCRYPT_COST = 10;

/**
 * Starts a registry whose people stand in an htpasswd file, over a store that is filled already; the anonymous may pull
 * from its stable repository. Nobody who fails to log in has to wait, so that all the guard that there is, is that of
 * the hashes.
 */
export async function startWithAccounts(home: string, rootDirectory: string): Promise<RegistryServer> {
  await mkdir(home, { recursive: true });
  const [path, config, port] = [join(home, 'htpasswd'), join(home, 'config.yml'), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const names = Array.from({ length: 100 }, (_, i) => `user${i}`);
  const stored = await hash('right', BCRYPT_COST);
  await writeFile(path, names.map((name) => `${name}:${stored}\n`).join(''));
  const settings = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: rootDirectory } },
    http: { addr: `127.0.0.1:${port}`, secret: 'no secret at all, but as long as one' },
    auth: { token: { realm: `${url}/auth/token`, service: 'bench', issuer: 'bench' } },
    token: {},
    accounts: [{ htpasswd: { path } }],
    access: {
      rules: [{ name: 'public', allow: ['pull'], subjects: ['everyone'], repositories: [STABLE] }],
    },
    limits: { trustednetworks: ['127.0.0.0/8'] },
  };
  await writeFile(config, stringify(settings));
  const toFile = ['-c', 'exec "$@" >"$0"', join(home, 'roadstead.log')];
  const daemon = await startDaemon('sh', [...toFile, process.execPath, ...CLI, 'serve', config], {
    ready: async () => (await ask(`${url}/readyz`)).status === 200,
  });
  return { url, rootDirectory, daemon };
}
