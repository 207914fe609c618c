/** Promise: each test file runs exactly once, in `npm test` or in `npm run test:all`, and neither takes too long. */
import { expect } from 'chai';
import { planned } from '../runner/plan.ts';
import { LANES, SUITES, type Suite } from '../runner/suites.ts';
import { filesOf, textOf } from './source.ts';

const FILES = filesOf('test/**/*.test.ts');
const SUITE: Suite = { name: 'a', files: [], tier: 'short', lane: 'timed', budgetSeconds: 1 };
/** How long the tests of a tier may take on two cores, without the packages. */
const MOST_SECONDS = { short: 360, rest: 1300 } as const;

/** The files that no suite has, or more than one. */
function amiss(suites: readonly Suite[], files: readonly string[]): string[] {
  const paths = planned(suites, files).flatMap(({ paths }) => paths);
  return files.filter((file) => paths.filter((path) => path === file).length !== 1);
}

describe('the table of suites', () => {
  it('has each test file exactly once', () => {
    expect(FILES).to.have.length.above(200);
    expect(amiss(SUITES, FILES)).to.deep.equal([]);
  });

  it('would show a file that no suite has, and one that two have', () => {
    const [file = '', other = ''] = FILES.filter((path) => path.startsWith('test/house/'));
    const twice = { ...SUITE, files: [file] };
    expect(amiss([twice, twice], [file, other])).to.deep.equal([file, other]);
    expect(amiss([twice, { ...SUITE, files: ['test/house/*.test.ts'] }], [file, other])).to.deep.equal([]);
  });

  it('names no suite twice, and none without files', () => {
    expect(new Set(SUITES.map(({ name }) => name))).to.have.property('size', SUITES.length);
    expect(planned(SUITES, FILES).filter(({ paths }) => paths.length === 0)).to.deep.equal([]);
    const named = SUITES.flatMap(({ files }) => files.filter((file) => !file.includes('*')));
    expect(named.filter((file) => !FILES.includes(file))).to.deep.equal([]);
  });

  for (const tier of ['short', 'rest'] as const)
    it(`gives each lane of the tier "${tier}" at most ${MOST_SECONDS[tier]} s`, () => {
      for (const lane of Object.keys(LANES)) {
        const own = SUITES.filter((suite) => suite.tier === tier && suite.lane === lane);
        const seconds = own.reduce((sum, { budgetSeconds }) => sum + budgetSeconds, 0);
        expect(seconds, lane).to.be.at.most(MOST_SECONDS[tier]);
      }
    });

  it('has all that NIGHTLY=1 adds in `npm run test:all`', () => {
    const short = planned(SUITES, FILES).filter(({ tier }) => tier === 'short');
    const nightly = short
      .flatMap(({ paths }) => paths)
      .filter((path) => /\bnightly\(|'NIGHTLY'/.test(textOf(path)) && path !== 'test/house/suites.test.ts');
    expect(nightly).to.deep.equal([]);
  });
});
