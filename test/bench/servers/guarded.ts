import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { CLI } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { startDaemon } from '../../support/process.ts';
import { keySetOf, makeParty, sign } from '../../token/forge.ts';
import { ISSUER, SERVICE } from '../../token/registry.ts';
import { CANDIDATE, STABLE } from '../image.ts';
import { ask } from '../load/http.ts';
import { type Roadstead, SHIPPED_CONFIG } from './roadstead.ts';
import type { Server } from './server.ts';

/** An API node that takes tokens, and one that it takes. */
export interface Guarded extends Server {
  readonly authorization: string;
}

/** Longer than any run. */
const TOKEN_SECONDS = 24 * 3600;

/** Starts a node over the store of another one, with the same mirror and log; the anonymous may pull there as well. */
export async function startGuarded(home: string, { rootDirectory, mirrorUrl }: Roadstead): Promise<Guarded> {
  await mkdir(home, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [configPath, jwks] = [join(home, 'config.yml'), join(home, 'jwks.json')];
  const party = makeParty();
  await writeFile(jwks, keySetOf(party));
  const shipped = parse(await readFile(SHIPPED_CONFIG, 'utf8')) as Record<string, unknown>;
  const mirrors = (shipped['mirrors'] as object[]).map((mirror) => ({ ...mirror, url: mirrorUrl }));
  const config = {
    ...shipped,
    storage: { filesystem: { rootdirectory: rootDirectory } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { token: { realm: `${url}/auth/token`, service: SERVICE, issuer: ISSUER, jwks } },
    access: { rules: [{ name: 'public', allow: ['pull'], subjects: ['everyone'] }] },
    mirrors,
  };
  await writeFile(configPath, stringify(config));
  const toFile = ['-c', 'exec "$@" >"$0"', join(home, 'roadstead.log')];
  const daemon = await startDaemon('sh', [...toFile, process.execPath, ...CLI, 'api', configPath], {
    ready: async () => (await ask(`${url}/readyz`)).status === 200,
  });
  const token = await sign(party, {
    exp: Math.floor(Date.now() / 1000) + TOKEN_SECONDS,
    access: [STABLE, CANDIDATE].map((name) => ({ type: 'repository', name, actions: ['pull'] })),
  });
  return { url, daemon, authorization: `Bearer ${token}` };
}
