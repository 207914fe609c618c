/** Promise: comments, messages and documents are plain English (docs/style.md); the exceptions are few, and named here. */
import { expect } from 'chai';
import { phrasesIn } from './prose.ts';
import { filesOf, textOf } from './source.ts';

/** All but docs/style.md, which quotes the patterns. */
const FILES = [
  'README.md',
  ...['docs/**/*.md', 'infra/**/*.{yml,conf}', 'services/**/*.ts'].flatMap((pattern) => filesOf(pattern)),
].filter((path) => path !== 'docs/style.md');

/** Phrases that stay: the file, words around the phrase, and why. An entry that matches nothing has to go. */
const ALLOWED: readonly { file: string; words: string; why: string }[] = [];

/** Folders that are still being rewritten, and the most matches that each may have. The numbers only fall. */
const UNFINISHED: Readonly<Record<string, number>> = {
  'services/sync/': 14,
  'docs/check.md': 1,
  'docs/configuration.md': 4,
  'docs/from-distribution.md': 6,
};

describe('the patterns of the prose test', () => {
  const of = (text: string) => phrasesIn(text).map(({ pattern }) => pattern);

  it('find a phrase wherever the lines of a comment or paragraph break', () => {
    expect(of('/**\n * Waits for so\n * long.\n */')).to.deep.equal(['so long, as a measure']);
    expect(of('  // It is there. Who\n  // asks again waits.')).to.deep.equal(['bare who']);
    expect(of('The key\nstands in a file.')).to.deep.equal(['stand']);
  });

  it('leave plain English alone', () => {
    const plain = [
      'A standard that one understands: `ok` stands for success.',
      'It waits as long as the lease lives, but not so long that a client gives up.',
      'Operators, who know the store, choose. Who may push? The rule that names them: who can do what.',
      'There are none. ',
    ];
    expect(of(plain.slice(0, 3).join(' '))).to.deep.equal([]);
  });
});

describe('prose', () => {
  const found = FILES.flatMap((file) => phrasesIn(textOf(file)).map((phrase) => ({ file, ...phrase })));
  const isAllowed = (file: string, context: string) =>
    ALLOWED.some((entry) => entry.file === file && context.includes(entry.words));
  const folderOf = (file: string) =>
    Object.keys(UNFINISHED)
      .filter((folder) => file.startsWith(folder))
      .sort((a, b) => b.length - a.length)[0];
  const left = found.filter(({ file, context }) => !isAllowed(file, context));

  it('has none of the patterns that docs/style.md replaces', () => {
    const wrong = left.filter(({ file }) => folderOf(file) === undefined);
    expect(wrong.map(({ file, pattern, context }) => `${file}: ${pattern}: ${context}`)).to.deep.equal([]);
  });

  for (const [folder, most] of Object.entries(UNFINISHED))
    it(`has at most ${most} of them in ${folder}, which is still being rewritten`, () => {
      expect(left.filter(({ file }) => folderOf(file) === folder)).to.have.lengthOf.at.most(most);
    });

  it('allows fewer than 30 exceptions, each of which is still needed', () => {
    expect(ALLOWED).to.have.lengthOf.below(30);
    const needless = ALLOWED.filter(
      ({ file, words }) => !found.some((phrase) => phrase.file === file && phrase.context.includes(words)),
    );
    expect(needless).to.deep.equal([]);
  });
});
