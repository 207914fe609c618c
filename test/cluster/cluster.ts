import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, isListening } from '../support/ports.ts';
import { run, startDaemon } from '../support/process.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

const NODES = 3;

/** Several stateless nodes over one store, behind one address that gives each request to the next node. */
export interface Cluster extends AsyncDisposable {
  /** Plain HTTP, for clients of our own. */
  readonly url: string;
  /** `localhost:PORT` with TLS, for clients that are to see what the world sees. */
  readonly tlsHost: string;
  /** PEM of the certificate there, which signs itself. */
  readonly certificate: string;
  readonly nodes: readonly TestRegistry[];
  readonly redis: RedisServer;
}

/** What suites may want otherwise. */
export interface ClusterOptions {
  /** Where nginx listens, plain HTTP; a free port unless given. */
  readonly port?: number;
  /** The last word on the configuration that all nodes share. */
  readonly config?: (config: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** True for nginx's own habit: what one node has refused or not answered goes to the next one, where that is safe. */
  readonly passesOn?: boolean;
}

/** Starts nodes with this `storage` section, a Redis between them, and nginx before them. */
export async function startCluster(
  storage: Readonly<Record<string, unknown>>,
  { port: wantedPort, config: adapt = (config) => ({ ...config }), passesOn = false }: ClusterOptions = {},
): Promise<Cluster> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('cluster'));
  const redis = held.use(await startRedis());
  const nodes: TestRegistry[] = [];
  for (let i = 0; i < NODES; i++)
    nodes.push(
      held.use(
        await startRegistry({
          ...{ command: 'api', promotion: false },
          config: (config) =>
            adapt({
              ...config,
              storage: { ...storage, delete: { enabled: true }, redirect: { disable: true } },
              ...{ redis: { addr: redis.address }, auth: 'none' },
              http: { ...(config['http'] as object), trustedproxies: ['127.0.0.0/8'] },
            }),
        }),
      ),
    );
  const [port, tlsPort] = [wantedPort ?? (await freePort()), await freePort()];
  const [certificate, key] = [join(home.path, 'tls.pem'), join(home.path, 'tls.key')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...[
      '-keyout',
      key,
      '-out',
      certificate,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
    ],
  ]);
  const config = join(home.path, 'nginx.conf');
  await writeFile(config, nginxConfig({ nodes, port, tlsPort, certificate, key, home: home.path, passesOn }));
  held.use(
    await startDaemon('nginx', ['-c', config, '-p', home.path, '-g', 'daemon off;'], {
      ready: () => isListening(port),
    }),
  );
  const pem = await readFile(certificate, 'utf8');
  const all = held.move();
  return {
    url: `http://127.0.0.1:${port}`,
    tlsHost: `localhost:${tlsPort}`,
    certificate: pem,
    nodes,
    redis,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

interface Front {
  readonly nodes: readonly TestRegistry[];
  readonly port: number;
  readonly tlsPort: number;
  readonly certificate: string;
  readonly key: string;
  readonly home: string;
  readonly passesOn: boolean;
}

/** Round robin, one worker so that it is, no buffering, and no retry of nginx's own unless wanted. */
function nginxConfig({ nodes, port, tlsPort, certificate, key, home, passesOn }: Front): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(' ');
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
error_log ${home}/error.log;
pid ${home}/nginx.pid;
events {}
http {
  ${temporary}
  access_log off;
  upstream nodes { ${nodes.map(({ host }) => `server ${host} max_fails=0;`).join(' ')} keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    client_max_body_size 0;
    large_client_header_buffers 8 32k;
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_next_upstream ${passesOn ? 'error' : 'off'};
      proxy_read_timeout 300s;
    }
  }
}
`;
}
