import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { lookAtFiles } from './log-watch.ts';
import { freePort, isListening } from './ports.ts';
import { type Daemon, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

/** The configuration that volunteers get. */
export const SHIPPED_MIRROR = fileURLToPath(new URL('../../infra/mirror/nginx.conf', import.meta.url));

export interface NginxMirrorOptions {
  /** Run with only its values replaced. @default {@link SHIPPED_MIRROR} */
  readonly configTemplate?: string;
  /** The directory the mirror serves and the sync worker fills. */
  readonly root: string;
  /** Where the mirror bounces what it cannot serve, without a trailing slash. */
  readonly originUrl: string;
  readonly port?: number;
  readonly davPort?: number;
  /** Has the sync worker's port speak TLS, and take none but clients with a certificate of this authority. */
  readonly davTls?: { readonly certificate: string; readonly key: string; readonly clientCa: string };
}

/** A real nginx that serves a directory as a volunteer's mirror would. */
export interface NginxMirror extends AsyncDisposable {
  readonly url: string;
  /** The sync worker's port: PUT, MOVE, DELETE. */
  readonly davUrl: string;
  readonly root: string;
  /** Lines `METHOD path status bytes "range" address time "user agent"` of all requests to `url` that were answered before this call. */
  accessLog(): Promise<string[]>;
  clearLog(): Promise<void>;
  /** Stops serving: connections are refused until `start`, which takes the same ports again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Replaces one of the template's values; that it is not there means that template and tests have drifted apart. */
function replaceValue(config: string, value: string | RegExp, replacement: string): string {
  const replaced = config.replaceAll(value, () => replacement);
  if (replaced === config) throw new Error(`the mirror's nginx configuration no longer contains ${value}`);
  return replaced;
}

interface Values extends Required<Omit<NginxMirrorOptions, 'configTemplate' | 'davTls'>> {
  readonly davTls: NginxMirrorOptions['davTls'];
  readonly stateDirectory: string;
}

function fillIn(
  template: string,
  { port, davPort, davTls, root, originUrl, stateDirectory }: Values,
): string {
  const tls = davTls
    ? ` ssl_certificate ${davTls.certificate}; ssl_certificate_key ${davTls.key};` +
      ` ssl_client_certificate ${davTls.clientCa}; ssl_verify_client on;`
    : '';
  const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${stateDirectory}/${kind};`,
  );
  const values: [string | RegExp, string][] = [
    ['listen 8080;', `listen 127.0.0.1:${port};`],
    ['listen 127.0.0.1:8081;', `listen 127.0.0.1:${davPort}${davTls ? ' ssl' : ''};${tls}`],
    ['/srv/mirror/public', root],
    // On the file system of the blobs, as the template asks for, and not in their folder.
    ['/srv/mirror/uploading', `${root}.uploading`],
    ['https://registry.example.org', originUrl],
    ['/var/log/nginx', stateDirectory],
    // The test's directories are its own user's; one worker, so that the log is in the order of the answers.
    [/^user .*;$/gm, process.getuid?.() === 0 ? 'user root;' : ''],
    [/^worker_processes .*;$/gm, 'worker_processes 1;'],
    [/^http \{$/gm, `http { ${temporary.join(' ')}`],
  ];
  return values.reduce((config, [value, replacement]) => replaceValue(config, value, replacement), template);
}

/** Starts a mirror on loopback ports, free ones unless given. */
export async function startNginxMirror(options: NginxMirrorOptions): Promise<NginxMirror> {
  const { configTemplate = SHIPPED_MIRROR, root, originUrl, davTls } = options;
  const { port = await freePort(), davPort = await freePort() } = options;
  await mkdir(root, { recursive: true });
  const state = await tempDir('nginx');
  const file = (name: string) => join(state.path, name);
  const template = await readFile(configTemplate, 'utf8');
  const values = { port, davPort, davTls, root, originUrl, stateDirectory: state.path };
  await writeFile(file('nginx.conf'), fillIn(template, values));

  const url = `http://127.0.0.1:${port}`;
  let daemon: Daemon | undefined;

  const readLog = async () => {
    const lines = (await readFile(file('mirror.log'), 'utf8')).split('\n');
    return lines.filter((line) => line !== '' && !line.includes(' /log-marker/'));
  };
  // nginx logs a request after its last byte has left, so the client may be first to know. A request of our own
  // stands behind the others in the log.
  const awaitLog = async () => {
    if (daemon === undefined) return;
    const marker = `/log-marker/${randomUUID()}`;
    await fetch(`${url}${marker}`).then((response) => response.arrayBuffer());
    const isWritten = async () => (await readFile(file('mirror.log'), 'utf8')).includes(marker);
    await eventually('nginx writes its access log', isWritten);
  };

  const lookAtLogs = () =>
    lookAtFiles('nginx of a mirror', ['mirror.log', 'mirror-sync.log', 'error.log'].map(file));

  const mirror: NginxMirror = {
    url,
    davUrl: `${davTls ? 'https' : 'http'}://127.0.0.1:${davPort}`,
    root,
    async accessLog() {
      await awaitLog();
      return readLog();
    },
    async clearLog() {
      await awaitLog();
      await lookAtLogs();
      await truncate(file('mirror.log'));
    },
    async stop() {
      await daemon?.[Symbol.asyncDispose]();
      daemon = undefined;
    },
    async start() {
      if (daemon !== undefined) return;
      const globals = `daemon off; pid ${file('nginx.pid')};`;
      daemon = await startDaemon(
        'nginx',
        ['-p', `${state.path}/`, '-e', file('error.log'), '-c', file('nginx.conf'), '-g', globals],
        { ready: async () => (await isListening(port)) && (await isListening(davPort)) },
      );
    },
    async [Symbol.asyncDispose]() {
      await mirror.stop();
      await lookAtLogs();
      await rm(`${root}.uploading`, { recursive: true, force: true });
      await state[Symbol.asyncDispose]();
    },
  };
  try {
    await mirror.start();
  } catch (error) {
    const log = await readFile(file('error.log'), 'utf8').catch(() => '');
    await mirror[Symbol.asyncDispose]();
    throw new Error(`nginx did not start\n${log}`, { cause: error });
  }
  return mirror;
}
