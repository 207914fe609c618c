/** Promise: what docs/security.md says is held by tests is held by tests: each that it names is there, by file and title. */
import { expect } from 'chai';
import { filesOf, textOf } from './source.ts';
import { titlesOf } from './titles.ts';

const DOCUMENT = 'docs/security.md';
/** `test/x.test.ts`: “a title”, “another one” */
const REFERENCE = /`(test\/[\w./-]+\.test\.ts)`: (“[^”]+”(?:, “[^”]+”)*)/g;
const SECTIONS = ['Promises', 'Attacks'];

/** The rows of a section's table, without its head. */
function rowsOf(document: string, heading: string): string[] {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return own
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
}

describe('the titles of tests', () => {
  it('are found as written, with … for substitutions', () => {
    const text = [
      "describe('one', () => {",
      '  it(`two ${a ?? b} of ${c}`, () => {',
      "  requires(['nginx'])('three', function () {",
      "  it('fo\\'ur', () => {",
      "  await it_('five');",
    ].join('\n');
    expect([...titlesOf(text)]).to.deep.equal(['one', 'two … of …', 'three', "fo'ur"]);
  });
});

describe(DOCUMENT, () => {
  const document = textOf(DOCUMENT);
  const references = [...document.matchAll(REFERENCE)].map(([, path = '', titles = '']) => ({
    path,
    titles: [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title),
  }));

  it('names tests that exist', () => {
    const files = new Set(filesOf('test/**/*.test.ts'));
    const lost = references.flatMap(({ path, titles }) => {
      if (!files.has(path)) return [path];
      const known = titlesOf(textOf(path));
      return titles.filter((title) => !known.has(title)).map((title) => `${path}: ${title}`);
    });
    expect(lost).to.deep.equal([]);
  });

  for (const heading of SECTIONS)
    it(`has a test for each row of its ${heading.toLowerCase()}`, () => {
      const rows = rowsOf(document, heading);
      expect(rows).to.have.length.above(10);
      expect(rows.filter((row) => row.match(REFERENCE) === null)).to.deep.equal([]);
      // A file that is named without a title would be no promise.
      const files = rows.join('\n').match(/test\/[\w./-]+\.test\.ts/g) ?? [];
      expect(rows.join('\n').match(REFERENCE)).to.have.length(files.length);
    });
});
