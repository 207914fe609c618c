/** Promise: docs/mirrors.md explains each check of the doctor, in the order in which it prints them. */
import { expect } from 'chai';
import { CHECKS } from '../../services/mirrors/doctor/checks.ts';
import { textOf } from '../house/source.ts';

describe("the doctor's checks", () => {
  it('are each in the table of docs/mirrors.md', () => {
    const [, section = ''] = textOf('docs/mirrors.md').split('\n## The doctor\n');
    const rows = [...section.matchAll(/^\| `([a-z][a-z0-9-]*)` \|/gm)].map(([, name]) => name);
    expect(rows).to.deep.equal(CHECKS.map(({ name }) => name));
  });

  it('need only checks that come before them', () => {
    const early = CHECKS.flatMap(({ name, needs }, i) => {
      const before = CHECKS.slice(0, i).map((check) => check.name);
      return needs.filter((need) => !before.includes(need)).map((need) => `${name} needs ${need}`);
    });
    expect(early).to.deep.equal([]);
  });
});
