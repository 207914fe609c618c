import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** How long nginx waits for a node: shorter than clients, so that these see what it makes of it. */
const READ_TIMEOUT = '3s';

/** nginx in front of some nodes. */
export interface Front extends AsyncDisposable {
  readonly url: string;
}

export interface FrontOptions {
  /** `HOST:PORT` of each node. */
  readonly hosts: readonly string[];
  readonly port: number;
  /**
   * `on`: what a node has not answered is sent to the next one, whatever it is; bodies are buffered for that, as is nginx's
   * own habit.
   */
  readonly nextUpstream: 'off' | 'on';
}

/** Starts nginx, round robin. */
export async function startFront({ hosts, port, nextUpstream }: FrontOptions): Promise<Front> {
  await using held = new AsyncDisposableStack();
  const { path: home } = held.use(await tempDir('front'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(' ');
  const config = join(home, 'nginx.conf');
  await writeFile(
    config,
    `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
error_log ${home}/error.log;
pid ${home}/nginx.pid;
events {}
http {
  ${temporary}
  access_log off;
  upstream nodes { ${hosts.map((host) => `server ${host} max_fails=0;`).join(' ')} keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering ${nextUpstream};
      proxy_buffering off;
      proxy_read_timeout ${READ_TIMEOUT};
      proxy_next_upstream ${nextUpstream === 'on' ? 'error timeout non_idempotent' : 'off'};
    }
  }
}
`,
  );
  held.use(
    await startDaemon('nginx', ['-c', config, '-p', home, '-g', 'daemon off;'], {
      ready: () => isListening(port),
    }),
  );
  const all = held.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
