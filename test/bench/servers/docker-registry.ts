import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, isListening } from '../../support/ports.ts';
import { startDaemon } from '../../support/process.ts';
import { type BenchImage, CANDIDATE, STABLE } from '../image.ts';
import { pushImage, pushLarge } from '../load/upload.ts';
import type { RegistryServer } from './server.ts';

export interface DockerRegistryOptions {
  readonly home: string;
  /** Have it redirect every blob to this base, by its redirect middleware. */
  readonly redirectTo?: string;
}

/** Starts Debian's docker-registry as fast as it can be made: no access log, descriptors cached in memory. */
export async function startDockerRegistry({
  home,
  redirectTo,
}: DockerRegistryOptions): Promise<RegistryServer> {
  await mkdir(home, { recursive: true });
  const port = await freePort();
  const rootDirectory = join(home, 'store');
  const configPath = join(home, `${port}.yml`);
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: rootDirectory },
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: `127.0.0.1:${port}`, secret: 'bench', headers: { 'X-Content-Type-Options': ['nosniff'] } },
    ...(redirectTo !== undefined && {
      middleware: { storage: [{ name: 'redirect', options: { baseurl: redirectTo } }] },
    }),
  };
  await writeFile(configPath, stringify(config));
  const daemon = await startDaemon('docker-registry', ['serve', configPath], {
    ready: () => isListening(port),
  });
  return { url: `http://127.0.0.1:${port}`, rootDirectory, daemon };
}

/** Pushes the image to where the others have it. */
export async function fillDockerRegistry({ url }: RegistryServer, image: BenchImage): Promise<void> {
  await pushImage(url, STABLE, image);
  await pushLarge(url, CANDIDATE, image);
}
