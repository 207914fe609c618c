import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, isListening } from '../support/ports.ts';
import { run, startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** A real server with a configuration of `infra/mirror/`, of which only values were replaced. */
export interface ShippedMirror extends AsyncDisposable {
  readonly url: string;
  /** The sync worker's port, if it has one. */
  readonly davUrl: string | undefined;
  /** The directory of the blobs, if it has one. */
  readonly root: string;
}

interface Places {
  readonly root: string;
  readonly state: string;
  readonly port: number;
  readonly davPort: number;
  readonly originUrl: string;
}

interface Server {
  readonly file: string;
  readonly program: string;
  /** The template's values, and what they become. */
  readonly values: (places: Places) => readonly (readonly [string | RegExp, string])[];
  readonly args: (config: string, places: Places) => readonly string[];
  readonly hasDav?: boolean;
  /** @default http */
  readonly scheme?: 'https';
}

const ORIGIN = 'https://registry.example.org';
const ROOT = '/srv/mirror/public';

export const HTTPD: Server = {
  file: 'httpd.conf',
  program: 'apache2',
  hasDav: true,
  values: ({ root, state, port, davPort, originUrl }) => [
    [ORIGIN, originUrl],
    [ROOT, root],
    ['Listen 8080', `Listen 127.0.0.1:${port}`],
    ['*:8080', `127.0.0.1:${port}`],
    ['127.0.0.1:8081', `127.0.0.1:${davPort}`],
    [/\/var\/log\/apache2|\/run\/apache2|\/run\/lock\/apache2/g, state],
  ],
  args: (config) => ['-f', config, '-D', 'FOREGROUND'],
};

export const CADDY: Server = {
  file: 'Caddyfile',
  program: 'caddy',
  values: ({ root, state, port, originUrl }) => [
    [ORIGIN, originUrl],
    [ROOT, root],
    ['http://:8080', `http://127.0.0.1:${port}`],
    ['/var/log/caddy', state],
  ],
  args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
};

/** What a configuration's comments describe besides. */
export interface Variant {
  /** The public port speaks TLS, with these files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Requests of one client are limited; nginx only. */
  readonly isLimited?: boolean;
}

/** The file names of the comments. */
const tlsFiles = ({ certificate, key }: NonNullable<Variant['tls']>) =>
  [
    ['/etc/letsencrypt/live/mirror.example.org/fullchain.pem', certificate],
    ['/etc/letsencrypt/live/mirror.example.org/privkey.pem', key],
  ] as const;

export function nginx({ tls, isLimited }: Variant = {}): Server {
  return {
    file: 'nginx.conf',
    program: 'nginx',
    hasDav: true,
    ...(tls && { scheme: 'https' }),
    values: ({ root, state, port, davPort, originUrl }) => [
      [ORIGIN, originUrl],
      [ROOT, root],
      ['/srv/mirror/uploading', `${root}.uploading`],
      ['/var/log/nginx', state],
      [/^user .*;$/gm, process.getuid?.() === 0 ? 'user root;' : ''],
      ['listen 127.0.0.1:8081;', `listen 127.0.0.1:${davPort};`],
      ...(tls
        ? ([
            ['        listen 8080;\n', ''],
            [/# {5}(listen 443 ssl;|ssl_certificate)/g, '$1'],
            ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
            ...tlsFiles(tls),
          ] as const)
        : ([['listen 8080;', `listen 127.0.0.1:${port};`]] as const)),
      ...(isLimited ? ([[/#limit# /g, '']] as const) : []),
    ],
    args: (config, { state }) => [
      ...['-p', `${state}/`, '-e', join(state, 'error.log'), '-c', config],
      ...['-g', `daemon off; pid ${join(state, 'nginx.pid')};`],
    ],
  };
}

/** httpd with TLS, as its comments describe: their lines move into the virtual host. */
export function httpdWithTls(tls: NonNullable<Variant['tls']>): Server {
  return {
    ...HTTPD,
    scheme: 'https',
    values: (places) => [
      ['# EDIT for TLS: LoadModule', 'LoadModule'],
      [/(# {5}SSL.*\n)+(Listen 8080\n<VirtualHost \*:8080>\n)/g, `$2${TLS_LINES}`],
      ...tlsFiles(tls),
      ...HTTPD.values(places),
    ],
  };
}

const TLS_LINES = `SSLEngine On
SSLCertificateFile /etc/letsencrypt/live/mirror.example.org/fullchain.pem
SSLCertificateKeyFile /etc/letsencrypt/live/mirror.example.org/privkey.pem
`;

/** In front of `backend`; with `isOrigin` that is the registry, as the template's comment describes. */
export function varnish(backend: URL, isOrigin = false): Server {
  return {
    file: 'varnish.vcl',
    program: 'varnishd',
    values: ({ originUrl }) => [
      [ORIGIN, originUrl],
      ['"192.0.2.10"', `"${backend.hostname}"`],
      ['"8080"', `"${backend.port}"`],
      ...(isOrigin ? ([[/# EDIT if the backend is the registry itself: /g, '']] as const) : []),
    ],
    args: (config, { port, state }) => [
      ...['-F', '-n', join(state, 'varnish'), '-a', `127.0.0.1:${port}`, '-f', config, '-s', 'malloc,64m'],
      ...['-T', 'none', '-p', 'http_req_hdr_len=32k', '-p', 'http_req_size=64k'],
      ...(process.getuid?.() === 0 ? ['-j', 'none'] : []),
    ],
  };
}

/** Starts one on free ports of loopback. `originUrl` has no trailing slash; `place` is a directory of its own unless given. */
export async function startShipped(
  server: Server,
  originUrl: string,
  place?: string,
): Promise<ShippedMirror> {
  await using cleanUp = new AsyncDisposableStack();
  const home = place ?? cleanUp.use(await tempDir('shipped')).path;
  const [root, state] = [join(home, 'public'), join(home, 'state')];
  for (const path of [root, state]) await mkdir(path);
  const [port, davPort] = [await freePort(), await freePort()];
  const places = { root, state, port, davPort, originUrl };
  const template = fileURLToPath(new URL(`../../infra/mirror/${server.file}`, import.meta.url));
  let config = await readFile(template, 'utf8');
  for (const [value, replacement] of server.values(places)) {
    const replaced = config.replaceAll(value, replacement);
    if (replaced === config) throw new Error(`${server.file} no longer contains ${value}`);
    config = replaced;
  }
  const path = join(home, server.file);
  await writeFile(path, config);
  if (server.program === 'apache2') await letApacheIn(home, [root, state]);
  cleanUp.use(
    await startDaemon(server.program, server.args(path, places), {
      env: { HOME: state, XDG_DATA_HOME: state, XDG_CONFIG_HOME: state },
      ready: async () => (await isListening(port)) && (!server.hasDav || (await isListening(davPort))),
    }),
  );
  const held = cleanUp.move();
  return {
    url: `${server.scheme ?? 'http'}://127.0.0.1:${port}`,
    davUrl: server.hasDav ? `http://127.0.0.1:${davPort}` : undefined,
    root,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** httpd gives up root; the account of its template gets the test's directories. */
async function letApacheIn(home: string, directories: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const id = async (which: string) => Number((await run('id', [which, 'www-data'])).stdout);
  const [uid, gid] = [await id('-u'), await id('-g')];
  for (const path of [home, ...directories]) await chown(path, uid, gid);
}
