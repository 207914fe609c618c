import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { filesOf, textOf } from './source.ts';

/** Documents name files of the project; a name that leads nowhere misleads. */
const PATHS = /(?:services|test|infra|docs)\/[\w./-]+\.(?:ts|md|yml|conf)/g;

/** A file named without its folder, as a flow does for the folder of the step before. */
const BARE_NAMES = /`((?:[\w-]+\/)*[\w.-]+\.ts)`/g;

describe('documents', () => {
  for (const document of ['docs/architecture.md', 'docs/flows.md'])
    it(`${document} names files without their folder only if there are such files`, () => {
      const sources = [...filesOf('services/**/*.ts'), ...filesOf('test/**/*.ts')];
      const named = [...textOf(document).matchAll(BARE_NAMES)].map(([, name = '']) => name);
      const lost = named.filter((name) => !sources.some((path) => `/${path}`.endsWith(`/${name}`)));
      expect(named).to.have.length.above(20);
      expect(lost).to.deep.equal([]);
    });

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
