import { join } from 'node:path';
import { MEDIA_TYPES } from '../support/image.ts';
import { findProgram } from '../support/programs.ts';
import type { BenchImage } from './image.ts';
import { pullCases } from './pulls.ts';
import { type Bare, learn, startBare } from './servers/bare.ts';
import { fillDockerRegistry, startDockerRegistry } from './servers/docker-registry.ts';
import { type Guarded, startGuarded } from './servers/guarded.ts';
import { fillRoadstead, startRoadstead } from './servers/roadstead.ts';
import type { RegistryServer } from './servers/server.ts';

/** Every server, running side by side, with the same image. */
export interface Field extends AsyncDisposable {
  readonly bare: Bare;
  readonly roadstead: RegistryServer;
  readonly lean: RegistryServer;
  /** On the same store as `roadstead`, with a door for tokens. */
  readonly guarded: Guarded;
  readonly dockerRegistry: RegistryServer | undefined;
  /** On the same store, redirecting. */
  readonly dockerRegistryRedirecting: RegistryServer | undefined;
}

const LEAN = { REGISTRY_LOG_ACCESSLOG_DISABLED: 'true', REGISTRY_STORAGE_FILESYSTEM_SYNC: 'false' };

/** Starts all servers below a directory and fills them; without docker-registry where that is not installed. */
export async function startField(home: string, image: BenchImage): Promise<Field> {
  await using starting = new AsyncDisposableStack();
  const roadstead = await startRoadstead(join(home, 'roadstead'));
  starting.use(roadstead.daemon);
  const lean = await startRoadstead(join(home, 'lean'), LEAN);
  starting.use(lean.daemon);
  for (const each of [roadstead, lean]) await fillRoadstead(each, image);
  const guarded = await startGuarded(join(home, 'guarded'), roadstead);
  starting.use(guarded.daemon);

  const accept = { Accept: MEDIA_TYPES.image };
  const learning = pullCases(image).map(({ path, file }) => learn(roadstead.url, path, accept, file));
  const bare = await startBare(join(home, 'bare'), await Promise.all(learning));
  starting.use(bare.daemon);

  const peers = findProgram('docker-registry')
    ? await startPeers(join(home, 'docker-registry'), roadstead.mirrorUrl, image, starting)
    : { dockerRegistry: undefined, dockerRegistryRedirecting: undefined };
  const running = starting.move();
  return { bare, roadstead, lean, guarded, ...peers, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function startPeers(
  home: string,
  mirrorUrl: string,
  image: BenchImage,
  starting: AsyncDisposableStack,
): Promise<Pick<Field, 'dockerRegistry' | 'dockerRegistryRedirecting'>> {
  const dockerRegistry = await startDockerRegistry({ home });
  starting.use(dockerRegistry.daemon);
  await fillDockerRegistry(dockerRegistry, image);
  const dockerRegistryRedirecting = await startDockerRegistry({ home, redirectTo: mirrorUrl });
  starting.use(dockerRegistryRedirecting.daemon);
  return { dockerRegistry, dockerRegistryRedirecting };
}
