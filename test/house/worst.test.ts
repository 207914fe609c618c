/** Promise: no route is without a worst request, in the tests and in the table of docs/security.md. */
import { expect } from 'chai';
import { ROUTES } from '../worst/routes.ts';
import { ROWS } from '../worst/rows.ts';
import { tableIn } from '../worst/table.ts';
import { textOf } from './source.ts';

describe('the worst requests', () => {
  it('are of every route, and of no other', () => {
    expect(ROUTES).to.have.length.above(35);
    expect(new Set(ROWS.map(({ route }) => route))).to.deep.equal(new Set(ROUTES));
  });

  it('have a name each', () => {
    const names = ROWS.map(({ route, request }) => `${route} ${request}`);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('are in the table of docs/security.md, which `npm run worst -- --write` writes', () => {
    const table = tableIn(textOf('docs/security.md')) ?? '';
    const missing = ROWS.filter(({ route, request }) => !table.includes(`| \`${route}\` | ${request} |`));
    expect(missing.map(({ route, request }) => `${route}: ${request}`)).to.deep.equal([]);
  });
});
