import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Release } from './release.ts';

const SCRIPTS = [
  ['bash', 'bash-completion/completions/roadstead'],
  ['zsh', 'zsh/site-functions/_roadstead'],
  ['fish', 'fish/vendor_completions.d/roadstead.fish'],
] as const;

/** Writes what is made from the commands themselves, manual pages and completion scripts, below `share/`. */
export async function writeFromCommands(share: string, release: Release): Promise<void> {
  // The commands show these as their defaults.
  for (const name of ['ROADSTEAD_SERVER', 'REGISTRY_CONFIGURATION_PATH']) delete process.env[name];
  const { roadsteadCommand } = await import('../../services/cli/program.ts');
  const { describeCommands } = await import('../../services/cli/completion/describe.ts');
  const { completionFor } = await import('../../services/cli/completion/scripts.ts');
  const { manPages } = await import('./man.ts');
  const program = roadsteadCommand(async () => undefined);
  for (const { file, text } of manPages(describeCommands(program), release))
    await write(join(share, 'man/man1', file), text);
  for (const [shell, path] of SCRIPTS) await write(join(share, path), completionFor(shell, program));
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
