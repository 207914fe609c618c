import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent } from 'undici';
import { makePair } from '../http/certificates.ts';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp.ts';
import { type FourProcesses, startFourProcesses, type Tree } from './four-processes.ts';

/** What scrapes show. */
export const SCRAPE_TOKEN = 'c0ffee5f0d2b4a8e9d1736e4b85a90f1';

/** Four processes with everything that has metrics: mirrors, notifications, Redis, an audit record, TLS. */
export async function startEverything(): Promise<FourProcesses> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('everything'));
  const pair = await makePair(home.path, { name: 'metrics' });
  const ca = await readFile(pair.certificate);
  const dispatcher = held.adopt(new Agent({ connect: { ca } }), (agent) => agent.destroy());
  const [mirrorPort, hookPort] = [await freePort(), await freePort()];
  const four = held.use(
    await startFourProcesses((config, directory) => {
      const http = config['http'] as { debug: Tree };
      const mirror = `127.0.0.1:${mirrorPort}`;
      return {
        ...config,
        http: { ...http, debug: { ...http.debug, tls: pair, bearertoken: SCRAPE_TOKEN } },
        mirrors: [
          {
            ...{ name: 'demo', url: `http://${mirror}`, serve: mirror, sameoperator: true },
            write: { directory: join(directory, 'mirror') },
          },
        ],
        // Nobody listens there: what is queued is kept.
        notifications: { endpoints: [{ name: 'hook', url: `http://127.0.0.1:${hookPort}/` }] },
      };
    }, dispatcher),
  );
  const all = held.move();
  return { ...four, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
