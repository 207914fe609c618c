import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import type { FrontOptions, ShippedFront } from './shipped-front.ts';

const TEMPLATE = fileURLToPath(new URL('../../infra/front/haproxy.cfg', import.meta.url));

/** HAProxy with the configuration that operators get, before nodes, each `127.0.0.1:PORT`; only its values are replaced. */
export async function startShippedHaproxy(
  nodes: readonly string[],
  { tokens = nodes }: Pick<FrontOptions, 'tokens'> = {},
): Promise<ShippedFront> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('haproxy'));
  const port = await freePort();
  const serversOf = (hosts: readonly string[]) =>
    hosts.map((host, i) => `    server node${i} ${host} check inter 2s\n`).join('');
  const values: [RegExp, string][] = [
    [/bind :443 ssl crt .*/, `bind 127.0.0.1:${port}`],
    [/( *server node\d .*\n)+/, serversOf(nodes)],
    [/( *server token\d .*\n)+/, serversOf(tokens)],
  ];
  let config = await readFile(TEMPLATE, 'utf8');
  for (const [value, replacement] of values) {
    if (!value.test(config)) throw new Error(`${TEMPLATE} no longer contains ${value}`);
    config = config.replace(value, () => replacement);
  }
  const file = join(home.path, 'haproxy.cfg');
  await writeFile(file, config);
  held.use(await startDaemon('haproxy', ['-db', '-f', file], { ready: () => isListening(port) }));
  const all = held.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
