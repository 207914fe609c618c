import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lookAtFiles } from '../support/log-watch.ts';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const TEMPLATE = fileURLToPath(new URL('../../infra/front/nginx.conf', import.meta.url));

/** nginx as a load balancer, with the configuration that operators get; only its values are replaced. */
export interface ShippedFront extends AsyncDisposable {
  readonly url: string;
}

/** Starts it before nodes, each `127.0.0.1:PORT`. */
export async function startShippedFront(nodes: readonly string[]): Promise<ShippedFront> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('front'));
  const port = await freePort();
  const file = (name: string) => join(home.path, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${file(kind)};`,
  );
  // A node that fails stays in turn: the tests look at each request.
  const servers = nodes.map((host) => `server ${host} max_fails=0;`);
  const values: [RegExp, string][] = [
    [/^user .*;$/m, process.getuid?.() === 0 ? 'user root;' : ''],
    [/^worker_processes .*;$/m, 'worker_processes 1;'],
    [/^error_log .*;$/m, `error_log ${file('error.log')};`],
    [/^http \{$/m, `http { ${temporary.join(' ')}`],
    [/( *server [\d.:]+ max_fails=.*;\n)+/, `${servers.join(' ')}\n`],
    [/listen 443 ssl;/, `listen 127.0.0.1:${port};`],
    [/ *ssl_certificate.*;\n *ssl_certificate_key.*;\n/, ''],
  ];
  let config = await readFile(TEMPLATE, 'utf8');
  for (const [value, replacement] of values) {
    if (!value.test(config)) throw new Error(`${TEMPLATE} no longer contains ${value}`);
    config = config.replace(value, () => replacement);
  }
  await writeFile(file('nginx.conf'), config);
  held.defer(() => lookAtFiles('nginx before the nodes', [file('error.log')]));
  const globals = `daemon off; pid ${file('nginx.pid')};`;
  held.use(
    await startDaemon(
      'nginx',
      ['-p', `${home.path}/`, '-e', file('error.log'), '-c', file('nginx.conf'), '-g', globals],
      { ready: () => isListening(port) },
    ),
  );
  const all = held.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
