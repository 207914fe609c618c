import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** Debian's docker-registry (Distribution 2.8), over a directory. */
export interface DockerRegistry extends AsyncDisposable {
  readonly url: string;
  readonly configPath: string;
}

/** Starts it on a free port. It may share the directory with a Roadstead that runs: both only add files. */
export async function startDockerRegistry(rootDirectory: string): Promise<DockerRegistry> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('distribution'));
  const port = await freePort();
  const configPath = join(home.path, 'config.yml');
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: rootDirectory }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(config));
  cleanUp.use(
    await startDaemon('docker-registry', ['serve', configPath], { ready: () => isListening(port) }),
  );
  const held = cleanUp.move();
  return { url: `http://127.0.0.1:${port}`, configPath, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
