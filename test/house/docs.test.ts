import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { filesOf, textOf } from './source.ts';

/** Documents name files of the project; a name that leads nowhere misleads. */
const PATHS = /(?:services|test|infra|docs)\/[\w./-]+\.(?:ts|md|yml|conf)/g;

describe('documents', () => {
  for (const document of ['README.md', ...filesOf('docs/**/*.md')]) {
    it(`${document} names files that exist`, () => {
      const named = [...new Set(textOf(document).match(PATHS) ?? [])];
      const lost = named.filter(
        (path) => !existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url))),
      );
      expect(lost).to.deep.equal([]);
    });
  }
});

describe('source files', () => {
  it('contain one thing each: at most 300 lines', () => {
    const long = filesOf('services/**/*.ts').filter((path) => textOf(path).split('\n').length > 300);
    expect(long).to.deep.equal([]);
  });
});
