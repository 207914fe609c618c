import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { Readiness } from '../http/health.ts';
import type { Part } from './parts.ts';
import type { PartListener, PortUser } from './ports.ts';
import type { Watched } from './service-manager.ts';

export interface Announcement {
  readonly config: Config;
  readonly parts: readonly Part[];
  readonly listeners: readonly PartListener[];
  readonly logger: Logger;
}

/** Logs where the registry listens; on a terminal, also prints what to type next. */
export function announce({ config, parts, listeners, logger }: Announcement): void {
  const urls = listeners.map(({ listener }) => listener.url);
  const urlOf = (name: PortUser['name']) => listeners.find(({ names }) => names.includes(name))?.listener.url;
  const data = placeOf(config);
  logger.info({ parts, urls, data }, 'listening');
  const url = urlOf('api');
  if (parts.length > 1 && url !== undefined && process.stderr.isTTY)
    process.stderr.write(welcome(config, url, urlOf('release') ?? url, data));
}

/** What the service manager shows and watches of these parts. */
export function watchedOf(
  parts: readonly Part[],
  listeners: readonly PartListener[],
  readiness: Readiness,
): Watched {
  const urls = listeners.map(({ listener }) => listener.url);
  return {
    status: `ready: ${parts.join(', ')}${urls.length === 0 ? '' : ` at ${urls.join(', ')}`}`,
    isSound: () => listeners.every(({ listener }) => listener.isOpen),
    problem: () => readiness.problem(),
  };
}

/** The place of the content, for people: a directory, or a bucket or container with the prefix of its keys. */
function placeOf({ storage: { objects } }: Config): string {
  switch (objects.driver) {
    case 'filesystem':
      return resolve(objects.rootDirectory);
    case 'swift': {
      const { container, prefix = '', credentials } = objects;
      return `swift://${[container, prefix].filter((part) => part !== '').join('/')} by ${credentials.authUrl}`;
    }
    case 's3': {
      const { bucket, endpoint = objects.region, rootDirectory } = objects;
      const path = [bucket, ...rootDirectory.split('/').filter((part) => part !== '')].join('/');
      return `s3://${path} at ${endpoint}`;
    }
  }
}

function welcome(
  { http, mirrors, promotion, auth }: Config,
  url: string,
  releaseUrl: string,
  data: string,
): string {
  const registry = new URL(http.host ?? url).host;
  const plain = url.startsWith('http:');
  const server = releaseUrl === 'http://127.0.0.1:5000' ? '' : ` --server ${releaseUrl}`;
  const pushed = promotion ? (promotion.candidates[0]?.text ?? '').replace(/\*+$/, 'hello') : 'hello';
  const skopeo = `skopeo copy --all${plain ? ' --dest-tls-verify=false' : ''}`;
  const wait = mirrors.length > 0 ? ' --wait-mirrors 1' : '';
  const steps = [
    // skopeo and roadstead use the credentials that docker stores.
    ...(auth?.token || auth?.htpasswd ? [`docker login ${registry}`] : []),
    `${skopeo} docker://docker.io/library/busybox:latest docker://${registry}/${pushed}:1`,
    ...(promotion ? [`npx roadstead promote ${pushed}:1 hello:1${wait}${server}`] : []),
    `docker pull ${registry}/hello:1`,
  ];
  const debug = http.debug?.addr;
  const scheme = http.debug?.tls ? 'https' : 'http';
  return [
    '',
    `Roadstead listens on ${url}`,
    `  data     ${data}`,
    ...mirrors.map((mirror) => `  mirror   ${mirror.name} at ${mirror.url}`),
    ...(debug && http.debug?.prometheus.enabled
      ? [`  metrics  ${scheme}://${debug.host}:${debug.port}${http.debug?.prometheus.path ?? ''}`]
      : []),
    '',
    'Next, in another shell in this directory (any image will do; oci:DIRECTORY:TAG or docker-daemon:NAME:TAG without a network):',
    ...steps.map((step) => `  ${step}`),
    '',
    '',
  ].join('\n');
}
