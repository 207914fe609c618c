/**
 * Promise: docs/access.md tells the truth. Each of its configurations is loaded, each line of its tables is asked as
 * `access check` asks it, and its standard rules are the standard rules.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { answer } from '../../services/cli/commands/access-answer.ts';
import { inspectConfig } from '../../services/config/load.ts';
import type { Config } from '../../services/config/schema.ts';
import { STANDARD_RULES } from '../../services/registry/access/standard-rules.ts';
import { isRobotName, type Membership, type Subject } from '../../services/registry/access/subject.ts';
import { wanted } from './worlds.ts';

const TEXT = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8');

interface Recipe {
  readonly heading: string;
  readonly yaml: string;
  readonly asks: readonly { readonly ask: string; readonly answer: string; readonly rule: string }[];
}

/** The document's configurations, each with the table that follows it. */
function recipes(): Recipe[] {
  const pieces = TEXT.split(/^```yaml\n/m);
  return pieces.slice(1).map((piece, i) => {
    const heading = /.*^## (.*)$/ms.exec(pieces.slice(0, i + 1).join('\n'))?.[1]?.split('\n')[0] ?? '';
    const [yaml = '', after = ''] = piece.split(/^```\n/m, 2);
    const rows = after.matchAll(/^\| `([^`]+)` \| (yes|no) \| ?(\S*) \|$/gm);
    return {
      ...{ heading, yaml },
      asks: [...rows].map(([, ask = '', said = '', rule = '']) => ({ ask, answer: said, rule })),
    };
  });
}

function load(yaml: string): {
  config: Config | undefined;
  problems: readonly string[];
  notices: readonly string[];
} {
  const base = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: '/nonexistent' }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:5000', secret: '8d1f0c6be2a94735b0e7c85d21f3a694' },
    auth: { token: { realm: 'https://registry.example.net/auth/token', service: 'r', issuer: 'r' } },
    token: {},
    accounts: [{ keystone: { authurl: 'https://keystone.example.net/v3' } }],
  };
  const { config, problems, notices } = inspectConfig(stringify({ ...base, ...(parse(yaml) as object) }), {});
  return { config, problems, notices };
}

/** `alice push alice/tool --group a`: the arguments of `access check`. */
function read(ask: string): { subject: Subject; action: string; repository: string | undefined } {
  const words = ask.split(' ');
  const options = (name: string) =>
    words.flatMap((word, i) => (word === `--${name}` ? [words[i + 1] ?? ''] : []));
  const first = words.findIndex((word) => word.startsWith('--'));
  const [user = '', action = '', repository] = first < 0 ? words : words.slice(0, first);
  const memberships = options('project').map((text): Membership => {
    const [project = '', roles = ''] = text.split(':');
    return { project, roles: roles.split(',') };
  });
  const kind = user === 'anonymous' ? 'anonymous' : isRobotName(user) ? 'robot' : 'user';
  const name = kind === 'anonymous' ? '' : user;
  const [address = '127.0.0.1'] = options('address');
  return { subject: { kind, name, groups: options('group'), memberships, address }, action, repository };
}

describe('docs/access.md', () => {
  const all = recipes();

  it('has a table for each recipe', () => {
    expect(all).to.have.length.above(7);
    for (const { heading, asks } of all) expect(asks, heading).to.have.length.above(2);
    // No line of a table is passed over for its form.
    const lines = TEXT.split('\n').filter((line) => /^\| `.*\| (yes|no) /.test(line));
    expect(all.flatMap(({ asks }) => asks)).to.have.length(lines.length);
  });

  for (const { heading, yaml, asks } of all) {
    it(`${heading}: the configuration is valid, without warnings`, () => {
      const { problems, notices } = load(yaml);
      expect(problems).to.deep.equal([]);
      const isMeant = (notice: string) =>
        // The document says that groups are to be filled in, and that all is stable where nothing says what is.
        /^promotion\.stable is missing/.test(notice);
      expect(notices.filter((notice) => !isMeant(notice))).to.deep.equal([]);
    });

    for (const { ask, answer: said, rule } of asks)
      it(`${heading}: ${ask}: ${said}${rule && ` by ${rule}`}`, () => {
        const { config } = load(yaml);
        if (config === undefined) throw new Error('the configuration was refused');
        const { subject, action, repository } = read(ask);
        const told = answer(config, subject, wanted(action, repository));
        expect({ allowed: told.allowed, rule: told.rule ?? '' }).to.deep.equal({
          allowed: said === 'yes',
          rule,
        });
      });
  }

  it('lists the actual standard rules', () => {
    const standard = all.find(({ heading }) => heading === 'The standard rules');
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(plain(load(standard?.yaml ?? '').config?.access?.rules)).to.deep.equal(plain(STANDARD_RULES));
  });
});
