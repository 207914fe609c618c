import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import bcrypt from 'bcrypt';
import { startGuarded } from '../accounts/guarded.ts';
import { type Answer, type Sent, send } from '../protocol/wire.ts';
import { CLI } from '../support/cli.ts';
import { CLIENT_ID, CLIENT_SECRET, type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import type { Counts } from './counts.ts';
import { Filler } from './filler.ts';
import type { Row } from './row.ts';

/** An operator, who may send every request. */
export const OLGA = { username: 'olga', password: 'the password of olga' };
/** As `htpasswd -B` has it in documents; each wrong password costs one hash of it. */
const BCRYPT_COST = 10;
const PROGRAM = [...CLI.slice(0, -1), fileURLToPath(new URL('./counted.ts', import.meta.url))];
/** Lanes of tests run side by side, and a store of many files was just written. */
const START_TIMEOUT_MS = 60_000;
const CLASSES = { candidates: ['candidate/**'], stable: ['stable/**'] };

/** Two nodes over one store, of which one at most runs. */
export interface WorstWorld extends AsyncDisposable {
  /** Puts things into the store. */
  readonly filler: Filler;
  readonly provider: OidcProvider;
  /** The node that runs. */
  readonly registry: TestRegistry;
  /** Sends a request to the node that runs, with the credentials of {@link WorstWorld.start} unless it has its own. */
  send(path: string, sent?: Sent): Promise<Answer>;
  /** Starts the node that a row is about, with nothing in its memory; a running one ends. */
  start(row: Pick<Row, 'node' | 'scopes'>): Promise<void>;
  /** What the node counted since it was last asked. */
  counts(): Promise<Counts>;
}

export async function startWorstWorld(): Promise<WorstWorld> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('worst'));
  const rootDirectory = join(home.path, 'store');
  await mkdir(rootDirectory);
  const path = join(home.path, 'htpasswd');
  await writeFile(path, `${OLGA.username}:${await bcrypt.hash(OLGA.password, BCRYPT_COST)}\n`);
  const [port, counterPort] = [await freePort(), await freePort()];
  const provider = held.use(
    await startOidcProvider({
      people: { alice: { preferred_username: 'alice', groups: [] } },
      redirectUris: [`http://127.0.0.1:${port}/auth/callback`],
    }),
  );
  const common = {
    ...{ delete: true, rootDirectory, program: PROGRAM, startTimeoutMs: START_TIMEOUT_MS },
    env: { WORST_PORT: String(counterPort) },
  };
  const access = { standard: true, groups: { operators: [`user:${OLGA.username}`] } };
  const oidc = { issuer: provider.issuer, clientid: CLIENT_ID, clientsecret: CLIENT_SECRET };
  const tokens = held.use(
    await startGuarded(
      { accounts: [{ htpasswd: { path } }, { oidc }], access, promotion: CLASSES },
      { ...common, port },
    ),
  );
  await tokens.stop();
  const passwords = held.use(
    await startRegistry({
      ...common,
      config: (config) => ({
        ...{ ...config, promotion: CLASSES, access },
        auth: { htpasswd: { realm: 'tests', path } },
        limits: { trustednetworks: ['127.0.0.0/8'] },
      }),
    }),
  );
  const basic = `Basic ${Buffer.from(`${OLGA.username}:${OLGA.password}`).toString('base64')}`;
  let running: { readonly registry: TestRegistry; readonly authorization: string } = {
    registry: passwords,
    authorization: basic,
  };
  const all = held.move();
  return {
    ...{ filler: new Filler(rootDirectory), provider },
    get registry() {
      return running.registry;
    },
    send: (target, { headers, ...sent } = {}) =>
      send(running.registry.url, target, {
        ...sent,
        headers: { authorization: running.authorization, ...headers },
      }),
    async start({ node = 'tokens', scopes = [] }) {
      await running.registry.stop();
      if (node === 'passwords') running = { registry: passwords, authorization: basic };
      else running = { registry: tokens, authorization: '' };
      await running.registry.start();
      if (node === 'tokens')
        running = { registry: tokens, authorization: `Bearer ${await tokens.token(OLGA, scopes)}` };
    },
    counts: async () => (await fetch(`http://127.0.0.1:${counterPort}/`)).json() as Promise<Counts>,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
