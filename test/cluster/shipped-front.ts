import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pair } from '../http/certificates.ts';
import { lookAtFiles } from '../support/log-watch.ts';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const TEMPLATE = fileURLToPath(new URL('../../infra/front/nginx.conf', import.meta.url));

/** nginx as a load balancer, with the configuration that operators get; only its values are replaced. */
export interface ShippedFront extends AsyncDisposable {
  readonly url: string;
}

/** What an operator fills in beside the nodes. */
export interface FrontOptions {
  /** Where the token services are, each `127.0.0.1:PORT`; the nodes unless given. */
  readonly tokens?: readonly string[];
  /** Any free one unless given. */
  readonly port?: number;
  /** The registry's name, if not the one in the file. */
  readonly name?: string;
  /** What it ends TLS with; it speaks plain HTTP without one. */
  readonly pair?: Pair | undefined;
}

/** Starts it before nodes, each `127.0.0.1:PORT`. */
export async function startShippedFront(
  nodes: readonly string[],
  { tokens = nodes, port: wanted, name = 'registry.example.net', pair }: FrontOptions = {},
): Promise<ShippedFront> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('front'));
  const port = wanted ?? (await freePort());
  const file = (name: string) => join(home.path, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${file(kind)};`,
  );
  // A node that fails stays in turn: the tests look at each request.
  const serversOf = (hosts: readonly string[]) =>
    `${hosts.map((host) => `server ${host} max_fails=0;`).join(' ')}\n`;
  const values: [RegExp, string][] = [
    [/^user .*;$/m, process.getuid?.() === 0 ? 'user root;' : ''],
    [/^worker_processes .*;$/m, 'worker_processes 1;'],
    [/^error_log .*;$/m, `error_log ${file('error.log')};`],
    [/^http \{$/m, `http { ${temporary.join(' ')}`],
    [/( *server [\d.]+:5000 max_fails=.*;\n)+/, serversOf(nodes)],
    [/( *server [\d.]+:5003 max_fails=.*;\n)+/, serversOf(tokens)],
    [/listen 443 ssl;/, `listen 127.0.0.1:${port}${pair ? ' ssl' : ''};`],
    [/proxy_set_header Host .*;/, `proxy_set_header Host ${name};`],
    [
      / *ssl_certificate.*;\n *ssl_certificate_key.*;\n/,
      pair ? `ssl_certificate ${pair.certificate}; ssl_certificate_key ${pair.key};\n` : '',
    ],
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
  return {
    url: `${pair ? 'https' : 'http'}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
