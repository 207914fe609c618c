import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const [FIRST_LINE = ''] = readFileSync(PATH, 'utf8').split('\n');

/** What Node is to be told to run `roadstead`, as the program's own first line tells it. */
export const CLI: readonly string[] = [
  ...FIRST_LINE.split(' ').filter((word) => word.startsWith('--')),
  PATH,
];
