/** Promise: comments, messages and documents are plain English (docs/style.md); the exceptions are few, and named here. */
import { expect } from 'chai';
import { phrasesIn } from './prose.ts';
import { filesOf, textOf } from './source.ts';
import { titlesOf } from './titles.ts';

/** All but docs/style.md, which quotes the patterns. */
const FILES = [
  'README.md',
  ...['docs/**/*.md', 'infra/**/{*.yml,*.conf,*.vcl,Caddyfile}', 'services/**/*.ts'].flatMap((pattern) =>
    filesOf(pattern),
  ),
].filter((path) => path !== 'docs/style.md');

/** Phrases that stay: the file, words around the phrase, and why. An entry that matches nothing has to go. */
const ALLOWED: readonly { file: string; words: string; why: string }[] = [];

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
  const left = found.filter(({ file, context }) => !isAllowed(file, context));

  it('has none of the patterns that docs/style.md replaces', () => {
    expect(left.map(({ file, pattern, context }) => `${file}: ${pattern}: ${context}`)).to.deep.equal([]);
  });

  it('nor have titles of tests', () => {
    const wrong = filesOf('test/**/*.ts').flatMap((file) =>
      [...titlesOf(textOf(file))].flatMap((title) =>
        phrasesIn(title).map(({ pattern }) => `${file}: ${pattern}: ${title}`),
      ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('allows fewer than 30 exceptions, each of which is still needed', () => {
    expect(ALLOWED).to.have.lengthOf.below(30);
    const needless = ALLOWED.filter(
      ({ file, words }) => !found.some((phrase) => phrase.file === file && phrase.context.includes(words)),
    );
    expect(needless).to.deep.equal([]);
  });
});
