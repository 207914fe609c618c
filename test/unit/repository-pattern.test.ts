/** Promise: `*` stands for one part of a repository's name and `**` for any number of them, and nothing else matches. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { anyText, repositoryName } from './arbitraries.ts';

/** The dull twin: part by part, `**` tried with one part and with more. */
function matchesByHand([pattern, ...patterns]: string[], [part, ...parts]: string[]): boolean {
  if (pattern === undefined) return part === undefined;
  if (part === undefined) return false;
  if (pattern !== '**') return (pattern === '*' || pattern === part) && matchesByHand(patterns, parts);
  return matchesByHand(patterns, parts) || matchesByHand(['**', ...patterns], parts);
}

const parsed = (text: string) => {
  const pattern = parseRepositoryPattern(text);
  if (pattern === undefined) throw new Error(`${text} is no pattern`);
  return pattern;
};

describe('patterns of repositories', () => {
  it('match what a plain comparison part by part matches', () => {
    const part = fc.constantFrom('a', 'b', 'a.b', 'axb', 'a-b');
    const name = fc.array(part, { minLength: 1, maxLength: 5 });
    const pattern = fc.array(fc.oneof(part, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pattern, name, (patterns, parts) => {
        const found = parsed(patterns.join('/')).matches(parseRepositoryName(parts.join('/')));
        expect(found, `${patterns.join('/')} and ${parts.join('/')}`).to.equal(
          matchesByHand(patterns, parts),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('without stars match that very name', () => {
    fc.assert(
      fc.property(repositoryName, repositoryName, (name, other) => {
        expect(parsed(name).matches(name)).to.equal(true);
        expect(parsed(name).matches(other)).to.equal(name === other);
      }),
    );
  });

  for (const [text, yes, no] of [
    ['candidate/**', ['candidate/a', 'candidate/a/b/c'], ['candidate', 'candidates/a', 'x/candidate/a']],
    ['candidate/*', ['candidate/a'], ['candidate/a/b', 'candidate']],
    ['**/testing', ['a/testing', 'a/b/testing'], ['testing', 'a/testing/b']],
    ['**', ['a', 'a/b/c'], []],
    ['a.b', ['a.b'], ['axb']],
  ] as const)
    it(`such as ${text} match ${yes.join(', ')}${no.length > 0 ? `, but not ${no.join(', ')}` : ''}`, () => {
      for (const name of yes) expect(parsed(text).matches(parseRepositoryName(name)), name).to.equal(true);
      for (const name of no) expect(parsed(text).matches(parseRepositoryName(name)), name).to.equal(false);
    });

  it('are refused when malformed, and take any text without harm', () => {
    for (const text of ['', '/', 'a/', '/a', 'a//b', 'A', 'a*', '***', 'a/***', '(', '[a]', 'a|b', 'a\n'])
      expect(parseRepositoryPattern(text), text).to.equal(undefined);
    fc.assert(
      fc.property(anyText, repositoryName, (text, name) => {
        parseRepositoryPattern(text)?.matches(name);
      }),
    );
  });

  it('with many stars answer at once', () => {
    const pattern = parsed(Array.from({ length: 12 }, () => '**').join('/'));
    const usedMs = cpuMsOf(() => {
      pattern.matches(parseRepositoryName(`${'a/'.repeat(10)}a`));
      pattern.matches(parseRepositoryName(`${'a/'.repeat(120)}a`));
    });
    expect(usedMs).to.be.below(500);
  });
});
