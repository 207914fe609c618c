/**
 * Promise: this version and the next one work side by side over one store and one Redis while nodes are replaced one
 * after the other, as long as the next one only adds to what is kept (docs/decisions/0010-rolling-upgrades.md).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { filesBelow } from '../protocol/on-disk.ts';
import { requires } from '../support/requirements.ts';
import { describeSideBySide } from './suite.ts';

const NEXT = `--import=${pathToFileURL(join(import.meta.dirname, 'next-version.ts')).href}`;

describeSideBySide(
  requires(['redis-server', 'redis-cli']),
  'this version and the next one over one store',
  () => ({ env: { NODE_OPTIONS: NEXT } }),
  (pair) => {
    it('the next one has written what this one does not know', async () => {
      const kinds = new Set<string>();
      for (const file of await filesBelow(pair().here.rootDirectory)) {
        // Two registries run: what they wrote a moment ago may have its name by now, or be replaced.
        const whole = await readFile(join(pair().here.rootDirectory, file), 'utf8').catch(
          (error: unknown) => {
            if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
            throw error;
          },
        );
        const text = whole.slice(0, 100_000);
        if (text.includes('fromTheNextVersion')) kinds.add(file.replaceAll(/[0-9a-f-]{12,}|\d+/g, '*'));
      }
      for (const kind of ['publications', 'boards', 'notifications', 'referrers'])
        expect(
          [...kinds].some((file) => file.includes(kind)),
          `${kind} of ${[...kinds].join(', ')}`,
        ).to.equal(true);
    });
  },
);
