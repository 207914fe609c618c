import type { Release } from '../release.ts';
import type { BasePackage } from './base.ts';
import { type Layer, USER } from './layer.ts';

const SOURCE = 'https://github.com/roadstead/roadstead';
const COMMAND = '/usr/bin/roadstead';
const SECOND_NS = 1_000_000_000;

/** What the image says of itself, as annotations and as labels. */
export function annotationsOf(release: Release, packages: readonly BasePackage[]): Record<string, string> {
  return {
    'org.opencontainers.image.title': 'roadstead',
    'org.opencontainers.image.description': 'A container registry',
    'org.opencontainers.image.version': release.version,
    ...(release.commit !== undefined && { 'org.opencontainers.image.revision': release.commit }),
    'org.opencontainers.image.created': timeOf(release),
    'org.opencontainers.image.source': SOURCE,
    'org.opencontainers.image.documentation': `${SOURCE}/blob/main/docs/container.md`,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    // With these versions, and this source, the same digest can be built again.
    'org.roadstead.image.base': packages.map(({ name, version }) => `${name}=${version}`).join(' '),
  };
}

/** The image configuration, as far as it does not follow from the layers. */
export function configOf(release: Release, layers: readonly Layer[], labels: Record<string, string>) {
  const created = timeOf(release);
  return {
    created,
    architecture: release.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      Env: ['PATH=/usr/bin', 'ROADSTEAD_SERVER=http://127.0.0.1:5002'],
      Entrypoint: [COMMAND],
      Cmd: ['serve', '/etc/roadstead/config.yml'],
      ExposedPorts: { '5000/tcp': {} },
      Volumes: { '/var/lib/roadstead': {} },
      WorkingDir: '/var/lib/roadstead',
      StopSignal: 'SIGTERM',
      Labels: labels,
      // Docker's own field; other programs ignore it.
      Healthcheck: {
        Test: ['CMD', COMMAND, 'healthcheck'],
        ...{ Interval: 30 * SECOND_NS, Timeout: 10 * SECOND_NS, StartPeriod: 60 * SECOND_NS, Retries: 3 },
      },
    },
    history: layers.map(({ title }) => ({ created, created_by: 'npm run build', comment: title })),
  };
}

function timeOf({ epochSeconds }: Release): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
