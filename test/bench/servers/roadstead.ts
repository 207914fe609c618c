import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';
import { run, startDaemon } from '../../support/process.ts';
import { type BenchImage, CANDIDATE, STABLE, TAG } from '../image.ts';
import { ask } from '../load/http.ts';
import { pushImage, pushLarge } from '../load/upload.ts';
import type { RegistryServer } from './server.ts';

export const SHIPPED_CONFIG = fileURLToPath(new URL('../../../infra/roadstead.yml', import.meta.url));

const REDIRECT_DEADLINE_MS = 15_000;
const POLL_MS = 50;

export interface Roadstead extends RegistryServer {
  readonly mirrorUrl: string;
}

/**
 * Starts `roadstead serve` with the configuration that `npm start` uses, on ports and directories of its own, the log
 * going to a file as under a service manager: not through a pipe to this process, which would have to read it.
 */
export async function startRoadstead(
  home: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Roadstead> {
  await mkdir(home, { recursive: true });
  const [port, debugPort, mirrorPort] = [await freePort(), await freePort(), await freePort()];
  const [url, mirrorUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${mirrorPort}`];
  const rootDirectory = join(home, 'store');
  const env = {
    REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
    REGISTRY_HTTP_DEBUG_ADDR: `127.0.0.1:${debugPort}`,
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: rootDirectory,
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
    REGISTRY_MIRRORS_0_URL: mirrorUrl,
    REGISTRY_MIRRORS_0_SERVE: `127.0.0.1:${mirrorPort}`,
    REGISTRY_MIRRORS_0_WRITE_DIRECTORY: join(home, 'mirror'),
    ...settings,
  };
  const toFile = ['-c', 'exec "$@" >"$0"', join(home, 'roadstead.log')];
  const daemon = await startDaemon('sh', [...toFile, process.execPath, ...CLI, 'serve', SHIPPED_CONFIG], {
    ready: async () => (await ask(`${url}/readyz`)).status === 200,
    env,
  });
  return { url, mirrorUrl, rootDirectory, daemon };
}

/** Pushes the image, promotes it, and waits until its layer is redirected. */
export async function fillRoadstead({ url }: Roadstead, image: BenchImage): Promise<void> {
  await pushImage(url, CANDIDATE, image);
  await pushLarge(url, CANDIDATE, image);
  const images = [`${CANDIDATE}:${TAG}`, `${STABLE}:${TAG}`];
  await run(process.execPath, [...CLI, 'promote', ...images, '--wait-mirrors', '1', '--server', url]);
  const layer = `${url}/v2/${STABLE}/blobs/${image.layer.digest}`;
  const isRedirected = async () => (await ask(layer)).status === 302;
  await eventually('Roadstead redirects the promoted layer', isRedirected, REDIRECT_DEADLINE_MS, POLL_MS);
}
