import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const held = new Set<string>();
process.on('exit', () => {
  for (const path of held) rmSync(path, { recursive: true, force: true });
});

/** A directory that is removed, with all it contains, when it is disposed, or at the latest when the tests exit. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

/** Makes an empty directory. The name is kept short: unix sockets live below it, and their paths end at 107 bytes. */
export async function tempDir(purpose = 'test'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `roadstead-${purpose}-`));
  held.add(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      held.delete(path);
    },
  };
}
