import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAtFiles } from '../support/log-watch.ts';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** A real nginx that passes everything on, over connections that it keeps. */
export interface NginxFront extends AsyncDisposable {
  readonly port: number;
  /** `STATUS METHOD uri` of each request that it passed on and that was answered, in the order of the answers. */
  passedOn(): Promise<string[]>;
}

export interface NginxFrontOptions {
  /** `127.0.0.1:PORT` */
  readonly upstream: string;
  /** Lines more of `location /`. */
  readonly location?: string;
  /** True for a cache of successes, which says in `X-Cache` whether it answered. */
  readonly cache?: boolean;
}

/** Starts one as operators put it before a registry: bodies pass as they come, by HTTP/1.1. */
export async function startNginxFront({
  upstream,
  location = '',
  cache = false,
}: NginxFrontOptions): Promise<NginxFront> {
  const home = await tempDir('nginx-front');
  const port = await freePort();
  const file = (name: string) => join(home.path, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${file(kind)};`,
  );
  await writeFile(
    file('nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; pid ${file('pid')};
events { worker_connections 256; }
http {
  ${temporary.join(' ')}
  ${cache ? `proxy_cache_path ${file('cache')} keys_zone=c:1m;` : ''}
  log_format passed '$upstream_status $request_method $request_uri';
  access_log ${file('access.log')} passed;
  upstream registry { server ${upstream}; keepalive 1; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location / {
      proxy_pass http://registry;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      ${cache ? 'proxy_cache c; proxy_cache_valid 200 10m; add_header X-Cache $upstream_cache_status;' : ''}
      ${location}
    }
  }
}
`,
  );
  const daemon = await startDaemon(
    'nginx',
    ['-p', `${home.path}/`, '-e', file('error.log'), '-c', file('nginx.conf')],
    {
      ready: () => isListening(port),
    },
  );
  return {
    port,
    async passedOn() {
      const lines = (await readFile(file('access.log'), 'utf8')).split('\n');
      return lines.filter((line) => /^\d+ /.test(line));
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await lookAtFiles('nginx before a registry', [file('access.log'), file('error.log')]);
      await home[Symbol.asyncDispose]();
    },
  };
}
