import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What Node has to be given to run `roadstead` from a source tree: the flags of the program's own first line, and its path. */
export function cliOf(sourceTree: string): readonly string[] {
  const path = join(sourceTree, 'services/cli/main.ts');
  const [firstLine = ''] = readFileSync(path, 'utf8').split('\n');
  return [...firstLine.split(' ').filter((word) => word.startsWith('--')), path];
}

/** What Node has to be given to run the `roadstead` of this source tree. */
export const CLI = cliOf(fileURLToPath(new URL('../..', import.meta.url)));
